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

"""Batch normalisation without running averages."""

from __future__ import annotations

import paddle
from paddle import nn


class BatchMomentsNorm(nn.Layer):
    """Normalisation of each channel by its moments in the batch at hand, scaled and shifted.

    What nn.BatchNorm2D does in train mode (Ioffe & Szegedy 2015), but with a scale and an offset
    that are given at the call, one for all samples or one for each, as in conditional batch norm
    (de Vries et al. 2017). It mixes samples, and so is for generators.

    Args:
        num_features (int): C.
        epsilon (float, optional): Added to the variance. Defaults to 1e-5.
    """

    def __init__(self, num_features: int, epsilon: float = 1e-5):
        super().__init__()
        self.epsilon = epsilon
        constants = {
            "_unused_mean": 0.0,  # Paddle demands them, and writes into them
            "_unused_variance": 1.0,
            # the exported graph can't be optimised without a scale and an offset
            "_ones": 1.0,
            "_zeros": 0.0,
        }
        for name, value in constants.items():
            constant = paddle.full([num_features], value)
            self.register_buffer(name, constant, persistable=False)

    def forward(
        self, x: paddle.Tensor, scale: paddle.Tensor, offset: paddle.Tensor
    ) -> paddle.Tensor:
        """Normalise x [B, C, ...]; scale and offset are both [C] or both [B, C]."""
        if scale.ndim == 1:
            return self._normalized(x, scale, offset)
        axes = list(range(2, x.ndim))
        y = self._normalized(x, self._ones, self._zeros)
        return y * scale.unsqueeze(axes) + offset.unsqueeze(axes)

    def _normalized(self, x: paddle.Tensor, scale, offset) -> paddle.Tensor:
        return nn.functional.batch_norm(
            x,
            self._unused_mean,
            self._unused_variance,
            scale,
            offset,
            training=True,
            momentum=1.0,  # what is written is what was there
            epsilon=self.epsilon,
            use_global_stats=False,
        )
