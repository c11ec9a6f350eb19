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

"""The kernel distance against double loops and closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from ppsci_ext.metric import kernel_inception_distance
from ppsci_ext.utils.errors import UserError


def kernel(x, y):
    return (np.dot(x, y) / len(x) + 1) ** 3


def direct_estimate(xs, ys):
    m = len(xs)
    pairs = list(itertools.permutations(range(m), 2))
    within = np.mean([kernel(xs[i], xs[j]) + kernel(ys[i], ys[j]) for i, j in pairs])
    return within - 2 * np.mean([kernel(x, y) for x in xs for y in ys])


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(2, 8), st.integers(1, 5))
def test_one_subset_of_all_samples_by_hand(seed, m, d):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(m, d)), rng.normal(1, 2, size=(m, d))
    mean, std = kernel_inception_distance(x, y, subsets=1, subset_size=m)
    assert mean == pytest.approx(direct_estimate(x, y), rel=1e-9, abs=1e-9)
    assert std is None


def test_subsets_and_the_deviation_over_them():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(9, 3)), rng.normal(1, 1, size=(7, 3))
    draw = np.random.RandomState(5)
    estimates = []
    for _ in range(4):
        first = draw.choice(9, 6, replace=False)
        second = draw.choice(7, 6, replace=False)
        estimates.append(direct_estimate(x[first], y[second]))
    expected = (np.mean(estimates), np.std(estimates))
    found = kernel_inception_distance(x, y, subsets=4, subset_size=6, seed=5)
    assert found == pytest.approx(expected, rel=1e-9)


def test_unbiased_for_normal_distributions():
    # In one dimension E k(x, y) = E x^3 E y^3 + 3 E x^2 E y^2 + 3 E x E y + 1, so that
    # the discrepancy is the sum of the squared differences of moments with these weights.
    def moments(mu, sigma):
        return np.array([mu, mu**2 + sigma**2, mu**3 + 3 * mu * sigma**2])

    difference = moments(0.3, 1.0) - moments(-0.2, 0.8)
    expected = np.sum([3, 3, 1] * difference**2)
    rng = np.random.default_rng(1)
    estimates = [
        kernel_inception_distance(
            rng.normal(0.3, 1.0, (5, 1)),
            rng.normal(-0.2, 0.8, (5, 1)),
            subsets=1,
            subset_size=5,
        )[0]
        for _ in range(3000)
    ]
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert abs(np.mean(estimates) - expected) < 4 * error
    assert error < 0.2 * expected


def test_same_distribution_is_about_zero_on_either_side():
    rng = np.random.default_rng(2)
    values = [
        kernel_inception_distance(
            *rng.normal(size=(2, 200, 16)), subsets=1, subset_size=200
        )[0]
        for _ in range(20)
    ]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(20)
    assert min(values) < 0 < max(values)


def test_seed_and_symmetry():
    x, y = np.random.default_rng(3).normal(size=(2, 50, 4))
    first = kernel_inception_distance(x, y + 1, subset_size=20)
    assert first == kernel_inception_distance(x, y + 1, subset_size=20)
    assert first != kernel_inception_distance(x, y + 1, subset_size=20, seed=1)
    mirrored = kernel_inception_distance(y + 1, x, subsets=1, subset_size=50)
    assert mirrored == pytest.approx(
        kernel_inception_distance(x, y + 1, subsets=1, subset_size=50)
    )


def test_float32_is_computed_in_float64():
    x, y = np.random.default_rng(4).normal(100, 1, size=(2, 30, 8)).astype("float32")
    expected = kernel_inception_distance(
        x.astype("float64"), y.astype("float64"), subset_size=20
    )
    assert kernel_inception_distance(x, y, subset_size=20) == expected


def test_too_few_samples():
    with pytest.raises(UserError, match=r"1000 .*only 999 .*smaller subset size"):
        kernel_inception_distance(np.zeros((1000, 2)), np.zeros((999, 2)))


@pytest.mark.parametrize(
    "shape1, shape2, options",
    [
        ((5, 2), (5, 3), {}),
        ((5,), (5,), {}),
        ((5, 2), (5, 2), {"subset_size": 1}),
        ((5, 2), (5, 2), {"subsets": 0}),
    ],
)
def test_wrong_arguments(shape1, shape2, options):
    options = {"subset_size": 4, **options}
    with pytest.raises(ValueError, match="must be"):
        kernel_inception_distance(np.zeros(shape1), np.zeros(shape2), **options)
