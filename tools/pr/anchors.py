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

"""Code in pages by the names of definitions, so that lines may move.

A page includes code as `pymdownx.snippets` has it, with a name in place of line numbers:

    ``` py linenums="@"
    --8<--
    examples/wgan_gp/cases/wgan_gp_cifar.py:@CIFAR.build_networks
    --8<--
    ```

`path:@name` is a whole definition (class, function, method or assignment, with its
decorators) or a whole key of a YAML file, `path:@a..b` all lines from the first of a to the
last of b, `path` alone the whole file. `python -m tools.pr.anchors PAGE` prints the page with
line numbers in place of the names.
"""

from __future__ import annotations

import ast
import re
import sys
from os import path as osp
from typing import Callable
from typing import Dict
from typing import Iterator
from typing import List
from typing import NamedTuple
from typing import Optional
from typing import Tuple

import yaml

from ppsci_ext.utils.errors import UserError

Lines = Tuple[int, int]  # first and last, from 1

INCLUDE = re.compile(
    r"^(?P<indent>[ ]*)(?P<fence>```[^\n]*)\n[ ]*--8<--\n[ ]*(?P<what>\S+)\n[ ]*--8<--$",
    re.M,
)


class Include(NamedTuple):
    """What a page takes of a file.

    Attributes:
        path (str): File, from the root of the repository.
        name (Optional[str]): Definition or key, or two of them as `a..b`.
        lines (Optional[Lines]): The lines, where they are given by number.
    """

    path: str
    name: Optional[str]
    lines: Optional[Lines]


def includes(page: str) -> Iterator[Include]:
    """Everything that a page includes.

    Args:
        page (str): Text of the page.
    """
    for match in INCLUDE.finditer(page):
        yield _parsed(match["what"])


def _parsed(what: str) -> Include:
    path, _, rest = what.partition(":")
    if rest.startswith("@"):
        return Include(path, rest[1:], None)
    if re.fullmatch(r"\d+:\d+", rest):
        first, last = rest.split(":")
        return Include(path, None, (int(first), int(last)))
    if rest:
        raise UserError(f"'{what}' is none of path, path:@name and path:@first..last.")
    return Include(path, None, None)


def resolve(
    page: str, root: str, moved: Callable[[str], str] = lambda path: path
) -> str:
    """A page with line numbers in place of names.

    Args:
        page (str): Text of the page.
        root (str): Folder that the included paths, after `moved`, start from.
        moved (Callable[[str], str]): Where a file lies there; it may refuse one.

    Returns:
        str: Text with `path:first:last`; `linenums="@"` becomes the first of these lines, and a
            title that is the path follows it.

    Raises:
        UserError: If a file or a name is missing, ambiguous or has no lines.
    """

    def replaced(match: re.Match) -> str:
        include = _parsed(match["what"])
        path = moved(include.path)
        first, last = lines_of(include._replace(path=path), root)
        whole = include.name is None and include.lines is None
        what = path if whole else f"{path}:{first}:{last}"
        fence = match["fence"].replace('linenums="@"', f'linenums="{first}"')
        fence = fence.replace(f'"{include.path}"', f'"{path}"')
        mark = "--8<--"
        return "\n".join(match["indent"] + line for line in (fence, mark, what, mark))

    return INCLUDE.sub(replaced, page)


def lines_of(include: Include, root: str) -> Lines:
    """First and last line of what is included.

    Args:
        include (Include): What a page names.
        root (str): Folder that its path starts from.

    Raises:
        UserError: If a file or a name is missing, ambiguous or has no lines.
    """
    path = osp.join(root, include.path)
    if not osp.isfile(path):
        raise UserError(
            f"{include.path} is included by a page, but there is no such file."
        )
    with open(path, encoding="utf-8") as file:
        text = file.read()
    lines = text.splitlines()
    first, last = include.lines or (1, len(lines))
    if include.name is not None:
        first, last = lines_of_name(include.path, text, include.name)
    if not any(line.strip() for line in lines[first - 1 : last]):
        raise UserError(f"What a page includes of {include.path} is empty: {include}.")
    return first, last


def lines_of_name(path: str, text: str, name: str) -> Lines:
    """First and last line of a definition or a key, or from one to another, `a..b`.

    Args:
        path (str): Path of the file, by whose ending its kind is known.
        text (str): Its content.
        name (str): Name.

    Raises:
        UserError: If it is missing or ambiguous.
    """
    begin, _, end = name.partition("..")
    places = _places(path, text)
    return _place(places, begin, path)[0], _place(places, end or begin, path)[1]


def _place(places: Dict[str, List[Lines]], name: str, path: str) -> Lines:
    found = places.get(name, [])
    if len(found) != 1:
        count = f"{len(found)} definitions" if found else "no definition"
        raise UserError(f"{path} has {count} of '{name}', which a page includes.")
    return found[0]


def _places(path: str, text: str) -> Dict[str, List[Lines]]:
    """Lines of each definition or key of a file."""
    places: Dict[str, List[Lines]] = {}
    if path.endswith(".py"):
        named = _definitions(ast.parse(text).body, "")
    elif path.endswith((".yaml", ".yml")):
        named = _keys(yaml.compose(text), "")
    else:
        raise UserError(f"Names are for Python and YAML files, not for {path}.")
    for name, lines in named:
        places.setdefault(name, []).append(lines)
    return places


def _definitions(body: List[ast.stmt], prefix: str) -> Iterator[Tuple[str, Lines]]:
    for node in body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            yield prefix + node.name, (first, node.end_lineno)
            if isinstance(node, ast.ClassDef):
                yield from _definitions(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    yield prefix + target.id, (node.lineno, node.end_lineno)


def _keys(node: yaml.Node, prefix: str) -> Iterator[Tuple[str, Lines]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = prefix + key.value
            yield name, (key.start_mark.line + 1, _last_line(value))
            yield from _keys(value, f"{name}.")


def _last_line(node: yaml.Node) -> int:
    """Last line of a value, without the blank lines and remarks that follow it."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        mark = node.end_mark
        return mark.line + (1 if mark.column else 0)
    last = node.value[-1]
    return _last_line(last[1] if isinstance(last, tuple) else last)


if __name__ == "__main__":
    try:
        with open(sys.argv[1], encoding="utf-8") as source:
            print(resolve(source.read(), "."), end="")
    except UserError as refusal:
        sys.exit(f"error: {refusal}")
