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

"""Feature extractors, through which samples are compared: one table, which others read."""

from __future__ import annotations

from os import path as osp
from typing import Any
from typing import Callable
from typing import Dict
from typing import NamedTuple
from typing import Optional
from typing import Tuple

import numpy as np
from paddle import nn

from ppsci.utils import logger
from ppsci_ext.arch import CIFAR10Classifier
from ppsci_ext.arch import CIFARResNet
from ppsci_ext.arch import FIDInceptionV3
from ppsci_ext.arch import MNISTClassifier
from ppsci_ext.data.names import unknown_name
from ppsci_ext.metric.engine import build_engine
from ppsci_ext.utils.cache import cache_folder
from ppsci_ext.utils.digest import digest_in_name
from ppsci_ext.utils.digest import file_digest
from ppsci_ext.utils.download import download
from ppsci_ext.utils.errors import UserError

_MAX_BATCH_SIZE = 50
_ADDRESS = ("http://", "https://")


class FeatureExtractor:
    """A classifier seen as a function of uint8 images.

    Args:
        name (str): Name to report beside a score.
        sha256 (str): SHA-256 of the weights file, to report beside a score.
        network (nn.Layer): Maps uint8 [B, C, H, W] to a dict of [B, d]; it is put into
            evaluation mode.
        outputs (Tuple[str, str]): Keys of features and logits in that dict. Defaults to
            ("features", "logits").
        channels (int): Channels that the network takes, 1 or 3. Defaults to 3.
        size (Optional[int]): Height and width that it takes, pixels. Defaults to None,
            any.
        scores (str): What to call the scores. Defaults to "scores".
        data_set (Optional[str]): Name of the data set whose labels number its classes.
            Defaults to None, there is none.

    Attributes:
        name (str): As given.
        sha256 (str): As given.
        scores (str): As given.
        data_set (Optional[str]): As given.
        preprocessing (Dict[str, Optional[int]]): What identifies the preparation of the
            images, and of the numbers, beside the network itself.
    """

    def __init__(
        self,
        name: str,
        sha256: str,
        network: nn.Layer,
        outputs: Tuple[str, str] = ("features", "logits"),
        channels: int = 3,
        size: Optional[int] = None,
        scores: str = "scores",
        data_set: Optional[str] = None,
    ):
        self.name = name
        self.sha256 = sha256
        self.scores = scores
        self.data_set = data_set
        self.preprocessing = {"channels": channels, "size": size}
        self._network = network
        self._outputs = outputs
        self._channels = channels
        self._size = size
        self._engine = None
        self._engine_shape: Optional[Tuple[int, ...]] = None

    @property
    def num_features(self) -> int:
        """Number d of features of an image."""
        return self._network.num_features

    def to_float64(self) -> None:
        """Compute in double precision from now on, in several times the time."""
        self._network.to(dtype="float64")
        self._engine_shape = None
        self.preprocessing = {**self.preprocessing, "precision": 64}

    def __call__(self, images: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Compute features and logits, a limited number of images at a time.

        Args:
            images (np.ndarray): uint8 [B, C, H, W] with 0..255, any B >= 1; C is 1 or
                3. Where the network takes colours, grey images are repeated over R, G
                and B; where it takes one size, smaller images get a black margin.

        Returns:
            Tuple[np.ndarray, np.ndarray]: Features [B, d] and logits [B, K], float32, or
                after `to_float64` float64.

        Raises:
            UserError: If the images have more pixels or channels than the network takes.
            ValueError: If images is no uint8 array of four axes with at least one
                image.
        """
        if images.ndim != 4 or images.dtype != np.uint8 or len(images) == 0:
            raise ValueError(
                "images must be uint8 [B, C, H, W], not "
                f"{images.dtype} {list(images.shape)}"
            )
        images = self._fitted(images)
        if images.shape[1:] != self._engine_shape:
            self._engine_shape = images.shape[1:]
            self._engine = build_engine(
                self._network, self._engine_shape, self._outputs
            )
        batches = [
            self._engine(images[start : start + _MAX_BATCH_SIZE])
            for start in range(0, len(images), _MAX_BATCH_SIZE)
        ]
        features, logits = (np.concatenate(parts) for parts in zip(*batches))
        return features, logits

    def _fitted(self, images: np.ndarray) -> np.ndarray:
        """Bring the images to the channels and the size of the network."""
        _, channels, height, width = images.shape
        if channels not in (1, self._channels):
            taken = "1 channel" if self._channels == 1 else "3 channels or 1"
            raise UserError(
                f"The feature extractor {self.name} takes images of {taken}, not of "
                f"{channels}: convert them or choose another extractor."
            )
        if self._size is not None and max(height, width) > self._size:
            raise UserError(
                f"The feature extractor {self.name} takes images of at most {self._size}x"
                f"{self._size} pixels, not {height}x{width}: scale them down or choose "
                "another extractor."
            )
        if channels < self._channels:
            images = np.repeat(images, self._channels, axis=1)
        if self._size is None:
            return images
        margins = [
            (missing // 2, missing - missing // 2)
            for missing in (self._size - height, self._size - width)
        ]
        return np.pad(images, [(0, 0), (0, 0), *margins])


class ExtractorRow(NamedTuple):
    """A row of the table of feature extractors.

    Attributes:
        build (Callable): Maps the row's name, the SHA-256 and the path of the weights
            (both None without weights) to the extractor: a function of an array to
            features [B, d] and logits [B, K] (or None if it is no classifier) that has
            the attributes name, sha256, scores, num_features, preprocessing and data_set
            of `FeatureExtractor`.
        description (str): One line: the network, its features and classes.
        weights (Optional[str]): Address of the published weights, or their path within
            this package. Defaults to None, it has none.
        sha256 (str): Of these weights, all digits or the first ones. Defaults to "".
        takes (str): What the arrays are. Defaults to "images", uint8 [B, C, H, W].
    """

    build: Callable[[str, Optional[str], Optional[str]], Any]
    description: str
    weights: Optional[str] = None
    sha256: str = ""
    takes: str = "images"


def _of_images(load: Callable[[str], nn.Layer], **options: Any) -> Callable[..., Any]:
    """Makes `build` of a row from what loads a network and options of FeatureExtractor."""
    return lambda name, sha256, path: FeatureExtractor(
        name, sha256, load(path), **options
    )


EXTRACTORS: Dict[str, ExtractorRow] = {
    # TensorFlow's graph of 2015-12-05; published scores are made with it
    "inception_v3": ExtractorRow(
        _of_images(
            FIDInceptionV3.from_pretrained,
            outputs=("2048", "logits_unbiased"),
            scores="Inception scores",
        ),
        description="Inception-v3 of all published scores, 2048 features, 1008 classes",
        weights="https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
        "pt_inception-2015-12-05-6726825d.pth",
        sha256="6726825d",
    ),
    # of github.com/akamaster/pytorch_resnet_cifar10 (BSD-2-Clause)
    "cifar10_resnet56": ExtractorRow(
        _of_images(
            CIFARResNet.from_pretrained,
            size=32,
            scores="CIFAR-10 ResNet-56 scores",
            data_set="cifar10",
        ),
        description="ResNet-56 of He et al. 2016, 64 features, CIFAR-10's classes",
        weights="https://github.com/akamaster/pytorch_resnet_cifar10/raw/master/"
        "pretrained_models/resnet56-4bfd9763.th",
        sha256="4bfd9763",
    ),
    # these two of tools.train_classifier
    "cifar10_classifier": ExtractorRow(
        _of_images(
            CIFAR10Classifier.from_pretrained,
            size=32,
            scores="CIFAR-10 classifier scores",
            data_set="cifar10",
        ),
        description="small network, part of this package, 128 features, CIFAR-10's classes",
        weights="cifar10_classifier.safetensors",
        sha256="5b182e16991e7a3077ea6f56c934c911cb2bf0e4f3b66bbb494529a790ff4512",
    ),
    "mnist_classifier": ExtractorRow(
        _of_images(
            MNISTClassifier.from_pretrained,
            channels=1,
            size=28,
            scores="MNIST scores",
            data_set="mnist",
        ),
        description="small network, part of this package, 128 features, MNIST's classes",
        weights="mnist_classifier.safetensors",
        sha256="697dd5a5a8bf2424702c04512b8276550b65a40c47024a4f1aa135f981f3b3d2",
    ),
}


def extractor_names(takes: str = "images") -> Tuple[str, ...]:
    """Names of the feature extractors of one kind of arrays.

    Args:
        takes (str): See `ExtractorRow`. Defaults to "images".
    """
    return tuple(name for name, row in EXTRACTORS.items() if row.takes == takes)


def _embedded(takes: str) -> Tuple[str, ...]:
    """Names of the extractors of one kind of arrays whose weights are part of this package."""
    return tuple(
        name
        for name in extractor_names(takes)
        if EXTRACTORS[name].weights and osp.isfile(_shipped(EXTRACTORS[name].weights))
    )


def build_extractor(
    name: str, weights: Optional[str] = None, cache: Optional[str] = None
) -> FeatureExtractor:
    """Build a feature extractor by its name in the table `EXTRACTORS`.

    Args:
        name (str): One of these names.
        weights (Optional[str]): Path or address of the weights file. A file with the
            name of published weights decides on the network, whatever `name` says.
            Defaults to None, the published file.
        cache (Optional[str]): Folder in which files are kept that had to be fetched.
            Defaults to None, see `ppsci_ext.utils.cache.cache_folder`.

    Returns:
        FeatureExtractor: Ready to be called; of a row that doesn't take images, what that
            row builds.

    Raises:
        UserError: If the name is unknown, the file can't be fetched or found, it is not
            what it should be, or weights are given for an extractor that has none.
    """
    if name not in EXTRACTORS:
        raise unknown_name("feature extractor", name, tuple(EXTRACTORS))
    for other, row in EXTRACTORS.items():
        file_name = osp.basename(row.weights or "")
        if other != name and file_name and osp.basename(weights or "") == file_name:
            logger.message(f"{weights} are weights of {other}: it is used, not {name}.")
            name = other
    row = EXTRACTORS[name]
    if row.weights is None:
        if weights:
            raise UserError(
                f"The feature extractor {name} has no weights: leave them out."
            )
        return row.build(name, None, None)
    chosen = weights or row.weights
    try:
        path = _weights_file(chosen, cache_folder(cache))
    except UserError as error:
        if not chosen.startswith(_ADDRESS):
            raise
        raise UserError(
            f"{error}; or score by an extractor that is part of this package "
            f"({' or '.join(_embedded(row.takes))})"
        ) from error
    sha256 = file_digest(path)
    extractor = row.build(name, sha256, path)
    if not sha256.startswith(row.sha256):
        logger.warning(
            f"{path} does not hold the published weights of {name}: these scores can't be "
            "compared with anybody else's."
        )
    return extractor


def _shipped(weights: str) -> str:
    """Where a weights file lies if it is part of this package."""
    return osp.join(osp.dirname(osp.abspath(__file__)), weights)


def _weights_file(weights: str, cache: str) -> str:
    """Path of a weights file: fetched, part of this package or the user's."""
    if weights.startswith(_ADDRESS):
        path = osp.join(cache, "weights", osp.basename(weights))
        digits = digest_in_name(weights)
        return download(weights, path, digits and f"sha256:{digits}")
    shipped = _shipped(weights)
    path = shipped if osp.isfile(shipped) else osp.expanduser(weights)
    if not osp.isfile(path):
        raise UserError(
            f"There is no weights file {weights}: give its path or address, or none, to take "
            "the published one."
        )
    return path
