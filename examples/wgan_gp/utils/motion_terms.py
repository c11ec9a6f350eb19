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

"""Terms of the generator's loss for motion: anatomy, seed frames, regression.

Each is a function of samples [B, T, N, 3]; what they cost is in docs/motion.md.
"""

from __future__ import annotations

from typing import Callable
from typing import NamedTuple
from typing import Tuple

import numpy as np
import paddle
from paddle.nn import functional as F
from wgan_gp.models.networks.motion_vectors import coordinates
from wgan_gp.models.networks.motion_vectors import scalar_product
from wgan_gp.utils.terms import LossInputs
from wgan_gp.utils.terms import LossTerm

from ppsci_ext.data.motion import Skeleton
from ppsci_ext.utils.schedule import Schedule

Vectors = Callable[[paddle.Tensor], paddle.Tensor]

_NEAR_ONE = 1.0 - 1e-6  # the arc cosine has no slope at 1


class JointAngles(NamedTuple):
    """Angles between bones and the bones that they hang on, of real motion, in units of pi.

    Attributes:
        pairs (np.ndarray): Bone and the one before it, [P, 2].
        mean (np.ndarray): [P].
        std (np.ndarray): [P].
        lowest (np.ndarray): [P].
        highest (np.ndarray): [P].
    """

    pairs: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray


def joint_angles(vectors: paddle.Tensor, pairs: np.ndarray) -> paddle.Tensor:
    """Angles between pairs of bones, [B, T, P], from 0 to 1 in units of pi.

    Args:
        vectors (paddle.Tensor): Along the bones, of any length above 0, [B, T, N, 3].
        pairs (np.ndarray): Indices of bones, [P, 2].
    """
    along = coordinates(vectors)
    # as products, whose gradients are faster than those of index_select
    chosen = np.eye(vectors.shape[2])[np.transpose(pairs)].transpose([0, 2, 1])
    first, second = (
        [paddle.matmul(each, paddle.to_tensor(columns, each.dtype)) for each in along]
        for columns in chosen
    )
    squares = scalar_product(first, first) * scalar_product(second, second)
    cosine = scalar_product(first, second) / (squares + 1e-12).sqrt()
    return paddle.acos(cosine.clip(-_NEAR_ONE, _NEAR_ONE)) / np.pi


def measure_angles(skeleton: Skeleton, directions: np.ndarray) -> JointAngles:
    """The joint angles of real motion [n, T, N, 3]."""
    pairs = np.array(
        [(bone, before) for bone, before in enumerate(skeleton.bone_parents) if before >= 0]
    )  # fmt: skip
    with paddle.no_grad():
        angles = joint_angles(paddle.to_tensor(directions), pairs).numpy()
    angles = angles.reshape(-1, len(pairs)).astype(np.float64)
    # a joint that never moves would make the likelihood infinitely sharp
    std = np.maximum(angles.std(axis=0), 1e-3)
    return JointAngles(
        pairs, angles.mean(axis=0), std, angles.min(axis=0), angles.max(axis=0)
    )


def limits_term(angles: JointAngles, vectors: Vectors, weight: Schedule) -> LossTerm:
    """E[relu(theta - highest)^2 + relu(lowest - theta)^2], theta in units of pi.

    Args:
        angles (JointAngles): Of real motion, whose range costs nothing.
        vectors (Vectors): Samples to vectors along the bones.
        weight (Schedule): Weight in the generator's loss.
    """
    lowest, highest = _tensors(angles.lowest, angles.highest)

    def cost(step: LossInputs) -> paddle.Tensor:
        found = joint_angles(vectors(step.fake), angles.pairs)
        beyond = F.relu(found - highest).square() + F.relu(lowest - found).square()
        return beyond.mean()

    return LossTerm("joint_limits", "generator", cost, weight)


def likelihood_term(
    angles: JointAngles, vectors: Vectors, weight: Schedule
) -> LossTerm:
    """E[(theta - mean)^2 / (2 std^2)], the angle loss of HA2G (Liu et al. 2022).

    Args: as for `limits_term`.
    """
    mean, std = _tensors(angles.mean, angles.std)

    def cost(step: LossInputs) -> paddle.Tensor:
        found = joint_angles(vectors(step.fake), angles.pairs)
        return 0.5 * ((found - mean) / std).square().mean()

    return LossTerm("joint_likelihood", "generator", cost, weight)


def bone_length_term(vectors: Vectors, weight: Schedule) -> LossTerm:
    """E[sum over frames and bones of |l - l_ref| / (l_ref + 1e-5)] / (T N).

    The bone loss of Barsoum et al. 2018 (arXiv 1711.09561, section 3.3). Directions cost
    nothing: their length is 1.

    Args:
        vectors (Vectors): Samples to vectors along the bones, in units of their lengths.
        weight (Schedule): Weight in the generator's loss.
    """

    def cost(step: LossInputs) -> paddle.Tensor:
        lengths = (vectors(step.fake).square().sum(axis=-1) + 1e-12).sqrt()
        return (lengths - 1.0).abs().mean()

    return LossTerm("bone_length", "generator", cost, weight)


def continuity_term(weight: Schedule) -> LossTerm:
    """Huber distance of a window's first frames to the seed frames, where those are given.

    Args:
        weight (Schedule): Weight in the generator's loss.
    """

    def cost(step: LossInputs) -> paddle.Tensor:
        seeds = step.condition["seed_frames"]
        given = (seeds.abs().sum(axis=[1, 2, 3]) > 0).astype(seeds.dtype)
        apart = F.smooth_l1_loss(step.fake[:, : seeds.shape[1]], seeds, "none")
        return (apart.mean(axis=[1, 2, 3]) * given).sum() / given.sum().clip(min=1.0)

    return LossTerm("continuity", "generator", cost, weight)


def regression_term(weight: Schedule) -> LossTerm:
    """Huber distance to the real motion for the same speech.

    It leads to the mean of all motions that go with a speech, so that its weight should end at
    (nearly) zero.

    Args:
        weight (Schedule): Weight in the generator's loss.
    """
    return LossTerm(
        "regression",
        "generator",
        lambda step: F.smooth_l1_loss(step.fake, step.real),
        weight,
        needs_data=True,
    )


def _tensors(*arrays: np.ndarray) -> Tuple[paddle.Tensor, ...]:
    return tuple(paddle.to_tensor(np.float32(array)) for array in arrays)
