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

"""How costs grow with the size of the problem.

    python -m benchmarks.bench_scale [--quantity NAME ...] [--clock cpu] [--plot FILE] [--json FILE]

The pair of the MNIST case (5 critic steps and 1 generator step, by AdversarialSolver) is timed
against one quantity at a time, the others as the options say: batch_size, dim (the width),
resolution (pixels a side), and processes, each with a batch of its own and an equal share of the
processors, so that perfect scaling is a constant time. What benchmarks/scale_data.py does is timed
against the number of samples of an evaluation, of images in a folder (decoded for the first time,
and at the next start), and of features of which precision and recall are computed. Each size is a
process of its own; the sizes of a quantity take turns. time = c * quantity^e is fitted by least
squares to the logarithms of the medians.

`--clock cpu` takes the time on all processors, where other programs disturb that of the clock.

One JSON object a line for each size, and one with the exponent and its standard error for each
quantity; a plot with a panel for each quantity.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import socket
import sys
from typing import Any
from typing import Callable
from typing import Dict
from typing import Iterator
from typing import List
from typing import Optional
from typing import Sequence

from benchmarks import power_law
from benchmarks import workers
from benchmarks.report import report

SIZES = {
    "batch_size": [8, 16, 32, 64, 128],
    "dim": [8, 16, 32, 64],
    "resolution": [16, 24, 32, 48, 64],
    "processes": [1, 2],
}
DATA_SIZES = {  # names are those of tasks in benchmarks/scale_data.py
    "eval_samples": [50_000, 200_000, 1_000_000],
    "folder_first": [1_000, 4_000, 16_000],
    "folder_again": [1_000, 4_000, 16_000],
    "features": [2_000, 4_000, 8_000, 16_000],
}
LABELS = {
    "batch_size": "batch size",
    "dim": "width (dim)",
    "resolution": "resolution (pixels a side)",
    "processes": "processes (a batch each)",
    "eval_samples": "samples of mode=eval (IS, FID, KID)",
    "folder_first": "images in a folder, first start",
    "folder_again": "images in a folder, next starts",
    "features": "features x 256 (precision, recall)",
}


def start_workers(size: Dict[str, int], threads: Optional[int]) -> List[workers.Worker]:
    """The processes that train together at one size.

    Args:
        size (Dict[str, int]): Value of every quantity.
        threads (Optional[int]): Threads of each; by default those of the case.
    """
    resolution, ranks = size["resolution"], size["processes"]
    spec = {
        "case": "wgan_gp_mnist",
        "overrides": [
            f"MODEL.image_shape=[1,{resolution},{resolution}]",
            f"MODEL.dim={size['dim']}",
            f"TRAIN.batch_size={size['batch_size']}",
        ],
    }
    shared = {}
    if threads is not None:
        names = ("MKL_NUM_THREADS", "OMP_NUM_THREADS")
        shared = {name: str(threads) for name in names}
    if ranks == 1:
        return [workers.Worker("benchmarks.paddle_worker", spec, shared)]
    endpoints = [f"127.0.0.1:{port}" for port in free_ports(ranks)]
    started = []
    for rank in range(ranks):
        environment = {**shared, **rank_environment(rank, endpoints, "gloo")}
        started.append(workers.Worker("benchmarks.paddle_worker", spec, environment))
    return started


def rank_environment(
    rank: int, endpoints: Sequence[str], backend: str
) -> Dict[str, str]:
    """What paddle.distributed.launch sets for one of several processes.

    Args:
        rank (int): Its number.
        endpoints (Sequence[str]): Address and port of each.
        backend (str): "gloo" or "nccl".
    """
    return {
        "PADDLE_TRAINER_ID": str(rank),
        "PADDLE_TRAINERS_NUM": str(len(endpoints)),
        "PADDLE_TRAINER_ENDPOINTS": ",".join(endpoints),
        "PADDLE_CURRENT_ENDPOINT": endpoints[rank],
        "PADDLE_MASTER": endpoints[0],
        "PADDLE_DISTRI_BACKEND": backend,
    }


def free_ports(count: int) -> List[int]:
    """Ports of this machine that nobody listens on."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def start_data_worker(quantity: str, size: int) -> List[workers.Worker]:
    """The process that handles data of one size."""
    spec = {"quantity": quantity, "size": size}
    return [workers.Worker("benchmarks.scale_data", spec)]


