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


"""The pages of the documentation, as tests read them."""

from __future__ import annotations

import re
from os import path as osp
from typing import List

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))


def read(*parts: str) -> str:
    """Text of a file of the project."""
    with open(osp.join(ROOT, *parts), encoding="utf-8") as file:
        return file.read()


def section(page: str, title: str) -> str:
    """Part of a page under a heading, up to the next heading of any level."""
    pattern = rf"^#+ {re.escape(title)}\n(.*?)(?=^##+ |\Z)"
    (text,) = re.findall(pattern, read(*page.split("/")), re.S | re.M)
    return text


def blocks(text: str, language: str) -> List[str]:
    """Blocks of code in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.S | re.M)


def first_cells(text: str) -> List[str]:
    """What stands in backquotes at the beginning of the rows of the first table."""
    rows = re.search(r"^\|(?:-+\|)+\n((?:\|.*\n)+)", text, re.M)[1]
    return re.findall(r"^\| `([^`]+)`", rows, re.M)
