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

"""Pooling by sums of powers that can be differentiated twice."""

from __future__ import annotations

import math
from typing import List

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppsci_ext.arch.pooling import MaxPool2D
from ppsci_ext.arch.powers import power
from ppsci_ext.arch.powers import root
from ppsci_ext.arch.rearrangement import to_channels_first
from ppsci_ext.arch.rearrangement import to_channels_last
from ppsci_ext.arch.windows import explicit_padding
from ppsci_ext.arch.windows import pad_axis
from ppsci_ext.arch.windows import per_axis


def _power_pool(
    x: paddle.Tensor,
    exponent: float,
    kernel: List[int],
    stride: List[int],
    padding: List,
    ceil_mode: bool,
) -> paddle.Tensor:
    """The root of the sum of powers over windows of [B, C, H, W]."""
    if math.isinf(exponent):
        sides = [p for pair in padding for p in pair]
        return MaxPool2D(kernel, stride, sides, ceil_mode=ceil_mode)(x)
    for axis, (before, after) in enumerate(padding):
        if ceil_mode:  # to the end of the last window
            rest = x.shape[axis + 2] + before + after - kernel[axis]
            after += -rest % stride[axis]
        x = pad_axis(x, axis + 2, before, after)
    means = F.avg_pool2d(power(x, exponent), kernel, stride)
    return root(means * (kernel[0] * kernel[1]), exponent)


class LPPool1D(nn.LPPool1D):
    """Root of the sum of powers over windows of [B, C, L]; args those of paddle.nn.LPPool1D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        channels_last = self.data_format == "NLC"
        if channels_last:
            x = to_channels_first(x)
        kernel = per_axis(self.kernel_size, 1)
        stride = kernel if self.stride is None else per_axis(self.stride, 1)
        padding = explicit_padding(
            self.padding, x.shape[2:], kernel, stride, channels_last
        )
        y = _power_pool(
            x.unsqueeze(2),
            self.norm_type,
            [1, *kernel],
            [1, *stride],
            [(0, 0), *padding],
            self.ceil_mode,
        ).squeeze(2)
        return to_channels_last(y) if channels_last else y


class LPPool2D(nn.LPPool2D):
    """Root of the sum of powers over windows of [B, C, H, W]; args those of
    paddle.nn.LPPool2D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        channels_last = self.data_format == "NHWC"
        if channels_last:
            x = to_channels_first(x)
        kernel, stride = per_axis(self.ksize, 2), per_axis(self.stride, 2)
        padding = explicit_padding(
            self.padding, x.shape[2:], kernel, stride, channels_last
        )
        y = _power_pool(
            x,
            self.norm_type,
            kernel,
            stride,
            padding,
            self.ceil_mode,
        )
        return to_channels_last(y) if channels_last else y
