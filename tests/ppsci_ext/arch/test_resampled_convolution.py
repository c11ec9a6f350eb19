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

"""Convolutions taken together with pooling and upsampling, against the two one after the other."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from paddle import nn
from paddle.nn import functional as F

from ppsci_ext.arch import onednn
from ppsci_ext.arch.onednn import input_gradients
from ppsci_ext.arch.resampled_convolution import ConvMeanPool2D
from ppsci_ext.arch.resampled_convolution import UpsampleConv2D
from tests.helpers.onednn_env import onednn_or_skip


def conv_then_mean(layer, x):
    padding = layer.weight.shape[2] // 2
    return F.avg_pool2d(F.conv2d(x, layer.weight, layer.bias, padding=padding), 2)


def doubled_then_conv(layer, x):
    doubled = x.unsqueeze(3).unsqueeze(5).tile([1, 1, 1, 2, 1, 2])
    doubled = doubled.reshape([*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3]])
    return F.conv2d(
        doubled, layer.weight, layer.bias, padding=layer.weight.shape[2] // 2
    )


PLAIN = {ConvMeanPool2D: conv_then_mean, UpsampleConv2D: doubled_then_conv}
LAYERS = st.fixed_dictionaries(
    {
        "in_channels": st.integers(1, 3),
        "out_channels": st.integers(1, 3),
        "kernel_size": st.sampled_from([1, 3, 5]),
        "bias_attr": st.sampled_from([None, False]),
    }
)
SIDE = st.integers(2, 7)
TOLERANCES = {"float64": 1e-12, "float32": 2e-5, "onednn": 2e-5}


def build(kind, options, size, path):
    """A layer with random weights, and an image for it."""
    rng = np.random.default_rng(7)
    dtype = "float64" if path == "float64" else "float32"
    layer = kind(**options)
    if path == "onednn":
        onednn_or_skip()
        onednn.use_onednn(layer)
    layer.to(dtype=dtype)
    for parameter in layer.parameters():
        parameter.set_value(rng.standard_normal(parameter.shape).astype(dtype))
    shape = [2, options["in_channels"], *size]
    return layer, paddle.to_tensor(
        rng.standard_normal(shape).astype(dtype), stop_gradient=False
    )


def assert_close(found, expected, tolerance):
    found, expected = found.numpy(), expected.numpy()
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale)


def score(y):
    """Not linear in y, with other derivatives for each of its elements."""
    weights = paddle.linspace(-1.0, 2.0, y.size, dtype=y.dtype).reshape(y.shape)
    return ((y / 4).tanh() * weights).sum()


@pytest.mark.parametrize("path", TOLERANCES)
@pytest.mark.parametrize("kind", PLAIN)
@settings(max_examples=20, deadline=None)
@given(options=LAYERS, height=SIDE, width=SIDE)
def test_values_and_first_derivatives(kind, path, options, height, width):
    layer, x = build(kind, options, [height, width], path)
    ours, theirs = layer(x), PLAIN[kind](layer, x)
    assert ours.dtype == x.dtype and ours.shape == theirs.shape
    assert_close(ours, theirs, TOLERANCES[path])
    tensors = [x, *layer.parameters()]
    found, expected = (paddle.grad(score(y), tensors) for y in (ours, theirs))
    for ours, theirs in zip(found, expected):
        assert_close(ours, theirs, TOLERANCES[path])


@pytest.mark.parametrize("path", TOLERANCES)
@settings(max_examples=15, deadline=None)
@given(options=LAYERS, height=SIDE, width=SIDE)
def test_second_derivatives_of_conv_mean_pool(path, options, height, width):
    layer, x = build(ConvMeanPool2D, options, [height, width], path)
    tensors = [x, *layer.parameters()]
    found, expected = [], []
    for forward, gradients in (
        (layer, found),
        (lambda x: conv_then_mean(layer, x), expected),
    ):
        (slope,) = input_gradients(score(forward(x)), [x])
        gradients.extend(paddle.grad(slope.square().sum(), tensors))
    for ours, theirs in zip(found, expected):
        assert_close(ours, theirs, 10 * TOLERANCES[path])


@pytest.mark.parametrize("kind", PLAIN)
def test_parameters_are_those_of_the_convolution(kind):
    plain = nn.Conv2D(2, 3, 5, padding=2)
    layer = kind(2, 3, 5)
    state = plain.state_dict()
    assert {k: v.shape for k, v in layer.state_dict().items()} == {
        k: v.shape for k, v in state.items()
    }
    layer.set_state_dict(state)
    x = paddle.randn([2, 2, 6, 4])
    doubled = nn.functional.upsample(x, scale_factor=2)
    expected = {
        ConvMeanPool2D: lambda: F.avg_pool2d(plain(x), 2),
        UpsampleConv2D: lambda: plain(doubled),
    }[kind]()
    np.testing.assert_allclose(layer(x).numpy(), expected.numpy(), atol=1e-5)


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize("kernel_size", [2, 4])
def test_even_kernels_are_refused(kind, kernel_size):
    with pytest.raises(ValueError, match=f"odd, but got {kernel_size}"):
        kind(2, 3, kernel_size)
