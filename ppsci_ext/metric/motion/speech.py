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

"""How motion goes with speech: correlation at lags, and beats that coincide."""

from __future__ import annotations

from typing import Sequence
from typing import Tuple

import numpy as np
from scipy import ndimage
from scipy import signal
from scipy import special

from ppsci_ext.data.motion.audio import AUDIO_PER_FRAME
from ppsci_ext.data.motion.skeleton import Skeleton
from ppsci_ext.data.motion.syllables import renewal_proximity

SIGMA = 0.1  # seconds, of beat consistency
_AUDIO_PROMINENCE = 0.5  # standard deviations of the clip's log envelope
_MOTION_PROMINENCE = 0.2  # of the clip's mean turning speed


def log_envelope(audio: np.ndarray) -> np.ndarray:
    """Logarithm of the energy in all bands, [n, Ta], of log energies [n, Ta, F]."""
    return special.logsumexp(np.asarray(audio, np.float64), axis=-1)


def frame_envelope(audio: np.ndarray) -> np.ndarray:
    """The log envelope at the frames of the motion and its context, [n, T + 2 context]."""
    smooth = ndimage.convolve1d(
        log_envelope(audio), [0.25, 0.5, 0.25], axis=1, mode="nearest"
    )
    return smooth[:, ::AUDIO_PER_FRAME]


def audio_beats(audio: np.ndarray, fps: float, context: int) -> np.ndarray:
    """Moments of syllables: peaks of the log envelope.

    Args:
        audio (np.ndarray): Log energies [n, Ta, F], two frames for each of the motion.
        fps (float): Frames of motion a second.
        context (int): Frames of motion by which the audio begins before it.

    Returns:
        np.ndarray: Seconds after the first frame of the motion, those in the context too,
            [n, K]; NaN fills the rows of clips with fewer.
    """
    envelope = ndimage.gaussian_filter1d(log_envelope(audio), 1.0, axis=1)
    step = 1.0 / (AUDIO_PER_FRAME * fps)
    return as_rows(
        [
            signal.find_peaks(clip, prominence=_AUDIO_PROMINENCE * clip.std())[0] * step
            - context / fps
            for clip in envelope
        ]
    )


def motion_beats(directions: np.ndarray, skeleton: Skeleton, fps: float) -> np.ndarray:
    """Moments where the arms come to rest, in seconds after the first frame.

    Minima of the mean speed at which the bones from the root to both wrists turn, where it
    falls by at least a fifth of its mean in the clip on both sides. Of HA2G (Liu et al.
    2022, arXiv 2203.13161, section 4.2) but for the threshold, which is relative.

    Args:
        directions (np.ndarray): Unit directions [n, T, B, 3].
        skeleton (Skeleton): Tells which bones are the arms'.
        fps (float): Frames a second.

    Returns:
        np.ndarray: [n, K]; NaN fills the rows of clips with fewer.
    """
    arms = np.asarray(directions, np.float64)[:, :, skeleton.arms()]
    cosines = np.sum(arms[:, 1:] * arms[:, :-1], axis=-1)
    speed = np.arccos(np.clip(cosines, -1.0, 1.0)).mean(axis=2)
    speed = ndimage.gaussian_filter1d(speed, 1.0, axis=1)
    beats = []
    for clip in speed:
        depth = max(_MOTION_PROMINENCE * clip.mean(), 1e-6)
        minima, _ = signal.find_peaks(-clip, prominence=depth)
        beats.append((minima + 0.5) / fps)
    return as_rows(beats)


def as_rows(beats: Sequence[np.ndarray]) -> np.ndarray:
    """Moments of n clips as one array [n, K], filled up with NaN."""
    rows = np.full((len(beats), max(map(len, beats), default=0)), np.nan)
    for row, moments in zip(rows, beats):
        row[: len(moments)] = moments
    return rows


def beat_consistency(
    beats: np.ndarray, others: np.ndarray, sigma: float = SIGMA
) -> float:
    """Mean over all beats of exp(-d^2 / (2 sigma^2)), d to the nearest of the others.

    Its level by chance is high (`beat_chance`), so only what it exceeds that of mismatched
    clips by tells anything.

    Args:
        beats (np.ndarray): Seconds, [n, K], filled up with NaN: those of the audio in
            HA2G, those of the motion in Li et al. 2021 (arXiv 2101.08779, section 5.2).
        others (np.ndarray): [n, M], the others. Where a clip has none, its beats count 0.
        sigma (float): Seconds. Defaults to 0.1.

    Returns:
        float: From 0 to 1; 0 if there are no beats.
    """
    distance = np.abs(beats[:, :, None] - others[:, None, :])
    nearest = np.min(
        np.where(np.isnan(distance), np.inf, distance), axis=2, initial=np.inf
    )
    count = np.count_nonzero(~np.isnan(beats))
    return float(np.exp(-0.5 * (nearest / sigma) ** 2).sum() / max(count, 1))


