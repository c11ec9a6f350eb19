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

from ppsci_ext.utils.rng import get_rng_state
from ppsci_ext.utils.rng import preserve_rng_state
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
