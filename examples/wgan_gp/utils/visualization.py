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

"""Pictures of samples: grids of images, value surfaces of critics; and what others share.

Everything is drawn into files, without a display and without pyplot's global state.
"""

from __future__ import annotations

import io
import math
import os
from typing import Callable
from typing import Optional
from typing import Tuple
from typing import Union

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

from ppsci_ext.utils.files import write_atomically

PathLike = Union[str, "os.PathLike[str]"]

_SEPARATOR_WIDTH = 2  # pixels
_SEPARATOR_GREY = 235
_SMALL_IMAGE = 64  # pixels; images below this size are enlarged
_DPI = 130

BLUE, ORANGE, GREEN, GREY = "#2b6ca3", "#f28e2b", "#12702f", "#8a8a8a"
_MAX_CONTOUR_LEVELS = 24
# Pale, so that the points stand out from every level.
_SURFACE_COLORS = LinearSegmentedColormap.from_list("surface", ["#fbfdff", "#6da7d4"])


def save_image_grid(
    images: np.ndarray, path: PathLike, columns: Optional[int] = None
) -> None:
    """Write images as tiles of one PNG, row by row.

    The number of rows is the largest divisor of N not above sqrt(N), as in the authors'
    save_images.py (128 images: 8 x 16; 100: 10 x 10). A light line of 2 pixels
    separates the tiles. Images below 64 x 64 pixels are drawn at twice their size, each
    pixel as a square of four.

    Args:
        images (np.ndarray): uint8 [N, C, H, W], C = 1 (grey), 3 (RGB) or 4 (RGBA, drawn over
            white); of another number each channel is grey, side by side.
        path (PathLike): PNG to write; its folder is created, an existing file replaced.
        columns (Optional[int]): Tiles in a row instead; the last row may stay
            incomplete.

    Raises:
        ValueError: If the images have another shape or type, or columns is below 1.
        OSError: If the file can't be written.
    """
    if images.ndim != 4 or images.dtype != np.uint8 or 0 in images.shape:
        raise ValueError(
            f"images must be uint8 [N, C, H, W], not {images.dtype} {list(images.shape)}"
        )
    images = _grey_or_colour(images)
    num_images, _, height, width = images.shape
    if columns is None:
        columns = num_images // _grid_rows(num_images)
    elif columns < 1:
        raise ValueError(f"columns must be at least 1, not {columns}")
    rows = math.ceil(num_images / columns)

    tiles = images.transpose(0, 2, 3, 1)
    if max(height, width) < _SMALL_IMAGE:
        tiles = tiles.repeat(2, axis=1).repeat(2, axis=2)
    _, tile_height, tile_width, channels = tiles.shape
    step_y, step_x = tile_height + _SEPARATOR_WIDTH, tile_width + _SEPARATOR_WIDTH
    grid = np.full(
        (
            rows * step_y - _SEPARATOR_WIDTH,
            columns * step_x - _SEPARATOR_WIDTH,
            channels,
        ),
        _SEPARATOR_GREY,
        dtype=np.uint8,
    )
    for i, tile in enumerate(tiles):
        y, x = i // columns * step_y, i % columns * step_x
        grid[y : y + tile_height, x : x + tile_width] = tile
    picture = Image.fromarray(grid[:, :, 0] if channels == 1 else grid)
    _write_png(path, lambda file: picture.save(file, format="PNG"))


def _grey_or_colour(images: np.ndarray) -> np.ndarray:
    """uint8 [N, 1 or 3, H, W]."""
    count, channels, height, width = images.shape
    if channels == 4:
        colour, alpha = images[:, :3].astype(np.float32), images[:, 3:] / np.float32(
            255
        )
        return (255 + alpha * (colour - 255)).round().astype(np.uint8)
    if channels in (1, 3):
        return images
    side_by_side = images.transpose(0, 2, 1, 3).reshape(count, height, -1)
    return side_by_side[:, np.newaxis]


