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

"""Floats that don't lie in the range that was promised for them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ppsci.utils import logger

from ppsci_ext.data import to_uint8
from ppsci_ext.metric.pixels import check_bounds
from ppsci_ext.metric.pixels import check_range
from ppsci_ext.metric.pixels import to_pixels
from ppsci_ext.utils.errors import UserError


@pytest.fixture
def warnings(monkeypatch):
    lines = []
    monkeypatch.setattr(logger, "warning", lines.append)
    return lines


@pytest.mark.parametrize(
    "values, bounds, fitting",
    [
        ((0, 255), (-1, 1), "0 to 255 would fit"),
        ((0, 255), (0, 1), "0 to 255 would fit"),
        ((-1, 1), (0, 1), "-1 to 1 would fit"),
        ((-1, 1), (0, 255), "-1 to 1 would fit"),
        ((-3, 300), (-1, 1), "-3 to 300 would fit"),
        ((0, 1.1), (0, 1), "0 to 1.1 would fit"),
        ((5, 180), (0, 1), "0 to 255 would fit"),
        ((-5, 0.9), (-1, 1), "-5 to 0.9 would fit"),
    ],
)
def test_values_beyond_the_range(values, bounds, fitting, warnings):
    images = np.linspace(*values, 48, dtype="float32").reshape(3, 1, 4, 4)
    expected = f"images.npz: values from {values[0]:g} to {values[1]:g} .* {fitting}"
    with pytest.raises(UserError, match=expected):
        to_pixels(images, *bounds, "images.npz")


@pytest.mark.parametrize(
    "values, bounds, warns",
    [
        ((0, 1), (-1, 1), True),
        ((0, 1), (0, 255), True),
        ((0.2, 0.6), (0, 1), True),
        ((0, 0), (0, 1), True),
        ((-1, 1), (-1, 1), False),
        ((-0.8, 0.7), (-1, 1), False),
        ((0, 200), (0, 255), False),
        ((0, 1.0015), (0, 1), False),  # of resizing, less than half a step
    ],
)
def test_half_of_the_range_unused(values, bounds, warns, warnings):
    images = np.linspace(*values, 48, dtype="float32").reshape(3, 1, 4, 4)
    found = to_pixels(images, *bounds, "images.npz")
    np.testing.assert_array_equal(found, to_uint8(images, *bounds))
    assert len(warnings) == warns
    assert all("no more than half" in line for line in warnings)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.floats(-2, 2), st.floats(-2, 2))
def test_a_range_that_is_suggested_fits(low, width, first, second):
    ends = sorted([low + first * width, low + second * width])
    try:
        check_range(*ends, low, low + width, "x")
    except UserError as error:
        assert not low <= ends[0] <= ends[1] <= low + width
        words = str(error).split("; ")[1].split()
        suggested = float(words[0]), float(words[2])
        slack = 1e-5 * max(map(abs, ends))  # six digits are printed
        assert suggested[0] <= ends[0] + slack and ends[1] <= suggested[1] + slack


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers(value):
    images = np.zeros((3, 1, 4, 4), "float32")
    images[1, 0, 2, 3] = value
    with pytest.raises(UserError, match="NaN|infinite"):
        to_pixels(images, -1, 1, "images.npz")


@pytest.mark.parametrize(
    "low, high",
    [(1, 1), (1, -1), (np.nan, 1), (0, np.nan), (0, np.inf), (-np.inf, 0), (0.0, -0.0)],
)
def test_no_range(low, high):
    with pytest.raises(UserError, match="black must be below"):
        check_bounds(low, high)
