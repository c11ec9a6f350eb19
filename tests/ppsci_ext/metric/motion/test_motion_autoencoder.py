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

from __future__ import annotations

import numpy as np
import paddle
import pytest

from ppsci_ext.data.motion import SyntheticSpeech
from ppsci_ext.data.motion import skeleton
from ppsci_ext.metric.motion.autoencoder import train_features
from ppsci_ext.metric.motion.variety import features_frechet
from ppsci_ext.utils.rng import get_rng_state


@pytest.fixture(scope="module")
def clips():
    law = SyntheticSpeech(skeleton("upper_body"), 16)
    rng = np.random.default_rng(0)
    return [law.sample(300, rng)[0] for _ in range(2)]


@pytest.fixture(scope="module")
def features(clips):
    return train_features(clips[0], iterations=150)


def test_codes_tell_real_motion_from_wrong_motion(clips, features):
    reference, other = (features(part) for part in clips)
    assert reference.shape == (300, 32)
    own = features_frechet(other, reference)
    still = np.broadcast_to(clips[1].mean(axis=1, keepdims=True), clips[1].shape)
    wrong = {
        "still": still,
        "jitter": clips[1] + 0.2 * np.random.default_rng(1).normal(size=clips[1].shape),
        "one pose": np.broadcast_to(clips[1][:1], clips[1].shape),
    }
    for name, motion in wrong.items():
        assert features_frechet(features(motion), reference) > 1.5 * own, name


def test_it_learns(clips):
    def error(iterations):
        features = train_features(clips[0], iterations)
        x = paddle.to_tensor(np.float32((clips[1] - features.mean) / features.scale))
        return float((features.network(x) - x).square().mean())

    assert error(200) < 0.5 * error(1)


def test_same_motion_same_weights_and_nothing_else_moves(clips):
    before = get_rng_state()
    first = train_features(clips[0], iterations=3)
    assert get_rng_state() == before
    paddle.seed(7)
    again = train_features(clips[0], iterations=3)
    other = train_features(clips[1], iterations=3)
    assert again.sha256 == first.sha256 != other.sha256
    assert again.data_digest == first.data_digest != other.data_digest


def test_codes_do_not_depend_on_the_other_clips(clips, features):
    """Nor on how they are divided into batches."""
    alone = features(clips[1][:3])
    np.testing.assert_allclose(features(clips[1])[:3], alone, atol=1e-4)
