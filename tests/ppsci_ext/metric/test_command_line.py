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

"""python -m ppsci_ext.metric A B"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ppsci.utils import logger
from ppsci_ext.metric import SCORES
from ppsci_ext.metric import FeatureStatistics
from ppsci_ext.metric import Option
from ppsci_ext.metric import Score
from ppsci_ext.metric import __main__ as command
from ppsci_ext.metric import frechet_distance
from ppsci_ext.metric import inception_score
from ppsci_ext.metric import kernel_inception_distance
from ppsci_ext.metric import precision_recall

ROOT = Path(__file__).parents[3]


def write_images(folder, seed, count=30):
    """Grey 28x28 images as every kind of source; returns the array."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    os.makedirs(folder / "pngs")
    for index, image in enumerate(images):
        Image.fromarray(image).save(folder / "pngs" / f"{index:03d}.png")
    np.save(folder / "array.npy", images)
    np.savez(folder / "images.npz", images=images[:, None])
    np.savez(folder / "unnamed.npz", images[..., None])
    np.savez(folder / "samples.npz", samples=(images[:, None] + 0.5) / 256 * 2 - 1)
    np.save(folder / "floats.npy", images.astype("float64"))
    return images[:, None]


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    a = write_images(folder / "a", 0)
    b = write_images(folder / "b", 1)
    write_images(folder / "splits" / "train", 2)
    write_images(folder / "splits" / "test", 3)
    zeros = np.zeros((3, 3, 32, 32), np.uint8)
    np.savez(folder / "colour.npz", images=zeros)
    np.savez(folder / "large.npz", images=zeros[:, :1])
    np.savez(folder / "one.npz", images=zeros[:1, :1, :28, :28])
    np.savez(folder / "none.npz", images=zeros[:0])
    for name, sigma in {
        "moments": np.eye(128),
        "asymmetric": np.tri(128),
        "indefinite": np.diag([-1.0, *np.ones(127)]),
        "huge": 1e300 * np.eye(128),
    }.items():
        np.savez(folder / f"{name}.npz", mu=np.zeros(128), sigma=sigma)
    return folder, a, b


@pytest.fixture(autouse=True)
def logger_as_before():
    yield
    logger.init_logger(
        "ppsci", None, "warning"
    )  # the command's writes to a closed file


def run(capsys, monkeypatch, tmp_path, *arguments):
    monkeypatch.setenv("PPSCI_EXT_CACHE", str(tmp_path / "cache"))
    command.main([*map(str, arguments), "--extractor", "mnist_classifier"])
    return json.loads(capsys.readouterr().out)


def test_all_scores(sources, capsys, monkeypatch, tmp_path):
    folder, a, b = sources
    out = tmp_path / "new" / "out.json"
    arguments = [folder / "a/array.npy", folder / "b/array.npy", "--json", out]
    result = run(capsys, monkeypatch, tmp_path, *arguments)
    assert json.loads(out.read_text()) == result
    assert (result["num_images"], result["num_reference"]) == (30, 30)
    assert result["extractor"]["name"] == "mnist_classifier"

    extractor = command.build_extractor("mnist_classifier")
    moments, features = [], []
    for images in (a, b):
        features.append(extractor(images)[0])
        statistics = FeatureStatistics(128)
        statistics.update(features[-1])
        moments += [statistics.mean, statistics.cov]
    order = np.random.RandomState(2020).permutation(30)
    score, deviation = inception_score(extractor(a)[1][order])
    precision, recall = precision_recall(features[1], features[0])
    metrics = result["metrics"]
    assert list(metrics) == [
        "IS_mean",
        "IS_std",
        "FID",
        "KID_mean",
        "KID_std",
        "precision",
        "recall",
    ]
    expected = [score, deviation, frechet_distance(*moments), precision, recall]
    names = ["IS_mean", "IS_std", "FID", "precision", "recall"]
    np.testing.assert_allclose([metrics[n] for n in names], expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["pngs", "images.npz", "unnamed.npz"])
def test_the_source_makes_no_difference(name, sources, capsys, monkeypatch, tmp_path):
    folder, _, _ = sources
    expected = run(
        capsys, monkeypatch, tmp_path, folder / "a/array.npy", folder / "b/array.npy"
    )
    found = run(capsys, monkeypatch, tmp_path, folder / "a" / name, folder / "b" / name)
    assert found["metrics"] == expected["metrics"]


