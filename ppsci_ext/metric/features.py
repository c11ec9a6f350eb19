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

"""What is known of a set of samples through a feature extractor, from one pass over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable
from typing import Iterable
from typing import List
from typing import Optional
from typing import Tuple
from typing import Union

import numpy as np
from tqdm import tqdm

from ppsci_ext.metric.class_accuracy import check_labels
from ppsci_ext.metric.frechet import FeatureStatistics
from ppsci_ext.metric.inception_score import LogitStatistics
from ppsci_ext.utils.errors import UserError

# Maps samples to features [B, d] and to logits [B, K], or None if it is no classifier.
Extractor = Callable[[np.ndarray], Tuple[np.ndarray, Optional[np.ndarray]]]
Batch = Union[
    np.ndarray, Tuple[np.ndarray, np.ndarray]
]  # samples, or with their labels


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """What is known of a set of samples through a feature extractor.

    Moments that others have published come without features and logits.

    Attributes:
        count (Optional[int]): Number N of samples, None if unknown.
        mean (np.ndarray): [d], mean of the features.
        cov (np.ndarray): [d, d], their unbiased covariance.
        features (Optional[np.ndarray]): float32 [N, d]. Defaults to None.
        logits (Optional[LogitStatistics]): Complete, of all N samples. Defaults to None.
        labels (Optional[np.ndarray]): int64 [N], class that was asked for. Defaults to
            None.
        predicted (Optional[np.ndarray]): int64 [N], class of the largest logit, kept
            where there are labels. Defaults to None.
    """

    count: Optional[int]
    mean: np.ndarray
    cov: np.ndarray
    features: Optional[np.ndarray] = None
    logits: Optional[LogitStatistics] = None
    labels: Optional[np.ndarray] = None
    predicted: Optional[np.ndarray] = None

    @property
    def parts(self) -> Tuple[str, ...]:
        """Those of "moments", "features", "logits" and "labels" that there are."""
        optional = ("features", "logits", "labels")
        present = [name for name in optional if getattr(self, name) is not None]
        return ("moments", *present)


def extract(
    batches: Iterable[Batch],
    extractor: Extractor,
    num_samples: int,
    description: str,
    keep_features: bool = True,
    shuffle_seed: Optional[int] = None,
    splits: int = 10,
) -> FeatureSet:
    """Send samples through a feature extractor once, with a progress bar on a terminal.

    Args:
        batches (Iterable[Batch]): Arrays with B first, as the extractor takes them (an
            extractor of images: uint8 [B, C, H, W]), or pairs of these and of labels,
            integers [B], which count the extractor's classes.
        extractor (Extractor): Maps them to features [B, d] and logits [B, K]; None in
            place of the logits if it is no classifier.
        num_samples (int): Number N of samples in all batches together, at least 2.
        description (str): What the samples are, for the progress bar.
        keep_features (bool): Whether to keep the features, 4 N d bytes, which some
            scores need. Defaults to True.
        shuffle_seed (Optional[int]): See `LogitStatistics`. Defaults to None.
        splits (int): Number of parts of the Inception score. Defaults to 10.

    Returns:
        FeatureSet: Of the N samples.

    Raises:
        UserError: If there are fewer than two samples, or labels that don't number the
            extractor's classes.
        ValueError: If there are more or fewer than num_samples.
    """
    if num_samples < 2:
        raise UserError(
            f"Scores need at least 2 samples, not {num_samples}: give more of them."
        )
    moments: Optional[FeatureStatistics] = None
    logits: Optional[LogitStatistics] = None
    kept: Optional[np.ndarray] = None
    classes: List[Tuple[np.ndarray, np.ndarray]] = []  # asked for, found
    with tqdm(total=num_samples, desc=description, disable=None) as bar:
        for batch in batches:
            samples, asked = batch if isinstance(batch, tuple) else (batch, None)
            features, batch_logits = extractor(samples)
            if moments is None:
                moments = FeatureStatistics(features.shape[1])
                if batch_logits is not None:
                    num_classes = batch_logits.shape[1]
                    logits = LogitStatistics(
                        num_samples, num_classes, splits, shuffle_seed
                    )
                if keep_features:
                    kept = np.empty((num_samples, features.shape[1]), np.float32)
            start, end = moments.count, moments.count + len(features)
            if end > num_samples:
                raise ValueError(f"{end} samples came, not {num_samples}")
            moments.update(features)
            if kept is not None:
                kept[start:end] = features
            if logits is not None:
                logits.update(batch_logits)
                if asked is not None:
                    asked = check_labels(asked, len(samples), num_classes)
                    classes.append((asked, batch_logits.argmax(axis=1)))
            bar.update(len(samples))
    if moments is None or moments.count < num_samples:
        raise ValueError(f"there are fewer than {num_samples} samples")
    labels, predicted = np.concatenate(classes, axis=1) if classes else (None, None)
    return FeatureSet(
        num_samples, moments.mean, moments.cov, kept, logits, labels, predicted
    )
