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


"""The generator's weights that a configuration means, and where they come from."""

from __future__ import annotations

from os import path as osp
from typing import Optional

from omegaconf import DictConfig
from paddle import nn
from wgan_gp.utils import zoo

from ppsci_ext.utils import UserError
from ppsci_ext.utils.checkpoint import latest_checkpoint
from ppsci_ext.utils.weights import load_paddle_weights
from ppsci_ext.utils.weights import read_safetensors
from ppsci_ext.utils.weights import set_weights

_SAFETENSORS = ".safetensors"


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
    path = require_weights(cfg)
    if not path.endswith(_SAFETENSORS):
        return load_paddle_weights(generator, path)
    set_weights(generator, read_safetensors(path), path)
    entry = zoo_entry(cfg)
    return f"{zoo.PREFIX}{entry.name}" if entry else path


def require_weights(cfg: DictConfig) -> str:
    """Path or address of the weights that the configuration means.

    Raises:
        UserError: If there is no such file.
    """
    entry = zoo_entry(cfg)
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
    entry = zoo_entry(cfg)
    if entry is not None:
        return entry.path
    path = cfg[_group(cfg)].pretrained_model_path
    name = "generator_ema" if cfg.TRAIN.ema.use_ema else "generator"
    path = path or osp.join(cfg.output_dir, name)
    return path if path.endswith((".pdparams", _SAFETENSORS)) else f"{path}.pdparams"


def zoo_entry(cfg: DictConfig) -> Optional[zoo.Entry]:
    """The entry of the zoo that the user gave in place of a path, None where it is none.

    Raises:
        UserError: If there is no entry of this name.
    """
    path = cfg[_group(cfg)].pretrained_model_path
    return zoo.find_entry(path) if zoo.is_entry(path) else None


def iteration_of(weights: str) -> Optional[int]:
    """Iteration at which the run that wrote the weights ended, None if unknown."""
    if zoo.is_entry(weights):
        return zoo.find_entry(weights).iterations
    folder = latest_checkpoint(osp.join(osp.dirname(weights), "checkpoints"))
    return None if folder is None else int(folder.rsplit("_", 1)[1])


def _group(cfg: DictConfig) -> str:
    return "EVAL" if cfg.mode == "eval" else "INFER"
