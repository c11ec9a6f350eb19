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

"""Replay a trace of the authors' code with this project's classes and measure the errors.

    python -m tests.golden tests/golden/mnist_wgan_gp.npz [--convolution onednn]

prints one JSON object; tests/golden/README.md says what a trace holds and how the errors are defined.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
from typing import Dict
from typing import Iterator
from typing import List
from typing import Mapping
from typing import Optional
from typing import Tuple

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np
import paddle
from paddle import nn
from wgan_gp.models import WGAN
from wgan_gp.models import WGAN_GP
from wgan_gp.models import BaseGAN
from wgan_gp.models.networks import DCGANCritic
from wgan_gp.models.networks import DCGANGenerator
from wgan_gp.models.networks import MLPCritic
from wgan_gp.models.networks import MLPGenerator
from wgan_gp.models.networks import ResNetCritic
from wgan_gp.models.networks import ResNetGenerator
from wgan_gp.utils import losses
from wgan_gp.utils.terms import acgan_terms

import ppsci
from ppsci.utils import logger
from ppsci_ext.arch import GroupNorm
from ppsci_ext.arch import onednn
from ppsci_ext.optimizer import Adam
from ppsci_ext.solver import AdversarialSolver

Trace = Mapping[str, np.ndarray]
TOLERANCES = {
    "fake": 2e-5,
    "scores": 2e-5,
    "cost": 2e-5,
    "slopes": 2e-5,
    "gen_cost": 2e-5,
    "grad_critic": 2e-4,
    "grad_gen": 1e-4,
    "final_p99": 1e-6,
    "final_max": 1e-4,
}
# One of this generator's units is at 3e-7 before its ReLU. Where a processor rounds it to below
# zero, or not, the generator's first gradient lacks or has the unit's share, and all that follows.
_AT_A_KINK = {
    "cifar_resnet_uncond": {
        "scores": 5e-4,
        "cost": 5e-3,
        "slopes": 2e-2,
        "gen_cost": 5e-4,
        "grad_gen": 2e-2,
        "final_p99": 1e-4,
        "final_max": 1e-3,
    }
}
LAYER_NORM_TOLERANCE = 2e-5
_RENAMES = {
    "gan_toy.py": [
        (r"(Generator|Discriminator)\.([123])\.Linear", lambda m: f"net.{2 * int(m[2]) - 2}"),
        (r"(Generator|Discriminator)\.4", "net.6"),
    ],
    "dcgan": [
        (r"Generator\.Input", "input"),
        (r"Generator\.BN(\d)", r"norm\1"),
        (r"Generator\.(\d)", r"deconv\1"),
        (r"Discriminator\.BN(\d)", r"norm\1"),
        (r"Discriminator\.(\d)", r"conv\1"),
        (r"Discriminator\.Output", "output"),
    ],
    "gan_cifar_resnet.py": [
        (r"Generator\.Input", "input"),
        (r"Generator\.OutputN", "output_norm"),
        (r"Generator\.Output", "output"),
        (r"Discriminator\.Output", "output"),
        (r"Discriminator\.ACGANOutput", "classifier"),
        (
            r"(Generator|Discriminator)\.(\d)\.(?:N(\d)|Conv(\d)|Shortcut)",
            lambda m: f"blocks.{int(m[2]) - 1}."
            + (f"norm{m[3]}" if m[3] else f"conv{m[4]}" if m[4] else "shortcut"),
        ),
    ],
}  # fmt: skip
_LEAVES = {
    "W": "weight",
    "b": "bias",
    "Filters": "weight",
    "Biases": "bias",
    "scale": "weight",
    "offset": "bias",
}


def translate(name: str, script: str) -> str:
    """This project's name, within its network, of a parameter of the authors' code."""
    stem, leaf = name.rsplit(".", 1)
    for pattern, new in _RENAMES.get(script, _RENAMES["dcgan"]):
        if re.fullmatch(pattern, stem):
            return f"{re.sub(pattern, new, stem)}.{_LEAVES[leaf]}"
    raise KeyError(f"No rule for the parameter '{name}' of {script}.")


def _named(network: nn.Layer, name: str, script: str, leaf: str) -> paddle.Tensor:
    """The parameter of `network` that the authors call `name`."""
    parameters = dict(network.named_parameters())
    key = translate(name, script)
    if key in parameters:
        return parameters[key]
    return parameters[f"{key.rsplit('.', 1)[0]}.{leaf}.weight"]  # conditional norm


def _to_ours(name: str, array: np.ndarray, shape: List[int]) -> np.ndarray:
    if name.endswith("Filters"):
        array = array.transpose(3, 2, 0, 1)
    return array.reshape(shape)


class _Parameters:
    """Parameters of both networks under the authors' names."""

    def __init__(self, gan: BaseGAN, names: List[str], script: str):
        networks = {"Generator": gan.generator, "Discriminator": gan.critic}
        self.tensors = {
            name: _named(
                networks[name.split(".", 1)[0]], name, script, name.rsplit(".", 1)[1]
            )
            for name in names
        }
        count = sum(len(network.parameters()) for network in networks.values())
        if count != len(names):
            raise KeyError(f"The trace has {len(names)} parameters, the GAN {count}.")

    def load(self, trace: Trace) -> None:
        for name, tensor in self.tensors.items():
            tensor.set_value(_to_ours(name, trace[f"param/{name}"], tensor.shape))

    def expected(self, trace: Trace, prefix: str) -> Dict[str, np.ndarray]:
        return {
            name: _to_ours(name, trace[f"{prefix}/{name}"], tensor.shape)
            for name, tensor in self.tensors.items()
            if f"{prefix}/{name}" in trace
        }


