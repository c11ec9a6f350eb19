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

"""Which layer keeps a network from being differentiated twice, and what to use instead."""

from __future__ import annotations

import re
from typing import Dict
from typing import List
from typing import Optional
from typing import Tuple

import paddle
from paddle import nn

from ppsci_ext.utils.errors import UserError

_REPLACEMENTS = {
    "LayerNorm": "ppsci_ext.arch.LayerNorm",
    "GroupNorm": "ppsci_ext.arch.GroupNorm",
    "Flatten": "ppsci_ext.arch.Flatten",
    "Softmax": "ppsci_ext.arch.Softmax",
    "Dropout": "ppsci_ext.arch.Dropout",
    "BatchNorm1D": "ppsci_ext.arch.GroupNorm, since batch norm also mixes samples",
    "BatchNorm2D": "ppsci_ext.arch.GroupNorm, since batch norm also mixes samples",
    "BatchNorm3D": "ppsci_ext.arch.GroupNorm, since batch norm also mixes samples",
    "MaxPool1D": "nn.AvgPool1D",
    "MaxPool2D": "nn.AvgPool2D or a strided nn.Conv2D",
    "MaxPool3D": "nn.AvgPool3D",
    "GELU": "nn.Silu or nn.Softplus",
    "Swish": "nn.Silu",
    "Mish": "nn.Silu",
    "SELU": "nn.ELU",
    "ReLU6": "nn.ReLU",
    "PReLU": "nn.LeakyReLU",
    "Hardswish": "nn.Silu",
    "LogSigmoid": "nn.Softplus of the negative input",
}
# the same, for functions called inside a forward(), by the name of Paddle's operator
_OPERATOR_REPLACEMENTS = {
    "layer_norm": "ppsci_ext.arch.LayerNorm",
    "group_norm": "ppsci_ext.arch.GroupNorm",
    "flatten": "x.reshape([x.shape[0], -1])",
    "softmax": "ppsci_ext.arch.Softmax",
    "dropout": "ppsci_ext.arch.Dropout",
    "p_norm": "x.square().sum().sqrt()",
    "strided_slice": "F.avg_pool2d or reshape",
    "gelu": "F.silu",
    "swish": "F.silu",
    "max": "a mean, or F.softplus",
}
# what Paddle raises for a missing second derivative depends on the operator
_PADDLE_ERRORS = (RuntimeError, ValueError, SystemError)
_OPERATOR = re.compile(r"The Op (\w+?)_grad doesn't have any grad op")


def _second_derivative_error(
    layer: nn.Layer, inputs: Tuple[object, ...]
) -> Optional[Exception]:
    """Differentiate `layer` twice at `inputs`; what Paddle raises, None if it works.

    A squared gradient norm is what a gradient penalty differentiates. Inputs that are
    not floating-point tensors (labels) are handed on as they are.
    """
    probes = [
        x.detach().clone()
        if isinstance(x, paddle.Tensor) and x.is_floating_point()
        else x
        for x in inputs
    ]
    variables = [
        x for x in probes if isinstance(x, paddle.Tensor) and x.is_floating_point()
    ]
    if not variables:
        return None
    for x in variables:
        x.stop_gradient = False
    outputs = layer(*probes)
    while isinstance(outputs, (tuple, list)):
        outputs = outputs[0]
    try:
        gradients = paddle.grad(
            outputs.square().sum(), variables, create_graph=True, allow_unused=True
        )
        penalty = sum(g.square().sum() for g in gradients if g is not None)
        if isinstance(penalty, paddle.Tensor) and not penalty.stop_gradient:
            paddle.grad(penalty, variables, allow_unused=True)
    except _PADDLE_ERRORS as error:
        return error
    return None


def check_double_grad(critic: nn.Layer, *inputs: paddle.Tensor) -> None:
    """Check that a critic can be differentiated twice, as a gradient penalty needs.

    Args:
        critic (nn.Layer): Critic; its parameters are left as they are.
        *inputs (paddle.Tensor): Arguments of one call: two samples are enough.

    Raises:
        UserError: If Paddle has no second derivative for a layer or for an operation;
            it names the layer, its place in the critic and a replacement.
    """
    error = _second_derivative_error(critic, inputs)
    if error is None:
        return

    calls: Dict[str, Tuple[object, ...]] = {}
    hooks = [
        layer.register_forward_pre_hook(
            lambda _, args, name=name: calls.setdefault(name, args) and None
        )
        for name, layer in critic.named_sublayers()
    ]
    with paddle.no_grad():
        critic(*inputs)
    for hook in hooks:
        hook.remove()

    layers = dict(critic.named_sublayers())
    errors = {
        name: found
        for name, args in calls.items()
        if (found := _second_derivative_error(layers[name], args)) is not None
    }
    culprits = [  # the innermost ones: a block fails because a layer inside of it does
        name for name in errors if not any(o.startswith(f"{name}.") for o in errors)
    ]
    raise UserError(_explain(critic, layers, errors, culprits, error)) from error


def _explain(
    critic: nn.Layer,
    layers: Dict[str, nn.Layer],
    errors: Dict[str, Exception],
    culprits: List[str],
    error: Exception,
) -> str:
    start = (
        f"The critic {type(critic).__name__} can't be differentiated twice, which the "
        "gradient penalty needs: "
    )
    if not culprits:
        return f"{start}its forward() calls {_describe_operator(error)}."
    reasons = []
    for name in culprits:
        kind = type(layers[name]).__name__
        if kind in _REPLACEMENTS:
            advice = f"use {_REPLACEMENTS[kind]} instead"
        else:
            advice = f"it calls {_describe_operator(errors[name])}"
        reasons.append(f"layer '{name}' ({kind}) has no second derivative; {advice}")
    return f"{start}{'; '.join(reasons)}."


def _describe_operator(error: Exception) -> str:
    match = _OPERATOR.search(str(error))
    if match is None:
        return (
            "an operation without a second derivative in Paddle; replace it by "
            "convolutions, matrix products and element-wise functions"
        )
    operator = match.group(1)
    known = [new for old, new in _OPERATOR_REPLACEMENTS.items() if old in operator]
    advice = known[0] if known else "elementary operations"
    return f"Paddle's operator '{operator}', which has none; use {advice} instead"
