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

"""Normalisation layers that can be differentiated twice.

Each takes the arguments of Paddle's layer of its name, has its parameters under the same
names and returns the same values. The layer normalisation of the WGAN-GP authors' code
(statistics over C, H and W of each sample, one scale and offset per channel) is
`GroupNorm(1, C)`.
"""

from __future__ import annotations

from typing import Optional
from typing import Sequence
from typing import Union

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppsci_ext.arch.rearrangement import to_channels_first
from ppsci_ext.arch.rearrangement import to_channels_last
from ppsci_ext.arch.windows import pad_axis


def standardize(x: paddle.Tensor, epsilon: float, axis: int = -1) -> paddle.Tensor:
    """Subtract the mean of an axis and divide by its (biased) standard deviation."""
    centred = x - x.mean(axis=axis, keepdim=True)
    variance = (centred * centred).mean(axis=axis, keepdim=True)
    # a factor, not a divisor: second derivatives come out with less rounding
    return centred * (1.0 / (variance + epsilon).sqrt())


def _affine(
    x: paddle.Tensor,
    scale: Optional[paddle.Tensor],
    shift: Optional[paddle.Tensor],
    shape: Sequence[int],
) -> paddle.Tensor:
    if scale is not None:
        x = x * scale.reshape(shape)
    if shift is not None:
        x = x + shift.reshape(shape)
    return x


def _per_channel(x: paddle.Tensor) -> Sequence[int]:
    """Shape of a vector over the channels (axis 1) that broadcasts against x."""
    return [1, -1] + [1] * (x.ndim - 2)


def _check_trailing_shape(x: paddle.Tensor, normalized_shape: Sequence[int]) -> None:
    if list(x.shape[-len(normalized_shape) :]) != list(normalized_shape):
        raise ValueError(
            f"The last axes of the input should be {list(normalized_shape)}, the shape "
            f"to normalise, but the input has shape {list(x.shape)}."
        )


class LayerNorm(nn.LayerNorm):
    """Layer normalisation (Ba et al. 2016) with one scale and shift per element.

    Args: those of paddle.nn.LayerNorm. Input and output [B, ..., *normalized_shape].

    Raises:
        ValueError: If the last axes of an input aren't normalized_shape.
    """

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        _check_trailing_shape(x, self._normalized_shape)
        leading = x.shape[: x.ndim - len(self._normalized_shape)]
        y = standardize(x.reshape([*leading, -1]), self._epsilon).reshape(x.shape)
        return _affine(y, self.weight, self.bias, self._normalized_shape)


class ChannelNorm(nn.Layer):
    """Layer normalisation over the channels of each place of [B, C, ...] by itself.

    Of sequences [B, C, T] every frame is normalised alone, whatever T is: `LayerNorm(C)` between
    two transpositions.

    Args:
        channels (int): C.
        epsilon (float, optional): Added to the variance. Defaults to 1e-5.
    """

    def __init__(self, channels: int, epsilon: float = 1e-5):
        super().__init__()
        self.epsilon = epsilon
        one = nn.initializer.Constant(1.0)
        self.weight = self.create_parameter([channels], default_initializer=one)
        self.bias = self.create_parameter([channels], is_bias=True)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        y = standardize(x, self.epsilon, axis=1)
        return _affine(y, self.weight, self.bias, _per_channel(x))


class RMSNorm(nn.Layer):
    """Root mean square normalisation (Zhang & Sennrich 2019): no mean, no shift.

    paddlepaddle 3.3 has the function (nn.functional.rms_norm), but no layer.

    Args:
        normalized_shape (Union[int, Sequence[int]]): Sizes of the last axes, over which
            the mean square is taken.
        epsilon (float, optional): Added to the mean square. Defaults to 1e-5.
        weight_attr (Union[paddle.ParamAttr, bool, None], optional): Attributes of the
            scale `weight`, of shape normalized_shape; False for none. Defaults to None.

    Raises:
        ValueError: If the last axes of an input aren't normalized_shape.
    """

    def __init__(
        self,
        normalized_shape: Union[int, Sequence[int]],
        epsilon: float = 1e-5,
        weight_attr: Union[paddle.ParamAttr, bool, None] = None,
    ):
        super().__init__()
        if isinstance(normalized_shape, int):
            normalized_shape = [normalized_shape]
        self._normalized_shape = list(normalized_shape)
        self._epsilon = epsilon
        self.weight = None
        if weight_attr is not False:
            self.weight = self.create_parameter(
                self._normalized_shape,
                attr=weight_attr,
                default_initializer=nn.initializer.Constant(1.0),
            )

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        _check_trailing_shape(x, self._normalized_shape)
        axes = list(range(-len(self._normalized_shape), 0))
        mean_square = (x * x).mean(axis=axes, keepdim=True)
        y = x * (1.0 / (mean_square + self._epsilon).sqrt())
        return _affine(y, self.weight, None, self._normalized_shape)


