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

from typing import Any
from typing import Callable
from typing import Dict
from typing import Optional

from paddle import nn
from paddle import optimizer as optim
from wgan_gp.models.base_gan import BaseGAN
from wgan_gp.utils import losses

from ppsci_ext.optimizer import RMSProp
from ppsci_ext.utils.values import Positive
from ppsci_ext.utils.values import check_value


class WGAN(BaseGAN):
    """Wasserstein GAN with weight clipping (Arjovsky et al. 2017, algorithm 1).

    Args:
        generator (Optional[nn.Layer]): Noise (and labels) to samples; see BaseGAN.
        discriminator (nn.Layer): The critic; batch norm is allowed.
        clip_value (float, optional): Largest magnitude of a weight. Defaults to 0.01.
        critic_iters (int, optional): Critic steps per generator step. Defaults to 5.
        **kwargs: latent_dim, num_classes, conditional, terms and adversarial_weight of BaseGAN.
    """

    def __init__(
        self,
        generator: Optional[nn.Layer],
        discriminator: nn.Layer,
        clip_value: float = 0.01,
        critic_iters: int = 5,
        **kwargs,
    ):
        super().__init__(generator, discriminator, critic_iters, **kwargs)
        self.clip_value = check_value("clip_value", clip_value, Positive)

    def settings(self) -> Dict[str, Any]:
        return {**super().settings(), "clip_value": self.clip_value}

    def constrain_critic(self) -> None:
        losses.clip_weights(self.critic, self.clip_value)

    @staticmethod
    def make_optimizer(learning_rate: float) -> Callable[[nn.Layer], optim.Optimizer]:
        """RMSProp, as in the authors' code."""
        return RMSProp(learning_rate)
