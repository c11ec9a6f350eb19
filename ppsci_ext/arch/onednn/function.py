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

"""The convolution as a function that can be differentiated any number of times.

y = conv(x, w) is linear in x and in w, so that its gradients are convolutions, too:

    dx = transpose(dy, w),    dw = weight(x, dy)

and the gradients of these two are made of the same three again.
"""

from __future__ import annotations

from typing import List
from typing import Optional
from typing import Sequence
from typing import Tuple

import paddle
from paddle.autograd import PyLayer

from ppsci_ext.arch.onednn import kernels
from ppsci_ext.arch.onednn.kernels import Geometry

_inputs_only = False


def inputs_only() -> bool:
    """Whether the gradients under way are those of :func:`input_gradients`."""
    return _inputs_only


def input_gradients(
    outputs: paddle.Tensor,
    inputs: Sequence[paddle.Tensor],
    create_graph: bool = True,
    allow_unused: bool = False,
) -> List[Optional[paddle.Tensor]]:
    """paddle.grad with respect to the inputs of a network, with convolutions of this package, too.

    Paddle doesn't tell a function written in Python that the gradients of its weights are
    not asked for, and yet refuses them. Here they are left out, which saves the time as well.

    Args:
        outputs (paddle.Tensor): Result of the network, of any shape.
        inputs (Sequence[paddle.Tensor]): Inputs of the network, of any shapes, with
            stop_gradient=False; not its parameters.
        create_graph (bool, optional): Whether the gradients are to be differentiated again.
            Defaults to True.
        allow_unused (bool, optional): Give None for an input that the outputs don't depend
            on, instead of an error. Defaults to False.

    Returns:
        List[Optional[paddle.Tensor]]: Gradients of the sum of the outputs, of the inputs' shapes.
    """
    global _inputs_only
    before, _inputs_only = _inputs_only, True
    try:
        return paddle.grad(
            [outputs],
            list(inputs),
            create_graph=create_graph,
            allow_unused=allow_unused,
        )
    finally:
        _inputs_only = before


class _Function(PyLayer):
    """Remembers tensors, which of their gradients were wanted at the time, and the rest."""

    @staticmethod
    def remember(ctx, geometry: Geometry, *tensors: Optional[paddle.Tensor]) -> None:
        ctx.save_for_backward(*tensors)
        ctx.geometry = geometry
        ctx.wanted = [t is not None and not t.stop_gradient for t in tensors]


class _Forward(_Function):
    """x [B, C, *X], w [K, C, *kernel] and maybe b [K] to y [B, K, *Y]."""

    @staticmethod
    def forward(ctx, x, w, b, geometry):
        _Function.remember(ctx, geometry, x, w, b)
        return kernels.forward(x, w, b, geometry)

    @staticmethod
    def backward(ctx, dy):
        x, w, b = ctx.saved_tensor()
        x_wanted, w_wanted, b_wanted = ctx.wanted
        dx = dw = db = None
        if x_wanted:
            dx = _Transpose.apply(dy, w, None, x.shape, ctx.geometry)
        if w_wanted and not _inputs_only:
            dw, db = _weight_and_bias(x, dy, w.shape, ctx.geometry)
        return (dx, dw) if b is None else (dx, dw, db if b_wanted else None)


class _Transpose(_Function):
    """y [B, K, *Y], w [K, C, *kernel] and maybe b [C] to x [B, C, *X]."""

    @staticmethod
    def forward(ctx, y, w, b, x_shape, geometry):
        _Function.remember(ctx, geometry, y, w, b)
        return kernels.transpose(y, w, b, x_shape, geometry)

    @staticmethod
    def backward(ctx, dx):
        y, w, b = ctx.saved_tensor()
        y_wanted, w_wanted, b_wanted = ctx.wanted
        dy = dw = db = None
        if y_wanted:
            dy = _Forward.apply(dx, w, None, ctx.geometry)
        if w_wanted and not _inputs_only:
            dw = _Weight.apply(dx, y, w.shape, ctx.geometry)
        if b_wanted and not _inputs_only:
            db = _sum_by_channel(dx)
        return (dy, dw) if b is None else (dy, dw, db)


class _Weight(_Function):
    """x [B, C, *X] and y [B, K, *Y] to w [K, C, *kernel]."""

    @staticmethod
    def forward(ctx, x, y, w_shape, geometry):
        _Function.remember(ctx, geometry, x, y)
        return kernels.weight(x, y, w_shape, geometry)[0]

    @staticmethod
    def backward(ctx, dw):
        x, y = ctx.saved_tensor()
        x_wanted, y_wanted = ctx.wanted
        dx = dy = None
        if x_wanted:
            dx = _Transpose.apply(y, dw, None, x.shape, ctx.geometry)
        if y_wanted:
            dy = _Forward.apply(x, dw, None, ctx.geometry)
        return dx, dy


def _weight_and_bias(
    x: paddle.Tensor, dy: paddle.Tensor, w_shape: List[int], geometry: Geometry
) -> Tuple[paddle.Tensor, paddle.Tensor]:
    if (
        not paddle.is_grad_enabled()
    ):  # one kernel has both, but isn't a function of dy then
        return kernels.weight(x, dy, w_shape, geometry)
    return _Weight.apply(x, dy, w_shape, geometry), _sum_by_channel(dy)


def _sum_by_channel(x: paddle.Tensor) -> paddle.Tensor:
    return x.sum(list(range(2, x.ndim))).sum(0)


def convolution(
    x: paddle.Tensor,
    weight: paddle.Tensor,
    bias: Optional[paddle.Tensor],
    geometry: Geometry,
) -> paddle.Tensor:
    """Convolution (cross-correlation, as everywhere in the field).

    Args:
        x (paddle.Tensor): Images or fields in float32, [B, C, *X] with 1 to 3 axes.
        weight (paddle.Tensor): Kernels, [K, C, *kernel].
        bias (Optional[paddle.Tensor]): [K].
        geometry (Geometry): Strides and padding.

    Returns:
        paddle.Tensor: [B, K, *Y].
    """
    return _Forward.apply(x, weight, bias, geometry)


def transposed_convolution(
    x: paddle.Tensor,
    weight: paddle.Tensor,
    bias: Optional[paddle.Tensor],
    output_size: Sequence[int],
    geometry: Geometry,
) -> paddle.Tensor:
    """Transpose of :func:`convolution`, which makes small images large.

    Args:
        x (paddle.Tensor): Images or fields in float32, [B, K, *Y] with 1 to 3 axes.
        weight (paddle.Tensor): Kernels, [K, C, *kernel].
        bias (Optional[paddle.Tensor]): [C].
        output_size (Sequence[int]): X, which the convolution would take to Y.
        geometry (Geometry): Strides and padding of that convolution.

    Returns:
        paddle.Tensor: [B, C, *X].
    """
    shape = [x.shape[0], weight.shape[1], *output_size]
    return _Transpose.apply(x, weight, bias, shape, geometry)
