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

"""What AdversarialSolver costs beside the networks' mathematics.

    python -m benchmarks.bench_solver [--output FILE]

checkpoint: seconds to write one of the full CIFAR pair (ResNets of width 128, Adam's moments), and
    to read it back with its digests checked
overhead: milliseconds per iteration that the solver adds (bookkeeping, metrics.jsonl, the watch
    for NaN, signals; no saves). Two linear networks are trained by the solver and by a plain loop
    of the same losses, backward passes and optimizer steps, in turns; the difference of the two
    is the solver's own. Where others compute on the machine, the time of the CPU says more than
    the clock on the wall.

Each prints one JSON object a line, with medians.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from typing import Any
from typing import Dict
from typing import List
from typing import Tuple

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np
from paddle import nn
from wgan_gp.models import WGAN_GP
from wgan_gp.models.networks import ResNetCritic
from wgan_gp.models.networks import ResNetGenerator

from benchmarks.report import report
from ppsci.utils import logger
from ppsci_ext.data import BatchStream
from ppsci_ext.optimizer import Adam
from ppsci_ext.solver import AdversarialSolver
from ppsci_ext.solver import RunFolder
from ppsci_ext.utils import checkpoint

BATCH_SIZE = 64
LOG_FREQ = 100


class Timed(WGAN_GP):
    """Notes when each iteration but the first begins, by the clock and in time of the CPU."""

    starts: List[Tuple[float, float]]

    def generator_loss(self, batch_size: int) -> Dict[str, Any]:
        self.starts.append((time.perf_counter(), time.process_time()))
        return super().generator_loss(batch_size)

    def milliseconds(self) -> np.ndarray:
        """Mean per iteration, of both; log lines are included."""
        first, last = self.starts[0], self.starts[-1]
        return 1000 * np.subtract(last, first) / (len(self.starts) - 1)


def bench_checkpoint(repeats: int) -> Dict[str, Any]:
    """A save as a run does it: files flushed to the disk, older ones removed."""
    gan = WGAN_GP(ResNetGenerator((3, 32, 32), 128), ResNetCritic(3, 128))
    images = np.zeros((4, 3, 32, 32), "float32")
    writing, reading = [], []
    with tempfile.TemporaryDirectory(dir=".") as folder:
        solver = AdversarialSolver(
            gan,
            BatchStream(images, 2, seed=0),
            Adam(2e-4, 0.0, 0.9)(gan.generator),
            Adam(2e-4, 0.0, 0.9)(gan.critic),
            n_critic=1,
            epochs=1,
            iters_per_epoch=2,  # the first one leaves the generator out
            log_freq=2,
            folder=RunFolder(folder),
        )
        solver.train()
        for _ in range(repeats):
            solver.progress.iteration += 1
            start = time.perf_counter()
            solver.save_checkpoint()
            writing.append(time.perf_counter() - start)
            start = time.perf_counter()
            saved = checkpoint.load_newest(solver.folder.checkpoint_root)
            reading.append(time.perf_counter() - start)
    return {
        "bench": "checkpoint",
        "parameters": sum(
            p.size for n in solver.networks.values() for p in n.parameters()
        ),
        "megabytes": round(sum(a.nbytes for a in saved.arrays.values()) / 1e6, 1),
        "write_seconds": round(statistics.median(writing), 3),
        "slowest_write_seconds": round(max(writing), 3),
        "read_seconds": round(statistics.median(reading), 3),
    }


def _linear_pair() -> Timed:
    gan = Timed(nn.Linear(2, 2), nn.Linear(2, 1))
    gan.starts = []
    return gan


def _by_solver(points: np.ndarray, iterations: int) -> np.ndarray:
    gan = _linear_pair()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        AdversarialSolver(
            gan,
            BatchStream(points, BATCH_SIZE, seed=0),
            Adam(1e-4, 0.0, 0.9)(gan.generator),
            Adam(1e-4, 0.0, 0.9)(gan.critic),
            epochs=1,
            iters_per_epoch=iterations,
            log_freq=LOG_FREQ,
            folder=RunFolder(folder),
        ).train()
    return gan.milliseconds()


def _by_plain_loop(points: np.ndarray, iterations: int) -> np.ndarray:
    gan = _linear_pair()
    stream = BatchStream(points, BATCH_SIZE, seed=0)
    generator = Adam(1e-4, 0.0, 0.9)(gan.generator)
    critic = Adam(1e-4, 0.0, 0.9)(gan.critic)
    for _ in range(iterations):
        gan.generator_loss(BATCH_SIZE)["generator_loss"].backward()
        generator.step()
        generator.clear_grad(set_to_zero=False)
        for _ in range(gan.critic_iters):
            gan.critic_loss(*next(stream))["critic_loss"].backward()
            critic.step()
            critic.clear_grad(set_to_zero=False)
    return gan.milliseconds()


def bench_overhead(iterations: int, repeats: int) -> Dict[str, Any]:
    """The two ways in turns, so that both see the same noise of the machine."""
    points = np.random.default_rng(0).standard_normal((10000, 2)).astype("float32")
    ways = {"solver": _by_solver, "plain": _by_plain_loop}
    for way in ways.values():
        way(points, 50)  # what only the first run pays
    found: Dict[str, List[np.ndarray]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            found[name].append(way(points, iterations))
    solver, plain = (np.median(found[name], axis=0) for name in ways)
    added = np.median(np.subtract(found["solver"], found["plain"]), axis=0)
    result = {
        "bench": "overhead",
        "iterations": iterations,
        "repeats": repeats,
        "log_freq": LOG_FREQ,
    }
    for i, clock in enumerate(("wall", "cpu")):
        result[f"solver_{clock}_milliseconds"] = round(float(solver[i]), 3)
        result[f"plain_{clock}_milliseconds"] = round(float(plain[i]), 3)
        result[f"overhead_{clock}_milliseconds"] = round(float(added[i]), 3)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", help="file to write the lines into, too")
    args = parser.parse_args()
    logger.init_logger("ppsci", None, "warning")
    benches = (
        lambda: bench_checkpoint(args.repeats),
        lambda: bench_overhead(args.iterations, args.repeats),
    )
    report((bench() for bench in benches), args.output)


if __name__ == "__main__":
    main()
