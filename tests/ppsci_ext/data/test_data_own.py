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

import os

import numpy as np
import pytest
from PIL import Image

from ppsci_ext.data import load_images
from ppsci_ext.utils.errors import UserError

RNG = np.random.default_rng(0)


def save_image(path, size=(6, 4), mode="RGB", value=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], 3)
    pixels = RNG.integers(0, 256, shape) if value is None else np.full(shape, value)
    image = Image.fromarray(pixels.astype("uint8"))
    (image if image.mode == mode else image.convert(mode)).save(path)
    return pixels


@pytest.mark.parametrize(
    "shape, result",
    [
        ((5, 8, 6), (5, 1, 8, 6)),
        ((5, 8, 6, 3), (5, 3, 8, 6)),
        ((5, 8, 6, 1), (5, 1, 8, 6)),
        ((5, 3, 8, 6), (5, 3, 8, 6)),
        ((5, 1, 8, 6), (5, 1, 8, 6)),
        ((5, 4, 8, 6), (5, 4, 8, 6)),
    ],
)
def test_npz_layouts(tmp_path, shape, result):
    images = RNG.integers(0, 256, shape).astype("uint8")
    np.savez(tmp_path / "a.npz", images=images)
    dataset = load_images("npz", str(tmp_path / "a.npz"), "train")
    assert dataset.images.shape == result
    assert dataset.images.dtype == np.uint8
    if len(shape) == 4 and shape[3] in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(dataset.images, images.reshape(result))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_npz_floats_keep_their_values(tmp_path, dtype):
    images = np.linspace(-3, 7, 32).reshape(2, 1, 4, 4).astype(dtype)
    np.savez_compressed(tmp_path / "a.npz", images=images)
    dataset = load_images("npz", str(tmp_path / "a.npz"), "train")
    assert dataset.images.dtype == np.float32
    np.testing.assert_allclose(dataset.images, images, rtol=1e-7)


def test_npz_splits_and_classes(tmp_path):
    for split, labels in (("train", [0, 4]), ("test", [1, 2])):
        images = np.zeros((2, 4, 4), "uint8")
        np.savez(tmp_path / f"{split}.npz", images=images, labels=np.uint8(labels))
    train = load_images("npz", str(tmp_path), "train")
    test = load_images("npz", str(tmp_path), "test")
    assert train.labels.tolist() == [0, 4]
    assert test.labels.tolist() == [1, 2]
    assert train.num_classes == test.num_classes == 5


def test_npz_single_file_has_no_test_split(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.zeros((2, 4, 4), "uint8"))
    assert load_images("npz", str(tmp_path / "a.npz"), "test") is None


IMAGES = np.zeros((3, 4, 4), "uint8")


@pytest.mark.parametrize(
    "arrays, message",
    [
        ({"pictures": IMAGES}, "no array 'images'"),
        ({"images": IMAGES[0]}, r"shape \[4, 4\]"),
        ({"images": IMAGES.astype("int32")}, "int32"),
        ({"images": IMAGES.astype("complex64")}, "complex64"),
        ({"images": IMAGES[:0]}, "at least one"),
        ({"images": np.full((1, 4, 4), 1e300)}, "infinite"),
        ({"images": np.array([IMAGES, None], dtype=object)}, "cannot read 'images'"),
        ({"images": IMAGES, "labels": np.zeros(2, int)}, "do not fit 3 images"),
        ({"images": IMAGES, "labels": np.zeros(3)}, "float64"),
        ({"images": IMAGES, "labels": np.zeros((3, 1), int)}, r"\[3, 1\]"),
        ({"images": IMAGES, "labels": np.array([0, -1, 2])}, "negative"),
    ],
)
def test_npz_wrong_arrays(tmp_path, arrays, message):
    np.savez(tmp_path / "mine.npz", **arrays)
    with pytest.raises(UserError, match=message) as caught:
        load_images("npz", str(tmp_path / "mine.npz"), "train")
    assert "mine.npz" in str(caught.value)


def test_npz_damaged_at_any_place(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez_compressed(path, images=RNG.integers(0, 256, (3, 4, 4)).astype("uint8"))
    content = path.read_bytes()
    damaged = [content[:end] for end in range(len(content))]
    damaged += [b"not a zip file", b"\x93NUMPY" + content]
    for data in damaged:
        path.write_bytes(data)
        with pytest.raises(UserError, match="mine.npz"):
            load_images("npz", str(path), "train")


def test_npy_file_is_no_npz_file(tmp_path):
    np.save(tmp_path / "mine.npy", IMAGES)
    with pytest.raises(UserError, match="numpy.savez"):
        load_images("npz", str(tmp_path / "mine.npy"), "train")


def test_npz_missing(tmp_path):
    with pytest.raises(UserError, match="train.npz"):
        load_images("npz", str(tmp_path / "nowhere"), "train")


def test_npz_labels_in_one_split_only(tmp_path):
    np.savez(tmp_path / "train.npz", images=IMAGES, labels=np.arange(3))
    np.savez(tmp_path / "test.npz", images=IMAGES)
    with pytest.raises(UserError, match="in both or in neither"):
        load_images("npz", str(tmp_path), "train")


def test_folder_without_classes(tmp_path):
    second = save_image(tmp_path / "b.PNG")
    first = save_image(tmp_path / "a.bmp")
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / ".hidden.png").write_text("not an image")
    dataset = load_images("folder", str(tmp_path), "train")
    assert dataset.labels is None
    expected = np.stack([first, second]).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(dataset.images, expected)
    assert load_images("folder", str(tmp_path), "test") is None


