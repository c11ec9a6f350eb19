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
from scipy import stats
from wgan_gp.models import WGAN_GP
from wgan_gp.models.networks import DCGANCritic
from wgan_gp.models.networks import DCGANGenerator
from wgan_gp.models.networks import MLPCritic
from wgan_gp.models.networks import MLPGenerator
from wgan_gp.models.networks import ResNetCritic
from wgan_gp.models.networks import ResNetGenerator
from wgan_gp.models.networks.dcgan import leaky_relu
from wgan_gp.models.networks.normalization import BatchNorm
from wgan_gp.utils import losses

from ppsci_ext.utils import UserError
from tests import golden

FACTS = osp.join(osp.dirname(golden.__file__), "golden", "init_facts.json")
CIFAR = (3, 32, 32)
PAIRS = {
    "toy_wgan_gp": lambda: (MLPGenerator(), MLPCritic()),
    "mnist_wgan_gp": lambda: (DCGANGenerator(), DCGANCritic()),
    "mnist_wgan": lambda: (
        DCGANGenerator(batch_norm=True),
        DCGANCritic(norm="batch"),
    ),
    "cifar_wgan_gp": lambda: (
        DCGANGenerator(CIFAR, 128, batch_norm=True, output="tanh"),
        DCGANCritic(CIFAR, 128),
    ),
    "cifar_wgan": lambda: (
        DCGANGenerator(CIFAR, 128, batch_norm=True, output="tanh"),
        DCGANCritic(CIFAR, 128, norm="batch"),
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


@pytest.mark.parametrize("network", [MLPGenerator, MLPCritic])
def test_weights_and_biases_as_pytorch_draws_them(network):
    """Uniform within 1 / sqrt(inputs); the paper's biases are zero."""
    for layer in network(initialization="framework").net[::2]:
        bound = layer.weight.shape[0] ** -0.5
        for tensor in (layer.weight, layer.bias):
            values = tensor.numpy().ravel() / bound
            assert np.abs(values).max() <= 1
            if values.size > 2:
                assert stats.kstest(values, stats.uniform(-1, 2).cdf).pvalue > 1e-4
    assert not any(layer.bias.any() for layer in network().net[::2])


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
    np.testing.assert_allclose(y.numpy(), [-0.4, 0, 3], rtol=1e-6, atol=1e-30)
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
        (ResNetCritic(dim=4, norm="layer"), [3, 32, 32]),
        (DCGANCritic(dim=4, norm="layer"), [1, 28, 28]),
    ],
)
def test_critics_under_a_penalty_treat_samples_on_their_own(critic, shape):
    x = paddle.randn([5, *shape])
    first = lambda out: out[0] if isinstance(out, tuple) else out
    np.testing.assert_allclose(
        first(critic(x[0:1])).numpy(), first(critic(x))[0:1].numpy(), atol=1e-5
    )


# normalised critics


def test_layer_norm_of_the_resnet_critic_precedes_each_relu():
    """Blocks two to four, as NORMALIZATION_D in gan_cifar_resnet.py: none in the first block,
    none before the last ReLU."""
    critic = ResNetCritic(dim=4, norm="layer")
    expected = {f"blocks.{i}.norm{j}" for i in (1, 2, 3) for j in (1, 2)}
    names = [n.rsplit(".", 1)[0] for n in critic.state_dict() if ".norm" in n]
    assert sorted(names) == sorted([*expected, *expected])  # a scale and an offset each
    assert all(
        value.shape == [4]
        for name, value in critic.state_dict().items()
        if ".norm" in name
    )
    # the branch beside the identity takes no notice of scale and offset: not of the block's
    # input, though a ReLU before the norm would make all of it zero, nor of conv1's output
    block = critic.blocks[2]
    x = paddle.randn([3, 4, 8, 8])
    branch = (block(x) - x).numpy()
    moved = 2 * x - 50
    np.testing.assert_allclose(
        (block(moved) - moved).numpy(), branch, rtol=1e-3, atol=1e-3
    )
    block.conv1.weight.set_value(5 * block.conv1.weight)
    np.testing.assert_allclose((block(x) - x).numpy(), branch, rtol=1e-3, atol=1e-3)
    assert np.abs(branch).max() > 0.1


def layer_norm(x):
    """The authors' Layernorm at its initial scale and offset, in NumPy."""
    axes = tuple(range(1, x.ndim))
    centred = x - x.mean(axes, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axes, keepdims=True) + 1e-5)


