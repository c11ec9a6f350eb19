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

"""Linear against Paddle's, with which it shares weights."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from paddle import nn

from ppsci_ext.arch.linear import Linear

TOLERANCES = {"float32": 1e-6, "float64": 1e-14}


def pair(bias_attr, dtype):
    """Paddle's layer and ours, with the same weights."""
    plain = nn.Linear(3, 4, bias_attr=bias_attr).to(dtype=dtype)
    if plain.bias is not None:
        plain.bias.set_value(paddle.randn([4]).astype(dtype))
    ours = Linear(3, 4, bias_attr=bias_attr).to(dtype=dtype)
    assert list(ours.state_dict()) == list(plain.state_dict())
    ours.set_state_dict(plain.state_dict())
    return plain, ours


@pytest.mark.parametrize("shape", [[5, 3], [1, 3], [3], [2, 5, 3], [2, 2, 5, 3]])
@pytest.mark.parametrize("bias_attr", [None, False])
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_equals_paddles_to_the_second_order(shape, bias_attr, dtype):
    values = paddle.randn(shape).astype(dtype)
    results = []
    for layer in pair(bias_attr, dtype):
        x = values.clone().detach()
        x.stop_gradient = False
        tensors = [x, *layer.parameters()]
        y = layer(x)
        first = paddle.grad((y * y * y).sum(), tensors, create_graph=True)
        second = paddle.grad(first[0].square().sum(), tensors)
        results.append([y, *first, *second])
    assert results[0][0].shape == [*shape[:-1], 4]
    for expected, found in zip(*results):
        scale = max(1.0, np.abs(expected.numpy()).max(initial=0))
        assert found.dtype == expected.dtype and found.shape == expected.shape
        np.testing.assert_allclose(
            found.numpy(), expected.numpy(), rtol=0, atol=TOLERANCES[dtype] * scale
        )


def test_exported_for_any_number_of_samples(tmp_path):
    plain, ours = pair(None, "float32")
    shape = paddle.static.InputSpec([None, 3], "float32")
    paddle.jit.enable_to_static(True)  # which solvers of other tests turn off
    paddle.jit.save(ours, str(tmp_path / "linear"), input_spec=[shape])
    exported = paddle.jit.load(str(tmp_path / "linear"))
    for samples in (1, 6):
        x = paddle.randn([samples, 3])
        np.testing.assert_allclose(exported(x).numpy(), plain(x).numpy(), atol=1e-6)
