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

"""The zoo: from finished runs of all cases to entries that anybody can evaluate and draw from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from os import path as osp

import numpy as np
import paddle
import pytest
from omegaconf import OmegaConf
from PIL import Image
from safetensors.numpy import load_file
from wgan_gp.models.networks import MLPGenerator
from wgan_gp.utils import zoo

from ppsci_ext.utils import UserError
from ppsci_ext.utils.digest import file_digest
from ppsci_ext.utils.weights import read_paddle_weights
from ppsci_ext.utils.weights import set_weights
from tools.zoo import __main__ as tool
from tools.zoo import adding
from tools.zoo.scores import differences
from tools.zoo.scores import printed
from tools.zoo.scores import table

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
CASES = osp.join(ROOT, "examples", "wgan_gp", "cases")
SHORT = ["TRAIN.epochs=1", "TRAIN.iters_per_epoch=3", "TRAIN.batch_size=4"]
SMALL = {
    "wgan_gp_toy": ["MODEL.dim=8", "DATA.name=25gaussians", "EVAL.num_samples=50"],
    "wgan_gp_cifar": [
        *("DATA.name=npz", "MODEL.image_shape=[1,8,8]", "MODEL.dim=4"),
        *("MODEL.conditional=true", "MODEL.num_classes=3", "EVAL.num_samples=30"),
        "EVAL.extractor.name=mnist_classifier",
    ],
    "wgan_gp_fields": [
        *("DATA.name=lognormal", "DATA.size=[16,16]", "MODEL.dim=4", "MODEL.stages=2"),
        *("EVAL.num_samples=8", "EVAL.sets=60", "EVAL.batch_size=4"),
    ],
    "wgan_gp_motion": [
        *("DATA.frames=12", "MODEL.dim=4", "MODEL.critic_dim=4", "MODEL.latent_dim=6"),
        *("GAN.curriculum.end=2", "TRAIN.validation_size=6", "EVAL.num_samples=12"),
        "EVAL.autoencoder_iterations=5",
    ],
}


@pytest.fixture
def run(start_case):
    """Run a case's script; returns what it says on stderr."""

    def run_case(case, *overrides, status=0):
        ended = start_case(case, *overrides)
        assert ended.status == status, ended.err
        return ended.err

    return run_case


@pytest.fixture
def own_zoo(tmp_path, monkeypatch):
    """An empty zoo in a folder of its own."""
    (tmp_path / "registry").mkdir()
    (tmp_path / "page.md").write_text(f"before\n{adding.BEGIN}{adding.END}after\n")
    monkeypatch.setattr(zoo, "REGISTRY", str(tmp_path / "registry" / "zoo.json"))
    monkeypatch.setattr(adding, "PAGE", str(tmp_path / "page.md"))
    (tmp_path / "registry" / "zoo.json").write_text("{}")


def trained(run, tmp_path, case):
    """A run of a case in tmp_path/run, trained and evaluated; what its data need."""
    given = []
    if "DATA.name=npz" in SMALL[case]:
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (40, 1, 8, 8), dtype=np.uint8)
        np.savez(tmp_path / "own.npz", images=images, labels=np.arange(40) % 3)
        cache = f"EVAL.cache_dir={tmp_path / 'cache'}"
        given = [f"DATA.root={tmp_path / 'own.npz'}", cache]
    for mode in ("train", "eval"):
        run(case, f"mode={mode}", *SHORT, *SMALL[case], *given, "output_dir=run")
    return given


def metrics_of(folder):
    return json.loads((folder / "eval.json").read_text())["metrics"]


def check_going_on(run, case, stored, given):
    """A training that learns next to nothing ends with the entry's networks."""
    rates = [
        "TRAIN.generator_lr=1e-12",
        "TRAIN.critic_lr=1e-12",
        "TRAIN.lr_decay=false",
    ]
    critic = read_paddle_weights("run/critic.pdparams")
    own = f"outputs_{case}"  # not that of the entry's samples
    for source, more, folder in (
        ("zoo:tiny", [], own),
        (own, [*SHORT, *SMALL[case], "output_dir=further"], "further"),
    ):
        begin = f"TRAIN.pretrained_model_path={source}"
        run(case, "mode=train", begin, *more, *rates, *given)
        for expected, name in ((stored, "generator"), (critic, "critic")):
            found = read_paddle_weights(f"{folder}/{name}.pdparams")
            assert set(found) == set(expected)
            for key, array in expected.items():
                if not key.endswith(("_mean", "_variance")):  # of batch norm
                    np.testing.assert_allclose(found[key], array, rtol=1e-3, atol=1e-6)


