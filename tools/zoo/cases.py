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

"""Cases by name, their configurations, and mode=eval of them."""

from __future__ import annotations

import importlib
import json
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import Set
from typing import Type

import wgan_gp
from hydra import initialize_config_dir
from omegaconf import DictConfig
from omegaconf import OmegaConf
from wgan_gp.utils.config import check_config
from wgan_gp.utils.config import check_overrides
from wgan_gp.utils.config import compose_case
from wgan_gp.utils.course import flat_keys
from wgan_gp.utils.experiment import Experiment

from ppsci.utils import misc

CONFIGURATIONS = osp.join(osp.dirname(osp.abspath(wgan_gp.__file__)), "conf")


def case_of(name: str) -> Type[Experiment]:
    """The class of a case by its name, that of its script."""
    module = importlib.import_module(f"wgan_gp.cases.{name}")
    own = (each for each in vars(module).values() if isinstance(each, type))
    return next(
        each
        for each in own
        if issubclass(each, Experiment) and each.__module__ == module.__name__
    )


def configured(case: Type[Experiment], overrides: List[str]) -> DictConfig:
    """The configuration of a case under these arguments, checked as a whole."""
    with initialize_config_dir(CONFIGURATIONS, version_base=None):
        check_overrides(compose_case(case, []), overrides)
        cfg = compose_case(case, overrides)
    check_config(cfg, case.schema)
    return cfg


def keys_of(case: Type[Experiment]) -> Set[str]:
    """The keys of a case's configuration, such as "DATA.root"."""
    cfg = configured(case, [])
    return set(flat_keys(OmegaConf.to_container(cfg, resolve=True)))


def evaluate(case: Type[Experiment], overrides: List[str]) -> Dict[str, Any]:
    """What mode=eval writes, under these arguments."""
    cfg = configured(case, [*overrides, "mode=eval"])
    misc.set_random_seed(cfg.seed)
    case(cfg).evaluate()
    with open(osp.join(cfg.output_dir, "eval.json"), encoding="utf-8") as file:
        return json.load(file)
