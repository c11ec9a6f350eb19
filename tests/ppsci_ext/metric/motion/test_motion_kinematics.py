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

from ppsci_ext.data.motion import Skeleton
from ppsci_ext.data.motion import SyntheticSpeech
from ppsci_ext.data.motion import skeleton
from ppsci_ext.metric.motion import bone_length_error
from ppsci_ext.metric.motion import diversity
from ppsci_ext.metric.motion import hellinger
from ppsci_ext.metric.motion import limit_violations
from ppsci_ext.metric.motion import movements
from ppsci_ext.metric.motion import multimodality
from ppsci_ext.metric.motion import wrist_speed
from ppsci_ext.metric.motion.kinematics import arm_liveliness
from ppsci_ext.metric.motion.kinematics import finger_liveliness
from ppsci_ext.metric.motion.variety import features_frechet
from ppsci_ext.metric.motion.variety import l1_diversity
from ppsci_ext.metric.motion.variety import speaker_frechet

FPS, OMEGA = 20.0, 3.0
# two bones from the root, half a metre long
PAIR = Skeleton(
    "pair",
    ("root", "left_hand", "right_hand"),
    ((0, 1), (0, 2)),
    [0.5, 0.5],
    np.eye(3)[:2],
)


def circling(frames=41):
    """The left bone turns in the plane, the right one is still."""
    t = np.arange(frames) / FPS
    motion = np.zeros((1, frames, 2, 3))
    motion[0, :, 0, 0], motion[0, :, 0, 1] = np.cos(OMEGA * t), np.sin(OMEGA * t)
    motion[0, :, 1, 1] = 1.0
    return motion


def test_movements_on_a_circle():
    """Differences between frames shrink each derivative by sinc of half the turn."""
    found = movements(circling(), PAIR, FPS)
    chord = 2 * np.sin(OMEGA / FPS / 2) * FPS
    for order, name in enumerate(("speed", "acceleration", "jerk"), start=1):
        assert found[name].shape == (1, 41 - order, 2)
        np.testing.assert_allclose(found[name][..., 0], 0.5 * chord**order, rtol=1e-9)
        np.testing.assert_allclose(found[name][..., 1], 0, atol=1e-9)


def test_wrist_speed_is_the_mean_of_both():
    speed = wrist_speed(circling(), PAIR, FPS)
    expected = 0.5 * np.sin(OMEGA / FPS) * FPS / 2
    np.testing.assert_allclose(speed[0, 1:-1], expected, rtol=1e-9)


def test_arm_liveliness_on_a_circle():
    """Over whole turns the root mean square distance from the middle is the radius."""
    t = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    motion = np.zeros((1, 200, 2, 3))
    motion[0, :, 0, 0], motion[0, :, 0, 1] = np.cos(t), np.sin(t)
    motion[0, :, 1, 1] = 1.0
    assert arm_liveliness(motion, PAIR, "left") == pytest.approx(0.5)
    assert arm_liveliness(motion, PAIR, "right") == pytest.approx(0.0)


def test_finger_liveliness_does_not_see_the_arm():
    body = skeleton("upper_body")
    t = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    angles = np.zeros((1, 200, 19, 2))
    angles[0, :, 5, 0] = np.sin(t)  # the left forearm
    assert finger_liveliness(angles, body, "left") == pytest.approx(0.0, abs=1e-12)
    angles[0, :, body.hand("right"), 0] = 0.05 * np.sin(t)
    found = finger_liveliness(angles, body, "right")
    assert found == pytest.approx(0.05 / np.sqrt(2), rel=1e-3)
    moved = body.pose(angles)
    assert (
        arm_liveliness(moved, body, "left") > 0.1 > arm_liveliness(moved, body, "right")
    )


def test_hellinger():
    rng = np.random.default_rng(0)
    values = rng.uniform(0, 1, 10000)
    assert hellinger(values, values) == 0.0
    assert hellinger(values, values + 0.0) < hellinger(0.9 * values, values)
    assert hellinger(values * 0.5, values) == pytest.approx(
        np.sqrt(1 - np.sqrt(0.5)), abs=0.02
    )
    assert hellinger(values + 5, values) > 0.9  # all in the last bin
    half = rng.uniform(0, 1, 10000)
    assert hellinger(half, values) < 0.06
    assert hellinger(np.zeros(5), np.zeros(5)) == 0.0


def test_bone_length_error():
    body = skeleton("upper_body")
    rng = np.random.default_rng(0)
    motion = SyntheticSpeech(body, frames=10).sample(4, rng)[0]
    assert bone_length_error(motion, np.ones(19)).max() < 1e-6
    offsets = body.offsets(body.positions(motion))
    offsets[2] *= 1.1
    offsets[3, 5, 7] *= 0.5
    errors = bone_length_error(offsets, body.lengths)
    np.testing.assert_allclose(errors, [0, 0, 0.1, 0.5 / 190], atol=2e-5)


def test_limit_violations():
    angles = np.zeros((2, 10, 3, 2))
    angles[0, 4, 1, 0], angles[0, 5, 1, 1] = 0.6, -0.6
    limits = np.tile([-0.5, 0.5], (3, 2, 1))
    np.testing.assert_allclose(limit_violations(angles, limits), [2 / 60, 0])
    each = np.stack([limits * 2, limits * 0 + [0.1, 0.2]])
    np.testing.assert_allclose(limit_violations(angles, each), [0, 1])


def test_diversity_and_multimodality():
    features = np.array([[0.0, 0], [3, 4], [0, 0]])
    assert diversity(features) == pytest.approx(10 / 3)
    assert diversity(features[:1]) == 0.0
    assert multimodality(features, features[::-1]) == 0.0
    assert multimodality(features, features + [0, 2]) == pytest.approx(2.0)
    rng = np.random.default_rng(1)
    gaussian = rng.standard_normal((3000, 1))
    assert diversity(gaussian) == pytest.approx(2 / np.sqrt(np.pi), rel=0.03)
    assert l1_diversity(np.ones((2, 5, 3, 3))) == 0.0
    assert l1_diversity(circling()) > 0.1


def test_frechet_of_features():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((5000, 3))
    assert features_frechet(x, x) == pytest.approx(0.0, abs=1e-9)
    assert features_frechet(x + [3, 0, 0], x) == pytest.approx(9.0, rel=1e-6)
    assert features_frechet(2 * x, x) == pytest.approx(
        np.sum(x.mean(0) ** 2) + np.trace(np.cov(x.T)), rel=1e-6
    )
    one = rng.standard_normal((40, 1))
    assert features_frechet(one, one + 1) == pytest.approx(1.0)


def test_speakers_who_are_confused():
    rng = np.random.default_rng(3)
    speaker = rng.integers(3, size=600)
    x = rng.standard_normal((600, 2)) + 5.0 * speaker[:, None]
    swapped = (speaker + 1) % 3
    assert speaker_frechet(x, speaker, x, speaker) == pytest.approx(0.0, abs=1e-9)
    assert speaker_frechet(x, swapped, x, speaker) > 20
    assert features_frechet(x, x) == pytest.approx(0.0, abs=1e-9)
    assert np.isnan(speaker_frechet(x[:3], np.arange(3), x, speaker))
