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

A checkpoint is a folder with `state.safetensors` (named arrays), `state.json` (the rest) and
`SHA256SUMS` (their digests, as sha256sum writes and checks them); `latest`, a text file beside
the folders, names the newest. A folder is written under a temporary name, flushed to the disk
and renamed, and only then is `latest` replaced, so that a kill at any moment leaves the one
before.
"""

from __future__ import annotations

import contextlib
import hashlib
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
from typing import NamedTuple
from typing import Optional
from typing import Sequence
from typing import Set

import numpy as np
from ppsci.utils import logger
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from ppsci_ext.utils.errors import UserError

_FOLDER = re.compile(r"iter_(\d{8,})$")
_ARRAYS, _STATE, _DIGESTS = "state.safetensors", "state.json", "SHA256SUMS"
_TEMPORARY = ".tmp"


class Checkpoint(NamedTuple):
    """What a checkpoint holds, and its folder."""

    folder: str
    arrays: Dict[str, np.ndarray]
    state: Dict[str, Any]


class DamagedCheckpoint(UserError):
    """A checkpoint that is not what was written, or not there."""


# files


def _sync_folder(path: str) -> None:
    if os.name == "nt":  # where folders can't be opened
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def writing(path: str) -> Iterator[None]:
    """Turn a full disk or a folder without permission into a sentence.

    Args:
        path (str): What is written inside, for faults that don't name their file.

    Raises:
        UserError: For an OSError.
    """
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{error.filename or path} can't be written ({error.strerror or error}): mend "
            "that (space, quota, permissions) and run again."
        ) from error


@contextlib.contextmanager
def open_atomically(path: str) -> Iterator[BinaryIO]:
    """Open a file for writing that takes the place of `path` when it is complete.

    Args:
        path (str): File; its folder must exist. It keeps its old content if the block
            fails.
    """
    temporary = f"{path}{_TEMPORARY}"
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):  # the first fault is the one to tell
            os.remove(temporary)
        raise
    _sync_folder(osp.dirname(path) or ".")


def write_atomically(path: str, content: bytes) -> None:
    """Write a file so that it holds either its old or its new content, whole.

    Args:
        path (str): File; its folder must exist.
        content (bytes): New content.
    """
    with open_atomically(path) as file:
        file.write(content)


# writing a checkpoint


def save_checkpoint(
    root: str,
    iteration: int,
    arrays: Dict[str, np.ndarray],
    state: Dict[str, Any],
    keep: int,
    keep_every: Optional[int] = None,
) -> str:
    """Write the checkpoint `root/iter_<iteration>` and point `root/latest` to it.

    Checkpoints of later iterations go: they are of a course that the run has left, by going
    on from an earlier checkpoint.

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
    name = f"iter_{iteration:08d}"
    folder, temporary = osp.join(root, name), osp.join(root, f"{name}{_TEMPORARY}")
    files = {
        _ARRAYS: safetensors.save(
            {key: np.asarray(array, order="C") for key, array in arrays.items()}
        ),
        _STATE: json.dumps(state).encode(),
    }
    digests = [
        f"{hashlib.sha256(content).hexdigest()}  {file_name}\n"
        for file_name, content in files.items()
    ]
    files[_DIGESTS] = "".join(digests).encode()
    with writing(folder):
        os.makedirs(root, exist_ok=True)
        remove_leftovers(root)
        try:
            os.mkdir(temporary)
            for file_name, content in files.items():
                with writing(osp.join(temporary, file_name)):
                    _write(osp.join(temporary, file_name), content)
            _sync_folder(temporary)
            if osp.isdir(folder):  # damaged, or of a course left
                _remove(folder)
            os.rename(temporary, folder)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)  # a full disk needs the room
            raise
        _sync_folder(root)
    make_latest(folder, root)
    with writing(root):
        iterations = [_iteration(other) for other in list_checkpoints(root)]
        kept = iterations_to_keep(
            [i for i in iterations if i <= iteration], keep, keep_every
        )
        for other, its_iteration in zip(list_checkpoints(root), iterations):
            if its_iteration not in kept:
                _remove(osp.join(root, other))
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


def iterations_to_keep(
    iterations: Sequence[int], newest: int, every: Optional[int]
) -> Set[int]:
    """Which checkpoints stay.

    Args:
        iterations (Sequence[int]): Iterations of the checkpoints there are.
        newest (int): Number of newest ones that stay.
        every (Optional[int]): Its multiples stay, too.
    """
    kept = set(sorted(iterations)[-newest:])
    if every is not None:
        kept.update(i for i in iterations if i % every == 0)
    return kept


def remove_leftovers(root: str) -> None:
    """Remove what a killed process left half written or half removed under `root`."""
    if osp.isdir(root):
        for name in os.listdir(root):
            if name.endswith(_TEMPORARY):
                path = osp.join(root, name)
                shutil.rmtree(path) if osp.isdir(path) else os.remove(path)


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _remove(folder: str) -> None:
    """Remove a folder; half removed, it no longer bears a checkpoint's name."""
    doomed = f"{folder}.old{_TEMPORARY}"
    os.rename(folder, doomed)
    shutil.rmtree(doomed)


# finding and reading


def _iteration(name: str) -> int:
    return int(_FOLDER.match(osp.basename(name)).group(1))


def list_checkpoints(root: str) -> List[str]:
    """Names of the complete checkpoints under `root`, oldest first."""
    if not osp.isdir(root):
        return []
    return sorted(filter(_FOLDER.match, os.listdir(root)), key=_iteration)


def _newest_first(root: str) -> List[str]:
    """Folders of the checkpoints, from the one that `root/latest` names backwards."""
    names = list_checkpoints(root)
    pointer, name = osp.join(root, "latest"), ""
    if osp.isfile(pointer):
        with open(pointer, encoding="utf-8", errors="replace") as file:
            name = file.read().strip()
    if name in names:
        names = names[: names.index(name) + 1]
    elif names:
        what = f"names '{name}', which is not there" if name else "is missing or empty"
        logger.warning(f"{pointer} {what}: {names[-1]} is taken for the newest.")
    return [osp.join(root, name) for name in reversed(names)]


def latest_checkpoint(root: str) -> Optional[str]:
    """Folder that `root/latest` names, else the newest one, None where there is none."""
    return next(iter(_newest_first(root)), None)


def load_newest(root: str) -> Optional[Checkpoint]:
    """Read the newest sound checkpoint, with a warning for each damaged one before it.

    Args:
        root (str): Folder of the checkpoints.

    Returns:
        Optional[Checkpoint]: None where there is none at all.

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
        raise UserError(
            f"All {len(folders)} checkpoints in {root} are damaged, so there is none to go "
            "on from: train anew in another output_dir."
        )
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
        with open(osp.join(folder, _DIGESTS), encoding="utf-8") as file:
            digests = dict(reversed(line.split()) for line in file)
        contents = {}
        for name in (_ARRAYS, _STATE):
            with open(osp.join(folder, name), "rb") as file:
                contents[name] = file.read()
            if hashlib.sha256(contents[name]).hexdigest() != digests.get(name):
                raise ValueError(f"{name} is not what {_DIGESTS} says")
        arrays = safetensors.load(contents[_ARRAYS])
        return Checkpoint(folder, arrays, json.loads(contents[_STATE]))
    except (OSError, ValueError, SafetensorError) as error:
        reason = error
        if isinstance(error, OSError) and error.filename:
            reason = f"{osp.basename(error.filename)}: {error.strerror}"
        raise DamagedCheckpoint(
            f"The checkpoint {folder} can't be used ({reason})."
        ) from error
