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

"""How poses and movements are: bones, limits, speed and its derivatives, liveliness."""

from __future__ import annotations

from typing import Dict

import numpy as np

from ppsci_ext.data.motion.skeleton import Skeleton

MOVEMENTS = ("speed", "acceleration", "jerk")
_BINS = 40
_RANGE = 99.0  # percentile of the reference where the last, open bin begins


def movements(
    directions: np.ndarray, skeleton: Skeleton, fps: float
) -> Dict[str, np.ndarray]:
    """Speed, acceleration and jerk of all joints but the root, relative to it.

    Args:
        directions (np.ndarray): [n, T, B, 3], T at least 4.
        skeleton (Skeleton): Lengths of the bones.
        fps (float): Frames a second.

    Returns:
        Dict[str, np.ndarray]: Magnitudes in m/s, m/s^2 and m/s^3, by differences between
            frames: [n, T - 1, B], [n, T - 2, B] and [n, T - 3, B].
    """
    change = skeleton.positions(np.asarray(directions, np.float64))[:, :, 1:]
    result = {}
    for name in MOVEMENTS:
        change = np.diff(change, axis=1) * fps
        result[name] = np.linalg.norm(change, axis=-1)
    return result


def wrist_speed(directions: np.ndarray, skeleton: Skeleton, fps: float) -> np.ndarray:
    """Mean speed of both wrists at each frame, by central differences, m/s [n, T]."""
    positions = skeleton.positions(np.asarray(directions, np.float64))
    wrists = positions[:, :, [skeleton.wrist("left"), skeleton.wrist("right")]]
    velocity = np.gradient(wrists, axis=1) * fps
    return np.linalg.norm(velocity, axis=-1).mean(axis=-1)


def hellinger(values: np.ndarray, reference: np.ndarray) -> float:
    r"""Hellinger distance of histograms, $\sqrt{1 - \sum_i \sqrt{p_i q_i}}$.

    Forty bins of one width reach from 0 to the reference's 99th percentile; one more holds
    all above.

    Args:
        values (np.ndarray): Numbers of 0 or more, any shape.
        reference (np.ndarray): Those to compare with.

    Returns:
        float: 0 for the same histogram, 1 for histograms that share no bin.
    """
    width = np.percentile(reference, _RANGE) / _BINS or 1.0
    p, q = (
        np.bincount(
            np.minimum(np.ravel(part) / width, _BINS).astype(int), minlength=_BINS + 1
        )
        / np.size(part)
        for part in (values, reference)
    )
    return float(np.sqrt(max(0.0, 1.0 - np.sum(np.sqrt(p * q)))))


def bone_length_error(vectors: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Relative error of the bones' lengths, mean over frames and bones of each clip.

    |l - l_ref| / (l_ref + 1e-5), the bone loss of Barsoum et al. 2018 (arXiv 1711.09561,
    section 3.3) divided by the number of bones.

    Args:
        vectors (np.ndarray): Along the bones, [n, T, B, 3]: from `Skeleton.offsets`, or
            directions, whose lengths should be 1.
        lengths (np.ndarray): [B], the lengths they should have.

    Returns:
        np.ndarray: [n].
    """
    found = np.linalg.norm(np.asarray(vectors, np.float64), axis=-1)
    return np.mean(np.abs(found - lengths) / (lengths + 1e-5), axis=(1, 2))


def limit_violations(angles: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Share of the angles of each clip that are beyond their limits.

    Args:
        angles (np.ndarray): Radians [n, T, B, 2].
        limits (np.ndarray): Lowest and highest, [B, 2, 2] or, for each clip, [n, B, 2, 2].

    Returns:
        np.ndarray: [n].
    """
    limits = np.broadcast_to(limits, (len(angles), *np.shape(limits)[-3:]))[:, None]
    beyond = (angles < limits[..., 0]) | (angles > limits[..., 1])
    return beyond.mean(axis=(1, 2, 3))


def arm_liveliness(directions: np.ndarray, skeleton: Skeleton, side: str) -> np.ndarray:
    """Root mean square distance of a wrist from its mean place in the clip, metres [n].

    0 where the arm rests in one pose, which is what generators that collapse to the mean
    pose make of it.
    """
    positions = skeleton.positions(np.asarray(directions, np.float64))
    wrist = positions[:, :, skeleton.wrist(side)]
    return np.sqrt(np.mean(np.sum(_centred(wrist) ** 2, axis=-1), axis=1))


def finger_liveliness(angles: np.ndarray, skeleton: Skeleton, side: str) -> np.ndarray:
    """The same for the fingers of a hand, as the forearm sees them, in radians [n].

    Root mean square distance of their directions, in the frame of the bone before, from
    the mean one; for small movements that is an angle.

    Args:
        angles (np.ndarray): [n, T, B, 2], from `Skeleton.angles`.
        skeleton (Skeleton): Whose bones they are.
        side (str): "left" or "right".
    """
    a, b = np.moveaxis(angles[:, :, skeleton.hand(side)], -1, 0)
    local = np.stack([np.cos(a) * np.cos(b), np.sin(a) * np.cos(b), np.sin(b)], axis=-1)
    return np.sqrt(np.mean(np.sum(_centred(local) ** 2, axis=-1), axis=(1, 2)))


def _centred(values: np.ndarray) -> np.ndarray:
    return values - values.mean(axis=1, keepdims=True)
