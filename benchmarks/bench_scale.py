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

"""How the time of an iteration grows with the size of the problem.

    python -m benchmarks.bench_scale [--quantity NAME ...] [--plot FILE] [--json FILE]

The pair of the MNIST case (5 critic steps and 1 generator step, by AdversarialSolver) is timed
against one quantity at a time, the others as the options say: batch_size, dim (the width),
resolution (pixels a side), and processes, each with a batch of its own and an equal share of the
processors, so that perfect scaling is a constant time. Each size is a process of its own; the sizes
of a quantity take turns. time = c * quantity^e is fitted by least squares to the logarithms of
the medians.

One JSON object a line for each size, and one with the exponent and its standard error for each
quantity; a plot with a panel for each quantity.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import sys
from typing import Any
from typing import Dict
from typing import Iterator
from typing import List
from typing import NamedTuple
from typing import Optional
from typing import Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib import ticker
from matplotlib.axes import Axes

from benchmarks import workers
from benchmarks.report import report

SIZES = {
    "batch_size": [8, 16, 32, 64, 128],
    "dim": [8, 16, 32, 64],
    "resolution": [16, 24, 32, 48, 64],
    "processes": [1, 2],
}
LABELS = {
    "batch_size": "batch size",
    "dim": "width (dim)",
    "resolution": "resolution (pixels a side)",
    "processes": "processes (a batch each)",
}


class PowerLaw(NamedTuple):
    """y = factor * x^exponent.

    Attributes:
        standard_error (Optional[float]): Of the exponent; None for two points, which leave
            nothing to tell it from.
    """

    factor: float
    exponent: float
    standard_error: Optional[float]


def fit_power_law(x: Sequence[float], y: Sequence[float]) -> PowerLaw:
    """Least squares through (log x, log y).

    Args:
        x (Sequence[float]): Sizes, positive, at least two different ones.
        y (Sequence[float]): Times, positive.

    Raises:
        ValueError: If there are fewer.
    """
    u, v = np.log(x), np.log(y)
    if len(set(x)) < 2:
        raise ValueError("an exponent needs two different sizes or more")
    centred = u - u.mean()
    spread = centred @ centred
    exponent = centred @ v / spread
    residuals = v - v.mean() - exponent * centred
    error = None
    if len(u) > 2:
        error = float(np.sqrt(residuals @ residuals / (len(u) - 2) / spread))
    return PowerLaw(
        float(np.exp(v.mean() - exponent * u.mean())), float(exponent), error
    )


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


def bench(quantity: str, args: argparse.Namespace) -> Iterator[Dict[str, Any]]:
    """Times at all sizes of one quantity, then the fit.

    Args:
        quantity (str): Name in SIZES.
        args (argparse.Namespace): The other arguments of the command line.
    """
    base = {
        "batch_size": args.batch_size,
        "dim": args.dim,
        "resolution": args.resolution,
        "processes": 1,
    }
    values = SIZES[quantity]
    threads = None
    if quantity == "processes":
        threads = max(1, len(os.sched_getaffinity(0)) // max(values))
    groups = {}
    with contextlib.ExitStack() as stack:
        for value in values:
            groups[value] = start_workers({**base, quantity: value}, threads)
            for worker in groups[value]:
                stack.enter_context(worker)
        about = {
            value: [worker.wait_until_ready() for worker in group][0]
            for value, group in groups.items()
        }
        workers.take_turns(groups, "iteration", args.warmup)
        seconds = workers.take_turns(groups, "iteration", args.iterations)
    medians = []
    for value in values:
        low, median, high = 1000 * np.percentile(seconds[value], [25, 50, 75])
        medians.append(median)
        yield {
            "bench": "scale",
            "quantity": quantity,
            **base,
            quantity: value,
            "threads": about[value]["threads"],
            "iterations": args.iterations,
            "iteration_milliseconds": round(median, 3),
            "iteration_quartiles": [round(low, 3), round(high, 3)],
        }
    law = fit_power_law(values, medians)
    error = law.standard_error
    yield {
        "bench": "scale_fit",
        "quantity": quantity,
        "factor_milliseconds": round(law.factor, 6),
        "exponent": round(law.exponent, 4),
        "standard_error": None if error is None else round(error, 4),
    }


def draw(results: Sequence[Dict[str, Any]], path: str) -> None:
    """Measured medians with their quartiles, and the fits; both axes logarithmic.

    Args:
        results (Sequence[Dict[str, Any]]): What `bench` gave, of one quantity or more.
        path (str): PNG file.
    """
    fits = [result for result in results if result["bench"] == "scale_fit"]
    columns = min(2, len(fits))
    rows = -(-len(fits) // columns)
    figure, panels = plt.subplots(
        rows,
        columns,
        figsize=(5 * columns, 3.8 * rows),
        squeeze=False,
        layout="constrained",
    )
    for fit, axes in zip(fits, panels.flat):
        points = [
            result
            for result in results
            if result["bench"] == "scale" and result["quantity"] == fit["quantity"]
        ]
        _draw_panel(axes, fit, points)
    for axes in panels.flat[len(fits) :]:
        axes.remove()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _draw_panel(
    axes: Axes, fit: Dict[str, Any], points: Sequence[Dict[str, Any]]
) -> None:
    x = np.array([point[fit["quantity"]] for point in points])
    y = np.array([point["iteration_milliseconds"] for point in points])
    low, high = np.transpose([point["iteration_quartiles"] for point in points])
    line = f"exponent {fit['exponent']:.2f}"
    if fit["standard_error"] is not None:
        line += f" ± {fit['standard_error']:.2f}"
    fitted = fit["factor_milliseconds"] * x ** fit["exponent"]
    axes.plot(x, fitted, color="C1", label=line)
    axes.errorbar(
        x, y, [y - low, high - y], fmt="o", capsize=3, label="median, quartiles"
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(x, [str(value) for value in x])
    axes.set_xticks([], minor=True)
    axes.set_ylim(0.7 * low.min(), 1.5 * high.max())
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_locator(ticker.NullLocator())
    axes.set_xlabel(LABELS[fit["quantity"]])
    axes.set_ylabel("ms per iteration")
    axes.grid(alpha=0.3)
    axes.legend()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    count = {"type": workers.positive, "metavar": "N"}
    parser.add_argument("--quantity", choices=SIZES, nargs="+", default=list(SIZES))
    parser.add_argument("--batch-size", default=16, **count)
    parser.add_argument("--dim", default=16, **count)
    parser.add_argument("--resolution", default=32, **count)
    parser.add_argument("--iterations", default=7, help="turns of a size", **count)
    parser.add_argument("--warmup", default=2, help="iterations before them", **count)
    parser.add_argument("--plot", default="bench_scale.png", metavar="FILE")
    parser.add_argument("--json", metavar="FILE", help="file for the lines, too")
    args = parser.parse_args()
    results: List[Dict[str, Any]] = []

    def measure() -> Iterator[Dict[str, Any]]:
        for quantity in args.quantity:
            for result in bench(quantity, args):
                results.append(result)
                yield result

    try:
        report(measure(), args.json)
    except workers.WorkerFailed as failure:
        sys.exit(f"error: {failure}")
    draw(results, args.plot)


if __name__ == "__main__":
    main()
