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

"""PI-GAN's networks: derivatives by the place and by the weights, in double precision."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import paddle
import pytest
from wgan_gp.models.networks import PIGANGenerator
from wgan_gp.models.networks import SensorCritic
from wgan_gp.models.networks.pigan import ProcessNetwork

import ppsci
from ppsci_ext.data.fields.elliptic import even_places
from ppsci_ext.equation import Elliptic

PLACES = {"u": even_places(2), "k": even_places(4), "f": even_places(5)}


@pytest.fixture(autouse=True)
def double_precision():
    paddle.set_default_dtype("float64")
    yield
    paddle.set_default_dtype("float32")


@pytest.fixture
def generator():
    generator = PIGANGenerator(Elliptic(), PLACES, dim=6, latent_dim=3, hidden_layers=3)
    for parameter in generator.parameters():  # no bias is zero
        parameter.set_value(parameter + 0.3 * paddle.randn(parameter.shape))
    return generator


@pytest.mark.parametrize("hidden_layers", [1, 2, 4])
def test_derivatives_by_the_place(hidden_layers):
    network = ProcessNetwork("y", 2, 5, 3, hidden_layers)
    x, z, h = np.linspace(-1, 1, 7), paddle.randn([4, 3]), 1e-4

    def value(x):
        inputs = {"x": paddle.to_tensor(x), "z": z}
        assert np.allclose(network.value(inputs), network(inputs)["y"], atol=1e-14)
        return network.value(inputs).numpy()

    outputs = network({"x": paddle.to_tensor(x), "z": z})
    before, at, after = value(x - h), value(x), value(x + h)
    np.testing.assert_allclose(outputs["y__x"], (after - before) / (2 * h), atol=1e-7)
    second = (after - 2 * at + before) / h**2
    np.testing.assert_allclose(outputs["y__x__x"], second, atol=1e-6)


def test_fewer_derivatives_are_the_same_ones():
    both, first = (ProcessNetwork("y", n, 5, 3, 3) for n in (2, 1))
    first.set_state_dict(both.state_dict())
    inputs = {"x": paddle.to_tensor([0.1, 0.7]), "z": paddle.randn([2, 3])}
    assert list(first(inputs)) == ["y", "y__x"]
    np.testing.assert_array_equal(first(inputs)["y__x"], both(inputs)["y__x"])


def by_automatic_differentiation(generator, z):
    """f at its sensors for each row of noise, by the equation and no derivative given."""
    rows = []
    functions = SimpleNamespace(output_keys=("u", "k"))
    residual = ppsci.lambdify(Elliptic().equations["f"], functions)
    for row in z:
        x = paddle.to_tensor(PLACES["f"][:, np.newaxis])
        x.stop_gradient = False
        inputs = {"x": x.squeeze(-1), "z": row.unsqueeze(0)}
        u, k = (network.value(inputs).T for network in (generator.u, generator.k))
        rows.append(residual({"x": x, "u": u, "k": k}).squeeze(-1))
    return paddle.stack(rows)


def test_the_force_is_that_of_the_equation(generator):
    z = paddle.randn([3, 3])
    for _ in range(2):  # nothing is changed by it
        readings = generator(z)
        assert readings.shape == [3, 11]
        expected = by_automatic_differentiation(generator, z)
        np.testing.assert_allclose(readings[:, 6:], expected, atol=1e-12)
    with paddle.no_grad():  # as in the critic's step
        np.testing.assert_allclose(generator(z), readings, atol=1e-14)


def test_gradients_by_the_weights(generator):
    z, weights = paddle.randn([2, 3]), paddle.randn([2, 11])

    def loss():
        return (generator(z) * weights).sum()

    loss().backward()
    automatic = (by_automatic_differentiation(generator, z) * weights[:, 6:]).sum()
    by_others = paddle.grad(automatic, generator.u.parameters(), allow_unused=True)
    forces = (generator(z) * weights)[:, 6:].sum()
    ours = paddle.grad(forces, generator.u.parameters(), allow_unused=True)
    for first, second in zip(
        ours[:-1], by_others[:-1]
    ):  # no derivative by the last bias
        np.testing.assert_allclose(first, second, atol=1e-9)
    rng, step = np.random.default_rng(0), 1e-6
    for parameter in generator.parameters():
        place = tuple(rng.integers(n) for n in parameter.shape)
        gradient = float(parameter.grad[place])
        original = parameter.numpy().copy()
        values = []
        for sign in (1, -1):
            moved = original.copy()
            moved[place] += sign * step
            parameter.set_value(moved)
            values.append(float(loss()))
        parameter.set_value(original)
        slope = (values[0] - values[1]) / (2 * step)
        assert gradient == pytest.approx(slope, abs=1e-6, rel=1e-5)


def test_other_places_are_of_the_same_processes(generator):
    elsewhere = {"u": even_places(5)[1:], "k": even_places(4), "f": even_places(3)}
    other, z = generator.at(elsewhere), paddle.randn([2, 3])
    readings, others = generator(z).numpy(), other(z).numpy()
    assert others.shape == (2, 11)
    np.testing.assert_allclose(others[:, 3], readings[:, 1])  # u at 1
    np.testing.assert_allclose(others[:, 4:8], readings[:, 2:6])  # k
    np.testing.assert_allclose(others[:, 8:], readings[:, [6, 8, 10]])  # f
    assert generator(z).shape == [2, 11]
    assert list(other.state_dict()) == list(generator.state_dict())
    assert all(a is b for a, b in zip(other.parameters(), generator.parameters()))


def test_the_critic_scores_each_snapshot_by_itself():
    critic, x = SensorCritic(11, 8, 2), paddle.randn([5, 11])
    assert critic(x).shape == [5]
    np.testing.assert_allclose(critic(x[2:3]), critic(x)[2:3], atol=1e-14)
