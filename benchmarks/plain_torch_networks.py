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

"""The networks of the cases, written plainly in PyTorch.

Sizes, padding, normalisation and the names of the parameters are those of `wgan_gp.models.networks`;
initial weights are PyTorch's own.
"""

from __future__ import annotations

import math
from typing import Any
from typing import Optional
from typing import Sequence

import torch
import torch.nn.functional as F
from torch import nn

# layers


class SameConv(nn.Conv2d):
    """Convolution whose output has ceil(size / stride) pixels a side ("SAME")."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        padding = []
        for size, kernel, stride in zip(
            x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1]
        ):
            total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
            padding += [total // 2, total - total // 2]
        left, right, top, bottom = padding
        if (left, top) == (right, bottom):
            return F.conv2d(x, self.weight, self.bias, self.stride, (top, left))
        return super().forward(F.pad(x, padding))


class Deconv(nn.ConvTranspose2d):
    """5x5 transposed convolution that doubles height and width."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(in_channels, out_channels, 5, stride=2, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x)[:, :, :-1, :-1]


class ConditionalBatchNorm(nn.Module):
    """Batch norm with a scale and an offset per class."""

    def __init__(self, num_features: int, num_classes: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(num_features, affine=False)
        self.scale = nn.Embedding(num_classes, num_features)
        self.offset = nn.Embedding(num_classes, num_features)
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.offset.weight)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        scale = self.scale(labels)[:, :, None, None]
        return self.norm(x) * scale + self.offset(labels)[:, :, None, None]


# gan_toy.py


class MLP(nn.Module):
    """Three hidden ReLU layers."""

    def __init__(self, in_features: int, dim: int, out_features: int):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(in_features, dim),
            nn.ReLU(),
            nn.Linear(dim, dim),
            nn.ReLU(),
            nn.Linear(dim, dim),
            nn.ReLU(),
            nn.Linear(dim, out_features),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)


# gan_mnist.py, gan_cifar.py


class DCGANGenerator(nn.Module):
    """Noise [B, latent_dim] to images [B, C, H, W]."""

    def __init__(
        self,
        image_shape: Sequence[int],
        dim: int,
        latent_dim: int,
        batch_norm: bool,
        output: nn.Module,
    ):
        super().__init__()
        channels, *size = image_shape
        self.sizes = [
            [math.ceil(side / 2**times) for side in size] for times in (3, 2, 1, 0)
        ]
        self.start_shape = (4 * dim, *self.sizes[0])
        features = math.prod(self.start_shape)
        self.input = nn.Linear(latent_dim, features)
        self.norm1 = nn.BatchNorm1d(features) if batch_norm else nn.Identity()
        self.deconv2 = Deconv(4 * dim, 2 * dim)
        self.norm2 = nn.BatchNorm2d(2 * dim) if batch_norm else nn.Identity()
        self.deconv3 = Deconv(2 * dim, dim)
        self.norm3 = nn.BatchNorm2d(dim) if batch_norm else nn.Identity()
        self.deconv5 = Deconv(dim, channels)
        self.output = output

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.norm1(self.input(z))).view(-1, *self.start_shape)
        x = crop(F.relu(self.norm2(self.deconv2(x))), self.sizes[1])
        x = crop(F.relu(self.norm3(self.deconv3(x))), self.sizes[2])
        return self.output(crop(self.deconv5(x), self.sizes[3]))


