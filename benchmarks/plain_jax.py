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

"""The training step of the paper's cases, written plainly in JAX, as one would write it there.

Each step is one function that XLA compiles as a whole, the penalty's second derivative and Adam
included; weights are updated in place (donated). Real and generated samples are one batch. The
losses are those of `wgan_gp.models`.
"""

from __future__ import annotations

import functools
from typing import Any
from typing import Iterator
from typing import Mapping
from typing import NamedTuple
from typing import Optional
from typing import Tuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import plain_jax_networks as networks
from benchmarks.plain_jax_networks import Network
from benchmarks.plain_jax_networks import Params

Batch = Tuple[np.ndarray, Optional[np.ndarray]]


def build_networks(settings: Mapping[str, Any]) -> Tuple[Network, Network]:
    """Generator and critic of a case.

    Args:
        settings (Mapping[str, Any]): The case's resolved configuration, of which MODEL counts.
    """
    model = settings["MODEL"]
    dim, latent_dim = model["dim"], model["latent_dim"]
    if "image_shape" not in model:
        return networks.mlp(latent_dim, dim, 2), networks.mlp(2, dim, 1)
    shape = model["image_shape"]
    if model.get("name") == "resnet":
        num_classes = model["num_classes"] if model["conditional"] else 0
        generator = networks.resnet_generator(shape, dim, latent_dim, num_classes)
        return generator, networks.resnet_critic(shape[0], dim, num_classes)
    output = jnp.tanh if "name" in model else jax.nn.sigmoid
    with_norm = model["generator_batch_norm"]
    generator = networks.dcgan_generator(shape, dim, latent_dim, with_norm, output)
    return generator, networks.dcgan_critic(shape, dim)


class Adam(NamedTuple):
    """Adam's state of one network: number of steps, and both moments of each gradient."""

    count: jax.Array
    first: Params
    second: Params

    @classmethod
    def start(cls, params: Params) -> Adam:
        zeros = {name: jnp.zeros_like(x) for name, x in params.items()}
        return cls(jnp.zeros([]), zeros, jax.tree.map(jnp.copy, zeros))

    def step(
        self, params: Params, gradients: Params, lr: float, beta1: float, beta2: float
    ) -> Tuple[Params, Adam]:
        """Parameters and state after one step."""
        count = self.count + 1
        average = lambda beta: lambda old, new: beta * old + (1 - beta) * new
        first = jax.tree.map(average(beta1), self.first, gradients)
        squares = jax.tree.map(jnp.square, gradients)
        second = jax.tree.map(average(beta2), self.second, squares)
        rate = lr / (1 - beta1**count)
        moved = jax.tree.map(
            lambda x, m, v: x - rate * m / (jnp.sqrt(v / (1 - beta2**count)) + 1e-8),
            params,
            first,
            second,
        )
        return moved, Adam(count, first, second)


