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

"""The JAX side of bench_step.py computes what this project's classes do."""

from __future__ import annotations

import json
import os
import subprocess

import numpy as np
import paddle
import pytest
from omegaconf import OmegaConf

from benchmarks import workers
from benchmarks.bench_step import CASES
from benchmarks.paddle_worker import case_of
from benchmarks.paddle_worker import compose_settings
from tests.helpers import peers

pytestmark = pytest.mark.skipif(not peers.HAVE_JAX, reason=peers.NO_JAX)

BATCH = 4


def channels_last(array, channels, axis):
    """Features that are images of so many channels, in the order of JAX's."""
    pixels = array.shape[axis] // channels
    shape = (*array.shape[:axis], channels, pixels, *array.shape[axis + 1 :])
    return np.moveaxis(array.reshape(shape), axis, axis + 1).reshape(array.shape)


def as_in_jax(network, name, array):
    """A parameter of Paddle's, or its gradient, in the order of axes that JAX's has."""
    if array.ndim == 4:
        if "deconv" in name:  # [in, out, height, width], and turned
            return array[:, :, ::-1, ::-1].transpose(2, 3, 0, 1)
        return array.transpose(2, 3, 1, 0)
    start = getattr(network, "start_shape", None)
    if start is not None and name.startswith("input."):
        return channels_last(array, start[0], array.ndim - 1)
    if start is not None and name.startswith("norm1."):
        return channels_last(array, start[0], 0)
    if hasattr(network, "conv3") and name == "output.weight":
        return channels_last(array, network.conv3.weight.shape[0], 0)
    return array


def images_last(array):
    return array.transpose(0, 2, 3, 1) if array.ndim == 4 else array


@pytest.fixture(params=peers.SMALL, scope="module")
def both(request, tmp_path_factory):
    """A case's GAN with its gradients, our losses, and what JAX has found."""
    script, overrides = CASES[request.param]
    overrides = (*overrides, *peers.SMALL[request.param], f"TRAIN.batch_size={BATCH}")
    cfg = compose_settings(script, overrides)
    gan = case_of(script)(cfg).build_gan()
    rng = np.random.default_rng(7)
    normal = lambda *shape: rng.standard_normal(shape).astype("float32")
    networks = {"generator": gan.generator, "critic": gan.critic}
    given = {
        "settings": json.dumps(OmegaConf.to_container(cfg, resolve=True)),
        "noise": normal(BATCH, *gan.latent_shape),
        "many_noise": normal(2 * BATCH, *gan.latent_shape),
        "alpha": rng.random((BATCH, 1)).astype("float32"),
        "w": normal(5),
        "w_gradients": normal(3, 5),
    }
    for label, network in networks.items():
        for name, parameter in network.named_parameters():
            parameter.set_value(parameter + 0.1 * normal(*parameter.shape))
            array = as_in_jax(network, name, parameter.numpy())
            given[f"{label}/{name}"] = array
    shape = cfg.MODEL.get("image_shape", [2])
    real = np.tanh(normal(BATCH, *shape))
    given["real"] = images_last(real)
    labels = many_labels = None
    if gan.conditional:
        given["labels"] = rng.integers(0, 10, BATCH)
        given["many_labels"] = rng.integers(0, 10, 2 * BATCH)
        labels, many_labels = map(
            paddle.to_tensor, (given["labels"], given["many_labels"])
        )

    terms = gan.critic_loss(
        paddle.to_tensor(real),
        labels,
        noise=paddle.to_tensor(given["noise"]),
        alpha=paddle.to_tensor(given["alpha"]),
    )
    terms["critic_loss"].backward()
    ours = {k: float(terms[k]) for k in ("critic_loss", "gradient_penalty")}
    terms = gan.generator_loss(
        *(2 * BATCH, None, many_labels), noise=paddle.to_tensor(given["many_noise"])
    )
    terms["generator_loss"].backward()
    ours["generator_loss"] = float(terms["generator_loss"])

    folder = tmp_path_factory.mktemp(request.param)
    paths = [str(folder / name) for name in ("in.npz", "out.npz")]
    np.savez(paths[0], **given)
    done = subprocess.run(
        [peers.PYTHON, "-m", "tests.helpers.jax_case", *paths],
        cwd=workers.ROOT,
        env={**os.environ, "NPROC": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return cfg, networks, ours, given, dict(np.load(paths[1]))


def test_losses(both):
    _, _, ours, _, theirs = both
    for name, value in ours.items():
        assert theirs[name] == pytest.approx(value, rel=2e-5), name


@pytest.mark.parametrize("label", ["critic", "generator"])
def test_gradients(both, label):
    _, networks, _, _, theirs = both
    network, prefix = networks[label], f"gradients/{label}/"
    theirs = {k[len(prefix) :]: x for k, x in theirs.items() if k.startswith(prefix)}
    largest = max(np.abs(x).max() for x in theirs.values())
    for name, parameter in network.named_parameters():
        expected = as_in_jax(network, name, parameter.grad.numpy())
        assert np.abs(theirs.pop(name) - expected).max() < 2e-5 * largest, name
    assert not theirs


def test_adam(both):
    """As published (Kingma and Ba 2015, algorithm 1)."""
    _, _, _, given, theirs = both
    w, first, second = given["w"].astype("float64"), 0, 0
    for step, gradient in enumerate(given["w_gradients"].astype("float64"), 1):
        first = 0.5 * first + 0.5 * gradient
        second = 0.9 * second + 0.1 * gradient**2
        rates = first / (1 - 0.5**step), second / (1 - 0.9**step)
        w = w - 0.1 * rates[0] / (np.sqrt(rates[1]) + 1e-8)
    np.testing.assert_allclose(theirs["w"], w, rtol=1e-5)


def test_an_iteration_is_n_critic_steps_and_one_of_the_generator(both):
    cfg, _, _, given, theirs = both
    for label, steps in (("generator", 1), ("critic", cfg.GAN.n_critic)):
        assert theirs[f"steps/{label}"] == steps
        # no step of Adam moves a weight by much more than the learning rate
        assert 0 < theirs[f"moved/{label}"] < 4 * steps * cfg.TRAIN[f"{label}_lr"]
    batch = theirs["batch"]
    assert batch.shape == given["real"].shape and batch.dtype == np.float32
    assert np.abs(batch).max() < 1.6
