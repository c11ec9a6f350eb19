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
import runpy
import signal
import sys
from os import path as osp
from typing import NamedTuple

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import paddle
import pytest

from ppsci.utils import logger

ROOT = osp.dirname(osp.dirname(osp.abspath(__file__)))
CASES = osp.join(ROOT, "examples", "wgan_gp", "cases")


@pytest.fixture(scope="session", autouse=True)
def quiet_logger():
    """Nothing but warnings of PaddleScience in the output of the tests."""
    logger.init_logger("ppsci", None, "warning")


@pytest.fixture(autouse=True)
def signal_handlers():
    """Those of before: cases that run in this process set their own."""
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, signal.SIG_DFL if handler is None else handler)


@pytest.fixture(autouse=True)
def fixed_seed():
    paddle.seed(2017)


class Ended(NamedTuple):
    """How a script ended, and what it said."""

    status: int
    out: str
    err: str


@pytest.fixture
def start_case(tmp_path, monkeypatch, capsys):
    """Run a case's script in this process (importing PaddleScience takes seconds), in tmp_path."""
    monkeypatch.chdir(tmp_path)

    def start(case, *arguments):
        script = osp.join(CASES, f"{case}.py")
        monkeypatch.setattr(sys, "argv", [script, *arguments])
        status = 0
        try:
            runpy.run_path(script, run_name="__main__")
        except SystemExit as end:
            status = end.code
        said = capsys.readouterr()
        assert "Traceback" not in said.err, said.err
        return Ended(status, said.out, said.err)

    return start


@pytest.fixture(scope="session")
def real_data() -> str:
    """Folder with mnist/, cifar-10-batches-bin/ and weights/."""
    root = os.environ.get("WGAN_GP_TEST_DATA")
    if not root or not osp.isdir(root):
        pytest.skip("WGAN_GP_TEST_DATA names no folder with real data")
    return osp.abspath(root)
