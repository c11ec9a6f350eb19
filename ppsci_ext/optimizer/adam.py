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

import math
from typing import List
from typing import Union

import paddle
from paddle import nn
from paddle import optimizer as optim


class _AdamEpsilonHat(optim.Adam):
    """Paddle multiplies epsilon by sqrt(1 - beta2^t); dividing by it first undoes that.

    All parameters are updated by one kernel, which takes a quarter of the time, as long as they
    are in float32 and have taken the same number of steps.
    """

    def __init__(
        self, *args, epsilon: float, parameters: List[paddle.Tensor], **kwargs
    ):
        super().__init__(
            *args,
            epsilon=epsilon,
            parameters=parameters,
            use_multi_tensor=all(p.dtype == paddle.float32 for p in parameters),
            **kwargs,
        )
        self._epsilon_hat = epsilon

    def _create_accumulators(self, block, parameters):
        super()._create_accumulators(block, parameters)
        # Paddle keeps lists of those that it takes at once: not those of before a restart
        for name in ("param", "moment1", "moment2", "beta1_pow_acc", "beta2_pow_acc"):
            setattr(self, f"_{name}_dict", self._create_multi_tensor_dict())

    def _multi_tensor_init(self, block, parameters, param_group_idx):
        # also those without a gradient this time
        trainable = [p for p in self._parameter_list if not p.stop_gradient]
        super()._multi_tensor_init(block, trainable, param_group_idx)
        self._in_step = False

    def _append_optimize_multi_tensor_op(
        self, block, params_and_grads, param_group_idx
    ):
        parameters = [parameter for parameter, _ in params_and_grads]
        together = self._param_dict["FP32_DenseTensor"][param_group_idx]
        if [id(p) for p in parameters] != [id(p) for p in together]:
            self._in_step = False  # the kernel would confuse them
        elif not self._in_step:
            powers = self._beta2_pow_acc_dict["FP32_DenseTensor"][param_group_idx]
            self._in_step = len({power.item() for power in powers}) == 1
        if not self._in_step:
            super()._create_accumulators(block, parameters)
            for param_and_grad in params_and_grads:
                self._append_optimize_op(block, param_and_grad)
            return
        self._undo_correction(params_and_grads[0][0])
        super()._append_optimize_multi_tensor_op(
            block, params_and_grads, param_group_idx
        )

    def _append_optimize_op(self, block, param_and_grad):
        self._undo_correction(param_and_grad[0])
        return super()._append_optimize_op(block, param_and_grad)

    def _undo_correction(self, parameter: paddle.Tensor) -> None:
        power = self._get_accumulator_master(
            self._beta2_pow_acc_str, parameter
        )  # on the host, also when training on a GPU
        self._epsilon = self._epsilon_hat / math.sqrt(1.0 - power.item())


# Paddle takes all parameters at once in classes of this name only
_AdamEpsilonHat.__name__ = "Adam"


class Adam:
    r"""Adam as in TensorFlow, with what Kingma & Ba (2015, section 2) call epsilon hat.

    $$
    w \leftarrow w - \mathrm{lr} \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}
        \frac{m}{\sqrt{v} + \hat\epsilon}
    $$

    ppsci.optimizer.Adam adds epsilon after the correction of v's bias instead. Where
    gradients are about as small as epsilon, as those of a converged critic are, the two
    take different steps.

    Args:
        learning_rate (Union[float, optim.lr.LRScheduler]): Learning rate.
        beta1 (float, optional): Decay of the mean. Defaults to 0.9.
        beta2 (float, optional): Decay of the mean square. Defaults to 0.999.
        epsilon (float, optional): Epsilon hat. Defaults to 1e-8.

    Examples:
        >>> from paddle import nn
        >>> from ppsci_ext.optimizer import Adam
        >>> model = nn.Linear(2, 1)
        >>> opt = Adam(1e-4, beta1=0.0, beta2=0.9)(model)
    """

    def __init__(
        self,
        learning_rate: Union[float, optim.lr.LRScheduler],
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ):
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon

    def __call__(self, model: nn.Layer) -> optim.Optimizer:
        return _AdamEpsilonHat(
            learning_rate=self.learning_rate,
            beta1=self.beta1,
            beta2=self.beta2,
            epsilon=self.epsilon,
            parameters=model.parameters(),
        )
