"""Memory of tensors once oneDNN's operators are loaded."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import paddle
import pytest
from paddle.base.core import host_memory_stat_current_value
from paddle.base.core import host_memory_stat_peak_value
from paddle.base.core import host_memory_stat_reset_peak_value

from tests.helpers.onednn_env import load_or_skip

COUNT = 2**20


@pytest.fixture(autouse=True)
def operators():
    """The operators, on the CPU, which their memory is for."""
    if paddle.get_device() != "cpu":
        pytest.skip("memory of tensors on the CPU")
    load_or_skip()


REFIT = """
import gc
import ppsci_ext
import paddle
from ppsci_ext.arch import onednn

onednn.load()
tensors = [paddle.full([2**20], value, "float32") for value in range(9)]
places = {tensor.data_ptr() for tensor in tensors}
for freed in (1, 3, 5, 7):
    tensors[freed] = None
gc.collect()
for freed in (1, 3, 5, 7):
    tensors[freed] = paddle.full([2**20], freed, "float32")
assert {tensor.data_ptr() for tensor in tensors} == places
for value, tensor in enumerate(tensors):
    assert bool((tensor == value).all())
"""


def test_a_tensor_takes_the_place_of_a_freed_one_of_its_size():
    """Also between two others, where there is no room for more; in a process without holes."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", REFIT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1000:]


@pytest.mark.parametrize("count", [1, 3, 16, 17, 1000, 4097])
def test_tensors_begin_with_a_cache_line(count):
    tensors = [paddle.rand([count]) for _ in range(5)]
    assert all(tensor.data_ptr() % 64 == 0 for tensor in tensors)
    values = [tensor.numpy().copy() for tensor in tensors]
    tensors[2] *= 2
    for index, (tensor, value) in enumerate(zip(tensors, values)):
        np.testing.assert_array_equal(tensor, 2 * value if index == 2 else value)


def test_paddle_knows_how_much_memory_tensors_take():
    # Paddle renews the peak only where a thread passes its own, whatever the others hold.
    host_memory_stat_reset_peak_value("Allocated", 0)
    before = host_memory_stat_current_value("Allocated", 0)
    tensor = paddle.ones([COUNT])
    assert host_memory_stat_current_value("Allocated", 0) - before == 4 * COUNT
    assert host_memory_stat_peak_value("Allocated", 0) - before >= 4 * COUNT
    del tensor
    assert host_memory_stat_current_value("Allocated", 0) == before


def test_too_large_a_tensor():
    with pytest.raises(Exception, match="no memory for a tensor of 4503599627370496 "):
        paddle.empty([2**50])
    assert float(paddle.ones([2]).sum()) == 2.0
