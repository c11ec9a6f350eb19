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

from typing import Tuple

import numpy as np

from ppsci_ext.metric.neighbours import Samples
from ppsci_ext.metric.neighbours import are_few
from ppsci_ext.metric.neighbours import lower_bounds
from ppsci_ext.metric.neighbours import may_be_within
from ppsci_ext.metric.neighbours import squared_radii
from ppsci_ext.utils.errors import UserError


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
    origin = (_finite_mean(real) + _finite_mean(generated)) / 2.0
    return _shares_within(
        Samples(real, origin), Samples(generated, origin), neighborhood
    )


def _shares_within(
    real: Samples, generated: Samples, neighborhood: int
) -> Tuple[float, float]:
    """Shares of generated and of real samples that lie within the other set's balls."""
    real_radii = squared_radii(real, neighborhood)
    generated_radii = squared_radii(generated, neighborhood)
    is_precise = np.zeros(len(generated), bool)
    is_recalled = np.zeros(len(real), bool)
    for rows in real.tiles():
        x = real.single(rows)
        for columns in generated.tiles():
            if is_recalled[rows].all() and is_precise[columns].all():
                continue
            bounds = lower_bounds(x, generated.single(columns))
            # what isn't decided yet
            pairs = may_be_within(bounds, real_radii[rows, None])
            pairs &= ~is_precise[columns]
            recalling = may_be_within(bounds, generated_radii[columns])
            recalling &= ~is_recalled[rows, None]
            pairs |= recalling
            if are_few(pairs):
                first, second = np.nonzero(pairs)
                first, second = first + rows.start, second + columns.start
                distances = real.pair_distances(first, generated, second)
                is_precise[second[distances <= real_radii[first]]] = True
                is_recalled[first[distances <= generated_radii[second]]] = True
            else:
                distances = real.squared_distances(rows, generated, columns)
                within = distances <= real_radii[rows, None]
                is_precise[columns] |= within.any(axis=0)
                within = distances <= generated_radii[columns]
                is_recalled[rows] |= within.any(axis=1)
    return float(is_precise.mean()), float(is_recalled.mean())


def _finite_mean(features: np.ndarray) -> np.ndarray:
    """Return the mean [d]; a single value that is not finite makes it so too."""
    mean = features.mean(axis=0, dtype=np.float64)
    if not np.isfinite(mean).all():
        raise ValueError("features must be finite")
    return mean
