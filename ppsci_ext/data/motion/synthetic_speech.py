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


"""Gestures to synthetic speech: data in which everything that scores measure is known."""

from __future__ import annotations

from typing import Dict
from typing import Optional
from typing import Tuple

import numpy as np
from scipy import signal
from scipy import special

from ppsci_ext.data.motion.audio import AUDIO_PER_FRAME
from ppsci_ext.data.motion.audio import NUM_BANDS
from ppsci_ext.data.motion.skeleton import SIDES
from ppsci_ext.data.motion.skeleton import Skeleton
from ppsci_ext.data.motion.syllables import Syllables
from ppsci_ext.data.motion.syllables import renewal_proximity
from ppsci_ext.utils.errors import UserError

Condition = Dict[str, np.ndarray]

_FLOOR = 1e-2  # of the energy, below which the logarithm goes no farther
_SMOOTHING = 0.2  # seconds to either side that the filter h reaches
_PERSISTENCE = 0.25  # seconds after which noise has fallen to 1/e

# Standard deviations in radians: of the noise, of what the speech drives, and of the mean
# pose from speaker to speaker; of the parts of the body.
_TRUNK, _HEAD, _COLLAR = (0.02, 0.02, 0.05), (0.04, 0.05, 0.08), (0.02, 0.02, 0.03)
_UPPER_ARM, _FOREARM, _HAND = (0.06, 0.18, 0.15), (0.09, 0.35, 0.2), (0.12, 0.12, 0.15)

# The second angle moves less: beyond pi / 2 it would be another direction's.
_ANGLES = np.array([1.0, 0.5])
_PASSIVE = 0.2  # gain of the hand that is not the clip's, as a part of the other's
_RAISED = 0.5  # radians by which the clip's arm is lifted
_LIMIT = 4.0  # standard deviations


