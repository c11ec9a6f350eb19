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

"""A number that may change with the iterations: constant, in steps, or along a ramp."""

from __future__ import annotations

import math
import numbers
from bisect import bisect_right
from typing import Any
from typing import Callable
from typing import Mapping
from typing import Union

Schedule = Union[float, Mapping[Union[int, str], Any]]

_FORMS = (
    "it should be a number, steps such as {0: 1.0, 5000: 0.1}, or a ramp such as "
    "{ramp: {from: 0.0, to: 1.0, start: 1000, end: 5000}}"
)
_RAMP = {"from", "to", "start", "end"}


def schedule(given: Schedule) -> Callable[[int], float]:
    """The value at each iteration.

    Args:
        given (Schedule): A number; or steps, {iteration from which it holds: value}, beginning
            with 0; or {"ramp": {"from": a, "to": b, "start": i, "end": j}}, which is a until
            iteration i, b from iteration j on, and on the straight line between them.

    Returns:
        Callable[[int], float]: Iteration, from 0 -> value.

    Raises:
        ValueError: Another form, numbers that are not finite, or a ramp that ends before it
            begins.
    """
    if _is_number(given):
        return lambda iteration: float(given)
    if not isinstance(given, Mapping):
        raise ValueError(_FORMS)
    if "ramp" in given:
        return _ramp(given)
    if not all(type(k) is int and k >= 0 and _is_number(v) for k, v in given.items()):
        raise ValueError(_FORMS)
    if 0 not in given:
        raise ValueError("steps must begin at iteration 0")
    starts = sorted(given)
    return lambda iteration: float(given[starts[bisect_right(starts, iteration) - 1]])


def is_constant(given: Schedule) -> bool:
    """Whether it is a number, the same at each iteration."""
    return _is_number(given)


def _ramp(given: Mapping) -> Callable[[int], float]:
    ramp = given["ramp"]
    if len(given) > 1 or not isinstance(ramp, Mapping) or {*ramp} != _RAMP:
        raise ValueError(_FORMS)
    low, high, start, end = (ramp[key] for key in ("from", "to", "start", "end"))
    if not (_is_number(low) and _is_number(high)):
        raise ValueError(_FORMS)
    if not (type(start) is int and type(end) is int and 0 <= start < end):
        raise ValueError("start and end of a ramp should be integers, 0 <= start < end")

    def value(iteration: int) -> float:
        passed = min(max((iteration - start) / (end - start), 0.0), 1.0)
        return low + (high - low) * passed

    return value


def _is_number(value: Any) -> bool:
    """Python's or NumPy's, finite."""
    is_real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return is_real and math.isfinite(value)
