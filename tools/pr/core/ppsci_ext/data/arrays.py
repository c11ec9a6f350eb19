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

"""Arrays from .npz files."""

from __future__ import annotations

import zipfile
from typing import Dict
from typing import Optional

import numpy as np

from ppsci_ext.utils.errors import UserError


def npz_arrays(path: str) -> Dict[str, np.ndarray]:
    """Read all arrays of an .npz file.

    Args:
        path (str): File.

    Returns:
        Dict[str, np.ndarray]: Arrays by name, at least one.

    Raises:
        UserError: If it can't be read, holds Python objects or nothing.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
    except (OSError, ValueError, AttributeError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is no .npz file of arrays ({error}).") from error
    if not arrays:
        raise UserError(f"{path} holds no array: save it with numpy.savez.")
    return arrays


def npz_array(path: str, key: str) -> Optional[np.ndarray]:
    """Read one array of an .npz file; None if there is none of that name.

    Args:
        path (str): File.
        key (str): Name of the array.

    Raises:
        UserError: As `npz_arrays`.
    """
    return npz_arrays(path).get(key)
