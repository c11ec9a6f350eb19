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

"""Mode coverage by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ppsci_ext.metric import mode_coverage

CENTERS = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])


def test_by_hand():
    samples = np.array(
        [
            [0.0, 3.0],  # at exactly 3 std of the first centre
            [0.0, 3.01],  # just beyond
            [9.0, 1.0],  # second centre
            [10.5, 0.0],  # second centre again
            [5.0, 5.0],  # nowhere
        ]
    )
    assert mode_coverage(samples, CENTERS, std=1.0) == {
        "modes_covered": 2,
        "modes_total": 3,
        "high_quality": 3 / 5,
    }


def test_nothing_covered():
    result = mode_coverage(np.full((4, 2), 5.0), CENTERS, std=0.1)
    assert result == {"modes_covered": 0, "modes_total": 3, "high_quality": 0.0}


def test_overlapping_modes_are_told_apart_by_the_nearest_centre():
    # Within 3 std of both centres, nearest to the first one only.
    centers = np.array([[0.0, 0.0], [1.0, 0.0]])
    result = mode_coverage(np.array([[0.4, 0.0]]), centers, std=1.0)
    assert result["modes_covered"] == 1 and result["high_quality"] == 1.0


def test_true_mixture():
    rng = np.random.default_rng(0)
    samples = CENTERS[rng.integers(0, 3, 20000)] + 0.1 * rng.normal(size=(20000, 2))
    result = mode_coverage(samples, CENTERS, std=0.1)
    assert result["modes_covered"] == 3
    assert result["high_quality"] == pytest.approx(1 - np.exp(-4.5), abs=0.003)


def test_samples_that_are_no_numbers_are_near_nothing():
    samples = np.array([[np.nan, 0.0], [0.0, 0.0], [np.inf, 0.0]])
    result = mode_coverage(samples, CENTERS, std=1.0)
    assert result["modes_covered"] == 1
    assert result["high_quality"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "samples, centers, std",
    [
        (np.zeros((2, 3)), CENTERS, 1.0),
        (np.zeros(2), CENTERS, 1.0),
        (np.zeros((0, 2)), CENTERS, 1.0),
        (np.zeros((2, 2)), CENTERS[:0], 1.0),
        (np.zeros((2, 2)), CENTERS, 0.0),
        (np.zeros((2, 2)), CENTERS, float("nan")),
    ],
)
def test_wrong_arguments(samples, centers, std):
    with pytest.raises(ValueError):
        mode_coverage(samples, centers, std)
