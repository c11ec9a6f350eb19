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

"""The motion case's training step, written plainly in PyTorch."""

from __future__ import annotations

import math
from typing import Any
from typing import Iterator
from typing import Mapping
from typing import Optional
from typing import Tuple

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.plain_torch import Batch
from benchmarks.plain_torch import Trainer
from benchmarks.plain_torch_motion_networks import Condition
from benchmarks.plain_torch_motion_networks import Facts
from benchmarks.plain_torch_motion_networks import MotionCritic
from benchmarks.plain_torch_motion_networks import MotionGenerator


class MotionTrainer(Trainer):
    """WGAN-GP of poses, with regression, continuity and joint limits.

    Args:
        settings (Mapping[str, Any]): The case's resolved configuration.
        batches (Iterator[Batch]): Endless source of real poses and their condition.
        facts (Facts): Of the skeleton and the data, see `paddle_worker.motion_facts`.
    """

    def __init__(
        self, settings: Mapping[str, Any], batches: Iterator[Batch], facts: Facts
    ):
        self.facts = facts
        self.step = 0
        self.bone, self.parent = torch.tensor(facts["pairs"]).T
        self.lowest = torch.tensor(facts["lowest"])
        self.highest = torch.tensor(facts["highest"])
        super().__init__(settings, batches)

    def build_networks(self) -> Tuple[nn.Module, nn.Module]:
        parts = self.settings, self.facts
        return MotionGenerator(*parts), MotionCritic(*parts)

    def generate(self, noise: torch.Tensor, condition: Condition) -> torch.Tensor:
        return self.generator(noise, condition)

    def judge(
        self, x: torch.Tensor, condition: Condition
    ) -> Tuple[torch.Tensor, Optional[torch.Tensor]]:
        return self.critic(x, condition), None

    def generator_batch(self) -> Tuple[torch.Tensor, Condition, torch.Tensor]:
        real, condition = next(self.batches)
        return self.noise(len(real)), condition, real

    def generator_loss(
        self, noise: torch.Tensor, condition: Condition, real: torch.Tensor
    ) -> torch.Tensor:
        fake = self.generate(noise, condition)
        adversarial = -self.judge(fake, condition)[0].mean()
        return (
            self.ramp("adversarial") * adversarial
            + self.ramp("regression") * F.smooth_l1_loss(fake, real)
            + self.gan["continuity"] * continuity(fake, condition["seed_frames"])
            + self.gan["joint_limits"] * self.beyond_limits(fake)
        )

    def ramp(self, name: str) -> float:
        curriculum = self.gan["curriculum"]
        first, last = curriculum[name]
        start, end = curriculum["start"], curriculum["end"]
        done = min(max((self.step - start) / (end - start), 0.0), 1.0)
        return first + (last - first) * done

    def beyond_limits(self, poses: torch.Tensor) -> torch.Tensor:
        bone, parent = poses[:, :, self.bone], poses[:, :, self.parent]
        length = (bone.square().sum(-1) * parent.square().sum(-1) + 1e-12).sqrt()
        cosine = (bone * parent).sum(-1) / length
        angle = cosine.clamp(-1 + 1e-6, 1 - 1e-6).acos() / math.pi
        above, below = F.relu(angle - self.highest), F.relu(self.lowest - angle)
        return (above.square() + below.square()).mean()

    def iteration(self) -> None:
        super().iteration()
        self.step += 1


def continuity(fake: torch.Tensor, seeds: torch.Tensor) -> torch.Tensor:
    """Huber distance to the seed frames, of the windows that have some."""
    given = (seeds.abs().sum(dim=(1, 2, 3)) > 0).float()
    apart = F.smooth_l1_loss(fake[:, : seeds.shape[1]], seeds, reduction="none")
    return (apart.mean(dim=(1, 2, 3)) * given).sum() / given.sum().clamp(min=1)
