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
from typing import Sequence

import paddle
from omegaconf import DictConfig
from omegaconf import OmegaConf
from paddle import nn
from paddle import optimizer as optim
from wgan_gp.models.base_gan import BaseGAN
from wgan_gp.models.gan import GAN
from wgan_gp.models.gan import LSGAN
from wgan_gp.models.wgan import WGAN
from wgan_gp.models.wgan_gp import WGAN_GP
from wgan_gp.utils.course import course_of

import ppsci
from ppsci.utils import logger
from ppsci_ext.arch import onednn
from ppsci_ext.optimizer import Adam
from ppsci_ext.optimizer import RMSProp
from ppsci_ext.solver import AdversarialSolver
from ppsci_ext.solver import RunFolder
from ppsci_ext.utils import UserError
from ppsci_ext.utils.views import copy_views

# critics of any slope
_UNCONSTRAINED = {
    "gan": GAN,
    "lsgan": LSGAN,
}


def build_gan(
    cfg: DictConfig,
    generator: Optional[nn.Layer],
    critic: nn.Layer,
    **settings: Any,
) -> BaseGAN:
    """The GAN that cfg.GAN describes.

    Args:
        cfg (DictConfig): Configuration of a case.
        generator (Optional[nn.Layer]): Generator; None for the fixed one.
        critic (nn.Layer): Critic.
        **settings (Any): num_classes, conditional, terms and adversarial_weight of BaseGAN.
    """
    if cfg.GAN.name == "wgan":
        return WGAN(generator, critic, cfg.GAN.clip_value, **settings)
    if cfg.GAN.name in _UNCONSTRAINED:
        return _UNCONSTRAINED[cfg.GAN.name](generator, critic, **settings)
    return WGAN_GP(
        generator,
        critic,
        cfg.GAN.lambda_gp,
        penalty=cfg.GAN.penalty,
        penalty_at=cfg.GAN.penalty_at,
        penalty_target=cfg.GAN.penalty_target,
        penalty_interval=cfg.GAN.penalty_interval,
        spectral_norm=cfg.GAN.spectral_norm,
        penalty_over=cfg.GAN.penalty_over,
        **settings,
    )


def choose_convolution(choice: str, *networks: nn.Layer) -> None:
    """Let oneDNN compute the convolutions of networks, in place, or leave them to Paddle.

    On the CPU both are faster without views, see `ppsci_ext.utils.views`.

    Args:
        choice (str): "paddle", "onednn", or "auto": oneDNN on the CPU where it can be had.
        *networks (nn.Layer): Networks.

    Raises:
        UserError: If oneDNN is asked for and can't be had.
    """
    on_cpu = paddle.get_device() == "cpu"
    if on_cpu:
        copy_views()
    if choice == "paddle" or (choice == "auto" and not on_cpu):
        return
    try:
        for network in networks:
            onednn.use_onednn(network)
    except UserError as error:
        if choice == "onednn":
            raise UserError(f"MODEL.convolution=onednn: {error}") from error
        logger.info(f"Paddle's own convolutions; oneDNN's would be faster. {error}")


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
    cfg: DictConfig,
    gan: BaseGAN,
    stream: Any,
    beside_the_course: Sequence[str],
    **hooks: Any,
) -> AdversarialSolver:
    """The solver that trains `gan` as cfg describes.

    Args:
        cfg (DictConfig): Configuration of a case.
        gan (BaseGAN): Networks and losses.
        stream (Any): Endless source of real batches.
        beside_the_course (Sequence[str]): Keys that a resumed run may have other values of.
        **hooks (Any): validation, evaluator, pictures and pretrained_model_path of
            AdversarialSolver.
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
        n_critic=n_critic
        if isinstance(n_critic, int)
        else OmegaConf.to_container(n_critic, resolve=True),
        generator_batch_size=cfg.GAN.generator_batch_multiple * cfg.TRAIN.batch_size,
        on_nan=cfg.TRAIN.on_nan,
        folder=RunFolder(
            cfg.output_dir,
            keep=cfg.TRAIN.keep_checkpoints,
            keep_every=cfg.TRAIN.keep_every,
            resume=cfg.TRAIN.resume,
            resume_from=cfg.TRAIN.checkpoint_path,
            course=course_of(cfg, beside_the_course),
            may_differ=cfg.TRAIN.may_differ,
            allow_other_data=cfg.TRAIN.allow_other_data,
            names={
                name: f"TRAIN.{name}"
                for name in ("resume", "epochs", "may_differ", "allow_other_data")
            },
        ),
        cfg=cfg,
        **hooks,
    )
