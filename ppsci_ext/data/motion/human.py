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

"""The two skeletons that the project brings: an upper body with simple or full hands."""

from __future__ import annotations

from typing import Dict
from typing import List
from typing import Sequence
from typing import Tuple

import numpy as np

from ppsci_ext.data.motion.skeleton import Skeleton
from ppsci_ext.data.names import unknown_name

SKELETON_NAMES = ("upper_body", "ted_expressive")

# Metres: trunk and arms as in Yoon et al. 2020 and TED-Expressive, whole fingers and
# their three parts (from the wrist) as in the latter.
_SPINE, _COLLAR, _UPPER_ARM, _FOREARM = 0.26, 0.22, 0.36, 0.33
_NECK, _HEAD, _EYE, _EAR = 0.18, 0.14, 0.14, 0.15
_FINGERS = {
    "index": (0.137, 0.044, 0.031),
    "middle": (0.144, 0.042, 0.033),
    "pinky": (0.127, 0.027, 0.026),
    "ring": (0.134, 0.039, 0.033),
    "thumb": (0.068, 0.042, 0.036),
}
# How far the fingers are spread at rest, towards the thumb's side.
_SPREAD = {"index": 0.15, "middle": 0.0, "pinky": -0.3, "ring": -0.15, "thumb": 0.7}

# Rest directions: x to the subject's left; the right side is the mirror image.
_UP = (0.0, 1.0, 0.0)
_REST_COLLAR, _REST_UPPER_ARM = (1.0, -0.1, 0.0), (0.25, -1.0, 0.0)
_REST_FOREARM = (-0.1, -0.35, 1.0)

# Range of both angles in radians, by the part of the body.
_LIMITS = {"trunk": 0.6, "head": 0.9, "collar": 0.6, "arm": 1.5, "finger": 1.4}


def skeleton(name: str) -> Skeleton:
    """Makes one of the project's skeletons, which share the arms and differ in the hands.

    Args:
        name (str): "upper_body", 10 joints of the body and the tips of 2 x 5 fingers, 19
            bones; or "ted_expressive", the 43 joints and 42 bones, in order, of
            TED-Expressive (Liu et al. 2022, arXiv 2203.13161), with three bones a finger,
            eyes and ears.

    Returns:
        Skeleton: The skeleton, with anatomical limits.

    Raises:
        UserError: Unknown name.
    """
    if name not in SKELETON_NAMES:
        raise unknown_name("skeleton", name, SKELETON_NAMES)
    builder = _upper_body() if name == "upper_body" else _ted_expressive()
    return builder.skeleton(name)


class _Builder:
    """Collects bones, each with its length, rest direction and part of the body."""

    def __init__(self, joints: Sequence[str]):
        self.joints = list(joints)
        self.bones: List[Tuple[int, int]] = []
        self._lengths: List[float] = []
        self._rest: List[Sequence[float]] = []
        self._parts: List[str] = []

    def bone(
        self, parent: str, child: str, length: float, rest: Sequence[float], part: str
    ) -> None:
        if child not in self.joints:
            self.joints.append(child)
        self.bones.append((self.joints.index(parent), self.joints.index(child)))
        self._lengths.append(length)
        self._rest.append(rest)
        self._parts.append(part)

    def arm(self, side: str) -> None:
        self.bone(
            f"{side}_shoulder",
            f"{side}_elbow",
            _UPPER_ARM,
            _mirror(_REST_UPPER_ARM, side),
            "arm",
        )
        self.bone(
            f"{side}_elbow",
            f"{side}_wrist",
            _FOREARM,
            _mirror(_REST_FOREARM, side),
            "arm",
        )

    def collar(self, side: str) -> None:
        rest = _mirror(_REST_COLLAR, side)
        self.bone("neck", f"{side}_shoulder", _COLLAR, rest, "collar")

    def finger(self, side: str, finger: str, lengths: Sequence[float]) -> None:
        """A chain of bones; the palms look down, so the thumbs point to the middle."""
        rest = _mirror((-0.1 - _SPREAD[finger], -0.35, 1.0), side)
        joint = f"{side}_wrist"
        for number, length in enumerate(lengths, start=1):
            tip = (
                f"{side}_{finger}_{number}" if len(lengths) > 1 else f"{side}_{finger}"
            )
            self.bone(joint, tip, length, rest, "finger")
            joint = tip

    def skeleton(self, name: str) -> Skeleton:
        ranges = np.array([_LIMITS[part] for part in self._parts])
        limits = np.broadcast_to(
            ranges[:, None, None] * np.array([-1.0, 1.0]), (len(ranges), 2, 2)
        )
        return Skeleton(
            name,
            tuple(self.joints),
            tuple(self.bones),
            np.array(self._lengths),
            np.array(self._rest),
            limits,
        )


def _upper_body() -> _Builder:
    builder = _Builder(["spine"])
    builder.bone("spine", "neck", _SPINE, _UP, "trunk")
    builder.bone("neck", "nose", _NECK, (0.0, 0.9, 0.4), "head")
    builder.bone("nose", "head", _HEAD, (0.0, 0.9, -0.4), "head")
    for side in ("left", "right"):
        builder.collar(side)
        builder.arm(side)
    for side in ("left", "right"):
        for finger, lengths in _FINGERS.items():
            builder.finger(side, finger, [sum(lengths)])
    return builder


def _ted_expressive() -> _Builder:
    body = ("spine", "neck", "left_shoulder", "right_shoulder")
    arms = ("left_elbow", "right_elbow", "left_wrist", "right_wrist")
    builder = _Builder([*body, *arms])
    builder.bone("spine", "neck", _SPINE, _UP, "trunk")
    builder.collar("left")
    builder.collar("right")
    for side in ("left", "right"):
        builder.arm(side)
        for finger, lengths in _FINGERS.items():
            builder.finger(side, finger, lengths)
    builder.bone("neck", "nose", _NECK, (0.0, 0.9, 0.4), "head")
    # right before left, and the ears after the eyes, as in the data set
    eye: Dict[str, Tuple[float, ...]] = {}
    for side in ("right", "left"):
        eye[side] = _mirror((0.4, 0.6, -0.4), side)
        builder.bone("nose", f"{side}_eye", _EYE, eye[side], "head")
    for side in ("right", "left"):
        ear = _mirror((0.5, -0.1, -1.0), side)
        builder.bone(f"{side}_eye", f"{side}_ear", _EAR, ear, "head")
    return builder


def _mirror(direction: Sequence[float], side: str) -> Tuple[float, ...]:
    x, y, z = direction
    return (x if side == "left" else -x, y, z)
