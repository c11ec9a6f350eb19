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

"""Rows, members and exports of PaddleScience's own files: edited where they are, never doubled."""

from __future__ import annotations

import re
from typing import Mapping
from typing import Optional
from typing import Sequence

from ppsci_ext.utils.errors import UserError


def export(text: str, names: Mapping[str, str]) -> str:
    """A package of PaddleScience that passes on further names.

    Args:
        text (str): Its `__init__.py`, with `__all__`.
        names (Mapping[str, str]): Modules by the names that they define.

    Raises:
        UserError: If it has no `__all__`.
    """
    start = re.search(r"^__all__ = \[\n", text, re.M)
    if start is None:
        raise UserError("A package of PaddleScience has no __all__ to add names to.")
    new = {
        n: m for n, m in names.items() if not re.search(rf'^    "{n}",$', text, re.M)
    }
    entries = "".join(f'    "{name}",\n' for name in sorted(new))
    text = text[: start.end()] + entries + text[start.end() :]
    lines = "".join(
        f"from {module} import {name}\n" for name, module in sorted(new.items())
    )
    first = re.search(r"^from ppsci", text, re.M)
    return text[: first.start()] + lines + text[first.start() :]


def members(page: str, package: str, names: Sequence[str]) -> str:
    """An API page that lists further members of a package.

    Args:
        page (str): Text with `::: package` and a list of members.
        package (str): Package.
        names (Sequence[str]): Names.

    Raises:
        UserError: If it has no such list.
    """
    pattern = rf"^::: {re.escape(package)}\n(?:.*\n)*?( *)members:\n((?:\1  - \w+\n)+)"
    match = re.search(pattern, page, re.M)
    if match is None:
        raise UserError(f"No API page has a list of members of {package}.")
    entry = f"{match[1]}  - "
    listed = [line[len(entry) :] for line in match[2].splitlines()]
    rows = "".join(f"{entry}{name}\n" for name in _merged(listed, names))
    return page[: match.start(2)] + rows + page[match.end(2) :]


def _merged(listed: Sequence[str], names: Sequence[str]) -> Sequence[str]:
    """Each new name before the first that follows it in the alphabet; the others stay."""
    merged = list(listed)
    for name in sorted(set(names) - set(listed)):
        later = (i for i, each in enumerate(merged) if each.lower() > name.lower())
        merged.insert(next(later, len(merged)), name)
    return merged


def row(text: str, stem: str, beside: str, new: str) -> str:
    """A text with one row for a page: in place of the rows that it has, else after another's.

    Args:
        text (str): Text of rows, each on a line with the address of its page,
            `.../<stem>.md` or `.../<stem>`.
        stem (str): Name of the page.
        beside (str): Name of a page whose row the new one follows, and whose address it takes.
        new (str): The row; `{address}` stands for the page's.

    Raises:
        UserError: If there is no row of either page.
    """
    lines = text.splitlines(keepends=True)
    own = [i for i, line in enumerate(lines) if _address(line, stem)]
    others = [i for i, line in enumerate(lines) if _address(line, beside)]
    if not own and not others:
        raise UserError(
            f"There is no row of {stem}, and none of {beside} to put one after."
        )
    model = lines[own[0] if own else others[0]]
    match = _address(model, stem if own else beside)
    address = f"{match['folder']}{stem}{match['ending']}"
    indent = model[: len(model) - len(model.lstrip())]
    line = f"{indent}{new.format(address=address)}\n"
    for i in reversed(own[1:]):
        del lines[i]
    if own:
        lines[own[0]] = line
    else:
        lines.insert(others[0] + 1, line)
    return "".join(lines)


def _address(line: str, stem: str) -> Optional[re.Match]:
    pattern = (
        rf"(?P<folder>[\w./:-]*/){re.escape(stem)}(?P<ending>(?:\.md)?)(?=[)\s]|$)"
    )
    return re.search(pattern, line)


def has_row(text: str, *stems: str) -> bool:
    """Whether a text has a row of one of these pages."""
    return any(_address(line, s) for line in text.splitlines() for s in stems)
