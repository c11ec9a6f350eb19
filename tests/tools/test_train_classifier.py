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

"""The training of the classifiers: what it sees, and that an interruption leaves no trace."""

from __future__ import annotations

import numpy as np
import pytest
from paddle import nn

from ppsci_ext.data import ImageDataset
from tools import train_classifier
from tools.train_classifier import RECIPES
from tools.train_classifier import Training


class Tiny(nn.Layer):
    """Stands for a classifier: batch norm, and a linear layer on the mean colour."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2D(3)
        self.linear = nn.Linear(3, 3)

    def forward(self, images):
        x = self.norm(images.astype("float32") / 255.0)
        return {"logits": self.linear(x.mean([2, 3]))}


@pytest.fixture
def data():
    """Three colours, told apart by their strongest channel."""
    rng = np.random.default_rng(0)
    labels = np.arange(48) % 3
    images = rng.integers(0, 100, (48, 3, 6, 6))
    images[np.arange(48), labels] += 100
    return ImageDataset(images.astype(np.uint8), labels)


def recipe(name, **changes):
    return RECIPES[name]._replace(network=Tiny, epochs=3, batch_size=8, **changes)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_resumed_training_is_the_uninterrupted_one(tmp_path, data, name):
    whole = Training(recipe(name), data)
    whole.run()
    first = Training(recipe(name), data)
    first.recipe = recipe(name)._replace(epochs=2)  # stops early; the schedule stays
    first.run(str(tmp_path))
    second = Training(recipe(name), data)
    second.run(str(tmp_path))
    assert second.epoch == 3
    found = second.network.state_dict()
    for key, value in whole.network.state_dict().items():
        np.testing.assert_array_equal(found[key].numpy(), value.numpy(), key)
    assert second.schedule.last_lr == whole.schedule.last_lr


def test_it_learns(data):
    training = Training(recipe("cifar10", max_shift=1, label_smoothing=0.0), data)
    before = train_classifier.accuracy(training.network, data)
    training.run()
    assert train_classifier.accuracy(training.network, data) > max(before, 0.9)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_images_are_moved_and_mirrored(name):
    chosen = RECIPES[name]
    image = np.zeros((1, 1, 21, 21), np.uint8)
    image[0, 0, 10, 10:12] = 1, 2
    batch = np.repeat(image, 4000, axis=0)
    moved = train_classifier.augmented(batch, np.random.default_rng(0), chosen)
    assert moved.shape == batch.shape and (moved.sum((1, 2, 3)) == 3).all()
    _, _, rows, columns = np.nonzero(moved == 1)
    shift = chosen.max_shift
    assert set(rows - 10) == set(range(-shift, shift + 1))
    ones, twos = (np.nonzero(moved == value)[3] for value in (1, 2))
    mirrored = (twos < ones).mean()
    assert mirrored == pytest.approx(0.5 if chosen.mirrored else 0.0, abs=0.05)
