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

"""The PyTorch side of bench_step.py computes what this project's classes do."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from omegaconf import OmegaConf

from benchmarks.bench_step import CASES
from benchmarks.paddle_worker import case_of
from benchmarks.paddle_worker import compose_settings

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from benchmarks.plain_torch import Trainer  # noqa: E402
from benchmarks.torch_worker import gaussians  # noqa: E402
from benchmarks.torch_worker import random_images  # noqa: E402

BATCH = 4
# sides 20, 10, 5, 3 and 23, 12, 6, 3 have both kinds of padding and of cropping
SMALL = {
    "toy": ["MODEL.dim=16"],
    "mnist": ["MODEL.dim=4"],
    "cifar_resnet": ["MODEL.dim=6"],
    "cifar_dcgan": ["MODEL.dim=4", "MODEL.image_shape=[3,20,23]"],
    "cifar_unconditional": ["MODEL.dim=6", "MODEL.conditional=false"],
}


def as_in_torch(name, tensor):
    """Paddle's linear layers have weights [in, out], PyTorch's [out, in]."""
    is_table = "scale" in name or "offset" in name
    return tensor.numpy().T if tensor.ndim == 2 and not is_table else tensor.numpy()


def copy_weights(network, twin):
    """Paddle's weights into PyTorch's network, by name; all of both."""
    found = dict(twin.named_parameters())
    for name, parameter in network.named_parameters():
        array = np.array(as_in_torch(name, parameter))
        target = found.pop(name)
        assert target.shape == array.shape
        with torch.no_grad():
            target.copy_(torch.from_numpy(array))
    assert not found


def spread(network, rng):
    """Other values than the initial ones, of which biases and scales are all alike."""
    for parameter in network.parameters():
        noise = 0.1 * rng.standard_normal(parameter.shape).astype("float32")
        parameter.set_value(parameter + paddle.to_tensor(noise))


class Pair:
    """A case by both frameworks, with the same weights and inputs."""

    def __init__(self, name):
        case = "cifar_resnet" if name == "cifar_unconditional" else name
        script, overrides = CASES[case]
        overrides = (*overrides, *SMALL[name], f"TRAIN.batch_size={BATCH}")
        cfg = compose_settings(script, overrides)
        self.settings = OmegaConf.to_container(cfg, resolve=True)
        self.gan = case_of(script)(cfg).build_gan()
        self.trainer = Trainer(self.settings, iter(()))
        self.rng = np.random.default_rng(7)
        for ours, theirs in self.networks():
            spread(ours, self.rng)
            copy_weights(ours, theirs)
        self.shape = cfg.MODEL.get("image_shape", [2])

    def networks(self):
        return [
            (self.gan.generator, self.trainer.generator),
            (self.gan.critic, self.trainer.critic),
        ]

    def arrays(self, size):
        """Real samples, labels, noise and interpolation weights."""
        labels = None
        if self.gan.num_classes:
            labels = self.rng.integers(0, self.gan.num_classes, size)
        normal, uniform = self.rng.standard_normal, self.rng.random
        return (
            normal((size, *self.shape)).astype("float32"),
            labels,
            normal((size, *self.gan.latent_shape)).astype("float32"),
            uniform((size, 1)).astype("float32"),
        )


@pytest.fixture(params=SMALL, scope="module")
def pair(request):
    return Pair(request.param)


def given(array, convert):
    return None if array is None else convert(array)


def gradient_errors(network, twin):
    """Largest difference of each parameter's gradient, relative to the largest of all."""
    theirs = {name: p.grad.numpy() for name, p in twin.named_parameters()}
    largest = max(np.abs(gradient).max() for gradient in theirs.values())
    errors = {}
    for name, parameter in network.named_parameters():
        difference = np.abs(as_in_torch(name, parameter.grad) - theirs[name])
        errors[name] = difference.max() / largest
    return errors


def test_critic_step(pair):
    real, labels, noise, alpha = pair.arrays(BATCH)
    ours = pair.gan.critic_loss(
        paddle.to_tensor(real),
        given(labels, paddle.to_tensor),
        noise=paddle.to_tensor(noise),
        alpha=paddle.to_tensor(alpha),
    )
    theirs = pair.trainer.critic_loss(
        torch.from_numpy(real),
        given(labels, torch.from_numpy),
        torch.from_numpy(noise),
        torch.from_numpy(alpha),
    )
    for name in ("critic_loss", "gradient_penalty"):
        assert float(ours[name]) == pytest.approx(theirs[name].item(), rel=1e-5)
    ours["critic_loss"].backward()
    theirs["critic_loss"].backward()
    errors = gradient_errors(pair.gan.critic, pair.trainer.critic)
    assert max(errors.values()) < 1e-5, errors


def test_generator_step(pair):
    _, labels, noise, _ = pair.arrays(2 * BATCH)
    ours = pair.gan.generator_loss(
        2 * BATCH,
        noise=paddle.to_tensor(noise),
        condition=given(labels, paddle.to_tensor),
    )["generator_loss"]
    theirs = pair.trainer.generator_loss(
        torch.from_numpy(noise), given(labels, torch.from_numpy)
    )
    assert float(ours) == pytest.approx(theirs.item(), rel=1e-5)
    ours.backward()
    theirs.backward()
    errors = gradient_errors(pair.gan.generator, pair.trainer.generator)
    assert max(errors.values()) < 1e-5, errors


def weights(network):
    return torch.cat([p.detach().flatten().clone() for p in network.parameters()])


def test_an_iteration_is_n_critic_steps_of_fresh_batches_and_one_of_the_generator(pair):
    size = [2 * BATCH, *pair.shape]
    served = []

    def batches():
        while True:
            labels = torch.randint(pair.gan.num_classes or 1, (2 * BATCH,))
            served.append(torch.randn(size))
            yield served[-1], labels

    trainer = Trainer(pair.settings, batches())
    before = {name: weights(getattr(trainer, name)) for name in ("generator", "critic")}
    trainer.iteration()
    assert len(served) == pair.settings["GAN"]["n_critic"]
    for name, steps in (("generator", 1), ("critic", len(served))):
        network = getattr(trainer, name)
        states = getattr(trainer, f"{name}_optimizer").state
        assert {int(states[p]["step"]) for p in network.parameters()} == {steps}
        moved = (weights(network) - before[name]).abs().max()
        # no step of Adam moves a weight by much more than the learning rate
        assert 0 < moved < 4 * steps * pair.settings["TRAIN"][f"{name}_lr"]
        assert all(p.requires_grad for p in network.parameters())


def test_random_images_are_floats_in_the_range_of_the_case():
    settings = {
        "MODEL": {"image_shape": [3, 4, 4], "num_classes": 10},
        "DATA": {"range": [-1.0, 1.0], "levels": 256, "dequantize": True},
    }
    images, labels = next(random_images(16, settings))
    assert images.shape == (16, 3, 4, 4) and labels.shape == (16,)
    assert -1 <= images.min() < -0.9 and 0.9 < images.max() < 1
    settings["DATA"]["dequantize"] = False
    levels = (next(random_images(16, settings))[0] + 1) * 128
    assert torch.equal(levels, levels.round())


def test_gaussians_are_those_of_the_toy_case():
    points, labels = next(gaussians(1000))
    assert labels is None
    angles = torch.atan2(points[:, 1], points[:, 0]) / (torch.pi / 4)
    assert (angles - angles.round()).abs().max() < 0.1
    assert set(angles.round().int().remainder(8).tolist()) == set(range(8))
    assert (points.norm(dim=1) - 2 / 1.414).abs().max() < 0.08
