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

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from PIL import Image

from ppsci_ext.data import ImageReading
from ppsci_ext.data import limits
from ppsci_ext.data.fitting import fit_image
from ppsci_ext.data.fitting import fit_images
from ppsci_ext.utils.errors import UserError

RNG = np.random.default_rng(0)
QUICK = settings(max_examples=40, deadline=None)
SIDES = st.integers(1, 40)
FLOATS = st.floats(-(2.0**99), 2.0**99, width=32, allow_subnormal=False)
RGB = RNG.integers(0, 256, (3, 30, 20)).astype("uint8")
RGBA = RNG.integers(0, 256, (4, 30, 20)).astype("uint8")


def fit(image, **reading):
    return fit_image(image, ImageReading(**reading), "a.png")


def as_float(image, low=0.0, high=1.0):
    return (low + (high - low) * (image / 255.0)).astype("float32")


@given(
    shape=st.tuples(st.integers(1, 6), SIDES, SIDES),
    size=st.tuples(SIDES, SIDES),
    crop=st.sampled_from(["none", "center"]),
    value=st.integers(0, 255) | FLOATS,
)
@QUICK
def test_a_constant_image_stays_so(shape, size, crop, value):
    dtype = "uint8" if isinstance(value, int) else "float32"
    fitted = fit(np.full(shape, value, dtype), resize=size, crop=crop)
    assert fitted.dtype == dtype
    np.testing.assert_array_equal(fitted, np.full((shape[0], *size), value, dtype))


@given(
    size=st.tuples(SIDES, SIDES), channels=st.integers(1, 6), seed=st.integers(0, 99)
)
@QUICK
def test_floats_stay_between_those_of_the_image(size, channels, seed):
    image = (
        np.random.default_rng(seed).normal(size=(channels, 13, 17)).astype("float32")
    )
    fitted = fit(image, resize=size)
    axes = (1, 2)
    assert (image.min(axes) <= fitted.min(axes)).all()
    assert (image.max(axes) >= fitted.max(axes)).all()


