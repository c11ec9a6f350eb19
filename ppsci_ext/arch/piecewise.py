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

"""Activations made of straight pieces that can be differentiated twice, and their layers.

Each is a product with a factor that is constant on every piece, or a choice between elements:
their second derivatives are zero, and exist. The functions take the arguments of those in
paddle.nn.functional, the layers those of Paddle's layers of the same names.
"""

from __future__ import annotations

import paddle
from paddle import nn
from paddle.nn import functional as F


def hardshrink(x: paddle.Tensor, threshold: float = 0.5, name=None) -> paddle.Tensor:
    """x where |x| is above the threshold, else 0."""
    return x * (x.abs() > threshold).astype(x.dtype)


def softshrink(x: paddle.Tensor, threshold: float = 0.5, name=None) -> paddle.Tensor:
    """x nearer to 0 by the threshold, and 0 where that would go beyond."""
    return F.relu(x - threshold) - F.relu(-x - threshold)


def thresholded_relu(
    x: paddle.Tensor, threshold: float = 1.0, value: float = 0.0, name=None
) -> paddle.Tensor:
    """x above the threshold, else the value."""
    above = (x > threshold).astype(x.dtype)
    return x * above + value * (1.0 - above)


def rrelu(
    x: paddle.Tensor,
    lower: float = 1.0 / 8.0,
    upper: float = 1.0 / 3.0,
    training: bool = True,
    name=None,
) -> paddle.Tensor:
    """x where positive, else x times a slope drawn for each element (Xu et al. 2015).

    With the same random state Paddle's function draws the same slopes: they are what it
    makes of numbers of the signs of x. Outside of training the slope is the mean of the two.
    """
    fixed = x.detach()
    ones = paddle.ones_like(fixed)
    return (
        x * F.rrelu(paddle.where(fixed < 0, -ones, ones), lower, upper, training).abs()
    )


def maxout(x: paddle.Tensor, groups: int, axis: int = 1, name=None) -> paddle.Tensor:
    """The greatest of each `groups` neighbours on an axis (Goodfellow et al. 2013).

    Args:
        x (paddle.Tensor): [B, C, H, W], or [B, H, W, C] with axis -1 or 3.
        groups (int): Neighbours to choose from; C is a multiple of it.
        axis (int, optional): The axis of C. Defaults to 1.

    Returns:
        paddle.Tensor: x with C / groups in the place of C.
    """
    axis %= x.ndim
    shape = [*x.shape[:axis], x.shape[axis] // groups, groups, *x.shape[axis + 1 :]]
    grouped = x.reshape(shape)
    greatest = grouped.detach().argmax(axis=axis + 1, keepdim=True)
    picked = paddle.take_along_axis(grouped, greatest, axis + 1, broadcast=False)
    return picked.squeeze(axis + 1)


class Hardshrink(nn.Hardshrink):
    """The function hardshrink as a layer; args those of paddle.nn.Hardshrink."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return hardshrink(x, self._threshold)


class Softshrink(nn.Softshrink):
    """The function softshrink as a layer; args those of paddle.nn.Softshrink."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return softshrink(x, self._threshold)


class ThresholdedReLU(nn.ThresholdedReLU):
    """The function thresholded_relu as a layer; args those of paddle.nn.ThresholdedReLU."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return thresholded_relu(x, self._threshold, self._value)


class RReLU(nn.RReLU):
    """The function rrelu as a layer; args those of paddle.nn.RReLU."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return rrelu(x, self._lower, self._upper, self.training)


class Maxout(nn.Maxout):
    """The function maxout as a layer; args those of paddle.nn.Maxout."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return maxout(x, self._groups, self._axis)
