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

"""Exact Wasserstein distances between two samples of equal size."""

from __future__ import annotations

from typing import Tuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist


def exact_wasserstein(x: np.ndarray, y: np.ndarray) -> Tuple[float, float]:
    r"""Compute W1 and W2 between the empirical distributions of two samples.

    Between samples of equal size the optimal transport plan is a permutation s
    (Birkhoff's theorem; Peyre and Cuturi 2019, arXiv 1803.00567, proposition 2.1), so
    that W_p^p = min_s (1/n) sum_i ||x_i - y_s(i)||_2^p is an assignment problem, solved
    exactly here, once for each p. Time grows with n^3 and memory with n^2: some two
    seconds for n = 2000.

    Args:
        x (np.ndarray): [n, d], first sample.
        y (np.ndarray): [n, d], second sample.

    Returns:
        Tuple[float, float]: W1 and W2, in the unit of the samples; W1 <= W2.

    Raises:
        ValueError: If the samples are empty, of different shapes or not finite.

    Examples:
        >>> import numpy as np
        >>> from ppsci_ext.metric import exact_wasserstein
        >>> x = np.array([[0.0, 0.0], [1.0, 0.0]])
        >>> print(exact_wasserstein(x, x[::-1] + [0.0, 2.0]))
        (2.0, 2.0)
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.ndim != 2 or x.shape != y.shape or len(x) == 0:
        raise ValueError(
            f"samples must both be [n, d], not {list(x.shape)} and {list(y.shape)}"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("samples must be finite")
    w1 = _mean_assignment_cost(cdist(x, y, "euclidean"))
    w2 = np.sqrt(_mean_assignment_cost(cdist(x, y, "sqeuclidean")))
    return float(w1), float(w2)


def _mean_assignment_cost(costs: np.ndarray) -> float:
    rows, columns = linear_sum_assignment(costs)
    return costs[rows, columns].mean()