def _build_gan(trace: Trace, meta: Dict) -> BaseGAN:
    """The GAN of a trace; sizes come from the shapes of its parameters."""
    script = meta["script"]
    lambda_gp = meta.get("LAMBDA")
    if script == "gan_toy.py":
        dim = trace["param/Generator.1.Linear.W"].shape[1]
        generator, critic = MLPGenerator(dim), MLPCritic(dim)
        num_classes = 0
    elif script == "gan_cifar_resnet.py":
        # conditional norms have a row per class; the classifier is a choice of its own
        offsets = trace["param/Generator.1.N1.offset"]
        num_classes = offsets.shape[0] if offsets.ndim == 2 else 0
        heads = trace.get("param/Discriminator.ACGANOutput.b", np.zeros(0)).size
        latent_dim = trace["param/Generator.Input.W"].shape[0]
        dim = trace["param/Generator.Output.Filters"].shape[2]
        generator = ResNetGenerator((3, 32, 32), dim, latent_dim, num_classes)
        dim = trace["param/Discriminator.Output.W"].shape[0]
        critic = ResNetCritic(3, dim, heads)
    else:
        num_classes = 0
        latent_dim = trace["param/Generator.Input.W"].shape[0]
        dim = trace["param/Discriminator.1.Filters"].shape[3]
        mnist = script == "gan_mnist.py"
        shape = (1, 28, 28) if mnist else (3, 32, 32)
        generator = DCGANGenerator(
            shape,
            dim,
            latent_dim,
            batch_norm="param/Generator.BN1.scale" in trace,
            output="sigmoid" if mnist else "tanh",
        )
        critic = DCGANCritic(
            shape,
            dim,
            norm="batch" if "param/Discriminator.BN2.scale" in trace else "none",
        )
    settings = {"num_classes": num_classes}
    if "param/Discriminator.ACGANOutput.b" in trace:
        scales = meta.get("ACGAN_SCALE", 1.0), meta.get("ACGAN_SCALE_G", 0.1)
        settings["terms"] = acgan_terms(*scales)
    if "in/critic/alpha" in trace:
        return WGAN_GP(generator, critic, lambda_gp, **settings)
    return WGAN(generator, critic, **settings)


def _build_optimizers(gan: BaseGAN, meta: Dict) -> Tuple:
    """Optimizers of both networks, as the authors' script sets them."""
    if isinstance(gan, WGAN):
        make = gan.make_optimizer(5e-5)
        return make(gan.generator), make(gan.critic)
    if meta["script"] != "gan_cifar_resnet.py":
        make = Adam(1e-4, beta1=0.5, beta2=0.9)
        return make(gan.generator), make(gan.critic)

    def adam(network):
        rate = meta["LR"]
        if meta["DECAY"]:
            rate = ppsci.optimizer.lr_scheduler.Linear(1, meta["ITERS"], rate, 0.0)()
        return Adam(rate, beta1=0.0, beta2=0.9)(network)

    return adam(gan.generator), adam(gan.critic)


