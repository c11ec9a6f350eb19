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

"""Feature statistics against numpy, Frechet distances against closed forms and scipy."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from ppsci_ext.metric import FeatureStatistics
from ppsci_ext.metric import frechet_distance
from ppsci_ext.utils.errors import UserError


def random_cov(rng, d, rank=None):
    a = rng.normal(size=(d, rank or 2 * d))
    return a @ a.T / a.shape[1]


def statistics_of(features, batch_size):
    statistics = FeatureStatistics(features.shape[1])
    for start in range(0, len(features), batch_size):
        statistics.update(features[start : start + batch_size])
    return statistics


# ------------------------------------------------------------------- statistics


@settings(deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 60),
    st.integers(1, 5),
    st.integers(1, 60),
)
def test_streaming_equals_numpy(seed, num_samples, d, batch_size):
    features = np.random.default_rng(seed).normal(3.0, 2.0, size=(num_samples, d))
    statistics = statistics_of(features, batch_size)
    assert statistics.count == num_samples
    np.testing.assert_allclose(statistics.mean, features.mean(axis=0), rtol=1e-12)
    expected = np.cov(features, rowvar=False).reshape(d, d)
    np.testing.assert_allclose(statistics.cov, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_large_mean_keeps_the_digits_of_a_small_covariance(batch_size):
    noise = np.random.default_rng(0).normal(size=(1000, 3))
    cov = statistics_of(1e6 + noise, batch_size).cov
    np.testing.assert_allclose(cov, np.cov(noise, rowvar=False), atol=1e-8)


def test_float32_features_are_summed_in_float64():
    features = np.random.default_rng(1).normal(100, 0.1, (500, 4)).astype("float32")
    expected = np.cov(features.astype("float64"), rowvar=False)
    np.testing.assert_allclose(statistics_of(features, 64).cov, expected, rtol=1e-10)


@pytest.mark.parametrize("batch_size", [1, 7, 511, 512, 513, 1300])
def test_batches_longer_and_shorter_than_a_block(batch_size):
    features = np.random.default_rng(2).normal(5, 1, size=(1300, 3)).astype("float32")
    statistics = statistics_of(features, batch_size)
    in_one = statistics_of(features.astype("float64"), 1300)
    np.testing.assert_array_equal(statistics.mean, in_one.mean)
    np.testing.assert_array_equal(statistics.cov, in_one.cov)
    np.testing.assert_array_equal(statistics.cov, statistics.cov.T)
    expected = np.cov(features.astype("float64"), rowvar=False)
    np.testing.assert_allclose(statistics.cov, expected, rtol=1e-12)


def test_results_can_be_read_between_batches():
    features = np.random.default_rng(3).normal(size=(700, 3))
    statistics = FeatureStatistics(3)
    for end in range(100, 701, 100):
        statistics.update(features[end - 100 : end])
        np.testing.assert_allclose(statistics.mean, features[:end].mean(axis=0))
        expected = np.cov(features[:end], rowvar=False)
        np.testing.assert_allclose(statistics.cov, expected, rtol=1e-12)


def test_a_refused_batch_leaves_no_trace():
    statistics = statistics_of(np.eye(3), 3)
    with pytest.raises(ValueError, match="finite"):
        statistics.update(np.array([[5.0, 5.0, 5.0], [1.0, np.inf, 1.0]]))
    assert statistics.count == 3
    np.testing.assert_allclose(statistics.mean, [1 / 3] * 3)


def test_memory_is_that_of_two_matrices():
    d = 1024
    batch = np.random.default_rng(4).normal(size=(2000, d)).astype("float32")
    tracemalloc.start()
    try:
        statistics = FeatureStatistics(d)
        statistics.update(batch)
        statistics.update(batch)
        peak_of_update = tracemalloc.get_traced_memory()[1]
        _ = statistics.mean
        _ = statistics.cov
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    matrix = 8 * d**2
    assert peak_of_update < 2.0 * matrix  # the sum of products and a block of rows
    assert peak < 2.75 * matrix  # and the covariance


def test_results_are_copies_and_an_empty_batch_changes_nothing():
    statistics = statistics_of(np.eye(3), 2)
    statistics.mean[:] = 7
    statistics.update(np.empty((0, 3)))
    np.testing.assert_allclose(statistics.mean, [1 / 3] * 3)
    assert statistics.count == 3


def test_too_few_samples():
    statistics = FeatureStatistics(2)
    with pytest.raises(UserError, match="at least 1"):
        _ = statistics.mean
    statistics.update(np.ones((1, 2)))
    np.testing.assert_array_equal(statistics.mean, [1, 1])
    with pytest.raises(UserError, match="at least 2 samples, not 1"):
        _ = statistics.cov


@pytest.mark.parametrize(
    "features", [np.zeros((2, 3)), np.zeros(2), np.array([[1.0, np.nan]])]
)
def test_wrong_features(features):
    with pytest.raises(ValueError):
        FeatureStatistics(2).update(features)


# ------------------------------------------------------------------- distance


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_diagonal_covariances_have_a_closed_form(seed, d):
    rng = np.random.default_rng(seed)
    mu1, mu2 = rng.normal(size=(2, d))
    s1, s2 = rng.uniform(0, 3, size=(2, d))  # standard deviations
    expected = np.sum((mu1 - mu2) ** 2) + np.sum((s1 - s2) ** 2)
    got = frechet_distance(mu1, np.diag(s1**2), mu2, np.diag(s2**2))
    assert got == pytest.approx(expected, rel=1e-10, abs=1e-10)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_agrees_with_sqrtm(seed, d):
    rng = np.random.default_rng(seed)
    mu1, mu2 = rng.normal(size=(2, d))
    cov1, cov2 = random_cov(rng, d), random_cov(rng, d) + 0.1 * np.eye(d)
    root = scipy.linalg.sqrtm(cov1 @ cov2).real
    expected = np.sum((mu1 - mu2) ** 2) + np.trace(cov1 + cov2 - 2 * root)
    assert frechet_distance(mu1, cov1, mu2, cov2) == pytest.approx(expected, abs=1e-7)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_two_dimensions_have_a_closed_form(seed):
    # The root of a 2x2 matrix M has trace sqrt(tr M + 2 sqrt(det M)).
    rng = np.random.default_rng(seed)
    cov1, cov2 = random_cov(rng, 2), random_cov(rng, 2)
    mu1, mu2 = rng.normal(size=(2, 2))
    root_of_det = np.sqrt(np.linalg.det(cov1) * np.linalg.det(cov2))
    trace_of_root = np.sqrt(np.trace(cov1 @ cov2) + 2 * root_of_det)
    expected = np.sum((mu1 - mu2) ** 2) + np.trace(cov1 + cov2) - 2 * trace_of_root
    assert frechet_distance(mu1, cov1, mu2, cov2) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("rank", [None, 5])
def test_equal_gaussians_have_distance_zero(rank):
    rng = np.random.default_rng(0)
    mu, cov = rng.normal(size=64), random_cov(rng, 64, rank)
    assert 0 <= frechet_distance(mu, cov, mu, cov) < 1e-6
    assert 0 <= frechet_distance(mu, 1e6 * cov, mu, 1e6 * cov) < 1e-6


def test_rank_deficient_covariances():
    # Orthogonal subspaces share nothing; a scaled copy differs by its roots alone.
    cov1, cov2 = np.diag([4.0, 1.0, 0, 0]), np.diag([0, 0, 9.0, 0])
    zero = np.zeros(4)
    rotation = scipy.linalg.qr(np.random.default_rng(3).normal(size=(4, 4)))[0]
    cov1, cov2 = rotation @ cov1 @ rotation.T, rotation @ cov2 @ rotation.T
    assert frechet_distance(zero, cov1, zero, cov2) == pytest.approx(14, abs=1e-6)
    assert frechet_distance(zero, cov1, zero, 4 * cov1) == pytest.approx(5, abs=1e-6)
    assert frechet_distance(zero, cov1, zero, 0 * cov1) == pytest.approx(5, abs=1e-12)


@pytest.mark.parametrize("num_samples", [3, 20, 64, 65, 66])
def test_fewer_samples_than_features(num_samples):
    rng = np.random.default_rng(4)
    x = statistics_of(rng.normal(size=(num_samples, 64)), 8)
    y = statistics_of(rng.normal(size=(num_samples, 64)) + 1, 8)
    d_xy = frechet_distance(x.mean, x.cov, y.mean, y.cov)
    assert d_xy == pytest.approx(frechet_distance(y.mean, y.cov, x.mean, x.cov))
    assert d_xy > 0 and np.isfinite(d_xy)
    assert frechet_distance(x.mean, x.cov, x.mean, x.cov) < 1e-6


@pytest.mark.parametrize("num_samples", [2, 20, 65, 500])
def test_order_of_the_samples_does_not_matter(num_samples):
    rng = np.random.default_rng(6)
    features = 10 * rng.normal(size=(num_samples, 64))
    x, y = statistics_of(features, 8), statistics_of(rng.permutation(features), 8)
    assert 0 <= frechet_distance(x.mean, x.cov, y.mean, y.cov) < 1e-6


def test_identical_samples():
    x = statistics_of(np.full((50, 8), 0.1), 7)
    y = statistics_of(np.full((50, 8), 2.1), 7)
    assert frechet_distance(x.mean, x.cov, x.mean, x.cov) == 0
    assert frechet_distance(x.mean, x.cov, y.mean, y.cov) == pytest.approx(8 * 4)


@pytest.mark.parametrize("num_samples", [20, 500])
def test_covariances_rounded_to_float32(num_samples):
    # As someone may have saved them; they get eigenvalues below 0.
    rng = np.random.default_rng(7)
    x = statistics_of(rng.normal(size=(num_samples, 64)), 100)
    y = statistics_of(rng.normal(size=(num_samples, 64)), 100)
    expected = frechet_distance(x.mean, x.cov, y.mean, y.cov)
    rounded = x.cov.astype("float32")
    assert frechet_distance(x.mean, rounded, y.mean, y.cov) == pytest.approx(
        expected, rel=1e-4
    )


def test_rotation_and_shift_of_both_change_nothing():
    rng = np.random.default_rng(5)
    mu1, mu2 = rng.normal(size=(2, 6))
    cov1, cov2 = random_cov(rng, 6), random_cov(rng, 6)
    q = scipy.linalg.qr(rng.normal(size=(6, 6)))[0]
    moved = frechet_distance(q @ mu1 + 3, q @ cov1 @ q.T, q @ mu2 + 3, q @ cov2 @ q.T)
    assert moved == pytest.approx(frechet_distance(mu1, cov1, mu2, cov2), rel=1e-10)


@pytest.mark.parametrize("shapes", [(2, 2, 3, 3), (2, 3, 2, 2), (2, 2, 2, 3)])
def test_shapes_that_do_not_fit(shapes):
    d1, c1, d2, c2 = shapes
    with pytest.raises(ValueError):
        frechet_distance(np.zeros(d1), np.eye(c1), np.zeros(d2), np.eye(c2))


@pytest.mark.parametrize(
    "cov, expected",
    [
        (np.diag([1.0, -0.1]), "negative eigenvalues"),
        (-np.eye(2), "negative eigenvalues"),
        (np.full((2, 2), np.nan), "must be finite"),
        (np.array([[1.0, 0.5], [0.4, 1.0]]), "symmetric, .* differ by up to 0.1"),
        (np.array([[2.0, np.nan], [0.0, 2.0]]), "must be finite"),
        (1e300 * np.eye(2), "no finite distance"),
    ],
)
def test_matrices_that_are_no_covariances(cov, expected):
    for first, second in ((np.eye(2), cov), (cov, np.eye(2))):
        with pytest.raises(ValueError, match=expected):
            frechet_distance(np.zeros(2), first, np.zeros(2), second)


@pytest.mark.parametrize("size", [1e60, 1e139])
def test_the_largest_that_are_taken_have_a_finite_distance(size):
    cov = size * np.eye(3)
    found = frechet_distance(np.full(3, size), cov, np.full(3, -size), 4 * cov)
    assert found == pytest.approx(3 * (2 * size) ** 2 + 3 * size, rel=1e-12)
    with pytest.raises(ValueError, match="no finite distance"):
        frechet_distance(np.full(3, 1e154), np.eye(3), np.zeros(3), np.eye(3))


# ------------------------------------------------------------ the size of Inception-v3


PEAK_MEMORY = """
import resource
import sys
import numpy as np
from ppsci_ext.metric import FeatureStatistics

