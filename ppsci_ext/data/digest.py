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

"""Digests by which data are recognised: the same data give the same, others another."""

from __future__ import annotations

import hashlib
import random
from typing import Any
from typing import Iterator
from typing import Optional

import numpy as np
import paddle

from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.rng import preserve_rng_state

_BLOCK = 1 << 24  # bytes at once: large enough to be quick, small beside any data
_SAMPLE = 64  # items of a data set of unknown kind


def array_digest(*arrays: Optional[np.ndarray]) -> str:
    """SHA-256 of arrays, their shapes and types included.

    Args:
        arrays (Optional[np.ndarray]): Numbers of any shape; None is something else than
            an array.

    Returns:
        str: 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for array in arrays:
        _update(digest, array)
    return digest.hexdigest()


def data_digest(source: Any) -> str:
    """Digest of what is trained on, to be kept beside a state of the training.

    Anything with an attribute `digest`, such as `ImageDataset`, gives its own. Arrays and
    dicts of arrays are taken whole. A distribution (anything with `sample(size, rng)`) is
    taken by a sample of it. Of a `paddle.io.Dataset` of another kind, only the length and
    64 items, evenly spaced from the first to the last (all of them, where there are no
    more), are taken: two that differ elsewhere have the same digest. Items that differ
    from one reading to the next, as with random augmentation that has a generator of its
    own, count with their shapes and types only.

    Args:
        source (Any): Array [N, ...], dict of arrays, data set, or `paddle.io.DataLoader`,
            which stands for its data set.

    Returns:
        str: 64 hexadecimal digits.

    Raises:
        UserError: Data of another kind.
    """
    own = getattr(source, "digest", None)
    if isinstance(own, str):
        return own
    if isinstance(source, paddle.io.DataLoader):
        return data_digest(source.dataset)
    if isinstance(source, (np.ndarray, paddle.Tensor, dict)):
        digest = hashlib.sha256()
        _update(digest, source)
        return digest.hexdigest()
    is_endless = isinstance(source, paddle.io.IterableDataset)
    if isinstance(source, paddle.io.Dataset) and not is_endless:
        return _sample_digest(source)
    if hasattr(source, "sample"):
        return array_digest(source.sample(_SAMPLE, np.random.default_rng(0)))
    raise UserError(
        f"no digest of a {type(source).__name__} can be taken; give it an attribute `digest`, "
        "a text that differs where the data differ"
    )


def _sample_digest(source: Any) -> str:
    count = len(source)
    digest = hashlib.sha256(f"{count} items".encode())
    places = np.linspace(0, count - 1, min(count, _SAMPLE)).round().astype(int)
    for place in places.tolist():
        first, second = (_item_digest(source, place) for _ in range(2))
        if first != second:
            first = _item_digest(source, place, with_values=False)
        digest.update(first.encode())
    return digest.hexdigest()


def _item_digest(source: Any, place: int, with_values: bool = True) -> str:
    digest = hashlib.sha256()
    with preserve_rng_state():  # items may be augmented at random
        paddle.seed(place)
        np.random.seed(place)
        random.seed(place)
        _update(digest, source[place], with_values)
    return digest.hexdigest()


def _update(digest: "hashlib._Hash", value: Any, with_values: bool = True) -> None:
    """Adds an item, of arrays, numbers and texts in lists and dicts, to a digest."""
    if isinstance(value, dict):
        digest.update(f"dict {len(value)}".encode())
        for key in sorted(value, key=str):
            digest.update(f"{key!r}:".encode())
            _update(digest, value[key], with_values)
    elif isinstance(value, (list, tuple)):
        digest.update(f"list {len(value)}".encode())
        for part in value:
            _update(digest, part, with_values)
    elif isinstance(value, (np.ndarray, np.generic, paddle.Tensor)):
        _update_by_array(digest, np.asarray(value), with_values)
    elif isinstance(value, (type(None), bool, int, float, complex, str, bytes)):
        digest.update(repr(value).encode() if with_values else b"")
    digest.update(f"{type(value).__name__};".encode())


def _update_by_array(
    digest: "hashlib._Hash", array: np.ndarray, with_values: bool
) -> None:
    digest.update(f"{array.dtype.str} {array.shape} ".encode())
    if not with_values:
        return
    if array.dtype.hasobject:
        _update(digest, array.tolist())
        return
    for block in byte_blocks(array):
        digest.update(block)


def byte_blocks(array: np.ndarray) -> Iterator[np.ndarray]:
    """The bytes of an array in the order of its indices, whatever that in memory is.

    Args:
        array (np.ndarray): Numbers of any shape.

    Yields:
        np.ndarray: uint8, contiguous; some MiB, also where the array has to be copied.
    """
    if array.flags.c_contiguous:
        array = array.reshape(-1)
    elif array[0].nbytes > _BLOCK:
        for part in array:
            yield from byte_blocks(part)
        return
    step = max(1, _BLOCK // max(1, array[:1].nbytes))
    for start in range(0, len(array), step):
        yield np.ascontiguousarray(array[start : start + step]).reshape(-1).view("u1")
