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

import itertools
from typing import Callable
from typing import Dict
from typing import Iterator
from typing import Optional
from typing import Sequence
from typing import Tuple
from typing import Union

import numpy as np
import paddle
from paddle import io

from ppsci_ext.data.images import ImageDataset
from ppsci_ext.data.toy import ToyDistribution
from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.rng import preserve_rng_state

Transform = Callable[[paddle.Tensor], paddle.Tensor]
Batch = Tuple[paddle.Tensor, Optional[paddle.Tensor]]
Source = Union[ImageDataset, ToyDistribution, np.ndarray, paddle.io.Dataset]


class BatchStream:
    """Endless stream of training batches, `next(stream)` -> (samples, labels).

    Every pass over the N items of the source is a fresh permutation of them: within a
    pass no item comes twice, and the last N mod batch_size items of the permutation are
    left out. A toy distribution has no passes, each batch is drawn from it. The stream
    has a random generator of its own and neither uses nor touches any other, except
    through `transform`.

    Samples are float32 tensors, [batch_size, ...]; only a transform gets to see uint8
    pixels. Labels are int64 tensors, [batch_size], or None.

    Args:
        source (Union[ImageDataset, ToyDistribution, np.ndarray, paddle.io.Dataset]):
            Images; a distribution; an array [N, ...]; or any map-style data set whose
            items are a sample or a pair (sample, label).
        batch_size (int): Items per batch, at most N.
        seed (int): Seed of the order, or of the samples of a distribution.
        transform (Optional[Callable]): Applied to every batch of samples. Defaults to
            None.

    Attributes:
        batch_size (int): As given.
        num_classes (int): The source's `num_classes`, 0 if it has none.
        sample_shape (list[int]): Shape of one sample after the transform.

    Raises:
        UserError: A source of another kind, or smaller than a batch, or with NaN or
            infinite numbers.

    Examples:
        >>> import numpy as np
        >>> from ppsci_ext.data import BatchStream
        >>> stream = BatchStream(np.zeros((10, 3), "float32"), batch_size=4, seed=0)
        >>> samples, labels = next(stream)
        >>> list(samples.shape), labels
        ([4, 3], None)
    """

    def __init__(
        self,
        source: Source,
        batch_size: int,
        seed: int,
        transform: Optional[Transform] = None,
    ):
        if batch_size < 1:
            raise UserError(f"batch_size is {batch_size}; make it 1 or more")
        self._source = source
        self._size = _checked_size(source)  # None: no end
        if self._size is not None and batch_size > self._size:
            raise UserError(
                f"batch_size is {batch_size} but the data set has only {self._size} "
                "samples; make it smaller"
            )
        self._transform = transform
        self._rng = np.random.Generator(np.random.PCG64(seed))
        self._rank, self._ranks = 0, 1
        self.batch_size = batch_size
        self.num_classes = int(getattr(source, "num_classes", 0))
        self.sample_shape = self._one_sample_shape()
        self._start_pass()

    def share(self, rank: int, ranks: int) -> None:
        """Take one part of `ranks` of the data from now on, the streams of equal sources
        and seeds in the other processes the others.

        Each takes its `batch_size` items of one common batch, `ranks` times as large, so
        that all of them together go through one permutation, and all have the same state,
        from which any number of them can go on.

        Args:
            rank (int): Number of the part, from 0.
            ranks (int): Number of parts.

        Raises:
            UserError: The source is smaller than a common batch.
        """
        if self._size is not None and self.batch_size * ranks > self._size:
            raise UserError(
                f"{ranks} processes with a batch_size of {self.batch_size} need more than "
                f"the {self._size} samples of the data set; make one of the two smaller"
            )
        self._rank, self._ranks = rank, ranks

    def __iter__(self) -> BatchStream:
        return self

    def __next__(self) -> Batch:
        common = self.batch_size * self._ranks
        part = slice(self._rank * self.batch_size, (self._rank + 1) * self.batch_size)
        if self._size is None:
            samples = self._source.sample(common, self._rng)[part]
            return _as_batch(samples, None, self._transform)
        if self._position + common > self._size:
            self._start_pass()
        end = self._position + common
        indices = self._order[self._position : end][part]
        self._position = end
        return _as_batch(*_fetch(self._source, indices), self._transform)

    def state_dict(self) -> Dict:
        """Where the stream stands, as plain numbers and text (JSON can hold it)."""
        rng = self._rng.bit_generator.state if self._size is None else self._pass_rng
        return {"rng": rng, "position": self._position, "size": self._size}

    def set_state_dict(self, state: Dict) -> None:
        """Goes on exactly where the stream stood whose `state_dict` this is.

        Args:
            state (Dict): From a stream over the same source; the batch size may differ.

        Raises:
            UserError: The state is not of such a stream.
        """
        try:
            rng = np.random.PCG64()
            rng.state = state["rng"]
            position, size = int(state["position"]), state["size"]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise UserError(
                f"the state of the data stream cannot be used ({error!r}); resume from "
                "another checkpoint"
            ) from error
        if size != self._size:
            raise UserError(
                f"the state of the data stream is that of {_describe(size)}, but the "
                f"data are {_describe(self._size)}; resume with the data of the first run"
            )
        if not 0 <= position <= (size or 0):
            raise UserError(
                f"the state of the data stream is damaged: position {position} in "
                f"{_describe(size)}; resume from another checkpoint"
            )
        self._rng = np.random.Generator(rng)
        self._start_pass()
        self._position = position

    def _start_pass(self) -> None:
        self._position = 0
        if self._size is not None:
            self._pass_rng = self._rng.bit_generator.state
            self._order = self._rng.permutation(self._size)

    def _one_sample_shape(self) -> list[int]:
        with preserve_rng_state():  # data sets and transforms may draw at random
            if self._size is None:
                samples, labels = self._source.sample(1, np.random.default_rng(0)), None
            else:
                samples, labels = _fetch(self._source, np.array([0]))
            samples, _ = _as_batch(samples, labels, self._transform)
        return list(samples.shape[1:])