def test_folder_of_grey_images_has_one_channel(tmp_path):
    pixels = save_image(tmp_path / "a.png", mode="L")
    dataset = load_images("folder", str(tmp_path), "train")
    np.testing.assert_array_equal(dataset.images, pixels[None, None])


@pytest.mark.parametrize("mode, channels", [("1", 1), ("LA", 1), ("P", 3), ("RGBA", 3)])
def test_folder_other_modes(tmp_path, mode, channels):
    save_image(tmp_path / "a.png", mode=mode)
    dataset = load_images("folder", str(tmp_path), "train")
    assert dataset.image_shape == [channels, 4, 6]


@pytest.mark.parametrize("extension", ["jpg", "jpeg", "webp"])
def test_folder_lossy_formats(tmp_path, extension):
    save_image(tmp_path / f"a.{extension}", value=100)
    dataset = load_images("folder", str(tmp_path), "train")
    assert abs(dataset.images.astype(int) - 100).max() < 5


def test_folder_with_classes(tmp_path):
    for value, name in enumerate(["zebra/1.png", "ant/1.png", "ant/2.png"]):
        save_image(tmp_path / name, value=value)
    (tmp_path / "empty").mkdir()
    (tmp_path / ".git").mkdir()
    dataset = load_images("folder", str(tmp_path), "train")
    assert dataset.images[:, 0, 0, 0].tolist() == [1, 2, 0]
    assert dataset.labels.tolist() == [0, 0, 1]
    assert dataset.num_classes == 2


def test_folder_with_splits(tmp_path):
    for name in ("train/a/1.png", "train/b/1.png", "train/c/1.png", "test/c/1.png"):
        save_image(tmp_path / name)
    train = load_images("folder", str(tmp_path), "train")
    test = load_images("folder", str(tmp_path), "test")
    assert (train.labels.tolist(), train.num_classes) == ([0, 1, 2], 3)
    assert (test.labels.tolist(), test.num_classes) == ([2], 3)


def test_folder_test_class_unknown_in_training(tmp_path):
    for name in ("train/a/1.png", "test/b/1.png"):
        save_image(tmp_path / name)
    with pytest.raises(UserError, match="test/b is no class"):
        load_images("folder", str(tmp_path), "test")


@pytest.mark.parametrize(
    "other, message",
    [
        ({"size": (6, 5)}, "b.png is 6x5 .* but .*a.png is 6x4"),
        ({"mode": "L"}, "b.png is .* mode L but .*a.png is .* mode RGB"),
    ],
)
def test_folder_images_must_agree(tmp_path, other, message):
    save_image(tmp_path / "a.png")
    save_image(tmp_path / "b.png", **other)
    with pytest.raises(UserError, match=message):
        load_images("folder", str(tmp_path), "train")


@pytest.mark.parametrize("extension", ["png", "jpg", "bmp", "webp"])
def test_folder_corrupt_file_is_named(tmp_path, extension):
    path = tmp_path / f"bad.{extension}"
    save_image(path, size=(40, 40))
    content = path.read_bytes()
    for end in range(0, len(content) * 9 // 10, max(1, len(content) // 20)):
        path.write_bytes(content[:end])
        with pytest.raises(UserError, match=f"bad.{extension} cannot be read"):
            load_images("folder", str(tmp_path), "train")


def test_folder_16_bit_images_are_refused(tmp_path):
    Image.fromarray(np.full((4, 4), 1000, "uint16")).save(tmp_path / "deep.png")
    with pytest.raises(UserError, match="deep.png has pixels of mode I;16"):
        load_images("folder", str(tmp_path), "train")


def test_folder_without_images(tmp_path):
    with pytest.raises(UserError, match="holds no image file"):
        load_images("folder", str(tmp_path), "train")


def test_folder_missing(tmp_path):
    with pytest.raises(UserError, match="there is no folder"):
        load_images("folder", os.path.join(tmp_path, "nowhere"), "train")


def test_folder_with_images_and_classes(tmp_path):
    save_image(tmp_path / "a.png")
    save_image(tmp_path / "cats" / "b.png")
    with pytest.raises(UserError, match=r"a\.png.*cats"):
        load_images("folder", str(tmp_path), "train")
