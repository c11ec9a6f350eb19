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

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ppsci_ext.data.motion import SKELETON_NAMES
from ppsci_ext.data.motion import Skeleton
from ppsci_ext.data.motion import skeleton
from ppsci_ext.utils.errors import UserError

seeds = st.integers(0, 2**32 - 1)


def random_directions(seed, shape):
    vectors = np.random.default_rng(seed).standard_normal((*shape, 3))
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.mark.parametrize("name, joints", [("upper_body", 20), ("ted_expressive", 43)])
def test_sizes(name, joints):
    body = skeleton(name)
    assert len(set(body.joints)) == joints
    assert body.num_bones == joints - 1
    assert body.limits.shape == (joints - 1, 2, 2)
    fingers = 5 if name == "upper_body" else 15
    left, right = body.hand("left"), body.hand("right")
    assert len(left) == len(right) == fingers
    assert sorted([*left, *right, *body.body()]) == list(range(joints - 1))
    ends = {body.joints[child] for _, child in (body.bones[bone] for bone in left)}
    assert all(end.startswith("left") for end in ends)


def test_order_of_ted_expressive():
    """Bones by the joints that they join, as listed with the data set."""
    bones = skeleton("ted_expressive").bones
    assert bones[:5] == ((0, 1), (1, 2), (1, 3), (2, 4), (4, 6))
    assert bones[20:23] == ((3, 5), (5, 7), (7, 23))
    assert bones[37:] == ((1, 38), (38, 39), (38, 40), (39, 41), (40, 42))
    assert [parent for parent, _ in bones[5:20]].count(6) == 5


@pytest.mark.parametrize("name", SKELETON_NAMES)
def test_sides_are_mirror_images(name):
    body = skeleton(name)
    rest = dict(zip((body.joints[child] for _, child in body.bones), body.rest))
    for joint, direction in rest.items():
        if joint.startswith("left"):
            other = rest[joint.replace("left", "right")]
            np.testing.assert_allclose(direction, other * [-1, 1, 1])


@given(seeds, st.sampled_from(SKELETON_NAMES))
@settings(max_examples=20, deadline=None)
def test_directions_positions_and_back(seed, name):
    body = skeleton(name)
    directions = random_directions(seed, (3, body.num_bones))
    positions = body.positions(directions)
    assert not positions[:, 0].any()
    np.testing.assert_allclose(body.directions(positions + 2.0), directions, atol=1e-12)
    lengths = np.tile(body.lengths, (3, 1))
    np.testing.assert_allclose(body.bone_lengths(positions), lengths, rtol=1e-12)
    stretched = body.bone_lengths(body.positions(1.5 * directions))
    np.testing.assert_allclose(stretched, 1.5 * lengths, rtol=1e-12)


@given(seeds, st.sampled_from(SKELETON_NAMES))
@settings(max_examples=20, deadline=None)
def test_any_directions_have_angles(seed, name):
    body = skeleton(name)
    directions = random_directions(seed, (2, 4, body.num_bones))
    angles = body.angles(directions)
    assert angles.shape == (2, 4, body.num_bones, 2)
    assert np.abs(angles[..., 1]).max() <= np.pi / 2
    np.testing.assert_allclose(body.pose(angles), directions, atol=1e-6)


def test_angles_are_zero_at_rest_and_turn_with_the_parent():
    body = skeleton("upper_body")
    angles = np.zeros((body.num_bones, 2))
    np.testing.assert_allclose(body.pose(angles), body.rest, atol=1e-15)
    elbow = body.arms()[1]  # left upper arm; its hand hangs on it
    assert body.joints[body.bones[elbow][1]] == "left_shoulder"
    angles[elbow] = [0.7, -0.3]
    moved = body.pose(angles)
    beyond = [elbow + 1, elbow + 2, *body.hand("left")]
    turn, _ = Rotation.align_vectors(moved[beyond], body.rest[beyond])
    np.testing.assert_allclose(turn.apply(body.rest[beyond]), moved[beyond], atol=1e-7)
    others = sorted(set(range(body.num_bones)) - {elbow, *beyond})
    np.testing.assert_allclose(moved[others], body.rest[others], atol=1e-15)


def test_float32_stays_float32():
    body = skeleton("upper_body")
    assert body.positions(body.rest.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("name", SKELETON_NAMES)
def test_adjacency(name):
    body = skeleton(name)
    matrix = body.adjacency()
    assert (matrix.shape, matrix.dtype) == ((body.num_bones,) * 2, np.float32)
    np.testing.assert_array_equal(matrix, matrix.T)
    # of the normalised adjacency the largest eigenvalue is 1
    assert np.linalg.eigvalsh(matrix).max() == pytest.approx(1.0, abs=1e-6)
    for a, parent in enumerate(body.bone_parents):
        assert parent < 0 or matrix[a, parent] > 0
    finger, other = body.hand("left")[0], body.hand("right")[0]
    assert matrix[finger, other] == 0


def test_names_of_wrists():
    def with_joints(left, right):
        return Skeleton(
            "x", ("root", left, right), ((0, 1), (0, 2)), [1, 1], np.eye(3)[:2]
        )

    for left, right in (
        ("LeftHand", "RightHand"),
        ("mixamorig:LeftHand", "mixamorig:RightHand"),
        ("lHand", "rHand"),
        ("L_Wrist", "R_Wrist"),
    ):
        assert with_joints(left, right).wrist("right") == 2
    with pytest.raises(UserError, match="no joint called left_wrist"):
        with_joints("paw", "claw").wrist("left")


def test_arms_are_what_leads_to_the_wrists():
    body = skeleton("ted_expressive")
    ends = [body.joints[body.bones[bone][1]] for bone in body.arms()]
    assert sorted(ends) == sorted(
        ["neck"]
        + [
            f"{s}_{j}"
            for s in ("left", "right")
            for j in ("shoulder", "elbow", "wrist")
        ]
    )


@pytest.mark.parametrize(
    "bones, lengths, message",
    [
        (((1, 2), (0, 1)), [1, 1], "order the bones"),
        (((0, 1), (0, 1)), [1, 1], "order the bones"),
        (((0, 1), (1, 2)), [1, 0], "lengths above 0"),
        (((0, 1), (1, 2)), [1], "need 3 joints"),
    ],
)
def test_bad_skeletons(bones, lengths, message):
    with pytest.raises(UserError, match=message):
        Skeleton("x", ("a", "b", "c"), bones, lengths, np.eye(3)[:2])


def test_unknown_name():
    with pytest.raises(UserError, match="did you mean 'upper_body'"):
        skeleton("upper-body")
