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

"""Layer norm over channels as one operator, which can be differentiated twice."""

from __future__ import annotations

import paddle
from paddle.autograd import PyLayer

from ppsci_ext.arch import normalization
from ppsci_ext.arch.onednn import build
from ppsci_ext.arch.onednn import function


class _Forward(PyLayer):
    """x [B, C, ...], scale [C] and shift [C] to y [B, C, ...]."""

    @staticmethod
    def forward(ctx, x, scale, shift, epsilon):
        ctx.save_for_backward(x, scale)
        ctx.epsilon = epsilon
        ctx.wanted = [not t.stop_gradient for t in (x, scale, shift)]
        return build.run("channel_norm", x, scale, shift, epsilon)[0]

    @staticmethod
    def backward(ctx, dy):
        x, scale = ctx.saved_tensor()
        if not paddle.is_grad_enabled():
            found = build.run("channel_norm_gradient", x, scale, dy, ctx.epsilon)
        else:
            found = [_Gradient.apply(x, scale, dy, ctx.epsilon), None, None]
            if not function.inputs_only():
                found[1:] = _of_parameters(x, dy, ctx.epsilon)
        return tuple(t if wanted else None for t, wanted in zip(found, ctx.wanted))


class _Gradient(PyLayer):
    """x [B, C, ...], scale [C] and the gradient dy of the result to that of x."""

    @staticmethod
    def forward(ctx, x, scale, dy, epsilon):
        ctx.save_for_backward(x, scale, dy)
        ctx.epsilon = epsilon
        ctx.wanted = [not t.stop_gradient for t in (x, scale, dy)]
        return build.run("channel_norm_gradient", x, scale, dy, epsilon)[0]

    @staticmethod
    def backward(ctx, v):
        if paddle.is_grad_enabled():
            raise NotImplementedError(
                "Layer norm by this operator has no third derivative; "
                "ppsci_ext.arch.ChannelNorm has one."
            )
        x, scale, dy = ctx.saved_tensor()
        found = build.run("channel_norm_second", x, scale, dy, v, ctx.epsilon)
        return tuple(t if wanted else None for t, wanted in zip(found, ctx.wanted))


def _of_parameters(x: paddle.Tensor, dy: paddle.Tensor, epsilon: float) -> tuple:
    """Gradients of scale and shift that can be differentiated themselves."""
    y = normalization.standardize(x, epsilon, axis=1)
    axes = [0, *range(2, x.ndim)]
    return (dy * y).sum(axes), dy.sum(axes)


def channel_norm(
    x: paddle.Tensor, scale: paddle.Tensor, shift: paddle.Tensor, epsilon: float
) -> paddle.Tensor:
    """See ppsci_ext.arch.ChannelNorm; for float32 on the CPU, twice differentiable.

    Args:
        x (paddle.Tensor): [B, C, ...], of no axis without elements.
        scale (paddle.Tensor): [C].
        shift (paddle.Tensor): [C].
        epsilon (float): Added to the variance.

    Returns:
        paddle.Tensor: Like x.

    Raises:
        OSError: On the way to a third derivative; Paddle's, of a NotImplementedError.
    """
    return _Forward.apply(x, scale, shift, epsilon)
