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

"""The architectures of the paper's sections 5.1 and 5.2, and the studies that train them."""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from os import path as osp

import numpy as np
import paddle
import pytest
from paddle import nn
from wgan_gp.models import GAN
from wgan_gp.models import LSGAN
from wgan_gp.models import WGAN
from wgan_gp.models import WGAN_GP
from wgan_gp.models.networks import plain
from wgan_gp.models.networks.architectures import DEPTHS
from wgan_gp.models.networks.architectures import DIMS
from wgan_gp.models.networks.architectures import NAMED
from wgan_gp.models.networks.architectures import NONLINEARITIES
from wgan_gp.models.networks.architectures import Architecture
from wgan_gp.models.networks.architectures import draw_architecture
from wgan_gp.models.networks.architectures import random_pair
from wgan_gp.models.networks.normalization import BatchNorm

from ppsci_ext.arch import GroupNorm
from ppsci_ext.arch import check_critic
from ppsci_ext.utils import UserError
from tests import golden

RECORD = osp.join(osp.dirname(golden.__file__), "recorded", "architectures.json")
SEED = 1704
CHOICES = Architecture(
    NONLINEARITIES, NONLINEARITIES, DEPTHS, DEPTHS, *2 * [(False, True)], DIMS, DIMS
)


# the set of section 5.1


def test_the_draws_are_of_table_1_and_each_choice_is_as_likely():
    draws = [draw_architecture(number, SEED) for number in range(600)]
    for name in Architecture._fields:
        choices = getattr(CHOICES, name)
        counts = Counter(getattr(draw, name) for draw in draws)
        assert set(counts) == set(choices)
        share = 1 / len(choices)
        spread = math.sqrt(600 * share * (1 - share))
        assert all(abs(n - 600 * share) < 4 * spread for n in counts.values()), name
    # and generator and critic are drawn each on its own
    together = Counter((d.generator_depth, d.critic_depth) for d in draws)
    assert len(together) == len(DEPTHS) ** 2


def test_a_number_stands_for_one_architecture():
    draws = [draw_architecture(number, SEED) for number in range(50)]
    assert [draw_architecture(n, SEED) for n in reversed(range(50))] == draws[::-1]
    assert len(set(draws)) > 45
    others = [draw_architecture(number, SEED + 1) for number in range(50)]
    assert sum(a == b for a, b in zip(draws, others)) < 5
    small = draw_architecture(3, SEED, depths=[4], dims=[2, 6])
    assert small.critic_depth == small.generator_depth == 4
    assert {small.critic_dim, small.generator_dim} <= {2, 6}


def weights(network: nn.Layer) -> int:
    return sum(parameter.ndim > 1 for parameter in network.parameters())


@pytest.mark.parametrize("number", range(12))
def test_every_drawn_architecture_builds_and_has_what_was_drawn(number):
    drawn = draw_architecture(number, SEED, dims=(2, 3))
    norm = ("layer", "batch")[number % 2]
    generator, critic = random_pair(drawn, (3, 16, 24), 5, norm)
    images = generator(paddle.randn([2, 5]))
    assert images.shape == [2, 3, 16, 24] and float(images.abs().max()) <= 1
    assert critic(images).shape == [2]
    assert weights(generator) == drawn.generator_depth
    assert weights(critic) == drawn.critic_depth
    norms = {True: GroupNorm if norm == "layer" else BatchNorm, False: nn.Identity}
    layers = critic.sublayers()
    number_of = lambda kinds: sum(isinstance(layer, kinds) for layer in layers)
    # all but the first and the last layer
    assert number_of(norms[drawn.critic_norm]) == drawn.critic_depth - 2
    assert number_of((GroupNorm, BatchNorm)) in (0, drawn.critic_depth - 2)
    batch_norms = sum(isinstance(x, BatchNorm) for x in generator.sublayers())
    assert batch_norms == drawn.generator_norm * (drawn.generator_depth - 1)
    functions = {
        layer.function
        for layer in generator.sublayers()
        if isinstance(layer, plain.Activation)
    }
    assert functions == {plain.ACTIVATIONS[drawn.generator_activation]}
    assert generator.output.weight.shape[0] == drawn.generator_dim
    assert critic.stages[0].weight.shape[0] == drawn.critic_dim


