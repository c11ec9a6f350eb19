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

"""A small classifier of CIFAR-10's images, whose features the metrics compare."""

from __future__ import annotations

import os
from typing import Dict
from typing import Union

import paddle
import paddle.nn.functional as F
from paddle import nn

from ppsci_ext.utils.weights import read_safetensors
from ppsci_ext.utils.weights import set_weights

_WIDTHS = (32, 64, 128)


def _unit(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2D(
            in_channels, out_channels, 3, stride=stride, padding=1, bias_attr=False
        ),
        nn.BatchNorm2D(out_channels),
        nn.ReLU(),
    )


class _Residual(nn.Layer):
    """Two units beside the identity: [B, C, H, W] to the same shape."""

    def __init__(self, channels: int):
        super().__init__()
        self.units = nn.Sequential(_unit(channels, channels), _unit(channels, channels))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return x + self.units(x)


class CIFAR10Classifier(nn.Layer):
    """Residual network for 32x32 colour images of 10 classes.

    A unit is a 3x3 convolution without bias, batch norm and ReLU. One unit of 32 channels;
    then twice a unit that halves height and width and doubles the channels, followed by two
    units beside the identity; the mean over all pixels; a linear layer. Most of its work is
    at 16x16 pixels and below, so that it is quick on a CPU. 464,170 parameters and 1,216
    batch-norm statistics.

    Examples:
        >>> import paddle
        >>> from ppsci_ext.arch import CIFAR10Classifier
        >>> network = CIFAR10Classifier()
        >>> output = network(paddle.zeros([2, 3, 32, 32], dtype="uint8"))
        >>> print(output["features"].shape, output["logits"].shape)
        [2, 128] [2, 10]
    """

    num_features = _WIDTHS[-1]
    num_classes = 10

    def __init__(self):
        super().__init__()
        layers = [_unit(3, _WIDTHS[0])]
        for in_channels, out_channels in zip(_WIDTHS, _WIDTHS[1:]):
            layers += [
                _unit(in_channels, out_channels, stride=2),
                _Residual(out_channels),
            ]
        self.layers = nn.Sequential(*layers)
        self.linear = nn.Linear(self.num_features, self.num_classes)

    def forward(self, images: paddle.Tensor) -> Dict[str, paddle.Tensor]:
        """Compute features and class scores.

        Args:
            images (paddle.Tensor): [B, 3, 32, 32], RGB from 0 to 255, uint8.

        Returns:
            Dict[str, paddle.Tensor]: "features", [B, 128], the input of the linear
                layer, and "logits", [B, 10], before the softmax.
        """
        x = (
            images.astype(self.linear.weight.dtype) / 64.0 - 2.0
        )  # about mean 0, deviation 1
        features = F.adaptive_avg_pool2d(self.layers(x), 1).flatten(1)
        return {"features": features, "logits": self.linear(features)}

    @classmethod
    def from_pretrained(cls, path: Union[str, "os.PathLike[str]"]) -> CIFAR10Classifier:
        """Build the classifier with weights of tools.train_classifier.

        Args:
            path (Union[str, os.PathLike[str]]): A .safetensors file.

        Returns:
            CIFAR10Classifier: The network in evaluation mode.

        Raises:
            UserError: If the file can't be read or doesn't fit.
        """
        network = cls()
        set_weights(network, read_safetensors(path), str(path))
        network.eval()
        return network
