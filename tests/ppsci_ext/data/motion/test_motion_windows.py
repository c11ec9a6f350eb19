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

from ppsci_ext.data.motion import AUDIO_PER_FRAME
from ppsci_ext.data.motion import MotionWindows
from ppsci_ext.data.motion import SyntheticSpeech
from ppsci_ext.data.motion import join_windows
from ppsci_ext.data.motion import long_motion
from ppsci_ext.data.motion import skeleton
from ppsci_ext.data.motion.clips import Clip
from ppsci_ext.metric.motion import seam_test
from ppsci_ext.utils.errors import UserError

BODY = skeleton("upper_body")


def clip(frames, speaker=0, sound=True):
    """Directions that differ from frame to frame, and sound that counts its frames."""
    motion = SyntheticSpeech(BODY, frames=frames).sample(
        1, np.random.default_rng(speaker)
    )
    count = np.arange(1.0, AUDIO_PER_FRAME * frames + 1)[:, None] * [1.0, 2.0]
    audio = count.astype(np.float32) if sound else None
    return Clip(f"{speaker}", speaker, motion[0][0], audio)


def test_windows_with_their_sound():
    clips = [clip(20), clip(9), clip(15, speaker=2)]
    windows = MotionWindows(clips, frames=10, stride=5, context=3)
    assert len(windows) == 3 + 0 + 2
    motion, condition = windows[1]
    np.testing.assert_array_equal(motion, clips[0].motion[5:15])
    assert condition["speaker"] == 0 and windows[4][1]["speaker"] == 2
    # from three frames before the fifth to three after the fifteenth
    np.testing.assert_array_equal(condition["audio"], clips[0].audio[4:36])
    first = windows[0][1]["audio"]
    assert first.shape == (AUDIO_PER_FRAME * 16, 2)
    np.testing.assert_array_equal(first[:6], np.tile(clips[0].audio.min(0), (6, 1)))
    np.testing.assert_array_equal(first[6:], clips[0].audio[:26])
    last = windows[2][1]["audio"]
    np.testing.assert_array_equal(last[-6:], np.tile(clips[0].audio.min(0), (6, 1)))


def test_all_at_once():
    windows = MotionWindows([clip(30), clip(30, 1)], 10, 2, 3, seed_frames=4)
    motion, condition = windows.arrays()
    assert motion.shape == (22, 10, 19, 3)
    assert condition["audio"].shape == (22, AUDIO_PER_FRAME * 16, 2)
    assert (condition["speaker"].shape, condition["speaker"].dtype) == ((22,), np.int64)
    seeds = condition["seed_frames"]
    given = seeds.any(axis=(1, 2, 3))
    assert 4 < given.sum() < 18
    np.testing.assert_array_equal(seeds[given], motion[given, :4])
    every = MotionWindows([clip(30)], 10, 2, 3, seed_frames=4, seed_share=1.0)
    assert every.arrays()[1]["seed_frames"].any(axis=(1, 2, 3)).all()


def test_without_sound():
    _, condition = MotionWindows([clip(12, sound=False)], 10, 1, 3)[0]
    assert set(condition) == {"speaker"}


def test_bad_windows():
    with pytest.raises(
        UserError, match="no clip has the 40 frames.*the longest has 30"
    ):
        MotionWindows([clip(30)], 40, 1, 3)
    with pytest.raises(UserError, match="seed_frames is 10 and stride 1"):
        MotionWindows([clip(30)], 10, 1, 3, seed_frames=10)


def test_joined_windows_are_the_motion_that_they_were_cut_from():
    motion = clip(52).motion
    windows = [motion[start : start + 20] for start in range(0, 33, 16)]
    joined, seams = join_windows(windows, 4)
    assert seams == [16, 32]
    np.testing.assert_allclose(joined, motion, atol=1e-6)
    joined, seams = join_windows([motion[:20], motion[20:40]], 0)
    np.testing.assert_array_equal(joined, motion[:40])
    assert seams == [20]


def test_windows_fade_into_each_other():
    start, end = np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
    joined, _ = join_windows([np.tile(start, (6, 1, 1)), np.tile(end, (6, 1, 1))], 3)
    angles = np.degrees(np.arctan2(joined[:, 0, 1], joined[:, 0, 0]))
    assert len(joined) == 9
    assert (np.diff(angles) >= 0).all() and np.diff(angles).max() < 30
    np.testing.assert_allclose(np.linalg.norm(joined, axis=2), 1)


def perfect(law, rng, seen):
    """A generator that goes on from its seed frames as the law does, in one mode."""

    def step(audio, seeds):
        seen.append((audio, seeds))
        condition = {"audio": audio, "speaker": np.zeros(1, np.int64)}
        mean = law.conditional_mean(condition, np.ones(1, np.int64))[0]
        noise = rng.standard_normal(mean.reshape(len(mean), -1).shape)
        noise = (noise @ np.linalg.cholesky(law.noise_cov).T).reshape(mean.shape)
        known = law.skeleton.angles(seeds[0]) - mean[: seeds.shape[1]]
        given = seeds.any()
        for t in range(len(noise)):
            if given and t < len(known):
                noise[t] = known[t]
            elif t:
                scale = np.sqrt(1 - law.persistence**2)
                noise[t] = law.persistence * noise[t - 1] + scale * noise[t]
        return law.skeleton.pose(mean + noise)[None].astype(np.float32)

    return step


def test_a_minute_without_a_jump_and_one_with():
    long = SyntheticSpeech(BODY, frames=900)
    law = SyntheticSpeech(BODY, frames=34, seed_frames=4)
    rng = np.random.default_rng(0)
    audio = long.speech(1, rng)[0]["audio"][0]
    seen = []
    step = perfect(law, rng, seen)
    motion, seams = long_motion(step, audio, 900, 34, 4, law.context, BODY.num_bones)
    assert motion.shape == (900, 19, 3) and seams == list(range(30, 900, 30))
    assert not seen[0][1].any() and all(seeds.any() for _, seeds in seen[1:])
    start = AUDIO_PER_FRAME * 30
    np.testing.assert_array_equal(
        seen[1][0][0], audio[start : start + len(seen[0][0][0])]
    )
    smooth = seam_test(motion, seams, 4, BODY, 15.0)
    assert smooth["p_value"] > 0.05 and smooth["seams_above"] < 0.15
    assert smooth["seam_speed"] == pytest.approx(smooth["other_speed"], rel=0.2)

    def deaf(audio, seeds):  # to the frames before
        return step(audio, np.zeros_like(seeds))

    motion, seams = long_motion(deaf, audio, 900, 34, 0, law.context, BODY.num_bones)
    jumps = seam_test(motion, seams, 0, BODY, 15.0)
    assert jumps["p_value"] < 0.01
    assert jumps["seam_speed"] > 1.2 * jumps["other_speed"]


@pytest.mark.parametrize("frames", [10, 34, 35, 64, 65])
def test_any_length(frames):
    law = SyntheticSpeech(BODY, frames=34, seed_frames=4)
    rng = np.random.default_rng(1)
    audio = SyntheticSpeech(BODY, frames=frames).speech(1, rng)[0]["audio"][0]
    step = perfect(law, rng, [])
    motion, seams = long_motion(step, audio, frames, 34, 4, law.context, 19)
    assert len(motion) == frames and all(seam < frames for seam in seams)
    np.testing.assert_allclose(np.linalg.norm(motion, axis=2), 1, rtol=1e-5)
    with pytest.raises(ValueError, match="frames need"):
        long_motion(step, audio[:-1], frames, 34, 4, law.context, 19)
