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

from __future__ import annotations

import json
import math
from os import path as osp

import numpy as np
import paddle
import pytest
from paddle import nn

from ppsci_ext.utils import UserError
from tests import golden
from wgan_gp.models.networks import DCGANCritic
from wgan_gp.models.networks import DCGANGenerator
from wgan_gp.models.networks import MLPCritic
from wgan_gp.models.networks import MLPGenerator
from wgan_gp.models.networks import ResNetCritic
from wgan_gp.models.networks import ResNetGenerator
from wgan_gp.models.networks.dcgan import leaky_relu
from wgan_gp.models.networks.normalization import BatchNorm

FACTS = osp.join(osp.dirname(golden.__file__), "golden", "init_facts.json")
CIFAR = (3, 32, 32)
PAIRS = {
    "toy_wgan_gp": lambda: (MLPGenerator(), MLPCritic()),
    "mnist_wgan_gp": lambda: (DCGANGenerator(), DCGANCritic()),
    "mnist_wgan": lambda: (
        DCGANGenerator(batch_norm=True),
        DCGANCritic(batch_norm=True),
    ),
    "cifar_wgan_gp": lambda: (
        DCGANGenerator(CIFAR, 128, batch_norm=True, output="tanh"),
        DCGANCritic(CIFAR, 128),
    ),
    "cifar_wgan": lambda: (
        DCGANGenerator(CIFAR, 128, batch_norm=True, output="tanh"),
        DCGANCritic(CIFAR, 128, batch_norm=True),
    ),
    "cifar_resnet_uncond": lambda: (ResNetGenerator(), ResNetCritic()),
    "cifar_resnet_acgan": lambda: (
        ResNetGenerator(num_classes=10),
        ResNetCritic(num_classes=10),
    ),
}


def count(network: nn.Layer) -> int:
    return sum(parameter.size for parameter in network.parameters())


@pytest.mark.parametrize("name", PAIRS)
def test_initialisation_of_the_full_size_networks(name):
    """Counts, and each tensor's distribution against the recorded one of the authors' code."""
    with open(FACTS, encoding="utf-8") as file:
        facts = json.load(file)[name]
    generator, critic = PAIRS[name]()
    assert count(generator) == facts["G_trainable"]
    assert count(critic) == facts["D_trainable"]
    networks = {"Generator": generator, "Discriminator": critic}
    for fact in (f for f in facts["params"] if f["trainable"]):
        network = networks[fact["name"].split(".", 1)[0]]
        tensor = golden._named(
            network, fact["name"], facts["script"], fact["name"].rsplit(".", 1)[1]
        ).numpy()
        assert tensor.size == math.prod(fact["shape"])
        if fact["std"] == 0:  # biases, offsets and scales are constant
            assert tensor.min() == tensor.max() == fact["mean"] == fact["min"] or (
                tensor.min() == tensor.max() == fact["min"] == fact["max"]
            )
            continue
        # uniform: both samples' standard deviations scatter by about 0.45 / sqrt(n)
        scatter = 5 * 0.45 * math.sqrt(2 / tensor.size)
        assert tensor.std() == pytest.approx(fact["std"], rel=scatter), fact["name"]
        bound = math.sqrt(3) * fact["std"] * (1 + scatter)
        assert np.abs(tensor).max() < bound, fact["name"]
        assert np.abs(tensor).max() > 0.9 * math.sqrt(3) * fact["std"] * (1 - scatter)


def test_the_generators_batch_norm_uses_the_batch_also_in_eval_mode():
    generator = DCGANGenerator(CIFAR, 4, batch_norm=True, output="tanh")
    z = paddle.randn([6, 128])
    trained = generator(z)
    generator.eval()
    assert np.array_equal(generator(z).numpy(), trained.numpy())


def test_batch_norm_has_nothing_but_scale_and_offset():
    norm = BatchNorm(3)
    assert list(norm.state_dict()) == ["weight", "bias"]
    x = 3 * paddle.randn([50, 3, 2, 2]) + 5
    y = norm(x).numpy()
    np.testing.assert_allclose(y.mean((0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(y.var((0, 2, 3)), 1, atol=1e-4)


def test_leaky_relu_has_the_lower_slope_at_zero():
    x = paddle.to_tensor([-2.0, 0.0, 3.0], stop_gradient=False)
    y = leaky_relu(x)
    (slope,) = paddle.grad(y.sum(), [x])
    np.testing.assert_allclose(y.numpy(), [-0.4, 0, 3], rtol=1e-6)
    np.testing.assert_allclose(slope.numpy(), [0.2, 0.2, 1], rtol=1e-6)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 64, 48), (2, 21, 9)])
def test_dcgan_pair_fits_any_image_size(shape):
    generator, critic = DCGANGenerator(shape, 4), DCGANCritic(shape, 4)
    images = generator(paddle.randn([2, 128]))
    assert images.shape == [2, *shape]
    assert critic(images).shape == [2]


def test_resnet_refuses_sizes_it_can_not_make():
    with pytest.raises(UserError, match="28 x 28.*MODEL.name=dcgan"):
        ResNetGenerator((1, 28, 28), 4)


@pytest.mark.parametrize(
    "critic, shape",
    [
        (MLPCritic(8), [2]),
        (DCGANCritic(dim=4), [1, 28, 28]),
        (ResNetCritic(dim=4), [3, 32, 32]),
        (ResNetCritic(dim=4, num_classes=3), [3, 32, 32]),
    ],
)
def test_critics_under_a_penalty_treat_samples_on_their_own(critic, shape):
    x = paddle.randn([5, *shape])
    first = lambda out: out[0] if isinstance(out, tuple) else out
    np.testing.assert_allclose(
        first(critic(x[0:1])).numpy(), first(critic(x))[0:1].numpy(), atol=1e-5
    )


def test_labels_change_a_conditional_generator_only():
    z = paddle.randn([4, 128])
    labels = paddle.to_tensor([0, 1, 2, 0])
    conditional = ResNetGenerator(dim=4, num_classes=3)
    for block in conditional.blocks:
        block.norm1.offset.weight.set_value(paddle.randn([3, 4]))
    other = (labels + 1) % 3
    a, b = conditional(z, labels).numpy(), conditional(z, other).numpy()
    assert np.abs(a - b).max() > 1e-3
