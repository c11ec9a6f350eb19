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

"""How a cost grows with a size: a power law through the measured ones, and its plot."""

from __future__ import annotations

from typing import Any
from typing import Dict
from typing import List
from typing import NamedTuple
from typing import Optional
from typing import Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib import ticker
from matplotlib.axes import Axes


class PowerLaw(NamedTuple):
    """y = factor * x^exponent.

    Attributes:
        standard_error (Optional[float]): Of the exponent; None for two points, which leave
            nothing to tell it from.
    """

    factor: float
    exponent: float
    standard_error: Optional[float]


def fit_power_law(x: Sequence[float], y: Sequence[float]) -> PowerLaw:
    """Least squares through (log x, log y).

    Args:
        x (Sequence[float]): Sizes, positive, at least two different ones.
        y (Sequence[float]): Times, positive.

    Raises:
        ValueError: If there are fewer.
    """
    u, v = np.log(x), np.log(y)
    if len(set(x)) < 2:
        raise ValueError("an exponent needs two different sizes or more")
    centred = u - u.mean()
    spread = centred @ centred
    exponent = centred @ v / spread
    residuals = v - v.mean() - exponent * centred
    error = None
    if len(u) > 2:
        error = float(np.sqrt(residuals @ residuals / (len(u) - 2) / spread))
    return PowerLaw(
        float(np.exp(v.mean() - exponent * u.mean())), float(exponent), error
    )


def summary(milliseconds: Sequence[float]) -> Dict[str, Any]:
    """Median and quartiles, as the lines have them.

    Args:
        milliseconds (Sequence[float]): At least one.
    """
    low, median, high = np.percentile(milliseconds, [25, 50, 75])
    return {
        "milliseconds": round(median, 3),
        "quartiles": [round(low, 3), round(high, 3)],
    }


def fit_line(quantity: str, points: Sequence[Dict[str, Any]]) -> Dict[str, Any]:
    """The line of the fit through the lines of the sizes.

    Args:
        quantity (str): Key of the size in each of them.
        points (Sequence[Dict[str, Any]]): Lines with that key and "milliseconds".
    """
    sizes = [point[quantity] for point in points]
    law = fit_power_law(sizes, [point["milliseconds"] for point in points])
    error = law.standard_error
    return {
        "bench": "scale_fit",
        "quantity": quantity,
        "factor_milliseconds": round(law.factor, 6),
        "exponent": round(law.exponent, 4),
        "standard_error": None if error is None else round(error, 4),
    }


def draw(results: Sequence[Dict[str, Any]], labels: Dict[str, str], path: str) -> None:
    """Measured medians with their quartiles, and the fits; both axes logarithmic.

    Args:
        results (Sequence[Dict[str, Any]]): Lines of one quantity or more.
        labels (Dict[str, str]): What the axis of each quantity is called.
        path (str): PNG file.
    """
    fits = [result for result in results if result["bench"] == "scale_fit"]
    columns = min(3, len(fits))
    rows = -(-len(fits) // columns)
    figure, panels = plt.subplots(
        rows,
        columns,
        figsize=(5 * columns, 3.8 * rows),
        squeeze=False,
        layout="constrained",
    )
    for fit, axes in zip(fits, panels.flat):
        points = [
            result
            for result in results
            if result["bench"] == "scale" and result["quantity"] == fit["quantity"]
        ]
        _draw_panel(axes, fit, points, labels[fit["quantity"]])
    for axes in panels.flat[len(fits) :]:
        axes.remove()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _draw_panel(
    axes: Axes, fit: Dict[str, Any], points: List[Dict[str, Any]], label: str
) -> None:
    x = np.array([point[fit["quantity"]] for point in points])
    y = np.array([point["milliseconds"] for point in points])
    low, high = np.transpose([point["quartiles"] for point in points])
    line = f"exponent {fit['exponent']:.2f}"
    if fit["standard_error"] is not None:
        line += f" ± {fit['standard_error']:.2f}"
    fitted = fit["factor_milliseconds"] * x ** fit["exponent"]
    axes.plot(x, fitted, color="C1", label=line)
    axes.errorbar(
        x, y, [y - low, high - y], fmt="o", capsize=3, label="median, quartiles"
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(x, [str(value) for value in x])
    axes.set_xticks([], minor=True)
    axes.set_ylim(0.7 * low.min(), 1.5 * high.max())
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_locator(ticker.NullLocator())
    axes.set_xlabel(label)
    axes.set_ylabel("milliseconds")
    axes.grid(alpha=0.3)
    axes.legend()
