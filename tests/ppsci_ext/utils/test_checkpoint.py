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

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import tempfile
from os import path as osp
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from ppsci_ext.utils import UserError
from ppsci_ext.utils import checkpoint


@pytest.fixture
def ended():
    """Number of a process that has ended."""
    return (
        subprocess.run(["sh", "-c", "echo $$"], capture_output=True)
        .stdout.strip()
        .decode()
    )


def save(root, iteration, keep=2, keep_every=None):
    arrays = {"a/b": np.arange(6, dtype="float32").reshape(2, 3) + iteration}
    return checkpoint.save_checkpoint(
        str(root), iteration, arrays, {"n": iteration}, keep, keep_every
    )


def test_round_trip(tmp_path):
    folder = save(tmp_path, 7)
    where, arrays, state = checkpoint.load_checkpoint(folder)
    assert where == folder
    assert state == {"n": 7}
    np.testing.assert_array_equal(arrays["a/b"], np.arange(6.0).reshape(2, 3) + 7)
    assert (tmp_path / "latest").read_text().strip() == "iter_00000007"
    assert checkpoint.latest_checkpoint(str(tmp_path)) == folder


def test_the_newest_are_kept(tmp_path):
    for iteration in (1, 2, 3, 10):
        save(tmp_path, iteration)
    assert checkpoint.list_checkpoints(str(tmp_path)) == [
        "iter_00000003",
        "iter_00000010",
    ]


def test_multiples_are_kept_too(tmp_path):
    for iteration in range(1, 9):
        save(tmp_path, iteration, keep=1, keep_every=3)
    assert checkpoint.list_checkpoints(str(tmp_path)) == [
        f"iter_{iteration:08d}" for iteration in (3, 6, 8)
    ]


@given(
    st.sets(st.integers(1, 10**9), max_size=20),
    st.integers(1, 10),
    st.none() | st.integers(1, 100),
)
def test_which_are_kept(iterations, newest, every):
    kept = checkpoint.iterations_to_keep(sorted(iterations), newest, every)
    assert kept <= iterations
    for iteration in iterations:
        later = sum(other > iteration for other in iterations)
        multiple = every is not None and iteration % every == 0
        assert (iteration in kept) == (later < newest or multiple)


def test_more_than_eight_digits(tmp_path):
    for iteration in (99_999_999, 100_000_000):
        save(tmp_path, iteration)
    (tmp_path / "latest").unlink()
    assert checkpoint.load_newest(str(tmp_path)).state == {"n": 100_000_000}


def test_checkpoints_of_a_course_that_was_left_go(tmp_path):
    for iteration in (4, 8, 12):
        save(tmp_path, iteration, keep=3)
    save(tmp_path, 5, keep=3)
    assert checkpoint.list_checkpoints(str(tmp_path)) == [
        "iter_00000004",
        "iter_00000005",
    ]


def test_a_checkpoint_takes_the_place_of_a_damaged_one(tmp_path):
    folder = save(tmp_path, 4)
    os.remove(osp.join(folder, "state.json"))
    save(tmp_path, 4)
    assert checkpoint.load_checkpoint(folder).state == {"n": 4}
    assert sorted(os.listdir(tmp_path)) == ["iter_00000004", "latest"]


