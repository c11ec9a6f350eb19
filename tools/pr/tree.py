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

"""Writing a part into PaddleScience's tree."""

from __future__ import annotations

import os
import shutil
from os import path as osp
from typing import Dict
from typing import List
from typing import Mapping
from typing import Set

from ppsci_ext.utils.errors import UserError
from tools.pr import anchors
from tools.pr import pages
from tools.pr import registers
from tools.pr.hooks import Hooks
from tools.pr.placing import ROOT
from tools.pr.placing import Map
from tools.pr.placing import Part
from tools.pr.placing import placed

API = "docs/zh/api"


class Tree:
    """PaddleScience's tree while parts are written into it.

    Args:
        folder (str): Its root.
        plan (Map): The map.
        hooks (Hooks): Its formatters.

    Attributes:
        hooks (Hooks): As given.
        example (str): Folder of the example.
        written (Set[str]): Files that are ours.
        pages (Dict[str, List[str]]): Pages of the documentation, from its root, with the first
            lines of the code that they include.
    """

    def __init__(self, folder: str, plan: Map, hooks: Hooks):
        self._folder = folder
        self._plan = plan
        self.hooks = hooks
        self.example: str = plan.rest["example"]
        self.written: Set[str] = set()
        self._texts: Dict[str, str] = {}  # before they were formatted
        self.pages: Dict[str, List[str]] = {}

    def write(self, number: int) -> List[str]:
        """Write a part, formatted.

        Args:
            number (int): Its number, from 1.

        Returns:
            List[str]: Files that it brings or changes.

        Raises:
            UserError: If PaddleScience has a file of a name, or lacks one that is edited.
        """
        part = self._plan.parts[number - 1]
        texts = {
            name: text
            for name, text in placed(self._plan, number).items()
            if self._texts.get(name) != text  # by an earlier part
        }
        for name in set(texts) - self.written:
            if osp.exists(self._path(name)) and not self._is_replaced(name):
                raise UserError(
                    f"PaddleScience has {name} already: map it to another place."
                )
        if part.page:
            for name in self._plan.rest["removed"]:
                shutil.rmtree(self._path(name), ignore_errors=True)
        self.written |= set(texts)
        self._texts.update(texts)
        for name, text in texts.items():
            self._write(name, text)
        files = [*texts, *self._export(part), *self._list_members(part)]
        self.hooks.format(files)
        if part.page:
            files += [*self._write_rows(), *self._write_pages()]
        return files

    def _is_replaced(self, name: str) -> bool:
        removed = [*self._plan.rest["removed"], self._plan.rest["example"]]
        return any(name.startswith(f"{each}/") for each in removed)

    def _path(self, name: str) -> str:
        return osp.join(self._folder, name)

    def _read(self, name: str) -> str:
        with open(self._path(name), encoding="utf-8") as file:
            return file.read()

    def _write(self, name: str, text: str) -> None:
        os.makedirs(osp.dirname(self._path(name)), exist_ok=True)
        with open(self._path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def _edit(self, name: str, edited: str) -> str:
        self._write(name, edited)
        return name

    def _export(self, part: Part) -> List[str]:
        edited = []
        for package, names in part.exports.items():
            modules: Dict[str, str] = {}
            for name in names:
                module, _, last = name.rpartition(".")
                source = self._plan.modules.defining(module, last)
                modules[last] = self._plan.modules.place(source)
            path = f"{package.replace('.', '/')}/__init__.py"
            edited.append(self._edit(path, registers.export(self._read(path), modules)))
        return edited

    def _list_members(self, part: Part) -> List[str]:
        edited = []
        for package, names in part.api.items():
            path = f"{API}/{package.split('.')[1]}.md"
            edited.append(
                self._edit(path, registers.members(self._read(path), package, names))
            )
        return edited

    def _write_rows(self) -> List[str]:
        rows = self._plan.rest["rows"]
        edited = []
        for path, new in rows["files"].items():
            if not osp.exists(self._path(path)):
                continue
            text = self._read(path)
            if registers.has_row(text, "wgan_gp", rows["beside"]):
                text = registers.row(text, "wgan_gp", rows["beside"], new)
                edited.append(self._edit(path, text))
        for needed in ("mkdocs.yml", "README.md"):
            if needed not in edited:
                raise UserError(
                    f"PaddleScience has no {needed} with rows of its examples."
                )
        return edited

    def _write_pages(self) -> List[str]:
        page, modules = self._plan.rest["page"], self._plan.modules
        written = []
        for language, source in page["sources"].items():
            if not osp.isdir(self._path(f"docs/{language}")):
                continue  # a tree of before the documentation had two languages
            with open(osp.join(ROOT, source), encoding="utf-8") as file:
                text = pages.prepared(file.read(), language, page, modules)
            text = anchors.resolve(text, self._folder, self._carried)
            self._write(source, text)
            self.written.add(source)
            written.append(source)
            self.pages[source[len("docs/") :]] = [
                self._first_line(include) for include in anchors.includes(text)
            ]
        return written

    def _first_line(self, include: anchors.Include) -> str:
        first, _ = anchors.lines_of(include, self._folder)
        return self._read(include.path).splitlines()[first - 1].strip()

    def _carried(self, source: str) -> str:
        path = self._plan.modules.path(source)
        if path not in self.written:
            raise UserError(
                f"A page includes {source}, which the pull request does not carry."
            )
        return path


def missing(plan: Map) -> List[str]:
    """What the pull request names and nobody hosts yet: weights, and pictures with their sources.

    Args:
        plan (Map): The map.
    """
    page, hosted = plan.rest["page"], set(plan.rest["hosted"])
    found: Mapping[str, str] = {}
    for language, source in page["sources"].items():
        with open(osp.join(ROOT, source), encoding="utf-8") as file:
            text = pages.kept(file.read(), page)
        found = {**found, **pages.pictures(text)}
    wanted = {
        f"{page['pictures']}{name}": f" (is {path})" for name, path in found.items()
    }
    wanted.update({address: "" for address in plan.rest["weights"]})
    return [
        f"{address}{note}" for address, note in wanted.items() if address not in hosted
    ]
