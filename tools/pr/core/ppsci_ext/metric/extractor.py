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

"""Feature extractors, through which samples are compared."""

from __future__ import annotations

from typing import Callable
from typing import Dict
from typing import NamedTuple
from typing import Optional
from typing import Tuple

import numpy as np
import paddle
from paddle import nn

from ppsci.utils.download import get_weights_path_from_url
from ppsci_ext.arch.inception import FIDInceptionV3
from ppsci_ext.arch.mnist_classifier import MNISTClassifier
from ppsci_ext.arch.resnet_cifar import CIFARResNet
from ppsci_ext.data.names import unknown_name
from ppsci_ext.utils.digest import file_digest
from ppsci_ext.utils.weights import load_weights

_MAX_BATCH_SIZE = 50
_HOST = "https://paddle-org.bj.bcebos.com/paddlescience/models/wgan_gp/"


class FeatureExtractor:
    """A classifier seen as a function of uint8 images.

    Args:
        name (str): Name to report beside a score.
        sha256 (str): SHA-256 of the weights file, to report beside a score.
        network (nn.Layer): Maps uint8 [B, C, H, W] to a dict of [B, d]; it is put into
            evaluation mode.
        outputs (Tuple[str, str]): Keys of features and logits in that dict. Defaults to
            ("features", "logits").
        scores (str): What to call the scores. Defaults to "scores".
        data_set (Optional[str]): Name of the data set whose labels number its classes.
            Defaults to None, there is none.
    """

    preprocessing: Dict[str, Optional[int]] = {}

    def __init__(
        self,
        name: str,
        sha256: str,
        network: nn.Layer,
        outputs: Tuple[str, str] = ("features", "logits"),
        scores: str = "scores",
        data_set: Optional[str] = None,
    ):
        self.name = name
        self.sha256 = sha256
        self.scores = scores
        self.data_set = data_set
        self._network = network
        self._outputs = outputs
        network.eval()

    @property
    def num_features(self) -> int:
        """Number d of features of an image."""
        return self._network.num_features

    def __call__(self, images: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Compute features and logits, a limited number of images at a time.

        Args:
            images (np.ndarray): uint8 [B, C, H, W] with 0..255 and the network's channels.

        Returns:
            Tuple[np.ndarray, np.ndarray]: Features [B, d] and logits [B, K], float32.

        Raises:
            ValueError: If images is no uint8 array of four axes.
        """
        if images.ndim != 4 or images.dtype != np.uint8:
            raise ValueError(
                f"images must be uint8 [B, C, H, W], not {images.dtype} {images.shape}"
            )
        batches = []
        with paddle.no_grad():
            for start in range(0, len(images), _MAX_BATCH_SIZE):
                batch = paddle.to_tensor(images[start : start + _MAX_BATCH_SIZE])
                found = self._network(batch)
                batches.append([found[key].numpy() for key in self._outputs])
        features, logits = (np.concatenate(parts) for parts in zip(*batches))
        return features, logits


class ExtractorRow(NamedTuple):
    """A row of the table of feature extractors.

    Attributes:
        network (Callable[[], nn.Layer]): Builds the network.
        weights (str): Address of its weights, a .pdparams file.
        options (Dict): Further arguments of FeatureExtractor.
    """

    network: Callable[[], nn.Layer]
    weights: str
    options: Dict


EXTRACTORS: Dict[str, ExtractorRow] = {
    # TensorFlow's graph of 2015-12-05; published scores are made with it
    "inception_v3": ExtractorRow(
        FIDInceptionV3,
        f"{_HOST}fid_inception_v3.pdparams",
        {"outputs": ("2048", "logits_unbiased"), "scores": "Inception scores"},
    ),
    # of github.com/akamaster/pytorch_resnet_cifar10 (BSD-2-Clause)
    "cifar10_resnet56": ExtractorRow(
        CIFARResNet,
        f"{_HOST}cifar10_resnet56.pdparams",
        {"scores": "CIFAR-10 ResNet-56 scores", "data_set": "cifar10"},
    ),
    "mnist_classifier": ExtractorRow(
        MNISTClassifier,
        f"{_HOST}mnist_classifier.pdparams",
        {"scores": "MNIST scores", "data_set": "mnist"},
    ),
}


def extractor_names() -> Tuple[str, ...]:
    """Names of the feature extractors."""
    return tuple(EXTRACTORS)


def build_extractor(
    name: str, weights: Optional[str] = None, cache: Optional[str] = None
) -> FeatureExtractor:
    """Build a feature extractor by its name in the table `EXTRACTORS`.

    Args:
        name (str): One of these names.
        weights (Optional[str]): Path or address of a .pdparams file. Defaults to None, the
            published one.
        cache (Optional[str]): Unused, as PaddleScience has a folder for what it fetches.

    Raises:
        UserError: If the name is unknown, or the file can't be found or doesn't fit.
    """
    if name not in EXTRACTORS:
        raise unknown_name("feature extractor", name, tuple(EXTRACTORS))
    row = EXTRACTORS[name]
    network = row.network()
    path = weights or row.weights
    if path.startswith("https://"):
        path = get_weights_path_from_url(path)
    path = load_weights(network, path)
    return FeatureExtractor(name, file_digest(path), network, **row.options)
