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


"""Reading one's own recordings: BVH with WAV, or arrays."""

from __future__ import annotations

import csv
import os
import zipfile
from typing import Dict
from typing import List
from typing import Optional
from typing import Tuple

import numpy as np

from ppsci_ext.data.arrays import npz_array
from ppsci_ext.data.motion.audio import LOG_MEL_RATE
from ppsci_ext.data.motion.audio import log_mel
from ppsci_ext.data.motion.audio import read_wav
from ppsci_ext.data.motion.bvh import read_bvh
from ppsci_ext.data.motion.cleaning import Recording
from ppsci_ext.data.motion.cleaning import cleaned
from ppsci_ext.data.motion.clips import Clip
from ppsci_ext.data.motion.clips import MotionClips
from ppsci_ext.data.motion.skeleton import Skeleton
from ppsci_ext.data.motion.skeleton import unit
from ppsci_ext.utils.errors import UserError

_MOTION_FILES = ("motion.npz", "human_dir_vec.npz")
_AUDIO_FILES = ("audio.npz", "log_mel_40hz.npz")


def read_bvh_folder(
    root: str, fps: float = 15.0, metres_per_unit: float = 0.01
) -> MotionClips:
    """Reads a folder of BVH files, with the WAV files of the same names beside them.

    A sub-folder is a speaker; files that are in none belong to one speaker, who is called
    after the folder. Either all clips have sound or none. Lengths and rest directions of
    the bones are those of the first file; others may differ in them, as people do, since
    only directions are taken from them.

    A T-pose at the beginning is dropped, and a clip is cut where a bone jumps, each with a
    note in the log.

    Args:
        root (str): The folder.
        fps (float): Frames a second to bring the motion to. Defaults to 15.
        metres_per_unit (float): Length of the unit of the files. Defaults to 0.01.

    Returns:
        MotionClips: Clips in the order of their paths.

    Raises:
        UserError: No such folder, no BVH file in it, files of different skeletons, sound
            that is missing or shorter than the motion, or a file that can't be read.
    """
    files = _bvh_files(root)
    skeleton, recordings = None, []
    for path, speaker in files:
        motion = read_bvh(path, metres_per_unit)
        if skeleton is None:
            skeleton = motion.skeleton
        _check_same(skeleton, motion.skeleton, files[0][0], path)
        wav = f"{os.path.splitext(path)[0]}.wav"
        audio = log_mel(*read_wav(wav), wav) if os.path.exists(wav) else None
        recordings.append(
            Recording(path, speaker, motion.directions, motion.fps, audio, LOG_MEL_RATE)
        )
    return _as_clips(skeleton, recordings, fps)


def read_npz_folder(
    root: str,
    skeleton: Skeleton,
    fps: float = 15.0,
    motion_rate: float = 15.0,
    audio_rate: float = LOG_MEL_RATE,
    speaker_column: str = "speaker",
    y_down: bool = False,
) -> MotionClips:
    """Reads motion and log mel energies from two .npz files.

    `motion.npz` (or `human_dir_vec.npz`) holds an array a clip, the unit directions of the
    bones [N, B, 3] or the positions of the joints [N, J, 3] of the given skeleton;
    `audio.npz` (or `log_mel_40hz.npz`), if there is one, arrays [M, F] of the same names
    whose first frame is about the clip's beginning. `clips.csv`, if there is one, tells
    the speakers: a table with the columns `clip` and `speaker`. Without it there is one.

    Args:
        root (str): Folder of the files.
        skeleton (Skeleton): What the arrays describe.
        fps (float): Frames a second to bring the motion to. Defaults to 15.
        motion_rate (float): Frames a second of the file. Defaults to 15.
        audio_rate (float): Frames of energies a second. Defaults to 40.
        speaker_column (str): Column of the speaker. Defaults to "speaker".
        y_down (bool): Whether the axes are those of a picture (y down, z away from the
            viewer), as of TED-Expressive. Defaults to False.

    Returns:
        MotionClips: Clips in the order of their names.

    Raises:
        UserError: No such files, arrays that do not fit the skeleton, sound that is
            missing or shorter than the motion, or NaN.
    """
    motion_path = _first_file(root, _MOTION_FILES)
    if motion_path is None:
        raise UserError(
            f"there is no {' or '.join(_MOTION_FILES)} in {root}; name the folder that "
            "holds it"
        )
    audio_path = _first_file(root, _AUDIO_FILES)
    speakers = _speaker_table(f"{root}/clips.csv", speaker_column)
    recordings = []
    for name in _npz_names(motion_path):
        where = f"{motion_path}: {name!r}"
        motion = _as_directions(npz_array(motion_path, name), skeleton, where)
        if y_down:
            motion = motion * np.array([1.0, -1.0, -1.0])  # half a turn about x
        audio = None if audio_path is None else npz_array(audio_path, name)
        if audio is not None:
            audio = audio.astype(np.float32)
            if audio.ndim != 2 or not audio.size or not np.isfinite(audio).all():
                raise UserError(
                    f"{audio_path}: {name!r} must be finite numbers of shape [M, F], not "
                    f"{list(audio.shape)}; repair or remove it"
                )
        if speakers is not None and name not in speakers:
            raise UserError(
                f"{root}/clips.csv has no row for clip {name!r}; add one with its speaker"
            )
        speaker = "speaker" if speakers is None else speakers[name]
        recordings.append(
            Recording(where, speaker, motion, motion_rate, audio, audio_rate)
        )
    return _as_clips(skeleton, recordings, fps)


