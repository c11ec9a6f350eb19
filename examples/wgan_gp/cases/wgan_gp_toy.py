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


"""Toy distributions in the plane (gan_toy.py): 8 Gaussians, 25 Gaussians, Swiss roll."""

from __future__ import annotations

from os import path as osp
from typing import Any
from typing import Dict
from typing import Literal
from typing import Optional
from typing import Tuple

if __name__ == "__main__":
    import bootstrap  # noqa: F401  paths, the CPU's environment, signals

import hydra
import numpy as np
import paddle
from omegaconf import DictConfig
from paddle import nn
from pydantic import Field
from pydantic import model_validator
from typing_extensions import Annotated
from wgan_gp.models import BaseGAN
from wgan_gp.models.networks import MLPCritic
from wgan_gp.models.networks import MLPGenerator
from wgan_gp.models.networks.initialization import INITIALIZATIONS
from wgan_gp.utils import visualization
from wgan_gp.utils.config import launch
from wgan_gp.utils.experiment import Experiment
from wgan_gp.utils.experiment import run
from wgan_gp.utils.metrics import toy_metrics
from wgan_gp.utils.schema import CaseConfig
from wgan_gp.utils.schema import EvalConfig
from wgan_gp.utils.schema import GANConfig
from wgan_gp.utils.schema import Group

from ppsci_ext.data import TOY_NAMES
from ppsci_ext.data import toy_distribution
from ppsci_ext.data import toy_training_source
from ppsci_ext.solver.critic_steps import is_adaptive
from ppsci_ext.utils.values import Width

SURFACE_LIMIT = 2.3  # the Swiss roll reaches to 2
SURFACE_POINTS = 128


# what the configuration may hold


class DataConfig(Group):
    name: Literal[TOY_NAMES]


class ModelConfig(Group):
    dim: Width
    latent_dim: Width
    initialization: Literal[tuple(INITIALIZATIONS)]


class ToyGANConfig(GANConfig):
    fixed_generator: bool


class ToyEvalConfig(EvalConfig):
    # the exact Wasserstein distance keeps a matrix of num_samples x num_samples
    num_samples: Annotated[int, Field(ge=2, le=20000)]


class ToyConfig(CaseConfig):
    DATA: DataConfig
    MODEL: ModelConfig
    GAN: ToyGANConfig
    EVAL: ToyEvalConfig

    @model_validator(mode="after")
    def fixed_generator_is_only_trained_against(self):
        if not self.GAN.fixed_generator:
            return self
        for key, given in (
            (f"mode={self.mode}", self.mode != "train"),
            ("TRAIN.eval_during_train=true", self.TRAIN.eval_during_train),
            ("TRAIN.ema.use_ema=true", self.TRAIN.ema.use_ema),
            ("an adaptive GAN.n_critic", is_adaptive(self.GAN.n_critic)),
        ):
            if given:
                raise ValueError(
                    f"GAN.fixed_generator=true leaves {key} without a generator: do "
                    "without one of the two"
                )
        return self


# the experiment


class Toy(Experiment):
    """A multilayer perceptron learns a distribution in the plane."""

    name = "wgan_gp_toy"
    schema = ToyConfig
    paper = "toy_{GAN.name}"
    pictured = 512
    drawn_scores = ("modes_covered", "high_quality", "W1", "W2")

    def load_data(self, split: str) -> Any:
        if split == "test":
            return None
        return toy_training_source(self.cfg.DATA.name, self.cfg.seed)

    def build_networks(self) -> Tuple[Optional[nn.Layer], nn.Layer]:
        model = self.cfg.MODEL
        initial = {"initialization": model.initialization}
        generator = None
        if not self.cfg.GAN.fixed_generator:
            generator = MLPGenerator(model.dim, model.latent_dim, **initial)
        return generator, MLPCritic(model.dim, **initial)

    def score(self, gan: BaseGAN) -> Dict[str, float]:
        evaluation = self.cfg.EVAL
        samples = gan.generate(evaluation.num_samples, batch_size=evaluation.batch_size)
        return toy_metrics(samples, toy_distribution(self.cfg.DATA.name), self.cfg.seed)

    def draw_training(self, gan: BaseGAN, path: str) -> None:
        """The critic's values with real and generated points (paper, figure 1a)."""
        axis = np.linspace(
            -SURFACE_LIMIT, SURFACE_LIMIT, SURFACE_POINTS, dtype="float32"
        )
        grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        with paddle.no_grad():
            values = gan.critic_score(paddle.to_tensor(grid)).numpy()
        visualization.save_value_surface(
            values.reshape(SURFACE_POINTS, SURFACE_POINTS),
            (-SURFACE_LIMIT, SURFACE_LIMIT),
            self.real_points(self.pictured),
            None
            if gan.generator is None
            else gan.generate(self.pictured, batch_size=self.pictured),
            path,
        )

    def draw_real(self, path: str) -> None:
        real = self.real_points(self.pictured)
        visualization.save_points((-SURFACE_LIMIT, SURFACE_LIMIT), real, None, path)

    def draw_samples(self, samples: np.ndarray, path: str) -> None:
        real = self.real_points(len(samples))
        visualization.save_points((-SURFACE_LIMIT, SURFACE_LIMIT), real, samples, path)

    def real_points(self, count: int) -> np.ndarray:
        """Points of the distribution, the same ones for every picture of a run."""
        rng = np.random.default_rng(self.cfg.seed)
        return toy_distribution(self.cfg.DATA.name).sample(count, rng)


@hydra.main(version_base=None, config_path="../conf", config_name=f"{Toy.name}.yaml")
def main(cfg: DictConfig) -> None:
    run(Toy, cfg)


if __name__ == "__main__":
    launch(Toy, main, osp.join(osp.dirname(__file__), "../conf"))
