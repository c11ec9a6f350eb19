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

"""A score beside its truth and its floor, and a verdict with a stated rate of false alarms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from typing import Dict
from typing import List
from typing import Optional
from typing import Tuple

import numpy as np

from ppsci_ext.utils.errors import UserError

ESTIMATE, DISTANCE, AT_LEAST = "estimate", "distance", "at_least"
FEWEST_SETS = 60
_STREAM = 11  # any number


@dataclass(frozen=True, eq=False)
class Evidence:
    """One score of the fields that are judged, and of real sets of as many fields.

    Attributes:
        kind (str): `ESTIMATE` of a truth, wrong by excess and by lack; `DISTANCE` from it,
            wrong by excess only; or `AT_LEAST`, wrong by lack only, with no truth but the
            real sets' own mean.
        value (np.ndarray): Of the fields that are judged, [K]; [1] but for estimates.
        truth (np.ndarray): [K], zero for distances; without effect for `AT_LEAST`.
        reals (np.ndarray): Of R real sets, [R, K].
        resolution (float): Differences below it mean nothing, such as those of rounding.
        exchanged (Optional[np.ndarray]): As `reals`, of sets in which judged and real
            fields are mixed at random; where real sets share their fields, only these are
            exchangeable with the judged set. Defaults to None, `reals` are.
        at (Optional[np.ndarray]): Where the K values stand: wave numbers, lags, ...
    """

    kind: str
    value: np.ndarray
    truth: np.ndarray
    reals: np.ndarray
    resolution: float
    exchanged: Optional[np.ndarray] = None
    at: Optional[np.ndarray] = None


def check_rates(sets: int, level: float) -> None:
    """Refuse too few real sets to say anything at that level.

    Raises:
        UserError: Fewer than 60, or a level that is not between 1 / (sets + 1) and 1.
    """
    if sets < FEWEST_SETS:
        raise UserError(
            f"the spread of real fields needs at least {FEWEST_SETS} real sets, not {sets}"
        )
    if not 1 / (sets + 1) <= level < 1:
        raise UserError(
            f"{sets} real sets cannot support false alarms at a rate of {level}; take a "
            f"rate of at least {1 / (sets + 1):.3f}, or more sets"
        )


def real_sets_rng(seed: int) -> np.random.Generator:
    """For real sets: other numbers than those of fields drawn with the same seed."""
    return np.random.default_rng([_STREAM, seed])


def judge(evidence: Dict[str, Evidence], level: float) -> Dict[str, Any]:
    """Compare scores with the truth by the spread of real sets.

    A score's discrepancy is its largest |z| (or the distance itself); p is the share of
    sets, the judged one among them, whose discrepancy is as large. Real fields and judged
    ones being alike, p <= level happens with a probability of at most `level`, exactly so
    where level (R + 1) is whole, whatever the distribution (Davison and Hinkley 1997,
    Bootstrap Methods, sections 4.2 and 4.3; the sets are exchangeable, but for the scale
    of z, which for each set is taken from the other R or R - 1).

    Args:
        evidence (Dict[str, Evidence]): By name of the score.
        level (float): Rate of false alarms, of each score and of all together.

    Returns:
        Dict[str, Any]: "scores", by name "value", "truth", "floor" (root mean square
            deviation of real sets from the truth), "z", "p", "within" and, for vectors,
            "at"; and "together", p and within of the largest discrepancy of all, each in
            units of its spread. Numbers, lists and booleans only.
    """
    scores, discrepancies = {}, []
    for name, one in evidence.items():
        own, others = _discrepancies(one)
        discrepancies.append((own, others))
        p = _p_value(own, others)
        scores[name] = {**_record(one), "p": p, "within": bool(p > level)}
    largest = [_standardised(own, others) for own, others in discrepancies]
    p = _p_value(max(a for a, _ in largest), np.max([b for _, b in largest], axis=0))
    return {"scores": scores, "together": {"p": p, "within": bool(p > level)}}


def _discrepancies(one: Evidence) -> Tuple[float, np.ndarray]:
    """Of the judged set, and of those that it is exchangeable with, [R]."""
    sets = one.reals if one.exchanged is None else one.exchanged
    if one.kind == AT_LEAST:
        return -float(one.value[0]), -sets[:, 0]
    own = _seen(one.value - one.truth, one.resolution)
    others = _seen(sets - one.truth, one.resolution)
    if one.kind == DISTANCE:
        return float(own[0]), others[:, 0]
    squares = np.square(others)
    total, count = squares.sum(axis=0), len(sets)
    spread = np.maximum(np.sqrt(total / count), one.resolution)
    rest = np.maximum(np.sqrt((total - squares) / (count - 1)), one.resolution)
    return float(np.max(np.abs(own) / spread)), np.max(np.abs(others) / rest, axis=1)


def _record(one: Evidence) -> Dict[str, Any]:
    mean, spread = one.reals.mean(axis=0), one.reals.std(axis=0, ddof=1)
    truth = mean if one.kind == AT_LEAST else one.truth
    floor = np.sqrt(np.square(one.reals - truth).mean(axis=0))
    if one.kind == ESTIMATE:
        difference, unit = _seen(one.value - truth, one.resolution), floor
    else:
        difference, unit = one.value - mean, spread
    z = difference / np.maximum(unit, one.resolution)
    numbers = {"value": one.value, "truth": truth, "floor": floor, "z": z}
    record = {key: _plain(array) for key, array in numbers.items()}
    if one.at is not None and len(one.value) > 1:
        record["at"] = _plain(one.at)
    return record


def _seen(deviation: np.ndarray, resolution: float) -> np.ndarray:
    """0 where it means nothing, so that rounding errors are not compared with each other."""
    return np.where(np.abs(deviation) < resolution, 0, deviation)


def _standardised(own: float, others: np.ndarray) -> Tuple[float, np.ndarray]:
    """Discrepancies in units of the others' spread, for each set that of all but itself."""
    count = len(others)
    tiny = 1e-12 + 1e-9 * np.abs(others).max()
    mean, spread = others.mean(), max(others.std(), tiny)
    rest = (others.sum() - others) / (count - 1)
    rest_square = (np.square(others).sum() - np.square(others)) / (count - 1)
    rest_spread = np.sqrt(np.maximum(rest_square - rest**2, tiny**2))
    return (own - mean) / spread, (others - rest) / rest_spread


def _p_value(own: float, others: np.ndarray) -> float:
    return float((1 + np.count_nonzero(others >= own)) / (len(others) + 1))


def _plain(array: np.ndarray) -> Any:
    values: List[float] = [float(value) for value in np.ravel(array)]
    return values if len(values) > 1 else values[0]
