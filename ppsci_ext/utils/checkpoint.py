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

import hashlib
import json
import math
import os
import re
import shutil
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import NamedTuple
from typing import Optional
from typing import Sequence
from typing import Set

import numpy as np
from safetensors import numpy as safetensors

from ppsci.utils import logger
from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.files import open_plain
from ppsci_ext.utils.files import remove_leftovers
from ppsci_ext.utils.files import sync_folder
from ppsci_ext.utils.files import temporary_path
from ppsci_ext.utils.files import write_atomically
from ppsci_ext.utils.files import writing
from ppsci_ext.utils.weights import parse_safetensors

_FOLDER = re.compile(r"iter_(\d{8,})$")
_ARRAYS, _STATE, _DIGESTS = "state.safetensors", "state.json", "SHA256SUMS"
_MAX_TEXT = 1 << 24  # bytes of state.json and SHA256SUMS; they have some thousand
_MAX_LEVELS = 100  # of lists and dictionaries in state.json; it has some ten


class Checkpoint(NamedTuple):
    """What a checkpoint holds, and its folder."""

    folder: str
    arrays: Dict[str, np.ndarray]
    state: Dict[str, Any]


class DamagedCheckpoint(UserError):
    """A checkpoint that is not what was written, or not there."""


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
        state (Dict[str, Any]): What JSON can hold: no NaN, nothing infinite.
        keep (int): Number of newest checkpoints to keep.
        keep_every (Optional[int]): Keep those of its multiples, too.

    Returns:
        str: Folder of the new checkpoint.

    Raises:
        UserError: If it can't be written, or couldn't be read again; those before are as
            they were.
    """
    name = f"iter_{iteration:08d}"
    folder = osp.join(root, name)
    temporary = temporary_path(folder)
    files = {
        _ARRAYS: safetensors.save(
            {key: np.asarray(array, order="C") for key, array in arrays.items()}
        ),
        _STATE: _state_text(state, folder),
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
            sync_folder(temporary)
            if osp.isdir(folder):  # damaged, or of a course left
                _remove(folder)
            os.rename(temporary, folder)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)  # a full disk needs the room
            raise
        sync_folder(root)
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


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _remove(folder: str) -> None:
    """Remove a folder; half removed, it no longer bears a checkpoint's name."""
    doomed = temporary_path(f"{folder}.old")
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
        DamagedCheckpoint: If a file is missing or not what was written, or can't have been
            written by a training, whatever its digest says.
    """
    try:
        lines = _read_text(folder, _DIGESTS).decode().splitlines()
        digests = dict(reversed(line.split()) for line in lines)
        with open_plain(osp.join(folder, _ARRAYS)) as file:
            contents = {_ARRAYS: file.read(), _STATE: _read_text(folder, _STATE)}
        for name, content in contents.items():
            if hashlib.sha256(content).hexdigest() != digests.get(name):
                raise ValueError(f"{name} is not what {_DIGESTS} says")
        arrays = parse_safetensors(contents[_ARRAYS])
        return Checkpoint(folder, arrays, _parse_state(contents[_STATE]))
    except (OSError, ValueError) as error:
        reason = error
        if isinstance(error, OSError) and error.filename:
            reason = f"{osp.basename(error.filename)}: {error.strerror}"
        raise DamagedCheckpoint(
            f"The checkpoint {folder} can't be used ({reason})."
        ) from error


def _read_text(folder: str, name: str) -> bytes:
    with open_plain(osp.join(folder, name)) as file:
        content = file.read(_MAX_TEXT + 1)
    if len(content) > _MAX_TEXT:
        raise ValueError(f"{name} is longer than {_MAX_TEXT} bytes")
    return content


def _state_text(state: Dict[str, Any], folder: str) -> bytes:
    try:
        content = json.dumps(state, allow_nan=False).encode()
        _parse_state(content)
        return content
    except ValueError as error:
        raise UserError(
            f"The checkpoint {folder} is not written, since it couldn't be read again "
            f"({error}): keep finite numbers and short texts in the state of your objects."
        ) from error


def _parse_state(content: bytes) -> Dict[str, Any]:
    """The dictionary in a state.json: finite numbers, and as deep as a state can be."""
    try:
        if len(content) > _MAX_TEXT:
            raise ValueError(f"it is longer than {_MAX_TEXT} bytes")
        state = json.loads(content, parse_constant=_finite, parse_float=_finite)
    except RecursionError as error:
        raise ValueError(f"{_STATE} is nested without end") from error
    except ValueError as error:
        raise ValueError(f"{_STATE}: {error}") from error
    if not isinstance(state, dict) or not _is_shallow(state):
        raise ValueError(
            f"{_STATE} holds no dictionary, or one that is nested too deep"
        )
    return state


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"it holds the number {text}")
    return number


def _is_shallow(value: Any) -> bool:
    layer = [value]
    for _ in range(_MAX_LEVELS):
        # what is in the lists and dictionaries of this layer
        layer = [
            inner
            for each in layer
            if isinstance(each, (list, dict))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return not layer
