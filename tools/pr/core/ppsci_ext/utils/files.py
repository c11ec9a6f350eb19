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

"""Files that hold either their old or their new content, whole."""

from __future__ import annotations

import contextlib
import glob
import os
from os import path as osp
from typing import BinaryIO
from typing import Iterator

from ppsci_ext.utils.errors import UserError


@contextlib.contextmanager
def writing(path: str) -> Iterator[None]:
    """Turn a full disk or a folder without permission into a sentence.

    Args:
        path (str): What is written inside.

    Raises:
        UserError: For an OSError.
    """
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{error.filename or path} can't be written ({error.strerror or error})."
        ) from error


@contextlib.contextmanager
def open_atomically(path: str) -> Iterator[BinaryIO]:
    """Open a file for writing that takes the place of `path` when it is complete.

    Args:
        path (str): File; its folder must exist.
    """
    temporary = f"{path}.tmp"
    with open(temporary, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def write_atomically(path: str, content: bytes) -> None:
    """Write a file so that a kill at any moment leaves its old or its new content.

    Args:
        path (str): File; its folder must exist.
        content (bytes): New content.
    """
    with open_atomically(path) as file:
        file.write(content)


def remove_leftovers(folder: str) -> None:
    """Remove what killed processes left half written in a folder.

    Args:
        folder (str): Folder.
    """
    for path in glob.glob(osp.join(glob.escape(folder), "*.tmp")):
        os.remove(path)
