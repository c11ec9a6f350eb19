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

import functools

import numpy as np
import paddle
import pytest
from omegaconf import OmegaConf

from benchmarks.bench_step import CASES
from benchmarks.bench_step import PAPERS_CASES
from benchmarks.paddle_worker import case_of
from benchmarks.paddle_worker import compose_settings
from benchmarks.paddle_worker import facts_of
from benchmarks.paddle_worker import random_data
from ppsci_ext.data import map_condition
from ppsci_ext.data.fields.spectrum import lattice_spectrum
from ppsci_ext.data.fields.spectrum import make_spectrum
from tests.helpers import peers

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from benchmarks.torch_worker import build_trainer  # noqa: E402
from benchmarks.torch_worker import gaussian_fields  # noqa: E402
from benchmarks.torch_worker import gaussians  # noqa: E402
from benchmarks.torch_worker import random_images  # noqa: E402
from benchmarks.tuned_torch import TunedTrainer  # noqa: E402

BATCH = 4
SMALL = {
    **peers.SMALL,
    "cifar_unconditional": ["MODEL.dim=6", "MODEL.conditional=false"],
    "fields": ["MODEL.dim=3", "DATA.size=[16,24]", "MODEL.fine_noise=2"],
    "fields3d": ["MODEL.dim=2", "MODEL.stages=2", "DATA.size=[8,4,12]"],
    "motion": ["MODEL.dim=8", "MODEL.critic_dim=4", "DATA.frames=15"],
}
# in the middle of the curriculum all of motion's terms count
AT_ITERATION = 150
TABLES = ("scale", "offset", "speaker", "which", "rest")  # no matrices of linear layers
PROJECTIONS = ("q_proj", "k_proj", "v_proj")  # one matrix in PyTorch's attention


def as_in_torch(name, tensor):
    """Paddle's linear layers have weights [in, out], PyTorch's [out, in]."""
    is_table = any(part in name for part in TABLES)
    return tensor.numpy().T if tensor.ndim == 2 and not is_table else tensor.numpy()


def parts_by_our_names(tensors, ours):
    """PyTorch's tensors, of which the attention's projections are apart, and motion's critic has
    one convolution of poses and of their condition."""
    found = {}
    for name, tensor in tensors.items():
        if "in_proj_" in name:
            for projection, part in zip(PROJECTIONS, tensor.chunk(3)):
                found[name.replace("in_proj_", f"{projection}.")] = part
        elif name == "of_all.weight":
            names = ["of_poses.weight", "of_condition.weight"]
            sizes = [ours[part].shape[1] for part in names]
            found.update(zip(names, tensor.split(sizes, dim=1)))
        else:
            found[name.replace("of_all.", "of_poses.")] = tensor
    return found


def copy_weights(network, twin):
    """Paddle's weights into PyTorch's network, by name; all of both."""
    ours = dict(network.named_parameters())
    found = parts_by_our_names(
        {name: parameter.data for name, parameter in twin.named_parameters()}, ours
    )
    for name, parameter in ours.items():
        array = np.array(as_in_torch(name, parameter))
        target = found.pop(name)
        assert target.shape == array.shape
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
        self.case = case
        script, overrides = CASES[case]
        overrides = (*overrides, *SMALL[name], f"TRAIN.batch_size={BATCH}")
        cfg = compose_settings(script, overrides)
        self.settings = OmegaConf.to_container(cfg, resolve=True)
        self.experiment = case_of(script)(cfg)
        self.facts = facts_of(self.experiment)
        self.gan = self.experiment.build_gan()
        self.gan.begin_iteration(AT_ITERATION)
        self.trainer = self.new_trainer()
        self.trainer.step = AT_ITERATION
        self.rng = np.random.default_rng(7)
        for ours, theirs in self.networks():
            spread(ours, self.rng)
            copy_weights(ours, theirs)
        data = random_data(self.experiment, cfg)
        self.stream = self.experiment.build_stream(data)

    def new_trainer(self):
        return build_trainer(self.settings, self.facts)

    def networks(self):
        return [
            (self.gan.generator, self.trainer.generator),
            (self.gan.critic, self.trainer.critic),
        ]

    def arrays(self, size):
        """Real samples, condition, noise and interpolation weights."""
        normal = self.rng.standard_normal((size, *self.gan.latent_shape))
        real, condition = self.stream.example(size)
        if not self.gan.conditional:
            condition = None
        condition = map_condition(lambda x: x.numpy(), condition)
        alpha = self.rng.random((size, 1))
        return real.numpy(), condition, normal.astype("f4"), alpha.astype("f4")


@pytest.fixture(params=SMALL, scope="module")
def pair(request):
    return Pair(request.param)


def gradient_errors(network, twin):
    """Largest difference of each parameter's gradient, relative to the largest of all."""
    ours = dict(network.named_parameters())
    gradients = {name: parameter.grad for name, parameter in twin.named_parameters()}
    theirs = parts_by_our_names(gradients, ours)
    largest = max(gradient.abs().max().item() for gradient in theirs.values())
    errors = {}
    for name, parameter in ours.items():
        difference = np.abs(as_in_torch(name, parameter.grad) - theirs[name].numpy())
        errors[name] = difference.max() / largest
    return errors