def test_leftovers_of_a_kill_go_with_the_next_save(tmp_path, ended):
    for name in (f".iter_00000003.{ended}.tmp", f".iter_00000001.old.{ended}.tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "state.json").write_text("{")
    (tmp_path / f".latest.{ended}.tmp").write_text("iter")
    assert checkpoint.list_checkpoints(str(tmp_path)) == []
    save(tmp_path, 4)
    assert sorted(os.listdir(tmp_path)) == ["iter_00000004", "latest"]


def test_digests_are_those_of_sha256sum(tmp_path):
    folder = save(tmp_path, 1)
    done = subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=folder)
    assert done.returncode == 0
    assert sorted(os.listdir(folder)) == [
        "SHA256SUMS",
        "state.json",
        "state.safetensors",
    ]


def test_a_failing_write_leaves_the_one_before(tmp_path, monkeypatch):
    good = save(tmp_path, 1)
    monkeypatch.setattr(os, "rename", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(UserError, match="iter_00000002 can't be written .full"):
        save(tmp_path, 2)
    assert sorted(os.listdir(tmp_path)) == ["iter_00000001", "latest"]
    assert checkpoint.latest_checkpoint(str(tmp_path)) == good
    assert checkpoint.list_checkpoints(str(tmp_path)) == ["iter_00000001"]
    checkpoint.load_checkpoint(good)


def test_no_checkpoint_yet(tmp_path):
    assert checkpoint.latest_checkpoint(str(tmp_path / "none")) is None
    assert checkpoint.list_checkpoints(str(tmp_path / "none")) == []
    assert checkpoint.load_newest(str(tmp_path / "none")) is None


def with_state(root, iteration, content):
    """A checkpoint that holds this state.json, with the right digest."""
    folder = save(root, iteration)
    path = Path(folder) / "state.json"
    path.write_bytes(content)
    digests = (Path(folder) / "SHA256SUMS").read_text().splitlines()
    digests[1] = f"{hashlib.sha256(content).hexdigest()}  state.json"
    (Path(folder) / "SHA256SUMS").write_text("\n".join(digests))
    return folder


def fallen_back(root, monkeypatch):
    """The warning with which the checkpoint of iteration 1 is taken."""
    warnings = []
    monkeypatch.setattr(checkpoint.logger, "warning", warnings.append)
    assert checkpoint.load_newest(str(root)).state == {"n": 1}
    assert len(warnings) == 1 and "iter_00000002" in warnings[0]
    return warnings[0]


STATES = {
    "NaN": (b'{"n": NaN}', "number NaN"),
    "infinity": (b'{"n": [1, {"x": -Infinity}]}', "number -Infinity"),
    "overflow": (b'{"n": 1e999}', "number 1e999"),
    "deep list": (b'{"n": ' + b"[" * 10**5 + b"]" * 10**5 + b"}", "nested"),
    "rather deep list": (b'{"n": ' + b"[" * 150 + b"]" * 150 + b"}", "nested"),
    "rather deep": (b'{"n": ' + b'{"a": ' * 150 + b"1" + b"}" * 151, "nested"),
    "open lists": (b"[" * 10**6, "nested"),
    "list": (b"[1]", "no dictionary"),
    "number": (b"2", "no dictionary"),
    "cut": (b'{"n": 2', "state.json"),
    "no text": (b'{"n": "\xff"}', "state.json"),
    "empty": (b"", "state.json"),
    "long": (b'{"n": 2' + b" " * (1 << 24) + b"}", "longer than"),
}


@pytest.mark.parametrize("content, problem", STATES.values(), ids=STATES)
def test_a_state_that_no_training_has_written(tmp_path, monkeypatch, content, problem):
    save(tmp_path, 1)
    with_state(tmp_path, 2, content)
    assert problem in fallen_back(tmp_path, monkeypatch)


@pytest.mark.parametrize("name", ["state.json", "state.safetensors", "SHA256SUMS"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "missing"])
def test_something_else_in_the_place_of_a_file(tmp_path, monkeypatch, name, kind):
    save(tmp_path, 1)
    path = osp.join(save(tmp_path, 2), name)
    os.remove(path)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        os.mkdir(path)
    elif kind == "device":
        os.symlink("/dev/zero", path)
    assert name in fallen_back(tmp_path, monkeypatch)


@pytest.mark.parametrize("value", [math.nan, math.inf, [{"x": -math.inf}]])
def test_a_state_that_could_not_be_read_again_is_not_written(tmp_path, value):
    save(tmp_path, 1)
    with pytest.raises(UserError, match="iter_00000002 is not written"):
        checkpoint.save_checkpoint(str(tmp_path), 2, {}, {"n": value}, keep=2)
    assert checkpoint.load_newest(str(tmp_path)).state == {"n": 1}


@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text()
            | st.floats(allow_nan=False, allow_infinity=False),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
    )
)  # fmt: skip
@settings(max_examples=15, deadline=None)
def test_any_state_comes_back(state):
    with tempfile.TemporaryDirectory() as root:
        folder = checkpoint.save_checkpoint(root, 1, {}, state, keep=1)
        assert checkpoint.load_checkpoint(folder).state == state
