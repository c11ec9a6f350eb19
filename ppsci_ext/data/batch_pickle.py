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

"""The pickles of CIFAR-10's python version, read without running anything in them."""

from __future__ import annotations

import io
from typing import Any
from typing import Dict

from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.pickled_arrays import ARRAY_NAMES
from ppsci_ext.utils.pickled_arrays import PickledArray
from ppsci_ext.utils.pickles import ForbiddenName
from ppsci_ext.utils.pickles import PickleError
from ppsci_ext.utils.pickles import load_pickle


def load_batch(data: bytes, path: str, num_images: int) -> Dict[Any, Any]:
    """Reads the dictionary in a batch file.

    Args:
        data (bytes): Content of the file.
        path (str): Its name, for messages.
        num_images (int): How many images it should hold; labels and names of files for
            more are too many.

    Returns:
        Dict[Any, Any]: Entries with their arrays of numbers and lists; keys are bytes where
            Python 3 has written them so, else text. Empty if the pickle holds no dictionary.

    Raises:
        UserError: A damaged pickle, or one that asks for anything but bytes and numbers.
    """
    # an image takes nine operations where its file's name is in bytes
    max_operations = 1000 + 16 * num_images
    try:
        batch = load_pickle(io.BytesIO(data), ARRAY_NAMES, max_operations)
    except ForbiddenName as error:
        raise UserError(
            f"{path} is refused: it asks to load {error.name}, which no CIFAR-10 file "
            "needs and which could run code; get the published file"
        ) from error
    except PickleError as error:
        raise UserError(
            f"{path} is not a CIFAR-10 batch ({error}); get the file again"
        ) from error
    if type(batch) is not dict:
        return {}
    return {
        key: value.array if isinstance(value, PickledArray) else value
        for key, value in batch.items()
    }
