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

"""Powers and roots of sums of powers, finite where the sum is zero."""

from __future__ import annotations

import paddle


def power(x: paddle.Tensor, exponent: float) -> paddle.Tensor:
    """x ** exponent; of exponent 1, Paddle's has no finite second derivative at zero."""
    return x if exponent == 1 else x**exponent


def root(x: paddle.Tensor, order: float) -> paddle.Tensor:
    """x ** (1 / order), and at x = 0 constant instead of infinitely steep."""
    zero = (x == 0).astype(x.dtype)
    return power(x + zero, 1.0 / order) * (1.0 - zero)
