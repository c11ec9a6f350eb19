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

"""Train the classifier whose features and scores are the metrics of the MNIST case.

    python -m tools.train_mnist_classifier DATA_ROOT ppsci_ext/metric/mnist_classifier.safetensors

DATA_ROOT holds MNIST's four idx files. The classifier sees the training set only; its
accuracy on the test set is printed at the end. 45 minutes on one core of an AMD EPYC.
"""

from __future__ import annotations

import argparse

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np
import paddle
import paddle.nn.functional as F
from safetensors.numpy import save_file
from tqdm import tqdm

from ppsci_ext.arch import MNISTClassifier
from ppsci_ext.data import ImageDataset
from ppsci_ext.data import load_images

SEED = 2017
EPOCHS = 12
BATCH_SIZE = 100
PEAK_LEARNING_RATE = 5e-3
MAX_SHIFT = 2  # pixels, of the random translations


def shifted(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Move each image by up to MAX_SHIFT pixels along both axes, filling with zeros.

    Args:
        images (np.ndarray): [B, 1, H, W].
        rng (np.random.Generator): Source of the shifts.
    """
    height, width = images.shape[2:]
    margin = [(0, 0), (0, 0), (MAX_SHIFT, MAX_SHIFT), (MAX_SHIFT, MAX_SHIFT)]
    padded = np.pad(images, margin)
    offsets = rng.integers(0, 2 * MAX_SHIFT + 1, (len(images), 2))
    return np.stack(
        [
            image[:, top : top + height, left : left + width]
            for image, (top, left) in zip(padded, offsets)
        ]
    )


def train(network: MNISTClassifier, data: ImageDataset) -> None:
    """Cross-entropy by Adam, one cycle of the learning rate."""
    rng = np.random.default_rng(SEED)
    steps = EPOCHS * (len(data) // BATCH_SIZE)
    schedule = paddle.optimizer.lr.OneCycleLR(PEAK_LEARNING_RATE, steps)
    optimizer = paddle.optimizer.Adam(schedule, parameters=network.parameters())
    network.train()
    with tqdm(total=steps, unit="step") as bar:
        for _ in range(EPOCHS):
            order = rng.permutation(len(data))
            for indices in order[: len(data) // BATCH_SIZE * BATCH_SIZE].reshape(
                -1, BATCH_SIZE
            ):
                images = paddle.to_tensor(shifted(data.images[indices], rng))
                labels = paddle.to_tensor(data.labels[indices])
                loss = F.cross_entropy(network(images)["logits"], labels)
                loss.backward()
                optimizer.step()
                optimizer.clear_grad()
                schedule.step()
                bar.update()
            bar.set_postfix(loss=float(loss))


@paddle.no_grad()
def accuracy(network: MNISTClassifier, data: ImageDataset) -> float:
    """Share of the images whose class is the one of the largest logit."""
    network.eval()
    correct = 0
    for start in range(0, len(data), 1000):
        logits = network(paddle.to_tensor(data.images[start : start + 1000]))["logits"]
        found = logits.argmax(axis=1).numpy()
        correct += int((found == data.labels[start : start + 1000]).sum())
    return correct / len(data)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data_root", help="folder with MNIST's idx files")
    parser.add_argument("output", help=".safetensors file to write")
    args = parser.parse_args()
    paddle.seed(SEED)
    network = MNISTClassifier()
    train(network, load_images("mnist", args.data_root, "train"))
    print(
        f"test accuracy: {accuracy(network, load_images('mnist', args.data_root, 'test')):.4f}"
    )
    save_file({key: t.numpy() for key, t in network.state_dict().items()}, args.output)


if __name__ == "__main__":
    main()
