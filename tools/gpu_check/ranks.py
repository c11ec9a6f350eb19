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

"""Two processes that train one pair of networks.

    python -m tools.gpu_check.ranks DEVICE FILE

is one of them, and writes the weights that it ends with.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from os import path as osp
from typing import Iterator
from typing import List

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np
import paddle

from benchmarks.bench_scale import free_ports
from benchmarks.bench_scale import rank_environment
from ppsci.utils import logger
from tools.gpu_check.target import CASES
from tools.gpu_check.target import Row
from tools.gpu_check.target import Skipped
from tools.gpu_check.target import Target
from tools.gpu_check.training import initial_weights
from tools.gpu_check.training import solver_of
from tools.gpu_check.training import weights_of

CASE = "toy"
TIMEOUT = 600  # seconds


def two_processes(target: Target) -> Iterator[Row]:
    """Train in two processes; on a CPU by Gloo, as a stand-in."""
    backend = "gloo"
    if target.device == "gpu":
        backend, count = "nccl", paddle.device.cuda.device_count()
        if count < 2:
            raise Skipped(f"NCCL needs two GPUs, and here is {count}")
    with tempfile.TemporaryDirectory() as folder:
        paths = [osp.join(folder, f"{rank}.npz") for rank in range(2)]
        run(target.device, backend, paths)
        first, second = (dict(np.load(path)) for path in paths)
    yield {"what": f"{CASE}, {backend}", **compare(first, second)}


def run(device: str, backend: str, paths: List[str]) -> None:
    """Start a process for each file, and wait for all of them.

    Raises:
        RuntimeError: If one fails; with the last line that it printed.
    """
    endpoints = [f"127.0.0.1:{port}" for port in free_ports(len(paths))]
    started = []
    for rank, path in enumerate(paths):
        environment = {
            **os.environ,
            **rank_environment(rank, endpoints, backend),
            "FLAGS_selected_gpus": str(rank),
        }
        command = [sys.executable, "-m", "tools.gpu_check.ranks", device, path]
        started.append(
            subprocess.Popen(
                command, env=environment, stderr=subprocess.PIPE, text=True
            )
        )
    try:
        for process in started:
            said = process.communicate(timeout=TIMEOUT)[1]
            if process.returncode:
                *_, last = ["nothing", *said.strip().splitlines()]
                raise RuntimeError(f"status {process.returncode}: {last}")
    finally:
        for process in started:
            process.kill()
            process.wait()


def compare(first: dict, second: dict) -> Row:
    """Weights of both processes beside each other and beside those they began with."""
    initial = initial_weights(CASE)
    differing = sum(int((first[name] != second[name]).sum()) for name in first)
    moved = max(float(np.abs(first[name] - initial[name]).max()) for name in first)
    row: Row = {"differing": differing, "largest move": moved}
    if differing or not 0 < moved < 1:
        row["problem"] = "weights differ" if differing else "weights have not moved"
    return row


def main(device: str, path: str) -> None:
    logger.init_logger("ppsci", None, "warning")
    overrides = [
        *CASES[CASE].small,
        f"output_dir={path}.run",
        "TRAIN.epochs=1",
        "TRAIN.iters_per_epoch=5",
    ]
    solver = solver_of(CASE, device, overrides)
    solver.train()
    np.savez(path, **weights_of(solver.gan))


if __name__ == "__main__":
    main(*sys.argv[1:])
