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

"""Attention that can be differentiated twice.

Paddle's transformer layers are made of attention, layer normalisation, dropout and an
activation: `twice_differentiable(nn.TransformerEncoderLayer(...))` replaces all of them.
"""

from __future__ import annotations

from typing import Optional
from typing import Tuple
from typing import Union

import paddle
from paddle import nn

from ppsci_ext.arch.activation import softmax
from ppsci_ext.arch.dropout import dropout


class MultiHeadAttention(nn.MultiHeadAttention):
    """Scaled dot-product attention with several heads (Vaswani et al. 2017, section 3.2).

    Args: those of paddle.nn.MultiHeadAttention. Query [B, T, embed_dim], key [B, S, kdim],
        value [B, S, vdim]; output [B, T, embed_dim].
    """

    def forward(
        self,
        query: paddle.Tensor,
        key: Optional[paddle.Tensor] = None,
        value: Optional[paddle.Tensor] = None,
        attn_mask: Optional[paddle.Tensor] = None,
        cache: Optional[Tuple[paddle.Tensor, ...]] = None,
    ) -> Union[paddle.Tensor, Tuple]:
        key = query if key is None else key
        value = query if value is None else value
        q, k, v, *new_cache = self._prepare_qkv(query, key, value, cache)
        scores = paddle.matmul(q * self.head_dim**-0.5, k, transpose_y=True)
        if attn_mask is not None:
            scores = scores + _additive(attn_mask, scores.dtype)
        weights = softmax(scores)
        if self.dropout:
            weights = dropout(weights, self.dropout, training=self.training)
        heads = paddle.matmul(weights, v).transpose([0, 2, 1, 3])
        out = self.out_proj(heads.reshape([*heads.shape[:2], self.embed_dim]))
        extra = [*([weights] if self.need_weights else []), *new_cache]
        return (out, *extra) if extra else out


def _additive(mask: paddle.Tensor, dtype: paddle.dtype) -> paddle.Tensor:
    """A mask as numbers to add: those of float masks, else 0 to keep and -1e9 to hide."""
    if mask.is_floating_point():
        return mask.astype(dtype)
    return (mask.astype(dtype) - 1.0) * 1e9
