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

"""Scores of generated samples against closed forms."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

from ppsci_ext.metric import FeatureStatistics
from ppsci_ext.metric import FrechetDistance
from ppsci_ext.metric import LogitStatistics
from ppsci_ext.metric import exact_wasserstein
from ppsci_ext.metric import frechet_distance
from ppsci_ext.metric import inception_score
from ppsci_ext.metric import kernel_inception_distance
from ppsci_ext.metric import precision_recall


def test_frechet_distance_of_commuting_gaussians():
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(rng.standard_normal((5, 5)))
    first, second = rng.uniform(0.1, 2, (2, 5))
    mean = rng.standard_normal(5)
    found = frechet_distance(
        mean,
        basis @ np.diag(first) @ basis.T,
        np.zeros(5),
        basis @ np.diag(second) @ basis.T,
    )
    roots = np.sqrt(first) - np.sqrt(second)
    assert found == pytest.approx(mean @ mean + roots @ roots, rel=1e-10)


def test_batches_change_no_digit_of_the_moments():
    features = np.random.default_rng(1).standard_normal((700, 3)) + 1e3
    whole, parts = FeatureStatistics(3), FeatureStatistics(3)
    whole.update(features)
    for start in range(0, 700, 90):
        parts.update(features[start : start + 90])
    np.testing.assert_array_equal(whole.mean, parts.mean)
    np.testing.assert_array_equal(whole.cov, parts.cov)
    np.testing.assert_allclose(whole.cov, np.cov(features.T), rtol=1e-9)


@pytest.mark.parametrize("classes", [2, 5])
def test_inception_score_of_certain_and_of_blind_classifiers(classes):
    certain = 200.0 * np.eye(classes)[np.arange(20 * classes) % classes]
    mean, std = inception_score(certain, splits=2)
    assert mean == pytest.approx(classes) and std == pytest.approx(0, abs=1e-9)
    assert inception_score(np.zeros((20, classes)), splits=2)[0] == pytest.approx(1)
    batches = LogitStatistics(len(certain), classes, 2)
    for row in certain:
        batches.update(row[np.newaxis])
    assert batches.score()[0] == pytest.approx(classes)


def test_kernel_distance_is_unbiased():
    rng = np.random.default_rng(2)
    same = [
        kernel_inception_distance(*rng.standard_normal((2, 60, 4)), 5, 50)[0]
        for _ in range(30)
    ]
    assert abs(np.mean(same)) < 4 * np.std(same) / np.sqrt(len(same))
    x, y = rng.standard_normal((2, 60, 4))
    assert kernel_inception_distance(x, y + 1, 5, 50)[0] > max(same)


def test_precision_and_recall_of_a_part():
    rng = np.random.default_rng(3)
    real = np.concatenate(
        [rng.standard_normal((60, 2)), rng.standard_normal((60, 2)) + 50]
    )
    precision, recall = precision_recall(real, rng.standard_normal((60, 2)))
    assert precision > 0.8 and 0.4 < recall <= 0.5


def test_wasserstein_distance_of_a_shift():
    x = np.random.default_rng(4).standard_normal((40, 2))
    shift = np.array([3.0, 4.0])
    assert exact_wasserstein(x, x + shift) == pytest.approx((5, 5))


class Classifier:
    """Features and logits are the means of the three channels."""

    num_features = 3

    def __call__(self, images: np.ndarray):
        means = images.reshape(len(images), 3, -1).mean(axis=2)
        return means, means


def test_a_validator_can_take_the_metrics():
    rng = np.random.default_rng(5)
    images = paddle.to_tensor(rng.uniform(-1, 1, (40, 3, 4, 4)).astype("float32"))
    metric = FrechetDistance(Classifier(), low=-1.0, high=1.0)
    same = metric({"image": images}, {"image": images})
    assert float(same["image.FID"]) == pytest.approx(0, abs=1e-6)
    other = metric({"image": images * 0.1}, {"image": images})
    assert float(other["image.FID"]) > 1


if __name__ == "__main__":
    pytest.main()
