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
from scipy.io import wavfile

from ppsci_ext.data.motion import SyntheticSpeech
from ppsci_ext.data.motion import read_bvh
from ppsci_ext.data.motion import skeleton
from ppsci_ext.data.motion import write_bvh
from tests.helpers.records import untimed_lines

BODY = skeleton("upper_body")
SMALL = [
    "output_dir=run",
    "DATA.frames=12",
    "MODEL.dim=4",
    "MODEL.critic_dim=4",
    "MODEL.latent_dim=6",
    "GAN.n_critic=2",
    "GAN.curriculum.end=2",
    "TRAIN.epochs=2",
    "TRAIN.iters_per_epoch=2",
    "TRAIN.batch_size=4",
    "TRAIN.log_freq=1",
    "TRAIN.validation_size=6",
    "EVAL.num_samples=12",
    "EVAL.autoencoder_iterations=5",
]


@pytest.fixture
def run(start_case):
    """Run the case's script; returns what it says on stderr."""

    def run_case(*overrides, status=0):
        ended = start_case("wgan_gp_motion", *SMALL, *overrides)
        assert ended.status == status, ended.err
        return ended.err

    return run_case


def speech(path, seconds=2.5, rate=16000):
    """Syllables four times a second."""
    t = np.arange(int(seconds * rate)) / rate
    sound = np.sin(2 * np.pi * 200 * t) * np.sin(2 * np.pi * 2 * t) ** 2
    wavfile.write(path, rate, (20000 * sound).astype(np.int16))


def records(folder):
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_all_modes(run, tmp_path):
    folder = tmp_path / "run"
    run("mode=train")
    lines = records(folder)
    assert [line["iteration"] for line in lines] == [1, 2, 3, 4]
    for line in lines[1:]:
        assert line["slope"] > 0 and np.isfinite(line["validation_critic_loss"])
        for term in ("regression", "continuity", "joint_limits", "adversarial"):
            assert line[term] is not None and np.isfinite(line[term])
    # iterations counted from 0; the first line has no step of the generator
    assert [line["adversarial_weight"] for line in lines[1:]] == [0.5, 1.0, 1.0]
    assert [line["regression_weight"] for line in lines[1:]] == [25.0, 0.0, 0.0]
    for name in ("samples/real.png", "samples/iter_00000004.png", "curves.png"):
        assert (folder / name).stat().st_size > 500

    # parts of a run are the whole of it
    run("mode=train", "output_dir=parts", "TRAIN.epochs=1")
    run("mode=train", "output_dir=parts", "TRAIN.resume=true")
    assert untimed_lines(tmp_path / "parts") == untimed_lines(folder)
    weights = (folder / "generator.pdparams").read_bytes()
    assert (tmp_path / "parts" / "generator.pdparams").read_bytes() == weights

    run("mode=eval")
    result = json.loads((folder / "eval.json").read_text())
    assert result["case"] == "wgan_gp_motion" and result["iteration"] == 4
    assert result["extractor"]["name"] == "motion_autoencoder"
    for digest in ("sha256", "data_digest"):
        assert len(result["extractor"][digest]) == 64
    metrics = result["metrics"]
    for name in ("frechet", "beat_excess", "mode_share", "jerk", "left_arm"):
        for beside in ("", "real_", "se_", "static_pose_"):
            assert isinstance(metrics[f"{beside}{name}"], float)
    assert metrics["bone_length"] < 1e-6
    assert metrics["truth_mode_share"] == pytest.approx(0.65)
    assert metrics["static_pose_speed"] == 0.0 < metrics["real_speed"]
    for name in ("animation.gif", "histograms.png", "correlation.png"):
        assert Image.open(folder / name).width > 100

    run("mode=export")
    speech(tmp_path / "speech.wav")
    made = {}
    for speaker in (0, "speaker_1", "mean"):
        run("mode=infer", "INFER.audio=speech.wav", f"INFER.speaker={speaker}")
        arrays = np.load(folder / "samples.npz")
        made[speaker] = arrays["samples"]
        assert arrays["samples"].shape == (1, 37, BODY.num_bones, 3)
        lengths = np.linalg.norm(arrays["samples"], axis=-1)
        np.testing.assert_allclose(lengths, 1.0, atol=1e-5)
        # windows of 12 frames that share 4
        np.testing.assert_array_equal(arrays["seams"], [[8, 16, 24, 32]])
    for speaker in (0, "mean"):
        assert np.abs(made["speaker_1"] - made[speaker]).max() > 1e-4
    assert Image.open(folder / "motion.gif").n_frames > 1
    motion = read_bvh(str(folder / "motion.bvh"))
    assert motion.fps == pytest.approx(15.0) and len(motion.directions) == 37

    # windows of one's own, by the house's way
    law = SyntheticSpeech(BODY, 12, seed_frames=4)
    _, condition = law.sample(5, np.random.default_rng(0))
    np.savez(tmp_path / "asked.npz", **condition)
    run("mode=infer", "INFER.condition=asked.npz")
    assert np.load(folder / "samples.npz")["samples"].shape[:2] == (5, 12)
    assert (folder / "samples.png").is_file()


@pytest.mark.heavy
def test_growing_in_time_with_the_same_networks(run, tmp_path):
    run("mode=train", "DATA.frames=8", "TRAIN.epochs=1")
    error = run("mode=train", "TRAIN.resume=true", status=2)
    assert "DATA.frames" in error
    run(
        *("mode=train", "TRAIN.resume=true", "TRAIN.may_differ=[DATA.frames]"),
        "TRAIN.allow_other_data=true",
    )
    steps = [line for line in records(tmp_path / "run") if "wasserstein" in line]
    assert [line["iteration"] for line in steps] == [1, 2, 3, 4]


