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

"""Numbers that change with the iterations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppsci_ext.utils.schedule import is_constant
from ppsci_ext.utils.schedule import schedule

ITERATIONS = st.integers(0, 10**6)
NUMBERS = st.floats(-1e6, 1e6)


@given(NUMBERS, ITERATIONS)
def test_a_number_is_the_same_at_each_iteration(value, iteration):
    assert is_constant(value)
    assert schedule(value)(iteration) == value


@pytest.mark.parametrize("value", [np.float32(0.5), np.float64(0.5), 0.5])
def test_numbers_of_numpy(value):
    assert schedule(value)(3) == 0.5
    assert schedule({0: value, 2: np.int64(4)})(5) == 4


@given(st.dictionaries(ITERATIONS, NUMBERS, max_size=5), NUMBERS, ITERATIONS)
def test_steps_hold_from_their_iteration_on(later, first, iteration):
    steps = {**later, 0: first}
    assert not is_constant(steps)
    reached = [start for start in steps if start <= iteration]
    assert schedule(steps)(iteration) == steps[max(reached)]


@given(NUMBERS, NUMBERS, ITERATIONS, st.integers(1, 1000), ITERATIONS)
def test_a_ramp_is_a_straight_line_between_two_constants(a, b, start, length, at):
    end = start + length
    value = schedule({"ramp": {"from": a, "to": b, "start": start, "end": end}})
    near = pytest.approx
    assert value(start) == near(a) and value(end) == near(b, abs=1e-6)
    assert value(end + at) == value(end)
    if at < start:
        assert value(at) == value(start)
    # equal differences inside
    inside = [value(i) for i in range(start, end + 1)]
    assert np.diff(inside) == near((b - a) / length, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(
    "given, says",
    [
        ("fast", "a number, steps"),
        (None, "a number, steps"),
        (True, "a number, steps"),
        ([1, 2], "a number, steps"),
        (math.nan, "a number, steps"),
        (math.inf, "a number, steps"),
        (np.nan, "a number, steps"),
        ({}, "begin at iteration 0"),
        ({5: 1.0}, "begin at iteration 0"),
        ({0: "x"}, "a number, steps"),
        ({0: math.inf}, "a number, steps"),
        ({-1: 1.0, 0: 1.0}, "a number, steps"),
        ({0.5: 1.0, 0: 1.0}, "a number, steps"),
        ({"0": 1.0}, "a number, steps"),
        ({"ramp": 3}, "a number, steps"),
        ({"ramp": {"from": 0, "to": 1, "start": 0}}, "a number, steps"),
        ({"ramp": {"from": 0, "to": 1, "start": 0, "end": 5}, 0: 1}, "a number, steps"),
        ({"ramp": {"from": 0, "to": 1, "start": 5, "end": 5}}, "0 <= start < end"),
        ({"ramp": {"from": 0, "to": 1, "start": -5, "end": 5}}, "0 <= start < end"),
        ({"ramp": {"from": 0, "to": 1, "start": 0.5, "end": 5}}, "0 <= start < end"),
        ({"ramp": {"from": 0, "to": math.nan, "start": 0, "end": 5}}, "a number"),
    ],
)  # fmt: skip
def test_other_forms_are_refused(given, says):
    with pytest.raises(ValueError, match=says):
        schedule(given)
