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

"""Vectors [..., 3] of bones, coordinate by coordinate: sums over an axis of three are slow."""

from __future__ import annotations

from typing import Sequence

import paddle

Coordinates = Sequence[paddle.Tensor]


def coordinates(x: paddle.Tensor) -> Coordinates:
    """Of vectors [..., 3]; unbinding the last axis is a hundred times as slow."""
    return paddle.moveaxis(x, -1, 0).unbind(0)


def scalar_product(first: Coordinates, second: Coordinates) -> paddle.Tensor:
    """Scalar product."""
    return first[0] * second[0] + first[1] * second[1] + first[2] * second[2]


def unit_vectors(x: paddle.Tensor) -> paddle.Tensor:
    """Vectors [..., 3] of length 1 in the same directions; finite slopes at zero."""
    return x / (x.square().sum(axis=-1, keepdim=True) + 1e-12).sqrt()


def turned(x: paddle.Tensor, turns: paddle.Tensor) -> paddle.Tensor:
    """Vectors [..., 3] turned about axes by as many radians as those are long.

    Rodrigues' formula; finite slopes at zero.
    """
    # coordinate by coordinate, as sums over an axis of three are slow; expanded once, as a
    # gradient of x is a slow sum as well
    x, turns = coordinates(x.expand(turns.shape)), coordinates(turns)
    square = scalar_product(turns, turns) + 1e-12
    angle = square.sqrt()
    cos, sin = angle.cos(), angle.sin() / angle
    along = scalar_product(turns, x) * (1 - cos) / square
    across = [
        turns[1] * x[2] - turns[2] * x[1],
        turns[2] * x[0] - turns[0] * x[2],
        turns[0] * x[1] - turns[1] * x[0],
    ]
    parts = [cos * a + sin * b + along * c for a, b, c in zip(x, across, turns)]
    return paddle.moveaxis(paddle.stack(parts), 0, -1)
