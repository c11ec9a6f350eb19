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

"""Commands to be interrupted, for tests.helpers.forks."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import numpy as np

import ppsci_ext.metric.__main__ as command
from ppsci_ext.utils import checkpoint
from ppsci_ext.utils import signals


def score(moment: str, *arguments: str) -> None:
    """The command, which waits for a signal at one moment."""
    signals.end_in_one_sentence()
    if moment == "scoring":
        command.image_scores = _wait
    elif moment == "extracting":
        command.extract = _wait
    elif moment == "writing":
        os.fsync = _wait  # the features' file is complete, but for its name
    elif moment == "replacing":
        checkpoint.os.replace = _wait
    elif moment == "deaf":
        command.extract = _never_ends
    command.main([*arguments, "--extractor", "mnist_classifier"])


def _never_ends(*_, **__) -> None:
    while True:
        with contextlib.suppress(BaseException):  # as some finalizers do
            _wait()


def ignore() -> None:
    """What becomes of a signal that the process ignores, and of the other one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signals.end_in_one_sentence()
    for number in (signal.SIGINT, signal.SIGTERM):
        ignored = signal.getsignal(number) is signal.SIG_IGN
        print("ignored" if ignored else "handled")


def _wait(*_, **__) -> None:
    print("now", flush=True)
    while True:  # in many short calls, as of a network
        np.linalg.eigvalsh(np.eye(20))
        time.sleep(0.001)
