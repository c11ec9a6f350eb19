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

"""Padding as Paddle's convolutions and poolings spell it, and zeros between elements."""

from __future__ import annotations

from typing import List
from typing import Sequence
from typing import Tuple
from typing import Union

import paddle
from paddle.nn import functional as F

Padding = Union[str, int, Sequence[int], Sequence[Sequence[int]]]


def per_axis(value: Union[int, Sequence[int]], count: int) -> List[int]:
    """One number for all axes, or one for each, as a list."""
    return [value] * count if isinstance(value, int) else list(value)


def explicit_padding(
    padding: Padding,
    lengths: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    channels_last: bool,
) -> List[Tuple[int, int]]:
    """Elements to put before and after each spatial axis.

    Args:
        padding (Padding): "SAME", "VALID", one number, one per axis, two per axis, or a
            pair for every axis of the tensor.
        lengths (Sequence[int]): Length of each spatial axis.
        kernel (Sequence[int]): Length of the window on each axis.
        stride (Sequence[int]): Step of the window on each axis.
        channels_last (bool): Whether pairs for every axis end with the channels'.

    Raises:
        ValueError: If it is none of these.
    """
    count = len(lengths)
    if isinstance(padding, int):
        return [(padding, padding)] * count
    if isinstance(padding, str):
        if padding.upper() == "VALID":
            return [(0, 0)] * count
        if padding.upper() == "SAME":
            totals = [
                max((-(-length // step) - 1) * step + size - length, 0)
                for length, size, step in zip(lengths, kernel, stride)
            ]
            return [(total // 2, total - total // 2) for total in totals]
    elif len(padding) == count + 2 and not isinstance(padding[0], int):
        pairs = padding[1:-1] if channels_last else padding[2:]
        return [(before, after) for before, after in pairs]
    elif len(padding) == count:
        return [(p, p) for p in padding]
    elif len(padding) == 2 * count:
        return list(zip(padding[::2], padding[1::2]))
    raise ValueError(
        f"padding should be 'SAME', 'VALID', a number, or numbers for {count} axes, "
        f"but got {padding!r}."
    )


def insert_zeros(
    x: paddle.Tensor, axis: int, stride: int, before: int, after: int
) -> paddle.Tensor:
    """x with stride - 1 zeros between neighbours on an axis, and zeros around (or, where
    the numbers are negative, with that many elements cut off).

    By pad and reshape, as Paddle cannot differentiate x[::stride] twice.
    """
    length = x.shape[axis]
    if stride > 1:
        x = pad_axis(x.unsqueeze(axis + 1), axis + 1, 0, stride - 1)
        x = x.reshape([*x.shape[:axis], length * stride, *x.shape[axis + 2 :]])
    after -= stride - 1  # the zeros that follow the last element already
    start, stop = max(-before, 0), x.shape[axis] - max(-after, 0)
    if (start, stop) != (0, x.shape[axis]):
        x = x.slice([axis], [start], [stop])
    return pad_axis(x, axis, max(before, 0), max(after, 0))


def wrapped(x: paddle.Tensor, margin: Sequence[int]) -> paddle.Tensor:
    """x [B, C, ...] with elements of its other end before and after each axis of places.

    Circular padding by slices, several times as fast on a CPU as paddle.nn.functional.pad, and
    with a second derivative.

    Args:
        x (paddle.Tensor): Tensor.
        margin (Sequence[int]): How many on either side of each axis, at most its length.
    """
    for axis, width in enumerate(margin, start=2):
        if width:
            length = x.shape[axis]
            before = x.slice([axis], [length - width], [length])
            x = paddle.concat([before, x, x.slice([axis], [0], [width])], axis=axis)
    return x


def pad_axis(x: paddle.Tensor, axis: int, before: int, after: int) -> paddle.Tensor:
    """x with zeros before and after on an axis."""
    if before == after == 0:
        return x
    pairs = [0] * (2 * x.ndim)
    pairs[2 * axis : 2 * axis + 2] = [before, after]
    return F.pad(x, pairs, pad_from_left_axis=True)
