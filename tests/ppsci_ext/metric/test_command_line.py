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
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ppsci_ext.metric import FeatureStatistics
from ppsci_ext.metric import __main__ as command
from ppsci_ext.metric import frechet_distance
from ppsci_ext.metric import inception_score
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
    return images[:, None]


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    a = write_images(folder / "a", 0)
    b = write_images(folder / "b", 1)
    return folder, a, b


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
        (["missing.npy"], "missing.npy"),
        (["a/array.npy", "b/array.npy", "--batch-size", "0"], "--batch-size"),
        (["a/array.npy", "--fid"], "without the real images B"),
        (["mnist-test"], "mnist"),
        (["a/array.npy", "b/array.npy", "--weights", "nowhere.safetensors"], "nowhere"),
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
    assert caught.value.code == 2 and not out.exists()
    assert len(lines) == 1 and lines[0].startswith("error: ") and expected in lines[0]


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
