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
import re
from os import path as osp

import numpy as np
import paddle
import pytest
from paddle import nn
from paddle.nn import functional as F

from ppsci_ext import arch
from ppsci_ext.arch.replacement import REPLACEMENTS
from tests import layers
from tests.helpers.layer_cases import CASES
from tests.helpers.layer_cases import LACKING
from tests.helpers.layer_cases import PADDLES
from tests.helpers.layer_cases import Case
from tests.layers import ERRORS

DOCS = osp.join(osp.dirname(layers.__file__), osp.pardir, "docs")


@pytest.fixture(scope="module")
def measured():
    rows = {}

    def row(name, measure=layers.measure):
        if (name, measure) not in rows:
            rows[name, measure] = measure(name)
        return rows[name, measure]

    return row


@pytest.mark.parametrize("name", CASES)
def test_values_and_derivatives(name, measured):
    row = measured(name)
    assert row["value_float32"] < 2e-6
    assert row["value"] < CASES[name].tolerance
    assert row["first"] < CASES[name].tolerance
    assert row["second"] < 1e-6
    assert row["stack"] < 1e-6


@pytest.mark.parametrize("name", PADDLES)
def test_what_needs_no_replacement(name, measured):
    assert measured(name, layers.measure_paddles)["stack"] < 1e-6
    layer = PADDLES[name].build(nn)
    types = [type(each) for each in layer.sublayers(include_self=True)]
    arch.twice_differentiable(layer)
    assert [type(each) for each in layer.sublayers(include_self=True)] == types


def test_the_measured_second_derivative_error_is_not_vacuous():
    """The same measure of a layer that is wrong: its slope is x twice, once held fixed."""

    class Wrong(nn.Layer):
        def forward(self, x):
            fixed = x.detach()
            return fixed * fixed + (x - fixed) * 2 * fixed

    with layers.default_dtype("float64"):
        x = paddle.randn([3, 4])
        x.stop_gradient = False
        case = Case(lambda _: Wrong(), [3, 4])
        assert max(layers.Probe(case, Wrong()).second([x])) > 0.1
        assert layers.stack_error(case, arch) > 0.1


def test_every_layer_of_the_table_is_measured():
    tested = {name.split(",")[0] for name in CASES}
    assert tested == {ours.__name__ for ours in REPLACEMENTS.values()} | LACKING


@pytest.mark.parametrize("name", CASES)
def test_state_has_the_keys_of_paddle(name):
    theirs, ours = CASES[name].build(nn), CASES[name].build(arch)
    shapes = [(k, v.shape) for k, v in theirs.state_dict().items()]
    assert [(k, v.shape) for k, v in ours.state_dict().items()] == shapes


def test_the_page_tells_what_is_measured(measured):
    """docs/layers.md has the rows of docs/results/layers.jsonl, and they hold today."""
    with open(osp.join(DOCS, "layers.md"), encoding="utf-8") as file:
        page = re.findall(r"^\| (\S.*?) \|(.*)\|$", file.read(), re.MULTILINE)
    measures = {name: layers.measure for name in CASES}
    measures.update({name: layers.measure_paddles for name in PADDLES})
    table = {name: cells.split("|") for name, cells in page if name in measures}
    with open(osp.join(DOCS, "results", "layers.jsonl"), encoding="utf-8") as file:
        recorded = {row["layer"]: row for row in map(json.loads, file)}
    assert list(table) == list(recorded) == list(measures)
    for name, cells in table.items():
        errors = [error for error in ERRORS if error in recorded[name]]
        stated = [float(cell) for cell in cells]
        assert stated == [recorded[name][error] for error in errors], name
        row = measured(name, measures[name])
        for error, bound in zip(errors, stated):
            # rounding differs from one processor to the next
            floor = 1e-11 if error in ("value", "first") else 1e-6
            assert row[error] < max(30 * bound, floor), (name, error)


def test_the_example_of_the_page_prints_what_the_page_says(capsys):
    with open(osp.join(DOCS, "layers.md"), encoding="utf-8") as file:
        page = file.read()
    code, printed = re.search(
        r"```python\n(.*?)```.*?```text\n(.*?)\n```", page, re.DOTALL
    ).groups()
    exec(code, {})
    assert capsys.readouterr().out.strip() == printed


def test_the_authors_layer_norm_has_statistics_of_the_sample_and_affine_per_channel():
    x = paddle.randn([2, 3, 4, 5])
    norm = layers.randomize(arch.GroupNorm(1, 3))
    z = x.numpy()
    z = z - z.mean(axis=(1, 2, 3), keepdims=True)
    z = z / np.sqrt((z**2).mean(axis=(1, 2, 3), keepdims=True) + 1e-5)
    scale, shift = (p.numpy().reshape(1, 3, 1, 1) for p in (norm.weight, norm.bias))
    np.testing.assert_allclose(norm(x).numpy(), z * scale + shift, atol=1e-5)


