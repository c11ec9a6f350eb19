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

"""Sets of clips, what scores look at in them, and sets that are made to be wrong."""

from __future__ import annotations

from typing import Callable
from typing import Dict
from typing import NamedTuple
from typing import Optional

import numpy as np

from ppsci_ext.data.motion.audio import AUDIO_PER_FRAME
from ppsci_ext.data.motion.skeleton import Skeleton
from ppsci_ext.metric.motion import kinematics
from ppsci_ext.metric.motion import speech

Features = Callable[[np.ndarray], np.ndarray]


class MotionSet(NamedTuple):
    """Clips to score; the first axis of every array is the clip.

    Attributes:
        motion (np.ndarray): Directions, float [n, T, B, 3], as the generator gives them.
        audio (Optional[np.ndarray]): Log energies [n, 2 (T + 2 context), F].
        speaker (Optional[np.ndarray]): int [n].
        again (Optional[np.ndarray]): Other samples for the same audio and speaker.
    """

    motion: np.ndarray
    audio: Optional[np.ndarray] = None
    speaker: Optional[np.ndarray] = None
    again: Optional[np.ndarray] = None


class Measured(NamedTuple):
    """What scores look at, all with the clip as the first axis."""

    motion: np.ndarray
    audio: Optional[np.ndarray]
    speaker: Optional[np.ndarray]
    angles: np.ndarray
    again_angles: Optional[np.ndarray]
    features: np.ndarray
    again_features: Optional[np.ndarray]
    speed: np.ndarray
    acceleration: np.ndarray
    jerk: np.ndarray
    wrist_speed: np.ndarray
    motion_beats: np.ndarray
    audio_beats: Optional[np.ndarray]

    def take(self, index: np.ndarray) -> Measured:
        return Measured(*(part if part is None else part[index] for part in self))


def controls(real: MotionSet, rng: np.random.Generator) -> Dict[str, MotionSet]:
    """Real clips with other audio, with other speakers, and held in their mean pose."""
    others = np.roll(np.arange(len(real.motion)), 1)  # of another clip, for certain
    still = np.broadcast_to(
        np.mean(real.motion, axis=1, keepdims=True), real.motion.shape
    )
    length = np.linalg.norm(still, axis=-1, keepdims=True)
    still = still / np.maximum(length, 1e-9)
    wrong = {"static_pose": real._replace(motion=still, again=still)}
    if real.audio is not None:
        wrong["shuffled_audio"] = real._replace(audio=real.audio[others])
    if real.speaker is not None:
        wrong["shuffled_speaker"] = real._replace(speaker=rng.permutation(real.speaker))
    return wrong


def measure(
    one: MotionSet, skeleton: Skeleton, fps: float, features: Features
) -> Measured:
    """All that scores look at."""
    again = one.again
    return Measured(
        motion=np.asarray(one.motion, np.float64),
        audio=one.audio,
        speaker=one.speaker,
        angles=skeleton.angles(one.motion),
        again_angles=None if again is None else skeleton.angles(again),
        features=np.asarray(features(one.motion), np.float64),
        again_features=None
        if again is None
        else np.asarray(features(again), np.float64),
        motion_beats=speech.motion_beats(one.motion, skeleton, fps),
        audio_beats=(
            None
            if one.audio is None
            else speech.audio_beats(one.audio, fps, _context(one))
        ),
        wrist_speed=kinematics.wrist_speed(one.motion, skeleton, fps),
        **kinematics.movements(one.motion, skeleton, fps),
    )


def _context(one: MotionSet) -> int:
    """Frames by which the audio begins before the motion."""
    return (one.audio.shape[1] // AUDIO_PER_FRAME - one.motion.shape[1]) // 2


def check(name: str, one: MotionSet, skeleton: Skeleton) -> None:
    """Raises ValueError where a set, called `name`, can't be scored."""
    motion = np.asarray(one.motion)
    if motion.ndim != 4 or motion.shape[2:] != (skeleton.num_bones, 3):
        raise ValueError(
            f"{name} must be motion [n, T, {skeleton.num_bones}, 3], not "
            f"{list(motion.shape)}"
        )
    if len(motion) < 4 or motion.shape[1] < 8:
        raise ValueError(f"{name} must have at least 4 clips of 8 frames")
    for part in one:
        if part is not None and len(part) != len(motion):
            raise ValueError(f"{name} has arrays of different numbers of clips")
        if part is not None and not np.isfinite(part).all():
            raise ValueError(f"{name} must be finite")
