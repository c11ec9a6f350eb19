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

"""The classifier of CIFAR-10 that is part of the package: architecture, loading."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from safetensors.numpy import save_file

from ppsci_ext.arch import CIFAR10Classifier
from ppsci_ext.utils.errors import UserError


def test_its_size():
    """Counted by hand: kernels, scales and offsets of batch norm, the linear layer."""
    kernels = 9 * (3 * 32 + 32 * 64 + 2 * 64 * 64 + 64 * 128 + 2 * 128 * 128)
    channels = 32 + 3 * 64 + 3 * 128
    network = CIFAR10Classifier()
    trained = sum(p.size for p in network.parameters() if p.trainable)
    assert trained == kernels + 2 * channels + 128 * 10 + 10 == 464170
    assert sum(t.size for t in network.state_dict().values()) - trained == 2 * channels


def test_features_are_the_input_of_the_linear_layer():
    network = CIFAR10Classifier()
    network.eval()
    images = np.random.default_rng(0).integers(0, 256, (3, 3, 32, 32), dtype=np.uint8)
    found = network(paddle.to_tensor(images))
    features = found["features"].numpy()
    assert features.shape == (3, network.num_features) and (features >= 0).all()
    expected = features @ network.linear.weight.numpy() + network.linear.bias.numpy()
    np.testing.assert_allclose(found["logits"].numpy(), expected, rtol=1e-4, atol=1e-5)


def test_weights_in_float16_become_float32(tmp_path):
    network = CIFAR10Classifier()
    path = tmp_path / "weights.safetensors"
    weights = {k: t.numpy().astype("float16") for k, t in network.state_dict().items()}
    save_file(weights, path)
    loaded = CIFAR10Classifier.from_pretrained(path)
    assert not loaded.training
    for key, value in loaded.state_dict().items():
        assert value.dtype == paddle.float32
        np.testing.assert_array_equal(value.numpy(), weights[key].astype("float32"))
    del weights["linear.bias"]
    save_file(weights, path)
    with pytest.raises(UserError, match="'linear.bias' is missing"):
        CIFAR10Classifier.from_pretrained(path)
