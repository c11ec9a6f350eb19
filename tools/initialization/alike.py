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

"""This project and the port from the same weights on the same data, noise and interpolates.

Whatever is left between them is rounding, or a fault.
"""

from __future__ import annotations

import tempfile
from typing import Any
from typing import Dict
from typing import Iterator
from typing import List
from typing import Tuple

import numpy as np
import paddle
import torch
from omegaconf import DictConfig
from wgan_gp.cases.wgan_gp_toy import Toy
from wgan_gp.models import WGAN_GP

from benchmarks.plain_torch import Trainer
from ppsci.utils import misc
from ppsci_ext.data import BatchStream
from tools.initialization import runs

NUDGED_ITERATIONS = 100
HORIZONS = (1, 10, 100, 1000)  # iterations up to which deviations are told


class Draws:
    """Noise and positions on the segments, in the order in which they are asked for.

    Args:
        seed (int): Equal seeds draw equal numbers.
    """

    def __init__(self, seed: int):
        self._rng = np.random.default_rng([seed, 1])

    def noise(self, size: int, latent_dim: int) -> np.ndarray:
        return self._rng.standard_normal((size, latent_dim), dtype=np.float32)

    def alpha(self, size: int) -> np.ndarray:
        return self._rng.random((size, 1), dtype=np.float32)