QUICK = ("wgan_gp_toy", "wgan_gp_fields")  # the others take a quarter of a minute each


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[] if case in QUICK else pytest.mark.heavy)
        for case in SMALL
    ],
)
def test_from_a_run_to_scores_and_samples(run, own_zoo, tmp_path, capsys, case):
    given = trained(run, tmp_path, case)
    adding.add("run", "tiny", given)
    entry = zoo.find_entry("zoo:tiny")
    assert (entry.case, entry.iterations) == (case, 3)
    assert "MODEL.dim=4" in entry.configuration or case == "wgan_gp_toy"
    assert not any(str(tmp_path) in argument for argument in entry.configuration)
    with open("run/eval.json", encoding="utf-8") as file:
        trained_weights = read_paddle_weights(json.load(file)["weights"])
    stored = load_file(entry.path)
    assert set(stored) == set(trained_weights)
    for name, array in stored.items():
        np.testing.assert_allclose(array, trained_weights[name], rtol=1e-3, atol=1e-7)

    # as a user evaluates it: the entry's configuration, and the scores of zoo.json
    run(case, "mode=eval", "EVAL.pretrained_model_path=zoo:tiny", *given)
    folder = tmp_path / "outputs_zoo" / "tiny"
    assert printed(metrics_of(folder)) == entry.scores["metrics"]
    result = json.loads((folder / "eval.json").read_text())
    assert (result["weights"], result["iteration"]) == ("zoo:tiny", 3)
    assert tool.check(entry, given)
    check_going_on(run, case, stored, given)
    wrong = json.loads(json.dumps(entry.scores))
    name = next(k for k, v in wrong["metrics"].items() if isinstance(v, float))
    wrong["metrics"][name] *= 1.0001  # the last digits
    assert not tool.check(entry._replace(scores=wrong), given)
    assert f"{name}: " in capsys.readouterr().out

    if case == "wgan_gp_cifar":  # without data, and without an export before
        labels = ["INFER.labels=[2,0,2,1]", "DATA.root=nowhere"]
        run(case, "mode=infer", "INFER.pretrained_model_path=zoo:tiny", *labels)
        arrays = np.load(folder / "samples.npz")
        assert arrays["samples"].shape == (4, 1, 8, 8)
        assert arrays["labels"].tolist() == [2, 0, 2, 1]

    picture = tmp_path / tool.draw(entry, given)
    assert len(np.unique(np.asarray(Image.open(picture)))) > 9
    assert (
        f"| `zoo:tiny` | 3 | {result['samples']} |"
        in (tmp_path / "page.md").read_text()
    )


def test_samples_from_weights_alone(run, rings, tmp_path):
    """Nothing has been exported before."""
    source = "INFER.pretrained_model_path=zoo:rings"
    samples = {}
    for folder, more in (
        ("outputs_zoo/rings", []),
        ("mine", ["output_dir=mine"]),
        ("other", ["output_dir=other", "seed=7"]),
    ):
        run("wgan_gp_toy", "mode=infer", source, "INFER.num_samples=4", *more)
        samples[folder] = np.load(tmp_path / folder / "samples.npz")["samples"]
        assert (tmp_path / folder / "samples.png").stat().st_size > 500
    generator = MLPGenerator(8)
    set_weights(generator, load_file(rings), "rings")
    noise = np.random.default_rng(42).standard_normal((4, 2), dtype=np.float32)
    expected = generator(paddle.to_tensor(noise)).numpy()
    np.testing.assert_allclose(samples["mine"], expected, atol=1e-5)
    np.testing.assert_array_equal(samples["outputs_zoo/rings"], samples["mine"])
    assert np.abs(samples["other"] - expected).max() > 1e-2


@pytest.fixture
def rings(run, own_zoo, tmp_path):
    """An entry of the toy case, made without a training; returns its file."""
    case = SMALL["wgan_gp_toy"]
    path = tmp_path / "registry" / "zoo" / "rings.safetensors"
    path.parent.mkdir()
    weights = MLPGenerator(8).state_dict()
    adding.store({k: v.numpy() for k, v in weights.items()}, "float16", str(path))
    sha256 = file_digest(path)
    scores = {"samples": 50, "seed": 42, "extractor": None, "metrics": {}}
    place = "zoo/rings.safetensors"
    entry = zoo.Entry("rings", "wgan_gp_toy", case, 3, scores, place, sha256)
    adding.write_registry({"rings": entry})
    return path


