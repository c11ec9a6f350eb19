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

import sys
from os import path as osp
from typing import Dict
from typing import Optional

CASES = osp.dirname(osp.abspath(__file__))
ROOT = osp.dirname(osp.dirname(osp.dirname(CASES)))
sys.path[:0] = [ROOT, osp.join(ROOT, "examples")]

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import hydra
import numpy as np
import paddle
from omegaconf import DictConfig

from ppsci_ext.data import BatchStream
from ppsci_ext.data import toy_distribution
from ppsci_ext.data import toy_training_source
from wgan_gp.models import BaseGAN
from wgan_gp.models import build_gan
from wgan_gp.models import build_solver
from wgan_gp.models.networks import MLPCritic
from wgan_gp.models.networks import MLPGenerator
from wgan_gp.utils import config
from wgan_gp.utils import experiment
from wgan_gp.utils import visualization
from wgan_gp.utils.metrics import toy_metrics

CASE = "wgan_gp_toy"
PICTURED_SAMPLES = 512
SURFACE_LIMIT = 2.3  # the Swiss roll reaches to 2
SURFACE_POINTS = 128


def build_networks(cfg: DictConfig) -> BaseGAN:
    """Generator and critic, and the loss they are trained by."""
    generator = None
    if not cfg.GAN.fixed_generator:
        generator = MLPGenerator(cfg.MODEL.dim, cfg.MODEL.latent_dim)
    return build_gan(cfg, generator, MLPCritic(cfg.MODEL.dim))


def real_points(cfg: DictConfig, count: int) -> np.ndarray:
    """Points of the distribution, the same ones for every picture of a run."""
    rng = np.random.default_rng(cfg.seed)
    return toy_distribution(cfg.DATA.name).sample(count, rng)


def draw_surface(cfg: DictConfig, gan: BaseGAN, path: str) -> None:
    """Draw the critic's values with real and generated points (paper, figure 1a)."""
    axis = np.linspace(-SURFACE_LIMIT, SURFACE_LIMIT, SURFACE_POINTS, dtype="float32")
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    fake: Optional[np.ndarray] = None
    with paddle.no_grad():
        values = gan.critic_score(paddle.to_tensor(grid)).numpy()
    if gan.generator is not None:
        fake = gan.generate(PICTURED_SAMPLES, batch_size=PICTURED_SAMPLES)
    visualization.save_value_surface(
        values.reshape(SURFACE_POINTS, SURFACE_POINTS),
        (-SURFACE_LIMIT, SURFACE_LIMIT),
        real_points(cfg, PICTURED_SAMPLES),
        fake,
        path,
    )


def draw_points(cfg: DictConfig, fake: Optional[np.ndarray], path: str) -> None:
    """Draw real and generated points alone."""
    real = real_points(cfg, PICTURED_SAMPLES if fake is None else len(fake))
    visualization.save_points((-SURFACE_LIMIT, SURFACE_LIMIT), real, fake, path)


def train(cfg: DictConfig) -> None:
    gan = build_networks(cfg)
    source = toy_training_source(cfg.DATA.name, cfg.seed)
    solver = build_solver(
        cfg,
        gan,
        BatchStream(source, cfg.TRAIN.batch_size, cfg.seed),
        evaluator=lambda: score(cfg, gan),
        reporter=experiment.reporter(
            lambda path: draw_surface(cfg, gan, path),
            lambda path: draw_points(cfg, None, path),
        ),
    )
    solver.train()


def score(cfg: DictConfig, gan: BaseGAN) -> Dict[str, float]:
    samples = gan.generate(cfg.EVAL.num_samples, batch_size=cfg.EVAL.batch_size)
    return toy_metrics(samples, toy_distribution(cfg.DATA.name), cfg.seed)


def evaluate(cfg: DictConfig) -> None:
    gan = build_networks(cfg)
    weights = experiment.load_generator(cfg, gan.generator)
    experiment.write_eval(cfg, CASE, weights, score(cfg, gan))


def export(cfg: DictConfig) -> None:
    experiment.export_generator(cfg, build_networks(cfg).generator)


def inference(cfg: DictConfig) -> None:
    arrays = experiment.sample_exported(cfg)
    draw_points(cfg, arrays["samples"], osp.join(cfg.output_dir, "samples.png"))
    experiment.write_samples(cfg, arrays)


@hydra.main(version_base=None, config_path="../conf", config_name=f"{CASE}.yaml")
def main(cfg: DictConfig) -> None:
    modes = {
        "train": train,
        "eval": evaluate,
        "export": export,
        "infer": inference,
    }
    experiment.run(cfg, modes)


if __name__ == "__main__":
    config.launch(main, osp.join(CASES, "..", "conf"), CASE)
