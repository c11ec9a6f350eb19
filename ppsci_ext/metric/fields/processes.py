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

"""Scores of random processes on a line: their first two moments beside truth and floor."""

from __future__ import annotations

from typing import Any
from typing import Callable
from typing import Dict
from typing import Mapping

import numpy as np

from ppsci_ext.data.fields.elliptic import Moments
from ppsci_ext.metric.fields.verdict import DISTANCE
from ppsci_ext.metric.fields.verdict import ESTIMATE
from ppsci_ext.metric.fields.verdict import Evidence
from ppsci_ext.metric.fields.verdict import check_rates
from ppsci_ext.metric.fields.verdict import judge
from ppsci_ext.metric.fields.verdict import real_sets_rng
from ppsci_ext.utils.errors import UserError

Paths = Mapping[str, np.ndarray]  # of each process, [n, P]

_RESOLUTION = 1e-6


class ProcessJudge:
    """Judges sets of paths by the moments that they should have; draws the real sets once.

    For each process y it gives "y_mean" and "y_sd" at every place, and three relative errors,
    "y_mean_error", "y_sd_error" and "y_covariance_error": the L2 norm (of the matrix: Frobenius')
    of the difference from the truth over that of the truth.

    Args:
        truth (Mapping[str, Moments]): By process, at P places.
        places (np.ndarray): Where that is, [P].
        draw (Callable[[int, np.random.Generator], Paths]): Draws real paths.
        count (int): Paths in a set, at least 2.
        sets (int): Real sets, at least 60. Defaults to 99.
        level (float): Rate of false alarms. Defaults to .05.
        seed (int): Of the real sets. Defaults to 0.

    Raises:
        UserError: Too few paths or sets.
    """

    def __init__(
        self,
        truth: Mapping[str, Moments],
        places: np.ndarray,
        draw: Callable[[int, np.random.Generator], Paths],
        count: int,
        sets: int = 99,
        level: float = 0.05,
        seed: int = 0,
    ):
        check_rates(sets, level)
        if count < 2:
            raise UserError(f"a set of {count} paths has no spread; judge at least 2")
        self._truth, self._places, self._level = dict(truth), places, level
        rng = real_sets_rng(seed)
        self._reals = [self._measure(draw(count, rng)) for _ in range(sets)]
        self.count, self.sets = count, sets
        self.false_alarm = int(level * (sets + 1) + 1e-9) / (sets + 1)

    def scores(self, paths: Paths) -> Dict[str, Any]:
        """Compares a set with the truth and with the real sets.

        Args:
            paths (Paths): float [count, P] of each process.

        Returns:
            Dict[str, Any]: "scores" and "together", see `verdict.judge`.

        Raises:
            UserError: Paths of another number or shape, or not finite.
        """
        shape = (self.count, len(self._places))
        for name in self._truth:
            if np.shape(paths[name]) != shape or not np.isfinite(paths[name]).all():
                raise UserError(
                    f"the paths of {name} are of shape {list(np.shape(paths[name]))}; they are "
                    f"to be finite numbers of shape {list(shape)}"
                )
        measured = self._measure(paths)
        evidence = {}
        for key in self._reals[0]:
            kind = DISTANCE if key.endswith("_error") else ESTIMATE
            evidence[key] = Evidence(
                kind,
                measured[key],
                self._of_truth(key),
                np.array([real[key] for real in self._reals]),
                _RESOLUTION,
                at=None if kind == DISTANCE else self._places,
            )
        return judge(evidence, self._level)

    def _of_truth(self, key: str) -> np.ndarray:
        name, _, moment = key.partition("_")
        if moment.endswith("_error"):
            return np.zeros(1)
        return getattr(self._truth[name], moment)

    def _measure(self, paths: Paths) -> Dict[str, np.ndarray]:
        curves, errors = {}, {}
        for name, truth in self._truth.items():
            values = np.asarray(paths[name], np.float64)
            mean = values.mean(axis=0)
            covariance = (values - mean).T @ (values - mean) / (len(values) - 1)
            sd = np.sqrt(np.diag(covariance))
            curves[f"{name}_mean"], curves[f"{name}_sd"] = mean, sd
            for moment, value in (
                ("mean", mean),
                ("sd", sd),
                ("covariance", covariance),
            ):
                right = getattr(truth, moment)
                error = np.linalg.norm(value - right) / np.linalg.norm(right)
                errors[f"{name}_{moment}_error"] = np.array([error])
        return {**errors, **curves}
