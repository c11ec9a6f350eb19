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

"""Reading of .pdparams files: right values, nothing executed, damaged files refused."""

from __future__ import annotations

import pickle

import numpy as np
import paddle
import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.weights import read_paddle_weights
from tests.helpers.hostile import Hostile
from tests.helpers.torch_files import written


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


def test_hostile_paddle_file(tmp_path):
    mark = tmp_path / "executed"
    data = pickle.dumps({"w": np.ones(2), "x": Hostile(str(mark))}, protocol=4)
    with pytest.raises(UserError, match=r"a\.pdparams is refused .*\.mkdir"):
        read_paddle_weights(written(tmp_path / "a.pdparams", data))
    assert not mark.exists()


def test_hostile_object_inside_an_array(tmp_path):
    mark = tmp_path / "executed"
    array = np.array([Hostile(str(mark))], dtype=object)
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
