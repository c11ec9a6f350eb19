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

"""The authors' code number by number; tolerances as in tests/golden/README.md."""

from __future__ import annotations

import glob
import json
import subprocess
import sys
from os import path as osp

import numpy as np
import pytest

from tests import golden
from tests.helpers.onednn_env import onednn_or_skip

FOLDER = osp.join(osp.dirname(osp.abspath(__file__)), "golden")
TRACES = sorted(osp.basename(path) for path in glob.glob(osp.join(FOLDER, "*.npz")))


def test_all_traces_are_there():
    assert len(TRACES) == 8


PATHS = [(name, "paddle") for name in TRACES] + [
    (name, "onednn") for name in TRACES if not name.startswith("toy")  # without one
]


@pytest.mark.parametrize("name, convolution", PATHS)
def test_replay(name, convolution):
    if convolution == "onednn":
        onednn_or_skip()
    errors = golden.replay(osp.join(FOLDER, name), convolution)
    if name == "layernorm.npz":
        assert len(errors) == 23
        assert all(error < golden.LAYER_NORM_TOLERANCE for error in errors.values())
        return
    expected = set(golden.TOLERANCES) - (
        set() if "wgan_gp" in name or "resnet" in name else {"slopes"}
    )
    assert set(errors) == expected
    trace = osp.splitext(name)[0]
    too_large = {
        key: error
        for key, error in errors.items()
        if not error < golden.tolerance(trace, key)
    }
    assert not too_large


def test_a_changed_trace_is_noticed(tmp_path):
    """The comparison can fail: a weight off by 1 % shows in every quantity behind it."""
    with np.load(osp.join(FOLDER, "toy_wgan_gp.npz")) as file:
        trace = dict(file)
    trace["param/Discriminator.2.Linear.W"] = (
        1.01 * trace["param/Discriminator.2.Linear.W"]
    )
    path = tmp_path / "changed.npz"
    np.savez(path, **trace)
    errors = golden.replay(str(path))
    for key in ("scores", "cost", "slopes", "grad_critic", "gen_cost", "final_max"):
        assert errors[key] > golden.TOLERANCES[key]
    assert errors["fake"] < golden.TOLERANCES["fake"]  # the generator was left alone


def test_command_line_prints_one_json_object():
    path = osp.join(FOLDER, "toy_wgan.npz")
    done = subprocess.run(
        [sys.executable, "-m", "tests.golden", path],
        cwd=osp.dirname(osp.dirname(FOLDER)),
        capture_output=True,
        text=True,
        check=True,
    )
    errors = json.loads(done.stdout)
    assert errors["final_max"] < 1e-4
