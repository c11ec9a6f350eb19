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

"""Paddle's convolution layers, computed by oneDNN wherever it can."""

from __future__ import annotations

from typing import List

import paddle
from paddle import nn
from paddle.base import core
from paddle.base import framework
from paddle.utils.layers_utils import convert_to_list

from ppsci_ext.arch import resampled_convolution
from ppsci_ext.arch.onednn.build import load
from ppsci_ext.arch.onednn.function import Geometry
from ppsci_ext.arch.onednn.function import conv2d
from ppsci_ext.arch.onednn.function import conv2d_transpose
from ppsci_ext.arch.windows import explicit_padding


class Conv2D(nn.Conv2D):
    """2-D convolution; what oneDNN isn't for here, Paddle computes.

    oneDNN takes float32 images on the CPU outside of autocast, in dynamic graphs, and ungrouped
    convolutions without dilation, in NCHW; paddings other than by zeros come before it.

    Args: those of paddle.nn.Conv2D. Input [B, C, H, W], output [B, K, H', W'].
    """

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        if not _computable(self, x):
            return super().forward(x)
        padded = x
        if self._padding_mode != "zeros":  # then the convolution itself pads nothing
            margin = self._reversed_padding_repeated_twice
            padded = nn.functional.pad(x, margin, mode=self._padding_mode)
        padding = _padding_of(self, padded.shape[2:])
        if not _fits(self.weight.shape[2:], padded.shape[2:], padding):
            return super().forward(x)
        geometry = Geometry(list(self._stride), padding)
        return conv2d(padded, self.weight, self.bias, geometry)


class Conv2DTranspose(nn.Conv2DTranspose):
    """2-D transposed convolution; what oneDNN isn't for here, Paddle computes.

    Args: those of paddle.nn.Conv2DTranspose. Input [B, K, H', W'], output [B, C, H, W].
    """

    def forward(self, x: paddle.Tensor, output_size=None) -> paddle.Tensor:
        if (
            not _computable(self, x)
            or output_size is not None
            or self._padding_algorithm == "SAME"
        ):
            return super().forward(x, output_size)
        padding = _padding_of(self, x.shape[2:])
        more = convert_to_list(self.output_padding, 2, "output_padding")
        size = [
            (n - 1) * stride + k + extra - before - after
            for n, stride, k, extra, before, after in zip(
                x.shape[2:],
                self._stride,
                self.weight.shape[2:],
                more,
                padding[::2],
                padding[1::2],
            )
        ]
        if not _fits(self.weight.shape[2:], size, padding) or any(
            extra >= stride for extra, stride in zip(more, self._stride)
        ):
            return super().forward(x)
        geometry = Geometry(list(self._stride), padding)
        return conv2d_transpose(x, self.weight, self.bias, size, geometry)


class ConvMeanPool2D(resampled_convolution.ConvMeanPool2D):
    """See ppsci_ext.arch.ConvMeanPool2D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        if not _computable(self, x) or min(x.shape[2:]) == 1:
            return super().forward(x)
        geometry = Geometry(self.strides, self.padding)
        return conv2d(x, self.resampling_weight(), self.bias, geometry)


class UpsampleConv2D(resampled_convolution.UpsampleConv2D):
    """See ppsci_ext.arch.UpsampleConv2D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        if not _computable(self, x):
            return super().forward(x)
        size = [2 * n for n in x.shape[2:]]
        geometry = Geometry(self.strides, self.padding)
        weight = self.resampling_weight()
        return conv2d_transpose(x, weight, self.bias, size, geometry)


def _computable(layer: nn.Layer, x: paddle.Tensor) -> bool:
    return (
        paddle.in_dynamic_mode()
        and x.dtype == layer.weight.dtype == paddle.float32
        and x.place.is_cpu_place()
        and framework._dygraph_tracer()._amp_level == core.AmpLevel.O0
        and layer._groups == 1
        and set(layer._dilation) == {1}
        and layer._data_format == "NCHW"
        and x.ndim == 4
        and x.shape[1] == layer._in_channels
        and min(x.shape) > 0
    )


def _fits(kernel: List[int], size: List[int], padding: List[int]) -> bool:
    """Whether there is an image, padded no smaller than the kernel; oneDNN would abort."""
    return all(
        n > 0 and k <= n + before + after
        for k, n, before, after in zip(kernel, size, padding[::2], padding[1::2])
    )


def _padding_of(layer: nn.Layer, size: List[int]) -> List[int]:
    """Padding of a convolution as [top, bottom, left, right], for an image of this size."""
    if layer._padding_algorithm == "VALID":
        return [0, 0, 0, 0]
    if layer._padding_algorithm == "EXPLICIT":
        given = list(layer._updated_padding)
        return given if len(given) == 4 else [n for n in given for _ in range(2)]
    kernel = layer.weight.shape[2:]
    pairs = explicit_padding("SAME", size, kernel, layer._stride, channels_last=False)
    return [number for pair in pairs for number in pair]


_FASTER = {
    nn.Conv2D: Conv2D,
    nn.Conv2DTranspose: Conv2DTranspose,
    resampled_convolution.ConvMeanPool2D: ConvMeanPool2D,
    resampled_convolution.UpsampleConv2D: UpsampleConv2D,
}


def use_onednn(network: nn.Layer) -> None:
    """Let oneDNN compute a network's 2-D convolutions, in place.

    Parameters, hooks and state_dict stay as they are.

    Args:
        network (nn.Layer): Network; layers of classes derived from Paddle's are left alone.

    Raises:
        UserError: If oneDNN's convolutions can't be had here, see :func:`load`.
    """
    load()
    for layer in network.sublayers(include_self=True):
        layer.__class__ = _FASTER.get(type(layer), type(layer))
