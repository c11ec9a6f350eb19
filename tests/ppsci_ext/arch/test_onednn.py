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

"""oneDNN's convolutions against Paddle's; float32 against float64."""

from __future__ import annotations

import copy
import ctypes
import os
import stat
import subprocess
import sys
import types
from os import path as osp

import numpy as np
import paddle
import pytest
from hypothesis import assume
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from paddle import nn
from paddle.base import core
from paddle.base import framework

from ppsci_ext.arch import Conv3D
from ppsci_ext.arch import onednn
from ppsci_ext.arch.onednn import build
from ppsci_ext.arch.onednn import input_gradients
from ppsci_ext.arch.onednn import kernels
from ppsci_ext.arch.onednn import primitives
from ppsci_ext.arch.resampled_convolution import ConvMeanPool2D
from ppsci_ext.arch.resampled_convolution import UpsampleConv2D
from ppsci_ext.solver import frozen
from ppsci_ext.utils import UserError
from ppsci_ext.utils.cache import cache_folder
from ppsci_ext.utils.runtime import usable_cores
from tests.helpers.onednn_env import load_or_skip
from tests.helpers.onednn_env import onednn_or_skip

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__)))))
CONVOLUTIONS = {1: onednn.Conv1D, 2: onednn.Conv2D, 3: onednn.Conv3D}
TRANSPOSED = {
    1: onednn.Conv1DTranspose,
    2: onednn.Conv2DTranspose,
    3: onednn.Conv3DTranspose,
}
# of which Paddle's own third has no complete second derivative
PADDLES = {
    onednn.Conv1D: nn.Conv1D,
    onednn.Conv2D: nn.Conv2D,
    onednn.Conv3D: Conv3D,
    onednn.Conv1DTranspose: nn.Conv1DTranspose,
    onednn.Conv2DTranspose: nn.Conv2DTranspose,
    onednn.Conv3DTranspose: nn.Conv3DTranspose,
}


def paddings(axes):
    """All that Paddle takes for so many axes."""
    number = st.integers(0, 2)
    return st.one_of(
        number,
        st.lists(number, min_size=axes, max_size=axes),
        st.lists(number, min_size=2 * axes, max_size=2 * axes),
        st.sampled_from(["SAME", "VALID"]),
    )


@pytest.fixture
def library():
    onednn_or_skip()


@pytest.fixture(params=[True, False], ids=["compiled", "not compiled"])
def operators(library, request, monkeypatch):
    """With the operators for circular margins and few channels, and without."""
    if request.param:
        load_or_skip()
    else:
        monkeypatch.setattr(build, "compiled", lambda: False)


@pytest.fixture
def calls(library, monkeypatch):
    """Names of the kernels that were run."""
    names = []

    def note(name, kernel):
        def noting(*arguments):
            names.append(name)
            return kernel(*arguments)

        monkeypatch.setattr(kernels, name, noting)

    for name in ("forward", "transpose", "weight"):
        note(name, getattr(kernels, name))
    return names


@st.composite
def convolutions(draw, transposed=False):
    """Arguments of a layer, and the size of an image for it, with one to three axes."""
    axes = draw(st.integers(1, 3))
    each = {"min_size": axes, "max_size": axes}
    options = {
        "in_channels": draw(st.integers(1, 3)),
        "out_channels": draw(st.integers(1, 3)),
        "kernel_size": draw(st.lists(st.integers(1, 5 if axes < 3 else 3), **each)),
        "stride": draw(st.lists(st.integers(1, 3), **each)),
        "padding": draw(paddings(axes)),
        "bias_attr": draw(st.sampled_from([None, False])),
    }
    if options["padding"] != "SAME":  # beside which Paddle ignores it
        options["dilation"] = draw(st.lists(st.integers(1, 2), **each))
    if transposed:
        assume(options["padding"] != "SAME")  # left to Paddle, see below
        if not isinstance(options["padding"], str):
            most = min(options["stride"]) - 1
            options["output_padding"] = draw(st.integers(0, most))
    smallest = [1] * axes  # that leave something
    if transposed:
        smallest = [5] * axes
    elif options["padding"] != "SAME":
        kernel, dilation = options["kernel_size"], options["dilation"]
        smallest = [(n - 1) * step + 1 for n, step in zip(kernel, dilation)]
    largest = 9 if axes < 3 else 6
    return options, [draw(st.integers(least, largest)) for least in smallest]


