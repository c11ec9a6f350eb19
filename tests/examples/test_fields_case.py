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

"""The fields case as a user runs it, at tiny widths."""

from __future__ import annotations

import json

import numpy as np
import paddle
import pytest
from PIL import Image
from wgan_gp.models.networks import FieldGenerator

from ppsci_ext.data.fields import FieldTransform
from tests.helpers.records import untimed_lines

SMALL = [
    *("DATA.size=[16,16]", "MODEL.dim=4", "MODEL.stages=2", "TRAIN.batch_size=4"),
    *("TRAIN.epochs=2", "TRAIN.iters_per_epoch=4", "TRAIN.log_freq=2"),
    *("EVAL.num_samples=8", "EVAL.sets=60", "EVAL.batch_size=4", "output_dir=run"),
    "TRAIN.lr_decay=false",
]


@pytest.fixture
def run(start_case):
    """Run the script; returns what it printed."""

    def run_case(*overrides, refused=False):
        ended = start_case("wgan_gp_fields", *SMALL, *overrides)
        assert ended.status == (2 if refused else 0), ended.err
        return ended.err if refused else ended.out

    return run_case


def metrics_of(folder):
    return json.loads((folder / "eval.json").read_text())["metrics"]


@pytest.mark.parametrize(
    "name, size, larger",
    [
        ("lognormal", [16, 16], [32, 16]),
        ("gaussian", [8, 8, 8], [8, 16, 8]),
        ("turbulence", [32], [64]),
    ],
)
def test_all_modes(run, tmp_path, name, size, larger):
    data = [f"DATA.name={name}", f"DATA.size={size}".replace(" ", "")]
    upsampling = "linear" if name == "gaussian" else "nearest"
    data.append(f"MODEL.upsampling={upsampling}")
    folder = tmp_path / "run"
    run("mode=train", *data, "TRAIN.eval_during_train=true", "TRAIN.ema.use_ema=true")
    run(
        "mode=train",
        *data,
        "output_dir=parts",
        "TRAIN.ema.use_ema=true",
        "TRAIN.epochs=1",
    )
    run(
        *("mode=train", *data, "output_dir=parts", "TRAIN.ema.use_ema=true"),
        *("TRAIN.resume=true", "TRAIN.eval_during_train=true"),
    )
    lines = [line for line in untimed_lines(folder) if "eval" not in line]
    assert [x for x in untimed_lines(tmp_path / "parts") if "eval" not in x] == lines
    for weights in ("generator", "critic", "generator_ema"):
        content = [
            (path / f"{weights}.pdparams").read_bytes()
            for path in (folder, tmp_path / "parts")
        ]
        assert content[0] == content[1]
    for picture in ("real.png", "iter_00000008.png"):
        assert len(np.unique(np.asarray(Image.open(folder / "samples" / picture)))) > 9

    table = run("mode=eval", *data)
    metrics = metrics_of(folder)
    for score in ("spectrum", "covariance", "two_point", "euler", "parity"):
        assert {"value", "truth", "floor", "z", "p", "within"} <= set(metrics[score])
        assert score in table
    if name == "turbulence":  # whose every field has the mean 0
        assert metrics["mean_power"]["truth"] < 1e-9 and metrics["mean_power"]["within"]
    assert 0 < metrics["spectrum_error"] and metrics["sets"] == 60
    assert (folder / "fields.png").stat().st_size > 10_000
    if len(size) == 2:  # a page of pictures takes seconds
        run("mode=eval", *data, "EVAL.pretrained_model_path=run/generator")
        assert metrics_of(folder)["variance"] != metrics["variance"]

    run("mode=export", *data)
    sizes = f"INFER.size={larger}".replace(" ", "")
    run("mode=infer", *data, "INFER.num_samples=3", "INFER.batch_size=2", sizes)
    samples = np.load(folder / "samples.npz")["samples"]
    assert samples.shape == (3, 1, *larger)
    assert (samples.min() > 0) == (name == "lognormal")
    assert (folder / "samples.png").is_file()
    # the exported graph gives what the network gives, in physical units
    transform = json.loads(
        (folder / "inference" / "generator.transform.json").read_text()
    )
    assert transform["kind"] == ("positive" if name == "lognormal" else "continuous")
    zero_mean = name == "turbulence"
    generator = trained(folder, size, zero_mean=zero_mean, upsampling=upsampling)
    coarse = [n // 4 for n in larger]
    channels = generator.latent_shape[0]
    noise = np.random.default_rng(42).standard_normal(
        (3, channels, *coarse), np.float32
    )
    expected = generator.transform.inverse(generator(paddle.to_tensor(noise)).numpy())
    np.testing.assert_allclose(samples, expected, rtol=1e-3, atol=1e-4)


def trained(folder, size, **keywords):
    """The trained generator, which knows its transform's numbers from its weights."""
    state = json.loads((folder / "inference" / "generator.transform.json").read_text())
    generator = FieldGenerator(
        size, FieldTransform(state["kind"]), dim=4, stages=2, **keywords
    )
    generator.set_state_dict(paddle.load(str(folder / "generator_ema.pdparams")))
    return generator


def test_a_varying_length_is_asked_for_in_pixels(run, tmp_path):
    data = ["DATA.vary.length=[1.0,3.0]", "DATA.unseen.length=[1.6,2.0]"]
    run("mode=train", *data)
    run("mode=eval", *data)
    metrics = metrics_of(tmp_path / "run")
    for score in ("error", "bias", "slope"):
        assert {"value", "truth", "floor", "z"} <= set(metrics[f"length_{score}"])
        assert f"unseen_length_{score}" in metrics
    # unseen lengths are asked for in their own range only
    assert metrics["unseen_length_slope"]["floor"] > metrics["length_slope"]["floor"]
    run("mode=export", *data)
    lengths = np.array([1.0, np.sqrt(3), 3.0])
    np.savez(tmp_path / "asked.npz", length=lengths)
    run("mode=infer", *data, "INFER.condition=asked.npz")
    arrays = np.load(tmp_path / "run" / "samples.npz")
    np.testing.assert_array_equal(arrays["length"], lengths)
    generator = trained(tmp_path / "run", [16, 16], parameters=1)
    shape = (3, generator.latent_shape[0], 4, 4)
    noise = np.random.default_rng(42).standard_normal(shape, np.float32)
    known = paddle.to_tensor([[-1.0], [0.0], [1.0]])
    expected = generator(paddle.to_tensor(noise), known).numpy()
    np.testing.assert_allclose(arrays["samples"], expected, rtol=1e-3, atol=1e-4)
    np.savez(tmp_path / "asked.npz", lenght=lengths)
    error = run("mode=infer", *data, "INFER.condition=asked.npz", refused=True)
    assert "'lenght' [3]" in error and "length" in error


def test_measurements_are_judged_by_kriging_and_asked_for_in_their_unit(run, tmp_path):
    data = ["DATA.points=[3,6]", "DATA.name=lognormal", "DATA.num_samples=20"]
    run("mode=train", *data)
    records = [json.loads(line) for line in open(tmp_path / "run" / "metrics.jsonl")]
    assert all(record["misfit"] > 0 for record in records)
    assert all(np.isfinite(r["validation_critic_loss"]) for r in records)
    run("mode=eval", *data)
    metrics = metrics_of(tmp_path / "run")
    assert metrics["misfit"]["truth"] == 0 < metrics["misfit"]["value"]
    assert {"kriging_mean", "kriging_variance", "memory", "spectrum"} <= set(metrics)
    run("mode=export", *data)
    mask = np.zeros((2, 1, 32, 16), np.float32)
    mask[:, :, 3, 5] = mask[:, :, 30, 2] = 1
    np.savez(tmp_path / "asked.npz", mask=mask, values=1.5 * mask + 0.1)
    asked = ["INFER.condition=asked.npz", "INFER.size=[32,16]"]
    run("mode=infer", *data, *asked)
    arrays = np.load(tmp_path / "run" / "samples.npz")
    assert arrays["samples"].shape == (2, 1, 32, 16) and arrays["samples"].min() > 0
    error = run("mode=infer", *data, asked[0], refused=True)
    assert "INFER.size" in error and "[2, 1, 32, 16]" in error


@pytest.mark.parametrize("kind", ["facies", "continuous"])
def test_own_images(run, tmp_path, kind):
    rng = np.random.default_rng(0)
    image = rng.standard_normal((160, 64)).cumsum(axis=0)
    image = 100 + image - image.mean(axis=0)
    if kind == "facies":
        image = np.digitize(image, [97, 103]).astype(np.uint8)
    np.save(tmp_path / "image.npy", image)
    facies = f"DATA.facies={str(kind == 'facies').lower()}"
    data = ["DATA.name=images", "DATA.path=image.npy", facies, "DATA.held_out=0.4"]
    run("mode=train", *data)
    run("mode=eval", *data)
    metrics = metrics_of(tmp_path / "run")
    assert metrics["fields"] == 8  # half of the 16 held-out crops
    suffix = "[2]" if kind == "facies" else ""
    assert {f"spectrum{suffix}", f"memory{suffix}", f"euler_error{suffix}"} <= set(
        metrics
    )
    run("mode=export", *data)
    (tmp_path / "image.npy").unlink()  # the exported generator needs no data
    run("mode=infer", *data, "INFER.num_samples=2")
    samples = np.load(tmp_path / "run" / "samples.npz")["samples"]
    if kind == "facies":
        assert samples.shape == (2, 3, 16, 16)
        assert set(np.unique(samples)) <= {0, 1} and (samples.sum(axis=1) == 1).all()
    else:
        assert samples.shape == (2, 1, 16, 16) and 50 < samples.mean() < 150


def test_the_pair_for_comparison(run, tmp_path):
    data = ["MODEL.name=transposed", "MODEL.padding=zeros", "DATA.name=porous"]
    for mode in ("train", "eval", "export", "infer"):
        run(f"mode={mode}", *data, "MODEL.critic_spectrum=true", "TRAIN.epochs=1")
    samples = np.load(tmp_path / "run" / "samples.npz")["samples"]
    assert samples.shape == (16, 1, 16, 16) and set(np.unique(samples)) <= {0, 1}
    assert {"porosity", "porosity_variance"} <= set(metrics_of(tmp_path / "run"))


@pytest.mark.parametrize(
    "overrides, says",
    [
        (["DATA.size=[16,18]"], "DATA.size=[16, 18]|multiple of 4"),
        (["INFER.size=[18,16]"], "INFER.size=[18, 16]|multiple of 4"),
        (["INFER.size=[32]"], "INFER.size|2 sizes"),
        (["MODEL.name=transposed", "INFER.size=[32,32]"], "MODEL.name=spatial"),
        (["MODEL.name=transposed", "DATA.points=[3,4]"], "MODEL.name=spatial"),
        (["DATA.name=images"], "DATA.path"),
        (["DATA.path=x.npy"], "DATA.path|images or volumes"),
        (["DATA.name=volumes", "DATA.path=x.npy"], "3 sizes"),
        (["DATA.name=images", "DATA.path=x.npy"], "x.npy"),
        (["DATA.name=images", "DATA.path=x.npy", "DATA.points=[1,2]"], "own data"),
        (["DATA.name=porous", "DATA.points=[1,2]"], "DATA.points|porous"),
        (["DATA.points=[1,2]", "DATA.vary.length=[1,2]"], "leave one of them out"),
        (["DATA.unseen.length=[1,2]"], "DATA.unseen.length|DATA.vary.length"),
        (["DATA.vary.porosity=[0.2,0.4]"], "porosity"),
        (["DATA.vary.length=[3,2]"], "length|3"),
        (["DATA.name=gausian"], "DATA.name=gausian"),
        (["DATA.lenght=3"], "DATA.length"),
        (["EVAL.sets=20"], "EVAL.sets=20"),
    ],
)
def test_mistakes_are_told_in_one_sentence(run, tmp_path, overrides, says):
    error = run("mode=train", *overrides, refused=True)
    for part in says.split("|"):
        assert part in error, error
    assert not (tmp_path / "run" / "metrics.jsonl").exists()


def test_infer_needs_the_exported_transform(run, tmp_path):
    run("mode=train", "TRAIN.epochs=1", "TRAIN.iters_per_epoch=1")
    run("mode=export")
    path = tmp_path / "run" / "inference" / "generator.transform.json"
    for content in ('{"kind": "wavy", "shift": [0], "scale": [1]}', "{", None):
        path.unlink() if content is None else path.write_text(content)
        assert "mode=export" in run("mode=infer", refused=True)
    assert not (tmp_path / "run" / "samples.npz").exists()
