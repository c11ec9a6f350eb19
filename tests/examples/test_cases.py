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

"""The case scripts as a user runs them, at tiny widths."""

from __future__ import annotations

import json
import re
import shutil
from os import path as osp

import numpy as np
import paddle
import pytest
from PIL import Image
from wgan_gp.models.networks import ResNetGenerator

from ppsci.utils import logger

SHORT = ["TRAIN.epochs=1", "TRAIN.iters_per_epoch=4", "TRAIN.log_freq=2"]


@pytest.fixture
def run(start_case):
    """Run a case's script, by default to its good end."""

    def run_case(case, *overrides, check=True):
        ended = start_case(case, *overrides)
        assert ended.status == 0 or not check, ended.err
        return ended

    return run_case


def records(folder):
    with open(folder / "metrics.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_toy_from_training_to_samples(run, tmp_path):
    small = [
        "MODEL.dim=16",
        "TRAIN.batch_size=32",
        "EVAL.num_samples=100",
        "output_dir=run",
    ]
    run("wgan_gp_toy", *SHORT, *small, "TRAIN.ema.use_ema=true")
    folder = tmp_path / "run"
    for name in (
        "config.yaml",
        "train.log",
        "curves.png",
        "samples/real.png",
        "samples/iter_00000004.png",
        "checkpoints/latest",
        "generator.pdparams",
        "generator_ema.pdparams",
        "critic.pdparams",
    ):
        assert (folder / name).is_file(), name
    assert [r["iteration"] for r in records(folder)] == [2, 4]
    assert (folder / "checkpoints" / "latest").read_text().strip() == "iter_00000004"

    run("wgan_gp_toy", "mode=eval", *small)
    result = json.loads((folder / "eval.json").read_text())
    assert result["case"] == "wgan_gp_toy" and result["iteration"] == 4
    assert result["samples"] == 100 and result["seed"] == 42
    assert result["extractor"] is None and result["weights"] == "run/generator.pdparams"
    names = {"modes_covered", "modes_total", "high_quality", "W1", "W2"}
    twins = {f"real_{name}" for name in names - {"modes_total"}}
    assert set(result["metrics"]) == names | twins
    assert result["metrics"]["real_modes_covered"] == 8

    before = (folder / "eval.json").read_bytes()
    run("wgan_gp_toy", "mode=eval", *small)
    assert (folder / "eval.json").read_bytes() == before  # the seed fixes the score

    run("wgan_gp_toy", "mode=export", *small)
    run("wgan_gp_toy", "mode=infer", *small, "INFER.num_samples=10")
    assert np.load(folder / "samples.npz")["samples"].shape == (10, 2)
    assert (folder / "samples.png").is_file()

    again = run("wgan_gp_toy", *SHORT, *small, check=False)
    assert again.status == 2 and "already holds a run" in again.err
    more = [s.replace("epochs=1", "epochs=2") for s in SHORT]
    run("wgan_gp_toy", *more, *small, "TRAIN.ema.use_ema=true", "TRAIN.resume=true")
    assert [r["iteration"] for r in records(folder)] == [2, 4, 6, 8]


def test_each_job_of_a_multirun_has_a_folder_of_its_own(run, tmp_path):
    small = ["MODEL.dim=8", "TRAIN.batch_size=16", "EVAL.num_samples=50"]
    jobs = ["-m", *SHORT, *small, "seed=1,2"]
    run("wgan_gp_toy", *jobs)
    folder = tmp_path / "outputs_wgan_gp_toy"
    files = [folder / f"seed-{seed}" / "generator.pdparams" for seed in (1, 2)]
    for seed in (1, 2):
        config = (folder / f"seed-{seed}" / "config.yaml").read_text()
        assert f"seed: {seed}\n" in config
        assert "Checkpoint written" in (folder / f"seed-{seed}/train.log").read_text()
    assert files[0].read_bytes() != files[1].read_bytes()

    # each is the run that it would be alone
    run("wgan_gp_toy", *SHORT, *small, "seed=2", "output_dir=alone")
    alone = tmp_path / "alone" / "generator.pdparams"
    assert files[1].read_bytes() == alone.read_bytes()

    # and is found again: by a short path, or by the same jobs
    run("wgan_gp_toy", "mode=eval", *small, "output_dir=outputs_wgan_gp_toy/seed-1")
    assert (folder / "seed-1" / "eval.json").exists()
    run("wgan_gp_toy", *jobs, "mode=eval")
    assert (folder / "seed-2" / "eval.json").exists()

    # complete ones are not trained again, the others go on
    shutil.rmtree(folder / "seed-2")
    saved = folder / "seed-1" / "checkpoints" / "iter_00000004"
    before = saved.stat().st_mtime_ns
    run("wgan_gp_toy", *jobs, "TRAIN.resume=auto")
    assert saved.stat().st_mtime_ns == before
    assert files[1].read_bytes() == alone.read_bytes()


def test_a_jobs_folder_is_named_by_what_differs(run, tmp_path):
    run(
        "wgan_gp_toy",
        "-m",
        *SHORT,
        "MODEL.dim=8",
        "TRAIN.batch_size=16",
        "GAN.penalty=one_sided,zero_centred",
        "GAN.n_critic={0: 1}",
        "output_dir='of two/it\\'s'",
    )
    found = sorted(path.name for path in (tmp_path / "of two" / "it's").iterdir())
    names = ["GAN.penalty-one_sided", "GAN.penalty-zero_centred", "multirun.yaml"]
    assert found == names


@pytest.mark.parametrize("data", ["25gaussians", "swissroll"])
def test_other_toy_distributions_and_objectives(run, tmp_path, data):
    small = [
        "MODEL.dim=8",
        f"DATA.name={data}",
        "EVAL.num_samples=50",
        "output_dir=run",
    ]
    run("wgan_gp_toy", *SHORT, *small, "GAN.name=wgan", "TRAIN.eval_during_train=true")
    evaluations = [r for r in records(tmp_path / "run") if "eval" in r]
    assert len(evaluations) == 1 and evaluations[0]["iteration"] == 4
    assert ("modes_covered" in evaluations[0]["eval"]) == (data == "25gaussians")
    critic = paddle.load(str(tmp_path / "run" / "critic.pdparams"))
    assert max(float(w.abs().max()) for w in critic.values()) <= 0.01 + 1e-9


def test_fixed_generator(run, tmp_path):
    run(
        "wgan_gp_toy",
        *SHORT,
        "MODEL.dim=8",
        "GAN.fixed_generator=true",
        "output_dir=run",
    )
    assert not (tmp_path / "run" / "generator.pdparams").exists()
    assert all(r["generator_loss"] is None for r in records(tmp_path / "run"))
    done = run("wgan_gp_toy", "mode=eval", "GAN.fixed_generator=true", check=False)
    assert done.status == 2 and "without a generator" in done.err


@pytest.fixture
def own_images(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
    labels = np.arange(40) % 2
    for split, part in (("train", slice(0, 30)), ("test", slice(30, 40))):
        np.savez(tmp_path / f"{split}.npz", images=images[part], labels=labels[part])
        for i in range(part.start, part.stop):
            folder = tmp_path / "pictures" / split / f"class{labels[i]}"
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(images[i]).save(folder / f"{i}.png")
    return tmp_path


IMAGES = [
    "MODEL.image_shape=[3,16,16]",
    "MODEL.dim=4",
    "TRAIN.batch_size=6",
    "EVAL.num_samples=20",
    "EVAL.batch_size=10",
    "output_dir=run",
]


def test_own_npz_with_the_conditional_resnet(run, own_images):
    data = ["DATA.name=npz", "DATA.root=.", "MODEL.num_classes=2"]
    run("wgan_gp_cifar", *SHORT, *IMAGES, *data)
    folder = own_images / "run"
    assert all(np.isfinite(r["validation_critic_loss"]) for r in records(folder))
    assert all(r["acgan"] > 0 for r in records(folder))
    assert (folder / "samples" / "real.png").is_file()

    run("wgan_gp_cifar", "mode=export", *IMAGES, *data)
    run(
        "wgan_gp_cifar",
        "mode=infer",
        *IMAGES,
        *data,
        "INFER.num_samples=8",
        "INFER.batch_size=4",
    )
    arrays = np.load(folder / "samples.npz")
    assert arrays["samples"].shape == (8, 3, 16, 16)
    assert arrays["labels"].tolist() == [0, 1] * 4
    # the exported graph gives what the network gives, batch statistics included
    generator = ResNetGenerator((3, 16, 16), 4, num_classes=2)
    generator.set_state_dict(paddle.load(str(folder / "generator.pdparams")))
    noise = np.random.default_rng(42).standard_normal((8, 128), dtype=np.float32)
    expected = generator(
        paddle.to_tensor(noise[4:]), paddle.to_tensor(arrays["labels"][4:])
    )
    np.testing.assert_allclose(arrays["samples"][4:], expected.numpy(), atol=1e-5)


def test_labels_with_gaps_are_numbered_anew_and_the_log_says_how(
    run, own_images, monkeypatch
):
    lines = []
    monkeypatch.setattr(logger, "info", lines.append)
    with np.load(own_images / "train.npz") as arrays:
        np.savez(
            own_images / "gaps.npz",
            images=arrays["images"],
            labels=4 * arrays["labels"] + 3,
        )
    data = ["DATA.name=npz", "DATA.root=gaps.npz", "MODEL.num_classes=2"]
    done = run("wgan_gp_cifar", *SHORT, *IMAGES, *data, check=False)
    assert done.status == 2 and "relabel=true" in done.err
    run("wgan_gp_cifar", *SHORT, *IMAGES, *data, "DATA.relabel=true")
    assert "Classes of gaps.npz: 0 is 3, 1 is 7." in lines


@pytest.mark.parametrize(
    "more",
    [
        ["GAN.penalty=zero_centred", "GAN.penalty_at=both", "GAN.penalty_interval=2"],
        ["GAN.spectral_norm=true", "GAN.lambda_gp=0", "MODEL.conditioning=projection"],
        ["MODEL.critic_norm=layer", "TRAIN.update_freq=2", "GAN.drift=1e-3"],
        ["GAN.n_critic={adaptive: {max: 3}}", "GAN.penalty_at=around_real"],
    ],
)
def test_other_members_of_the_family(run, own_images, more):
    data = ["DATA.name=npz", "DATA.root=.", "MODEL.num_classes=2"]
    run("wgan_gp_cifar", *SHORT, *IMAGES, *data, *more)
    first, second = records(own_images / "run")
    assert np.isfinite(first["critic_loss"]) and np.isfinite(second["critic_loss"])
    assert (second["slope"] is None) == ("GAN.lambda_gp=0" in more)
    assert ("acgan" in second) == ("MODEL.conditioning=projection" not in more)
    assert ("n_critic" in second) == ("adaptive" in more[0])
    assert ("drift" in second) == ("GAN.drift=1e-3" in more)
    weights = paddle.load(str(own_images / "run" / "critic.pdparams"))
    assert ("output.weight_u" in weights) == ("GAN.spectral_norm=true" in more)


@pytest.mark.parametrize("case", ["wgan_gp_mnist", "wgan_gp_cifar"])
def test_own_folder_with_the_dcgan_pair(run, own_images, case):
    own = ["DATA.name=folder", "DATA.root=pictures", "GAN.name=wgan"]
    model = ["MODEL.name=dcgan"] if case == "wgan_gp_cifar" else []
    run(case, *SHORT, *IMAGES, *own, *model)
    assert len(records(own_images / "run")) == 2


@pytest.mark.parametrize(
    "overrides, says",
    [
        (["DATA.root=nowhere"], "nowhere"),
        (["DATA.name=npz", "DATA.root=.", "MODEL.num_classes=5"], "have 2 classes"),
        (["DATA.name=npz", "DATA.root=.", "MODEL.image_shape=[3,32,32]"], "MODEL.image_shape=\\[3,16,16\\]"),
        (["mode=eval", "EVAL.extractor.name=inceptoin"], "inception_v3"),
        (["mode=eval"], "no weights at run/generator.pdparams"),
        (["mode=export"], "no weights at run/generator.pdparams"),
        (["mode=infer"], "export it first"),
    ],
)  # fmt: skip
def test_a_users_mistake_is_one_sentence(run, own_images, overrides, says):
    done = run("wgan_gp_cifar", *IMAGES, *overrides, check=False)
    assert done.status == 2 and "Traceback" not in done.err, done.err
    (error,) = [e for e in done.err.splitlines() if e.startswith("error: ")]
    assert re.search(says, error), error


SCORES = {"IS_mean", "IS_std", "FID", "KID_mean", "KID_std", "precision", "recall"}


def test_mnist_is_trained_and_scored_by_the_classifier(
    run, real_data, tmp_path, monkeypatch
):
    """Trained on MNIST; scored against own images, which are few, to be quick."""
    monkeypatch.setenv("WGAN_GP_DATA", real_data)
    monkeypatch.setenv("PPSCI_EXT_CACHE", str(tmp_path / "cache"))
    small = ["MODEL.dim=4", "output_dir=run"]
    run("wgan_gp_mnist", *SHORT, *small, "TRAIN.validation_size=60")
    folder = tmp_path / "run"
    assert all(np.isfinite(r["validation_critic_loss"]) for r in records(folder))
    assert Image.open(folder / "samples" / "real.png").size[0] > 400

    images = np.random.default_rng(1).integers(0, 256, (80, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "few.npz", images=images)
    evaluation = [
        "mode=eval", *small, "DATA.name=npz", "DATA.root=few.npz",
        "EVAL.num_samples=25", "EVAL.batch_size=10",
    ]  # fmt: skip
    lines = []
    monkeypatch.setattr(logger, "info", lines.append)
    run("wgan_gp_mnist", *evaluation)
    first = (folder / "eval.json").read_text()
    result = json.loads(first)
    assert result["extractor"]["name"] == "mnist_classifier"
    assert set(result["metrics"]) == {*SCORES, "class_histogram"}
    histogram = result["metrics"]["class_histogram"]
    assert len(histogram) == 10 and sum(histogram) == 25
    assert any("real samples: computed" in line for line in lines)

    run("wgan_gp_mnist", *evaluation)  # now with cached features of the real images
    assert any("real samples: cached" in line for line in lines)
    assert (folder / "eval.json").read_text() == first  # the seed fixes the scores

    np.savez(tmp_path / "statistics.npz", mu=np.zeros(128), sigma=np.eye(128))
    run("wgan_gp_mnist", *evaluation, "EVAL.reference=statistics.npz")
    metrics = json.loads((folder / "eval.json").read_text())["metrics"]
    assert set(metrics) == {"IS_mean", "IS_std", "FID", "class_histogram"}
    done = run("wgan_gp_mnist", *evaluation, "EVAL.reference=few.npz", check=False)
    assert done.status == 2 and "'mu' and 'sigma'" in done.err


def test_scores_during_training(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PPSCI_EXT_CACHE", str(tmp_path / "cache"))
    images = np.random.default_rng(1).integers(0, 256, (40, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "few.npz", images=images)
    run(
        "wgan_gp_mnist", *SHORT, "MODEL.dim=4", "DATA.name=npz", "DATA.root=few.npz",
        "TRAIN.batch_size=6", "EVAL.num_samples=20", "EVAL.batch_size=10",
        "TRAIN.eval_during_train=true", "output_dir=run",
    )  # fmt: skip
    (evaluation,) = [r for r in records(tmp_path / "run") if "eval" in r]
    assert evaluation["iteration"] == 4
    assert set(evaluation["eval"]) == {*SCORES, "class_histogram"}


def test_cifar_is_trained_and_scored_by_the_named_extractor(
    run, real_data, own_images, monkeypatch
):
    """Trained on CIFAR-10; scored against own images, which are few, to be quick."""
    monkeypatch.setenv("WGAN_GP_DATA", real_data)
    monkeypatch.setenv("PPSCI_EXT_CACHE", str(own_images / "cache"))
    run(
        "wgan_gp_cifar", *SHORT, "MODEL.dim=4", "TRAIN.batch_size=6",
        "output_dir=run", "TRAIN.validation_size=6",
    )  # fmt: skip
    rng = np.random.default_rng(1)
    np.savez(
        own_images / "few.npz",
        images=rng.integers(0, 256, (80, 3, 32, 32), dtype=np.uint8),
        labels=np.arange(80) % 10,
    )
    weights = osp.join(real_data, "weights", "resnet56-4bfd9763.th")
    evaluation = [
        "mode=eval", "MODEL.dim=4", "output_dir=run", "DATA.name=npz", "DATA.root=few.npz",
        "EVAL.num_samples=30", "EVAL.batch_size=10", f"EVAL.extractor.weights={weights}",
    ]  # fmt: skip
    run("wgan_gp_cifar", *evaluation)
    result = json.loads((own_images / "run" / "eval.json").read_text())
    assert result["extractor"]["name"] == "cifar10_resnet56"
    assert result["extractor"]["sha256"].startswith("4bfd9763")
    assert set(result["metrics"]) == {*SCORES, "class_histogram"}
    assert result["metrics"]["IS_mean"] >= 1 and result["metrics"]["FID"] > 0
