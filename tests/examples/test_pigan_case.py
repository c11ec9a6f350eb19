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

"""PI-GAN as a user runs it, at tiny widths."""

from __future__ import annotations

import json

import numpy as np
import paddle
import pytest
from PIL import Image
from wgan_gp.models.networks import PIGANGenerator

from ppsci_ext.data.fields.elliptic import even_places
from ppsci_ext.equation import Elliptic
from tests.helpers.records import untimed_lines

SMALL = [
    *("+experiment=pigan", "MODEL.dim=4", "MODEL.hidden_layers=2"),
    *("TRAIN.batch_size=4", "TRAIN.epochs=2", "TRAIN.iters_per_epoch=3"),
    *("DATA.num_samples=10", "EVAL.num_samples=30", "EVAL.sets=60"),
    *("EVAL.batch_size=20", "TRAIN.log_freq=1", "output_dir=run"),
]


@pytest.fixture
def run(start_case):
    """Run the script; returns what it printed."""

    def run_case(*overrides, refused=False, arguments=SMALL):
        ended = start_case("wgan_gp_fields", *arguments, *overrides)
        assert ended.status == (2 if refused else 0), ended.err
        return ended.err if refused else ended.out

    return run_case


def test_all_modes(run, tmp_path):
    folder = tmp_path / "run"
    ema = "TRAIN.ema.use_ema=true"
    run("mode=train", "TRAIN.eval_during_train=true", ema)
    run("mode=train", ema, "output_dir=parts", "TRAIN.epochs=1")
    run("mode=train", ema, "output_dir=parts", "TRAIN.resume=true")
    lines = [
        [line for line in untimed_lines(path) if "eval" not in line]
        for path in (folder, tmp_path / "parts")
    ]
    assert lines[0] == lines[1] and len(lines[0]) >= 6
    for weights in ("generator", "critic", "generator_ema"):
        assert (
            len(
                {
                    (path / f"{weights}.pdparams").read_bytes()
                    for path in (folder, tmp_path / "parts")
                }
            )
            == 1
        )
    for picture in ("real.png", "iter_00000006.png"):
        assert len(np.unique(np.asarray(Image.open(folder / "samples" / picture)))) > 9

    table = run("mode=eval")
    metrics = json.loads((folder / "eval.json").read_text())["metrics"]
    for process in "ukf":
        for score in ("mean", "sd", "mean_error", "sd_error", "covariance_error"):
            record = metrics[f"{process}_{score}"]
            assert {"value", "truth", "floor", "z", "p", "within"} <= set(record)
            assert f"{process}_{score}" in table
    assert not metrics["together"]["within"] and metrics["u_at_the_ends"] > 0
    assert (folder / "processes.png").stat().st_size > 10_000

    run("mode=export")
    run("mode=infer", "INFER.num_samples=5", "INFER.batch_size=2")
    arrays = np.load(folder / "samples.npz")
    assert (folder / "samples.png").is_file()
    x = arrays["x"]
    np.testing.assert_allclose(x, even_places(101))
    # the exported graph gives what the network gives
    generator = PIGANGenerator(Elliptic(), dict.fromkeys("ukf", x), 4, 10, 2)
    generator.set_state_dict(paddle.load(str(folder / "generator.pdparams")))
    noise = np.random.default_rng(42).standard_normal((5, 10), np.float32)
    expected = generator(paddle.to_tensor(noise)).numpy().reshape(5, 3, 101)
    for number, name in enumerate("ukf"):
        np.testing.assert_allclose(arrays[name], expected[:, number], atol=2e-5)


def test_endless_snapshots_and_other_sensors(run, tmp_path):
    """With the solution measured and the coefficient not: an inverse problem."""
    sensors = ["DATA.sensors.u=5", "DATA.sensors.k=1", "DATA.num_samples=null"]
    run("mode=train", *sensors, "TRAIN.epochs=1")
    critic = paddle.load(str(tmp_path / "run" / "critic.pdparams"))
    assert critic["net.0.weight"].shape == [5 + 1 + 21, 4]
    records = [json.loads(x) for x in open(tmp_path / "run" / "metrics.jsonl")]
    assert all("validation_critic_loss" not in record for record in records)


@pytest.mark.parametrize(
    "override, names",
    [
        ("DATA.size=[8]", ["DATA.size"]),
        ("DATA.sensors.u=1", ["DATA.sensors.u=1", "2"]),
        ("DATA.name=gaussian", ["DATA.name=gaussian", "elliptic"]),
        ("GAN.misfit=1.0", ["GAN.misfit=1.0"]),
        ("TRAIN.batch_size=11", ["DATA.num_samples=10", "TRAIN.batch_size=11"]),
        ("EVAL.sets=3", ["EVAL.sets=3", "60"]),
    ],
)
def test_what_has_no_meaning_is_refused(run, override, names):
    error = run("mode=train", override, refused=True)
    assert all(name in error for name in names)


def test_its_keys_come_with_it(run):
    error = run("DATA.sensors.u=5", refused=True, arguments=[])
    assert "DATA.sensors.u" in error
    error = run("DATA.name=elliptic", refused=True, arguments=[])
    assert "DATA.name=elliptic" in error
    error = run("+experiment=pigam", refused=True, arguments=[])
    assert "pigam" in error


def test_the_short_run_is_the_same_study(run, tmp_path):
    short = ["+experiment=pigan_cpu", *SMALL[1:]]
    run("mode=train", "TRAIN.epochs=1", arguments=short)
    config = (tmp_path / "run" / "config.yaml").read_text()
    assert "elliptic" in config and "lambda_gp: 0.1" in config
