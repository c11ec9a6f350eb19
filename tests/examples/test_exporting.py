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

import os

import numpy as np
import paddle
import pytest
from omegaconf import OmegaConf
from paddle import nn
from wgan_gp.models import WGAN_GP
from wgan_gp.models.networks import DCGANGenerator
from wgan_gp.models.networks import MLPCritic
from wgan_gp.models.networks import MLPGenerator
from wgan_gp.models.networks import ResNetGenerator
from wgan_gp.utils import exporting
from wgan_gp.utils.run_weights import load_generator

from ppsci_ext.utils import UserError


def gan_of(generator, num_classes=0):
    return WGAN_GP(generator, MLPCritic(4), num_classes=num_classes)


def configuration(folder, latent_dim=128):
    return OmegaConf.create(
        {
            "TRAIN": {"ema": {"use_ema": False}},
            "mode": "infer",
            "seed": 5,
            "output_dir": str(folder),
            "MODEL": {"latent_dim": latent_dim},
            "INFER": {
                "pretrained_model_path": None,
                "export_path": str(folder / "inference" / "generator"),
                "pdmodel_path": str(folder / "inference" / "generator.json"),
                "pdiparams_path": str(folder / "inference" / "generator.pdiparams"),
                "num_samples": 6,
                "batch_size": 6,
                "device": "cpu",
                "ir_optim": True,
                "condition": None,
                "labels": None,
            },
        }
    )


@pytest.mark.parametrize(
    "build, num_classes",
    [
        (lambda: MLPGenerator(8), 0),
        (lambda: DCGANGenerator((1, 28, 28), 4), 0),
        (lambda: DCGANGenerator((3, 16, 16), 4, batch_norm=True, output="tanh"), 0),
        (lambda: ResNetGenerator((3, 16, 16), 4), 0),
        (lambda: ResNetGenerator((3, 16, 16), 4, num_classes=3), 3),
    ],
    ids=["mlp", "dcgan", "dcgan with batch norm", "resnet", "conditional resnet"],
)
def test_exported_generator_equals_the_network(tmp_path, build, num_classes):
    """Also where there is batch norm, which an inference engine likes to fold away."""
    generator = build()
    paddle.save(generator.state_dict(), str(tmp_path / "generator.pdparams"))
    cfg = configuration(tmp_path, generator.latent_dim)
    exporting.export_generator(cfg, gan_of(build(), num_classes))
    arrays = exporting.sample_exported(cfg)
    noise = np.random.default_rng(5).standard_normal(
        (6, generator.latent_dim), dtype=np.float32
    )
    inputs = [paddle.to_tensor(noise)]
    if num_classes:
        assert arrays["labels"].tolist() == [0, 1, 2, 0, 1, 2]
        inputs.append(paddle.to_tensor(arrays["labels"]))
    expected = generator(*inputs).numpy()
    np.testing.assert_allclose(arrays["samples"], expected, atol=1e-5)


def test_an_export_older_than_the_weights_is_refused(tmp_path):
    weights = str(tmp_path / "generator.pdparams")
    paddle.save(MLPGenerator(8).state_dict(), weights)
    cfg = configuration(tmp_path, 2)
    exporting.export_generator(cfg, gan_of(MLPGenerator(8)))
    exporting.load_exported(cfg)
    later = os.path.getmtime(cfg.INFER.pdiparams_path) + 5
    os.utime(weights, (later, later))
    with pytest.raises(UserError, match="older than.*mode=export"):
        exporting.load_exported(cfg)


def test_weights_of_another_width_are_refused(tmp_path):
    paddle.save(MLPGenerator(8).state_dict(), str(tmp_path / "generator.pdparams"))
    cfg = configuration(tmp_path, 2)
    with pytest.raises(
        UserError, match=r"net.0.weight.*\(2, 8\).*\(2, 16\).*build it as"
    ):
        load_generator(cfg, MLPGenerator(16))
    load_generator(cfg, MLPGenerator(8))


def test_a_generator_that_says_nothing_of_its_inputs(tmp_path):
    """Its noise is found out as for training; its condition can't be."""
    generator = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    paddle.save(generator.state_dict(), str(tmp_path / "generator.pdparams"))
    cfg = configuration(tmp_path, 3)
    exporting.export_generator(cfg, WGAN_GP(generator, MLPCritic(4)))
    assert exporting.sample_exported(cfg)["samples"].shape == (6, 2)
    with pytest.raises(UserError, match="give it a method input_spec"):
        gan = WGAN_GP(generator, MLPCritic(4), conditional=True)
        exporting.export_generator(cfg, gan)
