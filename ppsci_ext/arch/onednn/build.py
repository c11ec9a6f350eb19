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

"""Operators of this package's own: compiled on first use and kept in the cache folder."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import shutil
import subprocess
import sysconfig
import tempfile
from os import path as osp
from typing import List
from typing import Tuple

import paddle
from paddle.base import core
from paddle.utils.cpp_extension import load_op_meta_info_and_register_op

from ppsci.utils import logger
from ppsci_ext.utils.cache import cache_folder
from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.runtime import keep_freed_memory
from ppsci_ext.utils.runtime import use_cores_by_openmp

_SOURCES = [
    osp.join(osp.dirname(__file__), name)
    for name in ("rows.cc", "channel_norm.cc", "batch_norm.cc", "allocator.cc")
]
_LOOPS = osp.join(osp.dirname(__file__), "rows.h")
_PADDLE = osp.dirname(paddle.__file__)
_COMPILERS = ("g++", "clang++", "c++")


@functools.lru_cache(maxsize=None)
def load() -> None:
    """Make the operators known to Paddle, compiled first if that hasn't been done yet.

    From then on tensors on the CPU get their memory from allocator.cc, which needs less of it.
    It needs Linux and a C++ compiler (environment variable CXX, else g++, clang++ or c++).

    Raises:
        UserError: If there is none, or it fails.
    """
    built_from = paddle.version.commit.encode() + _processor()
    for name in (*_SOURCES, _LOOPS, __file__):  # which has the flags
        with open(name, "rb") as file:
            built_from += file.read()
    key = hashlib.sha256(built_from).hexdigest()[:16]
    path = osp.join(cache_folder(), f"cpu_operators_{key}.so")
    if not osp.exists(path):
        _compile(path)
    load_op_meta_info_and_register_op(path)
    library = ctypes.CDLL(path)
    use_cores_by_openmp(library)
    library.refit_memory()
    keep_freed_memory(large_too=True)


@functools.lru_cache(maxsize=None)
def compiled() -> bool:
    """Whether the operators are there; if not, the log says once what is missing."""
    try:
        load()
    except UserError as error:
        logger.info(f"Norms and narrow convolutions would be faster: {error}")
        return False
    return True


def run(operator: str, *arguments: object) -> Tuple[paddle.Tensor, ...]:
    """Results of an operator of this package's own, after :func:`load`."""
    return tuple(core.eager._run_custom_op(operator, *arguments))


def _processor() -> bytes:
    """What the compiler may make use of, as other machines may have the same cache folder."""
    with open("/proc/cpuinfo", "rb") as file:
        return next((line for line in file if line.startswith(b"flags")), b"")


def _compile(path: str) -> None:
    found = filter(None, map(shutil.which, _COMPILERS))
    compiler = os.environ.get("CXX") or next(found, None)
    if compiler is None:
        raise UserError("There is no C++ compiler: install g++, or set CXX.")
    logger.info(f"Compiling operators into {path}, once, for half a minute.")
    try:
        os.makedirs(osp.dirname(path), exist_ok=True)
        workshop = tempfile.TemporaryDirectory(dir=osp.dirname(path))
    except OSError as error:
        raise UserError(
            f"Nothing can be written into the cache folder: {error}. Set PPSCI_EXT_CACHE to "
            "another folder."
        ) from error
    with workshop as folder:  # another process may be at the same
        unfinished = osp.join(folder, osp.basename(path))
        _run(_command(compiler, unfinished))
        os.replace(unfinished, path)


def _run(command: List[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise UserError(
            f"The C++ compiler {command[0]} can't be run: {error}"
        ) from error
    if done.returncode != 0:
        said = done.stderr.splitlines()
        errors = [line for line in said if "error" in line] or said
        reason = errors[0] if errors else f"exit status {done.returncode}"
        raise UserError(f"{command[0]} can't compile the operators: {reason}")


def _command(compiler: str, output: str) -> List[str]:
    includes = (
        osp.join(_PADDLE, "include"),
        osp.join(_PADDLE, "include", "third_party"),
        sysconfig.get_path("include"),
    )
    # before the compiler's own: two OpenMPs in a process would each have threads of its own
    libraries = osp.join(_PADDLE, "libs")
    openmp = osp.join(libraries, "libiomp5.so")
    return [
        *(compiler, "-O3", "-march=native", "-std=c++17", "-fPIC", "-shared"),
        *("-w", *([] if "clang" in compiler else ["-fopenmp"])),
        "-DPADDLE_WITH_CUSTOM_KERNEL",
        *(f"-I{folder}" for folder in includes),
        *(*_SOURCES, "-o", output),
        *(
            core.libpaddle.__file__,
            f"-Wl,-rpath,{osp.dirname(core.libpaddle.__file__)}",
        ),
        *([openmp] if osp.exists(openmp) else []),
        f"-Wl,-rpath,{libraries}",
    ]
