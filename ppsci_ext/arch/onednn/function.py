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

import contextlib
from typing import Iterator
from typing import List
from typing import NamedTuple
from typing import Optional
from typing import Tuple

import paddle
from paddle.autograd import PyLayer
from paddle.base import core


class Geometry(NamedTuple):
    """How the kernel moves over the image."""

    strides: List[int]
    padding: List[int]  # top, bottom, left, right


def _run(operator: str, *arguments: object) -> Tuple[paddle.Tensor, ...]:
    return tuple(core.eager._run_custom_op(operator, *arguments))


_inputs_only = False


@contextlib.contextmanager
def _gradients_of_inputs_only() -> Iterator[None]:
    global _inputs_only
    before, _inputs_only = _inputs_only, True
    try:
        yield
    finally:
        _inputs_only = before


def input_gradient(
    outputs: paddle.Tensor, inputs: paddle.Tensor, create_graph: bool = True
) -> paddle.Tensor:
    """paddle.grad(outputs, inputs), for networks with convolutions of this package, too.

    Paddle doesn't tell a function written in Python that the gradients of its weights are
    not asked for, and yet refuses them. Here they are left out, which saves the time as well.

    Args:
        outputs (paddle.Tensor): Result of the network, of any shape.
        inputs (paddle.Tensor): Input of the network, of any shape, with stop_gradient=False.
        create_graph (bool, optional): Whether the gradient is to be differentiated again.
            Defaults to True.

    Returns:
        paddle.Tensor: Gradient of the sum of the outputs, of the shape of the inputs.
    """
    with _gradients_of_inputs_only():
        return paddle.grad([outputs], [inputs], create_graph=create_graph)[0]


def _wanted(weight: paddle.Tensor) -> bool:
    return not (weight.stop_gradient or _inputs_only)


class _Forward(PyLayer):
    """x [B, C, H, W], w [K, C, h, w] and maybe b [K] to y [B, K, H', W']."""

    @staticmethod
    def forward(ctx, x, w, b, geometry):
        ctx.save_for_backward(x, w, b)
        ctx.geometry = geometry
        return _run("onednn_conv2d", x, w, b, *geometry)[0]

    @staticmethod
    def backward(ctx, dy):
        x, w, b = ctx.saved_tensor()
        dx = dw = db = None
        if not x.stop_gradient:
            dx = _Transpose.apply(dy, w, None, x.shape, ctx.geometry)
        if _wanted(w):
            dw, db = _weight_and_bias(x, dy, w.shape, ctx.geometry)
        return (dx, dw) if b is None else (dx, dw, db if _wanted(b) else None)


class _Transpose(PyLayer):
    """y [B, K, H', W'], w [K, C, h, w] and maybe b [C] to x [B, C, H, W]."""

    @staticmethod
    def forward(ctx, y, w, b, x_shape, geometry):
        ctx.save_for_backward(y, w, b)
        ctx.geometry = geometry
        return _run("onednn_conv2d_transpose", y, w, b, x_shape, *geometry)[0]

    @staticmethod
    def backward(ctx, dx):
        y, w, b = ctx.saved_tensor()
        dy = dw = None
        if not y.stop_gradient:
            dy = _Forward.apply(dx, w, None, ctx.geometry)
        if _wanted(w):
            dw = _Weight.apply(dx, y, w.shape, ctx.geometry)
        if b is None:
            return dy, dw
        return dy, dw, (dx.sum([2, 3]).sum(0) if _wanted(b) else None)


class _Weight(PyLayer):
    """x [B, C, H, W] and y [B, K, H', W'] to w [K, C, h, w]."""

    @staticmethod
    def forward(ctx, x, y, w_shape, geometry):
        ctx.save_for_backward(x, y)
        ctx.geometry = geometry
        return _run("onednn_conv2d_weight", x, y, w_shape, *geometry)[0]

    @staticmethod
    def backward(ctx, dw):
        x, y = ctx.saved_tensor()
        dx = dy = None
        if not x.stop_gradient:
            dx = _Transpose.apply(y, dw, None, x.shape, ctx.geometry)
        if not y.stop_gradient:
            dy = _Forward.apply(x, dw, None, ctx.geometry)
        return dx, dy


def _weight_and_bias(
    x: paddle.Tensor, dy: paddle.Tensor, w_shape: List[int], geometry: Geometry
) -> Tuple[paddle.Tensor, paddle.Tensor]:
    if (
        not paddle.is_grad_enabled()
    ):  # one kernel has both, but isn't a function of dy then
        return _run("onednn_conv2d_weight", x, dy, w_shape, *geometry)
    return _Weight.apply(x, dy, w_shape, geometry), dy.sum([2, 3]).sum(0)


def conv2d(
    x: paddle.Tensor,
    weight: paddle.Tensor,
    bias: Optional[paddle.Tensor],
    geometry: Geometry,
) -> paddle.Tensor:
    """Convolution (cross-correlation, as everywhere in the field).

    Args:
        x (paddle.Tensor): Images in float32, [B, C, H, W].
        weight (paddle.Tensor): Kernels, [K, C, h, w].
        bias (Optional[paddle.Tensor]): [K].
        geometry (Geometry): Strides and padding.

    Returns:
        paddle.Tensor: [B, K, H', W'].
    """
    return _Forward.apply(x, weight, bias, geometry)


def conv2d_transpose(
    x: paddle.Tensor,
    weight: paddle.Tensor,
    bias: Optional[paddle.Tensor],
    output_size: Tuple[int, int],
    geometry: Geometry,
) -> paddle.Tensor:
    """Transpose of :func:`conv2d`, which makes small images large.

    Args:
        x (paddle.Tensor): Images in float32, [B, K, H', W'].
        weight (paddle.Tensor): Kernels, [K, C, h, w].
        bias (Optional[paddle.Tensor]): [C].
        output_size (Tuple[int, int]): (H, W), which the convolution would take to (H', W').
        geometry (Geometry): Strides and padding of that convolution.

    Returns:
        paddle.Tensor: [B, C, H, W].
    """
    shape = [x.shape[0], weight.shape[1], *output_size]
    return _Transpose.apply(x, weight, bias, shape, geometry)
