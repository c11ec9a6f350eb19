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

"""Trained generators that come with the project: what zoo.json says of them, and their weights.

A path zoo:NAME stands for an entry, wherever weights are asked for.
"""

from __future__ import annotations

import json
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import NamedTuple
from typing import Optional

from omegaconf import DictConfig
from omegaconf import OmegaConf
from wgan_gp.utils.course import flat_keys

from ppsci_ext.data.names import unknown_name
from ppsci_ext.utils import UserError
from ppsci_ext.utils.digest import file_digest

PREFIX = "zoo:"
REGISTRY = osp.join(osp.dirname(osp.dirname(osp.abspath(__file__))), "zoo.json")
_FREE = ("MODEL.convolution", "EVAL.precision")  # how something is computed, not what


class Entry(NamedTuple):
    """A trained generator.

    Attributes:
        name (str): What stands behind "zoo:".
        case (str): Name of the case that it was trained by.
        configuration (List[str]): The keys of that case that had other values than by default,
            and the ones that the scores depend on, as arguments of the command line.
        iterations (int): Iterations after which the training ended.
        scores (Dict[str, Any]): "samples", "seed", "extractor" and "metrics", as in eval.json, with
            the digits that mode=eval prints.
        file (str): Its weights, a .safetensors file, relative to the registry.
        sha256 (str): SHA-256 of that file.
        critic (Optional[str]): The critic that it was trained with, likewise, with which a
            training can go on. Defaults to None.
        critic_sha256 (str): SHA-256 of that file. Defaults to "".
    """

    name: str
    case: str
    configuration: List[str]
    iterations: int
    scores: Dict[str, Any]
    file: str
    sha256: str
    critic: Optional[str] = None
    critic_sha256: str = ""

    def __str__(self) -> str:
        return f"{PREFIX}{self.name}"

    @property
    def path(self) -> str:
        """Where the weights lie."""
        return osp.join(osp.dirname(REGISTRY), self.file)

    def arguments(self, case: str, mode: str) -> List[str]:
        """What precedes the user's own arguments.

        Args:
            case (str): Name of the case that is run.
            mode (str): Its mode; a training is a run of its own, in the case's folder, and as
                fast as this machine allows.

        Raises:
            UserError: If the entry is one of another case.
        """
        if case != self.case:
            raise UserError(
                f"{PREFIX}{self.name} is a generator of {self.case}, not of {case}: run "
                f"{self.case}.py, or name another entry."
            )
        if mode == "train":
            return [one for one in self.configuration if one.split("=")[0] not in _FREE]
        return [f"output_dir=./outputs_zoo/{self.name}", *self.configuration]

    def check(self, own: DictConfig, cfg: DictConfig, beside: List[str]) -> None:
        """Refuse a configuration that describes other networks, or scores by other data.

        Args:
            own (DictConfig): Configuration by the entry alone.
            cfg (DictConfig): The same with the user's arguments.
            beside (List[str]): Keys and groups that the user may choose.

        Raises:
            UserError: Naming the first key that differs.
        """
        trained, given = (
            flat_keys(OmegaConf.to_container(each, resolve=True)) for each in (own, cfg)
        )
        bound = ("MODEL.",) if cfg.mode == "train" else ("MODEL.", "DATA.")
        for key in sorted({*trained, *given}):
            chosen = any(f"{key}.".startswith(f"{one}.") for one in (*beside, *_FREE))
            if chosen or not key.startswith(bound):
                continue
            if trained.get(key) != given.get(key):
                raise UserError(
                    f"{key}={given.get(key)} is refused: {PREFIX}{self.name} was trained with "
                    f"{key}={trained.get(key)}; leave the key out, or name other weights."
                )

    def weights(self) -> str:
        """Path of the weights, once they are found to be what they should be.

        Raises:
            UserError: If the file is missing or damaged.
        """
        return self._checked(self.path, self.sha256)

    def networks(self) -> Dict[str, str]:
        """Paths of the weights of "generator" and, where it has one, "critic".

        Raises:
            UserError: If a file is missing or damaged.
        """
        found = {"generator": self.weights()}
        if self.critic is not None:
            path = osp.join(osp.dirname(REGISTRY), self.critic)
            found["critic"] = self._checked(path, self.critic_sha256)
        return found

    def _checked(self, path: str, sha256: str) -> str:
        if not osp.isfile(path):
            problem = "is missing"
        elif file_digest(path) != sha256:
            problem = "is damaged: it isn't the one whose SHA-256 zoo.json has"
        else:
            return path
        raise UserError(
            f"{path}, the weights of {PREFIX}{self.name}, {problem}. Check it out anew."
        )


def read_registry() -> Dict[str, Entry]:
    """All entries by name."""
    with open(REGISTRY, encoding="utf-8") as file:
        return {name: Entry(name, **rest) for name, rest in json.load(file).items()}


def find_entry(path: str) -> Entry:
    """The entry that a path zoo:NAME stands for.

    Raises:
        UserError: If there is no such entry; names the nearest one.
    """
    name, entries = path[len(PREFIX) :], read_registry()
    if name not in entries:
        raise unknown_name("entry of the zoo", name, tuple(entries))
    return entries[name]
