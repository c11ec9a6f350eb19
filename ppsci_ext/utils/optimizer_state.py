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

"""State of an optimizer by the position of its parameters.

Paddle keys it by automatic names ("linear_0.w_0_moment1_0"), which change as soon as another
layer or optimizer was created before; positions stay.
"""

from __future__ import annotations

from typing import Any
from typing import Dict
from typing import Tuple

import numpy as np
import paddle
from paddle import optimizer as optim

from ppsci_ext.utils.errors import UserError

_MASTER = "master_weight"  # the float32 twin of a half-precision parameter


def optimizer_state(
    optimizer: optim.Optimizer,
) -> Tuple[Dict[str, np.ndarray], Dict[str, Any]]:
    """Accumulators, as "<position>.<accumulator>" -> array, and the scheduler's state.

    Args:
        optimizer (optim.Optimizer): Optimizer with a flat list of parameters.

    Returns:
        Tuple[Dict[str, np.ndarray], Dict[str, Any]]: Arrays, and the state of the learning-rate
            scheduler ({} if the rate is a number).
    """
    positions = {name: i for i, name in enumerate(_owners(optimizer))}
    arrays = {
        f"{positions[owner]}.{accumulator}": value.numpy()
        for accumulator, values in optimizer._accumulators.items()
        for owner, value in values.items()
    }
    for master in optimizer._master_weights.values():
        arrays[f"{positions[master.name]}.{_MASTER}"] = master.numpy()
    rate = optimizer._learning_rate
    return arrays, rate.state_dict() if isinstance(rate, optim.lr.LRScheduler) else {}


def set_optimizer_state(
    optimizer: optim.Optimizer,
    arrays: Dict[str, np.ndarray],
    scheduler: Dict[str, Any],
) -> None:
    """Restore what :func:`optimizer_state` returned, in this process or another.

    Args:
        optimizer (optim.Optimizer): Optimizer of the same parameters in the same order.
        arrays (Dict[str, np.ndarray]): Accumulators.
        scheduler (Dict[str, Any]): State of the learning-rate scheduler.

    Raises:
        UserError: If the state is of another kind of optimizer.
    """
    # made anew, as by the first step: what it had before is gone
    optimizer._accumulators.clear()
    optimizer._already_create_accumulator.clear()
    with_state = sorted({int(key.split(".", 1)[0]) for key in arrays})
    optimizer._create_accumulators(
        paddle.static.default_main_program().global_block(),
        [optimizer._parameter_list[i] for i in with_state],
    )
    owners = _owners(optimizer)
    masters = {m.name: m for m in optimizer._master_weights.values()}
    found = {**optimizer._accumulators, _MASTER: masters}
    for key, array in arrays.items():
        position, accumulator = key.split(".", 1)
        value = found.get(accumulator, {}).get(owners[int(position)])
        if value is None:
            raise UserError(
                f"The checkpoint holds '{accumulator}' of an optimizer, which "
                f"{type(optimizer).__name__} does not have: resume with the optimizer of "
                "the first run."
            )
        value.set_value(array)
    if scheduler:
        optimizer._learning_rate.set_state_dict(scheduler)


def _owners(optimizer: optim.Optimizer) -> list:
    """Names under which the accumulators of each parameter are kept."""
    names = [parameter.name for parameter in optimizer._parameter_list]
    masters = optimizer._master_weights
    return [masters[name].name if name in masters else name for name in names]
