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

"""Three critics beyond the paper's networks, trained with the gradient penalty on real digits.

    python -m tools.other_critics DATA_ROOT docs/results/other_critics --critic attention

They are written with Paddle's own layers, which have no second derivative;
`twice_differentiable` replaces those. DATA_ROOT holds MNIST's four idx files.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import Optional

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np
import paddle
from paddle import nn
from wgan_gp.models import WGAN_GP
from wgan_gp.utils.visualization import save_image_grid

from ppsci.utils import logger
from ppsci.utils import misc
from ppsci_ext.arch import twice_differentiable
from ppsci_ext.data import load_images
from ppsci_ext.metric import FeatureStatistics
from ppsci_ext.metric import frechet_distance
from ppsci_ext.utils.files import write_atomically

SIDE = 14  # pixels
LATENT_DIM = 32
COMPARED = 1000  # samples, generated and real ones


class LayerNormCritic(nn.Sequential):
    """Two hidden layers, each followed by layer normalisation, on images [B, 1, 14, 14].

    Args:
        dim (int, optional): Width of the hidden layers. Defaults to 128.
    """

    def __init__(self, dim: int = 128):
        super().__init__(
            nn.Flatten(),
            nn.Linear(SIDE * SIDE, dim),
            nn.LayerNorm(dim),
            nn.GELU(),
            nn.Linear(dim, dim),
            nn.LayerNorm(dim),
            nn.GELU(),
            nn.Linear(dim, 1),
        )


class AttentionCritic(nn.Layer):
    """A transformer layer over the 49 patches of 2 x 2 pixels of images [B, 1, 14, 14].

    Args:
        dim (int, optional): Features of a patch. Defaults to 32.
    """

    def __init__(self, dim: int = 32):
        super().__init__()
        self.tokens = (SIDE // 2) ** 2
        self.embedding = nn.Linear(4, dim)
        self.positions = self.create_parameter(
            [self.tokens, dim], default_initializer=nn.initializer.Normal(0.0, 0.1)
        )
        self.encoder = nn.TransformerEncoderLayer(
            dim, 4, 2 * dim, dropout=0.0, activation="gelu", normalize_before=True
        )
        self.head = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 1))

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        patches = images.reshape([-1, SIDE // 2, 2, SIDE // 2, 2])
        patches = patches.transpose([0, 1, 3, 2, 4]).reshape([-1, self.tokens, 4])
        features = self.encoder(self.embedding(patches) + self.positions)
        return self.head(features.mean(axis=1))


class GRUCritic(nn.Layer):
    """A GRU that reads images [B, 1, 14, 14] row by row.

    Args:
        dim (int, optional): Size of its state. Defaults to 64.
    """

    def __init__(self, dim: int = 64):
        super().__init__()
        self.gru = nn.GRU(SIDE, dim)
        self.head = nn.Linear(dim, 1)

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        _, state = self.gru(images.reshape([-1, SIDE, SIDE]))
        return self.head(state[-1])


CRITICS = {
    "layer_norm": LayerNormCritic,
    "attention": AttentionCritic,
    "gru": GRUCritic,
}


def make_gan(name: str) -> WGAN_GP:
    """A perceptron as generator and the critic of this name, made differentiable twice."""
    generator = nn.Sequential(
        nn.Linear(LATENT_DIM, 128),
        nn.ReLU(),
        nn.Linear(128, 128),
        nn.ReLU(),
        nn.Linear(128, SIDE * SIDE),
        nn.Sigmoid(),
        nn.Unflatten(1, [1, SIDE, SIDE]),
    )
    critic = twice_differentiable(CRITICS[name]())
    return WGAN_GP(generator=generator, discriminator=critic, lambda_gp=10.0)


def digits(root: str, split: str, count: int) -> np.ndarray:
    """The first digits of MNIST at half the resolution, float32 [count, 1, 14, 14] in [0, 1].

    Args:
        root (str): Folder with MNIST's idx files.
        split (str): "train" or "test".
        count (int): Number of digits.
    """
    images = load_images("mnist", root, split).images[:count].astype("float32") / 255
    return images.reshape([count, 1, SIDE, 2, SIDE, 2]).mean(axis=(3, 5))


def distance(images: np.ndarray, real: np.ndarray) -> float:
    """Frechet distance between images by their pixels.

    Args:
        images (np.ndarray): [N, 1, 14, 14].
        real (np.ndarray): [M, 1, 14, 14].
    """
    a, b = moments(images), moments(real)
    return frechet_distance(a.mean, a.cov, b.mean, b.cov)


def moments(images: np.ndarray) -> FeatureStatistics:
    """Mean and covariance of the pixels of images [N, 1, 14, 14]."""
    statistics = FeatureStatistics(SIDE * SIDE)
    statistics.update(images.reshape([len(images), -1]))
    return statistics


def references(train: np.ndarray, held_out: np.ndarray) -> Dict[str, float]:
    """Distances to held-out digits that say how far a generator has come.

    Args:
        train (np.ndarray): Digits of the training set.
        held_out (np.ndarray): Digits of the test set.

    Returns:
        Dict[str, float]: "real": of training digits, the best to hope for. "pixels": of images
            whose pixels are right each on its own, shuffled between the training digits. "mean":
            of their mean, about the best that a generator of a single image can do.
    """
    shuffled = np.random.default_rng(0).permuted(train, axis=0)
    target = moments(held_out)
    offset = train.mean(axis=0).ravel() - target.mean
    return {
        "real": distance(train, held_out),
        "pixels": distance(shuffled, held_out),
        "mean": float(offset @ offset + np.trace(target.cov)),
    }


def main(arguments: Optional[List[str]] = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data_root", help="folder with MNIST's idx files")
    parser.add_argument("output", help="folder for the picture and the JSON file")
    parser.add_argument("--critic", choices=CRITICS, required=True)
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--digits", type=int, default=10000)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args(arguments)
    logger.init_logger("ppsci", None, "info")
    write(args, trained(args))


def trained(args: argparse.Namespace) -> Dict[str, Any]:
    """Train one critic with its generator; what came of it, samples included."""
    misc.set_random_seed(args.seed)
    real, held_out = (
        digits(args.data_root, "train", args.digits),
        digits(args.data_root, "test", COMPARED),
    )
    gan = make_gan(args.critic)
    before = distance(gan.generate(COMPARED), held_out)
    start = time.perf_counter()
    gan.train(
        train_data=real,
        batch_size=args.batch_size,
        iterations=args.iterations,
        g_learning_rate=args.learning_rate,
        d_learning_rate=args.learning_rate,
        seed=args.seed,
    )
    seconds = time.perf_counter() - start
    samples = gan.generate(COMPARED)
    batch = paddle.to_tensor(real[:COMPARED])
    terms = gan.critic_loss(batch)
    return {
        **vars(args),
        "critic_parameters": sum(p.size for p in gan.critic.parameters()),
        "seconds": round(seconds, 1),
        "slope": float(terms["slope"]),
        "wasserstein": float(terms["wasserstein"]),
        "frechet_distance": {
            "untrained": before,
            "trained": distance(samples, held_out),
            **references(real[:COMPARED], held_out),
        },
        "samples": samples,
    }


def write(args: argparse.Namespace, result: Dict[str, Any]) -> None:
    """Write <critic>.png and <critic>.json."""
    os.makedirs(args.output, exist_ok=True)
    samples = result.pop("samples")
    picture = osp.join(args.output, f"{args.critic}.png")
    save_image_grid((255.99 * samples[:128]).astype("uint8"), picture)
    del result["data_root"], result["output"]
    path = osp.join(args.output, f"{args.critic}.json")
    write_atomically(path, f"{json.dumps(result, indent=2)}\n".encode())
    logger.message(f"Written: {path}, {picture}")


if __name__ == "__main__":
    main()
