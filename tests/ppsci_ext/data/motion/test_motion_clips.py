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

import os
import shutil

import numpy as np
import pytest
from scipy.io import wavfile

from ppsci_ext.data.motion import AUDIO_PER_FRAME
from ppsci_ext.data.motion import MotionClips
from ppsci_ext.data.motion import MotionWindows
from ppsci_ext.data.motion import SyntheticSpeech
from ppsci_ext.data.motion import read_bvh
from ppsci_ext.data.motion import read_bvh_folder
from ppsci_ext.data.motion import read_npz_folder
from ppsci_ext.data.motion import skeleton
from ppsci_ext.data.motion import split_clips
from ppsci_ext.data.motion import write_bvh
from ppsci_ext.data.motion.clips import Clip
from ppsci_ext.metric.motion import frame_envelope
from ppsci_ext.metric.motion import lagged_correlation
from ppsci_ext.metric.motion import movements
from ppsci_ext.metric.motion import permutation_band
from ppsci_ext.metric.motion import wrist_speed
from ppsci_ext.utils.errors import UserError

CMU = os.path.join(os.path.dirname(__file__), "cmu_12_01_walk_cut.bvh")
BODY = skeleton("upper_body")


def gestures(frames=60, fps=30.0, seed=0):
    law = SyntheticSpeech(BODY, frames=frames, fps=fps)
    return law.sample(1, np.random.default_rng(seed))[0][0].astype(np.float64)


def write_wav(path, seconds, rate=16000):
    noise = np.random.default_rng(0).standard_normal(int(seconds * rate))
    wavfile.write(str(path), rate, (0.1 * noise).astype(np.float32))


@pytest.fixture
def folder(tmp_path):
    """Two speakers, three clips of two seconds with sound."""
    for seed, name in enumerate(("ann/one", "ann/two", "bob/one")):
        os.makedirs(tmp_path / os.path.dirname(name), exist_ok=True)
        write_bvh(str(tmp_path / f"{name}.bvh"), BODY, gestures(seed=seed), 30.0)
        write_wav(tmp_path / f"{name}.wav", 2.0)
    return tmp_path


def test_folder_of_bvh_and_wav(folder):
    data = read_bvh_folder(str(folder), fps=15.0)
    assert data.speakers == ("ann", "bob") and data.fps == 15.0
    assert [clip.speaker for clip in data.clips] == [0, 0, 1]
    for clip in data.clips:
        assert clip.motion.shape == (30, 19, 3) and clip.motion.dtype == np.float32
        assert clip.audio.shape == (30 * AUDIO_PER_FRAME, 27)
        np.testing.assert_allclose(np.linalg.norm(clip.motion, axis=2), 1, rtol=1e-6)
    np.testing.assert_allclose(data.skeleton.lengths.sum(), BODY.lengths.sum())


def test_sound_stays_with_the_motion(tmp_path):
    """A click one second in, in a clip whose first frames are dropped as a T-pose."""
    motion = gestures(90)
    motion[:6] = BODY.pose(np.where(np.arange(38).reshape(19, 2) < 2, 0.0, 1.0))
    write_bvh(str(tmp_path / "a.bvh"), BODY, motion, 30.0)
    samples = np.zeros(48000, np.float32)
    samples[16000] = 1.0
    wavfile.write(str(tmp_path / "a.wav"), 16000, samples)
    (clip,) = read_bvh_folder(str(tmp_path), fps=15.0).clips
    assert len(clip.motion) == 42
    second = clip.audio.max(axis=1).argmax() / (15.0 * AUDIO_PER_FRAME)
    assert second == pytest.approx(1.0 - 6 / 30.0, abs=0.02)


def test_without_sound(tmp_path):
    shutil.copy(CMU, tmp_path / "a.bvh")
    data = read_bvh_folder(str(tmp_path))
    (clip,) = data.clips
    assert clip.audio is None and data.speakers == (tmp_path.name,)
    # 61 frames, the first a T-pose, from 30 to 15 a second
    assert clip.motion.shape == (30, 27, 3)
    motion = read_bvh(CMU).directions
    assert np.abs(clip.motion[10] - motion[21]).max() < 0.15
    assert np.abs(clip.motion[0] - motion[0]).max() > 0.3


def test_faster_motion_is_smoothed_before_frames_are_left_out(tmp_path):
    """A tremor at the old frame rate's half must not turn up as slow motion."""
    angles = np.zeros((120, 19, 2))
    angles[:, 5, 0] = 0.2 * (-1.0) ** np.arange(120)
    write_bvh(str(tmp_path / "a.bvh"), BODY, BODY.pose(angles), 60.0)
    (clip,) = read_bvh_folder(str(tmp_path), fps=15.0).clips
    assert np.abs(BODY.angles(clip.motion[2:-2])[:, 5, 0]).max() < 0.005


