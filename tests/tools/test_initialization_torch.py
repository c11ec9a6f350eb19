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

"""The comparison of initial weights, and of this project with the port, on short trainings."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from tools.initialization import __main__ as tool  # noqa: E402
from tools.initialization import alike  # noqa: E402
from tools.initialization import runs  # noqa: E402
from tools.initialization import statistics  # noqa: E402

TINY = ("MODEL.dim=16", "TRAIN.batch_size=32", "TRAIN.iters_per_epoch=10")


@pytest.fixture
def few_samples(monkeypatch):
    monkeypatch.setattr(runs, "SAMPLES", 50)


def test_both_sides_do_the_same_from_the_same_numbers(few_samples, monkeypatch):
    found = alike.compare(0, TINY)
    assert set(found["loss_deviation"]) == {"1", "10"}
    assert found["loss_deviation"]["10"] < 1e-4
    ours, theirs = found["scores"]["project"], found["scores"]["port"]
    assert ours["W2"] == pytest.approx(theirs["W2"], rel=1e-4)
    # a fault: the port's critic takes one step fewer
    iterate = runs.iterate

    def too_few(trainer, iterations):
        trainer.critic_step()
        iterate(trainer, iterations)

    monkeypatch.setattr(runs, "iterate", too_few)
    with pytest.raises(ValueError, match="51 losses beside 50"):
        alike.compare(0, TINY)
    monkeypatch.setattr(runs, "iterate", iterate)
    copy = runs.copy_weights

    def copy_badly(gan, trainer):
        copy(gan, trainer)
        with torch.no_grad():
            next(trainer.critic.parameters()).mul_(1.01)

    monkeypatch.setattr(runs, "copy_weights", copy_badly)
    assert alike.compare(0, TINY)["loss_deviation"]["1"] > 1e-3


def test_a_nudge_is_of_the_size_of_rounding():
    found = alike.nudge(0, TINY)
    assert 0 < found["1"] < 1e-5 and found["10"] < 1e-3


@pytest.mark.parametrize("name", ["project_paddle_paper", "port_framework_paper"])
def test_a_run_is_decided_by_its_seed(few_samples, name):
    first, again, other = (runs.run(runs.ARMS[name], seed, TINY) for seed in (1, 1, 2))
    assert first == again != other
    assert set(first) == set(statistics.SCORES)


def test_scores_of_real_points():
    distribution = runs.toy_distribution("8gaussians")
    points = distribution.sample(400, np.random.default_rng(1))
    found = runs.scores(points, "8gaussians")
    assert (found["modes_covered"], found["near"]) == (8, 1.0)
    assert 0.95 < found["high_quality"] < 1 and found["W2"] < 0.6
    beside = runs.scores(points + [[0.1, 0.0]], "8gaussians")
    assert (beside["modes_covered"], beside["near"]) == (0, 1.0)


def some_runs():
    low = {str(seed): {score: seed for score in statistics.SCORES} for seed in range(8)}
    high = {
        seed: {score: 10 + x for score, x in run.items()} for seed, run in low.items()
    }
    return {"project_paper_paper": low, "port_paper_paper": high}


def test_statistics_in_closed_form():
    found = some_runs()
    mean = statistics.summary(found)["project_paper_paper"]["W2"]
    assert mean["mean"] == 3.5
    assert mean["standard_error"] == pytest.approx(np.sqrt(6 / 8))
    (p_values,) = statistics.rank_tests(found).values()
    # of the 12870 ways to rank 16 runs two are as far apart
    assert p_values["W2"] == pytest.approx(2 / 12870)
    text = statistics.tables(found)
    assert "| port_paper_paper | 8 | 13.500 ± 0.866 |" in text


def test_what_has_run_is_kept(few_samples, monkeypatch, tmp_path, capsys):
    question = "project against port, the paper's weights"
    pair = {question: statistics.PAIRS[question]}
    monkeypatch.setattr(statistics, "PAIRS", pair)
    tool.main([str(tmp_path), "--seeds", "1", *TINY])
    first = json.loads((tmp_path / "initialization.json").read_text())
    assert list(first["runs"]) == list(pair[question])
    for name in ("compare", "nudge"):  # what is called again fails
        monkeypatch.setattr(alike, name, None)
    done = runs.run
    called = []
    monkeypatch.setattr(runs, "run", lambda *a: called.append(a[1]) or done(*a))
    tool.main([str(tmp_path), "--seeds", "2", *TINY])
    assert called == [1, 1]
    second = json.loads((tmp_path / "initialization.json").read_text())
    assert (
        second["runs"]["port_paper_paper"]["0"]
        == first["runs"]["port_paper_paper"]["0"]
    )
    assert "project_paper_paper | 2 |" in capsys.readouterr().out
