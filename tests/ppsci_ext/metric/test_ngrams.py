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

from __future__ import annotations

import collections
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ppsci_ext.metric.ngrams import jensen_shannon
from ppsci_ext.metric.ngrams import ngram_divergence
from ppsci_ext.metric.ngrams import ngrams

LINES = arrays(
    np.uint16,
    st.tuples(st.integers(1, 6), st.integers(4, 8)),
    elements=st.sampled_from([0, 1, 2, 2047]),
)


def test_ngrams_do_not_reach_into_the_next_line():
    found = ngrams(np.array([[1, 2, 3], [4, 5, 6]]), 2)
    assert sorted(map(tuple, found)) == [(1, 2), (2, 3), (4, 5), (5, 6)]


def by_dictionaries(x, y, n):
    """The definition, term by term: half of KL(p || m) and of KL(q || m), in bits."""
    counts = []
    for lines in (x.tolist(), y.tolist()):
        counts.append(
            collections.Counter(
                tuple(line[i : i + n])
                for line in lines
                for i in range(len(line) - n + 1)
            )
        )
    total = 0.0
    for own, other in (counts, counts[::-1]):
        for ngram, number in own.items():
            p, q = number / sum(own.values()), other[ngram] / sum(other.values())
            total += p * math.log2(p / ((p + q) / 2))
    return total / 2


@settings(max_examples=60, deadline=None)
@given(LINES, LINES, st.integers(1, 4))
def test_the_divergence_is_that_of_counted_ngrams(x, y, n):
    value = ngram_divergence(x, y, n)
    assert value == pytest.approx(by_dictionaries(x, y, n), abs=1e-12)
    assert value == pytest.approx(ngram_divergence(y, x, n), abs=1e-12)
    assert -1e-12 <= value <= 1 + 1e-12


def test_closed_forms():
    x = np.array([[0, 1, 0, 1]])
    assert ngram_divergence(x, np.concatenate([x, x]), 3) == pytest.approx(0, abs=1e-15)
    assert ngram_divergence(x, x + 2, 1) == pytest.approx(1)
    # all 0 against half 0, half 1: H(1/4) - H(1/2) / 2
    half = ngram_divergence(np.array([[0, 0]]), np.array([[0, 1]]), 1)
    entropy = -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))
    assert half == pytest.approx(entropy - 0.5)
    certain, fair = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    assert jensen_shannon(certain, fair) == pytest.approx(half)


def test_order_is_seen_by_longer_ngrams_only():
    rng = np.random.default_rng(0)
    lines = np.tile(np.arange(8), (50, 1))
    shuffled = rng.permuted(lines, axis=1)
    assert ngram_divergence(lines, shuffled, 1) == pytest.approx(0, abs=1e-12)
    values = [ngram_divergence(lines, shuffled, n) for n in (2, 3, 4)]
    assert 0.3 < values[0] < values[1] < values[2] <= 1


@pytest.mark.parametrize("shape", [(0, 5), (3, 2)])
def test_lines_without_ngrams_are_refused(shape):
    with pytest.raises(ValueError, match="no 3-grams"):
        ngrams(np.zeros(shape, np.uint16), 3)
