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

"""Reading large images and volumes, without believing anything in their headers."""

from __future__ import annotations

import math
import os
import struct
import tokenize
import warnings
import zlib

import numpy as np
from numpy.lib import format as npy
from PIL import Image

from ppsci_ext.data.arrays import npz_array
from ppsci_ext.data.limits import check_fits_memory
from ppsci_ext.utils.errors import UserError

_KEYS = ("fields", "images", "volumes", "samples", "arr_0")
_PICTURES = (".tif", ".tiff", ".png")
_MODES = ("1", "L", "I", "I;16", "F", "RGB")


def read_fields(path: str, dimension: int) -> np.ndarray:
    """Reads images or volumes, any number of them.

    | file | holds |
    |---|---|
    | .npy | an array as below; it stays on the disk and is read as it is needed |
    | .npz | such an array, named fields, images, volumes, samples or arr_0 |
    | .tif, .tiff | pages: images (dimension 2) or the slices of one volume (dimension 3) |
    | .png | one image |

    An array of `dimension` axes is one field, one of an axis more [N, *shape], one of two
    axes more [N, C, *shape]. A picture's colours are its channels.

    Args:
        path (str): The file.
        dimension (int): 2 for images, 3 for volumes, 1 for profiles.

    Returns:
        np.ndarray: Numbers [N, C, *shape], of the file's type.

    Raises:
        UserError: No such file, one of another kind, damaged, larger than the machine's
            memory (but for .npy), or an array of another number of axes.
    """
    array = read_array(path)
    if _is_picture(path) and dimension == 3:
        array = array.swapaxes(0, 1)[np.newaxis]
    if array.ndim not in (dimension, dimension + 1, dimension + 2) or not array.size:
        raise UserError(
            f"{path} has shape {list(array.shape)}; fields of {dimension} dimensions are "
            f"[*shape], [N, *shape] or [N, C, *shape] with {dimension} axes in shape"
        )
    if array.ndim == dimension:
        array = array[np.newaxis]
    return array if array.ndim == dimension + 2 else array[:, np.newaxis]


def read_array(path: str) -> np.ndarray:
    """Reads the array of a file as it is, of pictures [pages, C, H, W].

    Args:
        path (str): A file as for `read_fields`.

    Returns:
        np.ndarray: Numbers, of the file's type.

    Raises:
        UserError: As for `read_fields`, but for the number of axes.
    """
    path = os.path.expanduser(path)
    if not os.path.isfile(path):
        raise UserError(f"there is no file {path}; name the file of your fields")
    if _is_picture(path):
        return _read_pages(path)
    if path.lower().endswith(".npy"):
        return mapped_array(path)
    if path.lower().endswith(".npz"):
        return _first_array(path)
    raise UserError(
        f"{path} is of no known kind; give an .npy, .npz, .tif, .tiff or .png file"
    )


def mapped_array(path: str) -> np.ndarray:
    """Opens the array of numbers in an .npy file without reading it.

    Args:
        path (str): The file.

    Returns:
        np.ndarray: Read-only, on the disk.

    Raises:
        UserError: Not an .npy file, or one that is shorter or longer than its header
            says, or an array of anything but numbers.
    """
    try:
        with open(path, "rb") as file:
            # later versions of the format are for records and for headers without end
            if npy.read_magic(file) != (1, 0):
                raise ValueError("it is no plain array")
            shape, is_fortran, dtype = npy.read_array_header_1_0(file)
            start = file.tell()
        if dtype.kind not in "biuf" or any(type(size) is not int for size in shape):
            raise ValueError(f"it is of type {dtype} and shape {shape}")
        announced = math.prod(shape) * dtype.itemsize
        present = os.path.getsize(path) - start
        if announced != present or min(shape, default=0) <= 0:
            raise ValueError(
                f"its header announces {announced} bytes, but {present} follow"
            )
        order = "F" if is_fortran else "C"
        return np.memmap(path, dtype, "r", start, shape, order)
    except (
        OSError,
        EOFError,
        ValueError,
        SyntaxError,
        OverflowError,
        RecursionError,
        MemoryError,
        tokenize.TokenError,
    ) as error:  # what NumPy's reader of headers raises
        raise UserError(
            f"{path}: cannot read an array ({error}); save it with numpy.save as an array "
            "of numbers"
        ) from error


def _first_array(path: str) -> np.ndarray:
    for key in _KEYS:
        array = npz_array(path, key)
        if array is not None:
            return array
    raise UserError(
        f"{path} holds no array {', '.join(_KEYS)}; save it with "
        "numpy.savez(file, fields=...)"
    )


def _is_picture(path: str) -> bool:
    return path.lower().endswith(_PICTURES)


def _read_pages(path: str) -> np.ndarray:
    """All pages of a picture, [pages, C, H, W]."""
    try:
        with warnings.catch_warnings():
            # a limit of its own follows
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            # of other formats that a file of any name can be in, some start programs
            with Image.open(path, formats=("TIFF", "PNG")) as image:
                return _stack_pages(image, path)
    except UserError:
        raise
    except (
        OSError,
        EOFError,
        SyntaxError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        OverflowError,
        RuntimeError,
        struct.error,
        zlib.error,
        Image.DecompressionBombError,
    ) as error:  # what Pillow's decoders raise on damaged files
        raise UserError(
            f"{path} cannot be read as an image ({error}); repair or remove it"
        ) from error


def _stack_pages(image: Image.Image, path: str) -> np.ndarray:
    count = getattr(image, "n_frames", 1)
    first = (image.size, image.mode)
    if image.mode not in _MODES:
        raise UserError(
            f"{path} has pixels of mode {image.mode}; save it as grey values or RGB"
        )
    channels = len(image.getbands())
    check_fits_memory(4 * channels * count * math.prod(image.size), path)
    pages = None
    for index in range(count):
        image.seek(index)
        if (image.size, image.mode) != first:
            raise UserError(
                f"{path}: page {index + 1} differs from the first in size or mode; bring "
                "all pages to one"
            )
        page = np.asarray(image)
        page = page[np.newaxis] if page.ndim == 2 else page.transpose(2, 0, 1)
        if pages is None:
            pages = np.empty((count, *page.shape), page.dtype)
        pages[index] = page
    return pages
