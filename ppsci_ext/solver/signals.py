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

"""Ctrl-C and the SIGTERM of a batch system, which end training between two iterations."""

from __future__ import annotations

import os
import signal
import threading
from typing import Dict
from typing import Optional


class Interrupted(SystemExit):
    """Training was stopped by a signal; the exit status is 128 + its number, as in a shell.

    Args:
        signal_number (int): Signal.
    """

    def __init__(self, signal_number: int):
        super().__init__(128 + signal_number)


class StopSignals:
    """Notes SIGINT and SIGTERM inside its block; the second one quits at once.

    Under paddle.distributed.launch it does not: the launcher sends SIGTERM three times within a
    second, and SIGKILL half a minute later.

    Outside the main thread, where Python allows no handlers, nothing is noted; neither is a
    signal that the process ignores (a background job's SIGINT).

    Attributes:
        received (Optional[int]): Signal that came in, None before.
    """

    def __init__(self):
        self.received: Optional[int] = None
        self._previous: Dict[int, object] = {}

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._previous[number] = signal.signal(number, self._note)
                    # Paddle takes an interrupted call of its sockets for a failure
                    signal.siginterrupt(number, False)
        return self

    def __exit__(self, *_) -> None:
        for number, handler in self._previous.items():
            # None: a handler that was not set from Python
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _note(self, number: int, _) -> None:
        if self.received is not None:
            return
        self.received = number
        then = ""
        if "PADDLE_TRAINER_ID" not in os.environ:
            then = "; a second signal quits at once, without saving"
            for each in self._previous:
                signal.signal(each, signal.SIG_DFL)
        # print and the logger may be in the middle of a line
        os.write(
            2,
            f"\n{signal.Signals(number).name}: ending with this iteration{then}.\n".encode(),
        )
