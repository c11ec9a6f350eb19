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

"""What a checkpoint holds, part by part."""

from __future__ import annotations

import json

import numpy as np
import paddle
import pytest
from paddle import nn

from ppsci_ext.solver import state
from ppsci_ext.solver.record import TermMeans
from ppsci_ext.utils.checkpoint import Checkpoint


class Counter:
    def __init__(self, count=0):
        self.count = count

    def state_dict(self):
        return {"count": self.count}

    def set_state_dict(self, given, more=0):
        self.count = given["count"] + more


def saved(parts, own_parts):
    arrays, rest = state.capture(parts, own_parts)
    return Checkpoint("x", arrays, json.loads(json.dumps(rest)))


def test_parts_are_restored_by_name():
    networks = [nn.Linear(2, 3), nn.Linear(2, 3)]
    first = {"a": state.PlainPart(Counter(3)), "n": state.NetworkPart(networks[0], "n")}
    a, b = Counter(), Counter(9)
    second = {
        "n": state.NetworkPart(networks[1], "n"),
        "a": state.PlainPart(a, more=10),
        "b": state.PlainPart(b),  # was not there: it stays as it is
    }
    state.restore(second, {}, saved(first, {}))
    assert (a.count, b.count) == (13, 9)
    for found, expected in zip(networks[1].parameters(), networks[0].parameters()):
        np.testing.assert_array_equal(found.numpy(), expected.numpy())


def test_names_that_begin_alike_are_kept_apart():
    layers = [nn.Linear(1, 1) for _ in range(4)]
    names = ["net", "net_optimizer"]
    first = {k: state.NetworkPart(layer, k) for k, layer in zip(names, layers[:2])}
    second = {k: state.NetworkPart(layer, k) for k, layer in zip(names, layers[2:])}
    state.restore(second, {}, saved(first, {}))
    for old, new in zip(layers[:2], layers[2:]):
        np.testing.assert_array_equal(old.weight.numpy(), new.weight.numpy())


def test_random_numbers_go_on():
    part = {"random": state.RandomPart(lambda: [1])}
    kept = saved({}, part)
    expected = paddle.randn([4]).numpy(), np.random.rand()
    state.restore({}, part, kept)
    found = paddle.randn([4]).numpy(), np.random.rand()
    np.testing.assert_array_equal(found[0], expected[0])
    assert found[1] == expected[1]


def means(values):
    made = TermMeans()
    for value in values:
        made.update({"a": paddle.to_tensor(float(value))})
    return made


def test_sums_of_terms_go_on():
    kept = saved({}, {"term_sums": state.TermSumsPart(means([1, 2]))})
    resumed = TermMeans()
    state.restore({}, {"term_sums": state.TermSumsPart(resumed)}, kept)
    resumed.update({"a": paddle.to_tensor(6.0)})
    assert resumed.means() == {"a": 3.0}


@pytest.mark.parametrize("ranks", [2, 3])
def test_of_another_number_of_processes_sums_are_averaged(monkeypatch, ranks):
    """And the random numbers are drawn anew."""
    said = []
    monkeypatch.setattr(state.logger, "warning", said.append)
    each = [
        {
            "random": state.RandomPart(lambda: [1]).capture(),
            "term_sums": state.TermSumsPart(means([rank, rank + 2])).capture(),
        }
        for rank in range(ranks)
    ]
    monkeypatch.setattr(state.parallel, "gather", lambda own: each)
    kept = saved({}, {})
    resumed = TermMeans()
    parts = {
        "random": state.RandomPart(lambda: [5, 6]),
        "term_sums": state.TermSumsPart(resumed),
    }
    state.restore({}, parts, kept)
    # the mean over processes of the mean of rank and rank + 2
    assert resumed.means() == {"a": pytest.approx((ranks - 1) / 2 + 1)}
    assert f"by {ranks} processes, and this one is by 1 process:" in said[0]
    drawn = paddle.randn([4]).numpy()
    state.restore({}, parts, kept)
    np.testing.assert_array_equal(paddle.randn([4]).numpy(), drawn)