class _Replay:
    """A GAN whose noise comes from a trace and whose results are compared with it.

    It stands between AdversarialSolver, which thus runs its own loop, and the GAN.
    """

    def __init__(self, trace: Trace, meta: Dict, gan: BaseGAN, parameters: _Parameters):
        self.trace = trace
        self.meta = meta
        self.gan = gan
        self.parameters = parameters
        self.generator, self.critic = gan.generator, gan.critic
        self.iterations, self.critic_iters = trace["in/critic/z"].shape[:2]
        self.critic_calls = self.generator_calls = 0
        self.errors: Dict[str, float] = {}
        self.sample_shape = self._shaped(trace["in/critic/real"][0, 0]).shape[1:]
        self.batch_size = trace["in/critic/real"].shape[2]
        self.generator_needs_data = False

    def begin_iteration(self, iteration: int) -> None:
        self.gan.begin_iteration(iteration)

    def check(self, real, labels) -> None:
        self.gan.check(real, labels)

    def example(self) -> Tuple[paddle.Tensor, Optional[paddle.Tensor]]:
        return next(self)  # the calls of the losses advance it

    def constrain_critic(self) -> None:
        self.gan.constrain_critic()

    # the stream of real data

    def __next__(self) -> Tuple[paddle.Tensor, Optional[paddle.Tensor]]:
        return self._shaped(self._critic("in/critic/real")), self._labels()

    def __iter__(self) -> Iterator:
        return self

    # the losses

    def critic_loss(self, real, labels) -> Dict[str, paddle.Tensor]:
        inputs = {"noise": paddle.to_tensor(self._critic("in/critic/z"))}
        if "in/critic/alpha" in self.trace:
            alpha = paddle.to_tensor(self._critic("in/critic/alpha"))
            # gan_toy.py counts from the generated sample, the others from the real one
            inputs["alpha"] = (
                1 - alpha if self.meta["script"] == "gan_toy.py" else alpha
            )
        with paddle.no_grad():
            fake = self.gan.fake_beside(real, labels, inputs["noise"])
            score_real, score_fake, logits = self._scores(real, fake, labels)
        if self.critic_calls == 0:
            expected = self.trace["fake"].reshape(fake.shape)
            self._compare("fake", fake, expected, 1.0)
        scale = max(
            np.abs(self._critic(f"out/critic/score_{kind}")).max()
            for kind in ("real", "fake")
        )
        for name, score in (("score_real", score_real), ("score_fake", score_fake)):
            self._compare("scores", score, self._critic(f"out/critic/{name}"), scale)
        if logits is not None:
            expected = self._critic("out/critic/acgan_logits")
            self._compare("scores", logits, expected, np.abs(expected).max())

        terms = self.gan.critic_loss(real, labels, **inputs)
        self._compare(
            "cost", terms["critic_loss"], self._critic("out/critic/cost"), scale
        )
        wdist = self._critic("out/critic/wdist")  # opposite sign there
        self._compare("cost", -terms["wasserstein"], wdist, scale)
        if "acgan" in terms:
            acgan = self._critic("out/critic/acgan")
            self._compare("cost", terms["acgan"], acgan, scale)
        if "alpha" in inputs:
            weight = self.gan.lambda_gp
            penalty = weight * terms["gradient_penalty"]
            self._compare(
                "cost", penalty, weight * self._critic("out/critic/gp"), scale
            )
            points = losses.interpolate(real, fake, inputs["alpha"])
            slopes = losses.gradient_norm(
                lambda x: self.gan.critic_score(x, labels), points
            )
            expected = self._critic("out/critic/slopes")
            self._compare("slopes", slopes, expected, expected.max())
        if self.critic_calls == 0:
            again = self.gan.critic_loss(real, labels, **inputs)
            self._compare_gradients("critic", again["critic_loss"])
        self.critic_calls += 1
        return terms

    def generator_loss(self, batch_size: int) -> Dict[str, paddle.Tensor]:
        step = self.generator_calls
        inputs = {"noise": paddle.to_tensor(self.trace["in/gen/z"][step])}
        if "in/gen/labels" in self.trace:
            labels = self.trace["in/gen/labels"][step].astype("int64")
            inputs["condition"] = paddle.to_tensor(labels)
        terms = self.gan.generator_loss(batch_size, **inputs)
        with paddle.no_grad():
            fake = self.gan._generate(inputs["noise"], inputs.get("condition"))
            scale = float(self.gan.critic_score(fake).abs().max())
        self._compare(
            "gen_cost",
            terms["generator_loss"],
            self.trace["out/gen/cost"][step],
            scale,
        )
        if step == 0:
            again = self.gan.generator_loss(batch_size, **inputs)
            self._compare_gradients("gen", again["generator_loss"])
        self.generator_calls += 1
        return terms

    # comparisons

    def compare_final(self) -> None:
        names = self._meaningful()
        expected = self.parameters.expected(self.trace, "final")
        errors = np.concatenate(
            [
                np.abs(self.parameters.tensors[n].numpy() - expected[n]).ravel()
                for n in names
            ]
        )
        self.errors["final_p99"] = float(np.percentile(errors, 99))
        self.errors["final_max"] = float(errors.max())

    def _meaningful(self) -> List[str]:
        """All parameters but those whose gradient is mathematically zero: biases directly
        in front of a batch norm, which Adam moves by rounding noise."""
        names = list(self.parameters.tensors)
        if self.meta["script"] == "gan_cifar_resnet.py":
            void = r"Generator\.[123]\.(Conv1|Conv2|Shortcut)\.Biases"
        else:
            normed = {n.rsplit(".", 1)[0] for n in names if ".BN" in n}
            before = {
                "Generator.BN1": r"Generator\.Input\.b",
                "Generator.BN2": r"Generator\.2\.Biases",
                "Generator.BN3": r"Generator\.3\.Biases",
                "Discriminator.BN2": r"Discriminator\.2\.Biases",
                "Discriminator.BN3": r"Discriminator\.3\.Biases",
            }
            void = "|".join(before[norm] for norm in sorted(normed)) or "none"
        return [name for name in names if not re.fullmatch(void, name)]

    def _compare_gradients(self, kind: str, loss: paddle.Tensor) -> None:
        expected = self.parameters.expected(self.trace, f"grad/{kind}")
        names = [name for name in self._meaningful() if name in expected]
        loss.backward()
        for name in names:
            scale = np.abs(expected[name]).max() or 1.0
            gradient = self.parameters.tensors[name].grad
            value = paddle.zeros([1]) if gradient is None else gradient
            self._compare(f"grad_{kind}", value, expected[name], scale)
        for tensor in self.parameters.tensors.values():
            tensor.clear_gradient(set_to_zero=False)

    def _compare(
        self, key: str, value: paddle.Tensor, expected: np.ndarray, scale: float
    ) -> None:
        difference = value.numpy().astype("float64") - expected.astype("float64")
        error = float(np.abs(difference).max() / scale)
        self.errors[key] = max(self.errors.get(key, 0.0), error)

    # the trace

    def _critic(self, key: str) -> np.ndarray:
        return self.trace[key][divmod(self.critic_calls, self.critic_iters)]

    def _labels(self) -> Optional[paddle.Tensor]:
        if "in/critic/labels" not in self.trace:
            return None
        return paddle.to_tensor(self._critic("in/critic/labels").astype("int64"))

    def _shaped(self, batch: np.ndarray) -> paddle.Tensor:
        shape = {2: [2], 784: [1, 28, 28], 3072: [3, 32, 32]}[batch.shape[-1]]
        return paddle.to_tensor(batch.reshape([-1, *shape]))

    def _scores(self, real, fake, labels) -> Tuple:
        """Scores, and logits of the real and the generated half together."""
        score_real, logits_real = self.gan._judge(real, labels)
        score_fake, logits_fake = self.gan._judge(fake, labels)
        if logits_real is None:
            return score_real, score_fake, None
        return score_real, score_fake, paddle.concat([logits_real, logits_fake])


