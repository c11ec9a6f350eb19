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

"""Putting named arrays into a network, once their names and shapes are known to fit."""

from __future__ import annotations

from typing import Mapping
from typing import Optional

import numpy as np
from paddle import nn

from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.errors import shown
from ppsci_ext.utils.files import PathLike

# Paddle's names of batch-norm statistics -> PyTorch's.
_TORCH_BUFFER_NAMES = {"_mean": "running_mean", "_variance": "running_var"}


def set_weights(
    network: nn.Layer, arrays: Mapping[str, np.ndarray], source: str
) -> None:
    """Put named arrays into a network, all of them or none.

    Arrays of other floats than the network's, such as float16, become the network's.

    Args:
        network (nn.Layer): Network.
        arrays (Mapping[str, np.ndarray]): Arrays under the keys of its state_dict.
        source (str): Where they come from, for the error.

    Raises:
        UserError: If a key is missing or unknown, or a shape differs.
    """
    own = network.state_dict()
    expected = {key: tuple(t.shape) for key, t in own.items()}
    found = {key: tuple(array.shape) for key, array in arrays.items()}
    if expected != found:
        key = next(k for k in {**expected, **found} if expected.get(k) != found.get(k))
        if key not in found:
            difference = f"'{key}' is missing"
        elif key not in expected:
            difference = f"'{shown(key)}' is not part of it"
        else:
            difference = (
                f"'{key}' has the shape {found[key]} instead of {expected[key]}"
            )
        raise UserError(
            f"The weights of {source} don't fit the network ({difference}): give those of "
            "this network, or build it as it was when they were trained."
        )
    network.set_state_dict(
        {key: _plain(value, own[key].numpy().dtype) for key, value in arrays.items()}
    )


def set_torch_weights(
    network: nn.Layer,
    weights: Mapping[str, np.ndarray],
    path: PathLike,
    architecture: str,
    file_name: str,
) -> None:
    """Put the tensors of a PyTorch file into the same network of Paddle's layers.

    The names must be PyTorch's for the same layers; statistics of batch norm are
    renamed and linear weights transposed. "num_batches_tracked", a count of training
    steps, is ignored.

    Args:
        network (nn.Layer): Network; unchanged if an error is raised.
        weights (Mapping[str, np.ndarray]): What `read_torch_weights` returned.
        path (PathLike): File to name in an error.
        architecture (str): What the file should hold, for an error.
        file_name (str): File to ask for in an error.

    Raises:
        UserError: If a tensor is missing, is not one of the network or has another
            shape.
    """

    def refused(problem: str) -> UserError:
        return UserError(
            f"{path} {problem}, so it holds no {architecture}: give the file "
            f"{file_name}."
        )

    linear_weights = {
        f"{name}.weight".lstrip(".")
        for name, layer in network.named_sublayers(include_self=True)
        if isinstance(layer, nn.Linear)
    }
    rest = {
        name: value
        for name, value in weights.items()
        if not name.endswith(".num_batches_tracked")
    }
    state = {}
    for name, own in network.state_dict().items():
        layer, dot, leaf = name.rpartition(".")
        torch_name = f"{layer}{dot}{_TORCH_BUFFER_NAMES.get(leaf, leaf)}"
        if torch_name not in rest:
            raise refused(f"lacks {torch_name}")
        value = rest.pop(torch_name)
        # Paddle keeps linear weights as [in, out], PyTorch as [out, in].
        is_transposed = name in linear_weights
        shape = list(own.shape[::-1] if is_transposed else own.shape)
        if list(value.shape) != shape:
            raise refused(
                f"has {torch_name} in the shape {list(value.shape)} instead of {shape}"
            )
        state[name] = _plain(value.T if is_transposed else value, np.float32)
    if rest:
        name = shown(next(iter(rest)))
        raise refused(f"has {name}, which is not part of the network")
    network.set_state_dict(state)


def _plain(array: np.ndarray, dtype: Optional[type] = None) -> np.ndarray:
    """A view of a file's bytes as Paddle takes arrays: in order, of the machine's numbers."""
    return np.asarray(array, dtype or array.dtype.type, order="C")
