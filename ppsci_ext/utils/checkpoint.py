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

"""Checkpoints as folders that are either complete or not there.

A checkpoint is a folder with `state.safetensors` (named arrays) and `state.json` (the rest);
`latest`, a text file beside the folders, names the newest. A folder is written under a
temporary name, flushed to the disk and renamed, and only then is `latest` replaced, so that a
kill at any moment leaves the one before.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from os import path as osp
from typing import Any
from typing import BinaryIO
from typing import Dict
from typing import Iterator
from typing import List
from typing import Optional
from typing import Tuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file
from safetensors.numpy import save_file

from ppsci_ext.utils.errors import UserError

_FOLDER = re.compile(r"iter_(\d{8,})$")


def _sync_folder(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def open_atomically(path: str) -> Iterator[BinaryIO]:
    """Open a file for writing that takes the place of `path` when it is complete.

    Args:
        path (str): File; its folder must exist. It keeps its old content if the block
            fails.
    """
    temporary = f"{path}.tmp"
    with open(temporary, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    _sync_folder(osp.dirname(path) or ".")


def write_atomically(path: str, content: bytes) -> None:
    """Write a file so that it holds either its old or its new content, whole.

    Args:
        path (str): File; its folder must exist.
        content (bytes): New content.
    """
    with open_atomically(path) as file:
        file.write(content)


def save_checkpoint(
    root: str,
    iteration: int,
    arrays: Dict[str, np.ndarray],
    state: Dict[str, Any],
    keep: int,
) -> str:
    """Write the checkpoint `root/iter_<iteration>` and point `root/latest` to it.

    Args:
        root (str): Folder of the checkpoints; made if missing.
        iteration (int): Finished iterations, eight digits in the folder's name.
        arrays (Dict[str, np.ndarray]): Named arrays.
        state (Dict[str, Any]): What JSON can hold.
        keep (int): Number of newest checkpoints to keep.

    Returns:
        str: Folder of the new checkpoint.
    """
    name = f"iter_{iteration:08d}"
    folder, temporary = osp.join(root, name), osp.join(root, f"{name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    os.makedirs(temporary)
    save_file(
        {key: np.asarray(array, order="C") for key, array in arrays.items()},
        osp.join(temporary, "state.safetensors"),
    )
    with open(osp.join(temporary, "state.json"), "w", encoding="utf-8") as file:
        json.dump(state, file)
    for file_name in os.listdir(temporary):
        with open(osp.join(temporary, file_name), "rb") as file:
            os.fsync(file.fileno())
    _sync_folder(temporary)
    if osp.isdir(folder):  # left by a run that was resumed from an earlier checkpoint
        shutil.rmtree(folder)
    os.rename(temporary, folder)
    _sync_folder(root)
    write_atomically(osp.join(root, "latest"), f"{name}\n".encode())
    for old in list_checkpoints(root)[:-keep]:
        if old != name:
            shutil.rmtree(osp.join(root, old))
    return folder


def list_checkpoints(root: str) -> List[str]:
    """Names of the complete checkpoints under `root`, oldest first."""
    if not osp.isdir(root):
        return []
    return sorted(name for name in os.listdir(root) if _FOLDER.match(name))


def latest_checkpoint(root: str) -> Optional[str]:
    """Folder that `root/latest` names, None where there is no such file.

    Raises:
        UserError: If the folder it names is missing.
    """
    pointer = osp.join(root, "latest")
    if not osp.isfile(pointer):
        return None
    with open(pointer, encoding="utf-8") as file:
        name = file.read().strip()
    folder = osp.join(root, name)
    if not _FOLDER.match(name) or not osp.isdir(folder):
        raise UserError(
            f"{pointer} names the checkpoint '{name}', which is not there: write the name "
            f"of one of {list_checkpoints(root)} into it."
        )
    return folder


def load_checkpoint(folder: str) -> Tuple[Dict[str, np.ndarray], Dict[str, Any]]:
    """Read what `save_checkpoint` wrote.

    Args:
        folder (str): Folder of one checkpoint.

    Returns:
        Tuple[Dict[str, np.ndarray], Dict[str, Any]]: Arrays and state.

    Raises:
        UserError: If a file is missing or damaged.
    """
    try:
        arrays = load_file(osp.join(folder, "state.safetensors"))
        with open(osp.join(folder, "state.json"), encoding="utf-8") as file:
            state = json.load(file)
    except (OSError, ValueError, SafetensorError) as error:
        raise UserError(
            f"The checkpoint {folder} can't be read ({error}): name another one by "
            "TRAIN.checkpoint_path."
        ) from error
    return arrays, state