def test_jumps_are_cut_out(tmp_path):
    motion = gestures(100)
    motion[45:, 5] *= -1
    write_bvh(str(tmp_path / "a.bvh"), BODY, motion, 30.0)
    write_wav(tmp_path / "a.wav", 100 / 30)
    clips = read_bvh_folder(str(tmp_path), fps=30.0).clips
    assert [len(clip.motion) for clip in clips] == [45, 55]
    assert [len(clip.audio) for clip in clips] == [90, 110]
    assert clips[0].name.endswith("(1)") and clips[1].name.endswith("(2)")


def test_a_bone_that_jumps_again_and_again(tmp_path):
    motion = gestures(100)
    motion[::5, 5] *= -1
    write_bvh(str(tmp_path / "a.bvh"), BODY, motion, 30.0)
    with pytest.raises(UserError, match="a.bvh: 'left_hand|a.bvh: '.*jumps by 1[78]"):
        read_bvh_folder(str(tmp_path), fps=30.0)


@pytest.mark.parametrize("seconds, fine", [(2.5, True), (1.8, True), (1.2, False)])
def test_length_of_the_sound(folder, seconds, fine):
    write_wav(folder / "bob/one.wav", seconds)
    if fine:
        frames = len(read_bvh_folder(str(folder), fps=30.0).clips[2].motion)
        assert frames == (60 if seconds > 2 else 54)
    else:
        with pytest.raises(
            UserError, match="one.bvh: its sound ends 0.80 seconds before"
        ):
            read_bvh_folder(str(folder))


def test_bad_folders(folder, tmp_path_factory):
    with pytest.raises(UserError, match="there is no folder"):
        read_bvh_folder(str(folder / "none"))
    with pytest.raises(UserError, match="holds no .bvh file"):
        read_bvh_folder(str(tmp_path_factory.mktemp("empty")))
    os.remove(folder / "ann/two.wav")
    with pytest.raises(UserError, match="two.bvh has no sound, but others have"):
        read_bvh_folder(str(folder))


def test_files_of_different_skeletons(folder):
    shutil.copy(CMU, folder / "bob/walk.bvh")
    with pytest.raises(UserError, match="walk.bvh has another skeleton than .*one.bvh"):
        read_bvh_folder(str(folder))


def test_clips_below_a_second(tmp_path):
    write_bvh(str(tmp_path / "a.bvh"), BODY, gestures(20), 30.0)
    with pytest.raises(UserError, match="no clip is left of a second or more"):
        read_bvh_folder(str(tmp_path))


# npz


def write_npz(folder, motion, audio=None, table=None):
    np.savez(folder / "motion.npz", **motion)
    if audio is not None:
        np.savez(folder / "audio.npz", **audio)
    if table is not None:
        (folder / "clips.csv").write_text(table)


def test_npz_of_directions_or_positions(tmp_path):
    motion = gestures()
    sound = np.random.default_rng(0).standard_normal((81, 5)).astype(np.float16)
    for kind in (motion, BODY.positions(motion) + 3.0):
        write_npz(tmp_path, {"a": kind}, {"a": sound}, "clip,speaker\na,ann\n")
        data = read_npz_folder(str(tmp_path), BODY, fps=30.0, motion_rate=30.0)
        (clip,) = data.clips
        np.testing.assert_allclose(clip.motion, motion, atol=1e-6)
        assert clip.audio.shape == (120, 5) and data.speakers == ("ann",)
        np.testing.assert_allclose(clip.audio[::3], sound[:80:2], atol=1e-3)


def test_axes_of_pictures(tmp_path):
    motion = gestures()
    write_npz(tmp_path, {"a": motion * [1, -1, -1]})
    data = read_npz_folder(str(tmp_path), BODY, fps=30.0, motion_rate=30.0, y_down=True)
    np.testing.assert_allclose(data.clips[0].motion, motion, atol=1e-6)
    assert data.speakers == ("speaker",)


def with_nan(motion):
    motion = motion.copy()
    motion[7, 3, 0] = np.nan
    return motion


