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

"""The autoencoder in whose codes the Frechet distance of motion is taken."""

from __future__ import annotations

import numpy as np
import paddle
from paddle import nn

from ppsci_ext.data.digest import array_digest
from ppsci_ext.utils.rng import preserve_rng_state

CODE = 32  # numbers a window
_BATCH = 64
_LEARNING_RATE = 1e-3


class MotionAutoencoder(nn.Layer):
    """A window of motion as 32 numbers and back, after Yoon et al. 2020 (arXiv 2009.02119).

    Convolutions over time with 32, 64, 64 and 32 channels, one of them with stride 2, then
    linear layers to 128 and 32; the decoder has linear layers alone.

    Args:
        frames (int): T.
        num_bones (int): N.
    """

    def __init__(self, frames: int, num_bones: int):
        super().__init__()
        size, halved = 3 * num_bones, (frames + 1) // 2
        self.encoder = nn.Sequential(
            nn.Conv1D(size, 32, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv1D(32, 64, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv1D(64, 64, 3, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv1D(64, 32, 3, padding=1),
            nn.Flatten(),
            nn.Linear(32 * halved, 128),
            nn.LeakyReLU(0.2),
            nn.Linear(128, CODE),
        )
        self.decoder = nn.Sequential(
            nn.Linear(CODE, 128),
            nn.LeakyReLU(0.2),
            nn.Linear(128, 256),
            nn.LeakyReLU(0.2),
            nn.Linear(256, frames * size),
        )

    def encode(self, x: paddle.Tensor) -> paddle.Tensor:
        """Codes [B, 32] of [B, T, N, 3]."""
        return self.encoder(x.flatten(2).transpose([0, 2, 1]))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.decoder(self.encode(x)).reshape(x.shape)


class MotionFeatures:
    """Codes of motion, a function of [n, T, N, 3] that returns [n, 32].

    Distances between them compare models that were scored with the same weights, and nothing
    else: an autoencoder of other data has other codes.

    Args:
        network (MotionAutoencoder): Trained on real motion.
        scale (float): Standard deviation of that motion, by which all motion is divided.
        mean (np.ndarray): Its mean pose, [N, 3].
        data_digest (str): Digest of that motion.

    Attributes:
        name (str): Name to report beside a score.
        scores (str): What to call the scores.
        sha256 (str): Digest of the weights.
        data_digest (str): As given.
    """

    name = "motion_autoencoder"
    scores = "Frechet distances of an own autoencoder"

    def __init__(
        self,
        network: MotionAutoencoder,
        mean: np.ndarray,
        scale: float,
        data_digest: str,
    ):
        self.network, self.mean, self.scale = network, mean, scale
        self.data_digest = data_digest
        weights = network.state_dict()
        self.sha256 = array_digest(*(weights[name].numpy() for name in sorted(weights)))

    @paddle.no_grad()
    def __call__(self, motion: np.ndarray) -> np.ndarray:
        motion = np.float32((motion - self.mean) / self.scale)
        codes = [
            self.network.encode(paddle.to_tensor(part)).numpy()
            for part in np.split(motion, range(256, len(motion), 256))
        ]
        return np.concatenate(codes)


def train_features(
    motion: np.ndarray, iterations: int = 600, seed: int = 0
) -> MotionFeatures:
    """Trains the autoencoder on real motion.

    The loss is the squared error of the poses and of their change from frame to frame. The same
    motion and seed give the same weights on the same machine; the random generators of the
    caller stay as they are.

    Args:
        motion (np.ndarray): Real windows, [n, T, N, 3].
        iterations (int): Steps of Adam, 64 windows each. Defaults to 600.
        seed (int): Of the weights and the order. Defaults to 0.

    Returns:
        MotionFeatures: The codes.
    """
    motion = np.asarray(motion, np.float32)
    mean = motion.mean(axis=(0, 1))
    scale = float((motion - mean).std()) or 1.0
    windows = paddle.to_tensor((motion - mean) / scale)
    rng = np.random.default_rng(seed)
    with preserve_rng_state():
        paddle.seed(seed)
        network = MotionAutoencoder(*motion.shape[1:3])
        optimizer = paddle.optimizer.Adam(
            _LEARNING_RATE, parameters=network.parameters()
        )
        for _ in range(iterations):
            index = rng.integers(len(motion), size=min(_BATCH, len(motion)))
            real = windows[paddle.to_tensor(index)]
            error = network(real) - real
            change = error[:, 1:] - error[:, :-1]
            (error.square().mean() + change.square().mean()).backward()
            optimizer.step()
            optimizer.clear_grad()
    network.eval()
    return MotionFeatures(network, mean, scale, array_digest(motion))
