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

"""The fields' networks, written plainly in PyTorch, for periodic Gaussian fields in two and three
dimensions.

Sizes, margins and the names of the parameters are those of `wgan_gp.models.networks.fields`;
initial weights are PyTorch's own.
"""

from __future__ import annotations

from typing import Sequence

import torch
import torch.nn.functional as F
from torch import nn

CONV = {2: nn.Conv2d, 3: nn.Conv3d}


class FieldGenerator(nn.Module):
    """Noise [B, L, *coarse] to fields [B, 1, *shape]."""

    def __init__(
        self,
        shape: Sequence[int],
        dim: int,
        latent_channels: int,
        stages: int,
        fine_noise: int,
    ):
        super().__init__()
        self.noise_channels = [
            latent_channels,
            *(fine_noise * 2 ** (len(shape) * stage) for stage in range(1, stages + 1)),
            len(shape),  # how far a field is moved
        ]
        self.stages = stages
        coarse = [size // 2**stages for size in shape]
        self.latent_shape = [sum(self.noise_channels), *coarse]
        widths = [dim * 2 ** max(stages - 1 - i, 0) for i in range(stages + 1)]
        before = [latent_channels, *(width + fine_noise for width in widths[:-1])]
        conv = CONV[len(shape)]
        margins = {"padding": 1, "padding_mode": "circular"}
        self.convs = nn.ModuleList(
            conv(inputs, width, 3, **margins) for inputs, width in zip(before, widths)
        )
        self.output = conv(dim, 1, 3, **margins)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        x, *fine, places = z.split(self.noise_channels, dim=1)
        x = F.relu(self.convs[0](x))
        for stage, noise in enumerate(fine, start=1):
            x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = torch.cat([x, unfolded(noise, 2**stage)], dim=1)
            x = F.relu(self.convs[stage](x))
        normal = places.flatten(2).sum(dim=2) / places[0, 0].numel() ** 0.5
        return moved(self.output(x), normal, 2**self.stages)


def moved(x: torch.Tensor, places: torch.Tensor, steps: int) -> torch.Tensor:
    """Each field moved along its period, by fewer pixels than `steps`."""
    pixels = (steps * torch.special.ndtr(places)).floor().long()
    for axis, size in enumerate(x.shape[2:], start=2):
        source = (torch.arange(size) - pixels[:, axis - 2, None]) % size
        shape = [len(x), *[1] * (axis - 1), size, *[1] * (x.ndim - axis - 1)]
        x = x.gather(axis, source.view(shape).expand_as(x))
    return x


def unfolded(x: torch.Tensor, factor: int) -> torch.Tensor:
    """F.pixel_shuffle in any number of dimensions."""
    batch, channels, *sizes = x.shape
    axes = len(sizes)
    x = x.view(batch, channels // factor**axes, *[factor] * axes, *sizes)
    pairs = [axis for i in range(axes) for axis in (2 + axes + i, 2 + i)]
    x = x.permute(0, 1, *pairs)
    return x.reshape(batch, -1, *(factor * size for size in sizes))


class FieldCritic(nn.Module):
    """Fields [B, 1, *shape] to scores [B]."""

    def __init__(self, dimension: int, dim: int, stages: int):
        super().__init__()
        widths = [1, *(dim * 2**i for i in range(stages))]
        conv = CONV[dimension]
        self.convs = nn.ModuleList(
            conv(inputs, width, 4, stride=2, padding=1, padding_mode="circular")
            for inputs, width in zip(widths, widths[1:])
        )
        self.hidden = nn.Linear(widths[-1], widths[-1])
        self.output = nn.Linear(widths[-1], 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for conv in self.convs:
            x = F.leaky_relu(conv(x), 0.2)
        h = F.leaky_relu(self.hidden(x.flatten(2).mean(dim=2)), 0.2)
        return self.output(h).flatten()
