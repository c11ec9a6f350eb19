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

"""The table of scores and what is computed by it."""

from __future__ import annotations

import numpy as np
import pytest

from ppsci.utils import logger
from ppsci_ext.metric import SCORES
from ppsci_ext.metric import FeatureSet
from ppsci_ext.metric import Option
from ppsci_ext.metric import Score
from ppsci_ext.metric import check_scores
from ppsci_ext.metric import extract
from ppsci_ext.metric import frechet_distance
from ppsci_ext.metric import image_scores
from ppsci_ext.metric import inception_score
from ppsci_ext.metric import kernel_inception_distance
from ppsci_ext.metric import precision_recall
from ppsci_ext.metric import select_scores
from ppsci_ext.utils.errors import UserError
from tests.helpers.tiny_images import classifier
from tests.helpers.tiny_images import extracted
from tests.helpers.tiny_images import random_images

ALL_KEYS = ["IS_mean", "IS_std", "FID", "KID_mean", "KID_std", "precision", "recall"]


def test_all_scores_are_those_of_the_plain_functions():
    generated, real = random_images(160, 1, 200), random_images(150, 2)
    (x, logits), (y, _) = classifier(generated), classifier(real)
    found = image_scores(extracted(generated), extracted(real))
    assert list(found) == ALL_KEYS
    assert all(type(value) is float for value in found.values())
    distance = frechet_distance(
        x.astype("float64").mean(axis=0),
        np.cov(x.astype("float64"), rowvar=False),
        y.astype("float64").mean(axis=0),
        np.cov(y.astype("float64"), rowvar=False),
    )
    expected = [
        *inception_score(logits),
        distance,
        *kernel_inception_distance(x, y, subset_size=150),
        *precision_recall(y, x),
    ]
    assert list(found.values()) == pytest.approx(expected)


def kid_by_loops(x, y, subsets, size, seed):
    """Mean and deviation over subsets, every pair of samples by itself."""

    def kernel(a, b):
        return (sum(p * q for p, q in zip(a, b)) / len(a) + 1) ** 3

    draw = np.random.RandomState(seed)
    estimates = []
    for _ in range(subsets):
        first = x[draw.choice(len(x), size, replace=False)].tolist()
        second = y[draw.choice(len(y), size, replace=False)].tolist()
        within = [
            kernel(part[i], part[j])
            for part in (first, second)
            for i in range(size)
            for j in range(size)
            if i != j
        ]
        across = [kernel(a, b) for a in first for b in second]
        estimates.append(sum(within) / (size * (size - 1)) - 2 * np.mean(across))
    return np.mean(estimates), np.std(estimates)


@pytest.mark.parametrize("subsets, size, seed", [(3, 2, 0), (5, 7, 1), (2, 20, 2020)])
def test_options_of_the_kernel_distance(subsets, size, seed):
    x, y = extracted(random_images(25, 1)), extracted(random_images(30, 2))
    options = {"kid_subsets": subsets, "kid_subset_size": size}
    found = image_scores(x, y, ["kid"], seed, **options)
    expected = kid_by_loops(x.features, y.features, subsets, size, seed)
    assert (found["KID_mean"], found["KID_std"]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    "counts, size, has_deviation",
    [((40, 40), 40, False), ((40, 50), 40, True), ((1100, 1200), 1000, True)],
)
def test_size_of_the_subsets(counts, size, has_deviation, monkeypatch):
    lines = []
    monkeypatch.setattr(logger, "info", lines.append)
    x, y = (extracted(random_images(n, i)) for i, n in enumerate(counts))
    found = image_scores(x, y, ["kid"], kid_subsets=3)
    expected = kernel_inception_distance(x.features, y.features, 3, size)
    assert (found["KID_mean"], found["KID_std"]) == expected
    assert (found["KID_std"] is not None) == has_deviation
    assert [f"subsets of {size} samples" in line for line in lines] == (
        [True] if size < 1000 else []
    )


def test_a_size_that_was_asked_for_is_not_lowered():
    x = extracted(random_images(40))
    with pytest.raises(UserError, match="41 samples has only 40"):
        image_scores(x, x, ["kid"], kid_subset_size=41)


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"kid_subset": 5}, "'kid_subset'.*'kid_subset"),
        ({"kid_subsets": 0}, "kid_subsets must be at least 1, not 0"),
        ({"kid_subset_size": 1}, "kid_subset_size must be at least 2, not 1"),
    ],
)
def test_options_that_are_none(options, expected):
    x = extracted(random_images(40))
    with pytest.raises(UserError, match=expected):
        image_scores(x, x, **options)


def test_only_what_is_wanted_and_known():
    x, y = extracted(random_images(40, 1)), extracted(random_images(50, 2))
    published = FeatureSet(None, y.mean, y.cov)
    assert list(image_scores(x, y, ["prc", "isc"])) == [*ALL_KEYS[:2], *ALL_KEYS[5:]]
    assert list(image_scores(x, y, ())) == []
    assert list(image_scores(x, None)) == ALL_KEYS[:2]
    assert list(image_scores(x, published)) == ALL_KEYS[:3]
    assert list(image_scores(published, y)) == ["FID"]
    assert image_scores(x, published)["FID"] == image_scores(x, y)["FID"]


