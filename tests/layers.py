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

"""Values and derivatives of the twice differentiable layers against Paddle and against
central differences: the figures of docs/layers.md.

    python -m tests.layers docs/results/layers.jsonl

writes one row per case and prints them as the page's tables;
tests/ppsci_ext/arch/test_layers.py takes its rows from the same functions.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import Sequence

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F

from ppsci_ext import arch
from ppsci_ext.arch.second_derivative import default_dtype
from tests.helpers.layer_cases import CASES
from tests.helpers.layer_cases import PADDLES
from tests.helpers.layer_cases import Case

SEED = 2017
STEP = 1e-5
DIRECTIONS = 2  # random ones, for each input and parameter


def randomize(layer: nn.Layer) -> nn.Layer:
    """The layer with normal parameters, and variances that are none below 1/2."""
    for name, value in layer.state_dict().items():
        drawn = paddle.randn(value.shape, dtype=value.dtype)
        value.set_value(0.5 + drawn.abs() if name.endswith("_variance") else drawn)
    return layer


def pair(case: Case) -> List[nn.Layer]:
    """Paddle's layer and ours with the same parameters."""
    theirs, ours = randomize(case.build(nn)), case.build(arch)
    ours.set_state_dict(theirs.state_dict())
    return [theirs, ours]


def flat(outputs: Any) -> List[paddle.Tensor]:
    """The tensors of nested tuples."""
    if isinstance(outputs, paddle.Tensor):
        return [outputs]
    return [tensor for output in outputs for tensor in flat(output)]


