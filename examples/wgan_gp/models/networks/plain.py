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

"""Generators and critics that are chains of convolutions, of any depth and nonlinearity.

The plain pairs of gan_64x64.py (paper, section 5.2, figure 2) and those of section 5.1.
"""

from __future__ import annotations

import math
from typing import List
from typing import Optional
from typing import Sequence

import paddle
from paddle import nn
from wgan_gp.models.networks import initialization as init
from wgan_gp.models.networks.dcgan import KERNEL_SIZE
from wgan_gp.models.networks.dcgan import leaky_relu
from wgan_gp.models.networks.normalization import BatchNorm
from wgan_gp.models.networks.normalization import critic_norm

from ppsci_ext.utils import UserError

KEEPING_KERNEL_SIZE = 3  # of convolutions that keep height and width


def scaled_softplus(x: paddle.Tensor) -> paddle.Tensor:
    """softplus(2x + 2) / 2 - 1, a smooth ReLU that reaches from -1 (paper, table 1)."""
    return nn.functional.softplus(x + 1, beta=2) - 1


def gated(x: paddle.Tensor) -> paddle.Tensor:
    """sigmoid(a) tanh(b) of channels a, b, a, b, ...: [B, 2C, H, W] to [B, C, H, W]."""
    _, channels, height, width = x.shape
    pairs = x.reshape([-1, channels // 2, 2, height, width])
    return nn.functional.sigmoid(pairs[:, :, 0]) * pairs[:, :, 1].tanh()


ACTIVATIONS = {
    "relu": nn.functional.relu,
    "leaky_relu": leaky_relu,
    "softplus": scaled_softplus,
    "tanh": paddle.tanh,
    "gated": gated,
}


class Activation(nn.Layer):
    """A function of ACTIVATIONS as a layer.

    Args:
        name (str): Its key.
    """

    def __init__(self, name: str):
        super().__init__()
        self.function = ACTIVATIONS[name]
        # channels that it takes for each that it returns
        self.taken = 2 if name == "gated" else 1

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.function(x)


def check_halvings(image_shape: Sequence[int], halvings: int) -> None:
    """Refuse images that can't be halved so many times.

    Args:
        image_shape (Sequence[int]): (C, H, W).
        halvings (int): Number of stages that halve height and width.

    Raises:
        UserError: If height or width is no multiple of 2^halvings.
    """
    _, height, width = image_shape
    multiple = 2**halvings
    if height % multiple or width % multiple:
        raise UserError(
            f"This architecture needs images whose height and width are multiples of {multiple}, "
            f"but they are {height} x {width}: resize them."
        )


def spread(extra: int, stages: int) -> List[int]:
    """So many convolutions over the stages as evenly as it goes, more at the first ones.

    Args:
        extra (int): Number of convolutions.
        stages (int): Number of stages.
    """
    return [(extra + stages - 1 - stage) // stages for stage in range(stages)]


class ConvGenerator(nn.Layer):
    """Noise [B, latent_dim] to images [B, C, H, W] in [-1, 1].

    A linear layer, stages of convolutions that keep the size, each left by a transposed one that
    doubles it, tanh. All but the last have a normalisation and a nonlinearity.

    Args:
        image_shape (Sequence[int]): (C, H, W).
        widths (Sequence[int]): Channels of each stage, from the smallest images on.
        activation (str, optional): Key of ACTIVATIONS. Defaults to "relu".
        batch_norm (bool, optional): Whether there is batch norm. Defaults to True.
        extra (int, optional): Convolutions that keep the size, of all stages together. Defaults
            to 0.
        latent_dim (int, optional): Dimensions of the noise. Defaults to 128.

    Raises:
        UserError: If height or width can't be halved as often as there are stages.
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        widths: Sequence[int],
        activation: str = "relu",
        batch_norm: bool = True,
        extra: int = 0,
        latent_dim: int = 128,
    ):
        super().__init__()
        check_halvings(image_shape, len(widths))
        channels, height, width = image_shape
        taken = Activation(activation).taken
        low = (height >> len(widths), width >> len(widths))
        self.latent_dim = latent_dim
        self.start_shape = [taken * widths[0], *low]
        self.input = init.linear(latent_dim, math.prod(self.start_shape))

        def finish(dim: int) -> List[nn.Layer]:
            norm = [BatchNorm(taken * dim)] if batch_norm else []
            return [*norm, Activation(activation)]

        layers = finish(widths[0])
        numbers = spread(extra, len(widths))
        for dim, after, number in zip(widths, [*widths[1:], None], numbers):
            for _ in range(number):
                layers += [init.conv(dim, taken * dim, KEEPING_KERNEL_SIZE)]
                layers += finish(dim)
            if after is not None:
                layers += [init.deconv(dim, taken * after, KERNEL_SIZE), *finish(after)]
        self.stages = nn.Sequential(*layers)
        self.output = init.deconv(widths[-1], channels, KERNEL_SIZE)

    def forward(
        self, z: paddle.Tensor, labels: Optional[paddle.Tensor] = None
    ) -> paddle.Tensor:
        x = self.stages(self.input(z).reshape([-1, *self.start_shape]))
        return self.output(x).tanh()


class ConvCritic(nn.Layer):
    """Images [B, C, H, W] to scores [B].

    Stages that begin with a convolution of stride 2, then convolutions that keep the size, at the
    end a linear layer. All but the first and the last have a normalisation, all but the last a
    nonlinearity.

    Args:
        image_shape (Sequence[int]): (C, H, W).
        widths (Sequence[int]): Channels of each stage, from the largest images on.
        activation (str, optional): Key of ACTIVATIONS. Defaults to "leaky_relu".
        norm (str, optional): See critic_norm. Defaults to "none".
        extra (int, optional): Convolutions that keep the size, of all stages together. Defaults
            to 0.

    Raises:
        UserError: If height or width can't be halved as often as there are stages.
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        widths: Sequence[int],
        activation: str = "leaky_relu",
        norm: str = "none",
        extra: int = 0,
    ):
        super().__init__()
        check_halvings(image_shape, len(widths))
        before, height, width = image_shape
        taken = Activation(activation).taken
        layers: List[nn.Layer] = []
        # as in the generator, more of them where the images are small
        for dim, number in zip(widths, reversed(spread(extra, len(widths)))):
            layers += [init.conv(before, taken * dim, KERNEL_SIZE, stride=2)]
            if len(layers) > 1:
                layers += [critic_norm(norm, taken * dim)]
            layers += [Activation(activation)]
            for _ in range(number):
                layers += [
                    init.conv(dim, taken * dim, KEEPING_KERNEL_SIZE),
                    critic_norm(norm, taken * dim),
                    Activation(activation),
                ]
            before = dim
        self.stages = nn.Sequential(*layers)
        halvings = len(widths)
        self.output = init.linear(
            before * (height >> halvings) * (width >> halvings), 1
        )

    def forward(
        self, x: paddle.Tensor, labels: Optional[paddle.Tensor] = None
    ) -> paddle.Tensor:
        x = self.stages(x)
        return self.output(x.reshape([x.shape[0], -1])).reshape([-1])
