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

"""The stochastic elliptic problem: its solution by another method, its moments by sampling."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_banded

from ppsci_ext.data import BatchStream
from ppsci_ext.data.fields import EllipticProblem
from ppsci_ext.data.fields import EllipticSnapshots
from ppsci_ext.data.fields.elliptic import PROCESSES
from ppsci_ext.data.fields.elliptic import even_places
from ppsci_ext.utils import UserError


def by_finite_differences(k, f, h):
    """u at the inner points, for k at the points between and f at the inner ones."""
    left, right = k[:-1], k[1:]
    matrix = np.zeros((3, len(f)))
    matrix[0, 1:] = -right[:-1]
    matrix[1] = left + right
    matrix[2, :-1] = -left[1:]
    return solve_banded((1, 1), 0.1 * matrix / h**2, f)


def test_solutions_are_those_of_finite_differences():
    cells = 4000
    points = np.linspace(-1, 1, cells + 1)
    between = (points[1:] + points[:-1]) / 2
    places = {"u": points, "k": between, "f": points}
    paths = EllipticProblem().sample(20, np.random.default_rng(3), places)
    for u, k, f in zip(*(paths[name] for name in PROCESSES)):
        expected = by_finite_differences(k, f[1:-1], 2 / cells)
        assert np.abs(u[1:-1] - expected).max() < 1e-5 * np.abs(u).max()
        assert abs(u[0]) < 1e-9 > abs(u[-1])


@pytest.mark.parametrize(
    "k, f, u",
    [
        (lambda x: 1 + 0 * x, lambda x: 0.5 + 0 * x, lambda x: 2.5 * (1 - x**2)),
        # u = sin(pi x) and k = 2 + x: f = -(k u')' / 10
        (
            lambda x: 2 + x,
            lambda x: 0.1
            * np.pi
            * ((2 + x) * np.pi * np.sin(np.pi * x) - np.cos(np.pi * x)),
            lambda x: np.sin(np.pi * x),
        ),
    ],
)
def test_solutions_in_closed_form(k, f, u):
    problem = EllipticProblem()
    x = problem.nodes
    solved = problem.solve(k(x)[np.newaxis], f(x)[np.newaxis])
    np.testing.assert_allclose(solved[0], u(x), atol=1e-10)


def test_moments_are_those_of_many_paths():
    problem, x = EllipticProblem(), np.linspace(-0.9, 0.9, 7)
    truth = problem.moments(x)
    count = 40000
    rng = np.random.default_rng(1)
    paths = problem.sample(count, rng, dict.fromkeys(PROCESSES, x))
    for name in PROCESSES:
        values, known = paths[name], truth[name]
        z = (values.mean(axis=0) - known.mean) / (known.sd / np.sqrt(count))
        assert np.abs(z).max() < 4.5
        products = (values - known.mean)[:, :, np.newaxis] * (values - known.mean)[
            :, np.newaxis
        ]
        error = products.std(axis=0) / np.sqrt(count)
        z = (products.mean(axis=0) - known.covariance) / error
        assert np.abs(z).max() < 4.5
    # known from finite differences and 10^5 paths
    middle = problem.moments(np.zeros(1))["u"]
    assert middle.mean[0] == pytest.approx(2.356, abs=0.004)
    assert middle.sd[0] == pytest.approx(0.808, abs=0.004)


def test_moments_of_the_coefficient_are_closed_forms():
    x = np.array([-1.0, 0.0, 0.5])
    k = EllipticProblem().moments(x)["k"]
    mean = np.exp(np.sin(1.5 * np.pi * (x + 1)) / 5 + 0.08)
    np.testing.assert_allclose(k.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(k.sd, mean * np.sqrt(np.expm1(0.16)), rtol=1e-12)
    assert k.covariance[0, 1] == pytest.approx(
        mean[0] * mean[1] * np.expm1(0.16 / np.e), rel=1e-12
    )


def test_snapshots_are_one_row_of_the_same_paths():
    sensors = {"u": even_places(2), "k": even_places(3), "f": even_places(5)}
    problem = EllipticProblem()
    source = EllipticSnapshots(problem, sensors)
    rows = source.sample(6, np.random.default_rng(4))
    paths = problem.sample(6, np.random.default_rng(4), sensors)
    assert rows.shape == (6, 10) and rows.dtype == np.float32
    np.testing.assert_array_equal(rows[:, 2:5], paths["k"].astype(np.float32))
    np.testing.assert_array_equal(rows[:, 5:], paths["f"].astype(np.float32))
    np.testing.assert_allclose(rows[:, :2], 0, atol=1e-9)
    assert not np.array_equal(rows, source.sample(6, np.random.default_rng(5)))
    batch, condition = next(BatchStream(source, 4, seed=0))
    assert list(batch.shape) == [4, 10] and condition is None


@pytest.mark.parametrize("places", [[-1.1, 0.0], [[0.0]], [np.nan]])
def test_places_outside_the_domain_are_refused(places):
    with pytest.raises(UserError, match="-1 to 1"):
        EllipticProblem().moments(np.array(places))
