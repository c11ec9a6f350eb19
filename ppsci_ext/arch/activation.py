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

"""Activation functions that can be differentiated twice, and their layers.

The functions take the arguments of those in paddle.nn.functional that are named in
:data:`ppsci_ext.arch.replacement.FUNCTIONS`, the layers those of Paddle's layers of the
same names.
"""

from __future__ import annotations

import math

import paddle
from paddle import nn
from paddle.nn import functional as F


def _erf(x: paddle.Tensor) -> paddle.Tensor:
    """The error function with its first and second derivative (Paddle has the first).

    At y = x, the function erf(x) + (y - x) erf'((x + y) / 2) of y has the value and the
    first two derivatives of erf: the midpoint rule for the integral of erf'.
    """
    fixed = x.detach()
    middle = 0.5 * (x + fixed)
    slope = (-middle * middle).exp() * (2 / math.sqrt(math.pi))
    return paddle.erf(fixed) + (x - fixed) * slope


def gelu(x: paddle.Tensor, approximate: bool = False, name=None) -> paddle.Tensor:
    """x times the normal distribution function at x (Hendrycks & Gimpel 2016)."""
    if approximate:
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
        return 0.5 * x * (1 + inner.tanh())
    return 0.5 * x * (1 + _erf(x * math.sqrt(0.5)))


def swish(x: paddle.Tensor, name=None) -> paddle.Tensor:
    """x sigmoid(x)."""
    return F.silu(x)


def mish(x: paddle.Tensor, name=None) -> paddle.Tensor:
    """x tanh(log(1 + exp(x))) (Misra 2019)."""
    return x * F.softplus(x).tanh()


def selu(
    x: paddle.Tensor,
    scale: float = 1.0507009873554804934193349852946,
    alpha: float = 1.6732632423543772848170429916717,
    name=None,
) -> paddle.Tensor:
    """A scaled ELU that keeps mean 0 and variance 1 (Klambauer et al. 2017)."""
    return scale * F.elu(x, alpha)


def prelu(
    x: paddle.Tensor, weight: paddle.Tensor, data_format: str = "NCHW", name=None
) -> paddle.Tensor:
    """x where positive, weight x elsewhere; one weight, or one per channel (He et al. 2015)."""
    if weight.size > 1 and data_format.startswith("NC"):
        weight = weight.reshape([1, -1] + [1] * (x.ndim - 2))
    return F.relu(x) - weight * F.relu(-x)


def relu6(x: paddle.Tensor, name=None) -> paddle.Tensor:
    """x between 0 and 6, else the nearer of the two."""
    return x.clip(0.0, 6.0)


def hardtanh(
    x: paddle.Tensor, min: float = -1.0, max: float = 1.0, name=None
) -> paddle.Tensor:
    """x between min and max, else the nearer of the two."""
    return x.clip(min, max)


def hardsigmoid(
    x: paddle.Tensor, slope: float = 0.1666667, offset: float = 0.5, name=None
) -> paddle.Tensor:
    """slope x + offset, between 0 and 1."""
    return (slope * x + offset).clip(0.0, 1.0)


def hardswish(x: paddle.Tensor, name=None) -> paddle.Tensor:
    """x times min(max(x + 3, 0), 6) / 6 (Howard et al. 2019)."""
    return x * (x + 3.0).clip(0.0, 6.0) * (1.0 / 6.0)


def log_sigmoid(x: paddle.Tensor, name=None) -> paddle.Tensor:
    """log(1 / (1 + exp(-x)))."""
    return -F.softplus(-x)


def softsign(x: paddle.Tensor, name=None) -> paddle.Tensor:
    """x / (1 + |x|)."""
    return x / (1 + x.abs())


def tanhshrink(x: paddle.Tensor, name=None) -> paddle.Tensor:
    """x - tanh(x)."""
    return x - x.tanh()


def softmax(x: paddle.Tensor, axis: int = -1, dtype=None, name=None) -> paddle.Tensor:
    """exp(x) divided by its sum along the axis."""
    if dtype is not None:
        x = x.astype(dtype)
    # the maximum only shifts the exponent: no gradient flows through it
    exponential = (x - x.detach().max(axis=axis, keepdim=True)).exp()
    return exponential / exponential.sum(axis=axis, keepdim=True)


def log_softmax(
    x: paddle.Tensor, axis: int = -1, dtype=None, name=None
) -> paddle.Tensor:
    """The logarithm of softmax(x), without its underflow."""
    if dtype is not None:
        x = x.astype(dtype)
    shifted = x - x.detach().max(axis=axis, keepdim=True)
    return shifted - shifted.exp().sum(axis=axis, keepdim=True).log()


class GELU(nn.GELU):
    """The function gelu as a layer; args those of paddle.nn.GELU."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return gelu(x, self._approximate)


class Swish(nn.Swish):
    """The function swish as a layer; args those of paddle.nn.Swish."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return swish(x)


class Mish(nn.Mish):
    """The function mish as a layer; args those of paddle.nn.Mish."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return mish(x)


class SELU(nn.SELU):
    """The function selu as a layer; args those of paddle.nn.SELU."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return selu(x, self._scale, self._alpha)


class PReLU(nn.PReLU):
    """The function prelu as a layer; args those of paddle.nn.PReLU."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return prelu(x, self._weight, self._data_format)


class ReLU6(nn.ReLU6):
    """The function relu6 as a layer; args those of paddle.nn.ReLU6."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return relu6(x)


class Hardtanh(nn.Hardtanh):
    """The function hardtanh as a layer; args those of paddle.nn.Hardtanh."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return hardtanh(x, self._min, self._max)


class Hardsigmoid(nn.Hardsigmoid):
    """The function hardsigmoid as a layer; args those of paddle.nn.Hardsigmoid."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return hardsigmoid(x)


class Hardswish(nn.Hardswish):
    """The function hardswish as a layer; args those of paddle.nn.Hardswish."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return hardswish(x)


class LogSigmoid(nn.LogSigmoid):
    """The function log_sigmoid as a layer; args those of paddle.nn.LogSigmoid."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return log_sigmoid(x)


class Softsign(nn.Softsign):
    """The function softsign as a layer; args those of paddle.nn.Softsign."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return softsign(x)


class Tanhshrink(nn.Tanhshrink):
    """The function tanhshrink as a layer; args those of paddle.nn.Tanhshrink."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return tanhshrink(x)


class Softmax(nn.Softmax):
    """The function softmax as a layer; args those of paddle.nn.Softmax."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return softmax(x, self._axis)


class Softmax2D(nn.Softmax2D):
    """Softmax over the channels of [B, C, H, W] or [C, H, W]; args those of
    paddle.nn.Softmax2D."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return softmax(x, -3)


class LogSoftmax(nn.LogSoftmax):
    """The function log_softmax as a layer; args those of paddle.nn.LogSoftmax."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return log_softmax(x, self._axis)
