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

"""Several processes that train one pair of networks, each on its share of the data.

With one process each function does what it would do for that one, and no more.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from typing import Any
from typing import Callable
from typing import Dict
from typing import Iterable
from typing import Iterator
from typing import List
from typing import Mapping
from typing import TypeVar

import paddle
import paddle.distributed as dist
from paddle import nn
from paddle.distributed.fleet.utils import hybrid_parallel_util as hpu
from paddle.framework import core

from ppsci_ext.utils import UserError

Result = TypeVar("Result")

_TURNS = "adversarial_solver/turns"  # calls of on_first that are done, in the processes' store
_SECONDS_BETWEEN_LOOKS = 0.01
_calls = itertools.count(1)
_alone = False  # inside on_first, where the others don't take part


def start() -> None:
    """Meet the other processes, where there are any.

    NCCL is the backend on GPUs; paddle.distributed.launch chooses Gloo where there are none.
    """
    if dist.get_world_size() > 1 and not dist.is_initialized():
        dist.init_parallel_env()


def refuse_writers(use_vdl: bool, use_tbd: bool) -> None:
    """Refuse what ppsci.solver.Solver fails at in all processes but the first.

    Args:
        use_vdl (bool): Whether VisualDL is wanted.
        use_tbd (bool): Whether TensorBoard is wanted.

    Raises:
        UserError: If one of them is, with several processes.
    """
    if dist.get_world_size() > 1 and (use_vdl or use_tbd):
        raise UserError(
            "PaddleScience can't open VisualDL and TensorBoard in several processes: set "
            "use_vdl=false and use_tbd=false (metrics.jsonl holds the same numbers)."
        )


def make_equal(tensors: Iterable[paddle.Tensor]) -> None:
    """Give every process the values of the first.

    Args:
        tensors (Iterable[paddle.Tensor]): The same ones in each process.
    """
    if dist.get_world_size() > 1:
        with paddle.no_grad():
            for tensor in tensors:
                dist.broadcast(tensor, src=0)


def average_gradients(network: nn.Layer) -> None:
    """Replace the gradients by their mean over the processes.

    One fused reduction after plain backward passes: the reducer of DataParallel does not expect
    several forward passes and second derivatives.

    Args:
        network (nn.Layer): Network whose gradients are complete.
    """
    if dist.get_world_size() > 1:
        hpu.fused_allreduce_gradients(list(network.parameters()), None)


def mean(values: Mapping[str, float]) -> Dict[str, float]:
    """Mean of each number over the processes.

    Args:
        values (Mapping[str, float]): Numbers by name, the same names in each process.
    """
    if dist.get_world_size() == 1 or not values:
        return dict(values)
    names = sorted(values)  # after a resumption their order is another in each process
    total = paddle.to_tensor([values[name] for name in names], dtype="float64")
    dist.all_reduce(total)
    means = dict(zip(names, (total / dist.get_world_size()).tolist()))
    return {name: means[name] for name in values}


def largest(number: int) -> int:
    """The largest of the processes' numbers."""
    if dist.get_world_size() == 1:
        return number
    found = paddle.to_tensor([number], dtype="int64")
    dist.all_reduce(found, op=dist.ReduceOp.MAX)
    return int(found)


def gather(value: Any) -> List[Any]:
    """The values of all processes, in the order of their ranks."""
    if dist.get_world_size() == 1:
        return [value]
    values: List[Any] = []
    dist.all_gather_object(values, value)
    return values


def on_first(function: Callable[[], Result]) -> Result:
    """Call the function in the first process alone, while the others wait for it.

    They may wait for hours: Gloo's own operations give up after 30 seconds, so that the others
    look into the store by which the processes have met. Inside such a function it is a plain
    call.

    Args:
        function (Callable[[], Result]): What it returns can be pickled.

    Returns:
        Result: What the function returned, in every process.

    Raises:
        UserError: If the function raised it, in every process; another exception ends the
            first process, and the launcher the rest.
    """
    if dist.get_world_size() == 1 or _alone:
        return function()
    store = core.create_or_get_global_tcp_store()
    turn = next(_calls)
    result = error = None
    if dist.get_rank() == 0:
        try:
            with _without_others():
                result = function()
        except UserError as raised:
            error = raised
        store.add(_TURNS, 1)
    else:
        while store.add(_TURNS, 0) < turn:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
    outcome = [result, error]
    dist.broadcast_object_list(outcome, src=0)
    result, error = outcome
    if error is not None:
        raise error
    return result


@contextlib.contextmanager
def _without_others() -> Iterator[None]:
    global _alone
    _alone = True
    try:
        yield
    finally:
        _alone = False


# batch statistics


def shares_batch_statistics() -> bool:
    """Whether batch norm is to use the batches of all processes together.

    So it is on GPUs; over Gloo that would cost more than the rest of the step.
    """
    is_gpu = paddle.device.get_device().startswith("gpu")
    return dist.get_world_size() > 1 and is_gpu and not _alone


class _Mean(paddle.autograd.PyLayer):
    """Mean over the processes; the gradients' mean completes what average_gradients does."""

    @staticmethod
    def forward(ctx: Any, x: paddle.Tensor) -> paddle.Tensor:
        return _mean_over_processes(x)

    @staticmethod
    def backward(ctx: Any, gradient: paddle.Tensor) -> paddle.Tensor:
        return _mean_over_processes(gradient)


def _mean_over_processes(x: paddle.Tensor) -> paddle.Tensor:
    total = x.clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


def differentiable_mean(x: paddle.Tensor) -> paddle.Tensor:
    """Mean of a tensor over the processes, all of which have to call this, as often.

    Args:
        x (paddle.Tensor): The same shape in each process.

    Returns:
        paddle.Tensor: Of the same shape; has a first derivative.
    """
    return _Mean.apply(x)
