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

"""What is checked: the device, the cases and their sizes."""

from __future__ import annotations

import traceback
from typing import Any
from typing import Callable
from typing import Dict
from typing import Iterator
from typing import List
from typing import NamedTuple
from typing import Tuple

from ppsci_ext.utils.errors import shown

# A row of a check's table. One with the key "problem" says what is wrong.
Row = Dict[str, Any]


class Skipped(Exception):
    """A check that can't be done here; the message says why."""


class Case(NamedTuple):
    """Networks of a case.

    Attributes:
        script (str): Name of its script.
        chosen (Tuple[str, ...]): KEY=VALUE that choose the networks among the case's.
        small (Tuple[str, ...]): KEY=VALUE for sizes that any machine computes in seconds.
    """

    script: str
    chosen: Tuple[str, ...]
    small: Tuple[str, ...]


_NARROW = ("MODEL.dim=8", "TRAIN.batch_size=8")
CASES = {
    "toy": Case("wgan_gp_toy", (), ("MODEL.dim=64", "TRAIN.batch_size=32")),
    "mnist": Case("wgan_gp_mnist", (), _NARROW),
    "cifar_resnet": Case("wgan_gp_cifar", ("MODEL.name=resnet",), _NARROW),
    "cifar_dcgan": Case("wgan_gp_cifar", ("MODEL.name=dcgan",), _NARROW),
    "fields": Case("wgan_gp_fields", (), ("DATA.size=[16,16]", "MODEL.dim=4")),
    "motion": Case(
        "wgan_gp_motion", (), ("DATA.frames=15", "MODEL.dim=8", "MODEL.critic_dim=4")
    ),
    "text": Case(
        "wgan_gp_text",
        ("TRAIN.eval_during_train=false",),
        (*_NARROW, "MODEL.blocks=1"),
    ),
}


class Target(NamedTuple):
    """What the checks run on.

    Attributes:
        device (str): "gpu", or "cpu" as its stand-in.
        full (bool): Default sizes where a check is about them, not small ones.
    """

    device: str
    full: bool

    def overrides(self, case: Case) -> Tuple[str, ...]:
        """KEY=VALUE of a case at the size of this target."""
        return case.chosen if self.full else (*case.chosen, *case.small)


def each(names: List[str], look: Callable[[str], Row]) -> Iterator[Row]:
    """A row for each name; what one of them fails with doesn't keep the others from it.

    Args:
        names (List[str]): Such as those of cases.
        look (Callable[[str], Row]): Makes the row of a name.
    """
    for name in names:
        try:
            row = look(name)
        except Exception as error:
            traceback.print_exc()
            row = {"problem": f"{type(error).__name__}: {shown(error)}"}
        yield {"what": name, **row}
