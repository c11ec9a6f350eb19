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

"""The worker that trains a case as its script would: the same networks, stream, optimizers and
solver, on random images instead of real ones, and on windows of motion that are drawn once."""

from __future__ import annotations

import json
import os
import sys
from os import path as osp
from typing import Any
from typing import Dict
from typing import Mapping
from typing import NoReturn
from typing import Tuple

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np
import paddle
from hydra import initialize_config_dir
from omegaconf import DictConfig
from omegaconf import OmegaConf
from paddle import nn
from paddle.base.core import host_memory_stat_peak_value as peak
from wgan_gp.cases.wgan_gp_motion import MEASURED
from wgan_gp.models.networks.motion_attention import body_and_hands
from wgan_gp.utils import config
from wgan_gp.utils.experiment import Experiment
from wgan_gp.utils.motion_terms import measure_angles

from benchmarks import flops
from benchmarks import workers
from ppsci.utils import logger
from ppsci.utils import misc
from ppsci_ext.data import ImageDataset
from ppsci_ext.solver import AdversarialSolver
from ppsci_ext.solver.train import train_adversarial_epoch_func
from ppsci_ext.utils import UserError
from tools.zoo.cases import case_of

CONFIGURATIONS = osp.join(workers.ROOT, "examples", "wgan_gp", "conf")


def build_solver(experiment: Experiment) -> AdversarialSolver:
    """The case's solver, on `random_data`."""
    data = random_data(experiment, experiment.cfg)
    return experiment.build_solver(experiment.build_gan(), data)


def random_data(experiment: Experiment, cfg: DictConfig) -> Any:
    """What the case trains on: its own law, or samples that cost nothing to draw."""
    count = workers.num_samples(cfg.TRAIN.batch_size)
    rng = np.random.default_rng(cfg.seed)
    if "representation" in cfg.MODEL:
        return experiment.load_data("train").sample(count, rng)
    if "image_shape" not in cfg.MODEL:
        return experiment.load_data("train")
    shape = (count, *cfg.MODEL.image_shape)
    images = rng.integers(0, 256, shape, dtype=np.uint8)
    num_classes = cfg.MODEL.get("num_classes") or 1
    labels = rng.integers(0, num_classes, count)
    return ImageDataset(images, labels, num_classes)


def facts_of(experiment: Experiment) -> Dict[str, Any]:
    """What the case's networks and terms know beside its configuration, as JSON can hold it."""
    if "representation" not in experiment.cfg.MODEL:
        return {}
    data = experiment.data
    layout, skeleton = data.layout(experiment.representation), data.skeleton
    real, _ = data.some(MEASURED, 0)
    angles = measure_angles(skeleton, real)
    parts = body_and_hands(skeleton)
    order = sum(parts, [])  # of the bones inside of the generator
    arrays = {
        "adjacency": skeleton.adjacency()[np.ix_(order, order)],
        "rest": skeleton.rest,
        "spread": skeleton.above()[:, order],
        "audio_mean": layout.audio_mean,
        "audio_std": layout.audio_std,
        "pose_mean": layout.pose_mean,
        "pose_std": layout.pose_std,
        "bends": layout.bends,
        "bend_std": layout.bend_std,
        "pairs": angles.pairs,
        "lowest": angles.lowest,
        "highest": angles.highest,
    }
    lists = {name: array.tolist() for name, array in arrays.items()}
    sizes = [len(part) for part in parts]
    return {"context": layout.context, "part_sizes": sizes, **lists}


def compose_settings(case: str, overrides: Tuple[str, ...]) -> DictConfig:
    """The checked configuration of a case, for training without an end.

    Args:
        case (str): Name of the case script and its YAML file.
        overrides (Tuple[str, ...]): KEY=VALUE.

    Raises:
        UserError: If a value is refused.
    """
    endless = ("TRAIN.epochs=1000000", "TRAIN.iters_per_epoch=1")
    with initialize_config_dir(CONFIGURATIONS, version_base=None):
        cfg = config.compose_case(case_of(case), [*overrides, *endless])
    config.check_config(cfg, case_of(case).schema)
    return cfg


def serve(
    server: workers.Server, solver: AdversarialSolver, facts: Mapping[str, Any]
) -> NoReturn:
    """Answer from within the solver's training, in place of its epochs.

    Args:
        server (workers.Server): Where the tasks come from.
        solver (AdversarialSolver): Solver whose `train` is under way.
        facts (Mapping[str, Any]): From `facts_of`.
    """
    gan, cfg = solver.gan, solver.cfg
    matrix = paddle.rand([workers.PRODUCT_SIZE, workers.PRODUCT_SIZE])

    def finish(network: nn.Layer) -> None:
        """Read a weight, as one would read a loss: all that changes it is done then."""
        float(network.parameters()[0].sum())

    def critic() -> None:
        solver.critic_step()
        finish(gan.critic)

    def generator() -> None:
        solver.generator_step()
        finish(gan.generator)

    def iteration() -> None:  # of an epoch of one
        train_adversarial_epoch_func(solver, solver.iteration + 1, solver.log_freq)
        finish(gan.critic)

    tasks = {
        "critic": critic,
        "generator": generator,
        "iteration": iteration,
        "products": lambda: workers.repeat_product(lambda: matrix @ matrix),
    }
    server.serve(
        tasks,
        version=paddle.__version__,
        threads=int(os.environ["MKL_NUM_THREADS"]),
        settings=OmegaConf.to_container(cfg, resolve=True),
        facts=facts,
        flop=flops.count_steps(gan, solver.stream.sample_shape),
    )


def run(spec: Dict[str, Any]) -> None:
    """Train as `spec` says.

    Args:
        spec (Dict[str, Any]): "case" and "overrides" of its configuration.
    """
    cfg = compose_settings(spec["case"], (*spec["overrides"], "output_dir=run"))
    misc.set_random_seed(cfg.seed)
    logger.init_logger("ppsci", None, "warning")
    server = workers.Server(tensors=lambda: peak("Allocated", 0) / 2**20)
    experiment = case_of(spec["case"])(cfg)
    solver, facts = build_solver(experiment), facts_of(experiment)
    solver.train_epoch_func = lambda *_: serve(server, solver, facts)
    solver.train()


if __name__ == "__main__":
    try:
        run(json.loads(sys.argv[1]))
    except UserError as error:
        config.fail(error)
