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

import numpy as np
import paddle
import pytest
from paddle import nn

import ppsci
from ppsci_ext.optimizer import Adam
from ppsci_ext.optimizer import RMSProp
from ppsci_ext.utils import UserError
from ppsci_ext.utils.optimizer_state import optimizer_state
from ppsci_ext.utils.optimizer_state import set_optimizer_state

KINDS = {
    "Adam": lambda rate: Adam(rate, 0.5, 0.9),
    "RMSProp": RMSProp,
    "Paddle's Adam": lambda rate: ppsci.optimizer.Adam(rate),
    "momentum": lambda rate: ppsci.optimizer.Momentum(rate, 0.9),
}


def network():
    paddle.seed(3)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


def scheduled(kind):
    rate = ppsci.optimizer.lr_scheduler.Linear(5, 2, 0.1)()
    return KINDS[kind](rate)


def steps(net, optimizer, count):
    for i in range(count):
        x = paddle.full([2, 3], 0.1 * (i + 1))
        net(x).square().mean().backward()
        optimizer.step()
        optimizer.clear_grad()
        optimizer._learning_rate.step()


def weights(net):
    return [p.numpy().tolist() for p in net.parameters()]


def through_files(optimizer):
    arrays, scheduler = optimizer_state(optimizer)
    return {k: v.copy() for k, v in arrays.items()}, json.loads(json.dumps(scheduler))


@pytest.mark.parametrize("stepped_before", [0, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_goes_on_bit_for_bit(kind, stepped_before):
    """Under other names, whether the optimizer is fresh or has a state of its own."""
    net = network()
    optimizer = scheduled(kind)(net)
    steps(net, optimizer, 3)
    saved, state = net.state_dict(), through_files(optimizer)
    saved = {key: value.numpy() for key, value in saved.items()}
    steps(net, optimizer, 4)

    nn.Linear(2, 2)
    other = network()
    scheduled(kind)(other)  # a second optimizer gives its accumulators other names
    again = scheduled(kind)(other)
    steps(other, again, stepped_before)
    other.set_state_dict(saved)
    set_optimizer_state(again, *state)
    steps(other, again, 4)
    assert weights(other) == weights(net)


def test_two_optimizers_of_one_network():
    net = network()
    steps(net, scheduled("Adam")(net), 2)
    second = scheduled("Adam")(net)
    steps(net, second, 2)
    arrays, _ = optimizer_state(second)
    assert {key.split(".")[0] for key in arrays} == {"0", "1", "2", "3"}
    third = scheduled("Adam")(net)
    set_optimizer_state(third, *through_files(second))
    found, _ = optimizer_state(third)
    assert set(found) == set(arrays)
    for key, array in arrays.items():
        np.testing.assert_array_equal(found[key], array)


def test_before_the_first_step():
    net = network()
    optimizer = scheduled("Adam")(net)
    empty = through_files(optimizer)
    assert empty[0] == {}
    steps(net, optimizer, 1)
    set_optimizer_state(optimizer, *empty)
    assert optimizer_state(optimizer)[0] == {}


def test_another_kind_of_optimizer_is_refused():
    net = network()
    optimizer = scheduled("Adam")(net)
    steps(net, optimizer, 1)
    with pytest.raises(UserError, match="'moment1' of an optimizer, which .*RMS"):
        set_optimizer_state(scheduled("RMSProp")(net), *optimizer_state(optimizer))
