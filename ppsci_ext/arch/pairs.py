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

"""Layers of two inputs that can be differentiated twice."""

from __future__ import annotations

import math

import paddle
from paddle import nn

from ppsci_ext.arch.powers import power
from ppsci_ext.arch.powers import root


class Bilinear(nn.Bilinear):
    """x1 W_k x2 + b_k for each output k; args those of paddle.nn.Bilinear.

    Inputs [B, in1_features] and [B, in2_features], output [B, out_features].
    """

    def forward(self, x1: paddle.Tensor, x2: paddle.Tensor) -> paddle.Tensor:
        outputs, size1, size2 = self.weight.shape
        weight = self.weight.transpose([1, 0, 2]).reshape([size1, outputs * size2])
        products = paddle.matmul(x1, weight).reshape([-1, outputs, size2])
        y = (products * x2.unsqueeze(1)).sum(axis=-1)
        return y if self.bias is None else y + self.bias


class PairwiseDistance(nn.PairwiseDistance):
    """The p-norm of x - y + epsilon over the last axis; args those of paddle.nn.PairwiseDistance.

    Inputs [B, D] or [D]; output [B] or a scalar, with keepdim [B, 1] or [1]. A norm of order
    0 or infinity is left to Paddle, and has no second derivative.
    """

    def forward(self, x: paddle.Tensor, y: paddle.Tensor) -> paddle.Tensor:
        if self.p == 0 or math.isinf(self.p):
            return super().forward(x, y)
        powers = power((x - y + self.epsilon).abs(), self.p)
        return root(powers.sum(axis=-1, keepdim=self.keepdim), self.p)
