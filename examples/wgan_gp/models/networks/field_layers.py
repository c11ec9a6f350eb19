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

"""Layers of the fields' networks, in one, two or three dimensions alike."""

from __future__ import annotations

import math
from typing import List
from typing import Sequence

import paddle
from paddle import nn
from paddle.nn import functional as F
from wgan_gp.models.networks import initialization as init

from ppsci_ext.arch import Conv1D
from ppsci_ext.arch import Conv3D
from ppsci_ext.arch.onednn import convolution_of_doubled
from ppsci_ext.utils import UserError

# Paddle's own in two dimensions, which is complete there and which oneDNN can replace
_CONV = {1: Conv1D, 2: nn.Conv2D, 3: Conv3D}
_TRANSPOSED = {1: nn.Conv1DTranspose, 2: nn.Conv2DTranspose, 3: nn.Conv3DTranspose}
_LINEAR = {
    1: {"mode": "linear", "data_format": "NCW"},
    2: {"mode": "bilinear", "data_format": "NCHW"},
    3: {"mode": "trilinear", "data_format": "NCDHW"},
}
_PAD_FORMAT = {1: "NCL", 2: "NCHW", 3: "NCDHW"}


def coarse_shape(shape: Sequence[int], stages: int) -> List[int]:
    """The grid that becomes a field of a shape by doubling it `stages` times.

    Raises:
        UserError: If there is none.
    """
    factor = 2**stages
    if any(size < factor or size % factor for size in shape):
        raise UserError(
            f"A field of {list(shape)} pixels can't be halved {stages} times: make every size a "
            f"multiple of {factor}, or take fewer stages."
        )
    return [size // factor for size in shape]


def doubled(
    x: paddle.Tensor, upsampling: str = "nearest", padding: str = "circular"
) -> paddle.Tensor:
    """Twice as many pixels of [B, C, ...] along each axis.

    Args:
        x (paddle.Tensor): Fields.
        upsampling (str): "nearest", each pixel twice; or "linear", between neighbours.
        padding (str): "circular" where the first pixel is a neighbour of the last.
    """
    axes = x.ndim - 2
    if upsampling == "nearest":  # several times as fast on a CPU as F.interpolate
        for axis in range(2, x.ndim):
            x = paddle.stack([x, x], axis + 1).flatten(axis, axis + 1)
        return x
    if padding == "zeros":
        return F.interpolate(x, scale_factor=2, **_LINEAR[axes])
    x = F.pad(x, [1, 1] * axes, mode="circular", data_format=_PAD_FORMAT[axes])
    y = F.interpolate(x, scale_factor=2, **_LINEAR[axes])
    return paddle.slice(y, list(range(2, y.ndim)), [2] * axes, [-2] * axes)


def doubled_and_convolved(
    layer: nn.Layer,
    x: paddle.Tensor,
    beside: Sequence[paddle.Tensor],
    upsampling: str,
    padding: str,
) -> paddle.Tensor:
    """A convolution of fields twice as large and further channels beside them.

    Args:
        layer (nn.Layer): Convolution.
        x (paddle.Tensor): Fields to be doubled, [B, C, *X].
        beside (Sequence[paddle.Tensor]): Further channels, [B, ., *2X].
        upsampling (str): As for `doubled`.
        padding (str): As for `doubled`.
    """
    if upsampling == "nearest":
        y = convolution_of_doubled(layer, x, beside)
        if y is not None:
            return y
    x = doubled(x, upsampling, padding)
    return layer(paddle.concat([x, *beside], axis=1) if beside else x)


def unfolded(x: paddle.Tensor, factor: int) -> paddle.Tensor:
    """Channels laid out as pixels: [B, n factor^d, *grid] to [B, n, *(factor grid)]."""
    axes = x.ndim - 2
    sizes = paddle.shape(x)
    channels = x.shape[1] // factor**axes
    x = x.reshape([sizes[0], channels, *[factor] * axes, *sizes[2:]])
    pairs = [axis for i in range(axes) for axis in (2 + axes + i, 2 + i)]
    x = x.transpose([0, 1, *pairs])
    return x.reshape([sizes[0], channels, *(factor * size for size in sizes[2:])])


def moved(x: paddle.Tensor, noise: paddle.Tensor, stages: int) -> paddle.Tensor:
    """Periodic fields [B, C, *X], each moved along its axes by 0 to 2^stages - 1 pixels.

    Args:
        x (paddle.Tensor): Fields.
        noise (paddle.Tensor): Standard normal numbers, [B, axes, *grid], whose sum over the grid
            says how far.
        stages (int): How often the fields' grid was doubled.
    """
    places = noise.flatten(2)
    normal = places.sum(axis=2) / places.shape[2] ** 0.5
    pixels = (0.5 * 2**stages * (1 + paddle.erf(normal / math.sqrt(2)))).floor()
    for axis in range(2, x.ndim):
        rest = pixels[:, axis - 2].reshape([-1, *[1] * (x.ndim - 1)])
        for step in (2**i for i in reversed(range(stages))):
            far = rest >= step
            x = paddle.where(far, x.roll(step, axis), x)
            rest = rest - step * far.astype(rest.dtype)
    return x


def conv(
    dimension: int,
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    padding: str,
    stride: int = 1,
    he: bool = True,
) -> nn.Layer:
    """Convolution with margins of one pixel: kernel 3, or kernel 4 with stride 2."""
    attributes = init.conv_attributes(
        in_channels, out_channels, kernel_size, stride, he, dimension
    )
    return _CONV[dimension](
        in_channels,
        out_channels,
        kernel_size,
        stride,
        padding=1,
        padding_mode=padding,
        **attributes,
    )


def deconv(dimension: int, in_channels: int, out_channels: int) -> nn.Layer:
    """Transposed convolution of kernel 4 that doubles every axis."""
    attributes = init.conv_attributes(
        out_channels, in_channels, 4, stride=2, dimension=dimension
    )
    return _TRANSPOSED[dimension](
        in_channels, out_channels, 4, stride=2, padding=1, **attributes
    )
