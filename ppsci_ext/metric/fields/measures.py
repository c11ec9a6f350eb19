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

"""Statistics of single fields, whose averages over a set are its scores.

Fields are float arrays [n, *shape] of 1 to 3 axes; each function gives one row a field. On
a torus opposite borders are neighbours; otherwise pairs and blocks inside the field count.
"""

from __future__ import annotations

import itertools
from typing import Dict
from typing import List
from typing import Sequence
from typing import Tuple

import numpy as np
from scipy import fft

from ppsci_ext.metric.fields.grid import Grid


def power_spectrum(fields: np.ndarray, grid: Grid) -> np.ndarray:
    """|F_k|^2 / N in shells of wave numbers, of the fields less the grid's mean.

    Fields that are not periodic are tapered by Hann's window of unit mean square, in A and
    B alike (Percival and Walden 1993, section 6.4).

    Returns:
        np.ndarray: float64 [n, B].
    """
    fields = fields - np.float32(grid.mean)
    if not grid.periodic:
        for axis, size in enumerate(grid.shape, start=1):
            window = np.sin(np.pi * (np.arange(size) + 0.5) / size) ** 2
            window /= np.sqrt(np.mean(window**2))
            shape = (size, *[1] * (len(grid.shape) - axis))
            fields = fields * window.reshape(shape).astype(np.float32)
    power = _power(fields) / fields[0].size
    return (grid.shells @ power.reshape(len(power), -1).T).T


def pair_products(
    fields: np.ndarray, lags: Sequence[int], periodic: bool
) -> np.ndarray:
    """Mean product of two pixels, by their distance along an axis.

    It is the covariance of fields less their mean, and of a phase's indicator the
    two-point probability S2(r).

    Returns:
        np.ndarray: float64 [n, L], averaged over the axes.
    """
    axes = range(1, fields.ndim)
    if periodic:
        shape = fields.shape[1:]
        products = fft.irfftn(_power(fields), s=shape, axes=tuple(axes))
        products /= fields[0].size
        lines = [np.moveaxis(products, axis, 1) for axis in axes]
        lines = [line.reshape(*line.shape[:2], -1)[:, lags, 0] for line in lines]
        return np.mean(lines, axis=0, dtype=np.float64)
    result = np.zeros((len(fields), len(lags)))
    for axis, (column, lag) in itertools.product(axes, enumerate(lags)):
        size, before = fields.shape[axis], (slice(None),) * axis
        near = fields[(*before, slice(0, size - lag))]
        far = fields[(*before, slice(lag, size))]
        mean = np.mean(near * far, axis=tuple(axes), dtype=np.float64)
        result[:, column] += mean / len(axes)
    return result


def block_fractions(
    fields: np.ndarray, thresholds: np.ndarray, periodic: bool
) -> Dict[Tuple[int, ...], np.ndarray]:
    """How many blocks of 2 pixels a side lie above each threshold.

    Returns:
        Dict[Tuple[int, ...], np.ndarray]: For every subset of the axes 0 ... d - 1 the
            fraction of the blocks that are two pixels long in them and one in the others,
            float64 [n, T]; those of the empty subset are the volume fractions.
    """
    fractions = {}
    for axes in subsets(fields.ndim - 1):
        lowest = fields
        for axis in axes:
            if periodic:
                lowest = np.minimum(lowest, np.roll(lowest, -1, axis + 1))
            else:
                before = (slice(None),) * (axis + 1)
                near, far = (
                    lowest[(*before, slice(0, -1))],
                    lowest[(*before, slice(1, None))],
                )
                lowest = np.minimum(near, far)
        rows = lowest.reshape(len(fields), -1)
        above = [np.count_nonzero(rows > t, axis=1) for t in thresholds]
        fractions[axes] = np.stack(above, axis=1) / rows.shape[1]
    return fractions


def subsets(dimension: int) -> List[Tuple[int, ...]]:
    """All subsets of the axes, the smaller first."""
    return [
        axes
        for count in range(dimension + 1)
        for axes in itertools.combinations(range(dimension), count)
    ]


def below_fractions(fields: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The distribution function of each field's pixels at the edges, float64 [n, E]."""
    rows = np.sort(fields.reshape(len(fields), -1), axis=1)
    below = [np.searchsorted(row, edges, side="right") for row in rows]
    return np.stack(below) / rows.shape[1]


def parity_moments(fields: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Means and mean squares of the pixels of each parity of their coordinates.

    Returns:
        Tuple[np.ndarray, np.ndarray]: float64 [n, 2^d] each, in the order of the binary
            numbers of the parities.
    """
    axes = tuple(range(1, fields.ndim))
    means, squares = [], []
    for parity in itertools.product((0, 1), repeat=len(axes)):
        part = fields[(slice(None), *(slice(p, None, 2) for p in parity))]
        means.append(part.mean(axis=axes, dtype=np.float64))
        squares.append(np.square(part).mean(axis=axes, dtype=np.float64))
    return np.stack(means, axis=1), np.stack(squares, axis=1)


def corner_power(fields: np.ndarray) -> np.ndarray:
    """Power of the patterns that alternate from pixel to pixel, and of the modes beside them.

    Args:
        fields (np.ndarray): Of even length along every axis, periodic.

    Returns:
        np.ndarray: float64 [n, 2, 2^d - 1], the patterns alternating along each non-empty
            subset of the axes.
    """
    return corners_of(_power(fields), fields.shape[1:])


def corners_of(power: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """The same from |F_k|^2 of fields of that shape, as of fftn or rfftn, [n, ...]."""
    corners, beside = [], []
    for axes in subsets(len(shape))[1:]:
        index = [size // 2 * (axis in axes) for axis, size in enumerate(shape)]
        corners.append(power[(slice(None), *index)])
        around = []
        for axis in range(len(shape)):
            near = list(index)
            # of k + e and k - e, which have the same power, the one that rfftn has
            near[axis] += -1 if axis in axes else 1
            around.append(power[(slice(None), *near)])
        beside.append(np.mean(around, axis=0, dtype=np.float64))
    return np.stack([corners, beside]).transpose(2, 0, 1).astype(np.float64)


def distances(fields: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Root mean square difference of every field from every other, float64 [n, m]."""
    a = fields.reshape(len(fields), -1).astype(np.float64)
    b = others.reshape(len(others), -1).astype(np.float64)
    squares = np.square(a).sum(axis=1)[:, np.newaxis] + np.square(b).sum(axis=1)
    squares -= 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0) / a.shape[1])


def _power(fields: np.ndarray) -> np.ndarray:
    modes = fft.rfftn(fields, axes=tuple(range(1, fields.ndim)))
    return np.square(modes.real) + np.square(modes.imag)
