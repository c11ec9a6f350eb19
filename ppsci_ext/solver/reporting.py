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


"""What a training says of itself while it runs: progress bar, log lines, scalars, speed."""

from __future__ import annotations

import datetime
import time
from typing import Any
from typing import Dict
from typing import Mapping
from typing import Tuple

from tqdm import tqdm

from ppsci.utils import logger

_SHOWN = ("critic_loss", "wasserstein", "slope", "generator_loss")


class Pace:
    """Seconds of a training, those before an interruption included, and its speed."""

    def __init__(self):
        self._start = time.perf_counter()
        self._mark: Tuple[float, float, float] = (0.0, 0.0, 0.0)

    def start(self, seconds: float, iteration: int, samples: int) -> None:
        """Begin to measure.

        Args:
            seconds (float): Seconds of training so far.
            iteration (int): Iterations so far.
            samples (int): Real samples so far.
        """
        self._start = time.perf_counter() - seconds
        self._mark = (seconds, iteration, samples)

    def elapsed(self) -> float:
        """Seconds of training so far."""
        return time.perf_counter() - self._start

    def leave_out(self, seconds: float) -> None:
        """Don't count a pause (checkpoints, pictures) as slow training."""
        since, iteration, samples = self._mark
        self._mark = (since + seconds, iteration, samples)

    def rates(self, iteration: int, samples: int) -> Tuple[float, float]:
        """Iterations and samples per second since the last call.

        Args:
            iteration (int): Iterations so far.
            samples (int): Real samples so far.
        """
        now = self.elapsed()
        since, iterations_before, samples_before = self._mark
        self._mark = (now, iteration, samples)
        passed = now - since
        return (iteration - iterations_before) / passed, (
            samples - samples_before
        ) / passed


class Reporting:
    """Progress bar, log lines, and scalars for VisualDL, TensorBoard and W&B.

    Args:
        total (int): Iterations of the whole training.
        visible (bool): Whether this process shows a bar, where there is a terminal.
        writers (Mapping[str, Any]): "vdl_writer", "wandb_writer" and "tbd_writer" of
            ppsci.solver.Solver.
    """

    def __init__(self, total: int, visible: bool, writers: Mapping[str, Any]):
        self.total = total
        self._writers = dict(writers)
        self._bar = tqdm(
            total=total,
            unit="it",
            disable=None if visible else True,  # None: only on a terminal
            dynamic_ncols=True,
        )

    def __enter__(self) -> Reporting:
        return self

    def __exit__(self, *_: Any) -> None:
        self._bar.close()

    def go_to(self, iteration: int) -> None:
        """Show another iteration than the next."""
        self._bar.n = iteration

    def step(self) -> None:
        """One iteration is done."""
        self._bar.update()

    def hide(self) -> None:
        """Make room for lines of others."""
        self._bar.clear()

    def show(self) -> None:
        self._bar.refresh()

    def say(self, message: str) -> None:
        """Write a line into the log, above the bar."""
        self.hide()
        logger.info(message)
        self.show()

    def record(self, record: Mapping[str, Any], iterations_per_second: float) -> None:
        """Tell of a record of metrics.jsonl.

        Args:
            record (Mapping[str, Any]): Record with "iteration" and "images_per_second".
            iterations_per_second (float): By which the time left is estimated.
        """
        iteration = record["iteration"]
        left = int((self.total - iteration) / iterations_per_second)
        shown = {k: record[k] for k in _SHOWN if record.get(k) is not None}
        message = f"{shown_values(shown)}, {record['images_per_second']:.0f} images/s"
        self._bar.set_postfix_str(message)
        self.say(
            f"[Train][iteration {iteration}/{self.total}] {message}, time left: "
            f"{datetime.timedelta(seconds=left)}"
        )
        logger.scalar(
            {f"train/{k}": v for k, v in record.items() if isinstance(v, float)},
            iteration,
            **self._writers,
        )


def shown_values(values: Mapping[str, Any]) -> str:
    """Names and values in a line; of a mapping those that are no lists, in parentheses."""
    return ", ".join(f"{name}: {_shown(value)}" for name, value in values.items())


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        single = {k: v for k, v in value.items() if not isinstance(v, list)}
        return f"({shown_values(single)})"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def empty_record(iteration: int) -> Dict[str, Any]:
    """The keys that each record of a training has, without values."""
    return {
        "iteration": iteration,
        "critic_loss": None,
        "wasserstein": None,
        "gradient_penalty": None,
        "slope": None,
        "generator_loss": None,
    }
