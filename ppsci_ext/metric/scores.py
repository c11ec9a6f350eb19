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

"""All scores of generated images, from one pass of a classifier over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable
from typing import Dict
from typing import Iterable
from typing import Optional
from typing import Tuple

import numpy as np
from tqdm import tqdm

from ppsci_ext.data.names import unknown_name
from ppsci_ext.metric.frechet import FeatureStatistics
from ppsci_ext.metric.frechet import frechet_distance
from ppsci_ext.metric.inception_score import LogitStatistics
from ppsci_ext.metric.kernel import kernel_inception_distance
from ppsci_ext.metric.precision_recall import precision_recall
from ppsci_ext.utils.errors import UserError

Extractor = Callable[[np.ndarray], Tuple[np.ndarray, np.ndarray]]

SCORES = ("isc", "fid", "kid", "prc")
SCORES_OF_FEATURES = ("kid", "prc")  # those that need the features themselves
_SUBSET_SIZE = 1000  # of the kernel distance


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """What is known of a set of images through a classifier.

    Statistics that others have published lack features and logits.

    Attributes:
        count (Optional[int]): Number N of images, None if unknown.
        mean (np.ndarray): [d], mean of the features.
        cov (np.ndarray): [d, d], their unbiased covariance.
        features (Optional[np.ndarray]): float32 [N, d]. Defaults to None.
        logits (Optional[LogitStatistics]): Complete, of all N images. Defaults to None.
    """

    count: Optional[int]
    mean: np.ndarray
    cov: np.ndarray
    features: Optional[np.ndarray] = None
    logits: Optional[LogitStatistics] = None


def extract(
    batches: Iterable[np.ndarray],
    extractor: Extractor,
    num_images: int,
    description: str,
    keep_features: bool = True,
    shuffle_seed: Optional[int] = None,
) -> FeatureSet:
    """Send images through a classifier once, with a progress bar on a terminal.

    Args:
        batches (Iterable[np.ndarray]): uint8 images [B, C, H, W].
        extractor (Extractor): Maps them to features [B, d] and logits [B, K].
        num_images (int): Number N of images in all batches together, at least 2.
        description (str): What the images are, for the progress bar.
        keep_features (bool): Whether to keep the features, 4 N d bytes, which the
            kernel distance and precision and recall need. Defaults to True.
        shuffle_seed (Optional[int]): See `LogitStatistics`. Defaults to None.

    Returns:
        FeatureSet: Of the N images.

    Raises:
        UserError: If there are fewer than two images.
        ValueError: If there are more or fewer than num_images.
    """
    if num_images < 2:
        raise UserError(
            f"Scores of images need at least 2 images, not {num_images}: raise "
            "EVAL.num_samples."
        )
    statistics: Optional[FeatureStatistics] = None
    kept: Optional[np.ndarray] = None
    with tqdm(total=num_images, desc=description, unit="img", disable=None) as bar:
        for images in batches:
            features, batch_logits = extractor(images)
            if statistics is None:
                num_features = features.shape[1]
                statistics = FeatureStatistics(num_features)
                logits = LogitStatistics(
                    num_images, batch_logits.shape[1], shuffle_seed=shuffle_seed
                )
                if keep_features:
                    kept = np.empty((num_images, num_features), np.float32)
            start = statistics.count
            logits.update(batch_logits)  # refuses an image too many
            statistics.update(features)
            if kept is not None:
                kept[start : statistics.count] = features
            bar.update(len(images))
    if statistics is None or statistics.count < num_images:
        raise ValueError(f"there are fewer than {num_images} images")
    return FeatureSet(num_images, statistics.mean, statistics.cov, kept, logits)


def check_scores(scores: Iterable[str]) -> Tuple[str, ...]:
    """Return the names of scores, having made sure that there are such scores.

    Raises:
        UserError: If one is unknown.
    """
    scores = tuple(scores)
    for name in scores:
        if name not in SCORES:
            raise unknown_name("score", name, SCORES)
    return scores


def image_scores(
    generated: FeatureSet,
    reference: Optional[FeatureSet],
    scores: Iterable[str] = SCORES,
    seed: int = 2020,
) -> Dict[str, float]:
    """Compute those of the wanted scores for which enough is known.

    Args:
        generated (FeatureSet): Generated images.
        reference (Optional[FeatureSet]): Real images; without them there is only the
            Inception Score, without their features no "kid" and "prc".
        scores (Iterable[str]): "isc", Inception Score of 10 splits; "fid", Frechet
            distance; "kid", kernel distance of 100 subsets of 1000 images, or of as many
            as the smaller set has (of which there is then but one, so that KID_std says
            little); "prc", precision and recall of 3 neighbours. Defaults to all.
        seed (int): Seed of the subsets of "kid". Defaults to 2020, torch-fidelity's.

    Returns:
        Dict[str, float]: Some of IS_mean, IS_std, FID, KID_mean, KID_std, precision and
            recall, in this order.

    Raises:
        UserError: If a score is unknown, there are too few images for one, or the sets
            have different numbers of features.
    """
    wanted = check_scores(scores)
    result: Dict[str, float] = {}
    if "isc" in wanted and generated.logits is not None:
        result["IS_mean"], result["IS_std"] = generated.logits.score()
    if reference is None:
        return result
    if len(reference.mean) != len(generated.mean):
        raise UserError(
            f"The reference has {len(reference.mean)} features, but the classifier "
            f"gives {len(generated.mean)}: use a reference of the same classifier."
        )
    if "fid" in wanted:
        result["FID"] = frechet_distance(
            generated.mean, generated.cov, reference.mean, reference.cov
        )
    if generated.features is None or reference.features is None:
        return result
    if "kid" in wanted:
        sizes = len(generated.features), len(reference.features)
        result["KID_mean"], result["KID_std"] = kernel_inception_distance(
            generated.features,
            reference.features,
            subset_size=min(_SUBSET_SIZE, *sizes),
            seed=seed,
        )
    if "prc" in wanted:
        result["precision"], result["recall"] = precision_recall(
            reference.features, generated.features
        )
    return result
