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

"""One pass over images and the scores that come of it, alone and in a validator."""

from __future__ import annotations

import numpy as np
import paddle
import ppsci
import pytest

from ppsci_ext.metric import FeatureSet
from ppsci_ext.metric import FrechetDistance
from ppsci_ext.metric import ImageScores
from ppsci_ext.metric import InceptionScore
from ppsci_ext.metric import KernelDistance
from ppsci_ext.metric import PrecisionRecall
from ppsci_ext.metric import check_scores
from ppsci_ext.metric import extract
from ppsci_ext.metric import frechet_distance
from ppsci_ext.metric import image_scores
from ppsci_ext.metric import inception_score
from ppsci_ext.metric import kernel_inception_distance
from ppsci_ext.metric import precision_recall
from ppsci_ext.metric import scores
from ppsci_ext.utils.errors import UserError

ALL_KEYS = ["IS_mean", "IS_std", "FID", "KID_mean", "KID_std", "precision", "recall"]


def classifier(images):
    """Features and logits of uint8 [B, 1, 4, 4], float32 [B, 16] and [B, 4]."""
    assert images.dtype == np.uint8 and images.shape[1:] == (1, 4, 4)
    features = images.reshape(len(images), 16).astype("float32") / 255
    return features, 20 * features[:, :4]


def random_images(count, seed=0, high=256):
    rng = np.random.default_rng(seed)
    return rng.integers(0, high, size=(count, 1, 4, 4), dtype=np.uint8)


def batches(images, size):
    return [images[start : start + size] for start in range(0, len(images), size)]


def extracted(images, size=32, **options):
    return extract(batches(images, size), classifier, len(images), "test", **options)


# ------------------------------------------------------------------- one pass


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


# ------------------------------------------------------------------- scores


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


@pytest.mark.parametrize("count, size", [(40, 40), (1100, 1000)])
def test_size_of_the_subsets(monkeypatch, count, size):
    def spy(features1, features2, subset_size, seed):
        assert seed == 7
        assert (len(features1), len(features2)) == (count, 1200)
        return subset_size, 0.0

    monkeypatch.setattr(scores, "kernel_inception_distance", spy)
    x, y = extracted(random_images(count, 1)), extracted(random_images(1200, 2))
    assert image_scores(x, y, ["kid"], 7) == {"KID_mean": size, "KID_std": 0.0}


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
    with pytest.raises(UserError, match="'fidelity'"):
        ImageScores(classifier, scores=["fidelity"])


def test_too_few_images_for_a_score():
    x = extracted(random_images(9))
    with pytest.raises(UserError, match="at least 10 samples, not 9"):
        image_scores(x, x)
    with pytest.raises(UserError, match="at least 4 samples, not 3"):
        image_scores(x, extracted(random_images(3)), ["prc"])


# ------------------------------------------------------------------- validators


class Painter(ppsci.arch.base.Arch):
    """Maps noise [B, 16] to images [B, 1, 4, 4] in [-1, 1]."""

    def __init__(self):
        super().__init__()
        self.input_keys, self.output_keys = ("noise",), ("image",)
        self.gain = self.create_parameter([1])
        self.gain.set_value(paddle.ones([1]))

    def forward(self, inputs):
        images = paddle.tanh(self.gain * inputs["noise"])
        return {"image": images.reshape([-1, 1, 4, 4])}


def to_floats(images):
    return images.astype("float32") / 127.5 - 1


def evaluate(tmp_path, metrics, real):
    noise = np.random.default_rng(7).normal(size=(len(real), 16)).astype("float32")
    validator = ppsci.validate.SupervisedValidator(
        {
            "dataset": {
                "name": "NamedArrayDataset",
                "input": {"noise": noise},
                "label": {"image": to_floats(real)},
            },
            "batch_size": 32,
            "sampler": {"name": "BatchSampler", "drop_last": False, "shuffle": False},
        },
        ppsci.loss.MSELoss(),
        metric=metrics,
        name="images",
    )
    solver = ppsci.solver.Solver(
        Painter(),
        output_dir=str(tmp_path),
        validator={"images": validator},
        eval_with_no_grad=True,
    )
    painted = np.clip((np.tanh(noise) + 1) / 2 * 255.99, 0, 255).astype(np.uint8)
    return solver.eval(), painted.reshape(-1, 1, 4, 4)


def test_in_a_validator(tmp_path):
    real = random_images(70)
    calls = []

    def counting(images):
        calls.append(len(images))
        return classifier(images)

    metrics = {
        "distance": FrechetDistance(classifier),
        "all": ImageScores(counting),
        "inception": InceptionScore(classifier),
        "kernel": KernelDistance(classifier),
        "manifold": PrecisionRecall(classifier),
    }
    (target, found), painted = evaluate(tmp_path, metrics, real)
    expected = image_scores(extracted(painted), extracted(real))
    assert target == found["distance"]["image.FID"]
    assert found["all"] == pytest.approx(
        {f"image.{name}": value for name, value in expected.items()}, rel=1e-3
    )
    assert sum(calls) == 2 * 70  # each image once
    assert list(found["distance"]) == ["image.FID"]
    assert list(found["inception"]) == ["image.IS_mean", "image.IS_std"]
    assert list(found["kernel"]) == ["image.KID_mean", "image.KID_std"]
    assert list(found["manifold"]) == ["image.precision", "image.recall"]
    for metric in ("distance", "inception", "kernel", "manifold"):
        for name, value in found[metric].items():
            assert value == found["all"][name]


def test_solver_minimises_the_distance_where_all_scores_are_wanted(tmp_path):
    metrics = {"all": ImageScores(classifier, scores=["isc", "prc", "fid"])}
    (target, found), _ = evaluate(tmp_path, metrics, random_images(40))
    assert target == found["all"]["image.FID"]
    assert len(found["all"]) == 5


def test_range_of_the_floats():
    real = random_images(40, 3)
    tensor = paddle.to_tensor(real.astype("float32") / 255)
    metric = ImageScores(classifier, low=0.0, high=1.0)
    found = metric({"x": tensor, "unused": tensor}, {"x": tensor})
    expected = image_scores(extracted(real), extracted(real))
    assert found == pytest.approx({f"x.{name}": v for name, v in expected.items()})


def test_labels_are_not_needed_for_the_inception_score():
    images = paddle.to_tensor(to_floats(random_images(40)))
    nothing = paddle.zeros([0, 1, 4, 4])
    found = InceptionScore(classifier)({"x": images}, {"x": nothing})
    assert found["x.IS_mean"] > 1


def test_images_with_nan():
    images = paddle.full([40, 1, 4, 4], float("nan"))
    with pytest.raises(UserError, match="NaN"):
        FrechetDistance(classifier)({"x": images}, {"x": images})
