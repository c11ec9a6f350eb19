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

"""Exact Wasserstein distances against closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from ppsci_ext.metric import exact_wasserstein


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 3))
def test_translation_costs_its_length(seed, n, d):
    rng = np.random.default_rng(seed)
    x, shift = rng.normal(size=(n, d)), 3.0 * rng.normal(size=d)
    w1, w2 = exact_wasserstein(x, rng.permutation(x + shift))
    assert (w1, w2) == pytest.approx((np.linalg.norm(shift),) * 2, rel=1e-9)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_on_the_line_sorted_samples_are_matched(seed, n):
    x, y = np.random.default_rng(seed).normal(size=(2, n, 1))
    difference = np.sort(x, axis=0) - np.sort(y, axis=0)
    expected = np.abs(difference).mean(), np.sqrt((difference**2).mean())
    assert exact_wasserstein(x, y) == pytest.approx(expected, rel=1e-9)


def test_all_permutations_by_hand():
    x, y = np.random.default_rng(0).normal(size=(2, 5, 2))
    distances = np.linalg.norm(x[:, None] - y[None], axis=-1)
    plans = [distances[range(5), p] for p in itertools.permutations(range(5))]
    expected = (
        min(plan.mean() for plan in plans),
        min(np.sqrt((plan**2).mean()) for plan in plans),
    )
    assert exact_wasserstein(x, y) == pytest.approx(expected, rel=1e-12)


def test_metric_properties():
    x, y, z = np.random.default_rng(1).normal(size=(3, 30, 2))
    assert exact_wasserstein(x, x[::-1]) == (0.0, 0.0)
    assert exact_wasserstein(x, y) == pytest.approx(exact_wasserstein(y, x))
    for p in range(2):
        xy, yz, xz = (exact_wasserstein(*ab)[p] for ab in [(x, y), (y, z), (x, z)])
        assert xz <= xy + yz
    w1, w2 = exact_wasserstein(x, y)
    assert w1 <= w2


@pytest.mark.parametrize(
    "x, y",
    [
        (np.zeros((3, 2)), np.zeros((4, 2))),
        (np.zeros((3, 2)), np.zeros((3, 1))),
        (np.zeros(3), np.zeros(3)),
        (np.zeros((0, 2)), np.zeros((0, 2))),
        (np.zeros((2, 2)), np.full((2, 2), np.nan)),
    ],
)
def test_samples_that_do_not_fit(x, y):
    with pytest.raises(ValueError):
        exact_wasserstein(x, y)
