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

"""A tiny writer of PyTorch's weights files, in both of its formats, without PyTorch."""

from __future__ import annotations

import contextlib
import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict

import numpy as np

STORAGE_TYPES = {
    "f8": "DoubleStorage",
    "f4": "FloatStorage",
    "f2": "HalfStorage",
    "i8": "LongStorage",
    "i4": "IntStorage",
    "i2": "ShortStorage",
    "i1": "CharStorage",
    "u1": "ByteStorage",
    "b1": "BoolStorage",
}


def _named(name, module):
    def function(*args):
        raise AssertionError("only ever pickled by name")

    function.__name__ = function.__qualname__ = name
    function.__module__ = module
    return function


TORCH = types.ModuleType("torch")
TORCH_UTILS = types.ModuleType("torch._utils")
for _name in [*STORAGE_TYPES.values(), "BFloat16Storage"]:
    setattr(TORCH, _name, type(_name, (), {"__module__": "torch"}))
for _name in ["_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter"]:
    setattr(TORCH_UTILS, _name, _named(_name, "torch._utils"))
TORCH._utils = TORCH_UTILS


@contextlib.contextmanager
def fake_torch():
    before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules.update({"torch": TORCH, "torch._utils": TORCH_UTILS})
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


class Storage:
    def __init__(self, array, key, view=None, storage_type=None):
        self.array = np.ascontiguousarray(array).reshape(-1)
        self.key = key
        self.view = view
        code = self.array.dtype.str[1:]
        self.type = getattr(TORCH, storage_type or STORAGE_TYPES[code])


class Tensor:
    """A tensor as PyTorch pickles it."""

    def __init__(self, storage, offset, shape, strides, rebuild="_rebuild_tensor_v2"):
        self.arguments = (storage, offset, shape, strides)
        self.rebuild = getattr(TORCH_UTILS, rebuild)

    def __reduce__(self):
        if self.rebuild is TORCH_UTILS._rebuild_tensor:
            return self.rebuild, self.arguments
        return self.rebuild, (*self.arguments, False, OrderedDict())


class Parameter:
    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce__(self):
        return TORCH_UTILS._rebuild_parameter, (self.tensor, True, OrderedDict())


def tensor(array, key, **kwargs):
    array = np.asarray(array)
    strides = tuple(s // array.itemsize for s in np.ascontiguousarray(array).strides)
    return Tensor(Storage(array, key), 0, array.shape, strides[: array.ndim], **kwargs)


class TorchPickler(pickle.Pickler):
    def __init__(self, file, is_legacy):
        super().__init__(file, protocol=2)
        self.is_legacy = is_legacy
        self.storages = {}

    def persistent_id(self, obj):
        if not isinstance(obj, Storage):
            return None
        self.storages[obj.key] = obj.array
        pid = ("storage", obj.type, obj.key, "cuda:0", obj.array.size)
        return (*pid, obj.view) if self.is_legacy else pid


def legacy_bytes(content):
    out = io.BytesIO()
    pickle.dump(0x1950A86A20F9469CFC6C, out, protocol=2)
    pickle.dump(1001, out, protocol=2)
    pickle.dump({"little_endian": True, "type_sizes": {"int": 4}}, out, protocol=2)
    with fake_torch():
        pickler = TorchPickler(out, is_legacy=True)
        pickler.dump(content)
    pickle.dump(sorted(pickler.storages), out, protocol=2)
    for key in sorted(pickler.storages):
        array = pickler.storages[key]
        out.write(array.size.to_bytes(8, "little") + array.tobytes())
    return out.getvalue()


def zip_bytes(content, byte_order=b"little"):
    data = io.BytesIO()
    with fake_torch():
        pickler = TorchPickler(data, is_legacy=False)
        pickler.dump(content)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", data.getvalue())
        archive.writestr("archive/byteorder", byte_order)
        for key, array in pickler.storages.items():
            archive.writestr(f"archive/data/{key}", array.tobytes())
        archive.writestr("archive/version", b"3\n")
    return out.getvalue()


WRITERS = {"legacy": legacy_bytes, "zip": zip_bytes}


def written(path, data):
    """The path of a file with this content."""
    path.write_bytes(data)
    return path
