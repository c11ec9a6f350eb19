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

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from wgan_gp.cases import wgan_gp_text

from ppsci_ext.data.text import read_text
from ppsci_ext.data.text import to_lines
from ppsci_ext.metric.ngrams import ngram_divergence
from tests.helpers.records import untimed_lines

LINES = [f"{word} and {other}" for word in "abcdef" for other in "ghijkl"]
OWN = ["DATA.name=text", "DATA.root=own.txt"]
SMALL = [
    "output_dir=run",
    "DATA.length=8",
    "DATA.held_out=6",
    "MODEL.dim=4",
    "MODEL.blocks=1",
    "MODEL.latent_dim=3",
    "GAN.n_critic=2",
    "TRAIN.epochs=2",
    "TRAIN.iters_per_epoch=2",
    "TRAIN.batch_size=4",
    "TRAIN.log_freq=1",
    "TRAIN.save_freq=1",
    "EVAL.num_samples=10",
    "INFER.num_samples=5",
]


@pytest.fixture
def run(start_case, tmp_path):
    """Run the case's script; returns what it says on stderr."""
    (tmp_path / "own.txt").write_text("\n".join(LINES), encoding="utf-8")

    def run_case(*overrides, status=0):
        ended = start_case("wgan_gp_text", *SMALL, *overrides)
        assert ended.status == status, ended.err
        return ended.err

    return run_case


def test_all_modes(run, tmp_path):
    folder = tmp_path / "run"
    run("mode=train", *OWN)
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").open()]
    steps = [line for line in lines if "wasserstein" in line]
    assert [line["iteration"] for line in steps] == [1, 2, 3, 4]
    assert all(np.isfinite(line["validation_critic_loss"]) for line in steps)
    scored = [line for line in lines if "eval" in line]
    assert [line["iteration"] for line in scored] == [2, 4]
    for name in ("iter_00000002", "iter_00000004", "real"):
        text = (folder / "samples" / f"{name}.txt").read_text(encoding="utf-8")
        assert len(text.splitlines()) == (30 if name == "real" else 64)
    for name in ("curves.png", "scores.png"):
        assert Image.open(folder / name).width > 500

    # parts of a run are the whole of it
    run("mode=train", "output_dir=parts", "TRAIN.epochs=1", *OWN)
    run("mode=train", "output_dir=parts", "TRAIN.resume=true", *OWN)
    assert untimed_lines(tmp_path / "parts") == untimed_lines(folder)
    weights = (folder / "generator.pdparams").read_bytes()
    assert (tmp_path / "parts" / "generator.pdparams").read_bytes() == weights

    run("mode=eval", *OWN)
    result = json.loads((folder / "eval.json").read_text())
    assert (result["case"], result["iteration"]) == ("wgan_gp_text", 4)
    assert result["samples"] == 10 and result["extractor"] is None
    for n in (1, 2, 3, 4):
        real, fake = (result["metrics"][f"{which}JS-{n}"] for which in ("real_", ""))
        assert 0 <= real < fake < 1 + 1e-9

    run("mode=export", *OWN)
    run("mode=infer", *OWN)
    arrays = np.load(folder / "samples.npz")
    assert arrays["samples"].shape == (5, 8)
    written = (folder / "samples.txt").read_text(encoding="utf-8")
    assert written.splitlines() == to_lines(arrays["samples"], arrays["characters"])
    shorter = run("mode=infer", *OWN, "DATA.length=7", status=2)
    assert "The exported generator makes lines of [8," in shorter


def test_samples_are_scored_against_held_out_lines(run, tmp_path):
    """A generator that draws training lines has the scores of real lines."""
    text = read_text(str(tmp_path / "own.txt"), 8, 6)
    run("mode=train", *OWN, "TRAIN.epochs=1")
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").open()]
    scores = lines[-1]["eval"]
    rng = np.random.default_rng(42)
    real = rng.choice(text.train, 10, replace=False)
    for n in (1, 2, 3, 4):
        expected = ngram_divergence(real, text.test, n)
        assert scores[f"real_JS-{n}"] == pytest.approx(expected)


def test_the_text_that_comes_with_the_project():
    text = read_text(wgan_gp_text.TEXTS["paradise_lost"], 32, 640)
    assert len(text.train) + len(text.test) == 10549
    characters = text.characters
    assert len(characters) < 80 and characters[1] == " "
    assert "And justifie the wayes of God to" in [
        *to_lines(text.train, characters),
        *to_lines(text.test, characters),
    ]


def test_probabilities_become_their_most_likely_characters():
    probabilities = np.array([[[0.1, 0.7, 0.2], [0.4, 0.3, 0.3]]])
    np.testing.assert_array_equal(wgan_gp_text.most_likely(probabilities), [[1, 0]])


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["DATA.name=text"], "DATA.name=text needs a text file"),
        (["DATA.name=text", "DATA.root=nowhere.txt"], "nowhere.txt can't be read"),
        ([*OWN, "DATA.held_out=36"], "none is left to train on"),
        ([*OWN, "EVAL.num_samples=31"], "EVAL.num_samples=31 is more than the 30 lines"),
        ([*OWN, "TRAIN.batch_size=31", "EVAL.num_samples=2"], "only 30 samples"),
        (["DATA.length=3"], "DATA.length=3 is refused"),
        (["DATA.name=milton"], "DATA.name=milton is refused"),
        (["DATA.max_characters=70000"], "DATA.max_characters=70000 is refused"),
    ],
)  # fmt: skip
def test_mistakes_get_one_sentence(run, tmp_path, arguments, says):
    assert says in run("mode=train", *arguments, status=2)
    assert not (tmp_path / "run" / "metrics.jsonl").exists()


def test_what_is_no_text_gets_one_sentence(run, tmp_path):
    (tmp_path / "own.txt").write_bytes(b"\x80\x81\n" * 99)
    assert "own.txt is no UTF-8 text" in run("mode=train", *OWN, status=2)
