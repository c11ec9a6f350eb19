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

"""bench_step.py from end to end at tiny widths, its workers, and its refusals."""

from __future__ import annotations

import importlib.util
import json
import sys

import pytest

from benchmarks import bench_step
from benchmarks import workers
from benchmarks.paddle_worker import compose_settings
from tests.helpers import onednn_env
from tests.helpers import peers

HAS_TORCH = importlib.util.find_spec("torch") is not None
SHORT = "--dim 8 --batch-size 4 --iterations 3 --warmup 1".split()


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run the program; returns its lines, and what it wrote to the standard error."""

    monkeypatch.setattr(workers, "PAUSE", 0)

    def run_bench(*arguments):
        path = tmp_path / "step.jsonl"
        monkeypatch.setattr(
            sys, "argv", ["bench_step.py", *arguments, "--json", str(path)]
        )
        bench_step.main()
        captured = capsys.readouterr()
        assert captured.out == path.read_text()
        return [json.loads(line) for line in captured.out.splitlines()], captured.err

    return run_bench


def check_times(line, n_critic):
    """What holds for the line of any variant."""
    for step in bench_step.STEPS:
        low, high = line[f"{step}_quartiles"]
        assert 0 < low <= line[f"{step}_milliseconds"] <= high
    per_second = n_critic * 4 * 1000 / line["iteration_milliseconds"]
    assert line["images_per_second"] == pytest.approx(per_second, rel=1e-3)
    assert 0 < line["peak_above_imports_megabytes"] < line["peak_megabytes"]


def check(line):
    """The same, and the bound, of a case with five steps of the critic."""
    check_times(line, 5)
    for step in bench_step.STEPS:
        assert line[f"{step}_bound_milliseconds"] < line[f"{step}_milliseconds"]
        assert line[f"{step}_gflop"] > 0
    gflop = 5 * line["critic_gflop"] + line["generator_gflop"]
    assert line["iteration_gflop"] == pytest.approx(gflop, abs=1e-5)


def test_toy_by_paddle(run):
    (line,), summary = run("--case", "toy", *SHORT)
    assert (line["case"], line["dim"], line["batch_size"]) == ("toy", 8, 4)
    assert (line["variant"], line["relative_to"]) == ("paddle", "paddle")
    assert line["iteration_median_ratio"] == line["iteration_ratio_of_medians"] == 1
    # G: 2-8-8-8-2, C: 2-8-8-8-1
    generator, critic = 2 * (16 + 64 + 64 + 16), 2 * (16 + 64 + 64 + 8)
    step = generator + 2 * (3 * critic - 2 * 16) + 4 * critic
    assert line["critic_gflop"] == pytest.approx(4 * step / 1e9, abs=5e-7)
    check(line)
    assert summary.startswith("toy, dim 8, paddle: ")


@pytest.mark.parametrize("case", bench_step.CASES)
def test_all_convolutions_are_measured_where_a_case_has_the_choice(case):
    specs = bench_step.paddle_specs(case, 8, 4)
    for variant, spec in specs.items():
        cfg = compose_settings(spec["case"], tuple(spec["overrides"]))
        assert (cfg.MODEL.dim, cfg.TRAIN.batch_size) == (8, 4)
        expected = "onednn" if variant == "no_compiler" else variant
        assert cfg.MODEL.get("convolution", "paddle") == expected
    assert ("onednn" in specs) == ("convolution" in cfg.MODEL)


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed")
def test_motion_beside_torch(run):
    onednn_env.onednn_or_skip()
    lines, summary = run("--case", "motion", *SHORT, "--compare", "torch")
    found = [line["variant"] for line in lines]
    assert found == ["onednn", "no_compiler", "paddle", "torch"]
    for line in lines:
        check_times(line, 5)
        assert not any(
            "bound" in name or "gflop" in name
            for name in line
            if name != "product_gflop_per_second"
        )
    assert "bound" not in summary


@pytest.mark.skipif(not peers.HAVE_JAX, reason=peers.NO_JAX)
def test_toy_beside_jax(run):
    lines, _ = run("--case", "toy", *SHORT, "--compare", "jax", "--peers", peers.PYTHON)
    assert [line["variant"] for line in lines] == ["paddle", "jax"]
    for line in lines:
        check(line)
        assert line["relative_to"] == "jax"


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed")
def test_cifar_beside_torch(run):
    onednn_env.onednn_or_skip()
    lines, summary = run("--case", "cifar_resnet", *SHORT, "--compare", "torch")
    by_variant = {line["variant"]: line for line in lines}
    assert list(by_variant) == ["onednn", "no_compiler", "paddle", "torch"]
    for line in lines:
        check(line)
        assert line["relative_to"] == "torch"
        assert line["threads"] == by_variant["torch"]["threads"]
        ratio = (
            line["iteration_milliseconds"]
            / by_variant["torch"]["iteration_milliseconds"]
        )
        assert line["iteration_ratio_of_medians"] == pytest.approx(ratio, rel=1e-2)
    assert by_variant["torch"]["iteration_median_ratio"] == 1
    assert by_variant["torch"]["version"].startswith("2.")
    assert len(summary.splitlines()) == len(lines)


def test_an_unknown_case_is_refused(run, capsys):
    with pytest.raises(SystemExit) as end:
        run("--case", "cifar")
    assert end.value.code == 2
    message = capsys.readouterr().err
    assert "'cifar'" in message and "cifar_resnet" in message


def test_no_iterations_are_refused(run, capsys):
    with pytest.raises(SystemExit) as end:
        run("--iterations", "0")
    assert end.value.code == 2
    assert "--iterations" in capsys.readouterr().err


def test_a_missing_peer_is_told_of_before_any_work(run, monkeypatch, tmp_path):
    monkeypatch.setattr(workers, "Worker", None)
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(SystemExit) as end:
        run("--peers", str(python), "--compare", "jax")
    # Python prints a text and exits with 1
    assert end.value.code.startswith("error: --compare jax needs the package jax")


def test_the_fastest_peer_that_has_the_case_is_the_reference():
    seconds = {"paddle": [1.0], "torch": [3.0, 9.0, 3.0], "jax": [4.0, 2.0, 4.0]}
    assert bench_step.fastest(seconds, ["torch", "jax"]) == "torch"
    assert bench_step.fastest(seconds, []) == "paddle"
    assert bench_step.peers_of("motion", ["torch", "torch_tuned", "jax"]) == ["torch"]
    assert bench_step.peers_of("mnist", ["jax", "torch"]) == ["jax", "torch"]


def test_what_the_case_refuses_is_told_in_its_words(run):
    with pytest.raises(SystemExit) as end:
        run("--case", "toy", "--dim", "100000")
    assert "MODEL.dim=100000 is refused" in end.value.code


def test_turns_are_in_another_order_each_round_and_each_is_timed(monkeypatch):
    order = []

    class Fake:
        def __init__(self, name, seconds):
            self.name, self.seconds = name, seconds

        def start(self, task):
            order.append((self.name, task))

        def finish(self):
            return workers.Reply(self.seconds, None)

    monkeypatch.setattr(workers, "PAUSE", 0)
    groups = {"a": [Fake("a", 1.0), Fake("b", 3.0)], "c": [Fake("c", 2.0)]}
    seconds = workers.take_turns(groups, "step", 20)
    assert seconds == {"a": [3.0] * 20, "c": [2.0] * 20}  # the slower of a and b
    assert {task for _, task in order} == {"step"}
    rounds = {tuple(name for name, _ in order[i : i + 3]) for i in range(0, 60, 3)}
    assert rounds == {("a", "b", "c"), ("c", "a", "b")}


@pytest.fixture
def a_worker(tmp_path, monkeypatch):
    """Starts a worker whose module is the text given."""
    started = []

    def start(text):
        (tmp_path / "a_worker.py").write_text(text)
        environment = {"PYTHONPATH": f"{workers.ROOT}:{tmp_path}"}
        started.append(workers.Worker("a_worker", {"count": 3}, environment))
        return started[-1]

    yield start
    for worker in started:
        worker.close()


def test_worker_answers_with_its_own_time_and_a_result(a_worker):
    worker = a_worker(
        "import json, sys, time\n"
        "from benchmarks.workers import Server\n"
        "server = Server()\n"
        "print('noise on the standard output')\n"
        "wait = lambda: time.sleep(0.05) or json.loads(sys.argv[1])['count']\n"
        "grow = lambda: sum(bytearray(b'x' * 40_000_000)[::4096]) and None\n"
        "server.serve({'wait': wait, 'grow': grow}, version='1')\n"
    )
    assert worker.wait_until_ready() == {"version": "1"}
    reply = worker.run("wait")
    assert reply.result == 3
    assert 0.05 <= reply.seconds < 1
    before = worker.run("memory").result
    worker.run("grow")
    after = worker.run("memory").result
    grown = after["peak"] - before["peak"]
    assert 35 < grown < 120  # of 38 MiB, once or twice
    assert after["above_imports"] - before["above_imports"] == pytest.approx(grown)


def test_a_worker_that_ends_is_no_silent_loss(a_worker):
    worker = a_worker("import sys\nsys.exit('out of luck')\n")
    with pytest.raises(workers.WorkerFailed, match="status 1: out of luck"):
        worker.wait_until_ready()
    worker = a_worker(
        "from benchmarks.workers import Server\n"
        "Server().serve({'fail': lambda: 1 / 0}, version='1')\n"
    )
    worker.wait_until_ready()
    with pytest.raises(workers.WorkerFailed, match="ZeroDivisionError"):
        worker.run("fail")
