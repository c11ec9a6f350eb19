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

"""One training run per folder."""

from __future__ import annotations

import contextlib
import errno
import os
from os import path as osp
from typing import Iterator

from ppsci.utils import logger
from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.files import writing

try:
    import fcntl
except ImportError:  # Windows, where a folder is not guarded
    fcntl = None


@contextlib.contextmanager
def locked(folder: str) -> Iterator[None]:
    """Keep other processes that ask for the same lock out of a folder.

    The system holds the lock (flock on the file `.lock`) and drops it when the process ends, in
    whatever way; the file itself stays and means nothing.

    Args:
        folder (str): Folder; made if missing.

    Raises:
        UserError: If another process holds the lock, or the folder can't be written to.
    """
    path = osp.join(folder, ".lock")
    with writing(path):
        os.makedirs(folder, exist_ok=True)
        file = open(path, "a+", encoding="utf-8")
    with file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                    raise UserError(_held_by(file, folder)) from error
                logger.warning(f"{folder} can't be guarded by a lock ({error}).")
        with writing(path):
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
        yield


@contextlib.contextmanager
def one_at_a_time(path: str) -> Iterator[None]:
    """Wait until no other process is in this block with the same path.

    Args:
        path (str): File in a folder that exists, made if missing; as for `locked`, it stays
            and means nothing. Where the system has no such locks, nobody waits.

    Raises:
        OSError: If it can't be opened.
    """
    with open(path, "a", encoding="utf-8") as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError as error:
                logger.warning(f"{path} can't be locked ({error}).")
        yield


def _held_by(file, folder: str) -> str:
    file.seek(0)
    process = file.read().strip() or "unknown"
    return (
        f"{folder} is in use by another run (process {process}): wait for it, or choose "
        "another folder by output_dir=..."
    )
