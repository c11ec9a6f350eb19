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
import paddle
import pytest

from ppsci_ext.data import IMAGE_DATA
from ppsci_ext.data import ImageDataset
from ppsci_ext.data import ImageReading
from ppsci_ext.data import ImageSource
from ppsci_ext.data import load_images
from ppsci_ext.data import read_images
from ppsci_ext.data import transform
from ppsci_ext.utils.errors import UserError

PIXELS = np.arange(4 * 3 * 2 * 2, dtype="uint8").reshape(4, 3, 2, 2)
LABELS = np.array([0, 2, 1, 2])


def test_items_with_labels():
    dataset = ImageDataset(PIXELS, LABELS, 5, "mine")
    image, label = dataset[1]
    assert len(dataset) == 4
    assert dataset.image_shape == [3, 2, 2]
    assert (dataset.num_classes, dataset.name) == (5, "mine")
    np.testing.assert_array_equal(image, PIXELS[1])
    assert label == 2


def test_items_without_labels():
    dataset = ImageDataset(PIXELS.astype("float32"))
    assert dataset.num_classes == 0
    assert dataset.labels is None
    np.testing.assert_array_equal(dataset[3], PIXELS[3])


def test_classes_are_counted_if_not_given():
    assert ImageDataset(PIXELS, LABELS).num_classes == 3


def test_some_images_are_the_same_ones_with_their_labels():
    labels = np.arange(30) % 3
    images = np.arange(30, dtype="uint8").reshape(30, 1, 1, 1)
    dataset = ImageDataset(images, labels, 5, "mine", ["a", "b", "c", "d", "e"])
    some = dataset.some(9)
    chosen = some.images.ravel()
    assert len(set(chosen)) == 9 and chosen.tolist() != list(range(9))
    np.testing.assert_array_equal(some.labels, labels[chosen])
    assert (some.num_classes, some.class_names) == (5, dataset.class_names)
    assert some.digest == dataset.some(9).digest != dataset.some(8).digest
    assert dataset.some(30).digest == dataset.digest
    with pytest.raises(UserError, match="31 images are wanted of 30"):
        dataset.some(31)


def test_array_is_not_copied():
    assert ImageDataset(PIXELS).images is PIXELS


def test_works_in_a_data_loader():
    loader = paddle.io.DataLoader(ImageDataset(PIXELS, LABELS), batch_size=4)
    images, labels = next(iter(loader))
    np.testing.assert_array_equal(images.numpy(), PIXELS)
    np.testing.assert_array_equal(labels.numpy(), LABELS)


@pytest.mark.parametrize(
    "images, labels, num_classes, message",
    [
        (PIXELS[0], None, None, r"\[N, C, H, W\]"),
        (PIXELS[:0], None, None, "at least one"),
        (PIXELS.astype("int32"), None, None, "int32"),
        (PIXELS.astype("float64"), None, None, "float64"),
        (PIXELS.tolist(), None, None, "list"),
        (np.full((1, 1, 2, 2), np.nan, "float32"), None, None, "NaN"),
        (np.full((1, 1, 2, 2), np.inf, "float32"), None, None, "infinite"),
        (PIXELS, LABELS[:3], None, "do not fit 4 images"),
        (PIXELS, LABELS.astype("float32"), None, "int64"),
        (PIXELS, LABELS - 1, None, "negative"),
        (PIXELS, LABELS, 2, r"0\.\.1"),
        (PIXELS, None, 3, "no labels"),
    ],
)
def test_wrong_arrays_are_refused(images, labels, num_classes, message):
    with pytest.raises(UserError, match=message) as caught:
        ImageDataset(images, labels, num_classes, "photos")
    assert "photos" in str(caught.value)


@pytest.mark.parametrize(
    "name, nearest", [("minst", "mnist"), ("CIFAR-10", "cifar10"), (None, "")]
)
def test_unknown_name_gives_nearest_and_all(name, nearest, tmp_path):
    with pytest.raises(UserError, match=f"did you mean '{nearest}") as caught:
        load_images(name, str(tmp_path), "train")
    assert "mnist, cifar10, npz, folder" in str(caught.value)


def test_unknown_split(tmp_path):
    with pytest.raises(UserError, match="did you mean 'test'"):
        load_images("mnist", str(tmp_path), "tset")


def test_own_data_are_loaded_and_test_split_may_be_absent(tmp_path):
    np.savez(tmp_path / "train.npz", images=PIXELS, labels=LABELS)
    dataset = load_images("npz", str(tmp_path), "train")
    assert (len(dataset), dataset.num_classes) == (4, 3)
    assert load_images("npz", str(tmp_path), "test") is None


def test_error_in_own_data_names_where_they_are(tmp_path):
    path = tmp_path / "fields.npz"
    np.savez(path, images=np.full((2, 4, 4), np.nan))
    with pytest.raises(UserError, match="fields.npz.*NaN"):
        load_images("npz", str(path), "train")


def test_home_folder_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    np.savez(tmp_path / "train.npz", images=PIXELS)
    assert len(load_images("npz", "~", "train")) == 4


def test_own_data_cannot_be_downloaded(tmp_path):
    with pytest.raises(UserError, match="download=false"):
        load_images("folder", str(tmp_path), "train", download=True)


# a data set of one's own: one row


def read_boards(root, split, download, reading):
    """Black and white boards, 8x8, of two kinds."""
    black = (np.indices((8, 8)).sum(0) % 2 * 255).astype("uint8")
    images = np.stack([black, 255 - black, black])[:, None]
    labels = np.array([0, 1, 0] if split == "train" else [1, 1, 1])
    return images, labels


@pytest.fixture
def boards(monkeypatch):
    def register(read=read_boards, **row):
        monkeypatch.setitem(IMAGE_DATA, "boards", ImageSource(read, "boards", **row))

    return register


