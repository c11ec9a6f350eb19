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

"""Reading .safetensors files, a format that holds arrays and nothing that could run."""

from __future__ import annotations

from typing import Dict

import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from ppsci_ext.utils.files import PathLike
from ppsci_ext.utils.weights.reading import reading


def read_safetensors(path: PathLike) -> Dict[str, np.ndarray]:
    """Read a .safetensors file.

    Args:
        path (PathLike): File written by ``safetensors``.

    Returns:
        Dict[str, np.ndarray]: Name of each tensor -> its values, read-only.

    Raises:
        UserError: If the file is missing, truncated, damaged or of another format, or
            holds numbers that NumPy doesn't know.
    """
    with reading(path, "safetensors") as file:
        return parse_safetensors(file.read())


def parse_safetensors(content: bytes) -> Dict[str, np.ndarray]:
    """Read the content of a .safetensors file.

    Args:
        content (bytes): Content.

    Returns:
        Dict[str, np.ndarray]: Name of each tensor -> its values, read-only.

    Raises:
        ValueError: If it is damaged or of another format, or holds numbers that NumPy
            doesn't know.
    """
    try:
        return safetensors.load(content)
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    except KeyError as error:  # how safetensors says that it has no such type
        raise ValueError(
            f"it holds numbers of type {error.args[0]}, which NumPy doesn't know"
        ) from error
