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

"""The architectures of the paper's sections 5.1 (drawn at random) and 5.2 (by name).

The authors' code has those of section 5.2 (gan_64x64.py). Of section 5.1 there is table 1, the set
that is drawn from, and no code. Here "depth" counts the layers with weights, and four of them are
the pair of gan_cifar.py: linear layer and three transposed convolutions, or three convolutions and
a linear layer. The others are convolutions in between that keep the size.
"""

from __future__ import annotations

from typing import Any
from typing import Callable
from typing import Dict
from typing import NamedTuple
from typing import Sequence
from typing import Tuple

import numpy as np
import paddle
from paddle import nn
from wgan_gp.models.networks import initialization as init
from wgan_gp.models.networks.bottleneck import BottleneckCritic
from wgan_gp.models.networks.bottleneck import BottleneckGenerator
from wgan_gp.models.networks.mlp import MLPGenerator
from wgan_gp.models.networks.plain import ConvCritic
from wgan_gp.models.networks.plain import ConvGenerator

Pair = Tuple[nn.Layer, nn.Layer]

# section 5.1

NONLINEARITIES = ("relu", "leaky_relu", "softplus", "tanh")  # table 1
DEPTHS = (4, 8, 12, 20)
DIMS = (32, 64, 128)
RANDOM_HALVINGS = 3


class Architecture(NamedTuple):
    """A member of the set of table 1.

    Attributes:
        generator_activation (str): One of NONLINEARITIES.
        critic_activation (str): Likewise.
        generator_depth (int): Number of layers with weights.
        critic_depth (int): Likewise.
        generator_norm (bool): Whether the generator has batch norm.
        critic_norm (bool): Whether the critic has batch norm, or under a penalty layer norm.
        generator_dim (int): Base filter count: channels next to the image.
        critic_dim (int): Likewise.
    """

    generator_activation: str
    critic_activation: str
    generator_depth: int
    critic_depth: int
    generator_norm: bool
    critic_norm: bool
    generator_dim: int
    critic_dim: int


def draw_architecture(
    number: int,
    seed: int,
    depths: Sequence[int] = DEPTHS,
    dims: Sequence[int] = DIMS,
) -> Architecture:
    """The architecture that a number stands for, each choice uniform and on its own.

    Args:
        number (int): Number of the architecture, from 0; none depends on how many are drawn.
        seed (int): Seed of all of them.
        depths (Sequence[int], optional): Depths to choose from. Defaults to table 1's.
        dims (Sequence[int], optional): Base filter counts to choose from. Defaults to table 1's.
    """
    rng = np.random.default_rng([seed, number])

    def choose(choices: Sequence[Any]) -> Any:
        return choices[rng.integers(len(choices))]

    pairs = [
        (choose(choices), choose(choices))
        for choices in (NONLINEARITIES, depths, (False, True), dims)
    ]
    return Architecture(*(choice for pair in pairs for choice in pair))


def random_pair(
    architecture: Architecture,
    image_shape: Sequence[int],
    latent_dim: int,
    norm: str,
) -> Pair:
    """Generator and critic of section 5.1.

    Args:
        architecture (Architecture): What was drawn.
        image_shape (Sequence[int]): (C, H, W); H and W multiples of 8.
        latent_dim (int): Dimensions of the noise.
        norm (str): What a normalised critic has: "layer" or "batch".
    """
    least = RANDOM_HALVINGS + 1
    widths = [architecture.generator_dim * factor for factor in (4, 2, 1)]
    generator = ConvGenerator(
        image_shape,
        widths,
        architecture.generator_activation,
        architecture.generator_norm,
        architecture.generator_depth - least,
        latent_dim,
    )
    critic = ConvCritic(
        image_shape,
        [architecture.critic_dim * factor for factor in (1, 2, 4)],
        architecture.critic_activation,
        norm if architecture.critic_norm else "none",
        architecture.critic_depth - least,
    )
    return generator, critic


