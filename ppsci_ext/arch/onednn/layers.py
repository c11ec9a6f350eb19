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

"""Paddle's convolution layers, computed by oneDNN wherever it can, and norms by one operator each."""

from __future__ import annotations

from typing import List

import paddle
from paddle import nn
from paddle.base import core
from paddle.base import framework
from paddle.utils.layers_utils import convert_to_list

from ppsci_ext.arch import batch_norm
from ppsci_ext.arch import convolution as complete
from ppsci_ext.arch import normalization
from ppsci_ext.arch import premixed_convolution
from ppsci_ext.arch import resampled_convolution
from ppsci_ext.arch.onednn import build
from ppsci_ext.arch.onednn import primitives
from ppsci_ext.arch.onednn.batch_norm import batch_moments_norm
from ppsci_ext.arch.onednn.channel_norm import channel_norm
from ppsci_ext.arch.onednn.function import convolution
from ppsci_ext.arch.onednn.function import transposed_convolution
from ppsci_ext.arch.onednn.kernels import Geometry
from ppsci_ext.arch.windows import explicit_padding


class _Convolution:
    """Convolution; what oneDNN isn't for here, Paddle computes.

    oneDNN takes float32 tensors on the CPU outside of autocast, in dynamic graphs, and ungrouped
    convolutions, channels first; margins other than of zeros and circular ones are made before it.
    """

    @paddle.jit.not_to_static  # which takes super() for the class of the layer
    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        if not _computable(self, x):
            return super().forward(x)
        whole, padding = x, [0, 0] * len(self._kernel_size)
        circular = self._padding_mode == "circular"
        if self._padding_mode == "zeros":
            padding = _padding_of(self, x.shape[2:])
        elif circular and self._padding <= min(x.shape[2:]):
            padding = [self._padding] * len(padding)
        else:
            whole = complete.padded(self, x)
        if not _fits(_extent(self), whole.shape[2:], padding):
            return super().forward(x)
        geometry = Geometry(list(self._stride), list(self._dilation), padding, circular)
        return convolution(whole, self.weight, self.bias, geometry)


class Conv1D(_Convolution, nn.Conv1D):
    """Args: those of paddle.nn.Conv1D. Input [B, C, L], output [B, K, L']."""


class Conv2D(_Convolution, nn.Conv2D):
    """Args: those of paddle.nn.Conv2D. Input [B, C, H, W], output [B, K, H', W']."""


class Conv3D(_Convolution, complete.Conv3D):
    """Args: those of paddle.nn.Conv3D. Input [B, C, D, H, W], output [B, K, D', H', W']."""


class _TransposedConvolution:
    """Transposed convolution; what oneDNN isn't for here, Paddle computes."""

    @paddle.jit.not_to_static
    def forward(self, x: paddle.Tensor, output_size=None) -> paddle.Tensor:
        if not _computable(self, x) or output_size is not None or _same(self):
            return super().forward(x, output_size)
        padding = _padding_of(self, x.shape[2:])
        more = convert_to_list(self.output_padding, len(self._stride), "output_padding")
        size = [
            (n - 1) * stride + k + extra - before - after
            for n, stride, k, extra, before, after in zip(
                x.shape[2:],
                self._stride,
                _extent(self),
                more,
                padding[::2],
                padding[1::2],
            )
        ]
        if not _fits(_extent(self), size, padding) or any(
            extra >= stride for extra, stride in zip(more, self._stride)
        ):
            return super().forward(x, output_size)
        geometry = Geometry(list(self._stride), list(self._dilation), padding)
        return transposed_convolution(x, self.weight, self.bias, size, geometry)


class Conv1DTranspose(_TransposedConvolution, nn.Conv1DTranspose):
    """Args: those of paddle.nn.Conv1DTranspose. Input [B, K, L'], output [B, C, L]."""


class Conv2DTranspose(_TransposedConvolution, nn.Conv2DTranspose):
    """Args: those of paddle.nn.Conv2DTranspose. Input [B, K, H', W'], output [B, C, H, W]."""


class Conv3DTranspose(_TransposedConvolution, nn.Conv3DTranspose):
    """Args: those of paddle.nn.Conv3DTranspose. Input [B, K, D', H', W'], output
    [B, C, D, H, W]."""


class ConvMeanPool2D(resampled_convolution.ConvMeanPool2D):
    """See ppsci_ext.arch.ConvMeanPool2D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        if not _computable(self, x) or min(x.shape[2:]) == 1:
            return super().forward(x)
        geometry = Geometry(self.strides, [1, 1], self.padding)
        return convolution(x, self.resampling_weight(), self.bias, geometry)


class UpsampleConv2D(resampled_convolution.UpsampleConv2D):
    """See ppsci_ext.arch.UpsampleConv2D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        if not _computable(self, x):
            return super().forward(x)
        size = [2 * n for n in x.shape[2:]]
        geometry = Geometry(self.strides, [1, 1], self.padding)
        weight = self.resampling_weight()
        return transposed_convolution(x, weight, self.bias, size, geometry)


