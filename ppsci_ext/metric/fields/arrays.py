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

"""Arrays of fields, brought to one form."""

from __future__ import annotations

from typing import Optional

import numpy as np

from ppsci_ext.utils.errors import UserError

LARGEST = 1e12  # squares and their sums must fit float32


def as_fields(
    array: np.ndarray, what: str, dimension: Optional[int] = None
) -> np.ndarray:
    """Bring fields to float32 [N, C, *shape].

    Args:
        array (np.ndarray): [N, *shape] or [N, C, *shape].
        what (str): What error messages call them.
        dimension (Optional[int]): Number d of axes in shape. Defaults to None: of four
            axes the second is that of channels if it is shorter than 4, of two or three
            none is, of five one is.

    Raises:
        UserError: No such array, none at all, or NaN.
    """
    if array.dtype.kind not in "biuf" or 0 in array.shape:
        raise UserError(f"{what} are {array.dtype} {list(array.shape)}; give numbers")
    if dimension is None:
        channelled = array.ndim == 5 or (array.ndim == 4 and array.shape[1] < 4)
        dimension = array.ndim - 1 - channelled
    if not 1 <= dimension <= 3 or array.ndim not in (dimension + 1, dimension + 2):
        raise UserError(
            f"{what} have shape {list(array.shape)}; give [N, *shape] or [N, C, *shape], "
            "with 1 to 3 axes in shape"
        )
    if min(array.shape[-dimension:]) < 2:
        raise UserError(
            f"{what} have shape {list(array.shape)}, with an axis of 1 pixel"
        )
    with np.errstate(over="ignore"):  # what overflows is refused as infinite
        array = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(array).all():
        raise UserError(f"{what} hold NaN or infinite values; remove those fields")
    if np.abs(array).max() > LARGEST:
        raise UserError(
            f"{what} hold values of up to {np.abs(array).max():.1g}, whose squares would "
            "overflow; use another unit"
        )
    return array if array.ndim == dimension + 2 else array[:, np.newaxis]


def check_same_shape(fields: np.ndarray, like: np.ndarray, what: str) -> None:
    """Refuse fields [N, C, *shape] of another shape than the truth's, but for N."""
    if fields.shape[1:] != like.shape[1:]:
        raise UserError(
            f"{what} have shape {list(fields.shape[1:])}, but the truth {list(like.shape[1:])}"
        )
