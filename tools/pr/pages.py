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

"""The page for PaddleScience: without what stays here, with its pictures' addresses and line
numbers."""

from __future__ import annotations

import re
from typing import Any
from typing import Dict
from typing import List
from typing import Mapping
from typing import Tuple

from ppsci_ext.utils.errors import UserError
from tools.pr import anchors
from tools.pr.moving import Modules

_PICTURE = re.compile(r"(!\[[^\]]*\]\()(?:\.\./)+results/([\w/.-]+)\)")


def kept(page: str, plan: Mapping[str, Any]) -> str:
    """A page without what stays here.

    Args:
        page (str): Text of this repository.
        plan (Mapping[str, Any]): Of the map: `sections` and `headings` that stay, and texts
            with whose `lines` it is the same.

    Raises:
        UserError: If something that the map names is not on the page.
    """
    for name in plan["sections"]:
        page = _cut(
            page, rf"^<!-- section: {name} -->\n.*?^<!-- end: {name} -->\n", name
        )
    for number in plan["headings"]:
        level = number.count(".") + 2
        start, end = rf"^#{{{level}}} {re.escape(number)}\.? ", rf"(?=^#{{2,{level}}} )"
        page = _cut(page, rf"{start}.*?{end}", number)
    for text in plan["lines"]:
        page = _cut(page, rf"^[^\n]*{re.escape(text)}[^\n]*\n", text)
    page = re.sub(
        r"^## [^\n]*\n+(?=## )", "", page, flags=re.M
    )  # nothing is left of it
    return re.sub(r"\n{3,}", "\n\n", page).rstrip("\n") + "\n"


def prepared(
    page: str, language: str, plan: Mapping[str, Any], modules: Modules
) -> str:
    """A page whose code is named, but not yet numbered.

    Args:
        page (str): Text of this repository.
        language (str): "zh" or "en".
        plan (Mapping[str, Any]): Of the map: as for `kept`, what to `replace` in each
            language, and where the `pictures` are.
        modules (Modules): Places of the modules.

    Raises:
        UserError: If something that the map names is not on the page.
    """
    page = kept(page, plan)
    for old, new in plan["replace"][language].items():
        if old not in page:
            raise UserError(
                f"The page ({language}) no longer says '{old}', which the map replaces."
            )
        page = page.replace(old, new)
    base = plan["pictures"]
    page = _PICTURE.sub(lambda match: f"{match[1]}{base}{flat(match[2])})", page)
    return _renamed(page, modules)


def _renamed(page: str, modules: Modules) -> str:
    """The names and paths of PaddleScience in the prose and the commands, not in includes."""
    kept: List[str] = []

    def keep(match: re.Match) -> str:
        kept.append(match[0])
        return f"\0{len(kept) - 1}\0"

    page = modules.rewrite(anchors.INCLUDE.sub(keep, page))
    return re.sub(r"\0(\d+)\0", lambda match: kept[int(match[1])], page)


def _cut(page: str, pattern: str, name: str) -> str:
    page, count = re.subn(pattern, "", page, flags=re.M | re.S)
    if not count:
        raise UserError(f"The page has no '{name}', which the map leaves out.")
    return page


def flat(path: str) -> str:
    """Name of a picture where it is hosted: mnist/samples.png -> mnist_samples.png."""
    return path.replace("/", "_")


def pictures(page: str) -> Dict[str, str]:
    """Pictures of this repository on a page, by the name under which they are hosted."""
    found: List[Tuple[str, str]] = _PICTURE.findall(page)
    return {flat(path): f"docs/results/{path}" for _, path in found}
