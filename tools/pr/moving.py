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

"""Where modules lie in PaddleScience, and text that names them, rewritten."""

from __future__ import annotations

import ast
import re
from os import path as osp
from typing import Dict
from typing import Mapping
from typing import Optional

from ppsci_ext.utils.errors import UserError

# what a script of this repository begins with, and none of PaddleScience's needs
_BEGINNINGS = (
    re.compile(r'^if __name__ == "__main__":\n    import bootstrap[^\n]*\n\n?', re.M),
    re.compile(r"^import ppsci_ext  # noqa[^\n]*\n(?:\n# isort: split\n)?\n?", re.M),
)
_IMPORT = re.compile(r"^( *)from ([\w.]+) import (\w+)( as \w+)?", re.M)
_DOTTED = re.compile(r"\b(?:ppsci_ext|wgan_gp)(?:\.\w+)+")
_PATH = re.compile(r"\b(?:ppsci_ext|examples/wgan_gp)/[\w/]+\.\w+")


class Modules:
    """Modules of this repository and their places in PaddleScience.

    Args:
        root (str): Folder of this repository.
        places (Mapping[str, str]): Where modules and packages go, {"ppsci_ext.arch":
            "ppsci.arch.x"}; of several beginnings of a name the longest counts.
        names (Mapping[str, str]): What is there already, {"ppsci_ext.a.f": "paddle.g"}.
        example (str): Folder of the example in PaddleScience.
    """

    def __init__(
        self,
        root: str,
        places: Mapping[str, str],
        names: Mapping[str, str],
        example: str,
    ):
        self._root = root
        self._places = dict(places)
        self._names = dict(names)
        self._example = example
        self._exports: Dict[str, Dict[str, str]] = {}

    # modules

    def place(self, module: str) -> str:
        """The name of a module in PaddleScience.

        Raises:
            UserError: If the map has no place for it.
        """
        parts = module.split(".")
        for count in range(len(parts), 0, -1):
            beginning = ".".join(parts[:count])
            if beginning in self._places:
                rest = parts[count:]
                return ".".join(filter(None, [self._places[beginning], *rest]))
        raise UserError(f"The map has no place for the module {module}.")

    def path(self, source: str) -> str:
        """Where a file of this repository goes, from the root of PaddleScience.

        Args:
            source (str): Path from the root of this repository.
        """
        if source.endswith(".py"):
            package = source.endswith("/__init__.py")
            name = source[: -len("/__init__.py" if package else ".py")]
            module = name.replace("examples/", "", 1).replace("/", ".")
            target = self.place(module).replace(".", "/")
            target += "/__init__.py" if package else ".py"
            is_example = source.startswith("examples/")
            return osp.join(self._example, target) if is_example else target
        return source.replace("examples/wgan_gp", self._example, 1)

    def _file(self, module: str) -> Optional[str]:
        """File of a module of this repository, None if it is none."""
        folder = "examples/" if module.startswith("wgan_gp") else ""
        path = osp.join(self._root, folder + module.replace(".", "/"))
        for candidate in (f"{path}.py", osp.join(path, "__init__.py")):
            if osp.isfile(candidate):
                return candidate
        return None

    def defining(self, module: str, name: str) -> str:
        """The module that defines what a package passes on."""
        if module not in self._exports:
            path = self._file(module)
            if path is None:
                raise UserError(
                    f"There is no module {module}, from which {name} is imported."
                )
            exports: Dict[str, str] = {}
            if path.endswith("__init__.py"):
                with open(path, encoding="utf-8") as file:
                    for node in ast.walk(ast.parse(file.read())):
                        if isinstance(node, ast.ImportFrom):
                            exports.update(
                                {a.asname or a.name: node.module for a in node.names}
                            )
            self._exports[module] = exports
        found = self._exports[module].get(name)
        return (
            module
            if found is None or not self.is_own(found)
            else self.defining(found, name)
        )

    def source(self, module: str) -> Optional[str]:
        """File of a module, from the root of this repository; None if it is none."""
        path = self._file(module)
        return None if path is None else osp.relpath(path, self._root)

    @staticmethod
    def is_own(module: str) -> bool:
        """Whether a module is of this repository."""
        return module.split(".")[0] in ("ppsci_ext", "wgan_gp")

    # text

    def rewrite(self, text: str) -> str:
        """Python or prose with the names and paths of PaddleScience.

        Args:
            text (str): Text of this repository.
        """
        for beginning in _BEGINNINGS:
            text = beginning.sub("", text)
        text = _IMPORT.sub(self._import, text)
        text = _PATH.sub(lambda match: self._known_path(match[0]), text)
        text = _DOTTED.sub(lambda match: self._dotted(match[0]), text)
        return text.replace('"../conf"', '"./conf"')

    def _import(self, match: re.Match) -> str:
        indent, module, name, alias = match.groups()
        if not self.is_own(module):
            return match[0]
        inner = f"{module}.{name}"
        if self._file(inner) is None:
            source = self.defining(module, name)
            there = self._names.get(f"{source}.{name}")
            if there is not None:
                package, _, last = there.rpartition(".")
                return f"{indent}from {package} import {last}{alias or f' as {name}'}"
            return f"{indent}from {self.place(source)} import {name}{alias or ''}"
        package, _, last = self.place(inner).rpartition(".")
        alias = alias or ("" if last == name else f" as {name}")
        if not package:
            return f"{indent}import {last}{alias}"
        return f"{indent}from {package} import {last}{alias}"

    def _known_path(self, path: str) -> str:
        exists = osp.isfile(osp.join(self._root, path))
        return self.path(path) if exists else path

    def _dotted(self, name: str) -> str:
        parts = name.split(".")
        for count in range(len(parts), 0, -1):
            module = ".".join(parts[:count])
            if self._file(module) is None:
                continue
            if count < len(parts):
                module = self.defining(module, parts[count])
            return ".".join([self.place(module), *parts[count:]])
        return name
