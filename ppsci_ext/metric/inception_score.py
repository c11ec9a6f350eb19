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

from typing import Optional
from typing import Tuple

import numpy as np
from scipy.special import log_softmax
from scipy.special import xlogy

from ppsci_ext.utils.errors import UserError

_BLOCK_ROWS = 1024  # logits converted to probabilities at a time


class LogitStatistics:
    """What the Inception Score needs of logits that arrive in batches, in order.

    Of each part only the sums of p(y|x) and of sum_y p(y|x) log p(y|x) are kept, in
    float64, so that memory doesn't grow with the number of samples.

    Args:
        num_samples (int): Number N of samples that will come.
        num_classes (int): Number K of classes.
        splits (int): Number of contiguous parts. Defaults to 10.
        shuffle_seed (Optional[int]): Seed of the permutation of the samples whose parts
            are meant, the same as torch-fidelity's. Defaults to None, the order in which
            they come.

    Attributes:
        count (int): Number of samples so far.
        class_counts (np.ndarray): int64 [K], how many samples have their largest logit
            in each class.

    Raises:
        ValueError: If splits is less than 1.

    Examples:
        >>> import numpy as np
        >>> from ppsci_ext.metric import LogitStatistics
        >>> statistics = LogitStatistics(num_samples=3, num_classes=2, splits=1)
        >>> statistics.update(np.array([[0.0, 5.0], [7.0, 7.0]]))
        >>> statistics.update(np.array([[0.0, 5.0]]))
        >>> print(statistics.class_counts)
        [1 2]
        >>> print(round(statistics.score()[0], 4))
        1.2212
    """

    def __init__(
        self,
        num_samples: int,
        num_classes: int,
        splits: int = 10,
        shuffle_seed: Optional[int] = None,
    ):
        if splits < 1:
            raise ValueError(f"splits must be at least 1, not {splits}")
        self.count = 0
        self.class_counts = np.zeros(num_classes, np.int64)
        self._sizes = np.diff(np.arange(splits + 1) * num_samples // splits)
        self._parts = np.repeat(np.arange(splits), self._sizes)  # one for each sample
        if shuffle_seed is not None:
            order = np.random.RandomState(shuffle_seed).permutation(num_samples)
            self._parts[order] = self._parts.copy()
        self._sums = np.zeros((splits, num_classes))  # of p(y|x)
        self._negentropies = np.zeros(splits)  # sums of sum_y p(y|x) log p(y|x)

    def update(self, logits: np.ndarray) -> None:
        """Add a batch.

        Args:
            logits (np.ndarray): [B, K], class scores before the softmax, any B >= 0.

        Raises:
            ValueError: If the batch has another shape, values that are not finite, or
                more samples than are missing.
        """
        logits = np.asarray(logits)
        num_classes = len(self.class_counts)
        if logits.ndim != 2 or logits.shape[1] != num_classes:
            raise ValueError(
                f"logits must be [B, {num_classes}], not {list(logits.shape)}"
            )
        if not np.isfinite(logits).all():
            raise ValueError("logits must be finite")
        if self.count + len(logits) > len(self._parts):
            raise ValueError(
                f"{self.count + len(logits)} samples came, not {len(self._parts)}"
            )
        for start in range(0, len(logits), _BLOCK_ROWS):
            self._add(logits[start : start + _BLOCK_ROWS].astype(np.float64))

    def _add(self, logits: np.ndarray) -> None:
        """Add [B, K], B >= 1, to the parts that the samples belong to."""
        # Logarithms stay finite where a probability underflows to 0.
        log_probabilities = log_softmax(logits, axis=1)
        probabilities = np.exp(log_probabilities)
        negentropies = np.sum(probabilities * log_probabilities, axis=1)
        parts = self._parts[self.count : self.count + len(logits)]
        for part in np.unique(parts):
            self._sums[part] += probabilities[parts == part].sum(axis=0)
            self._negentropies[part] += negentropies[parts == part].sum()
        self.class_counts += np.bincount(
            logits.argmax(axis=1), minlength=len(self.class_counts)
        )
        self.count += len(logits)

    def score(self) -> Tuple[float, float]:
        r"""Compute the Inception Score, see `inception_score`.

        The mean of KL(p(y|x) || p(y)) over a part equals the mean of sum_y p(y|x) log
        p(y|x) less sum_y p(y) log p(y).

        Returns:
            Tuple[float, float]: Mean and population standard deviation over the parts.

        Raises:
            UserError: If there are fewer samples than splits.
            ValueError: If samples are missing.
        """
        num_samples, splits = len(self._parts), len(self._sums)
        if num_samples < splits:
            raise UserError(
                f"The Inception Score of {splits} splits needs at least {splits} "
                f"samples, not {num_samples}: give more samples or fewer splits."
            )
        if self.count < num_samples:
            raise ValueError(f"{self.count} samples came, not {num_samples}")
        marginals = self._sums / self._sizes[:, None]
        divergences = self._negentropies / self._sizes
        divergences -= xlogy(marginals, marginals).sum(axis=1)
        scores = np.exp(divergences)
        return float(scores.mean()), float(scores.std())


def inception_score(logits: np.ndarray, splits: int = 10) -> Tuple[float, float]:
    r"""Compute exp(E_x KL(p(y|x) || p(y))) over contiguous splits of the samples.

    Salimans et al. 2016 (arXiv 1606.03498), section 4, with the splits of the code that
    the WGAN-GP authors used: part i holds the samples from i N // splits to
    (i + 1) N // splits, in their order, and p(y) is the mean of p(y|x) over that part.
    Nothing is shuffled, as there: torch-fidelity does so unless told
    samples_shuffle=False; `LogitStatistics` can do the same.
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
    logits = np.asarray(logits)
    if logits.ndim != 2:
        raise ValueError(f"logits must be [N, K], not {list(logits.shape)}")
    statistics = LogitStatistics(*logits.shape, splits)
    statistics.update(logits)
    return statistics.score()
