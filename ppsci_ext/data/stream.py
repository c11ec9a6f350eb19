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
from typing import Any
from typing import Dict
from typing import Iterator
from typing import Optional
from typing import Tuple

import numpy as np
import paddle
from paddle import io

from ppsci_ext.data.condition import map_condition
from ppsci_ext.data.digest import data_digest
from ppsci_ext.data.sources import Batch
from ppsci_ext.data.sources import Transform
from ppsci_ext.data.sources import as_batch
from ppsci_ext.data.sources import as_source
from ppsci_ext.data.sources import check_classes
from ppsci_ext.data.sources import fetch
from ppsci_ext.data.sources import split_item
from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.rng import preserve_rng_state
from ppsci_ext.utils.values import BatchSize
from ppsci_ext.utils.values import check_value


class BatchStream:
    """Endless stream of training batches, `next(stream)` -> (samples, condition).

    Every pass over the N items of the source is a fresh permutation of them: within a
    pass no item comes twice, and the last N mod batch_size items of the permutation are
    left out. A source without end has no passes, each batch is drawn from it. The stream
    has a random generator of its own and neither uses nor touches any other, except
    through `transform`.

    Samples are float32 tensors, [batch_size, ...]; only a transform gets to see uint8
    pixels. The condition is None, labels (int64 [batch_size]), a tensor [batch_size, ...] or a
    dict of such tensors, see `ppsci_ext.data.condition`.

    Args:
        source (Any): An array [N, ...]; a pair (array, condition); any map-style
            paddle.io.Dataset whose items are a sample or a pair (sample, condition), with an
            optional method `fetch(indices)` that gives many at once; or a source without end,
            an object with `sample(n, rng)`, which returns n samples or a pair of them and
            their condition.
        batch_size (int): Items per batch, at most N.
        seed (int): Seed of the order, or of the samples of a source without end.
        transform (Optional[Callable]): Applied to every batch of samples. Defaults to
            None.
        num_classes (int, optional): Number of classes, where labels beyond it are to be
            refused; 0 checks nothing. Defaults to 0.

    Attributes:
        batch_size (int): As given.
        sample_shape (list[int]): Shape of one sample after the transform.

    Raises:
        UserError: A source of another kind, or smaller than a batch, or with NaN or
            infinite numbers.

    Examples:
        >>> import numpy as np
        >>> from ppsci_ext.data import BatchStream
        >>> stream = BatchStream(np.zeros((10, 3), "float32"), batch_size=4, seed=0)
        >>> samples, condition = next(stream)
        >>> list(samples.shape), condition
        ([4, 3], None)
    """

    def __init__(
        self,
        source: Any,
        batch_size: int,
        seed: int,
        transform: Optional[Transform] = None,
        num_classes: int = 0,
    ):
        check_value("batch_size", batch_size, BatchSize)
        self._source = source = as_source(source)
        self._size = None if hasattr(source, "sample") else len(source)
        if self._size is not None and batch_size > self._size:
            raise UserError(
                f"batch_size is {batch_size} but the data set has only {self._size} "
                "samples: make it smaller."
            )
        if num_classes and getattr(source, "condition", None) is not None:
            check_classes(source.condition, num_classes)
        self._transform = transform
        self._rng = np.random.Generator(np.random.PCG64(seed))
        self._rank, self._ranks = 0, 1
        self._digest: Optional[str] = None
        self.batch_size = batch_size
        self._num_classes = num_classes
        self.sample_shape = list(self.example(1)[0].shape[1:])
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
                f"the {self._size} samples of the data set: make one of the two smaller."
            )
        self._rank, self._ranks = rank, ranks

    def __iter__(self) -> BatchStream:
        return self

    def __next__(self) -> Batch:
        common = self.batch_size * self._ranks
        part = slice(self._rank * self.batch_size, (self._rank + 1) * self.batch_size)
        if self._size is None:
            samples, condition = _pair(self._source.sample(common, self._rng))
            condition = map_condition(lambda array: array[part], condition)
            return self._batch(samples[part], condition)
        if self._position + common > self._size:
            self._start_pass()
        end = self._position + common
        indices = self._order[self._position : end][part]
        self._position = end
        return self._batch(*fetch(self._source, indices))

    def _batch(self, samples: Any, condition: Any) -> Batch:
        return as_batch(samples, condition, self._transform, self._num_classes)

    def example(self, count: int = 2) -> Batch:
        """The first samples of the source, while the stream and all random generators stay
        where they are.

        Args:
            count (int, optional): How many; a smaller source repeats. Defaults to 2.
        """
        with preserve_rng_state():  # data sets and transforms may draw at random
            if self._size is None:
                pair = _pair(self._source.sample(count, np.random.default_rng(0)))
            else:
                pair = fetch(self._source, np.arange(count) % self._size)
            return self._batch(*pair)

    @property
    def digest(self) -> str:
        """Of all samples and conditions, see `ppsci_ext.data.digest`."""
        if self._digest is None:
            self._digest = data_digest(self._source)
        return self._digest

    def state_dict(self) -> Dict:
        """Where the stream stands, and in which data, as plain numbers and text."""
        rng = self._rng.bit_generator.state if self._size is None else self._pass_rng
        return {
            "rng": rng,
            "position": self._position,
            "size": self._size,
            "digest": self.digest,
        }

    def other_data(self, state: Dict) -> Optional[Tuple[str, str]]:
        """What the data of a state were and what these are; None if they are the same.

        Args:
            state (Dict): From `state_dict`.
        """
        size, digest = state.get("size"), str(state.get("digest"))
        if (size, digest) == (self._size, self.digest):
            return None
        return _describe(size, digest), _describe(self._size, self.digest)

    def set_state_dict(self, state: Dict, allow_other_data: bool = False) -> None:
        """Goes on exactly where the stream stood whose `state_dict` this is.

        Args:
            state (Dict): From a stream over the same source; the batch size may differ.
            allow_other_data (bool, optional): Take up the random generator of a stream over
                other data, and begin a pass over these. Defaults to False.

        Raises:
            UserError: The state is not of such a stream.
        """
        try:
            rng = np.random.PCG64()
            rng.state = state["rng"]
            position, size = int(state["position"]), state["size"]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise UserError(
                f"The state of the data stream cannot be used ({error!r}): resume from another "
                "checkpoint."
            ) from error
        other = self.other_data(state)
        if other is not None and not allow_other_data:
            raise UserError(
                f"The state was made with other data: {other[0]}, and these are {other[1]}; "
                "go on with those data, or allow others by allow_other_data=True."
            )
        if not 0 <= position <= (size or 0):
            raise UserError(
                f"The state of the data stream is damaged, position {position} of {size} "
                "samples: resume from another checkpoint."
            )
        self._rng = np.random.Generator(rng)
        self._start_pass()
        if other is None:
            self._position = position

    def _start_pass(self) -> None:
        self._position = 0
        if self._size is not None:
            self._pass_rng = self._rng.bit_generator.state
            self._order = self._rng.permutation(self._size)


