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

"""Short training runs for tests that interrupt them; started by tests.helpers.forks."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sys
from os import path as osp
from typing import Any
from typing import Callable
from typing import List

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np
import paddle
from hydra import compose
from hydra import initialize_config_dir
from paddle import nn
from wgan_gp.cases import wgan_gp_cifar
from wgan_gp.cases import wgan_gp_mnist
from wgan_gp.cases import wgan_gp_toy
from wgan_gp.models import WGAN_GP
from wgan_gp.utils import visualization
from wgan_gp.utils.config import compose_case
from wgan_gp.utils.experiment import run

import ppsci
from ppsci.utils import ema
from ppsci.utils import logger
from ppsci.utils import misc
from ppsci_ext.data import BatchStream
from ppsci_ext.optimizer import Adam
from ppsci_ext.solver import AdversarialSolver
from ppsci_ext.solver import RunFolder
from ppsci_ext.utils import checkpoint

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
CONFIGURATIONS = osp.join(ROOT, "examples", "wgan_gp", "conf")
EPOCHS, ITERATIONS, LOG_FREQ = 3, 4, 3
# all by which a save changes what is on the disk
FILE_OPERATIONS = set("open write fsync rename replace mkdir rmdir unlink".split())


def toy_solver(
    output_dir: str, resume: Any = False, resume_from: Any = None, **kwargs: Any
) -> AdversarialSolver:
    """Points of the plane, with all that a checkpoint can hold: learning-rate schedules, a lazy
    penalty, spectral normalisation, an adaptive number of steps, moving average; and with
    validation, evaluation and pictures, which look at the critic."""
    misc.set_random_seed(11)
    gan = WGAN_GP(
        nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2)),
        nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)),
        lambda_gp=0.1,
        penalty_interval=3,
        spectral_norm=True,
    )
    points = np.random.default_rng(0).standard_normal((31, 2)).astype("float32")

    def optimizer(network):
        rate = ppsci.optimizer.lr_scheduler.Linear(EPOCHS, ITERATIONS, 1e-2)()
        return Adam(rate, 0.5, 0.9)(network)

    def draw(iteration, _):
        samples = gan.generate(16, batch_size=16).reshape([8, 1, 2, 2])
        gan.critic_score(paddle.to_tensor(points))
        path = f"{output_dir}/samples/iter_{iteration:08d}.png"
        visualization.save_image_grid((samples * 50).astype("uint8"), path)

    solver = AdversarialSolver(
        gan,
        BatchStream(points, 5, seed=3),
        optimizer(gan.generator),
        optimizer(gan.critic),
        n_critic={"adaptive": {"min": 1, "max": 3}},
        validation=[(paddle.to_tensor(points[:4]), None)],
        evaluator=lambda: {"mean": float(gan.generate(8, batch_size=8).mean())},
        pictures=draw,
        eval_during_train=True,
        folder=RunFolder(output_dir, resume=resume, resume_from=resume_from),
        epochs=EPOCHS,
        iters_per_epoch=ITERATIONS,
        log_freq=LOG_FREQ,
        **{"save_freq": 1, **kwargs},
    )
    solver.ema_model = ema.ExponentialMovingAverage(gan.generator, 0.9)
    solver.avg_freq = 1
    return solver


def toy(output_dir: str, resume: Any = False, layers_before: int = 0) -> None:
    logger.init_logger("ppsci", None, "warning")
    for _ in range(layers_before):
        nn.Linear(3, 3)  # shifts Paddle's automatic names
    toy_solver(output_dir, resume).train()


def toy_counting(output_dir: str, path: str) -> None:
    """Writes how many Python events the training has, for `toy_killed`."""
    count = [0]

    def note(*_: Any) -> None:
        count[0] += 1

    logger.init_logger("ppsci", None, "warning")
    solver = toy_solver(output_dir)
    sys.setprofile(note)
    solver.train()
    sys.setprofile(None)
    with open(path, "w", encoding="utf-8") as file:
        file.write(str(count[0]))


def toy_killed(output_dir: str, event: int) -> None:
    """Killed at one of the calls and returns of the training, in Python or in C."""
    count = [0]

    def note(*_: Any) -> None:
        count[0] += 1
        if count[0] == event:
            os.kill(os.getpid(), signal.SIGKILL)

    logger.init_logger("ppsci", None, "warning")
    solver = toy_solver(output_dir)
    sys.setprofile(note)
    solver.train()


def toy_killed_in_save(output_dir: str, save: int, operation: int) -> None:
    """Killed before one file operation of one save; returns if it has fewer."""
    count = [0]
    saves = [0]
    original = checkpoint.save_checkpoint

    def note(_, event: str, function: Any) -> None:
        if event == "c_call" and function.__name__ in FILE_OPERATIONS:
            count[0] += 1
            if count[0] == operation:
                os.kill(os.getpid(), signal.SIGKILL)

    def save_checkpoint(*arguments: Any) -> str:
        saves[0] += 1
        if saves[0] != save:
            return original(*arguments)
        sys.setprofile(note)
        try:
            return original(*arguments)
        finally:
            sys.setprofile(None)

    checkpoint.save_checkpoint = save_checkpoint
    toy(output_dir)


def toy_signalled(output_dir: str, signals: List[int]) -> None:
    """Sends itself signals, one after the other, in the fifth iteration, as a case would."""
    logger.init_logger("ppsci", None, "warning")
    solver = toy_solver(output_dir)
    loss = solver.gan.generator_loss

    def signalling(batch_size: int):
        if solver.iteration == 4:
            for number in signals:
                os.kill(os.getpid(), number)
        return loss(batch_size)

    solver.gan.generator_loss = signalling
    as_a_case(solver.train)


def toy_waiting(output_dir: str) -> None:
    """Stands still in its first iteration, with the folder locked."""
    logger.init_logger("ppsci", None, "warning")
    solver = toy_solver(output_dir)

    def wait(*_: Any) -> None:
        open(f"{output_dir}/waiting", "w").close()
        signal.pause()

    solver.gan.critic_loss = wait
    solver.train()


def toy_without_folder(output_dir: str, how: str, moment: int) -> None:
    """Somebody removes or renames its folder, or puts an empty one in its place."""
    logger.init_logger("ppsci", None, "warning")
    solver = toy_solver(output_dir)
    finish = solver.finish_iteration

    def take_away(*arguments: Any) -> None:
        finish(*arguments)
        if solver.iteration != moment:
            return
        if how == "remove":
            shutil.rmtree(output_dir)
            return
        os.rename(output_dir, f"{output_dir}-2")
        if how == "replace":
            os.mkdir(output_dir)

    solver.finish_iteration = take_away
    as_a_case(solver.train)


def toy_with_limited_files(output_dir: str, limit: int) -> None:
    """No file may grow beyond the limit, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    as_a_case(lambda: toy(output_dir))


