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

import os
import subprocess
import sys
from os import path as osp

import numpy as np
import paddle
import pytest
from paddle import nn
from paddle.nn.utils import spectral_norm
from paddle.nn.utils import weight_norm
from paddle.static import InputSpec

from ppsci_ext import arch
from ppsci_ext.utils import UserError

ROOT = osp.abspath(osp.join(osp.dirname(__file__), *[osp.pardir] * 3))
DENSE = [4, 8]
IMAGE = [2, 3, 8, 8]
BOX = [2, 2, 5, 5, 5]


class Head(nn.Layer):
    """Scores from whatever comes in, through a layer under test."""

    def __init__(self, *layers: nn.Layer):
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        y = self.body(x)
        return y.reshape([y.shape[0], -1]).square().mean(axis=1)


class CallsFlatten(nn.Layer):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3 * 64, 1)

    def forward(self, x):
        return self.linear(paddle.flatten(x, 1))


class WrongSquare(nn.Layer):
    """x^2 and its slope, of which autograd does not know that it depends on x."""

    def forward(self, x):
        fixed = x.detach()
        return fixed * fixed + (x - fixed) * 2 * fixed


class SlightlyWrong(nn.Layer):
    """Right but for one percent of the second derivative."""

    def forward(self, x):
        fixed = x.detach()
        wrong = fixed * fixed + (x - fixed) * 2 * fixed
        return 0.99 * x * x + 0.01 * wrong


class MinibatchSpread(nn.Layer):
    """The spread of the batch as one more feature (Karras et al. 2018), in no layer."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(9, 1)

    def forward(self, x):
        spread = x.var(axis=0).mean().expand([x.shape[0], 1])
        return self.linear(paddle.concat([x, spread], axis=1))


class TimeMajor(nn.Layer):
    """Its recurrent layer has time on the first axis: steps are mixed, samples aren't."""

    def __init__(self):
        super().__init__()
        self.gru = arch.GRU(4, 5, time_major=True)
        self.linear = nn.Linear(5, 1)

    def forward(self, x):
        return self.linear(self.gru(x.transpose([1, 0, 2]))[0][-1])


class Labelled(nn.Layer):
    """A projection critic (Miyato & Koyama 2018) with class logits besides."""

    def __init__(self):
        super().__init__()
        self.features = nn.Linear(8, 6)
        self.score = nn.Linear(6, 1)
        self.embedding = nn.Embedding(5, 6)
        self.logits = nn.Sequential(nn.Linear(6, 5), nn.Softmax())

    def forward(self, x, labels):
        h = nn.functional.softplus(self.features(x))
        score = self.score(h).squeeze(1) + (h * self.embedding(labels)).sum(axis=1)
        return score, self.logits(h)


