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

"""What the documentation says about files, tables and code holds."""

from __future__ import annotations

import re
import sys
from glob import glob
from os import path as osp

import pytest
from wgan_gp.utils.losses import PENALTY_FORMS
from wgan_gp.utils.losses import PENALTY_POINTS

from ppsci_ext.data import IMAGE_DATA
from ppsci_ext.metric import SCORES
from ppsci_ext.metric import extractor_names
from tests.helpers.documents import ROOT
from tests.helpers.documents import blocks
from tests.helpers.documents import first_cells
from tests.helpers.documents import read
from tests.helpers.documents import section
from tools.pr.anchors import includes
from tools.pr.anchors import lines_of

PAGES = [
    "README.md",
    *(f"docs/{osp.basename(p)}" for p in glob(osp.join(ROOT, "docs", "*.md"))),
]


@pytest.mark.parametrize(
    "page", glob(osp.join(ROOT, "docs", "*", "examples", "*.md")), ids=osp.basename
)
def test_what_the_pages_for_paddlescience_include_is_there(page):
    found = list(includes(read(page)))
    assert found
    for include in found:
        lines_of(include, ROOT)


@pytest.mark.parametrize("page", PAGES)
def test_linked_files_exist(page):
    text = read(*page.split("/"))
    for target, title in re.findall(r"\]\(([^)#:]+)(?:#([^)]*))?\)", text):
        path = osp.join(ROOT, osp.dirname(page), target)
        assert osp.exists(path), target
        if title:
            headings = re.findall(r"^#+ (.*)$", read(path), re.M)
            assert title in [h.lower().replace(" ", "-") for h in headings]


@pytest.mark.parametrize("page", ["mistakes.md", "faults.md", "rfc.md"])
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


def test_the_index_has_every_page():
    index = read("docs", "README.md")
    linked = set(re.findall(r"\]\(([\w/]+\.md)\)", index))
    pages = glob(osp.join(ROOT, "docs", "**", "*.md"), recursive=True)
    there = {osp.relpath(page, osp.join(ROOT, "docs")) for page in pages}
    assert linked == there - {"README.md"}


@pytest.mark.parametrize("page", PAGES)
def test_lines_of_prose_are_short(page):
    for line in read(*page.split("/")).splitlines():
        assert len(line) <= 120 or line.startswith(("|", "![")), line


def test_the_readme_is_read_in_two_minutes():
    text = read("README.md")
    assert len(text.splitlines()) <= 105
    (code,) = blocks(text, "python")
    assert len([line for line in code.splitlines() if line.strip()]) <= 13


def test_no_paragraph_stands_twice():
    seen = {}
    for page in PAGES:
        for paragraph in re.split(r"\n\s*\n", read(*page.split("/"))):
            words = " ".join(paragraph.split())
            if len(words) > 200 and not words.startswith("```"):
                assert seen.setdefault(words, page) == page, words
                seen[words] = page


@pytest.mark.parametrize(
    "page, title, rows",
    [
        ("data", "Data", IMAGE_DATA),
        ("scores", "Scores", SCORES),
        ("scores", "Feature extractors", extractor_names("images")),
        ("penalties", "Where the gradient is taken: `GAN.penalty_at`", PENALTY_POINTS),
        ("penalties", "What its norm costs: `GAN.penalty`", PENALTY_FORMS),
    ],
)
def test_tables_have_the_rows_of_the_code(page, title, rows):
    assert first_cells(section(f"docs/{page}.md", title)) == list(rows)


def test_the_metrics_of_the_scores():
    table = section("docs/scores.md", "Scores")
    for name, score in SCORES.items():
        (row,) = re.findall(rf"^\| `{name}` \|(.*)$", table, re.M)
        assert re.findall(r"`(\w+)`", row.split("|")[0]) == list(score.metrics)
        # some are good where they are small
        assert ("less is better" in row) == score.less_is_better


def test_the_numbers_of_the_readme_stand_on_their_pages():
    table = section("README.md", "Results")
    rows = re.findall(r"^\| .* \| (.*?) \| \[\w+\]\((.*?)\) \|$", table, re.M)
    assert len(rows) >= 5
    for result, page in rows:
        numbers = re.findall(r"\d+ of \d+|\d+(?:\.\d+)?(?:e-\d+)?", result)
        text = read(*page.split("/"))
        assert numbers and all(number in text for number in numbers), result


@pytest.mark.parametrize(
    "page, shape", [("README.md", (500, 2)), ("docs/usage.md", (3, 2))]
)
def test_the_python_of_the_page_runs(page, shape, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (code,) = blocks(read(*page.split("/")), "python")
    names = {"__name__": "__main__"}
    exec(compile(code, page, "exec"), names)
    assert names["samples"].shape == shape