def test_a_row_more_is_a_data_set_more(boards):
    boards(num_classes=2)
    data = load_images("boards", "", "train")
    assert (data.image_shape, data.num_classes, len(data)) == ([1, 8, 8], 2, 3)
    with pytest.raises(UserError, match="mnist, cifar10, npz, folder, boards"):
        load_images("bords", "", "train")
    with pytest.raises(UserError, match="'boards' cannot be downloaded"):
        load_images("boards", "", "train", download=True)


def test_a_row_more_obeys_what_is_asked_for(boards):
    boards()
    reading = ImageReading(resize=[4, 6], channels=3)
    data = load_images("boards", "", "train", reading=reading)
    assert data.images.shape == (3, 3, 4, 6)


def test_a_row_without_a_test_split(boards):
    boards(splits=("train",))
    assert load_images("boards", "", "test") is None


@pytest.mark.parametrize("relabel", [False, True])
def test_classes_of_a_row_are_those_of_its_training_images(boards, relabel):
    boards()
    reading = ImageReading(relabel=relabel)
    data = load_images("boards", "", "test", reading=reading)
    assert (data.num_classes, data.labels.tolist()) == (2, [1, 1, 1])


def test_gaps_in_the_labels_of_a_row(boards):
    def read(*arguments):
        images, labels = read_boards(*arguments)
        return images, 2 * labels + 1

    boards(read)
    for split in ("train", "test"):
        with pytest.raises(UserError, match="classes 0, 2 have no training image"):
            load_images("boards", "", split)
    reading = ImageReading(relabel=True)
    data = load_images("boards", "", "test", reading=reading)
    assert (data.class_names, data.labels.tolist()) == (("1", "3"), [1, 1, 1])


@pytest.mark.parametrize(
    "wrong", [np.zeros((3, 8, 8)), np.zeros((3, 8), "uint8"), None]
)
def test_what_a_row_must_not_return(boards, wrong):
    boards(lambda *_: (wrong, None))
    with pytest.raises(UserError, match=r"some place \(train\): images must"):
        load_images("boards", "some place", "train")


def test_every_row_says_what_it_is():
    assert [name for name, row in IMAGE_DATA.items() if row.downloadable] == [
        "mnist",
        "cifar10",
    ]
    assert all(
        row.description and row.splits[0] == "train" for row in IMAGE_DATA.values()
    )


# floats and the range of the networks


@pytest.mark.parametrize(
    "ends, fitting", [((-1, 1), "[0, 255]"), ((0, 255), "[-1, 1]")]
)
def test_floats_outside_of_the_range_are_refused(tmp_path, ends, fitting):
    low, high = (0, 255) if ends == (-1, 1) else (-1, 1)
    np.savez(tmp_path / "a.npz", images=np.linspace(low, high, 48).reshape(3, 4, 4))
    reading = ImageReading(range=ends)
    for read in (
        lambda: load_images("npz", f"{tmp_path}/a.npz", "train", reading=reading),
        lambda: read_images(f"{tmp_path}/a.npz", reading),
    ):
        with pytest.raises(UserError) as caught:
            read()
        for part in ("a.npz", f"from {low} to {high}", fitting):
            assert part in str(caught.value)


def test_floats_that_use_half_of_the_range_are_warned_of(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(transform.logger, "warning", lines.append)
    np.savez(tmp_path / "a.npz", images=np.linspace(0, 1, 48).reshape(3, 4, 4))
    reading = ImageReading(range=(-1, 1))
    data = load_images("npz", f"{tmp_path}/a.npz", "train", reading=reading)
    assert data.images.max() == 1 and len(lines) == 1 and "a.npz" in lines[0]


@pytest.mark.parametrize("ends", [None, (0, 1), (-1, 1)])
@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
def test_npz_of_16_bits(tmp_path, ends, dtype):
    pixels = np.array([0, 257 * 7, 65535], dtype).reshape(3, 1, 1)
    np.savez(tmp_path / "a.npz", images=pixels)
    reading = ImageReading(range=ends)
    low, high = ends or (0, 1)
    expected = np.array([low, low + (high - low) * 7 / 255, high]).reshape(3, 1, 1, 1)
    for images in (
        load_images("npz", f"{tmp_path}/a.npz", "train", reading=reading).images,
        read_images(f"{tmp_path}/a.npz", reading),
    ):
        assert images.dtype == np.float32
        np.testing.assert_allclose(images, expected, rtol=0, atol=2e-7)


def test_resized_floats_stay_in_their_range(tmp_path):
    board = (np.indices((9, 9)).sum(0) % 2).astype("float32")
    np.savez(tmp_path / "a.npz", images=board[None])
    reading = ImageReading(
        resize=(32, 32), range=(0, 1)
    )  # edges, where filters overshoot
    data = load_images("npz", f"{tmp_path}/a.npz", "train", reading=reading)
    assert data.images.min() >= 0 and data.images.max() <= 1


@pytest.mark.parametrize("channels, expected", [(3, 3), (1, 1), (4, 4), (None, 4)])
def test_rgba_arrays(tmp_path, channels, expected):
    pixels = np.zeros((2, 16, 16, 4), "uint8")
    pixels[..., 0], pixels[:, :8, :, 3] = 200, 255
    np.savez(tmp_path / "a.npz", images=pixels)
    background = 50 if channels in (1, 3) else None
    reading = ImageReading(channels=channels, background=background)
    data = load_images("npz", f"{tmp_path}/a.npz", "train", reading=reading)
    assert data.image_shape == [expected, 16, 16]
    if channels == 3:
        assert data.images[0, :, 0, 0].tolist() == [200, 0, 0]
        assert data.images[0, :, 15, 0].tolist() == [50, 50, 50]
