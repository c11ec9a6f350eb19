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

from __future__ import annotations

import re
from pathlib import Path
from typing import List

import numpy as np
import paddle
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from ppsci_ext.data import ToFloat
from ppsci_ext.data import check_range
from ppsci_ext.data import to_uint8
from ppsci_ext.data import transform
from ppsci_ext.utils.errors import UserError

GOLDEN = Path(__file__).parents[2] / "golden"
ALL_PIXELS = np.arange(256, dtype="uint8")


@pytest.mark.parametrize(
    "trace, transform",
    [
        ("mnist_wgan_gp", ToFloat(0, 1)),
        ("cifar_wgan_gp", ToFloat(-1, 1, levels=255)),
        ("cifar_resnet_uncond", ToFloat(-1, 1, dequantize=True)),
    ],
)
def test_equals_the_published_code(trace, transform):
    with np.load(GOLDEN / f"{trace}.npz", allow_pickle=False) as arrays:
        pixels, real = arrays["in/critic/real_u8"], arrays["in/critic/real"]
        noise = None
        if transform.dequantize:
            noise = paddle.to_tensor(arrays["in/critic/dequant"])
    result = transform(paddle.to_tensor(pixels), noise=noise)
    assert result.dtype == paddle.float32
    np.testing.assert_allclose(result.numpy(), real, rtol=0, atol=1.2e-7)


@pytest.mark.parametrize("to_input", [np.asarray, paddle.to_tensor])
def test_every_pixel_value(to_input):
    result = ToFloat(0, 1)(to_input(ALL_PIXELS)).numpy()
    np.testing.assert_array_equal(result, ALL_PIXELS / np.float32(256))
    result = ToFloat(-1, 1, levels=255)(to_input(ALL_PIXELS)).numpy()
    exact = 2 * (ALL_PIXELS / 255.0 - 0.5)
    np.testing.assert_allclose(result, exact, rtol=0, atol=1.2e-7)


def test_dequantisation_is_fresh_and_fills_the_bin():
    transform = ToFloat(-1, 1, dequantize=True)
    pixels = np.repeat(ALL_PIXELS[:, None], 400, axis=1)
    paddle.seed(0)
    first, second = transform(pixels).numpy(), transform(pixels).numpy()
    assert not np.array_equal(first, second)
    edges = 2 * (pixels.astype("float32") / 256 - 0.5)
    for offsets in (first - edges, second - edges):
        assert offsets.min() >= 0 and offsets.max() <= 1 / 128
        assert offsets.mean() == pytest.approx(1 / 256, rel=0.02)
        assert offsets.std() == pytest.approx(1 / 128 / 12**0.5, rel=0.02)
    paddle.seed(0)
    np.testing.assert_array_equal(transform(pixels).numpy(), first)


def test_no_noise_unless_asked():
    state = paddle.get_rng_state()[0].__getstate__()
    ToFloat(-1, 1)(ALL_PIXELS)
    assert paddle.get_rng_state()[0].__getstate__() == state


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_floats_pass_through(dtype):
    values = np.array([-3.5, 0.25, 700.0], dtype)
    for images in (values, paddle.to_tensor(values)):
        result = ToFloat(-1, 1, dequantize=True)(images)
        assert result.dtype == paddle.float32
        np.testing.assert_array_equal(result.numpy(), values)


def test_other_types_are_refused():
    with pytest.raises(UserError, match="int64"):
        ToFloat(0, 1)(np.array([1, 2]))


@pytest.mark.parametrize("to_input", [np.asarray, paddle.to_tensor])
def test_to_uint8_equals_the_published_code(to_input):
    values = np.random.default_rng(0).uniform(-1, 1, 100000).astype("float32")
    values = np.concatenate([values, np.float32([-1, 0, 1])])
    result = to_uint8(to_input(values), -1, 1)
    published = ((values + 1.0) * (255.99 / 2)).astype("int32")
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, published)


def test_to_uint8_clips():
    values = np.float32([-np.inf, -5, 0, 0.5, 1, 5, np.inf])
    assert to_uint8(values, 0, 1).tolist() == [0, 0, 0, 127, 255, 255, 255]


@pytest.mark.parametrize("low, high", [(0, 1), (-1, 1)])
def test_to_uint8_undoes_dequantisation(low, high):
    # from the middle of the bins: 255.99 is not 256, edges may fall below
    images = ToFloat(low, high)(ALL_PIXELS) + (high - low) / 512
    np.testing.assert_array_equal(to_uint8(images, low, high), ALL_PIXELS)


