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

import math

import numpy as np
import paddle
import pytest
from paddle.nn import functional as F
from wgan_gp.models import WGAN_GP
from wgan_gp.models.networks.text import TextCritic
from wgan_gp.models.networks.text import TextGenerator

from ppsci_ext.arch import check_critic
from ppsci_ext.arch.second_derivative import default_dtype

LENGTH, CHARACTERS = 6, 5


def count(network):
    return sum(parameter.size for parameter in network.parameters())


def one_hot(count, dtype="float32"):
    numbers = np.random.default_rng(0).integers(CHARACTERS, size=(count, LENGTH))
    return F.one_hot(paddle.to_tensor(numbers), CHARACTERS).astype(dtype)


def test_parameters_of_the_authors_networks():
    """Counted by hand from gan_language.py, for a vocabulary of 100 characters."""
    blocks = 5 * 2 * (5 * 512 * 512 + 512)
    noise = 128 * 32 * 512 + 32 * 512
    assert blocks == 13_112_320
    assert count(TextGenerator(32, 100)) == noise + blocks + 512 * 100 + 100
    assert count(TextCritic(32, 100)) == 100 * 512 + 512 + blocks + 32 * 512 + 1


def test_initial_weights_of_the_authors_networks():
    generator, critic = TextGenerator(32, 100), TextCritic(32, 100)
    for weight, variance in (
        (generator.first.weight, 2 / (128 + 32 * 512)),
        (generator.blocks[4].second.weight, 4 / (5 * 512 + 5 * 512)),
        (generator.last.weight, 4 / (512 + 100)),
        (critic.first.weight, 4 / (100 + 512)),
        (critic.last.weight, 2 / (32 * 512 + 1)),
    ):
        values = weight.numpy()
        bound = math.sqrt(3 * variance)  # of the uniform distribution of this variance
        assert np.abs(values).max() == pytest.approx(bound, rel=2e-3)
        assert values.std() == pytest.approx(math.sqrt(variance), rel=2e-2)
    for network in (generator, critic):
        for name, parameter in network.named_parameters():
            assert "bias" not in name or not parameter.numpy().any()


def test_lines_of_probabilities():
    generator = TextGenerator(LENGTH, CHARACTERS, dim=4, latent_dim=3, blocks=2)
    lines = generator(paddle.randn([7, 3])).numpy()
    assert lines.shape == (7, LENGTH, CHARACTERS) and lines.min() > 0
    np.testing.assert_allclose(lines.sum(axis=2), 1, rtol=1e-5)
    critic = TextCritic(LENGTH, CHARACTERS, dim=4, blocks=2)
    assert critic(one_hot(7)).shape == [7, 1]


def convolved(layer, x):
    """Convolution of [B, C, T] that keeps T, by its definition."""
    weight, bias = layer.weight.numpy(), layer.bias.numpy()
    kernel = weight.shape[2]
    padded = np.pad(x, [(0, 0), (0, 0), (kernel // 2, kernel // 2)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=2)
    return np.einsum("bctk,dck->bdt", windows, weight) + bias[:, None]


def test_the_critic_by_its_definition():
    critic = TextCritic(LENGTH, CHARACTERS, dim=4, blocks=2)
    for parameter in critic.parameters():  # biases too
        parameter.set_value(paddle.randn(parameter.shape))
    x = one_hot(3)
    h = convolved(critic.first, x.numpy().transpose(0, 2, 1))
    for block in critic.blocks:
        inner = convolved(block.first, np.maximum(h, 0))
        h = h + 0.3 * convolved(block.second, np.maximum(inner, 0))
    scores = h.reshape(3, -1) @ critic.last.weight.numpy() + critic.last.bias.numpy()
    np.testing.assert_allclose(critic(x).numpy(), scores, rtol=1e-4, atol=1e-4)


def test_the_critic_has_a_second_derivative():
    critic = TextCritic(LENGTH, CHARACTERS, dim=4, blocks=2)
    check_critic(critic, one_hot(4))


def test_the_penalty_has_the_gradient_of_central_differences():
    with default_dtype("float64"):
        critic = TextCritic(LENGTH, CHARACTERS, dim=3, blocks=1)
    generator = TextGenerator(LENGTH, CHARACTERS, dim=3, latent_dim=2, blocks=1)
    gan = WGAN_GP(generator, critic)
    real = one_hot(4, "float64")
    noise = paddle.randn([4, 2])
    alpha = paddle.rand([4, 1], dtype="float64")

    def loss():
        return gan.critic_loss(real, noise=noise, alpha=alpha)["critic_loss"]

    loss().backward()
    for parameter in (critic.first.weight, critic.blocks[0].second.weight):
        direction = paddle.randn(parameter.shape, dtype="float64")
        start, step = parameter.clone(), 1e-6
        values = []
        for sign in (1, -1):
            parameter.set_value(start + sign * step * direction)
            values.append(float(loss()))
        parameter.set_value(start)
        expected = (values[0] - values[1]) / (2 * step)
        found = float((parameter.grad * direction).sum())
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-8)
