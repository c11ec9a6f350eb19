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

"""The table and the pictures of a study of architectures, from runs whose end is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
import yaml
from PIL import Image
from wgan_gp.models.networks.architectures import draw_architecture
from wgan_gp.utils.visualization import save_image_grid

from tools.architectures import __main__ as architectures
from tools.architectures.counting import success_counts
from tools.architectures.outcomes import COMPLETE
from tools.architectures.outcomes import DIVERGED
from tools.architectures.outcomes import MISSING
from tools.architectures.outcomes import UNFINISHED
from tools.architectures.outcomes import Outcome

DRAW = {"seed": 1704, "depths": [4, 8], "dims": [8, 16]}
LAST = 20


def write_run(folder, architecture, method, iteration=LAST, score=None, **changes):
    """What a run leaves that has come to an iteration; complete if that is the last one."""
    is_random = isinstance(architecture, int)
    cfg = {
        "MODEL": {
            "name": "architectures",
            "architecture": "random" if is_random else architecture,
            "image_shape": [3, 16, 16],
            "draw": {"number": architecture, **DRAW} if is_random else None,
        },
        "GAN": {"name": method},
        "TRAIN": {"epochs": 4, "iters_per_epoch": LAST // 4},
        "EVAL": {"num_samples": 100, "extractor": {"name": "cifar10_resnet56"}},
        "seed": 42,
        **changes,
    }
    run = folder / f"GAN.name-{method}_{architecture}"
    run.mkdir(parents=True)
    (run / "config.yaml").write_text(yaml.safe_dump(cfg))
    lines = [{"iteration": n} for n in range(5, iteration + 1, 5)]
    if score is not None:
        lines.append({"iteration": iteration, "eval": {"IS_mean": score}})
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    (run / "metrics.jsonl").write_text(text)
    if iteration == LAST:
        (run / "generator.pdparams").touch()
        images = np.full((128, 3, 16, 16), 200, np.uint8)
        save_image_grid(images, run / "samples" / "iter_00000020.png")
    return run


def gathered(folder, *options):
    status = architectures.main([str(folder / "runs"), str(folder / "out"), *options])
    assert status == 0
    return json.loads((folder / "out" / "table.json").read_text())


def scored(architecture, method, score):
    return Outcome(architecture, method, COMPLETE, scores={"IS_mean": score})


# table 2


def test_successes_at_each_threshold():
    outcomes = [
        *(scored("0", "gan", 3.4), scored("0", "wgan_gp", 5.2)),
        *(scored("1", "gan", 5.6), scored("1", "wgan_gp", 2.9)),
        *(scored("2", "gan", 1.0000003), scored("2", "wgan_gp", 3.0)),
        *(Outcome("3", "gan", DIVERGED, 7), scored("3", "wgan_gp", 3.01)),
        *(Outcome("4", "gan", UNFINISHED, 7), scored("4", "wgan_gp", 6.0)),
        *(scored("5", "gan", 6.0), Outcome("5", "wgan_gp", MISSING)),
        *(scored("6", "gan", 6.0), Outcome("6", "wgan_gp", COMPLETE)),
    ]
    rows, left_out = success_counts(outcomes)
    assert left_out == ["4", "5", "6"]
    assert [list(row.values()) for row in rows] == [
        [1.0, 0, 2, 2, 0],
        [3.0, 1, 1, 1, 1],
        [5.0, 1, 1, 0, 2],
        [7.0, 0, 0, 0, 4],
        [9.0, 0, 0, 0, 4],
    ]
    assert success_counts(outcomes, [5.5])[0][0]["only_gan"] == 1


def test_each_architecture_is_in_one_column():
    rng = np.random.default_rng(0)
    outcomes = [
        scored(str(n), method, score)
        for n in range(200)
        for method, score in zip(("gan", "wgan_gp"), rng.uniform(1, 10, 2))
    ]
    for row in success_counts(outcomes)[0]:
        assert sum(row.values()) - row["threshold"] == 200


# runs


def test_what_has_become_of_each_run_is_told(tmp_path, capsys):
    runs = tmp_path / "runs"
    write_run(runs, 0, "gan", score=2.345)
    write_run(runs, 0, "wgan_gp", score=3.2)
    diverged = write_run(runs, 2, "gan", iteration=10)
    (diverged / "diagnostics.json").write_text('{"iteration": 13}')
    write_run(
        runs, 2, "wgan_gp", iteration=15, score=9.9
    )  # of an evaluation on the way
    write_run(runs, 10, "gan")  # without scores
    table = gathered(tmp_path)
    rows = {row["architecture"]: row for row in table["architectures"]}
    assert list(rows) == ["0", "2", "10"]
    told = {(n, m): rows[n][m] for n in rows for m in ("gan", "wgan_gp")}
    assert told["0", "gan"] == {"state": COMPLETE, "iterations": 20, "IS": 2.345}
    assert told["2", "gan"] == {"state": DIVERGED, "iterations": 13, "IS": None}
    assert told["2", "wgan_gp"] == {"state": UNFINISHED, "iterations": 15, "IS": None}
    assert told["10", "gan"] == {"state": COMPLETE, "iterations": 20, "IS": None}
    assert told["10", "wgan_gp"] == {"state": MISSING, "iterations": 0, "IS": None}
    assert (table["complete"], table["runs"]) == (3, 6)
    assert table["left_out"] == ["2", "10"] and table["extractor"] == "cifar10_resnet56"
    drawn = draw_architecture(10, **DRAW)
    assert f"{drawn.generator_depth} layers" in rows["10"]["what"]
    said = capsys.readouterr().out
    assert "| IS 3.20 | IS 2.35 |" in said or "| IS 3.20 | IS 2.34 |" in said
    assert "unfinished, iteration 15 | diverged, iteration 13" in said
    assert "Left out, since a score is missing: 2, 10." in said
    for name in ("samples.png", "scores.png"):
        with Image.open(tmp_path / "out" / name) as picture:
            assert np.asarray(picture.convert("L")).std() > 5


def test_a_run_that_went_back_and_finished_is_complete(tmp_path):
    run = write_run(tmp_path / "runs", "tanh", "gan")
    (run / "diagnostics.json").write_text('{"iteration": 7}')
    table = gathered(tmp_path)
    assert table["architectures"][0]["gan"]["state"] == COMPLETE


def test_a_run_that_is_to_go_on_further_is_unfinished(tmp_path):
    longer = {"TRAIN": {"epochs": 8, "iters_per_epoch": LAST // 4}}
    write_run(tmp_path / "runs", "tanh", "gan", **longer)
    table = gathered(tmp_path)
    assert table["architectures"][0]["gan"]["state"] == UNFINISHED


def test_jobs_that_have_not_begun_are_missing(tmp_path):
    runs = tmp_path / "runs"
    write_run(runs, "tanh", "wgan")
    write_run(runs, "mlp", "wgan")
    arguments = ["MODEL.architecture=mlp,tanh,gated", "GAN.name=wgan,lsgan", "seed=42"]
    plan = {"hydra": {"overrides": {"task": arguments}}}
    (runs / "multirun.yaml").write_text(yaml.safe_dump(plan))
    table = gathered(tmp_path)
    rows = {row.pop("architecture"): row for row in table["architectures"]}
    assert list(rows) == ["gated", "mlp", "tanh"]
    assert all(list(row) == ["what", "wgan", "lsgan"] for row in rows.values())
    assert rows["gated"]["wgan"]["state"] == rows["mlp"]["lsgan"]["state"] == MISSING
    assert table["successes"] == [] and table["extractor"] is None
    assert not (tmp_path / "out" / "scores.png").exists()


def test_pictures_have_a_limited_number_of_rows(tmp_path):
    heights = []
    for number in range(4):
        write_run(tmp_path / "runs", number, "gan")
    for rows in ("2", "4"):
        gathered(tmp_path, "--rows", rows)
        with Image.open(tmp_path / "out" / "samples.png") as picture:
            heights.append(picture.height)
    assert heights[0] < 0.7 * heights[1]


def test_what_can_not_be_gathered_is_refused(tmp_path, capsys):
    def refused():
        assert architectures.main([str(tmp_path / "runs"), str(tmp_path / "out")]) == 2
        return capsys.readouterr().err

    assert "holds no run of a study of architectures" in refused()
    other = write_run(tmp_path / "runs", 7, "gan", MODEL={"name": "resnet"})
    assert "holds no run" in refused()
    (other / "config.yaml").unlink()
    write_run(tmp_path / "runs", 0, "gan")
    write_run(tmp_path / "runs", 0, "wgan_gp", seed=1)
    assert "seed is 42 in" in refused()
    assert not (tmp_path / "out" / "table.json").exists()


@pytest.mark.parametrize("number", range(5))
def test_the_line_on_an_architecture_has_all_choices(number):
    drawn = draw_architecture(number, **DRAW)
    generator, critic = architectures.described(drawn).split("; ")
    for line, network in ((generator, "generator"), (critic, "critic")):
        assert line.startswith(f"{'G' if network == 'generator' else 'D'}: ")
        assert getattr(drawn, f"{network}_activation") in line
        assert f"{getattr(drawn, f'{network}_depth')} layers" in line
        assert f"{getattr(drawn, f'{network}_dim')} filters" in line
        assert ("no norm" in line) != getattr(drawn, f"{network}_norm")
