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

"""How far the n-grams of two texts are from each other."""

from __future__ import annotations

import numpy as np
from scipy.special import rel_entr


def ngram_divergence(x: np.ndarray, y: np.ndarray, n: int) -> float:
    """Compute the Jensen-Shannon divergence of the n-grams of two sets of lines, in bits.

    The "js" of language_helpers.py in the code of Gulrajani et al. 2017 (arXiv 1704.00028),
    where each set stands for the distribution of its n-grams, and none reaches from one line into
    the next. Even two sets of one source are apart, the more so the smaller they are and the
    larger n is.

    Args:
        x (np.ndarray): Numbered characters, non-negative integers [N, T].
        y (np.ndarray): The same of the other set, [M, T'].
        n (int): Characters of an n-gram.

    Returns:
        float: From 0, of equal distributions, to 1, of those without a common n-gram.

    Raises:
        ValueError: If the lines are shorter than n, or none.

    Examples:
        >>> import numpy as np
        >>> from ppsci_ext.metric.ngrams import ngram_divergence
        >>> ngram_divergence(np.array([[0, 1]]), np.array([[0, 0]]), 2)
        1.0
    """
    first, second = ngrams(x, n), ngrams(y, n)
    _, kinds = np.unique(np.concatenate([first, second]), axis=0, return_inverse=True)
    parts = np.split(kinds.ravel(), [len(first)])
    p, q = (np.bincount(part, minlength=kinds.max() + 1) / len(part) for part in parts)
    return jensen_shannon(p, q)


def ngrams(lines: np.ndarray, n: int) -> np.ndarray:
    """All n-grams of lines, [N (T - n + 1), n].

    Args:
        lines (np.ndarray): Numbered characters, [N, T].
        n (int): Characters of an n-gram.

    Raises:
        ValueError: If the lines are shorter than n, or none.
    """
    if len(lines) == 0 or lines.shape[1] < n:
        raise ValueError(f"lines of shape {list(lines.shape)} have no {n}-grams")
    windows = np.lib.stride_tricks.sliding_window_view(lines, n, axis=1)
    return windows.reshape(-1, n).astype(np.int64)


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """Mean of KL(p || m) and KL(q || m) for m = (p + q) / 2, in bits.

    Args:
        p (np.ndarray): Probabilities [K].
        q (np.ndarray): Probabilities [K].
    """
    m = (p + q) / 2
    return float((rel_entr(p, m) + rel_entr(q, m)).sum() / (2 * np.log(2)))
