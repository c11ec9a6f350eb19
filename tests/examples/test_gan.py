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

"""The standard and the least-squares GAN against closed forms."""

from __future__ import annotations

import json
import math

import numpy as np
import paddle
import pytest
from paddle import nn
from wgan_gp.models import GAN
from wgan_gp.models import LSGAN
from wgan_gp.models.networks import MLPCritic
from wgan_gp.models.networks import MLPGenerator
from wgan_gp.utils import losses
from wgan_gp.utils.terms import drift_term

from ppsci_ext.utils import UserError

REAL = np.array([-3.0, 0.0, 0.5, 40.0, 100.0])
FAKE = np.array([-100.0, -2.0, 0.0, 1.5])


def scores(values):
    return paddle.to_tensor(values.astype("float32"), stop_gradient=False)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gradients(loss, *inputs):
    return [gradient.numpy() for gradient in paddle.grad(loss, inputs)]


def test_cross_entropy_and_its_gradient():
    real, fake = scores(REAL), scores(FAKE)
    loss = losses.cross_entropy(real, fake)
    # -log sigmoid(x) = log(1 + exp(-x)), also where exp(-x) overflows
    expected = (np.logaddexp(0, -REAL).mean() + np.logaddexp(0, FAKE).mean()) / 2
    assert float(loss) == pytest.approx(expected, rel=1e-6)
    by_real, by_fake = gradients(loss, real, fake)
    np.testing.assert_allclose(by_real, -sigmoid(-REAL) / 10, atol=1e-7)
    np.testing.assert_allclose(by_fake, sigmoid(FAKE) / 8, atol=1e-7)
    blind = losses.cross_entropy(paddle.zeros([3]), paddle.zeros([2]))
    assert float(blind) == pytest.approx(math.log(2), rel=1e-6)


def test_the_generators_loss_does_not_saturate():
    fake = scores(FAKE)
    loss = losses.non_saturating(fake)
    assert float(loss) == pytest.approx(np.logaddexp(0, -FAKE).mean(), rel=1e-6)
    (gradient,) = gradients(loss, fake)
    np.testing.assert_allclose(gradient, -sigmoid(-FAKE) / 4, atol=1e-7)
    assert gradient[0] == pytest.approx(-1 / 4)  # sure to be generated: all of it


