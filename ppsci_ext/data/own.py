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

import contextlib
import math
import os
import struct
import warnings
import zlib
from typing import Callable
from typing import Iterator
from typing import NamedTuple
from typing import Optional

import numpy as np
from PIL import Image

from ppsci_ext.data.arrays import npy_array
from ppsci_ext.data.arrays import npz_array
from ppsci_ext.data.limits import check_fits_memory
from ppsci_ext.utils.errors import UserError

_EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP")
_MAX_SIDE = 4096
_GREY_MODES = ("1", "L", "LA")
_COLOUR_MODES = ("RGB", "RGBA", "P", "CMYK", "YCbCr")


class OwnImages(NamedTuple):
    """A user's images: uint8 or float32 [N, C, H, W], int64 [N] or None, and a number."""

    images: np.ndarray
    labels: Optional[np.ndarray]
    num_classes: int


def read_npz(root: str, split: str) -> Optional[OwnImages]:
    """Reads images, and labels if there are any, from .npz files.

    `root` is one .npz file, which is the training split, or a folder with `train.npz`
    and, if wanted, `test.npz`. A file holds the array `images`, uint8 or float, of shape
    [N, H, W], [N, C, H, W], or [N, H, W, C] with 1 or 3 channels, and may hold `labels`,
    integers [N]. Where both of the last two shapes are possible, it is [N, C, H, W].
    Float images become float32 and keep their values, which must suit the model.

    Args:
        root (str): File or folder.
        split (str): "train" or "test".

    Returns:
        Optional[OwnImages]: None where the test split is asked for and there is none.
            Labels count classes over both splits.

    Raises:
        UserError: No such file, not an .npz file, arrays that are missing, are Python
            objects, or have a wrong type or shape.
    """
    files = {"train": root}
    if not os.path.isfile(root):
        files = {name: f"{root}/{name}.npz" for name in ("train", "test")}
        if not os.path.isfile(files["test"]):
            del files["test"]
        if not os.path.isfile(files["train"]):
            raise UserError(
                f"no .npz data at {root}: it is neither an .npz file nor a folder with "
                "train.npz; set DATA.root to one of them"
            )
    if split not in files:
        return None
    images = _to_nchw(npz_array(files[split], "images"), files[split])
    labels = {name: _npz_labels(path) for name, path in files.items()}
    if len({value is None for value in labels.values()}) > 1:
        raise UserError(
            f"only one of {files['train']} and {files['test']} holds 'labels'; give them "
            "in both or in neither"
        )
    if labels[split] is None:
        return OwnImages(images, None, 0)
    num_classes = 1 + max(int(value.max()) for value in labels.values())
    return OwnImages(images, labels[split], num_classes)


def read_folder(root: str, split: str) -> Optional[OwnImages]:
    """Reads a folder of image files.

    Images in sub-folders are labelled: a sub-folder is a class, and classes are numbered
    in the sorted order of their names. If the sub-folders are exactly `train` and
    `test`, they are the two splits, and each may again hold classes. Hidden entries,
    sub-folders without images, and files that are not .png, .jpg, .jpeg, .bmp or .webp
    are passed over.

    Grey images give one channel, all others three (R, G, B); an alpha channel is
    dropped. All must have the same size and mode.

    Args:
        root (str): The folder.
        split (str): "train" or "test".

    Returns:
        Optional[OwnImages]: uint8 images, in the sorted order of their paths; None where
            the test split is asked for and there is none.

    Raises:
        UserError: No such folder, no image in it, a file that can't be read, or that
            differs from the first one in size or mode.
    """
    if not os.path.isdir(root):
        raise UserError(
            f"there is no folder {root}; set DATA.root to the folder of your images"
        )
    folder, train_folder = root, root
    if sorted(_sub_folders(root)) == ["test", "train"]:
        folder, train_folder = f"{root}/{split}", f"{root}/train"
    elif split == "test":
        return None
    classes = _classes(folder)
    direct = _files(folder)
    if direct and classes:
        raise UserError(
            f"{folder} holds both images (such as {os.path.basename(direct[0])}) and "
            f"folders of images (such as {classes[0]}); keep one of the two"
        )
    if not classes:
        return OwnImages(_read_images(direct, folder), None, 0)
    names = _classes(train_folder)
    unknown = sorted(set(classes) - set(names))
    if unknown:
        raise UserError(
            f"{folder}/{unknown[0]} is no class of the training images, whose folders "
            f"are {', '.join(names) or 'none'}; give both splits the same classes"
        )
    files = {name: _files(f"{folder}/{name}") for name in classes}
    paths = [path for name in classes for path in files[name]]
    labels = [names.index(name) for name in classes for _ in files[name]]
    return OwnImages(
        _read_images(paths, folder), np.array(labels, np.int64), len(names)
    )


