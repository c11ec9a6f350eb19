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


"""What a checkpoint of a training holds: named parts, from all of which it goes on bit for bit."""

from __future__ import annotations

from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import Mapping
from typing import Protocol
from typing import Sequence
from typing import Tuple

import numpy as np
import paddle
from paddle import amp
from paddle import nn
from paddle import optimizer as optim

from ppsci.utils import ema
from ppsci.utils import logger
from ppsci_ext.solver import parallel
from ppsci_ext.solver.record import TermMeans
from ppsci_ext.utils.checkpoint import Checkpoint
from ppsci_ext.utils.optimizer_state import optimizer_state
from ppsci_ext.utils.optimizer_state import set_optimizer_state
from ppsci_ext.utils.rng import get_rng_state
from ppsci_ext.utils.rng import reseed
from ppsci_ext.utils.rng import set_rng_state
from ppsci_ext.utils.weights import set_weights

Arrays = Dict[str, np.ndarray]
State = Tuple[Arrays, Any]  # arrays by name, and what JSON can hold


class Part(Protocol):
    """Something that takes part in the training and is the same in all processes."""

    def capture(self) -> State:
        """Its state."""

    def restore(self, arrays: Arrays, rest: Any) -> None:
        """Take up what `capture` returned."""


class OwnPart(Part, Protocol):
    """A part that each process has its own of."""

    def restore_from_others(self, states: Sequence[State]) -> None:
        """Take up something from the states of another number of processes."""


# parts


class NetworkPart:
    """Parameters and buffers.

    Args:
        network (nn.Layer): Network.
        name (str): What messages call it.
    """

    def __init__(self, network: nn.Layer, name: str):
        self.network = network
        self.name = name

    def capture(self) -> State:
        return {k: v.numpy() for k, v in self.network.state_dict().items()}, None

    def restore(self, arrays: Arrays, rest: Any) -> None:
        set_weights(self.network, arrays, f"the checkpoint ({self.name})")


class OptimizerPart:
    """Accumulators and the learning-rate scheduler of an optimizer."""

    def __init__(self, optimizer: optim.Optimizer):
        self.optimizer = optimizer

    def capture(self) -> State:
        return optimizer_state(self.optimizer)

    def restore(self, arrays: Arrays, rest: Any) -> None:
        set_optimizer_state(self.optimizer, arrays, rest)


class AveragePart:
    """A moving average of weights."""

    def __init__(self, average: ema.AveragedModel):
        self.average = average

    def capture(self) -> State:
        return {k: v.numpy() for k, v in self.average.state_dict().items()}, None

    def restore(self, arrays: Arrays, rest: Any) -> None:
        self.average.set_state_dict({k: paddle.to_tensor(v) for k, v in arrays.items()})


class ScalerPart:
    """The loss scaling of one network."""

    def __init__(self, scaler: amp.GradScaler):
        self.scaler = scaler

    def capture(self) -> State:
        state = self.scaler.state_dict()
        return {}, {
            k: v.tolist() if hasattr(v, "tolist") else v for k, v in state.items()
        }

    def restore(self, arrays: Arrays, rest: Any) -> None:
        self.scaler.load_state_dict(
            {
                key: np.asarray(value, "float32") if isinstance(value, list) else value
                for key, value in rest.items()
            }
        )


class PlainPart:
    """An object whose `state_dict` JSON can hold.

    Args:
        owner (Any): Has `state_dict()` and `set_state_dict(state)`.
        **options (Any): Further arguments of `set_state_dict`.
    """

    def __init__(self, owner: Any, **options: Any):
        self.owner = owner
        self.options = options

    def capture(self) -> State:
        return {}, self.owner.state_dict()

    def restore(self, arrays: Arrays, rest: Any) -> None:
        self.owner.set_state_dict(rest, **self.options)


