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


"""A case of its own kind, built here without touching any other file: 3-D data, a condition of
numbers and of arrays by name, a term of the loss along a ramp."""

from __future__ import annotations

import json
import shutil
import sys
from os import path as osp
from typing import List

import hydra
import numpy as np
import paddle
import pytest
from omegaconf import DictConfig
from paddle import nn
from paddle.static import InputSpec
from wgan_gp.utils import visualization
from wgan_gp.utils.config import launch
from wgan_gp.utils.experiment import Experiment
from wgan_gp.utils.experiment import run
from wgan_gp.utils.schema import CaseConfig
from wgan_gp.utils.schema import Group
from wgan_gp.utils.terms import LossTerm

from ppsci_ext.utils.values import Width
from tests.helpers.records import untimed_lines

CONF = osp.join(
    osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__)))),
    *("examples", "wgan_gp", "conf"),
)
YAML = """
defaults:
  - shared/case
  - _self_
  - override hydra/job_logging: disabled

output_dir: ./outputs_blocks
DATA: {kind: numbers}
MODEL: {dim: 8}
GAN: {brightness: {ramp: {from: 0.0, to: 2.0, start: 2, end: 6}}}
TRAIN: {epochs: 2, iters_per_epoch: 4, batch_size: 6, log_freq: 2}
EVAL: {num_samples: 12, batch_size: 6}
INFER: {num_samples: 4, batch_size: 3}
"""
SHAPE = [1, 8, 8, 8]


class DataConfig(Group):
    kind: str


class ModelConfig(Group):
    dim: Width


class BlocksGAN(CaseConfig.model_fields["GAN"].annotation):
    brightness: dict


class BlocksConfig(CaseConfig):
    DATA: DataConfig
    MODEL: ModelConfig
    GAN: BlocksGAN


def features(condition) -> paddle.Tensor:
    """Two numbers a sample, from either form of condition."""
    if isinstance(condition, dict):
        mask = condition["mask"].astype("float32").mean(axis=1, keepdim=True)
        return paddle.concat([condition["level"], mask], axis=1)
    return condition


class Generator(nn.Layer):
    latent_dim = 3

    def __init__(self, dim: int, kind: str):
        super().__init__()
        self.kind = kind
        self.net = nn.Sequential(nn.Linear(5, dim), nn.ReLU(), nn.Linear(dim, 512))

    def input_spec(self) -> List:
        condition = InputSpec([None, 2], "float32", "numbers")
        if self.kind == "arrays":
            condition = {
                "level": InputSpec([None, 1], "float32", "level"),
                "mask": InputSpec([None, 4], "int64", "mask"),
            }
        return [InputSpec([None, 3], "float32", "z"), condition]

    def forward(self, z, condition):
        x = self.net(paddle.concat([z, features(condition)], axis=1))
        return x.reshape([-1, *SHAPE])


class Critic(nn.Layer):
    def __init__(self, dim: int):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(514, dim), nn.Tanh(), nn.Linear(dim, 1))

    def forward(self, x, condition):
        flat = x.reshape([x.shape[0], -1])
        return self.net(paddle.concat([flat, features(condition)], axis=1))


class Blocks(Experiment):
    name = "blocks"
    schema = BlocksConfig
    conditional = True

    def load_data(self, split):
        count = 40 if split == "train" else 9
        rng = np.random.default_rng(count)
        level = rng.random((count, 1))
        blocks = rng.standard_normal((count, *SHAPE)) + level.reshape(-1, 1, 1, 1, 1)
        if self.cfg.DATA.kind == "arrays":
            mask = rng.integers(0, 2, (count, 4))
            return blocks, {"level": level, "mask": mask}
        return blocks, np.concatenate([level, level**2], axis=1)

    def build_networks(self):
        dim = self.cfg.MODEL.dim
        return Generator(dim, self.cfg.DATA.kind), Critic(dim)

    def loss_terms(self):
        def brightness(step):
            return (step.fake.mean() - step.real.mean()).square()

        weight = dict(self.cfg.GAN.brightness)
        ramp = {"ramp": dict(weight["ramp"])}
        return [LossTerm("brightness", "generator", brightness, ramp, needs_data=True)]

    def score(self, gan):
        blocks, condition = self.load_data("test")
        samples = gan.generate(len(blocks), batch_size=4, condition=condition)
        assert samples.shape == blocks.shape
        return {"mean": float(samples.mean()), "real_mean": float(blocks.mean())}

    def draw_samples(self, samples, path):
        slices = np.clip(samples[:, :, 4] * 50 + 100, 0, 255).astype("uint8")
        visualization.save_image_grid(slices, path)


