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

"""All scores of generated motion, beside real motion, controls and the truth."""

from __future__ import annotations

from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import NamedTuple
from typing import Optional
from typing import Tuple

import numpy as np

from ppsci_ext.data.motion.audio import AUDIO_PER_FRAME
from ppsci_ext.data.motion.skeleton import SIDES
from ppsci_ext.data.motion.skeleton import Skeleton
from ppsci_ext.data.motion.synthetic_speech import SyntheticSpeech
from ppsci_ext.metric.motion import kinematics
from ppsci_ext.metric.motion import speech
from ppsci_ext.metric.motion import variety
from ppsci_ext.metric.motion.synthetic import SYNTHETIC_SCORES
from ppsci_ext.metric.motion.synthetic import SyntheticClips

_GROUPS = 20  # of the jackknife
_LAGS = ("audio_lag", "angle_lag")  # whole numbers, of which it says nothing
_MAX_LAG = 8  # frames, of the correlation
_MAX_BEAT_LAG = 5  # frames: more would be the next syllable
Features = Callable[[np.ndarray], np.ndarray]


class MotionSet(NamedTuple):
    """Clips to score; the first axis of every array is the clip.

    Attributes:
        motion (np.ndarray): Directions, float [n, T, B, 3], as the generator gives them.
        audio (Optional[np.ndarray]): Log energies [n, 2 (T + 2 context), F].
        speaker (Optional[np.ndarray]): int [n].
        again (Optional[np.ndarray]): Other samples for the same audio and speaker.
    """

    motion: np.ndarray
    audio: Optional[np.ndarray] = None
    speaker: Optional[np.ndarray] = None
    again: Optional[np.ndarray] = None


class _Measured(NamedTuple):
    """What scores look at, all with the clip as the first axis."""

    motion: np.ndarray
    audio: Optional[np.ndarray]
    speaker: Optional[np.ndarray]
    angles: np.ndarray
    again_angles: Optional[np.ndarray]
    features: np.ndarray
    again_features: Optional[np.ndarray]
    speed: np.ndarray
    acceleration: np.ndarray
    jerk: np.ndarray
    wrist_speed: np.ndarray
    motion_beats: np.ndarray
    audio_beats: Optional[np.ndarray]

    def take(self, index: np.ndarray) -> _Measured:
        return _Measured(*(part if part is None else part[index] for part in self))


class _Scoring(NamedTuple):
    """What all sets are scored with."""

    skeleton: Skeleton
    fps: float
    reference: _Measured
    best_lag: int
    beat_lag: int
    synthetic: Optional[SyntheticSpeech]


def motion_scores(
    fake: MotionSet,
    real: MotionSet,
    other_real: MotionSet,
    skeleton: Skeleton,
    fps: float,
    rng: np.random.Generator,
    features: Optional[Features] = None,
    synthetic: Optional[SyntheticSpeech] = None,
) -> Dict[str, Dict[str, Any]]:
    """Scores generated motion.

    Distances are those to `real`. Every score is given for `fake` ("value"), for
    `other_real` of the same size ("real", what a perfect generator reaches), and for
    controls made to be wrong, from `other_real`: "shuffled_audio", clips with the audio of
    another clip; "shuffled_speaker", with the speaker of another; "static_pose", each clip
    held in its mean pose. Of a synthetic set "truth" is the value in closed form for the
    audio and the speakers of `fake`. "se" is the standard error of "value" over clips, by
    the jackknife over 20 groups (lags have none). What does not apply is None.

    The scores:
        frechet, speaker_frechet: squared Frechet distance of features, over all clips and
            within speakers. Comparable only where features and sizes are the same.
        diversity, multimodality: mean distance of features of different clips, and of two
            samples for one condition. l1_diversity: mean |x - mean over time|.
        left_arm, right_arm (metres), left_fingers, right_fingers (radians): how far they
            move from their mean in the clip.
        bone_length, limit_violations: relative error; share of angles beyond the limits.
        speed, acceleration, jerk: means in m, s; *_hellinger: of their histograms.
        audio_correlation: of the speed of the wrists with the log envelope, at the lag
            where that of `real` is largest, with the "band" of 95 % of permuted pairs and
            the "p_value" of the whole curve; audio_lag: that lag for each set, in frames.
        beat_consistency: over beats of the audio, moved by the lag, up to 5 frames, at
            which that of `real` exceeds chance most; beat_excess: the same minus that of
            mismatched pairs.
        Those of a synthetic set: see `ppsci_ext.metric.motion.synthetic`.

    Args:
        fake (MotionSet): Generated clips.
        real (MotionSet): Real clips, the reference.
        other_real (MotionSet): Other real clips, as many as there are in `fake`.
        skeleton (Skeleton): Whose motion it is.
        fps (float): Frames a second.
        rng (np.random.Generator): Of the controls and permutations.
        features (Optional[Callable]): From motion [n, T, B, 3] to features [n, d]. Defaults
            to None, for `clip_features`.
        synthetic (Optional[SyntheticSpeech]): The set, if the real clips come from it.

    Returns:
        Dict[str, Dict[str, Any]]: For each score {"value", "real", "controls": {name:
            value}, "truth", "se"}, numbers or None; JSON can hold it.

    Raises:
        ValueError: Sets of other sizes or shapes, fewer than 4 clips, or NaN.
    """
    for name, one in (("fake", fake), ("real", real), ("other_real", other_real)):
        _check(name, one, skeleton)
    if len(fake.motion) != len(other_real.motion):
        raise ValueError("fake and other_real must have the same number of clips")
    features = variety.clip_features if features is None else features

    def measure(one: MotionSet) -> _Measured:
        return _measure(one, skeleton, fps, features)

    reference = measure(real)
    scoring = _Scoring(skeleton, fps, reference, 0, 0, synthetic)
    if real.audio is not None:
        scoring = scoring._replace(
            best_lag=int(np.abs(_correlations(reference)).argmax())
            - _max_lag(reference),
            beat_lag=_best_beat_lag(reference, scoring),
        )
    value, other = measure(fake), measure(other_real)
    controls = {name: measure(one) for name, one in _controls(other_real, rng).items()}
    result = {}
    for name, score in _SCORES.items():
        found = score(value, scoring)
        if found is None:
            continue
        result[name] = {
            "value": _number(found),
            "real": _number(score(other, scoring)),
            "controls": {
                key: _number(score(c, scoring)) for key, c in controls.items()
            },
            "truth": None,
            "se": None,
        }
    estimates = [name for name in result if name not in _LAGS]
    for name, error in _standard_errors(estimates, value, scoring).items():
        result[name]["se"] = _number(error)
    if "audio_correlation" in result:
        band, p_value = speech.permutation_band(
            value.wrist_speed, speech.frame_envelope(value.audio), _max_lag(value), rng
        )
        at = band[:, scoring.best_lag + _max_lag(value)]
        result["audio_correlation"].update(
            band=[float(end) for end in at], p_value=p_value
        )
    if synthetic is not None:
        condition = {"audio": fake.audio, "speaker": fake.speaker}
        for name, (_, truth) in SYNTHETIC_SCORES.items():
            if name in result:
                result[name]["truth"] = _number(truth(synthetic, condition))
    return result