class Stack(nn.Layer):
    """Two layers of a kind, an activation between them; what comes out of the first is
    repeated and cut to what goes into the second."""

    def __init__(self, case: Case, module: Any, activation: Callable):
        super().__init__()
        self.first, self.second = (randomize(case.build(module)) for _ in range(2))
        self.activation = activation
        self.shape = case.shape

    def forward(self, x: paddle.Tensor, *more: paddle.Tensor, **options: Any) -> Any:
        outputs = flat(self.first(x, *more, **options))
        hidden = [self.activation(y).reshape([-1]) for y in outputs]
        size = sum(y.size for y in hidden)
        hidden = paddle.concat(hidden * -(-x.size // size))[: x.size]
        return self.second(hidden.reshape(self.shape), *more, **options)


class Probe:
    """A scalar function of a layer's outputs, and what follows from it at any point.

    Args:
        case (Case): The call.
        layer (nn.Layer): Layer.
        square (bool): Whether the outputs enter by their squares, instead of by themselves as
            the scores do into the gradient penalty.
    """

    def __init__(self, case: Case, layer: nn.Layer, square: bool = True):
        self.options = case.options()
        self.layer = layer
        self.square = square
        self.weights: List[paddle.Tensor] = []

    def outputs(self, inputs: Sequence[paddle.Tensor]) -> List[paddle.Tensor]:
        paddle.seed(SEED)  # the same dropout at each point
        return flat(self.layer(*inputs, **self.options))

    def scalar(self, inputs: Sequence[paddle.Tensor]) -> paddle.Tensor:
        """Sum of the outputs or their squares, each times a number of its own."""
        outputs = self.outputs(inputs)
        if not self.weights:
            rng = np.random.default_rng(SEED)
            self.weights = [
                paddle.to_tensor(rng.normal(size=y.shape), dtype=y.dtype)
                for y in outputs
            ]
        if self.square:
            outputs = [y * y for y in outputs]
        return sum((w * y).sum() for w, y in zip(self.weights, outputs))

    def parameters(self) -> List[paddle.Tensor]:
        return [p for p in self.layer.parameters() if not p.stop_gradient]

    def first(self, inputs: Sequence[paddle.Tensor]) -> List[np.ndarray]:
        """Gradients of the scalar with respect to the inputs and the parameters."""
        variables = [*inputs, *self.parameters()]
        return [g.numpy() for g in paddle.grad(self.scalar(inputs), variables)]

    def penalty(self, inputs: Sequence[paddle.Tensor]) -> paddle.Tensor:
        """Squared norm of the gradient with respect to the inputs."""
        gradients = paddle.grad(self.scalar(inputs), list(inputs), create_graph=True)
        return sum(g.square().sum() for g in gradients)

    def second(
        self, inputs: Sequence[paddle.Tensor], jointly: bool = False
    ) -> List[float]:
        """Relative errors of the penalty's gradient with respect to each input and
        parameter (or to all of them at once), along random directions, against central
        differences."""
        variables = [*inputs, *self.parameters()]
        penalty = self.penalty(inputs)
        gradients = [None] * len(variables)  # none depends on any: a linear function
        if not penalty.stop_gradient:
            gradients = paddle.grad(penalty, variables, allow_unused=True)
        starts = [v.numpy() for v in variables]
        exact = [
            np.zeros(start.shape) if gradient is None else gradient.numpy()
            for start, gradient in zip(starts, gradients)
        ]
        each = range(len(variables))
        rng = np.random.default_rng(SEED)
        errors = []
        for group in [each] if jointly else [[i] for i in each]:
            for _ in range(DIRECTIONS):
                moves = {i: rng.normal(size=starts[i].shape) for i in group}
                values = []
                for sign in (1, -1):
                    for i, move in moves.items():
                        variables[i].set_value(starts[i] + sign * STEP * move)
                    values.append(float(self.penalty(inputs)))
                for i in moves:
                    variables[i].set_value(starts[i])
                numeric = (values[0] - values[1]) / (2 * STEP)
                slope = sum((exact[i] * move).sum() for i, move in moves.items())
                scale = np.sqrt(sum((exact[i] ** 2).sum() for i in moves))
                scale *= np.sqrt(sum((move**2).sum() for move in moves.values()))
                error = abs(numeric - slope) / max(scale, 1e-2 * abs(values[0]))
                errors.append(float(error))
        return errors


def relative_error(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray]) -> float:
    """Greatest deviation in an array, relative to its greatest value (or to 1e-5
    of that of all arrays: some gradients are zero but for rounding)."""
    largest = [float(np.abs(b).max()) for b in theirs]
    floor = 1e-5 * max(largest)
    return max(
        float(np.abs(a - b).max()) / max(scale, floor)
        for a, b, scale in zip(ours, theirs, largest)
    )


def measure(name: str) -> Dict[str, Any]:
    """The errors of one case.

    Args:
        name (str): Key of CASES.

    Returns:
        Dict[str, Any]: "layer" (the name) and the relative errors "value_float32",
            "value", "first" (against Paddle), "second" and "stack" (against central
            differences; the latter of two such layers); all but the first in float64.
    """
    case = CASES[name]
    row: Dict[str, Any] = {"layer": name}
    for dtype in ("float32", "float64"):
        with default_dtype(dtype):
            paddle.seed(SEED)
            probes = [Probe(case, layer) for layer in pair(case)]
            inputs = [paddle.randn(s) for s in (case.shape, *case.more_shapes)]
            values = [[y.numpy() for y in p.outputs(inputs)] for p in probes]
            assert [y.shape for y in values[0]] == [y.shape for y in values[1]]
            key = "value_float32" if dtype == "float32" else "value"
            row[key] = relative_error(values[1], values[0])
    for x in inputs:
        x.stop_gradient = False
    with default_dtype("float64"):
        theirs, ours = (probe.first(inputs) for probe in probes)
        row["first"] = relative_error(ours, theirs)
        row["second"] = max(probes[1].second(inputs))
    row["stack"] = stack_error(case, arch)
    return row


def stack_error(case: Case, module: Any) -> float:
    """Greatest relative error of the second derivatives of two layers with an activation
    between: leaky ReLU, behind which Paddle leaves out zeros, and tanh.

    Args:
        case (Case): The layer.
        module (Any): Paddle's module (nn) or ours (arch).
    """
    errors = []
    with default_dtype("float64"):
        for activation in (lambda y: F.leaky_relu(y, 0.2), paddle.tanh):
            paddle.seed(SEED)
            probe = Probe(case, Stack(case, module, activation), square=False)
            inputs = [paddle.randn(s) for s in (case.shape, *case.more_shapes)]
            for x in inputs:
                x.stop_gradient = False
            errors += probe.second(inputs, jointly=True)
    return max(errors)


def measure_paddles(name: str) -> Dict[str, Any]:
    """The row of a layer of Paddle's own: "layer" and "stack".

    Args:
        name (str): Key of PADDLES.
    """
    return {"layer": name, "stack": stack_error(PADDLES[name], nn)}


ERRORS = ("value_float32", "value", "first", "second", "stack")


def main(path: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        for cases, measured in ((CASES, measure), (PADDLES, measure_paddles)):
            for name in cases:
                row = measured(name)
                cells = {e: f"{row[e]:.1e}" for e in ERRORS if e in row}
                print(f"| {name} | {' | '.join(cells.values())} |", flush=True)
                rounded = {error: float(cell) for error, cell in cells.items()}
                file.write(json.dumps({"layer": name, **rounded}) + "\n")
            print()


if __name__ == "__main__":
    main(sys.argv[1])
