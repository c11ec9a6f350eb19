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

"""The three kernels of a convolution in float32 on the CPU: forward, transpose (to x) and weight
(to w). A convolution y = conv(x, w) is linear in x and in w, and so they are each other's
derivatives; function.py makes those of every order of them.

oneDNN computes them. Where there are few channels and circular margins, which oneDNN hasn't, loops
over rows (rows.cc) are faster, if there is a compiler for them.
"""

from __future__ import annotations

import functools
from ctypes import c_int
from typing import List
from typing import NamedTuple
from typing import Optional
from typing import Sequence
from typing import Tuple

import numpy as np
import paddle

from ppsci_ext.arch.onednn import build
from ppsci_ext.arch.onednn import primitives
from ppsci_ext.arch.onednn.primitives import BIAS
from ppsci_ext.arch.onednn.primitives import DIFF
from ppsci_ext.arch.onednn.primitives import DST
from ppsci_ext.arch.onednn.primitives import SRC
from ppsci_ext.arch.onednn.primitives import WEIGHTS
from ppsci_ext.arch.onednn.primitives import Object
from ppsci_ext.arch.onednn.primitives import Plan
from ppsci_ext.arch.onednn.primitives import Shape

_FORWARD_TRAINING, _DIRECT = 64, 1  # of oneDNN's kinds of propagation and of algorithms
_ROW = 16  # places that rows.cc computes at once


class Geometry(NamedTuple):
    """How the kernel moves over the places."""

    strides: List[int]  # of each axis
    dilation: List[int]  # of each axis
    padding: List[int]  # before and after each axis, in turn
    circular: bool = False  # margins of the other end's elements, not of zeros


class _Convolution(NamedTuple):
    """What oneDNN is asked for: shapes, those of x with its circular margins, and movement."""

    x: Shape
    w: Shape
    strides: Tuple[int, ...]
    dilation: Tuple[int, ...]
    before: Tuple[int, ...]  # zeros on each axis
    after: Tuple[int, ...]

    @property
    def y(self) -> Shape:
        """Shape of the result."""
        sizes = [
            (n + before + after - (k - 1) * step - 1) // stride + 1
            for n, k, stride, step, before, after in zip(
                self.x[2:],
                self.w[2:],
                self.strides,
                self.dilation,
                self.before,
                self.after,
            )
        ]
        return (self.x[0], self.w[0], *sizes)

    # Which layouts are fastest was measured: channels last where a stride leaves vectors of
    # pixels apart, or where there are too few channels for a vector of them.

    def forward(self, bias: bool) -> Object:
        return self._forward(bias, self.strides[-1] > 1 and self.x[1] > 1)

    def transpose(self) -> Object:
        return Object(
            "primitive_desc",
            "convolution_backward_data_primitive_desc_create",
            primitives.engine(),
            c_int(_DIRECT),
            *map(primitives.in_any_layout, (self.x, self.w, self.y)),
            *self._movement(),
            self._forward(bias=False, channels_last=False),
            None,
        )

    def weight(self) -> Object:
        # Not where the kernel is one point: with strides, oneDNN writes past the end of its
        # scratchpad then (uxlfoundation/oneDNN, issue 6035).
        channels_last = self.x[1] == 1 and max(self.w[2:]) > 1
        return Object(
            "primitive_desc",
            "convolution_backward_weights_primitive_desc_create",
            primitives.engine(),
            c_int(_DIRECT),
            self._image(self.x, channels_last),
            primitives.in_any_layout(self.w),
            primitives.described(self.w[:1]),
            self._image(self.y, channels_last),
            *self._movement(),
            self._forward(bias=False, channels_last=channels_last),
            None,
        )

    def _forward(self, bias: bool, channels_last: bool) -> Object:
        return Object(
            "primitive_desc",
            "convolution_forward_primitive_desc_create",
            primitives.engine(),
            c_int(_FORWARD_TRAINING),
            c_int(_DIRECT),
            self._image(self.x, channels_last),
            primitives.in_any_layout(self.w),
            primitives.described(self.w[:1]) if bias else None,
            self._image(self.y, channels_last),
            *self._movement(),
            None,
        )

    def _movement(self):
        between = [step - 1 for step in self.dilation]  # places passed over in a kernel
        return map(primitives.sizes, (self.strides, between, self.before, self.after))

    @staticmethod
    def _image(shape: Shape, channels_last: bool) -> Object:
        if channels_last:
            return primitives.described(shape, channels_last=True)
        return primitives.in_any_layout(shape)


@functools.lru_cache(maxsize=1024)
def _forward_plan(convolution: _Convolution, bias: bool) -> Plan:
    inputs = {SRC: convolution.x, WEIGHTS: convolution.w}
    if bias:
        inputs[BIAS] = convolution.w[:1]
    return Plan(convolution.forward(bias), inputs, {DST: convolution.y})


@functools.lru_cache(maxsize=1024)
def _transpose_plan(convolution: _Convolution) -> Plan:
    inputs = {DST + DIFF: convolution.y, WEIGHTS: convolution.w}
    return Plan(convolution.transpose(), inputs, {SRC + DIFF: convolution.x})


@functools.lru_cache(maxsize=1024)
def _weight_plan(convolution: _Convolution) -> Plan:
    inputs = {SRC: convolution.x, DST + DIFF: convolution.y}
    results = {WEIGHTS + DIFF: convolution.w, BIAS + DIFF: convolution.w[:1]}
    return Plan(convolution.weight(), inputs, results)


