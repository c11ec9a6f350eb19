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

"""The pickles of CIFAR-10's python version, read without running anything in them.

A pickle may call any function of any module. Here it gets harmless stand-ins for the few
names that its arrays need and nothing else, and so few operations that it cannot fill the
memory either.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from typing import Any
from typing import Dict
from typing import Optional

import numpy as np

from ppsci_ext.utils.errors import UserError

_MAX_PARTS = 1 << 20
_NESTABLE = {"TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "FROZENSET"}


def load_batch(data: bytes, path: str, num_images: int) -> Dict[Any, Any]:
    """Reads the dictionary in a batch file.

    Args:
        data (bytes): Content of the file.
        path (str): Its name, for messages.
        num_images (int): How many images it should hold; labels and names of files for
            more are too many.

    Returns:
        Dict[Any, Any]: Entries with their arrays (uint8, the only type allowed) and
            lists; keys are bytes in files written by Python 2 (the published ones), else
            text. Empty if the pickle holds no dictionary.

    Raises:
        UserError: A damaged pickle, or one that asks for anything but bytes and numbers.
    """
    try:
        _check_operations(data, num_images)
        batch = _BatchUnpickler(data, path).load()
    except UserError:
        raise
    except Exception as error:  # damaged pickles raise nearly every type there is
        raise UserError(
            f"{path} is not a CIFAR-10 batch ({type(error).__name__}: {error}); get the "
            "file again"
        ) from error
    if not isinstance(batch, dict):
        return {}
    return {
        key: value.array if isinstance(value, _Pixels) else value
        for key, value in batch.items()
    }


def _check_operations(data: bytes, num_images: int) -> None:
    """Refuses what would make the interpreter of pickles itself exhaust the machine."""
    nested = 0
    for number, (operation, argument, _) in enumerate(pickletools.genops(data)):
        # places in its table of parts: a table up to that number is made at once
        if operation.name in ("PUT", "LONG_BINPUT") and argument >= _MAX_PARTS:
            raise ValueError(f"it has a part number {argument}")
        # a hundred thousand tuples one in the other, as a key, overflow Python's stack
        nested += operation.name in _NESTABLE
        # an image takes nine operations and a tuple where its file's name is in bytes
        if number > 1000 + 16 * num_images or nested > 100 + 2 * num_images:
            raise ValueError("it has more parts than a batch needs")


class _LatinBytes:
    """Stands in for `_codecs.encode`, by which Python 3 writes bytes at protocol 2.

    An instance without attributes, since a pickle may try to set some on what it is
    given.
    """

    __slots__ = ()

    def __call__(self, text: str, encoding: str) -> bytes:
        return text.encode("latin1")


class _UnsignedByte:
    """Stands in for `numpy.dtype`, of which one is all that a batch needs."""

    __slots__ = ()

    def __init__(self, code: object, *_align_and_copy: object):
        if code not in ("u1", b"u1"):
            raise pickle.UnpicklingError(f"an array of type {code!r}")

    def __setstate__(self, state: object) -> None:
        pass


class _Pixels:
    """Stands in for the empty array that NumPy's pickles create before filling it."""

    __slots__ = ("array",)

    def __init__(self, *_empty: object):
        self.array: Optional[np.ndarray] = None

    def __setstate__(self, state: tuple) -> None:
        _version, shape, dtype, is_fortran, data = state
        if not isinstance(dtype, _UnsignedByte):
            raise pickle.UnpicklingError("an array of no type")
        order = "F" if is_fortran else "C"
        self.array = np.frombuffer(data, np.uint8).reshape(shape, order=order)


_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): _Pixels,  # NumPy 1
    ("numpy._core.multiarray", "_reconstruct"): _Pixels,  # NumPy 2
    ("numpy", "ndarray"): None,  # only ever an argument of _reconstruct
    ("numpy", "dtype"): _UnsignedByte,
    ("_codecs", "encode"): _LatinBytes(),
}


class _BatchUnpickler(pickle.Unpickler):
    """Knows no names but those in `_ALLOWED`."""

    def __init__(self, data: bytes, path: str):
        super().__init__(io.BytesIO(data), encoding="bytes")
        self._path = path

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise UserError(
                f"{self._path} is refused: it asks to load {module}.{name}, which no "
                "CIFAR-10 file needs and which could run code; get the published file"
            )
        return _ALLOWED[module, name]
