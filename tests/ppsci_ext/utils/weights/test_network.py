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

"""Arrays are put into a network all or none, and copied only when they fit."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.weights import set_torch_weights
from ppsci_ext.utils.weights import set_weights


def network():
    return paddle.nn.Sequential(
        paddle.nn.Linear(3, 4), paddle.nn.BatchNorm1D(4), paddle.nn.Linear(4, 1)
    )


def values(network):
    return {key: value.numpy() for key, value in network.state_dict().items()}


def torch_names(state):
    """The same weights as PyTorch has them."""
    names = {"_mean": "running_mean", "_variance": "running_var"}
    renamed = {}
    for key, value in state.items():
        layer, leaf = key.rsplit(".", 1)
        is_linear = leaf == "weight" and value.ndim == 2
        renamed[f"{layer}.{names.get(leaf, leaf)}"] = value.T if is_linear else value
    return renamed


def random_like(state):
    rng = np.random.default_rng(0)
    return {key: rng.random(value.shape, "f4") for key, value in state.items()}


FORMS = {
    "as they are": lambda a: a,
    "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "big-endian": lambda a: a.astype(">f4"),
    "in Fortran's order": np.asfortranarray,
    "strided": lambda a: np.repeat(a[..., None], 2, -1)[..., 0],
}


@pytest.mark.parametrize("form", FORMS)
def test_arrays_of_any_form(form):
    layers = network()
    wanted = random_like(values(layers))
    set_weights(layers, {key: FORMS[form](a) for key, a in wanted.items()}, "x")
    for key, value in values(layers).items():
        np.testing.assert_array_equal(value, wanted[key])


@pytest.mark.parametrize("form", FORMS)
def test_arrays_of_pytorch_of_any_form(form):
    layers = network()
    wanted = random_like(values(layers))
    arrays = {key: FORMS[form](a) for key, a in torch_names(wanted).items()}
    arrays["1.num_batches_tracked"] = np.array(7)
    set_torch_weights(layers, arrays, "x", "net", "net.pth")
    for key, value in values(layers).items():
        np.testing.assert_array_equal(value, wanted[key])


def test_pytorch_weights_of_a_single_layer():
    layer = paddle.nn.Linear(2, 3)
    weight, bias = np.arange(6.0).reshape(3, 2), np.arange(3.0)
    arrays = {"weight": weight, "bias": bias}
    set_torch_weights(layer, arrays, "x", "layer", "layer.pth")
    x = np.array([[1.0, -2.0]], "f4")
    np.testing.assert_allclose(layer(paddle.to_tensor(x)).numpy(), x @ weight.T + bias)


class Unreadable(np.ndarray):
    """An array that may be asked for its shape and for nothing else."""

    def __array_wrap__(self, *_):
        raise AssertionError("it is read")

    __array__ = __getitem__ = __iter__ = astype = __array_wrap__


def huge(shape, dtype="f4"):
    """An array of any shape in four bytes, which can't be copied."""
    array = np.lib.stride_tricks.as_strided(np.zeros(1, dtype), shape, [0] * len(shape))
    return array.view(Unreadable)


CHANGES = {
    "another shape": ({"0.weight": huge((2**40, 4))}, "0.weight"),
    "one too many": ({"more": huge((2**40,))}, "more"),
    "one too many, of a long name": ({"m\n" * 2000: huge((2**40,))}, "m m m"),
    "the last of another shape": ({"2.bias": huge((2**40,))}, "2.bias"),
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("put", ["set_weights", "set_torch_weights"])
def test_what_does_not_fit_is_not_copied(what, put):
    layers = network()
    before = values(layers)
    change, named = CHANGES[what]
    with pytest.raises(UserError) as caught:
        if put == "set_weights":
            set_weights(layers, {**random_like(before), **change}, "x.pdparams")
        else:
            arrays = {**torch_names(random_like(before)), **change}
            set_torch_weights(layers, arrays, "x.pth", "net", "net.pth")
    message = str(caught.value)
    assert "x.p" in message and named in message
    assert len(message) < 500 and "\n" not in message
    for key, value in values(layers).items():
        np.testing.assert_array_equal(value, before[key])