class LoaderStream:
    """The interface of `BatchStream` over a `paddle.io.DataLoader`, started over and over.

    Order and randomness are the loader's. Batches of another size than the first, such as
    a smaller one at the end of a pass, are left out.

    Args:
        loader (paddle.io.DataLoader): Its batches are a tensor, [tensor], or
            [tensor, condition].
        transform (Optional[Callable]): Applied to every batch of samples. Defaults to
            None.
        num_classes (int, optional): As for `BatchStream`. Defaults to 0.

    Attributes:
        batch_size (int): Size of the loader's first batch.
        sample_shape (list[int]): Shape of one sample after the transform.

    Raises:
        UserError: The loader gives no batch, or batches of another kind.
    """

    def __init__(
        self,
        loader: paddle.io.DataLoader,
        transform: Optional[Transform] = None,
        num_classes: int = 0,
    ):
        self._loader = loader
        self._transform = transform
        self._num_classes = num_classes
        self.batch_size = 0
        batches = self._cycle()
        self._first = next(batches)
        self.sample_shape = list(self._first[0].shape[1:])
        self._batches = itertools.chain([self._first], batches)

    def share(self, rank: int, ranks: int) -> None:
        """Nothing to do where the loader shares its data between processes by itself.

        Raises:
            UserError: It does not: every process would get the same samples.
        """
        if not isinstance(self._loader.batch_sampler, io.DistributedBatchSampler):
            raise UserError(
                f"Each of the {ranks} processes would train on all of the DataLoader's "
                "samples: give it a paddle.io.DistributedBatchSampler, or give the data "
                "set itself instead."
            )

    def __iter__(self) -> LoaderStream:
        return self

    def __next__(self) -> Batch:
        return next(self._batches)

    def example(self, count: int = 2) -> Batch:
        """The first samples of the first batch; fewer than `count` repeat."""
        indices = paddle.to_tensor(np.arange(count) % self.batch_size)
        samples, condition = self._first
        return samples[indices], map_condition(lambda x: x[indices], condition)

    def _cycle(self) -> Iterator[Batch]:
        while True:
            empty = True
            for item in self._loader:
                samples, condition = split_item(item)
                self.batch_size = self.batch_size or len(samples)
                if len(samples) == self.batch_size:
                    empty = False
                    yield as_batch(
                        samples, condition, self._transform, self._num_classes
                    )
            if empty:
                raise UserError(
                    "The DataLoader ended without giving a full batch: give it more data "
                    "or a smaller batch size."
                )

    def state_dict(self) -> Dict:
        """Nothing: a DataLoader does not tell where it stands."""
        return {}

    def other_data(self, state: Dict) -> Optional[Tuple[str, str]]:
        """None: `set_state_dict` refuses any state."""
        return None

    def set_state_dict(self, state: Dict, allow_other_data: bool = False) -> None:
        """Not possible.

        Raises:
            UserError: Always.
        """
        raise UserError(
            "Training on a DataLoader cannot be resumed, since a DataLoader doesn't tell where it "
            "stands: give the data set itself instead."
        )


def _describe(size: Optional[int], digest: str) -> str:
    count = "a distribution" if size is None else f"{size} samples"
    return f"{count} (digest {digest[:16]})"


def _pair(drawn: Any) -> Tuple[np.ndarray, Any]:
    """What a source without end has drawn, with or without a condition."""
    return drawn if isinstance(drawn, tuple) else (drawn, None)