def read_images(path: str) -> np.ndarray:
    """Reads images alone, from wherever they may be.

    Args:
        path (str): A folder as for `read_folder` (its training images), an .npz file with
            an array `images`, `samples` or `arr_0`, or an .npy file; arrays as for
            `read_npz`.

    Returns:
        np.ndarray: uint8 or float32 [N, C, H, W].

    Raises:
        UserError: No such file or folder, or it can't be read as images.
    """
    if os.path.isdir(path):
        return read_folder(path, "train").images
    if path.endswith(".npy"):
        return _to_nchw(npy_array(path), path)
    for key in ("images", "samples", "arr_0"):
        array = npz_array(path, key)
        if array is not None:
            return _to_nchw(array, path)
    raise UserError(
        f"{path} holds no array 'images', 'samples' or 'arr_0'; save it with "
        "numpy.savez(file, images=...)"
    )


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


def _to_nchw(images: Optional[np.ndarray], path: str) -> np.ndarray:
    if images is None:
        raise UserError(
            f"{path} holds no array 'images'; save it with numpy.savez(file, images=...)"
        )
    if images.dtype != np.uint8 and images.dtype.kind != "f":
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
    elif images.shape[1] not in (1, 3) and images.shape[3] in (1, 3):
        images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    if images.dtype == np.uint8:
        return images
    with np.errstate(over="ignore"):  # what overflows is refused as infinite
        return images.astype(np.float32, copy=False)


def _entries(folder: str, wanted: Callable[[os.DirEntry], bool]) -> list[str]:
    """Sorted names of what a folder holds, without hidden ones."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if wanted(entry)]
    except OSError as error:
        raise UserError(
            f"{folder} cannot be searched ({error}); make it readable or remove it"
        ) from error
    return sorted(name for name in names if not name.startswith("."))


def _sub_folders(folder: str) -> list[str]:
    return _entries(folder, os.DirEntry.is_dir)


def _classes(folder: str) -> list[str]:
    return [name for name in _sub_folders(folder) if _files(f"{folder}/{name}")]


def _files(folder: str) -> list[str]:
    names = _entries(folder, lambda e: e.is_file() or not os.path.exists(e.path))
    return [f"{folder}/{name}" for name in names if name.lower().endswith(_EXTENSIONS)]


def _read_images(paths: list[str], folder: str) -> np.ndarray:
    """Images as uint8 [N, C, H, W], filled in one by one."""
    if not paths:
        raise UserError(
            f"{folder} holds no image file ({', '.join(_EXTENSIONS)}); set DATA.root to "
            "the folder of your images"
        )
    images = None
    for index, path in enumerate(paths):
        with _opened(path) as image:
            found = _describe(image)
            if images is None:
                first = found
                shape = (len(paths), *_pixels(image).shape)
                check_fits_memory(math.prod(shape), folder)
                images = np.empty(shape, np.uint8)
            # before the pixels are unpacked, which a file may have any number of
            if found != first:
                raise UserError(
                    f"{path} is {found} but {paths[0]} is {first}; bring all images to one "
                    "size and mode"
                )
            images[index] = _pixels(image)
    return images


@contextlib.contextmanager
def _opened(path: str) -> Iterator[Image.Image]:
    """An image file, its pixels still packed."""
    try:
        with warnings.catch_warnings():
            # a limit of its own follows
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            # of other formats that a file of any name can be in, some start programs
            with Image.open(path, formats=_FORMATS) as image:
                if max(image.size) > _MAX_SIDE:
                    raise UserError(
                        f"{path} is {_describe(image)}; scale it to at most {_MAX_SIDE}x"
                        f"{_MAX_SIDE}"
                    )
                yield image
    except UserError:
        raise
    except (
        OSError,
        EOFError,
        SyntaxError,
        ValueError,
        struct.error,
        zlib.error,
        Image.DecompressionBombError,
    ) as error:  # what Pillow's decoders raise on damaged files
        raise UserError(
            f"{path} cannot be read as an image ({error}); repair or remove it"
        ) from error


def _pixels(image: Image.Image) -> np.ndarray:
    """uint8 [C, H, W]."""
    if image.mode in _GREY_MODES:
        return np.asarray(image.convert("L"))[np.newaxis]
    if image.mode in _COLOUR_MODES:
        return np.asarray(image.convert("RGB")).transpose(2, 0, 1)
    raise UserError(
        f"{image.filename} has pixels of mode {image.mode}, which 8 bits cannot hold; store "
        "such images as floats in an .npz file"
    )


def _describe(image: Image.Image) -> str:
    return f"{image.width}x{image.height} pixels of mode {image.mode}"