class PremixedConv1D(premixed_convolution.PremixedConv1D):
    """See ppsci_ext.arch.PremixedConv1D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        padding = _padding_of(self, x.shape[2:])
        channels = self.mixing.shape[0]
        if (
            not computable(self, x)
            or x.shape[1] != channels
            or not (_fits(_extent(self), x.shape[2:], padding))
        ):
            return super().forward(x)
        geometry = Geometry(list(self._stride), list(self._dilation), padding)
        return convolution(x, self.mixed_weight(), self.bias, geometry)


class BatchMomentsNorm(batch_norm.BatchMomentsNorm):
    """See ppsci_ext.arch.batch_norm.BatchMomentsNorm; once differentiable."""

    @paddle.jit.not_to_static
    def forward(
        self, x: paddle.Tensor, scale: paddle.Tensor, offset: paddle.Tensor
    ) -> paddle.Tensor:
        shapes = ([x.shape[1]], x.shape[:2])
        fit = scale.shape == offset.shape and scale.shape in shapes
        if not fit or x.ndim == 2 or not _plain(scale, x):
            return super().forward(x, scale, offset)
        return batch_moments_norm(x, scale, offset, self.epsilon)


class ChannelNorm(normalization.ChannelNorm):
    """See ppsci_ext.arch.ChannelNorm."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        if not _plain(self.weight, x) or x.shape[1] != self.weight.shape[0]:
            return super().forward(x)
        return channel_norm(x, self.weight, self.bias, self.epsilon)


def _computable(layer: nn.Layer, x: paddle.Tensor) -> bool:
    return computable(layer, x) and x.shape[1] == layer._in_channels


def is_convolution(layer: nn.Layer) -> bool:
    """Whether this is one of the layers here, and no transposed convolution."""
    return isinstance(layer, _Convolution)


def computable(layer: nn.Layer, x: paddle.Tensor) -> bool:
    """Whether oneDNN is for this layer and tensor, but for the number of its channels."""
    return (
        _plain(layer.weight, x)
        and layer._groups == 1
        and (set(layer._dilation) == {1} or not _same(layer))  # Paddle ignores it there
        and layer._data_format in ("NCL", "NCHW", "NCDHW")
        and x.ndim == 2 + len(layer._kernel_size)
    )


def _same(layer: nn.Layer) -> bool:
    return isinstance(layer._padding, str) and layer._padding.upper() == "SAME"


def _plain(weight: paddle.Tensor, x: paddle.Tensor) -> bool:
    """Whether the operators here take such tensors, at this moment."""
    return (
        paddle.in_dynamic_mode()
        and x.dtype == weight.dtype == paddle.float32
        and x.place.is_cpu_place()
        and framework._dygraph_tracer()._amp_level == core.AmpLevel.O0
        and min(x.shape) > 0
    )


def _fits(kernel: List[int], size: List[int], padding: List[int]) -> bool:
    """Whether there is an image, padded no smaller than the kernel; oneDNN would abort."""
    return all(
        n > 0 and k <= n + before + after
        for k, n, before, after in zip(kernel, size, padding[::2], padding[1::2])
    )


def _extent(layer: nn.Layer) -> List[int]:
    """How many places a kernel covers on each axis, those between its own included."""
    sizes = layer.weight.shape[2:]
    return [(n - 1) * step + 1 for n, step in zip(sizes, layer._dilation)]


def _padding_of(layer: nn.Layer, size: List[int]) -> List[int]:
    """Padding of a convolution before and after each axis, for a tensor of this size."""
    pairs = explicit_padding(
        layer._padding, size, _extent(layer), layer._stride, channels_last=False
    )
    return [number for pair in pairs for number in pair]


_CONVOLUTIONS = {
    nn.Conv1D: Conv1D,
    nn.Conv2D: Conv2D,
    nn.Conv3D: Conv3D,
    complete.Conv3D: Conv3D,
    premixed_convolution.PremixedConv1D: PremixedConv1D,
    nn.Conv1DTranspose: Conv1DTranspose,
    nn.Conv2DTranspose: Conv2DTranspose,
    nn.Conv3DTranspose: Conv3DTranspose,
    resampled_convolution.ConvMeanPool2D: ConvMeanPool2D,
    resampled_convolution.UpsampleConv2D: UpsampleConv2D,
}
_NORMS = {
    batch_norm.BatchMomentsNorm: BatchMomentsNorm,
    normalization.ChannelNorm: ChannelNorm,
}


def use_onednn(network: nn.Layer) -> None:
    """Let oneDNN compute a network's convolutions, in place; and operators of this package's own
    its norms, where there is a C++ compiler for them.

    Parameters, hooks and state_dict stay as they are.

    Args:
        network (nn.Layer): Network; layers of classes derived from Paddle's are left alone.

    Raises:
        UserError: If this Paddle has no oneDNN that can be called.
    """
    primitives.library()
    faster = {**_CONVOLUTIONS, **_NORMS} if build.compiled() else _CONVOLUTIONS
    for layer in network.sublayers(include_self=True):
        layer.__class__ = faster.get(type(layer), type(layer))
