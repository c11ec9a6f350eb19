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

"""The Kernel Inception Distance of Binkowski et al. 2018, for features of any kind."""

from __future__ import annotations

from typing import Optional
from typing import Tuple

import numpy as np

from ppsci_ext.utils.errors import UserError


def kernel_inception_distance(
    features1: np.ndarray,
    features2: np.ndarray,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 2020,
) -> Tuple[float, Optional[float]]:
    r"""Estimate the squared maximum mean discrepancy from random subsets.

    $$
    \frac{1}{m (m - 1)} \sum_{i \ne j} \left(k(x_i, x_j) + k(y_i, y_j)\right)
        - \frac{2}{m^2} \sum_{i, j} k(x_i, y_j),
    \quad k(x, y) = \left(\frac{x^\top y}{d} + 1\right)^3
    $$

    Binkowski et al. 2018 (arXiv 1801.01401), section 4; the estimate is unbiased for any
    number of samples m (Gretton et al. 2012, JMLR 13, lemma 6), so that it can be a
    little below 0. Subsets are drawn without replacement, one of each set in turn; the
    same seed draws the same ones as torch-fidelity. Everything is float64.

    Where each subset is its whole set, all of them are the same: there is one estimate
    then, however many were asked for. One estimate has no standard deviation.

    Args:
        features1 (np.ndarray): [N1, d].
        features2 (np.ndarray): [N2, d].
        subsets (int): Number of pairs of subsets. Defaults to 100.
        subset_size (int): Number m of samples in each. Defaults to 1000.
        seed (int): Seed of the drawing. Defaults to 2020.

    Returns:
        Tuple[float, Optional[float]]: Mean and population standard deviation over the
            pairs of subsets; None in place of the deviation where there is but one
            estimate.

    Raises:
        UserError: If there are fewer samples than subset_size.
        ValueError: If the shapes don't fit each other, there is no subset, or
            subset_size is less than 2.

    Examples:
        >>> import numpy as np
        >>> from ppsci_ext.metric import kernel_inception_distance
        >>> x, y = np.array([[0.0], [0.0]]), np.array([[1.0], [1.0]])
        >>> kernel_inception_distance(x, y, subsets=1, subset_size=2)
        (7.0, None)
    """
    features1, features2 = np.asarray(features1), np.asarray(features2)
    if features1.ndim != 2 or features1.shape[1:] != features2.shape[1:]:
        raise ValueError(
            "features must be [N1, d] and [N2, d], not "
            f"{list(features1.shape)} and {list(features2.shape)}"
        )
    if subsets < 1 or subset_size < 2:
        raise ValueError(
            f"there must be at least 1 subset of 2 samples, not {subsets} of "
            f"{subset_size}"
        )
    fewest = min(len(features1), len(features2))
    if fewest < subset_size:
        raise UserError(
            f"The kernel distance on subsets of {subset_size} samples has only {fewest} "
            "samples: give more samples or a smaller subset size."
        )
    if len(features1) == len(features2) == subset_size:
        subsets = 1
    rng = np.random.RandomState(seed)
    estimates = [
        _squared_mmd(
            _random_subset(features1, subset_size, rng),
            _random_subset(features2, subset_size, rng),
        )
        for _ in range(subsets)
    ]
    deviation = None if subsets == 1 else float(np.std(estimates))
    return float(np.mean(estimates)), deviation


def _random_subset(
    features: np.ndarray, size: int, rng: np.random.RandomState
) -> np.ndarray:
    chosen = rng.choice(len(features), size, replace=False)
    return features[chosen].astype(np.float64)


def _squared_mmd(x: np.ndarray, y: np.ndarray) -> float:
    """Unbiased estimate from two samples [m, d]."""
    m = len(x)
    within = 0.0
    for z in (x, y):
        kernel = _kernel(z, z)
        within += kernel.sum() - np.trace(kernel)
    return within / (m * (m - 1)) - 2.0 * _kernel(x, y).mean()


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    base = x @ y.T / x.shape[1] + 1.0
    return base * base * base  # many times faster than ** 3
