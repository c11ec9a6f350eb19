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

"""The files of a part of the pull request, as they are to lie in PaddleScience."""

from __future__ import annotations

import ast
from os import path as osp
from typing import Any
from typing import Dict
from typing import Iterable
from typing import List
from typing import Mapping
from typing import NamedTuple
from typing import Sequence

import yaml

from ppsci_ext.utils.errors import UserError
from tools.pr import anchors
from tools.pr import picking
from tools.pr.moving import Modules

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
STAND_INS = "tools/pr/core"  # plain modules in place of this repository's hardened ones


class File(NamedTuple):
    """A file that a part carries.

    Attributes:
        source (str): Path from the root of this repository.
        only (Sequence[str]): Definitions that it keeps; empty for all.
        without (Sequence[str]): Definitions, or keys of a YAML file, that stay here.
    """

    source: str
    only: Sequence[str] = ()
    without: Sequence[str] = ()


class Part(NamedTuple):
    """One commit, and one pull request.

    Attributes:
        title (str): What it adds.
        files (List[File]): Sources.
        tests (Dict[str, str]): Tests by their source, and where they go.
        exports (Dict[str, List[str]]): Names that packages of PaddleScience pass on.
        api (Dict[str, List[str]]): Members that the API pages of packages list.
        says (List[str]): Lines of the pull request's description.
        shown (Dict[str, str]): The RFC's check list, with the test that shows each point.
        page (bool): Whether it brings the page, its rows, and removes what it replaces.
    """

    title: str
    files: List[File]
    tests: Dict[str, str]
    exports: Dict[str, List[str]]
    api: Dict[str, List[str]]
    says: List[str]
    shown: Dict[str, str]
    page: bool


class Map(NamedTuple):
    """The file map.yaml.

    Attributes:
        modules (Modules): Places of the modules.
        parts (List[Part]): In the order in which they build on each other.
        rest (Dict[str, Any]): What concerns the page, its rows and what is hosted.
    """

    modules: Modules
    parts: List[Part]
    rest: Dict[str, Any]


def read_map(path: str) -> Map:
    """Read the map.

    Args:
        path (str): map.yaml.

    Raises:
        UserError: If a source is missing or named twice.
    """
    with open(path, encoding="utf-8") as file:
        given = yaml.safe_load(file)
    modules = Modules(ROOT, given.pop("places"), given.pop("names"), given["example"])
    parts = [_part(each) for each in given.pop("parts")]
    seen = set()
    for part in parts:
        for each in [*(f.source for f in part.files), *part.tests]:
            if each in seen:
                raise UserError(f"The map names {each} twice.")
            if not osp.isfile(_path_of(each)):
                raise UserError(f"The map names {each}, but there is no such file.")
            seen.add(each)
    return Map(modules, parts, given)


def _part(given: Mapping[str, Any]) -> Part:
    files = [
        File(each) if isinstance(each, str) else File(each.pop("file"), **each)
        for each in given["files"]
    ]
    groups = {
        name: given.get(name, {}) for name in ("tests", "exports", "api", "shown")
    }
    return Part(
        given["title"],
        files,
        says=given.get("says", []),
        page=given.get("page", False),
        **groups,
    )


def _path_of(source: str) -> str:
    """The stand-in where there is one."""
    stand_in = osp.join(ROOT, STAND_INS, source)
    return stand_in if osp.isfile(stand_in) else osp.join(ROOT, source)


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def placed(plan: Map, count: int) -> Dict[str, str]:
    """Files of the first parts, with the packages that they need.

    Args:
        plan (Map): The map.
        count (int): Number of parts.

    Returns:
        Dict[str, str]: Text by path from the root of PaddleScience, not formatted yet.

    Raises:
        UserError: If a module needs one that the parts don't carry.
    """
    files = {file.source: file for part in plan.parts[:count] for file in part.files}
    texts = {
        plan.modules.path(source): _text(plan, file) for source, file in files.items()
    }
    for part in plan.parts[:count]:
        for source, target in part.tests.items():
            texts[target] = plan.modules.rewrite(_read(_path_of(source)))
    for package in _packages(plan, files):
        target = plan.modules.path(f"{package}/__init__.py")
        texts[target] = plan.modules.rewrite(_package_text(plan, package, files))
    return texts


def _text(plan: Map, file: File) -> str:
    text = _source_text(file)
    return plan.modules.rewrite(text) if file.source.endswith(".py") else text


def _source_text(file: File) -> str:
    text = _read(_path_of(file.source))
    if file.source.endswith(".yaml"):
        return _without_keys(text, file.without, file.source)
    if file.only:
        text = picking.only(text, file.only, file.source)
    if file.without:
        text = picking.without(text, file.without, file.source)
    return text


def _without_keys(text: str, keys: Sequence[str], path: str) -> str:
    lines = text.splitlines(keepends=True)
    places = [anchors.lines_of_name(path, text, key) for key in keys]
    for first, last in sorted(places, reverse=True):
        del lines[first - 1 : last]
    return "".join(lines)


def _packages(plan: Map, sources: Iterable[str]) -> List[str]:
    """Packages of this repository that are new in PaddleScience, and hold modules."""
    folders = {osp.dirname(source) for source in sources if source.endswith(".py")}
    return sorted(
        each
        for each in folders
        if osp.isfile(osp.join(ROOT, each, "__init__.py"))
        and plan.modules.path(f"{each}/__init__.py").count("/") > 2  # not ppsci/utils
    )


def _package_text(plan: Map, package: str, files: Mapping[str, File]) -> str:
    """A package that passes on only what is carried."""
    text = _read(osp.join(ROOT, package, "__init__.py"))
    left_out: List[ast.stmt] = []
    place = plan.modules.place(package.replace("examples/", "", 1).replace("/", "."))
    names = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and plan.modules.is_own(node.module):
            source = plan.modules.source(node.module)
            passed = {alias.name for alias in node.names}
            inside = plan.modules.place(node.module).startswith(f"{place}.")
            if inside and source in files:
                if passed <= picking.defined(_source_text(files[source])):
                    continue
            left_out.append(node)
            names |= passed
        elif isinstance(node, (ast.If, ast.Import)):  # for its command line
            left_out.append(node)
    lines = text.splitlines(keepends=True)
    for node in reversed(left_out):
        del lines[node.lineno - 1 : node.end_lineno]
    return "".join(line for line in lines if line.strip().strip('",') not in names)
