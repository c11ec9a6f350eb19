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

"""Does a layer have a second derivative, is it right, does it mix the samples of a batch?

Each question is answered by running the layer. The second derivative is the one that a
gradient penalty takes: of the squared norm of the gradient with respect to the inputs,
along random directions of the inputs and of the parameters, against central differences.
"""

from __future__ import annotations

import contextlib
import copy
import math
from dataclasses import dataclass
from typing import Any
from typing import Dict
from typing import Iterator
from typing import Optional
from typing import Sequence

import numpy as np
import paddle
from paddle import nn

from ppsci_ext.arch.layer_penalty import LayerPenalty
from ppsci_ext.arch.layer_penalty import NothingToDifferentiate
from ppsci_ext.arch.layer_penalty import Place
from ppsci_ext.arch.layer_penalty import map_tensors
from ppsci_ext.arch.layer_penalty import random_direction
from ppsci_ext.arch.layer_penalty import tensors_of
from ppsci_ext.arch.repeatable import Repeatable

# what Paddle raises for a missing second derivative depends on the operator
PADDLE_ERRORS = (RuntimeError, ValueError, SystemError)
ATTEMPTS = 3  # points to try: a central difference across a kink is wrong


@dataclass(frozen=True)
class _Precision:
    dtype: str
    step: float  # of central differences, relative to the size of what is moved
    tolerance: float  # relative, of the derivative along a direction


# the step is small against the distance to the next of a large network's many kinks
_FLOAT64 = _Precision("float64", step=1e-7, tolerance=1e-4)
_FLOAT32 = _Precision("float32", step=1e-2, tolerance=5e-2)


@dataclass(frozen=True)
class Finding:
    """What was found about the second derivative of a layer.

    Attributes:
        failure (Optional[Exception]): What Paddle raised where there is none.
        error (Optional[float]): Relative error of it; None if there is none, or if the
            layer gets nothing that could be differentiated; NaN if central differences
            tell nothing (in float32, across kinks).
        right (bool): Whether it exists and no error was found but rounding.
    """

    failure: Optional[Exception] = None
    error: Optional[float] = None
    right: bool = True


@contextlib.contextmanager
def default_dtype(dtype: str) -> Iterator[None]:
    """Paddle's default precision inside: of what a layer makes without being told one."""
    before = paddle.get_default_dtype()
    paddle.set_default_dtype(dtype)
    try:
        yield
    finally:
        paddle.set_default_dtype(before)


def _relative(a: float, b: float, value: float) -> float:
    """Difference of two derivatives of something of that value: one that is small against
    the value itself drowns in its rounding."""
    return abs(a - b) / (max(abs(a), abs(b)) + 1e-3 * abs(value) + 1e-30)


def _point(
    values: Any, dtype: Optional[str], rng: Optional[np.random.Generator]
) -> Any:
    """Copies of the tensors, in their own precision for None, each somewhat moved if there is
    a generator."""

    def move(x: paddle.Tensor) -> paddle.Tensor:
        x = x.detach() if dtype is None else x.detach().astype(dtype)
        return x.clone() if rng is None else x + 0.1 * random_direction(x, rng)

    return map_tensors(move, values)


def _find(
    layer: nn.Layer,
    args: Sequence[Any],
    kwargs: Dict[str, Any],
    precision: _Precision,
    place: Place,
) -> Finding:
    verdict = Finding(error=math.nan)
    with default_dtype(precision.dtype):
        for attempt in range(ATTEMPTS):
            rng = np.random.default_rng(attempt)
            point = _point((args, kwargs), precision.dtype, rng if attempt else None)
            penalty = LayerPenalty(layer, *point, place)
            directions = penalty.directions(rng)
            value, exact = penalty.derivative(directions)
            if math.isfinite(value) and not math.isfinite(exact):
                verdict = Finding(error=math.inf, right=False)
                continue
            numeric = penalty.difference(directions, precision.step)
            error = _relative(exact, numeric, value)
            if error < precision.tolerance:
                return Finding(error=error)
            # across a kink a difference depends on the step, and proves nothing
            closer = penalty.difference(directions, precision.step / 2)
            if _relative(closer, numeric, value) < precision.tolerance:
                verdict = Finding(error=error, right=False)
    return verdict


def _off_the_kinks(layer: nn.Layer) -> nn.Layer:
    """A copy whose parameters are somewhat moved: where biases are zero, and all that comes in is
    cut off by a ReLU, the next ReLU is at its kink exactly, whatever the inputs."""
    rng = np.random.default_rng(0)
    moved = copy.deepcopy(layer)
    for parameter in moved.parameters():
        parameter.set_value(parameter + 0.01 * random_direction(parameter, rng))
    return moved


