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

"""The two pictures of Figure 1."""

from __future__ import annotations

from typing import Mapping
from typing import NamedTuple
from typing import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from wgan_gp.utils.visualization import BLUE
from wgan_gp.utils.visualization import GREEN
from wgan_gp.utils.visualization import GREY
from wgan_gp.utils.visualization import ORANGE
from wgan_gp.utils.visualization import PathLike
from wgan_gp.utils.visualization import draw_value_surface
from wgan_gp.utils.visualization import mark_points
from wgan_gp.utils.visualization import tidy
from wgan_gp.utils.visualization import write_figure

_PANEL = 3.2  # inches
_LINES = ((ORANGE, "o"), (GREEN, "s"), (GREY, "^"), (BLUE, "D"))


class Surface(NamedTuple):
    """One panel.

    Attributes:
        title (str): Its title.
        values (np.ndarray): [n, n], as for `visualization.draw_value_surface`.
        real (np.ndarray): Real points, [m, 2].
    """

    title: str
    values: np.ndarray
    real: np.ndarray


def save_surfaces(
    rows: Mapping[str, Sequence[Surface]], limit: float, path: PathLike
) -> None:
    """Draw value surfaces in rows, each with contours of its own.

    Args:
        rows (Mapping[str, Sequence[Surface]]): Panels of each row by its label.
        limit (float): The plane is drawn over [-limit, limit]^2.
        path (PathLike): PNG to write.
    """
    columns = max(map(len, rows.values()))
    figure = Figure(
        figsize=(_PANEL * columns, _PANEL * len(rows)), layout="constrained"
    )
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for panels, (label, surfaces) in zip(grid, rows.items()):
        panels[0].set_ylabel(label, fontsize=12)
        for axes, surface in zip(panels, surfaces):
            draw_value_surface(axes, surface.values, (-limit, limit))
            mark_points(axes, surface.real, ORANGE, "real points")
            axes.set_title(surface.title, fontsize=10)
            axes.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
            axes.tick_params(labelsize=8)
    figure.legend(
        *grid[0, 0].get_legend_handles_labels(),
        loc="outside lower right",
        frameon=False,
        fontsize=9,
        markerscale=1.8,
    )
    write_figure(figure, path)


def save_layers(
    norms: Mapping[str, np.ndarray], weights: Mapping[str, np.ndarray], path: PathLike
) -> None:
    """Draw gradient norms over the layers, and histograms of weights beside them.

    Args:
        norms (Mapping[str, np.ndarray]): Norm at each layer, first to last, by label.
        weights (Mapping[str, np.ndarray]): Weights of each histogram by its title, from top to
            bottom; the largest hundredth may lie outside of the picture.
        path (PathLike): PNG to write.
    """
    figure = Figure(figsize=(9.6, 4.2), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.25, 1))
    axes = left.subplots()
    for (label, values), (color, marker) in zip(norms.items(), _LINES):
        layers = np.arange(1, len(values) + 1)
        axes.semilogy(layers, values, color=color, marker=marker, ms=4, label=label)
    tidy(axes)
    axes.invert_xaxis()  # as in the paper: the way that gradients take
    axes.set_xlabel("Hidden layer of the critic (1: next to the input)")
    axes.set_ylabel("Gradient norm of the critic's loss")
    axes.legend(frameon=False, fontsize=9)
    panels = right.subplots(len(weights), 1)
    for axes, (title, values) in zip(panels, weights.items()):
        edge = 1.1 * np.quantile(np.abs(values), 0.99)
        axes.hist(values, bins=101, range=(-edge, edge), color=BLUE)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        tidy(axes)
        axes.set_title(title, fontsize=10)
        axes.set_ylabel("Number of weights")
    axes.set_xlabel("Weight of the critic")
    write_figure(figure, path)