def test_critic_step(pair):
    real, condition, noise, alpha = pair.arrays(BATCH)
    ours = pair.gan.critic_loss(
        paddle.to_tensor(real),
        map_condition(paddle.to_tensor, condition),
        noise=paddle.to_tensor(noise),
        alpha=paddle.to_tensor(alpha),
    )
    theirs = pair.trainer.critic_loss(
        torch.from_numpy(real),
        map_condition(torch.from_numpy, condition),
        torch.from_numpy(noise),
        torch.from_numpy(alpha),
    )
    for name in ("critic_loss", "gradient_penalty"):
        assert float(ours[name]) == pytest.approx(theirs[name].item(), rel=1e-5)
    ours["critic_loss"].backward()
    theirs["critic_loss"].backward()
    errors = gradient_errors(pair.gan.critic, pair.trainer.critic)
    assert max(errors.values()) < 1e-5, errors


def test_tuned_critic_step(pair):
    """Compiled as a whole, second derivatives included; by a backend that takes no compiler."""
    if pair.case not in PAPERS_CASES:
        pytest.skip("the tuned training has the paper's cases")
    kind = functools.partial(TunedTrainer, backend="aot_eager")
    tuned = build_trainer(pair.settings, pair.facts, kind)
    tuned.critic.load_state_dict(pair.trainer.critic.state_dict())
    tuned.generator.load_state_dict(pair.trainer.generator.state_dict())
    batch = [
        None if x is None else torch.from_numpy(x)
        for x in pair.arrays(BATCH)  # of which the order is that of the arguments
    ]
    found = []
    for trainer in (tuned, pair.trainer):
        trainer.critic_optimizer.zero_grad()
        terms = trainer.critic_loss(*batch)
        terms["critic_loss"].backward()
        gradients = [p.grad for p in trainer.critic.parameters()]
        found.append(({k: v.item() for k, v in terms.items()}, gradients))
    (ours, gradients), (plain, expected) = found
    assert ours == pytest.approx(plain, rel=1e-5)
    largest = max(gradient.abs().max() for gradient in expected)
    for gradient, other in zip(gradients, expected):
        assert (gradient - other).abs().max() < 1e-5 * largest
    tuned.iteration()


def test_generator_step(pair):
    real, condition, noise, _ = pair.arrays(2 * BATCH)
    ours = pair.gan.generator_loss(
        2 * BATCH,
        paddle.to_tensor(real),
        map_condition(paddle.to_tensor, condition),
        noise=paddle.to_tensor(noise),
    )["generator_loss"]
    theirs = pair.trainer.generator_loss(
        torch.from_numpy(noise),
        map_condition(torch.from_numpy, condition),
        torch.from_numpy(real),
    )
    # scores of both signs, whose mean may be far smaller than they are
    assert float(ours) == pytest.approx(theirs.item(), rel=1e-5, abs=1e-6)
    ours.backward()
    theirs.backward()
    errors = gradient_errors(pair.gan.generator, pair.trainer.generator)
    assert max(errors.values()) < 1e-5, errors


def weights(network):
    return torch.cat([p.detach().flatten().clone() for p in network.parameters()])


def test_an_iteration_is_n_critic_steps_of_fresh_batches_and_one_of_the_generator(pair):
    trainer = pair.new_trainer()
    served, source = [], trainer.batches

    def batches():
        for batch in source:
            served.append(batch[0])
            yield batch

    trainer.batches = batches()
    before = {name: weights(getattr(trainer, name)) for name in ("generator", "critic")}
    trainer.iteration()
    n_critic = pair.settings["GAN"]["n_critic"]
    assert len(served) == n_critic + pair.gan.generator_needs_data
    assert all(tuple(x.shape) == (BATCH, *pair.stream.sample_shape) for x in served)
    assert not any(torch.equal(x, y) for x, y in zip(served, served[1:]))
    for name, steps in (("generator", 1), ("critic", n_critic)):
        network = getattr(trainer, name)
        states = getattr(trainer, f"{name}_optimizer").state
        assert {int(states[p]["step"]) for p in network.parameters()} == {steps}
        moved = (weights(network) - before[name]).abs().max()
        # no step of Adam moves a weight by much more than the learning rate
        assert 0 < moved < 4 * steps * pair.settings["TRAIN"][f"{name}_lr"]
        assert all(p.requires_grad for p in network.parameters())
    has_average = pair.settings["TRAIN"]["ema"]["use_ema"]
    assert (trainer.average is not None) == has_average
    if has_average:  # the first one is the network as it is
        assert torch.equal(weights(trainer.average), weights(trainer.generator))


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


def test_gaussian_fields_have_the_spectrum_of_the_case():
    size, count = [8, 12], 4000
    data = {"size": size, "length": 2.0, "smoothness": 1.5}
    fields, condition = next(gaussian_fields(count, {"DATA": data}))
    assert condition is None and fields.shape == (count, 1, *size)
    truth = lattice_spectrum(make_spectrum("matern", 2, 2.0, 1.5), size, False)
    power = np.abs(np.fft.fft2(fields[:, 0].numpy())) ** 2 / fields[0].numel()
    # of an exponential distribution, wider by sqrt(2) where a mode is real
    error = (power.mean(axis=0) / truth - 1) * np.sqrt(count / 2)
    assert np.abs(error).max() < 5


def test_random_motion_is_like_the_data_of_the_case():
    pair = Pair("motion")
    theirs, ours = next(pair.new_trainer().batches), next(pair.stream)
    assert theirs[0].shape == tuple(ours[0].shape)
    assert (theirs[0].norm(dim=-1) - 1).abs().max() < 1e-5
    assert set(theirs[1]) == set(ours[1])
    for name, array in theirs[1].items():
        assert array.shape == tuple(ours[1][name].shape)
        assert str(array.dtype).split(".")[1] == str(ours[1][name].dtype).split(".")[1]