def as_a_case(train: Callable[[], None]) -> None:
    """Exit as a case script does."""
    with initialize_config_dir(CONFIGURATIONS, version_base=None):
        cfg = compose("wgan_gp_toy")

    class Case(wgan_gp_toy.Toy):
        def train(self) -> None:
            train()

    run(Case, cfg)


CASES = {"wgan_gp_mnist": wgan_gp_mnist.MNIST, "wgan_gp_cifar": wgan_gp_cifar.CIFAR}


def case(name: str, overrides: List[str], kill_at: int, layers_before: int) -> None:
    """Train a case; kill_at: iteration at which it kills itself, 0 for none."""
    for _ in range(layers_before):
        nn.Linear(3, 3)  # shifts Paddle's automatic names
    with initialize_config_dir(CONFIGURATIONS, version_base=None):
        cfg = compose_case(CASES[name], overrides)
    misc.set_random_seed(cfg.seed)
    logger.init_logger("ppsci", None, "warning")
    finish = AdversarialSolver.finish_iteration

    def finish_iteration(solver: AdversarialSolver, *arguments: Any) -> None:
        finish(solver, *arguments)
        if solver.iteration == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    AdversarialSolver.finish_iteration = finish_iteration
    random.seed(0)
    CASES[name](cfg).train()
