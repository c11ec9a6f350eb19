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

"""Calls of a layer that leave no trace and can be repeated exactly."""

from __future__ import annotations

import contextlib
from typing import Any
from typing import Dict
from typing import Iterator
from typing import Sequence

import numpy as np
from paddle import nn
from paddle.nn.utils.spectral_norm_hook import SpectralNorm

from ppsci_ext.utils.rng import get_rng_state
from ppsci_ext.utils.rng import preserve_rng_state
from ppsci_ext.utils.rng import set_rng_state


class Snapshot:
    """Values of a layer's buffers and parameters, to be put back.

    Args:
        layer (nn.Layer): Layer.
        trainable (bool): Whether trainable parameters belong to it, besides what changes
            in a forward pass (running statistics, spectral norm's vectors).
    """

    def __init__(self, layer: nn.Layer, trainable: bool):
        kept = [p for p in layer.parameters() if trainable or p.stop_gradient]
        kept += [b for b in layer.buffers() if b.is_leaf and b._is_initialized()]
        self._values = [(tensor, tensor.detach().clone()) for tensor in kept]
        # weight_norm and spectral_norm replace the weight in here at each call
        self._buffers = [
            (sublayer._buffers, dict(sublayer._buffers))
            for sublayer in layer.sublayers(include_self=True)
        ]

    def restore(self) -> None:
        for buffers, before in self._buffers:
            buffers.clear()
            buffers.update(before)
        for tensor, before in self._values:
            if not np.array_equal(tensor.numpy(), before.numpy(), equal_nan=True):
                tensor.set_value(before)


@contextlib.contextmanager
def left_as_found(network: nn.Layer) -> Iterator[None]:
    """Parameters, buffers and random generators are afterwards what they were before.

    Inside, spectral norm does not iterate: its vectors count as constants, as they do for
    autograd.
    """
    snapshot = Snapshot(network, trainable=True)
    spectral = [
        (hook, hook.n_power_iterations)
        for layer in network.sublayers(include_self=True)
        for hook in layer._forward_pre_hooks.values()
        if isinstance(hook, SpectralNorm)
    ]
    for hook, _ in spectral:
        hook.n_power_iterations = 0
    with preserve_rng_state():
        try:
            yield
        finally:
            for hook, iterations in spectral:
                hook.n_power_iterations = iterations
            snapshot.restore()


class Repeatable:
    """A layer whose every call starts from the same random numbers and buffers.

    A call returns the first of several outputs: a critic's score, a recurrent layer's
    sequence.
    """

    def __init__(self, layer: nn.Layer):
        self.layer = layer
        self._random = get_rng_state()
        self._snapshot = Snapshot(layer, trainable=False)

    def __call__(self, args: Sequence[Any], kwargs: Dict[str, Any]) -> Any:
        self._snapshot.restore()
        set_rng_state(self._random)
        outputs = self.layer(*args, **kwargs)
        while isinstance(outputs, (tuple, list)):
            outputs = outputs[0]
        return outputs