@pytest.mark.parametrize(
    "case, arguments, says",
    [
        ("toy", ["mode=eval", "EVAL=zoo:ring"], "did you mean 'rings'"),
        ("toy", ["mode=infer", "INFER=zoo:"], "did you mean 'rings'"),
        ("toy", ["mode=eval", "EVAL=zoo:rings", "MODEL.dim=16"], "with MODEL.dim=8;"),
        ("toy", ["mode=infer", "INFER=zoo:rings", "MODEL.dim=16"], "MODEL.dim=16 is"),
        (
            "toy",
            ["mode=export", "INFER=zoo:rings", "DATA.name=swissroll"],
            "was trained with DATA.name=25gaussians",
        ),
        ("mnist", ["mode=eval", "EVAL=zoo:rings"], "run wgan_gp_toy.py"),
        ("toy", ["TRAIN=zoo:rings", "MODEL.dim=16"], "with MODEL.dim=8;"),
        ("toy", ["TRAIN=zoo:ring"], "did you mean 'rings'"),
    ],
)
def test_what_is_refused(run, rings, case, arguments, says):
    whole = [a.replace("=zoo", ".pretrained_model_path=zoo") for a in arguments]
    error = run(f"wgan_gp_{case}", *whole, status=2)
    assert says in error and len(error.splitlines()) == 1


@pytest.mark.parametrize(
    "mode, group, problem",
    [
        ("eval", "EVAL", "shorter"),
        ("infer", "INFER", "other"),
        ("eval", "EVAL", "missing"),
    ],
)
def test_a_file_that_is_not_the_published_one(run, rings, mode, group, problem):
    content = rings.read_bytes()
    rings.unlink()
    if problem != "missing":
        changed = b"" if problem == "shorter" else bytes([content[-1] ^ 1])
        rings.write_bytes(content[:-1] + changed)
    source = f"{group}.pretrained_model_path=zoo:rings"
    error = run("wgan_gp_toy", f"mode={mode}", source, status=2)
    assert str(rings) in error and len(error.splitlines()) == 1
    assert ("is missing" if problem == "missing" else "is damaged") in error


def test_what_the_user_may_choose(run, rings, tmp_path):
    """What it was trained with may be said again, and what is beside it be set."""
    more = ["MODEL.dim=8", "EVAL.num_samples=20", "output_dir=again", "preset=cpu"]
    run("wgan_gp_toy", "mode=eval", "EVAL.pretrained_model_path=zoo:rings", *more)
    assert json.loads((tmp_path / "again" / "eval.json").read_text())["samples"] == 20


def test_weights_that_dont_fit_the_entry(run, rings):
    """An entry whose configuration is that of another network."""
    entry = zoo.find_entry("zoo:rings")
    other = [a.replace("MODEL.dim=8", "MODEL.dim=9") for a in entry.configuration]
    adding.write_registry({"rings": entry._replace(configuration=other)})
    source = "EVAL.pretrained_model_path=zoo:rings"
    error = run("wgan_gp_toy", "mode=eval", source, status=2)
    assert "don't fit the network" in error and "rings.safetensors" in error


def test_runs_that_make_no_entry(run, own_zoo, tmp_path):
    case = "wgan_gp_toy"
    for mode in ("train", "eval"):
        with pytest.raises(UserError, match=f"run mode={mode} there first"):
            adding.add("run", "tiny", [])
        run(case, f"mode={mode}", *SHORT, *SMALL[case], "output_dir=run")
    result = json.loads((tmp_path / "run" / "eval.json").read_text())
    result["metrics"]["W1"] *= 1.05
    (tmp_path / "run" / "eval.json").write_text(json.dumps(result))
    with pytest.raises(UserError, match="does not have the scores.*metrics.W1|W1"):
        adding.add("run", "tiny", [])
    assert zoo.read_registry() == {}


@pytest.mark.parametrize(
    "case, name", [("mnist", "mnist"), ("cifar", "cifar_resnet32")]
)
def test_scores_are_the_same_on_every_processor(case, name, tmp_path):
    """Under MKL's order of summation for old processors as under that for this one."""
    entry = zoo.find_entry(f"zoo:{name}")
    channels, side = {"mnist": (1, 28), "cifar": (3, 32)}[case]
    images = np.random.default_rng(1).integers(0, 256, (64, channels, side, side))
    labels = np.arange(64) % 10
    np.savez(tmp_path / "own.npz", images=images.astype(np.uint8), labels=labels)
    # the entry's networks, by a file: real images come from the data that it names
    arguments = [
        *entry.arguments(f"wgan_gp_{case}", "eval")[1:],
        *(f"EVAL.pretrained_model_path={entry.path}", f"EVAL.cache_dir={tmp_path}"),
        *("DATA.name=npz", "DATA.root=own.npz", "EVAL.num_samples=64"),
        *("EVAL.batch_size=64", "mode=eval"),
    ]
    found = []
    for order in ("COMPATIBLE", "AUTO"):
        script = osp.join(CASES, f"wgan_gp_{case}.py")
        subprocess.run(
            [sys.executable, script, *arguments, f"output_dir={order}"],
            cwd=tmp_path,
            env={**os.environ, "MKL_CBWR": order},
            check=True,
        )
        found.append(metrics_of(tmp_path / order))
    assert not list(differences(*found, 1e-9, scale=1e-9))