def test_reference_of_another_classifier():
    x = extracted(random_images(40))
    other = FeatureSet(None, np.zeros(2048), np.zeros((2048, 2048)))
    with pytest.raises(UserError, match="2048 features, but the extractor gives 16"):
        image_scores(x, other)


def test_names_of_scores():
    assert check_scores(iter(["fid", "kid"])) == ("fid", "kid")
    with pytest.raises(UserError, match="'kidd'.*'kid'"):
        check_scores(["fid", "kidd"])
    with pytest.raises(UserError, match="score 'FID'.*'fid'"):
        image_scores(extracted(random_images(40)), None, ["FID"])


def test_too_few_images_for_a_score():
    x = extracted(random_images(9))
    with pytest.raises(UserError, match="at least 10 samples, not 9"):
        image_scores(x, x)
    with pytest.raises(UserError, match="at least 4 samples, not 3"):
        image_scores(x, extracted(random_images(3)), ["prc"])


# --------------------------------------------------------- what can't be computed


X = extracted(random_images(40, 1))
LABELLED = extract(
    [(random_images(40, 1), np.arange(40) % 4)], classifier, 40, "labelled"
)
BARE = extracted(random_images(40, 1), keep_features=False)
MOMENTS = FeatureSet(None, X.mean, X.cov)


@pytest.mark.parametrize(
    "name, generated, reference, lacking",
    [
        ("isc", MOMENTS, X, "logits of the samples"),
        ("fid", X, None, "moments of a reference, but there is none"),
        ("kid", X, None, "features of a reference, but there is none"),
        ("kid", X, MOMENTS, "features of a reference, .* only moments"),
        ("kid", MOMENTS, X, "features of the samples"),
        ("prc", X, MOMENTS, "features of a reference, .* only moments"),
        ("prc", BARE, X, "features of the samples"),
        ("class_accuracy", X, X, "labels of the samples"),
    ],
)
def test_a_score_that_was_asked_for_is_computed_or_an_error(
    name, generated, reference, lacking, monkeypatch
):
    with pytest.raises(UserError, match=f"score {name} can't be .* needs {lacking}"):
        image_scores(generated, reference, ["fid", name] if reference else [name])
    lines = []
    monkeypatch.setattr(logger, "info", lines.append)
    found = image_scores(generated, reference)
    assert not set(found) & set(SCORES[name].metrics)
    note = next(line for line in lines if line.startswith("Not computed"))
    assert f"{name} needs " in note


def test_nothing_can_be_computed():
    with pytest.raises(UserError, match="No score .* isc needs logits of the samples"):
        image_scores(MOMENTS, None)


def test_all_that_can_be_computed_and_no_note(monkeypatch):
    lines = []
    monkeypatch.setattr(logger, "info", lines.append)
    known = LABELLED.parts
    assert select_scores(None, known, known) == tuple(SCORES)
    assert len(image_scores(LABELLED, LABELLED)) == len(ALL_KEYS) + 1
    assert not [line for line in lines if "Not computed" in line]


def test_class_accuracy_by_hand():
    found = image_scores(LABELLED, None, ["class_accuracy"])
    logits = random_images(40, 1).reshape(40, 16)[:, :4]
    hits = sum(int(np.argmax(row) == i % 4) for i, row in enumerate(logits))
    assert found == {"class_accuracy": hits / 40} and 0 < hits < 40


# ------------------------------------------------------------------ another row


def test_a_score_is_one_row(monkeypatch):
    def spread(generated, reference, seed, spread_power):
        return [float(np.trace(generated.cov) ** spread_power), None]

    monkeypatch.setitem(
        SCORES,
        "spread",
        Score(
            spread,
            needs="moments",
            compares=None,
            less_is_better=True,
            metrics=("spread", "spread_std"),
            description="total variance",
            options={"spread_power": Option(1, 1, "power of it")},
        ),
    )
    total = float(np.trace(X.cov))
    assert image_scores(X, None, ["spread"]) == {"spread": total, "spread_std": None}
    found = image_scores(X, X, spread_power=2)
    assert list(found)[-2:] == ["spread", "spread_std"]
    assert found["spread"] == pytest.approx(total**2)
    with pytest.raises(UserError, match="'sprea'.*'spread'"):
        check_scores(["sprea"])
    with pytest.raises(UserError, match="spread_power must be at least 1"):
        image_scores(X, X, spread_power=0)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), -float("inf")])
def test_no_result_is_infinite(value, monkeypatch):
    row = SCORES["fid"]._replace(compute=lambda generated, reference, seed: [value])
    monkeypatch.setitem(SCORES, "fid", row)
    with pytest.raises(UserError, match="FID is .* no finite number"):
        image_scores(X, X)


@pytest.mark.parametrize("name", sorted(SCORES))
def test_rows_yield_what_they_announce(name):
    row = SCORES[name]
    assert list(image_scores(LABELLED, LABELLED, [name])) == list(row.metrics)
    assert all(key.startswith(name.split("_")[0]) for key in row.options)
