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

from wgan_gp.models.networks.dcgan import DCGANCritic
from wgan_gp.models.networks.dcgan import DCGANGenerator
from wgan_gp.models.networks.fields import FieldCritic
from wgan_gp.models.networks.fields import FieldGenerator
from wgan_gp.models.networks.fields import TransposedGenerator
from wgan_gp.models.networks.mlp import MLPCritic
from wgan_gp.models.networks.mlp import MLPGenerator
from wgan_gp.models.networks.pigan import PIGANGenerator
from wgan_gp.models.networks.pigan import SensorCritic
from wgan_gp.models.networks.resnet import ResNetCritic
from wgan_gp.models.networks.resnet import ResNetGenerator

__all__ = [
    "DCGANCritic",
    "DCGANGenerator",
    "FieldCritic",
    "FieldGenerator",
    "MLPCritic",
    "MLPGenerator",
    "PIGANGenerator",
    "ResNetCritic",
    "ResNetGenerator",
    "SensorCritic",
    "TransposedGenerator",
]
