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

"""One page of pictures of what `FieldJudge.scores` found, without a display or pyplot."""

from __future__ import annotations

import os
from typing import Any
from typing import Dict
from typing import Optional

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ppsci_ext.metric.fields.arrays import as_fields

_SHOWN = 4  # fields of each kind
_REAL, _GENERATED, _DENSITY_BINS = "#8a8a8a", "#12702f", 60
_MOST_PHASES = 8  # values that are told apart by bars; of more there is a density
# scores that are curves: their title, x axis, whether both axes are logarithmic
_CURVES = {
    "spectrum": ("Power spectrum", "wave number, radians per pixel", True),
    "covariance": ("Covariance", "lag, pixels", False),
    "two_point": ("Two-point S2(r)", "lag, pixels", False),
    "volume_fraction": ("Volume fraction", "threshold", False),
    "specific_surface": ("Specific surface", "threshold", False),
    "mean_breadth": ("Mean breadth", "threshold", False),
    "euler": ("Euler characteristic", "threshold", False),
}


def field_page(
    result: Dict[str, Any],
    generated: np.ndarray,
    real: np.ndarray,
    dimension: Optional[int] = None,
) -> Figure:
    """Draw real and generated fields, their pixels' densities (or shares, of phases), and curves.

    Volumes are shown by a slice through the middle, several channels by the first. Bands
    are twice the floor, the spread of real sets, on either side of the truth.

    Args:
        result (Dict[str, Any]): Of `FieldJudge.scores`.
        generated (np.ndarray): [N, *shape] or [N, C, *shape].
        real (np.ndarray): The same for real fields.
        dimension (Optional[int]): As for `as_fields`.

    Returns:
        Figure: One page.
    """
    real = as_fields(real, "the real fields", dimension)[:, 0]
    generated = as_fields(generated, "the generated fields", dimension)[:, 0]
    scores = result["scores"]
    names = [
        name
        for curve in _CURVES
        for name in (curve, f"{curve}[0]")
        if "at" in scores.get(name, {})
    ]
    panels = 1 + len(names)
    rows = 1 + -(-panels // 4)
    figure = Figure(figsize=(13, 2.2 + 2.7 * (rows - 1)), layout="constrained")
    grid = figure.add_gridspec(rows, 8, height_ratios=[0.8, *[1] * (rows - 1)])
    low, high = np.quantile(real, [0.001, 0.999])
    for side, (fields, title) in enumerate(((real, "real"), (generated, "generated"))):
        for column, field in enumerate(fields[:_SHOWN]):
            axes = figure.add_subplot(grid[0, side * _SHOWN + column])
            _show(axes, field, float(low), float(high))
            axes.set_title(f"{title} {column + 1}", fontsize=9)
    places = [
        figure.add_subplot(grid[1 + i // 4, 2 * (i % 4) : 2 * (i % 4) + 2])
        for i in range(panels)
    ]
    if len(np.unique(real)) <= _MOST_PHASES:
        _shares(places[0], real, generated)
    else:
        _densities(places[0], real, generated)
    for axes, name in zip(places[1:], names):
        _curve(axes, scores[name], *_CURVES[name.split("[")[0]])
    return figure


def save_field_page(
    path: str,
    result: Dict[str, Any],
    generated: np.ndarray,
    real: np.ndarray,
    dimension: Optional[int] = None,
) -> None:
    """Write the page of `field_page` as a PNG; its folder is created.

    Raises:
        OSError: If the file can't be written.
    """
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    figure = field_page(result, generated, real, dimension)
    temporary = f"{path}.tmp"  # no reader sees an incomplete file under its name
    try:
        figure.savefig(temporary, format="png", dpi=110)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def _show(axes: Axes, field: np.ndarray, low: float, high: float) -> None:
    axes.set_xticks([])
    if field.ndim == 1:
        axes.plot(field, color=_GENERATED, lw=0.8)
        return
    axes.set_yticks([])
    picture = field[len(field) // 2] if field.ndim == 3 else field
    axes.imshow(picture, vmin=low, vmax=high, interpolation="nearest")


def _densities(axes: Axes, real: np.ndarray, generated: np.ndarray) -> None:
    edges = np.linspace(*np.quantile(real, [0.0005, 0.9995]), _DENSITY_BINS + 1)
    if edges[0] == edges[-1]:
        edges = np.linspace(edges[0] - 1, edges[0] + 1, _DENSITY_BINS + 1)
    for fields, color, label in (
        (real, _REAL, "real"),
        (generated, _GENERATED, "generated"),
    ):
        counts, _ = np.histogram(fields, edges)
        axes.stairs(
            counts / fields.size / np.diff(edges), edges, color=color, label=label
        )
    axes.set_yscale("log")
    _finish(axes, "Density of a pixel", "value")


def _shares(axes: Axes, real: np.ndarray, generated: np.ndarray) -> None:
    values = np.unique(real)
    for side, fields, color, label in (
        (-0.2, real, _REAL, "real"),
        (0.2, generated, _GENERATED, "generated"),
    ):
        shares = [np.mean(fields == value) for value in values]
        bars = axes.bar(
            np.arange(len(values)) + side, shares, 0.4, color=color, label=label
        )
        axes.bar_label(bars, fmt="%.3f", fontsize=7)
    axes.set_xticks(np.arange(len(values)), [f"{value:g}" for value in values])
    axes.margins(y=0.1)
    _finish(axes, "Shares of the values", "value")


def _curve(
    axes: Axes, score: Dict[str, Any], title: str, label: str, logarithmic: bool
) -> None:
    at, truth, floor, value = (
        np.array(score[key]) for key in ("at", "truth", "floor", "value")
    )
    lower = truth - 2 * floor
    if logarithmic:
        axes.set_xscale("log")
        axes.set_yscale("log")
        lower = np.maximum(lower, truth / 100)
    axes.fill_between(at, lower, truth + 2 * floor, color=_REAL, alpha=0.35, lw=0)
    axes.plot(at, truth, color=_REAL, lw=1.2, label="truth, +- 2 floors")
    axes.plot(at, value, color=_GENERATED, lw=1.2, marker=".", label="generated")
    verdict = "within the floor" if score["within"] else "not within the floor"
    _finish(axes, f"{title}: {verdict}", label)


def _finish(axes: Axes, title: str, label: str) -> None:
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(label, fontsize=8)
    axes.tick_params(labelsize=8)
    axes.grid(True, color="0.9", lw=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=7, frameon=False)
