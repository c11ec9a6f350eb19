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

"""PaddleScience's own formatters and linters, at the versions that it pins."""

from __future__ import annotations

import re
import subprocess
from os import path as osp
from typing import Dict
from typing import List
from typing import Sequence

import yaml

from ppsci_ext.utils.errors import UserError

FORMATTERS = ("isort", "black")
# hooks of pre-commit-hooks, by the names of their programs
_PROGRAMS = {
    "check-case-conflict": "check-case-conflict",
    "check-merge-conflict": "check-merge-conflict",
    "check-yaml": "check-yaml",
    "detect-private-key": "detect-private-key",
    "end-of-file-fixer": "end-of-file-fixer",
    "trailing-whitespace": "trailing-whitespace-fixer",
}
_ENDINGS = {
    "isort": ".py",
    "black": ".py",
    "ruff": ".py",
    "check-yaml": (".yaml", ".yml"),
}


class Hooks:
    """The hooks of a checkout that this machine has programs for.

    Args:
        folder (str): Root of PaddleScience.
        programs (str): Folder of the programs.

    Raises:
        UserError: If a formatter or linter has another version than PaddleScience pins.
    """

    def __init__(self, folder: str, programs: str):
        self._folder = folder
        self._programs = programs
        with open(
            osp.join(folder, ".pre-commit-config.yaml"), encoding="utf-8"
        ) as file:
            repositories = yaml.safe_load(file)["repos"]
        self._arguments: Dict[str, List[str]] = {}
        self._excluded: Dict[str, str] = {}
        for repository in repositories:
            for hook in repository["hooks"]:
                name = hook["id"]
                self._arguments[name] = hook.get("args", [])
                self._excluded[name] = hook.get("exclude", r"\b\B")
                if name in (*FORMATTERS, "ruff"):
                    self._require(name, repository["rev"].lstrip("v"))

    def _require(self, name: str, version: str) -> None:
        program = osp.join(self._programs, name)
        if not osp.exists(program):
            raise UserError(f"There is no {program}: make .venv-pr/installed.")
        printed = self._output([program, "--version"])
        if not re.search(rf"(?<![\d.]){re.escape(version)}(?![\d.])", printed):
            raise UserError(
                f"PaddleScience pins {name} {version}, and {self._programs} has another one: "
                "change requirements-pr.txt."
            )

    @staticmethod
    def _output(command: Sequence[str]) -> str:
        done = subprocess.run(command, capture_output=True, text=True)
        return done.stdout + done.stderr

    def format(self, files: Sequence[str]) -> None:
        """Format files in place.

        Args:
            files (Sequence[str]): From the root of PaddleScience.
        """
        for name in FORMATTERS:
            self._run(name, files)

    def problems(self, files: Sequence[str]) -> List[str]:
        """What the hooks have against files that are formatted already.

        Args:
            files (Sequence[str]): From the root of PaddleScience.
        """
        found = []
        for name in self._arguments:
            if name in (*FORMATTERS, "ruff", *_PROGRAMS):
                before = self._contents(files)
                said = self._run(name, files)
                changed = [
                    f for f, text in self._contents(files).items() if text != before[f]
                ]
                found += [f"{name} changes {each}" for each in changed]
                found += [f"{name}: {line}" for line in said if not changed]
        for name in files:
            if name.endswith(".md") and {"forbid-tabs", "forbid-crlf"} & {
                *self._arguments
            }:
                if re.search(rb"[\t\r]", self._contents([name])[name]):
                    found.append(f"forbid-tabs, forbid-crlf: {name}")
        return found

    def _contents(self, files: Sequence[str]) -> Dict[str, bytes]:
        contents = {}
        for name in files:
            with open(osp.join(self._folder, name), "rb") as file:
                contents[name] = file.read()
        return contents

    def _run(self, name: str, files: Sequence[str]) -> List[str]:
        """Run a hook; what it says if it fails."""
        ending = _ENDINGS.get(name, "")
        chosen = [
            each
            for each in files
            if each.endswith(ending) and not re.search(self._excluded[name], each)
        ]
        if not chosen:
            return []
        program = osp.join(self._programs, _PROGRAMS.get(name, name))
        arguments = [a for a in self._arguments[name] if a != "--filter-files"]
        done = subprocess.run(
            [program, *arguments, *chosen],
            cwd=self._folder,
            capture_output=True,
            text=True,
        )
        return (done.stdout + done.stderr).splitlines() if done.returncode else []
