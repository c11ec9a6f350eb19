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

"""Convolutions on the CPU by the oneDNN inside of Paddle, two to three times as fast as Paddle's own.

With a C++ compiler there are norms, too, and circular margins: see :func:`load`.
"""

from __future__ import annotations

from ppsci_ext.arch.onednn.build import load
from ppsci_ext.arch.onednn.doubled import convolution_of_doubled
from ppsci_ext.arch.onednn.function import input_gradients
from ppsci_ext.arch.onednn.layers import BatchMomentsNorm
from ppsci_ext.arch.onednn.layers import ChannelNorm
from ppsci_ext.arch.onednn.layers import Conv1D
from ppsci_ext.arch.onednn.layers import Conv1DTranspose
from ppsci_ext.arch.onednn.layers import Conv2D
from ppsci_ext.arch.onednn.layers import Conv2DTranspose
from ppsci_ext.arch.onednn.layers import Conv3D
from ppsci_ext.arch.onednn.layers import Conv3DTranspose
from ppsci_ext.arch.onednn.layers import PremixedConv1D
from ppsci_ext.arch.onednn.layers import use_onednn

__all__ = [
    "BatchMomentsNorm",
    "ChannelNorm",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "PremixedConv1D",
    "convolution_of_doubled",
    "input_gradients",
    "load",
    "use_onednn",
]
