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


"""Writing motion as BVH, for Blender and whatever else reads that."""

from __future__ import annotations

from typing import List
from typing import Optional

import numpy as np
from scipy.spatial.transform import Rotation

from ppsci_ext.data.motion.skeleton import Skeleton
from ppsci_ext.data.motion.skeleton import unit
from ppsci_ext.utils.checkpoint import write_atomically

_ORDER = "ZXY"  # of the rotations, each about the axes that the ones before have turned


def write_bvh(
    path: str,
    skeleton: Skeleton,
    directions: np.ndarray,
    fps: float,
    root: Optional[np.ndarray] = None,
    metres_per_unit: float = 0.01,
) -> None:
    """Writes directions of bones as a BVH file.

    Directions do not tell how a bone is turned about itself: each is turned from its rest
    direction along the shortest arc, in the frame of its parent bone. So positions are
    exact, but a mesh that is bound to the bones may look twisted. Every bone gets a BVH
    joint at its beginning, as only so bones that share a joint move independently; the
    second one at a joint is called after it with `_2`, and so on. The Euler angles never
    jump by a turn, so that programs can interpolate them.

    Args:
        path (str): File to write; its folder must exist, an old file is replaced.
        skeleton (Skeleton): Joints, lengths and rest directions.
        directions (np.ndarray): [N, B, 3], of any length above 0.
        fps (float): Frames a second.
        root (Optional[np.ndarray]): Position of the root, metres [N, 3]. Defaults to the
            origin.
        metres_per_unit (float): Length of the file's unit. Defaults to 0.01, so that the
            file's numbers are centimetres.

    Raises:
        ValueError: The directions do not fit the skeleton, or are not finite.
        OSError: The file can't be written.
    """
    directions = np.asarray(directions, np.float64)
    if directions.ndim != 3 or directions.shape[1:] != (skeleton.num_bones, 3):
        raise ValueError(
            f"directions must be [N, {skeleton.num_bones}, 3], not "
            f"{list(directions.shape)}"
        )
    if not np.isfinite(directions).all() or not len(directions):
        raise ValueError("directions must be finite, and one frame at least")
    root = np.zeros((len(directions), 3)) if root is None else np.asarray(root)
    turns = _local_turns(skeleton, unit(directions))
    text: List[str] = ["HIERARCHY"]
    order: List[int] = []  # bones as they come in the file; -1 is a root without bone
    first = [bone for bone, parent in enumerate(skeleton.bone_parents) if parent < 0]
    if len(first) == 1:
        _describe(skeleton, first[0], "", metres_per_unit, text, order)
    else:
        order.append(-1)
        text += [
            f"ROOT {skeleton.joints[0]}",
            "{",
            "\tOFFSET 0 0 0",
            _channels("\t", 6),
        ]
        for bone in first:
            _describe(skeleton, bone, "\t", metres_per_unit, text, order)
        text.append("}")
    columns = [root / metres_per_unit]
    for bone in order:
        if bone < 0:
            columns.append(np.zeros((len(directions), 3)))
        else:
            columns.append(np.degrees(continuous_euler(turns[bone])))
    text += ["MOTION", f"Frames: {len(directions)}", f"Frame Time: {1.0 / fps:.9f}"]
    for row in np.concatenate(columns, axis=1):
        text.append(" ".join(f"{value:.8f}" for value in row))
    write_atomically(path, ("\n".join(text) + "\n").encode())


