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

"""The pages for PaddleScience agree with each other and with the results."""

from __future__ import annotations

import json
import re
from os import path as osp
from typing import Any
from typing import Dict
from typing import List

import pytest

from tests.helpers.documents import ROOT
from tests.helpers.documents import read
from tools.pr.anchors import includes

LANGUAGES = ("zh", "en")
DISTANCES = ("W1", "real_W1", "W2", "real_W2", "slope")
MODES = ("modes_covered", "modes_total", "high_quality", "real_high_quality")
IMAGES = ("IS_mean", "IS_std", "FID", "KID_mean", "precision", "recall")
ROWS = {  # of the tables of results, by their first cells
    "`8gaussians`": ("toy_8gaussians", ("iteration", *MODES, *DISTANCES)),
    "`25gaussians`": ("toy_25gaussians", ("iteration", *MODES, *DISTANCES)),
    "`swissroll`": ("toy_swissroll", ("iteration", *DISTANCES)),
    "MNIST": ("mnist", ("iteration", *IMAGES)),
    "CIFAR-10": ("cifar", ("iteration", *IMAGES)),
    "MNIST test set": ("real/mnist.json", IMAGES),
    "CIFAR-10 test set": ("real/cifar10.json", IMAGES),
}


def page(language: str) -> str:
    return read("docs", language, "examples", "wgan_gp.md")


def commands(text: str) -> List[str]:
    return re.findall(r"^ *(python .*(?:\\\n.*)*)", text, re.M)


def result(name: str) -> Dict[str, Any]:
    """What a run, or a file of scores, has, on one level."""
    if name.endswith(".json"):
        return json.loads(read("docs", "results", name))["metrics"]
    found = json.loads(read("docs", "results", name, "eval.json"))
    last = read("docs", "results", name, "metrics.jsonl").splitlines()[-1]
    return {**found, **found["metrics"], "slope": json.loads(last)["slope"]}


def test_both_languages_say_the_same():
    chinese, english = map(page, LANGUAGES)
    assert len(commands(english)) > 30
    assert commands(chinese) == commands(english)
    assert list(includes(chinese)) == list(includes(english))
    for pattern in (
        r"^#+ [A\d.]+ ",
        r"^\$\$\n(.*?)\$\$$",
        r"\]\((.*?)\)",
        r"\b[0-9a-f]{32}\b",
    ):
        first, second = (
            re.findall(pattern, x, re.M | re.S) for x in (chinese, english)
        )
        assert first and first == second


@pytest.mark.parametrize("language", LANGUAGES)
def test_pictures_exist_and_nothing_else_of_the_repository_is_linked(language):
    links = re.findall(r"\]\((?!https?://)(.*?)\)", page(language))
    assert len(links) >= 7
    for link in links:
        path = osp.join(ROOT, "docs", language, "examples", link)
        assert link.endswith(".png") and osp.isfile(path), link


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_are_those_of_the_runs(language, row):
    name, keys = ROWS[row]
    results = re.split(r"^## 5\. ", page(language), flags=re.M)[1]
    title = row.replace("test set", "测试集") if language == "zh" else row
    (line,) = re.findall(rf"^\| {re.escape(title)} \|(.*)$", results, re.M)
    shown = re.findall(r"\d+(?:\.\d+)?", re.sub(r"`.*?`", "", line))
    found = result(name)
    assert len(shown) == len(keys)
    for key, text in zip(keys, shown):
        decimals = len(text.partition(".")[2])
        assert f"{abs(found[key]):.{decimals}f}" == text, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_metrics_beside_the_weights_are_those_of_the_runs(language):
    table = page(language).split("## 1. ")[0]
    for name in ("8gaussians", "25gaussians", "swissroll"):
        found = result(f"toy_{name}")
        (row,) = re.findall(rf"^\| [^|]*{name}.*$", table, re.M)
        assert f"W2 {found['W2']:.3f}" in row and str(found["iteration"]) in row
        if "high_quality" in found:
            assert f"{100 * found['high_quality']:.1f} %" in row
    found = result("mnist")
    assert f"IS {found['IS_mean']:.3f}" in table and f"FID {found['FID']:.2f}" in table
