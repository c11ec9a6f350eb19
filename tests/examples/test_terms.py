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

"""Terms of the losses: their weights over the iterations, their records, the data they draw."""

from __future__ import annotations

import json

import numpy as np
import paddle
import pytest
from paddle import nn
from wgan_gp.models import WGAN
from wgan_gp.models import WGAN_GP
from wgan_gp.utils.terms import LossTerm
from wgan_gp.utils.terms import acgan_terms
from wgan_gp.utils.terms import drift_term

from ppsci_ext.data import BatchStream
from ppsci_ext.optimizer import Adam
from ppsci_ext.solver import AdversarialSolver
from ppsci_ext.utils import UserError

RAMP = {"ramp": {"from": 0.0, "to": 4.0, "start": 2, "end": 6}}
STEPS = {0: 3.0, 4: 0.5}


def points(count=20):
    return np.random.default_rng(0).standard_normal((count, 2)).astype("float32")


def networks():
    return nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))


def constant(value):
    return lambda step: paddle.to_tensor(value)


@pytest.mark.parametrize("network", ["critic", "generator"])
@pytest.mark.parametrize("weight, at", [(2.5, [2.5] * 8), (RAMP, [0, 0, 0, 1, 2, 3, 4, 4]), (STEPS, [3, 3, 3, 3, 0.5, 0.5, 0.5, 0.5])])  # fmt: skip
def test_a_loss_is_the_plain_one_plus_weight_times_term(network, weight, at):
    generator, critic = networks()
    real, noise = paddle.to_tensor(points(6)), paddle.randn([6, 2])
    alpha = paddle.rand([6, 1])

    def terms_of(gan):
        if network == "critic":
            return gan.critic_loss(real, noise=noise, alpha=alpha)
        return gan.generator_loss(6, noise=noise)

    plain = terms_of(WGAN_GP(generator, critic))
    gan = WGAN_GP(generator, critic, terms=[LossTerm("x", network, constant(7.0), weight)])  # fmt: skip
    for iteration, expected in enumerate(at):
        gan.begin_iteration(iteration)
        found = terms_of(gan)
        loss = f"{network}_loss"
        added = float(found[loss]) - float(plain[loss])
        assert added == pytest.approx(7 * expected, abs=1e-4)
        assert float(found["x"]) == 7.0  # before its weight
        assert ("x_weight" in found) == isinstance(weight, dict)
        if isinstance(weight, dict):
            assert float(found["x_weight"]) == pytest.approx(expected)


def test_a_term_sees_the_batch_and_the_samples():
    seen = {}

    def look(name):
        def term(step):
            seen[name] = step
            return step.fake.mean()

        return term

    generator, critic = networks()
    terms = [LossTerm("a", "critic", look("critic")), LossTerm("b", "generator", look("generator"))]  # fmt: skip
    gan = WGAN_GP(generator, critic, terms=terms)
    real, noise = paddle.to_tensor(points(6)), paddle.randn([6, 2])
    gan.critic_loss(real, noise=noise)
    step = seen["critic"]
    np.testing.assert_array_equal(step.real.numpy(), real.numpy())
    np.testing.assert_allclose(step.fake.numpy(), generator(noise).numpy(), rtol=1e-6)
    for score, samples in ((step.score_real, real), (step.score_fake, step.fake)):
        np.testing.assert_allclose(
            score.numpy(), critic(samples)[:, 0].numpy(), atol=1e-6
        )
    gan.generator_loss(6, noise=noise)
    step = seen["generator"]
    assert step.real is None and step.score_real is None
    np.testing.assert_array_equal(step.noise.numpy(), noise.numpy())


def test_the_weight_of_the_adversarial_part():
    generator, critic = networks()
    noise = paddle.randn([6, 2])
    plain = WGAN_GP(generator, critic).generator_loss(6, noise=noise)
    assert set(plain) == {"generator_loss"}
    gan = WGAN_GP(generator, critic, adversarial_weight=STEPS)
    for iteration, weight in ((0, 3.0), (4, 0.5)):
        gan.begin_iteration(iteration)
        found = gan.generator_loss(6, noise=noise)
        expected = weight * float(plain["generator_loss"])
        assert float(found["generator_loss"]) == pytest.approx(expected, rel=1e-5)
        assert float(found["adversarial_weight"]) == weight


