# Copyright (c) 2026 PaddlePaddle Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""One channel of fields: its truth, its real sets, and what they say of generated fields."""

from __future__ import annotations

from typing import Dict
from typing import List
from typing import Optional
from typing import Tuple

import numpy as np

from ppsci_ext.data.fields.random_fields import RandomField
from ppsci_ext.metric.fields.arrays import check_same_shape
from ppsci_ext.metric.fields.grid import Grid
from ppsci_ext.metric.fields.grid import make_grid
from ppsci_ext.metric.fields.measures import distances
from ppsci_ext.metric.fields.summary import Measured
from ppsci_ext.metric.fields.summary import Summary
from ppsci_ext.metric.fields.summary import exact_summary
from ppsci_ext.metric.fields.summary import measure
from ppsci_ext.metric.fields.summary import summarise
from ppsci_ext.metric.fields.table import SCORES
from ppsci_ext.metric.fields.table import Pair
from ppsci_ext.metric.fields.table import Score
from ppsci_ext.metric.fields.verdict import AT_LEAST
from ppsci_ext.metric.fields.verdict import DISTANCE
from ppsci_ext.metric.fields.verdict import ESTIMATE
from ppsci_ext.metric.fields.verdict import Evidence
from ppsci_ext.utils.errors import UserError

_RESOLUTION = 1e-6  # float32's, with some to spare, in natural units
_NEIGHBOURS = {"memory": 128, "diversity": 512}  # fields of a set that are looked at


class Channel:
    """One channel's truth and real sets."""

    grid: Grid

    def evidence(self, fields: np.ndarray) -> Dict[str, Evidence]:
        """Of fields [count, *shape]."""
        if self.grid.binary and not ((fields == 0) | (fields == 1)).all():
            raise UserError(
                "the generated fields hold other values than 0 and 1, which the real ones "
                "don't; apply the threshold to them first"
            )
        return self._evidence(fields)

    def _evidence(self, fields: np.ndarray) -> Dict[str, Evidence]:
        raise NotImplementedError

    def _resolution(self, score: Score) -> float:
        variance = self.grid.variance
        units = {"one": 1.0, "variance": variance, "deviation": np.sqrt(variance)}
        return _RESOLUTION * units[score.unit]

    def _compared(
        self,
        own: Summary,
        reference: Summary,
        reals: List[Pair],
        exchanged: Optional[List[Pair]] = None,
    ) -> Dict[str, Evidence]:
        """All scores of the table, other sets each with their own reference."""
        evidence = {}
        for name, score in SCORES.items():
            if score.key not in own or score.phases not in (None, self.grid.binary):
                continue
            truth = reference[score.key] if score.distance is None else np.zeros(1)
            evidence[name] = Evidence(
                ESTIMATE if score.distance is None else DISTANCE,
                truth + score.deviations([(own, reference)])[0],
                truth,
                truth + score.deviations(reals),
                self._resolution(score),
                None if exchanged is None else truth + score.deviations(exchanged),
                score.at and getattr(self.grid, score.at),
            )
        return evidence


def _at_least(
    values: Dict[str, float],
    reals: List[Dict[str, float]],
    exchanged: Optional[List[Dict[str, float]]] = None,
) -> Dict[str, Evidence]:
    """Evidence of the scores of neighbours."""
    evidence = {}
    for name, value in values.items():
        real = np.array([[one[name]] for one in reals])
        mixed = exchanged and np.array([[one[name]] for one in exchanged])
        evidence[name] = Evidence(
            AT_LEAST, np.array([value]), real[0], real, _RESOLUTION, mixed
        )
    return evidence


