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

import json
import random

import numpy as np
import paddle

from ppsci_ext.utils import rng
from ppsci_ext.utils.rng import get_rng_state
from ppsci_ext.utils.rng import preserve_rng_state
from ppsci_ext.utils.rng import reseed
from ppsci_ext.utils.rng import set_rng_state


def draw():
    return (
        paddle.randn([3]).numpy().tolist(),
        paddle.randint(0, 100, [3]).numpy().tolist(),
        np.random.randn(3).tolist(),
        random.random(),
    )


def test_the_state_goes_through_json_and_back():
    draw()
    state = json.loads(json.dumps(get_rng_state()))
    expected = draw()
    assert draw() != expected
    set_rng_state(state)
    assert draw() == expected


def test_draws_inside_leave_no_trace():
    state = get_rng_state()
    expected = draw()
    set_rng_state(state)
    with preserve_rng_state():
        draw()
    assert draw() == expected


def test_another_device_is_told(monkeypatch):
    said = []
    monkeypatch.setattr(rng.logger, "warning", said.append)
    state = get_rng_state()
    expected = draw()
    set_rng_state({**state, "paddle": {"gpu": state["paddle"]["cpu"]}})
    assert "cpu" in said[0]
    assert draw()[2:] == expected[2:]


def test_reseeding_follows_from_its_numbers():
    drawn = []
    for entropy in ([4, 1], [4, 2], [4, 1]):
        reseed(entropy)
        drawn.append(draw())
    assert drawn[0] == drawn[2]
    assert all(a != b for a, b in zip(drawn[0], drawn[1]))
