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

"""Critics and generators that don't fit the data or each other, found before the training."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from paddle import nn
from wgan_gp.models import WGAN
from wgan_gp.models import WGAN_GP

from ppsci_ext.utils import UserError


class Network(nn.Layer):
    """Something made of one linear layer's output."""

    def __init__(self, inputs, outputs, function=lambda y, *_: y):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.function = function

    def forward(self, x, *condition):
        return self.function(self.linear(x.reshape([x.shape[0], -1])), *condition)


def points(count=32, shape=(2,)):
    rng = np.random.default_rng(0)
    return rng.standard_normal((count, *shape)).astype("float32")


def refusal(generator, critic, data=None, gan=WGAN_GP, **settings):
    """What `train` says, in which nothing has been trained."""
    before = [p.numpy() for p in generator.parameters() + critic.parameters()]
    gan = gan(generator, critic, latent_dim=3, **settings)
    with pytest.raises(UserError) as refused:
        gan.train(points() if data is None else data, 8, 1)
    after = [p.numpy() for p in generator.parameters() + critic.parameters()]
    assert all(np.array_equal(a, b) for a, b in zip(before, after))
    text = str(refused.value)
    assert text[0].isupper() and text[-1] == "." and "\n" not in text
    return text


@pytest.mark.parametrize("gan", [WGAN_GP, WGAN])
@pytest.mark.parametrize(
    "outputs, function, says",
    [
        (2, lambda y: y, "scores of shape [2, 2] for samples of shape [2, 2]"),
        (1, lambda y: y.mean(), "scores of shape [] for"),
        (1, lambda y: y.mean(axis=0), "scores of shape [1] for"),
        (4, lambda y: y.reshape([-1]), "scores of shape [8] for"),
        (4, lambda y: y.unsqueeze(-1), "scores of shape [2, 4, 1] for"),
        (32, lambda y: y.reshape([-1, 2, 4, 4]), "scores of shape [2, 2, 4, 4] for"),
        (1, lambda y: None, "returns nothing (None) for"),
        (1, lambda y: {"score": y}, "returns a dict for"),
        (1, lambda y: (y, y, y), "returns a tuple of 3 for"),
        (1, lambda y: [y], "returns a list of 1 for"),
        (1, lambda y: 3.0, "returns a float for"),
        (1, lambda y: y.numpy(), "returns a ndarray for"),
        (1, lambda y: (None, y), "returns a tuple of 2 for"),
        (1, lambda y: y.astype("int64"), "scores are paddle.int64"),
        (1, lambda y: (y, y.mean()), "Beside the scores the critic returns []"),
        (1, lambda y: (y, {"a": y, "b": y[:1]}), "Beside the scores"),
        (1, lambda y: (y, "classes"), "the critic returns a str for 2"),
        (1, lambda y: y.no_such_method(), "The critic (Network) fails on samples"),
    ],
)  # fmt: skip
def test_what_a_critic_may_not_return(gan, outputs, function, says):
    told = refusal(Network(3, 2), Network(2, outputs, function), gan=gan)
    assert says in told


@pytest.mark.parametrize(
    "outputs, function",
    [
        (1, lambda y: y),
        (1, lambda y: y[:, 0]),
        (1, lambda y: y.reshape([-1, 1, 1, 1])),
        (16, lambda y: y.reshape([-1, 1, 4, 4])),
        (5, lambda y: y.reshape([-1, 1, 5])),
        (1, lambda y: (y, None)),
        (3, lambda y: (y[:, :1], y)),
        (3, lambda y: [y[:, 0], {"a": y, "b": [y, y.unsqueeze(-1)]}]),
    ],
)
@pytest.mark.parametrize("gan", [WGAN_GP, WGAN])
def test_what_a_critic_may_return(gan, outputs, function):
    gan = gan(Network(3, 2), Network(2, outputs, function), latent_dim=3)
    gan.train(points(), 8, 2)
    assert gan.critic_score(paddle.to_tensor(points(5))).shape == [5]


def test_a_map_of_scores_is_averaged_for_each_sample():
    """The losses and the penalty are those of a critic that returns the mean itself."""
    patches = Network(2, 6, lambda y: y.reshape([-1, 1, 2, 3]))
    means = Network(2, 6, lambda y: y.mean(axis=1))
    means.set_state_dict(patches.state_dict())
    generator = Network(3, 2)
    real, noise = paddle.to_tensor(points(6)), paddle.randn([6, 3])
    alpha = paddle.rand([6, 1])
    found, expected = (
        WGAN_GP(generator, critic, latent_dim=3).critic_loss(
            real, noise=noise, alpha=alpha
        )
        for critic in (patches, means)
    )
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert float(found[name]) == pytest.approx(float(value), rel=1e-5)


