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

"""Labels as the classes 0, 1, ..., K - 1."""

from __future__ import annotations

from typing import Tuple

import numpy as np

from ppsci_ext.utils.errors import UserError

_NAMED = 10


def number_classes(
    labels: np.ndarray, training: np.ndarray, relabel: bool, what: str
) -> Tuple[np.ndarray, Tuple[str, ...]]:
    """Checks that every class has training images, or numbers those that have.

    Args:
        labels (np.ndarray): Labels of one split, int64 [N].
        training (np.ndarray): Labels of the training split, int64 [M], at least one.
        relabel (bool): Whether labels may be any numbers; those of the training split
            become 0, 1, ... in their order.
        what (str): What messages call the labels.

    Returns:
        Tuple[np.ndarray, Tuple[str, ...]]: Labels in 0..K-1, int64 [N], and what the K
            classes were called: the labels as they were.

    Raises:
        UserError: Without `relabel`, labels that don't count from 0 on without a gap; in
            any case, labels that no training image has.
    """
    values = np.unique(training)
    count = len(values)
    if not relabel and (values[0] != 0 or values[-1] != count - 1):
        _refuse(values, what)
    places = np.searchsorted(values, labels).clip(0, count - 1)
    foreign = labels[values[places] != labels]
    if len(foreign):
        raise UserError(
            f"{what}: no training image has the label {foreign[0]}; give both splits the "
            "same classes"
        )
    return places.astype(np.int64), tuple(str(value) for value in values)


def _refuse(values: np.ndarray, what: str) -> None:
    if values[0] < 0:
        raise UserError(
            f"{what}: label {values[0]} is negative; number the classes 0..{len(values) - 1}, "
            "or set relabel=true"
        )
    # as few as are named: a label may be as large as int64 allows
    first = range(min(int(values[-1]), _NAMED + len(values)))
    present = set(values.tolist())
    empty = [str(value) for value in first if value not in present]
    missing = int(values[-1]) + 1 - len(values)
    if missing > _NAMED:
        empty = [*empty[:_NAMED], "..."]
    which = (
        f"class {empty[0]} has" if missing == 1 else f"classes {', '.join(empty)} have"
    )
    raise UserError(
        f"{what}: {which} no training image; number the {len(values)} classes that have "
        f"some 0..{len(values) - 1}, or set relabel=true"
    )
