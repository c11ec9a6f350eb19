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

from __future__ import annotations

from typing import Union

from paddle import nn
from paddle import optimizer as optim


class _RMSPropFromOne(optim.RMSProp):
    def _add_accumulator(self, name, param, *args, fill_value=0.0, **kwargs):
        if name == self._mean_square_acc_str:
            fill_value = 1.0
        return super()._add_accumulator(
            name, param, *args, fill_value=fill_value, **kwargs
        )


class RMSProp:
    r"""RMSProp as in TensorFlow: the mean square starts at one, not at zero.

    $$
    v \leftarrow \rho v + (1 - \rho) g^2, \quad
    w \leftarrow w - \mathrm{lr} \, g / \sqrt{v + \epsilon}, \quad v_0 = 1
    $$

    The first steps are thus small where Paddle's own RMSProp, starting at zero, takes
    its largest ones.

    Args:
        learning_rate (Union[float, optim.lr.LRScheduler]): Learning rate.
        rho (float, optional): Decay of the mean square. Defaults to 0.9.
        epsilon (float, optional): Added inside the square root. Defaults to 1e-10.

    Examples:
        >>> from paddle import nn
        >>> from ppsci_ext.optimizer import RMSProp
        >>> model = nn.Linear(2, 1)
        >>> opt = RMSProp(5e-5)(model)
    """

    def __init__(
        self,
        learning_rate: Union[float, optim.lr.LRScheduler],
        rho: float = 0.9,
        epsilon: float = 1e-10,
    ):
        self.learning_rate = learning_rate
        self.rho = rho
        self.epsilon = epsilon

    def __call__(self, model: nn.Layer) -> optim.Optimizer:
        return _RMSPropFromOne(
            learning_rate=self.learning_rate,
            rho=self.rho,
            epsilon=self.epsilon,
            parameters=model.parameters(),
        )
