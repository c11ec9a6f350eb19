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

"""What has become of the runs of a study of architectures."""

from __future__ import annotations

import glob
import itertools
import os
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import NamedTuple
from typing import Optional
from typing import Sequence
from typing import Tuple

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from wgan_gp.models.networks.architectures import Architecture
from wgan_gp.models.networks.architectures import draw_architecture
from wgan_gp.utils.architecture_experiment import RANDOM
from wgan_gp.utils.architecture_experiment import STUDY

from ppsci_ext.solver.record import MetricsLog
from ppsci_ext.utils import UserError

METHODS = {  # GAN.name, and what the paper calls it
    "wgan_gp": "WGAN-GP",
    "wgan": "WGAN (clipping)",
    "gan": "GAN",
    "lsgan": "LSGAN",
}
COMPLETE, DIVERGED = "complete", "diverged"
UNFINISHED, MISSING = "unfinished", "missing"

_SWEPT = {
    RANDOM: "MODEL.draw.number"
}  # key that names an architecture, by MODEL.architecture
_COMPARABLE = (  # keys whose values the runs of a table share
    "DATA.name",
    "MODEL.image_shape",
    "MODEL.dim",
    "MODEL.draw.seed",
    "MODEL.draw.depths",
    "MODEL.draw.dims",
    "TRAIN.epochs",
    "TRAIN.iters_per_epoch",
    "EVAL.num_samples",
    "EVAL.extractor.name",
    "EVAL.extractor.weights",
    "seed",
)


class Outcome(NamedTuple):
    """What has become of one run.

    Attributes:
        architecture (str): Its name, or its number.
        method (str): GAN.name.
        state (str): COMPLETE, DIVERGED, UNFINISHED or MISSING.
        iterations (int): Iterations that its records tell of.
        scores (Optional[Dict[str, Any]]): Those at the end of a complete run, where there are any.
        folder (Optional[str]): Folder of the run; None of a missing one.
        cfg (Dict[str, Any]): Its configuration.
    """

    architecture: str
    method: str
    state: str
    iterations: int = 0
    scores: Optional[Dict[str, Any]] = None
    folder: Optional[str] = None
    cfg: Dict[str, Any] = {}

    @property
    def inception_score(self) -> Optional[float]:
        """Inception score, 1 of a diverged run (the least that there is), None if unknown."""
        if self.state == DIVERGED:
            return 1.0
        return self.scores["IS_mean"] if self.scores else None

    def label(self) -> str:
        """The outcome in a few words."""
        if self.state in (DIVERGED, UNFINISHED):
            return f"{self.state}, iteration {self.iterations}"
        if self.scores:
            return f"IS {self.inception_score:.2f}"
        return self.state


def read_outcomes(runs: str) -> List[Outcome]:
    """Outcomes of all pairs of an architecture and a method, by architecture and method.

    The pairs are those that the folder's newest multirun was to go through, and those of the
    architectures and methods that have a run.

    Args:
        runs (str): Folder of the runs, the output_dir of the multirun.

    Raises:
        UserError: If there are none, or they can't be compared.
    """
    found = [_read(path) for path in sorted(glob.glob(osp.join(runs, "*/config.yaml")))]
    found = [outcome for outcome in found if outcome is not None]
    if not found:
        raise UserError(
            f"{runs} holds no run of a study of architectures: give the output_dir of its -m."
        )
    _check_comparable(found)
    by_pair = {(each.architecture, each.method): each for each in found}
    architectures, methods = zip(*by_pair)
    planned = _planned(osp.join(runs, "multirun.yaml"), found[0].cfg)
    architectures = sorted({*architectures, *planned[0]}, key=_order)
    methods = [name for name in METHODS if name in {*methods, *planned[1]}]
    return [
        by_pair.get(pair, Outcome(*pair, MISSING))
        for pair in itertools.product(architectures, methods)
    ]


def drawn(outcomes: Sequence[Outcome]) -> Dict[str, Architecture]:
    """What the numbers of architectures drawn at random stand for; empty of named ones."""
    draw = next(value(each.cfg, "MODEL.draw") for each in outcomes if each.cfg)
    if draw is None:
        return {}
    return {
        each.architecture: draw_architecture(
            int(each.architecture), draw["seed"], draw["depths"], draw["dims"]
        )
        for each in outcomes
    }


def value(cfg: Dict[str, Any], key: str) -> Any:
    """The value of a key such as "MODEL.draw.seed", None where a part of it is missing."""
    for part in key.split("."):
        cfg = cfg.get(part) if isinstance(cfg, dict) else None
    return cfg


def _order(architecture: str) -> Tuple:
    return (int(architecture),) if architecture.isdigit() else (-1, architecture)


def _read(path: str) -> Optional[Outcome]:
    """The outcome of the run whose configuration this is; None of another kind of run."""
    with open(path, encoding="utf-8") as file:
        cfg = yaml.safe_load(file)
    if value(cfg, "MODEL.name") != STUDY:
        return None
    folder = osp.dirname(path)
    chosen = value(cfg, "MODEL.architecture")
    architecture = str(value(cfg, _SWEPT.get(chosen, "MODEL.architecture")))
    records = MetricsLog(osp.join(folder, "metrics.jsonl")).records
    iterations = max((record["iteration"] for record in records), default=0)
    last = cfg["TRAIN"]["epochs"] * cfg["TRAIN"]["iters_per_epoch"]
    scores = [r["eval"] for r in records if "eval" in r and r["iteration"] == last]
    # the weights are written when all else is done
    if iterations >= last and osp.exists(osp.join(folder, "generator.pdparams")):
        state = COMPLETE
    elif osp.exists(osp.join(folder, "diagnostics.json")):
        state = DIVERGED
        with open(osp.join(folder, "diagnostics.json"), encoding="utf-8") as file:
            iterations = yaml.safe_load(file)["iteration"]
    else:
        state = UNFINISHED
    return Outcome(
        architecture,
        cfg["GAN"]["name"],
        state,
        iterations,
        scores[-1] if scores and state == COMPLETE else None,
        folder,
        cfg,
    )


def _check_comparable(outcomes: Sequence[Outcome]) -> None:
    first = outcomes[0]
    for other, key in itertools.product(outcomes[1:], _COMPARABLE):
        one, two = value(first.cfg, key), value(other.cfg, key)
        if one != two:
            raise UserError(
                f"The runs can't be compared: {key} is {one} in {first.folder}, but {two} in "
                f"{other.folder}; give a folder of runs that share it."
            )


def _planned(path: str, cfg: Dict[str, Any]) -> Tuple[List[str], List[str]]:
    """Architectures and methods that a multirun was to go through, as Hydra has kept them."""
    if not os.path.exists(path):
        return [], []
    with open(path, encoding="utf-8") as file:
        arguments = value(yaml.safe_load(file), "hydra.overrides.task") or []
    values: Dict[str, List[str]] = {}
    for override in OverridesParser.create().parse_overrides(arguments):
        if override.is_sweep_override():
            values[override.key_or_group] = list(override.sweep_string_iterator())
    key = _SWEPT.get(value(cfg, "MODEL.architecture"), "MODEL.architecture")
    return values.get(key, []), values.get("GAN.name", [])
