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
from typing import Optional
from typing import Union

from omegaconf import DictConfig
from ppsci.utils import logger
from rich.console import Console
from rich.table import Table

from ppsci_ext.metric import FeatureExtractor
from ppsci_ext.utils.files import write_atomically
from ppsci_ext.utils.files import writing
from wgan_gp.utils.run_weights import iteration_of

# What may stand beside a metric: beginning of its name, and title of its column.
COLUMNS = {
    "real_": "real against real",
    "se_": "standard error",
    "truth_": "truth",
    "shuffled_audio_": "shuffled audio",
    "shuffled_speaker_": "shuffled speaker",
    "static_pose_": "static pose",
}


def write_eval(
    cfg: DictConfig,
    case: str,
    weights: str,
    metrics: Dict[str, Any],
    extractor: Optional[FeatureExtractor] = None,
) -> None:
    """Write eval.json and print its metrics as a table.

    Args:
        cfg (DictConfig): Configuration of a case.
        case (str): Name of the case.
        weights (str): Weights file that was evaluated.
        metrics (Dict[str, Any]): Metrics by name: numbers, or lists of them; what belongs to
            another one, such as the "real_..." of real against real samples, stands beside it,
            see COLUMNS.
        extractor (Optional[FeatureExtractor]): Network in whose space of features they are.
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
    table = _table(metrics)
    # a number that is cut short is worse than a line that is too long
    width = max(console.width, console.measure(table).minimum)
    console.print(table, width=width, crop=False)
    logger.info(f"Metrics written: {path}")


def _table(metrics: Dict[str, Any]) -> Table:
    table = Table()
    beside = {
        prefix: title
        for prefix, title in COLUMNS.items()
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


def _shown(value: Union[None, int, float, List[int]]) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return f"{value:.5g}" if isinstance(value, float) else str(value)
