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

"""Reading and writing .pdparams files; nothing in them is executed, as paddle.load would."""

from __future__ import annotations

import io
from typing import Any
from typing import Dict

import numpy as np
import paddle
from paddle import nn

from ppsci.utils.download import get_weights_path_from_url
from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.files import PathLike
from ppsci_ext.utils.files import write_atomically
from ppsci_ext.utils.files import writing
from ppsci_ext.utils.pickled_arrays import ARRAY_NAMES
from ppsci_ext.utils.pickled_arrays import PickledArray
from ppsci_ext.utils.pickles import Function
from ppsci_ext.utils.pickles import PickleError
from ppsci_ext.utils.pickles import load_pickle
from ppsci_ext.utils.pickles import ordered_dict
from ppsci_ext.utils.weights.network import set_weights
from ppsci_ext.utils.weights.reading import MAX_OPERATIONS
from ppsci_ext.utils.weights.reading import reading


def read_paddle_weights(path: PathLike) -> Dict[str, np.ndarray]:
    """Read a .pdparams file, as ``paddle.save(layer.state_dict(), path)`` writes it.

    ``paddle.load`` would run whatever the pickle asks for; this function runs nothing.
    Entries that are no tensors are left out.

    Args:
        path (PathLike): File written by ``paddle.save``.

    Returns:
        Dict[str, np.ndarray]: Name of each tensor -> its values, as a read-only view of
            the file's bytes.

    Raises:
        UserError: If the file is missing, truncated, damaged or of another format, or
            if its pickle asks for anything but numpy arrays.
    """
    with reading(path, "Paddle") as file:
        content = load_pickle(io.BytesIO(file.read()), _NAMES, MAX_OPERATIONS)
        if type(content) is not dict:
            raise ValueError("it holds no dictionary")
    if "UnpackBigParamInfor@@" in content:
        raise UserError(
            f"{path} stores its large tensors in slices, as pickle protocols 2 and 3 "
            "need: save it anew with paddle.save(..., protocol=4)."
        )
    arrays = {}
    for name, value in content.items():
        # Inside anything but a plain state dict a tensor becomes the pair (name,
        # array). "StructuredToParameterName@@", a dict of names, is left out here like
        # any other entry that is no tensor.
        if type(value) is tuple and len(value) == 2:
            value = value[1]
        is_filled = type(value) is PickledArray and value.array is not None
        if type(name) is str and is_filled:
            arrays[name] = value.array
    if not arrays:
        raise UserError(
            f"{path} holds no tensors: save the state dict of a network with "
            "paddle.save(network.state_dict(), path)."
        )
    return arrays


def load_paddle_weights(network: nn.Layer, path: str) -> str:
    """Put the weights of a .pdparams file into a network, without paddle.load.

    Args:
        network (nn.Layer): Network.
        path (str): Path or address of the file, with or without its ending.

    Returns:
        str: Path of the file.

    Raises:
        UserError: If the file can't be read or doesn't fit.
    """
    path = path if path.endswith(".pdparams") else f"{path}.pdparams"
    if path.startswith(("http://", "https://")):
        path = get_weights_path_from_url(path)
    set_weights(network, read_paddle_weights(path), path)
    return path


def save_paddle_weights(network: nn.Layer, path: str) -> None:
    """Write a network's weights as a .pdparams file, for paddle.load.

    Equal weights give equal files: tensors are named as in the network's state, not by the
    names that Paddle gives out in the order of their making.

    Args:
        network (nn.Layer): Network.
        path (str): Path of the file, without its ending; its folder must exist.

    Raises:
        UserError: If the file can't be written; it keeps its old content.
    """
    weights = {key: value.clone() for key, value in network.state_dict().items()}
    for key, value in weights.items():
        value.name = key
    content = io.BytesIO()
    paddle.save(weights, content)
    with writing(f"{path}.pdparams"):
        write_atomically(f"{path}.pdparams", content.getvalue())


def _tuple(items: Any) -> tuple:
    # How paddle.save writes a tensor within something else: (name, array).
    if type(items) is not tuple:
        raise PickleError("a tensor is no pair of name and array")
    return items


_NAMES = {
    ("collections", "OrderedDict"): Function(ordered_dict),
    ("builtins", "tuple"): Function(_tuple),
    ("__builtin__", "tuple"): Function(_tuple),
    **ARRAY_NAMES,
}