batch_size, dtype = int(sys.argv[1]), sys.argv[2]
# without temporaries, which would hide as much of the peak
batch = np.random.default_rng(0).standard_normal((batch_size, 2048), dtype=dtype)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
statistics = FeatureStatistics(2048)
while statistics.count < 50000:
    statistics.update(batch)
statistics.mean, statistics.cov
print((peak() - before) / 1e6)
"""


@pytest.mark.heavy
@pytest.mark.parametrize("batch_size, dtype", [(50, "float32"), (5000, "float64")])
def test_peak_memory(batch_size, dtype):
    done = subprocess.run(
        [sys.executable, "-c", PEAK_MEMORY, str(batch_size), dtype],
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout.split()[-1]) < 200  # MB


@pytest.mark.heavy
@pytest.mark.parametrize("num_samples", [1000, 6000])
def test_much_faster_than_sqrtm(num_samples):
    rng = np.random.default_rng(8)
    scales = np.logspace(0, -2, 2048)
    x = statistics_of(rng.normal(size=(num_samples, 2048)) * scales, 1000)
    y = statistics_of(np.abs(rng.normal(size=(num_samples, 2048))) * scales, 1000)
    mu1, cov1, mu2, cov2 = x.mean, x.cov, y.mean, y.cov
    start = time.perf_counter()
    distance = frechet_distance(mu1, cov1, mu2, cov2)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    root = scipy.linalg.sqrtm(cov1 @ cov2)
    seconds_of_sqrtm = time.perf_counter() - start
    assert seconds_of_sqrtm > 5 * seconds
    expected = np.sum((mu1 - mu2) ** 2) + np.trace(cov1 + cov2 - 2 * root.real)
    assert distance == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(mu1, cov1, mu1, cov1) < 1e-6
