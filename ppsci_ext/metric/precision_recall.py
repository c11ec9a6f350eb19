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

"""Improved precision and recall of Kynkaanniemi et al. 2019, for features of any kind."""

from __future__ import annotations

from typing import Iterator
from typing import Tuple

import numpy as np

from ppsci_ext.utils.errors import UserError

_TILE = 1024  # rows of a block of features


def precision_recall(
    real_features: np.ndarray, generated_features: np.ndarray, neighborhood: int = 3
) -> Tuple[float, float]:
    """Compute the shares of each set that lie within the other's estimated manifold.

    Kynkaanniemi et al. 2019 (arXiv 1904.06991), section 2: the manifold of a set is the
    union of balls around its members, each reaching to the member's k-th nearest
    neighbour in the set, itself excluded, and including its surface. Precision is the
    share of generated samples within the manifold of the real ones, recall the share of
    real samples within that of the generated ones.

    Time grows with (N1 + N2)^2 d. Beyond the features, some 70 MB of memory are needed
    for d = 2048, whatever the number of samples.

    Args:
        real_features (np.ndarray): [N1, d], float32 or float64.
        generated_features (np.ndarray): [N2, d], float32 or float64.
        neighborhood (int): k. Defaults to 3.

    Returns:
        Tuple[float, float]: Precision and recall, 0 to 1.

    Raises:
        UserError: If a set has no more than k samples.
        ValueError: If the shapes don't fit each other, values are not finite, or k is
            less than 1.

    Examples:
        >>> import numpy as np
        >>> from ppsci_ext.metric import precision_recall
        >>> real = np.array([[0.0], [1.0], [2.0], [3.0]])
        >>> generated = np.array([[2.5], [2.75], [9.0]])
        >>> precision, recall = precision_recall(real, generated, neighborhood=1)
        >>> print(round(precision, 3), recall)
        0.667 0.25
    """
    real, generated = np.asarray(real_features), np.asarray(generated_features)
    if real.ndim != 2 or real.shape[1:] != generated.shape[1:]:
        raise ValueError(
            "features must be [N1, d] and [N2, d], not "
            f"{list(real.shape)} and {list(generated.shape)}"
        )
    if neighborhood < 1:
        raise ValueError(f"neighborhood must be at least 1, not {neighborhood}")
    fewest = min(len(real), len(generated))
    if fewest <= neighborhood:
        raise UserError(
            f"Precision and recall of {neighborhood} neighbours need at least "
            f"{neighborhood + 1} samples, not {fewest}: give more."
        )
    # Distances don't depend on the origin, but their round-off does.
    origin = (_finite_mean(real) + _finite_mean(generated)) / 2.0
    real_radii = _squared_radii(real, origin, neighborhood)
    generated_radii = _squared_radii(generated, origin, neighborhood)
    is_precise = np.zeros(len(generated), bool)
    is_recalled = np.zeros(len(real), bool)
    for rows, x in _tiles(real, origin):
        for columns, y in _tiles(generated, origin):
            distances = _squared_distances(x, y)
            is_precise[columns] |= (distances <= real_radii[rows, None]).any(axis=0)
            is_recalled[rows] |= (distances <= generated_radii[columns]).any(axis=1)
    return float(is_precise.mean()), float(is_recalled.mean())


def _finite_mean(features: np.ndarray) -> np.ndarray:
    """Return the mean [d]; a single value that is not finite makes it so too."""
    mean = features.mean(axis=0, dtype=np.float64)
    if not np.isfinite(mean).all():
        raise ValueError("features must be finite")
    return mean


def _tiles(
    features: np.ndarray, origin: np.ndarray, start: int = 0
) -> Iterator[Tuple[slice, np.ndarray]]:
    """Yield blocks of rows from start on, in float64 and relative to the origin."""
    for first in range(start, len(features), _TILE):
        rows = slice(first, min(first + _TILE, len(features)))
        yield rows, features[rows] - origin


def _squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return [n, m] for x [n, d] and y [m, d], exact to some d eps (|x|^2 + |y|^2)."""
    distances = x @ y.T
    distances *= -2.0
    distances += _squared_norms(x)[:, None]
    distances += _squared_norms(y)
    return distances


def _squared_norms(x: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", x, x)


def _squared_radii(
    features: np.ndarray, origin: np.ndarray, neighborhood: int
) -> np.ndarray:
    """Return the squared distances [N] to the k-th neighbours, never too small.

    Expanding |x - y|^2 makes one matrix product of all distances, but leaves a
    round-off in each, even between duplicates. So that it doesn't decide where two
    distances are equal, each radius is enlarged by a bound of it: a sample y on the
    surface has |y|^2 <= 2 |x|^2 + 2 r^2.
    """
    k = neighborhood
    # Column 0 ends as the distance to itself, column k as that to the k-th neighbour.
    nearest = np.full((len(features), k + 1), np.inf)
    norms = np.empty(len(features))
    for rows, x in _tiles(features, origin):
        norms[rows] = _squared_norms(x)
        for columns, y in _tiles(features, origin, start=rows.start):
            distances = _squared_distances(x, y)
            nearest[rows] = _smallest(nearest[rows], distances)
            if columns != rows:  # the other half, by symmetry
                nearest[columns] = _smallest(nearest[columns], distances.T)
    radii = nearest[:, k]
    round_off = features.shape[1] * np.finfo(np.float64).eps
    return radii + 4.0 * round_off * (3.0 * norms + 2.0 * radii)


def _smallest(found: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Return the k + 1 smallest of each row of both [n, k + 1] and [n, m], in order."""
    k = found.shape[1] - 1
    if distances.shape[1] > k + 1:
        distances = np.partition(distances, k, axis=1)[:, : k + 1]
    return np.sort(np.concatenate([found, distances], axis=1), axis=1)[:, : k + 1]
