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

"""A small classifier of digits, whose features the metrics of MNIST compare."""

from __future__ import annotations

import os
from typing import Dict
from typing import Union

import paddle
import paddle.nn.functional as F
from paddle import nn

from ppsci_ext.utils.weights import read_safetensors
from ppsci_ext.utils.weights import set_weights

_WIDTHS = (16, 32, 64, 128)


class MNISTClassifier(nn.Layer):
    """Convolutional network for 28x28 grey images of 10 classes.

    Four 3x3 convolutions without bias, each followed by batch norm and ReLU, of which
    the second and the fourth halve height and width; the mean over all pixels; a linear
    layer. 98,970 parameters and 480 batch-norm statistics.

    Examples:
        >>> import paddle
        >>> from ppsci_ext.arch import MNISTClassifier
        >>> network = MNISTClassifier()
        >>> output = network(paddle.zeros([2, 1, 28, 28], dtype="uint8"))
        >>> print(output["features"].shape, output["logits"].shape)
        [2, 128] [2, 10]
    """

    num_features = _WIDTHS[-1]
    num_classes = 10

    def __init__(self):
        super().__init__()
        layers = []
        for index, (in_channels, out_channels) in enumerate(
            zip((1, *_WIDTHS), _WIDTHS)
        ):
            layers += [
                nn.Conv2D(
                    in_channels,
                    out_channels,
                    3,
                    stride=1 + index % 2,
                    padding=1,
                    bias_attr=False,
                ),
                nn.BatchNorm2D(out_channels),
                nn.ReLU(),
            ]
        self.layers = nn.Sequential(*layers)
        self.linear = nn.Linear(self.num_features, self.num_classes)

    def forward(self, images: paddle.Tensor) -> Dict[str, paddle.Tensor]:
        """Compute features and class scores.

        Args:
            images (paddle.Tensor): [B, 1, 28, 28], from 0 (background) to 255, uint8.

        Returns:
            Dict[str, paddle.Tensor]: "features", [B, 128], the input of the linear
                layer, and "logits", [B, 10], before the softmax.
        """
        x = images.astype(self.linear.weight.dtype) / 255.0
        features = F.adaptive_avg_pool2d(self.layers(x), 1).flatten(1)
        return {"features": features, "logits": self.linear(features)}

    @classmethod
    def from_pretrained(cls, path: Union[str, "os.PathLike[str]"]) -> MNISTClassifier:
        """Build the classifier with weights of tools.train_classifier.

        Args:
            path (Union[str, os.PathLike[str]]): A .safetensors file.

        Returns:
            MNISTClassifier: The network in evaluation mode.

        Raises:
            UserError: If the file can't be read or doesn't fit.
        """
        network = cls()
        set_weights(network, read_safetensors(path), str(path))
        network.eval()
        return network
