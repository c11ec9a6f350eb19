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

"""Data sets of images."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Callable
from typing import Dict
from typing import Tuple

import numpy as np

from ppsci_ext.data import cifar10
from ppsci_ext.data import mnist
from ppsci_ext.data.image_dataset import ImageDataset
from ppsci_ext.data.names import unknown_name
from ppsci_ext.data.reading import ImageReading

SPLITS = ("train", "test")


@dataclass(frozen=True)
class ImageSource:
    """A data set of images: one row of `IMAGE_DATA`.

    Args:
        read (Callable): Called as `read(root, split, download)`, returns images, uint8
            [N, C, H, W], and labels, int64 [N].
        num_classes (int): Number of classes.
        downloadable (bool): Whether `read` can fetch it. Defaults to True.
    """

    read: Callable[[str, str, bool], Tuple[np.ndarray, np.ndarray]]
    num_classes: int
    downloadable: bool = True


IMAGE_DATA: Dict[str, ImageSource] = {
    "mnist": ImageSource(mnist.read_mnist, num_classes=10),
    "cifar10": ImageSource(cifar10.read_cifar10, num_classes=10),
}


def load_images(
    name: str,
    root: str,
    split: str,
    download: bool = False,
    reading: ImageReading = ImageReading(),
) -> ImageDataset:
    """Load one split of a data set of images into memory.

    Args:
        name (str): A row of `IMAGE_DATA`.
        root (str): Folder of the data.
        split (str): "train" or "test".
        download (bool): Fetch what is missing. Defaults to False.
        reading (ImageReading): Unused by data sets in uint8.

    Returns:
        ImageDataset: uint8 images with labels.

    Raises:
        UserError: Unknown name, or data that are missing or damaged.
    """
    if name not in IMAGE_DATA:
        raise unknown_name("data set", name, tuple(IMAGE_DATA))
    if split not in SPLITS:
        raise unknown_name("split", split, SPLITS)
    source = IMAGE_DATA[name]
    images, labels = source.read(os.path.expanduser(root), split, download)
    return ImageDataset(images, labels, source.num_classes, name)
