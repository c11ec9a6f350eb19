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

"""The Inception Score of Salimans et al. 2016, for the logits of any classifier."""

from __future__ import annotations

from typing import Tuple

import numpy as np
from scipy.special import log_softmax
from scipy.special import logsumexp

from ppsci_ext.utils.errors import UserError


def inception_score(logits: np.ndarray, splits: int = 10) -> Tuple[float, float]:
    r"""Compute exp(E_x KL(p(y|x) || p(y))) over contiguous splits of the samples.

    Salimans et al. 2016 (arXiv 1606.03498), section 4, with the splits of the code that
    the WGAN-GP authors used: part i holds the samples from i N // splits to
    (i + 1) N // splits, in their order, and p(y) is the mean of p(y|x) over that part.
    The score lies between 1 and the number of classes. Scores of different classifiers
    can't be compared with each other.

    Args:
        logits (np.ndarray): [N, K], class scores before the softmax.
        splits (int): Number of parts.

    Returns:
        Tuple[float, float]: Mean and population standard deviation over the parts.

    Raises:
        UserError: If there are fewer samples than splits.
        ValueError: If the logits have another shape or are not finite.

    Examples:
        >>> import numpy as np
        >>> from ppsci_ext.metric import inception_score
        >>> mean, std = inception_score(100.0 * np.eye(4), splits=1)
        >>> print(round(mean, 6), std)
        4.0 0.0
    """
    logits = np.asarray(logits, dtype=np.float64)
    if logits.ndim != 2:
        raise ValueError(f"logits must be [N, K], not {list(logits.shape)}")
    if not np.isfinite(logits).all():
        raise ValueError("logits must be finite")
    if splits < 1:
        raise ValueError(f"splits must be at least 1, not {splits}")
    num_samples = len(logits)
    if num_samples < splits:
        raise UserError(
            f"The Inception Score of {splits} splits needs at least {splits} samples, "
            f"not {num_samples}: raise EVAL.num_samples."
        )
    log_probabilities = log_softmax(logits, axis=1)
    scores = [
        _score(
            log_probabilities[
                i * num_samples // splits : (i + 1) * num_samples // splits
            ]
        )
        for i in range(splits)
    ]
    return float(np.mean(scores)), float(np.std(scores))


def _score(log_probabilities: np.ndarray) -> float:
    """Return exp(mean KL) of log p(y|x), [n, K].

    Works on logarithms throughout: they stay finite where a probability underflows to
    0.
    """
    log_marginal = logsumexp(log_probabilities, axis=0) - np.log(len(log_probabilities))
    divergences = np.exp(log_probabilities) * (log_probabilities - log_marginal)
    return float(np.exp(divergences.sum(axis=1).mean()))
