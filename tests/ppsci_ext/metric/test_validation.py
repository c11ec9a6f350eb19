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

"""Scores in a validator of PaddleScience."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

import ppsci
from ppsci_ext.metric import SCORES
from ppsci_ext.metric import FrechetDistance
from ppsci_ext.metric import ImageScores
from ppsci_ext.metric import InceptionScore
from ppsci_ext.metric import KernelDistance
from ppsci_ext.metric import PrecisionRecall
from ppsci_ext.metric import Score
from ppsci_ext.metric import image_scores
from ppsci_ext.utils.errors import UserError
from tests.helpers.tiny_images import classifier
from tests.helpers.tiny_images import extracted
from tests.helpers.tiny_images import random_images


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
    del expected["KID_std"]  # of 70 of 70 images there is none
    assert target == found["distance"]["image.FID"]
    assert found["all"] == pytest.approx(
        {f"image.{name}": value for name, value in expected.items()}, rel=1e-3
    )
    assert sum(calls) == 2 * 70  # each image once
    assert list(found["distance"]) == ["image.FID"]
    assert list(found["inception"]) == ["image.IS_mean", "image.IS_std"]
    assert list(found["kernel"]) == ["image.KID_mean"]
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
    assert found == pytest.approx(
        {f"x.{name}": v for name, v in expected.items() if v is not None}
    )


def test_labels_are_not_needed_for_the_inception_score():
    images = paddle.to_tensor(to_floats(random_images(40)))
    nothing = paddle.zeros([0, 1, 4, 4])
    found = InceptionScore(classifier)({"x": images}, {"x": nothing})
    assert found["x.IS_mean"] > 1


def test_images_with_nan():
    images = paddle.full([40, 1, 4, 4], float("nan"))
    with pytest.raises(UserError, match="NaN"):
        FrechetDistance(classifier)({"x": images}, {"x": images})


def pixels_and_floats(count, seed=0):
    images = random_images(count, seed)
    return images, paddle.to_tensor(to_floats(images))


def test_options_and_the_deviation_of_the_kernel_distance():
    images, floats = pixels_and_floats(40)
    options = {"kid_subset_size": 10, "kid_subsets": 5}
    found = KernelDistance(classifier, **options)({"x": floats}, {"x": floats})
    expected = image_scores(extracted(images), extracted(images), ["kid"], **options)
    assert found == pytest.approx({f"x.{n}": v for n, v in expected.items()})
    assert len(found) == 2
    with pytest.raises(UserError, match="'kid_size'"):
        KernelDistance(classifier, kid_size=10)
    inception = InceptionScore(classifier, splits=2)({"x": floats}, {"x": floats})
    expected = extracted(images, splits=2).logits.score()
    assert tuple(inception.values()) == pytest.approx(expected)


@pytest.mark.parametrize("shape", [[-1], [-1, 1]])
def test_class_accuracy_of_the_classes_asked_for(shape):
    images, floats = pixels_and_floats(40)
    found = classifier(images)[1].argmax(1)
    asked = np.where(np.arange(40) < 30, found, (found + 1) % 4)
    metric = ImageScores(classifier, scores=["class_accuracy"], class_key="class")
    labels = {"class": paddle.to_tensor(asked).reshape(shape), "x": floats}
    assert metric({"x": floats}, labels) == {"x.class_accuracy": 0.75}
    everything = ImageScores(classifier, class_key="class")({"x": floats}, labels)
    assert list(everything)[0] == "x.FID" and everything["x.class_accuracy"] == 0.75


def test_scores_that_cannot_be_computed():
    with pytest.raises(UserError, match="'fidelity'"):
        ImageScores(classifier, scores=["fidelity"])
    with pytest.raises(UserError, match="class_accuracy .* labels of the samples"):
        ImageScores(classifier, scores=["class_accuracy"])


@pytest.mark.parametrize("scale, offset", [(255, 0), (-1, 2), (3, -1)])
def test_real_images_beyond_the_range(scale, offset):
    floats = paddle.to_tensor(random_images(40).astype("float32") / 255)
    metric = FrechetDistance(classifier)
    with pytest.raises(UserError, match="outside of the range .-1, 1."):
        metric({"x": floats}, {"x": floats * scale + offset})
    # a generator without a last tanh draws a little beyond, now and then
    clipped = metric({"x": floats * 3}, {"x": floats * 2 - 1})
    assert clipped["x.FID"] > 0


@pytest.mark.parametrize("low, high", [(1, 1), (1, -1), (float("nan"), 1)])
def test_no_range(low, high):
    with pytest.raises(UserError, match="is empty or has no end"):
        FrechetDistance(classifier, low, high)


def test_a_score_of_another_row_comes_in_its_order(monkeypatch):
    def distance(generated, reference, seed):
        return [float(np.abs(generated.mean - reference.mean).sum())]

    monkeypatch.setitem(
        SCORES,
        "shift",
        Score(distance, "moments", "moments", True, ("shift",), "distance of means"),
    )
    images, floats = pixels_and_floats(40)
    real, real_floats = pixels_and_floats(40, seed=1)
    found = ImageScores(classifier, scores=["isc", "shift"])(
        {"x": floats}, {"x": real_floats}
    )
    assert list(found) == ["x.shift", "x.IS_mean", "x.IS_std"]
    means = [classifier(i)[0].mean(0, dtype="float64") for i in (images, real)]
    assert found["x.shift"] == pytest.approx(np.abs(means[0] - means[1]).sum())