def test_a_training_takes_the_precision_of_the_machine():
    """What makes a score the same everywhere is needed for the score alone, and is slow."""
    entry = zoo.find_entry("zoo:mnist")
    slow = "EVAL.precision=fp64"
    assert slow in entry.arguments("wgan_gp_mnist", "eval")
    trained = entry.arguments("wgan_gp_mnist", "train")
    assert sorted([*trained, slow]) == sorted(entry.configuration)


@pytest.mark.parametrize(
    "before, count", [(None, 5), ("runs/earlier", 5), ("zoo:rings", 8)]
)
def test_iterations_of_an_entry_are_counted_on(rings, before, count):
    cfg = OmegaConf.create({"TRAIN": {"pretrained_model_path": before}})
    assert adding.iterations_of(cfg, {"iteration": 5}) == count


def test_entries_share_arguments_by_the_keys_of_their_cases():
    entry = zoo.Entry("", "", [], 3, {}, "", "")
    entries = [
        entry._replace(name="rings", case="wgan_gp_toy"),
        entry._replace(name="digits", case="wgan_gp_mnist"),
    ]
    root, samples = "DATA.root=here", "EVAL.num_samples=20"
    found = tool.shared_out(entries, [root, samples])
    assert found == {"rings": [samples], "digits": [root, samples]}
    with pytest.raises(UserError, match="'DATA.rood'.*'DATA.root'"):
        tool.shared_out(entries, ["DATA.rood=here"])


def test_a_large_generator_is_refused(tmp_path):
    arrays = {"weight": np.zeros((1024, 1600), np.float32)}
    with pytest.raises(UserError, match="3.13 MiB as float16.*may have 3"):
        adding.store(arrays, "float16", str(tmp_path / "large.safetensors"))


def test_what_keeps_its_digits(tmp_path):
    """Small arrays, integers, and what is too large for float16."""
    arrays = {
        "kernel": np.full((32, 32), 0.1, np.float32),
        "variance": np.array([1e6, 1e-9], np.float32),
        "large": np.full(2000, 1e5, np.float32),
        "count": np.arange(70000),
    }
    adding.store(arrays, "float16", str(tmp_path / "x.safetensors"))
    stored = load_file(tmp_path / "x.safetensors")
    assert stored["kernel"].dtype == np.float16
    for name in ("variance", "large", "count"):
        np.testing.assert_array_equal(stored[name], arrays[name])
        assert stored[name].dtype == arrays[name].dtype


@pytest.mark.parametrize(
    "found, expected, share, count",
    [
        ({"a": 1.0}, {"a": 1.0}, 0.0, 0),
        ({"a": 1.00001}, {"a": 1.0}, 0.0, 1),
        ({"a": 1.009}, {"a": 1.0}, 0.01, 0),
        ({"a": 1.02}, {"a": 1.0}, 0.01, 1),
        ({"a": 0.0105}, {"a": 0.01}, 0.01, 0),  # half of a thousandth
        ({"a": 0.012}, {"a": 0.01}, 0.01, 1),
        ({"a": [1, 2]}, {"a": [1, 2, 3]}, 0.0, 1),
        ({"a": [1, 2]}, {"a": [2, 1]}, 0.01, 2),
        ({"a": [1000, 20]}, {"a": [1009, 11]}, 0.01, 0),  # samples in classes
        ({"a": [1000, 20]}, {"a": [1000, 31]}, 0.01, 1),
        ({"a": {"within": True}}, {"a": {"within": False}}, 0.01, 1),
        ({"a": 1}, {"b": 1}, 0.01, 2),
        ({"a": None}, {"a": 0.0}, 0.01, 1),
        ({"a": float("nan")}, {"a": 1.0}, 0.01, 1),
    ],
)
def test_differences_of_scores(found, expected, share, count):
    assert len(list(differences(found, expected, share))) == count


def test_the_zoo_of_the_project():
    """Every entry has its file, a card, and its line in the table of the page."""
    entries = zoo.read_registry()
    assert entries
    with open(adding.PAGE, encoding="utf-8") as file:
        page = file.read()
    assert f"{adding.BEGIN}{table(entries)}{adding.END}" in page
    for name, entry in entries.items():
        assert osp.getsize(entry.weights()) <= adding.MAX_BYTES
        assert f"\n### {name}\n" in page


@pytest.mark.parametrize("name", sorted(zoo.read_registry()))
def test_entries_can_be_drawn_from(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    picture = tool.draw(zoo.find_entry(f"zoo:{name}"), [])
    assert len(np.unique(np.asarray(Image.open(picture)))) > 9


@pytest.mark.parametrize(
    "name", [n for n, e in zoo.read_registry().items() if e.case == "wgan_gp_toy"]
)
def test_entries_that_need_no_data_have_their_scores(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert tool.check(zoo.find_entry(f"zoo:{name}"), [])
