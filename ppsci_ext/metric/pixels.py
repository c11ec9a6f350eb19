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

"""Floats to pixels, where they lie in the range that was promised for them."""

from __future__ import annotations

import math
from typing import Tuple

import numpy as np
from ppsci.utils import logger

from ppsci_ext.data import to_uint8
from ppsci_ext.utils.errors import UserError

_COMMON_RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))


def to_pixels(images: np.ndarray, low: float, high: float, what: str) -> np.ndarray:
    """Convert floats by `ppsci_ext.data.to_uint8`, but refuse those beyond the range.

    Args:
        images (np.ndarray): Floats of any shape.
        low (float): Value of black.
        high (float): Value of white.
        what (str): What messages call the images.

    Returns:
        np.ndarray: uint8, same shape.

    Raises:
        UserError: If a value is beyond the range by more than half a step of 255, or NaN.
    """
    check_range(float(images.min()), float(images.max()), low, high, what)
    return to_uint8(images, low, high)


def check_bounds(low: float, high: float) -> None:
    """Make sure that low and high are the ends of a range.

    Raises:
        UserError: If they are not finite or low isn't below high.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UserError(
            "The value of black must be below the value of white, and both finite, not "
            f"{low:g} and {high:g}."
        )


def check_range(
    minimum: float, maximum: float, low: float, high: float, what: str
) -> None:
    """Make sure that values lie in a range, with a warning if they leave half of it unused.

    Args:
        minimum (float): Smallest value; NaN is let pass.
        maximum (float): Largest value.
        low (float): Lower end of the range.
        high (float): Upper end of the range.
        what (str): What messages call the values.

    Raises:
        UserError: If a value is infinite, or beyond the range by more than half a
            step of 255.
    """
    if math.isinf(minimum) or math.isinf(maximum):
        raise UserError(f"{what}: there are infinite values: remove them.")
    half_a_step = (high - low) / 510
    if minimum < low - half_a_step or maximum > high + half_a_step:
        fitting = _fitting_range(minimum, maximum)
        raise UserError(
            f"{what}: values from {minimum:g} to {maximum:g} don't fit the range {low:g} to "
            f"{high:g}; {fitting[0]:g} to {fitting[1]:g} would fit."
        )
    if maximum - minimum <= (high - low) / 2 + half_a_step:
        logger.warning(
            f"{what}: values from {minimum:g} to {maximum:g} use no more than half of the "
            f"range {low:g} to {high:g}: is it the right one?"
        )


def _fitting_range(minimum: float, maximum: float) -> Tuple[float, float]:
    """A common range of which the values use more than half, else their own."""
    for low, high in _COMMON_RANGES:
        is_used = maximum - minimum > (high - low) / 2
        if is_used and low <= minimum and maximum <= high:
            return low, high
    return minimum, maximum
