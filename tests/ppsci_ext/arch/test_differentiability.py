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
from ppsci_ext.utils import UserError

DENSE = [4, 8]
IMAGE = [2, 3, 8, 8]


class Head(nn.Layer):
    """Scores from whatever comes in, through a layer under test."""

    def __init__(self, *layers: nn.Layer):
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        y = self.body(x)
        return y.reshape([y.shape[0], -1]).square().mean(axis=1)


class CallsFlatten(nn.Layer):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3 * 64, 1)

    def forward(self, x):
        return self.linear(paddle.flatten(x, 1))


@pytest.mark.parametrize(
    "layers, shape, says",
    [
        ([nn.Linear(8, 8), nn.LayerNorm(8)], DENSE, "'body.1' (LayerNorm)|ppsci_ext.arch.LayerNorm"),
        ([nn.Flatten(), nn.Linear(192, 1)], IMAGE, "'body.0' (Flatten)|ppsci_ext.arch.Flatten"),
        ([nn.Linear(8, 8), nn.Dropout(0.5)], DENSE, "'body.1' (Dropout)|ppsci_ext.arch.Dropout"),
        ([nn.Linear(8, 8), nn.Softmax()], DENSE, "'body.1' (Softmax)|ppsci_ext.arch.Softmax"),
        ([nn.GroupNorm(1, 3)], IMAGE, "'body.0' (GroupNorm)|ppsci_ext.arch.GroupNorm"),
        ([nn.Conv2D(3, 2, 3), nn.MaxPool2D(2)], IMAGE, "'body.1' (MaxPool2D)|AvgPool2D"),
        ([nn.Linear(8, 8), nn.GELU()], DENSE, "'body.1' (GELU)|nn.Silu"),
        ([nn.PReLU()], DENSE, "'body.0' (PReLU)|nn.LeakyReLU"),
        ([nn.Upsample(scale_factor=2)], IMAGE, "'body.0' (Upsample)|nearest_interp"),
        ([nn.Conv2DTranspose(3, 2, 3)], IMAGE, "'body.0' (Conv2DTranspose)"),
    ],
)  # fmt: skip
def test_the_error_names_the_layer_and_a_replacement(layers, shape, says):
    with pytest.raises(UserError) as caught:
        arch.check_double_grad(Head(*layers), paddle.randn(shape))
    message = str(caught.value)
    assert all(part in message for part in says.split("|")), message
    assert message.count("(") == 1 and "\n" not in message  # the innocent are not named


def test_an_operation_inside_forward_is_named():
    with pytest.raises(UserError, match="CallsFlatten.*'flatten'.*reshape"):
        arch.check_double_grad(CallsFlatten(), paddle.randn(IMAGE))


def test_the_innermost_layer_is_named():
    block = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8))
    with pytest.raises(UserError, match=r"'body.0.1' \(LayerNorm\)"):
        arch.check_double_grad(Head(block), paddle.randn(DENSE))


@pytest.mark.parametrize(
    "layers, shape",
    [
        ([nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1)], DENSE),
        ([nn.Conv2D(3, 4, 3, padding="SAME"), nn.LeakyReLU(), nn.AvgPool2D(2)], IMAGE),
        ([arch.Flatten(), nn.Linear(192, 8), arch.LayerNorm(8), nn.Silu()], IMAGE),
        ([arch.GroupNorm(3, 3), nn.Tanh(), arch.Dropout()], IMAGE),
        ([nn.Linear(8, 8), arch.Softmax(), nn.Sigmoid()], DENSE),
    ],
)
def test_differentiable_critics_pass_and_stay_as_they_are(layers, shape):
    critic = Head(*layers)
    before = {k: v.numpy() for k, v in critic.state_dict().items()}
    arch.check_double_grad(critic, paddle.randn(shape))
    for key, value in critic.state_dict().items():
        assert np.array_equal(value.numpy(), before[key])
    assert all(p.grad is None for p in critic.parameters())


def test_a_linear_critic_passes():
    arch.check_double_grad(nn.Linear(8, 1), paddle.randn(DENSE))
