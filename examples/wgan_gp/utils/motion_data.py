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

"""Motion and speech by the keys of DATA: what to train on, what to score against."""

from __future__ import annotations

from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import Mapping
from typing import NamedTuple
from typing import Optional
from typing import Tuple
from typing import Union

import numpy as np
from wgan_gp.models.networks.motion_layers import MotionLayout
from wgan_gp.utils.motion_representation import Representation

from ppsci_ext.data.motion import AUDIO_PER_FRAME
from ppsci_ext.data.motion import MotionClips
from ppsci_ext.data.motion import MotionWindows
from ppsci_ext.data.motion import Skeleton
from ppsci_ext.data.motion import SyntheticSpeech
from ppsci_ext.data.motion import at_rate
from ppsci_ext.data.motion import log_mel
from ppsci_ext.data.motion import read_bvh_folder
from ppsci_ext.data.motion import read_npz_folder
from ppsci_ext.data.motion import read_wav
from ppsci_ext.data.motion import skeleton
from ppsci_ext.data.motion import split_clips
from ppsci_ext.data.motion.audio import LOG_MEL_RATE
from ppsci_ext.metric.motion import MotionSet
from ppsci_ext.utils import UserError

Arrays = Tuple[np.ndarray, Dict[str, np.ndarray]]

CONTEXT = 6  # frames of recorded speech before and after the motion
_MEASURED = 512  # windows from which statistics are taken
_LEAST_SPREAD = 0.1  # of a bone that hardly moves, in that of the one that moves most


