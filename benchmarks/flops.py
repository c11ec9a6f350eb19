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

"""Floating-point operations of a training step, counted from the networks themselves.

Only matrix products and convolutions count, two operations for a product and its sum. Products
with the zeros of a padding don't count: a direct convolution can leave them out, one by a matrix
product does not. A layer costs the same three times: forward, for the gradient of its input and for
that of its weight.
"""

from __future__ import annotations

from typing import Any
from typing import Dict
from typing import List
from typing import NamedTuple
from typing import Optional
from typing import Tuple

import paddle
from paddle import nn

from ppsci_ext.arch.resampled_convolution import ConvMeanPool2D
from ppsci_ext.arch.resampled_convolution import UpsampleConv2D

_CONVOLUTIONS = (nn.Conv1D, nn.Conv2D, nn.Conv3D)


class LayerCost(NamedTuple):
    """One call of a layer.

    Attributes:
        flop (int): Operations of its forward pass.
        needs_input_gradient (bool): Whether a backward pass to the weights goes through it; not
            so for the layers that read the network's input.
    """

    flop: int
    needs_input_gradient: bool


def layer_costs(network: nn.Layer, *inputs: paddle.Tensor) -> List[LayerCost]:
    """Costs of the layers of a network, in the order of their calls.

    Args:
        network (nn.Layer): Network of Linear, convolutions and Conv2DTranspose, and layers
            without matrix products.
        *inputs (paddle.Tensor): What it is called with.

    Raises:
        TypeError: If a layer with a matrix of weights is of another kind.
    """
    costs: List[LayerCost] = []

    def note(layer: nn.Layer, given: Tuple[paddle.Tensor, ...], output: Any) -> None:
        (x,) = given
        if isinstance(layer, nn.Linear):
            products = output.size * layer.weight.shape[0]
        else:
            in_or_out, other = layer.weight.shape[:2]  # one of them of a group only
            products = x.shape[0] * in_or_out * other * _taps(layer, x.shape[2:])
        flop = 2 * products
        costs.append(LayerCost(flop, not x.stop_gradient))

    hooks = []
    for name, layer in network.named_sublayers(include_self=True):
        if isinstance(layer, (nn.Linear, *_CONVOLUTIONS, nn.Conv2DTranspose)):
            hooks.append(layer.register_forward_post_hook(note))
        elif not isinstance(layer, nn.Embedding) and any(
            parameter.ndim > 1
            for parameter in layer.parameters(include_sublayers=False)
        ):
            raise TypeError(f"Unknown cost of '{name}', a {type(layer).__name__}.")
    try:
        network(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return costs


def _taps(layer: nn.Layer, size: List[int]) -> int:
    """Pairs of a pixel and a kernel's weight that meet, within one channel.

    Args:
        layer (nn.Layer): A convolution.
        size (List[int]): Of its input, without batch and channels.
    """
    transposed = isinstance(layer, (nn.Conv2DTranspose, UpsampleConv2D))
    kernel_size = layer.weight.shape[2:]
    settings = {
        "stride": layer._stride,
        "padding": layer._padding,
        "dilation": layer._dilation,
    }
    if isinstance(layer, (ConvMeanPool2D, UpsampleConv2D)):
        kernel_size = layer.resampling_weight().shape[2:]
        settings = {"stride": layer.strides, "padding": layer.padding}
    elif not transposed and layer._padding_mode != "zeros":  # margins are pixels
        margin = layer._reversed_padding_repeated_twice[0]  # Paddle has one for all
        size = [n + 2 * margin for n in size]
        settings["padding"] = 0
    functional = nn.functional
    direct = (functional.conv1d, functional.conv2d, functional.conv3d)
    convolve = functional.conv2d_transpose if transposed else direct[len(size) - 1]
    meeting = convolve(
        paddle.ones([1, 1, *size]), paddle.ones([1, 1, *kernel_size]), **settings
    )
    return int(meeting.sum(dtype="float64"))


def forward(costs: List[LayerCost]) -> int:
    """Of one forward pass."""
    return sum(cost.flop for cost in costs)


def forward_backward(costs: List[LayerCost]) -> int:
    """Of a forward pass and the gradients of all weights."""
    return sum(cost.flop * (2 + cost.needs_input_gradient) for cost in costs)


def critic_step(generator: List[LayerCost], critic: List[LayerCost]) -> int:
    """Of the least that a critic step with gradient penalty must do.

    The generator forward; the critic forward and backward on real and generated samples; for the
    penalty the critic forward, its input's gradient, and that gradient's own backward pass, in
    which each layer is linear both in its weight and in the gradient that reaches it. For a
    piecewise-linear critic that is all.

    Args:
        generator (List[LayerCost]): Costs for a batch.
        critic (List[LayerCost]): Costs for a batch of the same size.
    """
    penalty = 4 * forward(critic)
    return forward(generator) + 2 * forward_backward(critic) + penalty


def generator_step(generator: List[LayerCost], critic: List[LayerCost]) -> int:
    """Of a generator step: back to the generator's weights, through the critic without its own.

    Args:
        generator (List[LayerCost]): Costs for a batch.
        critic (List[LayerCost]): Costs for a batch of the same size.
    """
    return forward_backward(generator) + 2 * forward(critic)


def count_steps(gan: Any, sample_shape: List[int]) -> Optional[Dict[str, float]]:
    """Operations of both steps, per sample of a batch; each is in proportion to the batch.

    Args:
        gan (Any): BaseGAN with a generator.
        sample_shape (List[int]): Shape of one sample.

    Returns:
        Optional[Dict[str, float]]: "critic", "generator"; None for a condition that is no
            class: layers that see it alone have other derivatives than are counted here.
    """
    if gan.conditional and not gan.num_classes:
        return None
    size = 2
    labels = gan.sample_labels(size)
    condition = () if labels is None else (labels,)
    costs = (
        layer_costs(gan.generator, gan.sample_noise(size), *condition),
        layer_costs(gan.critic, paddle.randn([size, *sample_shape]), *condition),
    )
    return {
        "critic": critic_step(*costs) / size,
        "generator": generator_step(*costs) / size,
    }