@pytest.mark.heavy
def test_positions_ablations_and_all_terms(run, tmp_path):
    run(
        *("mode=train", "MODEL.representation=position", "TRAIN.epochs=1"),
        *("MODEL.cross_attention=false", "MODEL.critic_audio=false"),
        *("DATA.seed_frames=0", "GAN.joint_likelihood=0.1", "GAN.penalty_over=frame"),
        *(
            "GAN.curriculum.adversarial=[1.0,1.0]",
            "GAN.curriculum.regression=[0.0,0.0]",
        ),
    )
    line = records(tmp_path / "run")[-1]
    assert line["bone_length"] > 0 and line["joint_likelihood"] > 0
    assert "regression" not in line and "adversarial_weight" not in line
    assert "continuity" not in line
    run(
        *("mode=train", "output_dir=clipped", "GAN.name=wgan", "TRAIN.epochs=1"),
        "MODEL.critic_norm=batch",
    )
    assert records(tmp_path / "clipped")[-1].get("gradient_penalty") is None


def recordings(root, seconds=4.0, speakers=("ann", "bob"), clips=3):
    """A folder of BVH and WAV files, and the same clips' directions."""
    law = SyntheticSpeech(BODY, int(seconds * 15))
    motion, _ = law.sample(clips * len(speakers), np.random.default_rng(3))
    for number, one in enumerate(motion):
        folder = root / speakers[number % len(speakers)]
        folder.mkdir(parents=True, exist_ok=True)
        write_bvh(str(folder / f"{number}.bvh"), BODY, one, 15.0)
        speech(folder / f"{number}.wav", seconds + 0.1)
    return motion


def test_own_bvh_recordings(run, tmp_path):
    recordings(tmp_path / "own")
    own = ["DATA.name=bvh", "DATA.root=own", "DATA.stride=4", "DATA.held_out=0.4"]
    run("mode=train", "TRAIN.epochs=1", *own)
    run("mode=eval", *own)
    metrics = json.loads((tmp_path / "run" / "eval.json").read_text())["metrics"]
    assert metrics["frechet"] > 0 and "mode_share" not in metrics
    assert "truth_limit_violations" not in metrics
    run("mode=export", *own)
    infer = ["mode=infer", "INFER.audio=own/ann/0.wav", *own]
    run(*infer, "INFER.speaker=bob")
    assert np.load(tmp_path / "run" / "samples.npz")["speaker"] == 1
    error = run(*infer, "INFER.speaker=cid", status=2)
    assert "There is no speaker 'cid'" in error and "ann, bob" in error
    nothing = [*own[:3], "DATA.held_out=0.0"]
    assert "hold out more" in run("mode=eval", *nothing, status=2)


@pytest.mark.heavy
def test_own_motion_without_sound(run, tmp_path):
    motion = recordings(tmp_path / "own")
    (tmp_path / "npz").mkdir()
    named = {f"clip{number}": one for number, one in enumerate(motion)}
    np.savez(tmp_path / "npz" / "motion.npz", **named)
    own = ["DATA.name=npz", "DATA.root=npz", "DATA.stride=4", "DATA.held_out=0.4"]
    run("mode=train", "TRAIN.epochs=1", *own)
    run("mode=eval", *own)
    metrics = json.loads((tmp_path / "run" / "eval.json").read_text())["metrics"]
    assert metrics["frechet"] > 0 and "beat_excess" not in metrics
    run("mode=export", *own)
    error = run("mode=infer", "INFER.audio=own/ann/0.wav", *own, status=2)
    assert "trained without sound" in error


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["mode=infer"], "give a WAV file by INFER.audio"),
        (["mode=infer", "INFER.audio=none.wav"], "There is no exported generator"),
        (["mode=infer", "INFER.audio=none.wav", "INFER.speaker=4"], "There is no speaker '4'"),
        (["mode=infer", "INFER.audio=none.wav", "INFER.speaker=-1"], "There is no speaker '-1'"),
        (["DATA.seed_frames=12"], "DATA.seed_frames=12 leaves nothing"),
        (["MODEL.dim=6"], "MODEL.dim=6 is refused: it should be a multiple of 4"),
        (["MODEL.latent_dim=4"], "MODEL.latent_dim=4 is refused"),
        (["GAN.curriculum.start=2"], "GAN.curriculum.end=2 is refused"),
        (["MODEL.critic_norm=batch"], "mixes the samples of a batch"),
        (["GAN.curriculum.regression=[1.0]"], "GAN.curriculum.regression=[1.0] is refused"),
        (["DATA.skeleton=whole"], "DATA.skeleton=whole is refused"),
        (["DATA.name=bvh", "DATA.root=nowhere"], "there is no folder nowhere"),
        (["DATA.name=npz", "DATA.root=nowhere"], "there is no motion.npz"),
        (["GAN.penalty_over=bone"], "GAN.penalty_over=bone is refused"),
    ],
)  # fmt: skip
def test_mistakes_get_one_sentence(run, tmp_path, arguments, says):
    assert says in run(*arguments, status=2)
    assert not (tmp_path / "run" / "samples.npz").exists()


def test_sound_that_cannot_be_used(run, tmp_path):
    run("mode=train", "TRAIN.epochs=1", "TRAIN.iters_per_epoch=1")
    run("mode=export")
    wavfile.write(tmp_path / "short.wav", 16000, np.zeros(300, np.int16))
    error = run("mode=infer", "INFER.audio=short.wav", status=2)
    assert "short.wav is shorter than a frame" in error
    (tmp_path / "text.wav").write_text("no sound")
    assert "text.wav" in run("mode=infer", "INFER.audio=text.wav", status=2)
