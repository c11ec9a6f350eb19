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

"""Scores of generated fields, each beside its truth and its floor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import Optional
from typing import Tuple
from typing import Union

import numpy as np

from ppsci_ext.data.fields.random_fields import RandomField
from ppsci_ext.metric.fields.grid import Grid
from ppsci_ext.metric.fields.grid import make_grid
from ppsci_ext.metric.fields.measures import distances
from ppsci_ext.metric.fields.summary import Measured
from ppsci_ext.metric.fields.summary import Summary
from ppsci_ext.metric.fields.summary import exact_summary
from ppsci_ext.metric.fields.summary import measure
from ppsci_ext.metric.fields.summary import summarise
from ppsci_ext.metric.fields.verdict import AT_LEAST
from ppsci_ext.metric.fields.verdict import DISTANCE
from ppsci_ext.metric.fields.verdict import ESTIMATE
from ppsci_ext.metric.fields.verdict import Evidence
from ppsci_ext.metric.fields.verdict import check_rates
from ppsci_ext.metric.fields.verdict import judge
from ppsci_ext.utils.errors import UserError

_RESOLUTION = 1e-6  # float32's, with some to spare, in natural units
_FEWEST_FIELDS = 2
_NEIGHBOURS = {"memory": 128, "diversity": 512}  # fields of a set that are looked at


def _largest(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max())


def _root_mean_square(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(a - b))))


@dataclass(frozen=True)
class Score:
    """A row of the table of scores.

    Attributes:
        key (str): Of the summary that it is made from.
        meaning (str): What it is, for people.
        phases (Optional[bool]): Whether it is for fields of 0 and 1 (True) or for others
            (False). Defaults to None, both.
        unit (str): "variance", "deviation" or "one", its natural unit.
        at (Optional[str]): Name of the grid's axis that it is a curve over.
        distance (Optional[Callable]): Between two summaries; None for estimates.
    """

    key: str
    meaning: str
    phases: Optional[bool] = None
    unit: str = "one"
    at: Optional[str] = None
    distance: Optional[Callable[[np.ndarray, np.ndarray], float]] = None


SCORES: Dict[str, Score] = {
    "mean": Score("mean", "mean of all pixels", False, "deviation"),
    "porosity": Score("mean", "fraction of ones", True),
    "variance": Score("variance", "mean square about the true mean", False, "variance"),
    "porosity_variance": Score("mean_variance", "variance of fields' porosities", True),
    "mean_power": Score(
        "mean_power", "P(0), N times fields' mean squared", None, "variance"
    ),
    "spectrum": Score("spectrum", "power by wave number", None, "variance", "wave"),
    "covariance": Score("covariance", "covariance by lag", None, "variance", "lags"),
    "two_point": Score("two_point", "S2(r), two pixels above the middle", at="lags"),
    "distribution": Score(
        "distribution",
        "largest difference of the pixels' CDF",
        False,
        distance=_largest,
    ),
    "volume_fraction": Score(
        "volume_fraction", "fraction above the threshold", False, at="thresholds"
    ),
    "specific_surface": Score("specific_surface", "surface per pixel", at="thresholds"),
    "mean_breadth": Score(
        "mean_breadth", "Euler characteristic of plane sections", at="thresholds"
    ),
    "euler": Score("euler", "Euler characteristic per pixel", at="thresholds"),
    "mean_map": Score(
        "mean_map", "spread of the pixels' means", distance=_root_mean_square
    ),
    "variance_map": Score(
        "variance_map", "spread of the pixels' variances", distance=_root_mean_square
    ),
    "parity": Score("parity", "means, variances and power by parity (checkerboard)"),
}
NEIGHBOUR_SCORES: Dict[str, str] = {
    "memory": "distance from the nearest training field",
    "diversity": "distance from the nearest other field of the set",
}


class FieldJudge:
    """Judges sets of fields by one truth; the real sets are measured once.

    | truth | value is beside | real sets |
    |---|---|---|
    | a random field | its closed forms | `sets` of `count` new fields each |
    | real fields [N, ...] | the real fields not in the set | `sets` random draws of `count` |

    In the second case judged and real sets are compared with as many real fields, N less
    `count`. Real fields must be independent: of one volume, crops that don't overlap.
    Channels are judged one by one, what they have to do with each other is not.

    Args:
        truth (Union[RandomField, np.ndarray]): The distribution, or real fields
            [N, *shape] or [N, C, *shape], as for `as_fields`.
        count (int): Number of fields in a set, at least 2, at most N / 2.
        sets (int): Number of real sets, at least 60. Defaults to 99.
        periodic (bool): Whether opposite borders are neighbours; of random fields always.
        training (Optional[np.ndarray]): Training fields, for the score "memory", none of
            which may be among the real fields. Defaults to None: the real fields outside
            the set in the second case, and no such score in the first.
        level (float): Rate of false alarms. Defaults to .05.
        seed (int): Of the real sets.
        dimension (Optional[int]): Of arrays; see `as_fields`.

    Attributes:
        false_alarm (float): The rate at which a set of real fields is not within the
            floor, of each score, and of all together.

    Raises:
        UserError: Too few fields or sets, constant, not finite, or of different shapes.
    """

    def __init__(
        self,
        truth: Union[RandomField, np.ndarray],
        count: int,
        sets: int = 99,
        periodic: bool = True,
        training: Optional[np.ndarray] = None,
        level: float = 0.05,
        seed: int = 0,
        dimension: Optional[int] = None,
    ):
        check_rates(sets, level)
        if count < _FEWEST_FIELDS:
            raise UserError(f"a set of {count} fields has no spread; judge at least 2")
        self.count, self.sets, self.level = count, sets, level
        self.false_alarm = int(level * (sets + 1) + 1e-9) / (sets + 1)
        self._dimension = (
            len(truth.shape) if isinstance(truth, RandomField) else dimension
        )
        rng = np.random.default_rng(seed)
        if training is not None:
            training = as_fields(training, "the training fields", self._dimension)
        if isinstance(truth, RandomField):
            self._channels: List[_Channel] = [
                _ExactChannel(truth, count, sets, periodic, training, rng)
            ]
            return
        truth = as_fields(truth, "the real fields", self._dimension)
        self._dimension = truth.ndim - 2
        if count > len(truth) // 2:
            raise UserError(
                f"{count} fields at a time need at least {2 * count} real fields, not "
                f"{len(truth)}; judge fewer, or give more real ones"
            )
        if training is not None:
            _check_same_shape(training, truth, "the training fields")
            seen = {field.tobytes() for field in training}
            if any(field.tobytes() in seen for field in truth):
                raise UserError(
                    "some of the real fields are training fields too, so that memory would "
                    "go unnoticed; give real fields that were held out"
                )
        self._channels = [
            _SampledChannel(
                truth[:, channel],
                count,
                sets,
                periodic,
                None if training is None else training[:, channel],
                rng,
            )
            for channel in range(truth.shape[1])
        ]

    def scores(self, generated: np.ndarray) -> Dict[str, Any]:
        """Judge a set of fields.

        Args:
            generated (np.ndarray): [N, *shape] or [N, C, *shape], in physical units, of
                which the first `count` are judged.

        Returns:
            Dict[str, Any]: For JSON. "fields", "real_sets", "false_alarm"; and as of
                `verdict.judge` "scores", with "[c]" behind the name for each of several
                channels, and "together".

        Raises:
            UserError: Fewer than `count` fields, other shapes, NaN, or other values than
                0 and 1 where the truth has no others.
        """
        fields = as_fields(generated, "the generated fields", self._dimension)
        shape = (self.count, len(self._channels), *self._channels[0].grid.shape)
        if len(fields) < self.count or fields.shape[1:] != shape[1:]:
            raise UserError(
                f"the generated fields have shape {list(fields.shape)}, but the truth asks "
                f"for {list(shape)}; generate such fields"
            )
        evidence: Dict[str, Evidence] = {}
        for index, channel in enumerate(self._channels):
            suffix = f"[{index}]" if len(self._channels) > 1 else ""
            for name, one in channel.evidence(fields[: self.count, index]).items():
                evidence[f"{name}{suffix}"] = one
        return {
            "fields": self.count,
            "real_sets": self.sets,
            "false_alarm": self.false_alarm,
            **judge(evidence, self.level),
        }


def field_scores(
    generated: np.ndarray, truth: Union[RandomField, np.ndarray], **options: Any
) -> Dict[str, Any]:
    """Judge one set of fields; for several sets make a `FieldJudge` once.

    Args:
        generated (np.ndarray): [N, *shape] or [N, C, *shape]; of those beyond half the
            number of real fields no use is made.
        truth (Union[RandomField, np.ndarray]): As for `FieldJudge`.
        **options: The other arguments of `FieldJudge`.

    Returns:
        Dict[str, Any]: As of `FieldJudge.scores`.

    Raises:
        UserError: As for `FieldJudge`.
    """
    count = len(generated)
    if not isinstance(truth, RandomField):
        count = min(count, len(truth) // 2)
    return FieldJudge(truth, count, **options).scores(generated)


def as_fields(
    array: np.ndarray, what: str, dimension: Optional[int] = None
) -> np.ndarray:
    """Bring fields to float32 [N, C, *shape].

    Args:
        array (np.ndarray): [N, *shape] or [N, C, *shape].
        what (str): What error messages call them.
        dimension (Optional[int]): Number d of axes in shape. Defaults to None: of four
            axes the second is that of channels if it is shorter than 4, of two or three
            none is, of five one is.

    Raises:
        UserError: No such array, none at all, or NaN.
    """
    if array.dtype.kind not in "biuf" or 0 in array.shape:
        raise UserError(f"{what} are {array.dtype} {list(array.shape)}; give numbers")
    if dimension is None:
        channelled = array.ndim == 5 or (array.ndim == 4 and array.shape[1] < 4)
        dimension = array.ndim - 1 - channelled
    if not 1 <= dimension <= 3 or array.ndim not in (dimension + 1, dimension + 2):
        raise UserError(
            f"{what} have shape {list(array.shape)}; give [N, *shape] or [N, C, *shape], "
            "with 1 to 3 axes in shape"
        )
    if min(array.shape[-dimension:]) < 2:
        raise UserError(
            f"{what} have shape {list(array.shape)}, with an axis of 1 pixel"
        )
    with np.errstate(over="ignore"):  # what overflows is refused as infinite
        array = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(array).all():
        raise UserError(f"{what} hold NaN or infinite values; remove those fields")
    return array if array.ndim == dimension + 2 else array[:, np.newaxis]


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


class _Channel:
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
        self, own: Summary, reference: Summary, reals: List[Tuple[Summary, Summary]]
    ) -> Dict[str, Evidence]:
        """All scores of the table, the real sets each with their own reference."""
        evidence = {}
        for name, score in SCORES.items():
            key = score.key
            if key not in own or score.phases not in (None, self.grid.binary):
                continue
            at = score.at and getattr(self.grid, score.at)
            if score.distance is None:
                kind, value, truth = ESTIMATE, own[key], reference[key]
                real = np.array([truth + (a[key] - b[key]) for a, b in reals])
            else:
                kind, truth = DISTANCE, np.zeros(1)
                value = np.array([score.distance(own[key], reference[key])])
                real = np.array([[score.distance(a[key], b[key])] for a, b in reals])
            evidence[name] = Evidence(
                kind, value, truth, real, self._resolution(score), at
            )
        return evidence


def _at_least(value: float, reals: List[float]) -> Evidence:
    real = np.array(reals)[:, np.newaxis]
    return Evidence(AT_LEAST, np.array([value]), real[:1], real, _RESOLUTION)


class _ExactChannel(_Channel):
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
            _check_same_shape(training, sample, "the training fields")
            self._training = training[:, 0]
        self._reals, self._neighbours = [], []
        for _ in range(sets):
            fields = field.sample(count, rng)[:, 0]
            self._reals.append(summarise(measure(fields, self.grid), self.grid))
            self._neighbours.append(self._nearest(fields))

    def _evidence(self, fields: np.ndarray) -> Dict[str, Evidence]:
        own = summarise(measure(fields, self.grid), self.grid)
        reals = [(real, self._exact) for real in self._reals]
        evidence = self._compared(own, self._exact, reals)
        for name, value in self._nearest(fields).items():
            evidence[name] = _at_least(value, [real[name] for real in self._neighbours])
        return evidence

    def _nearest(self, fields: np.ndarray) -> Dict[str, float]:
        variance = self.grid.variance
        found = {
            "diversity": nearest(fields[: _NEIGHBOURS["diversity"]], None, variance)
        }
        if self._training is not None:
            part = fields[: _NEIGHBOURS["memory"]]
            found["memory"] = nearest(part, self._training, variance)
        return found


class _SampledChannel(_Channel):
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
        self._measured = measure(fields, self.grid)
        self._training, self._count = training, count
        self._splits = []
        for _ in range(sets + 1):
            order = rng.permutation(len(fields))
            self._splits.append((order[:count], order[count:]))
        self._reals = [
            (self._summary(part), self._summary(rest))
            for part, rest in self._splits[1:]
        ]
        self._neighbours = [
            self._nearest(fields[part], fields[rest]) for part, rest in self._splits[1:]
        ]

    def _evidence(self, fields: np.ndarray) -> Dict[str, Evidence]:
        own = summarise(measure(fields, self.grid), self.grid)
        rest = self._splits[0][1]
        evidence = self._compared(own, self._summary(rest), self._reals)
        found = self._nearest(fields, self._measured["fields"][rest])
        for name, value in found.items():
            evidence[name] = _at_least(value, [real[name] for real in self._neighbours])
        return evidence

    def _summary(self, rows: np.ndarray) -> Summary:
        part: Measured = {key: value[rows] for key, value in self._measured.items()}
        return summarise(part, self.grid)

    def _nearest(self, fields: np.ndarray, rest: np.ndarray) -> Dict[str, float]:
        variance = self.grid.variance
        training = rest if self._training is None else self._training
        part = fields[: _NEIGHBOURS["memory"]]
        return {
            "diversity": nearest(fields[: _NEIGHBOURS["diversity"]], None, variance),
            "memory": nearest(part, training, variance),
        }


def _check_same_shape(fields: np.ndarray, like: np.ndarray, what: str) -> None:
    if fields.shape[1:] != like.shape[1:]:
        raise UserError(
            f"{what} have shape {list(fields.shape[1:])}, but the truth {list(like.shape[1:])}"
        )
