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

"""The training runs behind Figure 1, each the toy case with a few keys of its configuration set."""

from __future__ import annotations

from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import NamedTuple
from typing import Optional
from typing import Tuple

import numpy as np
import paddle
from hydra import initialize_config_dir
from omegaconf import DictConfig
from paddle import nn
from wgan_gp.cases.wgan_gp_toy import Toy
from wgan_gp.models import BaseGAN
from wgan_gp.models.networks import MLPCritic
from wgan_gp.models.networks import MLPGenerator
from wgan_gp.utils.config import compose_case

from ppsci.utils import logger
from ppsci.utils import misc
from ppsci_ext.data import BatchStream
from tools.figure1.analysis import activation_gradients
from tools.figure1.analysis import weights_of

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
CONFIGURATIONS = osp.join(ROOT, "examples", "wgan_gp", "conf")
PROBED_POINTS = 256
DEEP_LAYERS = 12
DEEP_ITERATIONS_PER_EPOCH = 2  # gradients are looked at after each


class Run(NamedTuple):
    """One training run.

    Attributes:
        name (str): Folder of its files.
        distribution (str): Toy distribution.
        limit (Optional[float]): Limit of the critic's weights; None for the gradient penalty.
        hidden_layers (int): Hidden layers of the critic and, if it is trained, the generator.
        fixed_generator (bool): Generated points are real ones plus unit Gaussian noise.
        overrides (Tuple[str, ...]): Further keys of wgan_gp_toy.yaml.
    """

    name: str
    distribution: str
    limit: Optional[float]
    hidden_layers: int
    fixed_generator: bool
    overrides: Tuple[str, ...]


class Trained(NamedTuple):
    """What a run has left.

    Attributes:
        cfg (DictConfig): Its configuration.
        gan (BaseGAN): The trained networks.
        records (List[Dict[str, Any]]): Lines of its metrics.jsonl.
        initial_weights (np.ndarray): What `weights_of` gave of the critic before training.
    """

    cfg: DictConfig
    gan: BaseGAN
    records: List[Dict[str, Any]]
    initial_weights: np.ndarray


def surface_run(
    distribution: str, limit: Optional[float], dim: int, iterations: int
) -> Run:
    """A critic of gan_toy.py's depth trained with the generator fixed (figure 1a).

    The authors' learning rate is for 100000 iterations; the critic with the penalty gets a larger
    one that decays.
    """
    overrides = [
        f"MODEL.dim={dim}",
        "TRAIN.epochs=10",
        f"TRAIN.iters_per_epoch={iterations // 10}",
        "TRAIN.save_freq=5",
    ]
    if limit is None:
        overrides += ["TRAIN.critic_lr=2e-3", "TRAIN.lr_decay=true"]
    name = f"surface_{distribution}_{_constraint(limit)}"
    return Run(name, distribution, limit, 3, True, tuple(overrides))


def deep_run(limit: Optional[float], dim: int, iterations: int) -> Run:
    """A critic and a generator of 12 hidden layers on the Swiss roll (figure 1b)."""
    epochs = iterations // DEEP_ITERATIONS_PER_EPOCH
    overrides = (
        f"MODEL.dim={dim}",
        f"TRAIN.epochs={epochs}",
        f"TRAIN.iters_per_epoch={DEEP_ITERATIONS_PER_EPOCH}",
        f"TRAIN.save_freq={max(1, epochs // 5)}",
        "TRAIN.batch_size=64",  # not 256: time is better spent on the width
        "TRAIN.eval_during_train=true",
    )
    name = f"deep_{_constraint(limit)}"
    return Run(name, "swissroll", limit, DEEP_LAYERS, False, overrides)


def _constraint(limit: Optional[float]) -> str:
    return "penalty" if limit is None else f"clipping_{limit:g}"


def train(run: Run, folder: str, seed: int) -> Trained:
    """Train from the beginning, or from where a run in this folder stopped, if it has.

    Args:
        run (Run): Run.
        folder (str): Folder under which the run gets one of its name.
        seed (int): Seed of weights, noise and data.

    Raises:
        UserError: If the folder holds a run under another configuration.
    """
    output_dir = osp.join(folder, run.name)
    cfg = _configuration(run, output_dir, seed)
    misc.set_random_seed(seed)
    experiment = DeepToy(cfg, run.hidden_layers)
    gan = experiment.build_gan()
    initial_weights = weights_of(gan.critic)
    source = experiment.load_data("train")
    probed = paddle.to_tensor(next(BatchStream(source, PROBED_POINTS, seed + 1))[0])
    logger.message(f"{run.name}: {' '.join(run.overrides)}")
    solver = experiment.build_solver(
        gan, source, evaluator=lambda: activation_gradients(gan, probed)
    )
    solver.train()
    return Trained(cfg, gan, solver.folder.metrics.records, initial_weights)


class DeepToy(Toy):
    """The toy case with another number of hidden layers.

    Args:
        cfg (DictConfig): Configuration.
        hidden_layers (int): Of critic and generator.
    """

    def __init__(self, cfg: DictConfig, hidden_layers: int):
        super().__init__(cfg)
        self.hidden_layers = hidden_layers

    def build_networks(self) -> Tuple[Optional[nn.Layer], nn.Layer]:
        dim, hidden = self.cfg.MODEL.dim, self.hidden_layers
        generator = None
        if not self.cfg.GAN.fixed_generator:
            generator = MLPGenerator(dim, hidden_layers=hidden)
        return generator, MLPCritic(dim, hidden_layers=hidden)


def _configuration(run: Run, output_dir: str, seed: int) -> DictConfig:
    overrides = [
        f"DATA.name={run.distribution}",
        f"GAN.name={'wgan_gp' if run.limit is None else 'wgan'}",
        f"GAN.fixed_generator={run.fixed_generator}",
        f"output_dir={output_dir}",
        f"seed={seed}",
        "TRAIN.resume=auto",
        "TRAIN.log_freq=${TRAIN.iters_per_epoch}",
        "TRAIN.keep_checkpoints=1",
        *run.overrides,
    ]
    if run.limit is not None:
        overrides.append(f"GAN.clip_value={run.limit}")
    with initialize_config_dir(CONFIGURATIONS, version_base=None):
        return compose_case(Toy, overrides)