@pytest.fixture
def blocks(tmp_path, monkeypatch):
    """Runs the case as its script would."""
    conf = tmp_path / "conf"
    shutil.copytree(CONF, conf)
    (conf / "blocks.yaml").write_text(YAML)
    monkeypatch.chdir(tmp_path)

    def start(*overrides):
        @hydra.main(version_base=None, config_path=str(conf), config_name="blocks")
        def main(cfg: DictConfig) -> None:
            run(Blocks, cfg)

        monkeypatch.setattr(sys, "argv", ["blocks.py", *overrides])
        launch(Blocks, main, str(conf))

    return start


@pytest.mark.parametrize("kind", ["numbers", "arrays"])
def test_all_modes(blocks, tmp_path, kind):
    data = f"DATA.kind={kind}"
    blocks("mode=train", data, "output_dir=whole", "TRAIN.eval_during_train=true")
    records = [json.loads(line) for line in open(tmp_path / "whole" / "metrics.jsonl")]
    lines = [r for r in records if "eval" not in r]
    assert [r["iteration"] for r in lines] == [2, 4, 6, 8]
    for record in lines:
        assert record["brightness"] >= 0 and record["slope"] > 0
        assert np.isfinite(record["validation_critic_loss"])
    # means over the generator's steps of iterations 1; 2, 3; 4, 5; 6, 7, counted from 0
    weights = [r["brightness_weight"] for r in lines]
    assert weights == pytest.approx([0.0, 0.25, 1.25, 2.0])
    assert [r["iteration"] for r in records if "eval" in r] == [4, 8]
    for name in ("samples/real.png", "samples/iter_00000008.png", "curves.png"):
        assert (tmp_path / "whole" / name).stat().st_size > 500

    blocks("mode=train", data, "output_dir=parts", "TRAIN.epochs=1")
    blocks(
        *("mode=train", data, "output_dir=parts", "TRAIN.resume=true"),
        "TRAIN.eval_during_train=true",
    )
    whole = [x for x in untimed_lines(tmp_path / "whole")]
    parts = [x for x in untimed_lines(tmp_path / "parts")]
    assert parts == whole
    weights = (tmp_path / "whole" / "generator.pdparams").read_bytes()
    assert (tmp_path / "parts" / "generator.pdparams").read_bytes() == weights

    blocks("mode=eval", data, "output_dir=whole")
    metrics = json.loads((tmp_path / "whole" / "eval.json").read_text())["metrics"]
    assert set(metrics) == {"mean", "real_mean"}

    blocks("mode=export", data, "output_dir=whole")
    rng = np.random.default_rng(0)
    condition = {"condition": rng.random((5, 2))}
    if kind == "arrays":
        condition = {"level": rng.random((5, 1)), "mask": rng.integers(0, 2, (5, 4))}
    np.savez(tmp_path / "asked.npz", **condition)
    blocks("mode=infer", data, "output_dir=whole", "INFER.condition=asked.npz")
    arrays = np.load(tmp_path / "whole" / "samples.npz")
    assert arrays["samples"].shape == (5, *SHAPE)
    assert (tmp_path / "whole" / "samples.png").is_file()
    # the exported graph gives what the network gives
    generator = Generator(8, kind)
    generator.set_state_dict(
        paddle.load(str(tmp_path / "whole" / "generator.pdparams"))
    )
    noise = np.random.default_rng(42).standard_normal((5, 3), dtype=np.float32)
    given = {k: paddle.to_tensor(arrays[k]) for k in arrays if k != "samples"}
    given = given if kind == "arrays" else given["numbers"]
    expected = generator(paddle.to_tensor(noise), given)
    np.testing.assert_allclose(arrays["samples"], expected.numpy(), atol=1e-5)


@pytest.mark.parametrize(
    "arguments, arrays, says",
    [
        ([], {}, "generates for 'numbers' [None, 2], but nothing is given"),
        (["INFER.labels=[1,2]"], {}, "'numbers' is int64 of shape [2], but"),
        (["INFER.condition=x.npz"], {"condition": np.zeros((4, 3))}, "shape [4, 3], but"),
        (["INFER.condition=x.npz"], {"colour": np.zeros((4, 2))}, "'colour' is given"),
        (["INFER.condition=x.npz"], {"condition": np.full((4, 2), np.nan)}, "NaN"),
        (["INFER.condition=y.npz"], {}, "y.npz"),
    ],
)  # fmt: skip
def test_conditions_that_do_not_fit(blocks, tmp_path, capsys, arguments, arrays, says):
    blocks("mode=train", "output_dir=run", "TRAIN.epochs=1", "TRAIN.iters_per_epoch=1")
    blocks("mode=export", "output_dir=run")
    if arrays:
        np.savez(tmp_path / "x.npz", **arrays)
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        blocks("mode=infer", "output_dir=run", *arguments)
    error = capsys.readouterr().err
    assert ended.value.code == 2 and "Traceback" not in error
    assert says.replace(" ", "") in error.replace(" ", "")
    assert not (tmp_path / "run" / "samples.npz").exists()
