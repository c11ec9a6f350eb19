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

"""Pictures of a training's course: its losses, and the scores of its evaluations.

Everything is drawn into files, without a display and without pyplot's global state.
"""

from __future__ import annotations

import math
from typing import Any
from typing import Dict
from typing import List
from typing import NamedTuple
from typing import Optional
from typing import Sequence
from typing import Tuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from wgan_gp.utils import visualization
from wgan_gp.utils.visualization import BLUE
from wgan_gp.utils.visualization import GREY
from wgan_gp.utils.visualization import ORANGE
from wgan_gp.utils.visualization import PathLike

# what a record holds beside terms of the losses
_NO_TERMS = ("gradient_penalty", "seconds", "images_per_second")
_FEW_POINTS = 30  # such as those of validation: they would be lost without a marker


class _Curve(NamedTuple):
    """Iterations and values [n] of a panel."""

    x: np.ndarray
    y: np.ndarray
    label: Optional[str]
    color: str
    style: str = "-"


def save_curves(
    records: Sequence[Dict[str, Any]], path: PathLike, target: float = 1.0
) -> None:
    """Draw the course of a training run from the records of its metrics.jsonl.

    One panel each for the Wasserstein estimate E[D(real)] - E[D(fake)] (paper, figure
    5), the critic's loss in training and validation, the mean gradient
    norm that the penalty pulls towards its target, the generator's loss, and each further term
    of the losses under its name. Panels without a value are left out.

    Args:
        records (Sequence[Dict[str, Any]]): Records with "iteration" and numbers; a missing or
            None value is skipped, one that is not finite leaves a gap.
        path (PathLike): PNG to write; its folder is created, an existing file replaced.
        target (float, optional): Gradient norm that the penalty asks for. Defaults to 1.0.

    Raises:
        OSError: If the file can't be written.
    """
    # Panel -> its curves: key, label, colour.
    panels = {
        "Wasserstein estimate": [("wasserstein", None, BLUE)],
        "Critic loss": [
            ("critic_loss", "training", BLUE),
            ("validation_critic_loss", "validation", ORANGE),
        ],
        "Gradient norm (slope)": [("slope", "mean over the batch", BLUE)],
        "Generator loss": [("generator_loss", None, BLUE)],
    }
    drawn_so_far = {key for curves in panels.values() for key, *_ in curves}
    for name in _terms(records):
        if name not in drawn_so_far:
            panels[name] = [(name, None, BLUE)]
    drawn = {
        name: [_Curve(*_series(records, key), label, c) for key, label, c in curves]
        for name, curves in panels.items()
    }
    slopes = drawn["Gradient norm (slope)"]
    ends = slopes[0].x[[0, -1]] if len(slopes[0].x) else slopes[0].x
    aims = np.full(len(ends), target)
    slopes.append(_Curve(ends, aims, f"target {target:g}", GREY, "--"))
    _save_panels(drawn, path)


def save_scores(
    records: Sequence[Dict[str, Any]], names: Sequence[str], path: PathLike
) -> None:
    """Draw scores of a training's evaluations (TRAIN.eval_during_train), one panel each.

    Beside a score is, where the evaluation has it, that of real data ("real_" before its name),
    as a broken line.

    Args:
        records (Sequence[Dict[str, Any]]): Those of metrics.jsonl, of evaluations and others.
        names (Sequence[str]): Keys of evaluations; those that there are not are left out, and
            without any there is no picture.
        path (PathLike): PNG to write; its folder is created, an existing file replaced.

    Raises:
        OSError: If the file can't be written.
    """
    scored = [
        {"iteration": record["iteration"], **record["eval"]}
        for record in records
        if "eval" in record
    ]
    drawn = {
        name: [
            _Curve(*_series(scored, name), "generated", BLUE),
            _Curve(*_series(scored, f"real_{name}"), "real", GREY, "--"),
        ]
        for name in names
        if any(name in one for one in scored)
    }
    if drawn:
        _save_panels(drawn, path)


def _save_panels(panels: Dict[str, List[_Curve]], path: PathLike) -> None:
    """Draw the panels whose first curves have values."""
    drawn = {}
    for name, curves in panels.items():
        found = [curve for curve in curves if np.isfinite(curve.y).any()]
        if found and found[0].style == "-":
            drawn[name] = found
    columns = 1 if len(drawn) <= 1 else 2 if len(drawn) <= 6 else 3
    rows = max(1, math.ceil(len(drawn) / columns))
    figure = Figure(figsize=(5.2 * columns, 3.1 * rows), layout="constrained")
    if not drawn:
        figure.text(0.5, 0.5, "no values recorded", ha="center", color=GREY)
    for i, (name, curves) in enumerate(drawn.items()):
        axes = figure.add_subplot(rows, columns, i + 1)
        for x, y, label, color, style in curves:
            marker = "o" if len(x) <= _FEW_POINTS and style == "-" else None
            look = {"color": color, "ls": style, "lw": 1.3, "marker": marker, "ms": 3}
            axes.plot(x, y, label=label, **look)
        if len(axes.get_lines()) > 1:
            axes.legend(frameon=False, fontsize=9)
        axes.set_ylabel(name)
        axes.set_xlabel("Generator iteration")
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True))
        visualization.tidy(axes)
    visualization.write_figure(figure, path)


def _terms(records: Sequence[Dict[str, Any]]) -> List[str]:
    """Names of the terms of the losses in the records, in the order of their appearance."""
    names = dict.fromkeys(
        name
        for record in records
        for name, value in record.items()
        if isinstance(value, float) and not name.endswith("_lr")
    )
    return [name for name in names if name not in _NO_TERMS]


def _series(
    records: Sequence[Dict[str, Any]], key: str
) -> Tuple[np.ndarray, np.ndarray]:
    """Iterations and values of the records that have a value."""
    points = [(r["iteration"], r[key]) for r in records if r.get(key) is not None]
    iterations, values = zip(*points) if points else ((), ())
    values = np.asarray(values, dtype=np.float64)
    return np.asarray(iterations), np.where(np.isfinite(values), values, np.nan)