class GroupNorm(nn.GroupNorm):
    """Group normalisation (Wu & He 2018) with one scale and shift per channel.

    With num_groups=1 this is the layer normalisation of the WGAN-GP authors' code.

    Args: those of paddle.nn.GroupNorm. Input and output [B, C, ...], or [B, ..., C] with
        a data_format that ends in C.
    """

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        channels_last = self._data_format == "NHWC"
        if channels_last:
            x = to_channels_first(x)
        grouped = x.reshape([x.shape[0], self._num_groups, -1])
        y = standardize(grouped, self._epsilon).reshape(x.shape)
        y = _affine(y, self.weight, self.bias, _per_channel(x))
        return to_channels_last(y) if channels_last else y


class LocalResponseNorm(nn.LocalResponseNorm):
    """Division by a power of the squares in the neighbouring channels (Krizhevsky et al. 2012,
    section 3.3); args those of paddle.nn.LocalResponseNorm.

    Input and output [B, C, ...], or [B, ..., C] with a data_format that ends in C.
    """

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        channels_last = self.data_format.endswith("C")
        if channels_last:
            x = to_channels_first(x)
        squares = (x * x).reshape([x.shape[0], 1, x.shape[1], -1])
        squares = pad_axis(squares, 2, self.size // 2, (self.size - 1) // 2)
        means = F.avg_pool2d(squares, [self.size, 1], 1).reshape(x.shape)
        y = x * (self.k + self.alpha * means) ** -self.beta
        return to_channels_last(y) if channels_last else y


class _InstanceNorm:
    """Instance normalisation (Ulyanov et al. 2016): each channel of each sample by itself."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        self._check_input_dim(x)
        if not self._data_format.startswith("NC"):
            raise ValueError(
                f"{type(self).__name__} takes its channels on axis 1, but data_format is "
                f"'{self._data_format}'; Paddle's own layer ignores it."
            )
        y = standardize(x.reshape([*x.shape[:2], -1]), self._epsilon).reshape(x.shape)
        return _affine(y, self.scale, self.bias, _per_channel(x))


class InstanceNorm1D(_InstanceNorm, nn.InstanceNorm1D):
    """Instance normalisation of [B, C, L]; args those of paddle.nn.InstanceNorm1D."""


class InstanceNorm2D(_InstanceNorm, nn.InstanceNorm2D):
    """Instance normalisation of [B, C, H, W]; args those of paddle.nn.InstanceNorm2D."""


class InstanceNorm3D(_InstanceNorm, nn.InstanceNorm3D):
    """Instance normalisation of [B, C, D, H, W]; args those of paddle.nn.InstanceNorm3D."""


class _BatchNorm:
    """Batch normalisation (Ioffe & Szegedy 2015).

    With running statistics (eval mode) each sample stands alone, and the second
    derivative is this layer's. With the statistics of the batch (train mode) the call goes
    to Paddle, which has a second derivative there; but then a sample's output depends on
    the others, while the gradient penalty is one of each sample (paper, section 4).
    """

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        by_batch = self.training
        if self._use_global_stats is not None:
            by_batch = not self._use_global_stats
        if by_batch:
            return super().forward(x)
        self._check_data_format(self._data_format)
        self._check_input_dim(x)
        shape = [-1] if self._data_format == "NHWC" else _per_channel(x)
        scale = 1.0 / (self._variance + self._epsilon).sqrt()
        y = (x - self._mean.reshape(shape)) * scale.reshape(shape)
        return _affine(y, self.weight, self.bias, shape)


class BatchNorm1D(_BatchNorm, nn.BatchNorm1D):
    """Batch normalisation with a second derivative in eval mode, too; args those of
    paddle.nn.BatchNorm1D. In train mode it mixes the samples of a batch."""


class BatchNorm2D(_BatchNorm, nn.BatchNorm2D):
    """Batch normalisation with a second derivative in eval mode, too; args those of
    paddle.nn.BatchNorm2D. In train mode it mixes the samples of a batch."""


class BatchNorm3D(_BatchNorm, nn.BatchNorm3D):
    """Batch normalisation with a second derivative in eval mode, too; args those of
    paddle.nn.BatchNorm3D. In train mode it mixes the samples of a batch."""
