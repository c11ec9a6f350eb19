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

"""Scores of fields from the command line: python -m ppsci_ext.metric.fields A.npy B.npy."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any
from typing import Dict
from typing import List
from typing import Optional

import numpy as np

from ppsci_ext.data.fields.files import read_array
from ppsci_ext.data.limits import check_fits_memory
from ppsci_ext.metric.fields.plots import save_field_page
from ppsci_ext.metric.fields.scores import field_scores
from ppsci_ext.metric.fields.table import NEIGHBOUR_SCORES
from ppsci_ext.metric.fields.table import SCORES
from ppsci_ext.utils.checkpoint import write_atomically
from ppsci_ext.utils.checkpoint import writing
from ppsci_ext.utils.errors import UserError


def parse_arguments(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    table = [f"{name}: {score.meaning}" for name, score in SCORES.items()]
    table += [f"{name}: {meaning}" for name, meaning in NEIGHBOUR_SCORES.items()]
    parser = argparse.ArgumentParser(
        prog="python -m ppsci_ext.metric.fields",
        description="Scores fields A, compared with real fields B, beside the floor: what "
        "as many of the real fields B score among themselves.",
        epilog="A and B are .npy, .npz or .tif files of independent fields, [N, *shape] or "
        f"[N, C, *shape], of which A's first N and half of B's are compared. Scores: "
        f"{'; '.join(table)}.",
    )
    parser.add_argument("fields", metavar="A", help="fields to score")
    parser.add_argument("reference", metavar="B", help="real fields")
    parser.add_argument(
        "--dimension",
        type=int,
        choices=(1, 2, 3),
        help="of a field; by default the number of axes but the first, and but the second "
        "where there are five, or four of which the second is shorter than 4",
    )
    border = parser.add_mutually_exclusive_group()
    border.add_argument(
        "--periodic", action="store_true", help="opposite borders are neighbours"
    )
    border.add_argument(
        "--open", action="store_true", help="they are not; this is the default"
    )
    parser.add_argument(
        "--training", metavar="FILE", help="fields that A's generator was trained on"
    )
    parser.add_argument("--sets", type=int, default=99, help="real sets (at least 60)")
    parser.add_argument(
        "--level", type=float, default=0.05, help="rate of false alarms"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the real sets")
    parser.add_argument("--json", metavar="FILE", help="write the result here")
    parser.add_argument("--plot", metavar="FILE", help="draw a page of pictures here")
    return parser.parse_args(arguments)


def load(path: str) -> np.ndarray:
    """The array of a file, if it fits into the memory as float32."""
    array = read_array(path)
    check_fits_memory(4 * array.size, path)
    return array


def score(args: argparse.Namespace) -> Dict[str, Any]:
    """The result that is printed and written.

    Raises:
        UserError: If the fields can't be had, or don't fit.
    """
    fields, reference = load(args.fields), load(args.reference)
    training = None if args.training is None else load(args.training)
    result = field_scores(
        fields,
        reference,
        sets=args.sets,
        periodic=args.periodic,
        training=training,
        level=args.level,
        seed=args.seed,
        dimension=args.dimension,
    )
    if args.plot:
        with writing(args.plot):
            save_field_page(args.plot, result, fields, reference, args.dimension)
    return {"generated": args.fields, "reference": args.reference, **result}


def main(arguments: Optional[List[str]] = None) -> None:
    args = parse_arguments(arguments)
    try:
        result = score(args)
        text = json.dumps(result, indent=2, allow_nan=False)
        if args.json:
            with writing(args.json):
                os.makedirs(os.path.dirname(os.path.abspath(args.json)), exist_ok=True)
                write_atomically(args.json, f"{text}\n".encode())
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    print(text)


if __name__ == "__main__":
    main()
