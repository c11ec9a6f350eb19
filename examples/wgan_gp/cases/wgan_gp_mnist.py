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


"""Grey images, such as MNIST, with the convolutional pair of gan_mnist.py."""

from __future__ import annotations

from os import path as osp
from typing import Tuple

if __name__ == "__main__":
    import bootstrap  # noqa: F401  paths, the CPU's environment, signals

import hydra
from omegaconf import DictConfig
from paddle import nn
from wgan_gp.models.networks import DCGANCritic
from wgan_gp.models.networks import DCGANGenerator
from wgan_gp.utils.config import launch
from wgan_gp.utils.experiment import run
from wgan_gp.utils.image_experiment import ImageConfig
from wgan_gp.utils.image_experiment import ImageExperiment


class MNIST(ImageExperiment):
    """A convolutional pair learns digits in [0, 1]."""

    name = "wgan_gp_mnist"
    schema = ImageConfig
    paper = "mnist_{GAN.name}"

    def build_networks(self) -> Tuple[nn.Layer, nn.Layer]:
        model = self.cfg.MODEL
        generator = DCGANGenerator(
            model.image_shape,
            model.dim,
            model.latent_dim,
            batch_norm=model.generator_batch_norm,
            output="sigmoid",
        )
        critic = DCGANCritic(model.image_shape, model.dim, norm=model.critic_norm)
        return generator, critic


@hydra.main(version_base=None, config_path="../conf", config_name=f"{MNIST.name}.yaml")
def main(cfg: DictConfig) -> None:
    run(MNIST, cfg)


if __name__ == "__main__":
    launch(MNIST, main, osp.join(osp.dirname(__file__), "../conf"))
