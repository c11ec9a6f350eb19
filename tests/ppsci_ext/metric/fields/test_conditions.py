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

import numpy as np
import pytest

from ppsci_ext.data.fields import ConditionedField
from ppsci_ext.data.fields import Kriging
from ppsci_ext.data.fields import random_field
from ppsci_ext.metric.fields import LengthLikelihood
from ppsci_ext.metric.fields import kriging_scores
from ppsci_ext.metric.fields import parameter_scores
from ppsci_ext.utils.errors import UserError

GAUSSIAN = random_field("gaussian", (24, 24), length=2.0)
LENGTHS = ConditionedField(GAUSSIAN, {"length": (1.0, 4.0)})
POROUS = random_field("porous", (24, 24), length=1.0)
POROSITIES = ConditionedField(POROUS, {"porosity": (0.1, 0.4)})


def rng(seed=0):
    return np.random.default_rng(seed)


def alarms(result):
    return {name for name, score in result["scores"].items() if not score["within"]}


@pytest.mark.parametrize("name", ["gaussian", "lognormal"])
@pytest.mark.parametrize("shape", [(24, 24), (10, 10, 10), (16, 11)])
@pytest.mark.parametrize("zero_mean", [True, False])
def test_lengths_are_recovered(name, shape, zero_mean):
    field = random_field(name, shape, length=2.0, variance=0.5, zero_mean=zero_mean)
    source = ConditionedField(field, {"length": (1.0, 3.0)})
    asked = np.repeat([1.0, 1.6, 2.7], 100)
    found = LengthLikelihood(field, 0.2, 10.0).lengths(
        source.draw(asked[:, None], rng())[:, 0]
    )
    error = np.log(found / asked).reshape(3, 100)
    z = error.mean(axis=1) / (error.std(axis=1) / 10)
    assert np.abs(z).max() < 5 and error.std() < 0.12


def test_likelihood_is_at_its_maximum():
    """Against the likelihood written out with the whole covariance matrix."""
    field = random_field("gaussian", (6, 6), length=1.5, zero_mean=False)
    one = field.sample(1, rng(2))[:, 0].astype(np.float64)
    places = np.argwhere(np.ones((6, 6)))

    def likelihood(length):
        other = random_field("gaussian", (6, 6), length=length, zero_mean=False)
        covariance = other.covariance(places[:, None] - places)
        _, log_determinant = np.linalg.slogdet(covariance)
        return -log_determinant - one.ravel() @ np.linalg.solve(covariance, one.ravel())

    found = LengthLikelihood(field, 0.3, 6.0).lengths(one)[0]
    around = np.geomspace(0.9, 1.1, 41) * found
    best = around[np.argmax([likelihood(length) for length in around])]
    assert best == pytest.approx(found, rel=0.011)


@pytest.mark.parametrize("source", [LENGTHS, POROSITIES])
def test_asked_parameters(source):
    asked = source.decode(rng(1).uniform(-1, 1, (64, 1)))
    (name,) = source.parameters
    good = parameter_scores(source.draw(asked, rng(5)), asked, source, sets=60)
    assert not alarms(good)
    assert json.loads(json.dumps(good)) == good
    assert good["scores"][f"{name}_slope"]["truth"] == pytest.approx(1, abs=0.05)
    deaf = parameter_scores(source.draw(asked[::-1], rng(5)), asked, source, sets=60)
    assert alarms(deaf) >= {f"{name}_error", f"{name}_slope"}
    if name == "length":
        assert "large_scale_length_slope" in alarms(deaf)
    assert abs(deaf["scores"][f"{name}_slope"]["value"]) < 0.4
    shifted = parameter_scores(source.draw(1.3 * asked, rng(5)), asked, source, sets=60)
    assert {f"{name}_bias", f"{name}_error"} <= alarms(shifted)
    expected = np.log(1.3) if name == "length" else 0.3 * asked.mean()
    assert shifted["scores"][f"{name}_bias"]["value"] == pytest.approx(
        expected, rel=0.2
    )


def test_one_value_has_no_slope():
    asked = np.full((16, 1), 2.0)
    result = parameter_scores(LENGTHS.draw(asked, rng()), asked, LENGTHS, sets=60)
    assert set(result["scores"]) == {
        f"{prefix}length_{score}"
        for prefix in ("", "large_scale_")
        for score in ("error", "bias")
    }


def test_large_scales_tell_the_length_beneath_a_trace_of_noise():
    asked = LENGTHS.decode(rng(1).uniform(-1, 1, (64, 1)))
    fields = LENGTHS.draw(asked, rng(5))
    noisy = fields + np.float32(0.03) * rng(6).standard_normal(fields.shape, np.float32)
    scores = parameter_scores(noisy, asked, LENGTHS, sets=60)["scores"]
    assert scores["length_slope"]["value"] < 0.95
    assert not scores["length_slope"]["within"]
    for name in ("error", "bias", "slope"):
        assert scores[f"large_scale_length_{name}"]["within"]


@pytest.mark.parametrize("name", ["gaussian", "lognormal"])
def test_kriging(name):
    field = random_field(name, (16, 16), length=2.0, variance=0.3)
    mask = np.zeros((16, 16))
    mask[2::5, 2::5] = 1
    values = field.sample(1, rng(3))[0, 0]
    kriging = Kriging(field, mask, values)
    good = kriging.sample(100, rng(4))
    assert not alarms(kriging_scores(good, kriging, sets=60))
    deviation = np.sqrt(field.variance)
    blind = kriging_scores(field.sample(100, rng(4)), kriging, sets=60)
    assert alarms(blind) == {"misfit", "kriging_mean", "kriging_variance"}
    assert blind["scores"]["misfit"]["value"] > 0.5 * deviation
    one = np.repeat(kriging.mean[None, None], 100, axis=0)
    mean_only = kriging_scores(one, kriging, sets=60)
    assert {"kriging_variance"} <= alarms(mean_only)
    assert mean_only["scores"]["kriging_variance"]["value"] == pytest.approx(1)
    assert mean_only["scores"]["kriging_mean"]["value"] < 1e-3
    off = good + (0.2 * deviation * mask).astype(np.float32)
    assert alarms(kriging_scores(off, kriging, sets=60)) == {"misfit"}


KRIGING = Kriging(GAUSSIAN, np.eye(24), np.eye(24))


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: LengthLikelihood(POROUS, 1, 2), "no exact likelihood"),
        (
            lambda: parameter_scores(
                np.zeros((3, 1, 24, 24)), np.ones((2, 1)), LENGTHS
            ),
            "such a table",
        ),
        (
            lambda: parameter_scores(
                np.zeros((3, 1, 12, 24)), np.ones((3, 1)), LENGTHS
            ),
            "of its shape",
        ),
        (
            lambda: parameter_scores(
                np.zeros((3, 1, 24, 24)), np.ones((3, 1)), LENGTHS, sets=9
            ),
            "at least 60",
        ),
        (lambda: kriging_scores(np.zeros((3, 1, 12, 24)), KRIGING), "of its shape"),
        (lambda: kriging_scores(np.zeros((1, 1, 24, 24)), KRIGING), "generate more"),
    ],
)
def test_bad_values(make, words):
    with pytest.raises(UserError, match=words):
        make()
