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

"""Statistics of fields against plain loops, other libraries and the continuum's formulas."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.special import erfc

from ppsci_ext.data.fields import FIELD_NAMES
from ppsci_ext.data.fields import random_field
from ppsci_ext.metric.fields import exact_summary
from ppsci_ext.metric.fields import make_grid
from ppsci_ext.metric.fields import measure
from ppsci_ext.metric.fields import minkowski
from ppsci_ext.metric.fields import summarise
from ppsci_ext.metric.fields.measures import below_fractions
from ppsci_ext.metric.fields.measures import corner_power
from ppsci_ext.metric.fields.measures import distances
from ppsci_ext.metric.fields.measures import pair_products
from ppsci_ext.metric.fields.measures import parity_moments
from ppsci_ext.metric.fields.measures import power_spectrum
from ppsci_ext.metric.fields.minkowski import functionals


def rng(seed=0):
    return np.random.default_rng(seed)


def noise(*shape):
    return rng().standard_normal(shape, dtype=np.float32)


HALF = np.float32([0.5])


@pytest.mark.parametrize("shape", [(17,), (12, 9), (8, 10), (6, 5, 8), (6, 6, 7)])
def test_shells_hold_every_mode_once(shape):
    """Shells, weighted by their number of modes, hold all the variance."""
    fields = noise(3, *shape)
    grid = make_grid(fields)
    power = power_spectrum(fields, grid)
    modes = np.abs(np.fft.fftn(fields[0] - np.float32(grid.mean))) ** 2 / fields[0].size
    k = np.sqrt(
        sum(
            np.square(2 * np.pi * axis)
            for axis in np.meshgrid(*map(np.fft.fftfreq, shape), indexing="ij")
        )
    )
    # a shell's modes are those nearest to its mean wave number among the shells' ranges
    edges = [0.5]
    while edges[-1] <= (k * max(shape) / (2 * np.pi)).max():
        edges.append(max(edges[-1] + 1, 1.4 * edges[-1]))
    shell = np.digitize(k * max(shape) / (2 * np.pi), edges)
    expected = [
        modes[shell == i].mean() for i in range(1, len(edges)) if (shell == i).any()
    ]
    np.testing.assert_allclose(power[0], expected, rtol=1e-4)
    assert np.all(np.diff(grid.wave) > 0)


@pytest.mark.parametrize("wave", [1, 3, 7])
def test_a_wave_is_found_where_it_is(wave):
    x = np.arange(32)
    field = np.cos(2 * np.pi * wave * x / 32)[:, None] * np.ones(32)
    fields = np.stack([field, -field]).astype(np.float32)
    grid = make_grid(fields)
    power = power_spectrum(fields, grid)[0]
    found = grid.wave[power.argmax()] * 32 / (2 * np.pi)
    assert abs(found / wave - 1) < 0.25 and power.max() > 0.99 * power.sum()


@pytest.mark.parametrize("shape", [(16,), (12, 9), (6, 8, 7)])
@pytest.mark.parametrize("periodic", [True, False])
def test_pairs_by_plain_loops(shape, periodic):
    fields, lags = noise(2, *shape), [0, 1, 3]
    expected = np.zeros((2, 3))
    for row, column in itertools.product(range(2), range(3)):
        means = []
        for axis, lag in itertools.product(
            range(len(shape)), lags[column : column + 1]
        ):
            products = []
            for place in np.ndindex(*shape):
                other = list(place)
                other[axis] += lag
                if other[axis] >= shape[axis]:
                    if not periodic:
                        continue
                    other[axis] -= shape[axis]
                products.append(float(fields[(row, *place)]) * fields[(row, *other)])
            means.append(np.mean(products))
        expected[row, column] = np.mean(means)
    np.testing.assert_allclose(
        pair_products(fields, lags, periodic), expected, rtol=1e-4, atol=1e-5
    )


def test_two_point_of_a_checkerboard():
    board = (np.indices((8, 8)).sum(axis=0) % 2).astype(np.float32)[None]
    np.testing.assert_allclose(
        pair_products(board, [0, 1, 2, 3], True)[0], [0.5, 0, 0.5, 0], atol=1e-6
    )


@pytest.mark.parametrize(
    "dimension, shape", [(1, (30,)), (2, (13, 17)), (3, (9, 8, 10))]
)
def test_minkowski_of_known_bodies(dimension, shape):
    """A solid box, a box with a hole, and one that goes round the torus."""
    box = np.zeros(shape, np.float32)
    sides = (4, 3, 5)[:dimension]
    box[tuple(slice(2, 2 + side) for side in sides)] = 1
    found = {k: v[0, 0] * box.size for k, v in minkowski(box[None], HALF).items()}
    faces = sum(2 * math.prod(sides) / side for side in sides)
    factor = {1: 1, 2: math.pi / 4, 3: 2 / 3}[dimension]
    assert found["volume_fraction"] == pytest.approx(math.prod(sides))
    assert found["specific_surface"] == pytest.approx(factor * faces)
    assert found["euler"] == pytest.approx(1)
    if dimension == 3:  # sections of the box are squares, one for each slice
        assert found["mean_breadth"] == pytest.approx(sum(sides) / 3)
    box[tuple(slice(3, 4) for _ in sides)] = 0
    holed = minkowski(box[None], HALF)["euler"][0, 0] * box.size
    # a hole cuts an interval in two, makes a ring, or a shell
    assert holed == pytest.approx({1: 2, 2: 0, 3: 2}[dimension])
    loop = np.zeros(shape, np.float32)
    loop[(slice(None), *[3] * (dimension - 1))] = 1
    assert minkowski(loop[None], HALF)["euler"][0, 0] == pytest.approx(0)


@pytest.mark.parametrize("shape", [(30, 25), (12, 14, 10)])
@pytest.mark.parametrize("fraction", [0.2, 0.5, 0.8])
def test_euler_and_perimeter_of_scikit_image(shape, fraction):
    measure_ = pytest.importorskip(
        "skimage.measure", reason="scikit-image is not there"
    )
    body = np.pad(rng(1).random(shape) < fraction, 1)
    found = minkowski(body[None].astype(np.float32), HALF)
    euler = measure_.euler_number(body, connectivity=1)
    assert found["euler"][0, 0] * body.size == pytest.approx(euler)
    if body.ndim == 2:
        perimeter = measure_.perimeter_crofton(body, directions=2)
        surface = found["specific_surface"][0, 0] * body.size
        assert surface == pytest.approx(perimeter)


def test_surface_of_a_ball():
    measure_ = pytest.importorskip(
        "skimage.measure", reason="scikit-image is not there"
    )
    x = np.indices((40, 40, 40)) - 19.5
    ball = (np.square(x).sum(axis=0) < 15**2).astype(np.float32)
    area = minkowski(ball[None], HALF)["specific_surface"][0, 0] * ball.size
    assert area == pytest.approx(4 * np.pi * 15**2, rel=0.02)
    vertices, faces, _, _ = measure_.marching_cubes(ball, 0.5)
    mesh = measure_.mesh_surface_area(vertices, faces)
    assert area == pytest.approx(mesh, rel=0.1)


def test_open_borders_make_no_surface():
    half = np.zeros((1, 10, 20), np.float32)
    half[:, :, 10:] = 1
    inside = minkowski(half, HALF, periodic=False)["specific_surface"][0, 0]
    around = minkowski(half, HALF, periodic=True)["specific_surface"][0, 0]
    assert inside == pytest.approx(np.pi / 4 * 1 / 19)
    assert around == pytest.approx(np.pi / 4 * 2 / 20)


@pytest.mark.parametrize("dimension, size, length", [(2, 128, 10.0), (3, 64, 6.0)])
def test_smooth_fields_agree_with_the_continuum(dimension, size, length):
    """Lattice-exact expectations against Tomita's formulas, for a field smooth by pixels.

    v_j = (l^j / sqrt(2 pi)) w_d / (w_(d-j) w_j) H_(j-1)(nu) exp(-nu^2 / 2) with
    l^2 = sigma_1^2 / (2 pi d) and w_j the volume of the unit ball (Schmalzing and Buchert
    1997, Astrophys. J. 482, L1); Euler's is v_d, the surface 2 d v_1.
    """
    field = random_field("gaussian", (size,) * dimension, length=length, smoothness=6.0)
    nu = np.array([-1.5, -0.5, 0.5, 1.8])
    blocks = {
        axes: field.block_probability(nu, axes)
        for count in range(dimension + 1)
        for axes in itertools.combinations(range(dimension), count)
    }
    found = functionals(blocks, dimension)
    k2 = sum(
        np.square(2 * np.pi * axis)
        for axis in np.meshgrid(*[np.fft.fftfreq(size)] * dimension, indexing="ij")
    )
    scale = np.sqrt((field.gaussian_spectrum * k2).mean() / (2 * np.pi * dimension))
    ball = [np.pi ** (j / 2) / math.gamma(j / 2 + 1) for j in range(4)]
    hermite = [1, nu, nu**2 - 1]

    def v(j):
        factor = ball[dimension] / (ball[dimension - j] * ball[j])
        shape = hermite[j - 1] * np.exp(-(nu**2) / 2)
        return scale**j / np.sqrt(2 * np.pi) * factor * shape

    np.testing.assert_allclose(found["volume_fraction"], erfc(nu / np.sqrt(2)) / 2)
    np.testing.assert_allclose(
        found["specific_surface"], 2 * dimension * v(1), rtol=0.02
    )
    euler = v(dimension)
    np.testing.assert_allclose(
        found["euler"], euler, rtol=0.06, atol=0.06 * np.abs(euler).max()
    )


def test_distribution_counts():
    fields = rng().integers(0, 5, (3, 6, 7)).astype(np.float32)
    edges = np.float32([-1, 0, 2, 3.5, 9])
    expected = [[(field <= edge).mean() for edge in edges] for field in fields]
    np.testing.assert_allclose(below_fractions(fields, edges), expected)


def test_parities():
    fields = noise(2, 6, 8)
    means, squares = parity_moments(fields)
    for index, (i, j) in enumerate(itertools.product((0, 1), repeat=2)):
        part = fields[:, i::2, j::2]
        np.testing.assert_allclose(means[:, index], part.mean(axis=(1, 2)), atol=1e-6)
        np.testing.assert_allclose(
            squares[:, index], (part**2).mean(axis=(1, 2)), rtol=1e-5
        )


@pytest.mark.parametrize("shape", [(8,), (6, 8), (4, 6, 8)])
def test_corners_are_the_alternating_patterns(shape):
    places = np.indices(shape)
    for index, axes in enumerate(
        a
        for count in range(1, len(shape) + 1)
        for a in itertools.combinations(range(len(shape)), count)
    ):
        pattern = (-1.0) ** places[list(axes)].sum(axis=0)
        power = corner_power(pattern[None].astype(np.float32))[0]
        expected = np.zeros(2 ** len(shape) - 1)
        expected[index] = pattern.size**2
        np.testing.assert_allclose(power[0], expected, atol=1e-6)
        np.testing.assert_allclose(power[1], 0, atol=1e-6)


def test_distances():
    a, b = noise(4, 5, 5), noise(3, 5, 5) + 1
    expected = [[np.sqrt(np.mean((x - y) ** 2)) for y in b] for x in a]
    np.testing.assert_allclose(distances(a, b), expected, rtol=1e-5)


@pytest.mark.parametrize("name", FIELD_NAMES)
@pytest.mark.parametrize("shape", [(16, 12), (8, 8, 8), (32,)])
def test_summary_of_samples_is_the_exact_one(name, shape):
    """Means over 40 sets, in units of their own spread; ratios are biased by 1 / maps."""
    field = random_field(name, shape, length=1.5, variance=0.4)
    grid = make_grid(field)
    exact = exact_summary(field, grid)
    generator = rng(4)
    sets = [
        summarise(measure(field.sample(150, generator)[:, 0], grid), grid)
        for _ in range(40)
    ]
    for key, truth in exact.items():
        values = np.array([one[key] for one in sets])
        assert values.shape[1:] == truth.shape
        error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
        error = np.maximum(error, 1e-6 * max(1.0, field.variance))
        assert np.abs((values.mean(axis=0) - truth) / error).max() < 7, key
