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

"""Scores of several runs side by side, as a table in Markdown.

    python -m tools.compare outputs_wgan_gp_motion/ablation-* --scores frechet angle_correlation

Each run was evaluated (mode=eval). Where the first one's eval.json has the truth of a score, or
what real samples score, these are rows too.
"""

from __future__ import annotations

import argparse
import json
import sys
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import Optional

from ppsci_ext.utils import UserError
from ppsci_ext.utils.files import write_atomically


def scores_of(folder: str) -> Dict[str, Any]:
    """The scores in a run's eval.json.

    Raises:
        UserError: If the run was not evaluated.
    """
    try:
        with open(osp.join(folder, "eval.json"), encoding="utf-8") as file:
            return json.load(file)["metrics"]
    except FileNotFoundError:
        raise UserError(
            f"{folder} has no eval.json: evaluate this run first, with mode=eval"
        ) from None


def compared(folders: List[str], names: List[str]) -> Dict[str, List[Any]]:
    """Rows of scores, under the last part of each folder's name.

    Args:
        folders (List[str]): Of the runs.
        names (List[str]): Scores, as eval.json has them.

    Returns:
        Dict[str, List[Any]]: Truth and real samples, where known, and each run: its scores in
            the order of the names.

    Raises:
        UserError: If a run lacks one of the scores.
    """
    found = {
        osp.basename(osp.normpath(folder)): scores_of(folder) for folder in folders
    }
    first = next(iter(found.values()))
    rows = {}
    for beside in ("truth", "real"):
        row = [first.get(f"{beside}_{name}") for name in names]
        if any(value is not None for value in row):
            rows[beside] = row
    for run, scores in found.items():
        missing = [name for name in names if name not in scores]
        if missing:
            raise UserError(
                f"{run} has no score {missing[0]}; it has {', '.join(scores)}"
            )
        rows[run] = [scores[name] for name in names]
    return rows


def markdown(rows: Dict[str, List[Any]], names: List[str]) -> str:
    """The rows as a table."""
    lines = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for name, values in rows.items():
        cells = ["–" if value is None else f"{value:.3g}" for value in values]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Optional[List[str]] = None) -> int:
    """Print the table; 1 if there is none."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("runs", nargs="+", help="output_dir of each")
    parser.add_argument("--scores", nargs="+", required=True)
    parser.add_argument("--json", help="file to keep the rows in")
    given = parser.parse_args(arguments)
    try:
        rows = compared(given.runs, given.scores)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    print(markdown(rows, given.scores))
    if given.json:
        text = json.dumps({"scores": given.scores, "rows": rows}, indent=1)
        write_atomically(given.json, f"{text}\n".encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