class Conditional(nn.Layer):
    """The usual conditional critic: a vector of the label beside the input."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(5, 3)
        self.body = nn.Sequential(nn.Linear(11, 6), nn.Softplus(), nn.Linear(6, 1))

    def forward(self, x, labels):
        return self.body(paddle.concat([x, self.embedding(labels)], axis=1))


class Parameters(nn.Layer):
    """Its condition, of floating-point numbers, meets a hidden layer."""

    def __init__(self, concat):
        super().__init__()
        self.first, self.last = nn.Linear(8, 6), nn.Linear(9, 1)
        self.concat = concat

    def forward(self, x, condition):
        hidden = nn.functional.leaky_relu(self.first(x))
        return self.last(self.concat([hidden, condition], 1).tanh())


@pytest.mark.parametrize(
    "layers, shape, says",
    [
        ([nn.Linear(8, 8), nn.LayerNorm(8)], DENSE, "'body.1' (LayerNorm)|ppsci_ext.arch.LayerNorm"),
        ([nn.Flatten(), nn.Linear(192, 1)], IMAGE, "'body.0' (Flatten)|ppsci_ext.arch.Flatten"),
        ([nn.Linear(8, 8), nn.Dropout(0.5)], DENSE, "'body.1' (Dropout)|ppsci_ext.arch.Dropout"),
        ([nn.Linear(8, 8), nn.Softmax()], DENSE, "'body.1' (Softmax)|ppsci_ext.arch.Softmax"),
        ([nn.GroupNorm(1, 3)], IMAGE, "'body.0' (GroupNorm)|ppsci_ext.arch.GroupNorm"),
        ([nn.Conv2D(3, 2, 3), nn.MaxPool2D(2)], IMAGE, "'body.1' (MaxPool2D)|ppsci_ext.arch.MaxPool2D"),
        ([nn.Conv2D(3, 3, 3, groups=3)], IMAGE, "'body.0' (Conv2D)|ppsci_ext.arch.Conv2D"),
        ([nn.Linear(8, 8), nn.GELU()], DENSE, "'body.1' (GELU)|ppsci_ext.arch.GELU"),
        ([nn.PReLU()], DENSE, "'body.0' (PReLU)|ppsci_ext.arch.PReLU"),
        ([nn.Upsample(scale_factor=2)], IMAGE, "'body.0' (Upsample)|ppsci_ext.arch.Upsample"),
        ([nn.Conv2DTranspose(3, 2, 3)], IMAGE, "'body.0' (Conv2DTranspose)|twice_differentiable"),
        ([nn.Maxout(3)], IMAGE, "'body.0' (Maxout)|ppsci_ext.arch.Maxout"),
        ([nn.ReLU(), nn.Conv3D(2, 2, 2)], BOX, "'body.1' (Conv3D)|ppsci_ext.arch.Conv3D"),
    ],
)  # fmt: skip
def test_the_error_names_the_layer_and_a_replacement(layers, shape, says):
    report = arch.check_critic(Head(*layers), paddle.randn(shape))
    assert not report.twice_differentiable
    with pytest.raises(UserError) as caught:
        report.require()
    message = str(caught.value)
    assert all(part in message for part in says.split("|")), message
    assert message.count("(") == 1 + message.count("forward()")  # no innocent is named
    assert "\n" not in message


def test_an_operation_inside_forward_is_named():
    report = arch.check_critic(CallsFlatten(), paddle.randn(IMAGE))
    with pytest.raises(UserError, match="CallsFlatten.*'flatten'.*reshape"):
        report.require()


def test_all_that_is_to_be_replaced_is_named_and_in_the_order_of_calls():
    block = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8))
    report = arch.check_critic(
        Head(block, nn.GELU(), WrongSquare()), paddle.randn(DENSE)
    )
    assert [layer.name for layer in report.layers] == [
        "body.0.0",
        "body.0.1",
        "body.1",
        "body.2",
    ]
    assert [layer.second_derivative[:7] for layer in report.layers] == [
        "right",
        "missing",
        "missing",
        "wrong b",
    ]
    with pytest.raises(
        UserError, match=r"'body.0.1' \(Lay.*'body.1' \(G.*'body.2' \(W"
    ):
        report.require()


@pytest.mark.parametrize("layer", [WrongSquare(), SlightlyWrong()])
def test_a_second_derivative_that_is_silently_wrong_is_found(layer):
    report = arch.check_critic(Head(nn.Linear(8, 8), layer), paddle.randn(DENSE))
    linear, wrong = report.layers
    assert linear.right and wrong.exists and not wrong.right
    assert wrong.error > (0.1 if isinstance(layer, WrongSquare) else 1e-3)
    with pytest.raises(UserError, match=r"'body.1' \(.*second derivative.*wrong by"):
        report.require()


def test_a_second_derivative_that_is_not_finite_is_found():
    """x^1.5 at zero, where ReLU leaves nothing: its slope is finite, the next is not."""

    class Power(nn.Layer):
        def forward(self, x):
            return nn.functional.relu(x).pow(1.5)

    report = arch.check_critic(Power(), paddle.randn(DENSE))
    assert not report.twice_differentiable
    with pytest.raises(UserError, match="that is not finite"):
        report.require()


_UNDER_PRIM = """
import ppsci_ext
import paddle
from paddle import nn
from ppsci_ext import arch

paddle.seed(1)
paddle.framework.core.set_prim_eager_enabled(True)
for name, build, shape in (
    ("LayerNorm", lambda m: m.LayerNorm(8), [4, 8]),
    ("GroupNorm", lambda m: m.GroupNorm(1, 3), [4, 3, 5, 5]),
    ("InstanceNorm2D", lambda m: m.InstanceNorm2D(3), [4, 3, 5, 5]),
):
    for module in (nn, arch):
        (layer,) = arch.check_critic(build(module), paddle.randn(shape)).layers
        print(name, module.__name__, layer.exists, layer.right, layer.error)
