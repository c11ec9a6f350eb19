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

Paddle keys it by automatic parameter names ("linear_0.w_0_moment1_0"), which change as soon
as another layer was created before; positions stay.
"""

from __future__ import annotations

from typing import Any
from typing import Dict
from typing import Tuple

import numpy as np
import paddle
from paddle import optimizer as optim


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
    state = dict(optimizer.state_dict())
    scheduler = state.pop("LR_Scheduler", {})
    names = [parameter.name for parameter in optimizer._parameter_list]
    arrays = {}
    for key, value in state.items():
        owners = [i for i, name in enumerate(names) if key.startswith(f"{name}_")]
        if len(owners) != 1:
            raise KeyError(f"Optimizer state '{key}' belongs to no single parameter.")
        suffix = key[len(names[owners[0]]) + 1 :]
        arrays[f"{owners[0]}.{suffix}"] = value.numpy()
    return arrays, scheduler


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
    """
    names = [parameter.name for parameter in optimizer._parameter_list]
    state: Dict[str, Any] = {}
    for key, array in arrays.items():
        position, suffix = key.split(".", 1)
        state[f"{names[int(position)]}_{suffix}"] = paddle.to_tensor(array)
    if scheduler:
        state["LR_Scheduler"] = scheduler
    optimizer.set_state_dict(state)
