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

"""MNIST, from its four idx files."""

from __future__ import annotations

import gzip
import zlib
from os import path as osp
from typing import Tuple

import numpy as np

from ppsci.utils.download import get_path_from_url
from ppsci_ext.utils.errors import UserError

URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"

# images and labels of each split, with the md5 of the published files
_FILES = {
    "train": {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    },
    "test": {
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    },
}


def read_mnist(
    root: str, split: str, download: bool = False
) -> Tuple[np.ndarray, np.ndarray]:
    """Read one split of MNIST.

    Args:
        root (str): Folder of the files, gzipped or not, or of a folder `mnist` that holds them.
        split (str): "train" or "test".
        download (bool): Fetch files that are missing into `root/mnist`. Defaults to False.

    Returns:
        Tuple[np.ndarray, np.ndarray]: Images, uint8 [N, 1, 28, 28], and labels, int64 [N].

    Raises:
        UserError: Files that are missing or damaged.
    """
    images, labels = (
        _read(_find(root, name, md5, download), ndim)
        for (name, md5), ndim in zip(_FILES[split].items(), (3, 1))
    )
    if images.shape[1:] != (28, 28) or len(images) != len(labels):
        raise UserError(f"The {split} images of MNIST in {root} don't fit the labels.")
    return images[:, np.newaxis], labels.astype(np.int64)


def _find(root: str, name: str, md5: str, download: bool) -> str:
    for folder in (root, osp.join(root, "mnist")):
        for spelling in (name, name[: -len(".gz")]):
            path = osp.join(folder, spelling)
            if osp.isfile(path):
                return path
    if not download:
        raise UserError(
            f"{name} is missing in {root}: set download=true, or put the file from {URL} there."
        )
    folder = osp.join(root, "mnist")
    return get_path_from_url(URL + name, folder, md5, decompress=False)


def _read(path: str, ndim: int) -> np.ndarray:
    """An array of bytes in the idx format: two zeros, the type (8), the number of axes, each
    axis' length as a big-endian uint32, the elements (http://yann.lecun.com/exdb/mnist/)."""
    try:
        with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as file:
            data = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} can't be read ({error}): get it again.") from error
    header = 4 + 4 * ndim
    if len(data) < header or data[:4] != bytes([0, 0, 8, ndim]):
        raise UserError(f"{path} is no idx file of bytes with {ndim} axes.")
    shape = np.frombuffer(data, ">u4", ndim, offset=4)
    if len(data) != header + np.prod(shape, dtype=np.int64):
        raise UserError(f"{path} is damaged: its length doesn't fit its header.")
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)
