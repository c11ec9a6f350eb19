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


"""The weights that a configuration means, and where they come from."""

from __future__ import annotations

from os import path as osp
from typing import Any
from typing import Callable
from typing import Dict
from typing import Optional
from typing import Union

from omegaconf import DictConfig
from paddle import nn
from wgan_gp.utils import zoo

from ppsci_ext.utils import UserError
from ppsci_ext.utils.checkpoint import latest_checkpoint
from ppsci_ext.utils.weights import load_weights

# how names of trained generators begin, and who knows them
_NAMED: Dict[str, Callable[[str], Any]] = {
    zoo.PREFIX: zoo.find_entry,
}


def load_generator(cfg: DictConfig, generator: nn.Layer) -> str:
    """Load the weights that the user gave, else those of the run in output_dir.

    The user gives EVAL.pretrained_model_path (in mode eval) or INFER.pretrained_model_path: a
    .pdparams file, with or without its ending, or its address; a .safetensors file; or zoo:NAME,
    see wgan_gp.utils.zoo. Of the run it is the average, generator_ema.pdparams, with
    TRAIN.ema.use_ema.

    Args:
        cfg (DictConfig): Configuration of a case.
        generator (nn.Layer): Generator.

    Returns:
        str: Path of the weights, as the user may give it.

    Raises:
        UserError: If there is no such file, or it doesn't fit.
    """
    path = load_weights(generator, require_weights(cfg))
    entry = named_entry(cfg)
    return path if entry is None else str(entry)


def require_weights(cfg: DictConfig) -> str:
    """Path or address of the weights that the configuration means.

    Raises:
        UserError: If there is no such file.
    """
    entry = named_entry(cfg)
    if entry is not None:
        return entry.weights()
    path = weights_path(cfg)
    if not path.startswith(("http://", "https://")) and not osp.isfile(path):
        raise UserError(
            f"There are no weights at {path}: train first (mode=train), or give the file by "
            f"{_group(cfg)}.pretrained_model_path or the run's folder by output_dir."
        )
    return path


def weights_path(cfg: DictConfig) -> str:
    """The same, whether the file is there or not."""
    entry = named_entry(cfg)
    if entry is not None:
        return entry.path
    path = cfg[_group(cfg)].pretrained_model_path
    name = "generator_ema" if cfg.TRAIN.ema.use_ema else "generator"
    path = path or osp.join(cfg.output_dir, name)
    return path if path.endswith((".pdparams", ".safetensors")) else f"{path}.pdparams"


def named_entry(cfg: DictConfig) -> Optional[Any]:
    """The trained generator that the user named in place of a path, None for a path.

    Raises:
        UserError: If there is none of this name.
    """
    return _entry_of(cfg[_group(cfg)].pretrained_model_path)


def starting_weights(cfg: DictConfig) -> Union[None, str, Dict[str, str]]:
    """The weights that a training begins with, as AdversarialSolver takes them.

    The user gives TRAIN.pretrained_model_path: a file or an address, of the generator alone; the
    folder of a run, for both networks; or zoo:NAME, for those of them that the entry has.

    Args:
        cfg (DictConfig): Configuration of a case.

    Raises:
        UserError: If the zoo has no such entry, or its files are missing or damaged.
    """
    path = cfg.TRAIN.pretrained_model_path
    entry = _entry_of(path)
    if entry is not None:
        return entry.networks()
    if path is not None and osp.isdir(path):
        names = ("generator", "critic")
        return {name: osp.join(path, f"{name}.pdparams") for name in names}
    return path


def iteration_of(weights: str) -> Optional[int]:
    """Iteration at which the run that wrote the weights ended, None if unknown."""
    entry = _entry_of(weights)
    if entry is not None:
        return entry.iterations
    folder = latest_checkpoint(osp.join(osp.dirname(weights), "checkpoints"))
    return None if folder is None else int(folder.rsplit("_", 1)[1])


def _entry_of(path: Any) -> Optional[Any]:
    for prefix, find in _NAMED.items():
        if isinstance(path, str) and path.startswith(prefix):
            return find(path)
    return None


def _group(cfg: DictConfig) -> str:
    return {"train": "TRAIN", "eval": "EVAL"}.get(cfg.mode, "INFER")
