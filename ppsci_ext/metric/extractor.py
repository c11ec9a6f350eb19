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

import os
from os import path as osp
from typing import Callable
from typing import Dict
from typing import NamedTuple
from typing import Optional
from typing import Tuple
from typing import Union

import numpy as np
from paddle import nn
from ppsci.utils import logger

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


class Classifier(NamedTuple):
    """What is known of a trained network that can serve as an extractor."""

    scores: str  # what to call scores in its features
    load: Callable[[Union[str, "os.PathLike[str]"]], nn.Layer]
    url: str  # of its weights, or their path within this package
    sha256: str  # of the published weights, all digits or the first ones
    outputs: Tuple[str, str]  # keys of features and logits
    channels: int
    size: Optional[int]  # height and width, pixels; None where the network resizes


CLASSIFIERS: Dict[str, Classifier] = {
    # TensorFlow's graph of 2015-12-05; published scores are made with it
    "inception_v3": Classifier(
        scores="Inception scores",
        load=FIDInceptionV3.from_pretrained,
        url="https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
        "pt_inception-2015-12-05-6726825d.pth",
        sha256="6726825d",
        outputs=("2048", "logits_unbiased"),
        channels=3,
        size=None,
    ),
    # of github.com/akamaster/pytorch_resnet_cifar10 (BSD-2-Clause)
    "cifar10_resnet56": Classifier(
        scores="CIFAR-10 ResNet-56 scores",
        load=CIFARResNet.from_pretrained,
        url="https://github.com/akamaster/pytorch_resnet_cifar10/raw/master/"
        "pretrained_models/resnet56-4bfd9763.th",
        sha256="4bfd9763",
        outputs=("features", "logits"),
        channels=3,
        size=32,
    ),
    # of tools/train_mnist_classifier.py
    "mnist_classifier": Classifier(
        scores="MNIST scores",
        load=MNISTClassifier.from_pretrained,
        url="mnist_classifier.safetensors",
        sha256="697dd5a5a8bf2424702c04512b8276550b65a40c47024a4f1aa135f981f3b3d2",
        outputs=("features", "logits"),
        channels=1,
        size=28,
    ),
}


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

    Attributes:
        name (str): As given.
        sha256 (str): As given.
        scores (str): As given.
        preprocessing (Dict[str, Optional[int]]): What identifies the preparation of the
            images beside the network itself.
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
    ):
        self.name = name
        self.sha256 = sha256
        self.scores = scores
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

    def __call__(self, images: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Compute features and logits, a limited number of images at a time.

        Args:
            images (np.ndarray): uint8 [B, C, H, W] with 0..255, any B >= 1; C is 1 or
                3. Where the network takes colours, grey images are repeated over R, G
                and B; where it takes one size, smaller images get a black margin.

        Returns:
            Tuple[np.ndarray, np.ndarray]: Features [B, d] and logits [B, K], float32.

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
            raise UserError(
                f"The feature extractor {self.name} takes images of "
                f"{self._channels} channels or 1, not {channels}: choose another one by "
                "EVAL.extractor.name."
            )
        if self._size is not None and max(height, width) > self._size:
            raise UserError(
                f"The feature extractor {self.name} takes images of at most {self._size}x"
                f"{self._size} pixels, not {height}x{width}: scale them down or choose "
                "another one by EVAL.extractor.name."
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


def build_extractor(
    name: str, weights: Optional[str] = None, cache: Optional[str] = None
) -> FeatureExtractor:
    """Build a feature extractor by its name.

    | name | network | features | classes |
    |---|---|---|---|
    | inception_v3 | `FIDInceptionV3`, of published scores | 2048 | 1008 |
    | cifar10_resnet56 | `CIFARResNet`, ResNet-56 of He et al. 2016 | 64 | 10 |
    | mnist_classifier | `MNISTClassifier`, part of this package | 128 | 10 |

    Args:
        name (str): One of these names.
        weights (Optional[str]): Path or address of the weights file. A file with the
            name of published weights decides on the network, whatever `name` says.
            Defaults to None, the published file.
        cache (Optional[str]): Folder in which files are kept that had to be fetched.
            Defaults to None, see `ppsci_ext.utils.cache.cache_folder`.

    Returns:
        FeatureExtractor: Ready to be called with images.

    Raises:
        UserError: If the name is unknown, the file can't be fetched or found, or it is
            not what it should be.
    """
    if name not in CLASSIFIERS:
        raise unknown_name("EVAL.extractor.name", name, tuple(CLASSIFIERS))
    for other, candidate in CLASSIFIERS.items():
        is_its_file = osp.basename(weights or "") == osp.basename(candidate.url)
        if is_its_file and other != name:
            logger.message(f"{weights} are weights of {other}: it is used, not {name}.")
            name = other
    classifier = CLASSIFIERS[name]
    path = _weights_file(weights or classifier.url, cache_folder(cache))
    network = classifier.load(path)
    sha256 = file_digest(path)
    if not sha256.startswith(classifier.sha256):
        logger.warning(
            f"{path} does not hold the published weights of {name}: these scores can't be "
            "compared with anybody else's."
        )
    return FeatureExtractor(
        name,
        sha256,
        network,
        classifier.outputs,
        classifier.channels,
        classifier.size,
        classifier.scores,
    )


def _weights_file(weights: str, cache: str) -> str:
    """Path of a weights file: fetched, part of this package or the user's."""
    if weights.startswith(("http://", "https://")):
        path = osp.join(cache, "weights", osp.basename(weights))
        digits = digest_in_name(weights)
        return download(weights, path, digits and f"sha256:{digits}")
    shipped = osp.join(osp.dirname(osp.abspath(__file__)), weights)
    path = shipped if osp.isfile(shipped) else osp.expanduser(weights)
    if not osp.isfile(path):
        raise UserError(
            f"EVAL.extractor.weights names {weights}, which is no file: give its path or "
            "address, or leave it out to fetch the published file."
        )
    return path
