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

"""Draw Figure 5b of the paper from two runs: what their critics make of digits not trained on.

    python -m tools.overfitting outputs_overfitting docs/results/overfitting

reads metrics.jsonl of the jobs GAN.name=wgan_gp and GAN.name=wgan of the MNIST case's
+experiment=overfitting, and writes overfitting.png, overfitting.json and a copy of both files.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import NamedTuple
from typing import Optional

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np
from matplotlib.figure import Figure
from wgan_gp.utils import visualization

from ppsci_ext.utils import UserError
from ppsci_ext.utils.files import write_atomically

JOBS = {"GAN.name-wgan_gp": "Gradient penalty", "GAN.name-wgan": "Weight clipping"}
TENTH = 10  # the beginning and the end of a run are the first and the last tenth of it


class Losses(NamedTuple):
    """Negative critic losses at the log lines of a run.

    Attributes:
        iterations (np.ndarray): Iterations of the generator, [n].
        training (np.ndarray): Mean over the steps since the line before, [n].
        held_out (np.ndarray): On digits that are not trained on, [n].
    """

    iterations: np.ndarray
    training: np.ndarray
    held_out: np.ndarray


def read_losses(path: str) -> Losses:
    """The losses in a metrics.jsonl.

    Args:
        path (str): File.

    Raises:
        UserError: If there is no such file, or it holds too few losses to compare.
    """
    if not osp.isfile(path):
        raise UserError(
            f"There is no run at {path}: train with -m +experiment=overfitting first."
        )
    with open(path, encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    keys = ("iteration", "critic_loss", "validation_critic_loss")
    rows = [
        [record[key] for key in keys]
        for record in records
        if record.get("validation_critic_loss") is not None
    ]
    if len(rows) < TENTH:
        raise UserError(
            f"{path} has {len(rows)} lines with a held-out loss, and {TENTH} are needed: train "
            "on, or set TRAIN.log_freq lower."
        )
    iterations, training, held_out = np.array(rows, dtype=np.float64).T
    return Losses(iterations.astype(int), -training, -held_out)


def summarised(losses: Losses) -> Dict[str, Any]:
    """Both losses in the first and in the last tenth of a run, and the gap between them.

    Args:
        losses (Losses): Of one run.
    """
    part = len(losses.iterations) // TENTH
    summary: Dict[str, Any] = {"iterations": int(losses.iterations[-1])}
    for name, where in (("first", slice(part)), ("last", slice(-part, None))):
        training = float(losses.training[where].mean())
        held_out = float(losses.held_out[where].mean())
        summary[f"{name}_tenth"] = {
            "training": training,
            "held_out": held_out,
            "gap": training - held_out,
        }
    return summary


def draw(runs: Dict[str, Losses], path: str) -> None:
    """A panel for each run, training and held-out digits in it.

    Args:
        runs (Dict[str, Losses]): By title.
        path (str): PNG to write.
    """
    figure = Figure(figsize=(5.2 * len(runs), 3.6), layout="constrained")
    for axes, (title, losses) in zip(figure.subplots(1, len(runs)), runs.items()):
        for values, label, color in (
            (losses.training, "training digits", visualization.BLUE),
            (losses.held_out, "held-out digits", visualization.ORANGE),
        ):
            axes.plot(losses.iterations, values, color=color, lw=1.3, label=label)
        axes.set_title(title)
        axes.set_xlabel("Generator iteration")
        axes.set_ylabel("Negative critic loss")
        axes.legend(frameon=False, fontsize=9)
        visualization.tidy(axes)
    visualization.write_figure(figure, path)


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", help="output_dir of the two jobs")
    parser.add_argument("output", help="folder for the picture and the numbers")
    options = parser.parse_args(arguments)
    paths = {job: osp.join(options.runs, job, "metrics.jsonl") for job in JOBS}
    try:
        losses = {job: read_losses(path) for job, path in paths.items()}
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.status
    os.makedirs(options.output, exist_ok=True)
    for job, path in paths.items():
        with open(path, "rb") as file:
            copy = osp.join(options.output, f"{job.split('-')[1]}.jsonl")
            write_atomically(copy, file.read())
    summary = {job: summarised(each) for job, each in losses.items()}
    text = f"{json.dumps(summary, indent=2)}\n"
    write_atomically(osp.join(options.output, "overfitting.json"), text.encode())
    named = {JOBS[job]: each for job, each in losses.items()}
    draw(named, osp.join(options.output, "overfitting.png"))
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
