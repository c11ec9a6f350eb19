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

"""The training step of the cases, written plainly in PyTorch, as one would write it there.

Eager, `torch.optim.Adam`, real and generated samples as one batch, the penalty by
`torch.autograd.grad(..., create_graph=True)`. The losses are those of `wgan_gp.models`; the
motion case's further terms are in `plain_torch_motion`.
"""

from __future__ import annotations

from typing import Any
from typing import Dict
from typing import Iterator
from typing import Mapping
from typing import Optional
from typing import Tuple
from typing import Union

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.swa_utils import AveragedModel
from torch.optim.swa_utils import get_ema_multi_avg_fn

from benchmarks.plain_torch_fields import FieldCritic
from benchmarks.plain_torch_fields import FieldGenerator
from benchmarks.plain_torch_networks import MLP
from benchmarks.plain_torch_networks import DCGANCritic
from benchmarks.plain_torch_networks import DCGANGenerator
from benchmarks.plain_torch_networks import ResNetCritic
from benchmarks.plain_torch_networks import ResNetGenerator

Condition = Union[None, torch.Tensor, Dict[str, torch.Tensor]]
Batch = Tuple[torch.Tensor, Condition]


def build_networks(settings: Mapping[str, Any]) -> Tuple[nn.Module, nn.Module]:
    """Generator and critic of a case.

    Args:
        settings (Mapping[str, Any]): The case's resolved configuration, of which MODEL counts,
            and of fields their size.
    """
    model = settings["MODEL"]
    dim, latent_dim = model["dim"], model["latent_dim"]
    if "stages" in model:
        shape, stages = settings["DATA"]["size"], model["stages"]
        generator = FieldGenerator(
            shape, dim, model["latent_channels"], stages, model["fine_noise"]
        )
        return generator, FieldCritic(len(shape), dim, stages)
    if "image_shape" not in model:
        return MLP(latent_dim, dim, 2), MLP(2, dim, 1)
    shape = model["image_shape"]
    if model.get("name") == "resnet":
        num_classes = model["num_classes"] if model["conditional"] else 0
        generator = ResNetGenerator(shape, dim, latent_dim, num_classes)
        return generator, ResNetCritic(shape[0], dim, num_classes)
    output = nn.Tanh() if "name" in model else nn.Sigmoid()
    batch_norm = model["generator_batch_norm"]
    generator = DCGANGenerator(shape, dim, latent_dim, batch_norm, output)
    return generator, DCGANCritic(shape, dim)


