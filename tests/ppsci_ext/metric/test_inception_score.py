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

"""The Inception Score against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppsci_ext.metric import inception_score
from ppsci_ext.utils.errors import UserError


@pytest.mark.parametrize("num_classes", [2, 10, 1008])
def test_sure_and_evenly_spread_classes_score_their_number(num_classes):
    logits = np.tile(1000.0 * np.eye(num_classes), (10, 1))
    mean, std = inception_score(logits, splits=10)
    assert mean == pytest.approx(num_classes, rel=1e-9)
    assert std == pytest.approx(0, abs=1e-9)


def test_constant_predictions_score_one():
    logits = np.tile(np.random.default_rng(0).normal(size=(1, 10)), (50, 1))
    assert inception_score(logits) == pytest.approx((1.0, 0.0), abs=1e-12)


def test_two_samples_by_hand():
    p = np.array([[0.5, 0.5], [0.1, 0.9]])
    q = p.mean(axis=0)
    expected = np.exp(np.mean(np.sum(p * np.log(p / q), axis=1)))
    mean, std = inception_score(np.log(p) + 7.0, splits=1)
    assert mean == pytest.approx(expected, rel=1e-12) and std == 0


def test_splits_are_contiguous_and_std_is_of_the_population():
    # First half: one class (score 1); second half: two classes (score 2).
    logits = np.zeros((8, 2))
    logits[:4, 0] = logits[4:6, 0] = logits[6:, 1] = 1000.0
    assert inception_score(logits, splits=2) == pytest.approx((1.5, 0.5))


def test_parts_of_unequal_size_as_in_the_authors_code():
    logits = np.random.default_rng(1).normal(size=(23, 4))
    bounds = [i * 23 // 4 for i in range(5)]
    parts = [
        inception_score(logits[low:high], splits=1)[0]
        for low, high in zip(bounds, bounds[1:])
    ]
    expected = (np.mean(parts), np.std(parts))
    assert inception_score(logits, splits=4) == pytest.approx(expected)


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.floats(0, 1e4))
def test_bounds_and_permutation_inside_a_split(seed, num_samples, scale):
    rng = np.random.default_rng(seed)
    logits = scale * rng.normal(size=(num_samples, 5))
    mean, _ = inception_score(logits, splits=1)
    assert 1 - 1e-9 <= mean <= 5 + 1e-9
    permuted, _ = inception_score(rng.permutation(logits), splits=1)
    assert permuted == pytest.approx(mean, rel=1e-9)


def test_float32_is_computed_in_float64():
    logits = np.random.default_rng(2).normal(size=(100, 10)).astype("float32")
    assert inception_score(logits) == inception_score(logits.astype("float64"))


def test_too_few_samples():
    with pytest.raises(UserError, match="at least 10 samples, not 9"):
        inception_score(np.zeros((9, 3)))
    assert inception_score(np.zeros((10, 3)))[0] == pytest.approx(1)


@pytest.mark.parametrize(
    "logits, splits",
    [(np.zeros(3), 1), (np.full((3, 2), np.nan), 1), (np.ones((3, 2)), 0)],
)
def test_wrong_arguments(logits, splits):
    with pytest.raises(ValueError):
        inception_score(logits, splits)
