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

"""Own images in files, one each."""

from __future__ import annotations

from typing import List
from typing import Optional

import numpy as np
from PIL import Image

from ppsci_ext.data.decoded import decoded_images
from ppsci_ext.data.fitting import fit_image
from ppsci_ext.data.fitting import from_16_bits
from ppsci_ext.data.image_file import check_size
from ppsci_ext.data.image_file import decode
from ppsci_ext.data.image_file import describe
from ppsci_ext.data.image_file import open_image
from ppsci_ext.data.image_folders import find_images
from ppsci_ext.data.limits import check_fits_memory
from ppsci_ext.data.reading import ImageArrays
from ppsci_ext.data.reading import ImageReading
from ppsci_ext.utils.errors import UserError


def read_folder(
    root: str, split: str, reading: ImageReading = ImageReading(), upright: bool = True
) -> Optional[ImageArrays]:
    """Reads a folder of image files.

    Images in sub-folders are labelled: a sub-folder is a class, and classes are numbered
    in the sorted order of their names. Sub-folders `train` and `test` (or `val`, `valid`,
    `validation`; in any case of letters) are the two splits, and each may again hold
    classes, numbered as those of `train`. Passed over are hidden entries, `__MACOSX`,
    `@eaDir`, sub-folders without images, and files that are not .png, .jpg, .jpeg, .bmp,
    .webp, .tif or .tiff. Images at any other place are refused.

    Unless `reading` asks for a number of channels, grey images give one channel, all
    others three (R, G, B), and an alpha channel is dropped. All must have the same size,
    number of bits and mode, unless `reading` asks for a size and a number of channels.

    Args:
        root (str): The folder.
        split (str): "train" or "test".
        reading (ImageReading): What the images are brought to.
        upright (bool): Whether they are turned as their EXIF orientation says. Defaults
            to True.

    Returns:
        Optional[ImageArrays]: In the sorted order of the paths; uint8, or float32 from
            16 bits or floats; on the disk where they are many, see `decoded_images`. None where the test split is asked for and there is none.

    Raises:
        UserError: No such folder, no image in it, a file that can't be read, or that
            differs from the first one.
    """
    found = find_images(root, split)
    if found is None:
        return None
    paths = [path for files in found.files.values() for path in files]
    images = _read_all(paths, found.folder, reading, upright)
    if not found.class_names:
        return ImageArrays(images)
    numbers = {name: number for number, name in enumerate(found.class_names)}
    labels = np.repeat(
        [numbers[name] for name in found.files],
        [len(files) for files in found.files.values()],
    )
    return ImageArrays(images, labels.astype(np.int64), tuple(found.class_names))


def _read_all(
    paths: List[str], folder: str, reading: ImageReading, upright: bool
) -> np.ndarray:
    """Images [N, C, H, W]."""
    reader = _Reader(reading, upright)
    first = reader.read(paths[0])
    check_fits_memory(len(paths) * first.nbytes, folder)
    options = f"{reading}, upright={upright}"
    return decoded_images(first, paths, reader.read, folder, options)


class _Reader:
    """Reads image files that have to agree with the first one."""

    def __init__(self, reading: ImageReading, upright: bool):
        self._reading = reading
        self._upright = upright
        self._first = None  # path, description, size, mode
        self._pixels = None  # of the first one, shape and type

    def read(self, path: str) -> np.ndarray:
        """uint8 or float32 [C, H, W]."""
        reading = self._reading
        with open_image(path) as image:
            check_size(image, reading.resize is not None)
            # before the pixels are unpacked, which a file may have any number of
            self._check_header(path, image)
            keep_alpha = reading.channels is not None
            pixels = decode(image, keep_alpha, self._upright, reading.resize)
        self._check_pixels(path, pixels)
        if pixels.dtype == np.uint16:
            pixels = from_16_bits(pixels, reading)
        return fit_image(pixels, reading, path)

    def _check_header(self, path: str, image: Image.Image) -> None:
        # upright, the sides may be in the other order
        size = sorted(image.size) if self._upright else list(image.size)
        found = (path, describe(image), size, image.mode)
        self._first = self._first or found
        _, _, first_size, first_mode = self._first
        missing = []
        if size != first_size and self._reading.resize is None:
            missing.append("resize=[H, W]")
        if image.mode != first_mode and self._reading.channels is None:
            missing.append("channels=1 or channels=3")
        if missing:
            raise UserError(
                f"{path} is {found[1]} but {self._first[0]} is {self._first[1]}; bring all "
                f"images to one size and mode, or set {' and '.join(missing)}"
            )

    def _check_pixels(self, path: str, pixels: np.ndarray) -> None:
        found = (pixels.dtype, pixels.shape[1:])
        self._pixels = self._pixels or found
        first_type, first_shape = self._pixels
        if pixels.dtype != first_type:
            raise UserError(
                f"{path} has pixels of {pixels.dtype} but {self._first[0]} of {first_type}; "
                "store all images with the same number of bits"
            )
        if pixels.shape[1:] != first_shape and self._reading.resize is None:
            height, width = pixels.shape[1:]
            raise UserError(
                f"{path} is {width}x{height} pixels, turned as its EXIF orientation says, "
                f"but {self._first[0]} is {first_shape[1]}x{first_shape[0]}; bring all "
                "images to one size, or set resize=[H, W]"
            )
