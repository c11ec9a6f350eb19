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

"""Feature extractors: preparation of images, batching, weights, user's mistakes."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import paddle
import pytest
from paddle.jit.dy2static.program_translator import ProgramTranslator

from ppsci.utils import logger
from ppsci_ext.arch import CIFAR10Classifier
from ppsci_ext.arch import CIFARResNet
from ppsci_ext.arch import FIDInceptionV3
from ppsci_ext.arch import MNISTClassifier
from ppsci_ext.data import load_images
from ppsci_ext.metric import EXTRACTORS
from ppsci_ext.metric import ExtractorRow
from ppsci_ext.metric import FeatureExtractor
from ppsci_ext.metric import build_extractor
from ppsci_ext.metric import extractor as module
from ppsci_ext.metric import extractor_names
from ppsci_ext.metric import read_statistics
from ppsci_ext.metric import reference_features
from ppsci_ext.metric.engine import build_engine
from ppsci_ext.utils.digest import file_digest
from ppsci_ext.utils.errors import UserError
from tests.helpers.hostile import Hostile

PUBLISHED = "resnet56-4bfd9763.th"


class Pixels(paddle.nn.Layer):
    """Its features are the pixels that it is given, its logits the first two of them."""

    def forward(self, images):
        flat = images.astype("float32").flatten(1)
        return {"features": flat, "logits": flat[:, :2]}


def seen(images, **options):
    """What the network of an extractor sees."""
    features, _ = FeatureExtractor("pixels", "00", Pixels(), **options)(images)
    size = options.get("size")
    height, width = (size, size) if size else images.shape[2:]
    return features.reshape(len(images), options.get("channels", 3), height, width)


def random_images(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture(scope="module")
def weights_file():
    name = f"weights/{PUBLISHED}"
    folder = os.environ.get("WGAN_GP_TEST_DATA")
    path = Path(folder or "") / name
    if folder is None or not path.is_file():
        pytest.skip(f"WGAN_GP_TEST_DATA doesn't name a folder with {name}")
    return path


# preparation


@pytest.mark.parametrize("count", [1, 49, 50, 51, 130])
def test_any_number_of_images_in_order(count):
    images = random_images(count, 3, 5, 6)
    features, logits = FeatureExtractor("pixels", "00", Pixels())(images)
    np.testing.assert_array_equal(features, images.reshape(count, -1))
    np.testing.assert_array_equal(logits, features[:, :2])


def test_one_extractor_takes_several_sizes():
    extract = FeatureExtractor("pixels", "00", Pixels())
    for size in (4, 7, 4):
        images = random_images(3, 3, size, size)
        np.testing.assert_array_equal(extract(images)[0], images.reshape(3, -1))


def test_grey_and_small_images():
    images = random_images(2, 1, 28, 29)
    network_input = seen(images, size=32)
    for channel in range(3):
        inner = network_input[:, channel, 2:30, 1:30]
        np.testing.assert_array_equal(inner, images[:, 0])
    assert network_input.sum() == 3 * images.sum(dtype="int64")  # the margin is black


def test_grey_images_stay_grey_for_a_network_of_one_channel():
    images = random_images(2, 1, 28, 28)
    np.testing.assert_array_equal(seen(images, channels=1, size=28), images)


@pytest.mark.parametrize(
    "shape, channels",
    [((1, 3, 64, 64), 3), ((1, 3, 33, 32), 3), ((1, 2, 32, 32), 3), ((1, 3, 8, 8), 1)],
)
def test_images_it_does_not_take(shape, channels):
    extract = FeatureExtractor("pixels", "00", Pixels(), channels=channels, size=32)
    with pytest.raises(UserError, match="extractor pixels takes images of"):
        extract(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    "taken, given, expected",
    [
        (3, 4, "images of 3 channels or 1, not of 4"),
        (3, 2, "images of 3 channels or 1, not of 2"),
        (1, 3, "images of 1 channel, not of 3"),
    ],
)
def test_the_number_of_channels_is_said_plainly(taken, given, expected):
    extract = FeatureExtractor("pixels", "00", Pixels(), channels=taken)
    with pytest.raises(UserError, match=expected):
        extract(np.zeros((2, given, 8, 8), np.uint8))


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((1, 3, 32, 32), np.float32),
        np.zeros((3, 32, 32), np.uint8),
        np.zeros((0, 3, 32, 32), np.uint8),
    ],
)
def test_wrong_arrays(images):
    with pytest.raises(ValueError, match="must be uint8"):
        FeatureExtractor("pixels", "00", Pixels())(images)


# engine


@pytest.mark.parametrize("network", [CIFARResNet(depth=8), MNISTClassifier()])
def test_the_engine_computes_what_the_network_computes(network):
    shape = (1, 28, 28) if isinstance(network, MNISTClassifier) else (3, 32, 32)
    images = random_images(3, *shape)
    assert network.training
    run = build_engine(network, shape, ["logits", "features"])
    assert not network.training
    expected = network(paddle.to_tensor(images))
    for name, found in zip(["logits", "features"], run(images)):
        scale = np.abs(expected[name].numpy()).max()
        np.testing.assert_allclose(
            found, expected[name].numpy(), rtol=0, atol=1e-5 * scale
        )
    assert [len(output) for output in run(images[:1])] == [1, 1]


@pytest.mark.parametrize(
    "network, outputs, tolerance",
    [
        (CIFARResNet(depth=8), ("features", "logits"), 1e-5),
        (CIFAR10Classifier(), ("features", "logits"), 1e-5),
        (MNISTClassifier(), ("features", "logits"), 1e-5),
        (FIDInceptionV3(), ("2048", "logits_unbiased"), 1e-4),
    ],
)
def test_double_precision(network, outputs, tolerance, tmp_path):
    """The same features to float32's digits, exact to float64's, and cached apart."""
    network.eval()
    grey = isinstance(network, MNISTClassifier)
    channels, side = (1, 28) if grey else (3, 32)
    extract = FeatureExtractor("some", "00", network, outputs, channels)
    images = random_images(2, channels, side, side)
    single = extract(images)
    reference_features(images, extract, "train", str(tmp_path))
    extract.to_float64()
    double = extract(images)
    for found, rounded in zip(double, single):
        assert found.dtype == np.float64 and rounded.dtype == np.float32
        scale = np.abs(rounded).max()
        np.testing.assert_allclose(found, rounded, rtol=0, atol=tolerance * scale)
        assert np.abs(found - rounded).max() > 0
    alone = extract(images[1:])[0]
    np.testing.assert_allclose(double[0][1:], alone, rtol=1e-12, atol=1e-12)
    assert not reference_features(images, extract, "train", str(tmp_path))[1]


@pytest.mark.parametrize("enabled", [False, True])
def test_the_engine_leaves_to_static_as_it_was(enabled):
    translator = ProgramTranslator.get_instance()
    before = translator.enable_to_static
    try:
        paddle.jit.enable_to_static(enabled)
        build_engine(Pixels(), (1, 2, 2), ["features"])
        assert translator.enable_to_static == enabled
    finally:
        paddle.jit.enable_to_static(before)


# weights


def test_published_weights(weights_file):
    extract = build_extractor("cifar10_resnet56", str(weights_file))
    assert extract.name == "cifar10_resnet56"
    assert extract.sha256 == file_digest(weights_file)
    images = random_images(3, 3, 32, 32)
    features, logits = extract(images)
    expected = CIFARResNet.from_pretrained(weights_file)(paddle.to_tensor(images))
    np.testing.assert_allclose(features, expected["features"].numpy(), atol=1e-5)
    np.testing.assert_allclose(logits, expected["logits"].numpy(), rtol=1e-3, atol=1e-4)
    assert (features >= 0).all() and extract.num_features == 64


def test_published_weights_decide_on_the_network(weights_file):
    extract = build_extractor("inception_v3", str(weights_file))
    assert extract.name == "cifar10_resnet56" and extract.num_features == 64


def test_other_weights_are_taken_with_a_warning(weights_file, tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(logger, "warning", lines.append)
    build_extractor("cifar10_resnet56", str(weights_file))
    assert not lines
    with open(weights_file, "rb") as file:
        content = file.read()
    other = tmp_path / "mine.th"
    other.write_bytes(content + b"\0")
    assert build_extractor("cifar10_resnet56", str(other)).sha256 == file_digest(other)
    assert len(lines) == 1 and str(other) in lines[0] and "compared" in lines[0]


@pytest.mark.parametrize(
    "data_set, folder, least",
    [("mnist", "mnist", 0.993), ("cifar10", "cifar-10-batches-bin", 0.9)],
)
def test_classifiers_that_are_part_of_the_package(data_set, folder, least, real_data):
    name = f"{data_set}_classifier"
    extract = build_extractor(name)
    data = load_images(data_set, os.path.join(real_data, folder), "test")
    _, logits = extract(data.images)
    assert (logits.argmax(1) == data.labels).mean() >= least
    path = Path(module.__file__).with_name(f"{name}.safetensors")
    assert path.stat().st_size < 1_000_000 and extract.sha256 == file_digest(path)


def test_weights_are_fetched_once_into_the_cache(weights_file, tmp_path, monkeypatch):
    fetched = []

    def download(url, path, checksum):
        if not os.path.exists(path):
            fetched.append((url, path, checksum))
            os.makedirs(os.path.dirname(path))
            shutil.copy(weights_file, path)
        return path

    monkeypatch.setattr(module, "download", download)
    monkeypatch.setenv("PPSCI_EXT_CACHE", str(tmp_path / "variable"))
    for _ in range(2):
        build_extractor("cifar10_resnet56")
    build_extractor("cifar10_resnet56", cache=str(tmp_path / "given"))
    build_extractor("cifar10_resnet56", f"http://mirror/{PUBLISHED}")
    assert [(os.path.basename(u), p, c) for u, p, c in fetched] == [
        (PUBLISHED, str(tmp_path / folder / "weights" / PUBLISHED), "sha256:4bfd9763")
        for folder in ("variable", "given")
    ]


def test_offline_the_file_its_address_and_its_place_are_named(tmp_path, monkeypatch):
    address = "http://127.0.0.1:9/pt_inception-2015-12-05-6726825d.pth"
    monkeypatch.setattr("ppsci_ext.utils.download.SECONDS_BETWEEN_ATTEMPTS", 0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(UserError) as caught:
        build_extractor("inception_v3", address, str(tmp_path))
    message = str(caught.value)
    place = str(tmp_path / "weights" / "pt_inception-2015-12-05-6726825d.pth")
    assert address in message and place in message and "\n" not in message
    assert "cifar10_classifier or mnist_classifier" in message  # need no download
    assert os.listdir(tmp_path / "weights") == []


def test_unknown_name():
    with pytest.raises(UserError, match=r"'cifar10_resnet65'.*'cifar10_resnet56'"):
        build_extractor("cifar10_resnet65", None)


class Spectra:
    """Features of time series [B, T]: no images, no network, no weights."""

    sha256, scores, data_set, num_features = None, "spectral scores", None, 5
    preprocessing = {"version": 1}

    def __init__(self, name):
        self.name = name

    def __call__(self, series):
        return np.abs(np.fft.rfft(series)), None


def test_an_extractor_is_one_row(tmp_path, monkeypatch):
    row = ExtractorRow(
        lambda name, sha256, path: Spectra(name), "absolute spectrum", takes="series"
    )
    monkeypatch.setitem(EXTRACTORS, "spectra", row)
    assert extractor_names("series") == ("spectra",)
    assert "spectra" not in extractor_names()
    extract = build_extractor("spectra")
    assert extract.name == "spectra"
    series = np.random.default_rng(0).normal(size=(30, 8))
    expected = np.abs(np.fft.rfft(series))
    for was_cached in (False, True):
        found = reference_features(series, extract, "all", str(tmp_path))
        assert found[1] == was_cached
        np.testing.assert_allclose(found[0].features, expected, rtol=1e-6)
    np.savez(tmp_path / "moments.npz", mu=np.zeros(5), sigma=np.eye(5))
    assert len(read_statistics(str(tmp_path / "moments.npz"), extract).mean) == 5
    with pytest.raises(UserError, match="'spectre'.*'spectra'"):
        build_extractor("spectre")
    with pytest.raises(UserError, match="spectra has no weights"):
        build_extractor("spectra", "weights.pth")


def test_weights_of_another_row_within_the_package(monkeypatch):
    """A row of a user's own, with its file."""
    folder = os.path.dirname(module.__file__)
    path = os.path.join(folder, EXTRACTORS["mnist_classifier"].weights)
    row = EXTRACTORS["mnist_classifier"]._replace(weights=path)
    monkeypatch.delitem(EXTRACTORS, "mnist_classifier")
    monkeypatch.setitem(EXTRACTORS, "digits", row)
    extract = build_extractor("digits")
    assert (extract.name, extract.data_set) == ("digits", "mnist")
    assert extract.sha256 == row.sha256 and extract.num_features == 128


def test_missing_weights():
    with pytest.raises(UserError, match="no weights file /nowhere"):
        build_extractor("cifar10_resnet56", "/nowhere/resnet56-4bfd9763.th")


@pytest.mark.parametrize("name", ["inception_v3", "cifar10_resnet56"])
def test_weights_that_are_refused(name, tmp_path):
    """Each with its own sentence, nothing executed."""
    trace = str(tmp_path / "executed")
    files = {
        "hostile.pth": (pickle.dumps({"state": Hostile(trace)}), "would call"),
        "published-6726825d.pth": (b"something else", "its SHA-256 begins with"),
        "truncated.pth": (b"\x80\x02\x8a", "truncated, damaged or no PyTorch"),
    }
    for file_name, (content, expected) in files.items():
        path = tmp_path / file_name
        path.write_bytes(content)
        with pytest.raises(UserError, match=expected) as caught:
            build_extractor(name, str(path))
        assert str(path) in str(caught.value)
    assert not os.path.exists(trace)
