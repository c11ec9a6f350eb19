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

"""Feature extractors: preparation of images, batching, user's mistakes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import paddle
import pytest

from ppsci_ext.arch.resnet_cifar import CIFARResNet
from ppsci_ext.metric import FeatureExtractor
from ppsci_ext.metric import build_extractor
from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.weights import sha256_of


class Spy(paddle.nn.Layer):
    """Keeps what it is given; features are the sums of the three channels."""

    def __init__(self):
        super().__init__()
        self.batches = []

    def forward(self, images):
        assert images.dtype == paddle.uint8 and not self.training
        self.batches.append(images.numpy())
        sums = images.astype("float32").sum([2, 3])
        return {"features": sums, "logits": sums[:, :2]}

    @property
    def images(self):
        return np.concatenate(self.batches)


def random_images(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def weights_file():
    name = "weights/resnet56-4bfd9763.th"
    folder = os.environ.get("WGAN_GP_TEST_DATA")
    path = Path(folder or "") / name
    if folder is None or not path.is_file():
        pytest.skip(f"WGAN_GP_TEST_DATA doesn't name a folder with {name}")
    return path


@pytest.mark.parametrize("count", [1, 99, 100, 101, 250])
def test_any_number_of_images_in_order(count):
    spy = Spy()
    images = random_images(count, 3, 32, 32)
    features, logits = FeatureExtractor("spy", "00", spy)(images)
    np.testing.assert_array_equal(spy.images, images)
    assert max(map(len, spy.batches)) <= 100
    np.testing.assert_array_equal(features, images.sum(axis=(2, 3), dtype="float64"))
    np.testing.assert_array_equal(logits, features[:, :2])
    assert features.dtype == logits.dtype == np.float64


def test_grey_and_small_images():
    spy = Spy()
    images = random_images(2, 1, 28, 28)
    FeatureExtractor("spy", "00", spy)(images)
    assert spy.images.shape == (2, 3, 32, 32)
    for channel in range(3):
        inner = spy.images[:, channel, 2:30, 2:30]
        np.testing.assert_array_equal(inner, images[:, 0])
    assert spy.images.sum() == 3 * images.sum(dtype="int64")  # the margin is black


def test_odd_size():
    spy = Spy()
    images = random_images(1, 3, 29, 32)
    FeatureExtractor("spy", "00", spy)(images)
    np.testing.assert_array_equal(spy.images[:, :, 1:30], images)


@pytest.mark.parametrize("shape", [(1, 3, 64, 64), (1, 3, 33, 32), (1, 2, 32, 32)])
def test_images_it_does_not_take(shape):
    with pytest.raises(UserError, match="takes images of"):
        FeatureExtractor("spy", "00", Spy())(np.zeros(shape, np.uint8))


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
        FeatureExtractor("spy", "00", Spy())(images)


def test_no_gradients_and_a_network_left_in_evaluation_mode():
    network = CIFARResNet(depth=8)
    assert network.training
    extract = FeatureExtractor("small", "00", network)
    features, logits = extract(random_images(3, 3, 32, 32))
    assert features.shape == (3, 64) and logits.shape == (3, 10)
    assert not network.training
    before = network.bn1._mean.numpy()
    extract(random_images(3, 3, 32, 32))
    np.testing.assert_array_equal(network.bn1._mean.numpy(), before)


def test_real_weights(weights_file):
    extract = build_extractor("cifar10_resnet56", str(weights_file))
    assert extract.name == "cifar10_resnet56"
    assert extract.sha256 == sha256_of(weights_file)
    images = random_images(3, 3, 32, 32)
    features, logits = extract(images)
    expected = CIFARResNet.from_pretrained(weights_file)(paddle.to_tensor(images))
    np.testing.assert_allclose(features, expected["features"].numpy(), rtol=1e-4)
    np.testing.assert_allclose(logits, expected["logits"].numpy(), rtol=1e-3, atol=1e-4)
    assert (features >= 0).all()


def test_unknown_name():
    with pytest.raises(UserError, match=r"'cifar10_resnet65'.*'cifar10_resnet56'"):
        build_extractor("cifar10_resnet65", None)


@pytest.mark.parametrize("weights", [None, "/nowhere/resnet56-4bfd9763.th"])
def test_missing_weights(weights):
    with pytest.raises(UserError) as caught:
        build_extractor("cifar10_resnet56", weights)
    message = str(caught.value)
    for part in [
        "EVAL.extractor.weights",
        "resnet56-4bfd9763.th",
        "akamaster/pytorch_resnet_cifar10",
        "BSD-2-Clause",
    ]:
        assert part in message


def test_damaged_weights(tmp_path):
    path = tmp_path / "resnet56-4bfd9763.th"
    path.write_bytes(b"not weights")
    with pytest.raises(UserError, match=r"another file or damaged.*4bfd9763"):
        build_extractor("cifar10_resnet56", str(path))
