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

"""The worker of bench_step.py that trains in JAX; it must not import Paddle."""

from __future__ import annotations

import json
import sys
from typing import Any
from typing import Iterator
from typing import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import workers
from benchmarks.plain_jax import Batch
from benchmarks.plain_jax import Trainer


def gaussians(batch_size: int, rng: np.random.Generator) -> Iterator[Batch]:
    """Eight Gaussians on a circle, drawn for each batch."""
    angles = np.arange(8) * (np.pi / 4)
    centres = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1).astype("float32")
    while True:
        chosen = centres[rng.integers(8, size=batch_size)]
        noise = rng.standard_normal((batch_size, 2), np.float32)
        yield (chosen + np.float32(0.02) * noise) / np.float32(1.414), None


def random_images(
    batch_size: int, settings: Mapping[str, Any], rng: np.random.Generator
) -> Iterator[Batch]:
    """Batches of random uint8 images [B, H, W, C] in a random order, as floats."""
    count = workers.num_samples(batch_size)
    channels, *size = settings["MODEL"]["image_shape"]
    images = rng.integers(256, size=(count, *size, channels), dtype=np.uint8)
    labels = rng.integers(settings["MODEL"].get("num_classes") or 1, size=count)
    low, high = map(np.float32, settings["DATA"]["range"])
    step = (high - low) / np.float32(settings["DATA"]["levels"])
    while True:
        for chosen in rng.permutation(count).reshape(-1, batch_size):
            batch = low + step * images[chosen].astype(np.float32)
            if settings["DATA"]["dequantize"]:
                batch += step * rng.random(batch.shape, np.float32)
            yield batch, labels[chosen]


def build_trainer(settings: Mapping[str, Any]) -> Trainer:
    """The training of a case, on data like its own.

    Args:
        settings (Mapping[str, Any]): Its resolved configuration.
    """
    rng = np.random.default_rng(settings["seed"])
    batch_size = settings["TRAIN"]["batch_size"]
    if "image_shape" in settings["MODEL"]:
        return Trainer(settings, random_images(batch_size, settings, rng))
    return Trainer(settings, gaussians(batch_size, rng))


def main() -> None:
    server = workers.Server()
    spec = json.loads(sys.argv[1])
    trainer = build_trainer(spec["settings"])
    size = workers.PRODUCT_SIZE
    matrix = jax.random.uniform(jax.random.key(0), (size, size))
    product = jax.jit(jnp.matmul)

    def critic() -> None:
        trainer.critic_step()
        trainer.wait("critic")

    def generator() -> None:
        trainer.generator_step()
        trainer.wait("generator")

    def iteration() -> None:
        trainer.iteration()
        trainer.wait("critic")

    def products() -> None:
        workers.repeat_product(lambda: product(matrix, matrix).block_until_ready())

    tasks = {
        "critic": critic,
        "generator": generator,
        "iteration": iteration,
        "products": products,
    }
    # XLA's pool has the number of threads that bench_step has put into NPROC
    server.serve(tasks, version=jax.__version__, threads=spec["threads"])


if __name__ == "__main__":
    main()