class RandomPart:
    """The random generators of a process.

    Args:
        entropy (Callable[[], Sequence[int]]): Seeds them where the number of processes is another.
    """

    def __init__(self, entropy: Callable[[], Sequence[int]]):
        self.entropy = entropy

    def capture(self) -> State:
        return {}, get_rng_state()

    def restore(self, arrays: Arrays, rest: Any) -> None:
        set_rng_state(rest)

    def restore_from_others(self, states: Sequence[State]) -> None:
        reseed(self.entropy())


class TermSumsPart:
    """Sums of the terms since the last record."""

    def __init__(self, means: TermMeans):
        self.means = means

    def capture(self) -> State:
        return self.means.arrays(), self.means.counts

    def restore(self, arrays: Arrays, rest: Any) -> None:
        self.means.restore(arrays, rest)

    def restore_from_others(self, states: Sequence[State]) -> None:
        sums = [arrays for arrays, _ in states]
        mean = {key: sum(each[key] for each in sums) / len(sums) for key in sums[0]}
        self.means.restore(mean, states[0][1])


# all of them


def capture(
    parts: Mapping[str, Part], own_parts: Mapping[str, OwnPart]
) -> Tuple[Arrays, Dict[str, Any]]:
    """The state of all parts; all processes have to call it.

    Args:
        parts (Mapping[str, Part]): Parts that are the same in all processes.
        own_parts (Mapping[str, OwnPart]): Parts of which each has its own.

    Returns:
        Tuple[Arrays, Dict[str, Any]]: Arrays, and what JSON can hold.
    """
    arrays: Arrays = {}
    state: Dict[str, Any] = {"parts": {}, "processes": []}
    for name, part in parts.items():
        its_arrays, state["parts"][name] = part.capture()
        arrays.update(_prefixed(name, its_arrays))
    own = {name: part.capture() for name, part in own_parts.items()}
    for rank, each in enumerate(parallel.gather(own)):
        state["processes"].append({name: rest for name, (_, rest) in each.items()})
        for name, (its_arrays, _) in each.items():
            arrays.update(_prefixed(_own_name(rank, name), its_arrays))
    return arrays, state


def restore(
    parts: Mapping[str, Part], own_parts: Mapping[str, OwnPart], saved: Checkpoint
) -> None:
    """Take up what :func:`capture` returned.

    A part that was not there when the checkpoint was made (the loss scaling of another device)
    stays as it is.

    Args:
        parts (Mapping[str, Part]): As for `capture`.
        own_parts (Mapping[str, OwnPart]): As for `capture`.
        saved (Checkpoint): From :func:`ppsci_ext.utils.checkpoint.load_checkpoint`.

    Raises:
        UserError: If it is of other networks, optimizers or data.
    """
    for name, part in parts.items():
        if name in saved.state["parts"]:
            part.restore(_part(saved.arrays, name), saved.state["parts"][name])
    processes = saved.state["processes"]
    ranks, rank = paddle.distributed.get_world_size(), paddle.distributed.get_rank()
    if len(processes) != ranks:
        logger.warning(
            f"{saved.folder} is of a training by {_count(len(processes))}, and this one is by "
            f"{_count(ranks)}: the batch of all together is another, the random numbers are "
            "drawn anew, and the run is no longer reproduced bit for bit."
        )
    for name, part in own_parts.items():
        states: List[State] = [
            (_part(saved.arrays, _own_name(number, name)), each[name])
            for number, each in enumerate(processes)
        ]
        if len(processes) == ranks:
            part.restore(*states[rank])
        else:
            part.restore_from_others(states)


def _own_name(rank: int, name: str) -> str:
    return f"process_{rank}_{name}"


def _prefixed(name: str, arrays: Arrays) -> Arrays:
    return {f"{name}/{key}": value for key, value in arrays.items()}


def _part(arrays: Arrays, name: str) -> Arrays:
    start = f"{name}/"
    return {k[len(start) :]: v for k, v in arrays.items() if k.startswith(start)}


def _count(number: int) -> str:
    return "1 process" if number == 1 else f"{number} processes"
