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

from ppsci_ext.data import ImageDataset
from ppsci_ext.data import load_images
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
