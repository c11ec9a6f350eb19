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

from ppsci.utils import logger
from ppsci_ext.metric.class_accuracy import check_labels
from ppsci_ext.metric.frechet import FeatureStatistics
from ppsci_ext.metric.inception_score import LogitStatistics
from ppsci_ext.utils.errors import UserError

MAX_FEATURES = 100_000  # as many as the 100 subsets of 1000 of the kernel distance hold
_SEED = 0  # of which they are, where there are more samples

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
        features (Optional[np.ndarray]): float32 [N, d]; of more than MAX_FEATURES samples,
            those of so many, drawn at random, in order. Defaults to None.
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

    Of each sample no more is kept than its part of the Inception score and its classes (24
    bytes), beside the features of MAX_FEATURES samples where they are wanted.

    Args:
        batches (Iterable[Batch]): Arrays with B first, as the extractor takes them (an
            extractor of images: uint8 [B, C, H, W]), or pairs of these and of labels,
            integers [B], which count the extractor's classes.
        extractor (Extractor): Maps them to features [B, d] and logits [B, K]; None in
            place of the logits if it is no classifier.
        num_samples (int): Number N of samples in all batches together, at least 2.
        description (str): What the samples are, for the progress bar.
        keep_features (bool): Whether to keep features, 4 d min(N, MAX_FEATURES) bytes,
            which some scores need. Defaults to True.
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
    kept: Optional[_Kept] = None
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
                    kept = _Kept(num_samples, features.shape[1])
            end = moments.count + len(features)
            if end > num_samples:
                raise ValueError(f"{end} samples came, not {num_samples}")
            if kept is not None:
                kept.update(moments.count, features)
            moments.update(features)
            if logits is not None:
                logits.update(batch_logits)
                if asked is not None:
                    asked = check_labels(asked, len(samples), num_classes)
                    classes.append((asked, batch_logits.argmax(axis=1)))
            bar.update(len(samples))
    if moments is None or moments.count < num_samples:
        raise ValueError(f"there are fewer than {num_samples} samples")
    labels, predicted = np.concatenate(classes, axis=1) if classes else (None, None)
    if kept is not None and len(kept.features) < num_samples:
        logger.info(
            f"The features of {len(kept.features)} of the {num_samples} samples "
            f"({description}) are kept, drawn at random: KID, precision and recall are of "
            "those, the other scores of all."
        )
    return FeatureSet(
        num_samples,
        moments.mean,
        moments.cov,
        kept and kept.features,
        logits,
        labels,
        predicted,
    )


class _Kept:
    """Features of all samples of a stream, or of MAX_FEATURES of them.

    Attributes:
        features (np.ndarray): float32 [min(N, MAX_FEATURES), d], filled in by `update`.
    """

    def __init__(self, num_samples: int, num_features: int):
        self._places = np.arange(min(num_samples, MAX_FEATURES))
        if num_samples > MAX_FEATURES:
            # not the first ones: a folder may be sorted by class
            rng = np.random.default_rng(_SEED)
            chosen = rng.choice(num_samples, MAX_FEATURES, replace=False)
            self._places = np.sort(chosen)
        self.features = np.empty((len(self._places), num_features), np.float32)

    def update(self, start: int, features: np.ndarray) -> None:
        """Take what is wanted of a batch [B, d] whose first sample has the number start."""
        first, last = np.searchsorted(self._places, [start, start + len(features)])
        self.features[first:last] = features[self._places[first:last] - start]
