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

"""Reading of weight files: right values, nothing executed, damaged files refused."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import paddle
import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from ppsci_ext.utils.digest import file_digest
from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.weights import read_paddle_weights
from ppsci_ext.utils.weights import read_torch_weights

RESNET56 = "weights/resnet56-4bfd9763.th"

# ------------------------------------------------------- a tiny writer of PyTorch files
# PyTorch isn't installed. Fake modules of its names make pickle write its opcodes.

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
both_formats = pytest.mark.parametrize("to_bytes", WRITERS.values(), ids=WRITERS)


def written(path, data):
    path.write_bytes(data)
    return path


# ------------------------------------------------------------------- PyTorch: values


@both_formats
@pytest.mark.parametrize("code", STORAGE_TYPES)
def test_every_type_of_numbers(tmp_path, to_bytes, code):
    expected = np.arange(6).reshape(2, 3).astype(code)
    path = written(tmp_path / "a.pth", to_bytes({"w": tensor(expected, "0")}))
    got = read_torch_weights(path)["w"]
    assert got.dtype == expected.dtype and got.dtype.isnative
    np.testing.assert_array_equal(got, expected)
    got[0, 0] = 1  # an array of its own


@both_formats
def test_checkpoint_with_prefix_and_other_entries(tmp_path, to_bytes):
    state = OrderedDict()
    state["module.a.weight"] = Parameter(tensor(np.ones((2, 2), "f4"), "0"))
    state["module.a.bias"] = tensor(np.zeros(2, "f4"), "1", rebuild="_rebuild_tensor")
    state["module.count"] = tensor(np.array(7), "2")
    state._metadata = OrderedDict(version=1)  # PyTorch sets this attribute
    content = {"epoch": 12, "best_prec1": 93.6, "arch": "x", "state_dict": state}
    weights = read_torch_weights(written(tmp_path / "a.th", to_bytes(content)))
    assert list(weights) == ["a.weight", "a.bias", "count"]
    assert weights["count"].shape == () and weights["count"] == 7


@both_formats
def test_prefix_stays_unless_all_names_have_it(tmp_path, to_bytes):
    content = {"module.a": tensor([1.0], "0"), "b": tensor([2.0], "1")}
    weights = read_torch_weights(written(tmp_path / "a.th", to_bytes(content)))
    assert set(weights) == {"module.a", "b"}


@both_formats
def test_views_of_a_shared_storage(tmp_path, to_bytes):
    base = np.arange(12, dtype="f4")
    storage = Storage(base, "0")
    content = {
        "transposed": Tensor(storage, 0, (4, 3), (1, 4)),
        "column": Tensor(storage, 2, (3,), (4,)),
        "last": Tensor(storage, 11, (), ()),
        "repeated": Tensor(storage, 5, (2, 2), (0, 1)),
        "empty": Tensor(storage, 12, (0, 3), (3, 1)),
    }
    weights = read_torch_weights(written(tmp_path / "a.th", to_bytes(content)))
    np.testing.assert_array_equal(weights["transposed"], base.reshape(3, 4).T)
    np.testing.assert_array_equal(weights["column"], [2, 6, 10])
    assert weights["last"] == 11
    np.testing.assert_array_equal(weights["repeated"], [[5, 6], [5, 6]])
    assert weights["empty"].shape == (0, 3)
    assert all(w.flags.c_contiguous and w.flags.writeable for w in weights.values())


def test_legacy_storage_that_is_part_of_another(tmp_path):
    storage = Storage(np.arange(10, dtype="i4"), "0", view=("0v", 4, 3))
    inside = legacy_bytes({"w": Tensor(storage, 0, (3,), (1,))})
    weights = read_torch_weights(written(tmp_path / "a.th", inside))
    np.testing.assert_array_equal(weights["w"], [4, 5, 6])
    outside = legacy_bytes({"w": Tensor(storage, 1, (3,), (1,))})
    with pytest.raises(UserError, match="beyond its storage"):
        read_torch_weights(written(tmp_path / "b.th", outside))


# ------------------------------------------------------------------- PyTorch: refusals


@both_formats
@pytest.mark.parametrize(
    "offset, shape, strides",
    [
        (0, (5,), (1,)),
        (1, (4,), (1,)),
        (0, (2, 2), (3, 1)),
        (-1, (1,), (1,)),
        (3, (2,), (-1,)),
        (0, (-1,), (1,)),
        (0, (2, 2), (1,)),
        (0, ("2",), (1,)),
        (0, (2**62, 2**62), (0, 0)),
    ],
)
def test_tensor_out_of_its_bounds(tmp_path, to_bytes, offset, shape, strides):
    storage = Storage(np.arange(4.0), "0")
    data = to_bytes({"w": Tensor(storage, offset, shape, strides)})
    with pytest.raises(UserError):
        read_torch_weights(written(tmp_path / "a.th", data))


class Hostile:
    """Creates a file when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