def test_to_uint8_refuses_nan():
    with pytest.raises(UserError, match="diverged"):
        to_uint8(np.float32([0, np.nan]), 0, 1)


@pytest.fixture
def warnings(monkeypatch) -> List[str]:
    lines = []
    monkeypatch.setattr(transform.logger, "warning", lines.append)
    return lines


@pytest.mark.parametrize(
    "low, high", [(0, 1), (-1, 1), (0, 255), (-3.7, 11.3), (1e-3, 2e-3)]
)
@pytest.mark.parametrize("levels", [255, 256])
def test_pixels_scaled_to_a_range_lie_in_it(warnings, low, high, levels):
    white = ALL_PIXELS.astype("float32") / np.float32(levels)
    # in all the orders in which it is done, with float32's rounding
    for scaled in (
        ToFloat(low, high, levels)(ALL_PIXELS).numpy(),
        white * np.float32(high) + (1 - white) * np.float32(low),
        (white - np.float32(0.5)) * np.float32(high - low)
        + np.float32((low + high) / 2),
    ):
        check_range(scaled, low, high)
        check_range((float(scaled.min()), float(scaled.max())), low, high)
    assert not warnings


def test_uint8_fits_any_range(warnings):
    check_range(ALL_PIXELS, -1, 1)
    check_range(ALL_PIXELS[:2], 0, 1)
    assert not warnings


@pytest.mark.parametrize(
    "values, ends, parts",
    [
        ((0, 255), (-1, 1), ["from 0 to 255", "range [-1, 1]", "make it [0, 255]"]),
        ((0, 1.001), (0, 1), ["from 0 to 1.001", "[0, 1.001]"]),
        ((-1, 1), (0, 1), ["from -1 to 1", "make it [-1, 1]"]),
        ((-0.9, 0.8), (0, 1), ["make it [-1, 1]"]),
        ((3, 250), (0, 1), ["make it [0, 255]"]),
        ((0, 65535), (0, 255), ["make it [0, 65535]"]),
        ((-3.25, 7.5), (-1, 1), ["make it [-3.25, 7.5]"]),
        ((7, 7), (0, 1), ["from 7 to 7"]),
        ((np.nan, np.nan), (0, 1), ["remove what is NaN"]),
        ((-np.inf, 1), (0, 1), ["from -inf to 1", "infinite"]),
    ],
)
def test_values_outside_are_named_with_the_range_that_fits(values, ends, parts):
    for images in (values, np.array(values, "float64"), np.array(values, "float32")):
        with pytest.raises(UserError) as caught:
            check_range(images, *ends, "photos")
        for part in ("photos", *parts):
            assert part in str(caught.value)


FLOATS = st.floats(-(2.0**40), 2.0**40, width=32, allow_subnormal=False)


@given(values=st.lists(FLOATS, min_size=1, max_size=5), ends=st.tuples(FLOATS, FLOATS))
@settings(max_examples=200, deadline=None)
def test_a_range_that_is_advised_is_accepted(values, ends):
    low, high = sorted(ends)
    images = np.array(values, "float32")
    try:
        check_range(images, low, high)
        assert low < high and images.max() - high <= 1e-5 * max(abs(low), abs(high))
    except UserError as error:
        advised = re.search(r"make it \[(.*), (.*)\], which fits", str(error))
        if advised:
            check_range(images, float(advised[1]), float(advised[2]))
        else:
            assert low == high or images.min() == images.max()


@pytest.mark.parametrize(
    "values, ends, is_warned",
    [
        ((0, 1), (-1, 1), True),  # the usual mistake
        ((0, 1), (0, 255), True),
        ((0.2, 0.3), (0, 1), True),
        ((5, 5), (0, 255), True),
        ((0, 1), (0, 1), False),
        ((-0.6, 0.5), (-1, 1), False),
        ((10, 200), (0, 255), False),
    ],
)
def test_half_of_a_range_is_warned_of(warnings, values, ends, is_warned):
    check_range(np.array(values, "float32"), *ends, "photos")
    assert [("photos" in line) for line in warnings] == [True] * is_warned


@pytest.mark.parametrize("ends", [(1, 1), (1, 0), (0, np.inf), (np.nan, 1)])
@pytest.mark.parametrize("images", [ALL_PIXELS, np.zeros(3, "float32"), (0.0, 1.0)])
def test_a_range_that_is_none(images, ends):
    with pytest.raises(UserError, match="is empty or has no end"):
        check_range(images, *ends)
