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

from typing import Callable
from typing import Dict
from typing import Optional
from typing import Tuple

import paddle
from paddle import nn
from paddle import optimizer as optim

from ppsci_ext.arch import check_double_grad
from ppsci_ext.optimizer import Adam
from wgan_gp.models.base_gan import BaseGAN
from wgan_gp.utils import losses


class WGAN_GP(BaseGAN):
    r"""Wasserstein GAN with gradient penalty (Gulrajani et al. 2017, algorithm 1).

    $$
    L = E[D(\tilde x)] - E[D(x)]
        + \lambda E_{\hat x}[(\Vert \nabla_{\hat x} D(\hat x) \Vert_2 - 1)^2]
    $$

    Args:
        generator (Optional[nn.Layer]): Noise (and labels) to samples; see BaseGAN.
        discriminator (nn.Layer): The critic; it must be differentiable twice and treat each
            sample on its own (no batch norm).
        lambda_gp (float, optional): Weight of the penalty. Defaults to 10.0.
        critic_iters (int, optional): Critic steps per generator step. Defaults to 5.
        penalty (str, optional): Form of the penalty, "two_sided" or "one_sided". Defaults to
            "two_sided".
        **kwargs: latent_dim, num_classes and the ACGAN scales of BaseGAN.

    Examples:
        >>> import numpy as np
        >>> from wgan_gp.models import WGAN_GP
        >>> from wgan_gp.models.networks import MLPCritic, MLPGenerator
        >>> gan = WGAN_GP(generator=MLPGenerator(64), discriminator=MLPCritic(64), lambda_gp=0.1)
        >>> data = np.random.randn(1000, 2).astype("float32")
        >>> samples = gan.train(train_data=data, batch_size=64, iterations=10).generate(num_samples=5)
        >>> samples.shape
        (5, 2)
    """

    def __init__(
        self,
        generator: Optional[nn.Layer],
        discriminator: nn.Layer,
        lambda_gp: float = 10.0,
        critic_iters: int = 5,
        penalty: str = "two_sided",
        **kwargs,
    ):
        super().__init__(generator, discriminator, critic_iters, **kwargs)
        self.lambda_gp = lambda_gp
        self._penalty_form = losses.PENALTIES[penalty]

    def penalty(
        self,
        real: paddle.Tensor,
        fake: paddle.Tensor,
        labels: Optional[paddle.Tensor],
        alpha: Optional[paddle.Tensor],
    ) -> Tuple[paddle.Tensor, Dict[str, paddle.Tensor]]:
        points = losses.interpolate(real, fake, alpha)
        slopes = losses.gradient_norm(lambda x: self.critic_score(x, labels), points)
        penalty = self._penalty_form(slopes)
        return self.lambda_gp * penalty, {
            "gradient_penalty": penalty.detach(),
            "slope": slopes.detach().mean(),
        }

    def check(self, real: paddle.Tensor, labels: Optional[paddle.Tensor]) -> None:
        """Raise UserError, naming the layer, if the critic can't be differentiated twice."""
        inputs = (real,) if not self.num_classes else (real, labels)
        check_double_grad(self.critic, *inputs)

    @staticmethod
    def make_optimizer(learning_rate: float) -> Callable[[nn.Layer], optim.Optimizer]:
        """Adam with beta1 = 0, beta2 = 0.9 (paper, algorithm 1)."""
        return Adam(learning_rate, beta1=0.0, beta2=0.9)