@both_formats
def test_hostile_torch_file(tmp_path, to_bytes):
    mark = tmp_path / "executed"
    content = {"w": tensor([1.0], "0"), "x": Hostile(mark)}
    path = written(tmp_path / "a.th", to_bytes(content))
    with pytest.raises(UserError, match=r"a\.th is refused .*\.system"):
        read_torch_weights(path)
    assert not mark.exists()


@pytest.mark.parametrize("position", range(5))
def test_hostile_pickle_anywhere_in_a_legacy_file(tmp_path, position):
    mark = tmp_path / "executed"
    honest = [0x1950A86A20F9469CFC6C, 1001, {}, {}, []]
    honest[position] = Hostile(mark)
    data = b"".join(pickle.dumps(part, protocol=2) for part in honest)
    with pytest.raises(UserError, match="refused"):
        read_torch_weights(written(tmp_path / "a.th", data))
    assert not mark.exists()


@pytest.mark.parametrize(
    "name",
    [b"builtins\neval", b"torch\nload", b"torch._utils\n__dict__", b"os\nsystem"],
)
def test_names_outside_the_list_are_refused(tmp_path, name):
    data = b"\x80\x02c" + name + b"\n."
    for read in (read_torch_weights, read_paddle_weights):
        with pytest.raises(UserError, match="refused"):
            read(written(tmp_path / "a.th", data))


@pytest.mark.parametrize(
    "name", [b"torch\nFloatStorage", b"torch._utils\n_rebuild_tensor_v2"]
)
@pytest.mark.parametrize(
    "state", [b"}X\x01\x00\x00\x00aK\x01s", b"N}X\x01\x00\x00\x00aK\x01s\x86"]
)
def test_pickle_cannot_change_the_reader(tmp_path, name, state):
    # Opcode BUILD ("b") sets attributes of the object on the stack.
    data = b"\x80\x02c" + name + b"\n" + state + b"b."
    with pytest.raises(UserError, match="damaged"):
        read_torch_weights(written(tmp_path / "a.th", data))
    good = legacy_bytes({"w": tensor([1.0, 2.0], "0")})
    weights = read_torch_weights(written(tmp_path / "b.th", good))
    np.testing.assert_array_equal(weights["w"], [1.0, 2.0])


def test_unsupported_number_type_is_named(tmp_path):
    storage = Storage(np.zeros(2, "i2"), "0", storage_type="BFloat16Storage")
    data = zip_bytes({"w": Tensor(storage, 0, (2,), (1,))})
    with pytest.raises(UserError, match=r"torch\.BFloat16Storage"):
        read_torch_weights(written(tmp_path / "a.th", data))


def test_big_endian_archive(tmp_path):
    data = zip_bytes({"w": tensor([1.0], "0")}, byte_order=b"big")
    with pytest.raises(UserError, match="big-endian"):
        read_torch_weights(written(tmp_path / "a.th", data))


@both_formats
@pytest.mark.parametrize("content", [{}, {"epoch": 3}, {"state_dict": {}}])
def test_no_tensors(tmp_path, to_bytes, content):
    with pytest.raises(UserError, match="no tensors"):
        read_torch_weights(written(tmp_path / "a.th", to_bytes(content)))


