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

"""Attention between the body and the hands."""

from __future__ import annotations

from typing import Iterable
from typing import List

import paddle
from paddle import nn
from wgan_gp.models.networks import initialization as init

from ppsci_ext.data.motion import Skeleton
from ppsci_ext.data.motion.skeleton import SIDES

REACH = 3  # frames to either side
_HEADS = 2


def neighbourhood(frames: int, reach: int) -> paddle.Tensor:
    """Which frames may look at which: bool [T, T], true up to `reach` frames apart."""
    at = paddle.arange(frames)
    return (at.unsqueeze(0) - at.unsqueeze(1)).abs() <= reach


def body_and_hands(skeleton: Skeleton) -> List[List[int]]:
    """Bones of the body and of each hand that there is."""
    parts = [skeleton.body(), *(skeleton.hand(side) for side in SIDES)]
    return [part for part in parts if part]


class BodyHandAttention(nn.Layer):
    """The body attends to all hands and each hand to the body; [B, T, N, C] to the same.

    A part of the skeleton is one token a frame, made of all its bones, and looks at the tokens
    of the other parts in the frames around its own. Without hands it changes nothing.

    Args:
        sizes (Iterable[int]): How many of the bones, in turn, are the body's and each hand's.
        channels (int): C.
        dim (int): Width of a token, an even number.
        reach (int): Frames to either side that a token sees. Defaults to 3.
    """

    def __init__(
        self, sizes: Iterable[int], channels: int, dim: int, reach: int = REACH
    ):
        super().__init__()
        self.sizes = list(sizes)
        self.reach = reach
        widths = [size * channels for size in self.sizes]
        self.tokens = nn.LayerList([init.linear(width, dim) for width in widths])
        self.changes = nn.LayerList([init.linear(dim, width) for width in widths])
        self.of_body = nn.MultiHeadAttention(dim, _HEADS)
        self.of_hands = nn.MultiHeadAttention(dim, _HEADS)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        frames, hands = x.shape[1], len(self.sizes) - 1
        if not hands:
            return x
        parts = x.split(self.sizes, axis=2)
        body, *others = [
            token(part.flatten(2)) for token, part in zip(self.tokens, parts)
        ]
        others = paddle.concat(others, axis=1)
        near = neighbourhood(frames, self.reach)
        seen = [self.of_body(body, others, others, near.tile([1, hands]))]
        by_hands = self.of_hands(others, body, body, near.tile([hands, 1]))
        seen += by_hands.split(hands, axis=1)
        changes = [
            change(token).reshape([-1, frames, *part.shape[2:]])
            for change, token, part in zip(self.changes, seen, parts)
        ]
        return x + paddle.concat(changes, axis=2)
