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

"""The ResNet for CIFAR-10 of He et al. 2016, whose features the metrics compare."""

from __future__ import annotations

import os
from typing import Dict
from typing import Union

import paddle
import paddle.nn.functional as F
from paddle import nn

from ppsci_ext.utils.weights import read_torch_weights
from ppsci_ext.utils.weights import set_torch_weights

_RGB_MEAN = (0.485, 0.456, 0.406)
_RGB_STD = (0.229, 0.224, 0.225)
_STAGE_CHANNELS = (16, 32, 64)


def _conv3x3(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2D:
    return nn.Conv2D(
        in_channels, out_channels, 3, stride=stride, padding=1, bias_attr=False
    )


def _batch_norm(channels: int) -> nn.BatchNorm2D:
    # 0.9 here is PyTorch's momentum of 0.1.
    return nn.BatchNorm2D(channels, momentum=0.9, epsilon=1e-5)


class BasicBlock(nn.Layer):
    """Two 3x3 convolutions beside a shortcut without parameters.

    Where the size changes, the shortcut takes every second pixel and pads with zero
    channels: option A of He et al. 2016, section 4.1.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output; twice in_channels where stride is 2.
        stride (int): 1, or 2 to halve height and width.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        self.conv1 = _conv3x3(in_channels, out_channels, stride)
        self.bn1 = _batch_norm(out_channels)
        self.conv2 = _conv3x3(out_channels, out_channels)
        self.bn2 = _batch_norm(out_channels)
        self.stride = stride
        self.channel_padding = (out_channels - in_channels) // 2

    def shortcut(self, x: paddle.Tensor) -> paddle.Tensor:
        """Map [B, C_in, H, W] to the shape of the block's output."""
        if self.stride == 1:
            return x
        x = x[:, :, ::2, ::2]
        # Not F.pad: with oneDNN, paddle.inference crashes in it (Paddle 3.3).
        zeros = x[:, : self.channel_padding] * 0.0
        return paddle.concat([zeros, x, zeros], axis=1)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Map [B, C_in, H, W] to [B, C_out, H / stride, W / stride]."""
        residual = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(residual + self.shortcut(x))


class CIFARResNet(nn.Layer):
    """Residual network for 32x32 images of 10 classes (He et al. 2016, section 4.2).

    Three stages of (depth - 2) / 6 basic blocks with 16, 32 and 64 channels at 32x32,
    16x16 and 8x8 pixels, the mean over all pixels, and a linear layer. ResNet-56 has
    853,018 parameters.

    Args:
        depth (int): Number of layers with weights: 6 n + 2 (20, 32, 44, 56, 110).

    Raises:
        ValueError: If depth is not 6 n + 2.

    Examples:
        >>> import paddle
        >>> from ppsci_ext.arch.resnet_cifar import CIFARResNet
        >>> network = CIFARResNet(depth=8)
        >>> output = network(paddle.zeros([2, 3, 32, 32], dtype="uint8"))
        >>> print(output["features"].shape, output["logits"].shape)
        [2, 64] [2, 10]
    """

    num_features = _STAGE_CHANNELS[-1]
    num_classes = 10

    def __init__(self, depth: int = 56):
        super().__init__()
        if depth < 8 or depth % 6 != 2:
            raise ValueError(f"depth must be 6 n + 2 with n >= 1, not {depth}")
        num_blocks = (depth - 2) // 6
        c1, c2, c3 = _STAGE_CHANNELS
        self.conv1 = _conv3x3(3, c1)
        self.bn1 = _batch_norm(c1)
        self.layer1 = self._stage(c1, c1, 1, num_blocks)
        self.layer2 = self._stage(c1, c2, 2, num_blocks)
        self.layer3 = self._stage(c2, c3, 2, num_blocks)
        self.linear = nn.Linear(self.num_features, self.num_classes)
        self.register_buffer("rgb_mean", _per_channel(_RGB_MEAN), persistable=False)
        self.register_buffer("rgb_std", _per_channel(_RGB_STD), persistable=False)

    @staticmethod
    def _stage(
        in_channels: int, out_channels: int, stride: int, num_blocks: int
    ) -> nn.Sequential:
        first = BasicBlock(in_channels, out_channels, stride)
        others = [
            BasicBlock(out_channels, out_channels, 1) for _ in range(num_blocks - 1)
        ]
        return nn.Sequential(first, *others)

    def forward(self, images: paddle.Tensor) -> Dict[str, paddle.Tensor]:
        """Compute features and class scores.

        Args:
            images (paddle.Tensor): [B, 3, 32, 32], RGB from 0 to 255, uint8. They are
                normalised here, so that no caller can normalise them differently.

        Returns:
            Dict[str, paddle.Tensor]: "features", [B, 64], the input of the linear
                layer, and "logits", [B, 10], before the softmax.
        """
        pixels = images.astype(self.rgb_mean.dtype) / 255.0
        x = (pixels - self.rgb_mean) / self.rgb_std
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        features = F.adaptive_avg_pool2d(x, 1).flatten(1)
        return {"features": features, "logits": self.linear(features)}

    @classmethod
    def from_pretrained(cls, path: Union[str, "os.PathLike[str]"]) -> CIFARResNet:
        """Build the ResNet-56 with weights trained on CIFAR-10.

        Args:
            path (Union[str, os.PathLike[str]]): resnet56-4bfd9763.th of
                github.com/akamaster/pytorch_resnet_cifar10 (BSD-2-Clause), a PyTorch
                file; PyTorch is not needed.

        Returns:
            CIFARResNet: The network in evaluation mode.

        Raises:
            UserError: If the file can't be read, or if a tensor is missing, is not one
                of ResNet-56 or has another shape.
        """
        network = cls(depth=56)
        set_torch_weights(
            network,
            read_torch_weights(path),
            path,
            architecture="CIFAR-10 ResNet-56",
            file_name="resnet56-4bfd9763.th",
        )
        network.eval()
        return network


def _per_channel(values: tuple) -> paddle.Tensor:
    return paddle.to_tensor(values, dtype="float32").reshape([1, 3, 1, 1])
