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


"""Pictures of fields: grids of them, and real ones beside generated ones."""

from __future__ import annotations

import numpy as np
from wgan_gp.utils import visualization

_RANGE = (0.005, 0.995)  # quantiles that become black and white
_PROFILE_HEIGHT = 16  # pixels


def save_fields(fields: np.ndarray, path: visualization.PathLike) -> None:
    """Write fields as a grid of grey or coloured tiles.

    A volume is shown by the slice through its middle, a profile as a strip. Three channels are
    colours; of any other number the first is shown.

    Args:
        fields (np.ndarray): [N, C, *shape], in any unit.
        path (PathLike): PNG to write.
    """
    low, high = _limits(fields)
    visualization.save_image_grid(_tiles(fields, low, high), path)


def save_beside(
    real: np.ndarray, generated: np.ndarray, path: visualization.PathLike
) -> None:
    """Write real fields on the left and generated ones on the right, on one scale of grey.

    Args:
        real (np.ndarray): [N, C, *shape]; it sets the scale.
        generated (np.ndarray): As many.
        path (PathLike): PNG to write.
    """
    limits = _limits(real)
    left, right = (_tiles(fields, *limits) for fields in (real, generated))
    side = max(1, int(np.sqrt(len(real))))
    gap = np.full((1, *left.shape[1:]), 235, np.uint8)
    rows = [
        part
        for start in range(0, len(real) - side + 1, side)
        for part in (left[start : start + side], gap, right[start : start + side])
    ]
    visualization.save_image_grid(np.concatenate(rows), path, columns=2 * side + 1)


def _limits(fields: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(fields, _RANGE)
    return float(low), float(max(high, low + 1e-6 * max(1.0, abs(low))))


def _tiles(fields: np.ndarray, low: float, high: float) -> np.ndarray:
    """uint8 [N, 1 or 3, H, W]."""
    if fields.ndim == 5:
        fields = fields[:, :, fields.shape[2] // 2]
    elif fields.ndim == 3:
        fields = fields[:, :, np.newaxis].repeat(_PROFILE_HEIGHT, axis=2)
    if fields.shape[1] != 3:
        fields = fields[:, :1]
    grey = (fields - low) / (high - low)
    return np.clip(255 * grey, 0, 255).round().astype(np.uint8)
