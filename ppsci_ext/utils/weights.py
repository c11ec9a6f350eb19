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

"""Reading weight files without PyTorch and without executing anything in them.

Both PyTorch's and Paddle's weight files are pickles, and a pickle may call any function
of any module while it is loaded. The readers here answer every name that a plain
weights file uses with a harmless stand-in of this module, and refuse every other name.
"""

from __future__ import annotations

import io
import os
import pickle
import pickletools
import zipfile
from math import prod
from typing import Any
from typing import BinaryIO
from typing import Dict
from typing import List
from typing import Mapping
from typing import NamedTuple
from typing import Tuple
from typing import Union

import numpy as np
import paddle
from paddle import nn
from ppsci.utils.download import get_weights_path_from_url
from safetensors import SafetensorError
from safetensors.numpy import load_file

from ppsci_ext.utils.checkpoint import write_atomically
from ppsci_ext.utils.checkpoint import writing
from ppsci_ext.utils.digest import check_digest_in_name
from ppsci_ext.utils.errors import UserError

PathLike = Union[str, "os.PathLike[str]"]

_TORCH_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_TORCH_LEGACY_PROTOCOL = 1001
_ZIP_SIGNATURE = b"PK\x03\x04"
_DATA_PARALLEL_PREFIX = "module."
_MAX_PARTS = 1 << 20  # of a pickle; ResNet-56 has some thousand

# Paddle's names of batch-norm statistics -> PyTorch's.
_TORCH_BUFFER_NAMES = {"_mean": "running_mean", "_variance": "running_var"}

