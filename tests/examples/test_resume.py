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

"""Going on with a run from Python; what a call refuses as the configuration does."""

from __future__ import annotations

import json
import os
import sys
from os import path as osp

import numpy as np
import paddle
import pytest
from paddle import io
from paddle import nn
from wgan_gp.cases import wgan_gp_toy
from wgan_gp.models import WGAN
from wgan_gp.models import WGAN_GP
from wgan_gp.utils.config import launch
from wgan_gp.utils.terms import drift_term

from ppsci_ext.utils import UserError


def points(seed=0):
    return np.random.default_rng(seed).standard_normal((40, 2)).astype("float32")


def gan(kind=WGAN_GP, **options):
    paddle.seed(7)
    critic = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    return kind(nn.Linear(2, 2), critic, **options)


def train(model, iterations=4, data=None, **options):
    data = points() if data is None else data
    return model.train(data, **{"batch_size": 8, "iterations": iterations, **options})


def weights(model):
    return [p.numpy() for p in model.generator.parameters() + model.critic.parameters()]


@pytest.mark.parametrize("resume", [True, "auto"])
def test_going_on_is_as_if_nothing_had_been(tmp_path, resume):
    whole = train(gan(), 6, output_dir=str(tmp_path / "whole"))
    train(gan(), 4, output_dir=str(tmp_path / "parts"))
    resumed = train(gan(), 6, output_dir=str(tmp_path / "parts"), resume=resume)
    for found, expected in zip(weights(resumed), weights(whole)):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("form", ["as a text", "as a path", "in numbers of NumPy"])
def test_a_used_folder_is_refused_with_advice_that_holds(tmp_path, form):
    options = {"output_dir": tmp_path / "run"}
    if form == "as a text":
        options = {"output_dir": str(tmp_path / "run")}
    if form == "in numbers of NumPy":
        options.update(g_learning_rate=np.float32(1e-3), seed=np.int64(3))
    train(gan(), **options)
    with pytest.raises(
        UserError, match="already holds a run: go on with it by resume=T"
    ):
        train(gan(), **options)
    train(gan(), 6, resume=True, **options)


OTHERS = {
    "batch_size": (8, 4),
    "seed": (42, 1),
    "g_learning_rate": (1e-4, 1e-3),
    "d_learning_rate": (1e-4, 1e-3),
    "lambda_gp": (10.0, 1.0),
    "critic_iters": (5, 2),
    "penalty": ("two_sided", "one_sided"),
    "penalty_interval": (1, 4),
    "adversarial_weight": (1.0, 2.0),
}
CALL = ("batch_size", "seed", "g_learning_rate", "d_learning_rate")


@pytest.mark.parametrize("name", OTHERS)
def test_other_settings_on_purpose_only(tmp_path, name):
    was, now = OTHERS[name]
    folder = {"output_dir": str(tmp_path / "run"), "resume": True}
    train(gan(), output_dir=folder["output_dir"])
    call = {name: now} if name in CALL else {}
    make = lambda: gan(**({} if call else {name: now}))
    with pytest.raises(UserError) as refused:
        train(make(), 6, **folder, **call)
    told = str(refused.value)
    assert f"{name} was {json.dumps(was)} and is {json.dumps(now)}" in told
    assert f"by may_differ=['{name}']" in told
    train(make(), 6, may_differ=[name], **folder, **call)
    records = [json.loads(line) for line in open(tmp_path / "run" / "metrics.jsonl")]
    assert [r["changed"] for r in records if "changed" in r] == [{name: [was, now]}]


def test_another_clipping_and_another_term(tmp_path):
    folder = {"output_dir": str(tmp_path / "run")}
    train(gan(WGAN, terms=[drift_term(0.1)]), **folder)
    other = gan(WGAN, clip_value=0.1, terms=[drift_term(0.2)])
    with pytest.raises(
        UserError, match="clip_value was 0.01 .*terms.drift was 0.1 and"
    ):
        train(other, 6, resume=True, **folder)


def test_other_data_on_purpose_only(tmp_path):
    folder = {"output_dir": str(tmp_path / "run"), "resume": "auto"}
    train(gan(), **folder)
    with pytest.raises(
        UserError, match="other data, 40 samples .*allow_other_data=True"
    ):
        train(gan(), 6, points(1), **folder)
    train(gan(), 6, points(1), allow_other_data=True, **folder)


