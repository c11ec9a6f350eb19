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

import os
from typing import Optional
from typing import Tuple
from typing import Union

import numpy as np
import paddle

from ppsci_ext.data import cifar10
from ppsci_ext.data import mnist
from ppsci_ext.data import own
from ppsci_ext.data.names import unknown_name
from ppsci_ext.utils.errors import UserError

SPLITS = ("train", "test")

_PUBLISHED = {"mnist": mnist.read_mnist, "cifar10": cifar10.read_cifar10}
_OWN = {"npz": own.read_npz, "folder": own.read_folder}


class ImageDataset(paddle.io.Dataset):
    """Images of one size in one array, with or without class labels.

    The array that is given is the one that is kept: nothing is copied or converted, so a
    data set takes as much memory as its pixels.

    Args:
        images (np.ndarray): Pixels, uint8 or float32, [N, C, H, W].
        labels (Optional[np.ndarray]): Class of every image, int64 [N], in
            [0, num_classes). Defaults to None, a data set without labels.
        num_classes (Optional[int]): Number of classes. Defaults to None, which stands
            for the largest label + 1, or 0 without labels.
        name (str): What error messages call the data set: a name or a file.

    Raises:
        UserError: Wrong rank or type, no images, a pixel that is NaN or infinite, or
            labels that do not fit the images or the number of classes.

    Examples:
        >>> import numpy as np
        >>> from ppsci_ext.data import ImageDataset
        >>> dataset = ImageDataset(np.zeros((5, 1, 8, 8), "uint8"), np.arange(5))
        >>> len(dataset), dataset.image_shape, dataset.num_classes
        (5, [1, 8, 8], 5)
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: Optional[np.ndarray] = None,
        num_classes: Optional[int] = None,
        name: str = "images",
    ):
        super().__init__()
        _check_images(images, name)
        if labels is None:
            if num_classes:
                raise UserError(
                    f"{name}: {num_classes} classes but no labels; give both or neither"
                )
            num_classes = 0
        else:
            _check_labels(labels, len(images), name)
            if num_classes is None:
                num_classes = int(labels.max()) + 1
            if labels.max() >= num_classes:
                raise UserError(
                    f"{name}: label {labels.max()} is out of range, labels must lie in "
                    f"0..{num_classes - 1}"
                )
        self.images = images
        self.labels = labels
        self.num_classes = num_classes
        self.name = name

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(
        self, index: int
    ) -> Union[np.ndarray, Tuple[np.ndarray, np.integer]]:
        if self.labels is None:
            return self.images[index]
        return self.images[index], self.labels[index]

    def fetch(self, indices: np.ndarray) -> Tuple[np.ndarray, Optional[np.ndarray]]:
        """Images and labels at the indices."""
        labels = None if self.labels is None else self.labels[indices]
        return self.images[indices], labels

    @property
    def image_shape(self) -> list[int]:
        """Shape of one image, [C, H, W]."""
        return list(self.images.shape[1:])


def load_images(
    name: str, root: str, split: str, download: bool = False
) -> Optional[ImageDataset]:
    """Loads one split of a data set of images into memory.

    | name | root | test split |
    |---|---|---|
    | mnist | folder with the four idx files | yes |
    | cifar10 | folder with the binary or python batches, unpacked or as tar.gz | yes |
    | npz | an .npz file, or a folder with train.npz [and test.npz] | with test.npz |
    | folder | a folder of image files or of class folders | with train/ and test/ |

    Nothing is ever unpacked to disk: compressed files are read in place.

    Args:
        name (str): One of the names above.
        root (str): Where the data are.
        split (str): "train" or "test".
        download (bool): Fetch what is missing of mnist or cifar10. Defaults to False.

    Returns:
        Optional[ImageDataset]: uint8 images (float32 from a float .npz); None for the
            "test" split of own data that have none.

    Raises:
        UserError: Unknown name, or data that are missing, damaged or inconsistent.
    """
    if name not in (*_PUBLISHED, *_OWN):
        raise unknown_name("data set", name, (*_PUBLISHED, *_OWN))
    if split not in SPLITS:
        raise unknown_name("split", split, SPLITS)
    root = os.path.expanduser(root)
    if name in _PUBLISHED:
        images, labels = _PUBLISHED[name](root, split, download)
        return ImageDataset(images, labels, 10, name)
    if download:
        raise UserError(
            f"own data of kind {name!r} cannot be downloaded: put them at {root} and set "
            "DATA.download=false"
        )
    data = _OWN[name](root, split)
    return None if data is None else ImageDataset(*data, name=f"{root} ({split})")


def _check_images(images: np.ndarray, name: str) -> None:
    if not isinstance(images, np.ndarray) or images.dtype not in (
        np.dtype("uint8"),
        np.dtype("float32"),
    ):
        raise UserError(
            f"{name}: images must be a NumPy array of uint8 or float32, not "
            f"{getattr(images, 'dtype', type(images).__name__)}; convert them first"
        )
    if images.ndim != 4 or 0 in images.shape:
        raise UserError(
            f"{name}: images must have shape [N, C, H, W] with at least one of each, not "
            f"{list(images.shape)}"
        )
    if images.dtype == np.float32 and not np.isfinite(images).all():
        raise UserError(f"{name}: the images hold NaN or infinite values; remove them")


def _check_labels(labels: np.ndarray, count: int, name: str) -> None:
    if not isinstance(labels, np.ndarray) or labels.dtype != np.int64:
        raise UserError(
            f"{name}: labels must be a NumPy array of int64, not "
            f"{getattr(labels, 'dtype', type(labels).__name__)}; convert them first"
        )
    if labels.shape != (count,):
        raise UserError(
            f"{name}: labels of shape {list(labels.shape)} do not fit {count} images, "
            f"their shape must be [{count}]"
        )
    if labels.min() < 0:
        raise UserError(f"{name}: label {labels.min()} is negative; count from 0")
