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
from typing import Sequence
from typing import Tuple
from typing import Union

import numpy as np
import paddle

from ppsci_ext.data.digest import array_digest
from ppsci_ext.utils.errors import UserError


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
        class_names (Optional[Sequence[str]]): What the classes 0, 1, ... are called:
            folders, or labels before they were numbered anew. Defaults to None.

    Attributes:
        digest (str): SHA-256 of images and labels, with their shapes and types.

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
        class_names: Optional[Sequence[str]] = None,
    ):
        super().__init__()
        check_images(images, name)
        if labels is None:
            if num_classes:
                raise UserError(
                    f"{name}: {num_classes} classes but no labels; give both or neither"
                )
            num_classes = 0
        else:
            check_labels(labels, len(images), name)
            if labels.min() < 0:
                raise UserError(
                    f"{name}: label {labels.min()} is negative; count from 0"
                )
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
        self.class_names = None if class_names is None else tuple(class_names)
        self._digest: Optional[str] = None

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(
        self, index: int
    ) -> Union[np.ndarray, Tuple[np.ndarray, np.integer]]:
        if self.labels is None:
            return self.images[index]
        return self.images[index], self.labels[index]

    @property
    def digest(self) -> str:
        """Computed once: the arrays should not be changed."""
        if self._digest is None:
            self._digest = array_digest(self.images, self.labels)
        return self._digest

    def fetch(self, indices: np.ndarray) -> Tuple[np.ndarray, Optional[np.ndarray]]:
        """Images and labels at the indices."""
        labels = None if self.labels is None else self.labels[indices]
        return self.images[indices], labels

    def some(self, count: int) -> ImageDataset:
        """A random choice of the images, the same one in every run.

        Args:
            count (int): How many.

        Raises:
            UserError: More than there are.
        """
        if count > len(self):
            raise UserError(
                f"{self.name}: {count} images are wanted of {len(self)}; take fewer"
            )
        order = np.random.default_rng(0).permutation(len(self))
        images, labels = self.fetch(np.sort(order[:count]))
        return ImageDataset(
            images, labels, self.num_classes, self.name, self.class_names
        )

    @property
    def image_shape(self) -> list[int]:
        """Shape of one image, [C, H, W]."""
        return list(self.images.shape[1:])


def check_images(images: np.ndarray, name: str) -> None:
    """Refuses what are no images.

    Args:
        images (np.ndarray): Should be uint8 or float32 [N, C, H, W], and finite.
        name (str): What messages call them.

    Raises:
        UserError: They are not.
    """
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
    is_float = images.dtype == np.float32
    # image by image: all at once would take a quarter of the images' memory
    if is_float and not all(np.isfinite(image).all() for image in images):
        raise UserError(f"{name}: the images hold NaN or infinite values; remove them")


def check_labels(labels: np.ndarray, count: int, name: str) -> None:
    """Refuses what are no labels.

    Args:
        labels (np.ndarray): Should be int64 [N].
        count (int): N.
        name (str): What messages call the images.

    Raises:
        UserError: They are not.
    """
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
