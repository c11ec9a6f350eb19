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

"""Class accuracy against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppsci_ext.metric import class_accuracy


@given(st.integers(1, 200), st.integers(0, 200), st.integers(0, 2**32 - 1))
def test_share_of_hits_in_any_order(count, misses, seed):
    misses = min(misses, count)
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, count)
    predicted = labels.copy()
    predicted[:misses] = (predicted[:misses] + rng.integers(1, 10, misses)) % 10
    order = rng.permutation(count)
    found = class_accuracy(predicted[order], labels[order])
    assert found == pytest.approx((count - misses) / count, abs=1e-15)


def test_guesses_are_right_once_in_as_many_as_there_are_classes():
    labels, predicted = np.divmod(np.arange(100), 10)  # every pair once
    assert class_accuracy(predicted, labels) == pytest.approx(0.1)
    assert class_accuracy(labels, labels) == 1.0
    assert class_accuracy((labels + 1) % 10, labels) == 0.0


@pytest.mark.parametrize("shapes", [((0,), (0,)), ((3,), (4,)), ((3, 1), (3, 1))])
def test_wrong_arguments(shapes):
    with pytest.raises(ValueError, match=r"must both be \[N\]"):
        class_accuracy(*(np.zeros(shape, int) for shape in shapes))
