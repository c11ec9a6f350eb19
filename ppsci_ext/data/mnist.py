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

import gzip
import hashlib
import math
import os
import struct
import zlib
from typing import Optional
from typing import Tuple

import numpy as np

from ppsci.utils import logger
from ppsci_ext.data.limits import read_at_most
from ppsci_ext.utils.download import download as fetch
from ppsci_ext.utils.errors import UserError

URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"

# images and labels of each split
_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
# md5 of the files as published, gzipped
_MD5 = {
    "train-images-idx3-ubyte": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte": "ec29112dd5afa0611ce80d1b7f02629c",
}
# md5 of what is inside: the same pixels may have been compressed anew
_CONTENT_MD5 = {
    "6bbc9ace898e44ae57da46a324031adb",
    "a25bea736e30d166cdddb491f175f624",
    "2646ac647ad5339dbf082846283269ea",
    "27ae3e4e09519cfbb04c329615203637",
}
_UBYTE = 0x08
_MAX_ITEMS = 1 << 30  # bytes; EMNIST, the largest set of this form, has 640 million


def read_mnist(
    root: str, split: str, download: bool = False
) -> Tuple[np.ndarray, np.ndarray]:
    """Reads one split of MNIST, or of a data set published in its form.

    The files are looked for in `root`, `root/mnist`, `root/MNIST` and `root/MNIST/raw`,
    as `train-images-idx3-ubyte` or `train-images.idx3-ubyte`, gzipped or not. Files
    other than LeCun's are accepted by layout, with a line in the log.

    Args:
        root (str): Folder to look in.
        split (str): "train" or "test".
        download (bool): Fetch the files into `root/mnist` where they are missing.

    Returns:
        Tuple[np.ndarray, np.ndarray]: Images, uint8 [N, 1, 28, 28], and labels, int64
            [N] in 0..9. The images are a read-only view of the file's bytes.

    Raises:
        UserError: Files that are missing, damaged, or do not fit each other.
    """
    paths = _find(root, split)
    if paths is None and download:
        for name in _FILES[split]:
            fetch(f"{URL}{name}.gz", f"{root}/mnist/{name}.gz", f"md5:{_MD5[name]}")
        paths = _find(root, split)
    if paths is None:
        raise UserError(
            f"the {split} images of MNIST are missing: looked for "
            f"{' and '.join(_FILES[split])} (with or without .gz) in "
            f"{', '.join(_folders(root))}; set download=true or put the files from "
            f"{URL} into {root}/mnist"
        )
    contents = [_read_bytes(path, ndim) for path, ndim in zip(paths, (3, 1))]
    images = parse_idx(contents[0], 3, paths[0])
    labels = parse_idx(contents[1], 1, paths[1]).astype(np.int64)
    if images.shape[1:] != (28, 28):
        raise UserError(
            f"{paths[0]} holds images of {images.shape[1]}x{images.shape[2]} pixels, not "
            "28x28; use the original files"
        )
    if len(images) != len(labels):
        raise UserError(
            f"{paths[0]} holds {len(images)} images but {paths[1]} {len(labels)} labels; "
            "use two files of the same data set"
        )
    if labels.max() > 9:
        raise UserError(
            f"{paths[1]} holds the label {labels.max()}, beyond the ten digits; use the "
            "original files"
        )
    if any(hashlib.md5(data).hexdigest() not in _CONTENT_MD5 for data in contents):
        logger.info(
            f"{paths[0]} is not MNIST as published (md5 differs); accepted by its layout, "
            "contents unverified."
        )
    return images[:, np.newaxis], labels


def parse_idx(data: bytes, ndim: int, path: str) -> np.ndarray:
    """Reads an array of bytes in the idx format.

    The format: two zero bytes, the type (8 for unsigned bytes), the number of axes, each
    axis' length as a big-endian uint32, the elements. Source:
    http://yann.lecun.com/exdb/mnist/.

    Args:
        data (bytes): The file's content, not compressed.
        ndim (int): Number of axes that is expected.
        path (str): The file's name, for messages.

    Returns:
        np.ndarray: uint8, with `ndim` axes; a view of `data`.

    Raises:
        UserError: Wrong magic number, type or number of axes; too few or too many bytes.
    """
    header = 4 + 4 * ndim
    if len(data) < header or data[:2] != b"\0\0":
        raise UserError(f"{path} is not an idx file; get the file again")
    if data[2] != _UBYTE or data[3] != ndim:
        raise UserError(
            f"{path} holds idx type {data[2]:#04x} with {data[3]} axes where unsigned "
            f"bytes ({_UBYTE:#04x}) with {ndim} are needed; use the original file"
        )
    shape = struct.unpack(f">{ndim}I", data[4:header])
    expected = header + math.prod(shape)
    if 0 in shape:
        raise UserError(f"{path} holds nothing (shape {list(shape)}); get it again")
    if expected > _MAX_ITEMS:
        raise UserError(
            f"{path} is damaged: its header announces {expected} bytes, more than any "
            "published file has; get the file again"
        )
    if len(data) != expected:
        raise UserError(
            f"{path} is damaged: {len(data)} bytes, while its header announces "
            f"{expected}; get the file again"
        )
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


def _folders(root: str) -> list[str]:
    return [root, f"{root}/mnist", f"{root}/MNIST", f"{root}/MNIST/raw"]


def _find(root: str, split: str) -> Optional[list[str]]:
    """Paths of images and labels in the first folder that holds both."""
    for folder in _folders(root):
        found = []
        for name in _FILES[split]:
            dotted = name.replace("-idx", ".idx")
            spellings = (name, dotted, f"{name}.gz", f"{dotted}.gz")
            paths = [f"{folder}/{spelling}" for spelling in spellings]
            found += list(filter(os.path.isfile, paths))[:1]
        if len(found) == 2:
            return found
    return None


def _read_bytes(path: str, ndim: int) -> bytes:
    """What a file holds, unpacked: as much as its header announces, and a byte more."""
    try:
        with open(path, "rb") as file:
            # by content, not by name: some programs unpack and leave the name as it was
            is_packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            stream = gzip.GzipFile(fileobj=file) if is_packed else file
            header = read_at_most(stream, 4 + 4 * ndim)
            announced = 0
            if len(header) == 4 + 4 * ndim:
                announced = math.prod(struct.unpack(f">{ndim}I", header[4:]))
            if announced > _MAX_ITEMS:
                announced = 0  # parse_idx will refuse it
            return header + read_at_most(stream, announced + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(
            f"{path} cannot be read ({error}); get the file again"
        ) from error
