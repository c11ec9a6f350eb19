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

"""Scores of a generator of fields, each beside its truth and the floor of real fields."""

from __future__ import annotations

from typing import Any
from typing import Callable
from typing import Dict
from typing import Mapping
from typing import Tuple

import numpy as np
from wgan_gp.utils.field_data import FieldData

from ppsci_ext.data.fields import ConditionedField
from ppsci_ext.data.fields import Kriging
from ppsci_ext.data.fields import NetworkFields
from ppsci_ext.data.fields import RandomField
from ppsci_ext.metric.fields import FieldJudge
from ppsci_ext.metric.fields import kriging_scores
from ppsci_ext.metric.fields import parameter_scores
from ppsci_ext.utils import UserError

# number of fields, and the condition as the networks take it -> physical fields [n, C, *shape]
Generate = Callable[[int, Any], np.ndarray]
Metrics = Dict[str, Any]

_SEEN = 1e-3  # of the spectrum's maximum: below it, relative errors say little


class FieldScores:
    """Judges a generator; the real fields are drawn and measured once.

    Fields with varying parameters are judged twice: fields for one value of them, in the middle
    of what was left out of the training or else of the range, by the distribution that they
    should have; and the parameters recovered from fields for many values. Fields with
    measurements, too: fields each for the measurements of another real one, which should be
    distributed as all fields; and fields for the same measurements, by simple kriging.

    Args:
        data (FieldData): Data and their truth.
        unseen (Mapping[str, Tuple[float, float]]): Parts of the parameters' ranges that the
            training left out.
        count (int): Fields to judge; of own data at most half of the held-out ones.
        sets (int): Real sets of as many fields.
        periodic (bool): Whether opposite borders are neighbours.
        seed (int): Of the real sets and the conditions.

    Raises:
        UserError: If there are too few held-out fields.
    """

    def __init__(
        self,
        data: FieldData,
        unseen: Mapping[str, Tuple[float, float]],
        count: int,
        sets: int,
        periodic: bool,
        seed: int,
    ):
        self._data, self._unseen = data, dict(unseen)
        self._sets, self._seed = sets, seed
        truth = data.truth
        if data.conditioned is not None:
            truth = data.conditioned.at(self._middle(data.conditioned))
        if not isinstance(truth, RandomField):
            count = min(count, len(truth) // 2)
            if count < 2:
                raise UserError(
                    f"There are {len(truth)} held-out crops that don't overlap, too few to judge "
                    "by: hold out more (DATA.held_out), or take smaller crops (DATA.size)."
                )
        self.count = count
        self._judge = FieldJudge(
            truth, count, sets, periodic, data.training, seed=seed, dimension=self._axes
        )
        self._truth = truth

    @property
    def _axes(self) -> int:
        truth = self._data.truth
        return truth.ndim - 2 if isinstance(truth, np.ndarray) else len(truth.shape)

    def real(self) -> np.ndarray:
        """A few real fields to be looked at beside generated ones, physical."""
        if isinstance(self._truth, np.ndarray):
            return self._truth[: self.count]
        return self._truth.sample(self.count, np.random.default_rng(self._seed))

    def scores(self, generate: Generate) -> Tuple[Metrics, Dict[str, Any], np.ndarray]:
        """Judge a generator.

        Args:
            generate (Generate): Draws its fields.

        Returns:
            Tuple[Metrics, Dict[str, Any], np.ndarray]: All scores, for eval.json; what
                `FieldJudge.scores` found, and the fields that it looked at.
        """
        fields = generate(self.count, self._condition())
        result = self._judge.scores(fields)
        metrics = {
            "fields": result["fields"],
            "sets": result["real_sets"],
            "false_alarm": result["false_alarm"],
            **relative_errors(result["scores"]),
            "together": result["together"],
            **result["scores"],
        }
        if self._data.conditioned is not None:
            metrics.update(self._of_parameters(generate, self._data.conditioned))
        if self._data.measured is not None:
            metrics.update(self._of_measurements(generate))
        return metrics, result, fields

    def _condition(self) -> Any:
        """What the fields to be judged by their distribution are generated for."""
        data = self._data
        if data.conditioned is not None:
            values = np.tile(self._middle(data.conditioned), (self.count, 1))
            return data.conditioned.encode(values)
        if data.measured is not None:
            return self._measure(self.count, 1)
        return None

    def _middle(self, source: ConditionedField) -> np.ndarray:
        low, high = self._ends(source)
        return source.decode((low + high)[np.newaxis] / 2)[0]

    def _ends(self, source: ConditionedField) -> np.ndarray:
        """Where the parameters go that fields are asked for, [2, k] in network's values."""
        ends = [
            self._unseen.get(name, source.ranges[name]) for name in source.parameters
        ]
        return source.encode(np.transpose(ends))

    def _of_parameters(self, generate: Generate, source: ConditionedField) -> Metrics:
        whole = np.ones((2, len(source.parameters))) * [[-1], [1]]
        parts = {"": whole}
        if self._unseen:
            parts["unseen_"] = self._ends(source)
        metrics = {}
        for prefix, (low, high) in parts.items():
            rng = np.random.default_rng(self._seed)
            condition = rng.uniform(low, high, (self.count, len(low)))
            condition = condition.astype(np.float32)
            result = parameter_scores(
                generate(self.count, condition),
                source.decode(condition),
                source,
                self._sets,
                seed=self._seed,
            )
            for name, score in result["scores"].items():
                metrics[f"{prefix}{name}"] = score
        return metrics

    def _of_measurements(self, generate: Generate) -> Metrics:
        condition = self._measure(1, 2)
        mask, values = condition["mask"][0, 0], condition["values"]
        physical = self._data.transform.inverse(values)[0, 0]
        kriging = Kriging(self._data.truth, mask, physical)
        repeated = {
            name: np.repeat(array, self.count, axis=0)
            for name, array in condition.items()
        }
        result = kriging_scores(
            generate(self.count, repeated), kriging, self._sets, seed=self._seed
        )
        return result["scores"]

    def _measure(self, count: int, stream: int) -> Dict[str, np.ndarray]:
        """Measurements of real fields, as the networks take them."""
        source = NetworkFields(self._data.measured, self._data.transform)
        rng = np.random.default_rng([self._seed, stream])
        return source.sample_with_condition(count, rng)[1]


def relative_errors(scores: Mapping[str, Any]) -> Dict[str, float]:
    """The largest errors of curves, relative to what makes them easy to grasp.

    Args:
        scores (Mapping[str, Any]): "scores" of `FieldJudge.scores`.

    Returns:
        Dict[str, float]: "spectrum_error", of P / S - 1 where S is above a thousandth of its
            maximum; "two_point_error", of S2 in units of phi (1 - phi); "specific_surface_error"
            and "euler_error", in units of the curve's peak. Each with "[c]" behind it, where
            the scores have that.
    """
    errors = {}
    for name, score in scores.items():
        base, bracket, channel = name.partition("[")
        value, truth = (np.atleast_1d(score[key]) for key in ("value", "truth"))
        if base == "spectrum":
            unit = np.where(truth > _SEEN * truth.max(), truth, np.inf)
        elif base == "two_point":
            unit = truth[0] * (1 - truth[0])
        elif base in ("specific_surface", "euler"):
            unit = np.abs(truth).max()
        else:
            continue
        if np.all(unit > 0):
            error = float(np.max(np.abs(value - truth) / unit))
            errors[f"{base}_error{bracket}{channel}"] = error
    return errors
