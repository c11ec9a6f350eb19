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

"""What a user's data may be, and labels that are no classes in any of its forms."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from paddle import io

from ppsci_ext.data import BatchStream
from ppsci_ext.data import LoaderStream
from ppsci_ext.data.sources import as_source
from ppsci_ext.data.sources import fetch
from ppsci_ext.data.sources import split_item
from ppsci_ext.utils import UserError


class Items(io.Dataset):
    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def points(count=6):
    return np.arange(2.0 * count, dtype="float32").reshape(count, 2)


def stream_of(form, labels, num_classes):
    """A stream over points with labels, in a form that users have."""
    if form == "arrays":
        return BatchStream((points(), labels), 3, 0, num_classes=num_classes)
    items = Items(list(zip(points(), np.asarray(labels))))
    if form == "data set":
        return BatchStream(items, 3, 0, num_classes=num_classes)
    loader = io.DataLoader(items, batch_size=3)
    return LoaderStream(loader, num_classes=num_classes)


FORMS = ["arrays", "data set", "loader"]
WIDTHS = "int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", WIDTHS)
def test_labels_of_any_width(form, dtype):
    if form == "loader" and dtype in ("uint16", "uint32", "uint64"):
        pytest.skip("Paddle's own loader has no such tensors")
    stream = stream_of(form, np.array([0, 1, 2, 2, 1, 0], dtype), 3)
    for _ in range(4):
        samples, labels = next(stream)
        assert labels.dtype == paddle.int64 and labels.shape == [3]
        # label i belongs to the points i and 5 - i
        numbers = samples.numpy()[:, 0].astype(int) // 2
        assert labels.tolist() == np.minimum(numbers, 5 - numbers).tolist()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "labels, says",
    [
        ([0, 1, 2, 3, 1, 0], "a label 3, but the 3 classes are 0 to 2: set"),
        ([0, 1, 2, 0, 1, 99], "a label 99, but the 3 classes"),
        ([0, -1, 2, 0, 1, 1], "a label -1, but the 3 classes"),
        ([0.0, 1.0, 2.0, 0.0, 1.0, 2.0], "one integer for each sample"),
        (np.zeros((6, 2), int), "one integer for each sample"),
    ],
)
def test_labels_that_are_no_classes(form, labels, says):
    with pytest.raises(UserError, match=says):
        stream = stream_of(form, np.asarray(labels), 3)
        for _ in range(4):
            next(stream)


@pytest.mark.parametrize("wrong", [3, -1])
def test_labels_in_arrays_are_checked_before_anything_is_drawn(wrong):
    labels = np.zeros(6, int)
    labels[-1] = wrong  # not among the first
    with pytest.raises(UserError, match=f"a label {wrong}, but"):
        BatchStream((points(), labels), 3, 0, num_classes=3)


@pytest.mark.parametrize("form", FORMS)
def test_without_classes_any_condition_goes(form):
    stream = stream_of(form, np.linspace(-5, 5, 12).reshape(6, 2), 0)
    assert next(stream)[1].shape == [3, 2]


@pytest.mark.parametrize(
    "source",
    [
        points(),
        paddle.to_tensor(points()),
        (points(), np.arange(6)),
        (paddle.to_tensor(points()), paddle.arange(6)),
        Items(list(points())),
        Items([(x, i) for i, x in enumerate(points())]),
    ],
)
def test_forms_of_data(source):
    samples, condition = fetch(as_source(source), np.array([4, 1]))
    np.testing.assert_array_equal(np.asarray(samples), points()[[4, 1]])
    assert condition is None or np.asarray(condition).tolist() == [4, 1]


@pytest.mark.parametrize(
    "source, says",
    [
        ([1, 2, 3], "A list cannot be trained on: give an array"),
        ("data.npz", "A str cannot be trained on"),
        ({"a": points()}, "A dict cannot be trained on"),
        (None, "A NoneType cannot be trained on"),
        (np.zeros(5), r"An array of float64 and shape \[5\]"),
        (np.array([["a"]]), "An array of <U1 and shape"),
        (np.full((2, 2), np.nan), "holds NaN or infinite"),
        ((points(), np.zeros(5)), "is for 5 samples, but there are 6"),
        ((points(), ["a"] * 6), "has the type <U1"),
    ],
)
def test_other_forms_are_refused_in_a_sentence(source, says):
    with pytest.raises(UserError, match=says) as refused:
        as_source(source)
    assert str(refused.value)[0].isupper() and str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "items, says",
    [
        ([(points()[0], {"a": 1}), (points()[1], {"b": 1})], "names of their arrays"),
        ([(points()[0], {"a": 1}), (points()[1], 2)], "names of their arrays"),
        ([(points()[0], 1), points()[1]], "and others have none"),
        ([points()[0], points()[1, :1]], r"such as \[1\] and \[2\]"),
        ([(points()[0], [1]), (points()[0], [1, 2])], "conditions of the data set"),
    ],
)
def test_items_that_do_not_fit_each_other(items, says):
    with pytest.raises(UserError, match=says):
        fetch(Items(items), np.arange(2))


@pytest.mark.parametrize("item", [(), (1, 2, 3), "ab", 5, {"x": points()[0]}])
def test_items_that_are_none(item):
    with pytest.raises(UserError, match="An item of the data set must be an array"):
        split_item(item)