def _same_as_it_is(
    layer: nn.Layer,
    precise: nn.Layer,
    args: Sequence[Any],
    kwargs: Dict[str, Any],
    place: Place,
) -> Finding:
    """Compare the second derivative of a layer with that of its copy in float64, in case
    it runs other code in its own precision."""
    values, derivatives = [], []
    for one, dtype in ((precise, "float64"), (layer, paddle.get_default_dtype())):
        with default_dtype(dtype):
            penalty = LayerPenalty(one, *_point((args, kwargs), dtype, None), place)
            directions = penalty.directions(np.random.default_rng(0))
            value, derivative = penalty.derivative(directions)
            values.append(value)
            derivatives.append(derivative)
    error = _relative(*derivatives, values[0])
    # dropout draws other numbers in another precision: then there is nothing to compare
    comparable = _relative(*values, 0.0) < 1e-3
    return Finding(error=error, right=not comparable or error < _FLOAT32.tolerance)


def second_derivative(
    layer: nn.Layer,
    args: Sequence[Any],
    kwargs: Optional[Dict[str, Any]] = None,
    as_it_is: bool = False,
    place: Place = Place.ALONE,
) -> Finding:
    """Look for the second derivative of a layer and compare it with central differences.

    In float64, on a copy of the layer, where both can be had; else in float32.

    Args:
        layer (nn.Layer): Layer; afterwards its parameters are what they were, while its
            buffers and the random generators may have moved on.
        args (Sequence[Any]): Arguments of a call: tensors, alone or nested.
        kwargs (Optional[Dict[str, Any]]): Arguments of the call by name.
        as_it_is (bool): Whether to look, after the copy in float64, at the layer itself.
            Defaults to False.
        place (Place): Where the layer stands. Defaults to Place.ALONE.
    """
    kwargs = kwargs or {}
    try:
        try:
            precise = copy.deepcopy(layer)
            precise.to(dtype="float64")
            finding = _find(precise, args, kwargs, _FLOAT64, place)
            if not finding.right:
                moved = _off_the_kinks(precise)
                finding = _find(moved, args, kwargs, _FLOAT64, place)
        except (*PADDLE_ERRORS, TypeError, NotImplementedError):
            # for want of a copy, of a kernel in float64, or of a second derivative
            return _find(layer, args, kwargs, _FLOAT32, place)
        if as_it_is and finding.right:
            own = _same_as_it_is(layer, precise, args, kwargs, place)
            finding = finding if own.right else own
        if place is Place.CRITIC and finding.right:
            # the penalty itself adds the scores up; Paddle leaves out zeros then
            penalty = LayerPenalty(
                layer, *_point((args, kwargs), None, None), place, linear=True
            )
            penalty.derivative(penalty.directions(np.random.default_rng(0)))
        return finding
    except NothingToDifferentiate:
        return Finding()
    except PADDLE_ERRORS as error:
        return Finding(failure=error, right=False)


def mixes_samples(
    layer: nn.Layer,
    args: Sequence[Any],
    kwargs: Optional[Dict[str, Any]] = None,
    batch_size: Optional[int] = None,
) -> bool:
    """Whether the first sample's output changes with the other samples' inputs.

    Args:
        layer (nn.Layer): Layer, of whose floating-point inputs the first axis is the batch.
        args (Sequence[Any]): Arguments of a call with two samples or more.
        kwargs (Optional[Dict[str, Any]]): Arguments of the call by name.
        batch_size (Optional[int]): Number of samples: arguments with another first axis
            stay as they are. Defaults to that of the first tensor.
    """
    kwargs = kwargs or {}
    tensors = tensors_of((args, kwargs))
    if not tensors or not tensors[0].shape:
        return False
    batch_size = batch_size or tensors[0].shape[0]
    rng = np.random.default_rng(0)

    def others_changed(x: paddle.Tensor) -> paddle.Tensor:
        if not x.shape or x.shape[0] != batch_size:
            return x
        change = random_direction(x, rng)
        change[0] = 0.0
        return x + change

    call = Repeatable(layer)
    with paddle.no_grad():
        before = call(args, kwargs)
        after = call(
            map_tensors(others_changed, args), map_tensors(others_changed, kwargs)
        )
    if not isinstance(before, paddle.Tensor):
        return False
    if before.shape and before.shape[0] == batch_size:
        before, after = before[0], after[0]
    before, after = before.numpy(), after.numpy()
    scale = np.abs(before).max(initial=0.0)
    return bool(np.abs(after - before).max(initial=0.0) > 1e-5 * scale + 1e-30)
