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

from ppsci_ext.data.motion.skeleton import SIDES
from ppsci_ext.data.motion.skeleton import Skeleton
from ppsci_ext.data.motion.synthetic_speech import SyntheticSpeech
from ppsci_ext.metric.motion import kinematics
from ppsci_ext.metric.motion import speech
from ppsci_ext.metric.motion import variety
from ppsci_ext.metric.motion.sets import Features
from ppsci_ext.metric.motion.sets import Measured
from ppsci_ext.metric.motion.sets import MotionSet
from ppsci_ext.metric.motion.sets import check
from ppsci_ext.metric.motion.sets import controls
from ppsci_ext.metric.motion.sets import measure
from ppsci_ext.metric.motion.synthetic import SYNTHETIC_SCORES
from ppsci_ext.metric.motion.synthetic import SyntheticClips

_GROUPS = 20  # of the jackknife
_LAGS = ("audio_lag", "angle_lag")  # whole numbers, of which it says nothing
_MAX_LAG = 8  # frames, of the correlation
_MAX_BEAT_LAG = 5  # frames: more would be the next syllable


class _Scoring(NamedTuple):
    """What all sets are scored with."""

    skeleton: Skeleton
    fps: float
    reference: Measured
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
        check(name, one, skeleton)
    if len(fake.motion) != len(other_real.motion):
        raise ValueError("fake and other_real must have the same number of clips")
    features = variety.clip_features if features is None else features

    def measured(one: MotionSet) -> Measured:
        return measure(one, skeleton, fps, features)

    reference = measured(real)
    scoring = _Scoring(skeleton, fps, reference, 0, 0, synthetic)
    if real.audio is not None:
        scoring = scoring._replace(
            best_lag=int(np.abs(_correlations(reference)).argmax())
            - _max_lag(reference),
            beat_lag=_best_beat_lag(reference, scoring),
        )
    value, other = measured(fake), measured(other_real)
    wrong = {name: measured(one) for name, one in controls(other_real, rng).items()}
    result = {}
    for name, score in _SCORES.items():
        found = score(value, scoring)
        if found is None:
            continue
        result[name] = {
            "value": _number(found),
            "real": _number(score(other, scoring)),
            "controls": {key: _number(score(c, scoring)) for key, c in wrong.items()},
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


def _standard_errors(
    names: List[str], measured: Measured, scoring: _Scoring
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


def _max_lag(measured: Measured) -> int:
    return min(_MAX_LAG, measured.motion.shape[1] - 4)


def _correlations(measured: Measured) -> np.ndarray:
    envelope = speech.frame_envelope(measured.audio)
    return speech.lagged_correlation(measured.wrist_speed, envelope, _max_lag(measured))


def _audio_lag(measured: Measured, scoring: _Scoring) -> Optional[float]:
    if measured.audio is None:
        return None
    curve = np.abs(_correlations(measured))
    return float(curve.argmax() - _max_lag(measured)) if curve.any() else float("nan")


def _audio_correlation(measured: Measured, scoring: _Scoring) -> Optional[float]:
    if measured.audio is None:
        return None
    return float(_correlations(measured)[scoring.best_lag + _max_lag(measured)])


def _beats(measured: Measured, scoring: _Scoring, lag: float) -> Tuple:
    """Beats of the audio, some frames later, that are during the motion; of the motion."""
    beats = measured.audio_beats + lag / scoring.fps
    end = (measured.motion.shape[1] - 1) / scoring.fps
    beats = np.where((beats >= 0) & (beats <= end), beats, np.nan)
    return beats, measured.motion_beats


def _beat_consistency(measured: Measured, scoring: _Scoring) -> Optional[float]:
    if measured.audio is None:
        return None
    return speech.beat_consistency(*_beats(measured, scoring, scoring.beat_lag))


def _beat_excess(measured: Measured, scoring: _Scoring) -> Optional[float]:
    if measured.audio is None:
        return None
    return _excess(*_beats(measured, scoring, scoring.beat_lag))


def _excess(audio: np.ndarray, motion: np.ndarray) -> float:
    matched = speech.beat_consistency(audio, motion)
    return matched - speech.mismatched_consistency(audio, motion)


def _best_beat_lag(reference: Measured, scoring: _Scoring) -> int:
    lags = range(-_MAX_BEAT_LAG, _MAX_BEAT_LAG + 1)
    return max(lags, key=lambda lag: _excess(*_beats(reference, scoring, lag)))


def _limit_violations(measured: Measured, scoring: _Scoring) -> Optional[float]:
    limits = scoring.skeleton.limits
    if scoring.synthetic is not None:
        limits = scoring.synthetic.limits[measured.speaker]
    if limits is None:
        return None
    return float(kinematics.limit_violations(measured.angles, limits).mean())


def _bone_length(measured: Measured, scoring: _Scoring) -> float:
    ones = np.ones(scoring.skeleton.num_bones)
    return float(kinematics.bone_length_error(measured.motion, ones).mean())


def _speaker_frechet(measured: Measured, scoring: _Scoring) -> Optional[float]:
    real = scoring.reference
    if measured.speaker is None or real.speaker is None:
        return None
    return variety.speaker_frechet(
        measured.features, measured.speaker, real.features, real.speaker
    )


def _multimodality(measured: Measured, scoring: _Scoring) -> Optional[float]:
    if measured.again_features is None:
        return None
    return variety.multimodality(measured.features, measured.again_features)


def _table() -> Dict[str, Callable[[Measured, _Scoring], Optional[float]]]:
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


def _synthetic_clips(measured: Measured) -> SyntheticClips:
    condition = {"audio": measured.audio, "speaker": measured.speaker}
    return SyntheticClips(
        measured.angles, measured.again_angles, condition, measured.motion_beats
    )


def _number(value: Optional[float]) -> Optional[float]:
    return None if value is None or not np.isfinite(value) else float(value)


_SCORES = _table()
