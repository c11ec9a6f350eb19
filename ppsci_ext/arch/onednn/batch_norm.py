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

"""Batch norm by the moments of the batch as one operator."""

from __future__ import annotations

import paddle
from paddle.autograd import PyLayer

from ppsci_ext.arch.onednn import build


class _Normalization(PyLayer):
    """x [B, C, ...], scale and offset [C] or [B, C] to y [B, C, ...]."""

    @staticmethod
    def forward(ctx, x, scale, offset, epsilon):
        y, mean, rate = build.run("batch_moments_norm", x, scale, offset, epsilon)
        ctx.save_for_backward(x, scale, mean, rate)
        ctx.wanted = [not t.stop_gradient for t in (x, scale, offset)]
        return y

    @staticmethod
    def backward(ctx, dy):
        if paddle.is_grad_enabled():
            raise NotImplementedError(
                "Batch norm by this operator has no second derivative; "
                "ppsci_ext.arch.batch_norm.BatchMomentsNorm has one."
            )
        found = build.run("batch_moments_norm_gradient", *ctx.saved_tensor(), dy)
        return tuple(t if wanted else None for t, wanted in zip(found, ctx.wanted))


def batch_moments_norm(
    x: paddle.Tensor, scale: paddle.Tensor, offset: paddle.Tensor, epsilon: float
) -> paddle.Tensor:
    """See ppsci_ext.arch.batch_norm.BatchMomentsNorm; for float32 on the CPU.

    Args:
        x (paddle.Tensor): [B, C, ...], of no axis without elements.
        scale (paddle.Tensor): [C] or [B, C].
        offset (paddle.Tensor): Of the shape of scale.
        epsilon (float): Added to the variance.

    Returns:
        paddle.Tensor: Like x.

    Raises:
        OSError: On the way to a second derivative; Paddle's, of a NotImplementedError.
    """
    return _Normalization.apply(x, scale, offset, epsilon)
