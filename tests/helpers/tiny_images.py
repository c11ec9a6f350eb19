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

"""Images of 4x4 pixels and a classifier that needs no training."""

from __future__ import annotations

import numpy as np

from ppsci_ext.metric import extract


def classifier(images):
    """Features and logits of uint8 [B, 1, 4, 4], float32 [B, 16] and [B, 4]."""
    assert images.dtype == np.uint8 and images.shape[1:] == (1, 4, 4)
    features = images.reshape(len(images), 16).astype("float32") / 255
    return features, 20 * features[:, :4]


def random_images(count, seed=0, high=256):
    rng = np.random.default_rng(seed)
    return rng.integers(0, high, size=(count, 1, 4, 4), dtype=np.uint8)


def batches(images, size):
    return [images[start : start + size] for start in range(0, len(images), size)]


def extracted(images, size=32, **options):
    return extract(batches(images, size), classifier, len(images), "test", **options)
