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

"""What moves elements about and can be differentiated twice: reshape, transpose, concatenation."""

from __future__ import annotations

from typing import Sequence

import paddle
from paddle import nn


def flatten(
    x: paddle.Tensor, start_axis: int = 0, stop_axis: int = -1, name=None
) -> paddle.Tensor:
    """All axes from start_axis to stop_axis as one, as paddle.flatten does."""
    if x.ndim == 0:
        return x.reshape([1])
    start, stop = start_axis % x.ndim, stop_axis % x.ndim
    return x.reshape([*x.shape[:start], -1, *x.shape[stop + 1 :]])


def concat(x: Sequence[paddle.Tensor], axis: int = 0, name=None) -> paddle.Tensor:
    """paddle.concat, which can't be differentiated twice where a part has no gradient (a
    condition, coordinates) beside one that was computed: here every part has one."""
    return paddle.concat([_with_gradient(part) for part in x], axis)


def stack(x: Sequence[paddle.Tensor], axis: int = 0, name=None) -> paddle.Tensor:
    """paddle.stack, likewise."""
    return paddle.stack([_with_gradient(part) for part in x], axis)


def _with_gradient(x: paddle.Tensor) -> paddle.Tensor:
    if not (x.stop_gradient and x.is_floating_point() and paddle.is_grad_enabled()):
        return x
    x = x.detach()
    x.stop_gradient = False
    return x


def to_channels_first(x: paddle.Tensor) -> paddle.Tensor:
    """[B, ..., C] as [B, C, ...]."""
    return x.transpose([0, x.ndim - 1, *range(1, x.ndim - 1)])


def to_channels_last(x: paddle.Tensor) -> paddle.Tensor:
    """[B, C, ...] as [B, ..., C]."""
    return x.transpose([0, *range(2, x.ndim), 1])


class Flatten(nn.Flatten):
    """Flatten some axes into one; args those of paddle.nn.Flatten."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return flatten(x, self.start_axis, self.stop_axis)


class PixelShuffle(nn.PixelShuffle):
    """[B, r r C, H, W] -> [B, C, r H, r W] (Shi et al. 2016, section 3.2); args those of
    paddle.nn.PixelShuffle."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        r = self._upscale_factor
        if self._data_format == "NHWC":
            b, h, w, c = x.shape
            y = x.reshape([b, h, w, c // (r * r), r, r]).transpose([0, 1, 4, 2, 5, 3])
            return y.reshape([b, h * r, w * r, c // (r * r)])
        b, c, h, w = x.shape
        y = x.reshape([b, c // (r * r), r, r, h, w]).transpose([0, 1, 4, 2, 5, 3])
        return y.reshape([b, c // (r * r), h * r, w * r])


class PixelUnshuffle(nn.PixelUnshuffle):
    """[B, C, r H, r W] -> [B, r r C, H, W], what undoes PixelShuffle; args those of
    paddle.nn.PixelUnshuffle."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        r = self._downscale_factor
        if self._data_format == "NHWC":
            b, h, w, c = x.shape
            y = x.reshape([b, h // r, r, w // r, r, c]).transpose([0, 1, 3, 5, 2, 4])
            return y.reshape([b, h // r, w // r, c * r * r])
        b, c, h, w = x.shape
        y = x.reshape([b, c, h // r, r, w // r, r]).transpose([0, 1, 3, 5, 2, 4])
        return y.reshape([b, c * r * r, h // r, w // r])


class ChannelShuffle(nn.ChannelShuffle):
    """The channels of all groups in turn (Zhang et al. 2018); args those of
    paddle.nn.ChannelShuffle."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        if self._data_format == "NHWC":
            b, h, w, c = x.shape
            y = x.reshape([b, h, w, self._groups, -1]).transpose([0, 1, 2, 4, 3])
        else:
            b, c, h, w = x.shape
            y = x.reshape([b, self._groups, -1, h, w]).transpose([0, 2, 1, 3, 4])
        return y.reshape(x.shape)