class LoaderStream:
    """The interface of `BatchStream` over a `paddle.io.DataLoader`, started over and over.

    Order and randomness are the loader's. Batches of another size than the first, such as
    a smaller one at the end of a pass, are left out.

    Args:
        loader (paddle.io.DataLoader): Its batches are a tensor, [tensor], or
            [tensor, labels].
        transform (Optional[Callable]): Applied to every batch of samples. Defaults to
            None.

    Attributes:
        batch_size (int): Size of the loader's first batch.
        num_classes (int): `num_classes` of the loader's data set, 0 if it has none.
        sample_shape (list[int]): Shape of one sample after the transform.

    Raises:
        UserError: The loader gives no batch, or batches of another kind.
    """

    def __init__(
        self, loader: paddle.io.DataLoader, transform: Optional[Transform] = None
    ):
        self._loader = loader
        self._transform = transform
        self.num_classes = int(getattr(loader.dataset, "num_classes", 0))
        self.batch_size = 0
        batches = self._cycle()
        first = next(batches)
        self.sample_shape = list(first[0].shape[1:])
        self._batches = itertools.chain([first], batches)

    def share(self, rank: int, ranks: int) -> None:
        """Nothing to do where the loader shares its data between processes by itself.

        Raises:
            UserError: It does not: every process would get the same samples.
        """
        if not isinstance(self._loader.batch_sampler, io.DistributedBatchSampler):
            raise UserError(
                f"each of the {ranks} processes would train on all of the DataLoader's "
                "samples; give it a paddle.io.DistributedBatchSampler, or give the data "
                "set itself instead"
            )

    def __iter__(self) -> LoaderStream:
        return self

    def __next__(self) -> Batch:
        return next(self._batches)

    def _cycle(self) -> Iterator[Batch]:
        while True:
            empty = True
            for item in self._loader:
                samples, labels = _split(item)
                self.batch_size = self.batch_size or len(samples)
                if len(samples) == self.batch_size:
                    empty = False
                    yield _as_batch(samples, labels, self._transform)
            if empty:
                raise UserError(
                    "the DataLoader ended without giving a full batch; give it more data "
                    "or a smaller batch size"
                )

    def state_dict(self) -> Dict:
        """Nothing: a DataLoader does not tell where it stands."""
        return {}

    def set_state_dict(self, state: Dict) -> None:
        """Not possible.

        Raises:
            UserError: Always.
        """
        raise UserError(
            "training on a DataLoader cannot be resumed exactly, since a DataLoader's "
            "position cannot be restored; give the data set itself instead"
        )


