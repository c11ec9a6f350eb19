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

import dataclasses
import os
from typing import Callable
from typing import Dict
from typing import Optional
from typing import Sequence
from typing import Tuple
from typing import Union

import numpy as np
import paddle
from ppsci.utils import logger

from ppsci_ext.data import cifar10
from ppsci_ext.data import mnist
from ppsci_ext.data.digest import array_digest
from ppsci_ext.data.fitting import fit_images
from ppsci_ext.data.image_folders import split_folders
from ppsci_ext.data.labels import number_classes
from ppsci_ext.data.names import unknown_name
from ppsci_ext.data.own_folder import read_folder
from ppsci_ext.data.own_npz import read_array
from ppsci_ext.data.own_npz import read_npz
from ppsci_ext.data.reading import ImageArrays
from ppsci_ext.data.reading import ImageReading
from ppsci_ext.data.transform import check_range
from ppsci_ext.utils.errors import UserError

SPLITS = ("train", "test")


@dataclasses.dataclass(frozen=True)
class ImageSource:
    """A data set of images: one row of `IMAGE_DATA`.

    Args:
        read (Callable[..., Optional[ImageArrays]]): Called as `read(root, split, download,
            reading)`, returns the images, [N, C, H, W] and uint8 or float32, with the
            labels, int64 [N], or None, and the names of the classes, if they have any; or
            None, if there is no such split. Needs to obey `reading` (`ImageReading`) only
            as far as the images can't be put into one array without that.
        description (str): What it is and what `root` has to hold, for the documentation.
        num_classes (Optional[int]): Defaults to None: as many as there are names of
            classes or, without those, different labels.
        splits (Tuple[str, ...]): The splits that it has. Defaults to both.
        downloadable (bool): Whether `read` can fetch it. Defaults to False.
    """

    read: Callable[..., Optional[ImageArrays]]
    description: str
    num_classes: Optional[int] = None
    splits: Tuple[str, ...] = SPLITS
    downloadable: bool = False


# The one place that knows which data sets there are: a row more, and `load_images`, what
# checks names and what lists them have it
IMAGE_DATA: Dict[str, ImageSource] = {
    "mnist": ImageSource(
        lambda root, split, download, reading: mnist.read_mnist(root, split, download),
        "handwritten digits, 28x28 grey; a folder with the four idx files, with or without "
        ".gz",
        num_classes=10,
        downloadable=True,
    ),
    "cifar10": ImageSource(
        lambda root, split, download, reading: cifar10.read_cifar10(
            root, split, download
        ),
        "photos of ten kinds of things, 32x32 RGB; a folder with the binary or python "
        "batches, unpacked or as tar.gz",
        num_classes=10,
        downloadable=True,
    ),
    "npz": ImageSource(
        lambda root, split, download, reading: read_npz(root, split, reading),
        "your own, in one array; an .npz file, or a folder with train.npz and, if there "
        "are held-out images, test.npz",
    ),
    "folder": ImageSource(
        lambda root, split, download, reading: read_folder(root, split, reading),
        "your own, as image files; a folder of them, or of folders that are classes, or "
        "of train/ and test/ (or val/) with either in them",
    ),
}


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
        _check_images(images, name)
        if labels is None:
            if num_classes:
                raise UserError(
                    f"{name}: {num_classes} classes but no labels; give both or neither"
                )
            num_classes = 0
        else:
            _check_labels(labels, len(images), name)
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

    def fetch(self, indices: np.ndarray) -> Tuple[np.ndarray, Optional[np.ndarray]]:
        """Images and labels at the indices."""
        labels = None if self.labels is None else self.labels[indices]
        return self.images[indices], labels

    @property
    def digest(self) -> str:
        """Computed once: the arrays should not be changed."""
        if self._digest is None:
            self._digest = array_digest(self.images, self.labels)
        return self._digest

    @property
    def image_shape(self) -> list[int]:
        """Shape of one image, [C, H, W]."""
        return list(self.images.shape[1:])


def load_images(
    name: str,
    root: str,
    split: str,
    download: bool = False,
    reading: ImageReading = ImageReading(),
) -> Optional[ImageDataset]:
    """Loads one split of a data set of images into memory.

    Nothing is ever unpacked to disk: compressed files are read in place.

    Args:
        name (str): A row of `IMAGE_DATA`, which tells what `root` must be.
        root (str): Where the data are.
        split (str): "train" or "test".
        download (bool): Fetch what is missing of a data set that is published. Defaults
            to False.
        reading (ImageReading): What the images are brought to. Defaults to nothing that
            would change them; what doesn't fit together is then refused.

    Returns:
        Optional[ImageDataset]: uint8 images, or float32 from floats or 16 bits; None for
            the "test" split of data that have none.

    Raises:
        UserError: Unknown name, or data that are missing, damaged or inconsistent.
    """
    if name not in IMAGE_DATA:
        raise unknown_name("data set", name, tuple(IMAGE_DATA))
    if split not in SPLITS:
        raise unknown_name("split", split, SPLITS)
    source = IMAGE_DATA[name]
    root = os.path.expanduser(root)
    if download and not source.downloadable:
        raise UserError(
            f"own data of kind {name!r} cannot be downloaded: put them at {root} and set "
            "download=false"
        )
    if split not in source.splits:
        return None
    arrays = source.read(root, split, download, reading)
    if arrays is None:
        return None
    images, labels, class_names = ImageArrays(*arrays)
    what = name if source.downloadable else f"{root} ({split})"
    _check_images(images, what)
    num_classes = source.num_classes if labels is not None else None
    if labels is not None and num_classes is None and class_names is None:
        _check_labels(labels, len(images), what)
        training = labels
        if split != "train":
            training = ImageArrays(
                *source.read(root, "train", download, reading)
            ).labels
        labels, class_names = number_classes(labels, training, reading.relabel, what)
    if class_names is not None:
        num_classes = len(class_names)
    images = _fitted(images, reading, what)
    return ImageDataset(images, labels, num_classes, what, class_names)


def read_images(path: str, reading: ImageReading = ImageReading()) -> np.ndarray:
    """Reads images to be scored, from wherever they may be.

    An EXIF orientation is not applied, as neither torch-fidelity (datasets.py) nor
    pytorch-fid (fid_score.py) applies it: scores are to be comparable with theirs. Only TIFF
    files are turned, there and here by Pillow itself.

    Args:
        path (str): A folder as for `read_folder` (of one with splits, the training images,
            with a warning), an .npz file with an array `images`, `samples` or `arr_0`, or
            an .npy file; arrays as for `to_nchw`.
        reading (ImageReading): What the images are brought to.

    Returns:
        np.ndarray: uint8 or float32 [N, C, H, W].

    Raises:
        UserError: No such file or folder, or it can't be read as images.
    """
    if not os.path.isdir(path):
        return _fitted(read_array(path, reading), reading, path)
    splits = split_folders(path)
    if splits["train"] != path:
        logger.warning(
            f"{path} is divided into splits, and only {splits['train']} is read: give the "
            "path of a split to say which one is meant."
        )
    images = read_folder(path, "train", reading, upright=False).images
    return _fitted(images, reading, path)


def _fitted(images: np.ndarray, reading: ImageReading, what: str) -> np.ndarray:
    if reading.range is not None:
        check_range(images, *reading.range, what)
    return fit_images(images, reading, what)


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
