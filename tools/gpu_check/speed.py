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

"""Time per iteration and peak memory of each network."""

from __future__ import annotations

import tempfile
import time
from os import path as osp
from typing import Iterator
from typing import List

import numpy as np
import paddle

from ppsci_ext.solver import AdversarialSolver
from ppsci_ext.solver.train import train_adversarial_epoch_func
from tools.gpu_check.target import CASES
from tools.gpu_check.target import Row
from tools.gpu_check.target import Target
from tools.gpu_check.target import each
from tools.gpu_check.training import solver_of
from tools.zoo.cases import case_of
from tools.zoo.cases import configured

WARMUP = 3


def speed(target: Target) -> Iterator[Row]:
    """A row for each case."""
    count = 20 if target.full else 2

    def look(name: str) -> Row:
        on_gpu = target.device == "gpu"
        if on_gpu:
            paddle.device.cuda.empty_cache()
            paddle.device.cuda.reset_max_memory_allocated()
        with tempfile.TemporaryDirectory() as folder:
            overrides = [
                *target.overrides(CASES[name]),
                f"output_dir={osp.join(folder, 'run')}",
                "TRAIN.epochs=1",
                f"TRAIN.iters_per_epoch={WARMUP + count}",
                "TRAIN.save_freq=0",
            ]
            solver = solver_of(name, target.device, overrides)
            seconds = timed(solver, WARMUP + count)[WARMUP:]
        row: Row = {
            "dim": solver.cfg.MODEL.dim,
            "batch": solver.cfg.TRAIN.batch_size,
            "iterations": count,
            "ms per iteration": 1000 * float(np.median(seconds)),
        }
        if target.full:
            whole = iterations_of(name)
            row["default iterations"] = whole
            row["hours of them"] = whole * row["ms per iteration"] / 3.6e6
        if on_gpu:
            peak = paddle.device.cuda.max_memory_allocated()
            row["peak memory, MiB"] = peak / 2**20
        return row

    return each(list(CASES), look)


def iterations_of(name: str) -> int:
    """Iterations of a case's default run; the paper's, where it is one of the paper's."""
    case = CASES[name]
    train = configured(case_of(case.script), list(case.chosen)).TRAIN
    return train.epochs * train.iters_per_epoch


def timed(solver: AdversarialSolver, iterations: int) -> List[float]:
    """Train; the seconds of each iteration, each until a weight can be read."""
    seconds: List[float] = []

    def epoch(*_: int) -> None:
        whole = solver.iters_per_epoch
        solver.iters_per_epoch = 1
        for number in range(1, iterations + 1):
            start = time.perf_counter()
            train_adversarial_epoch_func(solver, number, solver.log_freq)
            float(solver.gan.critic.parameters()[0].sum())
            seconds.append(time.perf_counter() - start)
        solver.iters_per_epoch = whole

    solver.train_epoch_func = epoch
    solver.train()
    return seconds
