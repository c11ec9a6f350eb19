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
from typing import Optional

import ppsci
from omegaconf import DictConfig
from paddle import nn
from paddle import optimizer as optim

from ppsci_ext.optimizer import Adam
from ppsci_ext.optimizer import RMSProp
from ppsci_ext.solver import AdversarialSolver
from wgan_gp.models.base_gan import BaseGAN
from wgan_gp.models.wgan import WGAN
from wgan_gp.models.wgan_gp import WGAN_GP


def build_gan(
    cfg: DictConfig,
    generator: Optional[nn.Layer],
    critic: nn.Layer,
    num_classes: int = 0,
) -> BaseGAN:
    """The GAN that cfg.GAN describes.

    Args:
        cfg (DictConfig): Configuration of a case.
        generator (Optional[nn.Layer]): Generator; None for the fixed one.
        critic (nn.Layer): Critic.
        num_classes (int, optional): Number of classes; 0 for an unconditional GAN. Defaults to 0.
    """
    acgan = {}
    if num_classes:
        acgan = {
            "num_classes": num_classes,
            "acgan_scale": cfg.GAN.acgan_scale,
            "acgan_scale_generator": cfg.GAN.acgan_scale_generator,
        }
    if cfg.GAN.name == "wgan":
        return WGAN(generator, critic, cfg.GAN.clip_value, **acgan)
    return WGAN_GP(
        generator, critic, cfg.GAN.lambda_gp, penalty=cfg.GAN.penalty, **acgan
    )


def build_optimizer(
    cfg: DictConfig, learning_rate: float
) -> Callable[[nn.Layer], optim.Optimizer]:
    """The optimizer that cfg.TRAIN describes, for one network; called with the network.

    Args:
        cfg (DictConfig): Configuration of a case.
        learning_rate (float): Initial learning rate; with TRAIN.lr_decay it falls linearly with the
            generator's iterations, to zero at the end of the run.
    """
    if cfg.TRAIN.lr_decay:
        learning_rate = ppsci.optimizer.lr_scheduler.Linear(
            cfg.TRAIN.epochs, cfg.TRAIN.iters_per_epoch, learning_rate, end_lr=0.0
        )()
    if cfg.TRAIN.optimizer == "rmsprop":
        return RMSProp(learning_rate)
    return Adam(learning_rate, beta1=cfg.TRAIN.beta1, beta2=cfg.TRAIN.beta2)


def build_solver(
    cfg: DictConfig, gan: BaseGAN, stream: Any, **hooks: Any
) -> AdversarialSolver:
    """The solver that trains `gan` as cfg describes.

    Args:
        cfg (DictConfig): Configuration of a case.
        gan (BaseGAN): Networks and losses.
        stream (Any): Endless source of real batches.
        **hooks (Any): validation, evaluator and reporter of AdversarialSolver.
    """
    generator_optimizer = None
    if gan.generator is not None:
        generator_optimizer = build_optimizer(cfg, cfg.TRAIN.generator_lr)(
            gan.generator
        )
    n_critic = cfg.GAN.n_critic
    return AdversarialSolver(
        gan,
        stream,
        generator_optimizer,
        build_optimizer(cfg, cfg.TRAIN.critic_lr)(gan.critic),
        n_critic=n_critic if isinstance(n_critic, int) else dict(n_critic),
        generator_batch_size=cfg.GAN.generator_batch_multiple * cfg.TRAIN.batch_size,
        keep_checkpoints=cfg.TRAIN.keep_checkpoints,
        keep_every=cfg.TRAIN.keep_every,
        on_nan=cfg.TRAIN.on_nan,
        output_dir=cfg.output_dir,
        cfg=cfg,
        **hooks,
    )
