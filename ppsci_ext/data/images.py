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
from typing import Tuple

import numpy as np

from ppsci.utils import logger
from ppsci_ext.data import cifar10
from ppsci_ext.data import mnist
from ppsci_ext.data.fitting import fit_images
from ppsci_ext.data.image_dataset import ImageDataset
from ppsci_ext.data.image_dataset import check_images
from ppsci_ext.data.image_dataset import check_labels
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

    def read(split: str) -> Optional[ImageArrays]:
        found = source.read(root, split, download, reading)
        return None if found is None else ImageArrays(*found)

    arrays = read(split)
    if arrays is None:
        return None
    images, labels, class_names = arrays
    what = name if source.downloadable else f"{root} ({split})"
    check_images(images, what)
    num_classes = source.num_classes if labels is not None else None
    if labels is not None and num_classes is None and class_names is None:
        training = arrays if split == "train" else read("train")
        for part in (arrays, training):
            check_labels(part.labels, len(part.images), what)
        labels, class_names = number_classes(
            labels, training.labels, reading.relabel, what
        )
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
