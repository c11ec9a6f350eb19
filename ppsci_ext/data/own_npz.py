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

"""Own images in NumPy's files."""

from __future__ import annotations

import os
from typing import Optional

import numpy as np

from ppsci_ext.data.arrays import npy_array
from ppsci_ext.data.arrays import npz_array
from ppsci_ext.data.fitting import from_16_bits
from ppsci_ext.data.labels import number_classes
from ppsci_ext.data.reading import ImageArrays
from ppsci_ext.data.reading import ImageReading
from ppsci_ext.utils.errors import UserError


def read_npz(
    root: str, split: str, reading: ImageReading = ImageReading()
) -> Optional[ImageArrays]:
    """Reads images, and labels if there are any, from .npz files.

    `root` is one .npz file, which is the training split, or a folder with `train.npz`
    and, if wanted, `test.npz`. A file holds the array `images` as for `to_nchw`, and may
    hold `labels`, integers [N]. Large arrays that are not compressed stay on the disk.

    Args:
        root (str): File or folder.
        split (str): "train" or "test".
        reading (ImageReading): Of which `relabel` and `range` are used here.

    Returns:
        Optional[ImageArrays]: None where the test split is asked for and there is none.
            Classes are those of the training images, in both splits.

    Raises:
        UserError: No such file, not an .npz file, arrays that are missing, are Python
            objects, or have a wrong type or shape; labels with gaps.
    """
    files = {"train": root}
    if not os.path.isfile(root):
        files = {name: f"{root}/{name}.npz" for name in ("train", "test")}
        if not os.path.isfile(files["test"]):
            del files["test"]
        if not os.path.isfile(files["train"]):
            raise UserError(
                f"no .npz data at {root}: it is neither an .npz file nor a folder with "
                "train.npz; give the path of one of them"
            )
    if split not in files:
        return None
    path = files[split]
    images = to_nchw(npz_array(path, "images", mapped=True), path, reading)
    labels = {name: _npz_labels(path) for name, path in files.items()}
    if len({value is None for value in labels.values()}) > 1:
        raise UserError(
            f"only one of {files['train']} and {files['test']} holds 'labels'; give them "
            "in both or in neither"
        )
    if labels[split] is None:
        return ImageArrays(images)
    numbered, class_names = number_classes(
        labels[split], labels["train"], reading.relabel, root
    )
    return ImageArrays(images, numbered, class_names)


def read_array(path: str, reading: ImageReading) -> np.ndarray:
    """Reads the images in an .npy file, or in an .npz file of samples or of images.

    Args:
        path (str): The file; in an .npz file, the array `images`, `samples` or `arr_0`.
        reading (ImageReading): Of which `range` is used here.

    Returns:
        np.ndarray: As of `to_nchw`.

    Raises:
        UserError: No such file or array, or no images.
    """
    if path.endswith(".npy"):
        return to_nchw(npy_array(path, mapped=True), path, reading)
    for key in ("images", "samples", "arr_0"):
        array = npz_array(path, key, mapped=True)
        if array is not None:
            return to_nchw(array, path, reading)
    raise UserError(
        f"{path} holds no array 'images', 'samples' or 'arr_0'; save it with "
        "numpy.savez(file, images=...)"
    )


def to_nchw(
    images: Optional[np.ndarray], path: str, reading: ImageReading
) -> np.ndarray:
    """Images of any usual layout in that of the networks.

    Of four axes, the channels are the second if it has length 1 or 3, else the last if it
    has length 1 or 3 or is shorter than both axes before it, else the second.

    Args:
        images (Optional[np.ndarray]): uint8, uint16 or float; [N, H, W], [N, C, H, W] or
            [N, H, W, C] with any number of channels. None is refused.
        path (str): Where they come from, for messages.
        reading (ImageReading): Names the range that uint16 pixels are scaled to.

    Returns:
        np.ndarray: uint8 or float32 [N, C, H, W], not always contiguous; floats keep
            their values.

    Raises:
        UserError: Another type or shape.
    """
    if images is None:
        raise UserError(
            f"{path} holds no array 'images'; save it with numpy.savez(file, images=...)"
        )
    kind, size = images.dtype.kind, images.dtype.itemsize
    if kind != "f" and (kind != "u" or size > 2):
        raise UserError(
            f"{path}: 'images' has type {images.dtype}; convert it to uint8 or float32"
        )
    if images.ndim not in (3, 4):
        raise UserError(
            f"{path}: 'images' has shape {list(images.shape)}; make it [N, H, W], "
            "[N, H, W, C] or [N, C, H, W]"
        )
    if images.ndim == 3:
        images = images[:, np.newaxis]
    elif _has_channels_last(images.shape):
        images = images.transpose(0, 3, 1, 2)  # no copy: it may lie on the disk
    if images.dtype == np.uint8:
        return images
    if kind == "u":
        return from_16_bits(images, reading)
    with np.errstate(over="ignore"):  # what overflows is refused as infinite
        return images.astype(np.float32, copy=False)


def _has_channels_last(shape: tuple) -> bool:
    _, second, third, last = shape
    return second not in (1, 3) and (last in (1, 3) or last < min(second, third))


def _npz_labels(path: str) -> Optional[np.ndarray]:
    labels = npz_array(path, "labels")
    if labels is None:
        return None
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or not len(labels):
        raise UserError(
            f"{path}: 'labels' must be integers of shape [N], not {labels.dtype} "
            f"{list(labels.shape)}"
        )
    return labels.astype(np.int64)
