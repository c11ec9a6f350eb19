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

"""Losses of the Wasserstein GAN family, and of two GANs beside it, as functions of tensors."""

from __future__ import annotations

import math
from typing import Callable
from typing import NamedTuple
from typing import Optional
from typing import Tuple

import paddle
from paddle import nn

from ppsci_ext.arch.onednn import input_gradients


def wasserstein_estimate(
    score_real: paddle.Tensor, score_fake: paddle.Tensor
) -> paddle.Tensor:
    """E[D(real)] - E[D(fake)], which the critic maximises (paper, eq. 2).

    Args:
        score_real (paddle.Tensor): Critic's scores of real samples, [B].
        score_fake (paddle.Tensor): Critic's scores of generated samples, [B'].

    Returns:
        paddle.Tensor: Scalar; falls as the samples get better.
    """
    return score_real.mean() - score_fake.mean()


def cross_entropy(
    score_real: paddle.Tensor, score_fake: paddle.Tensor
) -> paddle.Tensor:
    """Cross-entropy of a critic whose scores are logits of "real" (Goodfellow et al. 2014, eq. 1).

    The mean over both kinds of samples, as the authors' code has it (gan_64x64.py, "dcgan").

    Args:
        score_real (paddle.Tensor): Logits of real samples, [B].
        score_fake (paddle.Tensor): Logits of generated samples, [B'].

    Returns:
        paddle.Tensor: Scalar; log 2 of a critic that can't tell them apart.
    """
    softplus = nn.functional.softplus
    return (softplus(-score_real).mean() + softplus(score_fake).mean()) / 2


def non_saturating(score_fake: paddle.Tensor) -> paddle.Tensor:
    """E[-log sigmoid(D(fake))]: the generator's samples called real (Goodfellow et al. 2014,
    section 3), with a gradient also where the critic is sure that they are not.

    Args:
        score_fake (paddle.Tensor): Logits of generated samples, [B].

    Returns:
        paddle.Tensor: Scalar.
    """
    return nn.functional.softplus(-score_fake).mean()


def least_squares(
    score_real: paddle.Tensor, score_fake: paddle.Tensor
) -> paddle.Tensor:
    """Squared distances to 1 (real) and 0 (generated), halved (Mao et al. 2017, eq. 9).

    Args:
        score_real (paddle.Tensor): Critic's scores of real samples, [B].
        score_fake (paddle.Tensor): Critic's scores of generated samples, [B'].

    Returns:
        paddle.Tensor: Scalar; 1/4 of a critic that can't tell them apart.
    """
    return ((score_real - 1).square().mean() + score_fake.square().mean()) / 2


def least_squares_of_fakes(score_fake: paddle.Tensor) -> paddle.Tensor:
    """E[(D(fake) - 1)^2]; the authors' code doesn't halve it, as Mao et al. do.

    Args:
        score_fake (paddle.Tensor): Critic's scores of generated samples, [B].

    Returns:
        paddle.Tensor: Scalar.
    """
    return (score_fake - 1).square().mean()


def interpolate(
    real: paddle.Tensor, fake: paddle.Tensor, alpha: Optional[paddle.Tensor] = None
) -> paddle.Tensor:
    """Random points on the segments between pairs of samples (paper, algorithm 1).

    Args:
        real (paddle.Tensor): Real samples, [B, ...].
        fake (paddle.Tensor): Generated samples, [B, ...].
        alpha (Optional[paddle.Tensor]): Position on each segment, one number per sample:
            0 is the real sample, 1 the generated one; [B, 1]. Drawn uniformly from
            [0, 1) by default.

    Returns:
        paddle.Tensor: Leaf tensor [B, ...] in float32 that asks for a gradient.
    """
    real, fake = real.detach().astype("float32"), fake.detach().astype("float32")
    if alpha is None:
        alpha = paddle.rand([real.shape[0], 1])
    alpha = alpha.reshape([-1] + [1] * (real.ndim - 1))
    points = real + alpha * (fake - real)
    points.stop_gradient = False
    return points


