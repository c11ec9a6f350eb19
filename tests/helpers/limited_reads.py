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

"""Readers of files, to be started by tests.helpers.forks: little memory, little time, and what they say."""

from __future__ import annotations

import os
import resource
import signal
from os import path as osp

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import paddle

from ppsci_ext.data.arrays import npy_array
from ppsci_ext.data.arrays import npz_array
from ppsci_ext.data.cifar10 import read_cifar10
from ppsci_ext.data.mnist import read_mnist
from ppsci_ext.utils import UserError
from ppsci_ext.utils import weights
from ppsci_ext.utils.checkpoint import load_checkpoint

MEMORY = 300 << 20  # bytes beyond those that the process has taken by itself
SECONDS = 15  # of the processor's time


def _torch(path: str) -> None:
    tensors = weights.read_torch_weights(path)
    network = paddle.nn.Linear(2, 3)
    weights.set_torch_weights(network, tensors, path, "linear layer", "linear.pth")


def _safetensors(path: str) -> None:
    arrays = weights.read_safetensors(path)
    weights.set_weights(paddle.nn.Linear(2, 3), arrays, path)


READERS = {
    "torch": _torch,
    "paddle": lambda path: weights.load_paddle_weights(paddle.nn.Linear(2, 3), path),
    "safetensors": _safetensors,
    "cifar10": lambda path: read_cifar10(osp.dirname(path), "test"),
    "npz": lambda path: npz_array(path, "images"),
    "npy": npy_array,
    "idx": lambda path: read_mnist(osp.dirname(path), "test"),
    "checkpoint": load_checkpoint,
}


def read(*readers_and_paths: str) -> None:
    """Print a line for each reader and path: "read", or the sentence of its refusal."""
    with open("/proc/self/statm", encoding="ascii") as file:
        taken = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    signal.alarm(3 * SECONDS)  # a reader that waits takes no time of the processor's
    for reader, path in zip(readers_and_paths[::2], readers_and_paths[1::2]):
        try:
            READERS[reader](path)
            print("read")
        except UserError as error:
            print(f"refused: {error}")