def classification(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Mean cross entropy."""
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
    return -chosen.mean()


class Trainer:
    """WGAN-GP of a case, with ACGAN where it has classes.

    Args:
        settings (Mapping[str, Any]): The case's resolved configuration.
        batches (Iterator[Batch]): Endless source of real samples, [B, features] or [B, H, W, C], and
            labels [B].
    """

    def __init__(self, settings: Mapping[str, Any], batches: Iterator[Batch]):
        self.gan, self.train = settings["GAN"], settings["TRAIN"]
        model = settings["MODEL"]
        self.latent_dim = model["latent_dim"]
        self.num_classes = model["num_classes"] if model.get("conditional") else 0
        self.batches = batches
        self.generator, self.critic = build_networks(settings)
        self.key, *keys = jax.random.split(jax.random.key(settings["seed"]), 3)
        self.params = {
            "generator": self.generator.init(keys[0]),
            "critic": self.critic.init(keys[1]),
        }
        self.adam = {name: Adam.start(each) for name, each in self.params.items()}
        ema = self.train["ema"]
        self.average: Optional[Params] = None
        if ema["use_ema"]:
            self.average = jax.tree.map(jnp.copy, self.params["generator"])

    def generate(
        self, params: Params, noise: jax.Array, labels: Optional[jax.Array]
    ) -> jax.Array:
        if self.num_classes:
            return self.generator.apply(params, noise, labels)
        return self.generator.apply(params, noise)

    def judge(
        self, params: Params, x: jax.Array
    ) -> Tuple[jax.Array, Optional[jax.Array]]:
        """Scores, and logits of the classes where there are any."""
        output = self.critic.apply(params, x)
        return output if self.num_classes else (output, None)

    def critic_loss(
        self,
        params: Params,
        generator: Params,
        real: jax.Array,
        labels: Optional[jax.Array],
        noise: jax.Array,
        alpha: jax.Array,
    ) -> Tuple[jax.Array, jax.Array]:
        """Loss of the critic, and the penalty in it before lambda.

        Args:
            params (Params): The critic's.
            generator (Params): The generator's.
            real (jax.Array): Real samples, [B, ...].
            labels (Optional[jax.Array]): Their classes, [B].
            noise (jax.Array): Noise of the generator, [B, latent_dim].
            alpha (jax.Array): Interpolation weights, [B, 1].
        """
        fake = self.generate(generator, noise, labels)
        scores, logits = self.judge(params, jnp.concatenate([real, fake]))
        score_real, score_fake = jnp.split(scores, 2)
        loss = score_fake.mean() - score_real.mean()
        if logits is not None:
            extra = classification(logits[: len(real)], labels)
            loss = loss + self.gan["acgan_scale"] * extra

        alpha = alpha.reshape(-1, *[1] * (real.ndim - 1))
        points = real + alpha * (fake - real)
        gradient = jax.grad(lambda x: self.judge(params, x)[0].sum())(points)
        squares = jnp.square(gradient).reshape(len(real), -1).sum(1)
        slopes = jnp.sqrt(squares + 1e-12)  # which has a derivative at zero
        penalty = jnp.square(slopes - 1).mean()
        return loss + self.gan["lambda_gp"] * penalty, penalty

    def generator_loss(
        self,
        params: Params,
        critic: Params,
        noise: jax.Array,
        labels: Optional[jax.Array],
    ) -> jax.Array:
        """Loss of the generator.

        Args:
            params (Params): The generator's.
            critic (Params): The critic's.
            noise (jax.Array): [B, latent_dim].
            labels (Optional[jax.Array]): Classes to generate, [B].
        """
        score, logits = self.judge(critic, self.generate(params, noise, labels))
        loss = -score.mean()
        if logits is not None:
            extra = classification(logits, labels)
            loss = loss + self.gan["acgan_scale_generator"] * extra
        return loss

    @functools.partial(jax.jit, static_argnums=0, donate_argnums=(1, 2))
    def _critic_step(
        self,
        params: Params,
        adam: Adam,
        generator: Params,
        real: jax.Array,
        labels: Optional[jax.Array],
        key: jax.Array,
    ) -> Tuple[Params, Adam]:
        for_noise, for_alpha = jax.random.split(key)
        noise = jax.random.normal(for_noise, (len(real), self.latent_dim))
        alpha = jax.random.uniform(for_alpha, (len(real), 1))
        loss = lambda p: self.critic_loss(p, generator, real, labels, noise, alpha)[0]
        return adam.step(params, jax.grad(loss)(params), *self._rates("critic"))

    @functools.partial(jax.jit, static_argnums=0, donate_argnums=(1, 2))
    def _generator_step(
        self, params: Params, adam: Adam, critic: Params, key: jax.Array
    ) -> Tuple[Params, Adam]:
        size = self.gan["generator_batch_multiple"] * self.train["batch_size"]
        for_noise, for_labels = jax.random.split(key)
        noise, labels = jax.random.normal(for_noise, (size, self.latent_dim)), None
        if self.num_classes:
            labels = jax.random.randint(for_labels, (size,), 0, self.num_classes)
        loss = lambda p: self.generator_loss(p, critic, noise, labels)
        return adam.step(params, jax.grad(loss)(params), *self._rates("generator"))

    @functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
    def _average_step(self, average: Params, params: Params) -> Params:
        decay = self.train["ema"]["decay"]
        return jax.tree.map(lambda a, x: decay * a + (1 - decay) * x, average, params)

    def _rates(self, name: str) -> Tuple[float, float, float]:
        return self.train[f"{name}_lr"], self.train["beta1"], self.train["beta2"]

    def _next_key(self) -> jax.Array:
        self.key, key = jax.random.split(self.key)
        return key

    def critic_step(self) -> None:
        real, labels = next(self.batches)
        self.params["critic"], self.adam["critic"] = self._critic_step(
            self.params["critic"],
            self.adam["critic"],
            self.params["generator"],
            real,
            labels if self.num_classes else None,
            self._next_key(),
        )

    def generator_step(self) -> None:
        self.params["generator"], self.adam["generator"] = self._generator_step(
            self.params["generator"],
            self.adam["generator"],
            self.params["critic"],
            self._next_key(),
        )

    def iteration(self) -> None:
        """One generator step, then n_critic critic steps."""
        self.generator_step()
        for _ in range(self.gan["n_critic"]):
            self.critic_step()
        if self.average is not None:
            self.average = self._average_step(self.average, self.params["generator"])

    def wait(self, name: str) -> None:
        """Until the steps of a network are done.

        Args:
            name (str): "generator" or "critic".
        """
        jax.block_until_ready(self.params[name])
