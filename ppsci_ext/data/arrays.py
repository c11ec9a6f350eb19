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

"""Arrays from NumPy's files, without executing or believing anything in them."""

from __future__ import annotations

import contextlib
import math
import os
import struct
import tokenize
import zipfile
import zlib
from typing import BinaryIO
from typing import Dict
from typing import Iterator
from typing import NamedTuple
from typing import Optional
from typing import Tuple

import numpy as np
from numpy.lib import format as npy

from ppsci_ext.data.limits import LARGE
from ppsci_ext.data.limits import check_fits_memory
from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.errors import shown
from ppsci_ext.utils.files import open_plain
from ppsci_ext.utils.pickles import is_natural
from ppsci_ext.utils.zips import check_entries
from ppsci_ext.utils.zips import check_length
from ppsci_ext.utils.zips import read_exactly

_MAX_DIMS = 32  # NumPy's


def npz_array(path: str, key: str, mapped: bool = False) -> Optional[np.ndarray]:
    """Reads one array of numbers from an .npz file.

    Args:
        path (str): The file.
        key (str): Name of the array.
        mapped (bool): Whether an array that is large and not compressed may stay in the
            file, and be brought into memory as it is used: for those that are only read.
            Its checksum is tested all the same. Defaults to False.

    Returns:
        Optional[np.ndarray]: The array; None if there is none of that name.

    Raises:
        UserError: Not an .npz file, or damaged; an array of anything but numbers, or
            larger than the machine's memory, or compressed as no data are.
    """
    with _one_sentence(path, repr(key)), open_plain(path) as file:
        # zipfile itself would take a file of any kind with an archive at its end
        if file.read(2) != b"PK":
            raise ValueError("it is not an .npz file")
        with zipfile.ZipFile(file) as archive:
            places = archive.namelist().count(f"{key}.npy")
            if places > 1:
                raise ValueError(f"it holds {key!r} twice")
            if not places:
                return None
            entry = archive.getinfo(f"{key}.npy")
            check_entries(file, [entry])
            with archive.open(entry) as member:
                header = _read_header(member, entry.file_size, path)
                is_stored = entry.compress_type == zipfile.ZIP_STORED
                if not (mapped and is_stored and header.num_bytes >= LARGE):
                    return header.read(member)
                check_length(member, header.num_bytes)  # zipfile tests the checksum
            return header.map(file, _start_of(entry, file) + header.size)


def npz_arrays(path: str) -> Dict[str, np.ndarray]:
    """Reads all arrays of numbers from an .npz file.

    Args:
        path (str): The file.

    Returns:
        Dict[str, np.ndarray]: Arrays by name, at least one.

    Raises:
        UserError: As `npz_array`; or the file holds nothing.
    """
    with _one_sentence(path, "arrays"), zipfile.ZipFile(path) as archive:
        names = [name[: -len(".npy")] for name in archive.namelist()]
    if not names:
        raise UserError(f"{path}: holds no array; save it with numpy.savez")
    return {name: npz_array(path, name) for name in names}


def npy_array(path: str, mapped: bool = False) -> np.ndarray:
    """Reads the array of numbers in an .npy file.

    Args:
        path (str): The file.
        mapped (bool): As for `npz_array`; the file has no checksum. Defaults to False.

    Returns:
        np.ndarray: The array.

    Raises:
        UserError: Not an .npy file, or damaged; an array of anything but numbers, or
            larger than the machine's memory.
    """
    with _one_sentence(path, "an array"), open_plain(path) as file:
        header = _read_header(file, os.fstat(file.fileno()).st_size, path)
        if mapped and header.num_bytes >= LARGE:
            return header.map(file, header.size)
        return header.read(file)


def map_npy(file: BinaryIO, path: str) -> np.ndarray:
    """Maps the array of numbers in an .npy file that is open, at its start.

    Args:
        file (BinaryIO): A file on the disk; it may be closed, renamed and removed
            afterwards, but not changed.
        path (str): Its name, for messages.

    Returns:
        np.ndarray: The array, read-only.

    Raises:
        UserError: As `npy_array`.
    """
    with _one_sentence(path, "an array"):
        header = _read_header(file, os.fstat(file.fileno()).st_size, path)
        return header.map(file, header.size)


@contextlib.contextmanager
def _one_sentence(path: str, what: str) -> Iterator[None]:
    try:
        yield
    except UserError:
        raise
    except (
        OSError,
        EOFError,
        RuntimeError,
        ValueError,
        struct.error,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:  # what zipfile and NumPy raise on damaged files
        raise UserError(
            f"{path}: cannot read {what} ({shown(error)}); save it with numpy.savez as an "
            "array of numbers"
        ) from error


class _Header(NamedTuple):
    """What an .npy file says of its array, and has been found to be so."""

    shape: Tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype
    size: int  # of the header itself, in bytes
    num_bytes: int  # of the array

    def read(self, file: BinaryIO) -> np.ndarray:
        """The array that follows in the file, in memory."""
        data = read_exactly(file, self.num_bytes)
        return data.view(self.dtype).reshape(self.shape, order=self._order)

    def map(self, file: BinaryIO, start: int) -> np.ndarray:
        """The array that begins there in a file on the disk, read-only."""
        found = np.memmap(file, self.dtype, "r", start, self.shape, self._order)
        return found.view(np.ndarray)

    @property
    def _order(self) -> str:
        return "F" if self.is_fortran else "C"


def _start_of(entry: zipfile.ZipInfo, file: BinaryIO) -> int:
    """Where the bytes of an entry begin that `zipfile` has opened, and so has checked.

    Source: APPNOTE.TXT 6.3.3, section 4.3.7: two lengths end a local header of 30 bytes.
    """
    file.seek(entry.header_offset + 26)
    return entry.header_offset + 30 + sum(struct.unpack("<HH", file.read(4)))


def _read_header(file: BinaryIO, size: int, path: str) -> _Header:
    """The header of an .npy file of `size` bytes."""
    # later versions of the format are for records and for headers without end
    if npy.read_magic(file) != (1, 0):
        raise ValueError("it is no plain array")
    shape, is_fortran, dtype = _parse_header(file)
    if dtype.kind not in "biuf":
        raise ValueError(f"it is of type {dtype}")
    if not all(map(is_natural, shape)) or len(shape) > _MAX_DIMS:
        raise ValueError(f"its header announces the shape {shape}, which no array has")
    announced, present = math.prod(shape) * dtype.itemsize, size - file.tell()
    if announced != present:
        raise ValueError(
            f"its header announces {announced} bytes, but {present} follow"
        )
    check_fits_memory(announced, path)
    return _Header(shape, is_fortran, dtype, size - present, announced)


def _parse_header(file: BinaryIO) -> Tuple[Tuple[int, ...], bool, np.dtype]:
    try:
        return npy.read_array_header_1_0(file)
    except (
        AttributeError,
        LookupError,
        MemoryError,
        RecursionError,
        SyntaxError,
        TypeError,
        tokenize.TokenError,
    ) as error:  # of Python's parser, and where NumPy expects other values
        raise ValueError("its header describes no array") from error