def test_least_squares_and_their_gradients():
    real, fake = scores(REAL), scores(FAKE)
    loss = losses.least_squares(real, fake)
    expected = (np.mean((REAL - 1) ** 2) + np.mean(FAKE**2)) / 2
    assert float(loss) == pytest.approx(expected, rel=1e-6)
    by_real, by_fake = gradients(loss, real, fake)
    np.testing.assert_allclose(by_real, (REAL - 1) / 5, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(by_fake, FAKE / 4, rtol=1e-6)
    (of_fakes,) = gradients(losses.least_squares_of_fakes(fake), fake)
    np.testing.assert_allclose(of_fakes, (FAKE - 1) / 2, rtol=1e-6)


class Table(nn.Layer):
    """Scores of two points of the line, 0 and 1."""

    def __init__(self, at_zero, at_one):
        super().__init__()
        self.at_zero = self.create_parameter([1])
        self.at_zero.set_value(paddle.to_tensor([at_zero], dtype="float32"))
        self.step = at_one - at_zero

    def forward(self, x):
        return self.at_zero + self.step * x[:, 0]


class Fixed(nn.Layer):
    """Generates what its noise is."""

    latent_dim = 1

    def forward(self, z):
        return z


def test_what_is_recorded_is_the_jensen_shannon_divergence_of_the_best_critic():
    p, q = np.array([0.75, 0.25]), np.array([0.25, 0.75])  # of 0 and of 1
    real = paddle.to_tensor([[0.0], [0.0], [0.0], [1.0]])
    fake = 1 - real
    best = np.log(p / q)
    mean = (p + q) / 2
    divergence = sum((each * np.log(each / mean)).sum() / 2 for each in (p, q))
    terms = GAN(Fixed(), Table(*best)).critic_loss(real, noise=fake)
    assert set(terms) == {"critic_loss", "jensen_shannon"}
    assert float(terms["jensen_shannon"]) == pytest.approx(divergence, rel=1e-5)
    assert float(terms["critic_loss"]) == pytest.approx(math.log(2) - divergence)
    # any other critic's is a lower bound
    for other in ([0.0, 0.0], 2 * best, -best, best + 0.5):
        terms = GAN(Fixed(), Table(*other)).critic_loss(real, noise=fake)
        assert float(terms["jensen_shannon"]) < divergence


@pytest.mark.parametrize(
    "objective, real_to_fake, cost",
    [
        (GAN, losses.cross_entropy, losses.non_saturating),
        (LSGAN, losses.least_squares, losses.least_squares_of_fakes),
    ],
)
def test_the_objectives_take_further_terms_and_weights(objective, real_to_fake, cost):
    critic = MLPCritic(4)
    gan = objective(
        MLPGenerator(4), critic, terms=[drift_term(0.5)], adversarial_weight=3.0
    )
    real, noise = paddle.randn([6, 2]), paddle.randn([6, 2])
    fake = gan.generator(noise)
    terms = gan.critic_loss(real, noise=noise)
    expected = real_to_fake(critic(real), critic(fake))
    expected += 0.5 * critic(real).square().mean()
    assert float(terms["critic_loss"]) == pytest.approx(float(expected), rel=1e-5)
    assert "wasserstein" not in terms and "slope" not in terms
    terms = gan.generator_loss(6, noise=noise)
    expected = float(cost(critic(fake)))
    assert float(terms["adversarial"]) == pytest.approx(expected, rel=1e-5)
    assert float(terms["generator_loss"]) == pytest.approx(3 * expected, rel=1e-5)


@pytest.mark.parametrize("objective", [GAN, LSGAN])
def test_training_brings_the_samples_to_the_data(objective):
    rng = np.random.default_rng(0)
    points = (0.1 * rng.standard_normal((200, 2)) + 2).astype("float32")
    gan = objective(MLPGenerator(16), MLPCritic(16))
    start = np.linalg.norm(gan.generate(300).mean(axis=0) - 2)
    gan.train(points, 50, 150, g_learning_rate=2e-3, d_learning_rate=2e-3)
    end = np.linalg.norm(gan.generate(300).mean(axis=0) - 2)
    assert end < 0.7 * start


@pytest.mark.parametrize("objective", [GAN, LSGAN])
def test_an_adaptive_number_of_steps_has_nothing_to_go_by(objective):
    with pytest.raises(UserError, match=f"which a {objective.__name__} has none of"):
        objective(MLPGenerator(4), MLPCritic(4), {"adaptive": {}})
    assert objective(MLPGenerator(4), MLPCritic(4)).critic_iters == 1


def test_a_case_trains_it(start_case, tmp_path):
    small = ["MODEL.dim=8", "TRAIN.epochs=1", "TRAIN.iters_per_epoch=4"]
    small += ["TRAIN.batch_size=16", "TRAIN.log_freq=2", "output_dir=run"]
    ended = start_case("wgan_gp_toy", *small, "GAN.name=gan")
    assert ended.status == 0, ended.err
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    for record in map(json.loads, lines):
        assert record["wasserstein"] is None and record["gradient_penalty"] is None
        assert record["jensen_shannon"] == pytest.approx(
            math.log(2) - record["critic_loss"], abs=1e-6
        )
    config = (tmp_path / "run" / "config.yaml").read_text()
    assert "n_critic: 1\n" in config and "beta2: 0.999\n" in config
    assert (tmp_path / "run" / "curves.png").exists()


def test_jobs_that_follow_one_that_diverges_have_their_turn(start_case, tmp_path):
    small = ["MODEL.dim=4", "TRAIN.epochs=1", "TRAIN.iters_per_epoch=2"]
    small += ["TRAIN.batch_size=4", "TRAIN.log_freq=1", "output_dir=runs"]
    ended = start_case("wgan_gp_toy", "-m", *small, "TRAIN.generator_lr=1e6,1e-4")
    assert ended.status == 3
    assert ended.err.count("error: Training has diverged") == 1
    runs = tmp_path / "runs"
    assert (runs / "TRAIN.generator_lr-1000000.0" / "diagnostics.json").exists()
    assert (runs / "TRAIN.generator_lr-0.0001" / "generator.pdparams").exists()
    assert start_case("wgan_gp_toy", "-m", *small, "TRAIN.generator_lr=1e-5,1e-4", "TRAIN.resume=auto").status == 0  # fmt: skip
