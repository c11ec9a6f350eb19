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

"""One pass over samples: what it leaves, with and without logits and labels."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from ppsci_ext.metric import extract
from ppsci_ext.metric import image_scores
from ppsci_ext.metric import inception_score
from ppsci_ext.utils.errors import UserError
from tests.helpers.tiny_images import batches
from tests.helpers.tiny_images import classifier
from tests.helpers.tiny_images import extracted
from tests.helpers.tiny_images import random_images


@pytest.mark.parametrize("size", [1, 33, 100])
def test_what_a_pass_leaves(size):
    images = random_images(100)
    found = extracted(images, size)
    features, logits = classifier(images)
    assert found.count == 100
    np.testing.assert_array_equal(found.features, features)
    assert found.features.dtype == np.float32
    np.testing.assert_allclose(found.mean, features.mean(axis=0, dtype="float64"))
    expected = np.cov(features.astype("float64"), rowvar=False)
    np.testing.assert_allclose(found.cov, expected, rtol=1e-10)
    assert found.logits.score() == pytest.approx(inception_score(logits))
    assert found.logits.class_counts.sum() == 100


def test_features_are_kept_only_where_wanted():
    assert extracted(random_images(20), keep_features=False).features is None


def test_of_more_samples_a_part_of_the_features_is_kept(monkeypatch):
    images = random_images(200)
    whole = extracted(images)
    monkeypatch.setattr("ppsci_ext.metric.features.MAX_FEATURES", 50)
    found = extracted(images, 7)
    assert found.count == 200 and found.features.shape == (50, 16)
    np.testing.assert_array_equal(found.cov, whole.cov)
    np.testing.assert_array_equal(found.mean, whole.mean)
    assert found.logits.score() == pytest.approx(whole.logits.score())
    rows = [
        np.flatnonzero((whole.features == row).all(axis=1)) for row in found.features
    ]
    places = np.concatenate(rows)
    assert len(places) == 50 and (np.diff(places) > 0).all()
    assert places.min() < 50 and places.max() >= 150  # of all, not of the first ones
    np.testing.assert_array_equal(extracted(images, 33).features, found.features)
    scores = image_scores(found, found, kid_subset_size=20)
    assert scores["precision"] == scores["recall"] == 1
    np.testing.assert_array_equal(extracted(images[:50]).features, whole.features[:50])


@pytest.mark.parametrize("keep_features", [True, False])
def test_memory_does_not_grow_with_the_number_of_samples(monkeypatch, keep_features):
    monkeypatch.setattr("ppsci_ext.metric.features.MAX_FEATURES", 100)
    batch = np.random.default_rng(0).normal(size=(100, 256)).astype("float32")

    def peak(count):
        stream = (batch for _ in range(count // 100))
        tracemalloc.start()
        try:
            extract(stream, lambda x: (x, x[:, :4]), count, "test", keep_features)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(1000), peak(20000)
    assert many - few < 30 * 19000  # of 1024 bytes that the features take


def test_batches_are_taken_one_at_a_time():
    seen = []

    def generator():
        for batch in batches(random_images(30), 10):
            yield batch
            seen.append(len(batch))

    def extractor(images):
        taken.append(len(seen))
        return classifier(images)

    taken = []
    extract(generator(), extractor, 30, "test")
    assert taken == [0, 1, 2]


def test_more_or_fewer_images_than_announced():
    images = random_images(30)
    with pytest.raises(ValueError, match="not 29"):
        extract(batches(images, 10), classifier, 29, "test")
    with pytest.raises(ValueError, match="fewer than 31"):
        extract(batches(images, 10), classifier, 31, "test")
    with pytest.raises(ValueError, match="fewer than 31"):
        extract([], classifier, 31, "test")
    with pytest.raises(UserError, match="at least 2 samples, not 1"):
        extract(batches(images[:1], 10), classifier, 1, "test")


@pytest.mark.parametrize("splits", [1, 5])
def test_splits_of_the_inception_score(splits):
    images = random_images(50)
    found = extracted(images, splits=splits).logits.score()
    assert found == pytest.approx(inception_score(classifier(images)[1], splits))


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint8", "int64"])
def test_labels_come_with_the_batches(dtype):
    images = random_images(50)
    labels = np.arange(50) % 4
    pairs = zip(batches(images, 7), batches(labels.astype(dtype), 7))
    found = extract(pairs, classifier, 50, "test")
    assert found.parts == ("moments", "features", "logits", "labels")
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_array_equal(found.predicted, classifier(images)[1].argmax(1))
    assert found.labels.dtype == np.int64


@pytest.mark.parametrize(
    "labels, expected",
    [
        ([0, 1, 4], r"0\.\.4, but the classifier knows the classes 0\.\.3"),
        ([0, -1, 1], r"-1\.\.1, but"),
        ([0.0, 1.0, 2.0], "must be integers"),
        ([0, 1], r"one for each of 3 samples, not int64 \[2\]"),
        ([[0], [1], [2]], r"not int64 \[3, 1\]"),
    ],
)
def test_labels_that_number_no_classes(labels, expected):
    with pytest.raises(UserError, match=expected):
        extract([(random_images(3), np.array(labels))], classifier, 3, "test")


def test_an_extractor_without_logits_and_images():
    series = np.random.default_rng(0).normal(size=(40, 3, 8))

    def spectrum(x):
        return np.abs(np.fft.rfft(x)).reshape(len(x), -1), None

    found = extract(batches(series, 16), spectrum, 40, "series")
    assert found.parts == ("moments", "features")
    np.testing.assert_allclose(found.mean, spectrum(series)[0].mean(0), rtol=1e-12)
    assert list(image_scores(found, found)) == [
        "FID",
        "KID_mean",
        "KID_std",
        "precision",
        "recall",
    ]
