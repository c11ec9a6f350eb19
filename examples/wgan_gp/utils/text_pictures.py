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

"""Generated lines as a text file, and the course of their n-gram divergences."""

from __future__ import annotations

import os
from os import path as osp
from typing import Any
from typing import Dict
from typing import Sequence

from matplotlib.figure import Figure
from wgan_gp.utils import visualization

from ppsci_ext.utils.files import write_atomically
from ppsci_ext.utils.files import writing


def write_lines(lines: Sequence[str], path: str) -> None:
    """Write a text file, a line for each sample.

    Args:
        lines (Sequence[str]): Samples.
        path (str): UTF-8 file; its folder is created, an existing file replaced.

    Raises:
        UserError: If it can't be written.
    """
    with writing(path):
        os.makedirs(osp.dirname(path) or ".", exist_ok=True)
        write_atomically(path, "".join(f"{line}\n" for line in lines).encode())


def save_divergences(records: Sequence[Dict[str, Any]], path: str) -> None:
    """Draw JS-1, JS-2, ... against iterations, with the same of real lines as their floor.

    Args:
        records (Sequence[Dict[str, Any]]): Those of metrics.jsonl; nothing is drawn unless some
            hold evaluations.
        path (str): PNG to write.

    Raises:
        OSError: If it can't be written.
    """
    scored = [record for record in records if "eval" in record]
    if not scored:
        return
    iterations = [record["iteration"] for record in scored]
    names = [name for name in scored[0]["eval"] if name.startswith("JS-")]
    figure = Figure(figsize=(3.2 * len(names), 3.0), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names):
        values = [record["eval"][name] for record in scored]
        floor = [record["eval"][f"real_{name}"] for record in scored]
        axes.plot(
            iterations, values, color=visualization.BLUE, marker=".", label="generated"
        )
        axes.plot(
            iterations, floor, color=visualization.GREY, ls="--", label="real lines"
        )
        axes.set_title(f"{name} to held-out lines", fontsize=10)
        axes.set_xlabel("Generator iteration")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, fontsize=8)
        visualization.tidy(axes)
    visualization.write_figure(figure, path)
