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

"""The checks for GPUs, their verdicts and their page, with the CPU as the stand-in."""

from __future__ import annotations

import glob
import json
import re
from os import path as osp

import numpy as np
import paddle
import pytest

from tests.helpers.documents import ROOT
from tests.helpers.documents import read
from tools.gpu_check import __main__ as tool
from tools.gpu_check import checks
from tools.gpu_check import page
from tools.gpu_check import ranks
from tools.gpu_check import speed
from tools.gpu_check import training
from tools.gpu_check.checks import CHECKS
from tools.gpu_check.checks import Check
from tools.gpu_check.target import CASES
from tools.gpu_check.target import Skipped
from tools.gpu_check.target import Target
from tools.gpu_check.target import each
from tools.gpu_check.training import Trained
from tools.gpu_check.worker import outcome

CPU = Target("cpu", full=False)


def skips(target):
    raise Skipped("there is one GPU")


def fails(target):
    yield {"what": "first", "figure": 0.25}
    raise RuntimeError("out of memory")


def differs(name):
    if name == "broken":
        raise KeyError("weight")
    return {"problem": "weights differ"} if name == "bad" else {"figure": 1}


EXAMPLES = {
    "good": lambda target: each(["a", "b"], differs),
    "bad": lambda target: each(["a", "bad", "broken", "b"], differs),
    "crash": fails,
    "absent": skips,
    "empty": lambda target: iter([]),
}
EXPECTED = {
    "good": ("passed", "", 2),
    "bad": ("failed", "bad: weights differ; broken: KeyError: 'weight'", 4),
    "crash": ("failed", "RuntimeError: out of memory", 1),
    "absent": ("skipped", "there is one GPU", 0),
    "empty": ("failed", "nothing was compared", 0),
}


@pytest.fixture
def examples(monkeypatch):
    """Other checks than the real ones, in this process."""
    own = {n: Check(f"Check {n}", f"About {n}.", look) for n, look in EXAMPLES.items()}
    for name in list(CHECKS):
        monkeypatch.delitem(CHECKS, name)
    CHECKS.update(own)
    yield own
    for name in own:
        del CHECKS[name]


@pytest.mark.parametrize("name", EXAMPLES)
def test_verdicts(examples, name):
    found = outcome(examples[name], CPU)
    assert (found["status"], found["reason"], len(found["rows"])) == EXPECTED[name]


@pytest.mark.parametrize("only, status", [([], 1), (["good", "absent"], 0)])
def test_a_report_of_all_of_them(examples, monkeypatch, tmp_path, capsys, only, status):
    monkeypatch.setattr(tool, "run", lambda name, *_: outcome(examples[name], CPU))
    arguments = ["--device", "cpu", "--output", str(tmp_path)]
    assert tool.main([*arguments, *(["--only", *only] if only else [])]) == status
    report = json.loads((tmp_path / "gpu_check.json").read_text())
    asked = only or list(EXAMPLES)
    assert list(report["checks"]) == asked  # none kept the others from running
    for name in asked:
        assert report["checks"][name]["status"] == EXPECTED[name][0]
    text = (tmp_path / "gpu_check.md").read_text()
    assert page.STAND_IN in text and str(tmp_path) not in text
    _, left_out = text.split("## What was not checked")
    assert "Check absent: there is one GPU." in left_out
    assert ("Check crash: not asked for." in left_out) == bool(only)
    assert "passed: Check good\n" in capsys.readouterr().out


def test_a_process_that_dies(tmp_path):
    found = tool.run("speed", "no such device", str(tmp_path))
    assert found["status"] == "failed" and "ended with status 1" in found["reason"]
    assert (tmp_path / "speed.log").read_text()


def test_no_gpu_no_check_of_one(capsys):
    if paddle.is_compiled_with_cuda():
        pytest.skip("this Paddle is built for GPUs")
    with pytest.raises(SystemExit) as end:
        tool.main(["--device", "gpu"])
    assert end.value.code == 2
    assert "finds no GPU" in capsys.readouterr().err


# what is compared


def losses(**changes):
    critic, generator = np.linspace(-2, -1, 20), np.linspace(0, 1, 20)
    generator[0] = np.nan  # no step of the generator
    for place, change in changes.items():
        critic[int(place[2:])] += change
    return Trained({"critic_loss": critic, "generator_loss": generator}, {})


@pytest.mark.parametrize(
    "changes, accepted",
    [
        ({}, True),
        ({"at1": 1e-5, "at19": 1e-2}, True),
        ({"at1": 1e-3}, False),  # too early
        ({"at19": 3e-2}, False),
        ({"at7": np.nan}, False),
    ],
)
def test_losses_that_agree(changes, accepted):
    row = training.compare_losses(losses(**changes), losses())
    assert ("problem" not in row) == accepted, row


