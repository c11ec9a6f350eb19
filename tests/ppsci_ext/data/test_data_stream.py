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

import json
import random

import numpy as np
import paddle
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from ppsci_ext.data import BatchStream
from ppsci_ext.data import ImageDataset
from ppsci_ext.data import LoaderStream
from ppsci_ext.data import ToFloat
from ppsci_ext.data import toy_distribution
from ppsci_ext.utils.errors import UserError


def numbered(n, width=2):
    """Samples whose first coordinate is their index."""
    return np.repeat(np.arange(n, dtype="float32")[:, None], width, axis=1)


def draw(stream, count):
    return [next(stream)[0].numpy() for _ in range(count)]


def image_dataset(n=10, labels=True):
    images = np.repeat(np.arange(n, dtype="uint8"), 12).reshape(n, 3, 2, 2)
    return ImageDataset(images, np.arange(n) % 5 if labels else None)


class MapDataset(paddle.io.Dataset):
    def __init__(self, items):
        super().__init__()
        self.items = items

    def __getitem__(self, index):
        return self.items[index]

    def __len__(self):
        return len(self.items)


sizes = st.tuples(st.integers(1, 40), st.integers(1, 40)).map(sorted)


@settings(deadline=None)
@given(sizes=sizes, seed=st.integers(0, 2**63))
def test_a_pass_repeats_nothing(sizes, seed):
    batch_size, n = sizes
    stream = BatchStream(numbered(n), batch_size, seed)
    for _ in range(3):
        seen = np.concatenate(draw(stream, n // batch_size))[:, 0]
        assert len(set(seen)) == len(seen) == n // batch_size * batch_size
        assert set(seen) <= set(range(n))


@settings(deadline=None)
@given(sizes=sizes, seed=st.integers(0, 99), before=st.integers(0, 50))
def test_restored_stream_goes_on_identically(sizes, seed, before):
    batch_size, n = sizes
    stream = BatchStream(numbered(n), batch_size, seed)
    draw(stream, before)
    state = json.loads(json.dumps(stream.state_dict()))
    expected = draw(stream, 60)
    resumed = BatchStream(numbered(n), batch_size, seed + 1)
    resumed.set_state_dict(state)
    assert resumed.state_dict() == state
    np.testing.assert_array_equal(draw(resumed, 60), expected)


@pytest.mark.parametrize("name", ["8gaussians", "swissroll"])
def test_restored_distribution_goes_on_identically(name):
    stream = BatchStream(toy_distribution(name), 16, seed=0)
    draw(stream, 3)
    state = json.loads(json.dumps(stream.state_dict()))
    expected = draw(stream, 3)
    resumed = BatchStream(toy_distribution(name), 16, seed=9)
    resumed.set_state_dict(state)
    np.testing.assert_array_equal(draw(resumed, 3), expected)


def test_passes_differ_and_depend_on_the_seed_alone():
    stream = BatchStream(numbered(50), 50, seed=1)
    np.random.seed(0)
    first, second = draw(stream, 2)
    assert not np.array_equal(first, second)
    np.random.seed(1)
    np.testing.assert_array_equal(first, draw(BatchStream(numbered(50), 50, 1), 1)[0])
    assert not np.array_equal(first, draw(BatchStream(numbered(50), 50, 2), 1)[0])


def test_all_items_get_their_turn_over_passes():
    stream = BatchStream(numbered(10), 4, seed=0)
    assert set(np.concatenate(draw(stream, 40))[:, 0]) == set(range(10))


def test_global_generators_are_left_alone():
    def states():
        numpy_state = np.random.get_state()
        return (
            random.getstate(),
            numpy_state[1].tolist(),
            paddle.get_rng_state()[0].__getstate__(),
        )

    before = states()
    for source in (numbered(5), image_dataset(), toy_distribution("swissroll")):
        draw(BatchStream(source, 4, seed=0), 3)
    # the transform draws at random, but only for batches that are asked for
    BatchStream(image_dataset(), 4, 0, ToFloat(-1, 1, dequantize=True))
    assert states() == before


def test_array():
    stream = BatchStream(numbered(10).astype("float64"), 4, seed=0)
    samples, labels = next(stream)
    assert (samples.shape, samples.dtype) == ([4, 2], paddle.float32)
    assert labels is None
    assert stream.batch_size == 4
    assert stream.sample_shape == [2]
    assert iter(stream) is stream


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int64", "bool", "float16"])
def test_arrays_of_any_number_become_float32(dtype):
    samples, _ = next(BatchStream(numbered(2).astype(dtype), 2, seed=0))
    assert samples.dtype == paddle.float32
    assert sorted(samples.numpy()[:, 0].tolist()) == [0, 1]


def test_distribution():
    stream = BatchStream(toy_distribution("8gaussians"), 256, seed=0)
    samples, labels = next(stream)
    assert (samples.shape, samples.dtype, labels) == ([256, 2], paddle.float32, None)
    assert stream.sample_shape == [2]
    assert not np.array_equal(samples.numpy(), next(stream)[0].numpy())


def test_images_with_labels():
    stream = BatchStream(image_dataset(), 4, seed=0)
    samples, labels = next(stream)
    assert (samples.dtype, labels.dtype) == (paddle.float32, paddle.int64)
    assert (samples.shape, labels.shape) == ([4, 3, 2, 2], [4])
    np.testing.assert_array_equal(samples.numpy()[:, 0, 0, 0] % 5, labels.numpy())
    assert stream.sample_shape == [3, 2, 2]


def test_images_without_labels():
    assert next(BatchStream(image_dataset(labels=False), 4, seed=0))[1] is None


def test_transform_sees_bytes_and_sets_the_shape():
    seen = []

    def transform(images):
        seen.append(images.dtype)
        return images.astype("float32").flatten(1) / 256

    stream = BatchStream(image_dataset(), 4, 0, transform)
    samples, _ = next(stream)
    assert set(seen) == {paddle.uint8}
    assert stream.sample_shape == [12]
    assert samples.shape == [4, 12]
    assert samples.max() < 1


def test_dequantisation_differs_on_two_passes():
    stream = BatchStream(image_dataset(4), 4, 0, ToFloat(-1, 1, dequantize=True))
    first, second = (np.sort(batch, axis=0) for batch in draw(stream, 2))
    assert not np.array_equal(first, second)
    for batch in (first, second):
        offsets = batch - 2 * (np.arange(4).reshape(4, 1, 1, 1) / 256 - 0.5)
        assert offsets.min() >= -1e-7 and offsets.max() <= 1 / 128 + 1e-7


@pytest.mark.parametrize(
    "make_item",
    [
        lambda i: (np.full(3, i, "float64"), i % 2),
        lambda i: [paddle.full([3], i), paddle.to_tensor([i % 2])],
        lambda i: (np.full(3, i, "int32"), np.array([i % 2])),
    ],
)
def test_map_style_dataset_with_labels(make_item):
    stream = BatchStream(MapDataset([make_item(i) for i in range(7)]), 3, seed=0)
    samples, labels = next(stream)
    assert (samples.dtype, labels.dtype) == (paddle.float32, paddle.int64)
    assert (samples.shape, labels.shape) == ([3, 3], [3])
    np.testing.assert_array_equal(samples.numpy()[:, 0] % 2, labels.numpy())


@pytest.mark.parametrize(
    "make_item", [lambda i: np.full(3, i), lambda i: (paddle.full([3], i),)]
)
def test_map_style_dataset_without_labels(make_item):
    stream = BatchStream(MapDataset([make_item(i) for i in range(7)]), 3, seed=0)
    seen = np.concatenate(draw(stream, 2))[:, 0]
    assert len(set(seen)) == 6
    assert next(stream)[1] is None


def test_tensor_dataset():
    dataset = paddle.io.TensorDataset([paddle.arange(6).reshape([6, 1])])
    assert set(np.concatenate(draw(BatchStream(dataset, 2, 0), 3))[:, 0]) == set(
        range(6)
    )


class Endless(paddle.io.IterableDataset):
    def __iter__(self):
        yield np.zeros(2)


@pytest.mark.parametrize(
    "source, batch_size, message",
    [
        (numbered(3), 4, "batch_size is 4 but the data set has only 3"),
        (numbered(3), 0, "batch_size=0 is refused"),
        (np.zeros(3), 1, r"shape \[3\]"),
        (np.array([["a"]]), 1, "give numbers"),
        (np.array([[np.nan]]), 1, "NaN"),
        ([1, 2, 3], 1, "A list cannot be trained on"),
        (Endless(), 1, "DataLoader"),
        (MapDataset([{"x": 1}]), 1, "not .dict"),
        (MapDataset([(np.zeros(1), 1, 2)]), 1, "not .ndarray, int, int"),
        (MapDataset([(np.zeros(1), "cat")]), 1, "give integers .classes. or floats"),
        (MapDataset([(np.zeros(1), np.nan)]), 1, "NaN or infinite"),
        (MapDataset([(np.zeros(1), {})]), 1, "condition has no arrays"),
    ],
)
def test_wrong_sources_are_refused(source, batch_size, message):
    with pytest.raises(UserError, match=message):
        BatchStream(source, batch_size, seed=0)


@pytest.mark.parametrize(
    "items, message",
    [
        ([np.zeros(2), np.zeros(3)], "samples of the data set differ in shape"),
        ([(np.zeros(2), 0), (np.zeros(2), [0])], "conditions of the data set differ"),
        ([(np.zeros(2), 0), np.zeros(2)], "others have none"),
    ],
)
def test_items_that_do_not_fit_each_other_are_refused(items, message):
    stream = BatchStream(MapDataset(items), 2, seed=0)
    with pytest.raises(UserError, match=message):
        next(stream)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"size": 11}, "made with other data: 11 samples .*these are 10 samples"),
        ({"size": None}, "made with other data: a distribution"),
        ({"position": 11}, "damaged"),
        ({"position": "x"}, "cannot be used"),
        ({"rng": {}}, "cannot be used"),
        ({"rng": None}, "cannot be used"),
    ],
)
def test_wrong_states_are_refused_and_change_nothing(change, message):
    stream, same = (BatchStream(numbered(10), 3, seed=0) for _ in range(2))
    with pytest.raises(UserError, match=message):
        stream.set_state_dict({**stream.state_dict(), **change})
    np.testing.assert_array_equal(draw(stream, 5), draw(same, 5))


