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

"""Pooling that can be differentiated twice.

A maximum picks one element of each window, and picking is linear: derivatives of every
order flow through the elements picked. An average over a box is one over its axes in
turn, of which Paddle can differentiate the two-dimensional kind twice.
"""

from __future__ import annotations

from typing import Callable
from typing import List

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppsci_ext.arch.rearrangement import to_channels_first
from ppsci_ext.arch.rearrangement import to_channels_last
from ppsci_ext.arch.windows import explicit_padding
from ppsci_ext.arch.windows import per_axis

_MAX_POOL = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_ADAPTIVE_MAX_POOL = {
    1: F.adaptive_max_pool1d,
    2: F.adaptive_max_pool2d,
    3: F.adaptive_max_pool3d,
}


def pick(x: paddle.Tensor, positions: paddle.Tensor) -> paddle.Tensor:
    """Elements of each channel [B, C, ...] at positions in its flattened spatial axes."""
    rows = x.shape[0] * x.shape[1]
    picked = paddle.take_along_axis(
        x.reshape([rows, -1]),
        positions.reshape([rows, -1]).astype("int64"),
        axis=1,
        broadcast=False,
    )
    return picked.reshape(positions.shape)


def _pad(x: paddle.Tensor, padding: List, value: float) -> paddle.Tensor:
    """x [B, C, ...] with `value` before and after each spatial axis."""
    if all(pair == (0, 0) for pair in padding):
        return x
    # one pair for every axis, from the first to the last
    flat = [0, 0, 0, 0, *(p for pair in padding for p in pair)]
    return F.pad(x, flat, value=value, pad_from_left_axis=True)


class _MaxPool:
    """The greatest element of each window; in return_mask mode its position, too."""

    def _max_pool(
        self, x: paddle.Tensor, kernel_size: object, data_format: str
    ) -> paddle.Tensor:
        count = x.ndim - 2
        pool = _MAX_POOL[count]
        channels_last = data_format.endswith("C")
        if channels_last:
            x = to_channels_first(x)
        kernel = per_axis(kernel_size, count)
        stride = kernel if self.stride is None else per_axis(self.stride, count)
        padding = explicit_padding(
            self.padding, x.shape[2:], kernel, stride, channels_last
        )
        padded = _pad(x, padding, float("-inf"))
        _, positions = pool(
            padded.detach(),
            kernel,
            stride,
            return_mask=True,
            ceil_mode=self.ceil_mode,
        )
        y = pick(padded, positions)
        if channels_last:
            return to_channels_last(y)
        if not self.return_mask:
            return y
        _, mask = pool(  # positions in x as it came, not in its padded copy
            x.detach(),
            kernel,
            stride,
            self.padding,
            return_mask=True,
            ceil_mode=self.ceil_mode,
        )
        return y, mask


class MaxPool1D(_MaxPool, nn.MaxPool1D):
    """Maximum over windows of [B, C, L]; args those of paddle.nn.MaxPool1D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self._max_pool(x, self.kernel_size, "NCL")


class MaxPool2D(_MaxPool, nn.MaxPool2D):
    """Maximum over windows of [B, C, H, W]; args those of paddle.nn.MaxPool2D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self._max_pool(x, self.ksize, self.data_format)


class MaxPool3D(_MaxPool, nn.MaxPool3D):
    """Maximum over windows of [B, C, D, H, W]; args those of paddle.nn.MaxPool3D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self._max_pool(x, self.ksize, self.data_format)


def _adaptive_max_pool(
    x: paddle.Tensor, output_size: object, return_mask: bool
) -> paddle.Tensor:
    """The greatest element in each of a given number of cells per axis."""
    pool = _ADAPTIVE_MAX_POOL[x.ndim - 2]
    _, positions = pool(x.detach(), output_size, return_mask=True)
    y = pick(x, positions)
    return (y, positions) if return_mask else y


class AdaptiveMaxPool1D(nn.AdaptiveMaxPool1D):
    """Maximum over cells of [B, C, L]; args those of paddle.nn.AdaptiveMaxPool1D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return _adaptive_max_pool(x, self.output_size, self.return_mask)


class AdaptiveMaxPool2D(nn.AdaptiveMaxPool2D):
    """Maximum over cells of [B, C, H, W]; args those of paddle.nn.AdaptiveMaxPool2D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return _adaptive_max_pool(x, self._output_size, self._return_mask)


class AdaptiveMaxPool3D(nn.AdaptiveMaxPool3D):
    """Maximum over cells of [B, C, D, H, W]; args those of paddle.nn.AdaptiveMaxPool3D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return _adaptive_max_pool(x, self._output_size, self._return_mask)


class _FractionalMaxPool:
    """The greatest element in each of a given number of windows of drawn lengths
    (Graham 2014)."""

    _pool: Callable

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        _, positions = self._pool(
            x.detach(),
            self._output_size,
            self._kernel_size,
            self._random_u,
            return_mask=True,
        )
        y = pick(x, positions)
        return (y, positions) if self._return_mask else y


class FractionalMaxPool2D(_FractionalMaxPool, nn.FractionalMaxPool2D):
    """Maximum over windows of [B, C, H, W]; args those of paddle.nn.FractionalMaxPool2D."""

    _pool = staticmethod(F.fractional_max_pool2d)


class FractionalMaxPool3D(_FractionalMaxPool, nn.FractionalMaxPool3D):
    """Maximum over windows of [B, C, D, H, W]; args those of paddle.nn.FractionalMaxPool3D."""

    _pool = staticmethod(F.fractional_max_pool3d)


class AvgPool3D(nn.AvgPool3D):
    """Mean over windows of [B, C, D, H, W]; args those of paddle.nn.AvgPool3D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        channels_last = self.data_format == "NDHWC"
        if channels_last:
            x = to_channels_first(x)
        kernel = per_axis(self.ksize, 3)
        stride = kernel if self.stride is None else per_axis(self.stride, 3)
        padding = explicit_padding(
            self.padding, x.shape[2:], kernel, stride, channels_last
        )
        rule = {"ceil_mode": self.ceil_mode, "exclusive": self.exclusive}
        b, c, d, h, w = x.shape
        y = F.avg_pool2d(
            x.reshape([b, c * d, h, w]),
            kernel[1:],
            stride[1:],
            [*padding[1], *padding[2]],
            **rule,
        )
        h, w = y.shape[2:]
        y = F.avg_pool2d(
            y.reshape([b, c, d, h * w]),
            [kernel[0], 1],
            [stride[0], 1],
            [*padding[0], 0, 0],
            **rule,
        )
        y = y.reshape([b, c, -1, h, w])
        if self.divisor is not None:
            y = y * (kernel[0] * kernel[1] * kernel[2] / self.divisor)
        return to_channels_last(y) if channels_last else y


class AdaptiveAvgPool3D(nn.AdaptiveAvgPool3D):
    """Mean over cells of [B, C, D, H, W]; args those of paddle.nn.AdaptiveAvgPool3D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        channels_last = self._data_format == "NDHWC"
        if channels_last:
            x = to_channels_first(x)
        b, c, d, h, w = x.shape
        depth, height, width = (
            length if size is None else size
            for length, size in zip((d, h, w), per_axis(self._output_size, 3))
        )
        y = F.adaptive_avg_pool2d(x.reshape([b, c * d, h, w]), [height, width])
        y = y.reshape([b, c, d, height * width])
        y = F.adaptive_avg_pool2d(y, [depth, height * width])
        y = y.reshape([b, c, depth, height, width])
        return to_channels_last(y) if channels_last else y
