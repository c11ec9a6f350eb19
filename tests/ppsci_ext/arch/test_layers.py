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
import paddle
import pytest
from paddle import nn

from ppsci_ext import arch


@pytest.fixture
def float64():
    paddle.set_default_dtype("float64")
    yield
    paddle.set_default_dtype("float32")


def randomized(layer: nn.Layer) -> nn.Layer:
    for parameter in layer.parameters():
        parameter.set_value(paddle.randn(parameter.shape, dtype=parameter.dtype))
    return layer


LAYERS = {
    "LayerNorm": (lambda m: m.LayerNorm([3, 4]), [2, 3, 4]),
    "LayerNorm, last axis": (lambda m: m.LayerNorm(4), [2, 3, 4]),
    "LayerNorm, no affine": (
        lambda m: m.LayerNorm(4, weight_attr=False, bias_attr=False),
        [3, 4],
    ),
    "GroupNorm": (lambda m: m.GroupNorm(2, 4), [3, 4, 2, 2]),
    "GroupNorm, one group": (lambda m: m.GroupNorm(1, 3), [2, 3, 2, 3]),
    "Flatten": (lambda m: m.Flatten(), [2, 3, 2]),
    "Flatten, some axes": (lambda m: m.Flatten(0, 1), [2, 3, 2]),
    "Softmax": (lambda m: m.Softmax(), [3, 5]),
    "Softmax, axis 1": (lambda m: m.Softmax(1), [2, 3, 2]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_values_and_state_equal_those_of_paddle(name):
    build, shape = LAYERS[name]
    theirs, ours = randomized(build(nn)), build(arch)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.set_state_dict(theirs.state_dict())
    x = 3 * paddle.randn(shape) + 1
    np.testing.assert_allclose(ours(x).numpy(), theirs(x).numpy(), atol=2e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_second_derivatives_against_central_differences(name, float64):
    """d/dx of |grad_x <v, f(x)>|^2, what a gradient penalty differentiates."""
    build, shape = LAYERS[name]
    layer = randomized(build(arch))
    start = paddle.randn(shape)
    v = paddle.randn(layer(start).shape)

    def first(x):
        (gradient,) = paddle.grad((layer(x) ** 2 * v).sum(), [x], create_graph=True)
        return gradient.square().sum()

    x = start.clone()
    x.stop_gradient = False
    (analytic,) = paddle.grad(first(x), [x])
    flat = start.numpy().ravel()
    for i in range(flat.size):
        values = []
        for sign in (1, -1):
            moved = flat.copy()
            moved[i] += sign * 1e-5
            point = paddle.to_tensor(moved.reshape(shape), stop_gradient=False)
            values.append(float(first(point)))
        numeric = (values[0] - values[1]) / 2e-5
        scale = np.abs(analytic.numpy()).max()
        assert abs(analytic.numpy().ravel()[i] - numeric) < 1e-6 * scale + 1e-8


def test_softmax_of_large_values_is_finite():
    y = arch.Softmax()(paddle.to_tensor([[1e4, 0.0], [-1e4, -1e4]]))
    np.testing.assert_allclose(y.numpy(), [[1, 0], [0.5, 0.5]])


def test_dropout_keeps_the_mean_and_is_the_identity_in_eval_mode():
    dropout, x = arch.Dropout(0.3), paddle.ones([20000])
    y = dropout(x).numpy()
    assert set(np.unique(y)) == {0.0, np.float32(1 / np.float32(0.7))}
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.02)
    dropout.eval()
    assert (dropout(x).numpy() == 1).all()
    with pytest.raises(ValueError, match="1.5"):
        arch.Dropout(1.5)
