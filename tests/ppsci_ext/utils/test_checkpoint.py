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

import os

import numpy as np
import pytest

from ppsci_ext.utils import UserError
from ppsci_ext.utils import checkpoint


def save(root, iteration, keep=2):
    arrays = {"a/b": np.arange(6, dtype="float32").reshape(2, 3) + iteration}
    return checkpoint.save_checkpoint(
        str(root), iteration, arrays, {"n": iteration}, keep
    )


def test_round_trip(tmp_path):
    folder = save(tmp_path, 7)
    arrays, state = checkpoint.load_checkpoint(folder)
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


def test_a_failing_write_leaves_the_one_before(tmp_path, monkeypatch):
    good = save(tmp_path, 1)
    monkeypatch.setattr(os, "rename", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        save(tmp_path, 2)
    assert checkpoint.latest_checkpoint(str(tmp_path)) == good
    assert checkpoint.list_checkpoints(str(tmp_path)) == ["iter_00000001"]
    checkpoint.load_checkpoint(good)


def test_damage_is_said_in_one_sentence(tmp_path):
    folder = save(tmp_path, 1)
    path = tmp_path / "iter_00000001" / "state.safetensors"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(UserError, match="iter_00000001 can't be read"):
        checkpoint.load_checkpoint(folder)
    (tmp_path / "latest").write_text("iter_00000009\n")
    with pytest.raises(UserError, match="iter_00000009.*not there"):
        checkpoint.latest_checkpoint(str(tmp_path))


def test_no_checkpoint_yet(tmp_path):
    assert checkpoint.latest_checkpoint(str(tmp_path / "none")) is None
    assert checkpoint.list_checkpoints(str(tmp_path / "none")) == []
