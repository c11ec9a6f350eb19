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


"""What a user asks to generate for, checked against the GAN."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from typing import Mapping
from typing import Optional

import numpy as np

from ppsci_ext.data import Condition
from ppsci_ext.data import as_arrays
from ppsci_ext.data.condition import to_tensors
from ppsci_ext.utils import UserError

if TYPE_CHECKING:
    from wgan_gp.models.base_gan import BaseGAN


def for_samples(
    gan: BaseGAN, labels: Any, condition: Any, num_samples: int
) -> Condition:
    """The condition of so many samples, as tensors.

    Args:
        gan (BaseGAN): GAN with `conditional` and `num_classes`.
        labels (Any): Classes, or None.
        condition (Any): Another condition, or None.
        num_samples (int): Number of samples.

    Returns:
        Condition: None where nothing is given, and classes are to be drawn.

    Raises:
        UserError: If it doesn't fit the GAN or the number of samples.
    """
    if labels is not None and condition is not None:
        raise UserError("Give labels or a condition, not both.")
    given = condition if labels is None else labels
    if not gan.conditional:
        if given is not None:
            raise UserError(
                "This GAN is unconditional, so that it takes no labels and no condition: "
                "leave them out, or train a conditional one."
            )
        return None
    if gan.num_classes:
        return to_tensors(check_labels(given, num_samples, gan.num_classes))
    if given is None:
        raise UserError(
            "This GAN generates for a condition: give one for each sample (condition=...)."
        )
    if labels is not None:
        raise UserError(
            "This GAN generates for a condition, not for classes: give condition=..."
        )
    return to_tensors(as_arrays(given, num_samples))


def check_labels(
    labels: Any, num_samples: int, num_classes: int
) -> Optional[np.ndarray]:
    """Classes as int64 [num_samples].

    Args:
        labels (Any): Integers of any width, or None.
        num_samples (int): Number of samples.
        num_classes (int): Number of classes.

    Raises:
        UserError: If they are no integers, too few or too many, or no such classes.
    """
    if labels is None:
        return None
    if isinstance(labels, Mapping):
        raise UserError("Labels must be a list of integers, not arrays by name.")
    array = labels if isinstance(labels, np.ndarray) else as_arrays(labels)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 1 and len(array) != num_samples:
        raise UserError(
            f"There are {len(array)} labels for {num_samples} samples: give as many."
        )
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise UserError(
            f"Labels must be a list of integers, one for each sample, not {array.dtype} of "
            f"shape {list(array.shape)}."
        )
    wrong = array[(array < 0) | (array >= num_classes)]
    if len(wrong):
        raise UserError(
            f"There is no class {wrong[0]}: the {num_classes} classes are 0 to "
            f"{num_classes - 1}."
        )
    return array.astype(np.int64)
