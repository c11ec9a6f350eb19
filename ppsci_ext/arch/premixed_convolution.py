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

"""Convolution of fixed combinations of the channels, which are never made."""

from __future__ import annotations

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F


class PremixedConv1D(nn.Conv1D):
    """Conv1D of D channels, each a fixed combination of the C that there are.

    Differences of channels, or the same in other units, help a convolution to see what matters.
    They are linear, and so is the convolution: the weights are combined in their place.

    Args:
        mixing (np.ndarray): Numbers of the combinations, [D, C].
        out_channels (int): K.
        kernel_size (int): Width of the kernel.
        **kwargs: stride, padding (of zeros), dilation, weight_attr and bias_attr of
            paddle.nn.Conv1D.

    Input [B, C, L], output [B, K, L']; the parameter `weight` is [K, D, kernel_size].
    """

    def __init__(
        self, mixing: np.ndarray, out_channels: int, kernel_size: int, **kwargs
    ):
        super().__init__(len(mixing), out_channels, kernel_size, **kwargs)
        self.register_buffer("mixing", paddle.to_tensor(np.float32(mixing.T)))

    def mixed_weight(self) -> paddle.Tensor:
        """Weights for the C channels, [K, C, kernel_size]."""
        return paddle.matmul(self.mixing.astype(self.weight.dtype), self.weight)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return F.conv1d(
            x,
            self.mixed_weight(),
            self.bias,
            self._stride,
            self._padding,
            self._dilation,
        )
