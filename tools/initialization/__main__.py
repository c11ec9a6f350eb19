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

"""Do this project and a plain PyTorch port train the toy case alike, and which weights to begin with?

    python -m tools.initialization docs/results/initialization [--seeds 8]

Trains 8 Gaussians for each seed and arm (`runs.ARMS`), one after the other, and writes
initialization.json after each; what it holds is not run again. It needs PyTorch
(requirements-torch.txt).
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import Optional

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import torch

from ppsci.utils import logger
from ppsci_ext.utils.files import write_atomically
from tools.initialization import alike
from tools.initialization import runs
from tools.initialization import statistics

ALIKE_SEED = 0


def main(arguments: Optional[List[str]] = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tools.initialization",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("output", help="folder of the JSON file")
    parser.add_argument("--seeds", type=int, default=8, help="runs of each arm")
    parser.add_argument(
        "overrides", nargs="*", metavar="KEY=VALUE", help="keys for shorter runs"
    )
    args = parser.parse_intermixed_args(arguments)
    logger.init_logger("ppsci", None, "warning")
    torch.set_num_threads(1)
    os.makedirs(args.output, exist_ok=True)
    path = osp.join(args.output, "initialization.json")
    overrides = tuple(args.overrides)
    found = read(path)
    for name, look in (("alike", alike.compare), ("nudged", alike.nudge)):
        if name not in found:
            found[name] = look(ALIKE_SEED, overrides)
            write(path, found)
    for pair, seed in itertools.product(statistics.PAIRS.values(), range(args.seeds)):
        for name in pair:
            done = found["runs"].setdefault(name, {})
            if str(seed) not in done:
                done[str(seed)] = runs.run(runs.ARMS[name], seed, overrides)
                print(name, seed, done[str(seed)], flush=True)
                write(path, found)
    print(statistics.tables(found["runs"]))


def read(path: str) -> Dict[str, Any]:
    """What has been run."""
    if not osp.exists(path):
        return {"runs": {}}
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write(path: str, found: Dict[str, Any]) -> None:
    """Write it, with the statistics of the runs."""
    content = {
        **found,
        "summary": statistics.summary(found["runs"]),
        "p_values": statistics.rank_tests(found["runs"]),
    }
    write_atomically(path, f"{json.dumps(content, indent=1)}\n".encode())


if __name__ == "__main__":
    main()