@pytest.mark.parametrize(
    "change, message",
    [
        (with_nan, "frame 7 holds NaN"),
        (lambda m: m * 1.1, "vectors of another length than 1"),
        (lambda m: m[:, :10], "10 vectors a frame, but .* 19 bones and 20 joints"),
        (lambda m: m[..., :2], r"has shape \[60, 19, 2\]; make it \[N, 19, 3\]"),
        (lambda m: m[:0], r"has shape \[0, 19, 3\]"),
        (lambda m: np.zeros((60, 20, 3)), "a bone has length 0"),
    ],
)
def test_bad_arrays(tmp_path, change, message):
    write_npz(tmp_path, {"good": gestures(), "bad": change(gestures())})
    with pytest.raises(UserError, match=message) as caught:
        read_npz_folder(str(tmp_path), BODY)
    assert "motion.npz: 'bad'" in str(caught.value)


def test_bad_npz_folders(tmp_path):
    with pytest.raises(UserError, match="there is no motion.npz or human_dir_vec.npz"):
        read_npz_folder(str(tmp_path), BODY)
    write_npz(tmp_path, {"a": gestures()}, None, "clip,name\na,ann\n")
    with pytest.raises(UserError, match="clips.csv has no column 'speaker'"):
        read_npz_folder(str(tmp_path), BODY)
    (tmp_path / "clips.csv").write_text("clip,speaker\nb,ann\n")
    with pytest.raises(UserError, match="clips.csv has no row for clip 'a'"):
        read_npz_folder(str(tmp_path), BODY)
    os.remove(tmp_path / "clips.csv")
    for sound in (np.ones((200, 3, 3)), np.full((200, 3), np.nan)):
        write_npz(tmp_path, {"a": gestures()}, {"a": sound})
        with pytest.raises(UserError, match="audio.npz: 'a' must be finite numbers"):
            read_npz_folder(str(tmp_path), BODY)
    (tmp_path / "motion.npz").write_bytes(b"PK nothing")
    with pytest.raises(UserError, match="motion.npz cannot be read"):
        read_npz_folder(str(tmp_path), BODY)


def test_ted_culture(real_data):
    """Real speech and gesture: the figures that were measured on them elsewhere."""
    root = f"{real_data}/motion/ted_culture"
    if not os.path.isdir(root):
        pytest.skip("there is no motion/ted_culture among the real data")
    body = skeleton("ted_expressive")
    data = read_npz_folder(root, body, speaker_column="video", y_down=True)
    assert len(data.clips) == 19 and len(data.speakers) == 18
    speeds = [wrist_speed(clip.motion[None], body, 15.0) for clip in data.clips]
    sounds = [frame_envelope(clip.audio[None]) for clip in data.clips]
    curves = [lagged_correlation(*pair, 8) for pair in zip(speeds, sounds)]
    curve = np.mean(curves, axis=0)
    assert curve.argmax() - 8 == -5
    assert curve.max() == pytest.approx(0.163, abs=0.005)
    motion, condition = MotionWindows(data.clips, 34, 10, context=6).arrays()
    assert len(motion) > 195
    found = movements(motion, body, 15.0)
    assert found["acceleration"].mean() == pytest.approx(12.5, rel=0.03)
    assert found["jerk"].mean() == pytest.approx(314, rel=0.03)
    # no permutation of the windows' sound comes near
    _, p_value = permutation_band(
        wrist_speed(motion, body, 15.0),
        frame_envelope(condition["audio"]),
        8,
        np.random.default_rng(0),
    )
    assert p_value < 0.01


# splitting


def clips_of(speakers, frames=20):
    motion = np.tile(BODY.rest.astype(np.float32), (frames, 1, 1))
    clips = [Clip(f"{i}", s, motion, None) for i, s in enumerate(speakers)]
    return MotionClips(BODY, clips, tuple(f"s{s}" for s in sorted(set(speakers))), 15.0)


@pytest.mark.parametrize("seed", range(5))
def test_split_by_clip(seed):
    data = clips_of([0, 0, 0, 1, 1, 2, 3, 3])
    train, held_out = split_clips(data, 0.3, seed)
    assert len(train) == 5 and len(held_out) == 3
    assert sorted(c.name for c in (*train, *held_out)) == list("01234567")
    assert {c.speaker for c in train} == {0, 1, 2, 3}
    again, _ = split_clips(data, 0.3, seed)
    assert [c.name for c in again] == [c.name for c in train]


def test_split_where_speakers_have_one_clip():
    train, held_out = split_clips(clips_of([0, 1, 2, 3]), 0.25, 0)
    assert (len(train), len(held_out)) == (3, 1)
    assert split_clips(clips_of([0, 1]), 0.0, 0)[1] == []
    with pytest.raises(UserError, match="leaves none to train on"):
        split_clips(clips_of([0]), 0.5, 0)
    with pytest.raises(UserError, match="the part held out is 1"):
        split_clips(clips_of([0]), 1, 0)
