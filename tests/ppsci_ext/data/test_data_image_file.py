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
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from PIL import ImageOps

from ppsci_ext.data import ImageReading
from ppsci_ext.data import load_images
from ppsci_ext.data import read_images
from ppsci_ext.utils.errors import UserError
from tests.helpers.pictures import deep_png
from tests.helpers.pictures import tiff

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (4, 6, 3)).astype("uint8")
QUICK = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def load(folder, **reading):
    return load_images("folder", str(folder), "train", reading=ImageReading(**reading))


def with_orientation(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    "name, options",
    [
        ("a.png", {}),
        ("a.jpg", {"quality": 100, "subsampling": 0}),
        ("a.webp", {"lossless": True}),
        ("a.tif", {}),
        ("a.tiff", {"compression": "tiff_deflate"}),
    ],
)
def test_orientation_is_applied_for_training(tmp_path, name, options, orientation):
    path = tmp_path / name
    Image.fromarray(COLOURS).save(path, exif=with_orientation(orientation), **options)
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image)).transpose(2, 0, 1)
    assert expected.shape == ((3, 4, 6) if orientation < 5 else (3, 6, 4))
    np.testing.assert_array_equal(load(tmp_path).images[0], expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_not_applied_for_scoring(tmp_path, orientation):
    path = tmp_path / "a.png"
    Image.fromarray(COLOURS).save(path, exif=with_orientation(orientation))
    images = read_images(str(tmp_path))
    np.testing.assert_array_equal(images[0], COLOURS.transpose(2, 0, 1))


def test_two_photos_held_differently_are_of_one_size(tmp_path):
    Image.fromarray(COLOURS).save(tmp_path / "a.jpg")
    upright = Image.fromarray(COLOURS.transpose(1, 0, 2))
    upright.save(tmp_path / "b.jpg", exif=with_orientation(6))
    assert load(tmp_path).image_shape == [3, 4, 6]


@pytest.mark.parametrize("orientation", [None, 6])
def test_two_photos_that_differ_in_size_once_they_are_upright(tmp_path, orientation):
    Image.fromarray(COLOURS).save(tmp_path / "a.jpg")
    second = COLOURS if orientation else COLOURS.transpose(1, 0, 2)
    exif = with_orientation(orientation or 1)
    Image.fromarray(second).save(tmp_path / "b.jpg", exif=exif)
    with pytest.raises(UserError, match=r"b.jpg is 4x6 .* a?.*6x4.*resize=\[H, W\]"):
        load(tmp_path)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_orientations_that_do_not_exist_turn_nothing(tmp_path, value):
    Image.fromarray(COLOURS).save(tmp_path / "a.png", exif=with_orientation(value))
    np.testing.assert_array_equal(load(tmp_path).images[0], COLOURS.transpose(2, 0, 1))


DEEP = arrays.arrays(
    np.uint16,
    st.tuples(st.integers(1, 5), st.integers(1, 5), st.sampled_from([1, 3, 4])),
)
RANGES = st.sampled_from([None, (0, 1), (-1, 1), (0, 255), (-3.5, 2.25)])


@given(pixels=DEEP, ends=RANGES, kind=st.sampled_from(["png", "<", ">", "<z", ">z"]))
@QUICK
def test_16_bits_are_read_without_loss(tmp_path, pixels, ends, kind):
    if kind == "png":
        content = deep_png(pixels)
    else:
        content = tiff(pixels, kind[0], packed=kind.endswith("z"))
    (tmp_path / "a.png").write_bytes(content)
    channels = 4 if pixels.shape[2] == 4 else None
    images = load(tmp_path, range=ends, channels=channels).images
    low, high = ends or (0, 1)
    assert images.dtype == np.float32
    restored = (images[0].astype(float) - low) / (high - low) * 65535
    np.testing.assert_array_equal(restored.round(), pixels.transpose(2, 0, 1))
    assert abs(restored - restored.round()).max() < 0.05


@pytest.mark.parametrize("ends", [(0, 1), (-1, 1), (0, 255)])
def test_16_bits_and_8_bits_mean_the_same(tmp_path, ends):
    grey = np.arange(256, dtype="uint16").reshape(16, 16, 1)
    (tmp_path / "a.png").write_bytes(deep_png(257 * grey))
    images = load(tmp_path, range=ends).images
    low, high = ends
    expected = low + (high - low) * (grey[None, ..., 0] / 255)
    np.testing.assert_allclose(images[0], expected, rtol=0, atol=3e-7 * high)
    assert images.min() == low and images.max() == high  # exactly


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("packed", [False, True])
def test_orientation_of_16_bits_in_colour(tmp_path, orientation, packed):
    pixels = RNG.integers(0, 65536, (4, 6, 3)).astype("uint16")
    content = tiff(pixels, packed=packed, orientation=orientation)
    (tmp_path / "a.tif").write_bytes(content)
    with Image.open(tmp_path / "a.tif") as image:
        high_bytes = np.asarray(image)  # Pillow turns TIFF files by itself
    images = (load(tmp_path).images[0].transpose(1, 2, 0) * 65535).round()
    np.testing.assert_array_equal(images.astype(int) >> 8, high_bytes)


@pytest.mark.parametrize("packed", [False, True])
def test_tiff_of_8_bits(tmp_path, packed):
    (tmp_path / "a.TIF").write_bytes(tiff(COLOURS, packed=packed))
    images = load(tmp_path).images
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images[0], COLOURS.transpose(2, 0, 1))


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_of_floats_keeps_its_values(tmp_path, order):
    field = RNG.normal(size=(5, 7, 1)).astype("float32")
    (tmp_path / "a.tiff").write_bytes(tiff(field, order, kind=3))
    np.testing.assert_array_equal(load(tmp_path).images[0, 0], field[..., 0])


