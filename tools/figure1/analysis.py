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

"""What Figure 1 shows, as numbers: how a critic's values lie over the plane, and how its
gradients and weights are distributed over its layers."""

from __future__ import annotations

from typing import Callable
from typing import Dict
from typing import Tuple

import numpy as np
import paddle
from paddle import nn
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from wgan_gp.models import BaseGAN
from wgan_gp.utils.losses import wasserstein_estimate

# value surfaces


def plane(limit: float, points: int) -> np.ndarray:
    """A regular grid over [-limit, limit]^2, float32 [points * points, 2], x changing fastest."""
    axis = np.linspace(-limit, limit, points, dtype=np.float32)
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)


def values_and_slopes(
    gan: BaseGAN, points: np.ndarray
) -> Tuple[np.ndarray, np.ndarray]:
    """The critic's values and the norms of their gradients.

    Args:
        gan (BaseGAN): GAN whose critic it is.
        points (np.ndarray): [n, 2].

    Returns:
        Tuple[np.ndarray, np.ndarray]: float64 [n] each.
    """
    x = paddle.to_tensor(points.astype("float32"), stop_gradient=False)
    values = gan.critic_score(x)
    (gradient,) = paddle.grad(values.sum(), [x])
    slopes = np.linalg.norm(gradient.numpy().astype(np.float64), axis=1)
    return values.numpy().astype(np.float64), slopes


def optimal_critic(
    real: np.ndarray, fake: np.ndarray
) -> Tuple[Callable[[np.ndarray], np.ndarray], float]:
    r"""The best 1-Lipschitz critic between two samples, and their distance W1.

    The potentials u of the optimal transport plan s solve the dual problem (Peyre and Cuturi
    2019, arXiv 1803.00567, section 2.5; the paper's eq. 2): with

    $$
    D(x) = \max_i (u_i - \Vert x - r_i \Vert), \quad
    u_i \le u_{s(j)} + \Vert y_j - r_i \Vert - \Vert y_j - r_{s(j)} \Vert
    $$

    the difference of D's means is W1. The u are shortest paths by these inequalities. They are
    not unique where the plan leaves them room.

    Args:
        real (np.ndarray): Real points r, [n, 2].
        fake (np.ndarray): Generated points y, [n, 2].

    Returns:
        Tuple[Callable[[np.ndarray], np.ndarray], float]: D, of points [m, 2], and W1.
    """
    distances = cdist(fake, real)
    _, plan = linear_sum_assignment(distances)
    own = distances[np.arange(len(fake)), plan]
    lengths = distances - own[:, None]
    potentials = np.zeros(len(real))
    while True:
        shorter = (potentials[plan][:, None] + lengths).min(axis=0)
        shorter = np.minimum(shorter, potentials)
        if np.abs(shorter - potentials).max() < 1e-12:
            break
        potentials = shorter
    critic = lambda points: (potentials - cdist(points, real)).max(axis=1)
    return critic, float(own.mean())


def peaks(values: np.ndarray) -> np.ndarray:
    """Where a surface is higher than at all eight neighbours.

    Args:
        values (np.ndarray): [n, n].

    Returns:
        np.ndarray: bool [n, n]; never on the border.
    """
    n = len(values)
    inner = values[1:-1, 1:-1]
    found = np.zeros(values.shape, dtype=bool)
    found[1:-1, 1:-1] = True
    for i in range(3):
        for j in range(3):
            if (i, j) != (1, 1):
                found[1:-1, 1:-1] &= inner > values[i : n - 2 + i, j : n - 2 + j]
    return found


def modes_on_peaks(found: np.ndarray, centers: np.ndarray) -> int:
    """Number of modes with a peak of the surface nearer than half their spacing.

    Args:
        found (np.ndarray): Coordinates of the peaks, [k, 2].
        centers (np.ndarray): Centres of the modes, [m, 2].
    """
    if not len(found):
        return 0
    apart = cdist(centers, centers)
    radius = apart[apart > 0].min() / 2
    return int((cdist(centers, found).min(axis=1) < radius).sum())


# layers


def activation_gradients(gan: BaseGAN, real: paddle.Tensor) -> Dict[str, float]:
    """Norm of the gradient of -(E[D(real)] - E[D(fake)]) to the activations of each ReLU.

    The penalty has no part in them: it is taken at other points, with activations of their own.

    Args:
        gan (BaseGAN): GAN with a critic of ReLU layers.
        real (paddle.Tensor): Real samples, [B, ...].

    Returns:
        Dict[str, float]: "layer_01" (the first after the input) and so on; each norm is over the
            activations [2 B, width] of the real and the generated samples.
    """
    activations = []
    hooks = [
        layer.register_forward_post_hook(lambda _, __, out: activations.append(out))
        for layer in gan.critic.sublayers()
        if isinstance(layer, nn.ReLU)
    ]
    try:
        with paddle.no_grad():
            fake = gan.fake_beside(real)
        scores = gan.critic_score(paddle.concat([real, fake]))
    finally:
        for hook in hooks:
            hook.remove()
    count = len(real)
    loss = -wasserstein_estimate(scores[:count], scores[count:])
    gradients = paddle.grad(loss, activations)
    return {  # in float64: squares of 1e-20 are zero in float32
        f"layer_{i:02d}": float(np.linalg.norm(gradient.numpy().astype(np.float64)))
        for i, gradient in enumerate(gradients, 1)
    }


def factor_per_layer(norms: np.ndarray) -> float:
    """Factor by which the norm changes from a layer to the one before it.

    Args:
        norms (np.ndarray): Norms from the first layer to the last, [layers], at least two of them
            above zero. Those that have become zero in float32 are left out.

    Returns:
        float: From the least-squares line through the logarithms: above 1 where gradients explode
            on their way back, below 1 where they vanish.
    """
    (layers,) = np.nonzero(norms)
    slope, _ = np.polyfit(layers, np.log(norms[layers]), 1)
    return float(np.exp(-slope))


def weights_of(critic: nn.Layer) -> np.ndarray:
    """All entries of the critic's matrices, without the biases."""
    matrices = [p.numpy().ravel() for p in critic.parameters() if p.ndim > 1]
    return np.concatenate(matrices)


def share_at_limit(weights: np.ndarray, limit: float) -> float:
    """Share of the weights within one per cent of +-limit."""
    return float((np.abs(weights) > 0.99 * limit).mean())