def test_layer_norm_of_the_dcgan_critic_stands_where_batch_norm_does():
    critic = DCGANCritic((1, 8, 8), 4, norm="layer")
    batch = DCGANCritic((1, 8, 8), 4, norm="batch")
    assert list(critic.state_dict()) == list(batch.state_dict())
    x = paddle.randn([3, 1, 8, 8])
    h = critic.conv2(leaky_relu(critic.conv1(x))).numpy()
    h = leaky_relu(paddle.to_tensor(layer_norm(h)))
    h = leaky_relu(paddle.to_tensor(layer_norm(critic.conv3(h).numpy())))
    expected = critic.output(h.reshape([3, -1])).numpy()[:, 0]
    np.testing.assert_allclose(critic(x).numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("norm", ["none", "layer"])
@pytest.mark.parametrize("conditioning", ["acgan", "projection"])
def test_penalty_of_the_resnet_critics(conditioning, norm):
    """Its gradient reaches all weights that the slope depends on."""
    critic = ResNetCritic(3, 4, 3, conditioning, norm)
    gan = WGAN_GP(None, critic, num_classes=3)
    real, labels = paddle.randn([4, 3, 16, 16]), paddle.to_tensor([0, 1, 2, 0])
    gan.check(real, labels)
    penalty, _ = gan.penalty(real, paddle.randn(real.shape), labels, None)
    penalty.backward()
    for name, parameter in critic.named_parameters():
        if parameter.grad is not None and name.endswith("weight"):
            assert np.isfinite(parameter.grad.numpy()).all()
            assert float(parameter.grad.abs().sum()) > 0, name
    assert (critic.output.weight.grad is not None) and (
        conditioning == "acgan" or critic.embedding.weight.grad is not None
    )


# conditioning


def test_a_projection_critic_adds_the_product_of_label_and_features():
    critic = ResNetCritic(dim=4, num_classes=3, conditioning="projection")
    x, labels = paddle.randn([5, 3, 16, 16]), paddle.to_tensor([0, 2, 1, 0, 2])
    features = nn.functional.relu(critic.blocks(x)).mean(axis=[2, 3]).numpy()
    vectors = critic.embedding.weight.numpy()[labels.numpy()]
    expected = critic.output(paddle.to_tensor(features)).numpy()[:, 0]
    expected = expected + (vectors * features).sum(axis=1)
    scores = critic(x, labels)
    assert scores.shape == [5]
    np.testing.assert_allclose(scores.numpy(), expected, rtol=1e-4, atol=1e-5)
    assert "classifier.weight" not in critic.state_dict()


def test_initialisation_of_the_projection():
    """Glorot's, uniform, as of a linear layer of one-hot labels."""
    weight = ResNetCritic(3, 128, 10, "projection").embedding.weight.numpy()
    bound = math.sqrt(6 / (10 + 128))
    assert weight.shape == (10, 128)
    assert 0.98 * bound < np.abs(weight).max() <= bound
    assert weight.std() == pytest.approx(bound / math.sqrt(3), rel=0.05)


def test_real_and_generated_samples_are_judged_by_the_same_labels():
    critic = ResNetCritic(dim=4, num_classes=3, conditioning="projection")
    gan = WGAN_GP(ResNetGenerator(dim=4, num_classes=3), critic, num_classes=3)
    real, fake = paddle.randn([5, 3, 32, 32]), paddle.randn([5, 3, 32, 32])
    labels = paddle.to_tensor([0, 2, 1, 0, 2])
    (score_real, logits), (score_fake, _) = gan._score_both(real, fake, labels)
    assert logits is None
    for scores, samples in ((score_real, real), (score_fake, fake)):
        expected = critic(samples, labels).numpy()
        np.testing.assert_allclose(scores.numpy(), expected, rtol=1e-4, atol=1e-5)
    terms = gan.critic_loss(real, labels)
    assert "acgan" not in terms
    assert "generator_acgan" not in gan.generator_loss(4)
    slopes = losses.gradient_norm(
        lambda x: critic(x, labels),
        losses.interpolate(real, fake, paddle.zeros([5, 1])),
    )
    found = gan.critic_loss(real, labels, alpha=paddle.zeros([5, 1]))["slope"]
    assert float(found) == pytest.approx(float(slopes.mean()), rel=1e-4)


def test_labels_change_a_conditional_generator_only():
    z = paddle.randn([4, 128])
    labels = paddle.to_tensor([0, 1, 2, 0])
    conditional = ResNetGenerator(dim=4, num_classes=3)
    for block in conditional.blocks:
        block.norm1.offset.weight.set_value(paddle.randn([3, 4]))
    other = (labels + 1) % 3
    a, b = conditional(z, labels).numpy(), conditional(z, other).numpy()
    assert np.abs(a - b).max() > 1e-3
