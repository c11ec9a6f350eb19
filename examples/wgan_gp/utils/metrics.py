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

from typing import Any
from typing import Callable
from typing import Dict
from typing import Tuple
from typing import Union

import numpy as np

from ppsci_ext.data import ToyDistribution
from ppsci_ext.metric import FeatureExtractor
from ppsci_ext.metric import FeatureSet
from ppsci_ext.metric import exact_wasserstein
from ppsci_ext.metric import extract
from ppsci_ext.metric import image_scores
from ppsci_ext.metric import mode_coverage

Batch = Union[np.ndarray, Tuple[np.ndarray, np.ndarray]]

MAX_HISTOGRAM = 20  # classes; Inception's 1008 would say little of the samples


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
    generate: Callable[[int], Batch],
    num_samples: int,
    batch_size: int,
    reference: FeatureSet,
    extractor: FeatureExtractor,
    seed: int,
) -> Dict[str, Any]:
    """Inception score, FID, KID, precision and recall in the extractor's space of features.

    Args:
        generate (Callable[[int], Batch]): Number -> uint8 images [n, C, H, W], or a pair of
            them and the classes asked for [n], as the extractor counts them.
        num_samples (int): Number of generated images.
        batch_size (int): Images per call.
        reference (FeatureSet): Real images to compare with.
        extractor (FeatureExtractor): Network whose scores these are.
        seed (int): Seed of KID's subsets.

    Returns:
        Dict[str, Any]: IS_mean, IS_std (10 contiguous splits), FID, and, where the reference has
            features and not only moments, KID_mean, KID_std, precision, recall; of a network of
            few classes also class_histogram, the number of samples that it puts in each class;
            with classes asked for class_accuracy, the share of samples put into theirs.
    """
    batches = (
        generate(min(batch_size, num_samples - start))
        for start in range(0, num_samples, batch_size)
    )
    generated = extract(
        batches,
        extractor,
        num_samples,
        "generated",
        keep_features=reference.features is not None,
    )
    metrics = image_scores(generated, reference, seed=seed)
    if generated.logits is not None:  # of a classifier
        counts = generated.logits.class_counts
        if len(counts) <= MAX_HISTOGRAM:
            metrics["class_histogram"] = counts.tolist()
    return metrics
