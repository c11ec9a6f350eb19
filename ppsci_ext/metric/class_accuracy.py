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

"""Whether samples that were asked for by class are of that class."""

from __future__ import annotations

import numpy as np

from ppsci_ext.utils.errors import UserError


def class_accuracy(predicted: np.ndarray, labels: np.ndarray) -> float:
    """Compute the share of samples that a classifier puts into the class asked for.

    For real images and their labels it is the accuracy of the classifier itself, which
    is what a conditional generator can reach. Images of one kind in each class reach it
    too: read it beside a score of variety.

    Args:
        predicted (np.ndarray): Integers [N], class that the classifier finds.
        labels (np.ndarray): Integers [N], class that was asked for, counted in the same
            way.

    Returns:
        float: 0 to 1.

    Raises:
        ValueError: If there are no samples, or not as many of both.

    Examples:
        >>> import numpy as np
        >>> from ppsci_ext.metric import class_accuracy
        >>> class_accuracy(np.array([3, 1, 4, 1]), np.array([3, 1, 4, 2]))
        0.75
    """
    predicted, labels = np.asarray(predicted), np.asarray(labels)
    if predicted.ndim != 1 or predicted.shape != labels.shape or not len(labels):
        raise ValueError(
            "predicted classes and labels must both be [N], not "
            f"{list(predicted.shape)} and {list(labels.shape)}"
        )
    return float(np.mean(predicted == labels))


def check_labels(labels: np.ndarray, count: int, num_classes: int) -> np.ndarray:
    """Make sure that labels number the classes of a classifier.

    Args:
        labels (np.ndarray): Classes asked for, [B].
        count (int): Number B of samples.
        num_classes (int): Number of classes K of the classifier.

    Returns:
        np.ndarray: int64 [B].

    Raises:
        UserError: If they are no integers from 0 to K - 1, one for each sample.
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise UserError(
            f"Labels must be integers, one for each of {count} samples, not "
            f"{labels.dtype} {list(labels.shape)}: give the class asked for."
        )
    if labels.min() < 0 or labels.max() >= num_classes:
        raise UserError(
            f"Labels lie in {labels.min()}..{labels.max()}, but the classifier knows the "
            f"classes 0..{num_classes - 1}: use a classifier of the same classes."
        )
    return labels.astype(np.int64)
