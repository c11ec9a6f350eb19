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

"""Ranges of numbers in calls from Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppsci_ext.utils import UserError
from ppsci_ext.utils import values
from ppsci_ext.utils.values import check_value

INTEGERS = ("Count", "BatchSize", "Samples", "Width", "Classes", "Seed")
FLOATS = ("Positive", "NotNegative", "Momentum")


@pytest.mark.parametrize("kind", INTEGERS)
@pytest.mark.parametrize("dtype", "int8 int16 int32 int64 uint8 uint32 uint64".split())
def test_integers_of_any_width_become_pythons(kind, dtype):
    value = check_value("x", np.dtype(dtype).type(7), getattr(values, kind))
    assert value == 7 and type(value) is int


@pytest.mark.parametrize("kind", FLOATS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_of_any_width_become_pythons(kind, dtype):
    value = check_value("x", np.dtype(dtype).type(0.5), getattr(values, kind))
    assert value == 0.5 and type(value) is float


@pytest.mark.parametrize("kind", INTEGERS)
@pytest.mark.parametrize("value", [-1, 1.0, True, "3", None, [1], math.nan, 2**40])
def test_what_is_no_such_integer_is_refused_by_name(kind, value):
    with pytest.raises(UserError, match="^epochs=.* is refused: [a-z].*[^.][.]$"):
        check_value("epochs", value, getattr(values, kind))


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_positive_number_is_above_zero_and_finite(value):
    if 0 < value <= 1e6:
        assert check_value("rate", value, values.Positive) == value
    else:
        with pytest.raises(UserError, match="^rate="):
            check_value("rate", value, values.Positive)


def test_zero():
    assert check_value("x", 0, values.Classes) == 0
    assert check_value("x", 0.0, values.NotNegative) == 0
    for kind in (values.Count, values.Positive):
        with pytest.raises(UserError, match="^x=0 is refused: input should be greater"):
            check_value("x", 0, kind)
