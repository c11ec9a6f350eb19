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

"""The multilayer perceptrons of the toy experiments (gan_toy.py)."""

from __future__ import annotations

from typing import Optional

import paddle
from paddle import nn
from wgan_gp.models.networks import initialization as init


def _mlp(
    in_features: int,
    dim: int,
    out_features: int,
    hidden_layers: int,
    initialization: str,
) -> nn.Sequential:
    linear = init.INITIALIZATIONS[initialization]
    widths = [in_features] + [dim] * hidden_layers
    layers = []
    for before, after in zip(widths, widths[1:]):
        layers += [linear(before, after, he=True), nn.ReLU()]
    return nn.Sequential(*layers, linear(widths[-1], out_features))


class MLPGenerator(nn.Layer):
    """Hidden ReLU layers, by default three, from noise [B, 2] to points [B, 2].

    Args:
        dim (int, optional): Width of the hidden layers. Defaults to 512.
        latent_dim (int, optional): Dimensions of the noise. Defaults to 2.
        out_features (int, optional): Dimensions of a sample. Defaults to 2.
        hidden_layers (int, optional): Number of hidden layers. Defaults to 3.
        initialization (str, optional): Initial weights, "paper" or "framework" (PyTorch's).
            Defaults to "paper".
    """

    def __init__(
        self,
        dim: int = 512,
        latent_dim: int = 2,
        out_features: int = 2,
        hidden_layers: int = 3,
        initialization: str = "paper",
    ):
        super().__init__()
        self.latent_dim = latent_dim
        self.net = _mlp(latent_dim, dim, out_features, hidden_layers, initialization)

    def forward(
        self, z: paddle.Tensor, labels: Optional[paddle.Tensor] = None
    ) -> paddle.Tensor:
        return self.net(z)


class MLPCritic(nn.Layer):
    """Hidden ReLU layers, by default three, from points [B, 2] to scores [B].

    Args:
        dim (int, optional): Width of the hidden layers. Defaults to 512.
        in_features (int, optional): Dimensions of a sample. Defaults to 2.
        hidden_layers (int, optional): Number of hidden layers. Defaults to 3.
        initialization (str, optional): Initial weights, "paper" or "framework" (PyTorch's).
            Defaults to "paper".
    """

    def __init__(
        self,
        dim: int = 512,
        in_features: int = 2,
        hidden_layers: int = 3,
        initialization: str = "paper",
    ):
        super().__init__()
        self.net = _mlp(in_features, dim, 1, hidden_layers, initialization)

    def forward(
        self, x: paddle.Tensor, labels: Optional[paddle.Tensor] = None
    ) -> paddle.Tensor:
        return self.net(x).reshape([-1])
