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

"""Checks on a GPU, for a report: `make gpu-check`.

    python -m tools.gpu_check [--output outputs_gpu_check] [--device gpu] [--only NAME ...]

Each check runs in a process of its own and is passed, failed or skipped, with the reason; the
others go on. Writes gpu_check.json, the page gpu_check.md and each check's log. Without a GPU
the CPU stands in at small sizes, and the page says so. The exit status is 1 if a check failed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import Optional

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import paddle

from ppsci_ext.utils.files import write_atomically
from tools.gpu_check.checks import CHECKS
from tools.gpu_check.page import markdown
from tools.gpu_check.worker import FAILED

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
TIMEOUT = 3600  # seconds a check
EXACT = {
    "NVIDIA_TF32_OVERRIDE": "0",  # products in float32, not in 19 bits
    "FLAGS_cudnn_deterministic": "1",
}
AS_USED = ("speed", "inception")  # checks under Paddle's own settings


def run(name: str, device: str, output: str) -> Dict[str, Any]:
    """One check in a process of its own; what the worker says, or how it ended.

    Args:
        name (str): Row of CHECKS.
        device (str): "gpu" or "cpu".
        output (str): Folder of its log.
    """
    size = "full" if device == "gpu" else "small"
    result = osp.join(output, f"{name}.json")
    if osp.exists(result):
        os.remove(result)
    path = osp.abspath(result)
    command = [sys.executable, "-m", "tools.gpu_check.worker", name, device, size, path]
    environment = {**os.environ, **({} if name in AS_USED else EXACT)}
    start = time.perf_counter()
    with open(osp.join(output, f"{name}.log"), "w+", encoding="utf-8") as log:
        try:
            status = subprocess.run(
                command,
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=TIMEOUT,
            ).returncode
            reason = f"its process ended with status {status}, see {name}.log"
        except subprocess.TimeoutExpired:
            reason = f"it took longer than {TIMEOUT} s"
    if osp.exists(result):
        with open(result, encoding="utf-8") as file:
            found = json.load(file)
        os.remove(result)
        return found
    seconds = round(time.perf_counter() - start, 1)
    return {"status": FAILED, "reason": reason, "seconds": seconds, "rows": []}


def about(device: str) -> Dict[str, str]:
    """Versions and devices."""
    found = {
        "commit": _commit(),
        "python": platform.python_version(),
        "paddle": paddle.__version__,
        "device": device,
    }
    if device == "gpu":
        found["CUDA, cuDNN"] = f"{paddle.version.cuda()}, {paddle.version.cudnn()}"
        for number in range(paddle.device.cuda.device_count()):
            gpu = paddle.device.cuda.get_device_properties(number)
            memory = f"{gpu.total_memory / 2**30:.1f} GiB"
            found[f"GPU {number}"] = f"{gpu.name}, {memory}"
    return found


def _commit() -> str:
    command = ["git", "-C", ROOT, "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return "unknown: no git"
    return done.stdout.strip() or "unknown: no repository"


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the checks; 1 if one has failed."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.gpu_check",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    has_gpu = paddle.is_compiled_with_cuda() and paddle.device.cuda.device_count() > 0
    default = "gpu" if has_gpu else "cpu"
    parser.add_argument("--output", default="outputs_gpu_check", help="folder")
    parser.add_argument("--device", choices=["gpu", "cpu"], default=default)
    parser.add_argument("--only", nargs="+", choices=CHECKS, default=list(CHECKS))
    args = parser.parse_args(arguments)
    if args.device == "gpu" and not has_gpu:
        parser.error(
            "--device gpu: this Paddle finds no GPU; requirements-gpu.txt names the build for one"
        )
    os.makedirs(args.output, exist_ok=True)
    report: Dict[str, Any] = {
        "device": args.device,
        "about": about(args.device),
        "checks": {},
    }
    page = osp.join(args.output, "gpu_check.md")
    for name in args.only:
        found = report["checks"][name] = run(name, args.device, args.output)
        line = f"{found['status']}: {CHECKS[name].title}"
        print(f"{line} ({found['reason']})" if found["reason"] else line, flush=True)
        content = f"{json.dumps(report, indent=1)}\n".encode()
        write_atomically(osp.join(args.output, "gpu_check.json"), content)
        write_atomically(page, markdown(report).encode())
    print(f"Report: {page}")
    return int(any(each["status"] == FAILED for each in report["checks"].values()))


if __name__ == "__main__":
    sys.exit(main())
