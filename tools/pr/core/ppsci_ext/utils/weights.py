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

"""Weights of networks in .pdparams files."""

from __future__ import annotations

import os
from os import path as osp
from typing import Mapping

import numpy as np
import paddle
from paddle import nn

from ppsci.utils.download import get_weights_path_from_url
from ppsci_ext.utils.errors import UserError


def set_weights(
    network: nn.Layer, arrays: Mapping[str, np.ndarray], source: str
) -> None:
    """Put named arrays into a network, all of them or none.

    Args:
        network (nn.Layer): Network.
        arrays (Mapping[str, np.ndarray]): Arrays under the keys of its state_dict.
        source (str): Where they come from, for the error.

    Raises:
        UserError: If a key is missing or unknown, or a shape differs.
    """
    expected = {key: tuple(t.shape) for key, t in network.state_dict().items()}
    found = {key: tuple(array.shape) for key, array in arrays.items()}
    differing = [
        key for key in {**expected, **found} if expected.get(key) != found.get(key)
    ]
    if differing:
        key = differing[0]
        raise UserError(
            f"The weights of {source} don't fit the network: '{key}' has the shape "
            f"{found.get(key)}, and {expected.get(key)} is expected."
        )
    network.set_state_dict(dict(arrays))


def load_weights(network: nn.Layer, path: str) -> str:
    """Put the weights of a .pdparams file into a network.

    Args:
        network (nn.Layer): Network.
        path (str): Path or address of the file, with or without its ending.

    Returns:
        str: Path of the file.

    Raises:
        UserError: If there is no such file, or it doesn't fit.
    """
    path = path if path.endswith(".pdparams") else f"{path}.pdparams"
    if path.startswith(("http://", "https://")):
        path = get_weights_path_from_url(path)
    if not osp.isfile(path):
        raise UserError(f"There are no weights at {path}: give the file's path.")
    set_weights(network, paddle.load(path, return_numpy=True), path)
    return path


def save_paddle_weights(network: nn.Layer, path: str) -> None:
    """Write a network's weights, for paddle.load.

    Args:
        network (nn.Layer): Network.
        path (str): Path of the file, without its ending; its folder must exist.
    """
    paddle.save(network.state_dict(), f"{path}.tmp")
    os.replace(f"{path}.tmp", f"{path}.pdparams")  # a kill leaves the file of before
