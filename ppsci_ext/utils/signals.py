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
from typing import List

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_GRACE = 2.0  # seconds
_said = threading.Lock()
_import_watch: List[threading.Thread] = []
_imported = threading.Event()


def end_in_one_sentence() -> None:
    """Let SIGINT and SIGTERM end this process, with exit status 130 and 143.

    To be called before Paddle is imported, which takes seconds, and once more afterwards. A
    signal that the process ignores (a background job's SIGINT) stays ignored.
    """
    paddle = sys.modules.get("paddle")
    if hasattr(paddle, "disable_signal_handler"):  # not yet while it is being imported
        paddle.disable_signal_handler()
    elif hasattr(signal, "sigtimedwait") and not _import_watch:
        _watch_imports()
        return
    _handle()


def _heeded() -> List[signal.Signals]:
    return [n for n in _SIGNALS if signal.getsignal(n) is not signal.SIG_IGN]


def _watch_imports() -> None:
    """A thread ends the process while modules are imported, when there is nothing to clean up.

    A handler would not do: compiled modules take an exception of it for a failure of their own,
    and Paddle puts handlers of its own in its place.
    """
    numbers = _heeded()

    def wait() -> None:
        while not _imported.is_set():
            received = signal.sigtimedwait(numbers, 0.1)
            if received is not None:
                _say(received.si_signo)
                os._exit(128 + received.si_signo)

    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    _import_watch.append(threading.Thread(target=wait, daemon=True))
    _import_watch[0].start()


def _end_import_watch() -> None:
    """Leave the signals to the handlers, also one that has come in since."""
    _imported.set()
    for thread in _import_watch:
        thread.join()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _handle() -> None:
    """Raise SystemExit, so that what is being written is removed on the way.

    But Python hears of a signal only between two calls of compiled code, one of which can take
    many seconds (a batch in a large network): after two, a thread ends the process.
    """
    signal.set_wakeup_fd(_start_watching(), warn_on_full_buffer=False)
    for number in _heeded():
        signal.signal(number, _end)
    _end_import_watch()


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
