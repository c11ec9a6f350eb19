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

"""Convolutions in stacks: their penalty, and checks of networks that end the process."""

from __future__ import annotations

import os
import subprocess
import sys
from os import path as osp

import numpy as np
import paddle
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from paddle import nn
from paddle.nn import functional as F

from ppsci_ext import arch
from tests import layers
from tests.helpers.layer_cases import Case

ROOT = osp.abspath(osp.join(osp.dirname(__file__), *[osp.pardir] * 3))
CONVOLUTIONS = {1: "Conv1D", 2: "Conv2D", 3: "Conv3D"}


class Field(nn.Layer):
    """A periodic critic with what stands beside its convolutions: a second branch joined by
    concatenation, a crop, coordinates that have no gradient."""

    def __init__(self, dim, module=arch):
        super().__init__()
        conv = getattr(module, CONVOLUTIONS[dim])
        ring = {"padding": 1, "padding_mode": "circular"}
        self.first = conv(2, 3, 3, **ring)
        self.down = conv(3, 3, 4, 2, **ring)
        self.side = conv(3, 2, 1)
        self.last = conv(6, 2, 3, dilation=2, **ring)

    def forward(self, x):
        h = F.leaky_relu(self.first(x), 0.2)
        h = F.leaky_relu(self.down(h), 0.2)
        constant = paddle.ones_like(h[:, :1].detach())
        h = arch.concat([h, F.relu(self.side(h)), constant], axis=1)
        h = F.leaky_relu(self.last(h[:, :, :3]), 0.2)
        return h.reshape([h.shape[0], -1]).mean(axis=1)


def penalty_errors(critic, shape):
    """Relative errors of the penalty's derivatives against central differences."""
    x = paddle.randn(shape)
    x.stop_gradient = False
    probe = layers.Probe(Case(lambda _: critic, shape), critic, square=False)
    return probe.second([x])


@pytest.mark.parametrize("dim", CONVOLUTIONS)
@pytest.mark.parametrize("seed", range(2))
def test_penalty_of_periodic_critics(dim, seed):
    with layers.default_dtype("float64"):
        paddle.seed(seed)
        critic = Field(dim)
        errors = penalty_errors(critic, [2, 2] + [8] * dim)
        report = arch.check_critic(critic, paddle.randn([2, 2] + [8] * dim))
    # of the input and four convolutions' weights and biases
    assert len(errors) == layers.DIRECTIONS * 9 and max(errors) < 1e-7
    assert report.twice_differentiable and not report.mixes_samples, report


@pytest.mark.parametrize("dim", CONVOLUTIONS)
def test_circular_padding_knows_no_border(dim):
    """Shifted periodic input, shifted output; and the values are those of Paddle's layer."""
    paddle.seed(1)
    build = lambda m: getattr(m, CONVOLUTIONS[dim])(
        2, 3, 3, padding=1, padding_mode="circular"
    )
    theirs, ours = build(nn), build(arch)
    ours.set_state_dict(theirs.state_dict())
    x = paddle.randn([2, 2] + [5] * dim)
    np.testing.assert_allclose(ours(x).numpy(), theirs(x).numpy(), atol=1e-6)
    for axis in range(2, 2 + dim):
        shifted = ours(x.roll(2, axis)).numpy()
        np.testing.assert_allclose(shifted, ours(x).roll(2, axis).numpy(), atol=1e-6)


def test_penalty_of_a_linear_stack_is_that_of_its_matrix():
    """Without activation the score is b . x, and the penalty's gradient that of |b|^2."""
    with layers.default_dtype("float64"):
        paddle.seed(2)
        weights = [paddle.randn([3, 2, 2, 2, 2]), paddle.randn([2, 3, 2, 2, 2])]
        x, d = paddle.randn([1, 2, 4, 4, 4]), paddle.randn([3, 2, 2, 2, 2])
        for tensor in (x, *weights):
            tensor.stop_gradient = False
        y = arch.conv3d(arch.conv3d(x, weights[0]), weights[1])
        (slope,) = paddle.grad(y.sum(), [x], create_graph=True)
        (found,) = paddle.grad(slope.square().sum(), [weights[0]])

        basis = paddle.eye(x.size).reshape([x.size, *x.shape[1:]])

        def norm(first):
            y = F.conv3d(F.conv3d(basis, first), weights[1])
            return float(y.reshape([x.size, -1]).sum(axis=1).square().sum())

        step = 1e-5 * d
        slope = (norm(weights[0] + step) - norm(weights[0] - step)) / 2e-5
        assert float((found * d).sum()) == pytest.approx(slope, rel=1e-8)


