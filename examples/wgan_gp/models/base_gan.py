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

"""What every GAN here has: two networks, a prior, the Wasserstein losses, sampling."""

from __future__ import annotations

from typing import Callable
from typing import Dict
from typing import Optional
from typing import Tuple
from typing import Union

import numpy as np
import paddle
from paddle import io
from paddle import nn
from paddle import optimizer as optim

from ppsci_ext.data import BatchStream
from ppsci_ext.data import LoaderStream
from ppsci_ext.solver import AdversarialSolver
from ppsci_ext.solver import NCritic
from ppsci_ext.solver import frozen
from wgan_gp.models.networks.normalization import BatchNorm
from wgan_gp.utils import losses

BATCH_NORMS = (
    BatchNorm,
    nn.BatchNorm1D,
    nn.BatchNorm2D,
    nn.BatchNorm3D,
    nn.SyncBatchNorm,
)


class BaseGAN:
    """A generator and a critic with the losses of the Wasserstein GAN.

    Subclasses say how the critic is kept (nearly) 1-Lipschitz: by a term of the loss
    (`penalty`) or by constraining its weights after a step (`constrain_critic`).

    Args:
        generator (Optional[nn.Layer]): z [B, latent_dim] (and labels [B]) -> samples
            [B, ...]. None for a generator fixed at the real data plus unit Gaussian noise, as
            in the value surfaces of the paper (Figure 1a).
        critic (nn.Layer): Samples (and labels) -> scores [B] or [B, 1], or a pair of
            scores and class logits [B, num_classes], which makes it an ACGAN.
        critic_iters (NCritic, optional): Critic steps per generator step: a number, a schedule
            or an adaptive rule, see AdversarialSolver. Defaults to 5.
        latent_dim (Optional[int]): Dimensions of the noise; by default the generator's
            attribute `latent_dim`, else the inputs of its first nn.Linear.
        num_classes (int, optional): Number of classes; 0 for an unconditional GAN.
            Defaults to 0.
        acgan_scale (float, optional): Weight of the classification loss of real samples
            in the critic's loss. Defaults to 1.0.
        acgan_scale_generator (float, optional): Weight of the classification loss of
            generated samples in the generator's loss. Defaults to 0.1.
        drift (float, optional): Weight of E[D(real)^2] in the critic's loss, which keeps the
            scores near zero (Karras et al. 2018, appendix A.1). Defaults to 0.0.

    Raises:
        ValueError: If the dimensions of the noise can't be found out.
    """

    def __init__(
        self,
        generator: Optional[nn.Layer],
        critic: nn.Layer,
        critic_iters: NCritic = 5,
        latent_dim: Optional[int] = None,
        num_classes: int = 0,
        acgan_scale: float = 1.0,
        acgan_scale_generator: float = 0.1,
        drift: float = 0.0,
    ):
        self.generator = generator
        self.critic = critic
        self.critic_iters = critic_iters
        self.num_classes = num_classes
        self.acgan_scale = acgan_scale
        self.acgan_scale_generator = acgan_scale_generator
        self.drift = drift
        if generator is not None:
            self.latent_dim = latent_dim or _latent_dim_of(generator)
        self._critic_mixes_samples = any(
            isinstance(layer, BATCH_NORMS) for layer in critic.sublayers()
        )

    # losses

    def critic_loss(
        self,
        real: paddle.Tensor,
        labels: Optional[paddle.Tensor] = None,
        *,
        noise: Optional[paddle.Tensor] = None,
        alpha: Optional[paddle.Tensor] = None,
    ) -> Dict[str, paddle.Tensor]:
        """Loss of the critic on a batch, with the terms it is made of.

        Args:
            real (paddle.Tensor): Real samples, [B, ...].
            labels (Optional[paddle.Tensor]): Classes of the real samples, [B]; the
                generated ones of this step get the same.
            noise (Optional[paddle.Tensor]): Noise of the generator, [B, latent_dim];
                drawn by default.
            alpha (Optional[paddle.Tensor]): Interpolation weights, [B, 1]; drawn by
                default.

        Returns:
            Dict[str, paddle.Tensor]: Scalars "critic_loss" (to be minimised),
                "wasserstein" and what the subclass adds.
        """
        labels = labels if self.num_classes else None
        with paddle.no_grad():
            fake = self.fake_beside(real, labels, noise)
            if fake.dtype != real.dtype:  # under autocast
                fake = fake.astype(real.dtype)
        score_real, score_fake, logits_real = self._score_both(real, fake, labels)
        wasserstein = losses.wasserstein_estimate(score_real, score_fake)
        terms = {"wasserstein": wasserstein.detach()}
        loss = -wasserstein
        if logits_real is not None:
            acgan = nn.functional.cross_entropy(logits_real, labels)
            terms["acgan"] = acgan.detach()
            loss = loss + self.acgan_scale * acgan
        if self.drift:
            drift = score_real.square().mean()
            terms["drift"] = drift.detach()
            loss = loss + self.drift * drift
        penalty, penalty_terms = self.penalty(real, fake, labels, alpha)
        if penalty is not None:
            loss = loss + penalty
        return {"critic_loss": loss, **terms, **penalty_terms}

    def generator_loss(
        self,
        batch_size: int,
        *,
        noise: Optional[paddle.Tensor] = None,
        labels: Optional[paddle.Tensor] = None,
    ) -> Dict[str, paddle.Tensor]:
        """Loss of the generator, -E[D(G(z))]; it uses no real data.

        Args:
            batch_size (int): Number of samples.
            noise (Optional[paddle.Tensor]): [batch_size, latent_dim]; drawn by default.
            labels (Optional[paddle.Tensor]): [batch_size]; drawn uniformly by default.

        Returns:
            Dict[str, paddle.Tensor]: Scalar "generator_loss", with an ACGAN also
                "generator_acgan".
        """
        if noise is None:
            noise = self.sample_noise(batch_size)
        if labels is None:
            labels = self.sample_labels(batch_size)
        with frozen(self.critic):
            score, logits = self._judge(self._generate(noise, labels), labels)
        loss = -score.mean()
        if logits is None:
            return {"generator_loss": loss}
        acgan = nn.functional.cross_entropy(logits, labels)
        return {
            "generator_loss": loss + self.acgan_scale_generator * acgan,
            "generator_acgan": acgan.detach(),
        }

    def penalty(
        self,
        real: paddle.Tensor,
        fake: paddle.Tensor,
        labels: Optional[paddle.Tensor],
        alpha: Optional[paddle.Tensor],
    ) -> Tuple[Optional[paddle.Tensor], Dict[str, paddle.Tensor]]:
        """Term of the critic's loss that keeps it Lipschitz, and what to record of it."""
        return None, {}

    def constrain_critic(self) -> None:
        """Called after every step of the critic."""

    def check(self, real: paddle.Tensor, labels: Optional[paddle.Tensor]) -> None:
        """Called once before training with two real samples: refuse what can't work."""

    def state_dict(self) -> Dict[str, int]:
        """What a checkpoint has to hold besides the networks, as JSON can hold it."""
        return {}

    def set_state_dict(self, state: Dict[str, int]) -> None:
        """Take up what `state_dict` returned."""

    # scores and samples

    def critic_score(
        self, samples: paddle.Tensor, labels: Optional[paddle.Tensor] = None
    ) -> paddle.Tensor:
        """Critic's scores [B] of samples [B, ...]."""
        return self._judge(samples, labels)[0]

    def fake_beside(
        self,
        real: paddle.Tensor,
        labels: Optional[paddle.Tensor] = None,
        noise: Optional[paddle.Tensor] = None,
    ) -> paddle.Tensor:
        """As many generated samples as there are real ones, [B, ...]."""
        if self.generator is None:
            return real + (paddle.randn(real.shape) if noise is None else noise)
        if noise is None:
            noise = self.sample_noise(real.shape[0])
        return self._generate(noise, labels)

    def sample_noise(self, num_samples: int) -> paddle.Tensor:
        """Standard normal noise, [num_samples, latent_dim]."""
        return paddle.randn([num_samples, self.latent_dim])

    def sample_labels(self, num_samples: int) -> Optional[paddle.Tensor]:
        """Classes drawn uniformly, [num_samples]; None for an unconditional GAN."""
        if not self.num_classes:
            return None
        return paddle.randint(0, self.num_classes, [num_samples])

    @paddle.no_grad()
    def generate(
        self,
        num_samples: int,
        labels: Optional[np.ndarray] = None,
        batch_size: int = 100,
    ) -> np.ndarray:
        """Draw samples from the generator.

        Args:
            num_samples (int): Number of samples.
            labels (Optional[np.ndarray]): Their classes, [num_samples]; drawn uniformly by default.
            batch_size (int, optional): Samples per call of the generator, whose batch norm
                uses the statistics of that batch. Defaults to 100.

        Returns:
            np.ndarray: Samples, float32 [num_samples, ...].
        """
        batches = []
        for start in range(0, num_samples, batch_size):
            size = min(batch_size, num_samples - start)
            batch_labels = self.sample_labels(size)
            if labels is not None:
                batch_labels = paddle.to_tensor(labels[start : start + size])
            # a last batch of a few would have other batch statistics than the rest
            padded = batch_labels
            if padded is not None and size < batch_size:
                padded = paddle.concat([padded, self.sample_labels(batch_size - size)])
            samples = self._generate(self.sample_noise(batch_size), padded)
            batches.append(samples[:size].numpy())
        return np.concatenate(batches)

    # training on the user's own data

    def train(
        self,
        train_data: Union[np.ndarray, io.Dataset, io.DataLoader],
        batch_size: int = 64,
        iterations: int = 100000,
        g_learning_rate: float = 1e-4,
        d_learning_rate: float = 1e-4,
        *,
        output_dir: Optional[str] = None,
        seed: int = 42,
    ) -> BaseGAN:
        """Train both networks.

        Args:
            train_data (Union[np.ndarray, io.Dataset, io.DataLoader]): Real samples: an
                array [N, ...], a data set of samples or (sample, label) pairs, or a
                loader of batches (whose own batch size holds).
            batch_size (int, optional): Real samples per critic step. Defaults to 64.
            iterations (int, optional): Generator iterations. Defaults to 100000.
            g_learning_rate (float, optional): Of the generator. Defaults to 1e-4.
            d_learning_rate (float, optional): Of the critic. Defaults to 1e-4.
            output_dir (Optional[str]): Where to write checkpoints, metrics.jsonl and weights;
                by default nothing is written.
            seed (int, optional): Seed of the order of the data. Defaults to 42.

        Returns:
            BaseGAN: This object, so that `.generate(...)` can follow.

        Raises:
            UserError: If the critic can't be differentiated twice, or the data can't be used.
        """
        if isinstance(train_data, io.DataLoader):
            stream = LoaderStream(train_data)
        else:
            stream = BatchStream(train_data, batch_size, seed)
        solver = AdversarialSolver(
            self,
            stream,
            self.make_optimizer(g_learning_rate)(self.generator),
            self.make_optimizer(d_learning_rate)(self.critic),
            n_critic=self.critic_iters,
            epochs=1,
            iters_per_epoch=iterations,
            log_freq=min(100, iterations),
            output_dir=output_dir,
            seed=seed,
        )
        solver.train()
        return self

    @staticmethod
    def make_optimizer(
        learning_rate: float,
    ) -> Callable[[nn.Layer], optim.Optimizer]:
        """Optimizer that the paper pairs with this GAN."""
        raise NotImplementedError

    # helpers

    def _generate(
        self, noise: paddle.Tensor, labels: Optional[paddle.Tensor]
    ) -> paddle.Tensor:
        if labels is None:
            return self.generator(noise)
        return self.generator(noise, labels)

    def _judge(
        self, samples: paddle.Tensor, labels: Optional[paddle.Tensor]
    ) -> Tuple[paddle.Tensor, Optional[paddle.Tensor]]:
        """Scores [B] and, with an auxiliary classifier, logits [B, num_classes]."""
        output = (
            self.critic(samples) if labels is None else self.critic(samples, labels)
        )
        score, logits = output if isinstance(output, (tuple, list)) else (output, None)
        return score.reshape([samples.shape[0]]), logits

    def _score_both(
        self,
        real: paddle.Tensor,
        fake: paddle.Tensor,
        labels: Optional[paddle.Tensor],
    ) -> Tuple[paddle.Tensor, paddle.Tensor, Optional[paddle.Tensor]]:
        """Scores of real and generated samples and class logits of the real ones."""
        if self._critic_mixes_samples:  # then each half has batch statistics of its own
            score_real, logits_real = self._judge(real, labels)
            return score_real, self._judge(fake, labels)[0], logits_real
        # one batch r0, f0, r1, f1, ...: each sum over it adds a real and a generated sample
        # in turn, so that the output bias gets the gradient zero, without rounding
        both = labels if labels is None else _interleave(labels, labels)
        scores, logits = self._judge(_interleave(real, fake), both)
        pairs = scores.reshape([-1, 2])
        logits_real = None
        if logits is not None:
            logits_real = logits.reshape([-1, 2, logits.shape[1]])[:, 0]
        return pairs[:, 0], pairs[:, 1], logits_real


def _interleave(first: paddle.Tensor, second: paddle.Tensor) -> paddle.Tensor:
    return paddle.stack([first, second], axis=1).reshape([-1, *first.shape[1:]])


def _latent_dim_of(generator: nn.Layer) -> int:
    if hasattr(generator, "latent_dim"):
        return generator.latent_dim
    for layer in generator.sublayers(include_self=True):
        if isinstance(layer, nn.Linear):
            return layer.weight.shape[0]
    raise ValueError(
        "The dimensions of the generator's noise are unknown: give latent_dim=, or the "
        "generator an attribute latent_dim."
    )
