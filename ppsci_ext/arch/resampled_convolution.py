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

"""Convolutions next to a change of the resolution by two, taken together as one.

Averaging 2 x 2 pixels after a convolution with stride 1 is a convolution with stride 2 by a kernel
one pixel larger; doubling the pixels before one is a transposed convolution, likewise. The
results are the same but for rounding, for 4/9 of the multiplications (3 x 3 kernels), and the
large image in between is never made.
"""

from __future__ import annotations

from typing import List

import numpy as np
import paddle
from paddle import nn


def _spread(kernel_size: int) -> np.ndarray:
    """[k * k, (k + 1) * (k + 1)]: adds up four copies of a kernel, each shifted by a pixel."""
    along_one_axis = np.eye(kernel_size, kernel_size + 1)
    along_one_axis += np.eye(kernel_size, kernel_size + 1, k=1)
    return np.kron(along_one_axis, along_one_axis)


class _ResampledConv2D(nn.Conv2D):
    """Layer with the parameters of a convolution with an odd kernel and zero padding."""

    strides = [2, 2]

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, **kwargs):
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size should be odd, but got {kernel_size}")
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            padding=(kernel_size - 1) // 2,
            **kwargs,
        )
        spread = paddle.to_tensor(self._spread_kernel(kernel_size), dtype="float32")
        self.register_buffer("_spread", spread, persistable=False)

    @property
    def padding(self) -> List[int]:
        """Top, bottom, left, right."""
        return [(self._kernel_size[0] - 1) // 2] * 4

    def resampling_weight(self) -> paddle.Tensor:
        """Kernel of the one convolution, [out_channels, in_channels, k + 1, k + 1]."""
        channels, size = self.weight.shape[:2], self._kernel_size[0]
        spread = self._spread.astype(self.weight.dtype)
        weight = self.weight.reshape([-1, size * size]).matmul(spread)
        return weight.reshape([*channels, size + 1, size + 1])


class ConvMeanPool2D(_ResampledConv2D):
    """Convolution with stride 1 and the image's size kept, then the mean of each 2 x 2 pixels.

    Args:
        in_channels (int): C.
        out_channels (int): K.
        kernel_size (int): Side of the square kernel, odd.
        **kwargs: weight_attr and bias_attr of paddle.nn.Conv2D.

    Input [B, C, 2 H, 2 W], output [B, K, H, W].

    Raises:
        ValueError: If the kernel's size is even.
    """

    @staticmethod
    def _spread_kernel(kernel_size: int) -> np.ndarray:
        return _spread(kernel_size) / 4

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return nn.functional.conv2d(
            x, self.resampling_weight(), self.bias, self.strides, self.padding
        )


class UpsampleConv2D(_ResampledConv2D):
    """Each pixel doubled in both directions (nearest neighbour), then a convolution.

    For generators: it has no second derivative, as Paddle's transposed convolution has none.

    Args:
        in_channels (int): C.
        out_channels (int): K.
        kernel_size (int): Side of the square kernel, odd.
        **kwargs: weight_attr and bias_attr of paddle.nn.Conv2D.

    Input [B, C, H, W], output [B, K, 2 H, 2 W].

    Raises:
        ValueError: If the kernel's size is even.
    """

    @staticmethod
    def _spread_kernel(kernel_size: int) -> np.ndarray:
        return _spread(kernel_size)[::-1].copy()  # the transpose turns the kernel round

    def resampling_weight(self) -> paddle.Tensor:
        """Kernel of the transposed convolution, [in_channels, out_channels, k + 1, k + 1]."""
        # not super(): of a derived class, Paddle's export takes it for this very method
        return _ResampledConv2D.resampling_weight(self).transpose([1, 0, 2, 3])

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return nn.functional.conv2d_transpose(
            x, self.resampling_weight(), self.bias, self.strides, self.padding
        )
