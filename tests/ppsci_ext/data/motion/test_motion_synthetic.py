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

"""The synthetic set against its closed forms: each within five standard errors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from ppsci_ext.data.motion import AUDIO_PER_FRAME
from ppsci_ext.data.motion import Skeleton
from ppsci_ext.data.motion import SyntheticSpeech
from ppsci_ext.data.motion import skeleton
from ppsci_ext.data.motion.syllables import Syllables
from ppsci_ext.data.motion.syllables import renewal_proximity
from ppsci_ext.metric.motion.speech import beat_consistency
from ppsci_ext.utils.errors import UserError

CLIPS = 3000


@pytest.fixture(scope="module")
def law():
    return SyntheticSpeech(skeleton("upper_body"))


@pytest.fixture(scope="module")
def drawn(law):
    """Condition, modes and angles of many clips."""
    rng = np.random.default_rng(0)
    condition, _ = law.speech(CLIPS, rng)
    motion, mode = law.motion(condition, rng)
    return condition, mode, law.skeleton.angles(motion)


def assert_near(clip_values, expected, errors=5.0):
    """Mean over clips, which are independent, against what it should be."""
    values = np.asarray(clip_values)
    error = values.std(axis=0) / np.sqrt(len(values))
    worst = np.abs(values.mean(axis=0) - expected) / error
    assert np.max(worst) < errors, np.max(worst)


@pytest.mark.parametrize("name, bones", [("upper_body", 19), ("ted_expressive", 42)])
def test_what_a_batch_is(name, bones):
    law = SyntheticSpeech(skeleton(name), frames=20, seed_frames=4)
    motion, condition = law.sample(12, np.random.default_rng(3))
    assert (motion.shape, motion.dtype) == ((12, 20, bones, 3), np.float32)
    np.testing.assert_allclose(np.linalg.norm(motion, axis=-1), 1, rtol=1e-6)
    audio, speaker, seeds = (
        condition[key] for key in ("audio", "speaker", "seed_frames")
    )
    length = AUDIO_PER_FRAME * (20 + 2 * law.context)
    assert (audio.shape, audio.dtype) == ((12, length, 27), np.float32)
    assert (speaker.shape, speaker.dtype) == ((12,), np.int64)
    assert (seeds.shape, seeds.dtype) == ((12, 4, bones, 3), np.float32)
    given = seeds.any(axis=(1, 2, 3))
    assert 0 < given.sum() < 12
    np.testing.assert_array_equal(seeds[given], motion[given, :4])
    again, _ = law.sample(12, np.random.default_rng(3))
    np.testing.assert_array_equal(motion, again)
    other, _ = law.sample(12, np.random.default_rng(4))
    assert not np.array_equal(motion, other)
    assert (
        "seed_frames"
        not in SyntheticSpeech(skeleton(name)).sample(2, np.random.default_rng(0))[1]
    )


def test_two_of_a_kind_have_the_same_parameters(law):
    other = SyntheticSpeech(skeleton("upper_body"), frames=100)
    np.testing.assert_array_equal(law.mean, other.mean)
    np.testing.assert_array_equal(law.gain, other.gain)


@pytest.mark.parametrize("fps", [12.0, 15.0, 25.0])
def test_audio_tells_the_envelope_and_the_drive(fps):
    law = SyntheticSpeech(skeleton("upper_body"), fps=fps)
    rng = np.random.default_rng(1)
    condition, (times, heights) = law.speech(50, rng)
    at = np.arange(condition["audio"].shape[1]) / (AUDIO_PER_FRAME * fps)
    at = at - law.context / fps
    envelope = law.syllables.envelope(times, heights, at)
    np.testing.assert_allclose(law.envelope(condition["audio"]), envelope, atol=1e-6)
    # the filter by hand, on a fine grid: a Hann window from -0.2 to 0.2 seconds
    fine = np.linspace(-0.2, 0.2, 801)
    hann = 1 + np.cos(np.pi * fine / 0.2)
    frame = 7
    moment = (frame + law.lead) / fps
    smooth = law.syllables.envelope(times, heights, moment + fine) @ hann / hann.sum()
    drive = law.drive(condition["audio"])
    assert drive.shape == (50, law.frames)
    slope, offset = np.polyfit(smooth, drive[:, frame], 1)
    np.testing.assert_allclose(slope * smooth + offset, drive[:, frame], atol=0.02)
    assert offset / slope == pytest.approx(-law.syllables.mean, abs=1e-3)


def test_drive_has_mean_0_and_variance_1_and_its_autocovariance(law, drawn):
    drive = law.drive(drawn[0]["audio"])
    assert_near(drive.mean(axis=1), 0.0)
    assert_near((drive**2).mean(axis=1), 1.0)
    lags = np.arange(12)
    ratio = law.gain[0, 1, 5, 0] / np.hypot(law.gain[0, 1, 5, 0], law.noise_std[5, 0])
    expected = law.lagged_correlation(lags - law.lead)[0, 1, 5, 0] / ratio
    products = [
        (drive[:, : law.frames - lag] * drive[:, lag:]).mean(axis=1) for lag in lags
    ]
    assert_near(np.transpose(products), expected)


@pytest.mark.parametrize("shape", [1.0, 4.0, 30.0])
def test_envelope_is_stationary(shape):
    """Its mean and variance are the same everywhere, also at the beginning."""
    syllables = Syllables(shape=shape)
    at = np.linspace(0.0, 1.5, 7)
    drawn = syllables.draw(20000, 0.0, 1.5, np.random.default_rng(5))
    values = syllables.envelope(*drawn, at)
    assert_near(values, syllables.mean)
    expected = syllables.autocovariance(np.zeros(1), np.ones_like)[0]
    assert_near((values - syllables.mean) ** 2, expected)


def test_conditional_mean_and_covariance(law, drawn):
    condition, mode, angles = drawn
    rest = (angles - law.conditional_mean(condition, mode)).reshape(
        CLIPS, law.frames, -1
    )
    assert_near(rest.mean(axis=1), 0.0)
    for lag in (0, 1, 5):
        products = np.einsum(
            "nta,ntb->nab", rest[:, : law.frames - lag], rest[:, lag:]
        ) / (law.frames - lag)
        assert_near(products, law.noise_cov * law.persistence**lag, errors=6)
    # Gaussian: of the standardised noise 0.27 % are beyond three
    z = rest / np.sqrt(np.diag(law.noise_cov))
    assert_near((np.abs(z) > 3).mean(axis=(1, 2)), 2 * special.ndtr(-3.0))


def test_moments_of_frames(law, drawn):
    angles = drawn[2].reshape(CLIPS, law.frames, -1)
    mean, cov = law.moments()
    assert_near(angles.mean(axis=1), mean)
    centred = angles - mean
    products = np.einsum("nta,ntb->nab", centred, centred) / law.frames
    assert_near(products, cov, errors=6)


def test_fingers_correlate_with_their_wrist(law):
    correlation = law.noise_cov / np.sqrt(np.outer(*2 * (np.diag(law.noise_cov),)))
    left, right = (2 * law.arms[index] for index in (1, 3))
    for bone in law.skeleton.hand("left"):
        for angle in (2 * bone, 2 * bone + 1):
            assert correlation[angle, left] == pytest.approx(0.6)
            assert correlation[angle, right] == pytest.approx(0.0)
    np.testing.assert_allclose(
        np.sqrt(np.diag(law.noise_cov)), law.noise_std.ravel(), rtol=1e-12
    )


def test_correlation_peaks_where_the_motion_leads(law):
    lags = np.arange(-8, 9)
    curve = np.abs(law.lagged_correlation(lags)[2, 1, 7, 0])
    assert lags[curve.argmax()] == -law.lead
    gain, noise = law.gain[2, 1, 7, 0], law.noise_std[7, 0]
    assert curve.max() == pytest.approx(abs(gain) / np.hypot(gain, noise))


def test_lagged_correlation_is_that_of_the_samples(law, drawn):
    condition, mode, angles = drawn
    drive = law.drive_around(condition["audio"])
    mine = (condition["speaker"] == 1) & (mode == 1)
    bone = law.arms[3]
    assert mine.sum() > 300
    theta = angles[mine, :, bone, 0] - law.mean[1, 1, bone, 0]
    scale = np.hypot(law.gain[1, 1, bone, 0], law.noise_std[bone, 0])
    lags = np.array([-3, 0, 3])
    heard = drive[mine]
    products = [
        (theta * heard[:, law.lead - lag : law.lead - lag + law.frames]).mean(axis=1)
        for lag in lags
    ]
    expected = law.lagged_correlation(lags)[1, 1, bone, 0]
    assert_near(np.transpose(products) / scale, expected)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_modes(share):
    law = SyntheticSpeech(skeleton("upper_body"), right_share=share)
    rng = np.random.default_rng(2)
    condition, _ = law.speech(1000, rng)
    motion, mode = law.motion(condition, rng)
    error = 5 * np.sqrt(share * (1 - share) / 1000)
    assert abs(mode.mean() - share) <= error
    assert law.mode_error(condition) < 1e-6
    np.testing.assert_array_equal(
        law.modes(law.skeleton.angles(motion), condition), mode
    )


def test_mode_error_where_it_is_large():
    """By the formula, and by draws of clips of two frames with five times the noise."""
    small = SyntheticSpeech(skeleton("upper_body"), frames=2)
    small.noise_cov = small.noise_cov * 25
    rng = np.random.default_rng(4)
    condition, _ = small.speech(4000, rng)
    mode = rng.integers(2, size=4000)
    noise = rng.standard_normal((4000, 2, 38))
    noise[:, 1] = small.persistence * noise[:, 0] + noise[:, 1] * np.sqrt(
        1 - small.persistence**2
    )
    angles = small.conditional_mean(condition, mode)
    factor = np.linalg.cholesky(small.noise_cov)
    angles = angles + (noise @ factor.T).reshape(angles.shape)
    wrong = small.modes(angles, condition) != mode
    assert small.mode_error(condition) > 0.01
    assert_near(wrong.astype(float), small.mode_error(condition))


def test_mean_cosine_and_limits(law, drawn):
    condition, _, angles = drawn
    assert_near(np.cos(angles).mean(axis=(1, 2, 3)), law.mean_cosine(condition))
    limits = law.limits[condition["speaker"]][:, None]
    beyond = (angles < limits[..., 0]) | (angles > limits[..., 1])
    assert 0 < law.limit_violations(condition) < 1e-3
    assert_near(beyond.mean(axis=(1, 2, 3)), law.limit_violations(condition))


def test_spread_of_takes(law, drawn):
    condition, mode, angles = drawn
    motion, other = law.motion(condition, np.random.default_rng(9))
    same = mode == other
    apart = np.abs(law.skeleton.angles(motion) - angles)[same].mean(axis=1)
    assert_near(apart, law.spread_of_takes(), errors=6)


def test_beat_chance_against_moments_at_random(law):
    rng = np.random.default_rng(6)
    times, _ = law.syllables.draw(4000, -1.0, 3.0, rng)
    moments = rng.uniform(0.0, 2.0, (4000, 3))
    nearest = np.abs(moments[:, :, None] - times[:, None]).min(axis=2)
    assert_near(np.exp(-0.5 * (nearest / 0.1) ** 2).mean(axis=1), law.beat_chance(0.1))
    assert beat_consistency(moments, times, 0.1) == pytest.approx(
        law.beat_chance(0.1), abs=0.02
    )


@pytest.mark.parametrize("rate", [0.5, 2.0, 8.0])
@pytest.mark.parametrize("sigma", [0.05, 0.1])
def test_chance_of_poisson_and_of_regular_beats(rate, sigma):
    x = rate * sigma
    poisson = 2 * x * np.sqrt(np.pi / 2) * special.erfcx(np.sqrt(2) * x)
    assert renewal_proximity(rate, 1.0, sigma) == pytest.approx(poisson, rel=1e-8)
    regular = x * np.sqrt(2 * np.pi) * special.erf(1 / (2 * np.sqrt(2) * x))
    assert renewal_proximity(rate, 1e7, sigma) == pytest.approx(regular, rel=1e-3)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"frames": 1}, "frames is 1; make it 2 or more"),
        ({"right_share": 1.5}, "right_share is 1.5; make it from 0 to 1"),
        ({"fps": 5.0}, "fps is 5.0"),
        ({"seed_frames": 34}, "seed_frames is 34; make it from 0 to 33"),
        ({"lead": -1}, "lead is -1"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(UserError, match=message):
        SyntheticSpeech(skeleton("upper_body"), **arguments)


def test_skeleton_without_arms():
    bones = ((0, 1), (0, 2))
    bare = Skeleton("x", ("a", "left_hand", "right_hand"), bones, [1, 1], np.eye(3)[:2])
    with pytest.raises(UserError, match="no two bones before the left wrist"):
        SyntheticSpeech(bare)
