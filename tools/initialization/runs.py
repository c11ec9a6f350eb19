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

"""One training of the toy case, by this project or by a plain PyTorch port, and its scores."""

from __future__ import annotations

import tempfile
from typing import Any
from typing import Dict
from typing import Mapping
from typing import NamedTuple
from typing import Tuple

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np
import torch
from omegaconf import DictConfig
from omegaconf import OmegaConf
from paddle import nn
from paddle.nn import initializer
from wgan_gp.cases.wgan_gp_toy import Toy
from wgan_gp.models import BaseGAN

from benchmarks.plain_torch import Trainer
from benchmarks.torch_worker import gaussians
from ppsci.utils import misc
from ppsci_ext.data import toy_distribution
from ppsci_ext.metric import exact_wasserstein
from ppsci_ext.metric import mode_coverage
from tools.zoo.cases import configured

SAMPLES = 1000  # half of mode=eval's: exact distances take n^3
NEAR = 0.2  # distance to a mode; three standard deviations are 0.042
SETTINGS: Dict[str, Tuple[str, ...]] = {
    # the paper's learning rate and batch, at a quarter of its width
    "paper": ("MODEL.dim=128", "TRAIN.epochs=1", "TRAIN.iters_per_epoch=1000"),
    "preset": ("preset=cpu",),
}


class Arm(NamedTuple):
    """What is trained once for each seed.

    Attributes:
        side (str): "project", or "port" for plain PyTorch.
        weights (str): How they begin: "paper"; "framework", as PyTorch's linear layers do; or
            "paddle", as Paddle's do.
        setting (str): Row of SETTINGS.
    """

    side: str
    weights: str
    setting: str

    @property
    def name(self) -> str:
        return "_".join(self)


ARMS = {
    arm.name: arm
    for arm in (
        Arm("project", "paper", "paper"),
        Arm("port", "paper", "paper"),
        Arm("project", "framework", "paper"),
        Arm("port", "framework", "paper"),
        Arm("project", "paddle", "paper"),
        Arm("project", "paper", "preset"),
        Arm("project", "framework", "preset"),
    )
}


def configuration(
    arm: Arm, seed: int, folder: str, overrides: Tuple[str, ...] = ()
) -> DictConfig:
    """The toy case's, on 8 Gaussians.

    Args:
        arm (Arm): Setting and initial weights.
        seed (int): Seed.
        folder (str): Where a run may write.
        overrides (Tuple[str, ...], optional): KEY=VALUE that win. Defaults to none.
    """
    framework = arm.weights == "framework"
    return configured(
        Toy,
        [
            *SETTINGS[arm.setting],
            f"MODEL.initialization={'framework' if framework else 'paper'}",
            f"seed={seed}",
            f"output_dir={folder}",
            "TRAIN.save_freq=0",
            *overrides,
        ],
    )


def run(arm: Arm, seed: int, overrides: Tuple[str, ...] = ()) -> Dict[str, float]:
    """Train once; the scores.

    Args:
        arm (Arm): What to train.
        seed (int): Seed of weights, data and noise.
        overrides (Tuple[str, ...], optional): KEY=VALUE for a shorter run. Defaults to none.
    """
    with tempfile.TemporaryDirectory() as folder:
        cfg = configuration(arm, seed, folder, overrides)
        misc.set_random_seed(seed)
        experiment = Toy(cfg)
        gan = experiment.build_gan()
        if arm.side == "port":
            return scores(train_port(cfg, arm, gan), cfg.DATA.name)
        if arm.weights == "paddle":
            for network in (gan.generator, gan.critic):
                begin_as_paddle(network)
        experiment.build_solver(gan, experiment.load_data("train")).train()
    return scores(gan.generate(SAMPLES, batch_size=SAMPLES), cfg.DATA.name)


def begin_as_paddle(network: nn.Layer) -> None:
    """Initial weights of Paddle's linear layers, in place: Glorot's, and zero biases."""
    for parameter in network.parameters():
        if parameter.ndim == 2:
            initializer.XavierUniform()(parameter)


def train_port(cfg: DictConfig, arm: Arm, gan: BaseGAN) -> np.ndarray:
    """Train the networks of the port; samples of its generator.

    Args:
        cfg (DictConfig): Configuration.
        arm (Arm): With the weights "paper" it begins with those of `gan`, else with its own.
        gan (BaseGAN): This project's networks.
    """
    torch.manual_seed(cfg.seed)
    trainer = Trainer(as_mapping(cfg), gaussians(cfg.TRAIN.batch_size))
    if arm.weights == "paper":
        copy_weights(gan, trainer)
    iterate(trainer, cfg.TRAIN.epochs * cfg.TRAIN.iters_per_epoch)
    return sample_port(trainer)


def as_mapping(cfg: DictConfig) -> Mapping[str, Any]:
    return OmegaConf.to_container(cfg, resolve=True)


def iterate(trainer: Trainer, iterations: int) -> None:
    """Train the port; the first iteration leaves the generator's step out, as the authors' does."""
    for iteration in range(iterations):
        if iteration > 0:
            trainer.generator_step()
        for _ in range(trainer.gan["n_critic"]):
            trainer.critic_step()


@torch.no_grad()
def sample_port(trainer: Trainer) -> np.ndarray:
    """SAMPLES points of its generator, [SAMPLES, 2]."""
    return trainer.generator(trainer.noise(SAMPLES)).numpy()


def pairs_of(
    gan: BaseGAN, trainer: Trainer
) -> Tuple[Tuple[nn.Layer, torch.nn.Module], ...]:
    """Each of this project's networks and its twin."""
    return (gan.generator, trainer.generator), (gan.critic, trainer.critic)


@torch.no_grad()
def copy_weights(gan: BaseGAN, trainer: Trainer) -> None:
    """This project's weights into the port, whose matrices are the transposed ones."""
    for network, twin in pairs_of(gan, trainer):
        targets = dict(twin.named_parameters())
        for name, parameter in network.named_parameters():
            targets[name].copy_(torch.from_numpy(parameter.numpy().T.copy()))


def scores(samples: np.ndarray, name: str) -> Dict[str, float]:
    """Modes covered, shares of good samples and W2 to as many real points.

    Args:
        samples (np.ndarray): Generated points, [n, 2].
        name (str): Distribution, a mixture of Gaussians.
    """
    distribution = toy_distribution(name)
    real = distribution.sample(len(samples), np.random.default_rng(0))
    strict = mode_coverage(samples, distribution.centers, distribution.std)
    loose = mode_coverage(samples, distribution.centers, NEAR / 3)
    return {
        "modes_covered": strict["modes_covered"],
        "high_quality": strict["high_quality"],
        "near": loose["high_quality"],
        "W2": exact_wasserstein(samples, real)[1],
    }