def test_the_terms_of_acgan_and_drift():
    class Critic(nn.Layer):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 4)

        def forward(self, x, labels):
            y = self.linear(x)
            return y[:, 0], y[:, 1:]

    class Generator(nn.Layer):
        latent_dim = 2

        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 2)

        def forward(self, z, labels):
            return self.linear(z)

    critic = Critic()
    gan = WGAN(Generator(), critic, num_classes=3, terms=[*acgan_terms(), drift_term(0.25)])  # fmt: skip
    real, labels = paddle.to_tensor(points(6)), paddle.to_tensor([0, 1, 2, 0, 1, 2])
    found = gan.critic_loss(real, labels)
    outputs = critic.linear(real).numpy().astype("float64")
    logits = outputs[:, 1:]
    log_sums = np.log(np.exp(logits).sum(axis=1))
    cross_entropy = (log_sums - logits[np.arange(6), labels.numpy()]).mean()
    drift = (outputs[:, 0] ** 2).mean()
    assert float(found["acgan"]) == pytest.approx(cross_entropy, rel=1e-5)
    assert float(found["drift"]) == pytest.approx(drift, rel=1e-5)
    expected = cross_entropy + 0.25 * drift - float(found["wasserstein"])
    assert float(found["critic_loss"]) == pytest.approx(expected, rel=1e-5)
    assert set(gan.generator_loss(6)) == {"generator_loss", "generator_acgan"}


@pytest.mark.parametrize(
    "value, shape",
    [
        (paddle.ones([6]), r"\[6\]"),
        (paddle.ones([2, 3]), r"\[2, 3\]"),
        (0.5, "float"),
        (None, "NoneType"),
        (np.float32(1), "float32"),
    ],
)
def test_a_term_is_one_number(value, shape):
    gan = WGAN_GP(*networks(), terms=[LossTerm("x", "critic", lambda step: value)])
    with pytest.raises(UserError, match=f"The term 'x' gives {shape}: it should give"):
        gan.critic_loss(paddle.to_tensor(points(6)))


@pytest.mark.parametrize(
    "names, taken",
    [
        (["x", "y", "x"], "x"),
        (["critic_loss"], "critic_loss"),
        (["x", "wasserstein"], "wasserstein"),
        (["slope"], "slope"),
        (["iteration"], "iteration"),
    ],
)
def test_a_name_belongs_to_one_quantity(names, taken):
    """A term named critic_loss would take the place of the loss."""
    terms = [LossTerm(name, "critic", constant(1.0)) for name in names]
    with pytest.raises(UserError, match=f"'{taken}' is the name of another quantity"):
        WGAN_GP(*networks(), terms=terms)


@pytest.mark.parametrize(
    "weight, says",
    [
        ("x", "a number, steps"),
        (float("nan"), "a number, steps"),
        ({3: 1.0}, "begin at iteration 0"),
        ({"ramp": {"from": 0, "to": 1, "start": 9, "end": 3}}, "0 <= start < end"),
    ],
)
def test_weights_that_are_none(weight, says):
    with pytest.raises(UserError, match=f"the weight of 'x' is refused: .*{says}"):
        LossTerm("x", "critic", constant(1.0), weight)
    with pytest.raises(UserError, match=f"adversarial_weight is refused: .*{says}"):
        WGAN_GP(*networks(), adversarial_weight=weight)
    with pytest.raises(UserError, match="'discriminator': make it one of critic, gen"):
        LossTerm("x", "discriminator", constant(1.0))


# in a training


class Counted(BatchStream):
    """Counts its batches."""

    drawn = 0

    def __next__(self):
        self.drawn += 1
        return super().__next__()


def trained(gan, data, iterations=8, **options):
    stream = Counted(data, 5, seed=1, num_classes=gan.num_classes)
    solver = AdversarialSolver(
        gan,
        stream,
        Adam(1e-3)(gan.generator),
        Adam(1e-3)(gan.critic),
        n_critic=2,
        epochs=1,
        iters_per_epoch=iterations,
        log_freq=1,
        **options,
    )
    solver.train()
    return stream, solver


