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

"""Two studies of the CIFAR-10 case: one objective beside another on many architectures.

Paper, section 5.1 (architectures drawn at random) and section 5.2 (seven of them by name).
"""

from __future__ import annotations

from typing import Annotated
from typing import List
from typing import Literal
from typing import Optional
from typing import Tuple

from paddle import nn
from pydantic import Field
from pydantic import model_validator
from wgan_gp.models.networks.architectures import NAMED
from wgan_gp.models.networks.architectures import NAMED_HALVINGS
from wgan_gp.models.networks.architectures import RANDOM_HALVINGS
from wgan_gp.models.networks.architectures import draw_architecture
from wgan_gp.models.networks.architectures import random_pair
from wgan_gp.models.networks.plain import check_halvings
from wgan_gp.utils.image_experiment import ImageConfig
from wgan_gp.utils.image_experiment import ImageExperiment
from wgan_gp.utils.image_experiment import Side
from wgan_gp.utils.schema import GANConfig
from wgan_gp.utils.schema import Group

from ppsci.utils import logger
from ppsci_ext.utils.values import Seed
from ppsci_ext.utils.values import Width

STUDY = "architectures"  # MODEL.name
RANDOM = "random"  # MODEL.architecture

# what the configuration may hold


class DrawConfig(Group):
    number: Seed
    seed: Seed
    depths: Annotated[
        List[Annotated[int, Field(ge=RANDOM_HALVINGS + 1, le=200)]], Field(min_length=1)
    ]
    dims: Annotated[List[Width], Field(min_length=1)]


class ArchitectureModelConfig(Group):
    name: Literal[STUDY]
    architecture: Literal[(RANDOM, *NAMED)]
    image_shape: Annotated[List[Side], Field(min_length=3, max_length=3)]
    latent_dim: Width
    dim: Optional[Width]
    draw: Optional[DrawConfig]
    convolution: Literal["auto", "onednn", "paddle"]


class ArchitectureGANConfig(GANConfig):
    name: Literal["wgan_gp", "wgan", "gan", "lsgan"]
    acgan_scale: None  # keys of the case that have no meaning here
    acgan_scale_generator: None


class ArchitectureConfig(ImageConfig):
    MODEL: ArchitectureModelConfig
    GAN: ArchitectureGANConfig

    @model_validator(mode="after")
    def architecture_has_its_keys(self):
        model = self.MODEL
        is_random = model.architecture == RANDOM
        if (model.draw is None) == is_random or (model.dim is None) != is_random:
            one, other = ("draw", "dim") if is_random else ("dim", "draw")
            study = "random_architecture" if is_random else "varied_architectures"
            raise ValueError(
                f"MODEL.architecture={model.architecture} needs MODEL.{one}, and no MODEL.{other}: "
                f"choose it with +experiment={study}"
            )
        return self

    @model_validator(mode="after")
    def images_fit_the_networks(self):
        model = self.MODEL
        is_random = model.architecture == RANDOM
        check_halvings(
            model.image_shape, RANDOM_HALVINGS if is_random else NAMED_HALVINGS
        )
        if model.architecture == "resnet101" and model.dim % 4:
            raise ValueError(
                f"MODEL.dim={model.dim} is refused: MODEL.architecture=resnet101 has a quarter "
                "of it as channels, so that it needs a multiple of 4"
            )
        return self


# the experiment


class ArchitectureStudy(ImageExperiment):
    """One architecture trained by one objective; `-m` goes through both."""

    name = "wgan_gp_cifar"
    schema = ArchitectureConfig

    def build_networks(self) -> Tuple[nn.Layer, nn.Layer]:
        model = self.cfg.MODEL
        shape, latent_dim = list(model.image_shape), model.latent_dim
        # the penalty is of each sample by itself
        norm = "layer" if self.cfg.GAN.name == "wgan_gp" else "batch"
        if model.architecture != RANDOM:
            return NAMED[model.architecture](shape, model.dim, latent_dim, norm)
        draw = model.draw
        architecture = draw_architecture(
            draw.number, draw.seed, list(draw.depths), list(draw.dims)
        )
        logger.info(f"Architecture {draw.number}: {architecture}")
        return random_pair(architecture, shape, latent_dim, norm)
