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

"""SIGINT and SIGTERM at any moment of a command: before, while and after it imports Paddle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from os import path as osp

import pytest

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__)))))
SIGNALS = [signal.SIGINT, signal.SIGTERM]
# stands in for Paddle and its compiled modules, which take an exception for their own failure
PADDLE = """
import signal, sys, time
print("importing", flush=True)
try:
    time.sleep(WAIT)
except BaseException as error:
    raise ImportError("initialization failed") from error
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: print("a banner", file=sys.stderr))
def disable_signal_handler():
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
"""
SCRIPT = """
from ppsci_ext.utils.signals import end_in_one_sentence
end_in_one_sentence(at_once=True)
import paddle
end_in_one_sentence()
import time
try:
    print("working", flush=True)
    WORK
finally:
    print("cleaned", flush=True)
"""


def start(tmp_path, wait=0.0, work="time.sleep(30)", script=SCRIPT, **options):
    (tmp_path / "paddle.py").write_text(PADDLE.replace("WAIT", str(wait)))
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    return subprocess.Popen(
        [sys.executable, "-c", script.replace("WORK", work)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        **options,
    )


def after_line(process, line):
    for found in process.stdout:
        if found.strip() == line:
            return
    raise AssertionError(process.stderr.read())


@pytest.mark.parametrize("number", SIGNALS)
def test_during_the_imports(tmp_path, number):
    process = start(tmp_path, wait=2)
    after_line(process, "importing")
    process.send_signal(number)
    printed, told = process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert told == f"\n{number.name}: stopped.\n"


@pytest.mark.parametrize("number", SIGNALS)
def test_during_the_work_what_is_being_written_is_removed(tmp_path, number):
    process = start(tmp_path)
    after_line(process, "working")
    process.send_signal(number)
    printed, told = process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert told == f"\n{number.name}: stopped.\n" and "cleaned" in printed


def test_a_signal_that_is_ignored_stays_ignored(tmp_path):
    """As in a background job of a shell."""
    ignore = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = start(tmp_path, wait=0.5, work="time.sleep(0.5)", preexec_fn=ignore)
    after_line(process, "importing")
    process.send_signal(signal.SIGINT)
    printed, told = process.communicate(timeout=20)
    assert (process.returncode, told) == (0, "")


def test_nothing_is_blocked_afterwards(tmp_path):
    work = "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    printed, told = start(tmp_path, work=work).communicate(timeout=20)
    assert "set()" in printed and told == ""