def bench(quantity: str, args: argparse.Namespace) -> Iterator[Dict[str, Any]]:
    """Times at all sizes of one quantity, then the fit.

    Args:
        quantity (str): Name in SIZES or DATA_SIZES.
        args (argparse.Namespace): The other arguments of the command line.
    """
    if quantity in DATA_SIZES:
        sizes = args.sizes or DATA_SIZES[quantity]
        start = functools.partial(start_data_worker, quantity)
        yield from measure(quantity, sizes, start, quantity, 0, args.data_rounds, args)
        return
    base = {
        "batch_size": args.batch_size,
        "dim": args.dim,
        "resolution": args.resolution,
        "processes": 1,
    }
    sizes, threads = args.sizes or SIZES[quantity], None
    if quantity == "processes":
        threads = max(1, len(os.sched_getaffinity(0)) // max(sizes))
    yield from measure(
        quantity,
        sizes,
        lambda size: start_workers({**base, quantity: size}, threads),
        "iteration",
        args.warmup,
        args.iterations,
        args,
        base,
    )


def measure(
    quantity: str,
    sizes: List[int],
    start: Callable[[int], List[workers.Worker]],
    task: str,
    warmup: int,
    rounds: int,
    args: argparse.Namespace,
    base: Optional[Dict[str, int]] = None,
) -> Iterator[Dict[str, Any]]:
    """A line for each size, and that of the fit.

    Args:
        quantity (str): Key of the size.
        sizes (List[int]): At least two.
        start (Callable[[int], List[workers.Worker]]): Starts the processes of a size.
        task (str): What they do in a turn.
        warmup (int): Turns before those that are timed.
        rounds (int): Turns of each size.
        args (argparse.Namespace): The other arguments of the command line.
        base (Optional[Dict[str, int]]): The other quantities. Defaults to none.
    """
    groups, points = {}, []
    with contextlib.ExitStack() as stack:
        for size in sizes:
            groups[size] = start(size)
            for worker in groups[size]:
                stack.enter_context(worker)
        about = {
            size: [worker.wait_until_ready() for worker in group][0]
            for size, group in groups.items()
        }
        workers.take_turns(groups, task, warmup)
        seconds = workers.take_turns(groups, task, rounds, clock=args.clock)
        for size in sizes:
            memory = groups[size][0].run("memory").result["above_imports"]
            points.append(
                {
                    "bench": "scale",
                    "quantity": quantity,
                    **(base or {}),
                    quantity: size,
                    "threads": about[size]["threads"],
                    "rounds": rounds,
                    "clock": args.clock,
                    **power_law.summary([1000 * each for each in seconds[size]]),
                    "megabytes_above_imports": round(memory, 1),
                }
            )
    yield from points
    yield power_law.fit_line(quantity, points)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    count = {"type": workers.positive, "metavar": "N"}
    parser.add_argument("--quantity", choices=LABELS, nargs="+", default=list(LABELS))
    parser.add_argument("--batch-size", default=16, **count)
    parser.add_argument("--dim", default=16, **count)
    parser.add_argument("--resolution", default=32, **count)
    parser.add_argument("--iterations", default=7, help="turns of a size", **count)
    parser.add_argument("--warmup", default=2, help="iterations before them", **count)
    parser.add_argument("--data-rounds", default=3, help="of data's sizes", **count)
    parser.add_argument(
        "--sizes", nargs="+", help="in place of those of each quantity", **count
    )
    parser.add_argument("--clock", choices=workers.CLOCKS, default="wall")
    parser.add_argument("--plot", default="bench_scale.png", metavar="FILE")
    parser.add_argument("--json", metavar="FILE", help="file for the lines, too")
    args = parser.parse_args()
    results: List[Dict[str, Any]] = []

    def run() -> Iterator[Dict[str, Any]]:
        for quantity in args.quantity:
            for result in bench(quantity, args):
                results.append(result)
                yield result

    try:
        report(run(), args.json)
    except workers.WorkerFailed as failure:
        sys.exit(f"error: {failure}")
    power_law.draw(results, LABELS, args.plot)


if __name__ == "__main__":
    main()
