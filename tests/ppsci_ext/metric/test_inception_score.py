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

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from ppsci_ext.metric import LogitStatistics
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


@settings(deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(0, 30), min_size=1, max_size=12),
    st.integers(1, 7),
)
def test_any_partition_gives_the_same_score(seed, batch_sizes, splits):
    num_samples = sum(batch_sizes) + splits
    batch_sizes = [*batch_sizes, splits]
    logits = 3 * np.random.default_rng(seed).normal(size=(num_samples, 6))
    statistics = LogitStatistics(num_samples, 6, splits)
    for batch in np.split(logits, np.cumsum(batch_sizes)[:-1]):
        statistics.update(batch)
    bounds = [i * num_samples // splits for i in range(splits + 1)]
    scores = [direct_score(logits[a:b]) for a, b in zip(bounds, bounds[1:])]
    expected = (np.mean(scores), np.std(scores))
    assert statistics.score() == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert inception_score(logits, splits) == pytest.approx(
        expected, rel=1e-9, abs=1e-9
    )
    expected_counts = np.bincount(logits.argmax(axis=1), minlength=6)
    np.testing.assert_array_equal(statistics.class_counts, expected_counts)
    assert statistics.count == num_samples


def direct_score(logits):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return np.exp(np.mean(np.sum(p * np.log(p / p.mean(axis=0)), axis=1)))


def test_more_samples_than_a_block_holds():
    logits = np.random.default_rng(3).normal(size=(5003, 4))
    bounds = [i * 5003 // 3 for i in range(4)]
    scores = [direct_score(logits[a:b]) for a, b in zip(bounds, bounds[1:])]
    expected = (np.mean(scores), np.std(scores))
    assert inception_score(logits, splits=3) == pytest.approx(expected, rel=1e-9)


def test_probabilities_that_underflow():
    logits = np.array([[0.0, -1e5], [-1e5, 0.0], [0.0, -1e300]])
    p, q = np.array([1.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])
    entropy = -sum(m * np.log(m) for m in (p.mean(), q.mean()))
    assert inception_score(logits, 1)[0] == pytest.approx(np.exp(entropy), rel=1e-12)


def test_memory_does_not_grow_with_the_number_of_samples():
    def peak_memory(num_samples):
        logits = np.zeros((num_samples, 1008), np.float32)
        tracemalloc.start()
        try:
            inception_score(logits)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # Only the mask of finite values has as many entries as the logits given at once.
    assert peak_memory(6000) < 1.1 * peak_memory(2000)


def test_too_many_and_missing_samples():
    statistics = LogitStatistics(num_samples=20, num_classes=3)
    statistics.update(np.zeros((19, 3)))
    with pytest.raises(ValueError, match="19 samples came, not 20"):
        statistics.score()
    with pytest.raises(ValueError, match="21 samples came, not 20"):
        statistics.update(np.zeros((2, 3)))
    statistics.update(np.zeros((1, 3)))
    assert statistics.score() == pytest.approx((1.0, 0.0))


@pytest.mark.parametrize("shape", [(3,), (2, 4), (2, 3, 1)])
def test_logits_of_another_shape(shape):
    with pytest.raises(ValueError, match=r"must be \[B, 3\]"):
        LogitStatistics(20, 3).update(np.zeros(shape))


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
