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

"""Processes that start in milliseconds, to be killed: forked from one that has imported all
that takes seconds to import, and has computed nothing yet (threads don't survive a fork)."""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from os import path as osp
from typing import Any
from typing import List
from typing import Tuple

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))


class Forks:
    """Starts functions in processes of their own.

    Args:
        folder (str): Folder for what they print.
        module (str): Module of the functions, imported once.
    """

    def __init__(self, folder: str, module: str):
        self._folder = folder
        environment = {**os.environ, "PYTHONPATH": ROOT}
        self._server = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.helpers.forks", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env=environment,
        )

    def _ask(self, **request: Any) -> int:
        self._server.stdin.write(f"{json.dumps(request)}\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def start(self, function: str, *arguments: Any) -> int:
        """Process number of a function of the module, under way."""
        return self._ask(start=[self._folder, function, *arguments])

    def wait(self, process: int) -> int:
        """Exit status, or minus the signal that killed it, after at most a minute."""
        return self._ask(wait=process)

    def run(self, function: str, *arguments: Any) -> int:
        return self.wait(self.start(function, *arguments))

    def together(
        self, ranks: int, function: str, *arguments: Any
    ) -> Tuple[List[int], List[str]]:
        """Exit statuses and output of a function in processes that train together, which gets
        its rank, their number and a port before the arguments."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        started = []
        for rank in range(ranks):
            started.append(self.start(function, rank, ranks, port, *arguments))
            time.sleep(0.2)  # one that comes before the first tries again in 3 s
        statuses = [self.wait(process) for process in started]
        return statuses, [self.printed(process) for process in started]

    def printed(self, process: int) -> str:
        with open(osp.join(self._folder, f"{process}.out"), encoding="utf-8") as file:
            return file.read()

    def close(self) -> None:
        self._server.stdin.close()
        self._server.wait(timeout=60)


def _start(module: Any, folder: str, function: str, *arguments: Any) -> int:
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        output = os.open(
            osp.join(folder, f"{os.getpid()}.out"), os.O_CREAT | os.O_WRONLY
        )
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout = open(1, "w", buffering=1, closefd=False)
        getattr(module, function)(*arguments)
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code or 0)


def _wait(process: int) -> int:
    deadline = time.monotonic() + 60
    while True:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(process, signal.SIGKILL)
        time.sleep(0.005)


def _serve() -> None:
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # replies alone go to the one that asks
    module = importlib.import_module(sys.argv[1])
    running = set()
    for line in sys.stdin:
        request = json.loads(line)
        if "start" in request:
            reply = _start(module, *request["start"])
            running.add(reply)
        else:
            reply = _wait(request["wait"])
            running.discard(request["wait"])
        print(reply, file=replies)
    for process in running:  # of tests that failed before they waited
        os.kill(process, signal.SIGKILL)


if __name__ == "__main__":
    _serve()
