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

"""Scores tell real motion from motion made to be wrong, each by what is wrong with it."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest

from ppsci_ext.data.motion import SyntheticSpeech
from ppsci_ext.data.motion import skeleton
from ppsci_ext.metric.motion import MotionSet
from ppsci_ext.metric.motion import motion_scores
from ppsci_ext.metric.motion import movements

LAW = SyntheticSpeech(skeleton("upper_body"))
LEFT_ONLY = SyntheticSpeech(skeleton("upper_body"), right_share=0.0)
CLIPS = 96


@functools.lru_cache(maxsize=None)
def draw(seed, law=LAW):
    rng = np.random.default_rng(seed)
    condition, _ = LAW.speech(CLIPS, rng)
    takes = [law.motion(condition, rng)[0] for _ in range(2)]
    return MotionSet(takes[0], condition["audio"], condition["speaker"], takes[1])


REAL, OTHER = draw(1), draw(2)


def score(fake, synthetic=LAW, **arguments):
    rng = np.random.default_rng(0)
    return motion_scores(
        fake, REAL, OTHER, LAW.skeleton, LAW.fps, rng, synthetic=synthetic, **arguments
    )


@functools.lru_cache(maxsize=None)
def scores_of(change=None, law=LAW):
    """Scores of a set drawn from the law and changed."""
    fake = draw(3, law)
    return score(fake if change is None else change(fake))


@pytest.fixture
def of_real():
    return scores_of()


def held(fake):
    """The pose of the first frame throughout."""
    still = np.broadcast_to(fake.motion[:, :1], fake.motion.shape)
    return fake._replace(motion=still, again=still)


def with_mean_pose(fake):
    """What a generator that only regresses gives: the mean given the speech, no noise."""
    condition = {"audio": fake.audio, "speaker": fake.speaker}
    right, left = (LAW.conditional_mean(condition, np.array(mode)) for mode in (1, 0))
    angles = LAW.right_share * right + (1 - LAW.right_share) * left
    motion = LAW.skeleton.pose(angles)
    return fake._replace(motion=motion, again=motion)


def with_jitter(fake):
    noise = np.random.default_rng(5).standard_normal(fake.motion.shape)
    motion = fake.motion + 0.08 * noise
    return fake._replace(motion=motion / np.linalg.norm(motion, axis=-1, keepdims=True))


def with_one_hand(fake):
    """The right hand and its arm keep their mean pose."""
    motion = fake.motion.copy()
    right = [*LAW.arms[2:], *LAW.skeleton.hand("right")]
    motion[:, :, right] = motion[:, :, right].mean(axis=1, keepdims=True)
    motion /= np.linalg.norm(motion, axis=-1, keepdims=True)
    return fake._replace(motion=motion)


def with_other_audio(fake):
    return fake._replace(audio=fake.audio[::-1])


def late(fake):
    """Four frames later than it should be."""
    return fake._replace(motion=np.roll(fake.motion, 4, axis=1))


def with_other_speaker(fake):
    return fake._replace(speaker=(fake.speaker + 1) % LAW.num_speakers)


def bent(fake):
    """Joints that bend too far."""
    angles = LAW.skeleton.angles(fake.motion)
    angles[..., 0] *= 2.5
    return fake._replace(motion=LAW.skeleton.pose(angles))


def stretched(fake):
    return fake._replace(motion=1.2 * fake.motion)


def without_finger_correlation(fake):
    law = SyntheticSpeech(LAW.skeleton, finger_correlation=0.0)
    condition = {"audio": fake.audio, "speaker": fake.speaker}
    motion, _ = law.motion(condition, np.random.default_rng(7))
    return fake._replace(motion=motion)


def test_the_format_is_plain(of_real):
    assert json.loads(json.dumps(of_real)) == of_real
    for entry in of_real.values():
        assert {"value", "real", "controls", "truth", "se"} <= set(entry)
        assert set(entry["controls"]) == {
            "static_pose",
            "shuffled_audio",
            "shuffled_speaker",
        }


def test_real_motion_agrees_with_the_truth(of_real):
    with_truth = {k: v for k, v in of_real.items() if v["truth"] is not None}
    assert len(with_truth) == 9
    for name, entry in with_truth.items():
        if name == "angle_frechet":  # of few samples it is above 0: compare with real
            assert 0 < entry["value"] < 2.5 * entry["real"] + 4 * entry["se"]
        elif name == "angle_lag":
            assert entry["value"] == entry["truth"] == -3 and entry["se"] is None
        else:
            assert abs(entry["value"] - entry["truth"]) < 4 * entry["se"], name


def test_real_motion_scores_as_real(of_real):
    for name, entry in of_real.items():
        apart = abs(entry["value"] - entry["real"])
        if name == "limit_violations":  # a few in a set, in one clip or in none
            assert max(entry["value"], entry["real"]) < 1e-3
            continue
        assert apart <= 4.5 * np.sqrt(2) * (entry["se"] or 0.0) + 1e-6, name


@pytest.mark.parametrize(
    "change, names",
    [
        (held, ["l1_diversity", "left_arm", "right_fingers", "speed", "multimodality"]),
        (held, ["speed_hellinger", "frechet", "audio_correlation"]),
        (held, ["angle_correlation", "spread_of_takes"]),
        (with_mean_pose, ["multimodality", "left_fingers", "jerk", "spread_of_takes"]),
        (with_mean_pose, ["frechet", "angle_correlation", "diversity"]),
        (
            with_jitter,
            ["acceleration", "jerk", "jerk_hellinger", "acceleration_hellinger"],
        ),
        (with_jitter, ["finger_correlation", "angle_correlation", "angle_frechet"]),
        (with_one_hand, ["right_arm", "right_fingers", "frechet"]),
        (with_other_audio, ["audio_correlation", "angle_correlation"]),
        (late, ["audio_correlation", "angle_correlation", "angle_lag", "audio_lag"]),
        (with_other_speaker, ["speaker_frechet", "limit_violations"]),
        (bent, ["limit_violations", "mean_cosine", "angle_frechet"]),
        (without_finger_correlation, ["finger_correlation", "angle_frechet"]),
    ],
)
def test_what_is_wrong_is_seen(change, names):
    scores = scores_of(change)
    for name in names:
        entry = scores[name]
        wanted = entry["real"] if entry["truth"] is None else entry["truth"]
        if name.endswith(("frechet", "hellinger")):
            wanted = entry["real"]
        if entry["value"] is None:  # nothing left to score
            continue
        assert abs(entry["value"] - wanted) > 4 * (entry["se"] or 0.0), name
        if name.endswith("frechet"):
            assert entry["value"] > 2 * entry["real"], name


def test_one_hand_does_not_hide_behind_the_other():
    scores = scores_of(with_one_hand)
    for name in ("left_arm", "left_fingers"):
        entry = scores[name]
        assert abs(entry["value"] - entry["real"]) < 5 * entry["se"]
    # their directions are held, but the trunk still moves a little
    assert scores["right_fingers"]["value"] < 0.02 * scores["right_fingers"]["real"]


def test_one_mode_only():
    scores = scores_of(law=LEFT_ONLY)
    share = scores["mode_share"]
    assert share["value"] == 0.0 and share["truth"] == LAW.right_share
    for name in ("frechet", "angle_frechet", "speaker_frechet"):
        assert scores[name]["value"] > 3 * scores[name]["real"], name
    assert scores["multimodality"]["value"] < 0.8 * scores["multimodality"]["real"]
    # what happens within a mode is right
    takes = scores["spread_of_takes"]
    assert abs(takes["value"] - takes["truth"]) < 4 * takes["se"]


def test_lengths_of_bones():
    assert scores_of(stretched)["bone_length"]["value"] == pytest.approx(0.2, 1e-3)


def test_controls_fail_where_they_should(of_real):
    def control(name, which):
        return of_real[name]["controls"][which]

    for name in ("left_arm", "right_arm", "left_fingers", "right_fingers", "speed"):
        assert control(name, "static_pose") < 0.01 * of_real[name]["real"]
    for name in ("audio_correlation", "angle_correlation"):
        real, entry = of_real[name]["real"], of_real[name]
        assert abs(control(name, "shuffled_audio")) < 0.3 * real
        assert abs(control(name, "static_pose")) < 0.01 * real
        assert real > 4 * entry["se"]
    assert (
        control("speaker_frechet", "shuffled_speaker")
        > 3 * of_real["speaker_frechet"]["real"]
    )
    assert control("frechet", "static_pose") > 3 * of_real["frechet"]["real"]
    # and only there
    assert control("frechet", "shuffled_audio") == of_real["frechet"]["real"]
    assert control("angle_correlation", "shuffled_speaker") == pytest.approx(
        of_real["angle_correlation"]["real"]
    )


def test_permutation_band(of_real):
    entry = of_real["audio_correlation"]
    low, high = entry["band"]
    assert low < 0 < high < entry["value"] and entry["p_value"] < 0.01
    shuffled = scores_of(with_other_audio)["audio_correlation"]
    assert shuffled["p_value"] > 0.01


def test_standard_errors(of_real):
    """Those of means over clips are known; 20 groups tell them to about a sixth."""
    share = of_real["mode_share"]["value"]
    expected = np.sqrt(share * (1 - share) / CLIPS)
    assert of_real["mode_share"]["se"] == pytest.approx(expected, rel=0.5)
    speed = movements(draw(3).motion, LAW.skeleton, LAW.fps)["speed"].mean(axis=(1, 2))
    expected = speed.std() / np.sqrt(CLIPS)
    assert of_real["speed"]["se"] == pytest.approx(expected, rel=0.5)


def test_motion_without_speech():
    def bare(one):
        return MotionSet(one.motion)

    rng = np.random.default_rng(0)
    scores = motion_scores(
        bare(draw(3)), bare(REAL), bare(OTHER), LAW.skeleton, LAW.fps, rng
    )
    assert set(scores["frechet"]["controls"]) == {"static_pose"}
    assert "audio_correlation" not in scores and "speaker_frechet" not in scores
    assert "multimodality" not in scores and "mode_share" not in scores
    assert all(entry["truth"] is None for entry in scores.values())
    assert scores["limit_violations"]["value"] is not None


def test_features_of_ones_own():
    def features(motion):
        return np.asarray(motion)[:, 0, :2].reshape(len(motion), -1)

    scores = score(draw(3), features=features)
    assert scores["frechet"]["value"] != scores_of()["frechet"]["value"]


@pytest.mark.parametrize(
    "fake, message",
    [
        (MotionSet(np.zeros((CLIPS, 34, 18, 3))), r"must be motion \[n, T, 19, 3\]"),
        (MotionSet(np.full((CLIPS, 34, 19, 3), np.nan)), "fake must be finite"),
        (MotionSet(np.ones((8, 34, 19, 3))), "the same number of clips"),
        (MotionSet(np.ones((2, 34, 19, 3))), "at least 4 clips"),
        (draw(3)._replace(speaker=np.zeros(3, int)), "different numbers of clips"),
    ],
)
def test_bad_sets(fake, message):
    with pytest.raises(ValueError, match=message):
        score(fake)