@st.composite
def convolutions(draw):
    groups = draw(st.sampled_from([1, 2, 4]))
    three = lambda low, high: [draw(st.integers(low, high)) for _ in range(3)]
    options = {
        "in_channels": 4,
        "out_channels": 4 * draw(st.integers(1, 2)),
        "kernel_size": three(1, 3),
        "stride": three(1, 3),
        "dilation": three(1, 2),
        "groups": groups,
        "padding": draw(st.integers(0, 2)),
        "bias_attr": draw(st.sampled_from([None, False])),
        "padding_mode": draw(
            st.sampled_from(["zeros", "circular", "reflect", "replicate"])
        ),
        "data_format": draw(st.sampled_from(["NCDHW", "NDHWC"])),
    }
    if options["padding_mode"] == "zeros":
        sides = [draw(st.integers(0, 2)) for _ in range(6)]
        options["padding"] = draw(
            st.sampled_from([options["padding"], sides[:3], sides, "SAME", "VALID"])
        )
    lengths = three(5, 7)
    last = options["data_format"].endswith("C")
    return options, [2, *lengths, 4] if last else [2, 4, *lengths]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(convolutions())
def test_convolutions_of_any_geometry(case):
    options, shape = case
    theirs, ours = nn.Conv3D(**options), arch.Conv3D(**options)
    ours.set_state_dict(theirs.state_dict())
    x = paddle.randn(shape)
    np.testing.assert_allclose(ours(x).numpy(), theirs(x).numpy(), atol=1e-5)


_CHILD = """
import ppsci_ext
import paddle
from paddle import nn
from paddle.nn import functional as F
from paddle.nn.utils import weight_norm
from ppsci_ext import arch

class Score(nn.Layer):
    def __init__(self, *layers):
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        y = self.body(x)
        return y.reshape([y.shape[0], -1]).mean(axis=1)

class Function(nn.Layer):
    def __init__(self, function):
        super().__init__()
        self.function = function
        self.weight = self.create_parameter([2, 2, 3, 3, 3])

    def forward(self, x):
        return self.function(x, self.weight)

class Call(nn.Layer):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)

def conv(x, w):
    return F.conv3d(x, w)

def join(x):
    return paddle.concat([x, x], axis=1)[:, 1:3]

def ring(x):
    return F.pad(x, [1] * 6, mode="circular")

circular = dict(padding=1, padding_mode="circular")
CRITICS = {
    "stack": lambda: [nn.Conv3D(2, 2, 3), nn.LeakyReLU(), nn.Conv3D(2, 2, 3)],
    "no_activation": lambda: [nn.Conv3D(2, 2, 3), nn.Conv3D(2, 2, 3)],
    "abs": lambda: [nn.Conv3D(2, 2, 3), Call(paddle.abs), nn.Conv3D(2, 2, 3)],
    "circular": lambda: [nn.Conv3D(2, 2, 3, **circular), nn.ELU(), nn.Conv3D(2, 2, 3, **circular)],
    "one_behind_a_pad": lambda: [nn.Pad3D(1, mode="circular"), nn.Conv3D(2, 2, 3)],
    "concat": lambda: [nn.Conv3D(2, 2, 3), nn.Tanh(), Call(join), nn.Conv3D(2, 2, 3)],
    "weight_norm": lambda: [nn.Conv3D(2, 2, 3), nn.ReLU(), weight_norm(nn.Conv3D(2, 2, 3))],
    "transposed": lambda: [nn.Conv3DTranspose(2, 2, 3), nn.LeakyReLU(), nn.Conv3DTranspose(2, 2, 3)],
    "mixed": lambda: [nn.Conv3D(2, 2, 3), nn.ReLU(), nn.Conv3DTranspose(2, 2, 3)],
    "functional": lambda: [Function(conv), nn.LeakyReLU(), Function(conv)],
    "functional_circular": lambda: [Call(ring), Function(conv), Call(paddle.abs), Call(ring), Function(conv)],
    "functional_in_one": lambda: [Function(lambda x, w: F.conv3d(F.conv3d(x, w).abs(), w))],
}
for name, layers in CRITICS.items():
    paddle.seed(1)
    critic = Score(*layers())
    x = paddle.randn([2, 2, 6, 6, 6])
    before = arch.check_critic(critic, x)
    sentence = "passed"
    try:
        before.require()
    except ppsci_ext.utils.UserError as error:
        sentence = str(error)
    after = arch.check_critic(arch.twice_differentiable(critic), x)
    print("RESULT", name, before.twice_differentiable, after.twice_differentiable, sentence, sep="|", flush=True)
"""


def test_networks_that_end_the_process_are_reported_instead():
    """Each of these is an exception or a segmentation fault in Paddle's second backward pass."""
    done = subprocess.run(
        [sys.executable, "-c", _CHILD],
        env={**os.environ, "PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [
        line.split("|")[1:]
        for line in done.stdout.splitlines()
        if line.startswith("RESULT")
    ]
    assert len(rows) == _CHILD.count(": lambda: [")
    for name, before, after, sentence in rows:
        assert before == "False", name
        functional = name.startswith("functional")
        assert after == ("False" if functional else "True"), name
        advice = "arch.conv3d instead" if functional else "arch.Conv3D"
        assert advice in sentence, (name, sentence)


def test_one_convolution_of_the_input_itself_is_no_danger():
    critic = nn.Sequential(nn.Conv3D(2, 3, 3), nn.Tanh(), arch.Conv3D(3, 1, 3))
    assert arch.check_critic(critic, paddle.randn([2, 2, 5, 5, 5])).twice_differentiable