def in_float64(layer):
    """The layer as Paddle has it, in float64, with the same weights."""
    twin = copy.deepcopy(layer)
    twin.__class__ = PADDLES[type(layer)]
    return twin.to(dtype="float64")


def leaf(array, dtype):
    return paddle.to_tensor(array, dtype=dtype, stop_gradient=False)


def score(layer, x, weights):
    """A scalar that is not linear in the convolution; weights as many as outputs."""
    return (layer(x).tanh() * weights.astype(x.dtype)).sum()


def squared_slope(layer, x, weights):
    (gradient,) = input_gradients(score(layer, x, weights), [x])
    return gradient.square().sum()


def error(found, expected):
    """Relative to the largest entry, of tensors in any precision."""
    found, expected = found.numpy().astype("float64"), expected.numpy()
    return np.abs(found - expected).max() / max(1.0, np.abs(expected).max())


def probes(layer, size, batch=2):
    """The layer and its twin in float64, an image for each, and weights of the outputs."""
    rng = np.random.default_rng(5)
    image = rng.standard_normal([batch, layer._in_channels, *size])
    twin = in_float64(layer)
    for parameter, exact in zip(layer.parameters(), twin.parameters()):
        value = rng.standard_normal(parameter.shape)
        parameter.set_value(value.astype("float32"))
        exact.set_value(value)
    with paddle.no_grad():
        expected = twin(leaf(image, "float64"))
    weights = paddle.to_tensor(rng.standard_normal(expected.shape))
    return (layer, leaf(image, "float32")), (twin, leaf(image, "float64")), weights


def assert_first_order(ours, exact, weights):
    assert error(ours[0](ours[1]), exact[0](exact[1])) < 1e-6
    found, expected = (
        paddle.grad(score(layer, x, weights), [x, *layer.parameters()])
        for layer, x in (ours, exact)
    )
    assert max(map(error, found, expected)) < 1e-5


IN_THE_MARGIN = {"kernel_size": [1], "stride": [2], "padding": 1, "dilation": [2]}


@pytest.mark.usefixtures("library")
@settings(max_examples=60, deadline=None)
@given(convolutions())
@example(({"in_channels": 2, "out_channels": 1, **IN_THE_MARGIN}, [1]))  # had crashed
def test_convolutions_to_the_second_order(case):
    options, size = case
    ours, exact, weights = probes(CONVOLUTIONS[len(size)](**options), size)
    assert_first_order(ours, exact, weights)
    found, expected = (
        paddle.grad(squared_slope(layer, x, weights), [x, *layer.parameters()])
        for layer, x in (ours, exact)
    )
    assert max(map(error, found, expected)) < 1e-4


def test_every_other_pixel_of_a_large_grey_image(library):
    """oneDNN had written 28 MB past its scratchpad, which ended the process."""
    rng = np.random.default_rng(9)
    x, y = (rng.random((1, c, n, n)) for c, n in ((1, 2048), (2, 1024)))
    x, y = (paddle.to_tensor(a, "float32") for a in (x, y))
    geometry = kernels.Geometry([2, 2], [1, 1], [0] * 4)
    w, b = kernels.weight(x, y, [2, 1, 1, 1], geometry)
    x, y = (tensor.numpy().astype("float64") for tensor in (x, y))
    expected = (x[..., ::2, ::2] * y).sum((0, 2, 3))
    np.testing.assert_allclose(w.numpy().flatten(), expected, rtol=1e-5)
    np.testing.assert_allclose(b.numpy(), y.sum((0, 2, 3)), rtol=1e-3)