def test_floats_need_their_range(sources, capsys, monkeypatch, tmp_path):
    folder, _, _ = sources
    arguments = [folder / "a/samples.npz", folder / "b/array.npy", "--fid"]
    with pytest.raises(SystemExit) as caught:
        run(capsys, monkeypatch, tmp_path, *arguments)
    assert caught.value.code == 2 and "--range" in capsys.readouterr().err
    found = run(capsys, monkeypatch, tmp_path, *arguments, "--range", "-1", "1")
    arguments[0] = folder / "a/array.npy"
    assert found["metrics"] == run(capsys, monkeypatch, tmp_path, *arguments)["metrics"]


def test_the_inception_score_needs_no_reference(sources, capsys, monkeypatch, tmp_path):
    folder, _, _ = sources
    for flags in ([], ["--isc"]):
        found = run(capsys, monkeypatch, tmp_path, folder / "a/array.npy", *flags)
        assert list(found["metrics"]) == ["IS_mean", "IS_std"]
    assert not os.path.exists(tmp_path / "cache")


def test_statistics_as_reference(sources, capsys, monkeypatch, tmp_path):
    folder, a, _ = sources
    features = command.build_extractor("mnist_classifier")(a)[0].astype(np.float64)
    path = tmp_path / "statistics.npz"
    np.savez(path, mu=features.mean(0), sigma=np.cov(features.T))
    found = run(capsys, monkeypatch, tmp_path, folder / "a/array.npy", path)
    assert list(found["metrics"]) == ["IS_mean", "IS_std", "FID"]
    assert abs(found["metrics"]["FID"]) < 1e-6


def test_the_reference_is_cached(sources, capsys, monkeypatch, tmp_path):
    folder, _, _ = sources
    arguments = [folder / "a/array.npy", folder / "b/array.npy"]
    first = run(capsys, monkeypatch, tmp_path, *arguments)
    calls = []
    monkeypatch.setattr("ppsci_ext.metric.reference.extract", calls.append)
    assert run(capsys, monkeypatch, tmp_path, *arguments) == first and not calls


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["missing.npy"], "no file or folder missing.npy"),
        (["a/array.npy", "missing"], "no file or folder missing"),
        (["mnist-tset"], "no file or folder mnist-tset"),
        (["mnist-test"], "mnist"),
        (["moments.npz"], "moments.npz holds statistics"),
        (["asymmetric.npz"], "asymmetric.npz holds statistics"),
        (["a/array.npy", "b/array.npy", "--batch-size", "0"], "--batch-size must be"),
        (["a/array.npy", "b/array.npy", "--kid-subsets", "0"], "--kid-subsets must be"),
        (["a/array.npy", "b/array.npy", "--kid-subset-size", "1"], "at least 2"),
        (["a/array.npy", "b/array.npy", "--isc-splits", "0"], "--isc-splits must be"),
        (["a/array.npy", "b/array.npy", "--seed", "-1"], "--seed must be at least 0"),
        (["a/array.npy", "--seed", str(2**32)], "--seed must be"),
        (["a/array.npy", "b/array.npy", "--weights", "nowhere.safetensors"], "nowhere"),
        (["a/array.npy", "--isc-splits", "31"], "at least 31 samples, not 30"),
        (["a/array.npy", "b/array.npy", "--kid-subset-size", "31"], "has only 30"),
        # asked for by name
        (["a/array.npy", "--fid"], "fid can't be computed: .* there is none"),
        (["a/array.npy", "--isc", "--prc"], "prc can't be computed: .* there is none"),
        (["a/array.npy", "moments.npz", "--kid"], "kid .* features .* only moments"),
        (["a/array.npy", "moments.npz", "--isc", "--prc"], "prc .* only moments"),
        (["a/array.npy", "b/array.npy", "--class-accuracy"], "needs labels"),
        # moments that are none
        (["a/array.npy", "asymmetric.npz"], "asymmetric.npz .* must be symmetric"),
        (["a/array.npy", "indefinite.npz"], "indefinite.npz .* negative eigenvalues"),
        (["a/array.npy", "huge.npz"], "huge.npz .* no finite distance"),
        (["a/array.npy", "huge.npz", "--fid"], "huge.npz .* no finite distance"),
        # floats
        (["a/samples.npz", "--range", "1", "1"], "is empty or has no end"),
        (["a/samples.npz", "--range", "1", "-1"], "is empty or has no end"),
        (["a/samples.npz", "--range", "nan", "1"], "is empty or has no end"),
        (["a/samples.npz", "--range", "0", "inf"], "is empty or has no end"),
        (["a/array.npy", "--range", "1", "1"], "is empty or has no end"),
        (["a/samples.npz", "--range", "0", "1"], r"make it \[-1, 1\], which fits"),
        (
            ["a/array.npy", "b/floats.npy", "--range", "-1", "1"],
            r"make it \[0, 255\], which fits",
        ),
        # images that the classifier doesn't take
        (["colour.npz"], "takes images of 1 channel, not of 3"),
        (["large.npz"], "at most 28x28 pixels, not 32x32"),
        (["one.npz"], "at least 2 samples, not 1"),
        (["none.npz"], "none.npz holds no images"),
        # folders
        (["splits"], r"divided into splits \(test, train\): .* splits/test"),
        (["a/array.npy", "splits"], "divided into splits"),
    ],
)
def test_mistakes_end_in_one_sentence(
    arguments, expected, sources, capsys, monkeypatch, tmp_path
):
    monkeypatch.chdir(sources[0])
    out = tmp_path / "out.json"
    with pytest.raises(SystemExit) as caught:
        run(capsys, monkeypatch, tmp_path, *arguments, "--json", out)
    lines = capsys.readouterr().err.splitlines()
    lines = [line for line in lines if " INFO: Features of " not in line]
    assert caught.value.code == 2 and not out.exists()
    assert len(lines) == 1 and lines[0].startswith("error: ")
    assert re.search(expected, lines[0]), lines[0]
    assert not re.search("EVAL|savez|Traceback", lines[0])


