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

"""Where the time of a critic step and a generator step goes.

    python -m benchmarks.profile_step [--case CASE ...] [--steps N] [--json FILE]

Full-size networks, the fast path. The operators' times are those that Paddle's profiler has for
the main thread, with everything that they call, in milliseconds per pair of steps; "between the operators"
is what is left of the wall time: Python, and Paddle's bookkeeping. One JSON object for each case.
"""

from __future__ import annotations

import argparse
import collections
import json
import re
import tempfile
import time
from glob import glob
from os import path as osp
from typing import Any
from typing import Callable
from typing import Dict
from unittest import mock

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

from paddle import profiler

from benchmarks.bench_step import CASES
from benchmarks.paddle_worker import build_solver
from benchmarks.paddle_worker import case_of
from benchmarks.paddle_worker import compose_settings
from benchmarks.report import report
from ppsci.utils import logger
from ppsci.utils import misc
from ppsci_ext.arch.onednn import build
from ppsci_ext.arch.onednn import kernels

# the first that an operator's name contains, in lower case
GROUPS = {
    "matrix products": ("matmul",),
    "convolutions": ("conv", "pylayer"),
    "Adam": ("adam",),
    "activations": ("relu", "tanh", "sigmoid"),
    "pooling, means and sums": ("pool", "mean", "sum", "reduce"),
    "norms": ("batchnorm", "batch_norm"),
}
OUTERMOST = re.compile(r"^(Global_\w+|\w+ dygraph)$")


def group_of(operator: str) -> str:
    """Key of GROUPS, else "other element-wise operators and copies"."""
    for group, parts in GROUPS.items():
        if any(part in operator.lower() for part in parts):
            return group
    return "other element-wise operators and copies"


class OwnOperators:
    """Seconds spent in this project's operators, which Paddle's profiler doesn't name."""

    def __init__(self):
        self.seconds: Dict[str, float] = collections.defaultdict(float)
        self._patches = [
            mock.patch.object(kernels, name, self._timed(getattr(kernels, name)))
            for name in ("forward", "transpose", "weight")
        ]
        self._patches.append(mock.patch.object(build, "run", self._timed(build.run)))
        self._running = False

    def __enter__(self) -> OwnOperators:
        for patch in self._patches:
            patch.start()
        return self

    def __exit__(self, *_: Any) -> None:
        for patch in self._patches:
            patch.stop()

    def _timed(self, function: Callable) -> Callable:
        group = "norms" if function is build.run else "convolutions"

        def timed(*args: Any) -> Any:
            if self._running:  # an operator of a convolution
                return function(*args)
            self._running, start = True, time.perf_counter()
            result = function(*args)
            self.seconds[group] += time.perf_counter() - start
            self._running = False
            return result

        return timed


def outermost(events: list) -> Dict[str, float]:
    """Milliseconds by operator; operators inside of others count as part of those."""
    named = ((e, e["name"].split("[")[0]) for e in events if "dur" in e)
    spans = sorted(
        (e["ts"], -e["dur"], name) for e, name in named if OUTERMOST.match(name)
    )
    totals: Dict[str, float] = collections.defaultdict(float)
    end = float("-inf")
    for start, negative, name in spans:
        if start >= end - 1:  # starts are whole microseconds
            totals[name] += -negative / 1000
            end = start - negative
    return totals


def profile(name: str, steps: int) -> Dict[str, Any]:
    """Run and dissect `steps` pairs of steps of a case."""
    script, overrides = CASES[name]
    with tempfile.TemporaryDirectory() as folder:
        cfg = compose_settings(script, (*overrides, f"output_dir={folder}/run"))
        misc.set_random_seed(cfg.seed)
        solver = build_solver(case_of(script)(cfg))

        def pair() -> None:
            solver.critic_step()
            float(solver.generator_step()["generator_loss"])

        pair()
        with OwnOperators() as own:
            with profiler.Profiler(
                targets=[profiler.ProfilerTarget.CPU],
                on_trace_ready=profiler.export_chrome_tracing(folder),
            ):
                start = time.perf_counter()
                for _ in range(steps):
                    pair()
                seconds = time.perf_counter() - start
        (trace,) = glob(osp.join(folder, "*.json"))
        with open(trace, encoding="utf-8") as file:
            operators = outermost(json.load(file)["traceEvents"])
    groups: Dict[str, float] = collections.defaultdict(float)
    for operator, milliseconds in operators.items():
        groups[group_of(operator)] += milliseconds / steps
    if own.seconds:  # in place of the layers that they are in
        groups.update({g: 1000 * s / steps for g, s in own.seconds.items()})
    wall = 1000 * seconds / steps
    groups["between the operators"] = wall - sum(groups.values())
    shares = {g: round(ms, 2) for g, ms in sorted(groups.items(), key=lambda x: -x[1])}
    return {
        "bench": "profile",
        "case": name,
        "milliseconds": round(wall, 2),
        "groups": shares,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case", choices=CASES, nargs="+", default=list(CASES))
    parser.add_argument("--steps", type=int, default=10, metavar="N")
    parser.add_argument("--json", metavar="FILE", help="file for the lines, too")
    args = parser.parse_args()
    logger.init_logger("ppsci", None, "warning")
    report((profile(name, args.steps) for name in args.case), args.json)


if __name__ == "__main__":
    main()