@pytest.mark.parametrize("mode", ["circular", "reflect", "replicate"])
@pytest.mark.parametrize("kernel, stride", [(3, 1), (4, 2)])
@pytest.mark.parametrize("size", [[7], [6, 5], [4, 6, 5]], ids=len)
def test_periodic_and_other_margins_to_the_second_order(
    operators, calls, mode, kernel, stride, size
):
    if mode == "reflect" and len(size) == 3:
        pytest.skip("Paddle's pad of volumes can't be differentiated twice")
    make = CONVOLUTIONS[len(size)]
    layer = make(2, 3, kernel, stride, 1, padding_mode=mode)
    ours, exact, weights = probes(layer, size)
    assert_first_order(ours, exact, weights)
    assert "forward" in calls
    found, expected = (
        paddle.grad(squared_slope(layer, x, weights), [x, *layer.parameters()])
        for layer, x in (ours, exact)
    )
    assert max(map(error, found, expected)) < 1e-4


@pytest.mark.usefixtures("operators")
@pytest.mark.parametrize("mode", ["zeros", "circular"])
@pytest.mark.parametrize("kernel, stride, margin", [(3, 1, 1), (4, 2, 1), (5, 1, 2)])
@pytest.mark.parametrize("channels", [(1, 1), (2, 13), (3, 2)])
@pytest.mark.parametrize("size", [[32], [2, 32], [2, 4, 48]], ids=len)
def test_few_channels_and_long_rows_to_the_second_order(
    mode, kernel, stride, margin, channels, size
):
    """What the loops over rows are for; kernels as long as an axis among them."""
    make = CONVOLUTIONS[len(size)]
    layer = make(*channels, kernel, stride, margin, padding_mode=mode)
    ours, exact, weights = probes(layer, size)
    assert_first_order(ours, exact, weights)
    found, expected = (
        paddle.grad(squared_slope(layer, x, weights), [x, *layer.parameters()])
        for layer, x in (ours, exact)
    )
    assert max(map(error, found, expected)) < 1e-4


@pytest.mark.parametrize("mode", ["zeros", "circular"])
@pytest.mark.parametrize("beside", [[], [1], [2, 1]], ids=len)
@pytest.mark.parametrize("size", [[3], [2, 16], [1, 2, 3]], ids=len)
def test_doubled_and_convolved(operators, calls, mode, beside, size):
    axes = len(size)
    make = CONVOLUTIONS[axes]
    layer = make(2 + sum(beside), 3, 3, padding=1, padding_mode=mode)
    twin = in_float64(layer)
    rng = np.random.default_rng(8)
    shapes = [[2, 2, *size], *([2, n, *(2 * m for m in size)] for n in beside)]
    arrays = [rng.standard_normal(shape) for shape in shapes]
    ours, exact = ([leaf(a, dtype) for a in arrays] for dtype in ("float32", "float64"))
    y = onednn.convolution_of_doubled(layer, ours[0], ours[1:])
    assert "transpose" in calls
    x = exact[0]
    for axis in range(2, 2 + axes):
        x = x.repeat_interleave(2, axis)
    expected = twin(paddle.concat([x, *exact[1:]], axis=1))
    assert error(y, expected) < 1e-6
    found, wanted = (
        paddle.grad(result.tanh().sum(), [*tensors, *network.parameters()])
        for result, tensors, network in ((y, ours, layer), (expected, exact, twin))
    )
    assert max(map(error, found, wanted)) < 1e-5


def test_other_convolutions_of_doubled_are_left_alone(library):
    x = images(4)
    for layer in (
        nn.Conv2D(4, 4, 3, padding=1),
        onednn.Conv2D(4, 4, 3, padding=1, stride=2),
        onednn.Conv2D(4, 4, 5, padding=1),
        onednn.Conv2D(4, 4, 3, padding=1, dilation=2),
        onednn.Conv2D(4, 4, 3, padding=1, padding_mode="reflect"),
        onednn.Conv2D(5, 4, 3, padding=1),
    ):
        assert onednn.convolution_of_doubled(layer, x, []) is None


