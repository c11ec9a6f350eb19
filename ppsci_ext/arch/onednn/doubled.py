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

"""Doubling of all pixels and a convolution, as one transposed convolution."""

from __future__ import annotations

import functools
from typing import Optional
from typing import Sequence

import numpy as np
import paddle
from paddle import nn

from ppsci_ext.arch.onednn.function import convolution
from ppsci_ext.arch.onednn.function import transposed_convolution
from ppsci_ext.arch.onednn.kernels import Geometry
from ppsci_ext.arch.onednn.layers import computable
from ppsci_ext.arch.onednn.layers import is_convolution


def convolution_of_doubled(
    layer: nn.Layer, x: paddle.Tensor, beside: Sequence[paddle.Tensor]
) -> Optional[paddle.Tensor]:
    """layer(concat([each pixel of x doubled along all axes, *beside], axis=1)).

    A kernel of 3 meets two pixels of x on each axis, whose weights are sums of its own: that is a
    transposed convolution by a kernel of 4 with stride 2, with 8 multiplications for 27 in three
    dimensions, and without the large x in between.

    Args:
        layer (nn.Layer): Convolution of C + C' channels to K.
        x (paddle.Tensor): Fields, [B, C, *X].
        beside (Sequence[paddle.Tensor]): Further channels, [B, ., *2X]; C' in all.

    Returns:
        Optional[paddle.Tensor]: [B, K, *2X]; None where oneDNN doesn't compute this layer, or
            where it isn't one of kernel 3, stride 1 and margins of 1, of zeros or circular.
    """
    axes = x.ndim - 2
    if (
        not is_convolution(layer)
        or layer.weight.shape[2:] != [3] * axes
        or {*layer._stride, *layer._dilation} != {1}
        or layer._padding != 1
        or layer._padding_mode not in ("zeros", "circular")
        or not all(computable(layer, part) for part in (x, *beside))
        or sum(part.shape[1] for part in (x, *beside)) != layer._in_channels
    ):
        return None
    circular = layer._padding_mode == "circular"
    margins = [1] * (2 * axes)
    weight, coarse = layer.weight, x.shape[1]
    y = transposed_convolution(
        x,
        _spread(weight[:, :coarse] if beside else weight),
        layer.bias,
        [2 * size for size in x.shape[2:]],
        Geometry([2] * axes, [1] * axes, margins, circular),
    )
    if beside:
        fine = beside[0] if len(beside) == 1 else paddle.concat(list(beside), axis=1)
        geometry = Geometry([1] * axes, [1] * axes, margins, circular)
        y = y + convolution(fine, weight[:, coarse:], None, geometry)
    return y


def _spread(weight: paddle.Tensor) -> paddle.Tensor:
    """Kernels of 3, [K, C, ...], as kernels of 4 of the transposed convolution, [C, K, ...]."""
    axes = weight.ndim - 2
    flat = weight.flatten(2).transpose([1, 0, 2])
    return paddle.matmul(flat, _spreading(axes)).reshape([*flat.shape[:2], *[4] * axes])


@functools.lru_cache(maxsize=None)
def _spreading(axes: int) -> paddle.Tensor:
    """[3^axes, 4^axes]: two copies of a kernel on each axis, turned round by the transpose."""
    along_one_axis = (np.eye(3, 4) + np.eye(3, 4, k=1))[::-1]
    whole = functools.reduce(np.kron, [along_one_axis] * axes)
    return paddle.to_tensor(whole, dtype="float32")
