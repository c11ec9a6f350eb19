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

"""Scores of motion made for synthetic speech, each with its value in closed form.

In `SYNTHETIC_SCORES`:
    mode_share: share of right-handed clips; p in truth.
    angle_frechet: squared Frechet distance of the angles of single frames to their true
        mean and covariance; 0 in truth, for samples without end.
    angle_correlation: of the arms' angles with the drive that moves them, within clips,
        at the true lag; angle_lag: the lag in frames where it is largest.
    finger_correlation: of what the speech does not explain, between fingers and wrist.
    spread_of_takes: mean |theta - theta'| of two samples for one speech and mode.
    beat_chance: nearness of the motion's beats to syllables of other clips.
    mean_cosine: mean cosine of the angles.
    limit_violations: share of angles beyond the limits.
"""

from __future__ import annotations

from typing import NamedTuple
from typing import Optional

import numpy as np
from scipy import signal

from ppsci_ext.data.motion.audio import AUDIO_PER_FRAME
from ppsci_ext.data.motion.skeleton import SIDES
from ppsci_ext.data.motion.synthetic_speech import Condition
from ppsci_ext.data.motion.synthetic_speech import SyntheticSpeech
from ppsci_ext.metric.frechet import frechet_distance
from ppsci_ext.metric.motion.speech import SIGMA
from ppsci_ext.metric.motion.speech import as_rows
from ppsci_ext.metric.motion.speech import lagged_correlation
from ppsci_ext.metric.motion.speech import mismatched_consistency


class SyntheticClips(NamedTuple):
    """What the scores look at.

    Attributes:
        angles (np.ndarray): Of the clips, [n, T, B, 2].
        again (Optional[np.ndarray]): Of other samples for the same condition.
        condition (Condition): Audio and speakers.
        beats (np.ndarray): From `motion_beats` of the clips.
    """

    angles: np.ndarray
    again: Optional[np.ndarray]
    condition: Condition
    beats: np.ndarray


def mode_share(clips: SyntheticClips, law: SyntheticSpeech) -> float:
    """Share of clips whose angles are those of the right-handed mode."""
    return float(law.modes(clips.angles, clips.condition).mean())


def angle_frechet(clips: SyntheticClips, law: SyntheticSpeech) -> float:
    """Distance of the angles' mean and covariance to the true ones."""
    angles = clips.angles.reshape(-1, 2 * law.skeleton.num_bones)
    return frechet_distance(angles.mean(axis=0), np.cov(angles.T), *law.moments())


def angle_correlation(clips: SyntheticClips, law: SyntheticSpeech) -> float:
    """Mean over the arms' angles of the correlation with the drive, pooled over clips."""
    arms = law.arms
    drive = _centred(law.drive(clips.condition["audio"]))[:, :, None, None]
    angles = _centred(clips.angles[:, :, arms])
    variance = np.mean(angles**2, axis=(0, 1)) * np.mean(drive**2)
    covariance = np.mean(angles * drive, axis=(0, 1))
    return float(
        np.mean(law.arm_signs * covariance / np.sqrt(np.maximum(variance, 1e-30)))
    )


def true_angle_correlation(law: SyntheticSpeech, condition: Condition) -> float:
    """What `angle_correlation` tends to with ever more samples for these conditions."""
    arms, p = law.arms, law.right_share
    drive = np.mean(_centred(law.drive(condition["audio"])) ** 2, axis=1)
    gain = law.gain[condition["speaker"]][:, :, arms]
    square = (1 - p) * gain[:, 0] ** 2 + p * gain[:, 1] ** 2
    gain = (1 - p) * gain[:, 0] + p * gain[:, 1]
    covariance = np.einsum("n,nba->ba", drive, gain) / len(drive)
    driven = np.einsum("n,nba->ba", drive, square) / len(drive)
    frames = np.arange(law.frames)
    # of AR(1) noise the mean over the clip takes its part
    kept = 1 - np.mean(law.persistence ** np.abs(frames[:, None] - frames))
    variance = (driven + kept * law.noise_std[arms] ** 2) * drive.mean()
    return float(np.mean(law.arm_signs * covariance / np.sqrt(variance)))


