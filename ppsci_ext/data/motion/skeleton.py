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

"""Skeletons: joints, bones, and the ways between directions, positions and angles."""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import Optional
from typing import Sequence
from typing import Tuple

import numpy as np

from ppsci_ext.utils.errors import UserError

SIDES = ("left", "right")
_WRIST = {side: rf"({side}|{side[0]})[_. ]?(hand|wrist)" for side in SIDES}
_FRAMES_AT_ONCE = 4096  # of a pose, whose axes then stay in the cache


@dataclasses.dataclass(frozen=True, eq=False)
class Skeleton:
    """A tree of joints; every bone leads from a joint to one farther from the root.

    A pose is the unit directions of the bones, [..., B, 3], or the positions of the
    joints, [..., J, 3] in metres, with J = B + 1. Axes: y up, x to the subject's left, z
    to where the subject looks.

    A third form are two angles a bone, [..., B, 2] in radians, which tell how the bone is
    turned from its rest direction r in the frame of its parent bone, which the parent
    turns with it: with e1 and e2 such that (r, e1, e2) is a right-handed orthonormal
    basis, the direction is cos b (cos a r + sin a e1) + sin b e2 for angles (a, b). Every
    direction has such angles (a in [-pi, pi], b in [-pi/2, pi/2]), so nothing is lost.

    Args:
        name (str): What messages call it.
        joints (Sequence[str]): Names of the joints; the first is the root.
        bones (Sequence[Tuple[int, int]]): Indices of the joint nearer to the root and the
            one farther from it; a bone comes after the one that it hangs on.
        lengths (np.ndarray): [B], metres.
        rest (np.ndarray): [B, 3], directions at rest; made unit vectors.
        limits (Optional[np.ndarray]): [B, 2, 2], lowest and highest value of both angles
            in radians. Defaults to None, unknown.

    Raises:
        UserError: The bones are no tree, or an array does not fit them.
    """

    name: str
    joints: Sequence[str]
    bones: Sequence[Tuple[int, int]]
    lengths: np.ndarray
    rest: np.ndarray
    limits: Optional[np.ndarray] = None

    def __post_init__(self):
        reached = {0}
        for parent, child in self.bones:
            if parent not in reached or child in reached:
                raise UserError(
                    f"skeleton {self.name}: bone {(parent, child)} does not lead from a "
                    "joint that earlier bones reach to a new one; order the bones from the "
                    "root outwards"
                )
            reached.add(child)
        count = len(self.bones)
        lengths = np.asarray(self.lengths, np.float64)
        rest = np.asarray(self.rest, np.float64)
        if len(self.joints) != count + 1 or lengths.shape != (count,):
            raise UserError(
                f"skeleton {self.name}: {count} bones need {count + 1} joints and as many "
                f"lengths as bones, not {len(self.joints)} and {list(lengths.shape)}"
            )
        if rest.shape != (count, 3) or not (lengths > 0).all():
            raise UserError(
                f"skeleton {self.name}: {count} bones need rest directions [{count}, 3] "
                "and lengths above 0"
            )
        object.__setattr__(self, "lengths", lengths)
        object.__setattr__(self, "rest", unit(rest))

    @property
    def num_bones(self) -> int:
        return len(self.bones)

    @functools.cached_property
    def bone_parents(self) -> Tuple[int, ...]:
        """For every bone the one that it hangs on, -1 for those of the root."""
        bone_to = {child: index for index, (_, child) in enumerate(self.bones)}
        return tuple(bone_to.get(parent, -1) for parent, _ in self.bones)

    @functools.cached_property
    def _bases(self) -> np.ndarray:
        """[B, 3, 3], columns r, e1 and e2 of every bone."""
        r = self.rest
        # the axis that is farthest from the bone, of z and x
        helper = np.where(np.abs(r[:, 2:]) < 0.8, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
        e1 = unit(helper - np.sum(helper * r, axis=1, keepdims=True) * r)
        return np.stack([r, e1, np.cross(r, e1)], axis=2)

    def positions(self, directions: np.ndarray) -> np.ndarray:
        """Joints from bones, the root being at the origin.

        Args:
            directions (np.ndarray): [..., B, 3]; a vector of another length than 1
                scales its bone.

        Returns:
            np.ndarray: [..., J, 3], metres, of the same type.
        """
        directions = np.asarray(directions)
        offsets = directions * self.lengths[:, None].astype(directions.dtype)
        shape = (*directions.shape[:-2], len(self.joints), 3)
        positions = np.zeros(shape, directions.dtype)
        for bone, (parent, child) in enumerate(self.bones):
            positions[..., child, :] = positions[..., parent, :] + offsets[..., bone, :]
        return positions

    def offsets(self, positions: np.ndarray) -> np.ndarray:
        """Vectors along the bones, [..., B, 3] in metres, from joints [..., J, 3]."""
        parents, children = np.transpose(self.bones)
        positions = np.asarray(positions)
        return positions[..., children, :] - positions[..., parents, :]

    def directions(self, positions: np.ndarray) -> np.ndarray:
        """Unit directions [..., B, 3] from joints [..., J, 3], wherever the root is."""
        return unit(self.offsets(positions))

    def bone_lengths(self, positions: np.ndarray) -> np.ndarray:
        """Lengths [..., B] in metres from joints [..., J, 3]."""
        return np.linalg.norm(self.offsets(positions), axis=-1)

    def pose(self, angles: np.ndarray) -> np.ndarray:
        """Unit directions [..., B, 3] from angles [..., B, 2]."""
        angles = np.asarray(angles)
        flat = angles.reshape(-1, *angles.shape[-2:])
        directions = np.empty((*flat.shape[:-1], 3))
        for start in range(0, len(flat), _FRAMES_AT_ONCE):
            part = slice(start, start + _FRAMES_AT_ONCE)
            directions[part] = self._pose(flat[part].transpose(1, 2, 0))
        return directions.reshape(*angles.shape[:-1], 3)

    def _pose(self, angles: np.ndarray) -> np.ndarray:
        """The same of a few frames, [n, B, 3] from [B, 2, n]."""
        cos, sin = np.cos(angles), np.sin(angles)
        axes = []
        for bone in range(self.num_bones):
            axes.append(_turned(self._at_rest(axes, bone), cos[bone], sin[bone]))
        return np.stack([own[0] for own in axes]).transpose(2, 0, 1)

    def angles(self, directions: np.ndarray) -> np.ndarray:
        """Angles [..., B, 2] of directions [..., B, 3], the inverse of `pose`."""
        directions = unit(np.asarray(directions, np.float64))
        flat = directions.reshape(-1, *directions.shape[-2:]).transpose(1, 2, 0)
        angles = np.empty((self.num_bones, 2, flat.shape[-1]))
        axes = []
        for bone in range(self.num_bones):
            rest = self._at_rest(axes, bone)
            along_r, along_e1, along_e2 = np.sum(rest * flat[bone], axis=1)
            angles[bone, 0] = np.arctan2(along_e1, along_r)
            angles[bone, 1] = np.arcsin(np.clip(along_e2, -1.0, 1.0))
            axes.append(_turned(rest, np.cos(angles[bone]), np.sin(angles[bone])))
        return angles.transpose(2, 0, 1).reshape(*directions.shape[:-1], 2)

    def _at_rest(self, axes: Sequence[np.ndarray], bone: int) -> np.ndarray:
        """Where a bone's axes r, e1 and e2 are before its own turns, [3, 3, n].

        Args:
            axes (Sequence[np.ndarray]): Those of the bones before it after theirs.
            bone (int): Which.
        """
        parent = self.bone_parents[bone]
        if parent < 0:
            return self._bases[bone].T[:, :, None]
        relative = self._bases[bone].T @ self._bases[parent]
        return np.dot(relative, axes[parent].reshape(3, -1)).reshape(3, 3, -1)

    def adjacency(self) -> np.ndarray:
        """D^-1/2 (A + I) D^-1/2 over bones, float32 [B, B].

        Bones are neighbours if they share a joint. Kipf and Welling 2017 (arXiv
        1609.02907), equation 2.
        """
        joints = np.zeros((self.num_bones, len(self.joints)))
        for bone, ends in enumerate(self.bones):
            joints[bone, list(ends)] = 1
        neighbours = (joints @ joints.T > 0).astype(np.float64)  # with itself
        scale = neighbours.sum(axis=1) ** -0.5
        return (scale[:, None] * neighbours * scale).astype(np.float32)

    def above(self) -> np.ndarray:
        """1 where the second bone is the first or one that it hangs on, float32 [B, B]."""
        above = np.eye(self.num_bones, dtype=np.float32)
        for bone, parent in enumerate(self.bone_parents):
            if parent >= 0:
                above[bone] += above[parent]
        return above

    def bends(self) -> np.ndarray:
        """1 for a bone and -1 for the one that it hangs on, a row for each that hangs on one.

        Times vectors of the bones it is how far each is bent from the one before; [J, B].
        """
        parents = np.array(self.bone_parents)
        hanging = np.flatnonzero(parents >= 0)
        identity = np.eye(self.num_bones)
        return identity[hanging] - identity[parents[hanging]]

    def wrist(self, side: str) -> int:
        """Index of the joint that is the "left" or "right" wrist, by its name.

        Raises:
            UserError: No joint is called left or right wrist or hand.
        """
        for index, joint in enumerate(self.joints):
            if re.fullmatch(_WRIST[side], joint.rsplit(":", 1)[-1], re.IGNORECASE):
                return index
        raise UserError(
            f"skeleton {self.name} has no joint called {side}_wrist or {side}_hand; rename "
            "the wrist's joint"
        )

    def hand(self, side: str) -> list[int]:
        """Indices of the bones beyond the wrist."""
        wrist = self.wrist(side)
        bones = []
        for bone, (parent, _) in enumerate(self.bones):
            if parent == wrist or self.bone_parents[bone] in bones:
                bones.append(bone)
        return bones

    def arms(self) -> list[int]:
        """Indices of the bones between the root and the wrists."""
        ends = {self.wrist(side) for side in SIDES}
        bones = []
        for bone in reversed(range(self.num_bones)):
            parent, child = self.bones[bone]
            if child in ends:
                bones.append(bone)
                ends.add(parent)
        return sorted(bones)

    def body(self) -> list[int]:
        """Indices of the bones that belong to no hand."""
        hands = {bone for side in SIDES for bone in self.hand(side)}
        return [bone for bone in range(self.num_bones) if bone not in hands]


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors [..., 3] of length 1 in the same direction; zero stays zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1)


def _turned(rest: np.ndarray, cos: np.ndarray, sin: np.ndarray) -> np.ndarray:
    """Axes r, e1 and e2 after turns by the second angle from r to e2, then by the first to e1.

    By sums of whole arrays: products of many small matrices take ten times as long.

    Args:
        rest (np.ndarray): The three axes, [3, 3, n].
        cos (np.ndarray): Cosines of the two angles, [2, n].
        sin (np.ndarray): Their sines, [2, n].
    """
    r, e1, e2 = rest
    level = cos[0] * r + sin[0] * e1
    return np.stack(
        [
            cos[1] * level + sin[1] * e2,
            cos[0] * e1 - sin[0] * r,
            cos[1] * e2 - sin[1] * level,
        ]
    )
