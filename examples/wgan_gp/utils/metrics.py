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

"""What a case reports of its generator."""

from __future__ import annotations

from typing import Callable
from typing import Dict
from typing import Iterator
from typing import Optional
from typing import Tuple

import numpy as np
from tqdm import tqdm

from ppsci_ext.data import ToyDistribution
from ppsci_ext.metric import FeatureExtractor
from ppsci_ext.metric import FeatureStatistics
from ppsci_ext.metric import exact_wasserstein
from ppsci_ext.metric import frechet_distance
from ppsci_ext.metric import inception_score
from ppsci_ext.metric import mode_coverage

INCEPTION_SPLITS = 10  # contiguous, as in the authors' code


def toy_metrics(
    samples: np.ndarray, distribution: ToyDistribution, seed: int
) -> Dict[str, float]:
    """Modes covered, high-quality fraction and exact Wasserstein distances.

    Each figure comes with the same of real against real data ("real_..."), the best that a
    perfect generator could reach with as many samples.

    Args:
        samples (np.ndarray): Generated points, [n, 2].
        distribution (ToyDistribution): Distribution that was to be learnt.
        seed (int): Seed of the two real samples.

    Returns:
        Dict[str, float]: modes_* and high_quality only where there are modes; W1 and W2.
    """
    rng = np.random.default_rng(seed)
    reference = distribution.sample(len(samples), rng)
    real = distribution.sample(len(samples), rng)
    metrics = {}
    for prefix, points in (("", samples), ("real_", real)):
        if distribution.centers is not None:
            modes = mode_coverage(points, distribution.centers, distribution.std)
            metrics.update({f"{prefix}{name}": v for name, v in modes.items()})
        w1, w2 = exact_wasserstein(points, reference)
        metrics.update({f"{prefix}W1": w1, f"{prefix}W2": w2})
    metrics.pop("real_modes_total", None)
    return metrics


def image_metrics(
    generate: Callable[[int], np.ndarray],
    num_samples: int,
    batch_size: int,
    real: np.ndarray,
    extractor: FeatureExtractor,
) -> Dict[str, float]:
    """Inception score and Frechet distance in the extractor's space of features.

    Args:
        generate (Callable[[int], np.ndarray]): Number -> uint8 images [n, C, H, W].
        num_samples (int): Number of generated images.
        batch_size (int): Images per call.
        real (np.ndarray): All real images to compare with, uint8 [N, C, H, W].
        extractor (FeatureExtractor): Network whose scores these are.

    Returns:
        Dict[str, float]: IS_mean, IS_std (10 contiguous splits) and FID.
    """

    def generated() -> Iterator[np.ndarray]:
        for start in range(0, num_samples, batch_size):
            yield generate(min(batch_size, num_samples - start))

    def real_batches() -> Iterator[np.ndarray]:
        for start in range(0, len(real), batch_size):
            yield real[start : start + batch_size]

    reference, _ = _statistics(real_batches(), "real images", len(real), extractor)
    statistics, logits = _statistics(generated(), "generated", num_samples, extractor)
    score, deviation = inception_score(logits, INCEPTION_SPLITS)
    distance = frechet_distance(
        statistics.mean, statistics.cov, reference.mean, reference.cov
    )
    return {"IS_mean": score, "IS_std": deviation, "FID": distance}


def _statistics(
    batches: Iterator[np.ndarray], what: str, total: int, extractor: FeatureExtractor
) -> Tuple[FeatureStatistics, np.ndarray]:
    """Moments of the features and all logits [total, K], with a bar on a terminal."""
    statistics: Optional[FeatureStatistics] = None
    logits = []
    with tqdm(total=total, desc=what, unit="img", disable=None) as bar:
        for images in batches:
            features, batch_logits = extractor(images)
            statistics = statistics or FeatureStatistics(features.shape[1])
            statistics.update(features)
            logits.append(batch_logits)
            bar.update(len(images))
    return statistics, np.concatenate(logits)
