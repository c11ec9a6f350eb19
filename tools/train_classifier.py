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

"""Train the classifiers whose features and scores are the metrics of MNIST and CIFAR-10.

    python -m tools.train_classifier mnist DATA_ROOT ppsci_ext/metric/mnist_classifier.safetensors
    python -m tools.train_classifier cifar10 DATA_ROOT ppsci_ext/metric/cifar10_classifier.safetensors

DATA_ROOT holds the published files. A classifier sees the training set only; the accuracy on the
test set, of the weights as they are stored, is printed at the end. On one core of an AMD EPYC 45
minutes (mnist) and about 50 (cifar10, with --onednn). With --checkpoints FOLDER each epoch ends
with a checkpoint, from which the same command goes on.
"""

from __future__ import annotations

import argparse
from typing import Callable
from typing import Dict
from typing import NamedTuple
from typing import Optional

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import nn
from safetensors.numpy import save_file
from tqdm import tqdm

from ppsci_ext.arch import CIFAR10Classifier
from ppsci_ext.arch import MNISTClassifier
from ppsci_ext.arch.onednn import use_onednn
from ppsci_ext.data import ImageDataset
from ppsci_ext.data import load_images
from ppsci_ext.utils.checkpoint import Checkpoint
from ppsci_ext.utils.checkpoint import load_newest
from ppsci_ext.utils.checkpoint import save_checkpoint
from ppsci_ext.utils.optimizer_state import optimizer_state
from ppsci_ext.utils.optimizer_state import set_optimizer_state
from ppsci_ext.utils.weights import set_weights

SEED = 2017
_NETWORK, _MOMENTS = "network.", "optimizer."  # arrays of a checkpoint


class Recipe(NamedTuple):
    """How a classifier is trained: one cycle of the learning rate.

    Attributes:
        network (Callable): Builds the network, which maps uint8 [B, C, H, W] to "logits" [B, K].
        optimizer (Callable): Maps the schedule of the learning rate and the parameters.
        epochs (int): Passes through the training set.
        batch_size (int): Images per step.
        peak_learning_rate (float): Largest learning rate.
        max_shift (int): Pixels, of the random translations.
        mirrored (bool): Whether every second image is mirrored, at random. Defaults to False.
        label_smoothing (float): Share of a label that all classes get alike. Defaults to 0.
        dtype (str): Of the numbers in the file. Defaults to "float32".
    """

    network: Callable[[], nn.Layer]
    optimizer: Callable[..., paddle.optimizer.Optimizer]
    epochs: int
    batch_size: int
    peak_learning_rate: float
    max_shift: int
    mirrored: bool = False
    label_smoothing: float = 0.0
    dtype: str = "float32"


RECIPES = {
    "mnist": Recipe(
        MNISTClassifier,
        paddle.optimizer.Adam,
        epochs=12,
        batch_size=100,
        peak_learning_rate=5e-3,
        max_shift=2,
    ),
    "cifar10": Recipe(
        CIFAR10Classifier,
        lambda schedule, parameters: paddle.optimizer.Momentum(
            schedule,
            momentum=0.9,
            parameters=parameters,
            use_nesterov=True,
            weight_decay=5e-4,
        ),
        epochs=26,
        batch_size=128,
        peak_learning_rate=0.2,
        max_shift=4,
        mirrored=True,
        label_smoothing=0.1,
        dtype="float16",
    ),
}


def augmented(
    images: np.ndarray, rng: np.random.Generator, recipe: Recipe
) -> np.ndarray:
    """Move each image along both axes, filling with zeros, and mirror some.

    Args:
        images (np.ndarray): [B, C, H, W].
        rng (np.random.Generator): Source of the shifts.
        recipe (Recipe): How far, and whether images are mirrored.
    """
    height, width = images.shape[2:]
    margin = (recipe.max_shift, recipe.max_shift)
    padded = np.pad(images, [(0, 0), (0, 0), margin, margin])
    offsets = rng.integers(0, 2 * recipe.max_shift + 1, (len(images), 2))
    moved = np.stack(
        [
            image[:, top : top + height, left : left + width]
            for image, (top, left) in zip(padded, offsets)
        ]
    )
    if recipe.mirrored:
        chosen = rng.random(len(images)) < 0.5
        moved[chosen] = moved[chosen, :, :, ::-1]
    return moved


