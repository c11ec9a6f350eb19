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


"""Reading Biovision hierarchy files (BVH): a skeleton, and a pose for every frame."""

from __future__ import annotations

import math
import os
import re
from typing import Dict
from typing import List
from typing import NamedTuple
from typing import Tuple

import numpy as np
from scipy.spatial.transform import Rotation

from ppsci_ext.data.limits import check_fits_memory
from ppsci_ext.data.limits import read_at_most
from ppsci_ext.data.motion.skeleton import Skeleton
from ppsci_ext.data.motion.skeleton import unit
from ppsci_ext.utils.errors import UserError

_LARGEST = 1 << 30  # bytes
_BYTES_A_NUMBER = 12  # of text, with what Python makes of it, at least
_SHORT = 1e-4  # of the longest bone, below which two joints are one
_MAX_JOINTS = 1000


class BvhMotion(NamedTuple):
    """What a BVH file holds, in metres.

    Attributes:
        skeleton (Skeleton): Joints that are always in the same place are one.
        directions (np.ndarray): Unit vectors, float64 [N, B, 3].
        root (np.ndarray): Where the root is, float64 [N, 3].
        fps (float): Frames a second.
    """

    skeleton: Skeleton
    directions: np.ndarray
    root: np.ndarray
    fps: float


class _Joint(NamedTuple):
    name: str
    parent: int
    offset: np.ndarray
    channels: List[str]


def read_bvh(path: str, metres_per_unit: float = 0.01) -> BvhMotion:
    """Reads a BVH file.

    Rotations may be in any order and any number, positions at any joint, where they stand
    in place of the joint's offset as in Blender. What turns a bone about itself is lost.

    Args:
        path (str): The file.
        metres_per_unit (float): Length of the file's unit. Defaults to 0.01, as of
            centimetres.

    Returns:
        BvhMotion: Skeleton, directions, root and frame rate.

    Raises:
        UserError: The file can't be read, is no BVH file, is damaged, or holds NaN.
    """
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            check_fits_memory(size * _BYTES_A_NUMBER, path)
            text = read_at_most(file, _LARGEST).decode("latin-1")
        joints, frame_time, numbers = _parse(text)
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror or error}); name a readable BVH file"
        ) from error
    except ValueError as error:
        if isinstance(error, UserError):
            raise
        raise UserError(
            f"{path} is no BVH file, or a damaged one ({error}); export it again"
        ) from error
    if not np.isfinite(numbers).all():
        frame = int(np.argmin(np.isfinite(numbers).all(axis=1)))
        raise UserError(
            f"{path}: frame {frame} holds NaN or infinite values; cut or repair the clip"
        )
    positions = _world_positions(joints, numbers)
    return _as_motion(path, joints, positions, 1.0 / frame_time, metres_per_unit)


def _parse(text: str) -> Tuple[List[_Joint], float, np.ndarray]:
    """Joints (end sites too), seconds a frame, and the channels [N, C]."""
    head, found, tail = text.partition("MOTION")
    if not found or not head.lstrip("\ufeffï»¿ \t\r\n").startswith("HIERARCHY"):
        raise ValueError("it has no HIERARCHY followed by MOTION")
    joints = _parse_hierarchy(head.split()[1:])
    match = re.match(
        r"\s*Frames:\s*(\d{1,9})\s+Frame\s+Time:\s*([-+.\deE]+)(\s|$)", tail
    )
    if not match:
        raise ValueError("'Frames:' and 'Frame Time:' do not follow MOTION")
    frames, frame_time = int(match[1]), float(match[2])
    if frames < 1 or not 1e-4 < frame_time < 10.0:
        raise ValueError(f"it announces {frames} frames of {frame_time} seconds")
    numbers = np.array(tail[match.end() :].split(), dtype=np.float64)
    channels = sum(len(joint.channels) for joint in joints)
    if numbers.size != frames * channels:
        raise ValueError(
            f"{frames} frames of {channels} channels need {frames * channels} numbers, but "
            f"{numbers.size} are there"
        )
    return joints, frame_time, numbers.reshape(frames, channels)