def test_first_derivative_of_group_norm_without_a_scale():
    """Paddle's own is wrong here (paddlepaddle 3.3.1, CPU); ours is the slope."""
    with layers.default_dtype("float64"):
        x, v, d = (paddle.randn([2, 4, 3]) for _ in range(3))
        x.stop_gradient = False
        norm = arch.GroupNorm(2, 4, affine=False)
        (gradient,) = paddle.grad((norm(x) * v).sum(), [x])
        slope = (norm(x + 1e-6 * d) - norm(x - 1e-6 * d)) * v
        assert float((gradient * d).sum()) == pytest.approx(
            float(slope.sum()) / 2e-6, rel=1e-7
        )


def test_instance_norm_of_vectors_and_data_format():
    x = paddle.randn([3, 4])
    np.testing.assert_allclose(
        arch.InstanceNorm1D(4)(x).numpy(), nn.InstanceNorm1D(4)(x).numpy()
    )
    norm = arch.InstanceNorm2D(4, data_format="NHWC")
    with pytest.raises(ValueError, match="InstanceNorm2D.*NHWC"):
        norm(paddle.randn([2, 3, 3, 4]))


def test_layer_norm_refuses_another_shape():
    with pytest.raises(ValueError, match=r"\[4\].*\[2, 3\]"):
        arch.LayerNorm(4)(paddle.randn([2, 3]))
    with pytest.raises(ValueError, match=r"\[4\].*\[2, 3\]"):
        arch.RMSNorm(4)(paddle.randn([2, 3]))


def test_batch_norm_in_train_mode_keeps_running_statistics_as_paddle_does():
    theirs, ours = nn.BatchNorm1D(3), arch.BatchNorm1D(3)
    x = 2 * paddle.randn([8, 3]) + 1
    theirs(x), ours(x)
    for key, value in theirs.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), ours.state_dict()[key].numpy())
    assert float(ours._mean.abs().max()) > 0


def test_softmax_of_large_values_is_finite():
    x = paddle.to_tensor([[1e4, 0.0], [-1e4, -1e4]])
    np.testing.assert_allclose(arch.Softmax()(x).numpy(), [[1, 0], [0.5, 0.5]])
    np.testing.assert_allclose(
        arch.LogSoftmax()(x).numpy(), [[0, -1e4], [-np.log(2)] * 2], rtol=1e-6
    )


def test_dropout_keeps_the_mean_and_is_the_identity_in_eval_mode():
    dropout, x = arch.Dropout(0.3), paddle.ones([20000])
    y = dropout(x).numpy()
    assert set(np.unique(y)) == {0.0, np.float32(1 / np.float32(0.7))}
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.02)
    dropout.eval()
    assert (dropout(x).numpy() == 1).all()
    with pytest.raises(ValueError, match="between 0 and 1"):
        arch.Dropout(1.5)(x)


@pytest.mark.parametrize("pool", ["MaxPool1D", "MaxPool2D", "MaxPool3D"])
def test_max_pool_returns_paddles_mask(pool):
    x = paddle.randn([2, 3, *[5] * int(pool[-2])])
    build = lambda m: getattr(m, pool)(3, 2, 1, return_mask=True)
    for ours, theirs in zip(build(arch)(x), build(nn)(x)):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    y, mask = getattr(arch, f"Adaptive{pool}")(2, return_mask=True)(x)
    z, theirs = getattr(nn, f"Adaptive{pool}")(2, return_mask=True)(x)
    np.testing.assert_array_equal(y.numpy(), z.numpy())
    np.testing.assert_array_equal(mask.numpy(), theirs.numpy())


def test_max_pool_sends_the_gradient_to_the_first_of_equal_elements_only():
    x = paddle.zeros([1, 1, 4, 4])
    x.stop_gradient = False
    (gradient,) = paddle.grad(arch.MaxPool2D(2)(x).sum(), [x])
    assert float(gradient.sum()) == 4.0 and float(gradient.max()) == 1.0


def test_max_pool_where_all_is_negative_ignores_the_padding():
    x = -1 - paddle.rand([1, 2, 5, 5])
    y = arch.MaxPool2D(3, 2, 1)(x)
    np.testing.assert_array_equal(y.numpy(), F.max_pool2d(x, 3, 2, 1).numpy())


@pytest.mark.parametrize("training", [True, False])
def test_rrelu_draws_paddles_slopes(training):
    x = paddle.randn([50])
    results = []
    for module in (nn, arch):
        layer = module.RReLU(0.1, 0.6)
        layer.training = training
        paddle.seed(5)
        results.append(layer(x).numpy())
    np.testing.assert_allclose(*results, rtol=1e-6)


