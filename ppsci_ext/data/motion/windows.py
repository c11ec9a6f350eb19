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


"""Windows of clips to train on, and long motion put together from windows."""

from __future__ import annotations

from typing import Callable
from typing import Dict
from typing import List
from typing import Optional
from typing import Sequence
from typing import Tuple

import numpy as np
import paddle

from ppsci_ext.data.motion.audio import AUDIO_PER_FRAME
from ppsci_ext.data.motion.clips import Clip
from ppsci_ext.data.motion.skeleton import unit
from ppsci_ext.utils.errors import UserError

Item = Tuple[np.ndarray, Dict[str, np.ndarray]]
Step = Callable[[Optional[np.ndarray], np.ndarray], np.ndarray]


class MotionWindows(paddle.io.Dataset):
    """Windows of T frames, each with the speech around it.

    An item is the motion, float32 [T, B, 3], and its condition: "audio", float32
    [2 (T + 2 context), F], which begins `context` frames before the motion (silence, each
    band's lowest value, before and after the clip); "speaker", int64 []; and with
    `seed_frames` above 0 "seed_frames", float32 [seed_frames, B, 3], the window's first
    frames, or zeros. Clips without sound have no "audio".

    Args:
        clips (Sequence[Clip]): The clips; those below T frames are left out.
        frames (int): T.
        stride (int): Frames from window to window.
        context (int): Frames of speech before and after the motion.
        seed_frames (int): First frames given as a condition. Defaults to 0.
        seed_share (float): Part of the windows that get them. Defaults to 0.5.
        seed (int): Seed of the choice of these. Defaults to 0.

    Raises:
        UserError: No clip is long enough.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        frames: int,
        stride: int,
        context: int,
        seed_frames: int = 0,
        seed_share: float = 0.5,
        seed: int = 0,
    ):
        super().__init__()
        if not 0 <= seed_frames < frames or stride < 1:
            raise UserError(
                f"seed_frames is {seed_frames} and stride {stride}; make the one less than "
                f"the {frames} frames of a window and the other 1 or more"
            )
        self._clips = [_with_silence(clip, context) for clip in clips]
        self._starts = [
            (index, start)
            for index, clip in enumerate(clips)
            for start in range(0, len(clip.motion) - frames + 1, stride)
        ]
        if not self._starts:
            longest = max((len(clip.motion) for clip in clips), default=0)
            raise UserError(
                f"no clip has the {frames} frames of a window, the longest has {longest}; "
                "make the window shorter or give longer clips"
            )
        self._frames, self._context, self._seed_frames = frames, context, seed_frames
        draws = np.random.default_rng(seed).uniform(size=len(self._starts))
        self._seeded = draws < seed_share

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> Item:
        number, start = self._starts[index]
        clip = self._clips[number]
        motion = clip.motion[start : start + self._frames]
        condition = {"speaker": np.array(clip.speaker, np.int64)}
        if clip.audio is not None:
            end = start + self._frames + 2 * self._context
            condition["audio"] = clip.audio[
                AUDIO_PER_FRAME * start : AUDIO_PER_FRAME * end
            ]
        if self._seed_frames:
            seeds = motion[: self._seed_frames] * np.float32(self._seeded[index])
            condition["seed_frames"] = seeds
        return motion, condition

    def fetch(self, indices: np.ndarray) -> Item:
        """Some items, stacked along a new first axis."""
        items = [self[index] for index in indices]
        conditions = {
            key: np.stack([condition[key] for _, condition in items])
            for key in items[0][1]
        }
        return np.stack([motion for motion, _ in items]), conditions

    def arrays(self) -> Item:
        """All items, stacked along a new first axis."""
        return self.fetch(np.arange(len(self)))


def _with_silence(clip: Clip, context: int) -> Clip:
    if clip.audio is None:
        return clip
    silence = np.tile(clip.audio.min(axis=0), (AUDIO_PER_FRAME * context, 1))
    return clip._replace(audio=np.concatenate([silence, clip.audio, silence]))


def join_windows(
    windows: Sequence[np.ndarray], overlap: int
) -> Tuple[np.ndarray, List[int]]:
    """Joins windows each of which begins with the last frames of the one before.

    Over these frames one window fades into the next.

    Args:
        windows (Sequence[np.ndarray]): Unit directions [T, B, 3], T above the overlap.
        overlap (int): Frames that two windows share, 0 or more.

    Returns:
        Tuple[np.ndarray, List[int]]: Unit directions [N, B, 3], and the first frame of
            each window but the first.
    """
    joined, seams = np.asarray(windows[0]), []
    share = ((np.arange(overlap) + 1) / (overlap + 1)).reshape(-1, 1, 1)
    for window in windows[1:]:
        seam = len(joined) - overlap
        faded = unit((1 - share) * joined[seam:] + share * window[:overlap])
        joined = np.concatenate([joined[:seam], faded, window[overlap:]])
        seams.append(seam)
    return joined.astype(windows[0].dtype), seams


def long_motion(
    step: Step,
    audio: Optional[np.ndarray],
    frames: int,
    window: int,
    overlap: int,
    context: int,
    num_bones: int,
) -> Tuple[np.ndarray, List[int]]:
    """Makes motion of any length, window after window.

    Args:
        step (Step): Makes one window: from speech, float32 [1, Ta, F] (or None), and seed
            frames, float32 [1, overlap, B, 3], zeros at the beginning, to unit directions
            [1, window, B, 3].
        audio (Optional[np.ndarray]): [2 (frames + 2 context), F], which begins `context`
            frames before the motion; None without.
        frames (int): How many to make.
        window (int): Frames of a window.
        overlap (int): Seed frames of a window, fewer than `window`.
        context (int): Frames of speech before and after the motion.
        num_bones (int): B.

    Returns:
        Tuple[np.ndarray, List[int]]: Unit directions [frames, B, 3], and the frames where
            windows begin.

    Raises:
        ValueError: The speech has another length.
    """
    count = 1 + max(0, -(-(frames - window) // (window - overlap)))
    if audio is not None:
        if len(audio) != AUDIO_PER_FRAME * (frames + 2 * context):
            raise ValueError(
                f"{frames} frames need {AUDIO_PER_FRAME * (frames + 2 * context)} of "
                f"audio, not {len(audio)}"
            )
        total = window + (count - 1) * (window - overlap)
        silence = np.tile(
            audio.min(axis=0), (AUDIO_PER_FRAME * max(0, total - frames), 1)
        )
        audio = np.concatenate([audio, silence]).astype(np.float32)
    seeds = np.zeros((overlap, num_bones, 3), np.float32)
    windows = []
    for number in range(count):
        start = number * (window - overlap)
        heard = None
        if audio is not None:
            end = start + window + 2 * context
            heard = audio[None, AUDIO_PER_FRAME * start : AUDIO_PER_FRAME * end]
        windows.append(step(heard, seeds[None])[0])
        seeds = windows[-1][window - overlap :].astype(np.float32)
    motion, seams = join_windows(windows, overlap)
    return motion[:frames], [seam for seam in seams if seam < frames]
