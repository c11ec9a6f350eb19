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

"""The convolutional pair of gan_mnist.py and gan_cifar.py.

The two scripts differ in size and in where batch norm stands. Any image size works: three
stages halve it, rounding up (28 -> 14 -> 7 -> 4), and the generator goes back the same way,
cropping where a size was odd.
"""

from __future__ import annotations

from typing import List
from typing import Optional
from typing import Sequence

import paddle
from paddle import nn
from wgan_gp.models.networks import initialization as init
from wgan_gp.models.networks.normalization import BatchNorm
from wgan_gp.models.networks.normalization import critic_norm

KERNEL_SIZE = 5
LEAKY_SLOPE = 0.2


def leaky_relu(x: paddle.Tensor) -> paddle.Tensor:
    """max(0.2 x, x) with the slope 0.2 at zero, where Paddle's leaky_relu has the slope 1.

    Zeros are common: the biases start at zero and the background of MNIST is black. They are
    moved by less than any sum of two numbers here could notice.
    """
    return nn.functional.leaky_relu(x - 1e-30, LEAKY_SLOPE)


def _halved(size: int, times: int) -> int:
    return -(-size // 2**times)  # rounded up


class DCGANGenerator(nn.Layer):
    """Noise [B, latent_dim] to images [B, C, H, W].

    Args:
        image_shape (Sequence[int]): (C, H, W).
        dim (int, optional): Channels of the last hidden stage; the first has 4 times as
            many. Defaults to 64.
        latent_dim (int, optional): Dimensions of the noise. Defaults to 128.
        batch_norm (bool, optional): Batch normalisation after all but the last layer,
            always by the statistics of the batch at hand. Defaults to False.
        output (str, optional): "sigmoid" for images in [0, 1], "tanh" for [-1, 1].
            Defaults to "sigmoid".
    """

    def __init__(
        self,
        image_shape: Sequence[int] = (1, 28, 28),
        dim: int = 64,
        latent_dim: int = 128,
        batch_norm: bool = False,
        output: str = "sigmoid",
    ):
        super().__init__()
        channels, height, width = image_shape
        self.latent_dim = latent_dim
        self.sizes: List[List[int]] = [
            [_halved(height, times), _halved(width, times)] for times in (3, 2, 1, 0)
        ]
        self.start_shape = [4 * dim, *self.sizes[0]]
        features = 4 * dim * self.sizes[0][0] * self.sizes[0][1]

        def norm(num_features):
            return BatchNorm(num_features) if batch_norm else nn.Identity()

        self.input = init.linear(latent_dim, features)
        self.norm1 = norm(features)
        self.deconv2 = init.deconv(4 * dim, 2 * dim, KERNEL_SIZE)
        self.norm2 = norm(2 * dim)
        self.deconv3 = init.deconv(2 * dim, dim, KERNEL_SIZE)
        self.norm3 = norm(dim)
        self.deconv5 = init.deconv(dim, channels, KERNEL_SIZE)
        self.output = nn.Sigmoid() if output == "sigmoid" else nn.Tanh()

    def forward(
        self, z: paddle.Tensor, labels: Optional[paddle.Tensor] = None
    ) -> paddle.Tensor:
        x = nn.functional.relu(self.norm1(self.input(z)))
        x = x.reshape([-1, *self.start_shape])
        x = nn.functional.relu(self.norm2(self.deconv2(x)))
        x = _crop(x, self.sizes[1])  # after the norm, as in gan_mnist.py
        x = nn.functional.relu(self.norm3(self.deconv3(x)))
        x = _crop(x, self.sizes[2])
        x = _crop(self.deconv5(x), self.sizes[3])
        return self.output(x)


def _crop(x: paddle.Tensor, size: Sequence[int]) -> paddle.Tensor:
    return x[:, :, : size[0], : size[1]]


class DCGANCritic(nn.Layer):
    """Images [B, C, H, W] to scores [B].

    Args:
        image_shape (Sequence[int]): (C, H, W).
        dim (int, optional): Channels of the first stage; the last has 4 times as many.
            Defaults to 64.
        norm (str, optional): Normalisation in the second and third stage: "none", "layer", or
            "batch" for weight clipping only, since a gradient penalty is per sample. Defaults
            to "none".
    """

    def __init__(
        self,
        image_shape: Sequence[int] = (1, 28, 28),
        dim: int = 64,
        norm: str = "none",
    ):
        super().__init__()
        channels, height, width = image_shape
        self.conv1 = init.conv(channels, dim, KERNEL_SIZE, stride=2)
        self.conv2 = init.conv(dim, 2 * dim, KERNEL_SIZE, stride=2)
        self.norm2 = critic_norm(norm, 2 * dim)
        self.conv3 = init.conv(2 * dim, 4 * dim, KERNEL_SIZE, stride=2)
        self.norm3 = critic_norm(norm, 4 * dim)
        self.output = init.linear(4 * dim * _halved(height, 3) * _halved(width, 3), 1)

    def forward(
        self, x: paddle.Tensor, labels: Optional[paddle.Tensor] = None
    ) -> paddle.Tensor:
        x = leaky_relu(self.conv1(x))
        x = leaky_relu(self.norm2(self.conv2(x)))
        x = leaky_relu(self.norm3(self.conv3(x)))
        return self.output(x.reshape([x.shape[0], -1])).reshape([-1])