@given(size=st.tuples(SIDES, SIDES))
@QUICK
def test_eight_bits_are_resized_as_pillow_does(size):
    picture = Image.fromarray(RGB.transpose(1, 2, 0))
    expected = picture.resize(size[::-1], Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(
        fit(RGB, resize=size), np.asarray(expected).transpose(2, 0, 1)
    )


def test_a_smaller_image_is_an_average():
    board = np.indices((64, 64)).sum(0) % 2 * 1.0
    fitted = fit(board[None].astype("float32"), resize=[8, 8])
    # away from the edges; taking every eighth pixel would give 0 everywhere
    np.testing.assert_allclose(fitted[0, 2:-2, 2:-2], 0.5, atol=0.01)


@given(height=SIDES, width=SIDES, size=st.tuples(SIDES, SIDES))
@QUICK
def test_center_cuts_both_sides_alike_and_one_axis_only(height, width, size):
    rows, columns = np.indices((height, width))
    image = np.stack([rows, columns]).astype("float32")
    cropped = fit(image, resize=size, crop="center")
    scale = min(height / size[0], width / size[1])
    assert cropped.shape == (2, *size)
    for axis, length in enumerate((height, width)):
        kept = cropped[axis]
        # no coordinate farther out than the part that has the wanted shape
        margin = (length - size[axis] * scale) / 2
        assert kept.min() >= np.floor(margin) - 1
        assert kept.max() <= length - np.floor(margin)


@pytest.mark.parametrize(
    "size, rows, columns",
    [
        ((20, 20), slice(5, 25), slice(0, 20)),
        ((30, 20), slice(0, 30), slice(0, 20)),
        ((30, 10), slice(0, 30), slice(5, 15)),
        ((15, 20), slice(7, 22), slice(0, 20)),
    ],
)
def test_a_crop_that_needs_no_scaling_leaves_pixels_alone(size, rows, columns):
    fitted = fit(RGB, resize=size, crop="center")
    np.testing.assert_array_equal(fitted, RGB[:, rows, columns])


def test_without_crop_the_whole_image_is_stretched():
    image = np.zeros((1, 40, 20), "uint8")
    image[:, :10] = 200  # the upper quarter, which a crop would cut off
    fitted = fit(image, resize=[20, 20])
    assert fitted[0, :4].min() > 190 and fitted[0, 7:].max() < 10


def test_luminance_is_pillows():
    picture = Image.fromarray(RGB.transpose(1, 2, 0))
    np.testing.assert_array_equal(
        fit(RGB, channels=1)[0], np.asarray(picture.convert("L"))
    )
    expected = np.tensordot([0.299, 0.587, 0.114], as_float(RGB, -1, 1), 1)
    fitted = fit(as_float(RGB, -1, 1), channels=1, range=(-1, 1))
    np.testing.assert_allclose(fitted[0], expected, atol=3e-5)


@pytest.mark.parametrize("image", [RGB, as_float(RGB)])
def test_grey_becomes_three_equal_channels(image):
    fitted = fit(image[:1], channels=3)
    np.testing.assert_array_equal(fitted, np.repeat(image[:1], 3, 0))


@pytest.mark.parametrize("ends", [(0, 1), (-1, 1), (0, 255)])
@pytest.mark.parametrize("channels", [1, 3])
def test_alpha_is_opaque_where_there_is_none(channels, ends):
    fitted = fit(RGB[:channels], channels=4)
    assert fitted.shape[0] == 4 and (fitted[3] == 255).all()
    fitted = fit(as_float(RGB[:channels], *ends), channels=4, range=ends)
    assert fitted.dtype == np.float32 and (fitted[3] == ends[1]).all()


@pytest.mark.parametrize("background", [0, 255, 77, [10, 200, 30]])
@pytest.mark.parametrize("ends", [None, (0, 1), (-1, 1)])
def test_alpha_is_composited_over_the_background(background, ends):
    alpha = RGBA[3] / 255
    behind = np.reshape(np.broadcast_to(background, 3), (3, 1, 1))
    expected = alpha * RGBA[:3] + (1 - alpha) * behind
    reading = {"channels": 3, "background": background, "range": ends}
    if ends is None:
        fitted = fit(RGBA, **reading)
        assert fitted.dtype == np.uint8
        assert abs(fitted - expected).max() < 0.51
    else:
        fitted = fit(as_float(RGBA, *ends), **reading)
        np.testing.assert_allclose(fitted, as_float(expected, *ends), atol=1e-6)


def test_grey_of_what_is_transparent_is_that_of_the_background():
    clear = np.zeros((4, 2, 2), "uint8")
    fitted = fit(clear, channels=1, background=[255, 0, 0])
    assert (fitted == 76).all()  # 0.299 * 255


@pytest.mark.parametrize("channels", [1, 3])
def test_transparent_pixels_need_a_background(channels):
    with pytest.raises(
        UserError, match="a.png has transparent pixels; set background="
    ):
        fit(RGBA, channels=channels)
    opaque = np.concatenate([RGB, np.full_like(RGB[:1], 255)])
    np.testing.assert_array_equal(
        fit(opaque, channels=channels), fit(RGB, channels=channels)
    )


@pytest.mark.parametrize("ends", [None, (0, 1), (-1, 1)])
def test_colours_of_transparent_pixels_do_not_bleed(ends):
    image = np.zeros((4, 16, 16), "uint8")
    image[0] = 255  # where it shows, it is red
    image[:, :, 8:] = [[[0]], [[255]], [[0]], [[0]]]  # green that is not to be seen
    image[3, :, :8] = 255
    reading = {"resize": [5, 5], "channels": 4}
    if ends is None:
        fitted = fit(image, **reading) / 255
    else:
        fitted = fit(as_float(image, *ends), range=ends, **reading)
        fitted = (fitted - ends[0]) / (ends[1] - ends[0])
    seen = fitted[3] > 0.01
    assert seen.any() and not seen.all()
    assert fitted[0][seen].min() > 0.99 and fitted[1][seen].max() < 0.01


@pytest.mark.parametrize("have, want", [(2, 3), (5, 1), (3, 2), (1, 7), (4, 2), (4, 5)])
def test_channels_that_mean_nothing_to_each_other(have, want):
    image = np.zeros((have, 4, 4), "uint8")
    with pytest.raises(
        UserError, match=f"a.png has {have} channels, but channels={want}"
    ):
        fit(image, channels=want)
    assert fit(image, channels=have) is image


def test_a_batch_is_fitted_image_by_image():
    batch = RNG.integers(0, 256, (3, 3, 9, 7)).astype("uint8")
    reading = ImageReading(resize=[4, 5], channels=1, crop="center")
    fitted = fit_images(batch, reading, "all")
    for image, result in zip(batch, fitted):
        np.testing.assert_array_equal(result, fit_image(image, reading, "one"))
    assert fit_images(fitted, reading, "all") is fitted  # once is enough
    assert fit_images(batch, ImageReading(), "all") is batch


def test_more_than_memory_holds_is_refused(monkeypatch):
    monkeypatch.setattr(limits, "_physical_memory", lambda: 10000)
    batch = np.zeros((100, 1, 2, 2), "uint8")
    with pytest.raises(UserError, match="all holds .* GiB of memory"):
        fit_images(batch, ImageReading(resize=[100, 100]), "all")


@pytest.mark.parametrize(
    "reading, message",
    [
        ({"resize": 64}, "resize is 64"),
        ({"resize": [64]}, r"resize is \[64\]; give 2 numbers"),
        ({"resize": [64, 64, 3]}, "give 2 numbers"),
        ({"resize": "64"}, "resize is '64'"),
        ({"resize": [0, 64]}, "whole numbers"),
        ({"resize": [-1, 64]}, "whole numbers"),
        ({"resize": [64.5, 64]}, "whole numbers"),
        ({"resize": [True, 64]}, "2 numbers"),
        ({"crop": "centre", "resize": [4, 4]}, "did you mean 'center'"),
        ({"crop": "center"}, r"crop=center .*resize=\[H, W\]"),
        ({"channels": 0}, "channels is 0"),
        ({"channels": "rgb"}, "channels is 'rgb'"),
        ({"background": 0}, "set channels=3"),
        ({"background": 0, "channels": 4}, "set channels=3"),
        ({"background": 300, "channels": 3}, "0..255"),
        ({"background": [0, 0], "channels": 3}, "give 1 or 3 numbers"),
        ({"background": "white", "channels": 3}, "background is 'white'"),
        ({"range": [1, 1]}, r"\[1, 1\] is empty"),
        ({"range": [1, -1]}, r"\[1, -1\] is empty"),
        ({"range": [0, float("inf")]}, "no end"),
        ({"range": [0, float("nan")]}, "no end"),
        ({"range": [0]}, "range is"),
    ],
)
def test_readings_without_a_meaning(reading, message):
    with pytest.raises(UserError, match=message):
        ImageReading(**reading)


def test_a_reading_can_be_compared_and_has_tuples():
    reading = ImageReading(
        resize=[4, 5], channels=3, background=[1, 2, 3], range=[0, 1]
    )
    assert (reading.resize, reading.background, reading.range) == (
        (4, 5),
        (1, 2, 3),
        (0, 1),
    )
    assert reading == ImageReading((4, 5), "none", 3, (1, 2, 3), False, (0, 1))
    assert len({reading, ImageReading()}) == 2
