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

"""What training batches are made from, whatever form a user's data have."""

from __future__ import annotations

from typing import Any
from typing import Callable
from typing import Optional
from typing import Sequence
from typing import Tuple

import numpy as np
import paddle
from paddle import io

from ppsci_ext.data.condition import Condition
from ppsci_ext.data.condition import as_arrays
from ppsci_ext.data.condition import map_condition
from ppsci_ext.data.condition import to_tensors
from ppsci_ext.utils.errors import UserError

Transform = Callable[[paddle.Tensor], paddle.Tensor]
Batch = Tuple[paddle.Tensor, Condition]


class ArrayDataset(io.Dataset):
    """Samples in one array, with or without a condition.

    Args:
        samples (np.ndarray): Numbers, [N, ...].
        condition (Any): None, or what `as_arrays` takes, of N samples. Defaults to None.

    Raises:
        UserError: No numbers, NaN or infinite ones, or a condition of another length.
    """

    def __init__(self, samples: np.ndarray, condition: Any = None):
        super().__init__()
        if samples.ndim < 2 or samples.dtype.kind not in "fiub":
            raise UserError(
                f"An array of {samples.dtype} and shape {list(samples.shape)} cannot be trained on: "
                "give numbers of shape [N, ...]."
            )
        if samples.dtype.kind == "f" and not np.isfinite(samples).all():
            raise UserError(
                "The training array holds NaN or infinite values: remove them."
            )
        self.samples = samples
        self.condition = as_arrays(condition, len(samples))

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Tuple:
        return self.fetch(index)

    def fetch(self, indices: Any) -> Tuple:
        """Samples and condition at the indices."""
        return self.samples[indices], map_condition(
            lambda x: x[indices], self.condition
        )


def as_source(source: Any) -> Any:
    """A data set, or a source without end, from all that `BatchStream` takes.

    Raises:
        UserError: If it is of another kind.
    """
    if isinstance(source, (np.ndarray, paddle.Tensor)):
        return ArrayDataset(np.asarray(source))
    if isinstance(source, tuple) and len(source) == 2:
        return ArrayDataset(np.asarray(source[0]), source[1])
    is_map_style = isinstance(source, io.Dataset) and not isinstance(
        source, io.IterableDataset
    )
    if not is_map_style and not hasattr(source, "sample"):
        raise UserError(
            f"A {type(source).__name__} cannot be trained on: give an array [N, ...], a pair of it "
            "and its condition, a paddle.io.Dataset with a length, or a paddle.io.DataLoader."
        )
    return source


def split_item(item: Any) -> Tuple:
    """Sample(s) and condition of what a user's data set or loader gives.

    Raises:
        UserError: If it is neither a sample nor a pair.
    """
    if not isinstance(item, (list, tuple)):
        item = (item,)
    if len(item) not in (1, 2) or not hasattr(item[0], "shape"):
        raise UserError(
            "An item of the data set must be an array or a tensor, or a pair of it and its "
            f"condition, not ({', '.join(type(part).__name__ for part in item)})."
        )
    return item[0], item[1] if len(item) == 2 else None


def fetch(source: Any, indices: np.ndarray) -> Tuple[Any, Any]:
    """The items at `indices`: samples [B, ...] and their condition."""
    if hasattr(source, "fetch"):
        return source.fetch(indices)
    samples, conditions = zip(*(split_item(source[int(i)]) for i in indices))
    if all(condition is None for condition in conditions):
        return _stack(samples, "samples"), None
    if any(condition is None for condition in conditions):
        raise UserError(
            "Some items of the data set have a condition and others have none: give each one."
        )
    first = conditions[0]
    if any(_keys(condition) != _keys(first) for condition in conditions):
        raise UserError(
            "The conditions of the data set differ in the names of their arrays: give each "
            "item the same."
        )
    stacked = map_condition(lambda *each: _stack(each, "conditions"), *conditions)
    return _stack(samples, "samples"), stacked


def _keys(condition: Any) -> Any:
    return sorted(condition) if isinstance(condition, dict) else None


def _stack(items: Sequence, what: str) -> np.ndarray:
    arrays = [np.asarray(item) for item in items]
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1:
        raise UserError(
            f"The {what} of the data set differ in shape, such as {list(shapes[0])} and "
            f"{list(shapes[1])}: bring them to one shape."
        )
    return np.stack(arrays)


def as_batch(
    samples: Any, condition: Any, transform: Optional[Transform], num_classes: int = 0
) -> Batch:
    """Samples as float32 (uint8 too for a transform) and their condition, as tensors.

    Raises:
        UserError: If the condition isn't one, or with num_classes no label below it.
    """
    for_transform = transform is not None and "uint8" in str(samples.dtype)
    if isinstance(samples, np.ndarray):
        # in NumPy, since Paddle reads uint16 as bfloat16 and keeps float64
        samples = samples if for_transform else samples.astype(np.float32, copy=False)
        samples = paddle.to_tensor(samples)
    elif not for_transform:
        samples = samples.astype("float32")
    if transform is not None:
        samples = transform(samples)
    arrays = as_arrays(condition, len(samples))
    if num_classes and arrays is not None:
        check_classes(arrays, num_classes)
    return samples, to_tensors(arrays)


def check_classes(labels: Any, num_classes: int) -> None:
    """Refuse a condition that is no class below `num_classes`.

    Args:
        labels (Any): What `as_arrays` returned.
        num_classes (int): Number of classes.

    Raises:
        UserError: Naming the first such label.
    """
    if isinstance(labels, dict) or labels.dtype != np.int64 or labels.ndim != 1:
        raise UserError(
            "The condition of the data is no class: labels must be one integer for each sample."
        )
    if labels.min() < 0 or labels.max() >= num_classes:
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise UserError(
            f"The data have a label {wrong}, but the {num_classes} classes are 0 to "
            f"{num_classes - 1}: set the number of classes, or mend the labels."
        )
