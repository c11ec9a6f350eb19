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

"""Entries of zip archives, believed no farther than their bytes go."""

from __future__ import annotations

import os
import zipfile
from typing import BinaryIO
from typing import Iterable

import numpy as np

_BLOCK = 1 << 20
_MAX_RATIO = 200  # of unpacked to packed size, of what is larger than this:
_SMALL = 1 << 26


def check_entries(file: BinaryIO, entries: Iterable[zipfile.ZipInfo]) -> None:
    """Refuse entries that unpack to more than data do.

    Args:
        file (BinaryIO): The archive. Its own size counts, too: entries may lie one over the
            other and share their packed bytes.
        entries (Iterable[zipfile.ZipInfo]): Those that are to be read.

    Raises:
        ValueError: If they are packed otherwise than NumPy and PyTorch do, or are those of a
            decompression bomb.
    """
    entries = list(entries)
    if any(
        entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        for entry in entries
    ):
        raise ValueError(
            "it is compressed in a way that NumPy does not use, nor PyTorch"
        )
    packed = min(
        sum(entry.compress_size for entry in entries), os.fstat(file.fileno()).st_size
    )
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > max(_SMALL, _MAX_RATIO * packed):
        raise ValueError(
            f"its {packed} bytes unpack to {unpacked}, as only those of a decompression "
            "bomb do"
        )


def check_length(stream: BinaryIO, size: int) -> None:
    """Read so many bytes, and the end after them, without keeping any.

    Args:
        stream (BinaryIO): Where to read.
        size (int): Number of bytes.

    Raises:
        EOFError: If there are fewer or more.
    """
    for block in iter(lambda: stream.read(_BLOCK), b""):
        size -= len(block)
    if size:
        raise EOFError("it does not end where it should")


def read_exactly(stream: BinaryIO, size: int) -> np.ndarray:
    """Read so many bytes, into memory that is taken up only as they come.

    Args:
        stream (BinaryIO): Where to read.
        size (int): Number of bytes.

    Returns:
        np.ndarray: uint8 [size].

    Raises:
        EOFError: If there are fewer.
    """
    data = np.empty(size, np.uint8)
    for start in range(0, size, _BLOCK):
        block = stream.read(min(_BLOCK, size - start))
        data[start : start + len(block)] = np.frombuffer(block, np.uint8)
        if start + len(block) < min(start + _BLOCK, size):
            raise EOFError("it ends too early")
    return data