def crop(x: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    return x[:, :, : size[0], : size[1]]


class DCGANCritic(nn.Module):
    """Images [B, C, H, W] to scores [B, 1]."""

    def __init__(self, image_shape: Sequence[int], dim: int):
        super().__init__()
        channels, *size = image_shape
        pixels = math.prod(math.ceil(side / 8) for side in size)
        self.conv1 = SameConv(channels, dim, 5, stride=2)
        self.conv2 = SameConv(dim, 2 * dim, 5, stride=2)
        self.conv3 = SameConv(2 * dim, 4 * dim, 5, stride=2)
        self.output = nn.Linear(4 * dim * pixels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for conv in (self.conv1, self.conv2, self.conv3):
            x = F.leaky_relu(conv(x), 0.2)
        return self.output(x.flatten(1))


# gan_cifar_resnet.py


class UpBlock(nn.Module):
    """Residual block of the generator that doubles height and width."""

    def __init__(self, dim: int, num_classes: int):
        super().__init__()
        self.conditional = num_classes > 0
        for name in ("norm1", "norm2"):
            norm = nn.BatchNorm2d(dim)
            if self.conditional:
                norm = ConditionalBatchNorm(dim, num_classes)
            self.add_module(name, norm)
        self.shortcut = SameConv(dim, dim, 1)
        self.conv1 = SameConv(dim, dim, 3)
        self.conv2 = SameConv(dim, dim, 3)

    def forward(self, x: torch.Tensor, labels: Optional[torch.Tensor]) -> torch.Tensor:
        condition = (labels,) if self.conditional else ()
        h = self.conv1(upsample(F.relu(self.norm1(x, *condition))))
        h = self.conv2(F.relu(self.norm2(h, *condition)))
        return self.shortcut(upsample(x)) + h


def upsample(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


class ResNetGenerator(nn.Module):
    """Noise [B, latent_dim] and labels [B] to images [B, C, H, W]."""

    def __init__(
        self, image_shape: Sequence[int], dim: int, latent_dim: int, num_classes: int
    ):
        super().__init__()
        channels, height, width = image_shape
        self.start_shape = (dim, height // 8, width // 8)
        self.input = nn.Linear(latent_dim, math.prod(self.start_shape))
        self.blocks = nn.ModuleList(UpBlock(dim, num_classes) for _ in range(3))
        self.output_norm = nn.BatchNorm2d(dim)
        self.output = SameConv(dim, channels, 3)

    def forward(
        self, z: torch.Tensor, labels: Optional[torch.Tensor] = None
    ) -> torch.Tensor:
        x = self.input(z).view(-1, *self.start_shape)
        for block in self.blocks:
            x = block(x, labels)
        return torch.tanh(self.output(F.relu(self.output_norm(x))))


class DownBlock(nn.Module):
    """Residual block of the critic; `downsample` halves height and width."""

    def __init__(self, dim: int, downsample: bool):
        super().__init__()
        self.conv1 = SameConv(dim, dim, 3)
        self.conv2 = SameConv(dim, dim, 3)
        self.shortcut = SameConv(dim, dim, 1) if downsample else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.conv2(F.relu(self.conv1(F.relu(x))))
        if self.shortcut is None:
            return x + h
        return F.avg_pool2d(self.shortcut(x), 2) + F.avg_pool2d(h, 2)


class FirstDownBlock(nn.Module):
    """First block of the critic: no activation first, a shortcut that pools first."""

    def __init__(self, in_channels: int, dim: int):
        super().__init__()
        self.conv1 = SameConv(in_channels, dim, 3)
        self.conv2 = SameConv(dim, dim, 3)
        self.shortcut = SameConv(in_channels, dim, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.conv2(F.relu(self.conv1(x)))
        return self.shortcut(F.avg_pool2d(x, 2)) + F.avg_pool2d(h, 2)


class ResNetCritic(nn.Module):
    """Images [B, C, H, W] to scores [B, 1], with classes also to logits [B, K]."""

    def __init__(self, channels: int, dim: int, num_classes: int):
        super().__init__()
        self.blocks = nn.Sequential(
            FirstDownBlock(channels, dim),
            DownBlock(dim, True),
            DownBlock(dim, False),
            DownBlock(dim, False),
        )
        self.output = nn.Linear(dim, 1)
        self.classifier = nn.Linear(dim, num_classes) if num_classes else None

    def forward(self, x: torch.Tensor) -> Any:
        features = F.relu(self.blocks(x)).mean(dim=(2, 3))
        if self.classifier is None:
            return self.output(features)
        return self.output(features), self.classifier(features)
