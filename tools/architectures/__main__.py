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

"""One table and one picture of the runs of a study of architectures, docs/architectures.md.

    python -m tools.architectures outputs_random_architecture docs/results/architectures

reads the folder of a multirun with +experiment=random_architecture or varied_architectures, as far
as that has come, and writes table.json, samples.png (rows of architectures, columns of methods)
and, where GAN and WGAN-GP have scores, scores.png.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import Optional
from typing import Sequence

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

from wgan_gp.models.networks.architectures import Architecture

from ppsci_ext.utils import UserError
from ppsci_ext.utils.files import write_atomically
from tools.architectures import counting
from tools.architectures import drawing
from tools.architectures.outcomes import COMPLETE
from tools.architectures.outcomes import METHODS
from tools.architectures.outcomes import Outcome
from tools.architectures.outcomes import drawn
from tools.architectures.outcomes import read_outcomes
from tools.architectures.outcomes import value


def parse(arguments: Optional[List[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", help="folder of the runs: output_dir of the multirun")
    parser.add_argument("output", help="folder for table.json and the pictures")
    parser.add_argument(
        "--thresholds",
        type=float,
        nargs="+",
        default=counting.THRESHOLDS,
        help="of the Inception score",
    )
    parser.add_argument(
        "--rows", type=int, default=12, help="architectures in samples.png, at most"
    )
    return parser.parse_args(arguments)


def described(architecture: Architecture) -> str:
    """An architecture drawn at random, in a line."""
    parts = []
    for network in ("generator", "critic"):
        choices = {
            name: getattr(architecture, f"{network}_{name}")
            for name in ("activation", "depth", "dim", "norm")
        }
        norm = "norm" if choices["norm"] else "no norm"
        parts.append(
            f"{network[0].upper().replace('C', 'D')}: {choices['activation']}, "
            f"{choices['depth']} layers, {choices['dim']} filters, {norm}"
        )
    return "; ".join(parts)


def rows_of(outcomes: Sequence[Outcome], names: Dict[str, str]) -> List[Dict[str, Any]]:
    """A row for each architecture, with what has become of it by each method."""
    rows: Dict[str, Dict[str, Any]] = {}
    for each in outcomes:
        row = rows.setdefault(
            each.architecture,
            {"architecture": each.architecture, "what": names[each.architecture]},
        )
        row[each.method] = {
            "state": each.state,
            "iterations": each.iterations,
            "IS": each.scores and each.scores["IS_mean"],
        }
    return list(rows.values())


def printed(outcomes: Sequence[Outcome], names: Dict[str, str], table: Dict) -> str:
    """The table as Markdown."""
    methods = list(dict.fromkeys(each.method for each in outcomes))
    heads = ["architecture", *(METHODS[method] for method in methods)]
    lines = [_line(heads), _line(["---"] * len(heads))]
    for start in range(0, len(outcomes), len(methods)):
        of_one = outcomes[start : start + len(methods)]
        what = names[of_one[0].architecture]
        lines.append(_line([what, *(each.label() for each in of_one)]))
    if table["successes"]:
        heads = ["Inception score above", "only GAN", "only WGAN-GP", "both", "neither"]
        lines += ["", _line(heads), _line(["---"] * len(heads))]
        lines += [_line(list(map(str, row.values()))) for row in table["successes"]]
        left_out = ", ".join(table["left_out"]) or "none"
        lines += ["", f"Left out, since a score is missing: {left_out}."]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def gather(args: argparse.Namespace) -> str:
    """Write table and pictures; returns the table as Markdown."""
    outcomes = read_outcomes(args.runs)
    names = {each.architecture: each.architecture for each in outcomes}
    for name, architecture in drawn(outcomes).items():
        names[name] = f"{name}: {described(architecture)}"
    methods = {each.method for each in outcomes}
    scored = methods.issuperset(counting.COMPARED) and any(
        each.scores for each in outcomes
    )
    cfg = next(each.cfg for each in outcomes if each.cfg)
    table: Dict[str, Any] = {
        "extractor": value(cfg, "EVAL.extractor.name") if scored else None,
        "samples": value(cfg, "EVAL.num_samples") if scored else None,
        "iterations": value(cfg, "TRAIN.epochs") * value(cfg, "TRAIN.iters_per_epoch"),
        "complete": sum(each.state == COMPLETE for each in outcomes),
        "runs": len(outcomes),
        "architectures": rows_of(outcomes, names),
        "successes": [],
        "left_out": [],
    }
    if scored:
        table["successes"], table["left_out"] = counting.success_counts(
            outcomes, args.thresholds
        )
        drawing.save_scores(
            outcomes,
            args.thresholds,
            table["extractor"],
            osp.join(args.output, "scores.png"),
        )
    shown = outcomes[: args.rows * len(methods)]
    drawing.save_samples(shown, names, osp.join(args.output, "samples.png"))
    text = f"{json.dumps(table, indent=2)}\n"
    write_atomically(osp.join(args.output, "table.json"), text.encode())
    return printed(outcomes, names, table)


def main(arguments: Optional[List[str]] = None) -> int:
    args = parse(arguments)
    try:
        os.makedirs(args.output, exist_ok=True)
        print(gather(args))
    except (UserError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