def test_deviations_are_relative_to_the_largest_loss():
    assert training.deviation(np.array([4.0, 1.5]), np.array([4.0, 1.0]), 2) == 0.125
    assert training.deviation(np.array([4.0, 1.5]), np.array([4.0, 1.0]), 1) == 0


def test_mixed_precision_has_to_be_finite():
    single, half = losses(), losses(at19=0.1)
    assert "problem" not in training.compare_precision(half, single)
    half.weights["critic.w"] = np.array([1.0, np.inf])
    assert "finite" in training.compare_precision(half, single)["problem"]
    row = training.compare_precision(losses(at19=0.5), single)
    assert "deviates" in row["problem"]
    with pytest.raises(Skipped, match="refused on a CPU"):
        checks.mixed_precision(CPU)


def test_bits():
    one, other = np.ones(3, "float32"), np.ones(3, "float32")
    other[1] = np.nextafter(other[1], np.float32(2))
    same, changed = Trained({}, {"w": one}), Trained({}, {"w": other})
    assert training.compare_bits(same, same) == {"weights": 3, "differing": 0}
    row = training.compare_bits(changed, same)
    assert row["differing"] == 1 and row["problem"]


def test_equal_draws_are_over_after_the_block():
    before = paddle.randn
    drawn = []
    for _ in range(2):
        with training.the_same_draws():
            numbers = [
                paddle.randn([3]),
                paddle.rand([3, 1]),
                paddle.randint(0, 9, [3]),
            ]
        drawn.append([x.numpy() for x in numbers])
    for first, second in zip(*drawn):
        np.testing.assert_array_equal(first, second)
    assert paddle.randn is before


# the checks themselves, on the smallest of the cases


@pytest.fixture
def toy_alone(monkeypatch):
    for name in [name for name in CASES if name != "toy"]:
        monkeypatch.delitem(CASES, name)
    monkeypatch.setattr(training, "RESUMED", ("toy",))


def test_the_cpu_agrees_with_itself_and_not_with_other_weights(toy_alone, monkeypatch):
    found = outcome(CHECKS["agreement"], CPU)
    assert found["status"] == "passed", found
    assert found["rows"] == [
        {
            "what": "toy",
            **{
                f"{key}_loss, {until}": 0.0
                for key in ("critic", "generator")
                for until in ("first two", "all")
            },
        }
    ]
    initial = training.initial_weights("toy")
    trained = []
    for factor in (1.0, 1.01):
        with training.the_same_draws():
            weights = {name: factor * array for name, array in initial.items()}
            trained.append(training.train("toy", "cpu", initial=weights))
    assert "problem" in training.compare_losses(*trained)


def test_resuming(toy_alone):
    found = outcome(CHECKS["resume"], CPU)
    assert found["status"] == "passed", found
    assert found["rows"][0]["weights"] > 8000


def test_times(toy_alone):
    (row,) = speed.speed(CPU)
    assert 0 < row["ms per iteration"] < 60000
    assert (row["dim"], row["batch"], row["iterations"]) == (64, 32, 2)
    assert "peak memory, MiB" not in row


def test_processes_are_compared_with_each_other_and_the_beginning():
    initial = training.initial_weights("toy")
    moved = {name: array + np.float32(1e-3) for name, array in initial.items()}
    other = {name: array.copy() for name, array in moved.items()}
    assert "problem" not in ranks.compare(moved, other)
    other["critic.net.6.bias"] += 1
    assert ranks.compare(moved, other)["problem"] == "weights differ"
    assert ranks.compare(initial, initial)["problem"] == "weights have not moved"


def test_the_hours_on_the_page_are_those_of_the_measured_rate():
    measured = {}
    for path in glob.glob(osp.join(ROOT, "docs", "results", "bench", "step*.jsonl")):
        for line in open(path, encoding="utf-8"):
            result = json.loads(line)
            milliseconds = result.get("iteration_milliseconds")
            measured[result["case"], result["variant"]] = milliseconds
    rows = re.findall(r"^\| `python .*", read("docs", "gpu.md"), re.M)
    assert len(rows) == 4
    for row, name in zip(rows, ("toy", "mnist", "cifar_dcgan", "cifar_resnet")):
        command, *figures = row.strip("| ").split(" | ")
        assert f"{CASES[name].script}.py" in command
        iterations, milliseconds, hours = (float(x.replace(",", "")) for x in figures)
        expected = measured[name, "paddle" if name == "toy" else "onednn"]
        assert iterations == speed.iterations_of(name)
        assert milliseconds == pytest.approx(expected, abs=0.051)
        assert hours == pytest.approx(iterations * expected / 3.6e6, abs=0.051)
