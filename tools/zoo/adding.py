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

"""An entry of the zoo, made of a finished run."""

from __future__ import annotations

import json
import os
import shutil
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import Tuple
from typing import Type

import numpy as np
from omegaconf import DictConfig
from omegaconf import OmegaConf
from safetensors.numpy import save_file
from wgan_gp.utils import zoo
from wgan_gp.utils.course import flat_keys
from wgan_gp.utils.experiment import Experiment

from ppsci.utils import logger
from ppsci_ext.utils import UserError
from ppsci_ext.utils.digest import file_digest
from ppsci_ext.utils.files import write_atomically
from ppsci_ext.utils.weights import read_paddle_weights
from tools.zoo.cases import case_of
from tools.zoo.cases import configured
from tools.zoo.cases import evaluate
from tools.zoo.scores import differences
from tools.zoo.scores import scores_of
from tools.zoo.scores import table

_ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
PAGE = osp.join(_ROOT, "docs", "zoo.md")
BEGIN, END = "<!-- scores of zoo.json -->\n", "<!-- end of the scores -->\n"
MAX_BYTES = 3 * 2**20
SMALL = 1024  # numbers in an array, below which a shorter type would save nothing
ROUNDING = 0.01  # share of a score by which float16 may change it

# keys that say where something lies
_PLACES = (
    "EVAL.pretrained_model_path",
    "EVAL.cache_dir",
    "EVAL.extractor.weights",
    "EVAL.reference",
)


def configuration_of(case: Type[Experiment], run: DictConfig) -> List[str]:
    """Arguments that give what a run was trained and evaluated under.

    Args:
        case (Type[Experiment]): Its case.
        run (DictConfig): Its config.yaml.
    """
    beside = set(case.schema.beside_the_course) - {"TRAIN.epochs", "EVAL"}
    wanted = {
        key: value
        for key, value in flat_keys(OmegaConf.to_container(run)).items()
        if not any(f"{key}.".startswith(f"{one}.") for one in (*beside, *_PLACES))
    }
    wanted["EVAL.precision"] = "fp64"  # the same scores on every processor
    arguments: Dict[str, str] = {}
    while True:  # a key may bring others, as those of conf/paper
        cfg = configured(case, list(arguments.values()))
        present = flat_keys(OmegaConf.to_container(cfg, resolve=True))
        if "EVAL.precision" not in present:
            wanted.pop("EVAL.precision", None)
        missing = [k for k, v in wanted.items() if k not in present or present[k] != v]
        if not missing:
            return list(arguments.values())
        if set(missing) <= set(arguments):
            raise UserError(f"{arguments[missing[0]]} can't be given as an argument.")
        arguments.update({key: f"{key}={_argument(wanted[key])}" for key in missing})


