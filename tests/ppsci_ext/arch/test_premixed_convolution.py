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

"""A convolution of combinations of the channels is one of the channels."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from paddle.nn import functional as F

from ppsci_ext.arch import PremixedConv1D
from ppsci_ext.arch import onednn
from ppsci_ext.arch.onednn import input_gradients
from ppsci_ext.arch.onednn import kernels
from tests.helpers.onednn_env import onednn_or_skip

MIXING = np.array([[1.0, 0.0, 0.0], [0.5, -2.0, 0.0], [0.0, 1.0, 3.0], [1.0, 1.0, 1.0]])


def results(layer, x, premixed):
    """Value, gradient, and gradients of a squared gradient."""

    def value():
        if premixed:
            return layer(x)
        combined = paddle.matmul(paddle.to_tensor(MIXING, "float32"), x)
        options = layer._stride, layer._padding, layer._dilation
        return F.conv1d(combined, layer.weight, layer.bias, *options)

    (slope,) = input_gradients(value().tanh().sum(), [x])
    return [
        value(),
        slope,
        *paddle.grad(slope.square().sum(), [x, layer.weight, layer.bias]),
    ]


@pytest.mark.parametrize("by_onednn", [False, True])
@pytest.mark.parametrize("options", [{}, {"padding": 2, "stride": 2}, {"dilation": 2}])
def test_it_is_the_convolution_of_the_combinations(by_onednn, options, monkeypatch):
    layer = PremixedConv1D(MIXING, 5, 3, **options)
    assert layer.weight.shape == [5, 4, 3]
    calls = []
    if by_onednn:
        onednn_or_skip()
        forward = kernels.forward
        monkeypatch.setattr(
            kernels, "forward", lambda *given: calls.append(given) or forward(*given)
        )
        onednn.use_onednn(layer)
    x = paddle.randn([2, 3, 9])
    x.stop_gradient = False
    found = results(layer, x, premixed=True)
    assert bool(calls) == by_onednn
    for ours, expected in zip(found, results(layer, x, premixed=False)):
        np.testing.assert_allclose(ours.numpy(), expected.numpy(), atol=2e-4)


def test_other_numbers_of_channels_are_refused():
    layer = PremixedConv1D(MIXING, 5, 3)
    for network in (layer, onednn.PremixedConv1D(MIXING, 5, 3)):
        with pytest.raises(ValueError):
            network(paddle.randn([2, 4, 9]))