def test_state_may_be_used_with_another_batch_size():
    stream = BatchStream(numbered(10), 3, seed=0)
    seen = draw(stream, 2)
    resumed = BatchStream(numbered(10), 2, seed=1)
    resumed.set_state_dict(stream.state_dict())
    seen += draw(resumed, 2)
    assert sorted(np.concatenate(seen)[:, 0]) == list(range(10))


def test_loader_is_cycled_without_its_small_last_batch():
    loader = paddle.io.DataLoader(image_dataset(7), batch_size=3)
    stream = LoaderStream(loader)
    assert stream.batch_size == 3
    assert stream.sample_shape == [3, 2, 2]
    batches = [next(stream) for _ in range(4)]
    first = [samples.numpy()[:, 0, 0, 0].tolist() for samples, _ in batches]
    assert first == [[0, 1, 2], [3, 4, 5]] * 2
    samples, labels = batches[1]
    assert (samples.dtype, labels.dtype) == (paddle.float32, paddle.int64)
    assert labels.tolist() == [3, 4, 0]
    assert iter(stream) is stream


def test_loader_without_labels_and_with_transform():
    loader = paddle.io.DataLoader(image_dataset(4, labels=False), batch_size=2)
    stream = LoaderStream(loader, ToFloat(0, 1))
    samples, labels = next(stream)
    assert labels is None
    assert samples.numpy()[1, 0, 0, 0] == 1 / 256
    dataset = paddle.io.TensorDataset([paddle.ones([4, 2])])
    assert next(LoaderStream(paddle.io.DataLoader(dataset, batch_size=2)))[1] is None


def test_loader_over_endless_data():
    stream = LoaderStream(paddle.io.DataLoader(Endless(), batch_size=1))
    assert [batch.shape for batch in draw(stream, 3)] == [(1, 2)] * 3


def test_loader_without_batches():
    loader = paddle.io.DataLoader(MapDataset([]), batch_size=2)
    with pytest.raises(UserError, match="without giving a full batch"):
        LoaderStream(loader)


def test_loader_position_cannot_be_restored():
    stream = LoaderStream(paddle.io.DataLoader(image_dataset(), batch_size=2))
    with pytest.raises(UserError, match="cannot be resumed"):
        stream.set_state_dict(stream.state_dict())
