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

"""The elliptic equation in one dimension, by automatic differentiation."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import paddle
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

import ppsci
from ppsci_ext.equation import Elliptic

FUNCTIONS = SimpleNamespace(output_keys=("u", "k"))


@pytest.fixture(autouse=True)
def double_precision():
    paddle.set_default_dtype("float64")
    yield
    paddle.set_default_dtype("float32")


def force(equation, u, k, x):
    x = paddle.to_tensor(x[:, np.newaxis])
    x.stop_gradient = False
    values = {"x": x, "u": u(x), "k": k(x)}
    return ppsci.lambdify(equation.equations["f"], FUNCTIONS)(values).numpy()[:, 0]


@settings(max_examples=15, deadline=None)
@given(st.floats(0.1, 3), st.floats(-2, 2), st.floats(0.05, 5))
def test_closed_forms(frequency, rate, scale):
    x = np.linspace(-1, 1, 9)
    found = force(
        Elliptic(scale),
        lambda x: paddle.sin(frequency * x),
        lambda x: paddle.exp(rate * x),
        x,
    )
    flux = frequency * np.exp(rate * x)  # k u' = flux cos(frequency x)
    slope = rate * np.cos(frequency * x) - frequency * np.sin(frequency * x)
    np.testing.assert_allclose(found, -scale * flux * slope, atol=1e-10)


def test_the_parabola_has_a_constant_force():
    found = force(
        Elliptic(),
        lambda x: 2.5 * (1 - x * x),
        lambda x: 1 + 0 * x,
        np.linspace(-1, 1, 5),
    )
    np.testing.assert_allclose(found, 0.5, atol=1e-12)


def test_gradients_can_be_cut():
    expression = str(Elliptic(detach_keys=("k",)).equations["f"])
    assert "detach(k(x))" in expression
