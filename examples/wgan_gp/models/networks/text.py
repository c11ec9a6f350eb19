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

"""Networks of the authors' gan_language.py: residual 1-D convolutions over characters.

Of the paper (arXiv 1704.00028), section 5.5.
"""

from __future__ import annotations

import paddle
from paddle import nn
from paddle.nn import functional as F
from wgan_gp.models.networks import initialization as init

KERNEL = 5  # characters
BLOCKS = 5
RESIDUAL_WEIGHT = 0.3


def _conv(inputs: int, outputs: int, kernel: int) -> nn.Conv1D:
    attributes = init.conv_attributes(inputs, outputs, kernel, dimension=1)
    return nn.Conv1D(inputs, outputs, kernel, padding=kernel // 2, **attributes)


class _ResidualBlock(nn.Layer):
    """x + 0.3 r(x) for [B, dim, T]; r is ReLU and convolution, twice."""

    def __init__(self, dim: int):
        super().__init__()
        self.first = _conv(dim, dim, KERNEL)
        self.second = _conv(dim, dim, KERNEL)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        residual = self.second(F.relu(self.first(F.relu(x))))
        return x + RESIDUAL_WEIGHT * residual


def _blocks(dim: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(*(_ResidualBlock(dim) for _ in range(blocks)))


class TextGenerator(nn.Layer):
    """Noise [B, latent_dim] to lines [B, T, V]: at each place the probabilities of characters.

    Args:
        length (int): T, characters of a line.
        characters (int): V, size of the vocabulary.
        dim (int, optional): Channels. Defaults to 512.
        latent_dim (int, optional): Dimensions of the noise. Defaults to 128.
        blocks (int, optional): Residual blocks. Defaults to 5.
    """

    def __init__(
        self,
        length: int,
        characters: int,
        dim: int = 512,
        latent_dim: int = 128,
        blocks: int = BLOCKS,
    ):
        super().__init__()
        self.latent_dim = latent_dim
        self.shape = [-1, dim, length]
        self.first = init.linear(latent_dim, length * dim)
        self.blocks = _blocks(dim, blocks)
        self.last = _conv(dim, characters, 1)

    def forward(self, z: paddle.Tensor) -> paddle.Tensor:
        h = self.blocks(self.first(z).reshape(self.shape))
        return F.softmax(self.last(h).transpose([0, 2, 1]), axis=-1)


class TextCritic(nn.Layer):
    """Lines [B, T, V], one-hot or probabilities, to scores [B, 1].

    Args:
        length (int): T, characters of a line.
        characters (int): V, size of the vocabulary.
        dim (int, optional): Channels. Defaults to 512.
        blocks (int, optional): Residual blocks. Defaults to 5.
    """

    def __init__(
        self, length: int, characters: int, dim: int = 512, blocks: int = BLOCKS
    ):
        super().__init__()
        self.first = _conv(characters, dim, 1)
        self.blocks = _blocks(dim, blocks)
        self.last = init.linear(length * dim, 1)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        h = self.blocks(self.first(x.transpose([0, 2, 1])))
        return self.last(h.reshape([h.shape[0], -1]))