def perturb(real: paddle.Tensor) -> paddle.Tensor:
    """Neighbours of real samples, as in the code of DRAGAN's authors.

    They add uniform noise to each element, half the batch's standard deviation wide. (The
    paper, Kodali et al. 2017, algorithm 1, has Gaussian noise.)

    Args:
        real (paddle.Tensor): Real samples, [B, ...].

    Returns:
        paddle.Tensor: [B, ...] in float32.
    """
    real = real.detach().astype("float32")
    return real + 0.5 * real.std(unbiased=False) * paddle.rand(real.shape)


def _leaf(samples: paddle.Tensor) -> paddle.Tensor:
    """The samples themselves as points that ask for a gradient."""
    points = samples.detach().astype("float32")
    points.stop_gradient = False
    return points


# Axes that have norms of their own: those of the samples, or of the frames of sequences
# [B, T, ...]. With a score that is a mean over time, the gradient of a sample has sqrt(T) times
# the norm of that of one of its T frames, where these are alike.
PENALTY_OVER = {"sample": 1, "frame": 2}


def squared_gradient_norm(
    critic: Callable[[paddle.Tensor], paddle.Tensor],
    points: paddle.Tensor,
    over: str = "sample",
) -> paddle.Tensor:
    """Squared L2 norm of the critic's gradient at each point, differentiable once more.

    Computed in float32 whatever the surrounding autocast, over all axes but the first.

    Args:
        critic (Callable[[paddle.Tensor], paddle.Tensor]): [B, ...] -> scores [B].
        points (paddle.Tensor): Points that ask for a gradient, [B, ...].
        over (str, optional): Key of PENALTY_OVER; "frame" leaves the second axis as well.
            Defaults to "sample".

    Returns:
        paddle.Tensor: Squared slopes, [B], or of the T frames of each sample, [B T].
    """
    with paddle.amp.auto_cast(enable=False):
        scores = critic(points)
        (gradient,) = input_gradients(scores.sum(), [points], create_graph=True)
        kept = math.prod(gradient.shape[: PENALTY_OVER[over]])
        return gradient.reshape([kept, -1]).square().sum(axis=1)


def root(squared: paddle.Tensor) -> paddle.Tensor:
    """Square root with a zero derivative, not NaN, at zero.

    Args:
        squared (paddle.Tensor): Numbers that are not negative.

    Returns:
        paddle.Tensor: Of the same shape.
    """
    positive = squared > 0
    safe = paddle.where(positive, squared, paddle.ones_like(squared)).sqrt()
    return paddle.where(positive, safe, paddle.zeros_like(safe))


def gradient_norm(
    critic: Callable[[paddle.Tensor], paddle.Tensor], points: paddle.Tensor
) -> paddle.Tensor:
    """L2 norm of the critic's gradient at each point; see squared_gradient_norm and root.

    Args:
        critic (Callable[[paddle.Tensor], paddle.Tensor]): [B, ...] -> scores [B].
        points (paddle.Tensor): Points that ask for a gradient, [B, ...].

    Returns:
        paddle.Tensor: Slopes, [B].
    """
    return root(squared_gradient_norm(critic, points))


def two_sided_penalty(slopes: paddle.Tensor, target: float = 1.0) -> paddle.Tensor:
    """E[(||grad D|| - target)^2] (paper, eq. 3), before lambda.

    Args:
        slopes (paddle.Tensor): Gradient norms, [B].
        target (float, optional): Norm without a penalty. Defaults to 1.0.

    Returns:
        paddle.Tensor: Scalar.
    """
    return (slopes - target).square().mean()


def one_sided_penalty(slopes: paddle.Tensor, target: float = 1.0) -> paddle.Tensor:
    """E[max(0, ||grad D|| - target)^2]: smaller slopes are free (paper, section 4).

    It is the penalty of WGAN-LP (Petzka et al. 2018, eq. 7).

    Args:
        slopes (paddle.Tensor): Gradient norms, [B].
        target (float, optional): Largest norm without a penalty. Defaults to 1.0.

    Returns:
        paddle.Tensor: Scalar.
    """
    return nn.functional.relu(slopes - target).square().mean()


