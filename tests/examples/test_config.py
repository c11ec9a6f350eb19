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

import subprocess
import sys
from os import path as osp

import ppsci  # noqa: F401  registers the default groups
import pytest
from hydra import compose
from hydra import initialize_config_dir

from ppsci_ext.utils import UserError
from wgan_gp.utils import config

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
EXAMPLE = osp.join(ROOT, "examples", "wgan_gp")
CASES = ["wgan_gp_toy", "wgan_gp_mnist", "wgan_gp_cifar"]


def load(case, *overrides):
    with initialize_config_dir(osp.join(EXAMPLE, "conf"), version_base=None):
        return compose(case, overrides=list(overrides))


@pytest.mark.parametrize("case", CASES)
def test_shipped_configurations_are_valid(case):
    cfg = load(case)
    config.check_config(cfg)
    assert cfg.mode == "train" and cfg.GAN.n_critic == 5


@pytest.mark.parametrize(
    "case, overrides, expected",
    [
        ("wgan_gp_toy", [], (100000, 256, 1e-4, 0.5, 0.9, "adam", False, 0.1)),
        ("wgan_gp_toy", ["GAN.name=wgan"], (100000, 256, 5e-5, 0.5, 0.9, "rmsprop", False, 0.1)),
        ("wgan_gp_mnist", [], (200000, 50, 1e-4, 0.5, 0.9, "adam", False, 10)),
        ("wgan_gp_mnist", ["GAN.name=wgan"], (200000, 50, 5e-5, 0.5, 0.9, "rmsprop", False, 10)),
        ("wgan_gp_cifar", [], (100000, 64, 2e-4, 0.0, 0.9, "adam", True, 10)),
        ("wgan_gp_cifar", ["MODEL.name=dcgan"], (200000, 64, 1e-4, 0.5, 0.9, "adam", False, 10)),
        ("wgan_gp_cifar", ["MODEL.name=dcgan", "GAN.name=wgan"], (200000, 64, 5e-5, 0.5, 0.9, "rmsprop", False, 10)),
    ],
)  # fmt: skip
def test_defaults_are_those_of_the_authors_scripts(case, overrides, expected):
    cfg = load(case, *overrides)
    config.check_config(cfg)
    train = cfg.TRAIN
    assert train.generator_lr == train.critic_lr
    found = (
        train.epochs * train.iters_per_epoch,
        train.batch_size,
        train.critic_lr,
        train.beta1,
        train.beta2,
        train.optimizer,
        train.lr_decay,
        cfg.GAN.lambda_gp,
    )
    assert found == expected


def test_architecture_of_cifar_brings_its_own_data_scaling():
    resnet, dcgan = load("wgan_gp_cifar"), load("wgan_gp_cifar", "MODEL.name=dcgan")
    assert (resnet.DATA.levels, resnet.DATA.dequantize) == (256, True)
    assert (dcgan.DATA.levels, dcgan.DATA.dequantize) == (255, False)
    assert (resnet.MODEL.conditional, dcgan.MODEL.conditional) == (True, False)
    assert (
        resnet.GAN.generator_batch_multiple,
        dcgan.GAN.generator_batch_multiple,
    ) == (2, 1)
    assert load("wgan_gp_mnist", "GAN.name=wgan").MODEL.critic_batch_norm


@pytest.mark.parametrize(
    "case, override, says",
    [
        ("wgan_gp_toy", "GAN.lambda_gp=-1", "GAN.lambda_gp=-1"),
        ("wgan_gp_toy", "GAN.lambda_gp=ten", "GAN.lambda_gp=ten"),
        ("wgan_gp_toy", "GAN.name=wgan_pg", "GAN.name=wgan_pg"),
        ("wgan_gp_toy", "GAN.penalty=twosided", "GAN.penalty=twosided"),
        ("wgan_gp_toy", "GAN.n_critic=0", "GAN.n_critic"),
        ("wgan_gp_toy", "GAN.n_critic={5: 2}", "begin at iteration 0"),
        ("wgan_gp_toy", "DATA.name=9gaussians", "DATA.name=9gaussians"),
        ("wgan_gp_toy", "MODEL.dim=0", "MODEL.dim=0"),
        ("wgan_gp_toy", "MODEL.dim=1.5", "MODEL.dim=1.5"),
        ("wgan_gp_toy", "TRAIN.epochs=0", "TRAIN.epochs"),
        ("wgan_gp_toy", "TRAIN.iters_per_epoch=-1", "TRAIN.iters_per_epoch=-1"),
        ("wgan_gp_toy", "TRAIN.batch_size=0", "TRAIN.batch_size=0"),
        ("wgan_gp_toy", "TRAIN.beta1=1", "TRAIN.beta1=1"),
        ("wgan_gp_toy", "TRAIN.generator_lr=0", "TRAIN.generator_lr=0"),
        ("wgan_gp_toy", "TRAIN.optimizer=sgd", "TRAIN.optimizer=sgd"),
        ("wgan_gp_toy", "TRAIN.ema.decay=1", "ema.decay"),
        ("wgan_gp_toy", "TRAIN.resume=maybe", "TRAIN.resume=maybe"),
        ("wgan_gp_toy", "EVAL.num_samples=1", "EVAL.num_samples=1"),
        ("wgan_gp_toy", "INFER.device=tpu", "INFER.device=tpu"),
        ("wgan_gp_toy", "mode=sample", "mode=sample"),
        ("wgan_gp_toy", "seed=-3", "seed"),
        ("wgan_gp_toy", "log_freq=0", "log_freq"),
        ("wgan_gp_mnist", "MODEL.critic_batch_norm=true", "penalty is per sample"),
        ("wgan_gp_mnist", "MODEL.image_shape=[28,28]", "MODEL.image_shape"),
        ("wgan_gp_mnist", "DATA.levels=100", "DATA.levels=100"),
        ("wgan_gp_cifar", "MODEL.name=vit", "MODEL.name"),
        ("wgan_gp_cifar", "MODEL.num_classes=0", "MODEL.num_classes"),
    ],
)
def test_values_out_of_range_are_refused(case, override, says):
    with pytest.raises(UserError) as caught:
        config.check_config(load(case, override))
    assert says in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "override, nearest",
    [
        ("GAN.lamda_gp=1", "GAN.lambda_gp"),
        ("TRAIN.epoch=1", "TRAIN.epochs"),
        ("+DATA.nmae=x", "DATA.name"),
        ("outputdir=x", "output_dir"),
    ],
)
def test_unknown_keys_get_the_nearest_one(override, nearest):
    with pytest.raises(UserError, match=f"no key.*nearest one is '{nearest}'"):
        config.check_overrides(load("wgan_gp_toy"), [override])


def test_known_keys_and_hydras_own_pass():
    config.check_overrides(
        load("wgan_gp_toy"),
        ["GAN.n_critic={0: 100, 25: 5}", "hydra.run.dir=x", "TRAIN.ema.decay=0.9"],
    )
    config.check_config(load("wgan_gp_toy", "GAN.n_critic={0: 100, 25: 5}"))


def test_command_line_says_one_sentence_and_touches_nothing(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            osp.join(EXAMPLE, "cases", "wgan_gp_toy.py"),
            "GAN.lamda_gp=1",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
