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

import io
import itertools
import os
import struct

import numpy as np
import pytest
from PIL import Image

from ppsci_ext.data.fields import FieldCrops
from ppsci_ext.data.fields import load_crops
from ppsci_ext.data.fields import read_fields
from ppsci_ext.utils.errors import UserError


def rng(seed=0):
    return np.random.default_rng(seed)


def numbered(*shape):
    """A field in which every window is to be recognised by its values."""
    return np.arange(np.prod(shape), dtype=np.float64).reshape(1, 1, *shape)


def test_crops_are_windows_from_everywhere():
    data = numbered(5, 6)
    crops = FieldCrops(data, (3, 2)).sample(2000, rng())
    assert crops.dtype == np.float32 and crops.shape == (2000, 1, 3, 2)
    windows = {
        data[0, 0, i : i + 3, j : j + 2].tobytes() for i in range(3) for j in range(5)
    }
    found = [crop.astype(np.float64).tobytes() for crop in crops]
    assert set(found) == windows
    counts = np.array([found.count(window) for window in windows])
    assert abs(counts - 2000 / 15).max() < 5 * np.sqrt(2000 / 15)


def test_periodic_axes_only_wrap():
    data = numbered(5, 6)
    crops = FieldCrops(data, (3, 2), periodic=(1,)).sample(2000, rng())
    wrapped = np.concatenate([data, data[..., :1]], axis=3)[0, 0]
    windows = {
        wrapped[i : i + 3, j : j + 2].tobytes() for i in range(3) for j in range(6)
    }
    assert {crop.astype(np.float64).tobytes() for crop in crops} == windows


@pytest.mark.parametrize(
    "crop, isotropic, expected",
    [
        ((3, 3), (), 1),
        ((3, 3), (1,), 2),
        ((3, 3), (0, 1), 8),
        ((3, 2), (0, 1), 4),
        ((2, 2, 2), (0, 1, 2), 48),
        ((2, 2, 2), (1, 2), 8),
        ((2, 3, 2), (0, 1, 2), 16),
    ],
)
def test_symmetries(crop, isotropic, expected):
    """As many different crops from one window as its group has elements."""
    data = rng(1).random((1, 2, *crop))
    crops = FieldCrops(data, crop, isotropic=isotropic).sample(3000, rng())
    different, counts = np.unique(crops.reshape(3000, -1), axis=0, return_counts=True)
    assert len(different) == expected
    assert abs(counts - 3000 / expected).max() < 5 * np.sqrt(3000 / expected)
    # both channels are turned alike: a pixel's two values stay together
    pairs = {tuple(p) for p in data.astype(np.float32).reshape(2, -1).T}
    assert {tuple(p) for p in crops[17].reshape(2, -1).T} == pairs


def test_grid_covers_without_overlap():
    crops = FieldCrops(numbered(7, 6), (3, 2)).grid()
    assert crops.shape == (6, 1, 3, 2)
    assert len(np.unique(crops)) == 36


def test_facies():
    data = np.array([[0, 7, 7, 3], [3, 0, 7, 7]])[np.newaxis, np.newaxis]
    source = FieldCrops(data, (2, 4), facies=(0, 3, 7))
    crop = source.sample(1, rng())[0]
    assert source.channels == 3 and source.transform.output == "softmax"
    np.testing.assert_array_equal(crop.argmax(axis=0), [[0, 2, 2, 1], [1, 0, 2, 2]])
    np.testing.assert_array_equal(crop.sum(axis=0), 1)
    two = FieldCrops(
        np.where(data == 7, 255, 0).astype(np.uint8), (2, 4), facies=(0, 255)
    )
    assert two.channels == 1 and two.transform.output == "tanh"
    np.testing.assert_array_equal(two.sample(1, rng())[0, 0], data[0, 0] == 7)


@pytest.mark.parametrize("shape, crop", [((40, 8), (8, 8)), ((8, 6, 30), (4, 4, 4))])
def test_training_and_held_out_share_no_pixel(tmp_path, shape, crop):
    np.save(tmp_path / "volume.npy", numbered(*shape)[0, 0])
    periodic = range(len(shape))
    train, test = load_crops(str(tmp_path / "volume.npy"), crop, periodic=periodic)
    seen, held = (set(np.unique(part.sample(2000, rng()))) for part in (train, test))
    assert not seen & held
    assert len(seen) + len(held) == np.prod(shape)
    assert train.transform == test.transform


def test_several_fields_are_divided_by_number(tmp_path):
    np.savez(tmp_path / "images.npz", images=numbered(10, 6, 6)[0, 0])
    train, test = load_crops(str(tmp_path / "images.npz"), (6, 6), held_out=0.3)
    assert (len(train.grid()), len(test.grid())) == (7, 3)