def difference(value, tensor, direction, step):
    """Derivative along a direction by central differences; the tensor is left as it was."""
    before = tensor.numpy()
    ends = []
    for sign in (1, -1):
        tensor.set_value(before + sign * step * direction)
        ends.append(float(value()))
    tensor.set_value(before)
    return (ends[0] - ends[1]) / (2 * step)


def assert_equals_differences(found, tensors, value):
    """Gradients along random directions against differences of a function in float64."""
    rng = np.random.default_rng(6)
    for gradient, tensor in zip(found, tensors):
        direction = rng.standard_normal(tensor.shape)
        along = float((gradient.numpy().astype("float64") * direction).sum())
        numeric = difference(value, tensor, direction, 1e-5)
        scale = np.abs(gradient.numpy()).max() * np.abs(direction).sum()
        assert abs(along - numeric) < 1e-4 * max(1.0, scale)


@pytest.mark.usefixtures("library")
@settings(max_examples=40, deadline=None)
@given(convolutions(transposed=True))
def test_transposed_convolutions_to_the_second_order(case):
    options, size = case
    ours, exact, weights = probes(TRANSPOSED[len(size)](**options), size)
    assert_first_order(ours, exact, weights)
    layer, x = ours
    found = paddle.grad(squared_slope(layer, x, weights), [x, *layer.parameters()])

    def value():  # by Paddle's first derivative: it has no second one
        twin, point = exact
        (gradient,) = paddle.grad(score(twin, point, weights), [point])
        return gradient.square().sum()

    assert_equals_differences(found, [exact[1], *exact[0].parameters()], value)


@pytest.mark.parametrize("size", [[7], [5, 4], [3, 4, 3]], ids=len)
def test_third_order(library, size):
    options = dict(kernel_size=3, stride=2, padding="SAME")
    ours, exact, _ = probes(CONVOLUTIONS[len(size)](2, 3, **options), size)

    def second_slope(layer, x, create_graph):
        y = 0.3 * layer(x)
        (first,) = input_gradients((y * y * y).sum(), [x])
        (second,) = input_gradients(first.square().sum(), [x], create_graph)
        return second.square().sum()

    layer, x = ours
    value = second_slope(layer, x, True)
    found = paddle.grad(value, [x, *layer.parameters()])
    parts = [exact[1], *exact[0].parameters()]
    numeric = lambda: second_slope(*exact, create_graph=False)
    assert abs(float(value) / float(numeric()) - 1) < 1e-5
    assert_equals_differences(found, parts, numeric)


# what is left to Paddle


def images(channels=4, dtype="float32"):
    return paddle.randn([2, channels, 7, 6]).astype(dtype)


@pytest.mark.parametrize(
    "make, options",
    [
        ("Conv2D", {"padding": "SAME", "dilation": 2}),
        ("Conv2D", {"groups": 2}),
        ("Conv2DTranspose", {"groups": 2}),
        ("Conv2DTranspose", {"padding": "SAME", "stride": 2}),
    ],
)
def test_these_are_left_to_paddle(calls, make, options):
    layer = getattr(onednn, make)(4, 4, 3, **options)
    x = images()
    expected = getattr(nn, make).forward(layer, x)
    assert paddle.equal_all(layer(x), expected)
    assert not calls


def test_plain_convolutions_are_taken(calls):
    onednn.Conv2D(4, 4, 3)(images())
    onednn.Conv2DTranspose(4, 4, 3)(images())
    assert calls == ["forward", "transpose"]


@pytest.mark.parametrize("make", ["Conv2D", "Conv2DTranspose"])
def test_float64_is_left_to_paddle(calls, make):
    layer = getattr(onednn, make)(4, 4, 3).to(dtype="float64")
    assert layer(images(dtype="float64")).dtype == paddle.float64
    assert not calls