@both_formats
def test_no_dictionary(tmp_path, to_bytes):
    with pytest.raises(UserError, match="no dictionary"):
        read_torch_weights(written(tmp_path / "a.th", to_bytes([1, 2])))


TWO_TENSORS = {"a": tensor(np.arange(40, dtype="f4"), "0"), "b": tensor([1, 2], "1")}
WHOLE = {name: to_bytes(TWO_TENSORS) for name, to_bytes in WRITERS.items()}


@pytest.mark.parametrize("name", WRITERS)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_truncated_torch_file(tmp_path, name, data):
    whole = WHOLE[name]
    end = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(UserError, match=r"a\.th"):
        read_torch_weights(written(tmp_path / "a.th", whole[:end]))


@pytest.mark.parametrize("name", WRITERS)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_changed_byte_never_crashes(tmp_path, name, data):
    whole = bytearray(WHOLE[name])
    at = data.draw(st.integers(0, len(whole) - 1))
    # Not 0x72 (LONG_BINPUT): it can make pickle's C code ask for gigabytes.
    whole[at] = data.draw(st.integers(0, 255).filter(lambda b: b != 0x72))
    try:
        weights = read_torch_weights(written(tmp_path / "a.th", bytes(whole)))
    except UserError:
        return
    assert all(isinstance(w, np.ndarray) for w in weights.values())


def test_announced_length_beyond_the_file(tmp_path):
    whole = WHOLE["legacy"]
    size = (40).to_bytes(8, "little")
    at = whole.rindex(size)
    data = whole[:at] + (2**60).to_bytes(8, "little") + whole[at + 8 :]
    with pytest.raises(UserError, match="length"):
        read_torch_weights(written(tmp_path / "a.th", data))


@pytest.mark.parametrize("read", [read_torch_weights, read_paddle_weights, file_digest])
def test_unreadable_path(tmp_path, read):
    with pytest.raises(UserError, match=r"none\.th can't be read"):
        read(tmp_path / "none.th")
    with pytest.raises(UserError, match="can't be read"):
        read(tmp_path)


# ------------------------------------------------------------------- the real file


@pytest.fixture
def resnet56():
    folder = os.environ.get("WGAN_GP_TEST_DATA")
    path = Path(folder or "") / RESNET56
    if folder is None or not path.is_file():
        pytest.skip(f"WGAN_GP_TEST_DATA doesn't name a folder with {RESNET56}")
    return path


def test_real_torch_file(resnet56):
    weights = read_torch_weights(resnet56)
    buffers = [n for n in weights if n.endswith(("running_mean", "running_var"))]
    assert len(buffers) == 2 * 55
    assert sum(w.size for n, w in weights.items() if n not in buffers) == 853018
    assert weights["conv1.weight"].shape == (16, 3, 3, 3)
    assert weights["linear.weight"].shape == (10, 64)
    assert all(weights[n].min() > 0 for n in buffers if n.endswith("running_var"))
    assert all(w.dtype == np.float32 for w in weights.values())


def test_digest_of_real_file(resnet56):
    assert file_digest(resnet56).startswith("4bfd9763")


def test_sha256(tmp_path):
    path = written(tmp_path / "a", b"abc" * 10**6)
    assert file_digest(path) == hashlib.sha256(b"abc" * 10**6).hexdigest()


# ------------------------------------------------------------------- Paddle


def network():
    return paddle.nn.Sequential(
        paddle.nn.Linear(3, 4), paddle.nn.BatchNorm1D(4), paddle.nn.Linear(4, 1)
    )


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_paddle_round_trip(tmp_path, protocol):
    path = tmp_path / "a.pdparams"
    state = network().state_dict()
    paddle.save(state, str(path), protocol=protocol)
    weights = read_paddle_weights(path)
    assert list(weights) == list(state)  # without StructuredToParameterName@@
    for name, value in state.items():
        np.testing.assert_array_equal(weights[name], value.numpy())
        assert weights[name].dtype == value.numpy().dtype
    other = network()
    missing, unexpected = other.set_state_dict(weights)
    assert not missing and not unexpected
    x = paddle.ones([2, 3])
    original = network()
    original.set_state_dict(state)
    assert (other(x) == original(x)).all()