def test_as_a_program(sources):
    folder, _, _ = sources
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ppsci_ext.metric",
            folder / "a/array.npy",
            "--extractor",
            "mnist_classifier",
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["metrics"]["IS_mean"] >= 1.0


# ------------------------------------------------------------- choice of scores


def test_what_is_missing_without_a_choice_is_noted(
    sources, capsys, monkeypatch, tmp_path
):
    folder, _, _ = sources
    monkeypatch.setenv("PPSCI_EXT_CACHE", str(tmp_path / "cache"))
    for reference, expected in (
        (["moments.npz"], ["kid needs features", "prc needs features"]),
        ([], ["fid needs moments", "kid needs features"]),
        (["b/array.npy"], ["class_accuracy needs labels"]),
    ):
        arguments = [str(folder / name) for name in ["a/array.npy", *reference]]
        command.main([*arguments, "--extractor", "mnist_classifier"])
        found = capsys.readouterr()
        notes = [line for line in found.err.splitlines() if "Not computed" in line]
        assert len(notes) == 1 and all(part in notes[0] for part in expected)
        assert json.loads(found.out)["metrics"]


def test_options_of_the_scores(sources, capsys, monkeypatch, tmp_path):
    folder, a, b = sources
    arguments = [folder / "a/array.npy", folder / "b/array.npy", "--isc", "--kid"]
    arguments += ["--isc-splits", 3, "--kid-subset-size", 10, "--kid-subsets", 4]
    found = run(capsys, monkeypatch, tmp_path, *arguments, "--seed", 7)["metrics"]
    extractor = command.build_extractor("mnist_classifier")
    (x, logits), (y, _) = extractor(a), extractor(b)
    order = np.random.RandomState(7).permutation(30)
    expected = [
        *inception_score(logits[order], 3),
        *kernel_inception_distance(x, y, subsets=4, subset_size=10, seed=7),
    ]
    assert list(found) == ["IS_mean", "IS_std", "KID_mean", "KID_std"]
    np.testing.assert_allclose(list(found.values()), expected, rtol=1e-5)


def test_fewer_images_than_a_subset_has(sources, capsys, monkeypatch, tmp_path):
    folder, _, _ = sources
    monkeypatch.setenv("PPSCI_EXT_CACHE", str(tmp_path / "cache"))
    arguments = [str(folder / "a/array.npy"), str(folder / "b/array.npy"), "--kid"]
    command.main([*arguments, "--extractor", "mnist_classifier"])
    found = capsys.readouterr()
    assert "subsets of 30 samples, not 1000" in found.err
    assert '"KID_std": null' in found.out