def test_transform_is_fitted_in_parts(monkeypatch):
    monkeypatch.setattr("ppsci_ext.data.fields.crops._BLOCK", 7)
    data = rng().normal(5, 2, (3, 2, 4, 5)) * np.array([1, 10]).reshape(2, 1, 1)
    transform = FieldCrops(data, (2, 2)).transform
    np.testing.assert_allclose(transform.shift, data.mean(axis=(0, 2, 3)))
    np.testing.assert_allclose(transform.scale, data.std(axis=(0, 2, 3)))


def test_npy_stays_on_the_disk(tmp_path):
    np.save(tmp_path / "big.npy", np.asfortranarray(numbered(4, 5, 6)[0, 0]))
    fields = read_fields(str(tmp_path / "big.npy"), 3)
    assert isinstance(fields.base, np.memmap) or isinstance(fields, np.memmap)
    np.testing.assert_array_equal(fields, numbered(4, 5, 6))


@pytest.mark.parametrize(
    "mode, dtype",
    [("L", np.uint8), ("I;16", np.uint16), ("F", np.float32), ("1", bool)],
)
def test_tiff_stack(tmp_path, mode, dtype):
    pages = rng().integers(0, 2 if mode == "1" else 200, (3, 5, 4)).astype(dtype)
    images = [Image.fromarray(page) for page in pages]
    assert images[0].mode == mode
    path = str(tmp_path / "stack.tif")
    images[0].save(path, save_all=True, append_images=images[1:])
    np.testing.assert_array_equal(read_fields(path, 3), pages[None, None])
    np.testing.assert_array_equal(read_fields(path, 2), pages[:, None])


def test_colours_are_channels(tmp_path):
    pixels = rng().integers(0, 256, (6, 5, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "one.png")
    np.testing.assert_array_equal(
        read_fields(str(tmp_path / "one.png"), 2)[0], pixels.transpose(2, 0, 1)
    )


NOISE = rng().random((1, 1, 8, 8))
FACIES = rng().integers(0, 3, (1, 1, 8, 8))


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: FieldCrops(NOISE, (9, 8)), "does not fit into"),
        (lambda: FieldCrops(NOISE, (0, 8)), "does not fit into"),
        (lambda: FieldCrops(NOISE, (4, 4, 4)), "one size for each"),
        (
            lambda: FieldCrops(np.where(NOISE < 0.5, np.nan, NOISE), (4, 4)),
            "NaN or infinite",
        ),
        (lambda: FieldCrops(NOISE * 1e300, (4, 4)), "NaN or infinite"),
        (lambda: FieldCrops(0 * NOISE + 3, (4, 4)), "is constant, 3"),
        (lambda: FieldCrops(FACIES, (4, 4), facies=(1,)), "has 1 facies"),
        (lambda: FieldCrops(0 * FACIES, (4, 4), facies=(0, 1)), "no pixel of facies"),
        (lambda: FieldCrops(FACIES, (4, 4), facies=(0, 1)), "none of the facies"),
        (lambda: FieldCrops(NOISE, (4, 4), periodic=(2,)), "no axis 2"),
        (lambda: FieldCrops(NOISE, (4, 4), isotropic=(-1,)), "no axis -1"),
    ],
)
def test_bad_data(make, words):
    with pytest.raises(UserError, match=words) as error:
        make()
    assert str(error.value).count("\n") == 0


@pytest.mark.parametrize(
    "array, crop, options, words",
    [
        (NOISE[0, 0], (9, 9), {}, "does not fit into"),
        (NOISE[0, 0], (4, 4), {}, "too few for a crop"),
        (NOISE[0, 0], (4, 4), {"held_out": 1.0}, "between 0 and 1"),
        (NOISE[0, 0], (4, 4), {"facies": True, "held_out": 0.5}, "more than 16 values"),
        (np.zeros((16, 4), int), (4, 4), {"facies": True, "held_out": 0.5}, "1 facies"),
        (NOISE[0, 0, 0], (4, 4), {}, r"has shape \[8\]"),
        (NOISE[0, 0].astype(complex), (4, 4), {}, "of type complex128"),
    ],
)
def test_bad_files(tmp_path, array, crop, options, words):
    np.save(tmp_path / "data.npy", array)
    with pytest.raises(UserError, match=words):
        load_crops(str(tmp_path / "data.npy"), crop, **options)


def npy_header(text):
    body = text.encode() + b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(body)) + body