def continuous_euler(turns: Rotation) -> np.ndarray:
    """Euler angles of a sequence of rotations, without jumps.

    Each rotation has two triples of angles, (a, b, c) and (a + pi, pi - b, c + pi), each up
    to whole turns; of all these, the one nearest to that of the frame before is taken.

    Args:
        turns (Rotation): N rotations.

    Returns:
        np.ndarray: Radians [N, 3], about Z, then the new X, then the new Y.
    """
    angles = turns.as_matrix()
    # by hand: at the middle angle of 90 degrees SciPy would warn and choose for itself
    middle = np.arcsin(np.clip(angles[:, 2, 1], -1.0, 1.0))
    outer = np.arctan2(-angles[:, 0, 1], angles[:, 1, 1])
    inner = np.arctan2(-angles[:, 2, 0], angles[:, 2, 2])
    first = np.stack([outer, middle, inner], axis=1)
    second = np.stack([outer + np.pi, np.pi - middle, inner + np.pi], axis=1)
    result = first.copy()
    for frame in range(1, len(first)):
        before = result[frame - 1]
        near = [
            triple - 2 * np.pi * np.round((triple - before) / (2 * np.pi))
            for triple in (first[frame], second[frame])
        ]
        result[frame] = min(near, key=lambda triple: np.sum((triple - before) ** 2))
    return result


def _local_turns(skeleton: Skeleton, directions: np.ndarray) -> List[Rotation]:
    """For every bone the shortest rotation, in its parent's frame, from rest."""
    local: List[Rotation] = []
    world: List[Rotation] = []
    for bone, parent in enumerate(skeleton.bone_parents):
        base = Rotation.identity(len(directions)) if parent < 0 else world[parent]
        turn = shortest_arc(skeleton.rest[bone], base.inv().apply(directions[:, bone]))
        local.append(turn)
        world.append(base * turn)
    return local


def shortest_arc(start: np.ndarray, ends: np.ndarray) -> Rotation:
    """The smallest rotations that turn one unit vector [3] into others [N, 3]."""
    quaternions = np.concatenate(
        [np.cross(start, ends), 1.0 + ends @ start[:, None]], axis=1
    )
    # half a turn about any axis at a right angle
    across = np.cross(start, np.eye(3)[np.argmin(np.abs(start))])
    opposite = np.linalg.norm(quaternions, axis=1) < 1e-7
    quaternions[opposite] = [*across, 0.0]
    return Rotation.from_quat(quaternions)


def _describe(
    skeleton: Skeleton,
    bone: int,
    indent: str,
    metres_per_unit: float,
    text: List[str],
    order: List[int],
) -> None:
    """Adds a bone's joint, and those beyond it, to the text."""
    start = skeleton.bones[bone][0]
    siblings = [
        index for index, (parent, _) in enumerate(skeleton.bones) if parent == start
    ]
    number = siblings.index(bone) + 1
    name = skeleton.joints[start].replace(" ", "_") + (
        f"_{number}" if number > 1 else ""
    )
    before = skeleton.bone_parents[bone]
    is_root = not indent
    offset = np.zeros(3) if before < 0 else _offset(skeleton, before, metres_per_unit)
    text.append(f"{indent}{'ROOT' if is_root else 'JOINT'} {name}")
    text.append(f"{indent}{{")
    inner = f"{indent}\t"
    text.append(f"{inner}OFFSET {_numbers(offset)}")
    text.append(_channels(inner, 6 if is_root else 3))
    order.append(bone)
    beyond = [
        index for index, parent in enumerate(skeleton.bone_parents) if parent == bone
    ]
    for child in beyond:
        _describe(skeleton, child, inner, metres_per_unit, text, order)
    if not beyond:
        end = _numbers(_offset(skeleton, bone, metres_per_unit))
        text += [
            f"{inner}End Site",
            f"{inner}{{",
            f"{inner}\tOFFSET {end}",
            f"{inner}}}",
        ]
    text.append(f"{indent}}}")


def _offset(skeleton: Skeleton, bone: int, metres_per_unit: float) -> np.ndarray:
    return skeleton.rest[bone] * skeleton.lengths[bone] / metres_per_unit


def _numbers(values: np.ndarray) -> str:
    return " ".join(f"{value:.9f}" for value in values)


def _channels(indent: str, count: int) -> str:
    names = [f"{axis}rotation" for axis in _ORDER]
    if count == 6:
        names = ["Xposition", "Yposition", "Zposition", *names]
    return f"{indent}CHANNELS {count} {' '.join(names)}"
