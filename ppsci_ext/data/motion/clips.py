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

"""Clips of motion and speech, and their division into training and held-out ones."""

from __future__ import annotations

from typing import List
from typing import NamedTuple
from typing import Optional
from typing import Tuple

import numpy as np

from ppsci_ext.data.motion.skeleton import Skeleton
from ppsci_ext.utils.errors import UserError


class Clip(NamedTuple):
    """A recording at the frame rate of the data set.

    Attributes:
        name (str): File or name of the clip.
        speaker (int): Index into the speakers of the data set.
        motion (np.ndarray): Unit directions, float32 [N, B, 3].
        audio (Optional[np.ndarray]): Log energies, float32 [AUDIO_PER_FRAME * N, F].
    """

    name: str
    speaker: int
    motion: np.ndarray
    audio: Optional[np.ndarray]


class MotionClips(NamedTuple):
    """Clips of one skeleton and their speakers' names."""

    skeleton: Skeleton
    clips: List[Clip]
    speakers: Tuple[str, ...]
    fps: float


def split_clips(
    data: MotionClips, held_out: float, seed: int
) -> Tuple[List[Clip], List[Clip]]:
    """Divides clips into those to train on and those held out, never cutting one in two.

    Held out are first clips of speakers who have others, so that as few speakers as
    possible are missing from the training.

    Args:
        data (MotionClips): All clips.
        held_out (float): Part of the frames to hold out, reached or just exceeded.
        seed (int): Seed of the choice.

    Returns:
        Tuple[List[Clip], List[Clip]]: Clips to train on, and the others.

    Raises:
        UserError: The part is not between 0 and 1, or there are too few clips.
    """
    if not 0 <= held_out < 1:
        raise UserError(f"the part held out is {held_out}; make it 0 or more, below 1")
    left = [
        sum(clip.speaker == s for clip in data.clips) for s in range(len(data.speakers))
    ]
    order = list(np.random.default_rng(seed).permutation(len(data.clips)))
    wanted = held_out * sum(len(clip.motion) for clip in data.clips)
    chosen: List[int] = []
    for needed in (2, 1):  # clips that the speaker must still have
        for index in order:
            clip = data.clips[index]
            if wanted <= 0 or index in chosen or left[clip.speaker] < needed:
                continue
            chosen.append(index)
            left[clip.speaker] -= 1
            wanted -= len(clip.motion)
    if len(chosen) == len(data.clips):
        raise UserError(
            f"holding out {held_out:g} of {len(data.clips)} clips leaves none to train on; "
            "hold out less or give more clips"
        )
    return (
        [clip for index, clip in enumerate(data.clips) if index not in chosen],
        [clip for index, clip in enumerate(data.clips) if index in chosen],
    )