def _parse_hierarchy(tokens: List[str]) -> List[_Joint]:
    joints: List[_Joint] = []
    open_joints: List[int] = []
    words = iter(tokens)

    def word() -> str:
        try:
            return next(words)
        except StopIteration:
            raise ValueError("the hierarchy ends too early") from None

    for token in words:
        if token in ("ROOT", "JOINT", "End"):
            if (token == "ROOT") != (not joints):
                raise ValueError("there is not exactly one ROOT, at the beginning")
            if joints and not open_joints or len(joints) >= _MAX_JOINTS:
                raise ValueError("its braces do not match, or it has too many joints")
            name, parent = word(), open_joints[-1] if open_joints else -1
            if token == "End":
                name = f"{joints[parent].name}_end"
            while (brace := word()) != "{":  # names may hold spaces
                name += f"_{brace}"
            open_joints.append(len(joints))
            joints.append(_Joint(name, parent, np.zeros(3), []))
        elif not open_joints:
            raise ValueError(f"{token!r} is not expected in the hierarchy")
        elif token == "OFFSET":
            joints[open_joints[-1]].offset[:] = [float(word()) for _ in range(3)]
        elif token == "CHANNELS":
            channels = [word() for _ in range(int(word()))]
            for channel in channels:
                if not re.fullmatch("[XYZ](position|rotation)", channel):
                    raise ValueError(f"{channel!r} is no channel")
            joints[open_joints[-1]].channels.extend(channels)
        elif token == "}":
            open_joints.pop()
        else:
            raise ValueError(f"{token!r} is not expected in the hierarchy")
    if open_joints or len(joints) < 2:
        raise ValueError("its braces do not match, or it has no joints")
    if not all(np.isfinite(joint.offset).all() for joint in joints):
        raise ValueError("an offset is not a number")
    return joints


def _world_positions(joints: List[_Joint], numbers: np.ndarray) -> np.ndarray:
    """Where all joints are, [N, J, 3] in the file's unit."""
    positions = np.empty((len(numbers), len(joints), 3))
    turns: List[Rotation] = []
    used = 0
    for index, (_, parent, offset, channels) in enumerate(joints):
        local = np.tile(offset, (len(numbers), 1))
        turn = Rotation.identity(len(numbers))
        for channel in channels:
            axis, value = channel[0], numbers[:, used]
            used += 1
            if channel.endswith("position"):
                local[:, "XYZ".index(axis)] = value
            else:
                turn = turn * Rotation.from_euler(axis, value, degrees=True)
        if parent < 0:
            positions[:, index] = local
        else:
            positions[:, index] = positions[:, parent] + turns[parent].apply(local)
            turn = turns[parent] * turn
        turns.append(turn)
    return positions


def _as_motion(
    path: str,
    joints: List[_Joint],
    positions: np.ndarray,
    fps: float,
    metres_per_unit: float,
) -> BvhMotion:
    parents = np.array([max(joint.parent, 0) for joint in joints])
    lengths = np.linalg.norm(positions - positions[:, parents], axis=2).mean(axis=0)
    if not lengths.max() > 0:
        raise UserError(f"{path}: all bones have length 0; export it with its offsets")
    same = _places(joints, lengths)
    kept = sorted(set(same))
    number = {joint: index for index, joint in enumerate(kept)}
    bones = [(number[same[joints[joint].parent]], number[joint]) for joint in kept[1:]]
    rest = np.zeros((len(joints), 3))
    for index, joint in enumerate(joints[1:], start=1):
        rest[index] = rest[joint.parent] + joint.offset
    ends = np.array([(kept[parent], kept[child]) for parent, child in bones])
    rest = rest[ends[:, 1]] - rest[ends[:, 0]]
    offsets = positions[:, ends[:, 1]] - positions[:, ends[:, 0]]
    # an offset of 0 where positions move the joint away from it
    unknown = np.linalg.norm(rest, axis=1) < _SHORT * lengths.max()
    rest[unknown] = offsets[0, unknown]
    skeleton = Skeleton(
        os.path.basename(path),
        tuple(joints[joint].name for joint in kept),
        tuple(bones),
        lengths[kept[1:]] * metres_per_unit,
        rest,
    )
    root = positions[:, 0] * metres_per_unit
    return BvhMotion(skeleton, unit(offsets), root, fps)


def _places(joints: List[_Joint], lengths: np.ndarray) -> List[int]:
    """For every joint the first one that is always in the same place."""
    same = [0]
    siblings: Dict[Tuple, int] = {}
    for index, joint in enumerate(joints[1:], start=1):
        moves = any(channel.endswith("position") for channel in joint.channels)
        if lengths[index] < _SHORT * lengths.max():
            same.append(same[joint.parent])
        elif moves:
            same.append(index)
        else:  # turned by the parent alone, as others with this offset
            scale = 10 ** (math.floor(math.log10(lengths.max())) - 8)
            key = (joint.parent, *np.round(joint.offset / scale).astype(np.int64))
            same.append(siblings.setdefault(key, index))
    return same
