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

"""Views and copies: the same numbers and derivatives, unless the user wants views."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

from ppsci_ext.utils.views import FLAG
from ppsci_ext.utils.views import copy_views


@pytest.fixture(autouse=True)
def restored():
    before = paddle.get_flags(FLAG)
    yield
    paddle.set_flags(before)


def penalty_of(x):
    """A gradient of a gradient, through views of several kinds."""
    x = paddle.to_tensor(x, stop_gradient=False)
    rows = x.transpose([0, 2, 3, 1]).reshape([2, 6, 10])
    y = (rows[:, 1:4] ** 3).sum() + (x[:, :, :2].transpose([1, 0, 2, 3]) ** 2).sum()
    (slope,) = paddle.grad([y], [x], create_graph=True)
    (slope**2).sum().backward()
    return y.numpy(), slope.numpy(), x.grad.numpy()


def test_the_same_numbers_and_derivatives(monkeypatch):
    monkeypatch.delenv(FLAG, raising=False)
    x = np.random.default_rng(0).standard_normal((2, 5, 3, 4))
    paddle.set_flags({FLAG: True})
    with_views = penalty_of(x)
    copy_views()
    assert not paddle.get_flags(FLAG)[FLAG]
    assert paddle.randn([2, 3]).transpose([1, 0]).is_contiguous()
    for found, expected in zip(penalty_of(x), with_views):
        np.testing.assert_array_equal(found, expected)


def test_the_environment_wins(monkeypatch):
    paddle.set_flags({FLAG: True})
    monkeypatch.setenv(FLAG, "1")
    copy_views()
    assert paddle.get_flags(FLAG)[FLAG]
