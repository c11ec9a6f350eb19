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

"""Convolutions that can be differentiated twice where Paddle's cannot."""

from __future__ import annotations

from typing import List
from typing import Optional
from typing import Sequence
from typing import Union

import paddle
from paddle import _C_ops
from paddle import nn
from paddle.nn import functional as F

from ppsci_ext.arch.rearrangement import to_channels_first
from ppsci_ext.arch.rearrangement import to_channels_last
from ppsci_ext.arch.windows import Padding
from ppsci_ext.arch.windows import explicit_padding
from ppsci_ext.arch.windows import insert_zeros
from ppsci_ext.arch.windows import per_axis
from ppsci_ext.arch.windows import wrapped


def conv3d(
    x: paddle.Tensor,
    weight: paddle.Tensor,
    bias: Optional[paddle.Tensor] = None,
    stride: Union[int, Sequence[int]] = 1,
    padding: Padding = 0,
    dilation: Union[int, Sequence[int]] = 1,
    groups: int = 1,
    data_format: str = "NCDHW",
    name: Optional[str] = None,
) -> paddle.Tensor:
    """paddle.nn.functional.conv3d with a second derivative that is complete.

    Paddle leaves out the second derivative with respect to x where it is zero, and whatever
    made x meets a gradient that isn't there: an error, or a segmentation fault. Here x has
    another way to the output, 0 * mean(x)^2, whose derivatives are zeros that are there.

    Args: those of Paddle's function. x [B, C, D, H, W], or [B, D, H, W, C] with data_format
        "NDHWC"; weight [K, C / groups, d, h, w]; bias [K].
    """
    y = F.conv3d(x, weight, bias, stride, padding, dilation, groups, data_format)
    mean = x.mean()
    return y + (0.0 * mean * mean).astype(y.dtype)


def padded(layer: nn.Layer, x: paddle.Tensor) -> paddle.Tensor:
    """x with the margins of a convolution whose padding mode isn't zeros."""
    margin = layer._reversed_padding_repeated_twice  # of the last axis first
    mode, data_format = layer._padding_mode, layer._data_format
    if (
        mode == "circular"
        and not data_format.endswith("C")
        and paddle.in_dynamic_mode()
    ):
        each = margin[::2][::-1]
        if all(width <= size for width, size in zip(each, x.shape[2:])):
            return wrapped(x, each)
    return F.pad(x, margin, mode=mode, data_format=data_format)


class Conv2D(nn.Conv2D):
    """Convolution of [B, C, H, W] of which the depthwise kind (groups = channels) has a
    second derivative on CPUs, too; args those of paddle.nn.Conv2D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        # Paddle has a general and a depthwise operator: only the first is complete
        self._op_type = "conv2d"
        return super().forward(x)


class Conv3D(nn.Conv3D):
    """Convolution of [B, C, D, H, W] with the second derivative of :func:`conv3d`; args those
    of paddle.nn.Conv3D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        padding = self._padding
        if self._padding_mode != "zeros":
            x, padding = padded(self, x), 0
        return conv3d(
            x,
            self.weight,
            self.bias,
            self._stride,
            padding,
            self._dilation,
            self._groups,
            self._data_format,
        )


class _ConvTranspose:
    """Transposed convolution as a convolution: zeros between the elements of the input,
    the kernel flipped (Dumoulin & Visin 2016, section 4).

    Raises:
        ValueError: If output_size isn't a size that the stride can give, or comes
            together with output_padding.
    """

    def forward(
        self,
        x: paddle.Tensor,
        output_size: Optional[Union[int, Sequence[int]]] = None,
    ) -> paddle.Tensor:
        channels_last = self._data_format.endswith("C")
        if channels_last:
            x = to_channels_first(x)
        count = x.ndim - 2
        lengths = x.shape[2:]
        padding = explicit_padding(
            self._padding, lengths, self._kernel_size, self._stride, channels_last
        )
        dilation = self._dilation
        if isinstance(self._padding, str) and self._padding.upper() == "SAME":
            dilation = [1] * count  # as Paddle does
        reach = [d * (k - 1) for d, k in zip(dilation, self._kernel_size)]
        least = [
            (n - 1) * s + r + 1 - before - after
            for n, s, r, (before, after) in zip(lengths, self._stride, reach, padding)
        ]
        extra = self._extra_output(output_size, least)
        for axis in range(count):
            before, after = padding[axis]
            x = insert_zeros(
                x,
                axis + 2,
                self._stride[axis],
                reach[axis] - before,
                reach[axis] - after + extra[axis],
            )
        y = _convolve(x, self._flipped_weight(), dilation, self._groups)
        if self.bias is not None:
            y = y + self.bias.reshape([1, -1] + [1] * count)
        return to_channels_last(y) if channels_last else y

    def _extra_output(
        self, output_size: Optional[Union[int, Sequence[int]]], least: List[int]
    ) -> List[int]:
        """Elements that each axis gets beyond the least size."""
        if output_size is None:
            return per_axis(self.output_padding, len(least))
        if isinstance(output_size, paddle.Tensor):
            output_size = output_size.tolist()
        extra = [o - n for o, n in zip(per_axis(output_size, len(least)), least)]
        if len(extra) < len(least) or not all(
            0 <= e < s for e, s in zip(extra, self._stride)
        ):
            raise ValueError(
                f"output_size should be {least}, or less than a stride "
                f"({self._stride}) more, but got {output_size}."
            )
        return extra

    def _flipped_weight(self) -> paddle.Tensor:
        """[in, out / groups, ...] as the convolution's [out, in / groups, ...], flipped."""
        groups, (inputs, outputs, *kernel) = self._groups, self.weight.shape
        weight = self.weight.flip(list(range(2, self.weight.ndim)))
        weight = weight.reshape([groups, inputs // groups, outputs, *kernel])
        weight = weight.transpose([0, 2, 1, *range(3, weight.ndim)])
        return weight.reshape([groups * outputs, inputs // groups, *kernel])


def _convolve(
    x: paddle.Tensor, weight: paddle.Tensor, dilation: Sequence[int], groups: int
) -> paddle.Tensor:
    if x.ndim == 3:
        return F.conv1d(x, weight, dilation=dilation, groups=groups)
    if x.ndim == 5:
        return conv3d(x, weight, dilation=dilation, groups=groups)
    # not F.conv2d, which would call the depthwise operator where it applies
    return _C_ops.conv2d(
        x, weight, [1, 1], [0, 0], "EXPLICIT", list(dilation), groups, "NCHW"
    )


class Conv1DTranspose(_ConvTranspose, nn.Conv1DTranspose):
    """Transposed convolution of [B, C, L]; args those of paddle.nn.Conv1DTranspose."""


class Conv2DTranspose(_ConvTranspose, nn.Conv2DTranspose):
    """Transposed convolution of [B, C, H, W]; args those of paddle.nn.Conv2DTranspose."""


class Conv3DTranspose(_ConvTranspose, nn.Conv3DTranspose):
    """Transposed convolution of [B, C, D, H, W]; args those of paddle.nn.Conv3DTranspose."""
