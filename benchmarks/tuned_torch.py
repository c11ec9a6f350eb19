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

"""The same training step by PyTorch with what its users turn on for speed on a CPU.

Both losses are compiled by `torch.compile`, with the networks' forward passes in them; images and
kernels have their channels last; Adam is fused. A graph that was compiled can't be differentiated
twice (`torch.autograd.grad` through a compiled critic raises "does not currently support double
backward"), so that the penalty takes its input gradient inside of the compiled function, by
`torch.func.grad`: what is compiled then has a first derivative only. oneDNN computes the
convolutions; its fusions with what follows them are for inference with frozen weights, and don't
apply here.
"""

from __future__ import annotations

from typing import Any
from typing import Iterator
from typing import Mapping
from typing import Optional
from typing import Tuple

import torch
from torch import nn

from benchmarks.plain_torch import Batch
from benchmarks.plain_torch import Condition
from benchmarks.plain_torch import Trainer


class TunedTrainer(Trainer):
    """WGAN-GP of a case of the paper, with ACGAN where it has classes.

    Args:
        settings (Mapping[str, Any]): The case's resolved configuration.
        batches (Iterator[Batch]): Endless source of real samples [B, ...] and labels [B].
        backend (str, optional): What torch.compile is to use. Defaults to "inductor".
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        batches: Iterator[Batch],
        backend: str = "inductor",
    ):
        super().__init__(settings, batches)
        self.critic_loss = torch.compile(self.critic_loss, backend=backend)
        self.generator_loss = torch.compile(self.generator_loss, backend=backend)

    def build_networks(self) -> Tuple[nn.Module, nn.Module]:
        generator, critic = super().build_networks()
        layout = torch.channels_last
        return generator.to(memory_format=layout), critic.to(memory_format=layout)

    def build_optimizer(self, name: str, **options: Any) -> torch.optim.Adam:
        return super().build_optimizer(name, fused=True, **options)

    def judge(
        self, x: torch.Tensor, condition: Condition
    ) -> Tuple[torch.Tensor, Optional[torch.Tensor]]:
        if x.dim() == 4:
            x = x.contiguous(memory_format=torch.channels_last)
        return super().judge(x, condition)

    def input_gradient(
        self, points: torch.Tensor, condition: Condition
    ) -> torch.Tensor:
        return torch.func.grad(lambda x: self.judge(x, condition)[0].sum())(points)
