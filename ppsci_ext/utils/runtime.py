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

"""CPU settings that Paddle's bundled math library reads once, when it is loaded."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Dict
from typing import Optional

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
_LARGE = 12 * 2**20  # bytes


def cpu_settings(vendor: str, cores: int) -> Dict[str, str]:
    """Environment variables that make Paddle's MKL fast on a CPU.

    MKL takes its slowest code path on processors that are not Intel's, and Paddle
    limits it to one thread; on an AMD EPYC these settings make a WGAN-GP step three to
    four times faster.

    Args:
        vendor (str): CPU vendor id, e.g. "AuthenticAMD".
        cores (int): Number of cores that the process may use.

    Returns:
        Dict[str, str]: Variable name -> value.
    """
    settings = {
        "MKL_NUM_THREADS": str(cores),
        "OPENBLAS_NUM_THREADS": str(
            cores
        ),  # SciPy's, which else goes by OMP_NUM_THREADS
        # milliseconds that MKL's idle threads spin: more, and they take the cores from oneDNN's
        "KMP_BLOCKTIME": "1",
    }
    if vendor == "AuthenticAMD":
        settings["MKL_DEBUG_CPU_TYPE"] = "5"  # the AVX2 path
    return settings


def cpu_vendor(cpuinfo: str = "/proc/cpuinfo") -> Optional[str]:
    """Vendor id of the first processor, None where the system doesn't tell."""
    if not os.path.exists(cpuinfo):
        return None
    with open(cpuinfo, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("vendor_id"):
                return line.split(":", 1)[1].strip()
    return None


def usable_cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def configure_cpu() -> None:
    """Set :func:`cpu_settings` for this machine; values that the user has set win."""
    for name, value in cpu_settings(cpu_vendor() or "", usable_cores()).items():
        os.environ.setdefault(name, value)
    keep_freed_memory()


def use_cores_by_openmp(library: ctypes.CDLL) -> None:
    """Let the OpenMP that a library is linked with use as many threads as MKL does.

    OMP_NUM_THREADS can't be gone by: Paddle's import sets it to 1 where it is not set, also for
    all processes that are started afterwards, and warns where it is above 1.

    Args:
        library (ctypes.CDLL): Library.
    """
    threads = os.environ.get("MKL_NUM_THREADS", "")
    if threads.isdecimal() and int(threads):
        library.omp_set_num_threads(int(threads))


def keep_freed_memory(large_too: bool = False) -> None:
    """Let the C library keep the memory of freed tensors for the next ones.

    By default it gives large blocks back to the system at once, and the system clears each
    page of a new one: that takes several times as long as an element-wise operation itself.
    From 12 MiB on they still go back. Paddle aligns tensors to pages, so that the hole which a
    tensor has left between two others is too small for the next one of its size.

    Args:
        large_too (bool, optional): Keep these as well, for an allocator that fills such holes.
            Defaults to False.
    """
    libc = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
    if hasattr(libc, "mallopt"):
        # glibc before 2.35 refuses more than 32 MiB
        limits = (2**30, 2**25) if large_too else (_LARGE,)
        any(libc.mallopt(M_MMAP_THRESHOLD, limit) for limit in limits)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