_TORCH_STORAGE_DTYPES = {
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

_NUMPY_DTYPE_CODES = frozenset(
    ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
)


def set_weights(
    network: nn.Layer, arrays: Mapping[str, np.ndarray], source: str
) -> None:
    """Put named arrays into a network, all of them or none.

    Args:
        network (nn.Layer): Network.
        arrays (Mapping[str, np.ndarray]): Arrays under the keys of its state_dict.
        source (str): Where they come from, for the error.

    Raises:
        UserError: If a key is missing or unknown, or a shape differs.
    """
    expected = {key: tuple(t.shape) for key, t in network.state_dict().items()}
    found = {key: tuple(array.shape) for key, array in arrays.items()}
    if expected != found:
        key = next(k for k in {**expected, **found} if expected.get(k) != found.get(k))
        if key not in found:
            difference = f"'{key}' is missing"
        elif key not in expected:
            difference = f"'{key}' is not part of it"
        else:
            difference = (
                f"'{key}' has the shape {found[key]} instead of {expected[key]}"
            )
        raise UserError(
            f"The weights of {source} don't fit the network ({difference}): give those of "
            "this network, or the MODEL.* values they were trained with."
        )
    network.set_state_dict(dict(arrays))


def set_torch_weights(
    network: nn.Layer,
    weights: Mapping[str, np.ndarray],
    path: PathLike,
    architecture: str,
    file_name: str,
) -> None:
    """Put the tensors of a PyTorch file into the same network of Paddle's layers.

    The names must be PyTorch's for the same layers; statistics of batch norm are
    renamed and linear weights transposed. "num_batches_tracked", a count of training
    steps, is ignored.

    Args:
        network (nn.Layer): Network; unchanged if an error is raised.
        weights (Mapping[str, np.ndarray]): What `read_torch_weights` returned.
        path (PathLike): File to name in an error.
        architecture (str): What the file should hold, for an error.
        file_name (str): File to ask for in an error.

    Raises:
        UserError: If a tensor is missing, is not one of the network or has another
            shape.
    """

    def refused(problem: str) -> UserError:
        return UserError(
            f"{path} {problem}, so it holds no {architecture}: give the file "
            f"{file_name}."
        )

    linear_weights = {
        f"{name}.weight"
        for name, layer in network.named_sublayers()
        if isinstance(layer, nn.Linear)
    }
    rest = {
        name: value
        for name, value in weights.items()
        if not name.endswith(".num_batches_tracked")
    }
    state = {}
    for name, own in network.state_dict().items():
        layer, _, leaf = name.rpartition(".")
        torch_name = f"{layer}.{_TORCH_BUFFER_NAMES.get(leaf, leaf)}"
        if torch_name not in rest:
            raise refused(f"lacks {torch_name}")
        value = rest.pop(torch_name)
        # Paddle keeps linear weights as [in, out], PyTorch as [out, in].
        is_transposed = name in linear_weights
        shape = list(own.shape[::-1] if is_transposed else own.shape)
        if list(value.shape) != shape:
            raise refused(
                f"has {torch_name} in the shape {list(value.shape)} instead of {shape}"
            )
        state[name] = np.ascontiguousarray(
            value.T if is_transposed else value, dtype=np.float32
        )
    if rest:
        raise refused(f"has {next(iter(rest))}, which is not part of the network")
    network.set_state_dict(state)


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
        Dict[str, np.ndarray]: Name of each tensor -> its values, in a writable
            contiguous array of its own.

    Raises:
        UserError: If the file is missing, truncated, damaged or of another format, if
            its pickle asks for anything but tensors and ordered dictionaries, or if its
            name ends in the first digits of another SHA-256 than its own.
    """
    check_digest_in_name(path)
    with _open_for_reading(path) as file:
        is_zip = file.read(len(_ZIP_SIGNATURE)) == _ZIP_SIGNATURE
        file.seek(0)
        try:
            content, storages = (_read_zip if is_zip else _read_legacy)(file, path)
            tensors = _torch_tensors(content)
            weights = {
                name: tensor.to_array(storages) for name, tensor in tensors.items()
            }
        except UserError:
            raise
        # A damaged pickle can fail with nearly any exception (EOFError, KeyError,
        # UnicodeDecodeError, ...): all of them mean the same to the user.
        except Exception as error:
            raise _damaged(path, "PyTorch", error) from error
    if not weights:
        raise UserError(
            f"{path} holds no tensors: save the state dict of a network with "
            "torch.save(network.state_dict(), path)."
        )
    return _without_data_parallel_prefix(weights)


def read_paddle_weights(path: PathLike) -> Dict[str, np.ndarray]:
    """Read a .pdparams file, as ``paddle.save(layer.state_dict(), path)`` writes it.

    ``paddle.load`` would run whatever the pickle asks for; this function runs nothing.
    Entries that are no tensors are left out.

    Args:
        path (PathLike): File written by ``paddle.save``.

    Returns:
        Dict[str, np.ndarray]: Name of each tensor -> its values, in a writable
            contiguous array of its own.

    Raises:
        UserError: If the file is missing, truncated, damaged or of another format, or
            if its pickle asks for anything but numpy arrays.
    """
    with _open_for_reading(path) as file:
        try:
            content = _RestrictedUnpickler(file, path, _PADDLE_NAMES).load()
            weights = _paddle_arrays(content, path)
        except UserError:
            raise
        except Exception as error:  # see read_torch_weights
            raise _damaged(path, "Paddle", error) from error
    if not weights:
        raise UserError(
            f"{path} holds no tensors: save the state dict of a network with "
            "paddle.save(network.state_dict(), path)."
        )
    return weights


def load_paddle_weights(network: nn.Layer, path: str) -> str:
    """Put the weights of a .pdparams file into a network, without paddle.load.

    Args:
        network (nn.Layer): Network.
        path (str): Path or address of the file, with or without its ending.

    Returns:
        str: Path of the file.

    Raises:
        UserError: If the file can't be read or doesn't fit.
    """
    path = path if path.endswith(".pdparams") else f"{path}.pdparams"
    if path.startswith(("http://", "https://")):
        path = get_weights_path_from_url(path)
    set_weights(network, read_paddle_weights(path), path)
    return path


def save_paddle_weights(network: nn.Layer, path: str) -> None:
    """Write a network's weights as a .pdparams file, for paddle.load.

    Equal weights give equal files: tensors are named as in the network's state, not by the
    names that Paddle gives out in the order of their making.

    Args:
        network (nn.Layer): Network.
        path (str): Path of the file, without its ending; its folder must exist.

    Raises:
        UserError: If the file can't be written; it keeps its old content.
    """
    weights = {key: value.clone() for key, value in network.state_dict().items()}
    for key, value in weights.items():
        value.name = key
    content = io.BytesIO()
    paddle.save(weights, content)
    with writing(f"{path}.pdparams"):
        write_atomically(f"{path}.pdparams", content.getvalue())


def read_safetensors(path: PathLike) -> Dict[str, np.ndarray]:
    """Read a .safetensors file; the format holds arrays and nothing that could run.

    Args:
        path (PathLike): File written by ``safetensors``.

    Returns:
        Dict[str, np.ndarray]: Name of each tensor -> its values.

    Raises:
        UserError: If the file is missing, truncated, damaged or of another format.
    """
    _open_for_reading(path).close()  # an error of its own for a file that isn't there
    try:
        return load_file(path)
    except SafetensorError as error:
        raise _damaged(path, "safetensors", error) from error


# ---------------------------------------------------------------------- shared helpers


def _open_for_reading(path: PathLike) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise UserError(
            f"{path} can't be read ({error.strerror}): give the path of an existing "
            "file."
        ) from error


def _damaged(path: PathLike, framework: str, error: Exception) -> UserError:
    reason = str(error) or type(error).__name__
    return UserError(
        f"{path} is truncated, damaged or no {framework} weights file ({reason}): "
        "fetch or save it anew."
    )


def _forbidden(path: PathLike, module: str, name: str) -> UserError:
    return UserError(
        f"{path} is refused because loading it would call {module}.{name}, which plain "
        "weights don't need: save the network's state dict alone."
    )


def _without_data_parallel_prefix(
    weights: Dict[str, np.ndarray],
) -> Dict[str, np.ndarray]:
    if not all(name.startswith(_DATA_PARALLEL_PREFIX) for name in weights):
        return weights
    return {name[len(_DATA_PARALLEL_PREFIX) :]: w for name, w in weights.items()}


class _Function:
    """Stand-in for a function named in a pickle.

    Not a plain Python function, because the pickle could change the attributes of one
    (opcode BUILD); `__setstate__` is what that opcode calls here.
    """

    __slots__ = ("_call",)

    def __init__(self, call):
        self._call = call

    def __call__(self, *args):
        return self._call(*args)

    def __setstate__(self, state: object) -> None:
        raise pickle.UnpicklingError("the pickle changes a function")


class _Dict(dict):
    """Stand-in for collections.OrderedDict, without PyTorch's _metadata."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        pass


# ---------------------------------------------------------------------- PyTorch


class _StorageType(NamedTuple):
    """Stand-in for torch.FloatStorage and the like.

    A pickle could change a numpy dtype, which numpy shares between all its users; it
    can't change a tuple.
    """

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

    def to_array(self, storages: Mapping[str, np.ndarray]) -> np.ndarray:
        """Copy the tensor out of the storages that were read, checking its bounds."""
        storage = self.storage
        memory = storages[storage.key][storage.start : storage.start + storage.length]
        numbers = (self.offset, *self.shape, *self.strides)
        if len(self.shape) != len(self.strides) or not all(map(_is_natural, numbers)):
            raise ValueError("a tensor has a bad shape or stride")
        if prod(self.shape) == 0:
            return np.empty(self.shape, memory.dtype)
        last = self.offset + sum(
            (size - 1) * stride for size, stride in zip(self.shape, self.strides)
        )
        if last >= len(memory):
            raise ValueError("a tensor reaches beyond its storage")
        view = np.lib.stride_tricks.as_strided(
            memory[self.offset :],
            self.shape,
            [stride * memory.itemsize for stride in self.strides],
        )
        return np.array(view, dtype=memory.dtype.type, order="C")


def _is_natural(number: object) -> bool:
    return isinstance(number, int) and number >= 0


def _rebuild_tensor(
    storage: _Storage,
    offset: int,
    shape: Tuple[int, ...],
    strides: Tuple[int, ...],
    *_autograd: object,
) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError("a tensor without a storage")
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


def _rebuild_parameter(tensor: _Tensor, *_autograd: object) -> _Tensor:
    return tensor


_TORCH_NAMES = {
    ("collections", "OrderedDict"): _Dict,
    ("torch._utils", "_rebuild_tensor"): _Function(_rebuild_tensor),
    ("torch._utils", "_rebuild_tensor_v2"): _Function(_rebuild_tensor),
    ("torch._utils", "_rebuild_parameter"): _Function(_rebuild_parameter),
    **{("torch", n): _StorageType(t) for n, t in _TORCH_STORAGE_DTYPES.items()},
}


class _RestrictedUnpickler(pickle.Unpickler):
    """Unpickler that knows nothing but the given names.

    Args:
        file (BinaryIO): Where the pickle begins.
        path (PathLike): File to name in an error.
        names (Mapping[Tuple[str, str], Any]): (module, name) -> stand-in of ours.
    """

    def __init__(
        self, file: BinaryIO, path: PathLike, names: Mapping[Tuple[str, str], Any]
    ):
        super().__init__(file, encoding="utf-8")
        self._file = file
        self._path = path
        self._names = names

    def load(self) -> Any:
        start = self._file.tell()
        for operation, argument, _ in pickletools.genops(self._file):
            # a place in the table of parts: a table up to that number is made at once
            if operation.name in ("PUT", "LONG_BINPUT") and argument >= _MAX_PARTS:
                raise pickle.UnpicklingError(f"it has a part number {argument}")
        self._file.seek(start)
        return super().load()

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._names[module, name]
        except KeyError:
            raise _forbidden(self._path, module, name) from None


class _TorchUnpickler(_RestrictedUnpickler):
    """Unpickler of tensors as `_Tensor`s; remembers the storages they need."""

    def __init__(self, file: BinaryIO, path: PathLike):
        super().__init__(file, path, _TORCH_NAMES)
        self.storages: Dict[str, _Storage] = {}

    def persistent_load(self, pid: Any) -> _Storage:
        tag, storage_type, key, _location, numel, *view = pid
        if (
            tag != "storage"
            or not isinstance(storage_type, _StorageType)
            or not isinstance(key, str)
            or not _is_natural(numel)
        ):
            raise pickle.UnpicklingError("a storage is badly described")
        start, length = 0, numel
        if view and view[0] is not None:  # a storage that is a part of another one
            _view_key, start, length = view[0]
            if not _is_natural(start) or not _is_natural(length):
                raise pickle.UnpicklingError("a storage is badly described")
        storage = _Storage(key, storage_type.dtype, numel, start, length)
        known = self.storages.setdefault(key, storage)
        if (known.dtype, known.numel) != (storage.dtype, numel):
            raise pickle.UnpicklingError("a storage is described in two ways")
        return storage


def _read_legacy(
    file: BinaryIO, path: PathLike
) -> Tuple[object, Dict[str, np.ndarray]]:
    """Read magic number, protocol, system, content, storage keys, then the storages."""
    if _TorchUnpickler(file, path).load() != _TORCH_LEGACY_MAGIC:
        raise ValueError("wrong magic number")
    if _TorchUnpickler(file, path).load() != _TORCH_LEGACY_PROTOCOL:
        raise ValueError("unknown protocol")
    _TorchUnpickler(file, path).load()  # sizes of C types on the writer's machine
    unpickler = _TorchUnpickler(file, path)
    content = unpickler.load()
    keys: List[str] = _TorchUnpickler(file, path).load()
    storages = {}
    for key in keys:
        storage = unpickler.storages[key]
        # Number and elements are little-endian, whatever machine wrote them.
        if int.from_bytes(_read_exactly(file, 8), "little") != storage.numel:
            raise ValueError(f"storage {key} has another length than announced")
        data = _read_exactly(file, storage.numel * storage.dtype.itemsize)
        storages[key] = np.frombuffer(data, storage.dtype)
    return content, storages


def _read_exactly(file: BinaryIO, size: int) -> bytes:
    # Asked before reading: the announced size may be far beyond the file's.
    if size > os.fstat(file.fileno()).st_size - file.tell():
        raise EOFError("the file ends too early")
    return file.read(size)


def _read_zip(file: BinaryIO, path: PathLike) -> Tuple[object, Dict[str, np.ndarray]]:
    """Read <folder>/data.pkl and <folder>/data/<key> of a zip archive."""
    with zipfile.ZipFile(file) as archive:
        pickles = [n for n in archive.namelist() if n.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ValueError("the zip archive has no data.pkl, or several")
        folder = pickles[0][: -len("/data.pkl")]
        byte_order = f"{folder}/byteorder"
        if byte_order in archive.namelist() and archive.read(byte_order) != b"little":
            raise ValueError("its numbers are big-endian")
        with archive.open(pickles[0]) as stream:
            unpickler = _TorchUnpickler(stream, path)
            content = unpickler.load()
        storages = {}
        for key, storage in unpickler.storages.items():
            entry = archive.getinfo(f"{folder}/data/{key}")
            if entry.file_size != storage.numel * storage.dtype.itemsize:
                raise ValueError(f"storage {key} has another length than announced")
            storages[key] = np.frombuffer(archive.read(entry), storage.dtype)
    return content, storages


def _torch_tensors(content: object) -> Dict[str, _Tensor]:
    if not isinstance(content, dict):
        raise ValueError("it holds no dictionary")
    state = content.get("state_dict")
    if not isinstance(state, dict):
        state = content
    return {
        name: value
        for name, value in state.items()
        if isinstance(name, str) and isinstance(value, _Tensor)
    }


# ---------------------------------------------------------------------- Paddle


class _ArrayDtype:
    """Stand-in for numpy.dtype: numbers only, never objects."""

    __slots__ = ("dtype",)

    def __init__(self, code: str, *_align_and_copy: object):
        if code not in _NUMPY_DTYPE_CODES:
            raise pickle.UnpicklingError(f"an array of type {code!r}")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple) -> None:
        byte_order = state[1]
        if byte_order not in ("<", ">", "|"):
            raise pickle.UnpicklingError("an array of unknown byte order")
        self.dtype = np.dtype(byte_order + self.dtype.str[1:])


class _Array:
    """Stand-in for the empty array that numpy's pickles create before filling it."""

    __slots__ = ("array",)

    def __init__(self, *_empty: object):
        self.array = np.empty(0)

    def __setstate__(self, state: tuple) -> None:
        _version, shape, dtype, is_fortran, data = state
        order = "F" if is_fortran else "C"
        flat = np.frombuffer(data, dtype.dtype)
        if prod(shape) != len(flat) or not all(map(_is_natural, shape)):
            raise pickle.UnpicklingError("an array whose shape doesn't fit its data")
        array = flat.reshape(shape, order=order)
        self.array = np.array(array, dtype=flat.dtype.type, order="C")


def _encode(text: str, encoding: str) -> bytes:
    # How pickle protocol 2 writes bytes.
    if encoding != "latin1":
        raise pickle.UnpicklingError("bytes in an unknown encoding")
    return text.encode("latin1")


_PADDLE_NAMES = {
    ("collections", "OrderedDict"): _Dict,
    ("numpy.core.multiarray", "_reconstruct"): _Array,  # numpy 1
    ("numpy._core.multiarray", "_reconstruct"): _Array,  # numpy 2
    ("numpy", "ndarray"): None,  # only ever an argument of _reconstruct
    ("numpy", "dtype"): _ArrayDtype,
    ("_codecs", "encode"): _Function(_encode),
    ("builtins", "tuple"): _Function(tuple),
    ("__builtin__", "tuple"): _Function(tuple),
}


def _paddle_arrays(content: object, path: PathLike) -> Dict[str, np.ndarray]:
    if not isinstance(content, dict):
        raise ValueError("it holds no dictionary")
    if "UnpackBigParamInfor@@" in content:
        raise UserError(
            f"{path} stores its large tensors in slices, as pickle protocols 2 and 3 "
            "need: save it anew with paddle.save(..., protocol=4)."
        )
    arrays = {}
    for name, value in content.items():
        # Inside anything but a plain state dict a tensor becomes the pair (name,
        # array). "StructuredToParameterName@@", a dict of names, is left out here like
        # any other entry that is no tensor.
        if isinstance(value, tuple) and len(value) == 2:
            value = value[1]
        if isinstance(name, str) and isinstance(value, _Array):
            arrays[name] = value.array
    return arrays
