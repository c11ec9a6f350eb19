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


"""From a recording as it is to clips at one rate: T-poses, jumps, lengths."""

from __future__ import annotations

from typing import List
from typing import NamedTuple
from typing import Optional
from typing import Tuple

import numpy as np
from scipy import ndimage

from ppsci.utils import logger
from ppsci_ext.data.motion.audio import AUDIO_PER_FRAME
from ppsci_ext.data.motion.audio import at_rate
from ppsci_ext.data.motion.skeleton import Skeleton
from ppsci_ext.data.motion.skeleton import unit
from ppsci_ext.utils.errors import UserError

_SHORTER = 0.3  # seconds by which sound may end before the motion
_SHORTEST = 1.0  # seconds of a clip worth keeping
_START = 0.5  # seconds in which a T-pose is looked for
# A bone jumps if it turns by more than both, in radians and radians a second: no limb
# does that, but trackers and Euler angles near a pole do.
_JUMP, _JUMP_SPEED = np.pi / 4, 60.0
_MOST_JUMPS = 0.02  # of the frames


class Recording(NamedTuple):
    """What a file holds.

    Attributes:
        name (str): What messages call it.
        speaker (str): Who it is.
        motion (np.ndarray): Unit directions, float64 [N, B, 3].
        fps (float): Frames a second.
        audio (Optional[np.ndarray]): [M, F], the first frame at the motion's first.
        audio_rate (float): Frames a second of the audio.
    """

    name: str
    speaker: str
    motion: np.ndarray
    fps: float
    audio: Optional[np.ndarray]
    audio_rate: float


def cleaned(
    recording: Recording, skeleton: Skeleton, fps: float
) -> List[Tuple[str, np.ndarray, Optional[np.ndarray]]]:
    """Pieces of a recording that can be used, at one rate.

    A still pose at the beginning that the motion jumps out of is dropped (capture systems
    write the T-pose of the calibration there), and the recording is cut where a bone
    jumps; the log tells so. Pieces below a second are left out.

    Args:
        recording (Recording): The recording.
        skeleton (Skeleton): Names of the bones, for messages.
        fps (float): Frames a second wanted.

    Returns:
        List[Tuple[str, np.ndarray, Optional[np.ndarray]]]: Name, motion float32
            [N, B, 3] and audio float32 [AUDIO_PER_FRAME * N, F] of each piece.

    Raises:
        UserError: The sound is shorter than the motion, or a bone jumps again and again.
    """
    name, _, motion, rate, audio, audio_rate = recording
    if audio is not None:
        # the last frame of the sound is about its end
        missing = len(motion) / rate - (len(audio) - 1) / audio_rate
        if missing > _SHORTER:
            raise UserError(
                f"{name}: its sound ends {missing:.2f} seconds before the motion; cut the "
                "motion or give the whole sound"
            )
        if missing > 0:
            motion = motion[: int((len(motion) / rate - missing) * rate)]
    turns = _turns(motion)
    start = _first_frame(turns.mean(axis=1), rate)
    if start:
        logger.info(f"{name}: the first {start} frames, a still pose, are left out.")
    jumps = np.flatnonzero(turns.max(axis=1) > max(_JUMP, _JUMP_SPEED / rate)) + 1
    jumps = jumps[jumps > start]
    if len(jumps):
        bone = int(turns[jumps[0] - 1].argmax())
        joint = skeleton.joints[skeleton.bones[bone][1]]
        if len(jumps) > _MOST_JUMPS * len(motion):
            raise UserError(
                f"{name}: {joint!r} jumps by {np.degrees(turns[:, bone].max()):.0f} degrees "
                f"from one frame to the next, and {len(jumps)} frames are so; filter the "
                "motion or remove the clip"
            )
        logger.info(
            f"{name}: cut at {len(jumps)} frames where a bone jumps, first {joint!r} at "
            f"frame {jumps[0]}."
        )
    pieces = []
    edges = [start, *jumps, len(motion)]
    for number, (begin, end) in enumerate(zip(edges[:-1], edges[1:])):
        if end - begin < _SHORTEST * rate:
            continue
        piece = _resampled(motion[begin:end], rate, fps)
        sound = None
        if audio is not None:
            sound = audio[int(round(begin / rate * audio_rate)) :]
            count = AUDIO_PER_FRAME * len(piece)
            sound = at_rate(sound, audio_rate, AUDIO_PER_FRAME * fps, count)
            sound = sound.astype(np.float32)
        label = name if len(edges) == 2 else f"{name} ({number + 1})"
        pieces.append((label, piece.astype(np.float32), sound))
    return pieces


def _turns(motion: np.ndarray) -> np.ndarray:
    """Angles in radians by which bones turn from frame to frame, [N - 1, B]."""
    cosines = np.sum(motion[1:] * motion[:-1], axis=2)
    return np.arccos(np.clip(cosines, -1.0, 1.0))


def _first_frame(turns: np.ndarray, rate: float) -> int:
    """Number of frames of a still pose at the beginning that the motion jumps out of."""
    early = int(_START * rate) + 1
    if len(turns) < 2 * early:
        return 0
    jump = int(turns[:early].argmax())
    usual = np.percentile(turns[early:], 99)
    is_jump = turns[jump] > max(3 * usual, 0.15)
    is_still = jump == 0 or turns[:jump].max() < 0.05 * turns[jump]
    return jump + 1 if is_jump and is_still else 0


def _resampled(motion: np.ndarray, rate: float, fps: float) -> np.ndarray:
    if rate > fps:  # else what is faster than half the new rate would fold back
        motion = ndimage.gaussian_filter1d(
            motion, 0.4 * rate / fps, axis=0, mode="nearest"
        )
    count = int(np.floor((len(motion) - 1) * fps / rate + 1e-6)) + 1
    if rate != fps:
        motion = at_rate(motion, rate, fps, count)
    return unit(motion)
