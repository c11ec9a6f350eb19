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

"""Speed changes no result: the fast path, Paddle's convolutions, and the plainest code train alike."""

from __future__ import annotations

import os
import re
from os import path as osp
from typing import Dict
from typing import NamedTuple

import numpy as np
import paddle
import pytest
from paddle import io
from paddle import nn
from wgan_gp.models import WGAN_GP
from wgan_gp.models import choose_convolution
from wgan_gp.models.networks import DCGANCritic
from wgan_gp.models.networks import DCGANGenerator
from wgan_gp.models.networks import ResNetCritic
from wgan_gp.models.networks import ResNetGenerator
from wgan_gp.utils.terms import acgan_terms

from ppsci_ext.arch import onednn
from ppsci_ext.arch.batch_norm import BatchMomentsNorm
from ppsci_ext.arch.linear import Linear
from ppsci_ext.arch.onednn import build as onednn_build
from ppsci_ext.arch.onednn import primitives
from ppsci_ext.arch.resampled_convolution import ConvMeanPool2D
from ppsci_ext.arch.resampled_convolution import UpsampleConv2D
from ppsci_ext.data import BatchStream
from ppsci_ext.optimizer import Adam
from ppsci_ext.solver import AdversarialSolver
from ppsci_ext.solver import RunFolder
from ppsci_ext.utils import UserError
from tests.helpers.onednn_env import onednn_or_skip

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
ITERATIONS, BATCH, CLASSES = 20, 4, 3
# Rounding differs by 6e-8 in each number and adds up to some 1e-6 of a loss in a step. A ReLU whose
# argument it carries over zero changes that unit's gradient, and Adam without momentum turns the sign
# of a tiny gradient into a whole step of 1e-4: rarely, and the later the more. So single weights
# may part by a few steps, all together and the losses may not.
LOSS, TYPICAL_WEIGHT, ANY_WEIGHT = 1e-4, 2e-6, 5e-4


class ConvThenMean(nn.Conv2D):
    def forward(self, x):
        return nn.functional.avg_pool2d(super().forward(x), 2)


class DoubleThenConv(nn.Conv2D):
    def forward(self, x):
        doubled = x.unsqueeze(3).unsqueeze(5).tile([1, 1, 1, 2, 1, 2])
        shape = [*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3]]
        return super().forward(doubled.reshape(shape))


PLAIN = {
    ConvMeanPool2D: ConvThenMean,
    UpsampleConv2D: DoubleThenConv,
    Linear: nn.Linear,
}


class PlainAdam:
    """The formula of ppsci_ext.optimizer.Adam, parameter by parameter."""

    def __init__(self, parameters, rate, beta1, beta2):
        self.parameters = parameters
        self.rate, self.beta1, self.beta2 = rate, beta1, beta2
        self.step_count = 0
        self.means = [paddle.zeros_like(p) for p in parameters]
        self.squares = [paddle.zeros_like(p) for p in parameters]

    @paddle.no_grad()
    def step(self):
        self.step_count += 1
        t, b1, b2 = self.step_count, self.beta1, self.beta2
        rate = self.rate * np.sqrt(1 - b2**t) / (1 - b1**t)
        for i, parameter in enumerate(self.parameters):
            g = parameter.grad
            self.means[i] = b1 * self.means[i] + (1 - b1) * g
            self.squares[i] = b2 * self.squares[i] + (1 - b2) * g * g
            step = rate * self.means[i] / (self.squares[i].sqrt() + 1e-8)
            parameter.set_value(parameter - step)

    def clear_grad(self, set_to_zero):
        for parameter in self.parameters:
            parameter.clear_gradient(set_to_zero)

    def get_lr(self):
        return self.rate

    _learning_rate = None


def mnist():
    shape = [1, 28, 28]
    return DCGANGenerator(shape, 4, 16), DCGANCritic(shape, 4), shape, 0, (0.5, 0.9)


def cifar_dcgan():
    shape = [3, 16, 16]
    generator = DCGANGenerator(shape, 4, 16, batch_norm=True, output="tanh")
    return generator, DCGANCritic(shape, 4), shape, 0, (0.5, 0.9)


def cifar_resnet():
    shape = [3, 16, 16]
    generator = ResNetGenerator(shape, 8, 16, CLASSES)
    return generator, ResNetCritic(3, 8, CLASSES), shape, CLASSES, (0.0, 0.9)


