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


"""Figure 5b: the experiment of the MNIST case, and what is made of its two runs."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from ppsci_ext.utils import UserError
from tools import overfitting

SMALL = [
    "+experiment=overfitting_cpu",
    "output_dir=runs",
    "DATA.name=npz",
    "DATA.root=data",
    "DATA.num_samples=12",
    "MODEL.dim=2",
    "GAN.n_critic=1",
    "TRAIN.epochs=1",
    "TRAIN.iters_per_epoch=10",
    "TRAIN.batch_size=4",
    "TRAIN.log_freq=1",
]


def test_from_training_to_the_picture(start_case, tmp_path, capsys):
    (tmp_path / "data").mkdir()
    rng = np.random.default_rng(0)
    for name, count in (("train", 20), ("test", 5)):
        images = rng.integers(0, 256, (count, 1, 28, 28), dtype=np.uint8)
        np.savez(tmp_path / "data" / f"{name}.npz", images=images)
    ended = start_case("wgan_gp_mnist", "-m", *SMALL, "GAN.name=wgan_gp,wgan")
    assert ended.status == 0, ended.err
    optimizers = {}
    for job in overfitting.JOBS:  # each with the paper's settings for its loss
        config = (tmp_path / "runs" / job / "config.yaml").read_text()
        optimizers[job] = "optimizer: rmsprop" in config
        assert "num_samples: 12\n" in config
    assert optimizers == {"GAN.name-wgan_gp": False, "GAN.name-wgan": True}

    assert overfitting.main(["runs", "out"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((tmp_path / "out" / "overfitting.json").read_text())
    for name, job in (("wgan_gp", "GAN.name-wgan_gp"), ("wgan", "GAN.name-wgan")):
        line = json.loads((tmp_path / "out" / f"{name}.jsonl").open().readlines()[-1])
        last = told[job]["last_tenth"]
        assert last["training"] == -line["critic_loss"]
        assert last["held_out"] == -line["validation_critic_loss"]
    assert Image.open(tmp_path / "out" / "overfitting.png").width > 1000


def test_more_digits_than_there_are(start_case, tmp_path):
    (tmp_path / "data").mkdir()
    images = np.zeros((9, 1, 28, 28), np.uint8)
    np.savez(tmp_path / "data" / "train.npz", images=images)
    ended = start_case("wgan_gp_mnist", *SMALL)
    assert ended.status == 2 and "12 images are wanted of 9" in ended.err


def test_the_first_and_the_last_tenth():
    iterations = np.arange(10, 210, 10)
    losses = overfitting.Losses(iterations, 0.1 * iterations, np.full(20, 2.0))
    summary = overfitting.summarised(losses)
    assert summary["iterations"] == 200
    first, last = summary["first_tenth"], summary["last_tenth"]
    assert first == pytest.approx({"training": 1.5, "held_out": 2.0, "gap": -0.5})
    assert last == pytest.approx({"training": 19.5, "held_out": 2.0, "gap": 17.5})


def test_runs_that_are_not_there_or_too_short(tmp_path, capsys):
    assert overfitting.main([str(tmp_path), str(tmp_path / "out")]) == 2
    assert "There is no run at" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    path = tmp_path / "metrics.jsonl"
    line = {"iteration": 1, "critic_loss": 0.0, "validation_critic_loss": 0.0}
    path.write_text(f"{json.dumps(line)}\n" * 9)
    with pytest.raises(UserError, match="has 9 lines with a held-out loss"):
        overfitting.read_losses(str(path))
