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

from __future__ import annotations

from ppsci_ext.arch.differentiability import check_double_grad
from ppsci_ext.arch.inception import FIDInceptionV3
from ppsci_ext.arch.layers import Dropout
from ppsci_ext.arch.layers import Flatten
from ppsci_ext.arch.layers import GroupNorm
from ppsci_ext.arch.layers import LayerNorm
from ppsci_ext.arch.layers import Softmax
from ppsci_ext.arch.mnist_classifier import MNISTClassifier
from ppsci_ext.arch.resnet_cifar import CIFARResNet

__all__ = [
    "CIFARResNet",
    "Dropout",
    "FIDInceptionV3",
    "Flatten",
    "GroupNorm",
    "LayerNorm",
    "MNISTClassifier",
    "Softmax",
    "check_double_grad",
]
