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

"""The scores of images as metrics of PaddleScience's validators."""

from __future__ import annotations

from typing import Dict
from typing import Iterable
from typing import Iterator

import numpy as np
import paddle
from ppsci.metric import base

from ppsci_ext.data import to_uint8
from ppsci_ext.metric.scores import SCORES
from ppsci_ext.metric.scores import SCORES_OF_FEATURES
from ppsci_ext.metric.scores import Extractor
from ppsci_ext.metric.scores import FeatureSet
from ppsci_ext.metric.scores import check_scores
from ppsci_ext.metric.scores import extract
from ppsci_ext.metric.scores import image_scores

_BATCH_SIZE = 256
_LESS_IS_BETTER = ("FID", "KID_mean", "KID_std")


class ImageScores(base.Metric):
    """Several scores of generated images (output) against real images (label).

    The classifier sees each image once, however many scores there are; so where more
    than one is wanted, use this class rather than one metric for each. The scores are
    those of sets of images: leave the Solver's compute_metric_by_batch at False.

    A Solver keeps the weights of the lowest first value of its validator's first metric.
    Scores of which less is better therefore come first here: FID, then KID. Inception
    Score, precision and recall grow with quality, so where nothing else is wanted, put
    another metric before this one.

    Args:
        extractor (Extractor): Maps uint8 images [B, C, H, W] to features [B, d] and
            logits [B, K], as `ppsci_ext.metric.FeatureExtractor`.
        low (float): Value of black in outputs and labels, see
            `ppsci_ext.data.to_uint8`. Defaults to -1.
        high (float): Value of white. Defaults to 1.
        scores (Iterable[str]): Names as in `image_scores`. Defaults to all.

    Raises:
        UserError: If a score is unknown.

    Examples:
        >>> import numpy as np
        >>> import paddle
        >>> from ppsci_ext.metric import ImageScores
        >>> def extractor(images):
        ...     features = images.reshape(len(images), -1).astype("float32")
        ...     return features, features
        >>> images = paddle.linspace(-1, 1, 16).reshape([4, 1, 2, 2])
        >>> metric = ImageScores(extractor, scores=["prc"])
        >>> metric({"image": images}, {"image": images})
        {'image.precision': 1.0, 'image.recall': 1.0}
    """

    def __init__(
        self,
        extractor: Extractor,
        low: float = -1.0,
        high: float = 1.0,
        scores: Iterable[str] = SCORES,
    ):
        super().__init__()
        self.extractor = extractor
        self.low = low
        self.high = high
        self.scores = check_scores(scores)

    @paddle.no_grad()
    def forward(
        self,
        output_dict: Dict[str, paddle.Tensor],
        label_dict: Dict[str, paddle.Tensor],
    ) -> Dict[str, float]:
        """Compute the scores of each key of the labels.

        Args:
            output_dict (Dict[str, paddle.Tensor]): Generated images, [N1, C, H, W].
            label_dict (Dict[str, paddle.Tensor]): Real images, [N2, C, H, W].

        Returns:
            Dict[str, float]: "<key>.<score>", such as "image.FID".

        Raises:
            UserError: If there are too few images, or they hold NaN.
        """
        result = {}
        for key in label_dict:
            generated = self._extract(output_dict[key], f"{key}, output")
            reference = None
            if set(self.scores) != {"isc"}:
                reference = self._extract(label_dict[key], f"{key}, label")
            values = image_scores(generated, reference, self.scores)
            for name in sorted(values, key=lambda n: n not in _LESS_IS_BETTER):
                result[f"{key}.{name}"] = values[name]
        return result

    def _extract(self, images: paddle.Tensor, description: str) -> FeatureSet:
        return extract(
            self._uint8_batches(images),
            self.extractor,
            len(images),
            description,
            keep_features=not set(self.scores).isdisjoint(SCORES_OF_FEATURES),
        )

    def _uint8_batches(self, images: paddle.Tensor) -> Iterator[np.ndarray]:
        for start in range(0, len(images), _BATCH_SIZE):
            batch = images[start : start + _BATCH_SIZE]
            yield to_uint8(batch, self.low, self.high)


class InceptionScore(ImageScores):
    """Inception Score of the outputs alone; more is better.

    Args: as for `ImageScores`.
    """

    def __init__(self, extractor: Extractor, low: float = -1.0, high: float = 1.0):
        super().__init__(extractor, low, high, scores=["isc"])


class FrechetDistance(ImageScores):
    """FID of outputs and labels; less is better.

    Args: as for `ImageScores`.
    """

    def __init__(self, extractor: Extractor, low: float = -1.0, high: float = 1.0):
        super().__init__(extractor, low, high, scores=["fid"])


class KernelDistance(ImageScores):
    """KID of outputs and labels; less is better.

    Args: as for `ImageScores`.
    """

    def __init__(self, extractor: Extractor, low: float = -1.0, high: float = 1.0):
        super().__init__(extractor, low, high, scores=["kid"])


class PrecisionRecall(ImageScores):
    """Precision and recall of outputs against labels; more is better.

    Args: as for `ImageScores`.
    """

    def __init__(self, extractor: Extractor, low: float = -1.0, high: float = 1.0):
        super().__init__(extractor, low, high, scores=["prc"])
