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


"""What Paddle gets wrong without a word, refused before a training begins."""

from __future__ import annotations

import paddle
from paddle import nn
from paddle.framework import core
from paddle.jit.dy2static.program_translator import StaticFunction

from ppsci_ext.utils import UserError

_WRONG_UNDER_PRIM = (  # these very classes; ppsci_ext.arch's subclasses are right
    nn.LayerNorm,
    nn.GroupNorm,
    nn.InstanceNorm1D,
    nn.InstanceNorm2D,
    nn.InstanceNorm3D,
)


def refuse_silent_errors(critic: nn.Layer, to_static: bool) -> None:
    """Refuse a critic whose penalty would be wrong.

    Args:
        critic (nn.Layer): Critic.
        to_static (bool): Whether it is to be compiled.

    Raises:
        UserError: If it is compiled, or has normalisations while prim is on.
    """
    static_critic = isinstance(critic.forward, StaticFunction)
    if to_static or static_critic:
        raise UserError(
            "A critic compiled by paddle.jit.to_static silently loses the gradient of the "
            "penalty: set to_static=false and leave the critic undecorated."
        )
    if core._is_eager_prim_enabled():
        wrong = [
            f"'{name}' ({type(layer).__name__})"
            for name, layer in critic.named_sublayers()
            if type(layer) in _WRONG_UNDER_PRIM
        ]
        if wrong:
            raise UserError(
                "With prim=true the second derivatives of the critic's layers "
                f"{', '.join(wrong)} are wrong without notice: set prim=false and use the "
                "layers of ppsci_ext.arch."
            )


def _on_cpu() -> bool:
    return paddle.device.get_device() == "cpu"


def refuse_precision(amp_level: str) -> None:
    """Refuse mixed precision where it has no effect, or takes the penalty along.

    Args:
        amp_level (str): Level of Paddle's automatic mixed precision.

    Raises:
        UserError: On a CPU, or for another level than O1.
    """
    if _on_cpu():
        raise UserError(
            "Paddle computes in float32 on a CPU, whatever use_amp says: set use_amp=false, or "
            "train on a GPU."
        )
    if amp_level != "O1":
        raise UserError(
            f"amp_level={amp_level} keeps the critic's weights in half precision, but the "
            "gradient penalty is computed in float32: set amp_level=O1."
        )
