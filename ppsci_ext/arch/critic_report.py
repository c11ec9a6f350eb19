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

"""What a check of a critic found, as a table and as one sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional
from typing import Tuple

from ppsci_ext.utils.errors import UserError


@dataclass(frozen=True)
class LayerCheck:
    """What was found about one layer of a critic.

    Attributes:
        name (str): Its place in the critic; "critic" for the critic itself.
        type (str): Name of its class.
        exists (bool): Whether Paddle has its second derivative.
        error (Optional[float]): Relative error of the second derivative along a random
            direction, against central differences; None if there is none, or if nothing
            that the layer gets can be differentiated; NaN if central differences tell
            nothing (in float32, across kinks).
        right (bool): Whether it exists and no error was found but rounding.
        mixes_samples (bool): Whether its output for one sample depends on others.
        advice (str): What to do about it; empty if nothing is amiss.
    """

    name: str
    type: str
    exists: bool
    error: Optional[float]
    right: bool
    mixes_samples: bool
    advice: str

    @property
    def second_derivative(self) -> str:
        """In words: "right", "missing", "wrong by 26 %", "not finite", "exists" or
        "not needed"."""
        if not self.exists:
            return "missing"
        if self.error == math.inf:
            return "not finite"
        if not self.right:
            return f"wrong by {100 * self.error:.2g} %"
        if self.error is None:
            return "not needed"
        return "exists" if math.isnan(self.error) else "right"


@dataclass(frozen=True)
class CriticReport:
    """Whether a critic can be trained with a gradient penalty, layer by layer.

    Attributes:
        critic (str): Name of the critic's class.
        layers (Tuple[LayerCheck, ...]): The innermost layers in the order of their calls,
            and those around them whose own forward() is at fault.
        twice_differentiable (bool): Whether the critic's second derivative exists, and
            agrees with central differences, as do its layers'.
        mixes_samples (bool): Whether the score of one sample depends on others. The
            penalty is one of each sample by itself (paper, section 4).
    """

    critic: str
    layers: Tuple[LayerCheck, ...]
    twice_differentiable: bool
    mixes_samples: bool

    def __str__(self) -> str:
        rows = [("layer", "type", "second derivative", "mixes samples", "instead")]
        for layer in self.layers:
            mixes = "yes" if layer.mixes_samples else "no"
            rows.append(
                (layer.name, layer.type, layer.second_derivative, mixes, layer.advice)
            )
        widths = [max(map(len, column)) for column in zip(*rows)]
        rows.insert(1, tuple("-" * width for width in widths))
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
            for row in rows
        )

    def require(self) -> None:
        """Insist on a second derivative that exists and is right.

        Raises:
            UserError: If it isn't; it names the layers, their places and replacements.
        """
        if self.twice_differentiable:
            return
        reasons = []
        replaceable = False
        for layer in self.layers:
            if layer.right:
                continue
            replaceable |= layer.advice.startswith("use ")
            fault = "has no second derivative"
            if layer.exists:
                fault = f"has a second derivative that is {layer.second_derivative}"
            if layer.name == "critic":
                reasons.append(f"it {fault}; {layer.advice}")
            else:
                reasons.append(
                    f"layer '{layer.name}' ({layer.type}) {fault}; {layer.advice}"
                )
        hint = ""
        if replaceable:
            hint = ". ppsci_ext.arch.twice_differentiable replaces such layers"
        raise UserError(
            f"The critic {self.critic} can't be differentiated twice, which the gradient "
            f"penalty needs: {'; '.join(reasons)}{hint}."
        )
