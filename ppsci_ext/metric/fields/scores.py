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

"""Scores of generated fields, each beside its truth and its floor."""

from __future__ import annotations

from typing import Any
from typing import Dict
from typing import List
from typing import Optional
from typing import Union

import numpy as np

from ppsci_ext.data.fields.random_fields import RandomField
from ppsci_ext.metric.fields.arrays import as_fields
from ppsci_ext.metric.fields.arrays import check_same_shape
from ppsci_ext.metric.fields.channels import Channel
from ppsci_ext.metric.fields.channels import ExactChannel
from ppsci_ext.metric.fields.channels import SampledChannel
from ppsci_ext.metric.fields.verdict import Evidence
from ppsci_ext.metric.fields.verdict import check_rates
from ppsci_ext.metric.fields.verdict import judge
from ppsci_ext.metric.fields.verdict import real_sets_rng
from ppsci_ext.utils.errors import UserError


class FieldJudge:
    """Judges sets of fields by one truth; the real sets are measured once.

    | truth | value is beside | real sets |
    |---|---|---|
    | a random field | its closed forms | `sets` of `count` new fields each |
    | real fields [N, ...] | the real fields not in the set | `sets` random draws of `count` |

    In the second case judged and real sets are compared with as many real fields, N less
    `count`, and the verdicts are those of a permutation test: real sets share their
    fields, so that for p judged and real fields are mixed. Real fields must be
    independent: of one volume, crops that don't overlap.
    Channels are judged one by one, what they have to do with each other is not.

    Args:
        truth (Union[RandomField, np.ndarray]): The distribution, or real fields
            [N, *shape] or [N, C, *shape], as for `as_fields`.
        count (int): Number of fields in a set, at least 2, at most N / 2.
        sets (int): Number of real sets, at least 60. Defaults to 99.
        periodic (bool): Whether opposite borders are neighbours; of random fields always.
        training (Optional[np.ndarray]): Training fields, for the score "memory", none of
            which may be among the real fields. Defaults to None: the real fields outside
            the set in the second case, and no such score in the first.
        level (float): Rate of false alarms. Defaults to .05.
        seed (int): Of the real sets.
        dimension (Optional[int]): Of arrays; see `as_fields`.

    Attributes:
        false_alarm (float): The rate at which a set of real fields is not within the
            floor, of each score, and of all together.

    Raises:
        UserError: Too few fields or sets, constant, not finite, or of different shapes.
    """

    def __init__(
        self,
        truth: Union[RandomField, np.ndarray],
        count: int,
        sets: int = 99,
        periodic: bool = True,
        training: Optional[np.ndarray] = None,
        level: float = 0.05,
        seed: int = 0,
        dimension: Optional[int] = None,
    ):
        check_rates(sets, level)
        if count < 2:
            raise UserError(f"a set of {count} fields has no spread; judge at least 2")
        self.count, self.sets, self.level = count, sets, level
        self.false_alarm = int(level * (sets + 1) + 1e-9) / (sets + 1)
        self._dimension = (
            len(truth.shape) if isinstance(truth, RandomField) else dimension
        )
        rng = real_sets_rng(seed)
        if training is not None:
            training = as_fields(training, "the training fields", self._dimension)
        if isinstance(truth, RandomField):
            self._channels: List[Channel] = [
                ExactChannel(truth, count, sets, periodic, training, rng)
            ]
            return
        truth = as_fields(truth, "the real fields", self._dimension)
        self._dimension = truth.ndim - 2
        if count > len(truth) // 2:
            raise UserError(
                f"{count} fields at a time need at least {2 * count} real fields, not "
                f"{len(truth)}; judge fewer, or give more real ones"
            )
        if training is not None:
            check_same_shape(training, truth, "the training fields")
            seen = {field.tobytes() for field in training}
            if any(field.tobytes() in seen for field in truth):
                raise UserError(
                    "some of the real fields are training fields too, so that memory would "
                    "go unnoticed; give real fields that were held out"
                )
        self._channels = [
            SampledChannel(
                truth[:, channel],
                count,
                sets,
                periodic,
                None if training is None else training[:, channel],
                rng,
            )
            for channel in range(truth.shape[1])
        ]

    def scores(self, generated: np.ndarray) -> Dict[str, Any]:
        """Judge a set of fields.

        Args:
            generated (np.ndarray): [N, *shape] or [N, C, *shape], in physical units, of
                which the first `count` are judged.

        Returns:
            Dict[str, Any]: For JSON. "fields", "real_sets", "false_alarm"; and as of
                `verdict.judge` "scores", with "[c]" behind the name for each of several
                channels, and "together".

        Raises:
            UserError: Fewer than `count` fields, other shapes, NaN, or other values than
                0 and 1 where the truth has no others.
        """
        fields = as_fields(generated, "the generated fields", self._dimension)
        shape = (self.count, len(self._channels), *self._channels[0].grid.shape)
        if len(fields) < self.count or fields.shape[1:] != shape[1:]:
            raise UserError(
                f"the generated fields have shape {list(fields.shape)}, but the truth asks "
                f"for {list(shape)}; generate such fields"
            )
        evidence: Dict[str, Evidence] = {}
        for index, channel in enumerate(self._channels):
            suffix = f"[{index}]" if len(self._channels) > 1 else ""
            for name, one in channel.evidence(fields[: self.count, index]).items():
                evidence[f"{name}{suffix}"] = one
        return {
            "fields": self.count,
            "real_sets": self.sets,
            "false_alarm": self.false_alarm,
            **judge(evidence, self.level),
        }


def field_scores(
    generated: np.ndarray, truth: Union[RandomField, np.ndarray], **options: Any
) -> Dict[str, Any]:
    """Judge one set of fields; for several sets make a `FieldJudge` once.

    Args:
        generated (np.ndarray): [N, *shape] or [N, C, *shape]; of those beyond half the
            number of real fields no use is made.
        truth (Union[RandomField, np.ndarray]): As for `FieldJudge`.
        **options: The other arguments of `FieldJudge`.

    Returns:
        Dict[str, Any]: As of `FieldJudge.scores`.

    Raises:
        UserError: As for `FieldJudge`.
    """
    count = len(generated)
    if not isinstance(truth, RandomField):
        count = min(count, len(truth) // 2)
    return FieldJudge(truth, count, **options).scores(generated)
