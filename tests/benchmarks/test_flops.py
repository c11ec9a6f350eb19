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

"""Operations counted from networks, against numbers worked out by hand."""

from __future__ import annotations

import paddle
import pytest
from paddle import nn
from wgan_gp.models import WGAN_GP
from wgan_gp.models.networks import ResNetCritic
from wgan_gp.models.networks import ResNetGenerator
from wgan_gp.models.networks.initialization import deconv

from benchmarks import flops
from ppsci_ext.arch.resampled_convolution import ConvMeanPool2D
from ppsci_ext.arch.resampled_convolution import UpsampleConv2D

GENERATOR = 2 * (
    3 * 5 + 5 * 2
)  # of each sample, forward, by the pair of linear layers below
CRITIC = 2 * (2 * 7 + 7 * 1)
FIRST = 2 * (2 * 7), 2 * (3 * 5)  # the critic's, the generator's


@pytest.fixture
def linear_pair():
    return WGAN_GP(
        nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2)),
        nn.Sequential(nn.Linear(2, 7), nn.ReLU(), nn.Linear(7, 1)),
    )


@pytest.mark.parametrize(
    "layer, shape, expected",
    [
        (nn.Linear(3, 5), [4, 3], 4 * 2 * 3 * 5),
        # along a side of 14, seven kernels of 5 pixels from -1 on; the first lies outside by 1
        # pixel, the last by 2: 4 + 5 * 5 + 3
        (nn.Conv2D(3, 6, 5, stride=2, padding="SAME"), [4, 3, 14, 14], 4 * 2 * 32**2 * 3 * 6),
        # along a side of 5, kernels of 3: 2 + 3 * 3 + 2
        (nn.Conv2D(4, 6, 3, groups=2, padding=1), [2, 4, 5, 5], 2 * 2 * 13**2 * 2 * 6),
        (nn.Conv2D(3, 4, 1), [2, 3, 5, 6], 2 * 2 * 30 * 3 * 4),
        # every input pixel meets each of the 25 weights to 4 channels
        (nn.Conv2DTranspose(3, 4, 5, stride=2), [2, 3, 7, 7], 2 * 2 * 3 * 49 * 25 * 4),
        # a side of 3 becomes 9 and loses 1 and 2 pixels: 4 of the first 5, all, 3 of the last
        (deconv(3, 4, 5), [2, 3, 3, 3], 2 * 2 * 12**2 * 3 * 4),
        # along a side of 6, three kernels of 4 from -1 on: 3 + 4 + 3
        (ConvMeanPool2D(3, 4, 3), [2, 3, 6, 6], 2 * 2 * 10**2 * 3 * 4),
        # a side of 6 with kernels of 4 and margins of its own pixels: three whole kernels
        (nn.Conv2D(3, 4, 4, stride=2, padding=1, padding_mode="circular"), [2, 3, 6, 6],
         2 * 2 * 12**2 * 3 * 4),
        (nn.Conv1D(3, 4, 3, padding=2, dilation=2), [2, 3, 6], 2 * 2 * (2 + 2 + 3 + 3 + 2 + 2) * 3 * 4),
        (nn.Conv3D(3, 4, 3, padding=1), [2, 3, 2, 3, 4], 2 * 2 * 4 * 7 * 10 * 3 * 4),
        # the transpose of ConvMeanPool2D
        (UpsampleConv2D(3, 4, 3), [2, 3, 3, 3], 2 * 2 * 10**2 * 3 * 4),
    ],
)  # fmt: skip
def test_forward_of_one_layer(layer, shape, expected):
    costs = flops.layer_costs(layer, paddle.randn(shape))
    assert flops.forward(costs) == expected
    assert [cost.needs_input_gradient for cost in costs] == [False]
    assert flops.forward_backward(costs) == 2 * expected


def test_each_call_of_a_layer_counts():
    layer = nn.Linear(3, 3)
    costs = flops.layer_costs(nn.Sequential(layer, layer), paddle.randn([2, 3]))
    assert [cost.flop for cost in costs] == [36, 36]
    assert [cost.needs_input_gradient for cost in costs] == [False, True]


def test_hooks_are_gone_afterwards(linear_pair):
    points = paddle.randn([2, 2])
    first = flops.layer_costs(linear_pair.critic, points)
    linear_pair.critic(points)
    assert flops.layer_costs(linear_pair.critic, points) == first
    assert len(first) == 2


def test_steps_of_a_linear_pair(linear_pair):
    # critic: forward, both gradients but that of the samples, on twice the batch; four passes
    # for the penalty
    critic = GENERATOR + 2 * (3 * CRITIC - FIRST[0]) + 4 * CRITIC
    generator = (3 * GENERATOR - FIRST[1]) + 2 * CRITIC
    assert flops.count_steps(linear_pair, [2]) == {
        "critic": critic,
        "generator": generator,
    }


def test_first_layers_are_those_that_read_the_input_on_any_branch():
    costs = flops.layer_costs(ResNetCritic(3, 4), paddle.randn([2, 3, 8, 8]))
    first = [cost.flop for cost in costs if not cost.needs_input_gradient]
    # the 3x3 convolution of 8x8 pixels and the shortcut's 1x1 of the pooled 4x4
    taps = (2 + 6 * 3 + 2) ** 2
    assert sorted(first) == [2 * 2 * 16 * 3 * 4, 2 * 2 * taps * 3 * 4]


def test_conditional_networks_are_counted_with_their_labels():
    gan = WGAN_GP(
        ResNetGenerator((3, 8, 8), 4, 6, num_classes=5),
        ResNetCritic(3, 4, num_classes=5),
        num_classes=5,
    )
    plain = WGAN_GP(ResNetGenerator((3, 8, 8), 4, 6), ResNetCritic(3, 4))
    with_classes, without = (flops.count_steps(g, [3, 8, 8]) for g in (gan, plain))
    head = 2 * 4 * 5  # on features that need a gradient
    assert with_classes["critic"] - without["critic"] == 2 * 3 * head + 4 * head
    assert with_classes["generator"] - without["generator"] == 2 * head


def test_conditions_that_are_no_classes_are_not_counted(linear_pair):
    linear_pair.conditional = True
    assert flops.count_steps(linear_pair, [2]) is None


def test_layers_that_cannot_be_counted_are_refused():
    critic = nn.Sequential(nn.Linear(2, 3), nn.Bilinear(3, 3, 1))
    with pytest.raises(TypeError, match="'1', a Bilinear"):
        flops.layer_costs(critic, paddle.randn([1, 2]))
