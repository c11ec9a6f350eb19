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


"""Which part of a configuration decides on the course of a training."""

from __future__ import annotations

from typing import Any
from typing import Dict
from typing import Mapping
from typing import Sequence

from omegaconf import DictConfig
from omegaconf import OmegaConf

EPOCHS = "TRAIN.epochs"


def course_of(cfg: DictConfig, beside: Sequence[str]) -> Dict[str, Any]:
    """The keys under which a run may not be resumed with other values.

    Args:
        cfg (DictConfig): Configuration of a case.
        beside (Sequence[str]): Keys and groups that leave the training as it is.

    Returns:
        Dict[str, Any]: Values by key ("TRAIN.batch_size").
    """
    keys = flat_keys(OmegaConf.to_container(cfg, resolve=True))
    course = {
        key: value
        for key, value in keys.items()
        if not any(key == name or key.startswith(f"{name}.") for name in beside)
    }
    if cfg.TRAIN.lr_decay:  # by which the learning rates go
        course[EPOCHS] = cfg.TRAIN.epochs
    return course


def flat_keys(tree: Mapping[str, Any], prefix: str = "") -> Dict[str, Any]:
    """Values by the whole names of their keys; a schedule's steps are keys of their own.

    Args:
        tree (Mapping[str, Any]): Groups of groups of values.
        prefix (str): What precedes the names.
    """
    flat: Dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping) and value:
            flat.update(flat_keys(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = value
    return flat
