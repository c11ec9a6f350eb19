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

"""The oneDNN inside Paddle through its C interface, which needs no compiler."""

from __future__ import annotations

import ctypes
import functools
import threading
import weakref
from ctypes import POINTER
from ctypes import byref
from ctypes import c_bool
from ctypes import c_float
from ctypes import c_int
from ctypes import c_int64
from ctypes import c_size_t
from ctypes import c_void_p
from os import path as osp
from typing import Any
from typing import Dict
from typing import Sequence
from typing import Tuple

import numpy as np
import paddle

from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.runtime import use_cores_by_openmp

_FOLDER = osp.join(osp.dirname(paddle.__file__), "libs")
PATH = osp.join(_FOLDER, "libdnnl.so.3")

# oneapi/dnnl/dnnl_types.h of oneDNN 3
_CPU, _IN_ORDER, _FLOAT32, _ANY_LAYOUT = 1, 1, 3, 1
_MAX_AXES = 12
SRC, DST, WEIGHTS, BIAS = 1, 17, 33, 41
DIFF = 128  # what the name of an argument's gradient has more
# of an argument: the query for the layout that a kernel wants, and its index
_QUERIES = {
    SRC: (129, 0),
    SRC + DIFF: (130, 0),
    WEIGHTS: (131, 0),
    BIAS: (131, 1),
    WEIGHTS + DIFF: (132, 0),
    BIAS + DIFF: (132, 1),
    DST: (133, 0),
    DST + DIFF: (134, 0),
}

_FUNCTIONS = {
    "dnnl_engine_create": c_int,
    "dnnl_stream_create": c_int,
    "dnnl_stream_wait": c_int,
    "dnnl_memory_desc_create_with_strides": c_int,
    "dnnl_memory_desc_create_with_tag": c_int,
    "dnnl_memory_desc_equal": c_bool,
    "dnnl_memory_desc_get_size": c_size_t,
    "dnnl_memory_create": c_int,
    "dnnl_memory_set_data_handle": c_int,
    "dnnl_convolution_forward_primitive_desc_create": c_int,
    "dnnl_convolution_backward_data_primitive_desc_create": c_int,
    "dnnl_convolution_backward_weights_primitive_desc_create": c_int,
    "dnnl_reorder_primitive_desc_create": c_int,
    "dnnl_primitive_desc_query_md": c_void_p,
    "dnnl_primitive_create": c_int,
    "dnnl_primitive_execute": c_int,
}
_ALIGNMENT = 64  # bytes, of a cache line

_one_at_a_time = threading.Lock()  # plans keep what they hand to oneDNN
Shape = Tuple[int, ...]


class _Argument(ctypes.Structure):
    _fields_ = [("name", c_int), ("memory", c_void_p)]


@functools.lru_cache(maxsize=None)
def library() -> ctypes.CDLL:
    """Paddle's oneDNN, with as many threads as MKL.

    Raises:
        UserError: If this Paddle comes without it, or with another than version 3.
    """
    if not osp.exists(PATH):
        raise UserError(f"This Paddle comes without oneDNN ({PATH} is missing).")
    dnnl = ctypes.CDLL(PATH)
    dnnl.dnnl_version.restype = POINTER(c_int)
    if dnnl.dnnl_version()[0] != 3:
        raise UserError(f"oneDNN {dnnl.dnnl_version()[0]} inside this Paddle isn't 3.")
    openmp = osp.join(_FOLDER, "libiomp5.so")  # MKL's, which serves oneDNN as well
    use_cores_by_openmp(ctypes.CDLL(openmp) if osp.exists(openmp) else dnnl)
    for name, result in _FUNCTIONS.items():
        getattr(dnnl, name).restype = result
        if result is c_int:  # a status
            getattr(dnnl, name).errcheck = _refuse_failure
    return dnnl


def _refuse_failure(status: int, function: Any, _: Any) -> None:
    if status:
        raise RuntimeError(f"oneDNN's {function.__name__} ended with status {status}.")


class Object:
    """What one of oneDNN's functions has made, destroyed with this.

    Args:
        kind (str): Its type.
        function (str): Function that makes it, without "dnnl_".
        *arguments (Any): Its arguments but the first, the place for the result.

    Raises:
        RuntimeError: If it can't be made.
    """

    def __init__(self, kind: str, function: str, *arguments: Any):
        pointer = c_void_p()
        getattr(library(), f"dnnl_{function}")(byref(pointer), *arguments)
        self._as_parameter_ = pointer
        destroy = getattr(library(), f"dnnl_{kind}_destroy")
        weakref.finalize(self, destroy, pointer).atexit = False


@functools.lru_cache(maxsize=None)
def engine() -> Object:
    return Object("engine", "engine_create", c_int(_CPU), c_size_t(0))


@functools.lru_cache(maxsize=None)
def _stream() -> Object:
    return Object("stream", "stream_create", engine(), c_int(_IN_ORDER))


def dense(x: paddle.Tensor) -> paddle.Tensor:
    """The tensor, its numbers one after the other in the order of its axes."""
    return x if x.is_contiguous() else x.contiguous()


