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

"""Where statistics of fields are taken: shells of wave numbers, lags and thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence
from typing import Tuple
from typing import Union

import numpy as np
from scipy import sparse

from ppsci_ext.data.fields.random_fields import RandomField
from ppsci_ext.data.fields.spectrum import wave_numbers
from ppsci_ext.utils.errors import UserError

_SMALLEST_VARIANCE = 1e-24
_GROWTH = 1.4  # of shells and lags
_LEVELS = np.array([0.02, 0.07, 0.16, 0.31, 0.5, 0.69, 0.84, 0.93, 0.98])
_CDF = np.concatenate([[0.001, 0.005], np.arange(1, 100) / 100, [0.995, 0.999]])


@dataclass(frozen=True, eq=False)
class Grid:
    """The common ground on which two sets of fields are compared.

    Attributes:
        shape (Tuple[int, ...]): Of a field.
        periodic (bool): Whether opposite borders of a field are neighbours.
        binary (bool): Whether the values are 0 and 1 only.
        mean (float): About which second moments are taken.
        variance (float): The natural unit of second moments.
        shells (sparse.csr_matrix): [B, modes of rfftn], averages over a shell of modes.
        wave (np.ndarray): Mean |k| of each shell, radians per pixel, [B].
        lags (np.ndarray): Distances along the axes, pixels, [L].
        middle (float): Threshold of the two-point probability: the median, .5 for binary.
        thresholds (np.ndarray): Of the Minkowski functionals, [T].
        edges (np.ndarray): Where distribution functions are compared, [E].
    """

    shape: Tuple[int, ...]
    periodic: bool
    binary: bool
    mean: float
    variance: float
    shells: sparse.csr_matrix
    wave: np.ndarray
    lags: np.ndarray
    middle: float
    thresholds: np.ndarray
    edges: np.ndarray


def make_grid(reference: Union[RandomField, np.ndarray], periodic: bool = True) -> Grid:
    """Chooses the grid by the truth, so that it does not depend on what is judged.

    Args:
        reference (Union[RandomField, np.ndarray]): A random field, or fields [N, *shape].
        periodic (bool): Whether opposite borders are neighbours.

    Returns:
        Grid: Thresholds lie at fixed quantiles of the reference.

    Raises:
        UserError: A random field that is not to be periodic, or constant fields.
    """
    if isinstance(reference, RandomField):
        if not periodic:
            raise UserError(
                "the truth of a random field is known on the torus; judge it as periodic"
            )
        shape, binary = reference.shape, reference.binary
        mean, variance = reference.mean, reference.variance
        quantile = reference.quantile
    else:
        shape = reference.shape[1:]
        binary = bool(((reference == 0) | (reference == 1)).all())
        mean = float(reference.mean(dtype=np.float64))
        variance = float(reference.var(dtype=np.float64))
        if variance <= 1e-14 * mean**2:
            raise UserError(
                f"the real fields are constant, {mean:g}; give fields that vary"
            )
        if variance < _SMALLEST_VARIANCE:
            raise UserError(
                f"the real fields vary by {variance**0.5:.1g} only, whose square would "
                "underflow; use another unit"
            )
        ordered = np.sort(reference, axis=None)
        quantile = lambda p: ordered[(p * (len(ordered) - 1)).astype(int)]
    middle = 0.5 if binary else float(quantile(np.array([0.5]))[0])
    thresholds = np.array([0.5]) if binary else np.unique(quantile(_LEVELS))
    edges = np.array([0.5]) if binary else np.unique(quantile(_CDF))
    shells, wave = _shells(shape)
    # float32 as the fields: a threshold must fall on the same side of a value in both
    thresholds, edges = np.float32(thresholds), np.float32(edges)
    return Grid(
        tuple(shape),
        periodic,
        binary,
        mean,
        variance,
        shells,
        wave,
        _lags(min(shape)),
        float(np.float32(middle)),
        thresholds,
        edges,
    )


def half_weights(shape: Sequence[int]) -> np.ndarray:
    """How often each mode of rfftn stands for one of fftn, [*shape[:-1], n // 2 + 1]."""
    last = shape[-1]
    column = np.full(last // 2 + 1, 2.0)
    column[0] = 1
    if last % 2 == 0:
        column[-1] = 1
    return np.broadcast_to(column, (*shape[:-1], len(column)))


def _lags(size: int) -> np.ndarray:
    """0, 1, 2, ... and then ever farther apart, up to half of the size."""
    lags = [0]
    while lags[-1] < size // 2:
        lags.append(min(max(lags[-1] + 1, int(_GROWTH * lags[-1])), size // 2))
    return np.array(lags)


def _shells(shape: Sequence[int]) -> Tuple[sparse.csr_matrix, np.ndarray]:
    """Averages over shells of all modes but k = 0, and their mean wave numbers."""
    half = shape[-1] // 2 + 1
    k = wave_numbers(shape)[..., :half].ravel()
    weights = half_weights(shape).ravel()
    radius = k * max(shape) / (2 * np.pi)  # in units of the lowest mode's
    edges = [0.5]
    while edges[-1] <= radius.max():
        edges.append(max(edges[-1] + 1, edges[-1] * _GROWTH))
    shell = np.digitize(radius, edges) - 1
    modes = np.flatnonzero(shell >= 0)  # without k = 0
    filled, row = np.unique(shell[modes], return_inverse=True)
    total = np.bincount(row, weights[modes])
    values = weights[modes] / total[row]
    matrix = sparse.csr_matrix((values, (row, modes)), (len(filled), len(k)))
    return matrix, matrix @ k
