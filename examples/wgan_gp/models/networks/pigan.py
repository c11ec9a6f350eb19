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

"""The networks of PI-GAN: processes on a line, two learnt, the third by an equation.

Yang, Zhang and Karniadakis 2018, arXiv 1811.02033, section 3.2.
"""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Dict
from typing import List
from typing import Mapping
from typing import Sequence
from typing import Tuple

import numpy as np
import paddle
from paddle import nn
from wgan_gp.models.networks import initialization as init

import ppsci
from ppsci.equation import PDE

Tensors = Dict[str, paddle.Tensor]


class ProcessNetwork(nn.Layer):
    """A process y(x; z) as a tanh network of the place and the noise, with its derivatives.

    The derivatives by x go through the layers with the value (the chain rule forwards), so that
    they need no graph, can be exported, and are differentiated by the weights like any other
    output.

    Args:
        name (str): Of the process; `forward` names the derivatives after it, as PaddleScience
            does: "y", "y__x", "y__x__x".
        derivatives (int): How many of them, 1 or 2.
        dim (int): Width of the hidden layers.
        latent_dim (int): Dimensions of the noise.
        hidden_layers (int): Number of hidden layers.
    """

    input_keys = ("x", "z")

    def __init__(
        self,
        name: str,
        derivatives: int,
        dim: int,
        latent_dim: int,
        hidden_layers: int,
    ):
        super().__init__()
        keys = (name, f"{name}__x", f"{name}__x__x")
        self.output_keys = keys[: derivatives + 1]
        self.first = init.linear(1 + latent_dim, dim)
        self.inner = nn.LayerList(
            [init.linear(dim, dim) for _ in range(hidden_layers - 1)]
        )
        self.last = init.linear(dim, 1)

    def forward(self, inputs: Mapping[str, paddle.Tensor]) -> Tensors:
        """Value and derivatives.

        Args:
            inputs (Mapping[str, paddle.Tensor]): Places "x" [P] and noise "z" [B, latent_dim].

        Returns:
            Tensors: [B, P] each.
        """
        h, slope = self._enter(inputs)
        jet = _tanh([h, slope, paddle.zeros([])][: len(self.output_keys)])
        for layer in self.inner:
            jet = _tanh(_linear(layer, jet))
        jet = _linear(self.last, jet)
        return {key: y.squeeze(-1) for key, y in zip(self.output_keys, jet)}

    def value(self, inputs: Mapping[str, paddle.Tensor]) -> paddle.Tensor:
        """The value alone, [B, P]."""
        h, _ = self._enter(inputs)
        for layer in [*self.inner, self.last]:
            h = layer(h.tanh())
        return h.squeeze(-1)

    def _enter(
        self, inputs: Mapping[str, paddle.Tensor]
    ) -> Tuple[paddle.Tensor, paddle.Tensor]:
        """The first layer before its tanh [B, P, dim], and its derivative by x [dim]."""
        slope, of_noise = self.first.weight[0], self.first.weight[1:]
        noise = paddle.matmul(inputs["z"], of_noise) + self.first.bias
        return noise.unsqueeze(1) + inputs["x"].unsqueeze(-1) * slope, slope


class PIGANGenerator(nn.Layer):
    """Noise to what sensors read of u, k and f, the last of which follows by an equation.

    Args:
        equation (PDE): With "f" in terms of u and k, functions of x.
        places (Mapping[str, np.ndarray]): Places of the sensors of "u", "k" and "f".
        dim (int, optional): Width of the hidden layers. Defaults to 128.
        latent_dim (int, optional): Dimensions of the noise. Defaults to 10.
        hidden_layers (int, optional): Number of hidden layers. Defaults to 4.
    """

    def __init__(
        self,
        equation: PDE,
        places: Mapping[str, np.ndarray],
        dim: int = 128,
        latent_dim: int = 10,
        hidden_layers: int = 4,
    ):
        super().__init__()
        self.latent_dim = latent_dim
        self.u = ProcessNetwork("u", 2, dim, latent_dim, hidden_layers)
        self.k = ProcessNetwork("k", 1, dim, latent_dim, hidden_layers)
        # u, k and their derivatives are given to it, so that it holds no networks of its own
        given = SimpleNamespace(output_keys=("u", "k"))
        self.force = ppsci.lambdify(equation.equations["f"], given)
        self._places = dict(places)

    def forward(self, z: paddle.Tensor) -> paddle.Tensor:
        """Readings [B, places of u, of k, of f] for noise [B, latent_dim]."""
        u, k, f = ({"x": self._tensor(name), "z": z} for name in "ukf")
        f.update(**self.u(f), **self.k(f))
        readings = [self.u.value(u), self.k.value(k), self.force(f)]
        return paddle.concat(readings, axis=1)

    def _tensor(self, name: str) -> paddle.Tensor:
        return paddle.to_tensor(self._places[name], self.u.last.weight.dtype)

    def at(self, places: Mapping[str, np.ndarray]) -> PIGANGenerator:
        """The same processes, with the same weights, read at other places."""
        other = copy.copy(self)
        other._places = dict(places)
        return other


class SensorCritic(nn.Layer):
    """A tanh network from what sensors read [B, S] to scores [B].

    Args:
        sensors (int): S.
        dim (int, optional): Width of the hidden layers. Defaults to 128.
        hidden_layers (int, optional): Number of hidden layers. Defaults to 4.
    """

    def __init__(self, sensors: int, dim: int = 128, hidden_layers: int = 4):
        super().__init__()
        layers: List[nn.Layer] = [init.linear(sensors, dim), nn.Tanh()]
        for _ in range(hidden_layers - 1):
            layers += [init.linear(dim, dim), nn.Tanh()]
        self.net = nn.Sequential(*layers, init.linear(dim, 1))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.net(x).squeeze(-1)


def _linear(layer: nn.Linear, jet: Sequence[paddle.Tensor]) -> List[paddle.Tensor]:
    """A value and its first derivatives, behind a layer."""
    return [layer(jet[0]), *(paddle.matmul(y, layer.weight) for y in jet[1:])]


def _tanh(jet: Sequence[paddle.Tensor]) -> List[paddle.Tensor]:
    """A value and its first one or two derivatives, behind a tanh."""
    value = jet[0].tanh()
    gain = 1 - value.square()
    first = gain * jet[1]
    if len(jet) == 2:
        return [value, first]
    return [value, first, gain * jet[2] - 2 * value * first * jet[1]]
