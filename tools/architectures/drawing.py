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

"""Pictures of a study of architectures: samples by method, and the scores of two methods."""

from __future__ import annotations

import glob
import textwrap
from os import path as osp
from typing import Mapping
from typing import Optional
from typing import Sequence

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from wgan_gp.utils.visualization import BLUE
from wgan_gp.utils.visualization import GREY
from wgan_gp.utils.visualization import PathLike
from wgan_gp.utils.visualization import tidy
from wgan_gp.utils.visualization import write_figure

from tools.architectures.counting import COMPARED
from tools.architectures.outcomes import METHODS
from tools.architectures.outcomes import Outcome
from tools.architectures.outcomes import value

_TILES = (2, 6)  # rows and columns of samples in a cell
_CELL = (3.0, 1.25)  # inches


def save_samples(
    outcomes: Sequence[Outcome], names: Mapping[str, str], path: PathLike
) -> None:
    """Draw samples at the end of each run, a row for each architecture, a column for each method.

    A run that has none gets an empty cell that says why.

    Args:
        outcomes (Sequence[Outcome]): By architecture and method.
        names (Mapping[str, str]): What to write beside each row, by architecture.
        path (PathLike): PNG to write.
    """
    methods = list(dict.fromkeys(each.method for each in outcomes))
    rows = len(outcomes) // len(methods)
    figure = Figure(
        figsize=(1.6 + _CELL[0] * len(methods), 0.4 + _CELL[1] * rows),
        layout="constrained",
    )
    grid = figure.subplots(rows, len(methods), squeeze=False)
    for axes, outcome in zip(grid.ravel(), outcomes):
        axes.set(xticks=[], yticks=[], xlabel=outcome.label())
        axes.spines[:].set_visible(False)
        samples = _samples(outcome)
        if samples is None:
            axes.set_facecolor("0.94")
        else:
            axes.imshow(samples, cmap="gray", interpolation="nearest")
    for axes, method in zip(grid[0], methods):
        axes.set_title(METHODS[method], fontsize=11)
    for axes, outcome in zip(grid[:, 0], outcomes[:: len(methods)]):
        name = textwrap.fill(names[outcome.architecture], 34)
        axes.set_ylabel(
            name, rotation=0, ha="right", va="center", multialignment="left", fontsize=8
        )
    write_figure(figure, path)


def _samples(outcome: Outcome) -> Optional[np.ndarray]:
    """The first tiles of a run's newest picture, None where it has none."""
    pictures = sorted(glob.glob(osp.join(outcome.folder or "", "samples/iter_*.png")))
    if outcome.folder is None or not pictures:
        return None
    with Image.open(pictures[-1]) as picture:
        pixels = np.asarray(picture)
    _, height, width = value(outcome.cfg, "MODEL.image_shape")
    steps = np.array([height, width]) * (2 if max(height, width) < 64 else 1) + 2
    bottom, right = steps * _TILES - 2
    return pixels[:bottom, :right]


def save_scores(
    outcomes: Sequence[Outcome],
    thresholds: Sequence[float],
    extractor: str,
    path: PathLike,
) -> None:
    """Draw the Inception score of one method over that of the other, a point an architecture.

    Args:
        outcomes (Sequence[Outcome]): Of all architectures and methods.
        thresholds (Sequence[float]): Drawn as lines.
        extractor (str): Network whose scores these are.
        path (PathLike): PNG to write.
    """
    scores = {
        (each.architecture, each.method): each.inception_score for each in outcomes
    }
    figure = Figure(figsize=(4.6, 4.4), layout="constrained")
    axes = figure.subplots()
    for name in dict.fromkeys(each.architecture for each in outcomes):
        x, y = (scores.get((name, method)) for method in COMPARED)
        if x is not None and y is not None:
            axes.plot(x, y, "o", color=BLUE, ms=5)
            axes.annotate(
                name, (x, y), xytext=(4, 3), textcoords="offset points", fontsize=8
            )
    low, high = 0.9, max([s for s in scores.values() if s is not None]) * 1.05 + 0.1
    for threshold in thresholds:
        if threshold < high:
            axes.axhline(threshold, color=GREY, lw=0.6, ls=":")
            axes.axvline(threshold, color=GREY, lw=0.6, ls=":")
    axes.plot([low, high], [low, high], color=GREY, lw=0.8)
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    x, y = (METHODS[method] for method in COMPARED)
    axes.set(xlabel=f"Inception score of {x}", ylabel=f"Inception score of {y}")
    axes.set_title(f"by {extractor}", fontsize=10)
    tidy(axes)
    write_figure(figure, path)
