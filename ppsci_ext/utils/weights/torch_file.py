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

"""Reading PyTorch's weights files without PyTorch and without executing anything in them."""

from __future__ import annotations

import io
import zipfile
from math import prod
from typing import Any
from typing import BinaryIO
from typing import Dict
from typing import Iterable
from typing import Iterator
from typing import Mapping
from typing import NamedTuple
from typing import Tuple

import numpy as np

from ppsci_ext.utils.digest import check_digest_in_name
from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.files import PathLike
from ppsci_ext.utils.pickles import Function
from ppsci_ext.utils.pickles import PickleError
from ppsci_ext.utils.pickles import is_natural
from ppsci_ext.utils.pickles import load_pickle
from ppsci_ext.utils.pickles import ordered_dict
from ppsci_ext.utils.weights.reading import MAX_OPERATIONS
from ppsci_ext.utils.weights.reading import reading
from ppsci_ext.utils.zips import check_entries
from ppsci_ext.utils.zips import read_exactly

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_ZIP_SIGNATURE = b"PK\x03\x04"
_DATA_PARALLEL_PREFIX = "module."
_MAX_DIMS = 32  # NumPy's; its as_strided crashes beyond
_MAX_KEY = 100  # characters of a storage's key, a number

_DTYPES = {
    "DoubleStorage": np.dtype("<f8"),
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}


def read_torch_weights(path: PathLike) -> Dict[str, np.ndarray]:
    """Read the tensors of a state dict that PyTorch saved, without PyTorch.

    Both of ``torch.save``'s formats are understood: the zip archive (PyTorch >= 1.6)
    and the sequence of pickles before it. Of a checkpoint with an entry "state_dict"
    that entry is read. Entries that are no tensors (epoch numbers, scores) are left
    out, and the prefix "module." of ``torch.nn.DataParallel`` is removed if all names
    have it.

    Args:
        path (PathLike): File written by ``torch.save``.

    Returns:
        Dict[str, np.ndarray]: Name of each tensor -> its values, as a read-only view of
            the file's bytes. A view can announce any shape and cost nothing, so compare
            the shape with what is needed before copying one.

    Raises:
        UserError: If the file is missing, truncated, damaged or of another format, if
            its pickle asks for anything but tensors and ordered dictionaries, or if its
            name ends in the first digits of another SHA-256 than its own.
    """
    check_digest_in_name(path)
    with reading(path, "PyTorch") as file:
        is_zip = file.read(len(_ZIP_SIGNATURE)) == _ZIP_SIGNATURE
        file.seek(0)
        content, storages = _read_zip(file) if is_zip else _read_legacy(file)
        tensors = _tensors(content)
        weights = {name: tensor.view(storages) for name, tensor in tensors.items()}
    if not weights:
        raise UserError(
            f"{path} holds no tensors: save the state dict of a network with "
            "torch.save(network.state_dict(), path)."
        )
    if not all(name.startswith(_DATA_PARALLEL_PREFIX) for name in weights):
        return weights
    return {name[len(_DATA_PARALLEL_PREFIX) :]: w for name, w in weights.items()}


def _tensors(content: Any) -> Dict[str, _Tensor]:
    if type(content) is not dict:
        raise ValueError("it holds no dictionary")
    state = content.get("state_dict")
    if type(state) is not dict:
        state = content
    return {
        name: value
        for name, value in state.items()
        if type(name) is str and type(value) is _Tensor
    }


# the two formats


