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

from __future__ import annotations

from wgan_gp.models.base_gan import BaseGAN
from wgan_gp.models.build import build_gan
from wgan_gp.models.build import build_solver
from wgan_gp.models.build import choose_convolution
from wgan_gp.models.gan import GAN
from wgan_gp.models.gan import LSGAN
from wgan_gp.models.wgan import WGAN
from wgan_gp.models.wgan_gp import WGAN_GP

__all__ = [
    "BaseGAN",
    "GAN",
    "LSGAN",
    "WGAN",
    "WGAN_GP",
    "build_gan",
    "build_solver",
    "choose_convolution",
]
