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

"""Feature extractors: trained classifiers through which images are compared."""

from __future__ import annotations

import difflib
import os
from typing import Callable
from typing import Dict
from typing import NamedTuple
from typing import Optional
from typing import Tuple
from typing import Union

import numpy as np
import paddle
from paddle import nn

from ppsci_ext.arch.resnet_cifar import CIFARResNet
from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.weights import sha256_of

_IMAGE_SIZE = 32
_BATCH_SIZE = 100


class FeatureExtractor:
    """A classifier seen as a function of uint8 images.

    Args:
        name (str): Name to report beside a metric.
        sha256 (str): SHA-256 of the weights file, to report beside a metric.
        network (nn.Layer): Maps uint8 [B, 3, 32, 32] to {"features": [B, d],
            "logits": [B, K]}; it is put into evaluation mode.

    Attributes:
        name (str): As given.
        sha256 (str): As given.
    """

    def __init__(self, name: str, sha256: str, network: nn.Layer):
        self.name = name
        self.sha256 = sha256
        self._network = network
        self._network.eval()

    def __call__(self, images: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Compute features and logits, a limited number of images at a time.

        Args:
            images (np.ndarray): uint8 [B, C, H, W] with 0..255, any B >= 1; C is 1 or
                3, H and W are at most 32. Grey images are repeated over R, G and B;
                images smaller than 32x32 get a black margin.

        Returns:
            Tuple[np.ndarray, np.ndarray]: Features [B, d] and logits [B, K], float64.

        Raises:
            UserError: If the images are larger than 32x32 or not of 1 or 3 channels.
            ValueError: If images is no uint8 array of four axes with at least one
                image.
        """
        images = _as_rgb_32x32(images)
        features, logits = [], []
        with paddle.no_grad():
            for start in range(0, len(images), _BATCH_SIZE):
                batch = paddle.to_tensor(images[start : start + _BATCH_SIZE])
                output = self._network(batch)
                features.append(output["features"].numpy())
                logits.append(output["logits"].numpy())
        return (
            np.concatenate(features).astype(np.float64),
            np.concatenate(logits).astype(np.float64),
        )


def build_extractor(name: str, weights: Optional[str]) -> FeatureExtractor:
    """Build a feature extractor by its name.

    Args:
        name (str): "cifar10_resnet56", the ResNet-56 of He et al. 2016 trained on
            CIFAR-10 (`ppsci_ext.arch.resnet_cifar.CIFARResNet`; d = 64, K = 10).
        weights (Optional[str]): Path of its weights file.

    Returns:
        FeatureExtractor: Ready to be called with images.

    Raises:
        UserError: If the name is unknown, or the file is not given, is missing, or is
            not the file expected.
    """
    if name not in _SOURCES:
        nearest = difflib.get_close_matches(str(name), _SOURCES, n=1, cutoff=0.0)[0]
        raise UserError(
            f"EVAL.extractor.name is {name!r}, which is unknown: use {nearest!r}."
        )
    source = _SOURCES[name]
    if weights is None:
        raise UserError(
            f"EVAL.extractor.weights is not set: give the path of {source.file_name} "
            f"from {source.origin}."
        )
    if not os.path.isfile(weights):
        raise UserError(
            f"EVAL.extractor.weights names {weights}, which is no file: give the path "
            f"of {source.file_name} from {source.origin}."
        )
    sha256 = sha256_of(weights)
    if not sha256.startswith(source.sha256_prefix):
        raise UserError(
            f"EVAL.extractor.weights names {weights}, which is another file or damaged "
            f"(its SHA-256 begins with {sha256[:8]}, not {source.sha256_prefix}): "
            f"fetch {source.file_name} anew from {source.origin}."
        )
    return FeatureExtractor(name, sha256, source.load(weights))


class _Source(NamedTuple):
    """Where the weights of an extractor come from, and how to load them."""

    load: Callable[[Union[str, "os.PathLike[str]"]], nn.Layer]
    file_name: str
    sha256_prefix: str
    origin: str


_SOURCES: Dict[str, _Source] = {
    "cifar10_resnet56": _Source(
        load=CIFARResNet.from_pretrained,
        file_name="resnet56-4bfd9763.th",
        sha256_prefix="4bfd9763",
        origin=(
            "github.com/akamaster/pytorch_resnet_cifar10, folder pretrained_models "
            "(BSD-2-Clause)"
        ),
    ),
}


def _as_rgb_32x32(images: np.ndarray) -> np.ndarray:
    """Bring uint8 [B, C, H, W] to uint8 [B, 3, 32, 32]."""
    if images.ndim != 4 or images.dtype != np.uint8 or len(images) == 0:
        raise ValueError(
            "images must be uint8 [B, C, H, W], not "
            f"{images.dtype} {list(images.shape)}"
        )
    _, channels, height, width = images.shape
    if channels not in (1, 3):
        raise UserError(
            f"The feature extractor takes images of 1 or 3 channels, not {channels}: "
            "evaluate this data set without an extractor."
        )
    if max(height, width) > _IMAGE_SIZE:
        raise UserError(
            f"The feature extractor takes images of at most {_IMAGE_SIZE}x"
            f"{_IMAGE_SIZE} pixels, not {height}x{width}: scale them down or "
            "evaluate this data set without an extractor."
        )
    if channels == 1:
        images = np.repeat(images, 3, axis=1)
    return np.pad(images, [(0, 0), (0, 0), _margins(height), _margins(width)])


def _margins(size: int) -> Tuple[int, int]:
    missing = _IMAGE_SIZE - size
    return missing // 2, missing - missing // 2