def test_class_accuracy(sources, capsys, monkeypatch, tmp_path):
    folder, a, _ = sources
    logits = command.build_extractor("mnist_classifier")(a)[1]
    labels = logits.argmax(1)
    labels[:6] = (labels[:6] + 1) % 10
    path = tmp_path / "samples.npz"
    np.savez(path, samples=a, labels=labels)
    found = run(capsys, monkeypatch, tmp_path, path, "--class-accuracy")
    assert found["metrics"] == {"class_accuracy": 0.8}
    # without a choice nobody vouches for the labels
    found = run(capsys, monkeypatch, tmp_path, path)
    assert list(found["metrics"]) == ["IS_mean", "IS_std"]
    np.savez(path, samples=a, labels=labels + 1)
    assert run(capsys, monkeypatch, tmp_path, path, "--isc") == found
    with pytest.raises(SystemExit):
        run(capsys, monkeypatch, tmp_path, path, "--class-accuracy")
    assert "but the classifier knows the classes 0..9" in capsys.readouterr().err


def test_class_accuracy_of_a_data_set(real_data, capsys, monkeypatch, tmp_path):
    arguments = ["mnist-test", "--data-root", f"{real_data}/mnist"]
    found = run(capsys, monkeypatch, tmp_path, *arguments)
    assert found["metrics"]["class_accuracy"] >= 0.993


def test_a_score_is_one_row(sources, capsys, monkeypatch, tmp_path):
    def shift(generated, reference, seed, shift_power):
        distances = np.abs(generated.mean - reference.mean) ** shift_power
        return [float(distances.sum())]

    monkeypatch.setitem(
        SCORES,
        "shift",
        Score(
            shift,
            needs="moments",
            compares="moments",
            less_is_better=True,
            metrics=("shift",),
            description="distance of the means, 100 % of it",
            options={"shift_power": Option(1, 1, "power of the distances")},
        ),
    )
    folder, a, b = sources
    extractor = command.build_extractor("mnist_classifier")
    means = [extractor(images)[0].mean(0, dtype="float64") for images in (a, b)]
    distances = np.abs(means[0] - means[1])
    arguments = [folder / "a/array.npy", folder / "b/array.npy"]
    for flags, expected in (
        (["--shift"], distances.sum()),
        (["--shift", "--shift-power", 2], (distances**2).sum()),
    ):
        found = run(capsys, monkeypatch, tmp_path, *arguments, *flags)
        assert found["metrics"] == {"shift": pytest.approx(expected, rel=1e-5)}
    found = run(capsys, monkeypatch, tmp_path, *arguments)
    assert list(found["metrics"])[-1] == "shift"
    with pytest.raises(SystemExit):
        command.main(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "--shift distance of the means, 100 % of it; less is better" in shown
    assert "--shift-power N power of the distances (default: 1)" in shown
    with pytest.raises(SystemExit):
        run(capsys, monkeypatch, tmp_path, arguments[0], "--shift")
    assert "shift can't be computed" in capsys.readouterr().err


# ------------------------------------------------------------------- the result


@pytest.mark.parametrize("place", ["folder", "file/out.json", "a" * 300])
def test_a_result_that_cannot_be_written(place, sources, capsys, monkeypatch, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept")
    arguments = [sources[0] / "a/array.npy", "--json", tmp_path / place]
    with pytest.raises(SystemExit) as caught:
        run(capsys, monkeypatch, tmp_path, *arguments)
    lines = capsys.readouterr().err.splitlines()
    assert caught.value.code == 2 and lines[-1].startswith("error: ")
    assert (tmp_path / "file").read_text() == "kept"
    assert os.listdir(tmp_path / "folder") == []


def test_no_infinity_in_the_result(sources, capsys, monkeypatch, tmp_path):
    row = SCORES["isc"]._replace(compute=lambda *_: [float("inf"), float("nan")])
    monkeypatch.setitem(SCORES, "isc", row)
    with pytest.raises(SystemExit) as caught:
        run(capsys, monkeypatch, tmp_path, sources[0] / "a/array.npy", "--isc")
    found = capsys.readouterr()
    assert caught.value.code == 2 and not found.out
    assert "IS_mean is inf" in found.err
