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

"""Recurrent layers that can be differentiated twice.

Paddle runs nn.SimpleRNN, nn.LSTM and nn.GRU by one operator, which has no second
derivative. Their cells (nn.SimpleRNNCell, nn.LSTMCell, nn.GRUCell) and the wrappers
nn.RNN and nn.BiRNN have one: the layers here are the same cells, called step by step.
"""

from __future__ import annotations

from typing import List
from typing import Optional
from typing import Sequence
from typing import Tuple
from typing import Union

import paddle
from paddle import nn

from ppsci_ext.arch.dropout import dropout

States = Union[paddle.Tensor, Sequence[paddle.Tensor]]


class _Recurrent:
    """Layers of cells, in one direction or two, each fed the outputs of the one before."""

    def forward(
        self,
        inputs: paddle.Tensor,
        initial_states: Optional[States] = None,
        sequence_length: Optional[paddle.Tensor] = None,
    ) -> Tuple[paddle.Tensor, States]:
        if initial_states is None:
            initial_states = self._zeros(inputs)
        states = self._split(initial_states)
        final = []
        for i, layer in enumerate(self):
            if i > 0 and self.dropout:
                inputs = dropout(inputs, self.dropout, training=self.training)
            inputs, state = layer(inputs, states[i], sequence_length)
            if sequence_length is not None:
                inputs = inputs * self._valid(inputs, sequence_length)
            final.append(state)
        return inputs, self._join(final)

    def _valid(
        self, outputs: paddle.Tensor, sequence_length: paddle.Tensor
    ) -> paddle.Tensor:
        """1 within each sequence, 0 behind its end."""
        steps = paddle.arange(outputs.shape[0 if self.time_major else 1])
        valid = steps < sequence_length.astype(steps.dtype).unsqueeze(1)
        if self.time_major:
            valid = valid.transpose([1, 0])
        return valid.astype(outputs.dtype).unsqueeze(-1)

    def _zeros(self, inputs: paddle.Tensor) -> List[paddle.Tensor]:
        cells = self.num_layers * self.num_directions
        samples = inputs.shape[1 if self.time_major else 0]
        sizes = [self.proj_size or self.hidden_size, self.hidden_size]
        return [
            paddle.zeros([cells, samples, size], dtype=inputs.dtype)
            for size in sizes[: self.state_components]
        ]

    def _split(self, states: States) -> list:
        """The states of each layer, from [layers x directions, B, size] of each kind."""
        kinds = [states] if isinstance(states, paddle.Tensor) else list(states)
        cells = [
            kind[0] if len(kind) == 1 else kind
            for kind in zip(*(paddle.unbind(kind, 0) for kind in kinds))
        ]
        if self.num_directions == 1:
            return cells
        return list(zip(cells[::2], cells[1::2]))

    def _join(self, layers: list) -> States:
        """What _split takes apart."""
        cells = layers
        if self.num_directions == 2:
            cells = [cell for pair in layers for cell in pair]
        if self.state_components == 1:
            return paddle.stack(cells)
        return tuple(paddle.stack(kind) for kind in zip(*cells))


class SimpleRNN(_Recurrent, nn.SimpleRNN):
    """Elman network; args those of paddle.nn.SimpleRNN."""


class LSTM(_Recurrent, nn.LSTM):
    """Long short-term memory (Hochreiter & Schmidhuber 1997); args those of paddle.nn.LSTM."""


class GRU(_Recurrent, nn.GRU):
    """Gated recurrent units (Cho et al. 2014); args those of paddle.nn.GRU."""
