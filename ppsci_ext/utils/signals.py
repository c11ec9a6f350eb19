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

import functools
import os
import signal
import sys
import threading
import time

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_GRACE = 2.0  # seconds
_said = threading.Lock()


def end_in_one_sentence() -> None:
    """Let SIGINT and SIGTERM end this process, with exit status 130 and 143.

    The handler raises SystemExit, so that what is being written is removed on the way. But
    Python hears of a signal only between two calls of compiled code, one of which can take
    many seconds (a batch in a large network): after two, a thread ends the process.

    Paddle puts handlers of its own in the place of these when it is imported: call this
    once more then. A signal that the process ignores (a background job's SIGINT) stays
    ignored.
    """
    paddle = sys.modules.get("paddle")
    if hasattr(paddle, "disable_signal_handler"):  # not yet while it is being imported
        paddle.disable_signal_handler()
    signal.set_wakeup_fd(_start_watching(), warn_on_full_buffer=False)
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def _end(number: int, _) -> None:
    for each in _SIGNALS:  # one is enough: nothing shall interrupt what cleans up
        signal.signal(each, signal.SIG_IGN)
    _say(number)
    raise SystemExit(128 + number)


@functools.lru_cache(maxsize=None)
def _start_watching() -> int:
    """File descriptor into which Python's C code writes each signal at once."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    threading.Thread(target=_watch, args=(read_end,), daemon=True).start()
    return write_end


def _watch(read_end: int) -> None:
    number = 0
    while number not in _SIGNALS:  # some library may have a handler for another one
        number = os.read(read_end, 1)[0]
    time.sleep(_GRACE)
    _say(number)
    os._exit(128 + number)


def _say(number: int) -> None:
    if _said.acquire(blocking=False):
        # print may be in the middle of a line
        os.write(2, f"\n{signal.Signals(number).name}: stopped.\n".encode())