def test_fewer_iterations_than_are_done(tmp_path):
    folder = {"output_dir": str(tmp_path / "run")}
    train(gan(), 4, **folder)
    with pytest.raises(UserError, match="beyond iteration 2, .*: raise iterations[.]"):
        train(gan(), 2, resume=True, **folder)


def test_a_loader_can_not_be_resumed(tmp_path):
    loader = io.DataLoader(io.TensorDataset([paddle.to_tensor(points())]), batch_size=8)
    folder = {"output_dir": str(tmp_path / "run")}
    train(gan(), 2, loader, **folder)
    with pytest.raises(UserError, match="on a DataLoader cannot be resumed.*data set"):
        train(gan(), 4, loader, resume=True, **folder)


@pytest.mark.parametrize(
    "options, says",
    [
        ({"iterations": 0}, "iterations=0 is refused"),
        ({"iterations": -5}, "iterations=-5 is refused"),
        ({"iterations": 2.0}, "iterations=2.0 is refused"),
        ({"iterations": True}, "iterations=True is refused"),
        ({"batch_size": 0}, "batch_size=0 is refused"),
        ({"batch_size": 41}, "batch_size is 41 but the data set has only 40"),
        ({"g_learning_rate": 0.0}, "g_learning_rate=0.0 is refused"),
        ({"d_learning_rate": -1e-3}, "d_learning_rate=-0.001 is refused"),
        ({"d_learning_rate": float("nan")}, "d_learning_rate=nan is refused"),
        ({"g_learning_rate": float("inf")}, "g_learning_rate=inf is refused"),
        ({"seed": -1}, "seed=-1 is refused"),
        ({"seed": 0.5}, "seed=0.5 is refused"),
        ({"resume": True}, "resume needs the output_dir"),
        ({"resume": "yes", "output_dir": "run"}, "resume='yes' is refused"),
        ({"data": "cats"}, "A str cannot be trained on"),
    ],
)  # fmt: skip
def test_calls_that_are_refused(tmp_path, monkeypatch, options, says):
    monkeypatch.chdir(tmp_path)
    model = gan()
    before = weights(model)
    with pytest.raises(UserError, match=says):
        train(model, **options)
    assert all(map(np.array_equal, weights(model), before))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "options, says",
    [
        ({"num_classes": -1}, "num_classes=-1 is refused"),
        ({"num_classes": 2.0}, "num_classes=2.0 is refused"),
        ({"latent_dim": 0}, "latent_dim=0 is refused"),
        ({"latent_dim": [3, -1]}, "latent_dim=-1 is refused"),
        ({"latent_dim": 2.5}, "latent_dim=2.5 is refused"),
        ({"critic_iters": 2.0}, "critic_iters=2.0 is refused"),
        ({"critic_iters": True}, "critic_iters=True is refused"),
        ({"critic_iters": {"adaptive": {"min": 0}}}, "critic_iters=.* is refused"),
        ({"lambda_gp": True}, "lambda_gp=True is refused"),
        ({"lambda_gp": float("inf")}, "lambda_gp=inf is refused"),
    ],
)
def test_gans_that_are_refused(options, says):
    with pytest.raises(UserError, match=says):
        gan(**options)
    with pytest.raises(UserError, match="clip_value=0 is refused"):
        gan(WGAN, clip_value=0)


def test_a_number_of_numpy_is_as_good_as_pythons():
    train(gan(critic_iters=np.int64(2), lambda_gp=np.float32(1.0)), np.int32(2))


# at the command line


@pytest.mark.parametrize("name", ["x" * 300, "run/" + "x" * 300 + "/y", "/proc/x"])
def test_an_output_folder_that_can_not_be_made(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["toy.py", f"output_dir={name}"])
    conf = osp.join(osp.dirname(wgan_gp_toy.__file__), "..", "conf")
    with pytest.raises(SystemExit) as ended:
        launch(wgan_gp_toy.Toy, lambda: pytest.fail("began"), conf)
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert error.startswith(f"error: output_dir={name[:150]}") and "refused" in error
    assert len(error) < 400 and error.count("\n") == 1
