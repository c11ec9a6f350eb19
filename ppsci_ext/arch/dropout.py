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

"""Dropout that can be differentiated twice.

Paddle's Dropout2D, Dropout3D, AlphaDropout and Dropout with an axis can be already.
"""

from __future__ import annotations

from typing import Optional
from typing import Sequence
from typing import Union

import paddle
from paddle import nn
from paddle.nn import functional as F


def dropout(
    x: paddle.Tensor,
    p: float = 0.5,
    axis: Optional[Union[int, Sequence[int]]] = None,
    training: bool = True,
    inplace: bool = False,
    mode: str = "upscale_in_train",
    name=None,
) -> paddle.Tensor:
    """paddle.nn.functional.dropout; with the same random state it drops the same elements.

    Paddle's dropout of ones is the mask, scaled as the mode demands: x times that mask
    has derivatives of every order. `inplace` is what it is in Paddle: of no effect on the
    result.
    """
    mask = F.dropout(paddle.ones_like(x), p, axis, training, mode=mode)
    return x * mask


class Dropout(nn.Dropout):
    """Dropout (Srivastava et al. 2014); args those of paddle.nn.Dropout."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return dropout(x, self.p, self.axis, self.training, mode=self.mode)
