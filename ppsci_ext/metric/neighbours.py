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

"""Distances of many samples to many others: in float32 where that decides, else in float64.

Half of a product's time is saved by float32, whose round-off would decide some comparisons
wrongly. So a block of distances is bounded from below in float32, by a bound of its round-off,
and the few pairs that may be close enough to count are computed anew in float64. Where they
are not few, the whole block is.
"""

from __future__ import annotations

from typing import Iterator
from typing import Tuple

import numpy as np

_TILE = 1024  # rows of a block of features
_PAIRS = 512  # distances that are computed one by one at a time
_FEW = 64  # one pair of so many costs less one by one than in a product of float64
_LARGEST = 2.0**100  # value and squared norm up to which float32 doesn't overflow


class Samples:
    """Points [N, d], of which blocks are taken relative to a common origin.

    Args:
        features (np.ndarray): [N, d], float32 or float64.
        origin (np.ndarray): [d]; distances don't depend on it, but their round-off does.

    Attributes:
        num_features (int): d.
        squared_norms (np.ndarray): float64 [N], relative to the origin.
    """

    def __init__(self, features: np.ndarray, origin: np.ndarray):
        self._features = features
        self.num_features = features.shape[1]
        # one that float32 can hold, so that float32 features stay in their type
        self._origin = np.clip(origin, -_LARGEST, _LARGEST).astype(np.float32)
        self.squared_norms = np.empty(len(features))
        for rows in self.tiles():
            block = self.double(rows)
            self.squared_norms[rows] = np.einsum("ij,ij->i", block, block)
        # A product of float32 is off by no more than d u |x| |y|, u = 2^-24; the rest is
        # for rounding features and norms, and for what is too small for float32.
        lower = self.squared_norms * (1.0 - 1.1 * 2.0**-24 * (self.num_features + 16))
        lower -= self.num_features * 2.0**-120
        lower[self.squared_norms > _LARGEST] = -np.inf
        self._lower_norms = lower.astype(np.float32)

    def __len__(self) -> int:
        return len(self._features)

    def tiles(self, start: int = 0) -> Iterator[slice]:
        """Blocks of rows from start on."""
        for first in range(start, len(self), _TILE):
            yield slice(first, min(first + _TILE, len(self)))

    def single(self, rows: slice) -> Tuple[np.ndarray, np.ndarray]:
        """A block in float32 [n, d], and lower bounds of its squared norms, [n]."""
        with np.errstate(over="ignore"):  # such norms are bounded by -inf
            block = self._features[rows] - self._origin
            return block.astype(np.float32, copy=False), self._lower_norms[rows]

    def double(self, rows: slice) -> np.ndarray:
        """A block in float64, [n, d]."""
        return self._features[rows] - self._origin.astype(np.float64)

    def squared_distances(
        self, rows: slice, others: Samples, columns: slice
    ) -> np.ndarray:
        """Return [n, m] in float64, exact to some d eps (|x|^2 + |y|^2)."""
        distances = self.double(rows) @ others.double(columns).T
        distances *= -2.0
        distances += self.squared_norms[rows, None]
        distances += others.squared_norms[columns]
        return distances

    def pair_distances(
        self, rows: np.ndarray, others: Samples, columns: np.ndarray
    ) -> np.ndarray:
        """Squared distances of pairs of points in float64, [P], exact to some d eps each."""
        distances = np.empty(len(rows))
        for start in range(0, len(rows), _PAIRS):
            part = slice(start, start + _PAIRS)
            difference = self._features[rows[part]].astype(np.float64)
            difference -= others._features[columns[part]]
            distances[part] = np.einsum("ij,ij->i", difference, difference)
        return distances