def _replay_training(trace: Trace, meta: Dict, convolution: str) -> Dict[str, float]:
    gan = _build_gan(trace, meta)
    if convolution == "onednn":
        onednn.use_onednn(gan.generator)
        onednn.use_onednn(gan.critic)
    names = [key[len("param/") :] for key in trace if key.startswith("param/")]
    parameters = _Parameters(gan, names, meta["script"])
    parameters.load(trace)
    replay = _Replay(trace, meta, gan, parameters)
    AdversarialSolver(
        replay,
        replay,
        *_build_optimizers(gan, meta),
        n_critic=replay.critic_iters,
        generator_batch_size=trace["in/gen/z"].shape[1],
        epochs=1,
        iters_per_epoch=replay.iterations,
        log_freq=replay.iterations,
    ).train()
    replay.compare_final()
    return replay.errors


def _replay_layernorm(trace: Trace, convolution: str) -> Dict[str, float]:
    """The authors' layer norm alone and inside a tiny critic, to the second order."""
    found: Dict[str, paddle.Tensor] = {}

    def leaf(key: str) -> paddle.Tensor:
        return paddle.to_tensor(trace[key], stop_gradient=False)

    x = leaf("ln/x")
    norm = GroupNorm(1, x.shape[1])
    norm.weight.set_value(trace["ln/scale"])
    norm.bias.set_value(trace["ln/offset"])
    y = norm(x)
    inputs = [x, norm.weight, norm.bias]
    first = paddle.grad((y * leaf("ln/cotangent")).sum(), inputs, create_graph=True)
    found["ln/y"] = y
    found["ln/dx"], found["ln/dscale"], found["ln/doffset"] = first
    q = (first[0] * leaf("ln/cotangent2")).sum()
    found["ln/dx_dot_cotangent2"] = q
    found["ln/d2x"], found["ln/d2scale"] = paddle.grad(q, [x, norm.weight])

    prefix = "param/Discriminator"
    filters = trace[f"{prefix}.1.Filters"]
    conv = nn.Conv2D(*filters.shape[2:], filters.shape[0], padding="SAME")
    norm = GroupNorm(1, filters.shape[3])
    output = nn.Linear(*trace[f"{prefix}.Output.W"].shape)
    tensors = {
        "Discriminator.1.Filters": conv.weight,
        "Discriminator.1.Biases": conv.bias,
        "Discriminator.N1.scale": norm.weight,
        "Discriminator.N1.offset": norm.bias,
        "Discriminator.Output.W": output.weight,
        "Discriminator.Output.b": output.bias,
    }
    for name, tensor in tensors.items():
        tensor.set_value(_to_ours(name, trace[f"param/{name}"], tensor.shape))
    if convolution == "onednn":
        onednn.use_onednn(conv)

    def critic(images: paddle.Tensor) -> paddle.Tensor:
        hidden = nn.functional.relu(norm(conv(images)))
        return output(hidden.mean(axis=[2, 3])).reshape([-1])

    x = leaf("critic/x")
    score = critic(x)
    slopes = losses.gradient_norm(critic, x)
    penalty = losses.two_sided_penalty(slopes)
    found["critic/score"] = score
    (found["critic/dscore_dx"],) = onednn.input_gradients(score.sum(), [x])
    found["critic/slopes"] = slopes
    found["critic/gp"] = penalty
    for key, loss in (("score_mean", critic(x).mean()), ("gp", penalty)):
        loss.backward()
        for name, tensor in tensors.items():
            unused = tensor.grad is None
            found[f"grad/{key}/{name}"] = (
                paddle.zeros_like(tensor) if unused else tensor.grad.clone()
            )
            tensor.clear_gradient(set_to_zero=False)

    errors = {}
    for key, value in found.items():
        expected = _to_ours(key, trace[key], value.shape).astype("float64")
        scale = np.abs(expected).max() or 1.0
        errors[key] = float(np.abs(value.numpy() - expected).max() / scale)
    return errors