def zero_centred_penalty(squared: paddle.Tensor) -> paddle.Tensor:
    """E[||grad D||^2]; at real samples this is R1 (Mescheder et al. 2018, eq. 9).

    R1 has the weight gamma / 2, so that lambda_gp = gamma / 2.

    Args:
        squared (paddle.Tensor): Squared gradient norms, [B].

    Returns:
        paddle.Tensor: Scalar.
    """
    return squared.mean()


# Where the gradient is taken: functions of (real, fake, alpha), which return batches of points.
PENALTY_POINTS = {
    "interpolates": lambda real, fake, alpha: [interpolate(real, fake, alpha)],
    "real": lambda real, fake, alpha: [_leaf(real)],
    "fake": lambda real, fake, alpha: [_leaf(fake)],
    "around_real": lambda real, fake, alpha: [interpolate(real, perturb(real), alpha)],
    "both": lambda real, fake, alpha: [_leaf(real), _leaf(fake)],
}


class PenaltyForm(NamedTuple):
    """What the norm of a gradient costs.

    Attributes:
        cost (Callable[[paddle.Tensor, float], paddle.Tensor]): Squared norms [B] and target ->
            scalar.
        own_target (Optional[float]): Norm that costs nothing, where it can't be chosen.
    """

    cost: Callable[[paddle.Tensor, float], paddle.Tensor]
    own_target: Optional[float] = None


PENALTY_FORMS = {
    "two_sided": PenaltyForm(lambda squared, t: two_sided_penalty(root(squared), t)),
    "one_sided": PenaltyForm(lambda squared, t: one_sided_penalty(root(squared), t)),
    "zero_centred": PenaltyForm(lambda squared, _: zero_centred_penalty(squared), 0.0),
}


def penalty_target(form: str, target: float) -> float:
    """Gradient norm that costs nothing: the form's own, else the one chosen.

    Args:
        form (str): Key of PENALTY_FORMS.
        target (float): Chosen norm.
    """
    own = PENALTY_FORMS[form].own_target
    return target if own is None else own


def gradient_penalty(
    critic: Callable[[paddle.Tensor], paddle.Tensor],
    real: paddle.Tensor,
    fake: paddle.Tensor,
    at: str = "interpolates",
    form: str = "two_sided",
    target: float = 1.0,
    alpha: Optional[paddle.Tensor] = None,
    over: str = "sample",
) -> Tuple[paddle.Tensor, paddle.Tensor]:
    """Any of the penalties: where the gradient is taken, and what its norm costs.

    Args:
        critic (Callable[[paddle.Tensor], paddle.Tensor]): [B, ...] -> scores [B].
        real (paddle.Tensor): Real samples, [B, ...].
        fake (paddle.Tensor): Generated samples, [B, ...].
        at (str, optional): Key of PENALTY_POINTS; the penalties of several batches of points
            add up. Defaults to "interpolates".
        form (str, optional): Key of PENALTY_FORMS. Defaults to "two_sided".
        target (float, optional): Norm that costs nothing; "zero_centred" has its own, 0.
            Defaults to 1.0.
        alpha (Optional[paddle.Tensor]): Positions on the segments, [B, 1], where there are any.
        over (str, optional): Key of PENALTY_OVER: what has a norm of its own. Defaults to
            "sample".

    Returns:
        Tuple[paddle.Tensor, paddle.Tensor]: Penalty before lambda, a scalar, and the slopes at
            all points, without a graph.
    """
    norms = [
        squared_gradient_norm(critic, points, over)
        for points in PENALTY_POINTS[at](real, fake, alpha)
    ]
    penalty = sum(PENALTY_FORMS[form].cost(squared, target) for squared in norms)
    return penalty, paddle.concat(norms).detach().sqrt()


def clip_weights(layer: nn.Layer, limit: float) -> None:
    """Clip every parameter to [-limit, limit] in place (Arjovsky et al. 2017, alg. 1).

    Args:
        layer (nn.Layer): Critic; biases, scales and offsets are clipped as well.
        limit (float): Largest magnitude.
    """
    with paddle.no_grad():
        for parameter in layer.parameters():
            parameter.clip_(-limit, limit)
