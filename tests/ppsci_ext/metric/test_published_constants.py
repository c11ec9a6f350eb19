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

"""The published scores of CIFAR-10 itself, wherever the weights of Inception are at hand."""

from __future__ import annotations

from glob import glob
from os import path as osp

import pytest

from ppsci_ext.data import load_images
from ppsci_ext.metric import build_extractor
from ppsci_ext.metric import extract
from ppsci_ext.metric import image_scores
from ppsci_ext.utils.cache import cache_folder


@pytest.fixture
def inception_weights(real_data):
    """Published under two names; a test doesn't download 95 megabytes."""
    name = "*-2015-12-05-6726825d.pth"
    folders = [osp.join(folder, "weights") for folder in (real_data, cache_folder())]
    found = [path for folder in folders for path in glob(osp.join(folder, name))]
    if not found:
        pytest.skip(f"no Inception weights {name} in {' or '.join(folders)}")
    return found[0]


@pytest.mark.heavy
def test_scores_of_cifar10(inception_weights, real_data):
    """As torch-fidelity's documentation gives them: IS 11.24 of the training images, FID
    3.15 of training and test images. Some three hours on two cores."""
    extractor = build_extractor("inception_v3", inception_weights)
    sets = []
    for split in ("train", "test"):
        images = load_images("cifar10", real_data, split).images
        batches = (images[i : i + 100] for i in range(0, len(images), 100))
        sets.append(extract(batches, extractor, len(images), split, False))
    scores = image_scores(*sets, ["isc", "fid"])
    assert scores["IS_mean"] == pytest.approx(11.24, abs=0.02)
    assert scores["FID"] == pytest.approx(3.15, abs=0.02)