def _controls(real: MotionSet, rng: np.random.Generator) -> Dict[str, MotionSet]:
    others = np.roll(np.arange(len(real.motion)), 1)  # of another clip, for certain
    still = np.broadcast_to(
        np.mean(real.motion, axis=1, keepdims=True), real.motion.shape
    )
    length = np.linalg.norm(still, axis=-1, keepdims=True)
    still = still / np.maximum(length, 1e-9)
    controls = {"static_pose": real._replace(motion=still, again=still)}
    if real.audio is not None:
        controls["shuffled_audio"] = real._replace(audio=real.audio[others])
    if real.speaker is not None:
        controls["shuffled_speaker"] = real._replace(
            speaker=rng.permutation(real.speaker)
        )
    return controls


def _measure(
    one: MotionSet, skeleton: Skeleton, fps: float, features: Features
) -> _Measured:
    again = one.again
    return _Measured(
        motion=np.asarray(one.motion, np.float64),
        audio=one.audio,
        speaker=one.speaker,
        angles=skeleton.angles(one.motion),
        again_angles=None if again is None else skeleton.angles(again),
        features=np.asarray(features(one.motion), np.float64),
        again_features=None
        if again is None
        else np.asarray(features(again), np.float64),
        motion_beats=speech.motion_beats(one.motion, skeleton, fps),
        audio_beats=(
            None
            if one.audio is None
            else speech.audio_beats(one.audio, fps, _context(one))
        ),
        wrist_speed=kinematics.wrist_speed(one.motion, skeleton, fps),
        **kinematics.movements(one.motion, skeleton, fps),
    )


