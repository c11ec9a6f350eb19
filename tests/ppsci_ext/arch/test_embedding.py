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
from paddle import nn

from ppsci_ext import arch
from tests import layers
from tests.helpers.layer_cases import Case


def shared(**options):
    """Paddle's layer and ours, with one weight."""
    theirs = nn.Embedding(6, 3, **options)
    return theirs, arch.Embedding(6, 3, _weight=theirs.weight, **options)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("shape", [[], [1], [4], [2, 3], [2, 1, 3]])
@pytest.mark.parametrize("padding_idx", [None, 0, 2, -1])
def test_labels_of_any_shape(shape, dtype, padding_idx):
    theirs, ours = shared(padding_idx=padding_idx)
    theirs.weight.set_value(1.0 + paddle.rand([6, 3]))  # the padding's row, too
    labels = paddle.randint(0, 6, shape).astype(dtype)
    results = []
    for layer in (theirs, ours):
        y = layer(labels)
        (gradient,) = paddle.grad((y * y).sum(), [layer.weight])
        results.append((y.numpy(), gradient.numpy()))
    for found, expected in zip(*results):
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_the_padding_has_zeros_and_no_gradient():
    layer = arch.Embedding(6, 3, padding_idx=-1)
    layer.weight.set_value(paddle.ones([6, 3]))
    y = layer(paddle.to_tensor([5, 1, 5]))
    assert y.numpy().tolist() == [[0.0] * 3, [1.0] * 3, [0.0] * 3]
    y.sum().backward()
    assert layer.weight.grad.numpy().sum(axis=1).tolist() == [0, 3, 0, 0, 0, 0]


def test_long_rows_are_shortened_in_place_as_paddles():
    (theirs, _), (ours, _) = shared(max_norm=1.0), shared(max_norm=1.0)
    ours = arch.twice_differentiable(ours)
    for layer in (theirs, ours):
        layer.weight.set_value(paddle.arange(18, dtype="float32").reshape([6, 3]))
    labels = paddle.to_tensor([1, 4])
    np.testing.assert_allclose(ours(labels).numpy(), theirs(labels).numpy())
    np.testing.assert_allclose(ours.weight.numpy(), theirs.weight.numpy())
    assert float(ours.weight[4].norm()) == pytest.approx(1.0, rel=1e-4)


def test_labels_out_of_range_are_refused():
    with pytest.raises((ValueError, IndexError, RuntimeError)):
        arch.Embedding(6, 3)(paddle.to_tensor([6]))


def test_gradients_by_frequency_stay_paddles():
    """They are divided by a count: no function has them as its derivative."""
    layer = nn.Embedding(6, 3, scale_grad_by_freq=True)
    assert type(arch.twice_differentiable(layer)) is nn.Embedding
    _, ours = shared(scale_grad_by_freq=True)
    y = ours(paddle.to_tensor([2, 2, 3]))
    (gradient,) = paddle.grad(y.sum(), [ours.weight])
    assert gradient.numpy()[:, 0].tolist() == [0, 0, 1, 1, 0, 0]


class Labelled(nn.Layer):
    """A critic of images that have the embedding of a label as a fourth channel."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(5, 36, padding_idx=0)
        self.body = nn.Sequential(
            nn.Conv2D(4, 5, 3), nn.Softplus(), nn.Conv2D(5, 2, 3), nn.Tanh()
        )

    def forward(self, x, labels):
        plane = self.embedding(labels).reshape([-1, 1, 6, 6])
        y = self.body(paddle.concat([x, plane], axis=1))
        return y.reshape([y.shape[0], -1]).mean(axis=1)


def test_the_penalty_of_a_conditional_critic_against_central_differences():
    with layers.default_dtype("float64"):
        paddle.seed(3)
        critic = arch.twice_differentiable(Labelled())
        x = paddle.randn([4, 3, 6, 6])
        x.stop_gradient = False
        labels = {"labels": paddle.to_tensor([4, 0, 2, 4])}
        case = Case(lambda _: critic, x.shape, options=lambda: labels)
        probe = layers.Probe(case, critic, square=False)
        assert max(probe.second([x])) < 1e-7
        probe.penalty([x]).backward()
    rows = critic.embedding.weight.grad.abs().sum(axis=1).numpy()
    assert (rows > 0).tolist() == [False, False, True, False, True]
