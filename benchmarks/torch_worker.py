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

"""The worker of bench_step.py that trains in PyTorch; it must not import Paddle."""

from __future__ import annotations

import json
import math
import sys
from typing import Any
from typing import Iterator
from typing import Mapping
from typing import Type

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks import workers
from benchmarks.plain_torch import Batch
from benchmarks.plain_torch import Trainer
from benchmarks.plain_torch_motion import MotionTrainer
from benchmarks.tuned_torch import TunedTrainer


def gaussians(batch_size: int) -> Iterator[Batch]:
    """Eight Gaussians on a circle, drawn for each batch."""
    angles = torch.arange(8) * (math.pi / 4)
    centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)
    while True:
        chosen = centres[torch.randint(8, (batch_size,))]
        yield (chosen + 0.02 * torch.randn(batch_size, 2)) / 1.414, None


def random_images(batch_size: int, settings: Mapping[str, Any]) -> Iterator[Batch]:
    """Batches of random uint8 images in a random order, as floats."""
    count = workers.num_samples(batch_size)
    images = torch.randint(
        256, (count, *settings["MODEL"]["image_shape"]), dtype=torch.uint8
    )
    labels = torch.randint(settings["MODEL"].get("num_classes") or 1, (count,))
    low, high = settings["DATA"]["range"]
    step = (high - low) / settings["DATA"]["levels"]
    while True:
        for chosen in torch.randperm(count).split(batch_size):
            batch = low + step * images[chosen].float()
            if settings["DATA"]["dequantize"]:
                batch = batch + step * torch.rand_like(batch)
            yield batch, labels[chosen]


def gaussian_fields(batch_size: int, settings: Mapping[str, Any]) -> Iterator[Batch]:
    """Periodic Gaussian fields with Matern's spectrum, drawn for each batch."""
    data = settings["DATA"]
    size = data["size"]
    length = data["length"] or min(size) / 16
    waves = torch.meshgrid(
        *(2 * math.pi * torch.fft.fftfreq(n) for n in size), indexing="ij"
    )
    k_squared = sum(k.square() for k in waves)
    density = (1 + k_squared * length**2) ** -(data["smoothness"] + len(size) / 2)
    root = (density / density.mean()).sqrt()[..., : size[-1] // 2 + 1]
    axes = tuple(range(1, len(size) + 1))
    while True:
        modes = torch.fft.rfftn(torch.randn(batch_size, *size), dim=axes)
        yield torch.fft.irfftn(root * modes, s=size, dim=axes)[:, None], None


def random_motion(
    batch_size: int, settings: Mapping[str, Any], facts: Mapping[str, Any]
) -> Iterator[Batch]:
    """Windows of unit vectors with their condition, drawn once, in a random order."""
    count, data = workers.num_samples(batch_size), settings["DATA"]
    frames, seed_frames = data["frames"], data["seed_frames"]
    mean, std = torch.tensor(facts["audio_mean"]), torch.tensor(facts["audio_std"])
    motion = F.normalize(torch.randn(count, frames, len(facts["rest"]), 3), dim=-1)
    heard = 2 * (frames + 2 * facts["context"])
    given = torch.randint(2, (count, 1, 1, 1))
    condition = {
        "audio": mean + std * torch.randn(count, heard, len(mean)),
        "speaker": torch.randint(data["num_speakers"], (count,)),
        "seed_frames": motion[:, :seed_frames] * given,
    }
    while True:
        for chosen in torch.randperm(count).split(batch_size):
            yield motion[chosen], {name: x[chosen] for name, x in condition.items()}


def build_trainer(
    settings: Mapping[str, Any],
    facts: Mapping[str, Any],
    kind: Type[Trainer] = Trainer,
) -> Trainer:
    """The training of a case, on data like its own.

    Args:
        settings (Mapping[str, Any]): Its resolved configuration.
        facts (Mapping[str, Any]): What else its networks and terms must know.
        kind (Type[Trainer], optional): For cases of the paper, how they are trained. Defaults to
            Trainer.
    """
    model, batch_size = settings["MODEL"], settings["TRAIN"]["batch_size"]
    if "representation" in model:
        batches = random_motion(batch_size, settings, facts)
        return MotionTrainer(settings, batches, facts)
    if "stages" in model:
        batches = gaussian_fields(batch_size, settings)
    elif "image_shape" in model:
        batches = random_images(batch_size, settings)
    else:
        batches = gaussians(batch_size)
    return kind(settings, batches)


def main() -> None:
    server = workers.Server()
    spec = json.loads(sys.argv[1])
    settings = spec["settings"]
    torch.manual_seed(settings["seed"])
    torch.set_num_threads(spec["threads"])
    kind = TunedTrainer if spec["tuned"] else Trainer
    trainer = build_trainer(settings, spec["facts"], kind)
    matrix = torch.rand(workers.PRODUCT_SIZE, workers.PRODUCT_SIZE)

    def finish(network: nn.Module) -> None:
        """Read a weight, as one would read a loss: all that changes it is done then."""
        next(network.parameters()).sum().item()

    def critic() -> None:
        trainer.critic_step()
        finish(trainer.critic)

    def generator() -> None:
        trainer.generator_step()
        finish(trainer.generator)

    def iteration() -> None:
        trainer.iteration()
        finish(trainer.critic)

    tasks = {
        "critic": critic,
        "generator": generator,
        "iteration": iteration,
        "products": lambda: workers.repeat_product(lambda: matrix @ matrix),
    }
    server.serve(tasks, version=torch.__version__, threads=torch.get_num_threads())


if __name__ == "__main__":
    main()
