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

"""The folder of a run: begun, gone on with, removed or renamed meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import shutil

import pytest

from ppsci_ext.solver import RunFolder
from ppsci_ext.solver import run_folder
from ppsci_ext.utils import UserError
from ppsci_ext.utils import checkpoint
from tests.helpers import small_runs
from tests.helpers.forks import Forks

COMMAND_LINE = {name: f"TRAIN.{name}" for name in ("resume", "may_differ")}


@pytest.fixture
def said(monkeypatch):
    lines = []
    for level in ("warning", "message"):
        note = lambda text, level=level: lines.append((level, text))
        monkeypatch.setattr(run_folder.logger, level, note)
    return lines


def begun(path, *iterations):
    """A folder as a killed run leaves it, with checkpoints at some iterations."""
    folder = RunFolder(str(path))
    with contextlib.ExitStack() as stack:
        folder.lock(stack)
        assert folder.open() is None
        for iteration in range(1, 6):
            folder.append({"iteration": iteration})
            if iteration in iterations:
                folder.save_checkpoint(iteration, {}, {})
    return path


def open_again(path, **options):
    folder = RunFolder(str(path), **options)
    with contextlib.ExitStack() as stack:
        folder.lock(stack)
        return folder, folder.open()


# how a run begins


@pytest.mark.parametrize("resume", [True, "auto"])
def test_without_a_checkpoint_it_begins_anew_and_says_so(tmp_path, said, resume):
    path = begun(tmp_path / "run")
    folder, saved = open_again(path, resume=resume)
    assert saved is None and folder.metrics.records == []
    assert (path / "metrics.jsonl").read_text() == ""
    ((level, text),) = said
    assert level == ("message" if resume == "auto" else "warning")
    assert "no checkpoint to go on from: the training starts from the beginning" in text


@pytest.mark.parametrize("resume", [True, "auto"])
@pytest.mark.parametrize("exists", [True, False])
def test_a_new_folder_can_be_resumed_too(tmp_path, said, resume, exists):
    if exists:
        (tmp_path / "run").mkdir()
    _, saved = open_again(tmp_path / "run", resume=resume)
    assert saved is None and len(said) == 1


@pytest.mark.parametrize("resume", [True, "auto"])
def test_with_checkpoints_it_goes_on_from_the_newest(tmp_path, said, resume):
    path = begun(tmp_path / "run", 2, 4)
    folder, saved = open_again(path, resume=resume)
    assert saved.state["iteration"] == 4 and said == []
    folder.go_back(saved)
    assert [r["iteration"] for r in folder.metrics.records] == [1, 2, 3, 4]


@pytest.mark.parametrize("iterations", [(), (2,)])
@pytest.mark.parametrize(
    "names, how", [({}, "resume=True,"), (COMMAND_LINE, "TRAIN.resume=true,")]
)
def test_a_run_that_is_not_to_be_resumed_is_refused(tmp_path, iterations, names, how):
    """Also one that was killed before its first checkpoint; the advice then holds."""
    path = begun(tmp_path / "run", *iterations)
    before = (path / "metrics.jsonl").read_bytes()
    with pytest.raises(UserError, match=f"already holds a run: go on with it by {how}"):
        open_again(path, names=names)
    assert (path / "metrics.jsonl").read_bytes() == before
    open_again(path, names=names, resume=True)


@pytest.mark.parametrize("resume", ["true", "yes", "", 1, 0, None, ["auto"]])
def test_resume_is_one_of_three(resume):
    with pytest.raises(UserError, match="resume=.*: give True, False or 'auto'"):
        RunFolder("x", resume=resume)


def test_what_killed_processes_left_is_removed(tmp_path):
    path = begun(tmp_path / "run", 2)
    dead = 2**22 + 1  # beyond the numbers of processes
    (path / "samples").mkdir()
    left = [path / f".curves.png.{dead}.tmp", path / f"samples/.real.png.{dead}.tmp"]
    mine = [path / "notes.tmp", path / ".curves.png.tmp"]
    for file in left + mine:
        file.write_text("x")
    open_again(path, resume=True)
    assert [file.exists() for file in left + mine] == [False, False, True, True]


# the folder is taken away


def remove(path):
    shutil.rmtree(path)


def rename(path):
    os.rename(path, f"{path}-2")


def replace(path):
    rename(path)
    path.mkdir()


def parent_renamed(path):
    os.rename(path.parent, f"{path.parent}-2")


def parent_becomes_a_file(path):
    parent_renamed(path)
    path.parent.write_text("x")


AWAY = [remove, rename, replace, parent_renamed, parent_becomes_a_file]
WRITES = {
    "a record": lambda folder: folder.append({"iteration": 9}),
    "a text": lambda folder: folder.write("config.yaml", "x"),
    "a checkpoint": lambda folder: folder.save_checkpoint(9, {}, {}),
    "weights": lambda folder: folder.save_weights("generator", None),
    "pictures": lambda folder: folder.require_in_place(),
}


@pytest.mark.parametrize("away", AWAY)
@pytest.mark.parametrize("write", WRITES)
def test_the_next_write_notices(tmp_path, away, write):
    path = tmp_path / "parent" / "run"
    folder, _ = open_again(path, names=COMMAND_LINE)
    folder.append({"iteration": 1})
    away(path)
    with pytest.raises(UserError) as refused:
        WRITES[write](folder)
    told = str(refused.value)
    assert told.startswith(f"{path} was removed or renamed while")
    assert "output_dir and TRAIN.resume=true." in told
    assert not path.exists() or list(path.iterdir()) == []


@pytest.fixture(scope="module")
def forks(tmp_path_factory):
    forks = Forks(str(tmp_path_factory.mktemp("printed")), "tests.helpers.small_runs")
    yield forks
    forks.close()


@pytest.mark.parametrize("how", ["remove", "rename", "replace"])
@pytest.mark.parametrize("moment", [5, 8])  # within an epoch, at the end of one
def test_a_training_stops_with_a_sentence(forks, tmp_path, how, moment):
    path = tmp_path / "run"
    process = forks.start("toy_without_folder", str(path), how, moment)
    assert forks.wait(process) == 2
    printed = forks.printed(process)
    error = [line for line in printed.splitlines() if line.startswith("error: ")]
    assert len(error) == 1 and f"{path} was removed or renamed" in error[0]
    assert "Traceback" not in printed
    if how == "remove":
        return
    # nothing was written beside it, and the renamed folder goes on
    assert not path.exists() or list(path.iterdir()) == []
    renamed = tmp_path / "run-2"
    assert forks.run("toy", str(renamed), True) == 0
    records = [json.loads(x) for x in (renamed / "metrics.jsonl").open()]
    assert [r["iteration"] for r in records if "eval" not in r] == [3, 6, 9, 12]


# settings


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = RunFolder()
    with contextlib.ExitStack() as stack:
        folder.refuse_if_in_use()
        folder.lock(stack)
        assert folder.open() is None
        folder.append({"iteration": 1})
        folder.write("a", "b")
        folder.require_in_place()
        assert folder.save_checkpoint(1, {}, {}) is None
    assert folder.metrics.records == [{"iteration": 1}] and not os.listdir(tmp_path)


def test_a_path_object(tmp_path):
    folder = RunFolder(tmp_path / "run")
    assert folder.path == str(tmp_path / "run")


def test_changes_are_recorded_in_the_run(tmp_path):
    path = begun(tmp_path / "run", 4)
    saved = checkpoint.load_newest(str(path / "checkpoints"))
    saved.state["course"] = {"rate": 1.0, "seed": 1}
    options = {"course": {"rate": 2.0, "seed": 1}, "may_differ": ["rate"]}
    assert RunFolder(**options).changes_since(saved) == {"rate": [1.0, 2.0]}
    with pytest.raises(UserError, match=r"differ by may_differ=\['rate'\], or train"):
        RunFolder(course={"rate": 2.0, "seed": 1}).changes_since(saved)


def test_a_solver_goes_on_with_other_data_on_purpose_only(tmp_path):
    def solver(**options):
        solver = small_runs.toy_solver(str(tmp_path / "run"), resume="auto")
        for name, value in options.items():
            setattr(solver, name, value)
        return solver

    first = solver(epochs=1)
    first.train()
    other = solver()
    other.stream._source.samples[0] += 1  # its digest is not taken yet
    with pytest.raises(UserError, match="other data, 31 samples .digest .* 31 samples"):
        other.train()
    other.folder.allow_other_data = True
    other.train()
    records = [json.loads(x) for x in (tmp_path / "run" / "metrics.jsonl").open()]
    (changed,) = [r for r in records if "changed" in r]
    then, now = changed["changed"]["data"]
    assert changed["iteration"] == 4 and then != now and "31 samples" in now
