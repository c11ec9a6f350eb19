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

"""Transposes and slices on a CPU."""

from __future__ import annotations

import os

import paddle

FLAG = "FLAGS_use_stride_kernel"


def copy_views() -> None:
    """Let Paddle compute transposes and slices as copies at once, in place of views.

    Its operators want dense tensors on a CPU, and then Paddle copies a view element by element for
    each of them: thirty times as long for a transpose of four axes. Without views there are no
    Tensor.as_strided, Tensor.unfold and views as another type; a value of the environment
    variable FLAGS_use_stride_kernel wins.
    """
    if FLAG not in os.environ:
        paddle.set_flags({FLAG: False})