def tolerance(name: str, quantity: str) -> float:
    """The largest error of a quantity with which a trace counts as met.

    Args:
        name (str): Trace, the stem of its file.
        quantity (str): Key of what `replay` returns.
    """
    if name == "layernorm":
        return LAYER_NORM_TOLERANCE
    return _AT_A_KINK.get(name, {}).get(quantity, TOLERANCES[quantity])


def replay(path: str, convolution: str = "paddle") -> Dict[str, float]:
    """Largest error per quantity of a replayed trace.

    Args:
        path (str): Trace, an .npz file.
        convolution (str, optional): What computes the convolutions, "paddle" or "onednn"; the toy
            traces have none. Defaults to "paddle".

    Returns:
        Dict[str, float]: Errors as defined in tests/golden/README.md.
    """
    with np.load(path, allow_pickle=False) as file:
        trace = {key: file[key] for key in file.files}
    meta = json.loads(str(trace["meta"]))
    if meta["config"] == "layernorm":
        return _replay_layernorm(trace, convolution)
    return _replay_training(trace, meta, convolution)


if __name__ == "__main__":
    logger.init_logger("ppsci", None, logging.ERROR)
    parser = argparse.ArgumentParser(prog="python -m tests.golden")
    parser.add_argument("trace", help=".npz file")
    parser.add_argument("--convolution", choices=["paddle", "onednn"], default="paddle")
    arguments = parser.parse_args()
    print(json.dumps(replay(arguments.trace, arguments.convolution)))
