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
`torch.autograd.grad(..., create_graph=True)`. The losses are those of `wgan_gp.models`.
"""

from __future__ import annotations

from typing import Any
from typing import Dict
from typing import Iterator
from typing import Mapping
from typing import Optional
from typing import Tuple

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.plain_torch_networks import MLP
from benchmarks.plain_torch_networks import DCGANCritic
from benchmarks.plain_torch_networks import DCGANGenerator
from benchmarks.plain_torch_networks import ResNetCritic
from benchmarks.plain_torch_networks import ResNetGenerator

Batch = Tuple[torch.Tensor, Optional[torch.Tensor]]


def build_networks(settings: Mapping[str, Any]) -> Tuple[nn.Module, nn.Module]:
    """Generator and critic of a case.

    Args:
        settings (Mapping[str, Any]): The case's resolved configuration, of which MODEL counts.
    """
    model = settings["MODEL"]
    dim, latent_dim = model["dim"], model["latent_dim"]
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
    """WGAN-GP of a case, with ACGAN where it is conditional.

    Args:
        settings (Mapping[str, Any]): The case's resolved configuration.
        batches (Iterator[Batch]): Endless source of real samples [B, ...] and labels [B].
    """

    def __init__(self, settings: Mapping[str, Any], batches: Iterator[Batch]):
        self.gan, self.train = settings["GAN"], settings["TRAIN"]
        model = settings["MODEL"]
        self.latent_dim = model["latent_dim"]
        self.num_classes = model["num_classes"] if model.get("conditional") else 0
        self.batches = batches
        self.generator, self.critic = build_networks(settings)
        betas = (self.train["beta1"], self.train["beta2"])
        self.generator_optimizer = torch.optim.Adam(
            self.generator.parameters(), lr=self.train["generator_lr"], betas=betas
        )
        self.critic_optimizer = torch.optim.Adam(
            self.critic.parameters(), lr=self.train["critic_lr"], betas=betas
        )

    def generate(
        self, noise: torch.Tensor, labels: Optional[torch.Tensor]
    ) -> torch.Tensor:
        return (
            self.generator(noise, labels) if self.num_classes else self.generator(noise)
        )

    def judge(self, x: torch.Tensor) -> Tuple[torch.Tensor, Optional[torch.Tensor]]:
        output = self.critic(x)
        return output if self.num_classes else (output, None)

    def critic_loss(
        self,
        real: torch.Tensor,
        labels: Optional[torch.Tensor],
        noise: torch.Tensor,
        alpha: torch.Tensor,
    ) -> Dict[str, torch.Tensor]:
        """Loss of the critic, and the penalty in it before lambda.

        Args:
            real (torch.Tensor): Real samples, [B, ...].
            labels (Optional[torch.Tensor]): Their classes, [B].
            noise (torch.Tensor): Noise of the generator, [B, latent_dim].
            alpha (torch.Tensor): Interpolation weights, [B, 1].
        """
        with torch.no_grad():
            fake = self.generate(noise, labels)
        scores, logits = self.judge(torch.cat([real, fake]))
        score_real, score_fake = scores.chunk(2)
        loss = score_fake.mean() - score_real.mean()
        if logits is not None:
            classification = F.cross_entropy(logits[: len(real)], labels)
            loss = loss + self.gan["acgan_scale"] * classification

        alpha = alpha.view(-1, *[1] * (real.dim() - 1))
        points = (real + alpha * (fake - real)).requires_grad_()
        (gradient,) = torch.autograd.grad(
            self.judge(points)[0].sum(), points, create_graph=True
        )
        penalty = ((gradient.flatten(1).norm(dim=1) - 1) ** 2).mean()
        return {
            "critic_loss": loss + self.gan["lambda_gp"] * penalty,
            "gradient_penalty": penalty,
        }

    def critic_step(self) -> None:
        real, labels = next(self.batches)
        noise = torch.randn(len(real), self.latent_dim)
        terms = self.critic_loss(real, labels, noise, torch.rand(len(real), 1))
        self.critic_optimizer.zero_grad()
        terms["critic_loss"].backward()
        self.critic_optimizer.step()

    def generator_loss(
        self, noise: torch.Tensor, labels: Optional[torch.Tensor]
    ) -> torch.Tensor:
        """Loss of the generator.

        Args:
            noise (torch.Tensor): [B, latent_dim].
            labels (Optional[torch.Tensor]): Classes to generate, [B].
        """
        score, logits = self.judge(self.generate(noise, labels))
        loss = -score.mean()
        if logits is not None:
            classification = F.cross_entropy(logits, labels)
            loss = loss + self.gan["acgan_scale_generator"] * classification
        return loss

    def generator_step(self) -> None:
        size = self.gan["generator_batch_multiple"] * self.train["batch_size"]
        noise = torch.randn(size, self.latent_dim)
        labels = None
        if self.num_classes:
            labels = torch.randint(self.num_classes, (size,))
        self.critic.requires_grad_(False)
        loss = self.generator_loss(noise, labels)
        self.critic.requires_grad_(True)
        self.generator_optimizer.zero_grad()
        loss.backward()
        self.generator_optimizer.step()

    def iteration(self) -> None:
        """One generator step, then n_critic critic steps."""
        self.generator_step()
        for _ in range(self.gan["n_critic"]):
            self.critic_step()
