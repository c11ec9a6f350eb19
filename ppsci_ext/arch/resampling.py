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

"""Upsampling (and downsampling) that can be differentiated twice.

Interpolation is linear in the image and separates into axes: along each of them it is a
product with a matrix. The matrix is what Paddle's own interpolation makes of the
identity, so that every mode, size and alignment means what it means there.
"""

from __future__ import annotations

import functools
from typing import List
from typing import Optional

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F

_ALONG_ONE_AXIS = {"linear": "bilinear", "trilinear": "bilinear"}


@functools.lru_cache(maxsize=256)
def _weights(
    length: int,
    size: Optional[int],
    scale: Optional[float],
    mode: str,
    align_corners: bool,
    align_mode: int,
    recompute_scale_factor: Optional[bool],
) -> np.ndarray:
    """Share of each of `length` elements in each element of the output: [length, size]."""
    with paddle.no_grad():
        columns = F.interpolate(
            paddle.eye(length, dtype="float64").reshape([1, length, length, 1]),
            # the second axis grows, as Paddle copies images whose size stays
            size=None if size is None else [size, 2],
            scale_factor=None if scale is None else [scale, 2.0],
            mode=_ALONG_ONE_AXIS.get(mode, mode),
            align_corners=align_corners,
            align_mode=align_mode,
            data_format="NCHW",
            recompute_scale_factor=recompute_scale_factor,
        )
    return columns[0, :, :, 0].numpy()


def _along(x: paddle.Tensor, axis: int, weights: np.ndarray) -> paddle.Tensor:
    """x times the weights [n, m] along an axis of n elements."""
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    inner = int(np.prod(after))
    if inner == 1:
        y = x.reshape([-1, weights.shape[0]]) @ paddle.to_tensor(weights, dtype=x.dtype)
    else:
        matrix = paddle.to_tensor(weights.T, dtype=x.dtype)
        y = paddle.matmul(matrix, x.reshape([-1, weights.shape[0], inner]))
    return y.reshape([*before, weights.shape[1], *after])


def _per_axis(value: object, count: int) -> List[Optional[float]]:
    """The numbers for each axis, from one or from several, or from a tensor of them."""
    if value is None:
        return [None] * count
    values = np.array(value, dtype=float).reshape([-1]).tolist()
    values = values * count if len(values) == 1 else values
    if len(values) != count:
        raise ValueError(f"{count} numbers are needed, one per axis, but got {value}.")
    return values


def interpolate(
    x: paddle.Tensor,
    size: object = None,
    scale_factor: object = None,
    mode: str = "nearest",
    align_corners: bool = False,
    align_mode: int = 0,
    data_format: Optional[str] = None,
    recompute_scale_factor: Optional[bool] = None,
    name: Optional[str] = None,
) -> paddle.Tensor:
    """paddle.nn.functional.interpolate, in all of its modes.

    Args: those of Paddle's function. x [B, C, L], [B, C, H, W] or [B, C, D, H, W], or with
        the channels last.

    Raises:
        ValueError: If Paddle's function would refuse the mode, size or scale, too.
    """
    channels_last = data_format is not None and data_format.upper().endswith("C")
    first = 1 if channels_last else 2
    spatial = range(first, first + x.ndim - 2)
    sizes = _per_axis(size, len(spatial))
    scales = _per_axis(scale_factor, len(spatial))
    matrices = [
        _weights(
            x.shape[axis],
            None if length is None else int(length),
            scale,
            mode.lower(),
            align_corners,
            align_mode,
            recompute_scale_factor,
        )
        for axis, length, scale in zip(spatial, sizes, scales)
    ]
    if all(matrix.shape[0] == matrix.shape[1] for matrix in matrices):
        return x  # as Paddle does, even if the scale is not quite 1
    for axis, matrix in zip(spatial, matrices):
        x = _along(x, axis, matrix)
    return x


class Upsample(nn.Upsample):
    """Interpolation to a size or by a factor; args those of paddle.nn.Upsample."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return interpolate(
            x,
            self.size,
            self.scale_factor,
            self.mode,
            self.align_corners,
            self.align_mode,
            self.data_format,
            self.recompute_scale_factor,
        )


class UpsamplingNearest2D(nn.UpsamplingNearest2D):
    """Nearest neighbours; args those of paddle.nn.UpsamplingNearest2D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return interpolate(
            x, self.size, self.scale_factor, "nearest", data_format=self.data_format
        )


class UpsamplingBilinear2D(nn.UpsamplingBilinear2D):
    """Bilinear, corners aligned; args those of paddle.nn.UpsamplingBilinear2D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return interpolate(
            x,
            self.size,
            self.scale_factor,
            "bilinear",
            align_corners=True,
            data_format=self.data_format,
        )
