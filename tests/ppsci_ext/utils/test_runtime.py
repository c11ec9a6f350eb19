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

import os
import platform
import resource
import subprocess
import sys
import types
from os import path as osp

import pytest

from ppsci_ext.utils import runtime
from ppsci_ext.utils.runtime import cpu_settings
from ppsci_ext.utils.runtime import cpu_vendor

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__)))))
PROGRAM = """
import sys
import ppsci_ext.utils
assert "paddle" not in sys.modules
import os
print(*[os.environ.get(name) for name in sys.argv[1:]])
"""


def environment_after_import(**given: str) -> list:
    names = [
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_DEBUG_CPU_TYPE",
        "KMP_BLOCKTIME",
    ]
    env = {k: v for k, v in os.environ.items() if k not in names}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *names],
        env={**env, **given},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_settings_by_vendor():
    assert cpu_settings("AuthenticAMD", 2) == {
        "MKL_NUM_THREADS": "2",
        "OPENBLAS_NUM_THREADS": "2",
        "KMP_BLOCKTIME": "1",
        "MKL_DEBUG_CPU_TYPE": "5",
    }
    assert "MKL_DEBUG_CPU_TYPE" not in cpu_settings("GenuineIntel", 4)


def test_vendor_is_read_from_cpuinfo(tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text("processor\t: 0\nvendor_id\t: AuthenticAMD\n")
    assert cpu_vendor(str(path)) == "AuthenticAMD"
    assert cpu_vendor(str(tmp_path / "none")) is None


def test_set_on_import_before_paddle():
    cores = str(len(os.sched_getaffinity(0)))
    expected = cpu_settings(cpu_vendor() or "", len(os.sched_getaffinity(0)))
    found = environment_after_import()
    assert found[:2] == [cores, cores]
    assert found[2] == expected.get("MKL_DEBUG_CPU_TYPE", "None")
    assert found[3] == "1"


def test_the_users_values_win():
    found = environment_after_import(
        MKL_NUM_THREADS="7", MKL_DEBUG_CPU_TYPE="4", KMP_BLOCKTIME="0"
    )
    assert found[0] == "7" and found[2:] == ["4", "0"]


@pytest.mark.parametrize("openmp", ["", "1", "7"])
def test_openmp_has_the_threads_of_mkl(monkeypatch, openmp):
    """Whatever OMP_NUM_THREADS says: a process that imported Paddle hands on a 1."""
    told = []
    library = types.SimpleNamespace(omp_set_num_threads=told.append)
    monkeypatch.setenv("OMP_NUM_THREADS", openmp)
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    runtime.use_cores_by_openmp(library)
    assert told == [3]


CLEARED_PAGES = """
import ctypes, resource, sys
mode, size = sys.argv[1], int(sys.argv[2])
if mode != "give back":
    import ppsci_ext.utils
if mode == "keep all":
    ppsci_ext.utils.runtime.keep_freed_memory(large_too=True)
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
def fill():
    block = libc.malloc(ctypes.c_size_t(size))
    ctypes.memset(block, 1, size)
    libc.free(block)
fill()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    fill()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def cleared_pages(mode: str, mebibytes: int) -> int:
    """How often the system had to clear a page for blocks of this size, freed one by one."""
    arguments = [sys.executable, "-c", CLEARED_PAGES, mode, str(mebibytes << 20)]
    done = subprocess.run(
        arguments, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
@pytest.mark.parametrize("mode, mebibytes", [("keep", 8), ("keep all", 28)])
def test_freed_memory_is_used_again(mode, mebibytes):
    pages = 4 * (mebibytes << 20) // resource.getpagesize()
    assert cleared_pages(mode, mebibytes) < pages / 20
    assert cleared_pages(mode, mebibytes) < cleared_pages("give back", mebibytes) / 2


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_large_blocks_go_back_unless_they_can_be_used_again():
    assert cleared_pages("keep all", 28) < cleared_pages("keep", 28) / 2


@pytest.mark.parametrize("large_too, kept", [(False, 12), (True, 32)])
def test_an_older_c_library_keeps_what_it_can(monkeypatch, large_too, kept):
    """glibc before 2.35 refuses thresholds above 32 MiB, and keeps to its own then, 128 KiB."""
    thresholds = []

    def mallopt(name, value):
        refused = name == runtime.M_MMAP_THRESHOLD and value > 32 << 20
        if name == runtime.M_MMAP_THRESHOLD and not refused:
            thresholds.append(value)
        return int(not refused)

    library = types.SimpleNamespace(mallopt=mallopt)
    monkeypatch.setattr(runtime.sys, "platform", "linux")
    monkeypatch.setattr(runtime.ctypes, "CDLL", lambda _: library)
    runtime.keep_freed_memory(large_too=large_too)
    assert thresholds == [kept << 20]
