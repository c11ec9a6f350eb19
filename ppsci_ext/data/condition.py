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

"""What a sample is to be generated for: nothing, a class, an array, or several arrays by name.

A condition is None, integer labels [B], an array [B, ...], or a dict of such arrays.
"""

from __future__ import annotations

from typing import Any
from typing import Callable
from typing import Dict
from typing import Mapping
from typing import Optional
from typing import Union

import numpy as np
import paddle

from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.errors import shown

Arrays = Union[None, np.ndarray, Mapping[str, np.ndarray]]
Condition = Union[None, paddle.Tensor, Dict[str, paddle.Tensor]]


def map_condition(function: Callable[..., Any], *conditions: Any) -> Any:
    """Apply a function to each array of a condition, or of several of the same form.

    Args:
        function (Callable[..., Any]): Gets one array of each condition.
        *conditions (Any): Conditions; None stays None.
    """
    first = conditions[0]
    if first is None:
        return None
    if isinstance(first, Mapping):
        return {key: function(*(each[key] for each in conditions)) for key in first}
    return function(*conditions)


def as_arrays(condition: Any, count: Optional[int] = None) -> Arrays:
    """Check what a user gives and bring it to NumPy's int64 and float32.

    Args:
        condition (Any): None, or numbers [B], [B, ...], or a mapping of such, in arrays,
            tensors or lists. Integers alone, as labels are, of shape [B, 1] become [B].
        count (Optional[int]): B, where it is known.

    Raises:
        UserError: If it isn't numbers, the first axes differ, a number is NaN or infinite.
    """
    if condition is None:
        return None
    if not isinstance(condition, Mapping):
        array = _checked(condition, "", count)
        is_column = array.ndim == 2 and array.shape[1] == 1
        return array[:, 0] if is_column and array.dtype == np.int64 else array
    if not condition:
        raise UserError("The condition has no arrays: give None or at least one array.")
    arrays: Dict[str, np.ndarray] = {}
    for key, value in condition.items():
        arrays[key] = _checked(value, f" {key!r}", count)
        count = len(arrays[key])
    return arrays


def _checked(value: Any, name: str, count: Optional[int]) -> np.ndarray:
    array = _numbers(value, name)
    if array.ndim == 0:
        raise UserError(
            f"The condition{name} is a single number: give one for each sample."
        )
    if count is not None and len(array) != count:
        raise UserError(
            f"The condition{name} is for {len(array)} samples, but there are {count}: give "
            "one for each sample."
        )
    return array


def _numbers(value: Any, name: str) -> np.ndarray:
    """int64 or float32, of any shape."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:  # lists of lists of unequal lengths
        raise UserError(f"The condition{name} is no array: {shown(error)}.") from error
    if array.dtype.kind in "iub":
        return array.astype(np.int64, copy=False)
    if array.dtype.kind != "f":
        raise UserError(
            f"The condition{name} has the type {array.dtype}: give integers (classes) or floats."
        )
    if not np.isfinite(array).all():
        raise UserError(
            f"The condition{name} holds NaN or infinite values: remove them."
        )
    return array.astype(np.float32, copy=False)


def to_tensors(condition: Arrays) -> Condition:
    """The condition as tensors, int64 or float32."""
    return map_condition(paddle.to_tensor, condition)
