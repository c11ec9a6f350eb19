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

"""Pictures of the processes u, k and f: paths, and means with standard deviations."""

from __future__ import annotations

from typing import Mapping
from typing import Optional

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from wgan_gp.utils import visualization

from ppsci_ext.data.fields.elliptic import PROCESSES
from ppsci_ext.data.fields.elliptic import Moments

Curves = Mapping[str, np.ndarray]

_REAL, _GENERATED = "#8a8a8a", "#12702f"
_TITLES = {"u": "solution u", "k": "coefficient k", "f": "force f"}
_SHOWN = 12  # paths


def save_paths(
    places: np.ndarray,
    real: Curves,
    generated: Optional[Curves],
    path: visualization.PathLike,
) -> None:
    """Write real paths, and generated ones over them.

    Args:
        places (np.ndarray): [P].
        real (Curves): Of each process, [n, P].
        generated (Optional[Curves]): The same, where there are some.
        path (PathLike): PNG to write.
    """
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    for axes, name in zip(figure.subplots(1, 3), PROCESSES):
        _draw_paths(axes, places, real[name], generated and generated[name])
        axes.set_title(_TITLES[name], fontsize=10)
    visualization.write_figure(figure, path)


def save_process_page(
    places: np.ndarray,
    truth: Mapping[str, Moments],
    real: Curves,
    generated: Curves,
    sensors: Curves,
    path: visualization.PathLike,
) -> None:
    """Write one page: paths above, below them means and deviations beside the truth.

    Args:
        places (np.ndarray): [P].
        truth (Mapping[str, Moments]): At these places, by process.
        real (Curves): Real paths of each process, [n, P].
        generated (Curves): Generated ones.
        sensors (Curves): Places of the sensors of each process.
        path (PathLike): PNG to write.
    """
    figure = Figure(figsize=(11, 6), layout="constrained")
    rows = figure.subplots(2, 3)
    for above, below, name in zip(*rows, PROCESSES):
        _draw_paths(above, places, real[name], generated[name])
        above.set_title(_TITLES[name], fontsize=10)
        _draw_moments(below, places, truth[name], generated[name])
        ticks = np.full(len(sensors[name]), below.get_ylim()[0])
        below.plot(sensors[name], ticks, "k^", ms=4, clip_on=False, label="sensors")
        below.legend(fontsize=7, frameon=False)
    visualization.write_figure(figure, path)


def _draw_paths(
    axes: Axes, places: np.ndarray, real: np.ndarray, generated: Optional[np.ndarray]
) -> None:
    for paths, color, label in (
        (real, _REAL, "real"),
        (generated, _GENERATED, "generated"),
    ):
        if paths is not None:
            lines = axes.plot(places, paths[:_SHOWN].T, color=color, lw=0.8, alpha=0.7)
            lines[0].set_label(label)
    visualization.tidy(axes)
    axes.legend(fontsize=7, frameon=False)


def _draw_moments(
    axes: Axes, places: np.ndarray, truth: Moments, generated: np.ndarray
) -> None:
    mean, sd = generated.mean(axis=0), generated.std(axis=0)
    axes.fill_between(
        places,
        truth.mean - truth.sd,
        truth.mean + truth.sd,
        color=_REAL,
        alpha=0.3,
        lw=0,
        label="truth, mean +- SD",
    )
    axes.plot(places, truth.mean, color=_REAL, lw=1.2)
    axes.plot(places, mean, color=_GENERATED, lw=1.2, label="generated")
    for sign in (-1, 1):
        axes.plot(places, mean + sign * sd, color=_GENERATED, lw=1.0, ls="--")
    axes.set_xlabel("x", fontsize=8)
    visualization.tidy(axes)
