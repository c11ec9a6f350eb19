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

import copy

import numpy as np
import paddle
import pytest
from paddle import nn
from paddle.nn import functional as F
from paddle.nn.utils import spectral_norm
from paddle.nn.utils import weight_norm

from ppsci_ext import arch
from ppsci_ext.arch.replacement import FUNCTIONS
from ppsci_ext.arch.replacement import REPLACEMENTS
from tests import layers
from tests.helpers.layer_cases import CASES
from tests.helpers.layer_cases import LACKING


class Centred(nn.LayerNorm):
    """A user's subclass, with a forward of its own."""

    def forward(self, x):
        return x - x.mean(axis=-1, keepdim=True)


class Everything(nn.Layer):
    """Layers to replace in all the places where a critic can keep them."""

    def __init__(self):
        super().__init__()
        self.linear = spectral_norm(nn.Linear(6, 6))
        self.norm = nn.LayerNorm(6)
        self.many = nn.LayerList([nn.GELU(), nn.Sequential(nn.LayerNorm(6), nn.Mish())])
        self.named = nn.LayerDict({"norm": nn.BatchNorm1D(6)})
        self.again = self.norm
        self.own = Centred(6)
        self.function = F.swish

    def forward(self, x):
        x = self.again(self.norm(self.linear(x)))
        for layer in [*self.many, *self.named.values(), self.own]:
            x = x + layer(x)
        return self.function(x)


def is_ours(layer: nn.Layer) -> bool:
    return type(layer).__module__.startswith("ppsci_ext.")


def test_layers_are_replaced_wherever_they_are_and_keep_what_they_have():
    critic = Everything().eval()
    critic.many[1][0].register_forward_post_hook(lambda layer, x, y: 2 * y)
    x = paddle.randn([4, 6])
    before = critic(x)
    state = list(critic.state_dict().items())
    names = [name for name, _ in critic.named_sublayers()]
    parameters = critic.parameters()

    assert arch.twice_differentiable(critic) is critic
    assert is_ours(critic.norm) and critic.again is critic.norm
    assert is_ours(critic.many[0]) and all(map(is_ours, critic.many[1]))
    assert is_ours(critic.named["norm"])
    assert type(critic.own) is Centred and type(critic.linear) is nn.Linear
    assert critic.function is arch.activation.swish

    np.testing.assert_allclose(critic(x).numpy(), before.numpy(), atol=1e-5)
    assert [name for name, _ in critic.named_sublayers()] == names
    assert all(p is q for p, q in zip(critic.parameters(), parameters))
    after = list(critic.state_dict().items())
    assert [key for key, _ in after] == [key for key, _ in state]
    assert all(a is b for (_, a), (_, b) in zip(after, state))
    assert not any(layer.training for layer in critic.sublayers(include_self=True))
    assert arch.check_critic(critic, x).twice_differentiable


@pytest.mark.parametrize("name", [name for name in CASES if name not in LACKING])
def test_a_critic_that_is_such_a_layer_becomes_ours(name):
    case = CASES[name]
    layer = layers.randomize(case.build(nn))
    inputs = [paddle.randn(shape) for shape in (case.shape, *case.more_shapes)]
    training = layer.training
    before = layers.Probe(case, copy.deepcopy(layer)).outputs(inputs)
    kinds = [type(each) for each in layer.sublayers(include_self=True)]
    assert arch.twice_differentiable(layer) is layer
    replaced = [type(each) for each in layer.sublayers(include_self=True)]
    ours = {new: old for old, new in zip(kinds, replaced) if new is not old}
    assert ours and all(REPLACEMENTS[old] is new for new, old in ours.items())
    assert name.split(",")[0] in {new.__name__ for new in ours}
    assert layer.training == training
    for a, b in zip(layers.Probe(case, layer).outputs(inputs), before):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-5)


def test_it_changes_nothing_the_second_time():
    critic = arch.twice_differentiable(Everything())
    types = [type(layer) for layer in critic.sublayers()]
    arch.twice_differentiable(critic)
    assert [type(layer) for layer in critic.sublayers()] == types


def test_only_depthwise_convolutions_are_replaced():
    kinds = [
        nn.Conv2D(4, 4, 3),
        nn.Conv2D(4, 4, 3, groups=2),
        nn.Conv2D(4, 8, 3, groups=4),
    ]
    critic = arch.twice_differentiable(nn.Sequential(*kinds))
    assert [type(layer) is nn.Conv2D for layer in critic] == [True, True, False]


