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

"""CIFAR-10, from its binary version."""

from __future__ import annotations

import tarfile
import zlib
from os import path as osp
from typing import Tuple

import numpy as np

from ppsci.utils.download import get_path_from_url
from ppsci_ext.utils.errors import UserError

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
_FOLDER = "cifar-10-batches-bin"
_BATCHES = {
    "train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
    "test": ("test_batch.bin",),
}
_RECORD = 1 + 3 * 32 * 32  # bytes: the label, then all red, green and blue pixels


def read_cifar10(
    root: str, split: str, download: bool = False
) -> Tuple[np.ndarray, np.ndarray]:
    """Read one split of CIFAR-10.

    Args:
        root (str): Folder that holds the archive, or its folder, unpacked.
        split (str): "train" or "test".
        download (bool): Fetch the archive into `root` if it is missing. Defaults to False.

    Returns:
        Tuple[np.ndarray, np.ndarray]: Images, uint8 [N, 3, 32, 32] (R, G, B), and labels,
            int64 [N] in 0..9.

    Raises:
        UserError: Files that are missing or damaged.
    """
    folder = osp.join(root, _FOLDER)
    archive = osp.join(root, osp.basename(URL))
    if not osp.isdir(folder):
        if not osp.isfile(archive) and not download:
            raise UserError(
                f"CIFAR-10 is missing in {root}: set download=true, or put {URL} there."
            )
        get_path_from_url(URL, root, _MD5, decompress=False)
    try:
        if osp.isdir(folder):
            contents = [_content(osp.join(folder, name)) for name in _BATCHES[split]]
        else:
            with tarfile.open(archive) as tar:
                contents = [
                    tar.extractfile(f"{_FOLDER}/{name}").read()
                    for name in _BATCHES[split]
                ]
    except (OSError, KeyError, EOFError, tarfile.TarError, zlib.error) as error:
        raise UserError(f"CIFAR-10 in {root} can't be read ({error}).") from error
    data = np.frombuffer(b"".join(contents), np.uint8)
    if data.size == 0 or data.size % _RECORD:
        raise UserError(f"CIFAR-10 in {root} is damaged: get it again from {URL}.")
    records = data.reshape(-1, _RECORD)
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].astype(np.int64)


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