def _context(one: MotionSet) -> int:
    """Frames by which the audio begins before the motion."""
    return (one.audio.shape[1] // AUDIO_PER_FRAME - one.motion.shape[1]) // 2


def _standard_errors(
    names: List[str], measured: _Measured, scoring: _Scoring
) -> Dict[str, float]:
    """Of scores by leaving out one group of clips after another."""
    groups = min(_GROUPS, len(measured.motion))
    member = np.arange(len(measured.motion)) % groups
    values: Dict[str, List[float]] = {name: [] for name in names}
    for group in range(groups):
        part = measured.take(member != group)
        for name in names:
            values[name].append(_SCORES[name](part, scoring))
    return {
        name: float(np.sqrt((groups - 1) * np.var(some)))
        for name, some in values.items()
    }


def _max_lag(measured: _Measured) -> int:
    return min(_MAX_LAG, measured.motion.shape[1] - 4)


def _correlations(measured: _Measured) -> np.ndarray:
    envelope = speech.frame_envelope(measured.audio)
    return speech.lagged_correlation(measured.wrist_speed, envelope, _max_lag(measured))


def _audio_lag(measured: _Measured, scoring: _Scoring) -> Optional[float]:
    if measured.audio is None:
        return None
    curve = np.abs(_correlations(measured))
    return float(curve.argmax() - _max_lag(measured)) if curve.any() else float("nan")


def _audio_correlation(measured: _Measured, scoring: _Scoring) -> Optional[float]:
    if measured.audio is None:
        return None
    return float(_correlations(measured)[scoring.best_lag + _max_lag(measured)])


def _beats(measured: _Measured, scoring: _Scoring, lag: float) -> Tuple:
    """Beats of the audio, some frames later, that are during the motion; of the motion."""
    beats = measured.audio_beats + lag / scoring.fps
    end = (measured.motion.shape[1] - 1) / scoring.fps
    beats = np.where((beats >= 0) & (beats <= end), beats, np.nan)
    return beats, measured.motion_beats


def _beat_consistency(measured: _Measured, scoring: _Scoring) -> Optional[float]:
    if measured.audio is None:
        return None
    return speech.beat_consistency(*_beats(measured, scoring, scoring.beat_lag))


def _beat_excess(measured: _Measured, scoring: _Scoring) -> Optional[float]:
    if measured.audio is None:
        return None
    return _excess(*_beats(measured, scoring, scoring.beat_lag))


def _excess(audio: np.ndarray, motion: np.ndarray) -> float:
    matched = speech.beat_consistency(audio, motion)
    return matched - speech.mismatched_consistency(audio, motion)


def _best_beat_lag(reference: _Measured, scoring: _Scoring) -> int:
    lags = range(-_MAX_BEAT_LAG, _MAX_BEAT_LAG + 1)
    return max(lags, key=lambda lag: _excess(*_beats(reference, scoring, lag)))


def _limit_violations(measured: _Measured, scoring: _Scoring) -> Optional[float]:
    limits = scoring.skeleton.limits
    if scoring.synthetic is not None:
        limits = scoring.synthetic.limits[measured.speaker]
    if limits is None:
        return None
    return float(kinematics.limit_violations(measured.angles, limits).mean())


def _bone_length(measured: _Measured, scoring: _Scoring) -> float:
    ones = np.ones(scoring.skeleton.num_bones)
    return float(kinematics.bone_length_error(measured.motion, ones).mean())


def _speaker_frechet(measured: _Measured, scoring: _Scoring) -> Optional[float]:
    if measured.speaker is None:
        return None
    real = scoring.reference
    return variety.speaker_frechet(
        measured.features, measured.speaker, real.features, real.speaker
    )


def _multimodality(measured: _Measured, scoring: _Scoring) -> Optional[float]:
    if measured.again_features is None:
        return None
    return variety.multimodality(measured.features, measured.again_features)


def _table() -> Dict[str, Callable[[_Measured, _Scoring], Optional[float]]]:
    scores = {
        "frechet": lambda m, s: variety.features_frechet(
            m.features, s.reference.features
        ),
        "speaker_frechet": _speaker_frechet,
        "diversity": lambda m, s: variety.diversity(m.features),
        "multimodality": _multimodality,
        "l1_diversity": lambda m, s: variety.l1_diversity(m.motion),
        "bone_length": _bone_length,
        "limit_violations": _limit_violations,
        "audio_correlation": _audio_correlation,
        "audio_lag": _audio_lag,
        "beat_consistency": _beat_consistency,
        "beat_excess": _beat_excess,
    }
    for side in SIDES:
        scores[f"{side}_arm"] = lambda m, s, side=side: float(
            kinematics.arm_liveliness(m.motion, s.skeleton, side).mean()
        )
        scores[f"{side}_fingers"] = lambda m, s, side=side: float(
            kinematics.finger_liveliness(m.angles, s.skeleton, side).mean()
        )
    for name in kinematics.MOVEMENTS:
        scores[name] = lambda m, s, name=name: float(getattr(m, name).mean())
        scores[f"{name}_hellinger"] = lambda m, s, name=name: kinematics.hellinger(
            getattr(m, name), getattr(s.reference, name)
        )
    for name, (score, _) in SYNTHETIC_SCORES.items():
        if score is not None:
            scores[name] = lambda m, s, score=score: (
                None if s.synthetic is None else score(_synthetic_clips(m), s.synthetic)
            )
    return scores


def _synthetic_clips(measured: _Measured) -> SyntheticClips:
    condition = {"audio": measured.audio, "speaker": measured.speaker}
    return SyntheticClips(
        measured.angles, measured.again_angles, condition, measured.motion_beats
    )


def _check(name: str, one: MotionSet, skeleton: Skeleton) -> None:
    motion = np.asarray(one.motion)
    if motion.ndim != 4 or motion.shape[2:] != (skeleton.num_bones, 3):
        raise ValueError(
            f"{name} must be motion [n, T, {skeleton.num_bones}, 3], not "
            f"{list(motion.shape)}"
        )
    if len(motion) < 4 or motion.shape[1] < 8:
        raise ValueError(f"{name} must have at least 4 clips of 8 frames")
    for part in one:
        if part is not None and len(part) != len(motion):
            raise ValueError(f"{name} has arrays of different numbers of clips")
        if part is not None and not np.isfinite(part).all():
            raise ValueError(f"{name} must be finite")


def _number(value: Optional[float]) -> Optional[float]:
    return None if value is None or not np.isfinite(value) else float(value)


_SCORES = _table()
