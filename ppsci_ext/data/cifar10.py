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
import os
import posixpath
import tarfile
import zlib
from typing import BinaryIO
from typing import Callable
from typing import Iterator
from typing import NamedTuple
from typing import Optional
from typing import Tuple

import numpy as np

from ppsci.utils import logger
from ppsci_ext.data.batch_pickle import load_batch
from ppsci_ext.data.limits import BoundedReader
from ppsci_ext.data.limits import read_at_most
from ppsci_ext.utils.download import download as fetch
from ppsci_ext.utils.errors import UserError

URL = "https://www.cs.toronto.edu/~kriz/"
IMAGES_PER_FILE = 10000

_SHAPE = (3, 32, 32)
_PIXELS = 3072
_MAX_MEMBERS = 100  # of an archive; the published ones have nine
_BATCHES = {
    "train": tuple(f"data_batch_{i}" for i in range(1, 6)),
    "test": ("test_batch",),
}


class _Layout(NamedTuple):
    """One of the two forms in which the data set is published."""

    folder: str
    suffix: str
    archive: str
    decode: Callable[[bytes, str], Tuple[np.ndarray, np.ndarray]]


def read_cifar10(
    root: str, split: str, download: bool = False
) -> Tuple[np.ndarray, np.ndarray]:
    """Reads one split of CIFAR-10, binary or python version.

    Looked for, in this order: `root/cifar-10-batches-bin`, `root/cifar-10-batches-py`,
    the batch files in `root` itself, `root/cifar-10-binary.tar.gz`,
    `root/cifar-10-python.tar.gz`. An archive is read in place, member by member, and
    nothing is unpacked to disk; one with links, or with paths that lead out of it, is
    refused. The files of the python version are pickles: they are read by an unpickler
    that can build arrays, lists and dictionaries and nothing else.

    No md5 is published for the batch files, so files that are already there are accepted
    by length and layout, with a line in the log; a download is checked.

    Memory: the array of the images and one batch file.

    Args:
        root (str): Folder to look in.
        split (str): "train" or "test".
        download (bool): Fetch the binary archive into `root` where data are missing.

    Returns:
        Tuple[np.ndarray, np.ndarray]: Images, uint8 [N, 3, 32, 32] (R, G, B), and
            labels, int64 [N] in 0..9; N is 50000 (train) or 10000 (test).

    Raises:
        UserError: Files that are missing or damaged, or a pickle that asks for anything
            but arrays.
    """
    found = _find(root, split)
    if found is None and download:
        archive = _LAYOUTS[0].archive
        fetch(URL + archive, f"{root}/{archive}", f"md5:{_BINARY_MD5}")
        found = _find(root, split)
    if found is None:
        raise UserError(_missing(root, split))
    source, layout = found
    names = [name + layout.suffix for name in _BATCHES[split]]
    images = np.empty((len(names) * IMAGES_PER_FILE, *_SHAPE), np.uint8)
    labels = np.empty(len(images), np.int64)
    for index, path, data in _batch_files(source, layout, names):
        part = slice(index * IMAGES_PER_FILE, (index + 1) * IMAGES_PER_FILE)
        pixels, labels[part] = layout.decode(data, path)
        images[part] = pixels.reshape(-1, *_SHAPE)
        if labels[part].min() < 0 or labels[part].max() > 9:
            raise UserError(
                f"{path} is damaged: it holds labels outside 0..9; get the file again"
            )
    logger.info(
        f"CIFAR-10 {split} images read from {source}; accepted by length and layout, "
        "contents unverified."
    )
    return images, labels


def _decode_binary(data: bytes, path: str) -> Tuple[np.ndarray, np.ndarray]:
    """Records of one label byte and 3072 pixel bytes (all R, then all G, then all B)."""
    expected = IMAGES_PER_FILE * (1 + _PIXELS)
    if len(data) != expected:
        raise UserError(
            f"{path} is damaged: {len(data)} bytes instead of {expected}; get the file "
            "again"
        )
    records = np.frombuffer(data, np.uint8).reshape(IMAGES_PER_FILE, 1 + _PIXELS)
    return records[:, 1:], records[:, 0]


def _decode_python(data: bytes, path: str) -> Tuple[np.ndarray, np.ndarray]:
    """A pickled dictionary with `data`, uint8 [N, 3072], and `labels`, a list of N."""
    batch = load_batch(data, path, IMAGES_PER_FILE)
    # keys are bytes in files written by Python 2 (the published ones), else text
    pixels = batch.get(b"data", batch.get("data"))
    labels = batch.get(b"labels", batch.get("labels"))
    if (
        not isinstance(pixels, np.ndarray)
        or pixels.dtype != np.uint8
        or pixels.shape != (IMAGES_PER_FILE, _PIXELS)
        or not isinstance(labels, list)
        or len(labels) != IMAGES_PER_FILE
        or not all(type(label) is int and 0 <= label <= 9 for label in labels)
    ):
        raise UserError(
            f"{path} is not a CIFAR-10 batch: it must hold 'data', {IMAGES_PER_FILE} rows "
            f"of {_PIXELS} bytes, and 'labels', as many numbers in 0..9; get the file "
            "again"
        )
    return pixels, np.array(labels, np.int64)


