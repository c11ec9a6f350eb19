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

"""Several runs' scores in one table."""

from __future__ import annotations

import json

import pytest

from tools.compare import compared
from tools.compare import main
from tools.compare import markdown


def evaluated(folder, **metrics):
    folder.mkdir(parents=True)
    (folder / "eval.json").write_text(json.dumps({"metrics": metrics}))
    return str(folder)


@pytest.fixture
def runs(tmp_path):
    return [
        evaluated(tmp_path / "ablation-none", a=1.23456, b=2, truth_a=1.0, real_b=3),
        evaluated(tmp_path / "ablation-deaf", a=4, b=None, truth_a=9.0),
    ]


def test_rows_are_truth_real_samples_and_runs(runs):
    assert compared([*runs[:1], f"{runs[1]}/"], ["b", "a"]) == {
        "truth": [None, 1.0],
        "real": [3, None],
        "ablation-none": [2, 1.23456],
        "ablation-deaf": [None, 4],
    }


def test_rows_that_nobody_knows_are_left_out(runs):
    assert list(compared(runs, [])) == ["ablation-none", "ablation-deaf"]


def test_the_table_and_its_file(runs, tmp_path, capsys):
    kept = tmp_path / "rows.json"
    assert main([*runs, "--scores", "a", "--json", str(kept)]) == 0
    printed = capsys.readouterr().out.split("\n")
    assert printed[0] == "| | a |"
    assert "| ablation-none | 1.23 |" in printed
    assert json.loads(kept.read_text())["rows"]["ablation-deaf"] == [4]
    assert markdown({"x": [None]}, ["a"]).endswith("| x | – |")


def test_what_is_missing_is_named(runs, tmp_path, capsys):
    assert main([*runs, "--scores", "a", "colour"]) == 1
    assert "ablation-none has no score colour; it has a, b" in capsys.readouterr().err
    assert main([str(tmp_path / "nothing"), "--scores", "a"]) == 1
    assert "evaluate this run first" in capsys.readouterr().err
