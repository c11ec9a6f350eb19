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

import numpy as np
import paddle
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from paddle import nn
from scipy import stats
from wgan_gp.utils import losses

SHAPES = [[7], [3, 5], [2, 4, 3], [1, 2, 3, 2]]


@pytest.fixture
def float64():
    paddle.set_default_dtype("float64")
    yield
    paddle.set_default_dtype("float32")


@pytest.mark.parametrize("shape", SHAPES)
def test_interpolates_have_one_uniform_weight_per_sample(shape):
    real, fake = paddle.zeros([2000, *shape]), paddle.ones([2000, *shape])
    points = losses.interpolate(real, fake).reshape([2000, -1]).numpy()
    assert (points == points[:, :1]).all()  # one weight within a sample
    weights = points[:, 0]
    assert len(np.unique(weights)) > 1900 and 0 <= weights.min() < weights.max() <= 1
    assert stats.kstest(weights, "uniform").pvalue > 1e-3


def test_interpolates_need_a_gradient_and_no_graph():
    net = nn.Linear(2, 2)
    fake = net(paddle.randn([4, 2]))
    points = losses.interpolate(paddle.randn([4, 2]), fake)
    assert not points.stop_gradient and points.is_leaf


@settings(max_examples=30, deadline=None)
@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    scale=st.floats(0.1, 10),
)
def test_slope_of_a_linear_critic_is_the_norm_of_its_weights(shape, scale):
    """Also on images, where a norm over the channel axis alone would be smaller."""
    weights = scale * paddle.randn(shape)
    points = losses.interpolate(paddle.randn([3, *shape]), paddle.randn([3, *shape]))
    slopes = losses.gradient_norm(
        lambda x: (x * weights).reshape([3, -1]).sum(axis=1), points
    )
    assert slopes.shape == [3]
    expected = float(np.linalg.norm(weights.numpy()))
    np.testing.assert_allclose(slopes.numpy(), expected, rtol=1e-5)


def test_slope_of_a_quadratic_critic_differs_between_samples():
    matrix = paddle.randn([4, 4])
    matrix = matrix + matrix.T
    points = losses.interpolate(paddle.randn([6, 4]), paddle.randn([6, 4]))
    slopes = losses.gradient_norm(
        lambda x: 0.5 * (x * x.matmul(matrix)).sum(axis=1), points
    )
    expected = np.linalg.norm(points.numpy() @ matrix.numpy(), axis=1)
    np.testing.assert_allclose(slopes.numpy(), expected, rtol=1e-4)


# closed forms: a linear critic w.x has the slope |w| everywhere, a quadratic one x'Ax/2 the slope |Ax|

TARGET = 1.5


def cost(form, norm, target):
    """Penalty of a slope, and its derivative by the slope."""
    if form == "zero_centred":
        return norm**2, 2 * norm
    excess = norm - target
    if form == "one_sided":
        excess = np.maximum(excess, 0.0)
    return excess**2, 2 * excess


