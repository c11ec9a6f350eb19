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

"""Layers with a second derivative, and what is said of a critic without."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from paddle import nn

from ppsci_ext.arch import check_critic
from ppsci_ext.arch import twice_differentiable

LAYERS = {
    "LayerNorm": lambda: nn.LayerNorm(6),
    "GroupNorm": lambda: nn.GroupNorm(2, 6),
    "GELU": nn.GELU,
}


@pytest.fixture(autouse=True)
def float64():
    paddle.set_default_dtype("float64")
    paddle.seed(3)
    yield
    paddle.set_default_dtype("float32")


def critic(layer: nn.Layer) -> nn.Layer:
    return nn.Sequential(nn.Linear(4, 6), layer, nn.Linear(6, 1))


def penalty(network: nn.Layer, x: np.ndarray) -> paddle.Tensor:
    points = paddle.to_tensor(x, stop_gradient=False)
    (slope,) = paddle.grad(network(points).sum(), [points], create_graph=True)
    return slope.square().sum()


@pytest.mark.parametrize("name", LAYERS)
def test_the_penalty_has_the_derivative_of_central_differences(name):
    network = twice_differentiable(critic(LAYERS[name]()))
    x = np.random.default_rng(0).standard_normal((3, 4))
    weight = network[0].weight
    penalty(network, x).backward()
    found = weight.grad.numpy().copy()
    expected, step, start = np.zeros_like(found), 1e-5, weight.numpy().copy()
    for place in np.ndindex(*start.shape):
        values = []
        for sign in (1, -1):
            moved = start.copy()
            moved[place] += sign * step
            weight.set_value(moved)
            values.append(float(penalty(network, x)))
        expected[place] = (values[0] - values[1]) / (2 * step)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", LAYERS)
def test_the_check_names_the_layer_that_has_none(name):
    x = paddle.randn([3, 4])
    with pytest.raises(ValueError, match=f"'1'.*{name}"):
        check_critic(critic(LAYERS[name]()), x).require()
    check_critic(twice_differentiable(critic(LAYERS[name]())), x).require()


@pytest.mark.parametrize("name", LAYERS)
def test_replacing_a_layer_leaves_its_values(name):
    network = critic(LAYERS[name]())
    x = paddle.randn([3, 4])
    before = network(x).numpy()
    after = twice_differentiable(network)(x).numpy()
    np.testing.assert_allclose(after, before, atol=1e-12)


def test_batch_norm_is_reported_as_mixing_samples():
    network = critic(nn.BatchNorm1D(6))
    report = check_critic(twice_differentiable(network), paddle.randn([3, 4]))
    assert report.mixes_samples


if __name__ == "__main__":
    pytest.main()