@pytest.mark.parametrize("wrap", [spectral_norm, weight_norm])
def test_reparametrized_layers(wrap):
    critic = nn.Sequential(
        wrap(nn.Conv2DTranspose(3, 2, 3)), nn.Flatten(), wrap(nn.Linear(72, 2))
    ).eval()
    x = paddle.randn([2, 3, 4, 4])
    before = critic(x)
    arch.twice_differentiable(critic)
    np.testing.assert_allclose(critic(x).numpy(), before.numpy(), atol=1e-5)
    x.stop_gradient = False
    (gradient,) = paddle.grad(critic(x).sum(), [x], create_graph=True)
    gradient.square().sum().backward()
    weights = [p for name, p in critic.named_parameters() if "weight" in name]
    assert weights and all(float(p.grad.abs().sum()) > 0 for p in weights)


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("normalize_before", [True, False])
def test_transformers_can_be_differentiated_twice(activation, normalize_before):
    layer = nn.TransformerEncoderLayer(
        8, 2, 12, activation=activation, normalize_before=normalize_before
    )
    critic = nn.Sequential(nn.TransformerEncoder(layer, 2), nn.Linear(8, 1)).eval()
    x = paddle.randn([2, 3, 8])
    before = critic(x)
    report = arch.check_critic(arch.twice_differentiable(critic), x)
    assert report.twice_differentiable and not report.mixes_samples, report
    np.testing.assert_allclose(critic(x).numpy(), before.numpy(), atol=1e-5)


def test_a_decoder_attends_to_its_memory():
    decoder = nn.TransformerDecoderLayer(8, 2, 12, dropout=0.0, activation="gelu")
    target, memory = paddle.randn([2, 3, 8]), paddle.randn([2, 4, 8])
    before = decoder(target, memory)
    report = arch.check_critic(arch.twice_differentiable(decoder), (target, memory))
    assert report.twice_differentiable, report
    np.testing.assert_allclose(
        decoder(target, memory).numpy(), before.numpy(), atol=1e-5
    )


def test_copies_and_checkpoints_go_on_working(tmp_path):
    critic = arch.twice_differentiable(Everything().eval())
    x = paddle.randn([4, 6])
    path = str(tmp_path / "critic.pdparams")
    paddle.save(critic.state_dict(), path)
    plain = Everything().eval()
    plain.set_state_dict(paddle.load(path))
    with paddle.no_grad():
        critic(x)
        clone = copy.deepcopy(critic)
        np.testing.assert_allclose(plain(x).numpy(), critic(x).numpy(), atol=1e-5)
        np.testing.assert_array_equal(clone(x).numpy(), critic(x).numpy())


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_functions_return_what_paddles_return(function):
    ours = FUNCTIONS[function]
    x = paddle.randn([2, 3, 4, 4])
    labels, weight = paddle.to_tensor([[2, 0], [1, 2]]), paddle.randn([3, 5])
    box, kernel = paddle.randn([2, 4, 3, 4, 5]), paddle.randn([6, 2, 2, 2, 2])
    arguments = {
        "hardshrink": [(x,), (x, 0.2)],
        "softshrink": [(x,), (x, 0.2)],
        "thresholded_relu": [(x,), (x, 0.2, 0.1)],
        "rrelu": [(x, 0.2, 0.4, False)],
        "maxout": [(x, 3), (x, 2, -1)],
        "embedding": [
            (labels, weight),
            (labels.astype("int32"), weight),
            (labels, weight, 2),
            (labels, weight, -1),
            (labels, weight, None, None, 2.0, False, True),
        ],
        "conv3d": [(box, kernel, None, 1, 1, 1, 2)],
        "concat": [([x, x],), ([x, 2 * x], 1)],
        "stack": [([x, x],), ([x, 2 * x], 1)],
        "prelu": [(x, paddle.to_tensor([0.1, 0.2, 0.3])), (x, paddle.to_tensor([0.2]))],
        "interpolate": [(x, [3, 6]), (x, None, 2, "bilinear", True)],
        "softmax": [(x,), (x, 1), (x, 1, "float64")],
        "log_softmax": [(x,), (x, 1), (x, 1, "float64")],
        "gelu": [(x,), (x, True)],
        "hardtanh": [(x,), (x, -0.2, 0.3)],
        "flatten": [(x,), (x, 1), (x, 1, 2)],
        "dropout": [(x, 0.0), (x, 0.3, None, False, False, "downscale_in_infer")],
    }.get(function.__name__, [(x,)])
    for each in arguments:
        expected, got = function(*each), ours(*each)
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got.numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)