class Conditional(nn.Layer):
    """Takes a condition of any form and looks at it."""

    latent_dim = 2

    def __init__(self, outputs):
        super().__init__()
        self.linear = nn.Linear(3, outputs)

    def forward(self, x, condition=None):
        if condition is None:
            condition = x[:, :1]
        column = condition.astype("float32").reshape([-1, 1])
        return self.linear(paddle.concat([x, column], axis=1))


CRITIC_STEPS, GENERATOR_STEPS = 2 * 8, 7  # the first iteration has no generator step
@pytest.mark.parametrize(
    "options, condition, draws",
    [
        ({}, None, 0),
        ({}, np.arange(20) % 3, 0),  # a condition that is left unused
        ({"num_classes": 3}, np.arange(20) % 3, 0),  # classes are drawn uniformly
        ({"conditional": True}, np.linspace(0, 1, 20), 1),
        ({"terms": [LossTerm("x", "critic", constant(1.0), needs_data=True)]}, None, 0),
        ({"terms": [LossTerm("x", "generator", constant(1.0))]}, None, 0),
        ({"terms": [LossTerm("x", "generator", lambda s: s.real.mean(), needs_data=True)]}, None, 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("multiple", [1, 3])
def test_the_generators_step_draws_data_only_where_it_needs_them(
    options, condition, draws, multiple
):
    gan = WGAN(Conditional(2), Conditional(1), **options)
    data = points() if condition is None else (points(), condition)
    stream, _ = trained(gan, data, generator_batch_size=5 * multiple)
    assert stream.drawn == CRITIC_STEPS + draws * multiple * GENERATOR_STEPS


def test_real_samples_and_condition_belong_together():
    """Also in a batch of the generator that is made of several of the stream's."""
    seen = []

    def compare(step):
        seen.append((step.real.numpy(), step.condition.numpy()))
        return step.fake.mean()

    term = LossTerm("x", "generator", compare, needs_data=True)
    gan = WGAN(Conditional(2), Conditional(1), conditional=True, terms=[term])
    data = points()
    trained(gan, (data, data[:, 0] * 10), generator_batch_size=15)
    assert len(seen) == GENERATOR_STEPS
    for real, condition in seen:
        assert real.shape == (15, 2)
        np.testing.assert_allclose(condition, real[:, 0] * 10, rtol=1e-6)


def test_a_generator_batch_that_the_stream_can_not_give():
    gan = WGAN(Conditional(2), Conditional(1), conditional=True)
    with pytest.raises(
        UserError, match="batch of 7 samples .* batches of 5: make it a mul"
    ):
        trained(gan, (points(), points()[:, 0]), generator_batch_size=7)


@pytest.mark.parametrize("weight", [2.0, RAMP])
def test_validation_has_the_same_terms_with_the_same_weights(weight):
    """Validated on the data of a training step, it is that step's loss."""
    gan = WGAN(*networks(), terms=[LossTerm("x", "critic", constant(5.0), weight)])
    held_out = paddle.to_tensor(points(5))
    _, solver = trained(gan, points(), validation=[(held_out, None)])
    plain = WGAN(gan.generator, gan.critic)
    found = []
    for iteration in range(8):
        gan.begin_iteration(iteration)
        paddle.seed(3)
        with_term = solver.validation_loss()
        paddle.seed(3)
        without = float(plain.critic_loss(held_out)["critic_loss"])
        found.append(with_term - without)
    expected = [2] * 8 if weight == 2.0 else [0, 0, 0, 1, 2, 3, 4, 4]
    assert found == pytest.approx([5 * w for w in expected], abs=1e-4)


def test_terms_and_weights_in_the_records():
    terms = [
        LossTerm("x", "critic", constant(5.0), RAMP),
        LossTerm("y", "generator", constant(6.0), STEPS),
        LossTerm("z", "generator", constant(7.0)),
    ]
    gan = WGAN(*networks(), terms=terms)
    _, solver = trained(gan, points())
    records = json.loads(json.dumps(solver.folder.metrics.records))
    assert [r["x_weight"] for r in records] == [0, 0, 0, 1, 2, 3, 4, 4]
    assert [r.get("y_weight") for r in records] == [None, 3, 3, 3] + [0.5] * 4
    assert all(r["x"] == 5 and r.get("z", 7) == 7 for r in records)
    assert "z_weight" not in records[-1]
