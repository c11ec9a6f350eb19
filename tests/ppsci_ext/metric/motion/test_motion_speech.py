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

from ppsci_ext.data.motion import SyntheticSpeech
from ppsci_ext.data.motion import skeleton
from ppsci_ext.metric.motion import beat_consistency
from ppsci_ext.metric.motion import frame_envelope
from ppsci_ext.metric.motion import lagged_correlation
from ppsci_ext.metric.motion import permutation_band
from ppsci_ext.metric.motion.speech import as_rows
from ppsci_ext.metric.motion.speech import audio_beats
from ppsci_ext.metric.motion.speech import beat_chance
from ppsci_ext.metric.motion.speech import mismatched_consistency
from ppsci_ext.metric.motion.speech import motion_beats

BODY = skeleton("upper_body")


@pytest.mark.parametrize("lag", [-7, -3, 0, 4])
@pytest.mark.parametrize("context", [0, 5, 8])
def test_lag_of_series_that_are_shifted(lag, context):
    """The motion repeats the speech `lag` frames later: before it, if that is negative."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((6, 100))
    speech = noise[:, 20 - context : 80 + context]
    series = noise[:, 20 - lag : 80 - lag]
    curve = lagged_correlation(3.0 * series + 1.0, speech, 8)
    assert curve.argmax() - 8 == lag
    assert curve.max() == pytest.approx(1.0)
    assert np.sort(np.abs(curve))[-2] < 0.5


def test_correlation_is_pearsons():
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 5, 50))
    expected = [np.corrcoef(x, y)[0, 1] for x, y in zip(a, b)]
    assert lagged_correlation(a, b, 0)[0] == pytest.approx(np.mean(expected))


def test_clips_that_stand_still_count_nothing():
    rng = np.random.default_rng(2)
    speech = rng.standard_normal((4, 40))
    series = speech.copy()
    series[:2] = 0.3
    assert lagged_correlation(series, speech, 0)[0] == pytest.approx(0.5)
    assert not lagged_correlation(np.full((4, 40), 0.1), speech, 3).any()
    with pytest.raises(ValueError, match="too few for a lag of 38"):
        lagged_correlation(series, speech, 38)


def test_band_holds_what_is_not_related():
    rng = np.random.default_rng(3)
    inside, p_values = [], []
    for _ in range(60):
        series, speech = rng.standard_normal((2, 12, 40))
        band, p_value = permutation_band(series, speech, 2, rng, rounds=99)
        curve = lagged_correlation(series, speech, 2)
        inside.append((band[0] <= curve) & (curve <= band[1]))
        p_values.append(p_value)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.05)
    # p-values of what is not related are uniform
    assert np.mean(p_values) == pytest.approx(0.5, abs=5 * 0.29 / np.sqrt(60))


def test_band_does_not_hold_what_is_related():
    rng = np.random.default_rng(4)
    series = rng.standard_normal((12, 40))
    speech = series + 2.0 * rng.standard_normal((12, 40))
    band, p_value = permutation_band(series, speech, 2, rng)
    assert lagged_correlation(series, speech, 2)[2] > band[1, 2]
    assert p_value == pytest.approx(1 / 501)


def test_frame_envelope_is_aligned():
    law = SyntheticSpeech(BODY)
    condition, (times, heights) = law.speech(40, np.random.default_rng(5))
    envelope = frame_envelope(condition["audio"])
    at = np.arange(-law.context, law.frames + law.context) / law.fps
    assert envelope.shape == (40, len(at))
    expected = np.log(0.05 + law.syllables.envelope(times, heights, at))
    found = [np.corrcoef(a, b)[0, 1] for a, b in zip(envelope, expected)]
    assert min(found) > 0.98


def test_audio_beats_are_the_syllables():
    law = SyntheticSpeech(BODY, frames=300)
    condition, (times, _) = law.speech(5, np.random.default_rng(6))
    found = audio_beats(condition["audio"], law.fps, law.context)
    near = np.abs(found[:, :, None] - times[:, None]).min(axis=2)
    assert np.nanpercentile(near, 95) < 0.06
    # some lie so close together that they are one peak
    inside = (times > 0) & (times < 20)
    assert 0.7 < np.sum((found > 0) & (found < 20)) / inside.sum() <= 1.02


def test_motion_beats_are_where_the_arms_turn_back():
    """A swing of 1 Hz comes to rest every half second."""
    fps, t = 15.0, np.arange(90) / 15.0
    angles = np.zeros((1, 90, 19, 2))
    angles[0, :, 4:6, 0] = 0.6 * np.cos(2 * np.pi * t)[:, None]
    beats = motion_beats(BODY.pose(angles), BODY, fps)[0]
    expected = np.arange(0.5, 5.6, 0.5)
    np.testing.assert_allclose(beats, expected, atol=0.04)
    still = BODY.pose(np.zeros((1, 90, 19, 2)))
    assert motion_beats(still, BODY, fps).size == 0


def test_consistency_by_hand():
    audio = as_rows([np.array([0.0, 1.0]), np.array([2.0]), np.array([])])
    motion = as_rows([np.array([0.1, 1.2]), np.array([]), np.array([1.0, 2.0, 3.0])])
    expected = (np.exp(-0.5) + np.exp(-2.0) + 0.0) / 3
    assert beat_consistency(audio, motion, 0.1) == pytest.approx(expected)
    assert beat_consistency(audio, audio) == 1.0
    assert beat_consistency(audio[:, :0], motion) == 0.0
    assert beat_consistency(audio, motion[:, :0]) == 0.0


@pytest.mark.parametrize("shape", [1.0, 3.0, 50.0])
def test_chance_in_closed_form(shape):
    """Motion beats at gamma intervals, audio beats at random, in clips without ends."""
    rng = np.random.default_rng(7)
    motion = np.cumsum(rng.gamma(shape, 0.4 / shape, (60, 300)), axis=1)
    audio = rng.uniform(10.0, 80.0, (60, 200))
    audio = np.where(audio < motion[:, -1:], audio, np.nan)
    found = beat_consistency(audio, motion)
    assert found == pytest.approx(beat_chance(motion), rel=0.02)
    assert mismatched_consistency(audio, motion) == pytest.approx(found, rel=0.05)
    assert beat_chance(motion[:, :1]) == 0.0


def test_excess_is_what_matching_brings():
    rng = np.random.default_rng(8)
    motion = np.cumsum(rng.gamma(4.0, 0.1, (50, 40)), axis=1)
    near = motion[:, ::3] + 0.03 * rng.standard_normal(motion[:, ::3].shape)
    matched = beat_consistency(near, motion)
    chance = mismatched_consistency(near, motion)
    assert matched > 0.9 and 0.4 < chance < 0.8


def test_beats_of_gestures_exceed_chance_only_with_their_own_speech():
    law = SyntheticSpeech(BODY)
    motion, condition = law.sample(1200, np.random.default_rng(9))
    moving = motion_beats(motion, BODY, law.fps)
    # the arms turn back a fixed while after the syllable
    heard = audio_beats(condition["audio"], law.fps, law.context) + 2 / law.fps
    heard = np.where((heard > 0) & (heard < 33 / law.fps), heard, np.nan)
    chance = mismatched_consistency(heard, moving)
    assert beat_consistency(heard, moving) > chance + 0.05
    other = beat_consistency(heard, np.roll(moving, 5, axis=0))
    assert other == pytest.approx(chance, abs=0.02)
