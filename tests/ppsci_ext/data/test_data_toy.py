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

from __future__ import annotations

import numpy as np
import pytest

from ppsci_ext.data import TOY_NAMES
from ppsci_ext.data import ToyDistribution
from ppsci_ext.data import toy_distribution
from ppsci_ext.data import toy_training_source
from ppsci_ext.utils.errors import UserError


def rng(seed=0):
    return np.random.default_rng(seed)


def modes_of(points, distribution):
    """Nearest mode of every point, and the offsets from it."""
    offsets = points[:, None] - distribution.centers
    nearest = np.linalg.norm(offsets, axis=2).argmin(axis=1)
    return nearest, offsets[np.arange(len(points)), nearest]


@pytest.mark.parametrize("name", TOY_NAMES)
def test_samples(name):
    distribution = toy_distribution(name)
    points = distribution.sample(1000, rng())
    assert isinstance(distribution, ToyDistribution)
    assert distribution.name == name
    assert (points.shape, points.dtype) == ((1000, 2), np.float32)
    np.testing.assert_array_equal(points, distribution.sample(1000, rng()))
    assert not np.array_equal(points, distribution.sample(1000, rng(1)))
    generator = rng()
    first = distribution.sample(1000, generator)
    assert not np.array_equal(first, distribution.sample(1000, generator))


@pytest.mark.parametrize("name", TOY_NAMES)
def test_global_generator_is_left_alone(name):
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    toy_distribution(name).sample(10, rng())
    np.testing.assert_array_equal(before, np.random.get_state()[1])


@pytest.mark.parametrize(
    "name, std", [("8gaussians", 0.02 / 1.414), ("25gaussians", 0.05 / 2.828)]
)
def test_modes_are_equally_likely_round_gaussians(name, std):
    distribution = toy_distribution(name)
    assert distribution.std == pytest.approx(std, rel=1e-12)
    modes, offsets = modes_of(distribution.sample(40000, rng()), distribution)
    count = len(distribution.centers)
    expected = 40000 / count
    # 5 standard deviations of a binomial count
    assert (
        abs(np.bincount(modes, minlength=count) - expected).max() < 5 * expected**0.5
    )
    np.testing.assert_allclose(offsets.std(axis=0), std, rtol=0.02)
    np.testing.assert_allclose(offsets.mean(axis=0), 0, atol=5 * std / 200)
    assert abs(np.corrcoef(offsets.T)[0, 1]) < 5 / 200


def test_centers_of_8gaussians():
    centers = toy_distribution("8gaussians").centers
    np.testing.assert_allclose(np.linalg.norm(centers, axis=1), 2 / 1.414, rtol=1e-12)
    angles = np.arctan2(centers[:, 1], centers[:, 0]) % (2 * np.pi)
    np.testing.assert_allclose(angles, np.arange(8) * np.pi / 4, atol=1e-9)


def test_centers_of_25gaussians():
    centers = toy_distribution("25gaussians").centers
    side = np.array([-4, -2, 0, 2, 4]) / 2.828
    expected = {(round(x, 9), round(y, 9)) for x in side for y in side}
    assert {(round(x, 9), round(y, 9)) for x, y in centers} == expected


def test_swissroll_is_a_spiral():
    distribution = toy_distribution("swissroll")
    assert distribution.centers is None and distribution.std is None
    x, y = (distribution.sample(20000, rng()) * 7.5).T
    # scikit-learn's roll is t (cos t, sin t), t in [1.5 pi, 4.5 pi]
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    turns = (radius - angle) / (2 * np.pi)
    residual = (turns - np.round(turns)) * 2 * np.pi
    assert residual.std() == pytest.approx(0.25, rel=0.1)
    assert 1.5 * np.pi - 1.5 < radius.min() and radius.max() < 4.5 * np.pi + 1.5


def test_training_points_of_25gaussians_are_fixed_and_balanced():
    points = toy_training_source("25gaussians", seed=3)
    assert (points.shape, points.dtype) == ((100000, 2), np.float32)
    distribution = toy_distribution("25gaussians")
    modes, _ = modes_of(points, distribution)
    assert np.bincount(modes).tolist() == [4000] * 25
    assert len(set(modes[:256])) > 20  # in random order
    np.testing.assert_array_equal(points, toy_training_source("25gaussians", seed=3))
    assert not np.array_equal(points, toy_training_source("25gaussians", seed=4))


@pytest.mark.parametrize("name", ["8gaussians", "swissroll"])
def test_other_training_sources_are_endless(name):
    assert toy_training_source(name, seed=0).name == name


def test_unknown_name():
    with pytest.raises(UserError, match="did you mean '8gaussians'.*swissroll"):
        toy_distribution("8gausians")
