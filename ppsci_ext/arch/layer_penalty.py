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

"""What a gradient penalty makes of a layer, its derivative and its central difference."""

from __future__ import annotations

import enum
from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import Optional
from typing import Sequence
from typing import Tuple

import numpy as np
import paddle
from paddle import nn

from ppsci_ext.arch.graph import refuse_incomplete
from ppsci_ext.arch.onednn import input_gradients
from ppsci_ext.arch.repeatable import Repeatable


def map_tensors(function: Callable[[paddle.Tensor], Any], values: Any) -> Any:
    """The same structure of tuples, lists and dicts, with function(x) for floating-point
    tensors x."""
    if isinstance(values, paddle.Tensor):
        return function(values) if values.is_floating_point() else values
    if isinstance(values, dict):
        return {key: map_tensors(function, value) for key, value in values.items()}
    if isinstance(values, tuple) and hasattr(values, "_fields"):
        return type(values)(*(map_tensors(function, value) for value in values))
    if isinstance(values, (tuple, list)):
        return type(values)(map_tensors(function, value) for value in values)
    return values


def tensors_of(values: Any) -> List[paddle.Tensor]:
    """The floating-point tensors in a structure of tuples, lists and dicts."""
    found: List[paddle.Tensor] = []
    map_tensors(found.append, values)
    return found


def random_direction(x: paddle.Tensor, rng: np.random.Generator) -> paddle.Tensor:
    """Normal random numbers of the size of the elements of x."""
    size = float(x.square().mean().sqrt()) or 1.0
    return paddle.to_tensor(size * rng.normal(size=x.shape), dtype=x.dtype)


class Place(enum.Enum):
    """Where a layer stands, which decides what is differentiated."""

    CRITIC = "the whole critic"  # with respect to the sample, not to its condition
    ALONE = "by itself"  # with respect to all inputs
    INSIDE = "inside of a critic"  # likewise, where others computed these inputs


class NothingToDifferentiate(Exception):
    """No output depends on the inputs."""


class LayerPenalty:
    """The squared norm of the gradient of sum(w f(y)), y the outputs, w random weights.

    Args:
        layer (nn.Layer): Layer.
        args (Sequence[Any]): Arguments of a call: tensors, alone or nested.
        kwargs (Dict[str, Any]): Arguments of the call by name.
        place (Place): Where the layer stands. Defaults to Place.ALONE.
        linear (bool): Whether f(y) = y, as for the scores of a critic, instead of y^2, which
            has a slope that changes as behind a layer that isn't the last. Defaults to False.
    """

    def __init__(
        self,
        layer: nn.Layer,
        args: Sequence[Any],
        kwargs: Dict[str, Any],
        place: Place = Place.ALONE,
        linear: bool = False,
    ):
        self._call = Repeatable(layer)
        self._args, self._kwargs = args, kwargs
        self._place, self._linear = place, linear
        self._weights: Optional[paddle.Tensor] = None
        self.inputs = tensors_of((args, kwargs))
        if place is Place.CRITIC:  # of the sample alone, and not of its condition
            self.inputs = self.inputs[:1]
        for x in self.inputs:
            x.stop_gradient = False
        self.parameters = [p for p in layer.parameters() if not p.stop_gradient]
        self._constants = [b for b in layer.buffers() if not b.stop_gradient]
        if place is Place.INSIDE and not self.inputs:
            # of labels, say: the penalty's way through them ends at the parameters
            self.inputs, self.parameters = self.parameters, []

    def __call__(self, create_graph: bool = True) -> Optional[paddle.Tensor]:
        """None where no output depends on the inputs."""
        args, kwargs = self._args, self._kwargs
        if self._place is Place.INSIDE:
            args, kwargs = map_tensors(lambda x: 1.0 * x, (args, kwargs))
        y = self._call(args, kwargs)
        if not isinstance(y, paddle.Tensor) or not y.is_floating_point():
            return None
        if not self.inputs or y.stop_gradient:
            return None
        if self._weights is None:
            drawn = np.random.default_rng(0).normal(size=y.shape)
            self._weights = paddle.to_tensor(drawn, dtype=y.dtype)
        weighted = self._weights * y
        if not self._linear:
            weighted = weighted * y
        gradients = input_gradients(
            weighted.sum(),
            self.inputs,
            create_graph=create_graph,
            allow_unused=True,
        )
        squares = [g.square().sum() for g in gradients if g is not None]
        return sum(squares) if squares else None

    def directions(self, rng: np.random.Generator) -> List[paddle.Tensor]:
        """One random direction of the inputs and the parameters together."""
        return [random_direction(v, rng) for v in [*self.inputs, *self.parameters]]

    def derivative(self, directions: Sequence[paddle.Tensor]) -> Tuple[float, float]:
        """Its value, and by autograd its derivative along the directions."""
        value = self()
        if value is None:
            raise NothingToDifferentiate
        if value.stop_gradient:
            return float(value), 0.0
        refuse_incomplete(value)
        # the last ones because paddle.grad refuses what a function written in Python gives unasked
        asked = [*self.inputs, *self.parameters, *self._constants]
        gradients = paddle.grad(value, asked, allow_unused=True)
        terms = [
            float((g * d).sum()) for g, d in zip(gradients, directions) if g is not None
        ]
        return float(value), sum(terms)

    def difference(self, directions: Sequence[paddle.Tensor], step: float) -> float:
        """The same derivative by a central difference of values."""
        variables = [*self.inputs, *self.parameters]
        starts = [v.detach().clone() for v in variables]
        values = []
        try:
            for parameter in self.parameters:
                parameter.stop_gradient = True  # spares their first derivatives
            for sign in (1, -1):
                for variable, start, direction in zip(variables, starts, directions):
                    variable.set_value(start + sign * step * direction)
                values.append(float(self(create_graph=False)))
        finally:
            for parameter in self.parameters:
                parameter.stop_gradient = False
            for variable, start in zip(variables, starts):
                variable.set_value(start)
        return (values[0] - values[1]) / (2 * step)
