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

import random

import numpy as np
import paddle
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ppsci_ext.data import ImageDataset
from ppsci_ext.data import data_digest
from ppsci_ext.data import toy_distribution
from ppsci_ext.utils.errors import UserError

QUICK = settings(max_examples=60, deadline=None)
ARRAYS = arrays.arrays(
    st.sampled_from(["u1", "<i8", "<f4", "<f8", "?"]),
    arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4),
)
PIXELS = np.arange(4 * 3 * 2 * 2, dtype="uint8").reshape(4, 3, 2, 2)
LABELS = np.array([0, 2, 1, 2])


@given(ARRAYS)
@QUICK
def test_equal_arrays_have_one_digest_however_they_lie_in_memory(array):
    expected = data_digest(array)
    assert len(expected) == 64
    turned = np.asfortranarray(array)
    reversed_twice = np.ascontiguousarray(array[::-1])[::-1]
    for same in (array.copy(), turned, reversed_twice):
        assert data_digest(same) == expected


@given(ARRAYS, st.data())
@QUICK
def test_any_other_array_has_another(array, data):
    expected = data_digest(array)
    if array.size:
        changed = array.copy()
        place = data.draw(st.integers(0, array.size - 1))
        raw = changed.reshape(-1)[place : place + 1].view(np.uint8)
        raw ^= 1
        assert data_digest(changed) != expected
    assert data_digest(array[None]) != expected
    assert data_digest(array.astype("<c16")) != expected


def test_blocks_of_large_arrays(monkeypatch):
    array = np.random.default_rng(0).random((50, 7))
    expected = data_digest(array)
    monkeypatch.setattr("ppsci_ext.data.digest._BLOCK", 100)
    assert data_digest(array) == expected
    assert data_digest(np.asfortranarray(array)) == expected


def test_images_count_with_their_labels():
    digests = {
        data_digest(ImageDataset(PIXELS)),
        data_digest(ImageDataset(PIXELS, LABELS)),
        data_digest(ImageDataset(PIXELS, LABELS[::-1].copy())),
        data_digest(ImageDataset(PIXELS[::-1].copy(), LABELS)),
        data_digest(ImageDataset(PIXELS.astype("float32"), LABELS)),
        data_digest(ImageDataset(PIXELS.reshape(4, 3, 1, 4), LABELS)),
    }
    assert len(digests) == 6
    again = ImageDataset(PIXELS.copy(), LABELS.copy(), name="elsewhere")
    assert data_digest(again) in digests


def test_images_are_read_once(monkeypatch):
    dataset = ImageDataset(PIXELS)
    first = dataset.digest
    monkeypatch.setattr("ppsci_ext.data.image_dataset.array_digest", None)
    assert dataset.digest == first


def test_dicts_count_with_their_names():
    one = {"audio": PIXELS, "mask": LABELS}
    assert data_digest(one) == data_digest(dict(reversed(one.items())))
    others = [
        {"audio": LABELS, "mask": PIXELS},
        {"audio": PIXELS},
        {"audio": PIXELS, "masks": LABELS},
        {"audio": PIXELS, "mask": LABELS + 1},
        {"audio": {"mask": LABELS}},
    ]
    assert len({data_digest(data) for data in (one, *others)}) == 6


class Items(paddle.io.Dataset):
    def __init__(self, items):
        super().__init__()
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def test_a_few_items_of_a_data_set_count_all():
    items = [(PIXELS[i], {"label": int(i), "text": "a"}) for i in range(4)]
    expected = data_digest(Items(items))
    assert data_digest(Items(list(items))) == expected
    assert data_digest(paddle.io.DataLoader(Items(items))) == expected
    for place in range(4):
        for other in (
            (PIXELS[place] + 1, items[place][1]),
            (PIXELS[place], {}),
            PIXELS,
        ):
            changed = list(items)
            changed[place] = other
            assert data_digest(Items(changed)) != expected
    assert data_digest(Items(items[:3])) != expected
    assert data_digest(Items(items + items)) != expected


def test_of_many_items_the_first_the_last_and_the_number_count():
    items = [np.array([i]) for i in range(1000)]
    expected = data_digest(Items(items))
    for changed in (items[1:], items[::-1], [np.array([-1]), *items[1:]]):
        assert data_digest(Items(changed)) != expected
    assert data_digest(Items([*items[:-1], np.array([-1])])) != expected


class Augmented(Items):
    """Random numbers of three generators that all use, or of one of its own."""

    own = np.random.default_rng()

    def __getitem__(self, index):
        noise = paddle.rand([2]).numpy() + np.random.rand(2) + random.random()
        return self.items[index] + noise.astype("float32")


class AugmentedByItsOwn(Items):
    def __init__(self, items):
        super().__init__(items)
        self.rng = np.random.default_rng()

    def __getitem__(self, index):
        return self.items[index] + self.rng.random(2)


@pytest.mark.parametrize("kind", [Augmented, AugmentedByItsOwn])
def test_random_augmentation_does_not_make_other_data(kind):
    state = np.random.get_state()[1].tolist()
    points = [np.zeros(2, "float32") for _ in range(5)]
    assert data_digest(kind(points)) == data_digest(kind(points))
    assert data_digest(kind(points)) != data_digest(kind(points[:4]))
    assert data_digest(kind(points)) != data_digest(kind([np.zeros((3, 2))] * 5))
    assert np.random.get_state()[1].tolist() == state


def test_values_count_where_augmentation_can_be_repeated():
    points = [np.full(2, i, "float32") for i in range(5)]
    assert data_digest(Augmented(points)) != data_digest(Augmented(points[::-1]))


def test_distributions():
    names = ("8gaussians", "25gaussians", "swissroll")
    digests = [data_digest(toy_distribution(name)) for name in names]
    assert len(set(digests)) == 3
    assert digests == [data_digest(toy_distribution(name)) for name in names]


def test_data_may_bring_their_own():
    class Mapped:
        digest = "of the files"

    assert data_digest(Mapped()) == "of the files"


class Endless(paddle.io.IterableDataset):
    def __iter__(self):
        return iter([])


@pytest.mark.parametrize("source", [Endless(), 5, None, [PIXELS]])
def test_data_without_an_end_have_no_digest(source):
    with pytest.raises(UserError, match="attribute `digest`"):
        data_digest(source)
