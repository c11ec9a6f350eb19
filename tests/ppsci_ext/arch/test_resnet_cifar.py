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

"""The CIFAR-10 ResNet: architecture, loading, accuracy."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import paddle
import pytest

from ppsci_ext.arch import resnet_cifar
from ppsci_ext.arch.resnet_cifar import BasicBlock
from ppsci_ext.arch.resnet_cifar import CIFARResNet
from ppsci_ext.utils.errors import UserError


def data_file(name):
    folder = os.environ.get("WGAN_GP_TEST_DATA")
    path = Path(folder or "") / name
    if folder is None or not path.is_file():
        pytest.skip(f"WGAN_GP_TEST_DATA doesn't name a folder with {name}")
    return path


@pytest.fixture(scope="module")
def weights_file():
    return data_file("weights/resnet56-4bfd9763.th")


@pytest.fixture(scope="module")
def pretrained(weights_file):
    return CIFARResNet.from_pretrained(weights_file)


def torch_state(network):
    """The network's weights under PyTorch's names, as the reader returns them."""
    state = {}
    for name, value in network.state_dict().items():
        name = name.replace("._mean", ".running_mean")
        name = name.replace("._variance", ".running_var")
        state[name] = value.numpy().T if name == "linear.weight" else value.numpy()
    return state


@pytest.mark.parametrize("depth, count", [(20, 269722), (56, 853018)])
def test_number_of_parameters(depth, count):
    # Table 6 of He et al. 2016: 0.27 M and 0.85 M.
    # Paddle counts the statistics of batch norm among the parameters.
    parameters = [p for p in CIFARResNet(depth).parameters() if p.trainable]
    assert sum(p.size for p in parameters) == count


@pytest.mark.parametrize("depth", [2, 7, 57])
def test_impossible_depth(depth):
    with pytest.raises(ValueError, match="depth"):
        CIFARResNet(depth)


def test_option_a_shortcut():
    block = BasicBlock(2, 4, stride=2)
    x = paddle.arange(2 * 4 * 4, dtype="float32").reshape([1, 2, 4, 4])
    y = block.shortcut(x).numpy()
    assert y.shape == (1, 4, 2, 2)
    np.testing.assert_array_equal(y[:, 1:3], x.numpy()[:, :, ::2, ::2])
    assert (y[:, [0, 3]] == 0).all()


def test_padding_is_a_quarter_of_the_channels_on_either_side():
    y = BasicBlock(16, 32, stride=2).shortcut(paddle.ones([1, 16, 2, 2])).numpy()
    assert (y[:, 8:24] == 1).all() and y.sum() == 16


def test_shapes_and_independence_of_samples():
    network = CIFARResNet(depth=8)
    network.eval()
    images = paddle.randint(0, 256, [3, 3, 32, 32]).astype("uint8")
    output = network(images)
    assert output["features"].shape == [3, 64] and output["logits"].shape == [3, 10]
    alone = network(images[1:2])["features"].numpy()
    np.testing.assert_allclose(alone, output["features"].numpy()[1:2], rtol=1e-4)


def test_normalisation_is_inside():
    network = CIFARResNet(depth=8)
    network.eval()
    seen = []
    network.conv1.register_forward_pre_hook(lambda layer, x: seen.append(x[0]))
    images = np.zeros((1, 3, 32, 32), np.uint8)
    images[0, 2] = 255
    network(paddle.to_tensor(images))
    expected = [-0.485 / 0.229, -0.456 / 0.224, (1 - 0.406) / 0.225]
    np.testing.assert_allclose(seen[0].numpy()[0, :, 5, 7], expected, rtol=1e-5)
    assert not any("rgb" in name for name in network.state_dict())


def test_round_trip_under_torch_names(monkeypatch):
    paddle.seed(3)
    source = CIFARResNet(56)
    state = {k: v + 0.01 for k, v in torch_state(source).items()}
    state["bn1.num_batches_tracked"] = np.array(9)
    monkeypatch.setattr(resnet_cifar, "read_torch_weights", lambda path: dict(state))
    network = CIFARResNet.from_pretrained("x.th")
    assert not network.training
    for name, value in torch_state(network).items():
        np.testing.assert_array_equal(value, state[name])


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda s: s.pop("layer2.3.bn1.running_var"), "lacks layer2.3.bn1.running_var"),
        (lambda s: s.update(fc=np.ones(2)), "has fc, which is not part"),
        (
            lambda s: s.update({"linear.weight": np.ones((64, 10))}),
            r"linear.weight in the shape \[64, 10\] instead of \[10, 64\]",
        ),
        (
            lambda s: s.update({"conv1.weight": np.ones((16, 1, 3, 3))}),
            r"conv1.weight in the shape \[16, 1, 3, 3\]",
        ),
    ],
)
def test_weights_of_another_network(monkeypatch, change, message):
    state = torch_state(CIFARResNet(56))
    change(state)
    monkeypatch.setattr(resnet_cifar, "read_torch_weights", lambda path: state)
    with pytest.raises(UserError, match=f"x.th .*{message}"):
        CIFARResNet.from_pretrained("x.th")


def test_pretrained_weights_are_where_they_belong(pretrained, weights_file):
    weights = resnet_cifar.read_torch_weights(weights_file)
    state = torch_state(pretrained)
    assert set(state) == set(weights)
    for name, value in state.items():
        np.testing.assert_array_equal(value, weights[name])
    assert not pretrained.training


@pytest.mark.parametrize(
    "count, accuracy, tolerance",
    [
        (1000, 0.931, 0.01),
        # the whole test set takes minutes (He et al. 2016, table 6: 93.03 %)
        pytest.param(10000, 0.9339, 0.0002, marks=pytest.mark.heavy),
    ],
)
def test_accuracy_on_test_images(pretrained, count, accuracy, tolerance):
    path = data_file("cifar-10-batches-bin/test_batch.bin")
    records = np.fromfile(path, np.uint8, count=count * 3073).reshape(-1, 3073)
    labels, images = records[:, 0], records[:, 1:].reshape(-1, 3, 32, 32)
    correct = 0
    with paddle.no_grad():
        for start in range(0, count, 100):
            logits = pretrained(paddle.to_tensor(images[start : start + 100]))["logits"]
            predicted = logits.numpy().argmax(axis=1)
            correct += (predicted == labels[start : start + 100]).sum()
    assert correct / count == pytest.approx(accuracy, abs=tolerance)