def test_what_is_beside_the_scores_is_split_as_they_are():
    critic = Network(2, 3, lambda y: (y[:, 0], {"a": y, "b": [y**2]}))
    gan = WGAN_GP(Network(3, 2), critic, latent_dim=3)
    real, fake = paddle.randn([4, 2]), paddle.randn([4, 2])
    pairs = gan._score_both(real, fake, None)
    for samples, (_, extra) in zip((real, fake), pairs):
        expected = critic.linear(samples).numpy()
        np.testing.assert_allclose(extra["a"].numpy(), expected, rtol=1e-5)
        np.testing.assert_allclose(extra["b"][0].numpy(), expected**2, rtol=1e-5)


@pytest.mark.parametrize(
    "outputs, function, says",
    [
        (3, lambda y: y, "makes samples of shape [2, 3], but the real ones have the "),
        (2, lambda y: y.unsqueeze(1), "makes samples of shape [2, 1, 2], but the real"),
        (2, lambda y: y[0], "makes samples of shape [2], but the real ones"),
        (2, lambda y: y.tile([2, 1]), "makes samples of shape [4, 2], but"),
        (2, lambda y: None, "The generator returns nothing (None): it should"),
        (2, lambda y: (y, y), "The generator returns a tuple of 2: it should"),
        (2, lambda y: {"x": y}, "The generator returns a dict: it should"),
        (2, lambda y: y.astype("int32"), "samples are paddle.int32: make them floats"),
        (2, lambda y: 1 / 0, "The generator (Network) fails on noise of shape [2, 3]"),
    ],
)  # fmt: skip
def test_what_a_generator_may_not_return(outputs, function, says):
    assert says in refusal(Network(3, outputs, function), Network(2, 1))


@pytest.mark.parametrize("shape", [(5,), (2, 4), (1, 4, 4), (1, 2, 3, 4)])
def test_samples_of_any_rank_against_a_generator_of_points(shape):
    critic = Network(int(np.prod(shape)), 1)
    told = refusal(Network(3, 2), critic, points(32, shape))
    assert "samples of shape [2, 2], but the real ones have the shape [2, " in told


def test_swapped_networks():
    generator, critic = Network(3, 2), Network(2, 1)
    told = refusal(critic, generator)
    assert "The generator (Network) fails on noise of shape [2, 3]" in told
    assert "swapped" in told
    told = refusal(Network(3, 1), Network(1, 2))  # noise that happens to fit
    assert "makes samples of shape [2, 1], but the real ones have the shape" in told


@pytest.mark.parametrize("name", ["generator", "critic"])
def test_nothing_to_train(name):
    class Empty(nn.Layer):
        def forward(self, x):
            return x[:, :2] if name == "generator" else x[:, 0]

    networks = {"generator": Network(3, 2), "critic": Network(2, 1)}
    told = refusal(**{**networks, name: Empty()})
    assert told.startswith(f"The {name} (Empty) has no parameters to train")
    for parameter in networks[name].parameters():
        parameter.stop_gradient = True
    told = refusal(**networks)
    assert told.startswith(f"The {name} (Network) has no parameters to train")


@pytest.mark.parametrize("wrong", [None, "critic", lambda x: x, nn.Linear])
def test_what_is_no_network(wrong):
    with pytest.raises(UserError, match="The critic is of the type .*paddle.nn.Layer"):
        WGAN_GP(nn.Linear(2, 2), wrong)
    if wrong is not None:  # the fixed generator
        with pytest.raises(UserError, match="The generator is of the type"):
            WGAN_GP(wrong, nn.Linear(2, 1))


@pytest.mark.parametrize(
    "settings, says",
    [
        ({"num_classes": 3}, "is conditional, but its training data have no labels: "),
        (
            {"conditional": True},
            "conditional, but its training data have no conditions:",
        ),
    ],
)
def test_a_conditional_gan_without_a_condition(settings, says):
    told = refusal(Network(3, 2), Network(2, 1), **settings)
    assert says in told


@pytest.mark.parametrize("form", ["arrays", "dict"])
def test_a_condition_that_the_networks_do_not_take(form):
    def critic(y, condition):
        return y + condition["level"].sum(axis=1, keepdim=True)

    def generator(y, condition):
        return y + (condition["level"] if isinstance(condition, dict) else condition)

    condition = np.zeros((32, 3), "float32")
    data = points(), condition if form == "arrays" else {"height": condition}
    told = refusal(
        Network(3, 2, generator), Network(2, 1, critic), data, conditional=True
    )
    shape = "[2, 3]" if form == "arrays" else "{height: [2, 3]}"
    assert f"noise of shape [2, 3] and a condition of shape {shape}:" in told


def test_a_check_leaves_no_trace():
    """Random numbers, modes and statistics are those of before."""
    generator = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1D(4), nn.Linear(4, 2))
    gan = WGAN(generator, Network(2, 1))
    before = {k: v.numpy() for k, v in generator.state_dict().items()}
    gan.check(paddle.randn([2, 2]), None)
    assert generator.training and gan.critic.training
    for key, value in generator.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[key])
