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

"""Ctrl-C and SIGTERM end a command with a sentence: no traceback, no banner of Paddle's."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from types import FrameType
from typing import Optional

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SECONDS = 2.0  # for what cleans up


def end_in_one_sentence(at_once: bool = False) -> None:
    """Let SIGINT and SIGTERM end this process, with exit status 130 and 143.

    They raise SystemExit, so that a file that is being written is removed on the way; if
    somebody keeps that from ending the process, it ends two seconds later. Python
    does so between two calls of compiled code: after the batch that a network computes.

    Paddle puts handlers of its own in the place of these when it is imported: call this
    once more then. A signal that the process ignores (a background job's SIGINT) stays
    ignored.

    Args:
        at_once (bool): End without cleaning up, as is right while modules are imported:
            some of them take SystemExit for a fault of theirs. Imports Paddle, during which
            signals wait. Defaults to False.
    """
    heeded = [n for n in _SIGNALS if signal.getsignal(n) is not signal.SIG_IGN]
    can_block = hasattr(signal, "pthread_sigmask")  # not on Windows
    if at_once and "paddle" not in sys.modules and can_block:
        signal.pthread_sigmask(signal.SIG_BLOCK, heeded)
        importlib.import_module("paddle")
    paddle = sys.modules.get("paddle")
    if hasattr(paddle, "disable_signal_handler"):  # not yet while it is being imported
        paddle.disable_signal_handler()
    for number in heeded:
        signal.signal(number, _end_at_once if at_once else _end)
    if can_block:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, heeded)


def _end(number: int, _: Optional[FrameType]) -> None:
    for each in _SIGNALS:  # a second one shall not interrupt what cleans up
        signal.signal(each, signal.SIG_IGN)
    _say(number)
    timer = threading.Timer(_SECONDS, os._exit, [128 + number])
    timer.daemon = True
    timer.start()
    raise SystemExit(128 + number)


def _end_at_once(number: int, _: Optional[FrameType]) -> None:
    _say(number)
    os._exit(128 + number)


def _say(number: int) -> None:
    # print may be in the middle of a line
    os.write(2, f"\n{signal.Signals(number).name}: stopped.\n".encode())
