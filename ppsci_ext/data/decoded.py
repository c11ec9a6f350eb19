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

"""Images of a large folder, decoded once into a file that later runs map into memory."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
from os import path as osp
from typing import Any
from typing import Callable
from typing import Dict
from typing import Iterable
from typing import List
from typing import Optional

import numpy as np
import PIL
from numpy.lib import format as npy

from ppsci.utils import logger
from ppsci_ext.data.arrays import map_npy
from ppsci_ext.data.limits import LARGE
from ppsci_ext.utils.cache import cache_folder
from ppsci_ext.utils.digest import stream_digest
from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.files import open_atomically
from ppsci_ext.utils.files import open_plain
from ppsci_ext.utils.files import remove_leftovers
from ppsci_ext.utils.files import write_atomically
from ppsci_ext.utils.lock import one_at_a_time

_VERSION = 1  # to be raised when the same files would give other pixels


def decoded_images(
    first: np.ndarray,
    paths: List[str],
    read: Callable[[str], np.ndarray],
    folder: str,
    options: str,
) -> np.ndarray:
    """Images of many files in one array: in memory, or on the disk where they are many.

    An entry of the cache belongs to a folder and to options. It consists of `<key>.npy`
    and `<key>.json`, which holds the SHA-256 of the former and what tells whether the image
    files are still the same: names, sizes, times of the last change of content and of
    anything else (ctime, which can't be set back). Otherwise it is written anew. It is
    checked each time as a whole, which takes a small part of the time of decoding.

    Args:
        first (np.ndarray): Pixels of the first one, [C, H, W].
        paths (List[str]): The files, at least one.
        read (Callable[[str], np.ndarray]): Gives the pixels of one, [C, H, W], always of
            the same shape and type.
        folder (str): Folder in which they are.
        options (str): What else the pixels depend on.

    Returns:
        np.ndarray: [N, C, H, W]; read-only where it is mapped.

    Raises:
        UserError: What `read` raises.
    """
    shape = (len(paths), *first.shape)
    files = _Files(paths, folder)
    if max(files.size, len(paths) * first.nbytes) >= LARGE:
        description = {
            "version": _VERSION,
            "pillow": PIL.__version__,
            "folder": osp.realpath(folder),
            "options": options,
            "shape": list(shape),
            "type": first.dtype.str,
            "files": files.digest,
        }
        try:
            return _from_cache(description, map(read, paths))
        except OSError as error:
            logger.warning(
                f"The decoded images of {folder} can't be kept in {cache_folder()} "
                f"({error.strerror or error}): they are decoded into memory."
            )
    images = np.empty(shape, first.dtype)
    for index, path in enumerate(paths):
        images[index] = read(path)
    return images


class _Files:
    """What tells whether files are the same as before, without reading them.

    Attributes:
        size (int): Bytes of all of them.
        digest (str): SHA-256 of names, sizes and times.
    """

    def __init__(self, paths: List[str], folder: str):
        self.size = 0
        digest = hashlib.sha256()
        for path in paths:
            name = os.fsencode(path[len(folder) :])
            try:
                found = os.stat(path)
            except OSError:  # then there is no entry, and reading it says why
                digest.update(f"{len(name)}".encode() + name)
                continue
            self.size += found.st_size
            told = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, len(name))
            digest.update(f"{told}".encode() + name)
        self.digest = digest.hexdigest()


def _from_cache(
    description: Dict[str, Any], images: Iterable[np.ndarray]
) -> np.ndarray:
    """The mapped entry, which is made of the images if it isn't there."""
    which = json.dumps([description["folder"], description["options"]])
    key = hashlib.sha256(which.encode()).hexdigest()[:32]
    path = osp.join(cache_folder(), "images", key)
    found = _load(path, description)
    if found is not None:
        return found
    os.makedirs(osp.dirname(path), exist_ok=True)
    with one_at_a_time(f"{path}.lock"):
        found = _load(
            path, description
        )  # which another process may have made meanwhile
        if found is None:
            _save(path, description, images)
            found = _load(path, description)
    if found is None:
        raise OSError(f"{path}.npy is not what was written")
    return found


def _load(path: str, description: Dict[str, Any]) -> Optional[np.ndarray]:
    """A sound entry of the same files, None where there is none."""
    if not osp.isfile(f"{path}.json"):
        return None
    try:
        with open(f"{path}.json", encoding="utf-8") as file:
            stored = json.load(file)
        if {**stored, "sha256": None} != {**description, "sha256": None}:
            return None  # of what was in the folder before
        with open_plain(f"{path}.npy") as file:
            if stream_digest(file) != stored["sha256"]:
                raise ValueError(f"{path}.npy is not what {path}.json says")
            file.seek(0)
            images = map_npy(file, f"{path}.npy")
    except (OSError, ValueError, TypeError, KeyError, UserError) as error:
        logger.warning(f"A damaged cache entry is made anew: {error}")
        return None
    logger.info(f"{len(images)} images of {description['folder']}: cached, {path}.npy")
    return images


def _save(path: str, description: Dict[str, Any], images: Iterable[np.ndarray]) -> None:
    """Writes an entry, one image after the other."""
    remove_leftovers(osp.dirname(path))
    header = io.BytesIO()
    shape, descr = tuple(description["shape"]), description["type"]
    logger.info(
        f"{shape[0]} images of {description['folder']} are decoded, once: later starts find "
        f"them in {path}.npy"
    )
    told = {"shape": shape, "descr": descr, "fortran_order": False}
    npy.write_array_header_1_0(header, told)
    digest = hashlib.sha256()
    with open_atomically(f"{path}.npy") as file:
        pixels = (np.ascontiguousarray(image).tobytes() for image in images)
        for part in itertools.chain([header.getvalue()], pixels):
            digest.update(part)
            file.write(part)
    entry = {**description, "sha256": digest.hexdigest()}
    write_atomically(f"{path}.json", f"{json.dumps(entry, indent=2)}\n".encode())