_LAYOUTS = (
    _Layout("cifar-10-batches-bin", ".bin", "cifar-10-binary.tar.gz", _decode_binary),
    _Layout("cifar-10-batches-py", "", "cifar-10-python.tar.gz", _decode_python),
)
_BINARY_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"


def _candidates(root: str) -> Iterator[Tuple[str, _Layout]]:
    for layout in _LAYOUTS:
        yield f"{root}/{layout.folder}", layout
    for layout in _LAYOUTS:
        yield root, layout
    for layout in _LAYOUTS:
        yield f"{root}/{layout.archive}", layout


def _absent(folder: str, layout: _Layout, split: str) -> list[str]:
    names = [name + layout.suffix for name in _BATCHES[split]]
    return [name for name in names if not os.path.isfile(f"{folder}/{name}")]


def _find(root: str, split: str) -> Optional[Tuple[str, _Layout]]:
    """The first archive, or folder that is complete, and its layout."""
    for source, layout in _candidates(root):
        if os.path.isfile(source) or not _absent(source, layout, split):
            return source, layout
    return None


def _missing(root: str, split: str) -> str:
    first, last = _BATCHES[split][0], _BATCHES[split][-1]
    names = first if first == last else f"{first} .. {last}"
    binary, python = _LAYOUTS
    message = (
        f"the {split} images of CIFAR-10 are missing: looked for {names} (.bin in the "
        f"binary version) in {root}/{binary.folder}, {root}/{python.folder} and {root}, "
        f"and for {binary.archive} and {python.archive} in {root}"
    )
    for folder, layout in _candidates(root):
        absent = _absent(folder, layout, split)
        if len(absent) < len(_BATCHES[split]):
            message += f" ({folder} lacks {', '.join(absent)})"
    return (
        f"{message}; set download=true or put {URL}{binary.archive} into {root}, "
        "as it is"
    )


def _batch_files(
    source: str, layout: _Layout, names: list[str]
) -> Iterator[Tuple[int, str, bytes]]:
    """Yields place in `names`, path for messages, and content of every file."""
    if os.path.isfile(source):
        yield from _archive_members(source, layout, names)
        return
    for index, name in enumerate(names):
        path = f"{source}/{name}"
        try:
            with open(path, "rb") as file:
                data = _read_batch(file, path)
        except OSError as error:
            raise UserError(
                f"{path} cannot be read ({error}); make it readable or get it again"
            ) from error
        yield index, path, data


def _max_batch_size() -> int:
    """Bytes that no batch file exceeds: half of the pixels may take two in a pickle."""
    return 2 * IMAGES_PER_FILE * (_PIXELS + 64) + 65536


def _read_batch(file: BinaryIO, path: str) -> bytes:
    limit = _max_batch_size()
    data = read_at_most(file, limit + 1)
    if len(data) > limit:
        raise UserError(
            f"{path} is damaged: it is longer than {limit} bytes, as no batch file is; get "
            "it again"
        )
    return data


def _archive_members(
    archive: str, layout: _Layout, names: list[str]
) -> Iterator[Tuple[int, str, bytes]]:
    wanted = {f"{layout.folder}/{name}": i for i, name in enumerate(names)}
    seen = set()
    # archives hold the files of both splits
    limit = 8 * _max_batch_size()
    try:
        with gzip.open(archive) as unpacked:
            stream = BoundedReader(unpacked, limit)
            # in the archive's own order: to seek back means to unpack it all again
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                for member in tar:
                    name = _checked_name(member, archive, seen)
                    if name in wanted:
                        path = f"{archive}:{name}"
                        data = _read_batch(tar.extractfile(member), path)
                        yield wanted.pop(name), path, data
            # to the end, where gzip's checksum tells whether the bytes are right
            while stream.read(1 << 20):
                pass
    except UserError:
        raise
    except (
        tarfile.TarError,
        OSError,
        EOFError,
        ValueError,
        RecursionError,
        zlib.error,
    ) as error:  # what gzip and tarfile raise on damaged archives
        raise UserError(
            f"{archive} is damaged ({error}); get the file again from {URL}"
        ) from error
    if wanted:
        raise UserError(
            f"{archive} lacks {', '.join(wanted)}; get the file again from {URL}"
        )


def _checked_name(member: tarfile.TarInfo, archive: str, seen: set[str]) -> str:
    """Name of a member as it may be in a published archive; it is added to `seen`."""
    name = posixpath.normpath(member.name)
    problem = None
    if name.startswith("/") or ".." in member.name.split("/"):
        problem = "lies outside of the archive's folder"
    elif not (member.isfile() or member.isdir()) or member.issparse():
        problem = "is a link, a device or a file with holes"
    elif name in seen:
        problem = "is there twice"
    elif len(seen) >= _MAX_MEMBERS:
        problem = f"is one of more than {_MAX_MEMBERS}"
    if problem is not None:
        raise UserError(
            f"{archive} is refused: its member {member.name!r} {problem}; get the published "
            f"file from {URL}"
        )
    seen.add(name)
    return name
