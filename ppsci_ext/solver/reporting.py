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
        """Begin to measure time and speed.

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

    def mark(self, iteration: int, samples: int) -> None:
        """Measure speed from here on.

        Args:
            iteration (int): Iterations so far.
            samples (int): Real samples so far.
        """
        self._mark = (self.elapsed(), iteration, samples)

    def rates(self, iteration: int, samples: int) -> Tuple[float, float]:
        """Iterations and samples per second since the last mark.

        Args:
            iteration (int): Iterations so far.
            samples (int): Real samples so far.
        """
        since, iterations_before, samples_before = self._mark
        passed = self.elapsed() - since
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

    def tell(
        self, iteration: int, terms: Mapping[str, Any], rates: Tuple[float, float]
    ) -> None:
        """One line of the log and of the bar.

        Args:
            iteration (int): Iterations so far.
            terms (Mapping[str, Any]): Means of the losses' terms, by name.
            rates (Tuple[float, float]): Iterations and samples per second, see `Pace.rates`; by
                the former the time left is estimated.
        """
        iterations_per_second, samples_per_second = rates
        left = int((self.total - iteration) / iterations_per_second)
        shown = {k: terms[k] for k in _SHOWN if terms.get(k) is not None}
        message = f"{shown_values(shown)}, {samples_per_second:.0f} images/s"
        self._bar.set_postfix_str(message)
        self.say(
            f"[Train][iteration {iteration}/{self.total}] {message}, time left: "
            f"{datetime.timedelta(seconds=left)}"
        )

    def write_scalars(self, record: Mapping[str, Any]) -> None:
        """Hand a record of metrics.jsonl to VisualDL, TensorBoard and W&B.

        Args:
            record (Mapping[str, Any]): Record with "iteration".
        """
        logger.scalar(
            {f"train/{k}": v for k, v in record.items() if isinstance(v, float)},
            record["iteration"],
            **self._writers,
        )


def is_early(iterations: int) -> bool:
    """Whether a training that has just begun should say how it goes: after 1, 2, 5, 10, 20, ...

    Args:
        iterations (int): Iterations since it began, or went on.
    """
    return str(iterations).rstrip("0") in ("1", "2", "5")


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
