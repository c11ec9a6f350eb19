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

"""CIFAR-10, or own images, with the ResNets of gan_cifar_resnet.py (unconditional or with
classes, ACGAN or projection) or the convolutional pair of gan_cifar.py."""

from __future__ import annotations

import sys
from os import path as osp

CASES = osp.dirname(osp.abspath(__file__))
ROOT = osp.dirname(osp.dirname(osp.dirname(CASES)))
sys.path[:0] = [ROOT, osp.join(ROOT, "examples")]

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import hydra
from omegaconf import DictConfig

from wgan_gp.models import BaseGAN
from wgan_gp.models import build_gan
from wgan_gp.models import build_solver
from wgan_gp.models import choose_convolution
from wgan_gp.models.networks import DCGANCritic
from wgan_gp.models.networks import DCGANGenerator
from wgan_gp.models.networks import ResNetCritic
from wgan_gp.models.networks import ResNetGenerator
from wgan_gp.utils import config
from wgan_gp.utils import experiment
from wgan_gp.utils import image_case

CASE = "wgan_gp_cifar"


def build_networks(cfg: DictConfig) -> BaseGAN:
    """Generator and critic, and the loss they are trained by."""
    shape, dim, latent_dim = (
        cfg.MODEL.image_shape,
        cfg.MODEL.dim,
        cfg.MODEL.latent_dim,
    )
    num_classes = cfg.MODEL.num_classes if cfg.MODEL.conditional else 0
    if cfg.MODEL.name == "resnet":
        generator = ResNetGenerator(shape, dim, latent_dim, num_classes)
        critic = ResNetCritic(
            shape[0], dim, num_classes, cfg.MODEL.conditioning, cfg.MODEL.critic_norm
        )
    else:
        generator = DCGANGenerator(
            shape, dim, latent_dim, cfg.MODEL.generator_batch_norm, output="tanh"
        )
        critic = DCGANCritic(shape, dim, cfg.MODEL.critic_norm)
    choose_convolution(cfg.MODEL.convolution, generator, critic)
    return build_gan(cfg, generator, critic, num_classes)


def train(cfg: DictConfig) -> None:
    data = image_case.load_split(cfg, "train")
    gan = build_networks(cfg)
    stream = image_case.build_stream(cfg, data)
    solver = build_solver(cfg, gan, stream, **image_case.hooks(cfg, gan, data))
    solver.train()


def evaluate(cfg: DictConfig) -> None:
    image_case.evaluate(cfg, CASE, build_networks(cfg))


def export(cfg: DictConfig) -> None:
    experiment.export_generator(cfg, build_networks(cfg).generator)


@hydra.main(version_base=None, config_path="../conf", config_name=f"{CASE}.yaml")
def main(cfg: DictConfig) -> None:
    modes = {
        "train": train,
        "eval": evaluate,
        "export": export,
        "infer": image_case.infer,
    }
    experiment.run(cfg, modes)


if __name__ == "__main__":
    config.launch(main, osp.join(CASES, "..", "conf"), CASE)