def array_of(tensor: paddle.Tensor) -> np.ndarray:
    """The memory of a dense float32 tensor on the CPU, as long as the tensor lives."""
    floats = c_float * int(np.prod(tensor.shape))
    memory = floats.from_address(tensor.data_ptr())
    return np.frombuffer(memory, np.float32).reshape(tensor.shape)


def sizes(numbers: Sequence[int]) -> ctypes.Array:
    return (c_int64 * _MAX_AXES)(*numbers)


def described(shape: Shape, channels_last: bool = False) -> Object:
    """Memory of a float32 tensor that lies densely, as Paddle stores it or channels last."""
    order = list(range(len(shape)))
    if channels_last:
        order = [0, *order[2:], 1]
    strides, elements = [0] * len(shape), 1
    for axis in reversed(order):
        strides[axis], elements = elements, elements * shape[axis]
    return _memory_desc("strides", shape, sizes(strides))


def in_any_layout(shape: Shape) -> Object:
    """Memory of a float32 tensor in the layout that a kernel wants."""
    return _memory_desc("tag", shape, c_int(_ANY_LAYOUT))


def _memory_desc(by: str, shape: Shape, layout: Any) -> Object:
    arguments = c_int(len(shape)), sizes(shape), c_int(_FLOAT32), layout
    return Object("memory_desc", f"memory_desc_create_with_{by}", *arguments)


def _primitive(description: Object) -> Object:
    return Object("primitive", "primitive_create", description)


class _Execution:
    """A primitive and its arguments, by their names."""

    def __init__(self, primitive: Object, memories: Dict[int, Object]):
        self._primitive, self._memories = primitive, memories
        arguments = [_Argument(n, m._as_parameter_) for n, m in memories.items()]
        self._arguments = (_Argument * len(memories))(*arguments)

    def run(self) -> None:
        library().dnnl_primitive_execute(
            self._primitive, _stream(), c_int(len(self._memories)), self._arguments
        )


class _Port:
    """One argument of a kernel: memory as Paddle stores it and, where the kernel wants another
    layout, memory in that layout, of `room` bytes, and the way from one to the other."""

    def __init__(self, kernel: Object, name: int, shape: Shape, is_result: bool):
        query, index = _QUERIES[name]
        wanted = c_void_p(
            library().dnnl_primitive_desc_query_md(kernel, c_int(query), c_int(index))
        )
        stored = described(shape)
        self.shape = list(shape)
        self.stored = self.laid_out = self._memory(stored)
        self.room, self.reorder = 0, None
        if library().dnnl_memory_desc_equal(stored, wanted):
            return
        self.room = library().dnnl_memory_desc_get_size(wanted)
        self.laid_out = self._memory(wanted)
        ends = [(stored, self.stored), (wanted, self.laid_out)]
        (source, from_), (target, to) = reversed(ends) if is_result else ends
        description = Object(
            "primitive_desc",
            "reorder_primitive_desc_create",
            *(source, engine(), target, engine(), None),
        )
        self.reorder = _Execution(_primitive(description), {SRC: from_, DST: to})

    @staticmethod
    def _memory(description: Any) -> Object:
        return Object("memory", "memory_create", description, engine(), None)

    def hold(self, tensor: paddle.Tensor, room: int) -> None:
        """Take a tensor, and the address of memory for the other layout, for the next run."""
        hold = library().dnnl_memory_set_data_handle
        hold(self.stored, c_void_p(tensor.data_ptr()))
        if self.reorder is not None:
            hold(self.laid_out, c_void_p(room))

    def lay_out(self) -> None:
        """From one layout to the other."""
        if self.reorder is not None:
            self.reorder.run()


class Plan:
    """A kernel for tensors of certain shapes.

    Args:
        kernel (Object): Its description.
        inputs (Dict[int, Shape]): Argument's name -> shape.
        results (Dict[int, Shape]): The same.
    """

    def __init__(
        self, kernel: Object, inputs: Dict[int, Shape], results: Dict[int, Shape]
    ):
        self._inputs = [_Port(kernel, *item, False) for item in inputs.items()]
        self._results = [_Port(kernel, *item, True) for item in results.items()]
        self._ports = self._inputs + self._results
        memories = [port.laid_out for port in self._ports]
        self._kernel = _Execution(
            _primitive(kernel), dict(zip([*inputs, *results], memories))
        )
        self._rooms = [0]  # where they begin, and in the end how long they are together
        for port in self._ports:
            rounded = -(-port.room // _ALIGNMENT) * _ALIGNMENT
            self._rooms.append(self._rooms[-1] + rounded)

    def run(self, *inputs: paddle.Tensor) -> Tuple[paddle.Tensor, ...]:
        """Results of the kernel; inputs are float32 tensors on the CPU, of the plan's shapes."""
        inputs = [dense(x) for x in inputs]
        results = [paddle.empty(port.shape, "float32") for port in self._results]
        rooms = paddle.empty([self._rooms[-1] + _ALIGNMENT], "uint8")
        first = -(-rooms.data_ptr() // _ALIGNMENT) * _ALIGNMENT
        with _one_at_a_time:
            for port, tensor, room in zip(self._ports, inputs + results, self._rooms):
                port.hold(tensor, first + room)
            for port in self._inputs:
                port.lay_out()
            self._kernel.run()
            for port in self._results:
                port.lay_out()
            library().dnnl_stream_wait(_stream())
        return tuple(results)
