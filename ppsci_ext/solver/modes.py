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

"""A network that takes part without being trained."""

from __future__ import annotations

import contextlib
from typing import Iterator

from paddle import nn


@contextlib.contextmanager
def frozen(layer: nn.Layer) -> Iterator[None]:
    """No gradients for the layer's parameters inside; its inputs still get theirs.

    Args:
        layer (nn.Layer): Layer, e.g. the critic during the generator's step.
    """
    trainable = [p for p in layer.parameters() if not p.stop_gradient]
    for parameter in trainable:
        parameter.stop_gradient = True
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.stop_gradient = False


@contextlib.contextmanager
def at_rest(layer: nn.Layer) -> Iterator[None]:
    """In eval mode inside, so that looking at the layer leaves its buffers as they are.

    Args:
        layer (nn.Layer): Layer, e.g. a critic whose spectral normalisation would go on.
    """
    training = [each for each in layer.sublayers(include_self=True) if each.training]
    for each in training:
        each.training = False
    try:
        yield
    finally:
        for each in training:
            each.training = True
