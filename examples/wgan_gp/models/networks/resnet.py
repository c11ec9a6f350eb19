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

"""The residual pair of gan_cifar_resnet.py (paper, appendix F)."""

from __future__ import annotations

from typing import Optional
from typing import Sequence
from typing import Tuple
from typing import Union

import paddle
from paddle import nn
from wgan_gp.models.networks import initialization as init
from wgan_gp.models.networks.normalization import BatchNorm
from wgan_gp.models.networks.normalization import ConditionalBatchNorm
from wgan_gp.models.networks.normalization import critic_norm

from ppsci_ext.utils import UserError


class UpBlock(nn.Layer):
    """Residual block of the generator that doubles height and width.

    Args:
        dim (int): Number of channels.
        num_classes (int): Number of classes for conditional batch norm, 0 for none.
    """

    def __init__(self, dim: int, num_classes: int):
        super().__init__()
        self.conditional = num_classes > 0

        def norm():
            if self.conditional:
                return ConditionalBatchNorm(dim, num_classes)
            return BatchNorm(dim)

        self.shortcut = init.upsample_conv(dim, 1, he=False)
        self.norm1 = norm()
        self.conv1 = init.upsample_conv(dim, 3)
        self.norm2 = norm()
        self.conv2 = init.conv(dim, dim, 3)

    def forward(
        self, x: paddle.Tensor, labels: Optional[paddle.Tensor]
    ) -> paddle.Tensor:
        condition = (labels,) if self.conditional else ()
        h = nn.functional.relu(self.norm1(x, *condition))
        h = nn.functional.relu(self.norm2(self.conv1(h), *condition))
        return self.shortcut(x) + self.conv2(h)


class ResNetGenerator(nn.Layer):
    """Noise [B, latent_dim] and labels [B] to images [B, C, H, W] in [-1, 1].

    Args:
        image_shape (Sequence[int]): (C, H, W); H and W multiples of 8.
        dim (int, optional): Number of channels. Defaults to 128.
        latent_dim (int, optional): Dimensions of the noise. Defaults to 128.
        num_classes (int, optional): Classes for conditional batch norm; 0 for an
            unconditional generator. Defaults to 0.

    Raises:
        UserError: If height or width is no multiple of 8.
    """

    def __init__(
        self,
        image_shape: Sequence[int] = (3, 32, 32),
        dim: int = 128,
        latent_dim: int = 128,
        num_classes: int = 0,
    ):
        super().__init__()
        channels, height, width = image_shape
        if height % 8 or width % 8:
            raise UserError(
                "MODEL.name=resnet needs images whose height and width are multiples of "
                f"8, but they are {height} x {width}: resize them or use MODEL.name=dcgan."
            )
        self.latent_dim = latent_dim
        self.num_classes = num_classes
        self.start_shape = [dim, height // 8, width // 8]
        self.input = init.linear(latent_dim, dim * (height // 8) * (width // 8))
        self.blocks = nn.LayerList([UpBlock(dim, num_classes) for _ in range(3)])
        # the authors' code passes no labels to this norm, not even when conditional
        self.output_norm = BatchNorm(dim)
        self.output = init.conv(dim, channels, 3, he=False)

    def forward(
        self, z: paddle.Tensor, labels: Optional[paddle.Tensor] = None
    ) -> paddle.Tensor:
        x = self.input(z).reshape([-1, *self.start_shape])
        for block in self.blocks:
            x = block(x, labels)
        x = nn.functional.relu(self.output_norm(x))
        return paddle.tanh(self.output(x))


class DownBlock(nn.Layer):
    """Residual block of the critic; with `downsample` it halves height and width.

    Args:
        dim (int): Number of channels.
        downsample (bool): Convolve, then average 2x2, in both branches; without it the
            shortcut is the identity.
        norm (str): Normalisation before each ReLU, see critic_norm.
    """

    def __init__(self, dim: int, downsample: bool, norm: str):
        super().__init__()
        self.norm1 = critic_norm(norm, dim)
        self.conv1 = init.conv(dim, dim, 3)
        self.norm2 = critic_norm(norm, dim)
        if downsample:
            self.conv2 = init.conv_mean_pool(dim, 3)
            self.pool = nn.AvgPool2D(2)
            self.shortcut = init.conv(dim, dim, 1, he=False)
        else:
            self.conv2 = init.conv(dim, dim, 3)
            self.shortcut = None

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        h = self.conv1(nn.functional.relu(self.norm1(x)))
        h = self.conv2(nn.functional.relu(self.norm2(h)))
        if self.shortcut is not None:
            x = self.shortcut(self.pool(x))  # a 1x1 convolution can come after the mean
        return x + h


class FirstDownBlock(nn.Layer):
    """First block of the critic: nothing before its first convolution, no normalisation, and
    a shortcut that averages before it convolves.

    Args:
        in_channels (int): Channels of the image.
        dim (int): Number of channels.
    """

    def __init__(self, in_channels: int, dim: int):
        super().__init__()
        self.conv1 = init.conv(in_channels, dim, 3)
        self.conv2 = init.conv_mean_pool(dim, 3)
        self.pool = nn.AvgPool2D(2)
        self.shortcut = init.conv(in_channels, dim, 1, he=False)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        h = self.conv2(nn.functional.relu(self.conv1(x)))
        return self.shortcut(self.pool(x)) + h


class ResNetCritic(nn.Layer):
    """Images [B, C, H, W] to scores [B]; classes can come in in two ways.

    The critic of an ACGAN also returns class logits [B, K]. A projection critic takes labels
    [B], and adds the inner product of the features and an embedding of the label to the score
    (Miyato & Koyama 2018, eq. 3).

    Args:
        image_channels (int, optional): Channels of the image. Defaults to 3.
        dim (int, optional): Number of channels. Defaults to 128.
        num_classes (int, optional): Number of classes; 0 for none. Defaults to 0.
        conditioning (str, optional): "acgan" or "projection". Defaults to "acgan".
        norm (str, optional): Normalisation before each ReLU of the blocks but the first:
            "none", "layer", or "batch" for weight clipping only. Defaults to "none".
    """

    def __init__(
        self,
        image_channels: int = 3,
        dim: int = 128,
        num_classes: int = 0,
        conditioning: str = "acgan",
        norm: str = "none",
    ):
        super().__init__()
        self.blocks = nn.Sequential(
            FirstDownBlock(image_channels, dim),
            DownBlock(dim, downsample=True, norm=norm),
            DownBlock(dim, downsample=False, norm=norm),
            DownBlock(dim, downsample=False, norm=norm),
        )
        self.output = init.linear(dim, 1)
        self.classifier = self.embedding = None
        if num_classes and conditioning == "acgan":
            self.classifier = init.linear(dim, num_classes)
        elif num_classes:
            self.embedding = init.embedding(num_classes, dim)

    def forward(
        self, x: paddle.Tensor, labels: Optional[paddle.Tensor] = None
    ) -> Union[paddle.Tensor, Tuple[paddle.Tensor, paddle.Tensor]]:
        features = nn.functional.relu(self.blocks(x)).mean(axis=[2, 3])
        score = self.output(features).reshape([-1])
        if self.embedding is not None:
            score = score + (self.embedding(labels) * features).sum(axis=1)
        if self.classifier is None:
            return score
        return score, self.classifier(features)
