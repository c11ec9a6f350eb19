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

"""The command interrupted: one sentence, the shell's exit status, nothing half written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.forks import Forks

ROOT = Path(__file__).parents[3]
NUMBERS = [signal.SIGINT, signal.SIGTERM]

pytestmark = pytest.mark.skipif(
    not os.path.exists("/proc/self/status"), reason="needs /proc"
)


@pytest.fixture(scope="module")
def forks(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("printed"))
    server = Forks(folder, "tests.helpers.interrupted")
    server.folder = folder
    yield server
    server.close()


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def sentence(number):
    return f"{signal.Signals(number).name}: stopped."


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    "moment", ["extracting", "scoring", "writing", "replacing", "deaf"]
)
def test_while_it_works(moment, number, forks, tmp_path):
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", np.zeros((20, 28, 28), np.uint8))
    cache, out = tmp_path / "cache", tmp_path / "out.json"
    out.write_text("of before")
    arguments = [str(tmp_path / "a.npy"), str(tmp_path / "b.npy")]
    arguments += ["--json", str(out), "--cache", str(cache)]
    process = forks.start("score", moment, *arguments)
    printed = Path(forks.folder, f"{process}.out")
    wait_for(lambda: printed.exists() and "now\n" in printed.read_text())
    os.kill(process, number)
    started = time.monotonic()
    assert forks.wait(process) == 128 + number
    assert time.monotonic() - started < 5
    lines = forks.printed(process).split("now\n", 1)[1].split("\n")
    assert [line for line in lines if line not in ("", "now")] == [sentence(number)]
    assert out.read_text() == "of before"
    left = [file for _, _, files in os.walk(tmp_path) for file in files]
    assert not [file for file in left if file.endswith(".tmp")]


def caught(process):
    """Signals that a process handles itself."""
    with open(f"/proc/{process}/status", encoding="utf-8") as file:
        mask = next(line for line in file if line.startswith("SigCgt:")).split()[1]
    return {n for n in NUMBERS if int(mask, 16) >> (n - 1) & 1}


def maps(process):
    return Path(f"/proc/{process}/maps").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "moment, number",
    [
        ("at first", signal.SIGINT),
        ("at first", signal.SIGTERM),
        ("with NumPy", signal.SIGINT),
        ("with Paddle", signal.SIGTERM),
    ],
)
def test_while_it_is_imported(moment, number):
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "ppsci_ext.metric", "missing"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_for(lambda: caught(process.pid) == set(NUMBERS))
    if moment == "with NumPy":  # whose modules call an exit a failed import
        wait_for(lambda: "_multiarray_umath" in maps(process.pid))
    if moment == "with Paddle":
        wait_for(lambda: "scipy" in maps(process.pid))  # imported after it
    process.send_signal(number)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert sentence(number) in printed.splitlines()
    assert "Traceback" not in printed and "FatalError" not in printed


def test_an_ignored_signal_stays_ignored(forks):
    process = forks.start("ignore")
    assert forks.wait(process) == 0
    assert forks.printed(process).split() == ["ignored", "handled"]