HEADER = "{'descr': '%s', 'fortran_order': False, 'shape': %s}"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"PK\x03\x04",
        npy_header(HEADER % ("<f8", "(4, 4)")),
        npy_header(HEADER % ("<f8", "(4, 4)")) + b"\0" * 129,
        npy_header(HEADER % ("<f8", f"({1 << 60}, {1 << 60})")) + b"\0" * 64,
        npy_header(HEADER % ("<f8", "(-4, -2)")) + b"\0" * 64,
        npy_header(HEADER % ("<f8", "(True, 8)")) + b"\0" * 64,
        npy_header(HEADER % ("<f8", "(0, 8)")),
        npy_header(HEADER % ("|O", "(4, 2)")) + b"\0" * 64,
        npy_header(HEADER % ("<f8", "x")) + b"\0" * 64,
        npy_header("(" * 3000) + b"\0" * 64,
    ],
)
def test_hostile_npy(tmp_path, content):
    path = tmp_path / "bad.npy"
    path.write_bytes(content)
    with pytest.raises(UserError, match="bad.npy: cannot read an array"):
        read_fields(str(path), 2)


def tiff_bytes():
    stream = io.BytesIO()
    pages = [
        Image.fromarray(page) for page in rng().integers(0, 255, (3, 9, 7), np.uint8)
    ]
    pages[0].save(stream, "TIFF", save_all=True, append_images=pages[1:])
    return stream.getvalue()


@pytest.mark.filterwarnings(
    "ignore:Corrupt EXIF", "ignore:Metadata", "ignore:Truncated"
)
def test_damaged_tiff_is_refused_or_read(tmp_path):
    whole, path = tiff_bytes(), tmp_path / "bad.tif"
    changed = rng()
    for cut in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[changed.integers(len(whole))] ^= 1 << changed.integers(8)
        for content in (whole[:cut], bytes(damaged)):
            path.write_bytes(content)
            try:
                assert read_fields(str(path), 2).ndim == 4
            except UserError as error:
                assert "bad.tif" in str(error)


def test_pages_of_different_sizes(tmp_path):
    pages = [Image.fromarray(np.zeros((4, side), np.uint8)) for side in (4, 5)]
    pages[0].save(tmp_path / "two.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(UserError, match="page 2 differs"):
        read_fields(str(tmp_path / "two.tif"), 3)


@pytest.mark.parametrize("name", ["none.npy", "text.txt", "empty.npz"])
def test_other_files(tmp_path, name):
    if name != "none.npy":
        np.savez(tmp_path / "empty.npz", x=np.zeros(3))
        (tmp_path / "text.txt").write_text("x")
    with pytest.raises(UserError, match=name):
        read_fields(str(tmp_path / name), 2)


ROCKS = {"berea": (400, 0.1965), "ketton": (256, 0.1269)}


@pytest.mark.parametrize("rock", ROCKS)
def test_rock(real_data, tmp_path, rock):
    file = f"{real_data}/fields/{rock}.npz"
    if not os.path.isfile(file):
        pytest.skip(f"WGAN_GP_TEST_DATA has no fields/{rock}.npz")
    size, porosity = ROCKS[rock]
    packed = np.load(file)
    shape = tuple(packed["shape"])
    volume = np.unpackbits(packed["bits"], count=int(np.prod(shape))).reshape(shape)
    assert shape == (size,) * 3
    np.save(tmp_path / "volume.npy", volume[:, :128, :128])
    train, test = load_crops(
        str(tmp_path / "volume.npy"),
        (64,) * 3,
        facies=True,
        isotropic=(0, 1, 2),
        held_out=0.25,
    )
    grids = [part.grid() for part in (train, test)]
    assert abs(np.concatenate(grids).mean() - porosity) < 0.04
    crops = train.sample(8, rng())
    assert set(np.unique(crops)) == {0, 1} and abs(crops.mean() - porosity) < 0.06


def test_facies_of_the_braided_river(real_data):
    path = f"{real_data}/fields/braided_river_400.png"
    if not os.path.isfile(path):
        pytest.skip("WGAN_GP_TEST_DATA has no fields/braided_river_400.png")
    train, test = load_crops(path, (64, 64), facies=True)
    for part in (train, test):
        crops = part.sample(4, rng())
        assert crops.shape == (4, 3, 64, 64) and (crops.sum(axis=1) == 1).all()
    pixels = np.asarray(Image.open(path))
    shares = [(pixels == value).mean() for value in (0, 128, 255)]
    found = train.grid().mean(axis=(0, 2, 3))
    np.testing.assert_allclose(found, shares, atol=0.1)
    assert all(a != b for a, b in itertools.combinations(found, 2))
