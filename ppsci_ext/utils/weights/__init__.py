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

"""Weights files, read without executing or believing anything in them, and networks.

PyTorch's and Paddle's weights files are pickles, and a pickle may call any function of any module
while it is loaded. What the readers return are views of the file's bytes; they are copied when
their names and shapes have been compared with those of a network.
"""

from __future__ import annotations

from ppsci_ext.utils.weights.any_file import load_weights
from ppsci_ext.utils.weights.network import set_torch_weights
from ppsci_ext.utils.weights.network import set_weights
from ppsci_ext.utils.weights.paddle_file import load_paddle_weights
from ppsci_ext.utils.weights.paddle_file import read_paddle_weights
from ppsci_ext.utils.weights.paddle_file import save_paddle_weights
from ppsci_ext.utils.weights.safetensors_file import parse_safetensors
from ppsci_ext.utils.weights.safetensors_file import read_safetensors
from ppsci_ext.utils.weights.torch_file import read_torch_weights

__all__ = [
    "load_paddle_weights",
    "load_weights",
    "parse_safetensors",
    "read_paddle_weights",
    "read_safetensors",
    "read_torch_weights",
    "save_paddle_weights",
    "set_torch_weights",
    "set_weights",
]
