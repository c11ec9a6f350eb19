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


"""Images, such as CIFAR-10, with the ResNets of gan_cifar_resnet.py (unconditional or with
classes, ACGAN or projection) or the convolutional pair of gan_cifar.py."""

from __future__ import annotations

from os import path as osp
from typing import List
from typing import Literal
from typing import Tuple
from typing import Type

if __name__ == "__main__":
    import bootstrap  # noqa: F401  paths, the CPU's environment, signals

import hydra
from omegaconf import DictConfig
from omegaconf import OmegaConf
from paddle import nn
from pydantic import model_validator
from wgan_gp.models.networks import DCGANCritic
from wgan_gp.models.networks import DCGANGenerator
from wgan_gp.models.networks import ResNetCritic
from wgan_gp.models.networks import ResNetGenerator
from wgan_gp.utils.architecture_experiment import ArchitectureStudy
from wgan_gp.utils.config import launch
from wgan_gp.utils.experiment import Experiment
from wgan_gp.utils.experiment import run
from wgan_gp.utils.image_experiment import ImageConfig
from wgan_gp.utils.image_experiment import ImageExperiment
from wgan_gp.utils.image_experiment import ImageModelConfig
from wgan_gp.utils.schema import GANConfig
from wgan_gp.utils.terms import LossTerm
from wgan_gp.utils.terms import acgan_terms

from ppsci_ext.utils.values import Classes
from ppsci_ext.utils.values import NotNegative

# what the configuration may hold


class ModelConfig(ImageModelConfig):
    name: Literal["dcgan", "resnet"]
    conditional: bool
    conditioning: Literal["acgan", "projection"]
    num_classes: Classes


class ACGANConfig(GANConfig):
    acgan_scale: NotNegative
    acgan_scale_generator: NotNegative


class CIFARConfig(ImageConfig):
    MODEL: ModelConfig
    GAN: ACGANConfig

    @model_validator(mode="after")
    def classes_fit_the_networks(self):
        model = self.MODEL
        if model.conditioning == "projection" and not model.conditional:
            raise ValueError(
                "MODEL.conditioning=projection needs MODEL.conditional=true, without which the "
                "critic gets no labels"
            )
        if model.conditional and model.name == "dcgan":
            raise ValueError(
                "MODEL.conditional=true is for the networks of MODEL.name=resnet: dcgan takes "
                "no labels"
            )
        if model.conditional and model.num_classes < 2:
            raise ValueError(
                "MODEL.conditional=true needs MODEL.num_classes, which should be 2 or more"
            )
        return self

    @model_validator(mode="after")
    def images_fit_the_networks(self):
        _, height, width = self.MODEL.image_shape
        if self.MODEL.name == "resnet" and (height % 8 or width % 8):
            raise ValueError(
                f"MODEL.image_shape={self.MODEL.image_shape} is refused: MODEL.name=resnet needs "
                "a height and a width that are multiples of 8; use MODEL.name=dcgan or resize "
                "the images"
            )
        return self


# the experiment


class CIFAR(ImageExperiment):
    """A residual or a convolutional pair learns images in [-1, 1]."""

    name = "wgan_gp_cifar"
    schema = CIFARConfig
    paper = "{MODEL.name}_{GAN.name}"

    @classmethod
    def chosen_by(cls, cfg: DictConfig) -> Type[Experiment]:
        """A study of other architectures, where +experiment=... has put its keys."""
        other = OmegaConf.select(cfg, "MODEL.architecture")
        return cls if other is None else ArchitectureStudy

    @property
    def num_classes(self) -> int:
        return self.cfg.MODEL.num_classes if self.cfg.MODEL.conditional else 0

    def build_networks(self) -> Tuple[nn.Layer, nn.Layer]:
        model = self.cfg.MODEL
        shape, dim, latent_dim = model.image_shape, model.dim, model.latent_dim
        if model.name == "resnet":
            generator = ResNetGenerator(shape, dim, latent_dim, self.num_classes)
            critic = ResNetCritic(
                shape[0], dim, self.num_classes, model.conditioning, model.critic_norm
            )
        else:
            generator = DCGANGenerator(
                shape, dim, latent_dim, model.generator_batch_norm, output="tanh"
            )
            critic = DCGANCritic(shape, dim, model.critic_norm)
        return generator, critic

    def loss_terms(self) -> List[LossTerm]:
        terms = super().loss_terms()
        if self.num_classes and self.cfg.MODEL.conditioning == "acgan":
            gan = self.cfg.GAN
            terms = acgan_terms(gan.acgan_scale, gan.acgan_scale_generator) + terms
        return terms


@hydra.main(version_base=None, config_path="../conf", config_name=f"{CIFAR.name}.yaml")
def main(cfg: DictConfig) -> None:
    run(CIFAR, cfg)


if __name__ == "__main__":
    launch(CIFAR, main, osp.join(osp.dirname(__file__), "../conf"))
