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

"""Scores of processes: real ones pass at the stated rate, planted faults are found."""

from __future__ import annotations

import numpy as np
import pytest

from ppsci_ext.data.fields.elliptic import Moments
from ppsci_ext.metric.fields import ProcessJudge
from ppsci_ext.utils import UserError

PLACES = np.linspace(-1, 1, 6)
COVARIANCE = 0.5 * np.exp(-np.square(PLACES[:, np.newaxis] - PLACES))
TRUTH = {"y": Moments(2 + PLACES, COVARIANCE), "w": Moments(np.ones(6), np.eye(6))}
ROOT = np.linalg.cholesky(COVARIANCE + 1e-12 * np.eye(6))


def draw(n, rng):
    y, w = rng.standard_normal((2, n, 6))
    return {"y": 2 + PLACES + y @ ROOT.T, "w": 1 + w}


@pytest.fixture(scope="module")
def judge():
    return ProcessJudge(TRUTH, PLACES, draw, count=200, sets=99)


def failed(judge, paths):
    return {
        name
        for name, score in judge.scores(paths)["scores"].items()
        if not score["within"]
    }


def test_real_paths_pass_at_the_stated_rate(judge):
    verdicts = [
        judge.scores(draw(200, np.random.default_rng(seed)))["together"]["within"]
        for seed in range(200)
    ]
    # binomial, 200 trials: 4.5 standard deviations beyond 5 %
    assert 200 - sum(verdicts) < 200 * 0.05 + 4.5 * np.sqrt(200 * 0.05 * 0.95)


@pytest.mark.parametrize(
    "fault, found",
    [
        (lambda y: y + 0.3, {"y_mean", "y_mean_error"}),
        (
            lambda y: y.mean(axis=0) + 1.4 * (y - y.mean(axis=0)),
            {"y_sd", "y_sd_error", "y_covariance_error"},
        ),
        # each place by itself is right, but not what they have to do with each other
        (
            lambda y: np.stack(
                [np.roll(column, 7 * i) for i, column in enumerate(y.T)], axis=1
            ),
            {"y_covariance_error"},
        ),
    ],
)
def test_planted_faults_are_found_and_no_others(judge, fault, found):
    paths = draw(200, np.random.default_rng(5))
    assert not failed(judge, paths)
    assert failed(judge, {**paths, "y": fault(paths["y"])}) == found


def test_errors_are_relative(judge):
    paths = draw(200, np.random.default_rng(5))
    shifted = {**paths, "y": paths["y"] - paths["y"].mean(axis=0) + 1.5 * (2 + PLACES)}
    score = judge.scores(shifted)["scores"]["y_mean_error"]
    assert score["value"] == pytest.approx(0.5) and score["truth"] == 0
    assert 0 < score["floor"] < 0.1 and "at" not in score
    curve = judge.scores(shifted)["scores"]["y_mean"]
    np.testing.assert_allclose(curve["value"], 1.5 * (2 + PLACES))
    np.testing.assert_allclose(curve["truth"], 2 + PLACES)
    assert curve["at"] == list(PLACES)


def test_floors_are_those_of_sampling(judge):
    score = judge.scores(draw(200, np.random.default_rng(0)))["scores"]["w_mean"]
    np.testing.assert_allclose(score["floor"], 1 / np.sqrt(200), rtol=0.35)


def test_paths_that_cannot_be_judged_are_refused(judge):
    paths = draw(200, np.random.default_rng(0))
    for wrong in (paths["y"][:100], paths["y"][:, :3], paths["y"] * np.nan):
        with pytest.raises(UserError, match=r"paths of y .*\[200, 6\]"):
            judge.scores({**paths, "y": wrong})
    with pytest.raises(UserError, match="at least 2"):
        ProcessJudge(TRUTH, PLACES, draw, count=1)
    with pytest.raises(UserError, match="60"):
        ProcessJudge(TRUTH, PLACES, draw, count=9, sets=20)