def test_channels_last_is_left_to_paddle(calls):
    layer = onednn.Conv2D(4, 4, 3, data_format="NHWC")
    assert layer(paddle.randn([2, 7, 6, 4])).shape == [2, 5, 4, 4]
    assert not calls


def test_output_size_is_left_to_paddle(calls):
    layer = onednn.Conv2DTranspose(4, 4, 3, stride=2)
    assert layer(images(), output_size=[16, 14]).shape == [2, 4, 16, 14]
    assert not calls


def test_autocast_is_left_to_paddle(calls, monkeypatch):
    layer = onednn.Conv2D(4, 4, 3)
    tracer = framework._dygraph_tracer()
    monkeypatch.setattr(nn.Conv2D, "forward", lambda *_: "Paddle's")
    try:  # paddle.amp.auto_cast does nothing on a CPU without bfloat16
        tracer._amp_level = core.AmpLevel.O1
        assert layer(images()) == "Paddle's"
    finally:
        tracer._amp_level = core.AmpLevel.O0
    assert not calls


@pytest.mark.parametrize(
    "make, shape",
    [
        ("Conv2D", [2, 3, 7, 6]),
        ("Conv2DTranspose", [2, 3, 7, 6]),
        ("Conv2D", [4, 7, 6]),
        ("Conv2DTranspose", [4, 7, 6]),
    ],
)
def test_images_that_do_not_fit_get_paddles_error(library, make, shape):
    with pytest.raises(ValueError, match="[Ee]xpected|4D"):
        getattr(onednn, make)(4, 4, 3)(paddle.randn(shape))


def test_too_large_an_output_padding_gets_paddles_error(library):
    with pytest.raises(ValueError, match="output_padding"):
        onednn.Conv2DTranspose(4, 4, 3, stride=2, output_padding=2)(images())


def test_no_images(library):
    layer = onednn.Conv2D(4, 5, 3)
    assert layer(paddle.zeros([0, 4, 7, 6])).shape == [0, 5, 5, 4]


def test_views(library):
    """Tensors whose numbers don't lie one after the other."""
    layer = onednn.Conv2D(3, 4, 3)
    for view in (
        paddle.randn([8, 8, 2, 3]).transpose([2, 3, 0, 1]),
        paddle.randn([2, 3, 16, 16])[:, :, ::2, 1::2],
    ):
        expected = layer(paddle.to_tensor(view.numpy()))
        assert paddle.equal_all(layer(view), expected)


RUN_EXPORTED = """
import sys
import numpy as np
import paddle
network = paddle.jit.load(sys.argv[1])
x = paddle.to_tensor(np.load(sys.argv[2]))
np.save(sys.argv[3], network(x).numpy())
assert not any(name.startswith("ppsci") for name in sys.modules)
"""


def test_an_exported_network_runs_without_the_operator(library, tmp_path):
    network = nn.Sequential(
        nn.Conv2D(3, 4, 3, padding="SAME"),
        ConvMeanPool2D(4, 4, 3),
        UpsampleConv2D(4, 4, 3),
        nn.Conv2DTranspose(4, 2, 3, stride=2, output_padding=1),
    )
    onednn.use_onednn(network)
    network.eval()
    x = paddle.randn([2, 3, 8, 6])
    np.save(tmp_path / "x.npy", x.numpy())
    shape = paddle.static.InputSpec([None, 3, 8, 6], "float32")
    paddle.jit.enable_to_static(True)  # which solvers of other tests turn off
    paddle.jit.save(network, str(tmp_path / "network"), input_spec=[shape])
    names = [str(tmp_path / name) for name in ("network", "x.npy", "y.npy")]
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUN_EXPORTED, *names], check=True
    )
    np.testing.assert_allclose(
        np.load(tmp_path / "y.npy"), network(x).numpy(), atol=1e-5
    )


# networks


def network(channels=3):
    return nn.Sequential(
        nn.Conv2D(channels, 4, 3, padding=1, stride=2),
        nn.LeakyReLU(0.2),
        nn.Conv2D(4, 2, 3, padding="SAME"),
        nn.Conv2DTranspose(2, 2, 2),
    )