class Trainer:
    """WGAN-GP of a case, with ACGAN where it has classes.

    Args:
        settings (Mapping[str, Any]): The case's resolved configuration.
        batches (Iterator[Batch]): Endless source of real samples [B, ...] and labels [B].
    """

    def __init__(self, settings: Mapping[str, Any], batches: Iterator[Batch]):
        self.settings = settings
        self.gan, self.train = settings["GAN"], settings["TRAIN"]
        model = settings["MODEL"]
        self.num_classes = model["num_classes"] if model.get("conditional") else 0
        self.batches = batches
        self.generator, self.critic = self.build_networks()
        self.latent_shape = getattr(
            self.generator, "latent_shape", [model["latent_dim"]]
        )
        self.generator_optimizer = self.build_optimizer("generator")
        self.critic_optimizer = self.build_optimizer("critic")
        self.average: Optional[AveragedModel] = None
        if self.train["ema"]["use_ema"]:
            decay = self.train["ema"]["decay"]
            self.average = AveragedModel(
                self.generator, multi_avg_fn=get_ema_multi_avg_fn(decay)
            )

    def build_networks(self) -> Tuple[nn.Module, nn.Module]:
        return build_networks(self.settings)

    def build_optimizer(self, name: str, **options: Any) -> torch.optim.Adam:
        return torch.optim.Adam(
            getattr(self, name).parameters(),
            lr=self.train[f"{name}_lr"],
            betas=(self.train["beta1"], self.train["beta2"]),
            **options,
        )

    def noise(self, size: int) -> torch.Tensor:
        return torch.randn(size, *self.latent_shape)

    def alpha(self, size: int) -> torch.Tensor:
        """Interpolation weights, [size, 1]."""
        return torch.rand(size, 1)

    def generate(self, noise: torch.Tensor, condition: Condition) -> torch.Tensor:
        if self.num_classes:
            return self.generator(noise, condition)
        return self.generator(noise)

    def judge(
        self, x: torch.Tensor, condition: Condition
    ) -> Tuple[torch.Tensor, Optional[torch.Tensor]]:
        """Scores, and logits of the classes where there are any."""
        output = self.critic(x)
        return output if self.num_classes else (output, None)

    def critic_loss(
        self,
        real: torch.Tensor,
        condition: Condition,
        noise: torch.Tensor,
        alpha: torch.Tensor,
    ) -> Dict[str, torch.Tensor]:
        """Loss of the critic, and the penalty in it before lambda.

        Args:
            real (torch.Tensor): Real samples, [B, ...].
            condition (Condition): Their classes, [B].
            noise (torch.Tensor): Noise of the generator, [B, ...].
            alpha (torch.Tensor): Interpolation weights, [B, 1].
        """
        with torch.no_grad():
            fake = self.generate(noise, condition)
        scores, logits = self.judge(torch.cat([real, fake]), twice(condition))
        score_real, score_fake = scores.chunk(2)
        loss = score_fake.mean() - score_real.mean()
        if logits is not None:
            classification = F.cross_entropy(logits[: len(real)], condition)
            loss = loss + self.gan["acgan_scale"] * classification

        alpha = alpha.view(-1, *[1] * (real.dim() - 1))
        gradient = self.input_gradient(real + alpha * (fake - real), condition)
        penalty = ((gradient.flatten(1).norm(dim=1) - 1) ** 2).mean()
        return {
            "critic_loss": loss + self.gan["lambda_gp"] * penalty,
            "gradient_penalty": penalty,
        }

    def input_gradient(
        self, points: torch.Tensor, condition: Condition
    ) -> torch.Tensor:
        """Gradient of the scores at the points, which has derivatives by the critic's weights."""
        points = points.requires_grad_()
        scores = self.judge(points, condition)[0]
        return torch.autograd.grad(scores.sum(), points, create_graph=True)[0]

    def critic_step(self) -> None:
        real, condition = next(self.batches)
        noise, alpha = self.noise(len(real)), self.alpha(len(real))
        terms = self.critic_loss(real, condition, noise, alpha)
        self.critic_optimizer.zero_grad()
        terms["critic_loss"].backward()
        self.critic_optimizer.step()

    def generator_loss(
        self,
        noise: torch.Tensor,
        condition: Condition,
        real: Optional[torch.Tensor] = None,
    ) -> torch.Tensor:
        """Loss of the generator.

        Args:
            noise (torch.Tensor): [B, ...].
            condition (Condition): Classes to generate, [B].
            real (Optional[torch.Tensor]): Real samples for terms that look at them.
        """
        score, logits = self.judge(self.generate(noise, condition), condition)
        loss = -score.mean()
        if logits is not None:
            classification = F.cross_entropy(logits, condition)
            loss = loss + self.gan["acgan_scale_generator"] * classification
        return loss

    def generator_batch(
        self,
    ) -> Tuple[torch.Tensor, Condition, Optional[torch.Tensor]]:
        """What a step of the generator is made of, see `generator_loss`."""
        size = self.gan["generator_batch_multiple"] * self.train["batch_size"]
        labels = None
        if self.num_classes:
            labels = torch.randint(self.num_classes, (size,))
        return self.noise(size), labels, None

    def generator_step(self) -> None:
        batch = self.generator_batch()
        self.critic.requires_grad_(False)
        loss = self.generator_loss(*batch)
        self.critic.requires_grad_(True)
        self.generator_optimizer.zero_grad()
        loss.backward()
        self.generator_optimizer.step()

    def iteration(self) -> None:
        """One generator step, then n_critic critic steps."""
        self.generator_step()
        for _ in range(self.gan["n_critic"]):
            self.critic_step()
        if self.average is not None:
            self.average.update_parameters(self.generator)


def twice(condition: Condition) -> Condition:
    """The condition of two batches, one after the other."""
    if isinstance(condition, dict):
        return {name: torch.cat([each, each]) for name, each in condition.items()}
    return None if condition is None else torch.cat([condition, condition])
