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

"""Every generator against its closed forms, and the closed forms against others' numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
from scipy.special import ndtr
from scipy.stats import multivariate_normal

from ppsci_ext.data.fields import FIELD_NAMES
from ppsci_ext.data.fields import random_field
from ppsci_ext.data.fields.orthant import block_probability
from ppsci_ext.data.fields.orthant import pair_probability
from ppsci_ext.data.fields.spectrum import kolmogorov
from ppsci_ext.data.fields.spectrum import wave_numbers
from ppsci_ext.utils.errors import UserError

SHAPES = [(64,), (24, 24), (20, 14), (12, 12, 12)]
CASES = [
    *itertools.product(FIELD_NAMES, SHAPES, [True]),
    ("gaussian", (24, 24), False),
    ("porous", (12, 12, 12), False),
]
MAPS = 600


def rng(seed=0):
    return np.random.default_rng(seed)


def z_scores(estimates, truth):
    """Of the mean of rows, one an independent map, by their own spread."""
    error = estimates.std(axis=0, ddof=1) / np.sqrt(len(estimates))
    return (estimates.mean(axis=0) - truth) / error


def moved(maps, lag):
    return np.roll(maps, [-step for step in lag], axis=tuple(range(1, maps.ndim)))


def row_means(maps):
    return maps.reshape(len(maps), -1).mean(axis=1, dtype=np.float64)


@pytest.fixture(scope="module", params=CASES, ids=str)
def drawn(request):
    name, shape, zero_mean = request.param
    spectrum = {} if zero_mean else {"zero_mean": False}
    field = random_field(name, shape, length=2.0, variance=0.6, **spectrum)
    return field, field.sample(MAPS, rng(3))[:, 0]


def check(estimates, truth, most=4.5, alone=False):
    z = np.ravel(z_scores(estimates, truth))
    assert np.abs(z).max() < most
    if alone:  # uncorrelated
        assert 0.6 < np.sqrt(np.mean(z**2)) < 1.5  # neither biased nor too good


def test_mean_and_variance(drawn):
    field, maps = drawn
    assert maps.dtype == np.float32 and maps.shape == (MAPS, *field.shape)
    if not (field.zero_mean and field.name in ("gaussian", "turbulence")):
        check(row_means(maps)[:, None], field.mean)
    else:
        np.testing.assert_allclose(row_means(maps), 0, atol=1e-6)
    check(row_means((maps - field.mean) ** 2)[:, None], field.variance)


def test_spectrum(drawn):
    field, maps = drawn
    axes = tuple(range(1, maps.ndim))
    power = np.abs(np.fft.fftn(maps - field.mean, axes=axes)) ** 2 / field.num_pixels
    truth = field.power_spectrum()
    known = truth > 1e-9 * truth.max()
    check(
        power[:, known],
        truth[known],
        most=6,
        alone=field.name in ("gaussian", "turbulence"),
    )
    assert (truth >= -1e-12 * truth.max()).all()
    np.testing.assert_allclose(truth.mean(), field.variance)


def test_covariance_and_two_point(drawn):
    field, maps = drawn
    dimension = len(field.shape)
    lags = [
        np.eye(dimension, dtype=int)[a] * r for a in range(dimension) for r in (1, 3)
    ]
    lags += [np.ones(dimension, int), np.arange(dimension) - 2]
    centred = maps - field.mean
    products = [row_means(centred * moved(centred, lag)) for lag in lags]
    check(np.stack(products, axis=1), field.covariance(np.array(lags)))
    threshold = field.mean + 0.3 * np.sqrt(field.variance)
    above = (maps > threshold).astype(np.float32)
    pairs = [row_means(above * moved(above, lag)) for lag in lags]
    check(np.stack(pairs, axis=1), field.two_point(threshold, np.array(lags)))


def test_distribution(drawn):
    field, maps = drawn
    deviation = np.sqrt(field.variance)
    values = field.mean + deviation * np.linspace(-1.5, 2.5, 9)
    below = np.stack([row_means(maps <= value) for value in values], axis=1)
    truth = field.cdf(values)
    certain = np.isin(truth, (0, 1))
    np.testing.assert_array_equal(below[:, certain], np.tile(truth[certain], (MAPS, 1)))
    check(below[:, ~certain], truth[~certain])
    if not field.binary:
        np.testing.assert_allclose(
            field.cdf(field.quantile(truth[~certain])), truth[~certain]
        )


def test_blocks(drawn):
    field, maps = drawn
    axes = range(len(field.shape))
    threshold = field.mean + 0.2 * np.sqrt(field.variance)
    estimates, truths = [], []
    for chosen in itertools.chain.from_iterable(
        itertools.combinations(axes, count) for count in range(len(axes) + 1)
    ):
        block = maps > threshold
        for axis in chosen:
            block = block & np.roll(block, -1, axis + 1)
        estimates.append(row_means(block))
        truths.append(field.block_probability([threshold], chosen)[0])
    check(np.stack(estimates, axis=1), np.array(truths))


def test_porosity_between_maps(drawn):
    field, maps = drawn
    if field.binary:
        truth = field.covariance_map.mean()
        ratio = row_means(maps).var(ddof=1) / truth
        assert abs(ratio - 1) < 4.5 * np.sqrt(2 / MAPS)


def test_matern_in_the_continuum():
    """For nu = 1.5 it is (1 + r / l) exp(-r / l) where l lies between pixel and map."""
    field = random_field("gaussian", (256, 256), length=8.0, zero_mean=False)
    r = np.arange(0, 40)
    lags = np.stack([r, 0 * r], axis=1)
    expected = (1 + r / 8) * np.exp(-r / 8)
    np.testing.assert_allclose(field.covariance(lags), expected, atol=4e-3)


@pytest.mark.parametrize(
    "shape, slope", [((64,), 5 / 3), ((32, 32), 8 / 3), ((16,) * 3, 11 / 3)]
)
def test_kolmogorov_slope(shape, slope):
    field = random_field("turbulence", shape)
    k, power = wave_numbers(shape).ravel()[1:], field.power_spectrum().ravel()[1:]
    np.testing.assert_allclose(np.polyfit(np.log(k), np.log(power), 1)[0], -slope)
    flat = kolmogorov(len(shape), length=1e3).density(k, len(shape))
    np.testing.assert_allclose(flat / flat[0], power / power[0], rtol=1e-3)


def test_samples_depend_on_the_generator_alone():
    field = random_field("lognormal", (16, 16), length=2.0)
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    first = field.sample(5, rng(1))
    np.testing.assert_array_equal(first, field.sample(5, rng(1)))
    assert not np.array_equal(first, field.sample(5, rng(2)))
    np.testing.assert_array_equal(before, np.random.get_state()[1])


@settings(deadline=None, max_examples=40)
@given(strategies.floats(-0.999, 0.9999), strategies.floats(-3, 3))
def test_pairs(rho, nu):
    ours = pair_probability(np.array([rho]), np.array(nu))[0]
    scipy = multivariate_normal.cdf([-nu, -nu], cov=[[1, rho], [rho, 1]])
    assert ours == pytest.approx(scipy, abs=2e-8)


def test_pairs_at_the_ends():
    rho = np.array([-1.0, 0.0, 1.0])
    phi = ndtr(-0.7)
    np.testing.assert_allclose(
        pair_probability(rho, 0.7), [0, phi**2, phi], atol=1e-9
    )
    np.testing.assert_allclose(pair_probability(rho, 0.0), [0, 0.25, 0.5], atol=1e-12)
    np.testing.assert_allclose(pair_probability(rho[1:], -np.inf), 1)
    assert pair_probability(np.zeros(70000), 1.0).shape == (70000,)


@pytest.mark.parametrize("dimension, error", [(2, 2e-5), (3, 6e-5)])  # mostly SciPy's
@pytest.mark.parametrize("length", [0.7, 3.0])
def test_blocks_against_scipy(dimension, error, length):
    field = random_field("gaussian", (16,) * dimension, length=length)
    corners = np.array(list(itertools.product((0, 1), repeat=dimension)))
    rho = field.covariance(corners[:, None] - corners)
    levels = np.array([-1.0, 0.0, 1.2])
    scipy = [
        multivariate_normal.cdf(
            np.full(len(rho), -nu), cov=rho, abseps=1e-7, releps=1e-7, maxpts=400000
        )
        for nu in levels
    ]
    ours = field.block_probability(levels, range(dimension))
    np.testing.assert_allclose(ours, scipy, atol=error)


def test_blocks_of_independent_pixels():
    levels = np.array([-0.5, 0.0, 1.0])
    for count in (1, 2, 4, 8):
        expected = ndtr(-levels) ** count
        np.testing.assert_allclose(
            block_probability(np.eye(count), levels), expected, atol=4e-5
        )


@pytest.mark.parametrize(
    "name, options, words",
    [
        ("gausian", {}, "did you mean 'gaussian'"),
        ("gaussian", {"shape": (3, 16)}, "at least 4"),
        ("gaussian", {"shape": (8,) * 4}, "1 to 3 axes"),
        ("gaussian", {"length": 0.0}, "length is 0"),
        ("gaussian", {"length": float("nan")}, "length is nan"),
        ("gaussian", {"length": None}, "needs a correlation length"),
        ("gaussian", {"smoothness": -1}, "smoothness is -1"),
        ("gaussian", {"variance": 0}, "variance is 0"),
        ("gaussian", {"spectrum": "powerlaw"}, "did you mean 'power_law'"),
        ("porous", {"porosity": 1.0}, "porosity is 1"),
        ("turbulence", {"length": None, "zero_mean": False}, "no finite mean power"),
    ],
)
def test_bad_values(name, options, words):
    with pytest.raises(UserError, match=words):
        random_field(name, **{"shape": (16, 16), "length": 2.0, **options})
