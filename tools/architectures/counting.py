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

"""How often each of two methods succeeds (paper, table 2)."""

from __future__ import annotations

from typing import Any
from typing import Dict
from typing import List
from typing import Sequence
from typing import Tuple

from tools.architectures.outcomes import Outcome

THRESHOLDS = (1.0, 3.0, 5.0, 7.0, 9.0)  # of the Inception score
COMPARED = ("gan", "wgan_gp")


def success_counts(
    outcomes: Sequence[Outcome], thresholds: Sequence[float] = THRESHOLDS
) -> Tuple[List[Dict[str, Any]], List[str]]:
    """Numbers of architectures that GAN and WGAN-GP have trained.

    A training has succeeded if its Inception score, to the two decimals that are reported, is
    above the threshold: samples that are all alike score 1.00, and so does a run that has
    diverged. Architectures that lack the score of one of the two are left out.

    Args:
        outcomes (Sequence[Outcome]): Of all architectures and methods.
        thresholds (Sequence[float], optional): Of the Inception score. Defaults to table 2's.

    Returns:
        Tuple[List[Dict[str, Any]], List[str]]: A row for each threshold, with the numbers
            "only_gan", "only_wgan_gp", "both" and "neither"; and the architectures left out.
    """
    scores: Dict[str, Dict[str, float]] = {}
    for each in outcomes:
        of_one = scores.setdefault(each.architecture, {})
        if each.inception_score is not None:
            of_one[each.method] = round(each.inception_score, 2)
    pairs = {
        name: tuple(of_one[method] for method in COMPARED)
        for name, of_one in scores.items()
        if all(method in of_one for method in COMPARED)
    }
    rows = []
    for threshold in thresholds:
        succeeded = [tuple(s > threshold for s in pair) for pair in pairs.values()]
        rows.append(
            {
                "threshold": threshold,
                "only_gan": succeeded.count((True, False)),
                "only_wgan_gp": succeeded.count((False, True)),
                "both": succeeded.count((True, True)),
                "neither": succeeded.count((False, False)),
            }
        )
    return rows, [name for name in scores if name not in pairs]
