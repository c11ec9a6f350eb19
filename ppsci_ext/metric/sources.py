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

"""Images to score, from wherever they may be."""

from __future__ import annotations

import os
from os import path as osp
from typing import NamedTuple
from typing import Optional
from typing import Tuple

import numpy as np

from ppsci.utils import logger
from ppsci_ext.data import IMAGE_DATA
from ppsci_ext.data import ImageReading
from ppsci_ext.data import load_images
from ppsci_ext.data import read_images
from ppsci_ext.data import to_uint8
from ppsci_ext.data.arrays import npz_array
from ppsci_ext.metric.reference import is_statistics
from ppsci_ext.utils.errors import UserError

DATA_SETS = {
    f"{name}-{split}": (name, split)
    for name, row in IMAGE_DATA.items()
    if row.downloadable
    for split in row.splits
}
_SPLITS = ("train", "test", "val", "valid", "validation")


class Images(NamedTuple):
    """Images to score or to compare with.

    Attributes:
        pixels (np.ndarray): uint8 [N, C, H, W].
        labels (Optional[np.ndarray]): Integers [N], where there are any.
        data_set (Optional[str]): Name of the data set that they are of, if it is known.
        split (str): Which part of it; "all" of a user's files.
    """

    pixels: np.ndarray
    labels: Optional[np.ndarray] = None
    data_set: Optional[str] = None
    split: str = "all"


def read_source(
    source: str, data_root: str, value_range: Optional[Tuple[float, float]] = None
) -> Images:
    """Read the images that a source names.

    Args:
        source (str): A name in `DATA_SETS`, or a folder or file as for
            `ppsci_ext.data.read_images`. Of a folder all images are taken, in sub-folders
            too, with the orientation in which their pixels are stored.
        data_root (str): Where the data sets are.
        value_range (Optional[Tuple[float, float]]): Values of black and white in arrays
            of floats. Defaults to None, there are no such arrays.

    Returns:
        Images: With labels from a data set or from the array `labels` of an .npz file.

    Raises:
        UserError: If there is nothing of that name, it can't be read, is a folder divided
            into splits, or holds floats without a range or beyond it.
    """
    check_exists(source)
    if not osp.exists(source):
        name, split = DATA_SETS[source]
        data = load_images(name, data_root, split)
        return Images(data.images, data.labels, name, split)
    if osp.isdir(source):
        _check_undivided(source)
    elif is_statistics(source):
        raise UserError(
            f"{source} holds statistics (mu, sigma), not images, which are needed here."
        )
    images = read_images(source, ImageReading(range=value_range))
    if not images.size:
        raise UserError(f"{source} holds no images: give a file that holds some.")
    if images.dtype != np.uint8:
        if value_range is None:
            raise UserError(
                f"{source} holds floats from {images.min():g} to {images.max():g}: give the "
                "values of black and white, for example --range -1 1."
            )
        images = to_uint8(images, *value_range)
    return Images(images, _labels(source, len(images)))


def check_exists(source: str) -> None:
    """Make sure that a source is a file, a folder or the name of a data set.

    Raises:
        UserError: If it isn't.
    """
    if not osp.exists(source) and source not in DATA_SETS:
        raise UserError(
            f"There is no file or folder {source}, nor a data set of that name "
            f"({', '.join(DATA_SETS)}): give one that is there."
        )


def _check_undivided(folder: str) -> None:
    """Refuse a folder of which only a part would be meant, or parts would be mixed."""
    splits = [
        name
        for name in sorted(os.listdir(folder))
        if name.lower() in _SPLITS and _holds_files(osp.join(folder, name))
    ]
    if splits:
        raise UserError(
            f"{folder} is divided into splits ({', '.join(splits)}): give the one to score, "
            f"for example {osp.join(folder, splits[0])}."
        )


def _holds_files(folder: str) -> bool:
    return any(
        not name.startswith(".") for _, _, files in os.walk(folder) for name in files
    )


def _labels(source: str, count: int) -> Optional[np.ndarray]:
    if not source.endswith(".npz"):
        return None
    labels = npz_array(source, "labels")
    if labels is not None and (
        labels.dtype.kind not in "iu" or labels.shape != (count,)
    ):
        logger.warning(
            f"{source}: 'labels' {labels.dtype} {list(labels.shape)} are no integers, one "
            f"for each of {count} images, and are passed over."
        )
        return None
    return labels