def _convolution(
    x_shape: Sequence[int], w_shape: Sequence[int], geometry: Geometry
) -> _Convolution:
    before, after = geometry.padding[::2], geometry.padding[1::2]
    sizes, zeros = x_shape[2:], (before, after)
    if geometry.circular:
        sizes = [sum(lengths) for lengths in zip(sizes, before, after)]
        zeros = ([0] * len(sizes),) * 2
    x = (*x_shape[:2], *sizes)
    # One point has no places between; told of some, oneDNN's kernels for AVX2 read at address
    # zero when all that the point meets is margin.
    dilation = [s if k > 1 else 1 for s, k in zip(geometry.dilation, w_shape[2:])]
    movement = map(tuple, (geometry.strides, dilation, *zeros))
    return _Convolution(x, tuple(w_shape), *movement)


def _wrapped(x: paddle.Tensor, geometry: Geometry) -> paddle.Tensor:
    """With circular margins, copies of the other end, if any."""
    if not geometry.circular or not any(geometry.padding):
        return x
    # by NumPy in the tensors' memory, several times as fast as Paddle's slices
    whole = paddle.empty([*_convolution(x.shape, x.shape, geometry).x])
    array = primitives.array_of(whole)
    array[_inner(x.shape, geometry)] = primitives.array_of(primitives.dense(x))
    for axis, before, after in _margins(geometry):
        places, size = np.moveaxis(array, axis, 0), x.shape[axis]
        places[:before] = places[size : size + before]
        places[before + size :] = places[before : before + after]
    return whole


def _folded(
    whole: paddle.Tensor, x_shape: Sequence[int], geometry: Geometry
) -> paddle.Tensor:
    """The transpose: margins are added, in place, to the places that they are copies of."""
    if not geometry.circular or not any(geometry.padding):
        return whole
    array = primitives.array_of(whole)
    for axis, before, after in reversed(_margins(geometry)):
        places, size = np.moveaxis(array, axis, 0), x_shape[axis]
        places[size : size + before] += places[:before]
        places[before : before + after] += places[before + size :]
    x = paddle.empty(list(x_shape))
    primitives.array_of(x)[...] = array[_inner(x_shape, geometry)]
    return x


def _margins(geometry: Geometry) -> List[Tuple[int, int, int]]:
    """Of each axis with places: its number, and what comes before and after it."""
    before, after = geometry.padding[::2], geometry.padding[1::2]
    return list(zip(range(2, 2 + len(before)), before, after))


def _inner(shape: Sequence[int], geometry: Geometry) -> Tuple:
    """Where a tensor lies between its margins."""
    places = [slice(b, b + shape[axis]) for axis, b, _ in _margins(geometry)]
    return (..., *places)


def _by_rows(
    x_shape: Sequence[int], w_shape: Sequence[int], geometry: Geometry
) -> bool:
    """Whether rows.cc has loops for this, which need circular margins, rows of whole vectors, and
    as many places of x as the strides pass over."""
    if not geometry.circular or x_shape[-1] // geometry.strides[-1] % _ROW:
        return False
    pairs = zip(geometry.padding[::2], geometry.padding[1::2])
    return all(
        step == 1 and n % stride == 0 and k >= stride and sum(margins) == k - stride
        for n, k, stride, step, margins in zip(
            x_shape[2:], w_shape[2:], geometry.strides, geometry.dilation, pairs
        )
    )


# Where the loops over rows are faster was measured, for each kernel.
_NARROW, _VERY_NARROW = 16, 8  # channels


def forward(
    x: paddle.Tensor,
    w: paddle.Tensor,
    b: Optional[paddle.Tensor],
    geometry: Geometry,
) -> paddle.Tensor:
    """x [B, C, *X], w [K, C, *kernel] and maybe b [K] to y [B, K, *Y]."""
    if (
        _by_rows(x.shape, w.shape, geometry)
        and set(geometry.strides) == {1}
        and min(w.shape[:2]) <= _NARROW
        and build.compiled()
    ):
        arguments = x, w, b, geometry.strides, geometry.padding
        return build.run("rows_convolution", *arguments)[0]
    bias = [] if b is None else [b]
    plan = _forward_plan(_convolution(x.shape, w.shape, geometry), bool(bias))
    return plan.run(_wrapped(x, geometry), w, *bias)[0]


def transpose(
    y: paddle.Tensor,
    w: paddle.Tensor,
    b: Optional[paddle.Tensor],
    x_shape: Sequence[int],
    geometry: Geometry,
) -> paddle.Tensor:
    """y [B, K, *Y], w [K, C, *kernel] and maybe b [C] to x [B, C, *X]."""
    if (
        _by_rows(x_shape, w.shape, geometry)
        and min(w.shape[:2]) <= _NARROW
        and build.compiled()
    ):
        movement = geometry.strides, geometry.padding
        return build.run(
            "rows_convolution_transpose", y, w, b, list(x_shape), *movement
        )[0]
    plan = _transpose_plan(_convolution(x_shape, w.shape, geometry))
    x = _folded(plan.run(y, w)[0], x_shape, geometry)
    return x if b is None else x.add_(b.reshape([-1, *[1] * (x.ndim - 2)]))


def weight(
    x: paddle.Tensor, y: paddle.Tensor, w_shape: Sequence[int], geometry: Geometry
) -> Tuple[paddle.Tensor, paddle.Tensor]:
    """x [B, C, *X] and y [B, K, *Y] to w [K, C, *kernel] and b [K], the sums of y."""
    if (
        _by_rows(x.shape, w_shape, geometry)
        and set(geometry.strides) == {1}
        and w_shape[0] <= _VERY_NARROW
        and build.compiled()
    ):
        arguments = x, y, list(w_shape), geometry.strides, geometry.padding
        return build.run("rows_convolution_weight", *arguments)
    plan = _weight_plan(_convolution(x.shape, w_shape, geometry))
    return plan.run(_wrapped(x, geometry), y)
