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

"""BVH both ways. The fixture is cut from a clip of the CMU Graphics Lab Motion Capture
Database (mocap.cs.cmu.edu; BVH conversion by B. Hahne), free for all uses: two seconds of
subject 12, every fourth frame, and the T-pose before them.
"""

from __future__ import annotations

import glob
import os
import tempfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ppsci_ext.data.motion import SKELETON_NAMES
from ppsci_ext.data.motion import SyntheticSpeech
from ppsci_ext.data.motion import read_bvh
from ppsci_ext.data.motion import skeleton
from ppsci_ext.data.motion import write_bvh
from ppsci_ext.data.motion.bvh_writing import continuous_euler
from ppsci_ext.data.motion.bvh_writing import shortest_arc
from ppsci_ext.utils.errors import UserError

CMU = os.path.join(os.path.dirname(__file__), "cmu_12_01_walk_cut.bvh")

SMALL = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Arm
  {
    OFFSET 0 10 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 5 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.05
1 2 3 0 0 0 0 0 0
1 2 3 90 0 0 0 90 0
"""


@pytest.fixture
def small(tmp_path):
    def write(text, name="a.bvh"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def positions_of(motion):
    return motion.skeleton.positions(motion.directions) + motion.root[:, None]


def test_by_hand(small):
    motion = read_bvh(small(SMALL))
    assert motion.fps == pytest.approx(20)
    assert motion.skeleton.joints == ("Hips", "Arm", "Arm_end")
    np.testing.assert_allclose(motion.skeleton.lengths, [0.1, 0.05])
    np.testing.assert_allclose(motion.root, [[0.01, 0.02, 0.03]] * 2)
    # a quarter turn about z takes y to -x; then, in that frame, one about x takes y to z
    expected = [[[0, 1, 0], [0, 1, 0]], [[-1, 0, 0], [0, 0, 1]]]
    np.testing.assert_allclose(motion.directions, expected, atol=1e-12)


def test_cmu_clip():
    motion = read_bvh(CMU)
    assert motion.directions.shape == (61, 27, 3)
    assert motion.fps == pytest.approx(30, rel=1e-4)
    np.testing.assert_allclose(np.linalg.norm(motion.directions, axis=2), 1)
    assert len(motion.skeleton.hand("left")) == len(motion.skeleton.hand("right")) == 3
    # upright: the head above the hips, the feet below
    height = dict(zip(motion.skeleton.joints, positions_of(motion)[30, :, 1]))
    assert height["LeftFoot"] < height["Hips"] < height["Head"]


def test_same_positions_as_another_library():
    """Wherever they put a joint, pybvh and this reader see the same figure."""
    pybvh = pytest.importorskip("pybvh", reason="pybvh is not installed")
    theirs = pybvh.read_bvh_file(CMU)
    motion = read_bvh(CMU, metres_per_unit=1.0)
    places = theirs.node_positions()
    apart = np.linalg.norm(places[:, :, None] - positions_of(motion)[:, None], axis=-1)
    assert apart.min(axis=2).max() < 1e-6 and apart.min(axis=1).max() < 1e-6
    assert theirs.fps == pytest.approx(motion.fps)


def same_positions(first, second):
    np.testing.assert_allclose(positions_of(first), positions_of(second), atol=1e-6)
    assert first.skeleton.bones == second.skeleton.bones


def test_round_trip_of_a_file(tmp_path):
    motion = read_bvh(CMU)
    path = str(tmp_path / "again.bvh")
    write_bvh(path, motion.skeleton, motion.directions, motion.fps, motion.root)
    again = read_bvh(path)
    same_positions(motion, again)
    assert again.fps == pytest.approx(motion.fps, rel=1e-6)
    for side in ("left", "right"):  # names of inner joints survive
        assert motion.skeleton.wrist(side) == again.skeleton.wrist(side)


def test_round_trip_of_all_cmu_clips(real_data, tmp_path):
    files = sorted(glob.glob(f"{real_data}/motion/cmu_bvh/*.bvh"))
    if not files:
        pytest.skip("there is no motion/cmu_bvh among the real data")
    for name in files[::4]:
        motion = read_bvh(name)
        path = str(tmp_path / "again.bvh")
        write_bvh(path, motion.skeleton, motion.directions, motion.fps, motion.root)
        same_positions(motion, read_bvh(path))


@pytest.mark.parametrize("name", SKELETON_NAMES)
def test_generated_motion_in_another_library(name, tmp_path):
    pybvh = pytest.importorskip("pybvh", reason="pybvh is not installed")
    law = SyntheticSpeech(skeleton(name))
    motion, _ = law.sample(1, np.random.default_rng(0))
    path = str(tmp_path / "a.bvh")
    write_bvh(path, law.skeleton, motion[0], law.fps, metres_per_unit=1.0)
    theirs = pybvh.read_bvh_file(path)
    assert theirs.frame_count == law.frames
    assert theirs.fps == pytest.approx(law.fps)
    mine = law.skeleton.positions(motion[0].astype(np.float64))
    places = theirs.node_positions()
    apart = np.linalg.norm(places[:, :, None] - mine[:, None], axis=-1)
    assert apart.min(axis=1).max() < 1e-6 and apart.min(axis=2).max() < 1e-6


@given(st.integers(0, 2**32 - 1), st.sampled_from(SKELETON_NAMES))
@settings(max_examples=10, deadline=None)
def test_any_directions_survive(seed, name):
    """Also those that are opposite to rest, where no arc is the shortest."""
    body = skeleton(name)
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((3, body.num_bones, 3))
    directions[0] = -body.rest
    with tempfile.TemporaryDirectory() as folder:
        write_bvh(f"{folder}/a.bvh", body, directions, 15.0)
        again = read_bvh(f"{folder}/a.bvh")
    ends = {tuple(np.round(p, 5)) for p in positions_of(again).reshape(-1, 3)}
    unit = directions / np.linalg.norm(directions, axis=2, keepdims=True)
    expected = body.positions(unit).reshape(-1, 3)
    found = np.array(sorted(ends))
    apart = np.linalg.norm(expected[:, None] - found, axis=2).min(axis=1)
    assert apart.max() < 2e-5


def test_euler_angles_of_a_turning_body_do_not_jump():
    """Five whole turns, and a middle angle that passes through a right angle."""
    t = np.linspace(0, 1, 400)[:, None]
    spin = Rotation.from_rotvec(10 * np.pi * t * [0, 0, 1])
    tilt = Rotation.from_rotvec(np.pi * t * [1, 0, 0])
    turns = spin * tilt
    angles = continuous_euler(turns)
    assert np.abs(np.diff(angles, axis=0)).max() < 0.2
    assert np.abs(angles[-1, 0]) > 9 * np.pi
    again = Rotation.from_euler("ZXY", angles)
    assert (again * turns.inv()).magnitude().max() < 1e-7
    raw = turns.as_euler("ZXY")
    assert np.abs(np.diff(raw, axis=0)).max() > 3  # what it would be without


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_shortest_arc(seed):
    start, *ends = Rotation.random(5, random_state=seed).apply([1.0, 0, 0])
    ends = np.array([*ends, start, -start])
    turns = shortest_arc(start, ends)
    np.testing.assert_allclose(turns.apply(start), ends, atol=1e-7)
    angles = np.arccos(np.clip(ends @ start, -1, 1))
    np.testing.assert_allclose(turns.magnitude(), angles, atol=1e-6)


def test_positions_of_inner_joints(small):
    """They stand in place of the offset, as in Blender; pybvh refuses such files."""
    text = SMALL.replace(
        "CHANNELS 3 Zrotation Xrotation Yrotation",
        "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation",
    )
    rows = "1 2 3 0 0 0 0 20 0 0 0 0\n1 2 3 90 0 0 0 20 0 0 90 0\n"
    motion = read_bvh(small(text[: text.index("1 2 3")] + rows))
    np.testing.assert_allclose(motion.skeleton.lengths, [0.2, 0.05])
    expected = [[[0, 1, 0], [0, 1, 0]], [[-1, 0, 0], [0, 0, 1]]]
    np.testing.assert_allclose(motion.directions, expected, atol=1e-12)


@pytest.mark.parametrize("order", ["XYZ", "ZYX", "YXZ", "XZ", "Z"])
def test_orders_of_rotations(small, order):
    channels = " ".join(f"{axis}rotation" for axis in order)
    text = SMALL.replace(
        "CHANNELS 3 Zrotation Xrotation Yrotation", f"CHANNELS {len(order)} {channels}"
    )
    values = [20.0, -35.0, 110.0][: len(order)]
    row = " ".join(map(str, [0, 0, 0, 0, 0, 0, *values]))
    motion = read_bvh(small(text[: text.index("1 2 3")] + f"{row}\n{row}\n"))
    turn = Rotation.from_euler(order, values, degrees=True)
    np.testing.assert_allclose(
        motion.directions[0, 1], turn.apply([0, 1, 0]).ravel(), atol=1e-9
    )


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("HIERARCHY", "HIERARCHIE", "no HIERARCHY followed by MOTION"),
        ("MOTION", "", "no HIERARCHY followed by MOTION"),
        ("Frames: 2", "Frames: 3", "3 frames of 9 channels need 27 numbers, but 18"),
        ("Frames: 2", "Frames: 0", "announces 0 frames"),
        ("Frames: 2", "", "'Frames:' and 'Frame Time:' do not follow"),
        ("Time: 0.05", "Time: 0", "announces 2 frames of 0.0 seconds"),
        ("0 90 0\n", "0 nan 0\n", "frame 1 holds NaN"),
        ("0 90 0\n", "0 inf 0\n", "frame 1 holds NaN or infinite"),
        ("0 90 0\n", "0 x 0\n", "is no BVH file, or a damaged one"),
        ("CHANNELS 3 Z", "CHANNELS 3 W", "'Wrotation' is no channel"),
        ("OFFSET 0 10 0", "OFFSET 0 nan 0", "an offset is not a number"),
        ("OFFSET 0 10 0", "OFFSET 0 a 0", "could not convert"),
        ("ROOT Hips", "JOINT Hips", "not exactly one ROOT"),
        ("JOINT Arm", "ROOT Arm", "not exactly one ROOT"),
        ("    }\n  }\n}", "    }\n  }", "braces do not match"),
        ("    }\n  }\n}", "    }\n  }\n}\n}", "not expected in the hierarchy"),
        ("OFFSET 0 10 0", "OFSET 0 10 0", "'OFSET' is not expected"),
    ],
)
def test_damaged_files(small, old, new, message):
    assert old in SMALL
    path = small(SMALL.replace(old, new, 1))
    with pytest.raises(UserError, match=message) as caught:
        read_bvh(path)
    assert path in str(caught.value) and "\n" not in str(caught.value)


def test_bones_without_length(small):
    text = SMALL.replace("OFFSET 0 10 0", "OFFSET 0 0 0").replace("0 5 0", "0 0 0")
    with pytest.raises(UserError, match="all bones have length 0"):
        read_bvh(small(text))


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match="cannot be read .No such file"):
        read_bvh(str(tmp_path / "none.bvh"))


@given(st.integers(0, len(SMALL) - 1), st.text(max_size=3))
@settings(max_examples=150, deadline=None)
def test_damage_anywhere_is_told_or_harmless(place, junk):
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/a.bvh"
        with open(path, "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(SMALL[:place] + junk + SMALL[place + 1 :])
        try:
            motion = read_bvh(path)
        except UserError:
            return
    assert np.isfinite(motion.directions).all()


def test_writing_what_does_not_fit(tmp_path):
    body, path = skeleton("upper_body"), str(tmp_path / "a.bvh")
    with pytest.raises(ValueError, match=r"\[N, 19, 3\], not \[4, 18, 3\]"):
        write_bvh(path, body, np.ones((4, 18, 3)), 15.0)
    with pytest.raises(ValueError, match="finite"):
        write_bvh(path, body, np.full((4, 19, 3), np.nan), 15.0)
    assert not os.path.exists(path)