"""


def test_what_prim_gets_wrong_without_a_word_is_found():
    done = subprocess.run(
        [sys.executable, "-c", _UNDER_PRIM],
        env={**os.environ, "PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if "Norm" in line]
    assert len(rows) == 6
    for _, module, exists, right, error in rows:
        assert exists == "True"
        if module == "paddle.nn":
            assert right == "False" and 0.01 < float(error) < 2
        else:
            assert right == "True" and float(error) < 1e-5


@pytest.mark.parametrize(
    "critic, shape, culprit",
    [
        (Head(nn.Linear(8, 8), nn.BatchNorm1D(8)), DENSE, "body.1"),
        (Head(nn.BatchNorm2D(3), nn.ReLU()), IMAGE, "body.0"),
        (MinibatchSpread(), DENSE, "critic"),
    ],
)
def test_what_mixes_samples_is_named(critic, shape, culprit):
    report = arch.check_critic(critic, paddle.randn(shape))
    assert report.mixes_samples and report.twice_differentiable, report
    mixing = [layer for layer in report.layers if layer.mixes_samples]
    assert [layer.name for layer in mixing] == [culprit]
    assert ("GroupNorm" in mixing[0].advice) == (culprit != "critic")
    report.require()  # whether to refuse it is for the caller to decide


@pytest.mark.parametrize(
    "critic, shape",
    [
        (Head(nn.Linear(8, 8), nn.BatchNorm1D(8).eval()), DENSE),
        (Head(arch.GroupNorm(1, 3), nn.InstanceNorm2D(3)), IMAGE),
        (Head(arch.MultiHeadAttention(8, 2)), [3, 4, 8]),
        (TimeMajor(), [3, 3, 4]),
    ],
)
def test_what_takes_each_sample_by_itself_does_not_mix(critic, shape):
    report = arch.check_critic(critic, paddle.randn(shape))
    assert not report.mixes_samples, report
    assert not any(layer.mixes_samples for layer in report.layers)


@pytest.mark.parametrize(
    "layers, shape",
    [
        ([nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1)], DENSE),
        ([nn.Conv2D(3, 4, 3, padding="SAME"), nn.LeakyReLU(), nn.AvgPool2D(2)], IMAGE),
        ([arch.Flatten(), nn.Linear(192, 8), arch.LayerNorm(8), nn.Silu()], IMAGE),
        ([arch.GroupNorm(3, 3), nn.Tanh(), arch.Dropout()], IMAGE),
        ([nn.Linear(8, 8), arch.Softmax(), nn.Sigmoid()], DENSE),
        ([nn.Linear(8, 8), nn.Dropout(0.5, axis=0), nn.ELU()], DENSE),
        ([arch.MaxPool2D(2), nn.Conv2D(3, 4, 3), arch.ReLU6()], IMAGE),
    ],
)  # fmt: skip
def test_differentiable_critics_pass_and_stay_as_they_are(layers, shape):
    critic = Head(*layers)
    before = {k: v.numpy() for k, v in critic.state_dict().items()}
    report = arch.check_critic(critic, paddle.randn(shape))
    report.require()
    assert report.twice_differentiable
    for key, value in critic.state_dict().items():
        assert np.array_equal(value.numpy(), before[key])
    assert all(p.grad is None for p in critic.parameters())


def test_a_linear_critic_passes():
    report = arch.check_critic(nn.Linear(8, 1), paddle.randn(DENSE))
    assert report.twice_differentiable
    assert [layer.name for layer in report.layers] == ["critic"]


@pytest.mark.parametrize("seed", range(5))
def test_kinks_give_no_false_alarm(seed):
    """A wide piecewise-linear critic has a kink within any step."""
    paddle.seed(seed)
    widths = [8, 256, 256, 256]
    layers = []
    for n, m in zip(widths, widths[1:]):
        layers += [nn.Linear(n, m), [nn.ReLU, nn.LeakyReLU, arch.ReLU6][seed % 3]()]
    critic = nn.Sequential(*layers, nn.Linear(256, 1))
    report = arch.check_critic(critic, InputSpec([None, 8]))
    assert report.twice_differentiable, report


@pytest.mark.parametrize("seed", range(3))
def test_no_false_alarm_where_zeros_stand_at_a_kink(seed):
    """A pixel whose two channels a ReLU cuts off is zero behind a convolution without bias, where
    the next ReLU has its kink."""
    paddle.seed(seed)
    zero = {"bias_attr": nn.initializer.Constant(0.0)}
    layers = [nn.ReLU(), nn.Conv2D(2, 2, 1, **zero), nn.ReLU(), nn.Conv2D(2, 2, 1)]
    critic = nn.Sequential(nn.Conv2D(2, 2, 1), *layers, nn.Flatten(), nn.Linear(128, 1))
    critic = arch.twice_differentiable(critic)
    report = arch.check_critic(critic, paddle.randn([4, 2, 8, 8]))
    assert report.twice_differentiable, report


def test_buffers_gradients_and_random_numbers_are_left_as_found():
    critic = nn.Sequential(
        spectral_norm(nn.Linear(8, 8)),
        weight_norm(nn.Linear(8, 8)),
        nn.BatchNorm1D(8),
        arch.Dropout(),
        nn.LayerNorm(8),
        nn.Linear(8, 1),
    )
    critic(paddle.randn([4, 8])).sum().backward()
    buffers = {name: id(buffer) for name, buffer in critic.named_buffers()}
    state = {k: v.numpy() for k, v in critic.state_dict().items()}
    gradients = [p.grad for p in critic.parameters()]

    report = arch.check_critic(critic, paddle.randn([4, 8]))

    assert [row.second_derivative for row in report.layers] == [
        *["right"] * 4,
        "missing",
        "right",
    ]
    assert {name: id(buffer) for name, buffer in critic.named_buffers()} == buffers
    for key, value in critic.state_dict().items():
        assert np.array_equal(value.numpy(), state[key]), key
    for parameter, gradient in zip(critic.parameters(), gradients):
        assert (parameter.grad is None) == (gradient is None)
        if gradient is not None:
            assert np.array_equal(parameter.grad.numpy(), gradient.numpy())
    assert critic.training
    assert not any(layer._forward_post_hooks for layer in critic.sublayers())


def test_random_numbers_go_on_as_if_nothing_had_been_drawn():
    critic = nn.Sequential(nn.Linear(8, 8), arch.Dropout(), nn.Linear(8, 1))
    paddle.seed(3), np.random.seed(3)
    expected = paddle.rand([3]).numpy(), np.random.rand(3)
    paddle.seed(3), np.random.seed(3)
    arch.check_critic(critic, InputSpec([None, 8]))
    drawn = paddle.rand([3]).numpy(), np.random.rand(3)
    for a, b in zip(drawn, expected):
        np.testing.assert_array_equal(a, b)


def test_labels_and_several_outputs():
    critic = Labelled()
    labels = paddle.to_tensor([4, 1, 2, 0])
    report = arch.check_critic(critic, (paddle.randn([4, 8]), labels))
    # the softmax of the logits is no part of the penalty
    assert report.twice_differentiable
    by_name = {layer.name: layer for layer in report.layers}
    assert by_name["embedding"].second_derivative == "not needed"
    assert by_name["logits.1"].advice.startswith("nothing")
    specs = [InputSpec([None, 8]), InputSpec([None], "int64")]
    assert arch.check_critic(critic, specs).twice_differentiable


def test_an_embedding_of_labels_is_named_and_replaced():
    critic = Conditional()
    inputs = (paddle.randn([4, 8]), paddle.to_tensor([4, 1, 2, 0]))
    before, weight = critic(*inputs).numpy(), critic.embedding.weight
    with pytest.raises(
        UserError, match=r"'embedding' \(Embedding\) has no second.*arch.Embedding"
    ):
        arch.check_critic(critic, inputs).require()
    report = arch.check_critic(arch.twice_differentiable(critic), inputs)
    report.require()
    assert not report.mixes_samples
    assert type(critic.embedding) is arch.Embedding
    assert critic.embedding.weight is weight
    np.testing.assert_array_equal(critic(*inputs).numpy(), before)


def test_a_condition_has_no_gradient_in_the_check_as_in_the_training():
    """Paddle can't differentiate a concatenation with a constant twice."""
    inputs = (paddle.randn([4, 8]), paddle.randn([4, 3]))
    report = arch.check_critic(Parameters(paddle.concat), inputs)
    with pytest.raises(UserError, match="Parameters.*ppsci_ext.arch.concat"):
        report.require()
    arch.check_critic(Parameters(arch.concat), inputs).require()


