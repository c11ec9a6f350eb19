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

"""Reading of PyTorch's files: right values, nothing executed, damaged files refused."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.weights import read_paddle_weights
from ppsci_ext.utils.weights import read_torch_weights
from tests.helpers.hostile import Hostile
from tests.helpers.torch_files import STORAGE_TYPES
from tests.helpers.torch_files import WRITERS
from tests.helpers.torch_files import Parameter
from tests.helpers.torch_files import Storage
from tests.helpers.torch_files import Tensor
from tests.helpers.torch_files import legacy_bytes
from tests.helpers.torch_files import tensor
from tests.helpers.torch_files import written
from tests.helpers.torch_files import zip_bytes

RESNET56 = "weights/resnet56-4bfd9763.th"

both_formats = pytest.mark.parametrize("to_bytes", WRITERS.values(), ids=WRITERS)


# values


@both_formats
@pytest.mark.parametrize("code", STORAGE_TYPES)
def test_every_type_of_numbers(tmp_path, to_bytes, code):
    expected = np.arange(6).reshape(2, 3).astype(code)
    path = written(tmp_path / "a.pth", to_bytes({"w": tensor(expected, "0")}))
    got = read_torch_weights(path)["w"]
    assert got.dtype == expected.dtype and got.dtype.isnative
    np.testing.assert_array_equal(got, expected)


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


@both_formats
def test_reading_copies_no_more_than_the_file_holds(tmp_path, to_bytes):
    storage = Storage(np.arange(4.0), "0")
    data = to_bytes({"w": Tensor(storage, 1, (2**40, 2), (0, 1))})
    weights = read_torch_weights(written(tmp_path / "a.th", data))
    assert weights["w"].shape == (2**40, 2)
    np.testing.assert_array_equal(weights["w"][2**39], [1, 2])


def test_legacy_storage_that_is_part_of_another(tmp_path):
    storage = Storage(np.arange(10, dtype="i4"), "0", view=("0v", 4, 3))
    inside = legacy_bytes({"w": Tensor(storage, 0, (3,), (1,))})
    weights = read_torch_weights(written(tmp_path / "a.th", inside))
    np.testing.assert_array_equal(weights["w"], [4, 5, 6])
    outside = legacy_bytes({"w": Tensor(storage, 1, (3,), (1,))})
    with pytest.raises(UserError, match="beyond its storage"):
        read_torch_weights(written(tmp_path / "b.th", outside))


# refusals


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


@both_formats
def test_hostile_torch_file(tmp_path, to_bytes):
    mark = tmp_path / "executed"
    content = {"w": tensor([1.0], "0"), "x": Hostile(str(mark))}
    path = written(tmp_path / "a.th", to_bytes(content))
    with pytest.raises(UserError, match=r"a\.th is refused .*\.mkdir"):
        read_torch_weights(path)
    assert not mark.exists()


@pytest.mark.parametrize("position", range(5))
def test_hostile_pickle_anywhere_in_a_legacy_file(tmp_path, position):
    mark = tmp_path / "executed"
    honest = [0x1950A86A20F9469CFC6C, 1001, {}, {}, []]
    honest[position] = Hostile(str(mark))
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
    whole[at] = data.draw(st.integers(0, 255))
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


# the real file


def test_real_torch_file(real_data):
    path = Path(real_data) / RESNET56
    if not path.is_file():
        pytest.skip(f"there is no {path}")
    weights = read_torch_weights(path)
    buffers = [n for n in weights if n.endswith(("running_mean", "running_var"))]
    assert len(buffers) == 2 * 55
    assert sum(w.size for n, w in weights.items() if n not in buffers) == 853018
    assert weights["conv1.weight"].shape == (16, 3, 3, 3)
    assert weights["linear.weight"].shape == (10, 64)
    assert all(weights[n].min() > 0 for n in buffers if n.endswith("running_var"))
    assert all(w.dtype == np.float32 for w in weights.values())
