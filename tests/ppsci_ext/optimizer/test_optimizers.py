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
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from paddle import nn

from ppsci_ext.optimizer import Adam
from ppsci_ext.optimizer import RMSProp

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
