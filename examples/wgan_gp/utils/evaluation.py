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


"""eval.json, and its metrics as a table on the terminal."""

from __future__ import annotations

import json
import os
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import Mapping
from typing import Optional
from typing import Union

import numpy as np
from omegaconf import DictConfig
from rich import box
from rich.console import Console
from rich.table import Table
from wgan_gp.utils.run_weights import iteration_of

from ppsci.utils import logger
from ppsci_ext.metric import FeatureExtractor
from ppsci_ext.utils.files import write_atomically
from ppsci_ext.utils.files import writing

# what may stand beside a metric: beginning of its name, and title of its column
BESIDE = {"real_": "real against real"}
_JUDGED = ("value", "truth", "floor", "z")


def write_eval(
    cfg: DictConfig,
    case: str,
    weights: str,
    metrics: Dict[str, Any],
    extractor: Optional[FeatureExtractor] = None,
    columns: Mapping[str, str] = BESIDE,
) -> None:
    """Write eval.json and print its metrics as a table.

    Args:
        cfg (DictConfig): Configuration of a case.
        case (str): Name of the case.
        weights (str): Weights file that was evaluated.
        metrics (Dict[str, Any]): Metrics by name: numbers, or lists of them; what belongs to
            another one, such as the "real_..." of real against real samples, stands beside it,
            see `columns`. What is judged, see ppsci_ext.metric.fields.verdict.judge, is a dict
            with "value", "truth", "floor" and "z", of numbers or of lists, "p" and "within".
        extractor (Optional[FeatureExtractor]): Network in whose space of features they are.
        columns (Mapping[str, str], optional): Beginning of the names of what stands beside the
            metrics -> title of its column. Defaults to BESIDE.
    """
    described = None
    if extractor is not None:
        described = {"name": extractor.name, "sha256": extractor.sha256}
        if hasattr(extractor, "data_digest"):  # trained for this evaluation
            described["data_digest"] = extractor.data_digest
    result = {
        "case": case,
        "iteration": iteration_of(weights),
        "samples": cfg.EVAL.num_samples,
        "seed": cfg.seed,
        "weights": weights,
        "extractor": described,
        "metrics": metrics,
    }
    path = osp.join(cfg.output_dir, "eval.json")
    with writing(path):
        os.makedirs(cfg.output_dir, exist_ok=True)
        write_atomically(path, f"{json.dumps(result, indent=2)}\n".encode())

    title = f"{case}, iteration {result['iteration']}, {cfg.EVAL.num_samples} samples"
    if extractor is not None:
        title += f", {extractor.scores}"
    console = Console()
    console.print(title, highlight=False)
    judged = {k: v for k, v in metrics.items() if isinstance(v, Mapping)}
    plain = {k: v for k, v in metrics.items() if k not in judged}
    tables = [_table(plain, columns)] if plain else []
    tables += [_judged_table(judged)] if judged else []
    for table in tables:
        # a number that is cut short is worse than a line that is too long
        width = max(console.width, console.measure(table).minimum)
        console.print(table, width=width, crop=False)
    logger.info(f"Metrics written: {path}")


def _table(metrics: Dict[str, Any], columns: Mapping[str, str]) -> Table:
    table = Table()
    beside = {
        prefix: title
        for prefix, title in columns.items()
        if any(f"{prefix}{name}" in metrics for name in metrics)
    }
    table.add_column("metric", no_wrap=True)
    for title in ("generated", *beside.values()):
        table.add_column(title, justify="right", min_width=11)
    for name, value in metrics.items():
        if not name.startswith(tuple(beside)):
            others = (metrics.get(f"{prefix}{name}") for prefix in beside)
            table.add_row(name, *map(_shown, (value, *others)))
    return table


def _judged_table(judged: Mapping[str, Mapping[str, Any]]) -> Table:
    """Of a curve, the place that is farthest from the truth in units of the floor."""
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    table.add_column("metric", no_wrap=True)
    for column in ("at", *_JUDGED, "p"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("within")
    for name, record in judged.items():
        z = np.atleast_1d(record.get("z", 0.0))
        worst = int(np.abs(z).argmax())
        row = [""] * (1 + len(_JUDGED))
        for place, key in enumerate(("at", *_JUDGED)):
            if key in record:
                row[place] = f"{np.atleast_1d(record[key])[worst]:.3g}"
        verdict = "yes" if record["within"] else "no"
        table.add_row(name, *row, f"{record['p']:.3f}", verdict)
    return table


def _shown(value: Union[None, int, float, List[int]]) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return f"{value:.5g}" if isinstance(value, float) else str(value)
