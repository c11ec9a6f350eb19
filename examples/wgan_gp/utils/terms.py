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


"""Terms of a loss beside what the critic's scores cost and the penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import Optional
from typing import Sequence

import paddle
from paddle import nn

from ppsci_ext.data import Condition
from ppsci_ext.utils import UserError
from ppsci_ext.utils.schedule import Schedule
from ppsci_ext.utils.schedule import is_constant
from ppsci_ext.utils.schedule import schedule

NETWORKS = ("critic", "generator")
_RECORDED = (  # in metrics.jsonl beside the terms
    "iteration",
    "critic_loss",
    "wasserstein",
    "jensen_shannon",
    "gradient_penalty",
    "slope",
    "generator_loss",
    "adversarial",
    "adversarial_weight",
    "n_critic",
    "critic_lr",
    "generator_lr",
    "validation_critic_loss",
    "images_per_second",
    "seconds",
)


@dataclass(frozen=True)
class LossInputs:
    """What a term may look at in one step of a network.

    Attributes:
        real (Optional[paddle.Tensor]): Real samples, [B, ...]; None in a step of the generator
            that needs no data.
        fake (paddle.Tensor): Generated samples, [B, ...].
        noise (Optional[paddle.Tensor]): Noise that they were made from, [B, ...].
        condition (Condition): What both were made for, see ppsci_ext.data.condition.
        score_real (Optional[paddle.Tensor]): Critic's scores, [B]; in the critic's step.
        score_fake (paddle.Tensor): Critic's scores, [B].
        extra_real (Any): What the critic returned beside the scores; None if nothing.
        extra_fake (Any): The same of the generated samples.
    """

    fake: paddle.Tensor
    score_fake: paddle.Tensor
    extra_fake: Any
    condition: Condition
    noise: Optional[paddle.Tensor] = None
    real: Optional[paddle.Tensor] = None
    score_real: Optional[paddle.Tensor] = None
    extra_real: Any = None


@dataclass(frozen=True)
class LossTerm:
    """A named term of the loss of one network.

    Args:
        name (str): Key in metrics.jsonl and title in the curves.
        network (str): "critic" or "generator".
        function (Callable[[LossInputs], paddle.Tensor]): Its value before the weight, a scalar.
        weight (Schedule, optional): A number, steps or a ramp over the iterations, see
            ppsci_ext.utils.schedule. Defaults to 1.0.
        needs_data (bool, optional): Whether a term of the generator looks at real samples,
            which its step draws only then. Defaults to False.

    Raises:
        UserError: If there is no such network or weight.
    """

    name: str
    network: str
    function: Callable[[LossInputs], paddle.Tensor]
    weight: Schedule = 1.0
    needs_data: bool = False

    def __post_init__(self):
        if self.network not in NETWORKS:
            raise UserError(
                f"The term '{self.name}' is of the network '{self.network}': make it one of "
                f"{', '.join(NETWORKS)}."
            )
        weight_at(f"the weight of '{self.name}'", self.weight, 0)


def check_names(terms: Sequence[LossTerm]) -> List[LossTerm]:
    """The terms, each of which has a name of its own in metrics.jsonl.

    Args:
        terms (Sequence[LossTerm]): Terms of both networks.

    Raises:
        UserError: If two have the same name, or one has that of another quantity.
    """
    taken = set(_RECORDED)
    for term in terms:
        if term.name in taken:
            raise UserError(
                f"'{term.name}' is the name of another quantity in the records: give the term "
                "a name of its own."
            )
        taken.add(term.name)
    return list(terms)


def weight_at(name: str, weight: Schedule, iteration: int) -> float:
    """A weight at an iteration.

    Args:
        name (str): What messages call it.
        weight (Schedule): Number, steps or ramp.
        iteration (int): Iteration, from 0.

    Raises:
        UserError: If it is none of them.
    """
    try:
        return schedule(weight)(iteration)
    except ValueError as error:
        raise UserError(f"{name} is refused: {error}.") from error


def add_terms(
    loss: paddle.Tensor, terms: List[LossTerm], inputs: LossInputs, iteration: int
) -> tuple[paddle.Tensor, Dict[str, paddle.Tensor]]:
    """Add weighted terms to a loss.

    Args:
        loss (paddle.Tensor): Scalar.
        terms (List[LossTerm]): Terms of one network.
        inputs (LossInputs): What they look at.
        iteration (int): By which their weights go.

    Returns:
        tuple[paddle.Tensor, Dict[str, paddle.Tensor]]: The loss; and to be recorded, each term
            before its weight, and the weights that change.
    """
    record: Dict[str, paddle.Tensor] = {}
    for term in terms:
        weight = weight_at(term.name, term.weight, iteration)
        value = term.function(inputs)
        if not isinstance(value, paddle.Tensor) or value.size != 1:
            shape = list(getattr(value, "shape", [])) or type(value).__name__
            raise UserError(
                f"The term '{term.name}' gives {shape}: it should give one number in a tensor, "
                "such as a mean."
            )
        record[term.name] = value.detach()
        if not is_constant(term.weight):
            record[f"{term.name}_weight"] = paddle.to_tensor(weight)
        loss = loss + weight * value
    return loss, record


# terms of the WGAN family


def acgan_terms(scale: float = 1.0, scale_generator: float = 0.1) -> List[LossTerm]:
    """Classification by a critic that returns class logits [B, K] beside the scores.

    The critic learns from real samples, the generator from its own (Odena et al. 2017; scales of
    the paper's conditional CIFAR-10 experiment).

    Args:
        scale (float, optional): Weight in the critic's loss. Defaults to 1.0.
        scale_generator (float, optional): Weight in the generator's loss. Defaults to 0.1.
    """
    cross_entropy = nn.functional.cross_entropy
    return [
        LossTerm(
            "acgan",
            "critic",
            lambda step: cross_entropy(step.extra_real, step.condition),
            scale,
        ),
        LossTerm(
            "generator_acgan",
            "generator",
            lambda step: cross_entropy(step.extra_fake, step.condition),
            scale_generator,
        ),
    ]


def drift_term(weight: float) -> LossTerm:
    """E[D(real)^2], which keeps the scores near zero (Karras et al. 2018, appendix A.1).

    Args:
        weight (float): Weight in the critic's loss.
    """
    return LossTerm(
        "drift", "critic", lambda step: step.score_real.square().mean(), weight
    )