class MotionData(NamedTuple):
    """What there is to train on and to score against.

    Attributes:
        train (Union[SyntheticSpeech, MotionWindows]): Windows [n, T, N, 3] of unit directions
            and their condition.
        test (Optional[MotionWindows]): Held-out ones; None for a law, which gives new ones
            without end, and where nothing is held out.
        skeleton (Skeleton): Whose motion it is.
        fps (float): Frames a second.
        context (int): Frames of speech before and after the motion.
        speakers (Tuple[str, ...]): Their names.
    """

    train: Union[SyntheticSpeech, MotionWindows]
    test: Optional[MotionWindows]
    skeleton: Skeleton
    fps: float
    context: int
    speakers: Tuple[str, ...]

    @property
    def law(self) -> Optional[SyntheticSpeech]:
        """The synthetic set, None for recordings."""
        return self.train if isinstance(self.train, SyntheticSpeech) else None

    def some(self, count: int, seed: int, held_out: bool = False) -> Arrays:
        """Windows drawn at random, as many as there are if that is fewer.

        Args:
            count (int): How many.
            seed (int): Of the choice.
            held_out (bool): Whether of those that are not trained on.
        """
        rng = np.random.default_rng([seed, int(held_out)])
        if self.law is not None:
            return self.law.sample(count, rng)
        windows = self.test if held_out else self.train
        order = rng.permutation(len(windows))[:count]
        return windows.fetch(np.sort(order))

    def bands(self) -> Tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of each band of the audio, [F]; empty without audio."""
        _, condition = self.some(_MEASURED, 0)
        if "audio" not in condition:
            return np.zeros(0, np.float32), np.zeros(0, np.float32)
        audio = condition["audio"].reshape(-1, condition["audio"].shape[-1])
        return audio.mean(axis=0), np.maximum(audio.std(axis=0), 1e-3)

    def layout(self, representation: Representation) -> MotionLayout:
        """What the networks have to know of the data.

        Args:
            representation (Representation): As which they see poses.
        """
        motion, condition = representation.window(*self.some(_MEASURED, 0))
        pose = motion.mean(axis=(0, 1))
        bends = self.skeleton.bends()
        mean, std = self.bands()
        seeds = condition.get("seed_frames")
        return MotionLayout(
            frames=motion.shape[1],
            num_bones=motion.shape[2],
            num_speakers=len(self.speakers),
            seed_frames=0 if seeds is None else seeds.shape[1],
            context=self.context,
            audio_mean=mean,
            audio_std=std,
            pose_mean=pose,
            pose_std=_spread(motion),
            bends=bends,
            bend_std=_spread(bends @ motion),
        )

    def speaker(self, given: Union[int, str]) -> int:
        """Index of a speaker by name or number; "mean" is the mean style of all.

        Raises:
            UserError: No such speaker.
        """
        count = len(self.speakers)
        if given == "mean":
            return count
        if given in self.speakers:
            return self.speakers.index(given)
        if isinstance(given, int) and 0 <= given < count:
            return given
        names = ", ".join(self.speakers[:20]) + (", ..." if count > 20 else "")
        raise UserError(
            f"There is no speaker '{given}': choose a number from 0 to {count - 1}, a name "
            f"({names}) or mean, the mean style of all."
        )


def _spread(vectors: np.ndarray) -> np.ndarray:
    """How far vectors [n, T, N, 3] are from their means, root mean square, [N, 1]."""
    spread = np.sqrt(vectors.var(axis=(0, 1)).mean(axis=-1))
    return np.maximum(spread, _LEAST_SPREAD * spread.max())[:, np.newaxis]


def _synthetic(keys: Mapping[str, Any]) -> MotionData:
    law = SyntheticSpeech(
        skeleton(keys["skeleton"]),
        keys["frames"],
        keys["fps"],
        keys["num_speakers"],
        seed_frames=keys["seed_frames"],
    )
    names = tuple(f"speaker_{number}" for number in range(law.num_speakers))
    return MotionData(law, None, law.skeleton, law.fps, law.context, names)


def _bvh(keys: Mapping[str, Any]) -> MotionClips:
    return read_bvh_folder(keys["root"], keys["fps"], keys["metres_per_unit"])


def _npz(keys: Mapping[str, Any]) -> MotionClips:
    return read_npz_folder(
        keys["root"],
        skeleton(keys["skeleton"]),
        keys["fps"],
        keys["motion_rate"],
        keys["audio_rate"],
        keys["speaker_column"],
        keys["y_down"],
    )


def _recorded(
    read: Callable[[Mapping[str, Any]], MotionClips]
) -> Callable[[Mapping[str, Any]], MotionData]:
    def load(keys: Mapping[str, Any]) -> MotionData:
        clips = read(keys)
        windows = [
            MotionWindows(
                part, keys["frames"], keys["stride"], CONTEXT, keys["seed_frames"]
            )
            if part
            else None
            for part in split_clips(clips, keys["held_out"], seed=0)
        ]
        return MotionData(*windows, clips.skeleton, clips.fps, CONTEXT, clips.speakers)

    return load


MOTION_DATA: Dict[str, Callable[[Mapping[str, Any]], MotionData]] = {
    "synthetic_speech": _synthetic,
    "bvh": _recorded(_bvh),
    "npz": _recorded(_npz),
}


def real_sets(data: MotionData, count: int, seed: int) -> List[MotionSet]:
    """Real motion to be scored against, and other real motion beside the generated one.

    Of recordings the first are windows to train on, the second held-out ones; both are of one
    size, `count` or less.

    Args:
        data (MotionData): Data set.
        count (int): Windows of each.
        seed (int): Of the choice.

    Raises:
        UserError: Recordings of which nothing, or too little, is held out.
    """
    if data.law is not None:
        return [
            _drawn(data.law, count, np.random.default_rng([seed, part]))
            for part in (2, 3)
        ]
    if data.test is None or min(len(data.test), len(data.train)) < 4:
        raise UserError(
            "The scores need four windows or more of held-out motion beside as many to train "
            "on: hold out more (DATA.held_out) or give more recordings."
        )
    count = min(count, len(data.test), len(data.train))
    return [
        MotionSet(motion, condition.get("audio"), condition["speaker"])
        for motion, condition in (
            data.some(count, seed, held_out) for held_out in (False, True)
        )
    ]


def _drawn(law: SyntheticSpeech, count: int, rng: np.random.Generator) -> MotionSet:
    condition, _ = law.speech(count, rng)
    motion, again = (law.motion(condition, rng)[0] for _ in range(2))
    return MotionSet(motion, condition["audio"], condition["speaker"], again)


def read_speech(data: MotionData, path: str) -> Tuple[np.ndarray, int]:
    """A WAV file as the networks hear it, with silence before and after.

    The synthetic set knows no microphone: there each band of the recording is brought to the
    mean and the deviation that it has in the set.

    Args:
        data (MotionData): What the networks were trained on.
        path (str): WAV file.

    Returns:
        Tuple[np.ndarray, int]: Log energies, float32 [2 (frames + 2 context), F], and frames.

    Raises:
        UserError: A file that can't be read or is shorter than a frame, or networks that were
            trained on other features than these.
    """
    mel = log_mel(*read_wav(path), path)
    rate = AUDIO_PER_FRAME * data.fps
    frames = int((len(mel) - 1) / LOG_MEL_RATE * data.fps)
    if frames < 1:
        raise UserError(f"{path} is shorter than a frame of motion; record more.")
    mel = at_rate(mel, LOG_MEL_RATE, rate, AUDIO_PER_FRAME * frames)
    band_mean, band_std = data.bands()
    if mel.shape[1] != len(band_mean):
        raise UserError(
            f"The networks hear {len(band_mean)} bands, but a WAV file gives "
            f"{mel.shape[1]}: train on log mel energies of that many."
        )
    if data.law is not None:
        std = np.maximum(mel.std(axis=0), 1e-3)
        mel = (mel - mel.mean(axis=0)) / std * band_std + band_mean
    silence = np.tile(mel.min(axis=0), (AUDIO_PER_FRAME * data.context, 1))
    return np.concatenate([silence, mel, silence]).astype(np.float32), frames
