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

"""Minkowski functionals of excursion sets, exact on the lattice.

The set above a threshold is the cubical complex whose vertices are the pixels above it and
whose edges, squares and cubes join neighbours that are all above it (pixels that touch only
at a corner are not joined). Its functionals per pixel are sums of the fractions P_A of
blocks, two pixels long in the axes A, that lie above the threshold:

    Euler characteristic        sum over A of (-1)^|A| P_A
    faces between in and out    sum over the axes i of 2 (P_0 - P_i)

So the expectation is exact for any stationary field whose P_A are known, however rough,
where the formulas of the continuum need one that is smooth on the scale of a pixel.
"""

from __future__ import annotations

import itertools
import math
from typing import Dict
from typing import Mapping
from typing import Tuple

import numpy as np

from ppsci_ext.metric.fields.measures import block_fractions
from ppsci_ext.metric.fields.measures import subsets

# of an isotropic surface's area to its faces on the lattice (Cauchy and Crofton)
AREA_OF_FACES = {1: 1.0, 2: math.pi / 4, 3: 2 / 3}

Fractions = Mapping[Tuple[int, ...], np.ndarray]


def functionals(fractions: Fractions, dimension: int) -> Dict[str, np.ndarray]:
    """Functionals per pixel from the fractions of blocks.

    Args:
        fractions (Fractions): For every subset of the axes, [..., T].
        dimension (int): d.

    Returns:
        Dict[str, np.ndarray]: [..., T] each. "volume_fraction"; "specific_surface", area
            (3-D) or length (2-D) per pixel, corrected for the faces' directions; in 3-D
            "mean_breadth", the Euler characteristic of plane sections, averaged over
            the three directions; "euler".
    """
    volume = fractions[()]
    faces = sum(2 * (volume - fractions[(axis,)]) for axis in range(dimension))
    result = {
        "volume_fraction": volume,
        "specific_surface": AREA_OF_FACES[dimension] * faces,
    }
    if dimension == 3:
        planes = list(itertools.combinations(range(3), 2))
        result["mean_breadth"] = sum(_euler(fractions, p) for p in planes) / 3
    result["euler"] = _euler(fractions, tuple(range(dimension)))
    return result


def minkowski(
    fields: np.ndarray, thresholds: np.ndarray, periodic: bool = True
) -> Dict[str, np.ndarray]:
    """Functionals of each field's excursion sets.

    Args:
        fields (np.ndarray): [n, *shape], 1 to 3 axes.
        thresholds (np.ndarray): [T].
        periodic (bool): Whether opposite borders are neighbours; if not, the fractions
            are of the blocks inside, so that borders make no surface.

    Returns:
        Dict[str, np.ndarray]: As of `functionals`, [n, T] each.
    """
    fractions = block_fractions(fields, thresholds, periodic)
    return functionals(fractions, fields.ndim - 1)


def _euler(fractions: Fractions, axes: Tuple[int, ...]) -> np.ndarray:
    chosen = [tuple(axes[i] for i in part) for part in subsets(len(axes))]
    return sum((-1) ** len(part) * fractions[part] for part in chosen)
