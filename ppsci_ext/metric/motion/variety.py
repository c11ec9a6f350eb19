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

"""How much samples differ from each other, and from the real ones."""

from __future__ import annotations

import numpy as np

from ppsci_ext.metric.frechet import frechet_distance


def clip_features(directions: np.ndarray) -> np.ndarray:
    """Features of clips that need no network: how a clip is posed and how it moves.

    Mean direction of each bone, and its root mean square turn from frame to frame.

    Args:
        directions (np.ndarray): [n, T, B, 3].

    Returns:
        np.ndarray: [n, 4 B].
    """
    directions = np.asarray(directions, np.float64)
    turns = np.sqrt(np.mean(np.sum(np.diff(directions, axis=1) ** 2, axis=-1), axis=1))
    pose = directions.mean(axis=1).reshape(len(directions), -1)
    return np.concatenate([pose, turns], axis=1)


def features_frechet(features: np.ndarray, reference: np.ndarray) -> float:
    """Squared Frechet distance of Gaussians with the moments of features [n, d], [m, d]."""
    moments = [
        moment
        for part in (features, reference)
        for moment in (part.mean(axis=0), np.cov(part.T).reshape(2 * [part.shape[1]]))
    ]
    return frechet_distance(*moments)


def speaker_frechet(
    features: np.ndarray,
    speaker: np.ndarray,
    reference: np.ndarray,
    reference_speaker: np.ndarray,
) -> float:
    """Mean over clips of the Frechet distance among the clips of their speaker.

    Large where speakers are confused, which the distance over all does not see. Speakers
    with fewer than two clips on either side don't count; NaN if there are no others.

    Args:
        features (np.ndarray): [n, d].
        speaker (np.ndarray): int [n].
        reference (np.ndarray): [m, d], of real clips.
        reference_speaker (np.ndarray): int [m].
    """
    total, count = 0.0, 0
    for one in np.unique(speaker):
        mine, theirs = features[speaker == one], reference[reference_speaker == one]
        if min(len(mine), len(theirs)) >= 2:
            total += len(mine) * features_frechet(mine, theirs)
            count += len(mine)
    return total / count if count else float("nan")


def diversity(features: np.ndarray) -> float:
    """Mean distance between features [n, d] of different clips, over all pairs.

    Zhang et al. 2021 and others draw pairs at random; all of them are no more work here.
    """
    squares = np.sum(features**2, axis=1)
    distances = squares[:, None] + squares - 2.0 * features @ features.T
    n = len(features)
    total = np.sqrt(np.maximum(distances, 0.0)).sum() if n > 1 else 0.0
    return float(total / max(n * (n - 1), 1))


def multimodality(features: np.ndarray, again: np.ndarray) -> float:
    """Mean distance between features [n, d] of two samples for the same speech."""
    return float(np.mean(np.linalg.norm(features - again, axis=1)))


def l1_diversity(directions: np.ndarray) -> float:
    """Mean |x - mean over time| of directions [n, T, B, 3]: 0 for a pose that is held."""
    directions = np.asarray(directions, np.float64)
    return float(np.mean(np.abs(directions - directions.mean(axis=1, keepdims=True))))
