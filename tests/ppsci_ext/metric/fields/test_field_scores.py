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

"""Planted faults are found, each by its scores, and real fields pass at the stated rate."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import ndimage

from ppsci_ext.data.fields import random_field
from ppsci_ext.metric.fields import SCORES
from ppsci_ext.metric.fields import FieldJudge
from ppsci_ext.metric.fields import field_scores
from ppsci_ext.metric.fields.plots import field_page
from ppsci_ext.metric.fields.plots import save_field_page
from ppsci_ext.metric.fields.verdict import DISTANCE
from ppsci_ext.metric.fields.verdict import ESTIMATE
from ppsci_ext.metric.fields.verdict import Evidence
from ppsci_ext.metric.fields.verdict import judge
from ppsci_ext.utils.errors import UserError

COUNT = 128
FIELD = random_field("gaussian", (32, 32), length=2.0, zero_mean=False)
TRAINING = FIELD.sample(200, np.random.default_rng(99))


def rng(seed=0):
    return np.random.default_rng(seed)


def alarms(result):
    return {name for name, score in result["scores"].items() if not score["within"]}


@pytest.fixture(scope="module")
def judge_2d():
    return FieldJudge(FIELD, COUNT, training=TRAINING)


def real(seed=9):
    return FIELD.sample(COUNT, rng(seed))


def rougher():
    return random_field(
        "gaussian", (32, 32), length=2.0, smoothness=1.2, zero_mean=False
    ).sample(COUNT, rng(5))


def smoothed():
    fields = ndimage.gaussian_filter(real(), (0, 0, 0.45, 0.45), mode="wrap")
    return fields * np.sqrt(1 / fields.var())


BOARD = ((-1.0) ** np.indices((32, 32)).sum(axis=0)).astype(np.float32)


def border():
    weight = np.ones((32, 32), np.float32)
    weight[:2] = 1.4
    fields = real() * weight
    return fields / np.sqrt(np.mean(weight**2))


def partly_repeated():
    fields = real()
    fields[COUNT // 2 :] = fields[:1]
    return fields


def remembered():
    fields = real()
    fields[: COUNT // 5] = TRAINING[: COUNT // 5]
    return fields


def skewed():
    """Of the right mean and variance and nearly the right spectrum, but of wrong values."""
    fields = real()
    return (fields + 0.15 * (fields**2 - 1)) / np.float32(np.sqrt(1 + 2 * 0.15**2))


SHAPE = {"spectrum", "covariance", "two_point", "specific_surface", "euler"}
LEVELS = {"mean", "variance", "distribution", "volume_fraction"}
MAPS = {"mean_map", "variance_map", "parity"}
# what must be found, and what else may
FAULTS = {
    "wrong slope": (
        rougher,
        {"spectrum", "specific_surface", "euler"},
        SHAPE | {"diversity", "mean_power"},
    ),
    "smoothing": (
        smoothed,
        {"spectrum", "specific_surface", "euler"},
        SHAPE | {"diversity", "memory"},
    ),
    "wrong variance": (
        lambda: 1.15 * real(),
        {"variance", "distribution", "volume_fraction", "spectrum", "covariance"},
        {
            "variance",
            "distribution",
            "volume_fraction",
            *SHAPE,
            "mean_power",
            "diversity",
        }
        - {"two_point"},
    ),
    "offset": (
        lambda: real() + 0.3,
        {"mean", "mean_power", "distribution", "volume_fraction"},
        {"mean", "mean_power", *LEVELS, *SHAPE},
    ),
    "checkerboard": (
        lambda: real() + 0.06 * BOARD,
        {"parity", "spectrum"},
        {"parity", "mean_map", "spectrum", "specific_surface", "euler"},
    ),
    "checkerboard of random sign": (
        lambda: real()
        + 0.06 * BOARD * rng(1).choice([-1, 1], (COUNT, 1, 1, 1)).astype(np.float32),
        {"parity", "spectrum"},
        {"parity", "spectrum", "specific_surface", "euler"},
    ),
    "one repeated map": (
        partly_repeated,
        {"diversity", "mean_map", "variance_map"},
        None,
    ),
    "memory": (remembered, {"memory"}, {"memory"}),
    "border": (
        border,
        {"variance_map"},
        {"variance_map", "spectrum", "specific_surface", "euler", "parity"},
    ),
    "wrong distribution": (
        skewed,
        {"distribution", "volume_fraction"},
        LEVELS | SHAPE | {"variance_map"},  # which has fourth moments
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_fault(judge_2d, fault):
    make, must, may = FAULTS[fault]
    result = judge_2d.scores(make())
    found = alarms(result)
    assert must <= found
    assert may is None or found <= may
    assert not result["together"]["within"]
    for name in must:
        assert result["scores"][name]["p"] == 1 / (judge_2d.sets + 1)


def test_truth_floor_and_z_stand_beside_the_value(judge_2d):
    result = judge_2d.scores(real() * 1.15)
    score = result["scores"]["variance"]
    assert score["truth"] == pytest.approx(1)
    assert score["value"] == pytest.approx(1.15**2, abs=4 * score["floor"])
    assert score["z"] == pytest.approx((score["value"] - 1) / score["floor"])
    # the spread of the variance: sqrt(2 sum rho^2 / (maps pixels))
    expected = np.sqrt(
        2 * np.square(FIELD.correlation).sum() / (COUNT * FIELD.num_pixels)
    )
    assert score["floor"] == pytest.approx(expected, rel=0.3)
    spectrum = result["scores"]["spectrum"]
    assert len(spectrum["at"]) == len(spectrum["value"]) == len(spectrum["z"])
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_memory_needs_training_fields(judge_2d):
    assert "memory" in judge_2d.scores(real())["scores"]
    assert "memory" not in field_scores(real(), FIELD, sets=60)["scores"]


def test_real_fields_pass_at_the_stated_rate():
    field = random_field("gaussian", (12, 12), length=1.2, zero_mean=False)
    counts, trials, generator = {}, 0, rng(1)
    for seed in range(25):
        one = FieldJudge(field, 8, sets=60, seed=seed)
        assert one.false_alarm == pytest.approx(3 / 61)
        for _ in range(8):
            result = one.scores(field.sample(8, generator))
            trials += 1
            for name in alarms(result):
                counts[name] = counts.get(name, 0) + 1
            counts["together"] = counts.get("together", 0) + (
                not result["together"]["within"]
            )
    expected = 3 / 61
    # of the trials, and of the quantile that ten of them share
    spread = np.sqrt(expected * (1 / trials + 1 / (61 * 25)))
    for name in (*result["scores"], "together"):
        assert abs(counts.get(name, 0) / trials - expected) < 4.5 * spread, name
    mean = np.mean([counts.get(name, 0) / trials for name in result["scores"]])
    assert abs(mean - expected) < 0.02


@pytest.mark.parametrize("periodic", [True, False])
def test_real_fields_pass_against_real_fields(periodic):
    field = random_field("lognormal", (14, 14), length=1.2, variance=0.5)
    counts, trials, generator = {}, 0, rng(2)
    for seed in range(35):
        fields = field.sample(72, generator)[..., :12, :12]
        result = field_scores(
            fields[:24], fields[24:], sets=60, seed=seed, periodic=periodic
        )
        assert result["fields"] == 24
        trials += 1
        for name in alarms(result):
            counts[name] = counts.get(name, 0) + 1
    spread = np.sqrt(3 / 61 / trials)
    assert max(counts.values()) / trials < 3 / 61 + 4.5 * spread
    mean = sum(counts.values()) / trials / len(result["scores"])
    assert 0.01 < mean < 0.1
    assert "memory" in result["scores"]


@pytest.mark.parametrize("periodic", [True, False])
def test_faults_beside_real_fields_alone(periodic):
    reals = real(1)[:, 0], real(2)[:, 0]
    reference = np.concatenate(reals)
    options = {"periodic": periodic, "sets": 60}
    assert {"variance"} <= alarms(
        field_scores(1.15 * real()[:, 0], reference, **options)
    )
    assert {"spectrum"} <= alarms(field_scores(rougher()[:, 0], reference, **options))
    board = alarms(field_scores(real()[:, 0] + 0.1 * BOARD, reference, **options))
    assert "parity" in board and "variance" not in board
    copies = alarms(field_scores(reals[0].copy(), reference, **options))
    assert copies == {"memory"}


def test_phases():
    field = random_field("porous", (24, 24), length=2.0, porosity=0.3)
    one = FieldJudge(field, 100, sets=60)
    names = set(one.scores(field.sample(100, rng()))["scores"])
    assert {
        "porosity",
        "porosity_variance",
        "specific_surface",
        "euler",
        "two_point",
    } <= names
    assert not {"mean", "distribution", "volume_fraction", "variance"} & names
    other = random_field("porous", (24, 24), length=2.0, porosity=0.33)
    result = one.scores(other.sample(100, rng()))
    assert "porosity" in alarms(result)
    assert result["scores"]["porosity"]["truth"] == pytest.approx(0.3)
    uneven = field.sample(100, rng())
    uneven[:50, :, :12] = uneven[50:, :, :12] = 0
    uneven[:15] = 1
    assert "porosity_variance" in alarms(one.scores(uneven))
    longer = random_field("porous", (24, 24), length=2.6, porosity=0.3)
    found = alarms(one.scores(longer.sample(100, rng(3))))
    assert {"specific_surface", "two_point"} <= found and "porosity" not in found
    with pytest.raises(UserError, match="apply the threshold"):
        one.scores(field.sample(100, rng()) * 0.9)


def test_volumes():
    field = random_field("gaussian", (12, 12, 12), length=1.5)
    one = FieldJudge(field, 60, sets=60)
    assert "mean_breadth" in one.scores(field.sample(60, rng()))["scores"]
    other = random_field("gaussian", (12, 12, 12), length=1.5, smoothness=1.1)
    found = alarms(one.scores(other.sample(60, rng())))
    assert {"spectrum", "specific_surface"} <= found
    assert not {"variance", "distribution", "mean_power", "mean_map"} & found
    board = (-1.0) ** np.indices((12, 12, 12)).sum(axis=0)
    assert "parity" in alarms(one.scores(field.sample(60, rng()) + 0.1 * board))


def test_channels_are_judged_one_by_one():
    pair = [random_field("gaussian", (12, 12), length=length) for length in (1.0, 2.0)]
    fields = np.concatenate([f.sample(300, rng(i)) for i, f in enumerate(pair)], axis=1)
    new = np.concatenate(
        [f.sample(150, rng(i + 2)) for i, f in enumerate(pair)], axis=1
    )
    new[:, 1] *= 1.2
    found = alarms(field_scores(new, fields, sets=60))
    assert "variance[1]" in found and "variance[0]" not in found


def test_rounding_is_no_fault():
    """The mean of every map is 0: what is left of it differs by rounding alone."""
    field = random_field("gaussian", (16, 16), length=2.0)
    one = FieldJudge(field, 40, sets=60)
    fields = field.sample(40, rng()).astype(np.float64)
    fields -= fields.mean(axis=(2, 3), keepdims=True)
    score = one.scores(fields)["scores"]["mean_power"]
    assert (score["z"], score["within"]) == (0, True)
    shifted = one.scores(fields + 0.01)["scores"]
    assert not shifted["mean_power"]["within"] and not shifted["mean"]["within"]


@pytest.mark.parametrize(
    "fields", [np.zeros((COUNT, 32, 32)), np.full((COUNT, 32, 32), 7.5)]
)
def test_a_dead_generator_is_told_in_finite_numbers(judge_2d, fields):
    result = judge_2d.scores(fields)
    json.dumps(result, allow_nan=False)
    assert {"variance", "spectrum", "distribution", "diversity"} <= alarms(result)


def test_judge_by_ranks():
    reals = np.arange(1.0, 100.0)[:, None]
    distance = Evidence(DISTANCE, np.array([95.5]), np.zeros(1), reals, 0.0)
    result = judge({"a": distance}, 0.05)["scores"]["a"]
    assert (result["p"], result["within"]) == (0.05, False)
    distance = Evidence(DISTANCE, np.array([94.5]), np.zeros(1), reals, 0.0)
    assert judge({"a": distance}, 0.05)["scores"]["a"]["within"]
    signs = rng().choice([-1.0, 1.0], (99, 3))
    vector = Evidence(ESTIMATE, np.array([0.0, 0.0, -9.0]), np.zeros(3), signs, 0.0)
    result = judge({"a": vector}, 0.05)["scores"]["a"]
    assert (
        result["z"] == [0, 0, -9]
        and result["floor"] == [1, 1, 1]
        and not result["within"]
    )


def test_page(tmp_path, judge_2d):
    path = tmp_path / "new" / "page.png"
    fields = real()
    save_field_page(str(path), judge_2d.scores(fields), fields, TRAINING)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [p.name for p in path.parent.iterdir()] == ["page.png"]


@pytest.mark.parametrize("shape", [(8, 8, 8), (32,)])
def test_page_of_phases_and_volumes(tmp_path, shape):
    field = random_field("porous", shape, length=1.5)
    fields = field.sample(20, rng())
    result = field_scores(fields, field, sets=60)
    save_field_page(str(tmp_path / "page.png"), result, fields, fields, len(shape))
    assert (tmp_path / "page.png").stat().st_size > 10000
    figure = field_page(result, 1 - fields, fields, len(shape))
    (shares,) = [a for a in figure.axes if a.get_title() == "Shares of the values"]
    porosity = np.mean(fields)
    heights = [bar.get_height() for bar in shares.patches]
    expected = [1 - porosity, porosity, porosity, 1 - porosity]
    np.testing.assert_allclose(heights, expected, rtol=1e-6)


def test_page_of_continuous_fields_has_a_density(judge_2d):
    fields = FIELD.sample(COUNT, rng(5))
    titles = [
        axes.get_title()
        for axes in field_page(judge_2d.scores(fields), fields, TRAINING).axes
    ]
    assert "Density of a pixel" in titles and "Shares of the values" not in titles


MAPS_2D = rng().random((40, 8, 8))


@pytest.mark.parametrize(
    "generated, truth, options, words",
    [
        (real(), FIELD, {"sets": 59}, "at least 60 real sets"),
        (real(), FIELD, {"level": 0.001}, "cannot support"),
        (real(), FIELD, {"periodic": False}, "known on the torus"),
        (real()[:1], FIELD, {}, "has no spread"),
        (real()[..., :16], FIELD, {"sets": 60}, "generate such fields"),
        (real() * np.nan, FIELD, {"sets": 60}, "NaN or infinite"),
        (real() * 1e20, FIELD, {"sets": 60}, "another unit"),
        (MAPS_2D, MAPS_2D[:3], {}, "has no spread"),
        (MAPS_2D, MAPS_2D * 0 + 1, {}, "are constant, 1"),
        (MAPS_2D, MAPS_2D * 1e-20, {}, "use another unit"),
        (MAPS_2D, np.full((8, 8, 8), np.inf), {}, "NaN or infinite"),
        (MAPS_2D, MAPS_2D[0], {"dimension": 2}, "give .N, .shape"),
        (MAPS_2D[:, :4], MAPS_2D, {}, "generate such fields"),
        (MAPS_2D, MAPS_2D, {"training": MAPS_2D[:5]}, "training fields too"),
        (MAPS_2D, MAPS_2D, {"training": MAPS_2D[:, :4]}, "the training fields"),
        (MAPS_2D.astype(str), MAPS_2D, {}, "give numbers"),
    ],
)
def test_bad_input(generated, truth, options, words):
    with pytest.raises(UserError, match=words) as error:
        field_scores(generated, truth, **options)
    assert "\n" not in str(error.value)


def test_table_says_what_each_score_is():
    assert all(score.meaning for score in SCORES.values())