@pytest.mark.parametrize("dtype", ["float16", "float64", "int32", "int64", "bool"])
def test_paddle_types(tmp_path, dtype):
    path = tmp_path / "a.pdparams"
    value = paddle.to_tensor([[1, 0], [0, 1]]).astype(dtype)
    paddle.save({"x": value, "scalar": paddle.to_tensor(3.5)}, str(path))
    weights = read_paddle_weights(path)
    np.testing.assert_array_equal(weights["x"], value.numpy())
    assert weights["x"].dtype == value.numpy().dtype
    assert weights["scalar"].shape == () and weights["scalar"] == 3.5


def test_paddle_dictionary_with_other_entries(tmp_path):
    path = tmp_path / "a.pdparams"
    content = {"x": paddle.ones([2]), "epoch": 3, "more": {"y": paddle.ones([1])}}
    paddle.save(content, str(path))
    weights = read_paddle_weights(path)
    assert list(weights) == ["x"]
    np.testing.assert_array_equal(weights["x"], [1, 1])


def test_arrays_of_numpy_2_and_of_fortran_order(tmp_path):
    array = np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3))
    data = pickle.dumps({"x": array}, protocol=2)
    assert b"numpy.core.multiarray" in data or b"numpy._core.multiarray" in data
    for module in (b"numpy.core.multiarray", b"numpy._core.multiarray"):
        data = data.replace(b"numpy.core.multiarray", module)
        weights = read_paddle_weights(written(tmp_path / "a.pdparams", data))
        np.testing.assert_array_equal(weights["x"], array)
        assert weights["x"].dtype.isnative


@pytest.mark.parametrize("read", [read_torch_weights, read_paddle_weights])
def test_a_table_of_parts_that_would_fill_the_memory(tmp_path, read):
    huge = b"\x80\x02}r" + (0xFFFFFFFF).to_bytes(4, "little") + b"."  # LONG_BINPUT
    with pytest.raises(UserError, match="part number 4294967295"):
        read(written(tmp_path / "weights", huge))


def test_hostile_paddle_file(tmp_path):
    mark = tmp_path / "executed"
    data = pickle.dumps({"w": np.ones(2), "x": Hostile(mark)}, protocol=4)
    with pytest.raises(UserError, match=r"a\.pdparams is refused .*\.system"):
        read_paddle_weights(written(tmp_path / "a.pdparams", data))
    assert not mark.exists()


def test_hostile_object_inside_an_array(tmp_path):
    mark = tmp_path / "executed"
    array = np.array([Hostile(mark)], dtype=object)
    data = pickle.dumps({"w": array}, protocol=4)
    with pytest.raises(UserError):
        read_paddle_weights(written(tmp_path / "a.pdparams", data))
    assert not mark.exists()


@pytest.mark.parametrize("dtype", [object, "U3", [("a", "f4")], "M8[s]"])
def test_arrays_of_no_numbers(tmp_path, dtype):
    data = pickle.dumps({"w": np.zeros(2, dtype)}, protocol=4)
    with pytest.raises(UserError, match="damaged"):
        read_paddle_weights(written(tmp_path / "a.pdparams", data))


def test_sliced_paddle_file(tmp_path):
    data = pickle.dumps({"UnpackBigParamInfor@@": {}}, protocol=2)
    with pytest.raises(UserError, match="protocol=4"):
        read_paddle_weights(written(tmp_path / "a.pdparams", data))


@pytest.mark.parametrize(
    "content, reason", [({}, "no tensors"), ([1], "no dictionary")]
)
def test_paddle_file_without_weights(tmp_path, content, reason):
    data = pickle.dumps(content, protocol=4)
    with pytest.raises(UserError, match=reason):
        read_paddle_weights(written(tmp_path / "a.pdparams", data))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_truncated_paddle_file(tmp_path, data):
    whole = pickle.dumps({"a": np.arange(40.0), "b": np.ones((2, 2), "f4")}, protocol=4)
    end = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(UserError, match=r"a\.pdparams"):
        read_paddle_weights(written(tmp_path / "a.pdparams", whole[:end]))