@pytest.mark.parametrize("norm", [0.5, 3.0])
@pytest.mark.parametrize("form", losses.PENALTY_FORMS)
@pytest.mark.parametrize("at", losses.PENALTY_POINTS)
def test_penalties_of_a_linear_critic_and_their_gradients(at, form, norm):
    for shape in SHAPES:
        direction = paddle.randn(shape)
        direction = direction / direction.square().sum().sqrt()
        w = norm * direction
        w.stop_gradient = False
        penalty, slopes = losses.gradient_penalty(
            lambda x: (x * w).reshape([x.shape[0], -1]).sum(axis=1),
            paddle.randn([5, *shape]),
            paddle.randn([5, *shape]),
            at,
            form,
            TARGET,
        )
        (gradient,) = paddle.grad(penalty, [w])
        value, derivative = cost(form, norm, TARGET)
        batches = 2 if at == "both" else 1
        assert slopes.shape == [5 * batches] and slopes.stop_gradient
        np.testing.assert_allclose(slopes.numpy(), norm, rtol=1e-5)
        assert float(penalty) == pytest.approx(batches * value, rel=1e-4, abs=1e-6)
        expected = batches * derivative * direction.numpy()
        np.testing.assert_allclose(gradient.numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", losses.PENALTY_FORMS)
@pytest.mark.parametrize("at", ["interpolates", "real", "fake", "both"])
def test_penalties_of_a_quadratic_critic(at, form):
    """Which points the gradient is taken at shows in the slopes."""
    matrix = np.random.default_rng(0).standard_normal((6, 6)).astype("float32")
    matrix = matrix + matrix.T
    real, fake = paddle.randn([4, 2, 3]), 2 * paddle.randn([4, 2, 3])
    alpha = paddle.rand([4, 1])

    def critic(x):
        x = x.reshape([x.shape[0], 6])
        return 0.5 * (x * x.matmul(paddle.to_tensor(matrix))).sum(axis=1)

    ends = [each.reshape([4, 6]).numpy() for each in (real, fake)]
    places = {
        "interpolates": [ends[0] + alpha.numpy() * (ends[1] - ends[0])],
        "real": ends[:1],
        "fake": ends[1:],
        "both": ends,
    }
    norms = [np.linalg.norm(each @ matrix, axis=1) for each in places[at]]
    penalty, slopes = losses.gradient_penalty(
        critic, real, fake, at, form, TARGET, alpha
    )
    np.testing.assert_allclose(slopes.numpy(), np.concatenate(norms), rtol=1e-4)
    expected = sum(cost(form, norm, TARGET)[0].mean() for norm in norms)
    assert float(penalty) == pytest.approx(expected, rel=1e-4)


def test_points_around_the_real_ones():
    """Between each real sample and a neighbour, at most half a standard deviation away."""
    real = 3 * paddle.randn([500, 4]) + 1
    (points,) = losses.PENALTY_POINTS["around_real"](real, None, None)
    assert points.is_leaf and not points.stop_gradient
    steps = (points - real).numpy() / real.numpy().std()
    assert steps.min() > -1e-5 and 0.4 < steps.max() <= 0.5 + 1e-5
    assert len(np.unique(steps)) > 1900  # each element has noise of its own
    # product of two uniform numbers, of which one is common to a sample
    assert steps.mean() == pytest.approx(0.125, abs=0.01)
    assert np.corrcoef(steps.T)[0, 1] > 0.2


def test_zero_centred_penalty_needs_no_root():
    """Its gradient at a vanishing slope is zero, exactly."""
    w = paddle.zeros([3])
    w.stop_gradient = False
    real = paddle.randn([4, 3])
    penalty, _ = losses.gradient_penalty(
        lambda x: x.matmul(w), real, real, "both", "zero_centred"
    )
    (gradient,) = paddle.grad(penalty, [w])
    assert float(penalty) == 0.0 and (gradient.numpy() == 0).all()


def test_zero_critic_has_penalty_one_and_finite_gradients():
    critic = nn.Linear(3, 1)
    critic.weight.set_value(paddle.zeros([3, 1]))
    points = losses.interpolate(paddle.randn([4, 3]), paddle.randn([4, 3]))
    slopes = losses.gradient_norm(lambda x: critic(x)[:, 0], points)
    penalty = losses.two_sided_penalty(slopes)
    penalty.backward()
    assert float(penalty) == 1.0
    assert np.isfinite(critic.weight.grad.numpy()).all()


@pytest.mark.parametrize("form", losses.PENALTY_FORMS)
def test_gradient_of_the_penalty_against_central_differences(float64, form):
    """The second derivative itself, through a smooth critic, in float64."""
    critic = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 1))
    x = paddle.randn([5, 3])

    def penalty():
        points = x.detach()
        points.stop_gradient = False
        (gradient,) = paddle.grad(critic(points).sum(), [points], create_graph=True)
        reference = gradient.square().sum(axis=1)
        squared = losses.squared_gradient_norm(lambda p: critic(p)[:, 0], points)
        np.testing.assert_allclose(squared.numpy(), reference.numpy(), rtol=1e-12)
        return losses.PENALTY_FORMS[form].cost(squared, 0.1)

    penalty().backward()
    weight = critic[0].weight
    analytic = weight.grad.numpy()
    assert np.abs(analytic).max() > 1e-3
    start = weight.numpy()
    for index in np.ndindex(*start.shape):
        step = np.zeros_like(start)
        step[index] = 1e-5
        values = []
        for sign in (1, -1):
            weight.set_value(start + sign * step)
            values.append(float(penalty()))
        numeric = (values[0] - values[1]) / 2e-5
        assert analytic[index] == pytest.approx(numeric, rel=1e-6, abs=1e-9)


def test_slopes_are_float32_under_autocast():
    critic = nn.Linear(4, 1)
    with paddle.amp.auto_cast(level="O1", dtype="bfloat16"):
        points = losses.interpolate(
            paddle.randn([3, 4]).astype("bfloat16"), paddle.randn([3, 4])
        )
        slopes = losses.gradient_norm(lambda x: critic(x)[:, 0], points)
    assert slopes.dtype == paddle.float32
    np.testing.assert_allclose(
        slopes.numpy(), np.linalg.norm(critic.weight.numpy()), rtol=1e-6
    )


def test_clipping_covers_every_parameter():
    critic = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1D(3))
    losses.clip_weights(critic, 0.01)
    for parameter in critic.parameters():
        assert float(parameter.abs().max()) <= 0.01
    assert float(critic[1].weight.max()) == pytest.approx(0.01)  # a scale of one


def test_wasserstein_estimate_is_real_minus_fake():
    real, fake = paddle.to_tensor([1.0, 3.0]), paddle.to_tensor([0.5])
    assert float(losses.wasserstein_estimate(real, fake)) == pytest.approx(1.5)
