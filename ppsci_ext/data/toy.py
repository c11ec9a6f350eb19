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

from __future__ import annotations

from typing import Optional
from typing import Union

import numpy as np
from sklearn.datasets import make_swiss_roll

from ppsci_ext.data.names import unknown_name

# Scales as in the published gan_toy.py, to the digit: 1.414 is not sqrt(2).
_RING_SCALE = 1.414
_GRID_SCALE = 2.828
_ROLL_SCALE = 7.5

_GRID_SIZE = 100000


class ToyDistribution:
    """A distribution in the plane that can be sampled without end.

    Attributes:
        name (str): "8gaussians", "25gaussians" or "swissroll".
        centers (Optional[np.ndarray]): Centres of the modes, float64 [K, 2]; None where
            there are no modes.
        std (Optional[float]): Standard deviation of a mode, per coordinate.
    """

    name: str
    centers: Optional[np.ndarray] = None
    std: Optional[float] = None

    @property
    def digest(self) -> str:
        """What stands for the data in a checkpoint; there are no data but the law."""
        return self.name

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draws independent points.

        Args:
            n (int): How many.
            rng (np.random.Generator): The only source of randomness.

        Returns:
            np.ndarray: float32 [n, 2].
        """
        raise NotImplementedError


class GaussianMixture(ToyDistribution):
    """Equally likely round Gaussians of one width.

    Args:
        name (str): Name of the distribution.
        centers (np.ndarray): Centres, float64 [K, 2].
        std (float): Standard deviation per coordinate.
    """

    def __init__(self, name: str, centers: np.ndarray, std: float):
        self.name = name
        self.centers = centers
        self.std = std

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return self._around(rng.integers(len(self.centers), size=n), rng)

    def balanced(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draws n points, as many from each mode as from any other, in random order.

        Args:
            n (int): How many, a multiple of the number of modes.
            rng (np.random.Generator): The only source of randomness.

        Returns:
            np.ndarray: float32 [n, 2].
        """
        modes = np.repeat(np.arange(len(self.centers)), n // len(self.centers))
        return self._around(rng.permutation(modes), rng)

    def _around(self, modes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        noise = self.std * rng.standard_normal((len(modes), 2))
        return (self.centers[modes] + noise).astype(np.float32)


class SwissRoll(ToyDistribution):
    """The first and third coordinate of scikit-learn's swiss roll, noise 0.25."""

    name = "swissroll"

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        seed = int(rng.integers(2**32))  # scikit-learn takes no Generator
        points, _ = make_swiss_roll(n, noise=0.25, random_state=seed)
        return (points[:, [0, 2]] / _ROLL_SCALE).astype(np.float32)


def toy_distribution(name: str) -> ToyDistribution:
    """Makes one of the toy distributions of the WGAN-GP paper.

    Source: gan_toy.py of https://github.com/igul222/improved_wgan_training.

    Args:
        name (str): "8gaussians", modes on a circle of radius 2 / 1.414 with standard
            deviation .02 / 1.414; "25gaussians", modes on a square grid of spacing
            2 / 2.828 with standard deviation .05 / 2.828; or "swissroll".

    Returns:
        ToyDistribution: The distribution.

    Raises:
        UserError: Unknown name.
    """
    if name not in TOY_NAMES:
        raise unknown_name("toy distribution", name, TOY_NAMES)
    if name == "8gaussians":
        angles = np.arange(8) * (np.pi / 4)
        centers = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        return GaussianMixture(name, centers / _RING_SCALE, 0.02 / _RING_SCALE)
    if name == "25gaussians":
        side = 2.0 * np.arange(-2, 3)
        centers = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1)
        centers = centers.reshape(-1, 2)
        return GaussianMixture(name, centers / _GRID_SCALE, 0.05 / _GRID_SCALE)
    return SwissRoll()


TOY_NAMES = ("8gaussians", "25gaussians", "swissroll")


def toy_training_source(name: str, seed: int) -> Union[ToyDistribution, np.ndarray]:
    """What the published code trains on: an argument for `BatchStream`.

    The 25 Gaussians are 100000 points drawn once, 4000 from each mode; the other two
    distributions are sampled afresh for every batch. (The published code shuffles the
    100000 points once and repeats that order; `BatchStream` shuffles before each pass.)

    Args:
        name (str): As for `toy_distribution`.
        seed (int): Seed of the fixed points; without effect for the others.

    Returns:
        Union[ToyDistribution, np.ndarray]: The distribution, or float32 [100000, 2].

    Raises:
        UserError: Unknown name.
    """
    distribution = toy_distribution(name)
    if name != "25gaussians":
        return distribution
    return distribution.balanced(_GRID_SIZE, np.random.default_rng(seed))
