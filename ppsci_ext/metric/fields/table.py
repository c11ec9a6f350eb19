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

"""The table of scores of fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable
from typing import Dict
from typing import Optional
from typing import Sequence
from typing import Tuple

import numpy as np

from ppsci_ext.metric.fields.summary import Summary

Pair = Tuple[Summary, Summary]  # of a set, and of what it is compared with


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

    def deviations(self, pairs: Sequence[Pair]) -> np.ndarray:
        """Of sets from what they are compared with: differences or distances, [R, K]."""
        ends = [(own[self.key], reference[self.key]) for own, reference in pairs]
        if self.distance is None:
            return np.array([a - b for a, b in ends])
        return np.array([[self.distance(a, b)] for a, b in ends])


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
