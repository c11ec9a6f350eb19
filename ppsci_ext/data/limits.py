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

"""Reading no more than there should be, so that a hostile file cannot fill the memory."""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

from ppsci_ext.utils.errors import UserError

LARGE = 1 << 26  # bytes from which on data rather stay on the disk than in memory
_BLOCK = 1 << 20


def read_at_most(stream: BinaryIO, limit: int) -> bytes:
    """Reads to the end, or to the limit if that comes first.

    Memory grows with what is there, not with the limit: `stream.read(limit)` would
    reserve all of it at once.

    Args:
        stream (BinaryIO): Where to read.
        limit (int): Largest number of bytes.

    Returns:
        bytes: What was read.
    """
    parts = []
    while limit > 0:
        part = stream.read(min(limit, _BLOCK))
        if not part:
            break
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


class BoundedReader:
    """A stream that may be read so far and no farther.

    Args:
        stream (BinaryIO): The stream behind it.
        limit (int): Number of bytes after which reading fails.
    """

    def __init__(self, stream: BinaryIO, limit: int):
        self._stream = stream
        self._limit = limit
        self._read = 0

    def read(self, size: int) -> bytes:
        """Reads up to `size` bytes.

        Raises:
            ValueError: More than `limit` bytes have been read.
        """
        data = self._stream.read(size)
        self._read += len(data)
        if self._read > self._limit:
            raise ValueError(f"it holds more than {self._limit} bytes")
        return data


def check_fits_memory(size: int, name: str) -> None:
    """Refuses what this machine could never hold.

    Args:
        size (int): Number of bytes that an array would take.
        name (str): The file or folder that it comes from, for the message.

    Raises:
        UserError: There is less memory than that.
    """
    available = _physical_memory()
    if size > available:
        raise UserError(
            f"{name} holds {size / 2**30:.1f} GiB of data, but this machine has "
            f"{available / 2**30:.1f} GiB of memory; give it fewer or smaller samples"
        )


def _physical_memory() -> int:
    if not hasattr(os, "sysconf"):  # not on Windows
        return sys.maxsize
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
