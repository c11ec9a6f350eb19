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

"""A layer-norm, an attention and a GRU critic train with the gradient penalty on real digits."""

from __future__ import annotations

import json
from os import path as osp

import numpy as np
import paddle
import pytest
from paddle import nn
from wgan_gp.models import WGAN_GP

from ppsci_ext.utils import UserError
from tools import other_critics

DIGITS = 2000
ITERATIONS = {"layer_norm": 60, "gru": 20, "attention": 20}


@pytest.fixture(scope="module")
def root(real_data) -> str:
    return osp.join(real_data, "mnist")


@pytest.fixture(scope="module")
def train_digits(root):
    return other_critics.digits(root, "train", DIGITS)


@pytest.fixture(scope="module")
def held_out(root):
    return other_critics.digits(root, "test", other_critics.COMPARED)


def test_digits_at_half_the_resolution(train_digits):
    assert train_digits.shape == (DIGITS, 1, 14, 14)
    assert train_digits.min() == 0 and 0.8 < train_digits.max() <= 1
    # the mean of MNIST's training pixels is 0.1307
    assert train_digits.mean() == pytest.approx(0.1307, abs=0.005)


def test_distances_by_which_training_is_judged(train_digits, held_out):
    shift = np.full_like(held_out, 0.1)
    moved = other_critics.distance(held_out + shift, held_out)
    assert moved == pytest.approx(196 * 0.1**2, rel=1e-3)
    references = other_critics.references(train_digits[:1000], held_out)
    assert references["real"] < references["pixels"] / 3 < references["mean"] / 3
    untrained = [
        other_critics.distance(other_critics.make_gan("gru").generate(500), held_out)
        for _ in range(5)
    ]
    assert min(untrained) > 3 * references["mean"]
    assert max(untrained) < 1.05 * min(untrained)


@pytest.mark.parametrize("name", other_critics.CRITICS)
def test_paddles_own_layers_are_refused(name):
    """Each critic is one that Paddle can't train, so that what follows means something."""
    generator = nn.Sequential(nn.Linear(4, 196), nn.Unflatten(1, [1, 14, 14]))
    gan = WGAN_GP(generator=generator, discriminator=other_critics.CRITICS[name]())
    with pytest.raises(UserError, match="deriv|different"):
        gan.check(paddle.rand([2, 1, 14, 14]), None)


@pytest.mark.parametrize("name", other_critics.CRITICS)
def test_the_penalty_reaches_every_parameter(name, train_digits):
    """All but those that shift every score by the same amount, which no slope depends on."""
    gan = other_critics.make_gan(name)
    real = paddle.to_tensor(train_digits[:8])
    penalty, terms = gan.penalty(real, paddle.rand(real.shape), None, None)
    assert np.isfinite(float(terms["slope"]))
    penalty.backward()
    scores = gan.critic_score(real).numpy()
    reached = 0
    for key, parameter in gan.critic.named_parameters():
        gradient = parameter.grad
        if gradient is not None and float(gradient.abs().max()) > 1e-7:
            assert np.isfinite(gradient.numpy()).all()
            reached += 1
            continue
        before = parameter.numpy()
        noise = np.random.default_rng(0).standard_normal(before.shape)
        parameter.set_value(before + 0.1 * noise.astype("float32"))
        moved = gan.critic_score(real).numpy() - scores
        parameter.set_value(before)
        assert np.ptp(moved) < 1e-5, key
    assert reached >= len(gan.critic.parameters()) - 4


@pytest.mark.parametrize("name", other_critics.CRITICS)
def test_it_trains(name, train_digits, held_out, tmp_path):
    gan = other_critics.make_gan(name)
    untrained = other_critics.distance(gan.generate(500), held_out)
    gan.train(
        train_data=train_digits,
        batch_size=32,
        iterations=ITERATIONS[name],
        g_learning_rate=1e-3,
        d_learning_rate=1e-3,
        output_dir=str(tmp_path),
    )
    last = json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1])
    assert np.isfinite([last["critic_loss"], last["generator_loss"]]).all()
    assert 0.7 < last["slope"] < 1.3 and last["wasserstein"] > 0
    trained = other_critics.distance(gan.generate(500), held_out)
    assert trained < untrained / 2  # untrained ones differ by less than 5 %, see above


@pytest.mark.heavy
@pytest.mark.parametrize("name", other_critics.CRITICS)
def test_the_command(name, root, tmp_path):
    other_critics.main([root, str(tmp_path), "--critic", name])
    result = json.loads((tmp_path / f"{name}.json").read_text())
    distances = result["frechet_distance"]
    assert distances["trained"] < distances["mean"] < distances["untrained"] / 3
    assert 0.8 < result["slope"] < 1.2
    assert (tmp_path / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