class SyntheticSpeech:
    r"""Endless clips of a skeleton that gestures to synthetic speech.

    For speaker s, mode m (the clip's hand) and each of the skeleton's angles j

    $$\theta_j(t) = \mu_{smj} + a_{smj}\,d(t + \tau) + u_j(t)$$

    with the drive d, the envelope of the speech after a Hann-shaped filter, brought to
    mean 0 and variance 1; a lead tau of the motion; and Gaussian noise u of covariance
    `noise_cov` between angles and `persistence` ** |k| over k frames (AR(1)). The noise of
    fingers has correlation `finger_correlation` with that of their wrist (the first angle
    of the forearm). The hand of the mode is lifted and moves with the full gain, the other
    one with a fifth of it. Given speech, speaker and mode the angles are thus Gaussian.

    A condition is a dict of arrays whose first axis is the clip: "audio", float32
    [n, Ta, 27], logarithms of energies in bands, two a motion frame, which begin `context`
    frames before the motion and end as many after it, Ta = 2 (T + 2 context), so that all
    that drives the motion is heard; "speaker", int64 [n]; and if `seed_frames` is above 0
    "seed_frames", float32 [n, seed_frames, B, 3], the clip's first frames, or zeros where
    the clip begins without.

    Args:
        skeleton (Skeleton): What moves, with joints called left and right elbow, wrist.
        frames (int): Frames T of a clip. Defaults to 34.
        fps (float): Frames a second. Defaults to 15.
        num_speakers (int): Speakers, equally likely. Defaults to 4.
        right_share (float): Probability p of the right-handed mode. Defaults to 0.65.
        lead (int): Frames tau by which the motion leads. Defaults to 3.
        finger_correlation (float): Defaults to 0.6.
        seed_frames (int): First frames given as a condition. Defaults to 0.
        seed_share (float): Part of the clips that get them. Defaults to 0.5.

    Attributes:
        context (int): Frames of speech before and after the motion.
        mean (np.ndarray): mu, [S, 2, B, 2]; mode 0 is the left hand's, 1 the right's.
        gain (np.ndarray): a, [S, 2, B, 2].
        noise_std (np.ndarray): [B, 2].
        noise_cov (np.ndarray): [2 B, 2 B].
        persistence (float): Correlation of the noise from frame to frame.
        arms (list[int]): Bones of the left upper arm and forearm, and of the right ones.
        arm_signs (np.ndarray): Signs of their gains, [4, 2].
        limits (np.ndarray): [S, B, 2, 2], the lowest and highest angle: 4 standard
            deviations beyond the means of the two modes.

    Raises:
        UserError: A number out of range, or a skeleton without arms.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        frames: int = 34,
        fps: float = 15.0,
        num_speakers: int = 4,
        right_share: float = 0.65,
        lead: int = 3,
        finger_correlation: float = 0.6,
        seed_frames: int = 0,
        seed_share: float = 0.5,
    ):
        for name, value, lowest, highest in (
            ("frames", frames, 2, None),
            ("fps", fps, 10, 120),
            ("num_speakers", num_speakers, 1, None),
            ("right_share", right_share, 0, 1),
            ("lead", lead, 0, None),
            ("finger_correlation", finger_correlation, -1, 1),
            ("seed_frames", seed_frames, 0, frames - 1),
            ("seed_share", seed_share, 0, 1),
        ):
            if not lowest <= value <= (np.inf if highest is None else highest):
                above = (
                    f"from {lowest} to {highest}" if highest else f"{lowest} or more"
                )
                raise UserError(f"{name} is {value}; make it {above}")
        self.skeleton = skeleton
        self.frames, self.fps, self.num_speakers = frames, fps, num_speakers
        self.right_share, self.lead = right_share, lead
        self.finger_correlation = finger_correlation
        self.seed_frames, self.seed_share = seed_frames, seed_share
        self.syllables = Syllables()
        self.persistence = float(np.exp(-1.0 / (_PERSISTENCE * fps)))
        reach = int(np.ceil(_SMOOTHING * fps))
        self.context = lead + reach
        taps = np.arange(-reach * AUDIO_PER_FRAME, reach * AUDIO_PER_FRAME + 1)
        self._taps = taps / (AUDIO_PER_FRAME * fps)  # seconds
        inside = np.abs(self._taps) < _SMOOTHING
        weights = np.where(inside, 1 + np.cos(np.pi * self._taps / _SMOOTHING), 0)
        self._filter = weights / weights.sum()
        self._drive_variance = float(self._autocovariance(np.zeros(1))[0])
        self._set_angles()

    def _set_angles(self) -> None:
        """Parameters of the angles, the same for every instance of equal arguments."""
        skeleton = self.skeleton
        arms = {side: _arm(skeleton, side) for side in SIDES}
        hands = {side: skeleton.hand(side) for side in SIDES}
        spreads = np.array([_HEAD] * skeleton.num_bones)
        for bone, parent in enumerate(skeleton.bone_parents):
            if parent < 0:
                spreads[bone] = _TRUNK
        for side in SIDES:
            upper, forearm = arms[side]
            spreads[upper], spreads[forearm] = _UPPER_ARM, _FOREARM
            spreads[hands[side]] = _HAND
            if skeleton.bone_parents[upper] >= 0:
                spreads[skeleton.bone_parents[upper]] = _COLLAR
        noise = spreads[:, :1] * np.ones(2)
        driven, personal = spreads.T[1:, :, None] * _ANGLES
        self.noise_std = noise
        rng = np.random.default_rng(1706)  # any, but always the same
        shape = (self.num_speakers, 1, skeleton.num_bones, 2)
        self.mean = np.repeat(personal * rng.uniform(-1.7, 1.7, shape), 2, axis=1)
        # gains differ in sign and size from angle to angle and from speaker to speaker
        sign = rng.choice([-1.0, 1.0], shape[2:])
        style = rng.uniform(0.8, 1.2, shape)
        self.gain = np.repeat(driven * sign * style, 2, axis=1)
        self.arms = [*arms["left"], *arms["right"]]
        self.arm_signs = sign[self.arms]
        for mode, side in enumerate(SIDES):
            passive = [*arms[SIDES[1 - mode]], *hands[SIDES[1 - mode]]]
            self.gain[:, mode, passive] *= _PASSIVE
            self.mean[:, mode, arms[side][1], 0] += _RAISED
        correlation = np.eye(2 * skeleton.num_bones)
        rho = self.finger_correlation
        for side in SIDES:
            fingers = np.ravel([[2 * bone, 2 * bone + 1] for bone in hands[side]])
            fingers = fingers.astype(int)
            correlation[fingers, 2 * arms[side][1]] = rho
            correlation[fingers, fingers] = np.sqrt(1.0 - rho**2)
        self._mixing = noise.reshape(-1, 1) * correlation
        self.noise_cov = self._mixing @ self._mixing.T
        deviation = _LIMIT * np.sqrt(self.gain**2 + noise**2)
        self.limits = np.stack(
            [(self.mean - deviation).min(1), (self.mean + deviation).max(1)], axis=-1
        )

    # drawing clips

    def sample(self, n: int, rng: np.random.Generator) -> Tuple[np.ndarray, Condition]:
        """Draws independent clips.

        Args:
            n (int): How many.
            rng (np.random.Generator): The only source of randomness.

        Returns:
            Tuple[np.ndarray, Condition]: Unit directions, float32 [n, T, B, 3], and what
                they were made for.
        """
        condition, _ = self.speech(n, rng)
        motion, _ = self.motion(condition, rng)
        if self.seed_frames:
            given = rng.uniform(size=n) < self.seed_share
            seeds = motion[:, : self.seed_frames] * given[:, None, None, None]
            condition["seed_frames"] = seeds.astype(np.float32)
        return motion, condition

    def speech(
        self, n: int, rng: np.random.Generator
    ) -> Tuple[Condition, Tuple[np.ndarray, np.ndarray]]:
        """Draws conditions alone, without seed frames.

        Returns:
            Tuple[Condition, Tuple[np.ndarray, np.ndarray]]: The condition, and times in
                seconds after the first motion frame and heights of its syllables, [n, M].
        """
        length = AUDIO_PER_FRAME * (self.frames + 2 * self.context)
        at = np.arange(length) / (AUDIO_PER_FRAME * self.fps) - self.context / self.fps
        syllables = self.syllables.draw(n, at[0], at[-1], rng)
        envelope = self.syllables.envelope(*syllables, at)
        audio = np.log(_FLOOR + envelope[:, :, None] * _profile())
        speaker = rng.integers(self.num_speakers, size=n)
        return {"audio": audio.astype(np.float32), "speaker": speaker}, syllables

    def motion(
        self, condition: Condition, rng: np.random.Generator
    ) -> Tuple[np.ndarray, np.ndarray]:
        """Draws one clip for each condition: what a perfect generator does.

        Seed frames are not looked at.

        Returns:
            Tuple[np.ndarray, np.ndarray]: Unit directions, float32 [n, T, B, 3], and the
                mode of each clip, int64 [n], 0 for the left hand and 1 for the right.
        """
        n = len(condition["audio"])
        mode = (rng.uniform(size=n) < self.right_share).astype(np.int64)
        angles = self.conditional_mean(condition, mode)
        noise = rng.standard_normal((n, angles.shape[1], len(self._mixing)))
        noise[:, 1:] *= np.sqrt(1.0 - self.persistence**2)
        noise = signal.lfilter([1.0], [1.0, -self.persistence], noise, axis=1)
        angles += (noise @ self._mixing.T).reshape(angles.shape)
        return self.skeleton.pose(angles).astype(np.float32), mode

    # what is known of them

    def envelope(self, audio: np.ndarray) -> np.ndarray:
        """The envelope [n, Ta] that speech [n, Ta, 27] was made from."""
        energies = np.exp(np.asarray(audio, np.float64)) - _FLOOR
        profile = _profile()
        return energies @ profile / np.sum(profile**2)

    def drive(self, audio: np.ndarray) -> np.ndarray:
        """d(t + tau) at the frames t of the motion, [n, T]."""
        return self.drive_around(audio)[:, 2 * self.lead :]

    def drive_around(self, audio: np.ndarray) -> np.ndarray:
        """d from `lead` frames before the motion to `lead` after it, [n, T + 2 lead]."""
        # the filter reaches over all that is left of the context
        smooth = signal.convolve(self.envelope(audio), self._filter[None], mode="valid")
        count = audio.shape[1] // AUDIO_PER_FRAME - 2 * (self.context - self.lead)
        smooth = smooth[:, ::AUDIO_PER_FRAME][:, :count]
        return (smooth - self.syllables.mean) / np.sqrt(self._drive_variance)

    def conditional_mean(self, condition: Condition, mode: np.ndarray) -> np.ndarray:
        """Mean of the angles given speech, speaker and mode (int [n]), [n, T, B, 2].

        Their covariance between angles of one clip k frames apart is `noise_cov` times
        `persistence` ** k.
        """
        speaker = condition["speaker"]
        drive = self.drive(condition["audio"])[:, :, None, None]
        gain, mean = self.gain[speaker, mode], self.mean[speaker, mode]
        return mean[:, None] + gain[:, None] * drive

    def moments(self) -> Tuple[np.ndarray, np.ndarray]:
        """Mean [2 B] and covariance [2 B, 2 B] of the angles of a frame of any clip."""
        weights = np.array([1 - self.right_share, self.right_share]) / self.num_speakers
        weights = np.tile(weights, self.num_speakers)
        means = self.mean.reshape(len(weights), -1)
        gains = self.gain.reshape(len(weights), -1)
        mean = weights @ means
        spread = (means - mean).T * weights @ (means - mean)
        return mean, spread + gains.T * weights @ gains + self.noise_cov

    def lagged_correlation(self, lags: np.ndarray) -> np.ndarray:
        """Correlation of d and an angle `lags` frames later, [S, 2, B, 2, L].

        Within a speaker and a mode; at lag -tau it is a / sqrt(a^2 + sigma_u^2).
        """
        seconds = (np.asarray(lags) + self.lead) / self.fps
        drive = self._autocovariance(seconds) / self._drive_variance
        ratio = self.gain / np.sqrt(self.gain**2 + self.noise_std**2)
        return ratio[..., None] * drive

    def spread_of_takes(self) -> np.ndarray:
        """E|theta - theta'| of two clips of one speech and mode, [B, 2]."""
        return 2.0 * self.noise_std / np.sqrt(np.pi)

    def mean_cosine(self, condition: Condition) -> float:
        """E cos theta, mean over angles, frames and the given clips."""
        shrink = np.exp(-0.5 * self.noise_std**2)
        return self._over_modes(condition, lambda mean: shrink * np.cos(mean))

    def limit_violations(self, condition: Condition) -> float:
        """Share of angles beyond `limits`, mean over the given clips."""
        limits = self.limits[condition["speaker"]][:, None]

        def beyond(mean: np.ndarray) -> np.ndarray:
            below = special.ndtr((limits[..., 0] - mean) / self.noise_std)
            return below + special.ndtr((mean - limits[..., 1]) / self.noise_std)

        return self._over_modes(condition, beyond)

    def beat_chance(self, sigma: float) -> float:
        """Beat consistency of moments that have nothing to do with the syllables.

        Mean over the moments of exp(-d^2 / (2 sigma^2)), d being the distance in seconds
        to the nearest syllable.
        """
        return renewal_proximity(self.syllables.rate, self.syllables.shape, sigma)

    def modes(self, angles: np.ndarray, condition: Condition) -> np.ndarray:
        """Mode, int64 [n], whose conditional mean is nearer to angles [n, T, B, 2]."""
        left, right = (self.conditional_mean(condition, mode) for mode in (0, 1))
        nearer = np.sum(
            (angles - 0.5 * (left + right)) * (right - left), axis=(1, 2, 3)
        )
        return (nearer > 0).astype(np.int64)

    def mode_error(self, condition: Condition) -> float:
        """Probability that `modes` is wrong, mean over the given clips."""
        left, right = (self.conditional_mean(condition, mode) for mode in (0, 1))
        between = (right - left).reshape(*left.shape[:2], -1)
        apart = np.abs(np.subtract.outer(*2 * (np.arange(left.shape[1]),)))
        variance = np.einsum(
            "nta,ab,nub,tu->n",
            between,
            self.noise_cov,
            between,
            self.persistence**apart,
            optimize=True,
        )
        distance = 0.5 * np.sum(between**2, axis=(1, 2))
        return float(np.mean(special.ndtr(-distance / np.sqrt(variance))))

    def _over_modes(self, condition: Condition, function) -> float:
        """Mean of a function of the conditional mean over both modes, and all else."""
        left, right = (
            np.mean(function(self.conditional_mean(condition, mode))) for mode in (0, 1)
        )
        return float(left + self.right_share * (right - left))

    def _autocovariance(self, seconds: np.ndarray) -> np.ndarray:
        def response(frequency: np.ndarray) -> np.ndarray:
            return np.cos(2 * np.pi * np.outer(frequency, self._taps)) @ self._filter

        return self.syllables.autocovariance(seconds, response)


def _profile() -> np.ndarray:
    """Share of the envelope's energy in each band, [27], as of vowels."""
    band = np.arange(NUM_BANDS)
    return 0.2 + 0.8 * np.exp(-(((band - 8.0) / 8.0) ** 2))


def _arm(skeleton: Skeleton, side: str) -> Tuple[int, int]:
    """Bones of the upper arm and the forearm."""
    wrist = skeleton.wrist(side)
    forearm = next(
        (bone for bone, (_, child) in enumerate(skeleton.bones) if child == wrist), None
    )
    upper: Optional[int] = None if forearm is None else skeleton.bone_parents[forearm]
    if upper is None or upper < 0:
        raise UserError(
            f"skeleton {skeleton.name} has no two bones before the {side} wrist; use one "
            "with arms"
        )
    return upper, forearm
