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

"""Processes that run one task at a time when told to, and say how long it took.

Frameworks that are compared get a process each: in one they disturb each other. A task is a name;
it goes to the worker as a line of text and comes back as a JSON object with "seconds", by the
worker's own clock, and "result".
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from os import path as osp
from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import Mapping
from typing import NamedTuple
from typing import NoReturn
from typing import Optional
from typing import Sequence

from tqdm import tqdm

ROOT = osp.dirname(osp.dirname(osp.abspath(__file__)))
PAUSE = 0.3  # seconds; threads of OpenMP spin for 0.2 s after their last work
PRODUCT_SIZE = 1024
PRODUCTS = 10


class Reply(NamedTuple):
    """What a worker says after a task: its time on the clock and on all processors."""

    seconds: float
    result: Any
    cpu_seconds: float = 0.0


class WorkerFailed(Exception):
    """A worker has ended; the message is what it printed at last."""


# in the process that measures


class Worker:
    """A process of its own.

    Args:
        module (str): Module to run; its `main` serves a :class:`Server`.
        spec (Dict[str, Any]): What to tell it, as JSON in its only argument.
        environment (Optional[Mapping[str, str]]): Environment variables to add.
        python (str, optional): Interpreter. Defaults to this one.
    """

    def __init__(
        self,
        module: str,
        spec: Dict[str, Any],
        environment: Optional[Mapping[str, str]] = None,
        python: str = sys.executable,
    ):
        self._folder = tempfile.TemporaryDirectory()  # its own, to write into
        self._errors = open(osp.join(self._folder.name, "stderr"), "w+")
        paths = os.pathsep.join([ROOT, osp.join(ROOT, "examples")])
        self._process = subprocess.Popen(
            [python, "-m", module, json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=self._folder.name,
            env={**os.environ, "PYTHONPATH": paths, **(environment or {})},
        )

    def wait_until_ready(self) -> Dict[str, Any]:
        """What the worker says of itself; to be called once, before any task.

        Raises:
            WorkerFailed: If it has ended instead.
        """
        return self._read()

    def start(self, task: str) -> None:
        """Let it begin.

        Args:
            task (str): Name of a task.
        """
        try:
            self._process.stdin.write(f"{task}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._fail()

    def finish(self) -> Reply:
        """Wait for the task that was started.

        Raises:
            WorkerFailed: If the worker has ended instead.
        """
        return Reply(**self._read())

    def run(self, task: str) -> Reply:
        """`start` and `finish`."""
        self.start(task)
        return self.finish()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """End the process, whatever it is doing, and remove what it has written."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()
        self._folder.cleanup()

    def _read(self) -> Dict[str, Any]:
        line = self._process.stdout.readline()
        return json.loads(line) if line else self._fail()

    def _fail(self) -> NoReturn:
        status = self._process.wait()
        self._errors.seek(0)
        *_, last = ["it printed nothing", *self._errors.read().split("\n")[-2:-1]]
        raise WorkerFailed(f"a worker ended with status {status}: {last}")


def positive(text: str) -> int:
    """Number of an argument of the command line, 1 or more."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


CLOCKS = {"wall": "seconds", "cpu": "cpu_seconds"}  # fields of a Reply


def together(workers: Sequence[Worker], task: str, clock: str = "wall") -> float:
    """Seconds of a task that all of them run at once, those of the slowest.

    Args:
        workers (Sequence[Worker]): One, or processes that need each other.
        task (str): Name of the task.
        clock (str, optional): Name in CLOCKS. Defaults to "wall".
    """
    for worker in workers:
        worker.start(task)
    return max([getattr(worker.finish(), CLOCKS[clock]) for worker in workers])


def take_turns(
    groups: Mapping[str, Sequence[Worker]],
    task: str,
    rounds: int,
    seed: int = 0,
    clock: str = "wall",
) -> Dict[str, List[float]]:
    """Time a task in every group of workers, over and over, one group at a time.

    Args:
        groups (Mapping[str, Sequence[Worker]]): Workers by the name of their group.
        task (str): Name of the task.
        rounds (int): Turns of each group; their order is another one in every round.
        seed (int, optional): Seed of the order. Defaults to 0.
        clock (str, optional): Name in CLOCKS. Defaults to "wall".

    Returns:
        Dict[str, List[float]]: Seconds of each turn, by group.
    """
    rng = random.Random(seed)
    seconds: Dict[str, List[float]] = {name: [] for name in groups}
    for _ in tqdm(range(rounds), desc=task, leave=False, disable=None):
        for name in rng.sample(list(groups), len(groups)):
            time.sleep(PAUSE)
            seconds[name].append(together(groups[name], task, clock))
    return seconds


# in the workers


class Server:
    """The worker's side; to be made when all that takes memory to import is imported.

    Nothing but replies goes to the standard output from then on.

    Args:
        tensors (Optional[Callable[[], float]]): Most memory that tensors took at once, in MiB,
            where the framework tells.
    """

    def __init__(self, tensors: Optional[Callable[[], float]] = None):
        self._tensors = tensors
        self._replies = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)
        self._after_imports = megabytes("VmRSS")

    def serve(self, tasks: Mapping[str, Callable[[], Any]], **about: Any) -> NoReturn:
        """Run tasks until there are no more to come; there is always one named "memory".

        Args:
            tasks (Mapping[str, Callable[[], Any]]): Tasks by name; JSON can hold their results.
            **about (Any): What the worker says of itself before the first task.
        """
        tasks = {**tasks, "memory": self._memory}
        print(json.dumps(about), file=self._replies)
        for line in sys.stdin:
            task = tasks[line.strip()]
            start, cpu_start = time.perf_counter(), time.process_time()
            result = task()
            cpu_seconds = time.process_time() - cpu_start
            reply = Reply(time.perf_counter() - start, result, cpu_seconds)
            print(json.dumps(reply._asdict()), file=self._replies)
        sys.exit()

    def _memory(self) -> Dict[str, float]:
        """Largest resident set so far, in MiB, and how much of it came after the imports."""
        peak = megabytes("VmHWM")
        found = {"peak": peak, "above_imports": peak - self._after_imports}
        if self._tensors is not None:
            found["tensors"] = self._tensors()
        return found


def megabytes(name: str) -> float:
    """A line of /proc/self/status in MiB: VmRSS is memory in use, VmHWM its peak."""
    # getrusage's ru_maxrss begins with the peak of the process that started this one
    with open("/proc/self/status", encoding="utf-8") as file:
        return int(dict(line.split(":", 1) for line in file)[name].split()[0]) / 1024


def repeat_product(product: Callable[[], Any]) -> None:
    """PRODUCTS matrix products of PRODUCT_SIZE, for the rate of a framework.

    Args:
        product (Callable[[], Any]): One of them.
    """
    for _ in range(PRODUCTS):
        product()


def product_gflop() -> float:
    """Billions of floating-point operations in `repeat_product`."""
    return 2 * PRODUCT_SIZE**3 * PRODUCTS / 1e9


def num_samples(batch_size: int) -> int:
    """How many samples to draw batches from: a multiple, so that no pass has a rest."""
    return 20 * batch_size