def _argument(value: Any) -> str:
    """A value as the command line takes it."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def read_run(folder: str) -> Tuple[DictConfig, Dict[str, Any]]:
    """config.yaml and eval.json of a run; of the former, EVAL is what the latter says."""
    for name, mode in (("config.yaml", "train"), ("eval.json", "eval")):
        if not osp.isfile(osp.join(folder, name)):
            raise UserError(f"{folder} has no {name}: run mode={mode} there first.")
    cfg = OmegaConf.load(osp.join(folder, "config.yaml"))
    with open(osp.join(folder, "eval.json"), encoding="utf-8") as file:
        result = json.load(file)
    cfg.EVAL.num_samples, cfg.seed = result["samples"], result["seed"]
    if "extractor" in cfg.EVAL:
        cfg.EVAL.extractor.name = result["extractor"]["name"]
    return cfg, result


def iterations_of(run: DictConfig, result: Dict[str, Any]) -> int:
    """Iterations of a run, and of the entry of the zoo that it went on from, if it did.

    Args:
        run (DictConfig): Its config.yaml.
        result (Dict[str, Any]): Its eval.json.
    """
    before = run.TRAIN.pretrained_model_path
    if before is None or not before.startswith(zoo.PREFIX):
        return result["iteration"]
    return zoo.find_entry(before).iterations + result["iteration"]


def store(arrays: Dict[str, np.ndarray], dtype: str, path: str) -> None:
    """Write weights. Small arrays, such as statistics of batch norm, keep their numbers.

    Raises:
        UserError: If the file is too large for the repository.
    """
    save_file({name: _stored(array, dtype) for name, array in arrays.items()}, path)
    size = osp.getsize(path)
    if size > MAX_BYTES:
        raise UserError(
            f"{path} has {size / 2**20:.2f} MiB as {dtype}, but an entry may have "
            f"{MAX_BYTES // 2**20}: train a narrower generator."
        )


def _stored(array: np.ndarray, dtype: str) -> np.ndarray:
    if array.dtype != np.float32 or array.size < SMALL:
        return np.array(array)
    with np.errstate(over="ignore"):
        shorter = array.astype(dtype)
    return shorter if np.isfinite(shorter).all() else np.array(array)


def add(folder: str, name: str, given: List[str]) -> None:
    """Make an entry of a finished run, or make it anew.

    Args:
        folder (str): Folder of the run.
        name (str): Name of the entry.
        given (List[str]): Arguments for the evaluation, such as DATA.root.

    Raises:
        UserError: If the run isn't finished, its scores are not those of its weights, or the
            file is too large.
    """
    run, result = read_run(folder)
    case = case_of(result["case"])
    configuration = configuration_of(case, run)
    weights = osp.join(folder, osp.basename(result["weights"]))
    work = osp.join("outputs_zoo", name)
    os.makedirs(work, exist_ok=True)
    path = osp.join(work, f"{name}.safetensors")
    arguments = [f"output_dir={work}", f"EVAL.pretrained_model_path={path}"]
    for dtype in ("float16", "float32"):
        store(read_paddle_weights(weights), dtype, path)
        found = evaluate(case, [*configuration, *given, *arguments])
        changed = list(differences(found["metrics"], result["metrics"], ROUNDING))
        if not changed:
            break
        logger.message(f"As {dtype} the scores change: {'; '.join(changed[:3])}.")
    else:
        raise UserError(
            f"{folder}/eval.json does not have the scores of {weights} under config.yaml "
            f"({changed[0]}): run mode=eval there anew, with the keys of the training."
        )
    critic = osp.join(work, f"{name}.critic.safetensors")
    store(read_paddle_weights(osp.join(folder, "critic.pdparams")), "float16", critic)
    entry = zoo.Entry(
        name,
        case.name,
        configuration,
        iterations_of(run, result),
        scores_of(found),
        osp.join("zoo", osp.basename(path)),
        file_digest(path),
        osp.join("zoo", osp.basename(critic)),
        file_digest(critic),
    )
    os.makedirs(osp.dirname(entry.path), exist_ok=True)
    for file in (path, critic):
        shutil.move(file, osp.join(osp.dirname(entry.path), osp.basename(file)))
    write_registry({**zoo.read_registry(), name: entry})
    logger.message(f"{zoo.PREFIX}{name}, {dtype}: {entry.path}. Its card: {PAGE}.")


def write_registry(entries: Dict[str, zoo.Entry]) -> None:
    """Write zoo.json, and the scores into the page of the documentation."""
    content = {name: entry._asdict() for name, entry in sorted(entries.items())}
    for rest in content.values():
        del rest["name"]
    write_atomically(zoo.REGISTRY, f"{json.dumps(content, indent=1)}\n".encode())
    with open(PAGE, encoding="utf-8") as file:
        before, _, rest = file.read().partition(BEGIN)
    after = rest.partition(END)[2]
    page = f"{before}{BEGIN}{table(entries)}{END}{after}"
    write_atomically(PAGE, page.encode())