@pytest.mark.parametrize("exponent", [1, 2, 2.5, float("inf")])
def test_power_means_of_zeros_have_finite_derivatives(exponent):
    """Behind a ReLU whole windows are zero, where a root is infinitely steep."""
    x = paddle.to_tensor([[[[0.0, 0.0, 1.0, 3.0], [0.0, 0.0, 2.0, 0.0]]]])
    x.stop_gradient = False
    y = arch.LPPool2D(exponent, 2)(x)
    (slope,) = paddle.grad(y.sum(), [x], create_graph=True)
    (gradient,) = paddle.grad((slope * slope).sum(), [x], allow_unused=True)
    assert np.isfinite(slope.numpy()).all()
    assert gradient is None or np.isfinite(gradient.numpy()).all()
    assert float(y[0, 0, 0, 0]) == 0.0
    parts = [1.0, 3.0, 2.0]
    expected = np.linalg.norm(parts, exponent)
    assert float(y[0, 0, 0, 1]) == pytest.approx(expected, rel=1e-6)


def test_fold_undoes_unfold_but_for_overlaps():
    x = paddle.rand([2, 3, 6, 4])
    geometry = {"kernel_sizes": 3, "strides": [1, 2], "paddings": 1}
    columns, fold = arch.Unfold(**geometry)(x), arch.Fold([6, 4], **geometry)
    counts = fold(arch.Unfold(**geometry)(paddle.ones_like(x)))
    np.testing.assert_allclose(fold(columns).numpy(), (x * counts).numpy(), rtol=1e-5)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_unpooling_puts_the_maxima_back(dim):
    x = paddle.randn([2, 3, *[6] * dim])
    y, mask = getattr(nn, f"MaxPool{dim}D")(2, return_mask=True)(x)
    expected, found = (getattr(m, f"MaxUnPool{dim}D")(2)(y, mask) for m in (nn, arch))
    np.testing.assert_array_equal(found.numpy(), expected.numpy())
    assert float(found.sum()) == pytest.approx(float(y.sum()), rel=1e-4)


@pytest.mark.parametrize("order", [0.0, float("inf")])
def test_distances_without_a_second_derivative_are_paddles(order):
    x, y = paddle.randn([3, 4]), paddle.randn([3, 4])
    expected, found = (m.PairwiseDistance(order)(x, y).numpy() for m in (nn, arch))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("size", [[8, 8], [9, 10]])
def test_conv_transpose_reaches_any_output_size_of_its_stride(size):
    x = paddle.randn([1, 2, 3, 3])
    theirs = nn.Conv2DTranspose(2, 2, 2, [3, 4])
    ours = arch.Conv2DTranspose(2, 2, 2, [3, 4])
    ours.set_state_dict(theirs.state_dict())
    size = [8, 10] if size[0] == 8 else [10, 13]
    np.testing.assert_allclose(
        ours(x, output_size=size).numpy(),
        theirs(x, output_size=size).numpy(),
        atol=1e-6,
    )


def test_conv_transpose_refuses_an_impossible_output_size():
    with pytest.raises(ValueError, match=r"\[8, 8\].*\[12, 8\]"):
        arch.Conv2DTranspose(2, 2, 2, 3)(paddle.randn([1, 2, 3, 3]), [12, 8])


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
@pytest.mark.parametrize("direction", ["forward", "bidirect"])
def test_recurrent_states_go_in_and_come_out_as_paddles(kind, direction):
    build = lambda m: getattr(m, kind)(3, 4, num_layers=2, direction=direction)
    theirs, ours = build(nn), build(arch)
    ours.set_state_dict(theirs.state_dict())
    states = paddle.randn([2 if direction == "forward" else 4, 2, 4])
    if kind == "LSTM":
        states = (states, paddle.randn(states.shape))
    x, lengths = paddle.randn([2, 5, 3]), paddle.to_tensor([5, 3])
    for arguments in ((x, states), (x, states, lengths)):
        expected, got = (layers.flat(layer(*arguments)) for layer in (theirs, ours))
        for a, b in zip(got, expected):
            np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6)


def test_recurrent_dropout_lies_between_the_layers():
    gru = arch.GRU(3, 4, num_layers=2, dropout=0.9)
    x = paddle.randn([2, 5, 3])
    assert not np.array_equal(gru(x)[0].numpy(), gru(x)[0].numpy())
    gru.eval()
    assert np.array_equal(gru(x)[0].numpy(), gru(x)[0].numpy())


def test_attention_hides_what_the_mask_hides():
    attention = arch.MultiHeadAttention(4, 2)
    x = paddle.randn([1, 3, 4])
    mask = paddle.to_tensor(np.tri(3).astype("int64"))
    before = attention(x, attn_mask=mask).numpy()
    x[:, 2] = 5.0
    after = attention(x, attn_mask=mask).numpy()
    np.testing.assert_allclose(after[:, :2], before[:, :2], atol=1e-6)
    assert np.abs(after[:, 2] - before[:, 2]).max() > 1e-3


def test_attention_continues_from_its_cache():
    theirs, ours = nn.MultiHeadAttention(4, 2), arch.MultiHeadAttention(4, 2)
    ours.set_state_dict(theirs.state_dict())
    x = paddle.randn([2, 3, 4])
    expected, got = (
        layer(x, x, x, None, layer.gen_cache(x)) for layer in (theirs, ours)
    )
    for a, b in zip(layers.flat(got), layers.flat(expected)):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6)