class ExactChannel(Channel):
    """The truth is a random field."""

    def __init__(
        self,
        field: RandomField,
        count: int,
        sets: int,
        periodic: bool,
        training: Optional[np.ndarray],
        rng: np.random.Generator,
    ):
        self.grid = make_grid(field, periodic)
        self._exact = exact_summary(field, self.grid)
        self._training = None
        if training is not None:
            sample = field.sample(1, np.random.default_rng(0))
            check_same_shape(training, sample, "the training fields")
            self._training = training[:, 0]
        self._reals, self._neighbours = [], []
        for _ in range(sets):
            fields = field.sample(count, rng)[:, 0]
            self._reals.append(summarise(measure(fields, self.grid), self.grid))
            self._neighbours.append(self._nearest(fields))

    def _evidence(self, fields: np.ndarray) -> Dict[str, Evidence]:
        own = summarise(measure(fields, self.grid), self.grid)
        reals = [(real, self._exact) for real in self._reals]
        return {
            **self._compared(own, self._exact, reals),
            **_at_least(self._nearest(fields), self._neighbours),
        }

    def _nearest(self, fields: np.ndarray) -> Dict[str, float]:
        variance = self.grid.variance
        found = {
            "diversity": nearest(fields[: _NEIGHBOURS["diversity"]], None, variance)
        }
        if self._training is not None:
            part = fields[: _NEIGHBOURS["memory"]]
            found["memory"] = nearest(part, self._training, variance)
        return found


class SampledChannel(Channel):
    """The truth is known by real fields [N, *shape] only."""

    def __init__(
        self,
        fields: np.ndarray,
        count: int,
        sets: int,
        periodic: bool,
        training: Optional[np.ndarray],
        rng: np.random.Generator,
    ):
        self.grid = make_grid(fields, periodic)
        self._training, self._count = training, count
        self._orders = [rng.permutation(len(fields)) for _ in range(sets + 1)]
        self._measured = measure(fields, self.grid)
        self._reals, self._neighbours = self._divided(self._measured, self._orders[1:])

    def _evidence(self, fields: np.ndarray) -> Dict[str, Evidence]:
        rest = self._orders[0][self._count :]
        own = measure(fields, self.grid)
        pool = {
            key: np.concatenate([own[key], value[rest]])
            for key, value in self._measured.items()
        }
        as_it_is = np.arange(len(self._orders[0]))
        (pair,), (near,) = self._divided(pool, [as_it_is])
        exchanged, neighbours = self._divided(pool, self._orders[1:])
        return {
            **self._compared(*pair, self._reals, exchanged),
            **_at_least(near, self._neighbours, neighbours),
        }

    def _divided(
        self, pool: Measured, orders: List[np.ndarray]
    ) -> Tuple[List[Pair], List[Dict[str, float]]]:
        """Sets of the first `count` fields in each order, each beside all of the others."""
        pairs, neighbours = [], []
        for order in orders:
            part, rest = (
                {key: value[rows] for key, value in pool.items()}
                for rows in (order[: self._count], order[self._count :])
            )
            pairs.append((summarise(part, self.grid), summarise(rest, self.grid)))
            neighbours.append(self._nearest(part["fields"], rest["fields"]))
        return pairs, neighbours

    def _nearest(self, fields: np.ndarray, rest: np.ndarray) -> Dict[str, float]:
        variance = self.grid.variance
        training = rest if self._training is None else self._training
        part = fields[: _NEIGHBOURS["memory"]]
        return {
            "diversity": nearest(fields[: _NEIGHBOURS["diversity"]], None, variance),
            "memory": nearest(part, training, variance),
        }


def nearest(fields: np.ndarray, others: Optional[np.ndarray], variance: float) -> float:
    """Mean distance from the nearest of other fields, about 1 for independent ones.

    Args:
        fields (np.ndarray): [n, *shape].
        others (Optional[np.ndarray]): [m, *shape]; None for the fields themselves.
        variance (float): Of a pixel, for the unit.
    """
    table = distances(fields, fields if others is None else others)
    if others is None:
        np.fill_diagonal(table, np.inf)
    return float(table.min(axis=1).mean() / np.sqrt(2 * variance))
