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

"""Losses of the Wasserstein GAN family, as functions of tensors."""

from __future__ import annotations

from typing import Callable
from typing import Optional

import paddle
from paddle import nn


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


def gradient_norm(
    critic: Callable[[paddle.Tensor], paddle.Tensor], points: paddle.Tensor
) -> paddle.Tensor:
    """L2 norm of the critic's gradient at each point, differentiable once more.

    Computed in float32 whatever the surrounding autocast, over all axes but the first,
    with a zero derivative (not NaN) where the gradient vanishes.

    Args:
        critic (Callable[[paddle.Tensor], paddle.Tensor]): [B, ...] -> scores [B].
        points (paddle.Tensor): Points that ask for a gradient, [B, ...].

    Returns:
        paddle.Tensor: Slopes, [B].
    """
    with paddle.amp.auto_cast(enable=False):
        scores = critic(points)
        (gradient,) = paddle.grad(scores.sum(), [points], create_graph=True)
        squared = gradient.reshape([gradient.shape[0], -1]).square().sum(axis=1)
        positive = squared > 0
        root = paddle.where(positive, squared, paddle.ones_like(squared)).sqrt()
        return paddle.where(positive, root, paddle.zeros_like(root))


def two_sided_penalty(slopes: paddle.Tensor) -> paddle.Tensor:
    """E[(||grad D|| - 1)^2] (paper, eq. 3), before lambda.

    Args:
        slopes (paddle.Tensor): Gradient norms, [B].

    Returns:
        paddle.Tensor: Scalar.
    """
    return (slopes - 1.0).square().mean()


def one_sided_penalty(slopes: paddle.Tensor) -> paddle.Tensor:
    """E[max(0, ||grad D|| - 1)^2]: only slopes above one are penalised (paper, section 4).

    Args:
        slopes (paddle.Tensor): Gradient norms, [B].

    Returns:
        paddle.Tensor: Scalar.
    """
    return nn.functional.relu(slopes - 1.0).square().mean()


PENALTIES = {"two_sided": two_sided_penalty, "one_sided": one_sided_penalty}


def clip_weights(layer: nn.Layer, limit: float) -> None:
    """Clip every parameter to [-limit, limit] in place (Arjovsky et al. 2017, alg. 1).

    Args:
        layer (nn.Layer): Critic; biases, scales and offsets are clipped as well.
        limit (float): Largest magnitude.
    """
    with paddle.no_grad():
        for parameter in layer.parameters():
            parameter.clip_(-limit, limit)
