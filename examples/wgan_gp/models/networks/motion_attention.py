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


class BodyHandAttention(nn.Layer):
    """The body attends to both hands and each hand to the body; [B, T, N, C] to the same.

    A part of the skeleton is one token a frame, made of all its bones, and looks at the tokens
    of the other parts in the frames around its own.

    Args:
        skeleton (Skeleton): Bones, of which some are beyond the wrists.
        channels (int): C.
        dim (int): Width of a token, an even number.
        reach (int): Frames to either side that a token sees. Defaults to 3.

    Raises:
        UserError: The skeleton has no wrists.
    """

    def __init__(self, skeleton: Skeleton, channels: int, dim: int, reach: int = REACH):
        super().__init__()
        parts = [skeleton.body(), *(skeleton.hand(side) for side in SIDES)]
        parts = [part for part in parts if part]
        order = sum(parts, [])
        for name, index in (
            ("order", order),
            ("back", [order.index(bone) for bone in range(len(order))]),
        ):
            self.register_buffer(name, paddle.to_tensor(index), persistable=False)
        self.sizes = [len(part) for part in parts]
        self.reach = reach
        widths = [size * channels for size in self.sizes]
        self.tokens = nn.LayerList([init.linear(width, dim) for width in widths])
        self.changes = nn.LayerList([init.linear(dim, width) for width in widths])
        self.of_body = nn.MultiHeadAttention(dim, _HEADS)
        self.of_hands = nn.MultiHeadAttention(dim, _HEADS)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        _, frames, _, channels = x.shape
        parts = x.index_select(self.order, axis=2).split(self.sizes, axis=2)
        body, *hands = [
            token(part.flatten(2)) for token, part in zip(self.tokens, parts)
        ]
        seen: List[paddle.Tensor] = []
        near = neighbourhood(frames, self.reach)
        if hands:
            both, mask = paddle.concat(hands, 1), near.tile([1, len(hands)])
            seen.append(self.of_body(body, both, both, mask))
            seen += [self.of_hands(hand, body, body, near) for hand in hands]
        changed = [
            part + change(token).reshape([-1, frames, part.shape[2], channels])
            for part, change, token in zip(parts, self.changes, seen)
        ]
        return paddle.concat(changed or parts, axis=2).index_select(self.back, axis=2)
