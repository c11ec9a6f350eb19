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

"""Which layer keeps a critic from being trained with a gradient penalty, and what to use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import Dict
from typing import List
from typing import Sequence
from typing import Tuple
from typing import Union

import numpy as np
import paddle
from paddle import nn
from paddle.static import InputSpec

from ppsci_ext.arch.critic_report import CriticReport
from ppsci_ext.arch.critic_report import LayerCheck
from ppsci_ext.arch.graph import IncompleteDerivative
from ppsci_ext.arch.layer_penalty import Place
from ppsci_ext.arch.repeatable import left_as_found
from ppsci_ext.arch.replacement import REPLACEMENTS
from ppsci_ext.arch.replacement import needs_replacement
from ppsci_ext.arch.second_derivative import Finding
from ppsci_ext.arch.second_derivative import mixes_samples
from ppsci_ext.arch.second_derivative import second_derivative
from ppsci_ext.utils.errors import UserError

Spec = Union[paddle.Tensor, InputSpec]

SAMPLES = 3  # drawn for an InputSpec
MOST_SAMPLES = 4  # used of what is given
# for functions called inside a forward(), by the name of Paddle's operator
_OPERATOR_REPLACEMENTS = {
    "embedding": "ppsci_ext.arch.Embedding",
    "conv3d": "ppsci_ext.arch.conv3d",
    "depthwise_conv2d": "ppsci_ext.arch.Conv2D",
    "layer_norm": "ppsci_ext.arch.LayerNorm",
    "group_norm": "ppsci_ext.arch.GroupNorm",
    "flatten": "x.reshape([x.shape[0], -1])",
    "log_softmax": "ppsci_ext.arch.LogSoftmax",
    "softmax": "ppsci_ext.arch.Softmax",
    "dropout": "ppsci_ext.arch.Dropout",
    "p_norm": "x.square().sum().sqrt()",
    "strided_slice": "F.avg_pool2d or reshape",
    "gelu": "ppsci_ext.arch.GELU",
    "swish": "F.silu",
    "interp": "ppsci_ext.arch.Upsample",
    "pixel_shuffle": "ppsci_ext.arch.PixelShuffle",
    "max": "ppsci_ext.arch.MaxPool2D or F.softplus",
}
_OPERATOR = re.compile(r"The Op (\w+?)_grad doesn't have any grad op")


@dataclass
class _Call:
    """The first call of a layer."""

    name: str
    layer: nn.Layer
    args: Tuple[Any, ...]
    kwargs: Dict[str, Any]
    inner: List[_Call] = field(default_factory=list)

    def inside(self) -> List[_Call]:
        return [call for inner in self.inner for call in (inner, *inner.inside())]


def check_critic(
    critic: nn.Layer, input_spec: Union[Spec, Sequence[Spec]]
) -> CriticReport:
    """Run a critic's layers and see what a gradient penalty would meet.

    The critic, its parameters, gradients and buffers and the random generators are left
    as they are found.

    Args:
        critic (nn.Layer): Critic, in the mode (train or eval) in which the penalty will
            call it. Its first output is the score.
        input_spec (Union[Spec, Sequence[Spec]]): What it is called with: example tensors,
            of which the first few samples are used, or paddle.static.InputSpec, for which
            normal random numbers are drawn (zeros for integers; where labels should be
            others, give a tensor). The first is the sample, with respect to which the
            penalty differentiates; the others are its condition.

    Returns:
        CriticReport: What was found; str() makes a table of it.

    Raises:
        UserError: If an axis other than the first has no size in an InputSpec.

    Examples:
        >>> import paddle
        >>> from ppsci_ext.arch import check_critic
        >>> critic = paddle.nn.Sequential(paddle.nn.Linear(2, 8), paddle.nn.LayerNorm(8))
        >>> report = check_critic(critic, paddle.static.InputSpec([None, 2]))
        >>> report.twice_differentiable
        False
        >>> report.layers[1].advice
        'use ppsci_ext.arch.LayerNorm instead'
    """
    specs = (
        [input_spec]
        if isinstance(input_spec, (paddle.Tensor, InputSpec))
        else input_spec
    )
    inputs = _examples(specs)
    with left_as_found(critic):
        calls = _record_calls(critic, inputs)
        whole = second_derivative(critic, inputs, as_it_is=True, place=Place.CRITIC)
        mixes = mixes_samples(critic, inputs)
        checks: Dict[int, LayerCheck] = {}
        for call in reversed(calls):  # the inner ones first
            found = [checks[id(c)] for c in call.inside() if id(c) in checks]
            look_derivative = not call.inner or (
                not whole.right and all(check.right for check in found)
            )
            look_mixing = mixes and not any(check.mixes_samples for check in found)
            check = _check(call, inputs, whole, look_derivative, look_mixing)
            if not call.inner or not check.right or check.mixes_samples:
                checks[id(call)] = check
    layers = tuple(checks[id(call)] for call in calls if id(call) in checks)
    return CriticReport(
        critic=type(critic).__name__,
        layers=layers,
        twice_differentiable=whole.right
        and all(layer.right or not layer.exists for layer in layers),
        mixes_samples=mixes,
    )


def _examples(specs: Sequence[Spec]) -> List[paddle.Tensor]:
    """A few samples of what the critic is called with."""
    rng = np.random.default_rng(0)
    drawn = [_draw(s, rng) if isinstance(s, InputSpec) else s.detach() for s in specs]
    batch_size = drawn[0].shape[0] if drawn and drawn[0].shape else 0
    examples = []
    for x in drawn:
        if x.shape and x.shape[0] == batch_size:
            x = x[:MOST_SAMPLES] if batch_size > 1 else paddle.concat([x] * SAMPLES)
        examples.append(x)
    return examples


def _draw(spec: InputSpec, rng: np.random.Generator) -> paddle.Tensor:
    first, *rest = [None if n is None or n < 0 else n for n in spec.shape]
    if None in rest:
        raise UserError(
            f"check_critic needs the size of every axis but the first, but the InputSpec "
            f"has shape {list(spec.shape)}: give the sizes, or an example tensor."
        )
    shape = [SAMPLES if first is None else first, *rest]
    x = paddle.zeros(shape, dtype=spec.dtype)
    if x.is_floating_point():
        x = paddle.to_tensor(rng.normal(size=shape), dtype=spec.dtype)
    return x


def _record_calls(critic: nn.Layer, inputs: Sequence[paddle.Tensor]) -> List[_Call]:
    """The first call of each layer, in order, with what is called inside of it."""
    calls: Dict[int, _Call] = {}
    running: List[_Call] = []

    def enter(name: str, layer: nn.Layer, args: Any, kwargs: Any) -> None:
        call = _Call(name, layer, args, kwargs)
        if running:
            running[-1].inner.append(calls.get(id(layer), call))
        calls.setdefault(id(layer), call)
        running.append(call)

    hooks = []
    for name, layer in critic.named_sublayers(include_self=True):
        hooks.append(
            layer.register_forward_pre_hook(
                lambda layer, args, kwargs, name=name or "critic": enter(
                    name, layer, args, kwargs
                ),
                with_kwargs=True,
            )
        )
        hooks.append(
            layer.register_forward_post_hook(lambda *_: running.pop() and None)
        )
    try:
        with paddle.no_grad():
            critic(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return list(calls.values())


def _check(
    call: _Call,
    inputs: Sequence[paddle.Tensor],
    whole: Finding,
    look_derivative: bool,
    look_mixing: bool,
) -> LayerCheck:
    finding = Finding()
    if call.name == "critic":
        finding = whole if look_derivative or whole.right else finding
    elif look_derivative:
        finding = second_derivative(
            call.layer,
            call.args,
            call.kwargs,
            as_it_is=not whole.right,
            place=Place.ALONE if whole.right else Place.INSIDE,
        )
    mixes = False
    if look_mixing:
        samples = inputs[0].shape[0] if inputs[0].shape else 0
        mixes = mixes_samples(call.layer, call.args, call.kwargs, samples)
    advice = _advise(call, finding, mixes)
    if finding.failure is not None and whole.right:
        advice = "nothing: the penalty's gradient does not pass through it"
    return LayerCheck(
        name=call.name,
        type=type(call.layer).__name__,
        exists=finding.failure is None,
        error=finding.error,
        right=finding.right,
        mixes_samples=mixes,
        advice=advice,
    )


def _advise(call: _Call, finding: Finding, mixes: bool) -> str:
    if mixes and isinstance(call.layer, nn.layer.norm._BatchNormBase):
        return "use ppsci_ext.arch.GroupNorm, which takes each sample by itself"
    if not finding.right:
        if needs_replacement(call.layer):
            return (
                f"use ppsci_ext.arch.{REPLACEMENTS[type(call.layer)].__name__} instead"
            )
        if finding.failure is None:
            return "compute it from matrix products and element-wise functions instead"
        return f"its forward() calls {_describe_operator(finding.failure)}"
    if mixes:
        return "let each sample's score depend on that sample alone"
    return ""


def _describe_operator(error: Exception) -> str:
    if isinstance(error, IncompleteDerivative):
        operator = error.operator
    elif "empty GradSlotMeta" in str(error):
        return (
            "an operation that has no second derivative for these inputs, such as "
            "paddle.concat of computed and constant tensors; use ppsci_ext.arch.concat or "
            "stack instead"
        )
    elif match := _OPERATOR.search(str(error)):
        operator = match.group(1)
    else:
        return (
            "an operation without a second derivative in Paddle; replace it by "
            "convolutions, matrix products and element-wise functions"
        )
    known = [new for old, new in _OPERATOR_REPLACEMENTS.items() if old in operator]
    advice = known[0] if known else "elementary operations"
    return f"Paddle's operator '{operator}', which has none; use {advice} instead"