def _checked_size(source: Source) -> Optional[int]:
    """Number of items, None for a distribution."""
    if isinstance(source, ToyDistribution):
        return None
    if isinstance(source, np.ndarray):
        if source.ndim < 2 or source.dtype.kind not in "fiub":
            raise UserError(
                f"an array of {source.dtype} and shape {list(source.shape)} cannot be "
                "trained on; give numbers of shape [N, ...]"
            )
        if source.dtype.kind == "f" and not np.isfinite(source).all():
            raise UserError("the training array holds NaN or infinite values")
        return len(source)
    if not isinstance(source, paddle.io.Dataset) or isinstance(
        source, paddle.io.IterableDataset
    ):
        raise UserError(
            f"a {type(source).__name__} cannot be trained on; give an array [N, ...], a "
            "paddle.io.Dataset with a length, or a paddle.io.DataLoader (LoaderStream)"
        )
    return len(source)


def _describe(size: Optional[int]) -> str:
    return "a distribution" if size is None else f"{size} samples"


def _split(item) -> Tuple:
    """Sample(s) and label(s) of what a user's data set or loader gives."""
    if not isinstance(item, (list, tuple)):
        item = (item,)
    if len(item) not in (1, 2) or not hasattr(item[0], "shape"):
        raise UserError(
            "an item of the data set must be an array or a tensor, or a pair of it and a "
            f"label, not ({', '.join(type(part).__name__ for part in item)})"
        )
    return item[0], item[1] if len(item) == 2 else None


def _fetch(
    source: Union[ImageDataset, np.ndarray, paddle.io.Dataset], indices: np.ndarray
) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """The items at `indices`, samples [B, ...] and labels [B]."""
    if isinstance(source, np.ndarray):
        return source[indices], None
    if isinstance(source, ImageDataset):
        labels = None if source.labels is None else source.labels[indices]
        return source.images[indices], labels
    samples, labels = zip(*(_split(source[int(i)]) for i in indices))
    if all(label is None for label in labels):
        return _stack(samples, "samples"), None
    return _stack(samples, "samples"), _stack(labels, "labels")


def _stack(items: Sequence, what: str) -> np.ndarray:
    arrays = [np.asarray(item) for item in items]
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1:
        raise UserError(
            f"the {what} of the data set differ in shape, such as {shapes[0]} and "
            f"{shapes[1]}; bring them to one shape"
        )
    return np.stack(arrays)


def _as_batch(samples, labels, transform: Optional[Transform]) -> Batch:
    """Samples as float32 (uint8 too for a transform) and labels as int64 [B], tensors."""
    for_transform = transform is not None and "uint8" in str(samples.dtype)
    if isinstance(samples, np.ndarray):
        # in NumPy, since Paddle reads uint16 as bfloat16 and keeps float64
        samples = samples if for_transform else samples.astype(np.float32, copy=False)
        samples = paddle.to_tensor(samples)
    elif not for_transform:
        samples = samples.astype("float32")
    if transform is not None:
        samples = transform(samples)
    if labels is None:
        return samples, None
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iub" or labels.size != len(samples):
        raise UserError(
            f"labels must be one integer a sample, not {labels.dtype} of shape "
            f"{list(labels.shape)} for {len(samples)} samples"
        )
    return samples, paddle.to_tensor(labels.reshape(-1).astype(np.int64))
