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

"""Unpooling that can be differentiated twice."""

from __future__ import annotations

from typing import Callable
from typing import Optional
from typing import Sequence

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppsci_ext.arch.pooling import pick
from ppsci_ext.arch.rearrangement import concat


class _MaxUnPool:
    """Each element in the place where a maximum was found, zeros elsewhere.

    Paddle's own function, given the elements' numbers instead of their values, tells which
    element goes to which place.
    """

    _unpool: Callable

    def forward(
        self,
        x: paddle.Tensor,
        indices: paddle.Tensor,
        output_size: Optional[Sequence[int]] = None,
    ) -> paddle.Tensor:
        b, c, *lengths = x.shape
        flat = x.reshape([b, c, -1])
        numbers = paddle.arange(1, flat.shape[2] + 1, dtype="float64")
        numbers = numbers.reshape([1, 1, *lengths]).expand(x.shape)
        source = self._unpool(
            numbers,
            indices,
            self.ksize,
            self.stride,
            self.padding,
            self.data_format,
            output_size or self.output_size,
        )
        zero = paddle.zeros([b, c, 1], dtype=x.dtype)  # number 0: nothing came here
        return pick(concat([zero, flat], axis=2), source)


class MaxUnPool1D(_MaxUnPool, nn.MaxUnPool1D):
    """What undoes MaxPool1D: [B, C, L] and its mask; args those of paddle.nn.MaxUnPool1D."""

    _unpool = staticmethod(F.max_unpool1d)


class MaxUnPool2D(_MaxUnPool, nn.MaxUnPool2D):
    """What undoes MaxPool2D: [B, C, H, W] and its mask; args those of paddle.nn.MaxUnPool2D."""

    _unpool = staticmethod(F.max_unpool2d)


class MaxUnPool3D(_MaxUnPool, nn.MaxUnPool3D):
    """What undoes MaxPool3D: [B, C, D, H, W] and its mask; args those of
    paddle.nn.MaxUnPool3D."""

    _unpool = staticmethod(F.max_unpool3d)
