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

"""Files that hold either their old or their new content, whole, and what a kill leaves.

A file is written as `.NAME.PROCESS.tmp` beside its place, flushed to the disk and renamed. A
process that is killed on the way leaves that file; the number in its name tells a later run
that nobody is writing it any more.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
from os import path as osp
from typing import BinaryIO
from typing import Iterator
from typing import Union

from ppsci_ext.utils.errors import UserError

PathLike = Union[str, "os.PathLike[str]"]

_TEMPORARY = re.compile(r"\..+\.([1-9]\d{0,8})\.tmp", re.DOTALL)


def open_plain(path: PathLike) -> BinaryIO:
    """Open a file for reading, unless it is a pipe or a device: those may block or never end.

    Args:
        path (PathLike): File.

    Raises:
        OSError: If there is no plain file at `path`, or it may not be read.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        is_folder = osp.isdir(path)
        number = errno.EISDIR if is_folder else errno.EINVAL
        reason = os.strerror(number) if is_folder else "It is no plain file"
        raise OSError(number, reason, os.fspath(path))
    return open(path, "rb")


@contextlib.contextmanager
def writing(path: PathLike) -> Iterator[None]:
    """Turn a full disk or a folder without permission into a sentence.

    Args:
        path (PathLike): What is written inside, for faults that don't name their file.

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
def open_atomically(path: PathLike) -> Iterator[BinaryIO]:
    """Open a file for writing that takes the place of `path` when it is complete.

    Args:
        path (PathLike): File; its folder must exist. It keeps its old content if the block
            fails.

    Raises:
        OSError: If it can't be written.
    """
    temporary = temporary_path(path)
    try:
        # Not by tempfile, whose files nobody but their owner may read.
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):  # the first fault is the one to tell
            os.remove(temporary)
        if isinstance(error, OSError) and error.filename == temporary:
            error.filename = os.fspath(path)  # the name that its caller knows
        raise
    sync_folder(osp.dirname(temporary))


def write_atomically(path: PathLike, content: bytes) -> None:
    """Write a file so that it holds either its old or its new content, whole.

    Args:
        path (PathLike): File; its folder must exist.
        content (bytes): New content.

    Raises:
        OSError: If it can't be written.
    """
    with open_atomically(path) as file:
        file.write(content)


def sync_folder(path: str) -> None:
    """Flush a folder's entries to the disk: a renamed file may else be lost with the power."""
    if os.name == "nt":  # where folders can't be opened
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def temporary_path(path: PathLike) -> str:
    """Name beside `path` for what is to take its place, known to `remove_leftovers`."""
    folder, name = osp.split(osp.abspath(path))
    return osp.join(folder, f".{name}.{os.getpid()}.tmp")


def remove_leftovers(folder: PathLike) -> None:
    """Remove what killed processes left half written in a folder and in its sub-folders.

    To be called while this process writes nothing there: under its own number it finds what
    a process before it has left, as in containers, where all have the same one. A process of
    another machine counts as ended.

    Args:
        folder (PathLike): Folder; its sub-folders are searched, but not those within them.

    Raises:
        OSError: If something can't be removed.
    """
    if not osp.isdir(folder):
        return
    for entry in _entries(folder):
        if _is_left_over(entry.name):
            _remove(entry)
        elif entry.is_dir(follow_symlinks=False):
            for inner in _entries(entry.path):
                if _is_left_over(inner.name):
                    _remove(inner)


def _entries(folder: PathLike) -> list[os.DirEntry]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, PermissionError):  # gone meanwhile, or none of ours
        return []


def _is_left_over(name: str) -> bool:
    match = _TEMPORARY.fullmatch(name)
    return match is not None and not _is_another_running(int(match.group(1)))


def _is_another_running(process: int) -> bool:
    # Windows can't be asked this way, but removes no file in use.
    if process == os.getpid() or os.name == "nt":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _remove(entry: os.DirEntry) -> None:
    try:
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.remove(entry.path)
    except FileNotFoundError:  # another process was faster
        pass
    except PermissionError:
        if os.name != "nt":  # where it says that a process is writing it
            raise