# section 5.2

NAMED_HALVINGS = 4
_DCGAN_STD = 0.02
_MLP_DIM = 512
_MLP_LAYERS = 4


class MLPImageGenerator(nn.Layer):
    """A perceptron from noise [B, latent_dim] to images [B, C, H, W] in [-1, 1].

    Args:
        image_shape (Sequence[int]): (C, H, W).
        dim (int): Width of the hidden layers, of which there are four.
        latent_dim (int): Dimensions of the noise.
    """

    def __init__(self, image_shape: Sequence[int], dim: int, latent_dim: int):
        super().__init__()
        self.latent_dim = latent_dim
        self.image_shape = list(image_shape)
        features = int(np.prod(self.image_shape))
        self.net = MLPGenerator(dim, latent_dim, features, _MLP_LAYERS)

    def forward(self, z: paddle.Tensor, labels: Any = None) -> paddle.Tensor:
        return self.net(z).tanh().reshape([-1, *self.image_shape])


def _dcgan_generator(
    shape: Sequence[int], dim: int, latent_dim: int, activation: str, norm: bool
) -> nn.Layer:
    widths = [8 * dim, 4 * dim, 2 * dim, dim]
    generator = ConvGenerator(shape, widths, activation, norm, latent_dim=latent_dim)
    init.redraw(generator, _DCGAN_STD)
    return generator


def _dcgan_critic(
    shape: Sequence[int], dim: int, activation: str, norm: str
) -> nn.Layer:
    critic = ConvCritic(shape, [dim, 2 * dim, 4 * dim, 8 * dim], activation, norm)
    init.redraw(critic, _DCGAN_STD)
    return critic


def _dcgan(shape, dim, latent_dim, norm) -> Pair:
    return (
        _dcgan_generator(shape, dim, latent_dim, "relu", True),
        _dcgan_critic(shape, dim, "leaky_relu", norm),
    )


def _constant_width(shape, dim, latent_dim, norm) -> Pair:
    generator = ConvGenerator(
        shape, [dim] * NAMED_HALVINGS, batch_norm=False, latent_dim=latent_dim
    )
    return generator, _dcgan_critic(shape, dim, "leaky_relu", norm)


def _mlp(shape, dim, latent_dim, norm) -> Pair:
    generator = MLPImageGenerator(shape, _MLP_DIM, latent_dim)
    return generator, _dcgan_critic(shape, dim, "leaky_relu", norm)


def _no_norm(shape, dim, latent_dim, norm) -> Pair:
    return (
        _dcgan_generator(shape, dim, latent_dim, "relu", False),
        _dcgan_critic(shape, dim, "leaky_relu", "none"),
    )


def _gated(shape, dim, latent_dim, norm) -> Pair:
    widths = [dim, 2 * dim, 4 * dim, 8 * dim]
    return (
        ConvGenerator(shape, widths[::-1], "gated", latent_dim=latent_dim),
        ConvCritic(shape, widths, "gated", norm),
    )


def _tanh(shape, dim, latent_dim, norm) -> Pair:
    return (
        _dcgan_generator(shape, dim, latent_dim, "tanh", True),
        _dcgan_critic(shape, dim, "tanh", norm),
    )


def _resnet101(shape, dim, latent_dim, norm) -> Pair:
    return (
        BottleneckGenerator(shape, dim, latent_dim),
        BottleneckCritic(shape, dim, norm),
    )


# The rows of figure 2: functions of (C, H, W), channels next to the image, dimensions of the noise
# and the kind of norm of a normalised critic, which is layer norm under a penalty, else batch norm.
NAMED: Dict[str, Callable[[Sequence[int], int, int, str], Pair]] = {
    "dcgan": _dcgan,
    "constant_width": _constant_width,
    "mlp": _mlp,
    "no_norm": _no_norm,
    "gated": _gated,
    "tanh": _tanh,
    "resnet101": _resnet101,
}