class GivenGAN(WGAN_GP):
    """WGAN-GP whose noise is given and whose critic's losses are kept.

    Args:
        draws (Draws): Noise.
        *args, **kwargs: Those of WGAN_GP.
    """

    def __init__(self, draws: Draws, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.draws = draws
        self.losses: List[paddle.Tensor] = []

    def critic_loss(self, real, condition=None, **_: Any) -> Dict[str, paddle.Tensor]:
        size = real.shape[0]
        noise = paddle.to_tensor(self.draws.noise(size, *self.latent_shape))
        alpha = paddle.to_tensor(self.draws.alpha(size))
        terms = super().critic_loss(real, condition, noise=noise, alpha=alpha)
        self.losses.append(terms["critic_loss"].detach())
        return terms

    def generator_loss(
        self, batch_size, *_: Any, **__: Any
    ) -> Dict[str, paddle.Tensor]:
        noise = paddle.to_tensor(self.draws.noise(batch_size, *self.latent_shape))
        return super().generator_loss(batch_size, noise=noise)


class GivenTrainer(Trainer):
    """The port, whose noise is given and whose critic's losses are kept.

    Args:
        draws (Draws): Noise.
        *args: Those of Trainer.
    """

    def __init__(self, draws: Draws, *args: Any):
        super().__init__(*args)
        self.draws = draws
        self.losses: List[torch.Tensor] = []

    def noise(self, size: int) -> torch.Tensor:
        return torch.from_numpy(self.draws.noise(size, *self.latent_shape))

    def alpha(self, size: int) -> torch.Tensor:
        return torch.from_numpy(self.draws.alpha(size))

    def critic_loss(self, *args: Any) -> Dict[str, torch.Tensor]:
        terms = super().critic_loss(*args)
        self.losses.append(terms["critic_loss"].detach())
        return terms


def compare(seed: int, overrides: Tuple[str, ...] = ()) -> Dict[str, Any]:
    """Train both; how far they come apart, and the scores of each.

    Args:
        seed (int): Seed of weights, data and noise.
        overrides (Tuple[str, ...], optional): KEY=VALUE for a shorter run. Defaults to none.

    Returns:
        Dict[str, Any]: "loss_deviation": largest difference of the critic's losses up to an
            iteration, relative to the largest loss until then, by iteration; "scores" of both
            sides at the end.
    """
    with tempfile.TemporaryDirectory() as folder:
        cfg, experiment, gan = given_gan(seed, folder, overrides)
        trainer = given_trainer(cfg, experiment, gan)
        experiment.build_solver(gan, experiment.load_data("train")).train()
    iterate(trainer, cfg)
    noise = Draws(seed + 1).noise(runs.SAMPLES, cfg.MODEL.latent_dim)
    with torch.no_grad():
        theirs = trainer.generator(torch.from_numpy(noise)).numpy()
        ours = gan.generator(paddle.to_tensor(noise)).numpy()
    return {
        "seed": seed,
        "loss_deviation": deviations(gan.losses, trainer.losses, cfg.GAN.n_critic),
        "scores": {
            "project": runs.scores(ours, cfg.DATA.name),
            "port": runs.scores(theirs, cfg.DATA.name),
        },
    }


def nudge(seed: int, overrides: Tuple[str, ...] = ()) -> Dict[str, float]:
    """What rounding does: the port beside itself, its first weights apart by one part in 2^23.

    Args:
        seed (int): Seed of weights, data and noise.
        overrides (Tuple[str, ...], optional): KEY=VALUE for a shorter run. Defaults to none.

    Returns:
        Dict[str, float]: Largest difference of the critic's losses, as `compare` has it.
    """
    short = (f"TRAIN.iters_per_epoch={NUDGED_ITERATIONS}", *overrides)
    losses = []
    for factor in (1.0, 1.0 + 2.0**-23):
        with tempfile.TemporaryDirectory() as folder:
            cfg, experiment, gan = given_gan(seed, folder, short)
            trainer = given_trainer(cfg, experiment, gan)
        with torch.no_grad():
            for parameter in (
                *trainer.generator.parameters(),
                *trainer.critic.parameters(),
            ):
                parameter.mul_(factor)
        iterate(trainer, cfg)
        losses.append(trainer.losses)
    return deviations(losses[1], losses[0], cfg.GAN.n_critic)


def given_gan(
    seed: int, folder: str, overrides: Tuple[str, ...]
) -> Tuple[DictConfig, Toy, GivenGAN]:
    """Configuration, case and networks at the paper's setting, from a seed."""
    arm = runs.Arm("project", "paper", "paper")
    cfg = runs.configuration(arm, seed, folder, overrides)
    misc.set_random_seed(seed)
    experiment = Toy(cfg)
    networks = experiment.build_networks()
    return cfg, experiment, GivenGAN(Draws(seed), *networks, cfg.GAN.lambda_gp)


def given_trainer(cfg: DictConfig, experiment: Toy, gan: GivenGAN) -> GivenTrainer:
    """The port with the weights of `gan`, on the same data and noise."""
    stream = experiment.build_stream(experiment.load_data("train"))
    trainer = GivenTrainer(Draws(cfg.seed), runs.as_mapping(cfg), as_torch(stream))
    runs.copy_weights(gan, trainer)
    return trainer


def iterate(trainer: Trainer, cfg: DictConfig) -> None:
    """Train the port for as long as the configuration says."""
    runs.iterate(trainer, cfg.TRAIN.epochs * cfg.TRAIN.iters_per_epoch)


def as_torch(stream: BatchStream) -> Iterator[Tuple[torch.Tensor, None]]:
    """The same batches as tensors of PyTorch."""
    for real, _ in stream:
        yield torch.from_numpy(real.numpy()), None


def deviations(ours: List, theirs: List, steps: int) -> Dict[str, float]:
    """Largest difference of losses, relative to the largest loss, up to each of HORIZONS.

    Args:
        ours (List): Losses of this project.
        theirs (List): Losses of the port.
        steps (int): Losses an iteration.

    Raises:
        ValueError: If the two sides have not taken as many steps.
    """
    a, b = (np.array([float(loss) for loss in each]) for each in (ours, theirs))
    if len(a) != len(b):
        raise ValueError(f"{len(b)} losses beside {len(a)}")
    until = [h for h in HORIZONS if h * steps <= len(a)] or [len(a) // steps]
    return {
        str(h): float(
            np.abs(a[: h * steps] - b[: h * steps]).max() / np.abs(b[: h * steps]).max()
        )
        for h in until
    }
