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

"""One check in a process of its own: a crash or a lack of memory ends it alone.

    python -m tools.gpu_check.worker NAME DEVICE small|full FILE
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from typing import Any
from typing import Dict
from typing import List

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import paddle

from ppsci.utils import logger
from ppsci_ext.utils.errors import shown
from ppsci_ext.utils.files import write_atomically
from tools.gpu_check.checks import CHECKS
from tools.gpu_check.checks import Check
from tools.gpu_check.target import Row
from tools.gpu_check.target import Skipped
from tools.gpu_check.target import Target

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


def outcome(check: Check, target: Target) -> Dict[str, Any]:
    """What came of a check: its status, why, its rows and the seconds it took.

    Args:
        check (Check): Check.
        target (Target): What it runs on.
    """
    rows: List[Row] = []
    start = time.perf_counter()
    try:
        for row in check.look(target):
            rows.append(row)
        problems = [f"{r['what']}: {r['problem']}" for r in rows if "problem" in r]
        status, reason = FAILED if problems else PASSED, "; ".join(problems)
        if not rows:
            status, reason = FAILED, "nothing was compared"
    except Skipped as why:
        status, reason = SKIPPED, str(why)
    except Exception as error:
        traceback.print_exc()
        status, reason = FAILED, f"{type(error).__name__}: {shown(error)}"
    return {
        "status": status,
        "reason": reason,
        "seconds": round(time.perf_counter() - start, 1),
        "rows": rows,
    }


def main(name: str, device: str, size: str, path: str) -> None:
    logger.init_logger("ppsci", None, "warning")
    paddle.set_device(device)
    found = outcome(CHECKS[name], Target(device, size == "full"))
    write_atomically(path, json.dumps(found).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
