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

"""Which layers and functions of Paddle have a twice differentiable substitute here."""

from __future__ import annotations

import inspect
from typing import Callable
from typing import Dict
from typing import Type

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppsci_ext.arch import activation
from ppsci_ext.arch import attention
from ppsci_ext.arch import convolution
from ppsci_ext.arch import dropout
from ppsci_ext.arch import embedding
from ppsci_ext.arch import normalization
from ppsci_ext.arch import pairs
from ppsci_ext.arch import piecewise
from ppsci_ext.arch import pooling
from ppsci_ext.arch import power_pooling
from ppsci_ext.arch import rearrangement
from ppsci_ext.arch import recurrent
from ppsci_ext.arch import resampling
from ppsci_ext.arch import unfolding
from ppsci_ext.arch import unpooling

_MODULES = (
    normalization,
    activation,
    piecewise,
    dropout,
    rearrangement,
    unfolding,
    pooling,
    power_pooling,
    unpooling,
    resampling,
    convolution,
    embedding,
    pairs,
    attention,
    recurrent,
)

# Paddle's class: the subclass of it that computes the same and can be differentiated twice
REPLACEMENTS: Dict[Type[nn.Layer], Type[nn.Layer]] = {
    getattr(nn, name): layer
    for module in _MODULES
    for name, layer in vars(module).items()
    if inspect.isclass(layer) and issubclass(layer, getattr(nn, name, ()))
}

# the same for functions, which layers such as nn.TransformerEncoderLayer keep as attributes
FUNCTIONS: Dict[Callable, Callable] = {
    F.gelu: activation.gelu,
    F.swish: activation.swish,
    F.mish: activation.mish,
    F.selu: activation.selu,
    F.prelu: activation.prelu,
    F.relu6: activation.relu6,
    F.hardtanh: activation.hardtanh,
    F.hardsigmoid: activation.hardsigmoid,
    F.hardswish: activation.hardswish,
    F.log_sigmoid: activation.log_sigmoid,
    F.softsign: activation.softsign,
    F.tanhshrink: activation.tanhshrink,
    F.hardshrink: piecewise.hardshrink,
    F.softshrink: piecewise.softshrink,
    F.thresholded_relu: piecewise.thresholded_relu,
    F.rrelu: piecewise.rrelu,
    F.maxout: piecewise.maxout,
    F.softmax: activation.softmax,
    F.log_softmax: activation.log_softmax,
    F.dropout: dropout.dropout,
    F.embedding: embedding.embedding,
    F.conv3d: convolution.conv3d,
    F.interpolate: resampling.interpolate,
    paddle.flatten: rearrangement.flatten,
    paddle.concat: rearrangement.concat,
    paddle.stack: rearrangement.stack,
}


def needs_replacement(layer: nn.Layer) -> bool:
    """Whether the layer is one of those in REPLACEMENTS (and no subclass with a forward of
    its own) and cannot be differentiated twice as it is."""
    if type(layer) is nn.Conv2D:
        return layer._op_type == "depthwise_conv2d"
    if type(layer) is nn.Embedding:
        return not layer._scale_grad_by_freq
    return type(layer) in REPLACEMENTS


def twice_differentiable(critic: nn.Layer) -> nn.Layer:
    """Make a critic fit for a gradient penalty: replace what has no second derivative.

    Every layer of the critic whose class is in the table :data:`REPLACEMENTS` becomes one
    of the class beside it, wherever it is: nested, in containers, used twice, or the
    critic itself. Functions of Paddle's that a layer keeps as an attribute (the activation
    of nn.TransformerEncoderLayer) are replaced likewise. Subclasses with a forward() of
    their own, and functions called inside of one, stay: see
    :func:`ppsci_ext.arch.check_critic`.

    The critic itself is changed and returned: parameters, buffers, hooks, names,
    state_dict, optimizers that know its parameters, and its values stay what they are,
    as only the way in which its layers compute is another.

    Args:
        critic (nn.Layer): Critic, or any other network.

    Returns:
        nn.Layer: The same object.

    Examples:
        >>> import paddle
        >>> from ppsci_ext.arch import twice_differentiable
        >>> critic = twice_differentiable(
        ...     paddle.nn.Sequential(paddle.nn.Linear(2, 8), paddle.nn.LayerNorm(8))
        ... )
        >>> critic[1].__class__.__module__
        'ppsci_ext.arch.normalization'
    """
    for layer in critic.sublayers(include_self=True):
        for name, value in list(vars(layer).items()):
            if inspect.isroutine(value) and value in FUNCTIONS:
                setattr(layer, name, FUNCTIONS[value])
        if needs_replacement(layer):
            layer.__class__ = REPLACEMENTS[type(layer)]
    return critic
