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
from typing import Optional

import numpy as np
import paddle

from ppsci.metric import base
from ppsci_ext.data import check_range
from ppsci_ext.data import to_uint8
from ppsci_ext.data.transform import check_ends
from ppsci_ext.metric.features import Batch
from ppsci_ext.metric.features import Extractor
from ppsci_ext.metric.features import FeatureSet
from ppsci_ext.metric.features import extract
from ppsci_ext.metric.scores import SCORES
from ppsci_ext.metric.scores import check_options
from ppsci_ext.metric.scores import image_scores
from ppsci_ext.metric.scores import keeps_features
from ppsci_ext.metric.scores import select_scores

_BATCH_SIZE = 256


class ImageScores(base.Metric):
    """Several scores of generated images (output) against real images (label).

    The classifier sees each image once, however many scores there are; so where more
    than one is wanted, use this class rather than one metric for each. The scores are
    those of sets of images: leave the Solver's compute_metric_by_batch at False.

    A Solver keeps the weights of the lowest first value of its validator's first metric.
    Scores of which less is better therefore come first here: FID, then KID. The others
    grow with quality, so where nothing else is wanted, put another metric before this one.
    A value that there isn't, see `image_scores`, is left out.

    Args:
        extractor (Extractor): Maps uint8 images [B, C, H, W] to features [B, d] and
            logits [B, K], as `ppsci_ext.metric.FeatureExtractor`.
        low (float): Value of black in outputs and labels, see
            `ppsci_ext.data.to_uint8`. Defaults to -1.
        high (float): Value of white. Defaults to 1.
        scores (Optional[Iterable[str]]): Names as in `image_scores`. Defaults to None, all
            that can be computed.
        class_key (Optional[str]): Key, among the labels, of the class that was asked for,
            integers [N1] or [N1, 1] that number the extractor's classes. Defaults to None.
        splits (int): Parts of the Inception score. Defaults to 10.
        **options (Optional[int]): As for `image_scores`.

    Raises:
        UserError: If a score or an option is unknown, a score can't be computed (of
            classes without class_key), or low is not below high.

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

    default: Optional[Iterable[str]] = None  # scores where none are given

    def __init__(
        self,
        extractor: Extractor,
        low: float = -1.0,
        high: float = 1.0,
        scores: Optional[Iterable[str]] = None,
        class_key: Optional[str] = None,
        splits: int = 10,
        **options: Optional[int],
    ):
        super().__init__()
        check_ends(low, high)
        check_options(options)
        self.extractor = extractor
        self.low = low
        self.high = high
        self.class_key = class_key
        self.splits = splits
        self.options = options
        known = ("moments", "features", "logits", *(["labels"] if class_key else []))
        self.scores = select_scores(
            self.default if scores is None else scores, known, known
        )

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
            UserError: If there are too few images, they hold NaN, or those of the labels
                lie beyond the range from low to high; outputs beyond it are clipped.
        """
        classes = (
            label_dict[self.class_key].flatten().numpy() if self.class_key else None
        )
        compares = any(SCORES[name].compares for name in self.scores)
        less_first = sorted(self.scores, key=lambda n: not SCORES[n].less_is_better)
        result = {}
        for key, real in label_dict.items():
            if key == self.class_key:
                continue
            generated = self._extract(output_dict[key], f"{key}, output", classes)
            reference = None
            if compares:
                least, most = float(real.min()), float(real.max())
                check_range((least, most), self.low, self.high, f"{key}, label")
                reference = self._extract(real, f"{key}, label")
            values = image_scores(generated, reference, self.scores, **self.options)
            for metric in (m for name in less_first for m in SCORES[name].metrics):
                if values[metric] is not None:
                    result[f"{key}.{metric}"] = values[metric]
        return result

    def _extract(
        self,
        images: paddle.Tensor,
        description: str,
        classes: Optional[np.ndarray] = None,
    ) -> FeatureSet:
        return extract(
            self._batches(images, classes),
            self.extractor,
            len(images),
            description,
            keep_features=keeps_features(self.scores),
            splits=self.splits,
        )

    def _batches(
        self, images: paddle.Tensor, classes: Optional[np.ndarray]
    ) -> Iterator[Batch]:
        for start in range(0, len(images), _BATCH_SIZE):
            part = slice(start, start + _BATCH_SIZE)
            pixels = to_uint8(images[part], self.low, self.high)
            yield pixels if classes is None else (pixels, classes[part])


class InceptionScore(ImageScores):
    """Inception Score of the outputs alone; more is better.

    Args: as for `ImageScores`, but for scores.
    """

    default = ("isc",)


class FrechetDistance(ImageScores):
    """FID of outputs and labels; less is better.

    Args: as for `ImageScores`, but for scores.
    """

    default = ("fid",)


class KernelDistance(ImageScores):
    """KID of outputs and labels; less is better.

    Args: as for `ImageScores`, but for scores.
    """

    default = ("kid",)


class PrecisionRecall(ImageScores):
    """Precision and recall of outputs against labels; more is better.

    Args: as for `ImageScores`, but for scores.
    """

    default = ("prc",)
