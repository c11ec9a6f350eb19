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
from typing import Iterable
from typing import Optional
from typing import Tuple

import paddle
from paddle import nn
from paddle import optimizer as optim
from wgan_gp.models.base_gan import BaseGAN
from wgan_gp.models.networks.normalization import normalize_spectrally
from wgan_gp.utils import losses

from ppsci.utils import logger
from ppsci_ext.arch import check_critic
from ppsci_ext.data import Condition
from ppsci_ext.data import map_condition
from ppsci_ext.optimizer import Adam
from ppsci_ext.solver import NCritic
from ppsci_ext.utils import UserError
from ppsci_ext.utils.values import Count
from ppsci_ext.utils.values import NotNegative
from ppsci_ext.utils.values import check_value


class WGAN_GP(BaseGAN):
    r"""Wasserstein GAN with gradient penalty (Gulrajani et al. 2017, algorithm 1).

    $$
    L = E[D(\tilde x)] - E[D(x)]
        + \lambda E_{\hat x}[(\Vert \nabla_{\hat x} D(\hat x) \Vert_2 - 1)^2]
    $$

    The penalty has two sides, of which each can be chosen: where the gradient is taken, and
    what its norm costs. The defaults are the paper's.

    Args:
        generator (Optional[nn.Layer]): Noise (and labels) to samples; see BaseGAN.
        discriminator (nn.Layer): The critic; it must be differentiable twice and treat each
            sample on its own (no batch norm).
        lambda_gp (float, optional): Weight of the penalty; with 0 it isn't computed. Defaults
            to 10.0.
        critic_iters (NCritic, optional): Critic steps per generator step: a number, a schedule
            or an adaptive rule, see AdversarialSolver. Defaults to 5.
        penalty (str, optional): Form of the penalty, "two_sided", "one_sided" or
            "zero_centred". Defaults to "two_sided".
        penalty_at (str, optional): Where the gradient is taken: "interpolates", "real", "fake",
            "around_real" (DRAGAN), or "both", the sum over real and generated samples.
            Defaults to "interpolates".
        penalty_target (float, optional): Norm that costs nothing; "zero_centred" has its own,
            0. Defaults to 1.0.
        penalty_interval (int, optional): Compute the penalty at every so many critic steps only,
            as many times as strong (Karras et al. 2020, section 3.1). Defaults to 1.
        spectral_norm (bool, optional): Divide the critic's weights by their largest singular
            value (Miyato et al. 2018), in place. Defaults to False.
        penalty_over (str, optional): What the gradient's norm is taken over: a "sample", or each
            "frame" of sequences [B, T, ...]. Defaults to "sample".
        **kwargs: latent_dim, num_classes, conditional, terms and adversarial_weight of BaseGAN.

    Raises:
        UserError: If there is no such penalty, or a number is out of its range.

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
        critic_iters: NCritic = 5,
        penalty: str = "two_sided",
        penalty_at: str = "interpolates",
        penalty_target: float = 1.0,
        penalty_interval: int = 1,
        spectral_norm: bool = False,
        penalty_over: str = "sample",
        **kwargs,
    ):
        super().__init__(generator, discriminator, critic_iters, **kwargs)
        _check_choice("penalty", penalty, losses.PENALTY_FORMS)
        _check_choice("penalty_at", penalty_at, losses.PENALTY_POINTS)
        _check_choice("penalty_over", penalty_over, losses.PENALTY_OVER)
        self.lambda_gp = check_value("lambda_gp", lambda_gp, NotNegative)
        self.penalty_form = penalty
        self.penalty_at = penalty_at
        self.penalty_target = check_value("penalty_target", penalty_target, NotNegative)
        self.penalty_interval = check_value("penalty_interval", penalty_interval, Count)
        self.penalty_over = penalty_over
        self.spectral_norm = spectral_norm
        self.critic_steps = 0
        if spectral_norm:
            normalize_spectrally(self.critic)

    def penalty(
        self,
        real: paddle.Tensor,
        fake: paddle.Tensor,
        condition: Condition,
        alpha: Optional[paddle.Tensor],
    ) -> Tuple[Optional[paddle.Tensor], Dict[str, paddle.Tensor]]:
        # held-out data are judged with the penalty, whatever step the training is at
        interval = self.penalty_interval if self.critic.training else 1
        if self.lambda_gp == 0 or self.critic_steps % interval:
            return None, {}
        condition = _with_gradient(condition)
        penalty, slopes = losses.gradient_penalty(
            lambda x: self.critic_score(x, condition),
            real,
            fake,
            self.penalty_at,
            self.penalty_form,
            self.penalty_target,
            alpha,
            self.penalty_over,
        )
        return interval * self.lambda_gp * penalty, {
            "gradient_penalty": penalty.detach(),
            "slope": slopes.mean(),
        }

    def constrain_critic(self) -> None:
        """Nothing to constrain; counts the steps, for the lazy penalty."""
        self.critic_steps += 1

    def settings(self) -> Dict[str, Any]:
        return {
            **super().settings(),
            "lambda_gp": self.lambda_gp,
            "penalty": self.penalty_form,
            "penalty_at": self.penalty_at,
            "penalty_target": self.penalty_target,
            "penalty_interval": self.penalty_interval,
            "spectral_norm": self.spectral_norm,
        }

    def state_dict(self) -> Dict[str, int]:
        return {"critic_steps": self.critic_steps}

    def set_state_dict(self, state: Dict[str, int]) -> None:
        self.critic_steps = state["critic_steps"]

    def check(self, real: paddle.Tensor, condition: Condition) -> None:
        """Refuse networks that don't fit, and a critic without a right second derivative; warn
        if it mixes samples.

        Args:
            real (paddle.Tensor): Two or more samples, [B, ...].
            condition (Condition): Their condition.

        Raises:
            UserError: With both shapes; or naming the layers and what to use instead.
        """
        super().check(real, condition)
        if self.lambda_gp == 0:
            return
        if self.penalty_over == "frame" and real.ndim < 3:
            raise UserError(
                f"penalty_over=frame needs sequences [B, T, ...], but samples are of shape "
                f"{list(real.shape)}: choose penalty_over=sample."
            )
        critic = self.critic
        if self.conditional:
            critic = _Conditioned(critic, _with_gradient(condition))
        report = check_critic(critic, real)
        logger.debug(f"Second derivatives of the critic:\n{report}")
        report.require()
        if report.mixes_samples:
            names = ", ".join(
                f"'{layer.name}' ({layer.type})"
                for layer in report.layers
                if layer.mixes_samples
            )
            logger.warning(
                "The gradient penalty is of each sample by itself, but the critic mixes the "
                f"samples of a batch in {names}: ppsci_ext.arch.GroupNorm would not."
            )

    @staticmethod
    def make_optimizer(learning_rate: float) -> Callable[[nn.Layer], optim.Optimizer]:
        """Adam with beta1 = 0, beta2 = 0.9 (paper, algorithm 1)."""
        return Adam(learning_rate, beta1=0.0, beta2=0.9)


def _with_gradient(condition: Condition) -> Condition:
    """Floats that all ask for a gradient, though nobody takes it: paddle.concat has no second
    derivative where a part of it asks for none."""

    def leaf(x: paddle.Tensor) -> paddle.Tensor:
        if x.is_floating_point() and x.stop_gradient:
            x = x.detach()
            x.stop_gradient = False
        return x

    return map_condition(leaf, condition)


class _Conditioned(nn.Layer):
    """A critic of samples alone: the penalty takes no derivative by the condition."""

    def __init__(self, critic: nn.Layer, condition: Condition):
        super().__init__()
        self.critic = critic
        self.condition = condition
        map_condition(self._keep, condition)

    def _keep(self, x: paddle.Tensor) -> paddle.Tensor:
        self.register_buffer(f"condition_{len(self._buffers)}", x)
        return x

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.critic(x, self.condition)


def _check_choice(key: str, value: str, choices: Iterable[str]) -> None:
    if value not in choices:
        raise UserError(f"{key} is '{value}': choose one of {', '.join(choices)}.")
