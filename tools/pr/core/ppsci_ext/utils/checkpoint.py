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

A checkpoint is a folder with `state.npz` (named arrays) and `state.json` (the rest, and the
SHA-256 of the arrays). It is written under a temporary name and renamed, so that a kill at any
moment leaves the one before.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import zipfile
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import NamedTuple
from typing import Optional

import numpy as np

from ppsci.utils import logger
from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.files import write_atomically
from ppsci_ext.utils.files import writing

_FOLDER = re.compile(r"iter_(\d{8,})$")


class Checkpoint(NamedTuple):
    """What a checkpoint holds, and its folder."""

    folder: str
    arrays: Dict[str, np.ndarray]
    state: Dict[str, Any]


class DamagedCheckpoint(UserError):
    """A checkpoint that is not what was written, or not there."""


def save_checkpoint(
    root: str,
    iteration: int,
    arrays: Dict[str, np.ndarray],
    state: Dict[str, Any],
    keep: int,
    keep_every: Optional[int] = None,
) -> str:
    """Write the checkpoint `root/iter_<iteration>` and point `root/latest` to it.

    Checkpoints of later iterations go: they are of a course that the run has left.

    Args:
        root (str): Folder of the checkpoints; made if missing.
        iteration (int): Finished iterations, eight digits in the folder's name.
        arrays (Dict[str, np.ndarray]): Named arrays.
        state (Dict[str, Any]): What JSON can hold.
        keep (int): Number of newest checkpoints to keep.
        keep_every (Optional[int]): Keep those of its multiples, too.

    Returns:
        str: Folder of the new checkpoint.

    Raises:
        UserError: If it can't be written; those before are as they were.
    """
    folder = osp.join(root, f"iter_{iteration:08d}")
    temporary = f"{folder}.tmp"
    content = io.BytesIO()
    np.savez(content, **arrays)
    digest = hashlib.sha256(content.getvalue()).hexdigest()
    with writing(folder):
        shutil.rmtree(temporary, ignore_errors=True)
        os.makedirs(temporary)
        write_atomically(osp.join(temporary, "state.npz"), content.getvalue())
        rest = json.dumps({"sha256": digest, "state": state})
        write_atomically(osp.join(temporary, "state.json"), rest.encode())
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(temporary, folder)
    make_latest(folder, root)
    with writing(root):
        names = list_checkpoints(root)
        before = [name for name in names if _iteration(name) <= iteration]
        kept = set(before[-keep:])
        if keep_every is not None:
            kept.update(name for name in before if _iteration(name) % keep_every == 0)
        for name in set(names) - kept:
            shutil.rmtree(osp.join(root, name))
    return folder


def make_latest(folder: str, root: str) -> None:
    """Point `root/latest` to a checkpoint, if it is one of `root`.

    Args:
        folder (str): Folder of the checkpoint.
        root (str): Folder of the checkpoints.
    """
    pointer = osp.join(root, "latest")
    if osp.realpath(osp.dirname(folder)) == osp.realpath(root):
        with writing(pointer):
            write_atomically(pointer, f"{osp.basename(folder)}\n".encode())


def _iteration(name: str) -> int:
    return int(_FOLDER.match(name).group(1))


def list_checkpoints(root: str) -> List[str]:
    """Names of the complete checkpoints under `root`, oldest first."""
    if not osp.isdir(root):
        return []
    return sorted(filter(_FOLDER.match, os.listdir(root)), key=_iteration)


def _newest_first(root: str) -> List[str]:
    """Folders of the checkpoints, from the one that `root/latest` names backwards."""
    names = list_checkpoints(root)
    pointer = osp.join(root, "latest")
    if osp.isfile(pointer):
        with open(pointer, encoding="utf-8") as file:
            latest = file.read().strip()
        if latest in names:
            names = names[: names.index(latest) + 1]
    return [osp.join(root, name) for name in reversed(names)]


def latest_checkpoint(root: str) -> Optional[str]:
    """Folder of the newest checkpoint, None where there is none."""
    return next(iter(_newest_first(root)), None)


def load_newest(root: str) -> Optional[Checkpoint]:
    """Read the newest sound checkpoint, with a warning for each damaged one before it.

    Args:
        root (str): Folder of the checkpoints.

    Returns:
        Optional[Checkpoint]: None where there is none.

    Raises:
        UserError: If all of them are damaged.
    """
    folders = _newest_first(root)
    for folder in folders:
        try:
            return load_checkpoint(folder)
        except DamagedCheckpoint as error:
            logger.warning(f"{error} The one before is taken.")
    if folders:
        raise UserError(f"All checkpoints in {root} are damaged: train anew.")
    return None


def load_checkpoint(folder: str) -> Checkpoint:
    """Read what `save_checkpoint` wrote.

    Args:
        folder (str): Folder of one checkpoint.

    Returns:
        Checkpoint: Arrays and state.

    Raises:
        DamagedCheckpoint: If a file is missing or not what was written.
    """
    try:
        with open(osp.join(folder, "state.json"), encoding="utf-8") as file:
            rest = json.load(file)
        with open(osp.join(folder, "state.npz"), "rb") as file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() != rest["sha256"]:
            raise ValueError("state.npz is not what state.json says")
        with np.load(io.BytesIO(content)) as arrays:
            return Checkpoint(folder, dict(arrays), rest["state"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DamagedCheckpoint(
            f"The checkpoint {folder} can't be used ({error})."
        ) from error