def pair():
    """A network of Paddle and its copy by oneDNN."""
    plain = network()
    fast = copy.deepcopy(plain)
    onednn.use_onednn(fast)
    return plain, fast


def test_a_network_keeps_its_parameters_hooks_and_state(library):
    class Mine(nn.Conv2D):
        pass

    plain = nn.Sequential(network(), Mine(2, 2, 1), nn.Conv2D(2, 2, 1))
    seen = []
    plain[2].register_forward_post_hook(lambda *_: seen.append(1))
    before = dict(plain.named_parameters())
    state = {name: value.numpy() for name, value in plain.state_dict().items()}
    x = paddle.randn([2, 3, 8, 8])
    expected = plain(x)
    onednn.use_onednn(plain)
    assert type(plain[1]) is Mine and type(plain[2]) is onednn.Conv2D
    after = dict(plain.named_parameters())
    assert list(before) == list(after)
    assert all(before[name] is after[name] for name in before)
    assert list(plain.state_dict()) == list(state)
    plain.set_state_dict(state)
    np.testing.assert_allclose(plain(x).numpy(), expected.numpy(), atol=1e-5)
    assert len(seen) == 2
    twin = copy.deepcopy(plain)
    assert type(twin[2]) is onednn.Conv2D
    assert paddle.equal_all(twin(x), plain(x))
    onednn.use_onednn(plain)  # a second time changes nothing
    assert type(plain[2]) is onednn.Conv2D


def test_a_layer_by_itself(library):
    layer = nn.Conv2D(3, 4, 3)
    onednn.use_onednn(layer)
    assert type(layer) is onednn.Conv2D


def test_frozen_weights_get_no_gradient(library, calls):
    plain, fast = pair()
    gradients = []
    for each in (plain, fast):
        x = leaf(np.ones([2, 3, 8, 8]), "float32")
        with frozen(each):
            value = each(2 * x).square().sum()
        del calls[:]
        value.backward()
        assert all(p.grad is None for p in each.parameters())
        gradients.append(x.grad)
    assert error(gradients[1], gradients[0]) < 1e-5
    assert "weight" not in calls  # nor is it computed


def test_input_gradients_then_backward(library):
    plain, fast = (
        each[:3] for each in pair()
    )  # Paddle's transpose has no 2nd derivative
    gradients = []
    for each, slopes in (
        (plain, lambda y, x: paddle.grad(y, x, create_graph=True)),
        (fast, input_gradients),
    ):
        x = leaf(np.linspace(-1, 1, 384).reshape([2, 3, 8, 8]), "float32")
        (slope,) = slopes(each(x).square().sum(), [x])
        (slope.square().sum() + each(x).sum()).backward()
        gradients.append([x.grad, *(p.grad for p in each.parameters())])
    assert max(map(error, gradients[1], gradients[0])) < 1e-5


def test_input_gradients_leave_the_weights_out(library, calls):
    _, fast = pair()
    x = leaf(np.ones([2, 3, 8, 8]), "float32")
    value = fast(x).sum()
    (gradient,) = input_gradients(value, [x])
    assert "weight" not in calls
    assert gradient.shape == x.shape and not gradient.stop_gradient
    (constant,) = input_gradients(fast(x).sum(), [x], create_graph=False)
    assert constant.stop_gradient
    assert paddle.equal_all(constant, gradient)


def test_input_gradients_without_such_layers():
    layer = nn.Linear(3, 2)
    x, unused = leaf(np.ones([4, 3]), "float32"), leaf(np.ones([4]), "float32")
    gradient, nothing = input_gradients(layer(x).sum(), [x, unused], allow_unused=True)
    assert nothing is None
    expected = layer.weight.sum(axis=1).expand([4, 3])
    np.testing.assert_allclose(gradient.numpy(), expected.numpy(), rtol=1e-6)
    with pytest.raises(ValueError):
        input_gradients(layer(x).sum(), [x, unused])


