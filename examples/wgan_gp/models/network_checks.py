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


"""Generator and critic, tried on real samples before the training begins."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from typing import List

import paddle
from paddle import nn

from ppsci_ext.data import Condition
from ppsci_ext.data import map_condition
from ppsci_ext.solver import at_rest
from ppsci_ext.utils import UserError

if TYPE_CHECKING:
    from wgan_gp.models.base_gan import BaseGAN


def check_trainable(gan: BaseGAN) -> None:
    """Refuse networks without parameters to train.

    Raises:
        UserError: Naming the network.
    """
    for name, network in (("critic", gan.critic), ("generator", gan.generator)):
        if network is None:
            continue
        if all(parameter.stop_gradient for parameter in network.parameters()):
            raise UserError(
                f"The {name} ({type(network).__name__}) has no parameters to train: build it "
                "from layers that have some."
            )


@paddle.no_grad()
def check_networks(gan: BaseGAN, real: paddle.Tensor, condition: Condition) -> None:
    """Refuse networks that don't fit the data or each other.

    Args:
        gan (BaseGAN): GAN to be trained.
        real (paddle.Tensor): Two or more real samples, [B, ...].
        condition (Condition): Their condition, None if there is none.

    Raises:
        UserError: One sentence with both shapes.
    """
    check_trainable(gan)
    if gan.conditional and condition is None:
        what = "label" if gan.num_classes else "condition"
        raise UserError(
            f"The GAN is conditional, but its training data have no {what}s: give pairs of a "
            f"sample and its {what}, or make the GAN unconditional."
        )
    condition = condition if gan.conditional else None
    if gan.generator is not None:
        noise = gan.sample_noise(len(real))
        with at_rest(gan.generator):
            fake = run_network("generator", gan.generator, noise, condition)
        _check_samples(fake, real)
    with at_rest(gan.critic):
        output = run_network("critic", gan.critic, real, condition)
    _check_scores(output, real)


def run_network(
    name: str, network: nn.Layer, x: paddle.Tensor, condition: Condition
) -> Any:
    """What a network returns; an error of it becomes a sentence with the shapes.

    Args:
        name (str): "generator" or "critic".
        network (nn.Layer): Network.
        x (paddle.Tensor): Noise or samples, [B, ...].
        condition (Condition): Second argument, None if there is none.

    Raises:
        UserError: If the network raises anything.
    """
    try:
        return network(x) if condition is None else network(x, condition)
    except Exception as error:  # users' networks raise whatever they like
        given = f"{'noise' if name == 'generator' else 'samples'} of shape {_shape(x)}"
        if condition is not None:
            given += f" and a condition of shape {_shapes(condition)}"
        raise UserError(
            f"The {name} ({type(network).__name__}) fails on {given}: {_reason(error)} "
            "(is it made for these, and are the networks not swapped?)."
        ) from error


def _reason(error: Exception) -> str:
    """The line of an error that says most; Paddle hides it below a banner."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if "Error:" in line or line.startswith("(")]
    text = (told or lines or [type(error).__name__])[0]
    return text.rstrip(".")


def _check_samples(fake: Any, real: paddle.Tensor) -> None:
    if not isinstance(fake, paddle.Tensor):
        raise UserError(
            f"The generator returns {_kind(fake)}: it should return samples of shape "
            f"{_shape(real)}."
        )
    if fake.shape != real.shape:
        raise UserError(
            f"The generator makes samples of shape {_shape(fake)}, but the real ones have the "
            f"shape {_shape(real)}: make its output fit the data."
        )
    if not fake.is_floating_point():
        raise UserError(f"The generator's samples are {fake.dtype}: make them floats.")


def _check_scores(output: Any, real: paddle.Tensor) -> None:
    score, extra = output, None
    if isinstance(output, (tuple, list)) and len(output) == 2:
        score, extra = output
    wanted = (
        f"it should return one score a sample, of shape [{len(real)}] or [{len(real)}, 1], or a "
        f"map of scores [{len(real)}, 1, ...], whose mean is taken"
    )
    if not isinstance(score, paddle.Tensor):
        raise UserError(
            f"The critic returns {_kind(output)} for samples of shape {_shape(real)}: {wanted}."
        )
    if not is_score(score.shape, len(real)):
        raise UserError(
            f"The critic returns scores of shape {_shape(score)} for samples of shape "
            f"{_shape(real)}: {wanted}."
        )
    if not score.is_floating_point():
        raise UserError(f"The critic's scores are {score.dtype}: make them floats.")
    for each in [] if extra is None else paddle.utils.flatten(extra):
        if not isinstance(each, paddle.Tensor) or each.shape[:1] != [len(real)]:
            shape = _shape(each) if isinstance(each, paddle.Tensor) else _kind(each)
            raise UserError(
                f"Beside the scores the critic returns {shape} for {len(real)} samples: return "
                "tensors whose first axis is the sample, or nothing."
            )


def is_score(shape: List[int], batch_size: int) -> bool:
    """Whether a critic's output holds one score a sample, or a map of one channel."""
    if not shape or shape[0] != batch_size:
        return False
    return len(shape) == 1 or shape[1] == 1


def _shapes(condition: Condition) -> str:
    return str(map_condition(lambda x: list(x.shape), condition)).replace("'", "")


def _shape(x: paddle.Tensor) -> str:
    return f"[{', '.join(map(str, x.shape))}]"


def _kind(value: Any) -> str:
    if value is None:
        return "nothing (None)"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"