# Biases in front of a batch norm, whose gradient is zero: Adam moves them by rounding alone
VOID = {
    "mnist": "none",
    "cifar_dcgan": r"generator\.(input|deconv2|deconv3)\.bias",
    "cifar_resnet": r"generator\.blocks\.\d\.(conv1|conv2|shortcut)\.bias",
}
NETWORKS = {each.__name__: each for each in (mnist, cifar_dcgan, cifar_resnet)}


class Run(NamedTuple):
    """What a training went through and ended in."""

    losses: np.ndarray  # [iterations, terms of the losses]
    weights: Dict[str, np.ndarray]

    def changes(self, other, name):
        """Between the meaningful weights of two runs, all in one array."""
        return np.concatenate(
            [
                np.abs(value - other.weights[key]).ravel()
                for key, value in self.weights.items()
                if not re.fullmatch(VOID[name], key)
            ]
        )


def make_plain(network):
    for layer in network.sublayers(include_self=True):
        layer.__class__ = PLAIN.get(type(layer), type(layer))


def build_solver(name, path, **options):
    """A solver of small networks with fixed weights and data."""
    paddle.seed(3)
    generator, critic, shape, classes, betas = NETWORKS[name]()
    for network in (generator, critic):
        if path == "plainest":
            make_plain(network)
        else:
            choose_convolution(path, network)
    rng = np.random.default_rng(1)
    images = rng.random([40, *shape], dtype=np.float32)
    labels = paddle.arange(40) % max(classes, 1)
    data = io.TensorDataset([paddle.to_tensor(images), labels])
    terms = acgan_terms() if classes else []
    gan = WGAN_GP(generator, critic, num_classes=classes, terms=terms)
    gan.check = (
        lambda *_: None
    )  # takes longer than all the rest, and has tests of its own

    def optimizer(network):
        if path == "plainest":
            return PlainAdam(network.parameters(), 1e-4, *betas)
        return Adam(1e-4, *betas)(network)

    paddle.seed(4)
    return AdversarialSolver(
        gan,
        BatchStream(data, BATCH, seed=5),
        optimizer(generator),
        optimizer(critic),
        n_critic=2,
        **{"epochs": 1, "iters_per_epoch": ITERATIONS, "log_freq": 100, **options},
    )


def train(solver):
    losses = []
    finish = solver.finish_iteration

    def finish_iteration(terms, steps):
        values = {key: float(value) for key, value in terms.items()}
        # the first iteration leaves the generator's step out
        losses.append([values.get(key, 0.0) for key in TERMS])
        finish(terms, steps)

    solver.finish_iteration = finish_iteration
    solver.train()
    weights = {
        f"{name}.{key}": parameter.numpy()
        for name, network in solver.networks.items()
        for key, parameter in network.named_parameters()
    }
    return Run(np.array(losses), weights)


TERMS = ("critic_loss", "generator_loss", "wasserstein", "gradient_penalty", "acgan")


@pytest.mark.parametrize("name", NETWORKS)
def test_every_path_trains_alike(name):
    onednn_or_skip()
    fast, plain, plainest = (
        train(build_solver(name, path)) for path in ("onednn", "paddle", "plainest")
    )
    assert len(fast.losses) == ITERATIONS
    start = train(build_solver(name, "paddle", iters_per_epoch=1))
    typical = np.median(plain.changes(start, name))
    assert typical > 100 * TYPICAL_WEIGHT  # or there would be nothing to compare
    measured = {}
    for label, other in (("onednn", fast), ("plainest", plainest)):
        scale = np.abs(plain.losses).max(axis=0) + 1e-12
        apart = other.changes(plain, name)
        measured[label] = {
            "losses": float((np.abs(other.losses - plain.losses) / scale).max()),
            "weights, 99 %": float(np.percentile(apart, 99)),
            "weights, largest": float(apart.max()),
        }
    for found in measured.values():
        assert found["losses"] < LOSS, measured
        assert found["weights, 99 %"] < TYPICAL_WEIGHT, measured
        assert found["weights, largest"] < ANY_WEIGHT, measured


@pytest.mark.parametrize("name", NETWORKS)
def test_the_fast_path_repeats_itself_and_goes_on_bit_for_bit(name, tmp_path):
    onednn_or_skip()
    options = {"iters_per_epoch": 2, "save_freq": 1}
    whole = train(build_solver(name, "onednn", epochs=2, **options))
    folder = str(tmp_path / "run")
    options["folder"] = RunFolder(folder)
    half = train(build_solver(name, "onednn", **options))
    assert np.array_equal(half.losses, whole.losses[:2])
    options["folder"] = RunFolder(folder, resume=True)
    rest = train(build_solver(name, "onednn", epochs=2, **options))
    assert np.array_equal(rest.losses, whole.losses[2:])
    for key, value in whole.weights.items():
        assert np.array_equal(rest.weights[key], value), key


