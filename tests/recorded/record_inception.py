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

"""Records the outputs of torch-fidelity's Inception-v3 in inception_v3.npz.

    python -m tests.recorded.record_inception

run from the project's root where torch, torchvision and torch-fidelity are installed.
The network has 24 million weights; they are not stored but drawn anew from their names.
"""

from __future__ import annotations

import tempfile
import zlib
from pathlib import Path
from typing import Dict

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np

from ppsci_ext.arch.inception import FIDInceptionV3
from tests.helpers.torch_env import import_torch_fidelity

RECORD = Path(__file__).with_name("inception_v3.npz")
OUTPUTS = ("64", "192", "768", "2048", "logits", "logits_unbiased")
IMAGE_SIZES = ((32, 2), (299, 1))  # (height and width, number of images)
NUM_VALUES = 64  # of each output that are recorded


def random_weight(name: str, shape: tuple) -> np.ndarray:
    """Draw a tensor by its PyTorch name so that activations keep their magnitude.

    RandomState's numbers are the same in every version of NumPy.
    """
    uniform = np.random.RandomState(zlib.crc32(name.encode())).random_sample(shape)
    if name.endswith("running_var") or name.endswith("bn.weight"):
        low, high = 0.6, 1.6
    elif len(shape) == 1:  # biases and running means
        low, high = -0.3, 0.3
    else:
        high = (6 / np.prod(shape[1:])) ** 0.5  # He et al. 2015, for ReLU
        low = -high
    return (low + (high - low) * uniform).astype(np.float32)


def random_weights() -> Dict[str, np.ndarray]:
    """Weights of the whole network under PyTorch's names, without step counts."""
    weights = {}
    for name, own in FIDInceptionV3().state_dict().items():
        name = name.replace("._mean", ".running_mean")
        name = name.replace("._variance", ".running_var")
        shape = own.shape[::-1] if name == "fc.weight" else own.shape
        weights[name] = random_weight(name, tuple(shape))
    return weights


def random_images(height: int, width: int, count: int) -> np.ndarray:
    """Draw uint8 [count, 3, height, width] that differ in colour, contrast and shapes."""
    random = np.random.RandomState(zlib.crc32(b"%d %d" % (height, width)))
    coarse = random.randint(0, 256, (count, 3, 4, 4))
    rows, columns = np.arange(height) * 4 // height, np.arange(width) * 4 // width
    noise = random.randint(-60, 61, (count, 3, height, width))
    images = coarse[:, :, rows[:, None], columns] + noise
    return np.clip(images, 0, 255).astype(np.uint8)


def main() -> None:
    """Write RECORD."""
    import_torch_fidelity()
    import torch
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "weights.pth")
        state = {k: torch.from_numpy(v) for k, v in random_weights().items()}
        torch.save(state, path)
        network = FeatureExtractorInceptionV3("inception", list(OUTPUTS), path)
    record = {}
    for size, count in IMAGE_SIZES:
        outputs = network(torch.from_numpy(random_images(size, size, count)))
        for name, values in zip(OUTPUTS, outputs):
            record[f"{size}/{name}"] = values.numpy()[:, :NUM_VALUES]
    np.savez_compressed(RECORD, **record)


if __name__ == "__main__":
    main()