def save_value_surface(
    critic_values: np.ndarray,
    extent: Tuple[float, float],
    real: np.ndarray,
    fake: Optional[np.ndarray],
    path: PathLike,
) -> None:
    """Draw the critic's values over a square of the plane (paper, figure 1a).

    Args:
        critic_values (np.ndarray): [n, n], values at the points of a regular grid that
            includes the square's edges: critic_values[i, j] is D(x_j, y_i).
        extent (Tuple[float, float]): Lowest and highest coordinate of both axes.
        real (np.ndarray): [m, 2], real points.
        fake (Optional[np.ndarray]): [k, 2], generated points, if any are to be shown.
        path (PathLike): PNG to write; its folder is created, an existing file replaced.

    Raises:
        ValueError: If critic_values is not square.
        OSError: If the file can't be written.
    """
    critic_values = np.asarray(critic_values, dtype=np.float64)
    n = len(critic_values)
    if critic_values.shape != (n, n) or n < 2:
        raise ValueError(
            f"critic_values must be [n, n], not {list(critic_values.shape)}"
        )
    figure, axes = _plane(extent)
    filled = draw_value_surface(axes, critic_values, extent)
    if filled is not None:
        bar = figure.colorbar(filled, ax=axes, shrink=0.9)
        bar.set_label("Critic value")
        bar.outline.set_visible(False)
    _mark_real_and_fake(axes, real, fake)
    write_figure(figure, path)


def draw_value_surface(
    axes: Axes, critic_values: np.ndarray, extent: Tuple[float, float]
) -> Optional[ContourSet]:
    """Draw the critic's values over a square of the plane into given axes.

    Args:
        axes (Axes): Axes to draw into.
        critic_values (np.ndarray): [n, n], as for `save_value_surface`.
        extent (Tuple[float, float]): Lowest and highest coordinate of both axes.

    Returns:
        Optional[ContourSet]: The filled contours; None, with nothing drawn, where all values are
            the same or missing.
    """
    values = np.ma.masked_invalid(critic_values)
    if not values.count() or values.max() == values.min():
        return None
    coordinates = np.linspace(*extent, len(values))
    # Round numbers, from at most the lowest value to at least the highest.
    levels = MaxNLocator(_MAX_CONTOUR_LEVELS).tick_values(values.min(), values.max())
    filled = axes.contourf(
        coordinates, coordinates, values, levels=levels, cmap=_SURFACE_COLORS
    )
    axes.contour(
        coordinates,
        coordinates,
        values,
        levels=levels,
        colors=BLUE,
        linewidths=0.5,
        linestyles="solid",  # also where the value is negative
    )
    return filled


def save_points(
    extent: Tuple[float, float],
    real: np.ndarray,
    fake: Optional[np.ndarray],
    path: PathLike,
) -> None:
    """Draw real and generated points of the plane.

    Args:
        extent (Tuple[float, float]): Lowest and highest coordinate of both axes.
        real (np.ndarray): [m, 2], real points.
        fake (Optional[np.ndarray]): [k, 2], generated points, if any are to be shown.
        path (PathLike): PNG to write; its folder is created, an existing file replaced.

    Raises:
        OSError: If the file can't be written.
    """
    figure, axes = _plane(extent)
    _mark_real_and_fake(axes, real, fake)
    write_figure(figure, path)


def _plane(extent: Tuple[float, float]) -> Tuple[Figure, Axes]:
    figure = Figure(figsize=(5.8, 5.0), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlim(*extent)
    axes.set_ylim(*extent)
    axes.set_aspect("equal")
    axes.tick_params(labelsize=9)
    return figure, axes


def _mark_real_and_fake(
    axes: Axes, real: np.ndarray, fake: Optional[np.ndarray]
) -> None:
    mark_points(axes, real, ORANGE, "real")
    if fake is not None:
        mark_points(axes, fake, GREEN, "generated")
    legend = axes.legend(loc="upper right", fontsize=9, markerscale=1.8, framealpha=0.9)
    legend.set_zorder(4)


def _grid_rows(num_images: int) -> int:
    """Largest divisor of num_images not above its square root."""
    rows = math.isqrt(num_images)
    while num_images % rows:
        rows -= 1
    return rows


def tidy(axes: Axes) -> None:
    """The look of all panels with curves: a pale grid and no frame."""
    axes.grid(True, color="0.9", lw=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
    axes.margins(x=0.02)


def mark_points(axes: Axes, points: np.ndarray, color: str, label: str) -> None:
    """Mark points of the plane, [n, 2], by plus signs above all else."""
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=18,
        marker="+",
        c=color,
        lw=0.9,
        label=label,
        zorder=3,
    )


def write_figure(figure: Figure, path: PathLike) -> None:
    """Write a figure so that a reader never sees an incomplete file under its name.

    Args:
        figure (Figure): Figure without pyplot.
        path (PathLike): PNG to write; its folder is created, an existing file replaced.

    Raises:
        OSError: If the file can't be written.
    """
    FigureCanvasAgg(figure)
    _write_png(path, lambda file: figure.savefig(file, format="png", dpi=_DPI))


def _write_png(path: PathLike, draw: Callable[[io.BytesIO], None]) -> None:
    content = io.BytesIO()
    draw(content)
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    write_atomically(path, content.getvalue())
