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

"""Embedding of labels that can stand in a network that is differentiated twice.

A label has no gradient, but Paddle walks through the derivative of its embedding while it
differentiates what comes after the embedding, and has no derivative of that one.
"""

from __future__ import annotations

from typing import Optional

import paddle
from paddle import nn
from paddle.nn import functional as F


def embedding(
    x: paddle.Tensor,
    weight: paddle.Tensor,
    padding_idx: Optional[int] = None,
    max_norm: Optional[float] = None,
    norm_type: float = 2.0,
    sparse: bool = False,
    scale_grad_by_freq: bool = False,
    name: Optional[str] = None,
) -> paddle.Tensor:
    """paddle.nn.functional.embedding.

    Args:
        x (paddle.Tensor): Labels, integers of any shape.
        weight (paddle.Tensor): One row for each label, [labels, D].
        padding_idx (Optional[int]): Label whose row counts as zeros and gets no gradient.
            Defaults to None.
        max_norm (Optional[float]): Longer rows are shortened to it, in place. Defaults to None.
        norm_type (float): Order of that norm. Defaults to 2.0.
        sparse (bool): Without effect: the gradient is dense. Defaults to False.
        scale_grad_by_freq (bool): Divide the gradient of a row by how often it is looked up.
            What results is the derivative of nothing, so that it is left to Paddle, without
            a second derivative. Defaults to False.
        name (Optional[str]): Without effect. Defaults to None.

    Returns:
        paddle.Tensor: Rows of the labels, [*x.shape, D].
    """
    if scale_grad_by_freq:
        return F.embedding(
            x, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq=True
        )
    if max_norm:
        with paddle.no_grad():
            F.embedding(x, weight, max_norm=max_norm, norm_type=norm_type)
    rows = paddle.gather(weight, x.reshape([-1]).astype("int64"))
    rows = rows.reshape([*x.shape, weight.shape[1]])
    if padding_idx is not None:
        kept = x != padding_idx % weight.shape[0]
        rows = rows * kept.unsqueeze(-1).astype(rows.dtype)
    return rows


class Embedding(nn.Embedding):
    """A learned vector for each label; args those of paddle.nn.Embedding.

    Input: labels, integers of any shape; output [*shape, embedding_dim]. The gradient is
    dense, even with sparse=True.
    """

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return embedding(
            x,
            self.weight,
            self._padding_idx,
            self._max_norm,
            self._norm_type,
            scale_grad_by_freq=self._scale_grad_by_freq,
        )