def lower_bounds(
    rows: Tuple[np.ndarray, np.ndarray], columns: Tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Return what the squared distances of two blocks are at least, float32 [n, m].

    Args:
        rows (Tuple[np.ndarray, np.ndarray]): Of `Samples.single`.
        columns (Tuple[np.ndarray, np.ndarray]): The same.

    Returns:
        np.ndarray: NaN where nothing is known.
    """
    (x, x_norms), (y, y_norms) = rows, columns
    with np.errstate(over="ignore", invalid="ignore"):
        bounds = x @ y.T
        bounds *= -2.0
        bounds += x_norms[:, None]
        bounds += y_norms
    return bounds


def may_be_within(bounds: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Where a squared distance may be no more than a squared radius.

    Args:
        bounds (np.ndarray): Of `lower_bounds`, [n, m].
        radii (np.ndarray): float64, [m] or [n, 1].

    Returns:
        np.ndarray: bool [n, m].
    """
    with np.errstate(over="ignore"):  # becomes infinite, which is above, too
        above = np.nextafter(radii.astype(np.float32), np.float32(np.inf))
    return ~(bounds > above)


def are_few(pairs: np.ndarray) -> bool:
    """Whether so few of a block's pairs are meant that a product would cost more."""
    return np.count_nonzero(pairs) * _FEW <= pairs.size


def squared_radii(samples: Samples, neighborhood: int) -> np.ndarray:
    """Return the squared distances [N] to the k-th neighbours, never too small.

    Expanding |x - y|^2 makes one matrix product of all distances, but leaves a
    round-off in each, even between duplicates. So that it doesn't decide where two
    distances are equal, each radius is enlarged by a bound of it: a sample y on the
    surface has |y|^2 <= 2 |x|^2 + 2 r^2.

    Args:
        samples (Samples): More than k.
        neighborhood (int): k, at least 1.
    """
    k = neighborhood
    # Column 0 ends as the distance to itself, column k as that to the k-th neighbour.
    nearest = np.full((len(samples), k + 1), np.inf)
    for rows in samples.tiles():  # so that what follows is compared with something
        own = samples.squared_distances(rows, samples, rows)
        nearest[rows] = _smallest(nearest[rows], own)
    for rows in samples.tiles():
        x = samples.single(rows)
        for columns in samples.tiles(start=rows.stop):  # the other half, by symmetry
            bounds = lower_bounds(x, samples.single(columns))
            pairs = may_be_within(bounds, nearest[rows, k:])
            pairs |= may_be_within(bounds, nearest[columns, k])
            _update_nearest(nearest, samples, rows, columns, pairs)
    radii = nearest[:, k]
    round_off = samples.num_features * np.finfo(np.float64).eps
    return radii + 4.0 * round_off * (3.0 * samples.squared_norms + 2.0 * radii)


def _update_nearest(
    nearest: np.ndarray,
    samples: Samples,
    rows: slice,
    columns: slice,
    pairs: np.ndarray,
) -> None:
    """Take account of those pairs [n, m] of two different blocks, or of all of them."""
    if not are_few(pairs):
        distances = samples.squared_distances(rows, samples, columns)
        nearest[rows] = _smallest(nearest[rows], distances)
        nearest[columns] = _smallest(nearest[columns], distances.T)
        return
    first, second = np.nonzero(pairs)
    if not len(first):
        return
    first, second = first + rows.start, second + columns.start
    distances = samples.pair_distances(first, samples, second)
    _insert(nearest, np.append(first, second), np.append(distances, distances))


def _smallest(found: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Return the k + 1 smallest of each row of both [n, k + 1] and [n, m], in order."""
    k = found.shape[1] - 1
    if distances.shape[1] > k + 1:
        distances = np.partition(distances, k, axis=1)[:, : k + 1]
    return np.sort(np.concatenate([found, distances], axis=1), axis=1)[:, : k + 1]


def _insert(nearest: np.ndarray, places: np.ndarray, distances: np.ndarray) -> None:
    """Keep the smallest of each row of nearest and of the distances [P] at its place [P]."""
    width = nearest.shape[1]
    changed = np.unique(places)
    places = np.append(np.repeat(changed, width), places)
    distances = np.append(nearest[changed], distances)
    order = np.lexsort((distances, places))
    starts = np.searchsorted(places[order], changed)
    nearest[changed] = distances[order][starts[:, None] + np.arange(width)]
