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

"""Precision and recall against loops over all pairs."""

from __future__ import annotations

import contextlib
import tracemalloc

import numpy as np
import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from ppsci_ext.metric import neighbours
from ppsci_ext.metric import precision_recall
from ppsci_ext.utils.errors import UserError

ONE_BY_ONE, BY_BLOCKS = 1, 10**9  # how pairs that may count are computed anew


@contextlib.contextmanager
def computing(tile, few=neighbours._FEW):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "_TILE", tile)
        patch.setattr(neighbours, "_FEW", few)
        yield


def direct(real, generated, k):
    """Integers only, so that every comparison is exact."""

    def squared(a, b):
        return sum((int(u) - int(v)) ** 2 for u, v in zip(a, b))

    def share_within(samples, others):
        radii = [
            sorted(squared(x, y) for j, y in enumerate(others) if i != j)[k - 1]
            for i, x in enumerate(others)
        ]
        inside = [
            any(squared(s, x) <= r for x, r in zip(others, radii)) for s in samples
        ]
        return np.mean(inside)

    return share_within(generated, real), share_within(real, generated)


@settings(deadline=None, max_examples=150)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(4, 14),
    st.integers(4, 14),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from([1, 3, 4, 5, 1024]),
    st.sampled_from([ONE_BY_ONE, BY_BLOCKS]),
    st.sampled_from([0, 1000003]),
)
def test_ties_and_duplicates_on_a_lattice(seed, n1, n2, d, k, tile, few, far):
    rng = np.random.default_rng(seed)
    real = far + rng.integers(0, 4, size=(n1, d))
    generated = far + rng.integers(1, 6, size=(n2, d))
    with computing(tile, few):
        found = precision_recall(real / 1.0, generated / 1.0, neighborhood=k)
    assert found == direct(real, generated, k)


def test_tiles_change_nothing():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(200, 6))
    generated = rng.normal(0.5, 0.7, size=(150, 6))
    whole = precision_recall(real, generated)
    assert 0 < whole[1] < whole[0] < 1
    for tile in (7, 50, 149, 150, 151):
        for few in (ONE_BY_ONE, BY_BLOCKS):
            with computing(tile, few):
                assert precision_recall(real, generated) == whole


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1.0, 1e18, 1e30])
@pytest.mark.parametrize("outlier", [1.0, 1e4, 1e25])
def test_float32_decides_nothing_that_it_cannot_tell(scale, outlier):
    rng = np.random.default_rng(6)
    real = rng.normal(size=(60, 40))
    generated = rng.normal(0.1, 0.9, size=(50, 40))
    expected = precision_recall(real, generated)
    assert 0 < expected[0] < 1 and 0 < expected[1] < 1
    real[3], generated[7] = outlier, -outlier
    with computing(8, BY_BLOCKS):
        whole = precision_recall(real, generated)
    with computing(8, ONE_BY_ONE):
        # which in float32 would underflow or overflow
        assert precision_recall(scale * real, scale * generated) == whole


@settings(deadline=None, max_examples=100)
@example(0, 2048, 14.0, 0.0, "float32")
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 3, 50, 2048]),
    st.floats(-18, 14),
    st.floats(-3, 3),
    st.sampled_from(["float32", "float64"]),
)
def test_bounds_are_below_the_distances_and_tight(seed, d, exponent, offset, dtype):
    rng = np.random.default_rng(seed)
    scale = 10.0**exponent
    x = (scale * (offset + rng.normal(size=(20, d)))).astype(dtype)
    y = (x + scale * 1e-4 * rng.normal(size=x.shape)).astype(dtype)  # nearly duplicates
    samples, others = (neighbours.Samples(z, x.mean(axis=0)) for z in (x, y))
    every = slice(0, 20)
    bounds = neighbours.lower_bounds(samples.single(every), others.single(every))
    exact = ((x[:, None].astype(float) - y[None]) ** 2).sum(axis=2)
    norms = samples.squared_norms[:, None] + others.squared_norms
    assert (bounds <= exact).all()
    tight = exact - bounds <= 3e-7 * (d + 16) * norms + 1e-30
    assert (tight | (norms > 2.0**100)).all()  # beyond that float32 tells nothing


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 40))
def test_the_smallest_of_scattered_distances_are_kept(seed, width, count):
    rng = np.random.default_rng(seed)
    nearest = np.sort(rng.integers(0, 9, (5, width)).astype(float), axis=1)
    places, distances = rng.integers(0, 5, count), rng.integers(0, 9, count) / 1.0
    expected = [
        sorted([*row, *distances[places == place]])[:width]
        for place, row in enumerate(nearest)
    ]
    neighbours._insert(nearest, places, distances)
    assert nearest.tolist() == expected


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("offset", [0, 1e4])
def test_identical_sets(dtype, offset):
    x = (offset + np.random.default_rng(1).normal(size=(60, 300))).astype(dtype)
    assert precision_recall(x, x) == (1.0, 1.0)
    assert precision_recall(x, x[::-1]) == (1.0, 1.0)


def test_identical_samples():
    x = np.full((20, 100), 0.1)
    assert precision_recall(x, x) == (1.0, 1.0)
    assert precision_recall(x, x + 1e-3) == (0.0, 0.0)


def test_sets_far_apart():
    x, y = np.random.default_rng(2).normal(size=(2, 50, 8))
    assert precision_recall(x, y + 1e3) == (0.0, 0.0)


def test_collapsed_generator_is_precise_but_recalls_nothing():
    real = np.random.default_rng(3).normal(size=(100, 4))
    generated = np.repeat(real[:1], 40, axis=0)
    assert precision_recall(real, generated) == (1.0, 1 / 100)


def test_the_sets_have_different_parts():
    rng = np.random.default_rng(4)
    real, generated = rng.normal(size=(90, 5)), rng.normal(0.5, 0.5, size=(70, 5))
    precision, recall = precision_recall(real, generated)
    assert precision_recall(generated, real) == (recall, precision)


def test_memory_is_bounded():
    x, y = np.random.default_rng(5).normal(size=(2, 3000, 64)).astype("float32")
    tracemalloc.start()
    try:
        precision_recall(x, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40e6  # all distances of one set would take 72 MB


@pytest.mark.parametrize("n1, n2", [(3, 50), (50, 3)])
def test_too_few_samples(n1, n2):
    with pytest.raises(UserError, match="at least 4 samples, not 3"):
        precision_recall(np.zeros((n1, 2)), np.zeros((n2, 2)))


@pytest.mark.parametrize(
    "real, generated, k",
    [
        (np.zeros((5, 2)), np.zeros((5, 3)), 1),
        (np.zeros(5), np.zeros(5), 1),
        (np.zeros((5, 2)), np.zeros((5, 2)), 0),
        (np.full((5, 2), np.nan), np.zeros((5, 2)), 1),
        (np.zeros((5, 2)), np.full((5, 2), np.inf), 1),
    ],
)
def test_wrong_arguments(real, generated, k):
    with pytest.raises(ValueError, match="must be"):
        precision_recall(real, generated, neighborhood=k)
