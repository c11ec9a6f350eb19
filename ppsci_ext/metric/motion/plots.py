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

"""Pictures of motion: how it correlates with speech, and how its numbers are spread."""

from __future__ import annotations

import io
from typing import Dict
from typing import Optional
from typing import Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ppsci_ext.utils.checkpoint import write_atomically

COLORS = ("#f28e2b", "#12702f", "#2b6ca3", "#8a8a8a")  # real, generated, others
GREY = "#8a8a8a"
_DPI = 130
_BINS = 60


def save_lagged_correlation(
    curves: Dict[str, np.ndarray], band: np.ndarray, fps: float, path: str
) -> None:
    """Draws correlations of speech and motion over the lag, with a permutation band.

    Args:
        curves (Dict[str, np.ndarray]): By name, such as "real" and "generated", values of
            `lagged_correlation`, [2 L + 1].
        band (np.ndarray): Lower and upper end, [2, 2 L + 1], of `permutation_band`.
        fps (float): Frames a second.
        path (str): PNG to write; its folder must exist, an old file is replaced.
    """
    figure, (axes,) = _figure(1)
    lags = (np.arange(band.shape[1]) - band.shape[1] // 2) / fps
    axes.fill_between(
        lags, *band, color=GREY, alpha=0.25, lw=0, label="95 % of permuted pairs"
    )
    axes.axhline(0.0, color=GREY, lw=0.8)
    axes.axvline(0.0, color=GREY, lw=0.8, ls=":")
    for (name, curve), color in zip(curves.items(), COLORS):
        axes.plot(lags, curve, "o-", color=color, ms=3, lw=1.6, label=name)
    axes.set_xlim(lags[0], lags[-1])
    axes.set_xlabel("Lag in seconds (negative: motion before speech)")
    axes.set_ylabel("Correlation")
    _legend(axes)
    _write(figure, path)


def save_histograms(
    values: Dict[str, Dict[str, np.ndarray]],
    path: str,
    truth: Optional[Dict[str, Tuple[np.ndarray, np.ndarray]]] = None,
) -> None:
    """Draws histograms of some quantities, such as angles and speeds, side by side.

    Args:
        values (Dict[str, Dict[str, np.ndarray]]): By quantity ("Speed in m/s"), by name of
            the sample ("real"), numbers of any shape. The 0.1 % that is farthest out on
            either side of the first sample is cut off.
        path (str): PNG to write; its folder must exist, an old file is replaced.
        truth (Optional[Dict[str, Tuple[np.ndarray, np.ndarray]]]): By quantity, a density
            to draw over it: places and values. Defaults to None.
    """
    figure, all_axes = _figure(len(values))
    for axes, (quantity, samples) in zip(all_axes, values.items()):
        first = np.ravel(next(iter(samples.values())))
        lowest, highest = np.percentile(first, [0.1, 99.9])
        if lowest >= 0:  # a magnitude, whose axis begins at nothing
            lowest = 0.0
        highest = max(highest, lowest + 1e-6)
        edges = np.linspace(lowest, highest, _BINS + 1)
        for (name, numbers), color in zip(samples.items(), COLORS):
            counts, _ = np.histogram(numbers, edges)
            density = counts / (np.size(numbers) * np.diff(edges))
            axes.stairs(density, edges, color=color, lw=1.6, label=name)
            axes.stairs(density, edges, color=color, alpha=0.12, fill=True)
        if truth and quantity in truth:
            axes.plot(*truth[quantity], color="black", lw=1.0, ls="--", label="truth")
        axes.set_xlim(lowest, highest)
        axes.set_ylim(bottom=0)
        axes.set_xlabel(quantity)
        axes.set_ylabel("Density")
        _legend(axes)
    _write(figure, path)


def _figure(count: int) -> Tuple[Figure, Tuple[Axes, ...]]:
    figure = Figure(figsize=(max(5.6, 4.2 * count), 3.6), layout="constrained")
    all_axes = figure.subplots(1, count, squeeze=False)[0]
    for axes in all_axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=9)
        axes.xaxis.set_major_locator(MaxNLocator(6))
    return figure, tuple(all_axes)


def _legend(axes: Axes) -> None:
    axes.legend(fontsize=9, frameon=False)


def _write(figure: Figure, path: str) -> None:
    FigureCanvasAgg(figure)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    write_atomically(path, content.getvalue())
