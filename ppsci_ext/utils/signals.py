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


"""Ctrl-C and SIGTERM outside of a training, which has handlers of its own."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Optional


def stop_by_signals() -> None:
    """Let SIGINT and SIGTERM end the process by a sentence, with the exit status 128 + number.

    To be called by a script before the imports that take seconds, and again after them, since
    Paddle sets a handler of its own, which prints a banner. A signal that the process ignores (a
    background job's SIGINT) stays ignored.
    """
    if "paddle" in sys.modules:
        sys.modules["paddle"].disable_signal_handler()
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def _stop(number: int, _: Optional[FrameType]) -> None:
    # print may be in the middle of a line
    os.write(2, f"\n{signal.Signals(number).name}: stopped.\n".encode())
    raise SystemExit(128 + number)
