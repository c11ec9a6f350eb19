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

import numpy as np
import paddle
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from paddle import nn

from ppsci_ext.optimizer import Adam
from ppsci_ext.optimizer import RMSProp
from ppsci_ext.utils.optimizer_state import optimizer_state
from ppsci_ext.utils.optimizer_state import set_optimizer_state

GRADIENTS = st.lists(st.floats(-8, 2), min_size=1, max_size=6)


def descend(make, exponents):
    """Weights after steps with the gradients +-10^e on two weights."""
    model = nn.Linear(2, 1, bias_attr=False)
    model.weight.set_value(paddle.zeros([2, 1]))
    optimizer = make(model)
    for exponent in exponents:
        gradient = paddle.to_tensor([[10.0**exponent], [-(10.0**exponent)]])
        (model.weight * gradient).sum().backward()
        optimizer.step()
        optimizer.clear_grad()
    return model.weight.numpy()[:, 0]


@settings(max_examples=25, deadline=None)
@given(GRADIENTS)
def test_adam_follows_the_formula_with_epsilon_hat(exponents):
    w = m = v = 0.0
    for t, exponent in enumerate(exponents, start=1):
        g = 10.0**exponent
        m, v = 0.5 * m + 0.5 * g, 0.9 * v + 0.1 * g * g
        rate = 1e-3 * np.sqrt(1 - 0.9**t) / (1 - 0.5**t)
        w -= rate * m / (np.sqrt(v) + 1e-8)
    found = descend(Adam(1e-3, beta1=0.5, beta2=0.9), exponents)
    np.testing.assert_allclose(found, [w, -w], rtol=2e-5, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(GRADIENTS)
def test_rmsprop_starts_from_one(exponents):
    w, v = 0.0, 1.0
    for exponent in exponents:
        g = 10.0**exponent
        v = 0.9 * v + 0.1 * g * g
        w -= 1e-3 * g / np.sqrt(v + 1e-10)
    found = descend(RMSProp(1e-3), exponents)
    np.testing.assert_allclose(found, [w, -w], rtol=2e-5, atol=1e-12)


def test_first_step_of_rmsprop_is_small_for_a_small_gradient():
    (step, _) = descend(RMSProp(1.0), [-4])
    assert abs(step) < 2e-4  # started from zero it would be about 3


# Adam updates all parameters by one kernel where it can

SHAPES = [[2, 3], [4], [1]]
GIVEN = st.lists(  # at each step, which parameters have a gradient, and its exponent
    st.tuples(st.lists(st.booleans(), min_size=3, max_size=3), st.integers(-9, 1)),
    min_size=1,
    max_size=6,
)


class Parameters(nn.Layer):
    """Nothing but parameters of several shapes."""

    def __init__(self, dtype="float32"):
        super().__init__()
        self.parts = nn.ParameterList(
            [self.create_parameter(shape, dtype=dtype) for shape in SHAPES]
        )
        for part, value in zip(self.parts, numbers()):
            part.set_value(value.astype(dtype))


def numbers(seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in SHAPES]


def gradients(step, given, exponent):
    """One for each parameter, None where it has none."""
    return [
        10.0**exponent * number if present else None
        for number, present in zip(numbers(step + 1), given)
    ]


def by_the_formula(steps):
    """Values after Adam's steps, each parameter by itself, in float64."""
    values = numbers()
    states = [[0, 0.0, 0.0] for _ in values]
    for number, step in enumerate(steps):
        for i, g in enumerate(gradients(number, *step)):
            if g is None:
                continue
            t, m, v = states[i]
            t, m, v = t + 1, 0.5 * m + 0.5 * g, 0.9 * v + 0.1 * g * g
            rate = 1e-2 * np.sqrt(1 - 0.9**t) / (1 - 0.5**t)
            values[i] = values[i] - rate * m / (np.sqrt(v) + 1e-8)
            states[i] = [t, m, v]
    return values


def take(model, optimizer, steps, first=0):
    for number, step in enumerate(steps, start=first):
        for part, g in zip(model.parts, gradients(number, *step)):
            if g is not None:
                (part * paddle.to_tensor(g.astype(part.numpy().dtype))).sum().backward()
        optimizer.step()
        optimizer.clear_grad(set_to_zero=False)


def adam(model):
    return Adam(1e-2, beta1=0.5, beta2=0.9)(model)


def assert_close(model, expected, tolerance=1e-5):
    for part, value in zip(model.parts, expected):
        np.testing.assert_allclose(part.numpy(), value, rtol=tolerance, atol=tolerance)


@settings(max_examples=40, deadline=None)
@given(GIVEN)
def test_adam_with_parameters_that_sometimes_have_no_gradient(steps):
    steps = [step for step in steps if any(step[0])]
    model = Parameters()
    take(model, adam(model), steps)
    assert_close(model, by_the_formula(steps))


@settings(max_examples=40, deadline=None)
@given(GIVEN, st.integers(0, 6), st.booleans())
def test_adam_goes_on_from_a_state(steps, interrupted, same_process):
    """In the same optimizer, which has taken other steps since, or in another."""
    steps = [step for step in steps if any(step[0])]
    expected = Parameters()
    take(expected, adam(expected), steps)
    model = Parameters()
    optimizer = adam(model)
    take(model, optimizer, steps[:interrupted])
    state, _ = optimizer_state(optimizer)
    values = [part.numpy() for part in model.parts]
    if same_process:
        take(model, optimizer, [([True, False, True], 0), ([True] * 3, 0)])
    else:
        model = Parameters()
        optimizer = adam(model)
    set_optimizer_state(optimizer, state, {})
    for part, value in zip(model.parts, values):
        part.set_value(value)
    take(model, optimizer, steps[interrupted:], first=interrupted)
    for part, twin in zip(model.parts, expected.parts):
        assert paddle.equal_all(part, twin)


def test_adam_of_frozen_and_thawed_parameters():
    model = Parameters()
    optimizer = adam(model)
    everything = ([True] * 3, 0)
    model.parts[0].stop_gradient = True
    take(model, optimizer, [([False, True, True], 0)])
    model.parts[0].stop_gradient = False
    take(model, optimizer, [everything, everything], first=1)
    steps = [([False, True, True], 0), everything, everything]
    assert_close(model, by_the_formula(steps))


def test_adam_in_float64():
    model = Parameters("float64")
    steps = [([True] * 3, -9), ([True] * 3, 0)]
    take(model, adam(model), steps)
    assert_close(model, by_the_formula(steps), 1e-12)


@pytest.mark.parametrize("kind", [Adam, RMSProp])
def test_one_rate_for_all_parameters(kind):
    rate = paddle.optimizer.lr.StepDecay(0.1, step_size=1, gamma=0.0)
    model = Parameters()
    optimizer = kind(rate)(model)
    take(model, optimizer, [([True] * 3, 0)])
    before = [part.numpy() for part in model.parts]
    rate.step()  # to zero
    take(model, optimizer, [([True] * 3, 0)])
    for part, value in zip(model.parts, before):
        np.testing.assert_array_equal(part.numpy(), value)
