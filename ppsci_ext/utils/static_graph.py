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


"""Networks as static graphs."""

from __future__ import annotations

from typing import Any
from typing import Sequence

import paddle
from paddle import nn
from paddle.jit.dy2static.program_translator import ProgramTranslator


def save_static(network: nn.Layer, input_spec: Sequence[Any], prefix: str) -> None:
    """Write a network in eval mode as a static graph, for paddle.inference.

    Whether Paddle compiles networks is left as it is; a Solver switches it off.

    Args:
        network (nn.Layer): Network.
        input_spec (Sequence[Any]): What it takes, as paddle.jit.to_static wants it.
        prefix (str): Path of the files without their endings.
    """
    was_enabled = ProgramTranslator.get_instance().enable_to_static
    network.eval()
    try:
        paddle.jit.enable_to_static(True)
        static = paddle.jit.to_static(
            network, input_spec=list(input_spec), full_graph=True
        )
        paddle.jit.save(static, prefix)
    finally:
        paddle.jit.enable_to_static(was_enabled)