def test_what_onednn_refuses_is_an_error(library):
    with pytest.raises(
        RuntimeError, match="desc_create_with_strides ended with status"
    ):
        primitives.described((-3, 2))


def test_an_onednn_of_another_version_is_refused(library, monkeypatch):
    version = ctypes.pointer(ctypes.c_int(4))
    other = types.SimpleNamespace(dnnl_version=lambda: version)
    other.dnnl_version.restype = None
    monkeypatch.setattr(primitives.ctypes, "CDLL", lambda _: other)
    with pytest.raises(UserError, match="oneDNN 4 .* isn't 3"):
        primitives.library.__wrapped__()


# getting the operators

SAYS_ERROR = "#!/bin/sh\necho 'rows.cc:1:1: fatal error: out of paper' >&2\nexit 1\n"
SAYS_NOTHING = "#!/bin/sh\nexit 3\n"


def script(path, text):
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def no_such_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("CXX", "/does/not/exist")


def no_compiler(monkeypatch, tmp_path):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


def failing_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("CXX", script(tmp_path / "fails", SAYS_ERROR))


def silent_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("CXX", script(tmp_path / "silent", SAYS_NOTHING))


def no_folder(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PPSCI_EXT_CACHE", str(tmp_path / "file" / "cache"))


LACKS = {
    no_such_compiler: "/does/not/exist can't be run",
    no_compiler: "no C\\+\\+ compiler: install g\\+\\+",
    failing_compiler: "fails can't compile .*fatal error: out of paper$",
    silent_compiler: "silent can't compile .*exit status 3$",
    no_folder: "PPSCI_EXT_CACHE",
}


@pytest.mark.parametrize("lack", LACKS, ids=lambda lack: lack.__name__)
def test_what_lacks_is_said_in_one_sentence(lack, monkeypatch, tmp_path):
    folder = tmp_path / "cache"
    monkeypatch.setenv("PPSCI_EXT_CACHE", str(folder))
    if lack is not no_compiler:
        monkeypatch.setenv("CXX", script(tmp_path / "compiler", SAYS_NOTHING))
    lack(monkeypatch, tmp_path)
    load = build.load.__wrapped__  # not what an earlier test loaded
    with pytest.raises(UserError, match=LACKS[lack]) as caught:
        load()
    assert "\n" not in str(caught.value)
    assert not folder.exists() or not os.listdir(folder)


LOAD = """
import os
from ppsci_ext.arch import onednn
import paddle
layer = onednn.Conv2D(1, 1, 3)
onednn.load()
print(layer(paddle.ones([1, 1, 5, 5])).shape)

def ticks():  # of the processor's time, by thread
    times = {}
    for thread in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{thread}/stat") as file:
            times[thread] = int(file.read().rpartition(")")[2].split()[11])
    return times

before, large = ticks(), onednn.Conv2D(64, 64, 3)
images = paddle.ones([16, 64, 28, 28])
spent, at_work = [0], []
# until all of them have worked, however busy the machine, or one so long that the others won't
while len(at_work) < len(os.sched_getaffinity(0)) and max(spent) < 200:
    large(images)
    spent = [time - before.get(thread, 0) for thread, time in ticks().items()]
    at_work = [time for time in spent if time > 5]
print("threads:", len(at_work))
"""


def test_a_second_process_does_not_compile_again_and_uses_all_cores_quietly():
    load_or_skip()
    before = sorted(os.listdir(cache_folder()))
    environment = {**os.environ, "CXX": "/does/not/exist"}
    environment["OMP_NUM_THREADS"] = "1"  # left by Paddle's import in this process
    environment.pop("MKL_NUM_THREADS", None)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "[1, 1, 3, 3]" in done.stdout and "Compiling" not in done.stdout
    assert f"threads: {usable_cores()}\n" in done.stdout
    assert "OMP_NUM_THREADS" not in done.stderr  # Paddle warns of it
    assert sorted(os.listdir(cache_folder())) == before
