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

"""Conditions of any form: checked, and carried from arrays to tensors."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppsci_ext.data.condition import as_arrays
from ppsci_ext.data.condition import map_condition
from ppsci_ext.data.condition import to_tensors
from ppsci_ext.utils import UserError

INTEGERS = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()
FLOATS = ["float16", "float32", "float64"]


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("kind", [np.asarray, paddle.to_tensor, list])
def test_integers_of_any_width_become_int64(dtype, kind):
    if kind is paddle.to_tensor and dtype.startswith("uint") and dtype != "uint8":
        pytest.skip("Paddle has no such tensors")
    labels = np.array([0, 1, 1, 0], dtype)
    array = as_arrays(kind(labels))
    assert array.dtype == np.int64 and array.tolist() == [0, 1, 1, 0]
    assert as_arrays(labels[:, None]).shape == (4,)
    assert to_tensors(array).dtype == paddle.int64


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 2), (4, 2, 3, 5)])
def test_floats_become_float32_of_the_same_shape(dtype, shape):
    values = np.linspace(0, 1, int(np.prod(shape))).reshape(shape).astype(dtype)
    array = as_arrays(values, 4)
    assert array.dtype == np.float32 and array.shape == shape
    np.testing.assert_array_equal(array, values.astype(np.float32))


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=9))
def test_integers_keep_their_values(labels):
    assert to_tensors(as_arrays(labels)).tolist() == labels


def test_several_arrays_by_name():
    given_ = {"mask": np.ones((3, 4), bool), "level": [[0.5], [1.5], [2.5]]}
    arrays = as_arrays(given_, 3)
    assert {k: (v.dtype.name, v.shape) for k, v in arrays.items()} == {
        "mask": ("int64", (3, 4)),
        "level": ("float32", (3, 1)),
    }
    # a column stays one, where it isn't labels
    assert as_arrays({"mask": np.ones((3, 1), int)})["mask"].shape == (3, 1)
    tensors = to_tensors(arrays)
    assert tensors["level"].tolist() == given_["level"]


def test_none_stays_none():
    assert as_arrays(None) is None and as_arrays(None, 5) is None
    assert to_tensors(None) is None
    assert map_condition(len, None) is None


@pytest.mark.parametrize(
    "condition, says",
    [
        (3, "is a single number"),
        (0.5, "is a single number"),
        ({"a": 1.5}, "'a' is a single number"),
        ([1, 2], "is for 2 samples, but there are 3"),
        ([1, 2, 3, 4], "is for 4 samples, but there are 3"),
        (np.zeros((0, 2)), "is for 0 samples, but there are 3"),
        ({"a": np.zeros(3), "b": np.zeros((2, 2))}, "'b' is for 2 samples"),
        (["a", "b", "c"], "has the type <U1: give integers .classes. or floats"),
        ([1j, 2, 3], "has the type complex128"),
        ([None, 1, 2], "has the type object"),
        ([[1], [1, 2], [3]], "is no array"),
        ([1.0, np.nan, 2.0], "holds NaN or infinite values"),
        ({"a": [1.0, np.inf, 2.0]}, "'a' holds NaN or infinite"),
        ({}, "has no arrays"),
        ({"a": {"b": [1, 2, 3]}}, "'a' has the type object|'a' is a single number"),
    ],
)
def test_other_things_are_refused_in_a_sentence(condition, says):
    with pytest.raises(UserError, match=says) as refused:
        as_arrays(condition, 3)
    assert str(refused.value)[0].isupper() and str(refused.value).endswith(".")


def test_arrays_of_one_condition_have_one_length():
    with pytest.raises(UserError, match="'b' is for 2 samples, but there are 3"):
        as_arrays({"a": np.zeros(3), "b": np.zeros(2)})


def test_a_function_of_several_conditions():
    first, second = {"a": 1, "b": 2}, {"b": 20, "a": 10}
    assert map_condition(lambda x, y: x + y, first, second) == {"a": 11, "b": 22}
