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

"""The pair of residual networks with 101 layers of gan_64x64.py (paper, section 5.2)."""

from __future__ import annotations

from typing import List
from typing import Optional
from typing import Sequence

import paddle
from paddle import nn
from wgan_gp.models.networks import initialization as init
from wgan_gp.models.networks.normalization import BatchNorm
from wgan_gp.models.networks.normalization import critic_norm
from wgan_gp.models.networks.plain import check_halvings

BRANCH_SCALE = 0.3
OUTPUT_SCALE = 0.2
_HALVINGS = 4
_BLOCKS = 6  # that keep the size, at each of the lower resolutions
_BLOCKS_AT_FULL_SIZE = 5


class BottleneckBlock(nn.Layer):
    """ReLU and a convolution, three times, on half the channels between the first and the last;
    then a normalisation. A third of that is added to what came in, or to a 1x1 convolution of it.

    Args:
        in_channels (int): Number of input channels.
        out_channels (int): Number of output channels.
        norm (nn.Layer): Normalisation of the output channels.
        resample (Optional[str]): "up" doubles height and width, "down" halves them. Defaults to
            None, they stay.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        norm: nn.Layer,
        resample: Optional[str] = None,
    ):
        super().__init__()
        half_in, half_out = in_channels // 2, out_channels // 2
        self.shortcut = nn.Identity()
        stride = 2 if resample == "down" else 1
        if resample == "up":
            self.middle = init.deconv(half_in, half_out, 3)
            self.shortcut = nn.Sequential(
                init.conv(in_channels, 4 * out_channels, 1, he=False),
                nn.PixelShuffle(2),
            )
        else:
            self.middle = init.conv(half_in, half_out, 3, stride)
        if resample == "down":
            self.shortcut = init.conv(in_channels, out_channels, 1, stride, he=False)
        self.first = init.conv(in_channels, half_in, 1)
        attributes = init.conv_attributes(half_out, out_channels, 1)
        attributes["bias_attr"] = False
        self.last = nn.Conv2D(half_out, out_channels, 1, **attributes)
        self.norm = norm

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        h = x
        for convolution in (self.first, self.middle, self.last):
            h = convolution(nn.functional.relu(h))
        return self.shortcut(x) + BRANCH_SCALE * self.norm(h)


def _widths(dim: int) -> List[int]:
    """Channels at each resolution, from the lowest on."""
    return [8 * dim, 4 * dim, 2 * dim, dim, dim // 2]


class BottleneckGenerator(nn.Layer):
    """Noise [B, latent_dim] to images [B, C, H, W] in [-1, 1].

    Args:
        image_shape (Sequence[int]): (C, H, W); H and W multiples of 16.
        dim (int, optional): Twice the channels at full size, a multiple of 4. Defaults to 64.
        latent_dim (int, optional): Dimensions of the noise. Defaults to 128.

    Raises:
        UserError: If height or width is no multiple of 16.
    """

    def __init__(
        self, image_shape: Sequence[int], dim: int = 64, latent_dim: int = 128
    ):
        super().__init__()
        check_halvings(image_shape, _HALVINGS)
        channels, height, width = image_shape
        widths = _widths(dim)
        self.latent_dim = latent_dim
        self.start_shape = [widths[0], height >> _HALVINGS, width >> _HALVINGS]
        self.input = init.linear(
            latent_dim, widths[0] * self.start_shape[1] * self.start_shape[2]
        )

        def block(before: int, after: int, resample: Optional[str] = None):
            return BottleneckBlock(before, after, BatchNorm(after), resample)

        blocks = []
        for before, after in zip(widths, widths[1:]):
            blocks += [block(before, before) for _ in range(_BLOCKS)]
            blocks += [block(before, after, "up")]
        blocks += [block(after, after) for _ in range(_BLOCKS_AT_FULL_SIZE)]
        self.blocks = nn.Sequential(*blocks)
        self.output = init.conv(after, channels, 1, he=False)

    def forward(
        self, z: paddle.Tensor, labels: Optional[paddle.Tensor] = None
    ) -> paddle.Tensor:
        x = self.blocks(self.input(z).reshape([-1, *self.start_shape]))
        return (OUTPUT_SCALE * self.output(x)).tanh()


class BottleneckCritic(nn.Layer):
    """Images [B, C, H, W] to scores [B].

    Args:
        image_shape (Sequence[int]): (C, H, W); H and W multiples of 16.
        dim (int, optional): Twice the channels at full size, a multiple of 4. Defaults to 64.
        norm (str, optional): See critic_norm. Defaults to "none".

    Raises:
        UserError: If height or width is no multiple of 16.
    """

    def __init__(self, image_shape: Sequence[int], dim: int = 64, norm: str = "none"):
        super().__init__()
        check_halvings(image_shape, _HALVINGS)
        channels, height, width = image_shape
        widths = _widths(dim)[::-1]

        def block(before: int, after: int, resample: Optional[str] = None):
            return BottleneckBlock(before, after, critic_norm(norm, after), resample)

        self.input = init.conv(channels, widths[0], 1, he=False)
        blocks = [block(widths[0], widths[0]) for _ in range(_BLOCKS_AT_FULL_SIZE)]
        for before, after in zip(widths, widths[1:]):
            blocks += [block(before, after, "down")]
            blocks += [block(after, after) for _ in range(_BLOCKS)]
        self.blocks = nn.Sequential(*blocks)
        self.output = init.linear(
            after * (height >> _HALVINGS) * (width >> _HALVINGS), 1
        )

    def forward(
        self, x: paddle.Tensor, labels: Optional[paddle.Tensor] = None
    ) -> paddle.Tensor:
        x = self.blocks(self.input(x))
        score = self.output(x.reshape([x.shape[0], -1]))
        return OUTPUT_SCALE * score.reshape([-1])
