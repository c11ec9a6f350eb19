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

"""Layers that can be differentiated twice, for critics under a gradient penalty.

Paddle's layers of the same names have no second derivative in paddlepaddle 3.3 (or,
with `prim: true`, a wrong one). These are drop-in replacements: same arguments, same
parameters and state_dict keys, composed of operations whose derivatives of every order
exist.
"""

from __future__ import annotations

import paddle
from paddle import nn


def _normalize(x: paddle.Tensor, epsilon: float) -> paddle.Tensor:
    """Subtract the mean of the last axis and divide by its (biased) standard deviation."""
    centred = x - x.mean(axis=-1, keepdim=True)
    variance = (centred * centred).mean(axis=-1, keepdim=True)
    # a factor, not a divisor: second derivatives come out with less rounding
    return centred * (1.0 / (variance + epsilon).sqrt())


class LayerNorm(nn.LayerNorm):
    """Layer normalisation (Ba et al. 2016) with one scale and shift per element.

    Args: those of paddle.nn.LayerNorm. Input and output [B, ..., *normalized_shape].
    """

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        shape = x.shape
        leading = shape[: len(shape) - len(self._normalized_shape)]
        y = _normalize(x.reshape([*leading, -1]), self._epsilon).reshape(shape)
        if self.weight is not None:
            y = y * self.weight.reshape(self._normalized_shape)
        if self.bias is not None:
            y = y + self.bias.reshape(self._normalized_shape)
        return y


class GroupNorm(nn.GroupNorm):
    """Group normalisation (Wu & He 2018) with one scale and shift per channel.

    With num_groups=1 this is the layer normalisation of the WGAN-GP authors' code:
    statistics over (C, H, W) of each sample, one scale and offset per channel.

    Args: those of paddle.nn.GroupNorm, data_format "NCHW". Input and output [B, C, ...].
    """

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        shape = x.shape
        grouped = x.reshape([shape[0], self._num_groups, -1])
        y = _normalize(grouped, self._epsilon).reshape(shape)
        per_channel = [1, shape[1]] + [1] * (len(shape) - 2)
        if self.weight is not None:
            y = y * self.weight.reshape(per_channel)
        if self.bias is not None:
            y = y + self.bias.reshape(per_channel)
        return y


class Flatten(nn.Layer):
    """Flatten all axes from `start_axis` to `stop_axis` into one.

    Args:
        start_axis (int, optional): First axis to flatten. Defaults to 1.
        stop_axis (int, optional): Last axis to flatten. Defaults to -1.
    """

    def __init__(self, start_axis: int = 1, stop_axis: int = -1):
        super().__init__()
        self.start_axis = start_axis
        self.stop_axis = stop_axis

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        start, stop = self.start_axis % x.ndim, self.stop_axis % x.ndim
        return x.reshape([*x.shape[:start], -1, *x.shape[stop + 1 :]])


class Softmax(nn.Layer):
    """Softmax along one axis.

    Args:
        axis (int, optional): Defaults to -1.
    """

    def __init__(self, axis: int = -1):
        super().__init__()
        self.axis = axis

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        # the maximum only shifts the exponent: no gradient flows through it
        exponential = (x - x.detach().max(axis=self.axis, keepdim=True)).exp()
        return exponential / exponential.sum(axis=self.axis, keepdim=True)


class Dropout(nn.Layer):
    """Dropout (Srivastava et al. 2014), scaled up during training.

    Args:
        p (float, optional): Probability of setting an element to zero, in [0, 1).
            Defaults to 0.5.

    Raises:
        ValueError: If p lies outside of [0, 1).
    """

    def __init__(self, p: float = 0.5):
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"p should lie in [0, 1), but got {p}")
        self.p = p

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        if not self.training or self.p == 0:
            return x
        keep = (paddle.rand(x.shape, dtype=x.dtype) >= self.p).astype(x.dtype)
        return x * (keep / (1 - self.p))