def _as_clips(
    skeleton: Skeleton, recordings: List[Recording], fps: float
) -> MotionClips:
    with_audio = [recording.audio is not None for recording in recordings]
    if any(with_audio) and not all(with_audio):
        name = recordings[with_audio.index(False)].name
        raise UserError(
            f"{name} has no sound, but others have; give it to all or to none"
        )
    bands = {recording.audio.shape[1] for recording in recordings if any(with_audio)}
    if len(bands) > 1:
        raise UserError(
            f"the clips' sound has different numbers of bands {sorted(bands)}; make them "
            "with one program"
        )
    speakers = tuple(sorted({recording.speaker for recording in recordings}))
    clips = [
        Clip(name, speakers.index(recording.speaker), motion, audio)
        for recording in recordings
        for name, motion, audio in cleaned(recording, skeleton, fps)
    ]
    if not clips:
        raise UserError("no clip is left of a second or more; give longer ones")
    return MotionClips(skeleton, clips, speakers, fps)


def _bvh_files(root: str) -> List[Tuple[str, str]]:
    """Paths and speakers."""
    if not os.path.isdir(root):
        raise UserError(f"there is no folder {root}; name the folder of the BVH files")
    files = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        first = os.path.relpath(folder, root).split(os.sep)[0]
        speaker = os.path.basename(os.path.abspath(root)) if first == "." else first
        for name in sorted(names):
            if name.lower().endswith(".bvh") and not name.startswith("."):
                files.append((os.path.join(folder, name), speaker))
    if not files:
        raise UserError(f"{root} holds no .bvh file; name the folder of the BVH files")
    return files


def _check_same(first: Skeleton, other: Skeleton, first_path: str, path: str) -> None:
    if tuple(first.joints) != tuple(other.joints) or first.bones != other.bones:
        different = sorted(set(first.joints) ^ set(other.joints))
        what = f"joint {different[0]!r}" if different else "the order of the joints"
        raise UserError(
            f"{path} has another skeleton than {first_path} ({what} differs); give each "
            "skeleton a folder of its own"
        )


def _as_directions(
    motion: Optional[np.ndarray], skeleton: Skeleton, where: str
) -> np.ndarray:
    joints, bones = len(skeleton.joints), skeleton.num_bones
    if motion is None or motion.ndim != 3 or motion.shape[2] != 3 or not len(motion):
        shape = None if motion is None else list(motion.shape)
        raise UserError(f"{where} has shape {shape}; make it [N, {bones}, 3]")
    motion = motion.astype(np.float64)
    if not np.isfinite(motion).all():
        frame = int(np.argmin(np.isfinite(motion).all(axis=(1, 2))))
        raise UserError(f"{where}: frame {frame} holds NaN; cut or repair the clip")
    if motion.shape[1] == joints:
        motion = skeleton.offsets(motion)
    elif motion.shape[1] != bones:
        raise UserError(
            f"{where} has {motion.shape[1]} vectors a frame, but skeleton {skeleton.name} "
            f"{bones} bones and {joints} joints; choose the skeleton that fits"
        )
    elif np.abs(np.linalg.norm(motion, axis=2) - 1).max() > 0.02:
        raise UserError(
            f"{where} holds vectors of another length than 1; divide directions by their "
            "lengths"
        )
    if not np.linalg.norm(motion, axis=2).all():
        raise UserError(f"{where}: a bone has length 0; cut or repair the clip")
    return unit(motion)


def _first_file(root: str, names: Tuple[str, ...]) -> Optional[str]:
    paths = [f"{root}/{name}" for name in names]
    return next((path for path in paths if os.path.isfile(path)), None)


def _npz_names(path: str) -> List[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(archive.namelist())
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise UserError(
            f"{path} cannot be read ({error}); save it with numpy.savez"
        ) from error
    names = [name[: -len(".npy")] for name in names if name.endswith(".npy")]
    if not names:
        raise UserError(
            f"{path} holds no clip; save it with numpy.savez(file, clip=...)"
        )
    return names


def _speaker_table(path: str, column: str) -> Optional[Dict[str, str]]:
    if not os.path.isfile(path):
        return None
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"{path} cannot be read ({error}); save it as a UTF-8 table with commas"
        ) from error
    for name in ("clip", column):
        if not rows or rows[0].get(name) is None:
            raise UserError(
                f"{path} has no column {name!r}; add it or name another one"
            )
    return {row["clip"]: row[column] for row in rows}