def _read_zip(file: BinaryIO) -> Tuple[Any, Dict[str, np.ndarray]]:
    """Read <folder>/data.pkl and <folder>/data/<key> of a zip archive."""
    with zipfile.ZipFile(file) as archive:
        pickles = [n for n in archive.namelist() if n.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ValueError("the zip archive has no data.pkl, or several")
        folder = pickles[0][: -len("/data.pkl")]

        def read(names: Iterable[str]) -> Iterator[np.ndarray]:
            entries = [archive.getinfo(f"{folder}/{name}") for name in names]
            check_entries(file, entries)
            for entry in entries:
                with archive.open(entry) as stream:
                    yield read_exactly(stream, entry.file_size)

        if f"{folder}/byteorder" in archive.namelist():
            (order,) = read(["byteorder"])
            if order.tobytes() != b"little":
                raise ValueError("its numbers are big-endian")
        (data,) = read(["data.pkl"])
        content, described = _load(io.BytesIO(data.tobytes()))
        memories = read([f"data/{key}" for key in described])
        storages = {}
        for storage, memory in zip(described.values(), memories):
            if len(memory) != storage.numel * storage.dtype.itemsize:
                raise ValueError(
                    f"storage {storage.key} has another length than announced"
                )
            storages[storage.key] = memory.view(storage.dtype)
    return content, storages


def _read_legacy(file: BinaryIO) -> Tuple[Any, Dict[str, np.ndarray]]:
    """Read magic number, protocol, system, content, storage keys, then the storages."""
    data = memoryview(file.read())
    stream = io.BytesIO(data)
    for expected in (_LEGACY_MAGIC, _LEGACY_PROTOCOL):
        number = _load(stream)[0]
        if type(number) is not int or number != expected:
            raise ValueError("it doesn't begin as PyTorch's files do")
    _load(stream)  # sizes of C types on the writer's machine
    content, described = _load(stream)
    keys = _load(stream)[0]
    if type(keys) is not list or not all(map(_is_key, keys)):
        raise ValueError("it doesn't list its storages")
    storages: Dict[str, np.ndarray] = {}
    start = stream.tell()
    for key in keys:
        storage = described[key]
        # Number and elements are little-endian, whatever machine wrote them.
        if int.from_bytes(data[start : start + 8], "little") != storage.numel:
            raise ValueError(f"storage {key} has another length than announced")
        start, end = start + 8, start + 8 + storage.numel * storage.dtype.itemsize
        if end > len(data):
            raise EOFError("the file ends too early")
        storages[key] = np.frombuffer(data[start:end], storage.dtype)
        start = end
    return content, storages


# what the pickles hold


class _StorageType(NamedTuple):
    """Stands for torch.FloatStorage and the like."""

    dtype: np.dtype


class _Storage(NamedTuple):
    """Flat memory of tensors: `length` elements from `start` of storage `key`."""

    key: str
    dtype: np.dtype
    numel: int
    start: int
    length: int


class _Tensor(NamedTuple):
    """A strided view of a storage; offset and strides count elements."""

    storage: _Storage
    offset: int
    shape: Tuple[int, ...]
    strides: Tuple[int, ...]

    def view(self, storages: Mapping[str, np.ndarray]) -> np.ndarray:
        """The tensor in the storages that were read, within its bounds, read-only."""
        storage = self.storage
        memory = storages[storage.key][storage.start : storage.start + storage.length]
        if prod(self.shape) == 0:
            return np.empty(self.shape, memory.dtype)
        last = self.offset + sum(
            (size - 1) * stride for size, stride in zip(self.shape, self.strides)
        )
        if last >= len(memory):
            raise ValueError("a tensor reaches beyond its storage")
        return np.lib.stride_tricks.as_strided(
            memory[self.offset :],
            self.shape,
            [stride * memory.itemsize for stride in self.strides],
            writeable=False,
        )


def _load(file: io.BytesIO) -> Tuple[Any, Dict[str, _Storage]]:
    """One pickle and the storages that its tensors lie in."""
    storages: Dict[str, _Storage] = {}

    def refer(identity: Any) -> _Storage:
        storage = _storage(*identity)
        known = storages.setdefault(storage.key, storage)
        if (known.dtype, known.numel) != (storage.dtype, storage.numel):
            raise PickleError("a storage is described in two ways")
        return storage

    return load_pickle(file, _NAMES, MAX_OPERATIONS, refer), storages


def _is_key(value: Any) -> bool:
    return type(value) is str and len(value) <= _MAX_KEY


def _storage(
    tag: Any, storage_type: Any, key: Any, _location: Any, numel: Any, view: Any = None
) -> _Storage:
    is_storage = type(tag) is str and tag == "storage"
    start, length = 0, numel
    if view is not None:  # a part of another storage: its key, start and length
        if type(view) is not tuple or len(view) != 3:
            raise PickleError("a storage is badly described")
        start, length = view[1:]
    if (
        not is_storage
        or type(storage_type) is not _StorageType
        or not _is_key(key)
        or not all(map(is_natural, (numel, start, length)))
    ):
        raise PickleError("a storage is badly described")
    return _Storage(key, storage_type.dtype, numel, start, length)


def _rebuild_tensor(
    storage: Any, offset: Any, shape: Any, strides: Any, *_autograd: Any
) -> _Tensor:
    if type(storage) is not _Storage:
        raise PickleError("a tensor has no storage")
    if (
        type(shape) is not tuple
        or type(strides) is not tuple
        or not len(shape) == len(strides) <= _MAX_DIMS
        or not all(map(is_natural, (offset, *shape, *strides)))
    ):
        raise PickleError("a tensor has a bad shape or stride")
    return _Tensor(storage, offset, shape, strides)


def _rebuild_parameter(tensor: Any, *_autograd: Any) -> Any:
    return tensor


_NAMES = {
    ("collections", "OrderedDict"): Function(ordered_dict),
    ("torch._utils", "_rebuild_tensor"): Function(_rebuild_tensor),
    ("torch._utils", "_rebuild_tensor_v2"): Function(_rebuild_tensor),
    ("torch._utils", "_rebuild_parameter"): Function(_rebuild_parameter),
    **{("torch", name): _StorageType(dtype) for name, dtype in _DTYPES.items()},
}
