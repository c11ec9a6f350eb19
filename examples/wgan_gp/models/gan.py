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

"""GANs whose critics are not kept Lipschitz: what the paper compares WGAN-GP with."""

from __future__ import annotations

import math
from typing import Callable
from typing import Dict
from typing import Optional
from typing import Tuple

import paddle
from paddle import nn
from paddle import optimizer as optim
from wgan_gp.models.base_gan import BaseGAN
from wgan_gp.utils import losses

from ppsci_ext.optimizer import Adam
from ppsci_ext.optimizer import RMSProp
from ppsci_ext.solver import NCritic
from ppsci_ext.solver.critic_steps import is_adaptive
from ppsci_ext.utils import UserError


class _UnconstrainedGAN(BaseGAN):
    """A GAN with one critic step per generator step, and no Wasserstein estimate.

    Args:
        generator (Optional[nn.Layer]): Noise (and labels) to samples; see BaseGAN.
        discriminator (nn.Layer): The critic; batch norm is allowed.
        critic_iters (NCritic, optional): Critic steps per generator step: a number or a
            schedule. Defaults to 1.
        **kwargs: latent_dim, num_classes, conditional, terms and adversarial_weight of BaseGAN.

    Raises:
        UserError: If critic_iters is an adaptive rule, which goes by the Wasserstein estimate.
    """

    def __init__(
        self,
        generator: Optional[nn.Layer],
        discriminator: nn.Layer,
        critic_iters: NCritic = 1,
        **kwargs,
    ):
        super().__init__(generator, discriminator, critic_iters, **kwargs)
        if is_adaptive(critic_iters):
            raise UserError(
                f"critic_iters={critic_iters} is refused: an adaptive number of steps goes by "
                f"the Wasserstein estimate, which a {type(self).__name__} has none of; give a "
                "number or a schedule."
            )


class GAN(_UnconstrainedGAN):
    """The standard GAN with the non-saturating loss (Goodfellow et al. 2014).

    The critic's scores are logits. In place of the Wasserstein estimate "jensen_shannon" is
    recorded, log 2 less the critic's cross-entropy: a lower bound, in nats, of the Jensen-Shannon
    divergence between data and samples, which is at most log 2 = 0.69. It falls as the samples get
    better, and is negative of a critic that does worse than one that doesn't look.
    """

    def critic_objective(
        self, score_real: paddle.Tensor, score_fake: paddle.Tensor
    ) -> Tuple[paddle.Tensor, Dict[str, paddle.Tensor]]:
        loss = losses.cross_entropy(score_real, score_fake)
        return loss, {"jensen_shannon": math.log(2) - loss.detach()}

    def generator_objective(self, score_fake: paddle.Tensor) -> paddle.Tensor:
        return losses.non_saturating(score_fake)

    @staticmethod
    def make_optimizer(learning_rate: float) -> Callable[[nn.Layer], optim.Optimizer]:
        """Adam with beta1 = 0.5, as in the authors' code."""
        return Adam(learning_rate, beta1=0.5, beta2=0.999)


class LSGAN(_UnconstrainedGAN):
    """The least-squares GAN (Mao et al. 2017), which is drawn to scores of 1 and 0."""

    def critic_objective(
        self, score_real: paddle.Tensor, score_fake: paddle.Tensor
    ) -> Tuple[paddle.Tensor, Dict[str, paddle.Tensor]]:
        return losses.least_squares(score_real, score_fake), {}

    def generator_objective(self, score_fake: paddle.Tensor) -> paddle.Tensor:
        return losses.least_squares_of_fakes(score_fake)

    @staticmethod
    def make_optimizer(learning_rate: float) -> Callable[[nn.Layer], optim.Optimizer]:
        """RMSProp, as in the authors' code."""
        return RMSProp(learning_rate)
