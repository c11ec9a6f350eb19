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

from ppsci_ext.data import ImageReading
from ppsci_ext.data import load_images
from ppsci_ext.data.labels import number_classes
from ppsci_ext.utils.errors import UserError

QUICK = settings(max_examples=60, deadline=None)
ANY_LABEL = st.integers(-(2**62), 2**62) | st.integers(-3, 12)


def number(labels, training=None, relabel=False):
    training = labels if training is None else training
    return number_classes(
        np.array(labels, np.int64), np.array(training, np.int64), relabel, "a.npz"
    )


@pytest.mark.parametrize(
    "labels, message",
    [
        ([1, 2, 3, 4], "class 0 has no training image; number the 4 classes .* 0..3, or set relabel=true"),
        ([0, 3, 6, 9, 9], "classes 1, 2, 4, 5, 7, 8 have no training image"),
        ([5], "classes 0, 1, 2, 3, 4 have"),
        ([0, 12], r"classes 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ... have"),
        ([0, 2**62], r"classes 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ... have"),
        ([0, -1], "label -1 is negative.*relabel=true"),
    ],
)  # fmt: skip
def test_gaps_are_named(labels, message):
    with pytest.raises(UserError, match=f"a.npz: {message}"):
        number(labels)


@given(st.lists(ANY_LABEL, min_size=1, max_size=30))
@QUICK
def test_numbering_anew_keeps_order_and_equality(labels):
    numbered, names = number(labels, relabel=True)
    assert sorted(set(numbered.tolist())) == list(range(len(names)))
    assert [int(names[new]) for new in numbered] == labels
    assert [int(name) for name in names] == sorted(set(labels))


@given(st.lists(ANY_LABEL, min_size=1, max_size=30))
@QUICK
def test_labels_are_refused_or_every_class_has_an_image(labels):
    try:
        numbered, names = number(labels)
    except UserError:
        assert sorted(set(labels)) != list(range(len(set(labels))))
    else:
        assert numbered.tolist() == labels
        assert sorted(set(labels)) == list(range(len(names)))


@given(
    training=st.lists(ANY_LABEL, min_size=1, max_size=20),
    test=st.lists(ANY_LABEL, min_size=1, max_size=20),
)
@QUICK
def test_both_splits_have_one_numbering(training, test):
    try:
        numbered, names = number(test, training, relabel=True)
    except UserError as error:
        assert set(test) - set(training)
        assert "no training image has the label" in str(error)
    else:
        assert [int(names[new]) for new in numbered] == test
        assert names == number(training, relabel=True)[1]


def save(folder, **labels):
    for split, values in labels.items():
        images = np.zeros((len(values), 4, 4), "uint8")
        np.savez(folder / f"{split}.npz", images=images, labels=np.array(values))


@pytest.mark.parametrize("split", ["train", "test"])
def test_npz_with_gaps(tmp_path, split):
    save(tmp_path, train=[3, 9, 0, 9], test=[9, 3, 3])
    with pytest.raises(
        UserError, match="classes 1, 2, 4, 5, 6, 7, 8 have no .*relabel"
    ):
        load_images("npz", str(tmp_path), split)
    data = load_images("npz", str(tmp_path), split, reading=ImageReading(relabel=True))
    assert data.labels.tolist() == {"train": [1, 2, 0, 2], "test": [2, 1, 1]}[split]
    assert (data.num_classes, data.class_names) == (3, ("0", "3", "9"))


@pytest.mark.parametrize("relabel", [False, True])
def test_npz_with_a_class_in_the_test_split_only(tmp_path, relabel):
    save(tmp_path, train=[0, 1], test=[0, 2])
    with pytest.raises(UserError, match="no training image has the label 2"):
        load_images("npz", str(tmp_path), "test", reading=ImageReading(relabel=relabel))


def test_npz_without_gaps_needs_nothing(tmp_path):
    save(tmp_path, train=[2, 0, 1, 1])
    for relabel in (False, True):
        reading = ImageReading(relabel=relabel)
        data = load_images("npz", f"{tmp_path}/train.npz", "train", reading=reading)
        assert data.labels.tolist() == [2, 0, 1, 1]
        assert (data.num_classes, data.class_names) == (3, ("0", "1", "2"))
