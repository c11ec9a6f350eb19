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

"""Layer norm over channels, by Paddle's operators and by one of its own."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from paddle import nn

from ppsci_ext.arch import ChannelNorm
from ppsci_ext.arch import onednn
from ppsci_ext.arch.onednn import build
from ppsci_ext.arch.onednn import input_gradients
from tests.helpers.onednn_env import load_or_skip

SHAPES = st.lists(st.integers(1, 20), min_size=2, max_size=5).filter(
    lambda shape: np.prod(shape) < 20000 and shape[1] > 1
)


@pytest.fixture
def operator():
    load_or_skip()


def layers(channels, seed=0, epsilon=1e-5):
    """The layer by one operator, and in float64 by Paddle's."""
    rng = np.random.default_rng(seed)
    fast, exact = ChannelNorm(channels, epsilon), ChannelNorm(channels, epsilon)
    exact = exact.to(dtype="float64")
    for parameter, twin in zip(fast.parameters(), exact.parameters()):
        value = rng.standard_normal(channels)
        parameter.set_value(value.astype("float32"))
        twin.set_value(value)
    onednn.use_onednn(fast)
    assert type(fast) is onednn.ChannelNorm
    return fast, exact


def leaf(array, dtype):
    return paddle.to_tensor(array, dtype=dtype, stop_gradient=False)


def assert_near(found, expected, tolerance):
    for ours, theirs in zip(found, expected):
        largest = max(1.0, float(theirs.abs().max()))
        error = np.abs(ours.numpy().astype("float64") - theirs.numpy()).max()
        assert error < tolerance * largest


def test_it_is_paddles_layer_norm_of_each_place():
    x = paddle.randn([3, 6, 4, 5])
    norm, plain = ChannelNorm(6, 1e-3), nn.LayerNorm(6, 1e-3)
    for parameter, twin in zip(norm.parameters(), plain.parameters()):
        parameter.set_value(paddle.randn([6]))
        twin.set_value(parameter)
    expected = plain(x.transpose([0, 2, 3, 1])).transpose([0, 3, 1, 2])
    np.testing.assert_allclose(norm(x).numpy(), expected.numpy(), atol=1e-5)


@pytest.mark.usefixtures("operator")
@settings(max_examples=60, deadline=None)
@given(SHAPES, st.integers(0, 99))
def test_operator_to_the_second_order(shape, seed):
    """Value, gradients, and those of a squared gradient, against float64."""
    rng = np.random.default_rng(seed)
    array = 3.0 + 2.0 * rng.standard_normal(shape)
    weights = rng.standard_normal(shape)
    results = []
    for layer, dtype in zip(layers(shape[1], seed, 0.1), ("float32", "float64")):
        x, w = leaf(array, dtype), paddle.to_tensor(weights, dtype)
        y = layer(x)
        score = (y.tanh() * w).sum()
        first = paddle.grad(score, [x, *layer.parameters()], retain_graph=True)
        (slope,) = input_gradients((layer(x).tanh() * w).sum(), [x])
        second = paddle.grad(slope.square().sum(), [x, *layer.parameters()])
        results.append((y, *first, *second))
    assert_near(*results, 2e-4)


def test_gradients_of_gradients_of_the_parameters(operator):
    """Where these are asked for with a graph, Paddle's operators compute them."""
    array = np.random.default_rng(1).standard_normal([3, 5, 7])
    results = []
    for layer, dtype in zip(layers(5), ("float32", "float64")):
        x = leaf(array, dtype)
        score = layer(x).tanh().square().sum()
        first = paddle.grad(score, [x, *layer.parameters()], create_graph=True)
        total = sum((3.0 * each).tanh().sum() for each in first)
        results.append(paddle.grad(total, [x, *layer.parameters()]))
    assert_near(*results, 1e-5)


def test_frozen_parameters_and_inputs_get_none(operator):
    layer, _ = layers(4)
    x = paddle.randn([2, 4, 3])
    layer(x).sum().backward()
    assert x.grad is None and layer.weight.grad is not None
    layer, _ = layers(4)
    layer.weight.stop_gradient = True
    x.stop_gradient = False
    layer(x).square().sum().backward()
    assert layer.weight.grad is None and layer.bias.grad is not None
    assert x.grad is not None


def test_third_derivative_is_refused(operator):
    layer, _ = layers(4)
    x = leaf(np.random.default_rng(2).standard_normal([2, 4, 3]), "float32")
    (first,) = input_gradients(layer(x).tanh().sum(), [x])
    with pytest.raises(OSError, match="no third derivative"):
        input_gradients(first.square().sum(), [x])


def test_what_the_operator_is_not_for(operator, monkeypatch):
    """Other precisions, tensors without elements, and channels that don't fit."""
    layer, exact = layers(4)
    calls = []
    monkeypatch.setattr(build, "run", lambda *arguments: calls.append(arguments))
    assert layer(paddle.zeros([0, 4, 3])).shape == [0, 4, 3]
    onednn.use_onednn(exact)
    assert exact(paddle.randn([2, 4, 3]).astype("float64")).dtype == paddle.float64
    with pytest.raises(ValueError):
        layer(paddle.randn([2, 5, 3]))
    assert not calls


def test_it_repeats_itself(operator):
    layer, _ = layers(24)
    x = leaf(np.random.default_rng(3).standard_normal([33, 24, 17]), "float32")

    def gradients():
        found = paddle.grad(layer(x).tanh().sum(), [x, *layer.parameters()])
        return [gradient.numpy() for gradient in found]

    for first, second in zip(gradients(), gradients()):
        np.testing.assert_array_equal(first, second)
