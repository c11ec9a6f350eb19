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

"""Windows of an image as columns, and columns as an image, that can be differentiated twice."""

from __future__ import annotations

from typing import List
from typing import Tuple

import numpy as np
import paddle
from paddle import nn

from ppsci_ext.arch.windows import insert_zeros
from ppsci_ext.arch.windows import pad_axis
from ppsci_ext.arch.windows import per_axis


class _Windows:
    """How Unfold and Fold move their window: its attributes, by axis."""

    def _geometry(self) -> Tuple[List[int], List[int], List[int], List[int]]:
        """Kernel, stride and dilation of each axis; padding as [top, left, bottom, right]."""
        padding = per_axis(self.paddings, 2)
        return (
            per_axis(self.kernel_sizes, 2),
            per_axis(self.strides, 2),
            per_axis(self.dilations, 2),
            padding * 2 if len(padding) == 2 else padding,
        )


class Unfold(_Windows, nn.Unfold):
    """Each window of [B, C, H, W] as a column, [B, C * kernel, windows]; args those of
    paddle.nn.Unfold."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        kernel, stride, dilation, padding = self._geometry()
        for axis in range(2):
            x = pad_axis(x, axis + 2, padding[axis], padding[axis + 2])
        b, c, *lengths = x.shape
        rows, columns = (
            _positions(*geometry) for geometry in zip(lengths, kernel, stride, dilation)
        )
        flat = rows[:, None, :, None] * lengths[1] + columns[None, :, None, :]
        y = paddle.gather(
            x.reshape([b, c, -1]), paddle.to_tensor(flat.reshape(-1)), axis=2
        )
        return y.reshape([b, c * kernel[0] * kernel[1], -1])


def _positions(length: int, kernel: int, stride: int, dilation: int) -> np.ndarray:
    """Where each element of the kernel comes to lie in each window: [kernel, windows]."""
    starts = np.arange(0, length - dilation * (kernel - 1), stride)
    return dilation * np.arange(kernel)[:, None] + starts


class Fold(_Windows, nn.Fold):
    """The transpose of Unfold: columns [B, C * kernel, windows] added up where they overlap,
    [B, C, H, W]; args those of paddle.nn.Fold."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        kernel, stride, dilation, padding = self._geometry()
        sizes = per_axis(self.output_sizes, 2)
        counts = [
            (n + padding[a] + padding[a + 2] - dilation[a] * (kernel[a] - 1) - 1)
            // stride[a]
            + 1
            for a, n in enumerate(sizes)
        ]
        columns = x.reshape([x.shape[0], -1, kernel[0] * kernel[1], *counts])
        y = 0.0
        for i, part in enumerate(columns.unbind(axis=2)):
            for axis, offset in enumerate(divmod(i, kernel[1])):
                before = offset * dilation[axis] - padding[axis]
                reach = (counts[axis] - 1) * stride[axis] + 1
                after = sizes[axis] - before - reach
                part = insert_zeros(part, axis + 2, stride[axis], before, after)
            y = y + part
        return y
