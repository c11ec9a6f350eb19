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


"""The examples of docs/extending.md run as they stand there, and do what the page says."""

from __future__ import annotations

import io
import json
import os
import runpy
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from os import path as osp

import numpy as np
import paddle
import pytest
from sklearn.datasets import load_wine
from wgan_gp.utils.losses import PENALTY_FORMS
from wgan_gp.utils.losses import PENALTY_POINTS
from wgan_gp.utils.losses import gradient_penalty

from ppsci_ext.data import IMAGE_DATA
from ppsci_ext.metric import EXTRACTORS
from ppsci_ext.metric import SCORES
from ppsci_ext.metric import extract
from ppsci_ext.metric import image_scores
from ppsci_ext.metric.__main__ import main as score_command
from ppsci_ext.utils import UserError
from tests.helpers.documents import ROOT
from tests.helpers.documents import blocks
from tests.helpers.documents import section

PAGE = "docs/extending.md"
ROWS = ["A penalty", "A data set", "A feature extractor", "A score"]


def code(title: str, language: str = "python") -> str:
    (block,) = blocks(section(PAGE, title), language)
    return block


@pytest.fixture
def example(monkeypatch):
    """Runs an example of the page; gives its names and what it prints."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    tables = (PENALTY_FORMS, PENALTY_POINTS, IMAGE_DATA, EXTRACTORS, SCORES)
    before = [dict(table) for table in tables]

    def run(title):
        names = {"__name__": "__main__"}
        with redirect_stdout(io.StringIO()) as printed:
            exec(compile(code(title), f"{PAGE}: {title}", "exec"), names)
        return names, printed.getvalue()

    yield run
    for table, rows in zip(tables, before):
        table.clear()
        table.update(rows)


@pytest.mark.parametrize("title", [*ROWS, "A case"])
def test_examples_are_short(title):
    lines = [line for line in code(title).splitlines() if line.strip()]
    assert len(lines) <= 30


def test_a_penalty(example):
    names, printed = example("A penalty")
    assert len(printed.splitlines()) == 3
    # a critic of slope 3 everywhere costs sqrt(1 + 2^2) - 1
    x = paddle.ones([4, 2])
    penalty, slopes = gradient_penalty(
        lambda x: 3 * x[:, 0], x, -x, "middles", "pseudo_huber"
    )
    assert float(penalty) == pytest.approx(np.sqrt(5) - 1)
    np.testing.assert_allclose(slopes.numpy(), 3)
    (points,) = PENALTY_POINTS["middles"](x, -x, None)
    assert float(points.abs().max()) == 0


def test_a_data_set(example):
    names, printed = example("A data set")
    assert printed == "1500 [1, 8, 8] 10\n"
    held_out = names["load_images"]("digits", "", "test")
    assert len(held_out) == 297 and held_out.images.max() == 255


def test_a_feature_extractor(example, tmp_path, capsys):
    names, printed = example("A feature extractor")
    assert "'FID': " in printed and "'precision': " in printed
    blocks_of = names["Blocks"]()
    images = np.arange(64, dtype="uint8").reshape(1, 1, 8, 8)
    features, logits = blocks_of(images)
    corner = np.mean([0, 1, 8, 9])
    assert logits is None and features[0, 0] == corner
    with pytest.raises(UserError, match="10x8"):
        blocks_of(np.zeros((1, 1, 10, 8), "uint8"))
    # the command knows it
    rng = np.random.default_rng(0)
    for name in "ab":
        np.save(tmp_path / name, rng.integers(0, 256, (20, 8, 8), dtype="uint8"))
    files = [str(tmp_path / f"{name}.npy") for name in "ab"]
    score_command([*files, "--extractor", "blocks", "--fid", "--cache", str(tmp_path)])
    result = json.loads(capsys.readouterr().out)
    assert result["extractor"]["name"] == "blocks" and result["metrics"]["FID"] > 0


def test_a_score(example, capsys):
    names, printed = example("A score")
    assert "'coverage': " in printed

    def scores(generated, real, **options):
        sets = [
            extract([x], lambda x: (x, None), len(x), "points")
            for x in (generated, real)
        ]
        values = image_scores(*sets, ["density"], **options)
        return values["density"], values["coverage"]

    points = np.random.default_rng(1).standard_normal((400, 2)).astype("float32")
    # each point is its own neighbour, and in k balls beside its own on average
    assert scores(points, points) == (pytest.approx(6 / 5), 1.0)
    assert scores(points + 100, points) == (0.0, 0.0)
    # one sample in the place of a real one: all of its neighbours' balls hold it
    line = np.arange(11, dtype="float32")[:, np.newaxis]
    alone = np.full((2, 1), 5, "float32")
    density, coverage = scores(alone, line, density_neighbours=2)
    assert density == 3 / 2 and coverage == pytest.approx(3 / 11)
    with pytest.raises(UserError, match="more than 5 real samples"):
        scores(points, points[:5])
    with pytest.raises(SystemExit):
        score_command(["--help"])
    assert "--density-neighbours N" in capsys.readouterr().out


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the configurations, in which a script of an example is run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    example = tmp_path / "examples" / "wgan_gp"
    shutil.copytree(osp.join(ROOT, "examples", "wgan_gp", "conf"), example / "conf")
    (example / "cases").mkdir()
    return tmp_path


def test_a_case(project, monkeypatch):
    script = project / "examples" / "wgan_gp" / "cases" / "rows.py"
    script.write_text(code("A case"))
    conf = project / "examples" / "wgan_gp" / "conf"
    (conf / "rows.yaml").write_text(code("A case", "yaml"))
    np.savetxt(project / "rows.csv", load_wine().data, delimiter=",")
    short = ["TRAIN.epochs=1", "TRAIN.iters_per_epoch=6", "TRAIN.log_freq=2"]
    for mode in ("train", "eval", "export", "infer"):
        monkeypatch.setattr(sys, "argv", [str(script), f"mode={mode}", *short])
        runpy.run_path(str(script), run_name="__main__")
    run = project / "outputs_rows"
    lines = [json.loads(line) for line in open(run / "metrics.jsonl")]
    assert [line["iteration"] for line in lines] == [2, 4, 6]
    assert all(np.isfinite(line["validation_critic_loss"]) for line in lines)
    result = json.loads((run / "eval.json").read_text())
    assert result["metrics"]["distance"] > 0 and result["samples"] == 1000
    assert np.load(run / "samples.npz")["samples"].shape == (1000, 13)
    assert (run / "curves.png").is_file()


def test_a_case_knows_all_rows(tmp_path):
    """Rows that stand in the tables when a case is started are its choices."""
    rows = tmp_path / "rows.py"
    rows.write_text("\n".join(code(title) for title in ROWS))
    conf = osp.join(ROOT, "examples", "wgan_gp", "conf")
    script = tmp_path / "start.py"
    script.write_text(
        "import runpy, sys\n"
        f"runpy.run_path({str(rows)!r})\n"
        "from wgan_gp.cases import wgan_gp_mnist as case\n"
        "from wgan_gp.utils import config\n"
        f"conf = {conf!r}\n"
        "modes = {'train': case.MNIST.train, 'eval': case.MNIST.evaluate}\n"
        "for mode in modes:\n"
        "    overrides = [*sys.argv[1:], f'mode={mode}']\n"
        "    with config.initialize_config_dir(conf, version_base=None):\n"
        "        cfg = config.compose_case(case.MNIST, overrides)\n"
        "    config.check_config(cfg, case.MNIST.schema)\n"
        "    modes[mode](case.MNIST(cfg))\n"
    )
    chosen = (
        "DATA.name=digits MODEL.image_shape=[1,8,8] MODEL.dim=4 MODEL.latent_dim=4 "
        "GAN.penalty=pseudo_huber GAN.penalty_at=middles EVAL.extractor.name=blocks "
        "TRAIN.epochs=1 TRAIN.iters_per_epoch=2 TRAIN.batch_size=8 EVAL.num_samples=60 "
        "TRAIN.validation_size=16 output_dir=run MODEL.convolution=paddle"
    ).split()
    done = subprocess.run(
        [sys.executable, str(script), *chosen],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([ROOT, osp.join(ROOT, "examples")]),
            "PPSCI_EXT_CACHE": str(tmp_path / "cache"),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "run" / "eval.json").read_text())
    assert result["extractor"]["name"] == "blocks"
    assert {"FID", "density", "coverage"} <= set(result["metrics"])