def test_specs_without_a_size_are_refused():
    with pytest.raises(UserError, match=r"every axis but the first.*\[-1, -1\]"):
        arch.check_critic(nn.Linear(8, 1), InputSpec([None, None]))


def test_one_sample_is_enough():
    critic = Head(nn.Linear(8, 8), nn.BatchNorm1D(8))
    assert arch.check_critic(critic, paddle.randn([1, 8])).mixes_samples


def test_layers_that_only_know_float32_are_checked_in_it():
    class Float32Only(nn.Layer):
        def forward(self, x):
            return paddle.matmul(x, paddle.eye(8, dtype="float32")).square()

    class Float32Wrong(nn.Layer):
        def forward(self, x):
            return WrongSquare()(paddle.matmul(x, paddle.eye(8, dtype="float32")))

    with pytest.raises(ValueError):
        Float32Only()(paddle.randn([2, 8]).astype("float64"))
    report = arch.check_critic(Head(Float32Only()), paddle.randn(DENSE))
    assert report.twice_differentiable, report
    report = arch.check_critic(Head(Float32Wrong()), paddle.randn(DENSE))
    assert not report.twice_differentiable
    assert [layer.right for layer in report.layers] == [False]


def test_kinks_give_no_false_alarm_in_float32_either():
    class Blur(nn.Layer):
        def forward(self, x):
            return paddle.matmul(x, paddle.eye(8, dtype="float32") * 0.5)

    layers = [Blur(), nn.Linear(8, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU()]
    report = arch.check_critic(
        nn.Sequential(*layers, nn.Linear(256, 1)), InputSpec([None, 8])
    )
    assert report.twice_differentiable, report
    assert not report.mixes_samples


def test_a_layer_that_is_wrong_in_its_own_precision_only_is_found():
    class Fast(nn.Layer):
        """Right in float64, where it takes another path."""

        def forward(self, x):
            return x * x if x.dtype == paddle.float64 else WrongSquare()(x)

    class FastMissing(nn.Layer):
        def forward(self, x):
            return x * x if x.dtype == paddle.float64 else nn.functional.gelu(x)

    report = arch.check_critic(Head(nn.Linear(8, 8), Fast()), paddle.randn(DENSE))
    assert [layer.right for layer in report.layers] == [True, False]
    report = arch.check_critic(
        Head(nn.Linear(8, 8), FastMissing()), paddle.randn(DENSE)
    )
    assert [layer.exists for layer in report.layers] == [True, False]


def test_the_table_is_aligned_and_complete():
    critic = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), nn.BatchNorm1D(8))
    text = str(arch.check_critic(critic, paddle.randn(DENSE)))
    header, rule, *rows = text.splitlines()
    assert len(rows) == 3
    starts = [
        header.index(title) for title in ("layer", "type", "second", "mixes", "inst")
    ]
    for row in (rule, rows[1], rows[2]):
        assert all(
            row[i] != " " and (i == 0 or row[i - 1] == " ") for i in starts
        ), text
    assert "missing" in rows[1] and "use ppsci_ext.arch.LayerNorm instead" in rows[1]
    assert "yes" in rows[2] and "GroupNorm" in rows[2]