def mismatched_consistency(
    beats: np.ndarray, others: np.ndarray, sigma: float = SIGMA, rounds: int = 8
) -> float:
    """Beat consistency of clips with the other beats of another clip, mean over rounds.

    Args:
        beats (np.ndarray): As for `beat_consistency`, two clips at least.
        others (np.ndarray): As for `beat_consistency`.
        sigma (float): Seconds. Defaults to 0.1.
        rounds (int): How many other clips for each. Defaults to 8.
    """
    n = len(beats)
    shifts = np.unique(np.linspace(1, n - 1, min(rounds, n - 1)).astype(int))
    return float(
        np.mean(
            [beat_consistency(beats, np.roll(others, k, axis=0), sigma) for k in shifts]
        )
    )


def beat_chance(others: np.ndarray, sigma: float = SIGMA) -> float:
    """Beat consistency of beats at moments independent of the others, in closed form.

    The others are taken as a renewal process with gamma intervals of the mean and the
    variation that theirs have; see `renewal_proximity`. In short clips, where beats have
    no neighbours beyond the ends, the level is lower.

    Args:
        others (np.ndarray): Seconds, [n, M], filled up with NaN.
        sigma (float): Seconds. Defaults to 0.1.

    Returns:
        float: From 0 to 1; 0 if there are no intervals.
    """
    intervals = np.diff(others, axis=1)
    intervals = intervals[~np.isnan(intervals)]
    if not intervals.size:
        return 0.0
    variation = intervals.std() / intervals.mean()
    shape = 1.0 / max(variation, 1e-2) ** 2
    return renewal_proximity(1.0 / intervals.mean(), shape, sigma)


def lagged_correlation(
    series: np.ndarray, speech: np.ndarray, max_lag: int
) -> np.ndarray:
    """Correlation within clips of motion with speech some frames before, mean over clips.

    Args:
        series (np.ndarray): Of the motion, [n, T].
        speech (np.ndarray): [n, T + 2 c], from c frames before the motion to c after.
        max_lag (int): Largest lag in frames, below T - 3.

    Returns:
        np.ndarray: [2 max_lag + 1], at the lags -max_lag, ..., max_lag. At a negative lag
            the motion comes before the speech. A clip where either is constant counts 0.
    """
    return np.array(
        [np.mean(np.sum(a * b, axis=1)) for a, b in _pairs(series, speech, max_lag)]
    )


def permutation_band(
    series: np.ndarray,
    speech: np.ndarray,
    max_lag: int,
    rng: np.random.Generator,
    rounds: int = 500,
    level: float = 0.95,
) -> Tuple[np.ndarray, float]:
    """What `lagged_correlation` is where the speech is that of other clips.

    Args:
        series (np.ndarray): As for `lagged_correlation`.
        speech (np.ndarray): As for `lagged_correlation`.
        max_lag (int): As for `lagged_correlation`.
        rng (np.random.Generator): Of the permutations.
        rounds (int): How many. Defaults to 500.
        level (float): Share of the permutations within the band, at each lag.

    Returns:
        Tuple[np.ndarray, float]: Lower and upper end, [2, 2 max_lag + 1]; and the share of
            permutations whose largest absolute value over the lags is at least the
            matched one's, the matched one being counted among them.
    """
    order = np.array([rng.permutation(len(series)) for _ in range(rounds)])
    rows = np.arange(len(series))
    curves, matched = [], []
    for a, b in _pairs(series, speech, max_lag):
        every = a @ b.T
        matched.append(np.trace(every) / len(rows))
        curves.append(every[rows, order].mean(axis=1))
    curves = np.array(curves)
    tails = 100 * np.array([0.5 - level / 2, 0.5 + level / 2])
    band = np.percentile(curves, tails, axis=1)
    as_large = np.sum(np.abs(curves).max(axis=0) >= np.abs(matched).max())
    return band, float((1 + as_large) / (1 + rounds))


def _pairs(series: np.ndarray, speech: np.ndarray, max_lag: int):
    """Standardised parts that overlap, [n, m] each, for every lag."""
    frames, context = series.shape[1], (speech.shape[1] - series.shape[1]) // 2
    if frames - max(0, max_lag - context) < 3:
        raise ValueError(f"{frames} frames are too few for a lag of {max_lag}")
    for lag in range(-max_lag, max_lag + 1):
        first = max(0, lag - context)
        last = min(frames, frames + context + lag)
        moved = slice(first - lag + context, last - lag + context)
        yield _standardised(series[:, first:last]), _standardised(speech[:, moved])


def _standardised(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    # nothing but round-off is left of a constant
    constant = norms <= 1e-9 * np.linalg.norm(values, axis=1, keepdims=True)
    return np.where(constant, 0.0, centred / np.where(constant, 1.0, norms))
