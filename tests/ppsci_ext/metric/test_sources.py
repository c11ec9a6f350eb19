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

"""Images to score: which of them are taken, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ppsci.utils import logger
from ppsci_ext.metric.sources import DATA_SETS
from ppsci_ext.metric.sources import check_exists
from ppsci_ext.metric.sources import read_source
from ppsci_ext.utils.errors import UserError


def random_images(count, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, 8, 6), dtype=np.uint8)


def write_folder(folder, images):
    folder.mkdir(parents=True)
    for index, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{index:03d}.png")


def read(path, **options):
    return read_source(str(path), "nowhere", **options)


# ------------------------------------------------------------------- folders


@pytest.mark.parametrize(
    "names",
    [
        ("train", "test"),
        ("train", "val"),
        ("Train", "TEST"),
        ("valid", "train", "extras"),
        ("train",),
        ("test", "cats"),
        ("validation", "dogs"),
    ],
)
def test_a_folder_of_splits_is_not_scored_in_part(names, tmp_path):
    for name in names:
        write_folder(tmp_path / name, random_images(3))
    with pytest.raises(UserError, match="is divided into splits") as caught:
        read(tmp_path)
    splits = [n for n in sorted(names) if n not in ("extras", "cats", "dogs")]
    assert f"({', '.join(splits)})" in str(caught.value)
    assert f"for example {tmp_path / splits[0]}." in str(caught.value)
    found = read(tmp_path / splits[0])  # as it was told
    np.testing.assert_array_equal(found.pixels[:, 0], random_images(3))


def test_classes_within_a_split_that_was_named(tmp_path):
    for index, name in enumerate(("cats", "dogs")):
        write_folder(tmp_path / "train" / name, random_images(3, index))
        write_folder(tmp_path / "test" / name, random_images(3, 9))
    with pytest.raises(UserError, match="is divided into splits"):
        read(tmp_path)
    found = read(tmp_path / "train").pixels[:, 0]
    expected = np.concatenate([random_images(3, 0), random_images(3, 1)])
    np.testing.assert_array_equal(found, expected)


def test_folders_without_a_file_are_no_splits(tmp_path):
    write_folder(tmp_path / "images", random_images(3))
    (tmp_path / "images" / "train").mkdir()
    (tmp_path / "images" / "val" / "deep").mkdir(parents=True)
    (tmp_path / "images" / "val" / ".DS_Store").write_text("")
    assert len(read(tmp_path / "images").pixels) == 3


def test_pixels_are_taken_as_they_are_stored(tmp_path):
    """As torch-fidelity and pytorch-fid do: whatever orientation a camera has noted."""
    image = Image.fromarray(random_images(1)[0])
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned by a quarter
    (tmp_path / "images").mkdir()
    for index in range(2):
        image.save(tmp_path / "images" / f"{index}.png", exif=exif)
    found = read(tmp_path / "images").pixels
    np.testing.assert_array_equal(found[0, 0], random_images(1)[0])


# ------------------------------------------------------------------- labels


@pytest.mark.parametrize("dtype", ["int64", "uint8"])
def test_labels_of_a_file(dtype, tmp_path):
    labels = (np.arange(5) % 3).astype(dtype)
    np.savez(tmp_path / "samples.npz", samples=random_images(5), labels=labels)
    found = read(tmp_path / "samples.npz")
    np.testing.assert_array_equal(found.labels, labels)
    assert found.data_set is None and found.split == "all"


@pytest.mark.parametrize(
    "labels", [np.zeros(5), np.zeros(4, int), np.zeros((5, 2), int), np.int64(3)]
)
def test_labels_that_are_none_are_passed_over(labels, tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(logger, "warning", lines.append)
    np.savez(tmp_path / "samples.npz", samples=random_images(5), labels=labels)
    assert read(tmp_path / "samples.npz").labels is None
    assert len(lines) == 1 and "passed over" in lines[0]


def test_data_sets(real_data):
    found = read_source("mnist-test", f"{real_data}/mnist")
    assert found.pixels.shape == (10000, 1, 28, 28)
    assert (found.data_set, found.split) == ("mnist", "test")
    assert np.bincount(found.labels).tolist()[:3] == [980, 1135, 1032]


# ------------------------------------------------------------------- mistakes


@pytest.mark.parametrize("source", ["missing.npz", "no/folder", "mnist-tset"])
def test_nothing_of_that_name(source):
    for read_or_check in (read, check_exists):
        with pytest.raises(UserError, match="no file or folder") as caught:
            read_or_check(source)
        assert source in str(caught.value) and "mnist-test" in str(caught.value)
    check_exists(next(iter(DATA_SETS)))


def test_what_holds_no_images(tmp_path):
    np.savez(tmp_path / "moments.npz", mu=np.zeros(3), sigma=np.eye(3))
    np.savez(tmp_path / "empty.npz", images=np.zeros((0, 1, 8, 8), "float32"))
    for name, expected in (("moments", "holds statistics"), ("empty", "no images")):
        with pytest.raises(UserError, match=expected):
            read(tmp_path / f"{name}.npz", value_range=(-1, 1))


def test_floats(tmp_path):
    images = random_images(5)
    np.save(tmp_path / "floats.npy", images.astype("float64"))
    with pytest.raises(UserError, match="floats from 0 to 255: .* --range"):
        read(tmp_path / "floats.npy")
    with pytest.raises(UserError, match="make it .0, 255., which fits"):
        read(tmp_path / "floats.npy", value_range=(-1, 1))
    found = read(tmp_path / "floats.npy", value_range=(0, 255)).pixels
    assert np.abs(found[:, 0].astype(int) - images).max() <= 1