class Training:
    """A training that can be interrupted between two epochs.

    Args:
        recipe (Recipe): How to train.
        data (ImageDataset): Images and labels.
    """

    def __init__(self, recipe: Recipe, data: ImageDataset):
        self.recipe = recipe
        self.data = data
        self.steps = len(data) // recipe.batch_size  # per epoch
        self.epoch = 0
        self.rng = np.random.default_rng(SEED)
        paddle.seed(SEED)
        self.network = recipe.network()
        self.schedule = paddle.optimizer.lr.OneCycleLR(
            recipe.peak_learning_rate, recipe.epochs * self.steps
        )
        self.optimizer = recipe.optimizer(
            self.schedule, parameters=self.network.parameters()
        )

    def run(self, checkpoints: Optional[str] = None) -> None:
        """Cross-entropy, to the last epoch.

        Args:
            checkpoints (Optional[str]): Folder to go on from, if something is there, and to
                write to after each epoch. Defaults to None.
        """
        checkpoint = load_newest(checkpoints) if checkpoints else None
        if checkpoint:
            self.load(checkpoint)
        self.network.train()
        total = self.recipe.epochs * self.steps
        with tqdm(total=total, initial=self.epoch * self.steps, unit="step") as bar:
            while self.epoch < self.recipe.epochs:
                order = self.rng.permutation(len(self.data))
                size = self.recipe.batch_size
                for indices in order[: self.steps * size].reshape(-1, size):
                    loss = self.step(indices)
                    bar.update()
                self.epoch += 1
                bar.set_postfix(loss=float(loss))
                if checkpoints:
                    self.save(checkpoints)

    def step(self, indices: np.ndarray) -> paddle.Tensor:
        """One step on these images; returns the loss before it."""
        images = augmented(self.data.images[indices], self.rng, self.recipe)
        labels = paddle.to_tensor(self.data.labels[indices])
        loss = F.cross_entropy(
            self.network(paddle.to_tensor(images))["logits"],
            labels,
            label_smoothing=self.recipe.label_smoothing,
        )
        loss.backward()
        self.optimizer.step()
        self.optimizer.clear_grad()
        self.schedule.step()
        return loss

    def save(self, folder: str) -> None:
        """Write a checkpoint: everything that the remaining epochs depend on."""
        moments, schedule = optimizer_state(self.optimizer)
        arrays = {f"{_MOMENTS}{key}": value for key, value in moments.items()}
        for key, value in self.network.state_dict().items():
            arrays[f"{_NETWORK}{key}"] = value.numpy()
        state = {
            "epoch": self.epoch,
            "rng": self.rng.bit_generator.state,
            "schedule": schedule,
        }
        save_checkpoint(folder, self.epoch, arrays, state, keep=1)

    def load(self, checkpoint: Checkpoint) -> None:
        """Go back to what `save` wrote."""
        folder, arrays, state = checkpoint
        self.epoch = state["epoch"]
        self.rng.bit_generator.state = state["rng"]
        set_weights(self.network, _within(arrays, _NETWORK), folder)
        moments = _within(arrays, _MOMENTS)
        set_optimizer_state(self.optimizer, moments, state["schedule"])


def _within(arrays: Dict[str, np.ndarray], prefix: str) -> Dict[str, np.ndarray]:
    return {k[len(prefix) :]: v for k, v in arrays.items() if k.startswith(prefix)}


@paddle.no_grad()
def accuracy(network: nn.Layer, data: ImageDataset) -> float:
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
    parser.add_argument("data", choices=sorted(RECIPES))
    parser.add_argument("data_root", help="folder with the published files")
    parser.add_argument("output", help=".safetensors file to write")
    parser.add_argument("--onednn", action="store_true", help="faster convolutions")
    parser.add_argument(
        "--checkpoints",
        metavar="FOLDER",
        help="written after each epoch; the training goes on from there",
    )
    args = parser.parse_args()
    recipe = RECIPES[args.data]
    training = Training(recipe, load_images(args.data, args.data_root, "train"))
    if args.onednn:
        use_onednn(training.network)
    training.run(args.checkpoints)
    state = training.network.state_dict()
    weights = {key: t.numpy().astype(recipe.dtype) for key, t in state.items()}
    save_file(weights, args.output)
    stored = recipe.network.from_pretrained(args.output)
    share = accuracy(stored, load_images(args.data, args.data_root, "test"))
    print(f"test accuracy: {share:.4f}")


if __name__ == "__main__":
    main()
