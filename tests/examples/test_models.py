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

"""The GAN classes and the interface of the RFC, on small real problems."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from paddle import io
from paddle import nn
from wgan_gp.models import WGAN
from wgan_gp.models import WGAN_GP
from wgan_gp.models import wgan_gp
from wgan_gp.models.networks import DCGANCritic
from wgan_gp.models.networks import MLPCritic
from wgan_gp.models.networks import MLPGenerator
from wgan_gp.models.networks import ResNetCritic
from wgan_gp.models.networks import ResNetGenerator
from wgan_gp.utils import losses
from wgan_gp.utils.terms import drift_term

from ppsci_ext.utils import UserError


@pytest.fixture
def float64():
    paddle.set_default_dtype("float64")
    yield
    paddle.set_default_dtype("float32")


def points(n=200, center=2.0):
    rng = np.random.default_rng(0)
    return (0.1 * rng.standard_normal((n, 2)) + center).astype("float32")


def user_pair():
    """Networks as a user writes them: no attributes, scores of shape [B, 1]."""
    generator = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 2))
    critic = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
    return generator, critic


class Pairs(io.Dataset):
    def __init__(self, labelled):
        self.labelled = labelled

    def __len__(self):
        return 100

    def __getitem__(self, index):
        return (points()[index], index % 3) if self.labelled else points()[index]


@pytest.mark.parametrize(
    "data",
    [
        lambda: points(),
        lambda: Pairs(False),
        lambda: Pairs(True),
        lambda: io.DataLoader(Pairs(False), batch_size=20, drop_last=True),
        lambda: io.TensorDataset([paddle.to_tensor(points())]),
    ],
    ids=["array", "dataset", "labelled dataset", "loader", "tensor dataset"],
)
def test_the_rfcs_interface(data):
    generator, critic = user_pair()
    gan = WGAN_GP(
        generator=generator, discriminator=critic, lambda_gp=10.0, critic_iters=5
    )
    before = generator[0].weight.numpy()
    samples = gan.train(
        train_data=data(),
        batch_size=20,
        iterations=3,
        g_learning_rate=1e-3,
        d_learning_rate=1e-3,
    ).generate(num_samples=7)
    assert samples.shape == (7, 2) and samples.dtype == np.float32
    assert not np.array_equal(before, generator[0].weight.numpy())


def test_training_brings_the_samples_to_the_data():
    generator, critic = user_pair()
    gan = WGAN_GP(generator, critic, lambda_gp=1.0)
    start = np.linalg.norm(gan.generate(500).mean(axis=0) - 2)
    gan.train(points(), 50, 150, g_learning_rate=5e-3, d_learning_rate=5e-3)
    end = np.linalg.norm(gan.generate(500).mean(axis=0) - 2)
    assert end < 0.35 * start


@pytest.mark.parametrize("layer", [nn.LayerNorm(16), nn.Dropout(0.5), nn.Softmax()])
def test_a_critic_that_can_not_be_differentiated_twice_is_explained(layer):
    generator, _ = user_pair()
    critic = nn.Sequential(nn.Linear(2, 16), layer, nn.Linear(16, 1))
    with pytest.raises(
        UserError, match=rf"'1' \({type(layer).__name__}\).*ppsci_ext.arch"
    ):
        WGAN_GP(generator, critic).train(points(), 20, 3)


def test_a_critic_that_mixes_samples_is_warned_of_once(monkeypatch):
    said = []
    monkeypatch.setattr(wgan_gp.logger, "warning", said.append)
    generator, critic = user_pair()
    WGAN_GP(generator, critic).train(points(), 20, 2)
    assert said == []
    critic = nn.Sequential(nn.Linear(2, 16), nn.BatchNorm1D(16), nn.Linear(16, 1))
    WGAN_GP(generator, critic).train(points(), 20, 2)
    (warning,) = said
    assert "mixes the samples" in warning and "'1' (BatchNorm1D)" in warning
    assert "'0'" not in warning


def test_noise_of_unknown_size_is_explained():
    class Opaque(nn.Layer):
        def forward(self, z):
            return z[:, :2]

    with pytest.raises(ValueError, match="latent_dim"):
        WGAN_GP(Opaque(), MLPCritic(4))
    gan = WGAN_GP(Opaque(), MLPCritic(4), latent_dim=5)
    assert gan.generate(3).shape == (3, 2)


@pytest.mark.parametrize("shape", [[2], [3, 5], [1, 6, 6], [2, 2, 3, 4]])
def test_losses_for_any_rank_of_samples(shape):
    size = int(np.prod(shape))
    generator = nn.Sequential(nn.Linear(4, size), nn.Unflatten(1, shape))

    class Critic(nn.Layer):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(size, 1)

        def forward(self, x):
            return self.linear(x.reshape([x.shape[0], -1]))

    critic = Critic()
    gan = WGAN_GP(generator, critic)
    terms = gan.critic_loss(paddle.randn([6, *shape]))
    norm = np.linalg.norm(critic.linear.weight.numpy())
    assert float(terms["slope"]) == pytest.approx(norm, rel=1e-5)
    assert float(terms["gradient_penalty"]) == pytest.approx(
        (norm - 1) ** 2, rel=1e-3, abs=1e-6
    )
    expected = 10 * (norm - 1) ** 2 - float(terms["wasserstein"])
    assert float(terms["critic_loss"]) == pytest.approx(expected, rel=1e-3, abs=1e-5)


class LinearCritic(nn.Layer):
    """w.x, whose slope is |w| everywhere."""

    def __init__(self, norm=3.0):
        super().__init__()
        self.linear = nn.Linear(2, 1)
        self.linear.weight.set_value(norm * np.array([[0.6], [-0.8]], "float32"))

    def forward(self, x):
        return self.linear(x)


@pytest.mark.parametrize("at, batches", [("interpolates", 1), ("both", 2)])
@pytest.mark.parametrize(
    "form, value", [("two_sided", 2.25), ("one_sided", 2.25), ("zero_centred", 9.0)]
)
def test_the_penalty_and_the_drift_in_the_loss(at, batches, form, value):
    gan = WGAN_GP(
        None,
        LinearCritic(),
        lambda_gp=7.0,
        penalty=form,
        penalty_at=at,
        penalty_target=1.5,
        terms=[drift_term(0.5)],
    )
    real = paddle.randn([6, 2])
    terms = gan.critic_loss(real)
    drift = float((gan.critic(real) ** 2).mean())
    assert float(terms["gradient_penalty"]) == pytest.approx(batches * value, rel=1e-5)
    assert float(terms["slope"]) == pytest.approx(3.0, rel=1e-5)
    assert float(terms["drift"]) == pytest.approx(drift, rel=1e-5)
    expected = 7 * batches * value + 0.5 * drift - float(terms["wasserstein"])
    assert float(terms["critic_loss"]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "key, value, says",
    [
        ("penalty", "r1", "choose one of two_sided, one_sided, zero_centred"),
        ("penalty_at", "nowhere", "choose one of interpolates, real, fake"),
        ("penalty_interval", 0, "refused: input should be greater than or equal to 1"),
        ("penalty_target", float("nan"), "refused: input should be a finite number"),
        ("lambda_gp", -1, "refused: input should be greater than or equal to 0"),
        ("critic_iters", 0, "refused: it should be a positive integer"),
        ("critic_iters", -1, "refused: it should be a positive integer"),
        ("critic_iters", {5: 2}, "must begin at iteration 0"),
    ],
)
def test_unknown_penalties_are_refused(key, value, says):
    with pytest.raises(UserError, match=f"{key}( is |=).*{says}"):
        WGAN_GP(None, LinearCritic(), **{key: value})


def test_a_weight_of_zero_takes_no_second_derivative(monkeypatch):
    monkeypatch.setattr(paddle, "grad", None)  # would fail
    critic = nn.Sequential(nn.Linear(2, 8), nn.LayerNorm(8), nn.Linear(8, 1))
    gan = WGAN_GP(None, critic, lambda_gp=0)
    gan.check(paddle.randn([2, 2]), None)
    terms = gan.critic_loss(paddle.randn([6, 2]))
    assert set(terms) == {"critic_loss", "wasserstein"}


def test_a_lazy_penalty_comes_at_each_kth_step_k_times_as_strong():
    gan = WGAN_GP(None, LinearCritic(), lambda_gp=2.0, penalty_interval=3)
    shares = []
    for _ in range(7):
        terms = gan.critic_loss(paddle.randn([6, 2]))
        again = gan.critic_loss(paddle.randn([6, 2]))  # of the same step: no count
        assert set(terms) == set(again)
        share = float(terms["critic_loss"] + terms["wasserstein"])
        assert ("slope" in terms) == (share > 0) == ("gradient_penalty" in terms)
        shares.append(share)
        gan.constrain_critic()
    assert shares == pytest.approx([24, 0, 0, 24, 0, 0, 24], rel=1e-5, abs=1e-6)
    assert sum(shares[:6]) == pytest.approx(6 * 2 * 4, rel=1e-5)  # the same in the mean
    gan.critic.eval()  # held-out data: always, at the plain weight
    gan.critic_steps = 1
    terms = gan.critic_loss(paddle.randn([6, 2]))
    share = float(terms["critic_loss"] + terms["wasserstein"])
    assert share == pytest.approx(8, rel=1e-5)


# spectral normalisation


def test_spectral_normalisation_bounds_every_layer():
    critic = ResNetCritic(dim=4, num_classes=3)
    gan = WGAN_GP(None, critic, lambda_gp=0, spectral_norm=True, num_classes=3)
    with paddle.no_grad():
        for _ in range(60):
            gan.critic_score(paddle.randn([1, 3, 8, 8]))
    layers = [
        each for each in critic.sublayers() if isinstance(each, (nn.Conv2D, nn.Linear))
    ]
    assert len(layers) == 12
    for each in layers:
        # weights of linear layers are transposed, which leaves the singular values
        matrix = each.weight.numpy().reshape([each.weight.shape[0], -1])
        largest = np.linalg.svd(matrix, compute_uv=False)[0]
        assert largest == pytest.approx(1, abs=0.02)


def test_spectral_normalisation_rests_in_eval_mode_only():
    critic = MLPCritic(6)
    gan = WGAN_GP(None, critic, spectral_norm=True)
    x = paddle.randn([3, 2])
    vectors = lambda: critic.net[2].weight_u.numpy()
    before = vectors()
    critic.eval()
    first = gan.critic_score(x).numpy()
    assert np.array_equal(gan.critic_score(x).numpy(), first)
    assert np.array_equal(vectors(), before)
    critic.train()
    gan.critic_score(x)
    assert not np.array_equal(vectors(), before)
    kept = vectors()
    gan.check(paddle.randn([2, 2]), None)
    assert np.array_equal(vectors(), kept)
    WGAN_GP(None, critic, spectral_norm=True)  # normalised already: not twice


def test_second_derivative_through_spectral_normalisation(float64):
    """Against central differences in float64, with the singular vectors held."""
    critic = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1))
    gan = WGAN_GP(None, critic, spectral_norm=True)
    gan.critic_score(paddle.randn([4, 3]))
    critic.eval()
    points = paddle.randn([4, 3])
    points.stop_gradient = False

    def penalty():
        return losses.two_sided_penalty(losses.gradient_norm(gan.critic_score, points))

    penalty().backward()
    weight = critic[0].weight_orig
    analytic, start = weight.grad.numpy(), weight.numpy()
    assert np.abs(analytic).max() > 1e-3
    for index in np.ndindex(*start.shape):
        step = np.zeros_like(start)
        step[index] = 1e-6
        values = []
        for sign in (1, -1):
            weight.set_value(start + sign * step)
            values.append(float(penalty()))
        numeric = (values[0] - values[1]) / 2e-6
        assert analytic[index] == pytest.approx(numeric, rel=1e-5, abs=1e-7)


def test_critic_loss_gives_the_generator_no_gradient():
    gan = WGAN_GP(MLPGenerator(8), MLPCritic(8))
    gan.critic_loss(paddle.randn([5, 2]))["critic_loss"].backward()
    assert all(p.grad is None for p in gan.generator.parameters())
    # the output bias cancels between real and generated samples, to the last bit
    assert gan.critic.net[6].bias.grad.item() == 0.0


def test_generated_samples_in_half_precision_are_judged_as_the_real_ones():
    """As autocast makes them."""

    class Half(nn.Layer):
        latent_dim = 2

        def forward(self, z):
            return z.astype("float16")

    gan = WGAN_GP(Half(), MLPCritic(8))
    real, noise, alpha = paddle.randn([5, 2]), paddle.randn([5, 2]), paddle.rand([5, 1])
    terms = gan.critic_loss(real, noise=noise, alpha=alpha)
    gan.generator = nn.Identity()
    expected = gan.critic_loss(real, noise=noise, alpha=alpha)
    for name, value in expected.items():
        assert terms[name].dtype == paddle.float32
        assert float(terms[name]) == pytest.approx(float(value), abs=0.02)


def test_generator_loss_gives_the_critic_no_gradient():
    gan = WGAN_GP(MLPGenerator(8), MLPCritic(8))
    gan.generator_loss(5)["generator_loss"].backward()
    assert all(p.grad is None for p in gan.critic.parameters())
    assert all(p.grad is not None for p in gan.generator.parameters())


@pytest.mark.parametrize("batch_size", [1, 5, 6])
def test_real_and_fake_in_one_batch_score_as_in_two(batch_size):
    gan = WGAN_GP(
        ResNetGenerator(dim=4, num_classes=3),
        ResNetCritic(dim=4, num_classes=3),
        num_classes=3,
    )
    real = paddle.randn([batch_size, 3, 32, 32])
    labels = paddle.arange(batch_size) % 3
    fake = paddle.randn(real.shape)
    (score_real, logits), (score_fake, _) = gan._score_both(real, fake, labels)
    np.testing.assert_allclose(
        score_real.numpy(), gan.critic(real)[0].numpy(), atol=1e-5
    )
    np.testing.assert_allclose(
        score_fake.numpy(), gan.critic(fake)[0].numpy(), atol=1e-5
    )
    np.testing.assert_allclose(logits.numpy(), gan.critic(real)[1].numpy(), atol=1e-5)


def test_labels_reach_a_critic_that_uses_them():
    class Projection(nn.Layer):
        def __init__(self):
            super().__init__()
            self.body = nn.Linear(2, 4)
            self.embedding = nn.Embedding(3, 4)

        def forward(self, x, labels):
            return (nn.functional.relu(self.body(x)) * self.embedding(labels)).sum(
                axis=1
            )

    class Generator(nn.Layer):
        latent_dim = 2

        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 2)
            self.shift = nn.Embedding(3, 2)

        def forward(self, z, labels):
            return self.linear(z) + self.shift(labels)

    gan = WGAN_GP(Generator(), Projection(), num_classes=3)
    labels = paddle.to_tensor([0, 1, 2, 0])
    gan.check(paddle.randn([4, 2]), labels)
    gan.critic_loss(paddle.randn([4, 2]), labels)["critic_loss"].backward()
    gradient = gan.critic.embedding.weight.grad.numpy()
    assert (np.abs(gradient).sum(axis=1) > 0).all()


def test_weight_clipping_after_each_step():
    gan = WGAN(MLPGenerator(8), MLPCritic(8), clip_value=0.02)
    gan.train(points(), 20, 2)
    assert max(float(p.abs().max()) for p in gan.critic.parameters()) <= 0.02 + 1e-9


def test_batch_norm_in_a_clipped_critic_sees_real_and_fake_apart():
    gan = WGAN(None, DCGANCritic((1, 8, 8), 4, norm="batch"))
    real, fake = paddle.randn([6, 1, 8, 8]), paddle.randn([6, 1, 8, 8]) + 3
    (score_real, _), (score_fake, _) = gan._score_both(real, fake, None)
    np.testing.assert_allclose(score_real.numpy(), gan.critic(real).numpy(), atol=1e-5)
    np.testing.assert_allclose(score_fake.numpy(), gan.critic(fake).numpy(), atol=1e-5)


def test_fixed_generator_is_the_data_plus_unit_noise():
    gan = WGAN_GP(None, MLPCritic(8))
    real = paddle.zeros([4000, 2])
    fake = gan.fake_beside(real).numpy()
    assert fake.std() == pytest.approx(1, abs=0.05)
    noise = paddle.randn([4, 2])
    assert np.array_equal(gan.fake_beside(real[:4], None, noise).numpy(), noise.numpy())


def test_generate_keeps_batches_whole():
    """Batch statistics of a small last batch would differ: it is filled up, then cut."""
    sizes = []

    class Spy(nn.Layer):
        latent_dim = 2

        def forward(self, z):
            sizes.append(z.shape[0])
            return z

    gan = WGAN_GP(Spy(), MLPCritic(4))
    assert gan.generate(23, batch_size=10).shape == (23, 2)
    assert sizes == [10, 10, 10]
    assert gan.generate(1, batch_size=1).shape == (1, 2)


def test_classes_of_generated_samples():
    gan = WGAN_GP(
        ResNetGenerator(dim=4, num_classes=3),
        ResNetCritic(dim=4, num_classes=3),
        num_classes=3,
    )
    drawn = gan.sample_labels(3000).numpy()
    assert np.bincount(drawn).min() > 850  # uniform
    assert gan.generate(5, labels=np.array([0, 1, 2, 0, 1]), batch_size=4).shape == (
        5,
        3,
        32,
        32,
    )
