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

"""Batch norm by the moments of the batch, by Paddle's operators and by one of its own."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from paddle import nn

from ppsci_ext.arch import onednn
from ppsci_ext.arch.batch_norm import BatchMomentsNorm
from ppsci_ext.arch.onednn import build
from tests.helpers.onednn_env import load_or_skip

SHAPES = st.lists(st.integers(1, 20), min_size=3, max_size=5).filter(
    lambda shape: np.prod(shape) < 20000 and np.prod(shape) > 3 * shape[1]
)


@pytest.fixture
def operator():
    load_or_skip()


def by_definition(x, scale, offset, epsilon):
    """In float64, by operators that Paddle can differentiate as often as one likes."""
    axes = [0, *range(2, x.ndim)]
    centred = x - x.mean(axes, keepdim=True)
    variance = centred.square().mean(axes, keepdim=True)
    shape = [-1, x.shape[1], *[1] * (x.ndim - 2)]
    y = centred * (variance + epsilon).rsqrt()
    return y * scale.reshape(shape) + offset.reshape(shape)


def leaves(shape, per_sample, seed):
    """x, scale and offset, as float64 arrays, far from zero mean and unit variance."""
    rng = np.random.default_rng(seed)
    of_parameters = shape[:2] if per_sample else shape[1:2]
    x = 3.0 + 2.0 * rng.standard_normal(shape)
    return x, rng.standard_normal(of_parameters), rng.standard_normal(of_parameters)


def value_and_gradients(norm, arrays, dtype, weights):
    tensors = [paddle.to_tensor(a, dtype=dtype, stop_gradient=False) for a in arrays]
    y = norm(*tensors)
    score = (y.tanh() * paddle.to_tensor(weights, dtype)).sum()
    return y, *paddle.grad(score, tensors)


def check(norm, shape, per_sample, seed):
    arrays = leaves(shape, per_sample, seed)
    weights = np.random.default_rng(seed + 1).standard_normal(shape)
    found = value_and_gradients(norm, arrays, "float32", weights)
    expected = value_and_gradients(
        lambda *tensors: by_definition(*tensors, norm.epsilon),
        arrays,
        "float64",
        weights,
    )
    for ours, exact in zip(found, expected):
        largest = max(1.0, float(exact.abs().max()))
        error = np.abs(ours.numpy().astype("float64") - exact.numpy()).max()
        assert error < 1e-4 * largest


@pytest.mark.parametrize("per_sample", [False, True])
@pytest.mark.parametrize("shape", [[8, 3], [4, 3, 5], [4, 3, 5, 2], [2, 3, 4, 2, 3]])
def test_it_is_its_definition(shape, per_sample):
    check(BatchMomentsNorm(3, 0.1), shape, per_sample, 0)


@pytest.mark.usefixtures("operator")
@settings(max_examples=60, deadline=None)
@given(SHAPES, st.booleans(), st.integers(0, 99))
def test_so_is_the_operator(shape, per_sample, seed):
    norm = BatchMomentsNorm(shape[1], 0.1)
    onednn.use_onednn(norm)
    assert type(norm) is onednn.BatchMomentsNorm
    check(norm, shape, per_sample, seed)


def test_it_is_paddles_in_train_mode():
    x = paddle.randn([6, 4, 3, 5])
    plain, norm = nn.BatchNorm2D(4, epsilon=1e-3), BatchMomentsNorm(4, 1e-3)
    for parameter in plain.parameters():
        parameter.set_value(paddle.randn([4]))
    found = norm(x, plain.weight, plain.bias)
    np.testing.assert_allclose(found.numpy(), plain(x).numpy(), atol=1e-5)


@pytest.mark.parametrize("fast", [False, True])
def test_a_batch_that_is_not_finite_leaves_nothing_behind(fast):
    """A training that goes back behind a NaN has the same norm as before."""
    norm = BatchMomentsNorm(4)
    if fast:
        load_or_skip()
        onednn.use_onednn(norm)
    x, scale = paddle.randn([6, 4, 3]), paddle.randn([6, 4])
    before = norm(x, scale, scale).numpy()
    assert not np.isfinite(norm(x / 0.0 * 0.0, scale, scale).numpy()).any()
    np.testing.assert_array_equal(norm(x, scale, scale).numpy(), before)


def test_frozen_parameters_and_inputs_get_none(operator):
    norm = BatchMomentsNorm(4)
    onednn.use_onednn(norm)
    x, scale, offset = (paddle.randn(s) for s in ([5, 4, 3], [4], [4]))
    scale.stop_gradient = False
    norm(x, scale, offset).square().sum().backward()
    assert x.grad is None and offset.grad is None
    assert scale.grad is not None


def test_second_derivative_is_refused(operator):
    norm = BatchMomentsNorm(4)
    onednn.use_onednn(norm)
    x, scale, offset = (paddle.randn(s) for s in ([5, 4, 3], [4], [4]))
    x.stop_gradient = False
    score = norm(x, scale, offset).tanh().sum()
    with pytest.raises(OSError, match="no second derivative"):
        paddle.grad(score, [x], create_graph=True)


def test_what_the_operator_is_not_for(operator, monkeypatch):
    """Other precisions, features without places, and tensors without elements."""
    norm = BatchMomentsNorm(4)
    onednn.use_onednn(norm)
    calls = []
    monkeypatch.setattr(build, "run", lambda *arguments: calls.append(arguments))
    ones = paddle.ones([4])
    for x in (paddle.randn([5, 4]), paddle.zeros([0, 4, 3])):
        assert norm(x, ones, ones).shape == x.shape
    double = BatchMomentsNorm(4).to(dtype="float64")
    onednn.use_onednn(double)
    x = paddle.randn([5, 4, 3]).astype("float64")
    ones = ones.astype("float64")
    assert double(x, ones, ones).dtype == paddle.float64
    assert not calls
