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

"""The same scores of the same features as torch-fidelity's."""

from __future__ import annotations

import numpy as np
import pytest

from ppsci_ext.metric import FeatureStatistics
from ppsci_ext.metric import LogitStatistics
from ppsci_ext.metric import frechet_distance
from ppsci_ext.metric import inception_score
from ppsci_ext.metric import kernel_inception_distance
from ppsci_ext.metric import precision_recall
from tests.helpers.torch_env import import_torch_fidelity

import_torch_fidelity()

import torch  # noqa: E402
from torch_fidelity import metric_fid  # noqa: E402
from torch_fidelity import metric_isc  # noqa: E402
from torch_fidelity import metric_kid  # noqa: E402
from torch_fidelity import metric_prc  # noqa: E402

SHAPES = [(300, 257, 64), (200, 150, 8), (40, 30, 64), (90, 500, 128), (65, 65, 64)]


def two_sets(n1, n2, d, dtype="float64"):
    """Not negative and correlated, as features of a classifier are."""
    rng = np.random.default_rng(n1 + d)
    mixing = rng.normal(size=(d, d)) / np.sqrt(d)
    x = np.maximum(rng.normal(size=(n1, d)) @ mixing, 0)
    y = np.maximum(rng.normal(0.1, 1.2, size=(n2, d)) @ mixing, 0)
    return x.astype(dtype), y.astype(dtype)


def moments(features):
    statistics = FeatureStatistics(features.shape[1])
    for start in range(0, len(features), 37):
        statistics.update(features[start : start + 37])
    return statistics.mean, statistics.cov


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_frechet_distance(shape, dtype):
    x, y = two_sets(*shape, dtype)
    theirs = metric_fid.fid_statistics_to_metric(
        # their sum of float32 features is one of float32
        metric_fid.fid_features_to_statistics(torch.from_numpy(x).double()),
        metric_fid.fid_features_to_statistics(torch.from_numpy(y).double()),
        verbose=False,
    )
    ours = frechet_distance(*moments(x), *moments(y))
    assert ours == pytest.approx(theirs["frechet_inception_distance"], rel=1e-6)


@pytest.mark.parametrize("shape", [(500, 10), (503, 10), (97, 1008), (10, 3), (19, 5)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("splits", [1, 10])
def test_inception_score(shape, dtype, splits):
    logits = (5 * np.random.default_rng(0).normal(size=shape)).astype(dtype)
    theirs = metric_isc.isc_features_to_metric(
        torch.from_numpy(logits), splits=splits, shuffle=False
    )
    mean, std = inception_score(logits, splits)
    assert mean == pytest.approx(theirs["inception_score_mean"], rel=1e-9)
    assert std == pytest.approx(theirs["inception_score_std"], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("count", [10, 503])
@pytest.mark.parametrize("seed", [2020, 1])
def test_inception_score_shuffled(count, seed):
    logits = 5 * np.random.default_rng(0).normal(size=(count, 10))
    theirs = metric_isc.isc_features_to_metric(
        torch.from_numpy(logits), shuffle=True, rng_seed=seed
    )
    statistics = LogitStatistics(count, 10, shuffle_seed=seed)
    for start in range(0, count, 7):
        statistics.update(logits[start : start + 7])
    mean, std = statistics.score()
    assert mean == pytest.approx(theirs["inception_score_mean"], rel=1e-9)
    assert std == pytest.approx(theirs["inception_score_std"], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", [2020, 1])
def test_kernel_distance(shape, dtype, seed):
    x, y = two_sets(*shape, dtype)
    theirs = metric_kid.kid_features_to_metric(
        torch.from_numpy(x),
        torch.from_numpy(y),
        kid_subsets=20,
        kid_subset_size=30,
        rng_seed=seed,
        verbose=False,
    )
    mean, std = kernel_inception_distance(x, y, 20, 30, seed)
    # They compute in the features' own precision.
    tolerance = 1e-12 if dtype == "float64" else 1e-6
    expected_mean = theirs["kernel_inception_distance_mean"]
    assert mean == pytest.approx(expected_mean, abs=tolerance)
    expected_std = theirs["kernel_inception_distance_std"]
    assert std == pytest.approx(expected_std, abs=tolerance)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("neighborhood", [1, 3, 5])
@pytest.mark.parametrize("save_cpu_ram", [False, True])
def test_precision_recall(shape, dtype, neighborhood, save_cpu_ram):
    real, generated = two_sets(*shape, dtype)
    theirs = metric_prc.prc_features_to_metric(
        torch.from_numpy(generated),
        torch.from_numpy(real),
        prc_neighborhood=neighborhood,
        save_cpu_ram=save_cpu_ram,
        verbose=False,
    )
    ours = precision_recall(real, generated, neighborhood)
    # They take means in float32.
    expected = (theirs["precision"], theirs["recall"])
    assert ours == pytest.approx(expected, abs=1e-6)
