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

"""Weights of either kind of file."""

from __future__ import annotations

from paddle import nn

from ppsci_ext.utils.weights.network import set_weights
from ppsci_ext.utils.weights.paddle_file import load_paddle_weights
from ppsci_ext.utils.weights.safetensors_file import read_safetensors


def load_weights(network: nn.Layer, path: str) -> str:
    """Put the weights of a file into a network.

    Args:
        network (nn.Layer): Network.
        path (str): Path of a .safetensors file; else as for load_paddle_weights.

    Returns:
        str: Path of the file.

    Raises:
        UserError: If there is no such file, or it is damaged or doesn't fit.
    """
    if not path.endswith(".safetensors"):
        return load_paddle_weights(network, path)
    set_weights(network, read_safetensors(path), path)
    return path
