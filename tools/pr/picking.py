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

"""Parts of a module: some of its definitions, with all that these need and nothing else."""

from __future__ import annotations

import ast
from typing import Dict
from typing import Iterator
from typing import List
from typing import Sequence
from typing import Set
from typing import Tuple

from ppsci_ext.utils.errors import UserError

_IMPORTS = (ast.Import, ast.ImportFrom)
_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def only(text: str, names: Sequence[str], path: str) -> str:
    """A module with these definitions, those at its top that they use, and their imports.

    Args:
        text (str): Source of the module.
        names (Sequence[str]): Functions, classes or variables at its top.
        path (str): What messages call it.

    Raises:
        UserError: If there is no such definition.
    """
    body = ast.parse(text).body
    places = {name: node for node in body for name in _bound(node)}
    _require(names, places, path)
    needed, open_names = set(), list(names)
    while open_names:
        name = open_names.pop()
        if name in places and name not in needed:
            needed.add(name)
            open_names += _used(places[name])
    dropped = [
        node
        for node in body
        if _bound(node)
        and not isinstance(node, _IMPORTS)
        and needed.isdisjoint(_bound(node))
    ]
    return _prune_imports(_without_nodes(text, dropped))


def without(text: str, names: Sequence[str], path: str) -> str:
    """A module without these definitions, and without imports that only they need.

    Args:
        text (str): Source of the module.
        names (Sequence[str]): What is defined at its top, or in a class: `Class.name`; an
            entry of a dictionary or a tuple, on lines of its own, is `NAME[key]`.
        path (str): What messages call it.

    Raises:
        UserError: If there is no such definition.
    """
    found = dict(_all(ast.parse(text).body, ""))
    _require(names, found, path)
    return _prune_imports(_without_nodes(text, [found[name] for name in names]))


def defined(text: str) -> Set[str]:
    """Names at the top of a module, without those that it imports.

    Args:
        text (str): Source of the module.
    """
    body = ast.parse(text).body
    return {
        name for node in body if not isinstance(node, _IMPORTS) for name in _bound(node)
    }


def _require(names: Sequence[str], found: Dict[str, ast.AST], path: str) -> None:
    for name in names:
        if name not in found:
            raise UserError(
                f"{path} has no definition of '{name}', which the map names."
            )


def _bound(node: ast.stmt) -> List[str]:
    """Names that a statement at the top of a module binds."""
    if isinstance(node, _DEFINITIONS):
        return [node.name]
    if isinstance(node, _IMPORTS):
        return [(a.asname or a.name.split(".")[0]) for a in node.names]
    if isinstance(node, ast.Assign):
        names = [n for t in node.targets for n in ast.walk(t)]
        return [n.id for n in names if isinstance(n, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def _used(node: ast.AST) -> Set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _all(body: Sequence[ast.stmt], prefix: str) -> Iterator[Tuple[str, ast.AST]]:
    """Definitions at the top and in classes, and entries of dictionaries."""
    for node in body:
        for name in _bound(node):
            yield prefix + name, node
        if isinstance(node, ast.ClassDef):
            yield from _all(node.body, f"{prefix}{node.name}.")
        yield from _entries(node, prefix)


def _entries(node: ast.stmt, prefix: str) -> Iterator[Tuple[str, ast.AST]]:
    """Entries of a dictionary or a tuple that has a name."""
    value, names = getattr(node, "value", None), _bound(node)
    if not names:
        return
    if isinstance(value, ast.Dict):
        pairs = list(zip(value.keys, value.values))
    elif isinstance(value, ast.Tuple):
        pairs = [(each, each) for each in value.elts]
    else:
        return
    for key, entry in pairs:
        name = key.value if isinstance(key, ast.Constant) else ast.unparse(key)
        yield f"{prefix}{names[0]}[{name}]", _Entry(key, entry)


class _Entry(ast.AST):
    """A key and its value, on lines of their own."""

    def __init__(self, key: ast.expr, value: ast.expr):
        super().__init__()
        self.lineno, self.end_lineno = key.lineno, value.end_lineno
        self.decorator_list: List[ast.expr] = []


def _without_nodes(text: str, nodes: Sequence[ast.AST]) -> str:
    """The text without these nodes, their decorators and the remarks right above them."""
    lines = text.splitlines(keepends=True)
    for node in sorted(nodes, key=lambda n: n.lineno, reverse=True):
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(d.lineno for d in decorators)]) - 1
        last = node.end_lineno
        if isinstance(node, _Entry):
            last = _end_of_entry(lines, last)
        while first and lines[first - 1].lstrip().startswith("#"):
            first -= 1
        if not isinstance(node, _Entry):  # black knows how many blank lines there are
            while last < len(lines) and not lines[last].strip():
                last += 1
            if last < len(lines) and not isinstance(node, _IMPORTS):
                lines[last:last] = (
                    ["\n", "\n"] if not lines[last].startswith(" ") else ["\n"]
                )
        del lines[first:last]
    return "".join(lines)


def _end_of_entry(lines: Sequence[str], last: int) -> int:
    """The line with the comma after an entry, beyond the brackets around its value."""
    for number in range(last, len(lines) + 1):
        code = lines[number - 1].split("  #")[0].rstrip()
        if code.endswith(","):
            return number
        if number > last and code.strip(" )]}"):
            break
    raise UserError(f"An entry ends without a comma: {lines[last - 1].strip()}.")


def _prune_imports(text: str) -> str:
    """The text without imports at its top that nothing uses."""
    tree = ast.parse(text)
    used = {
        name
        for node in tree.body
        if not isinstance(node, _IMPORTS)
        for name in _used(node)
    }
    kept = {"annotations"}
    unused = [
        node
        for node in tree.body
        if isinstance(node, _IMPORTS) and not (used | kept).intersection(_bound(node))
    ]
    return _without_nodes(text, unused)