def test_tiff_of_floats_with_nan_is_named(tmp_path):
    field = np.full((2, 2, 1), np.nan, "float32")
    (tmp_path / "a.tiff").write_bytes(tiff(field, kind=3))
    with pytest.raises(UserError, match="a.tiff holds NaN"):
        load(tmp_path)


GREY_16 = np.full((2, 3, 1), 1000, "uint16")


@pytest.mark.parametrize(
    "content",
    [
        deep_png(np.full((2, 3, 2), 1000, "uint16")),
        tiff(GREY_16.astype("int16"), kind=2),
        tiff(GREY_16.astype("int32"), kind=2),
        tiff(GREY_16.astype("uint32")),
        tiff(GREY_16, photometric=0),
        tiff(GREY_16.astype("float32"), photometric=0, kind=3),
        tiff(np.repeat(GREY_16, 3, 2), planar=True),
        tiff(np.repeat(GREY_16, 3, 2), planar=True, packed=True),
        tiff(np.repeat(GREY_16, 4, 2), photometric=5),
    ],
    ids="grey+alpha int16 int32 uint32 inverse inverse_float planes zip_planes cmyk".split(),
)
def test_what_pillow_would_read_with_loss_is_refused(tmp_path, content):
    (tmp_path / "deep.png").write_bytes(content)
    with pytest.raises(UserError, match="deep.png .*(npz|cannot be read)"):
        load(tmp_path)


def test_bits_are_not_mixed(tmp_path):
    Image.fromarray(COLOURS[..., 0]).save(tmp_path / "a.png")
    pixels = np.zeros((4, 6, 1), "uint16")
    (tmp_path / "b.png").write_bytes(deep_png(pixels))
    with pytest.raises(UserError, match="b.png has pixels of uint16 but .*a.png"):
        load(tmp_path, channels=1)


@pytest.mark.parametrize("kind", ["tiff", "png", "webp"])
def test_several_pictures_in_a_file_are_refused(tmp_path, kind):
    frames = [Image.fromarray(np.full((4, 4, 3), i * 80, "uint8")) for i in range(3)]
    path = tmp_path / f"a.{kind}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    with pytest.raises(UserError, match=f"a.{kind} holds 3 pictures; save each"):
        load(tmp_path)


def test_a_photo_with_its_preview_is_one_picture(tmp_path):
    photo, preview = Image.fromarray(COLOURS), Image.fromarray(COLOURS[:2, :2])
    photo.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[preview])
    with Image.open(tmp_path / "a.jpg") as image:
        assert (image.format, image.n_frames) == ("MPO", 2)
    assert load(tmp_path).image_shape == [3, 4, 6]


@pytest.mark.parametrize("packed", [False, True])
@given(data=st.data())
@QUICK
def test_a_damaged_tiff_is_read_or_named(tmp_path, packed, data):
    content = bytearray(
        tiff(RNG.integers(0, 65536, (4, 4, 3)).astype("u2"), packed=packed)
    )
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.sampled_from([len(content), len(content) // 2, 9, 200]))
    (tmp_path / "a.tif").write_bytes(content[:end])
    try:
        images = load(tmp_path).images
    except UserError as error:
        assert "a.tif" in str(error)
    else:
        assert np.isfinite(images).all()


def test_a_photo_may_be_large_where_it_is_resized(tmp_path):
    Image.new("RGB", (5000, 10), (9, 8, 7)).save(tmp_path / "a.jpg", quality=100)
    with pytest.raises(UserError, match=r"a.jpg is 5000x10 .*resize=\[H, W\]"):
        load(tmp_path)
    images = load(tmp_path, resize=[8, 8]).images
    assert images.shape == (1, 3, 8, 8)
    assert abs(images[0].reshape(3, -1).T.astype(int) - [9, 8, 7]).max() <= 1


def test_absurd_sizes_are_refused_before_they_are_unpacked(tmp_path, monkeypatch):
    Image.new("1", (9000, 9000)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image.Image, "convert", None)
    with pytest.raises(
        UserError, match="a.png is 9000x9000 pixels .* at most 67108864"
    ):
        load(tmp_path, resize=[8, 8])


def test_a_large_photo_is_averaged_as_pillow_does(tmp_path):
    rough = RNG.integers(0, 256, (75, 100, 3)).astype("uint8")
    photo = Image.fromarray(rough).resize((1600, 1200), Image.Resampling.BICUBIC)
    photo.save(tmp_path / "a.jpg", quality=95)
    images = load(tmp_path, resize=[24, 32]).images
    with Image.open(tmp_path / "a.jpg") as image:
        whole = image.resize((32, 24), Image.Resampling.BICUBIC)
    difference = images[0].transpose(1, 2, 0).astype(int) - np.asarray(whole)
    assert abs(difference).max() <= 6 and abs(difference).mean() < 1
