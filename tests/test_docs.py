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

"""What the documentation says about files holds."""

from __future__ import annotations

import re
from glob import glob
from os import path as osp

import pytest

ROOT = osp.dirname(osp.dirname(osp.abspath(__file__)))


def read(*parts: str) -> str:
    with open(osp.join(ROOT, *parts), encoding="utf-8") as file:
        return file.read()


def test_includes_of_the_chinese_page_start_and_end_at_whole_pieces():
    page = read("docs", "zh", "examples", "wgan_gp.md")
    pattern = r'linenums="(\d+)"[^\n]*\n--8<--\n([\w/.]+)(?::(\d+):(\d+))?\n--8<--'
    includes = re.findall(pattern, page)
    assert len(includes) >= 10
    for number, path, start, end in includes:
        lines = read(*path.split("/")).splitlines()
        if not start:
            continue
        assert number == start, path
        first, last = lines[int(start) - 1], lines[int(end) - 1]
        assert first.strip() and last.strip(), (path, start, end)


PAGES = [
    "README.md",
    *(f"docs/{osp.basename(p)}" for p in glob(osp.join(ROOT, "docs", "*.md"))),
]


@pytest.mark.parametrize("page", PAGES)
def test_linked_files_exist(page):
    text = read(*page.split("/"))
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert osp.exists(osp.join(ROOT, osp.dirname(page), target)), target


@pytest.mark.parametrize("page", ["mistakes.md", "faults.md"])
def test_tests_named_in_tables_exist(page):
    text = read("docs", page)
    names = re.findall(r"::(test_\w+)", text)
    assert len(names) > 15
    paths = glob(osp.join(ROOT, "tests", "**", "test_*.py"), recursive=True)
    code = "".join(read(path) for path in paths)
    for name in set(names):
        assert re.search(rf"def {name}\w*\(", code), name
    modules = {osp.basename(path) for path in paths}
    for module in set(re.findall(r"\b(test_\w+\.py)", text)):
        assert module in modules, module
