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

"""How many steps the critic takes in an iteration."""

from __future__ import annotations

from typing import Dict
from typing import Mapping
from typing import Union

import paddle

from ppsci_ext.solver import parallel
from ppsci_ext.utils.values import INT32_MAX

NCritic = Union[int, Mapping[Union[int, str], Union[int, Mapping[str, float]]]]


def critic_rule(n_critic: NCritic) -> Union[Scheduled, Adaptive]:
    """The rule that a number, a schedule or {"adaptive": {...}} stands for.

    Args:
        n_critic (NCritic): Steps per iteration; or {iteration from which it holds: steps}; or
            {"adaptive": arguments of Adaptive}.

    Raises:
        ValueError: If it stands for none.
    """
    if is_adaptive(n_critic):
        return _adaptive(n_critic)
    by_start = n_critic if isinstance(n_critic, Mapping) else {0: n_critic}
    numbers = (*by_start, *by_start.values())
    if not all(type(n) is int and 0 <= n <= INT32_MAX for n in numbers) or (
        0 in by_start.values()
    ):
        raise ValueError(
            "it should be a positive integer, a schedule such as {0: 100, 25: 5}, or "
            "{adaptive: {min: 1, max: 20, ratio: 1.0}}"
        )
    if 0 not in by_start:
        raise ValueError("a schedule of n_critic must begin at iteration 0")
    return Scheduled(by_start)


def is_adaptive(n_critic: NCritic) -> bool:
    """Whether it is a rule that goes by the losses."""
    return isinstance(n_critic, Mapping) and "adaptive" in n_critic


def _adaptive(n_critic: Mapping) -> Adaptive:
    rule = n_critic["adaptive"]
    known = {"min": 1, "max": 20, "ratio": 1.0}
    if len(n_critic) > 1 or not isinstance(rule, Mapping) or not {*rule} <= {*known}:
        raise ValueError(f"it may hold no more than {{adaptive: {known}}}")
    rule = {**known, **rule}
    counts = (rule["min"], rule["max"])
    if not all(type(n) is int for n in counts) or not (
        1 <= rule["min"] <= rule["max"] <= INT32_MAX
    ):
        raise ValueError("min and max should be integers with 1 <= min <= max")
    if type(rule["ratio"]) not in (int, float) or not 0 < rule["ratio"] <= 1e6:
        raise ValueError("ratio should be a positive number")
    return Adaptive(**rule)


class Scheduled:
    """So many steps from an iteration on.

    Args:
        steps (Mapping[int, int]): {iteration from which it holds: steps}, beginning with 0.
    """

    def __init__(self, steps: Mapping[int, int]):
        self.steps = dict(steps)

    def goes_on(self, iteration: int, taken: int) -> bool:
        """Whether the critic takes another step.

        Args:
            iteration (int): Iteration, from 0.
            taken (int): Steps taken in it so far.
        """
        reached = max(start for start in self.steps if start <= iteration)
        return taken < self.steps[reached]

    def note_generator(self, terms: Mapping[str, paddle.Tensor]) -> None:
        """Called with the terms of the loss after each step of the generator."""

    def note_critic(self, terms: Mapping[str, paddle.Tensor]) -> None:
        """Called with the terms of the loss after each step of the critic."""

    def state_dict(self) -> Dict[str, float]:
        return {}

    def set_state_dict(self, state: Mapping[str, float]) -> None:
        pass


class Adaptive:
    r"""Steps for as long as the critic's loss changes faster than the generator's.

    The critic takes another step while

    $$
    \left|\frac{L_D - L_D'}{L_D'}\right| > r \left|\frac{L_G - L_G'}{L_G'}\right|,
    $$

    where the primes are the values one step of that network before (Ouyang & Agam, WACV 2021).
    L_D is the Wasserstein estimate, free of the penalty, and L_G the generator's loss. Until two
    steps of the generator are known, the critic takes the most steps. From the fewest steps on
    each decision waits for the device; several processes decide by their mean losses.

    Args:
        min (int, optional): Fewest steps of an iteration. Defaults to 1.
        max (int, optional): Most steps of an iteration. Defaults to 20.
        ratio (float, optional): r; more of it is fewer steps. Defaults to 1.0.
    """

    def __init__(self, min: int = 1, max: int = 20, ratio: float = 1.0):
        self.fewest = min
        self.most = max
        self.ratio = ratio
        # by name; tensors are left on the device until a decision needs them
        self._losses: Dict[str, Union[float, paddle.Tensor]] = {}

    def goes_on(self, iteration: int, taken: int) -> bool:
        if taken < self.fewest:
            return True
        if taken >= self.most:
            return False
        if "generator_before" not in self._losses:
            return True
        losses = parallel.mean({k: float(v) for k, v in self._losses.items()})
        critic, critic_before = losses["critic"], losses["critic_before"]
        generator, generator_before = losses["generator"], losses["generator_before"]
        critic_change = abs(critic - critic_before) * abs(generator_before)
        generator_change = abs(generator - generator_before) * abs(critic_before)
        return critic_change > self.ratio * generator_change

    def note_generator(self, terms: Mapping[str, paddle.Tensor]) -> None:
        self._note("generator", terms["generator_loss"])

    def note_critic(self, terms: Mapping[str, paddle.Tensor]) -> None:
        self._note("critic", terms["wasserstein"])

    def _note(self, name: str, loss: paddle.Tensor) -> None:
        if name in self._losses:
            self._losses[f"{name}_before"] = self._losses[name]
        self._losses[name] = loss.detach()

    def state_dict(self) -> Dict[str, float]:
        """The losses; all processes have to call it, and get the same."""
        return parallel.mean({k: float(v) for k, v in self._losses.items()})

    def set_state_dict(self, state: Mapping[str, float]) -> None:
        self._losses = dict(state)