def test_layers_that_hand_on_no_gradient_or_no_tensor():
    class Detached(nn.Layer):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(8, 8)

        def forward(self, x):
            return self.linear(x.detach())

    class Named(nn.Layer):
        def forward(self, x):
            return {"twice": 2 * x}

    class Critic(nn.Layer):
        def __init__(self):
            super().__init__()
            self.detached, self.named = Detached(), Named()

        def forward(self, x):
            return self.named(x)["twice"].square(), self.detached(x)

    report = arch.check_critic(Critic(), paddle.randn(DENSE))
    assert report.twice_differentiable, report
    found = {layer.name: layer.second_derivative for layer in report.layers}
    assert found == {"detached.linear": "right", "named": "not needed"}


@pytest.mark.parametrize("samples", [2, 3, 4])
def test_batch_norm_of_few_samples_gives_no_false_alarm(samples):
    critic = Head(nn.Linear(8, 8), nn.BatchNorm1D(8), nn.ReLU(), nn.Linear(8, 1))
    report = arch.check_critic(critic, paddle.randn([samples, 8]))
    assert report.twice_differentiable and report.mixes_samples, report


def test_layers_used_twice_appear_once():
    relu = nn.LeakyReLU()
    critic = nn.Sequential(nn.Linear(8, 8), relu, nn.Linear(8, 8), relu)
    report = arch.check_critic(critic, paddle.randn(DENSE))
    assert [layer.name for layer in report.layers] == ["0", "1", "2"]
