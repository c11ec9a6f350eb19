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

"""Padding as Paddle's convolutions and poolings spell it."""

from __future__ import annotations

from typing import List
from typing import Sequence
from typing import Tuple
from typing import Union

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
