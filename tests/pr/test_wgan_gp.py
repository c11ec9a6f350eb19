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

"""The WGAN-GP example: its penalty in closed form, and a run of the toy case."""

from __future__ import annotations

import importlib
import json
import runpy
import sys
from os import path as osp

import numpy as np
import paddle
import pytest

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
SCRIPT = osp.join(ROOT, "examples/wgan_gp/cases/wgan_gp_toy.py")
SMALL = ["MODEL.dim=8", "TRAIN.batch_size=16", "EVAL.num_samples=50"]


@pytest.fixture(autouse=True)
def folder_of_the_example(tmp_path, monkeypatch):
    """As for a script that is started; what is written goes to a temporary folder."""
    monkeypatch.syspath_prepend(osp.dirname(SCRIPT))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def losses():
    return importlib.import_module("wgan_gp.utils.losses")


@pytest.mark.parametrize("slope", [0.0, 0.5, 3.0])
@pytest.mark.parametrize(
    "form, cost",
    [
        ("two_sided", lambda s: (s - 1) ** 2),
        ("one_sided", lambda s: max(0, s - 1) ** 2),
        ("zero_centred", lambda s: s**2),
    ],
)
def test_penalty_of_a_linear_critic(losses, slope, form, cost):
    weight = paddle.to_tensor([0.6 * slope, 0.8 * slope], stop_gradient=False)
    real, fake = paddle.randn([2, 5, 2])
    penalty, slopes = losses.gradient_penalty(
        lambda x: x @ weight, real, fake, form=form
    )
    assert float(penalty) == pytest.approx(cost(slope), abs=1e-6)
    np.testing.assert_allclose(slopes.numpy(), slope, atol=1e-6)
    penalty.backward()
    assert np.isfinite(weight.grad.numpy()).all()  # also where the slope is zero


def test_interpolates_lie_between_and_ask_for_a_gradient(losses):
    real, fake = paddle.zeros([4, 3]), paddle.ones([4, 3])
    fake.stop_gradient = False
    points = losses.interpolate(real, fake)
    assert points.is_leaf and not points.stop_gradient
    assert bool(((points >= 0) & (points <= 1)).all())
    assert bool((points == points[:, :1]).all())  # one weight for each sample


def run(monkeypatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", [SCRIPT, "output_dir=run", *SMALL, *arguments])
    try:
        runpy.run_path(SCRIPT, run_name="__main__")
    except SystemExit as end:
        assert not end.code


def test_the_toy_case_trains_and_evaluates(monkeypatch, tmp_path):
    run(monkeypatch, "mode=train", "TRAIN.epochs=1", "TRAIN.iters_per_epoch=3")
    assert (tmp_path / "run" / "critic.pdparams").exists()
    run(monkeypatch, "mode=eval")
    result = json.loads((tmp_path / "run" / "eval.json").read_text())
    assert result["iteration"] == 3


if __name__ == "__main__":
    pytest.main()