def angle_lag(clips: SyntheticClips, law: SyntheticSpeech) -> float:
    """Lag in frames where the arms' angles correlate most with the drive."""
    drive = law.drive_around(clips.condition["audio"])
    largest = min(law.lead + 5, law.frames - 4)
    total = np.zeros(2 * largest + 1)
    for index, bone in enumerate(law.arms):
        for angle in range(2):
            curve = lagged_correlation(clips.angles[:, :, bone, angle], drive, largest)
            total += law.arm_signs[index, angle] * curve
    return float(total.argmax() - largest) if total.any() else float("nan")


def finger_correlation(clips: SyntheticClips, law: SyntheticSpeech) -> float:
    """Mean correlation of the fingers' angles with the forearm's first, without speech.

    What the drive explains is taken off by least squares within each speaker and mode.
    """
    rest = _centred(clips.angles).copy()
    drive = _centred(law.drive(clips.condition["audio"]))
    cells = 2 * clips.condition["speaker"] + law.modes(clips.angles, clips.condition)
    for cell in np.unique(cells):
        mine = cells == cell
        power = np.sum(drive[mine] ** 2)
        slope = np.einsum("nt,ntba->ba", drive[mine], rest[mine]) / max(power, 1e-30)
        rest[mine] -= drive[mine][:, :, None, None] * slope
    correlations = []
    for index, side in enumerate(SIDES):
        wrist = rest[:, :, law.arms[2 * index + 1], 0][:, :, None, None]
        fingers = rest[:, :, law.skeleton.hand(side)]
        norm = np.mean(wrist**2) * np.mean(fingers**2, axis=(0, 1))
        covariance = np.mean(wrist * fingers, axis=(0, 1))
        correlations.append(covariance / np.sqrt(np.maximum(norm, 1e-30)))
    return float(np.mean(correlations))


def spread_of_takes(clips: SyntheticClips, law: SyntheticSpeech) -> Optional[float]:
    """Mean |theta - theta'| between two samples in one mode; None without second ones."""
    if clips.again is None:
        return None
    modes = law.modes(clips.angles, clips.condition)
    same = modes == law.modes(clips.again, clips.condition)
    if not same.any():
        return float("nan")
    return float(np.mean(np.abs(clips.angles[same] - clips.again[same])))


def mean_cosine(clips: SyntheticClips, law: SyntheticSpeech) -> float:
    """Mean cosine of all angles."""
    return float(np.mean(np.cos(clips.angles)))


def beat_chance(clips: SyntheticClips, law: SyntheticSpeech) -> float:
    """Mean nearness of the motion's beats to the syllables of other clips.

    The syllables' peaks in the context count too, so that none is missed beyond the ends.
    """
    envelope = law.envelope(clips.condition["audio"])
    step, start = 1.0 / (AUDIO_PER_FRAME * law.fps), law.context / law.fps
    peaks = [signal.find_peaks(clip)[0] * step - start for clip in envelope]
    return mismatched_consistency(clips.beats, as_rows(peaks))


def _centred(values: np.ndarray) -> np.ndarray:
    return values - values.mean(axis=1, keepdims=True)


# name -> the score, None where it is one of all sets; and its truth
SYNTHETIC_SCORES = {
    "mode_share": (mode_share, lambda law, condition: law.right_share),
    "angle_frechet": (angle_frechet, lambda law, condition: 0.0),
    "angle_correlation": (angle_correlation, true_angle_correlation),
    "angle_lag": (angle_lag, lambda law, condition: -law.lead),
    "finger_correlation": (
        finger_correlation,
        lambda law, condition: law.finger_correlation,
    ),
    "spread_of_takes": (
        spread_of_takes,
        lambda law, condition: np.mean(law.spread_of_takes()),
    ),
    "beat_chance": (beat_chance, lambda law, condition: law.beat_chance(SIGMA)),
    "mean_cosine": (mean_cosine, lambda law, condition: law.mean_cosine(condition)),
    "limit_violations": (
        None,
        lambda law, condition: law.limit_violations(condition),
    ),
}
