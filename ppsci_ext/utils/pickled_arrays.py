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

"""NumPy's arrays in pickles, as .pdparams files and CIFAR-10's python version have them."""

from __future__ import annotations

from math import prod
from typing import Any
from typing import Dict
from typing import Optional
from typing import Tuple

import numpy as np

from ppsci_ext.utils.pickles import Fillable
from ppsci_ext.utils.pickles import Function
from ppsci_ext.utils.pickles import PickleError
from ppsci_ext.utils.pickles import is_natural

_CODES = frozenset(
    ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
)


class PickledArray(Fillable):
    """An array, created empty and filled afterwards.

    Attributes:
        array (Optional[np.ndarray]): Its values, a read-only view of the pickle's bytes; None
            before they are there.
    """

    __slots__ = ("array",)

    def __init__(self):
        self.array: Optional[np.ndarray] = None

    def fill(self, state: Any) -> None:
        _version, shape, dtype, is_fortran, data = state
        if not isinstance(dtype, _Type):
            raise PickleError("an array has no type")
        if type(shape) is not tuple or not all(map(is_natural, shape)):
            raise PickleError("an array has a bad shape")
        if type(data) is str:  # as Python 2 wrote bytes
            data = data.encode("latin-1")
        if type(data) is not bytes or prod(shape) * dtype.dtype.itemsize != len(data):
            raise PickleError("an array's shape doesn't fit its bytes")
        order = "F" if is_fortran is True else "C"
        self.array = np.frombuffer(data, dtype.dtype).reshape(shape, order=order)


class _Type(Fillable):
    """Stands for `numpy.dtype`: numbers only, never objects."""

    __slots__ = ("dtype",)

    def __init__(self, code: Any):
        if type(code) is bytes:
            code = code.decode("latin-1")
        if type(code) is not str or code not in _CODES:
            raise PickleError("an array holds something else than numbers")
        self.dtype = np.dtype(code)

    def fill(self, state: Any) -> None:
        order = state[1]
        if type(order) is bytes:
            order = order.decode("latin-1")
        if type(order) is not str or order not in ("<", ">", "|"):
            raise PickleError("an array has no byte order")
        self.dtype = self.dtype.newbyteorder(order)


def _encode(text: Any, encoding: Any) -> bytes:
    if type(text) is not str or type(encoding) is not str or encoding != "latin1":
        raise PickleError("bytes are in an unknown encoding")
    return text.encode("latin-1")


ARRAY_NAMES: Dict[Tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): Function(lambda *_: PickledArray()),
    ("numpy._core.multiarray", "_reconstruct"): Function(lambda *_: PickledArray()),
    ("numpy", "ndarray"): None,  # only ever an argument of _reconstruct
    ("numpy", "dtype"): Function(lambda code, *_align_and_copy: _Type(code)),
    # how Python 3 writes bytes at protocol 2, and none
    ("_codecs", "encode"): Function(_encode),
    ("__builtin__", "bytes"): Function(lambda: b""),
}
