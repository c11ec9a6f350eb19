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
from typing import Optional
from typing import Tuple

import numpy as np
from numpy.lib import format as npy

from ppsci_ext.data.limits import check_fits_memory
from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.errors import shown
from ppsci_ext.utils.files import open_plain
from ppsci_ext.utils.pickles import is_natural
from ppsci_ext.utils.zips import check_entries
from ppsci_ext.utils.zips import read_exactly

_MAX_DIMS = 32  # NumPy's


def npz_array(path: str, key: str) -> Optional[np.ndarray]:
    """Reads one array of numbers from an .npz file.

    Args:
        path (str): The file.
        key (str): Name of the array.

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
                return _read_array(member, entry.file_size, path)


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


def npy_array(path: str) -> np.ndarray:
    """Reads the array of numbers in an .npy file.

    Args:
        path (str): The file.

    Returns:
        np.ndarray: The array.

    Raises:
        UserError: Not an .npy file, or damaged; an array of anything but numbers, or
            larger than the machine's memory.
    """
    with _one_sentence(path, "an array"), open_plain(path) as file:
        return _read_array(file, os.fstat(file.fileno()).st_size, path)


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


def _read_array(file: BinaryIO, size: int, path: str) -> np.ndarray:
    """The array in an .npy file of `size` bytes."""
    # later versions of the format are for records and for headers without end
    if npy.read_magic(file) != (1, 0):
        raise ValueError("it is no plain array")
    shape, is_fortran, dtype = _read_header(file)
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
    data = read_exactly(file, announced)
    return data.view(dtype).reshape(shape, order="F" if is_fortran else "C")


def _read_header(file: BinaryIO) -> Tuple[Tuple[int, ...], bool, np.dtype]:
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
