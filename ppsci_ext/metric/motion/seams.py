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

"""Whether motion that was made window after window jumps where they meet."""

from __future__ import annotations

from typing import Dict
from typing import Sequence

import numpy as np
from scipy import stats

from ppsci_ext.data.motion.skeleton import Skeleton
from ppsci_ext.metric.motion.kinematics import movements


def seam_test(
    directions: np.ndarray,
    seams: Sequence[int],
    overlap: int,
    skeleton: Skeleton,
    fps: float,
) -> Dict[str, float]:
    """Compares the speed where windows meet with that elsewhere.

    At a seam the fastest of the steps into, within and out of the overlap counts; it is
    compared with the fastest of as many steps in a row everywhere else.

    Args:
        directions (np.ndarray): Unit directions [N, B, 3].
        seams (Sequence[int]): Frames where a window begins, at least one.
        overlap (int): Frames that windows share.
        skeleton (Skeleton): Lengths of the bones.
        fps (float): Frames a second.

    Returns:
        Dict[str, float]: "seam_speed" and "other_speed", medians in m/s of the mean over
            joints; "p_value", of a one-sided rank test that seams are faster: small where
            there are jumps; "seams_above", the share of seams that are faster than 97.5 %
            of the other places, 0.025 if there are none.
    """
    speed = movements(directions[None], skeleton, fps)["speed"][0].mean(axis=1)
    length = overlap + 1  # steps; the first leads into the overlap
    fastest = np.lib.stride_tricks.sliding_window_view(speed, length).max(axis=1)
    starts = np.asarray(seams) - 1
    starts = starts[(starts >= 0) & (starts < len(fastest))]
    apart = np.abs(np.arange(len(fastest))[:, None] - starts).min(axis=1)
    others = fastest[apart >= length]
    if not len(starts) or not len(others):
        raise ValueError("there must be seams, and places that are none")
    at_seams = fastest[starts]
    # neighbouring places share steps: one of them stands for all
    test = stats.mannwhitneyu(at_seams, others[::length], alternative="greater")
    return {
        "seam_speed": float(np.median(at_seams)),
        "other_speed": float(np.median(others)),
        "p_value": float(test.pvalue),
        "seams_above": float(np.mean(at_seams > np.percentile(others, 97.5))),
    }