# choosing the path


def convolutions(network):
    return {type(each) for each in network.sublayers() if isinstance(each, nn.Conv2D)}


@pytest.fixture
def no_compiler(monkeypatch, tmp_path):
    """Neither a compiler nor what an earlier test or run has compiled."""
    onednn_or_skip()
    monkeypatch.setenv("CXX", "/does/not/exist")
    monkeypatch.setenv("PPSCI_EXT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(onednn_build, "load", onednn_build.load.__wrapped__)
    monkeypatch.setattr(onednn_build, "compiled", onednn_build.compiled.__wrapped__)


@pytest.fixture
def no_onednn(monkeypatch):
    """A Paddle that comes without its oneDNN."""
    monkeypatch.setattr(primitives, "PATH", "/does/not/exist")
    monkeypatch.setattr(primitives, "library", primitives.library.__wrapped__)


def test_each_choice():
    onednn_or_skip()
    for choice, expected in (
        ("paddle", {nn.Conv2D}),
        ("onednn", {onednn.Conv2D}),
        ("auto", {onednn.Conv2D}),
    ):
        critic = DCGANCritic([1, 8, 8], 2)
        choose_convolution(choice, critic)
        assert convolutions(critic) == expected


@pytest.mark.parametrize("choice", ["auto", "onednn"])
def test_convolutions_need_no_compiler_and_norms_stay_as_they_are(no_compiler, choice):
    networks = DCGANGenerator([1, 8, 8], 2, 4, batch_norm=True), DCGANCritic([1, 8, 8])
    choose_convolution(choice, *networks)
    assert convolutions(networks[1]) == {onednn.Conv2D}
    assert type(networks[0].deconv2) is onednn.Conv2DTranspose
    norms = {type(layer) for layer in networks[0].sublayers()}
    assert BatchMomentsNorm in norms and onednn.BatchMomentsNorm not in norms
    networks[1](networks[0](paddle.randn([2, 4]))).sum().backward()


def test_auto_goes_on_with_paddles_convolutions(no_onednn):
    networks = DCGANGenerator([1, 8, 8], 2, 4), DCGANCritic([1, 8, 8], 2)
    choose_convolution("auto", *networks)
    assert convolutions(networks[1]) == {nn.Conv2D}
    assert type(networks[0].deconv2) is nn.Conv2DTranspose
    networks[1](networks[0](paddle.randn([2, 4]))).sum().backward()


def test_onednn_is_refused_where_it_cannot_be_had(no_onednn):
    critic = DCGANCritic([1, 8, 8], 2)
    with pytest.raises(UserError, match="^MODEL.convolution=onednn: .*without oneDNN"):
        choose_convolution("onednn", critic)
    assert convolutions(critic) == {nn.Conv2D}


def test_auto_on_a_gpu_leaves_paddles_convolutions(monkeypatch):
    monkeypatch.setattr(paddle, "get_device", lambda: "gpu:0")
    critic = DCGANCritic([1, 8, 8], 2)
    choose_convolution("auto", critic)
    assert convolutions(critic) == {nn.Conv2D}


@pytest.mark.parametrize(
    "lack, choice, code",
    [("no_compiler", "auto", 0), ("no_onednn", "auto", 0), ("no_onednn", "onednn", 2)],
)
def test_a_case_where_something_lacks(
    request, start_case, lack, choice, code, tmp_path
):
    request.getfixturevalue(lack)
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1), dtype=np.uint8)
    np.savez(tmp_path / "train.npz", images=images)
    arguments = [
        *("DATA.name=npz", "DATA.root=.", "MODEL.image_shape=[1,8,8]", "MODEL.dim=2"),
        *("TRAIN.epochs=1", "TRAIN.iters_per_epoch=2", "TRAIN.log_freq=1"),
        *("TRAIN.batch_size=4", f"MODEL.convolution={choice}", "output_dir=run"),
    ]
    found, _, stderr = start_case("wgan_gp_mnist", *arguments)
    assert found == code, stderr
    if choice == "auto":
        assert (tmp_path / "run" / "generator.pdparams").is_file()
        return
    (error,) = [line for line in stderr.splitlines() if line.startswith("error: ")]
    assert "MODEL.convolution=onednn: " in error and "Traceback" not in stderr
    written = {"config.yaml", "train.log"}  # by PaddleScience, before any case starts
    assert not set(os.listdir(tmp_path / "run")) - written