@pytest.mark.parametrize("extra, expected", [(0, [0, 0, 0]), (4, [2, 1, 1]), (16, [6, 5, 5])])  # fmt: skip
def test_more_convolutions_stand_where_images_are_small(extra, expected):
    assert plain.spread(extra, 3) == expected
    critic = plain.ConvCritic((1, 8, 8), [2, 4, 8], extra=extra)
    kept = [x.weight.shape[0] for x in critic.sublayers() if getattr(x, "_kernel_size", 0) == [3, 3]]  # fmt: skip
    assert kept == [2] * expected[2] + [4] * expected[1] + [8] * expected[0]


# nonlinearities


def test_the_scaled_softplus_is_table_1s():
    x = np.linspace(-12, 30, 200).astype("float32")
    expected = np.logaddexp(0, 2 * x.astype("float64") + 2) / 2 - 1
    found = plain.scaled_softplus(paddle.to_tensor(x)).numpy()
    np.testing.assert_allclose(found, expected, atol=2e-6, rtol=1e-6)


def test_gates_take_channels_in_turn():
    x = np.random.default_rng(0).standard_normal((2, 6, 3, 4)).astype("float32")
    expected = np.tanh(x[:, 1::2]) / (1 + np.exp(-x[:, ::2]))
    found = plain.gated(paddle.to_tensor(x)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("activation", plain.ACTIVATIONS)
@pytest.mark.parametrize("norm", ["none", "layer"])
def test_critics_have_right_second_derivatives(activation, norm):
    critic = plain.ConvCritic((1, 8, 8), [2, 4], activation, norm, extra=2)
    report = check_critic(critic, paddle.randn([3, 1, 8, 8]))
    report.require()
    assert not report.mixes_samples


# the rows of figure 2


@pytest.mark.parametrize("name", NAMED)
def test_parameters_are_those_of_the_authors_networks(name):
    """Numbers, shapes and initial distributions at full size, as gan_64x64.py makes them."""
    with open(RECORD, encoding="utf-8") as file:
        record = json.load(file)[name]
    pair = NAMED[name]([3, 64, 64], 64, 128, "layer")
    for network, key in zip(pair, ("generator", "critic")):
        tensors = [parameter.numpy() for parameter in network.parameters()]
        assert sum(tensor.size for tensor in tensors) == record[key]["parameters"]
        # without the axes of length 1, which make no difference to a kernel's place here
        shape = lambda sizes: tuple(sorted(size for size in sizes if size > 1))
        spread = lambda tensor: tensor.std() if tensor.ndim > 1 else 0.0
        found = sorted((shape(t.shape), spread(t), t) for t in tensors if t.ndim > 1)
        expected = sorted(
            (shape(sizes), std)
            for sizes, std, times in record[key]["tensors"]
            for _ in range(times if std else 0)
        )
        assert [each[0] for each in found] == [each[0] for each in expected]
        for (_, std, tensor), (_, wanted) in zip(found, expected):
            scatter = (
                5 * 0.45 / math.sqrt(tensor.size)
            )  # of a uniform sample's deviation
            assert std == pytest.approx(wanted, rel=scatter)
            bound = math.sqrt(3) * wanted
            assert 0.9 * bound * (1 - scatter) < np.abs(tensor).max() <= bound * 1.001
        constants = [tensor for tensor in tensors if tensor.ndim == 1]
        assert all(tensor.min() == tensor.max() for tensor in constants)


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("norm", ["layer", "batch"])
def test_shapes_of_narrow_ones(name, norm):
    generator, critic = NAMED[name]([3, 64, 32], 4, 5, norm)
    images = generator(paddle.randn([3, 5]))
    assert images.shape == [3, 3, 64, 32] and float(images.abs().max()) <= 1
    scores = critic(images)
    assert scores.shape == [3]
    alone = critic(images[:1]).numpy()
    mixes = not np.allclose(alone, scores[:1].numpy(), atol=1e-5)
    assert mixes == (norm == "batch" and name != "no_norm")


def test_the_generator_without_batch_norm_has_one_width():
    generator, _ = NAMED["constant_width"]([3, 64, 64], 6, 5, "layer")
    kernels = [p.shape for p in generator.parameters() if p.ndim == 4]
    assert kernels == [*3 * [[6, 6, 5, 5]], [6, 3, 5, 5]]


def steps(gan):
    before = [p.numpy() for p in gan.generator.parameters() + gan.critic.parameters()]
    data = np.random.default_rng(0).uniform(-1, 1, (8, 3, 32, 32)).astype("float32")
    gan.train(data, batch_size=4, iterations=2)
    after = [p.numpy() for p in gan.generator.parameters() + gan.critic.parameters()]
    assert all(np.isfinite(x).all() for x in after)
    changed = sum(not np.array_equal(x, y) for x, y in zip(before, after))
    assert changed > 0.6 * len(after)  # biases before a normalisation may stay
    assert gan.generate(2).shape == (2, 3, 32, 32)


@pytest.mark.parametrize("name", NAMED)
def test_a_few_steps_under_the_penalty(name):
    """Which checks the second derivatives of the critic before the first."""
    steps(WGAN_GP(*NAMED[name]([3, 32, 32], 4, 8, "layer"), critic_iters=1))


@pytest.mark.parametrize("objective", [GAN, LSGAN, WGAN])
@pytest.mark.parametrize("name", ["dcgan", "resnet101"])
def test_a_few_steps_of_the_other_objectives(name, objective):
    steps(objective(*NAMED[name]([3, 32, 32], 4, 8, "batch"), critic_iters=1))


def test_sizes_that_can_not_be_halved_are_refused():
    with pytest.raises(UserError, match="multiples of 16, but they are 40 x 64"):
        NAMED["resnet101"]([3, 40, 64], 4, 8, "layer")
    with pytest.raises(UserError, match="multiples of 8"):
        random_pair(draw_architecture(0, SEED), (3, 32, 28), 8, "layer")


# the studies

RANDOM = [
    "+experiment=random_architecture_cpu",
    "DATA.name=npz",
    "DATA.root=images.npz",
    "MODEL.image_shape=[3,16,16]",
    "MODEL.draw.dims=[2]",
    "MODEL.draw.depths=[4]",
    "TRAIN.epochs=1",
    "TRAIN.iters_per_epoch=2",
    "TRAIN.batch_size=4",
    "TRAIN.eval_during_train=false",
    "output_dir=runs",
]
VARIED = [
    "+experiment=varied_architectures_cpu",
    "DATA.name=npz",
    "DATA.root=images.npz",
    "DATA.resize=null",
    "DATA.crop=none",
    "MODEL.image_shape=[3,16,16]",
    *RANDOM[6:9],
    "output_dir=runs",
]


@pytest.fixture
def run(start_case, tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (20, 3, 16, 16), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", images=images)

    def start(*arguments, status=0):
        ended = start_case("wgan_gp_cifar", *arguments)
        assert ended.status == status, ended.err
        return ended

    return start


def records(folder):
    return [json.loads(line) for line in open(folder / "metrics.jsonl")]


def test_a_sweep_over_random_architectures_goes_on_where_it_was(run, tmp_path):
    sweep = ["-m", *RANDOM, "MODEL.draw.number=range(0,2)", "GAN.name=gan,wgan_gp"]
    sweep += ["TRAIN.log_freq=1", "TRAIN.resume=auto"]
    run(*sweep)
    runs = tmp_path / "runs"
    names = [f"GAN.name-{m}_MODEL.draw.number-{n}" for m in ("gan", "wgan_gp") for n in (0, 1)]  # fmt: skip
    assert sorted(p.name for p in runs.iterdir()) == sorted([*names, "multirun.yaml"])
    first = records(runs / names[0])
    assert [record["iteration"] for record in first] == [1, 2]
    for record in first:
        assert record["wasserstein"] is record["slope"] is None
        expected = math.log(2) - record["critic_loss"]
        assert record["jensen_shannon"] == pytest.approx(expected, abs=1e-6)
    assert records(runs / names[2])[0]["wasserstein"] is not None
    parameters = [paddle.load(str(runs / name / "generator.pdparams")) for name in names[:2]]  # fmt: skip
    assert [list(p) for p in parameters[:1]] != [
        list(p) for p in parameters[1:]
    ] or any(
        not np.array_equal(a, b) for a, b in zip(*(p.values() for p in parameters))
    )

    weights = [(runs / name / "critic.pdparams").read_bytes() for name in names]
    times = [(runs / name / "config.yaml").stat().st_mtime_ns for name in names]
    shutil.rmtree(runs / names[1])
    run(*sweep)
    assert [(runs / name / "critic.pdparams").read_bytes() for name in names] == weights
    saved = [runs / name / "checkpoints/iter_00000002" for name in names]
    assert saved[0].stat().st_mtime_ns < times[3] < saved[1].stat().st_mtime_ns


def test_named_architectures_by_all_methods(run, tmp_path):
    run("-m", *VARIED, "MODEL.architecture=mlp,tanh", "GAN.name=wgan_gp,wgan,gan,lsgan")
    for method, optimizer, steps in (
        ("wgan_gp", "adam", 5),
        ("wgan", "rmsprop", 5),
        ("gan", "adam", 1),
        ("lsgan", "rmsprop", 1),
    ):
        folder = tmp_path / "runs" / f"GAN.name-{method}_MODEL.architecture-mlp"
        config = (folder / "config.yaml").read_text()
        assert (
            f"optimizer: {optimizer}\n" in config and f"n_critic: {steps}\n" in config
        )
        assert (folder / "samples" / "iter_00000002.png").exists()


@pytest.mark.parametrize(
    "arguments, said",
    [
        ([*RANDOM, "MODEL.architecture=tanh"], "needs MODEL.dim, and no MODEL.draw"),
        ([*VARIED, "MODEL.architecture=random"], "choose it with +experiment=random_"),
        ([*VARIED, "MODEL.dim=6", "MODEL.architecture=resnet101"], "multiple of 4"),
        ([*VARIED, "MODEL.architecture=dcgn"], "MODEL.architecture=dcgn is refused"),
        ([*VARIED, "MODEL.image_shape=[3,24,24]"], "multiples of 16"),
        ([*RANDOM, "MODEL.draw.depths=[3]"], "greater than or equal to 4"),
        ([*RANDOM, "GAN.acgan_scale=1.0"], "GAN.acgan_scale=1.0 is refused"),
        ([*RANDOM, "MODEL.conditional=true"], "no key 'MODEL.conditional'"),
        (["GAN.name=lsgan"], "GAN.name=lsgan is refused"),
        (["MODEL.name=architectures"], "MODEL.name=architectures is refused"),
        ([*RANDOM, "GAN.name=gan", "GAN.n_critic={adaptive: {}}"], "an adaptive GAN.n_critic"),
        ([*RANDOM, "GAN.name=gan", "GAN.penalty=one_sided"], "GAN.name=gan has no penalty"),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_refused(run, tmp_path, arguments, said):
    assert said in run(*arguments, status=2).err
    assert not (tmp_path / "runs" / "config.yaml").exists()
