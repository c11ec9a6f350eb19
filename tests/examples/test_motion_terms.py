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
from wgan_gp.utils import motion_terms
from wgan_gp.utils.motion_representation import Representation
from wgan_gp.utils.terms import LossInputs

from ppsci_ext.data.motion import SyntheticSpeech
from ppsci_ext.data.motion import skeleton

BODY = skeleton("upper_body")


def clips(count=8, frames=12):
    law = SyntheticSpeech(BODY, frames, seed_frames=3, seed_share=1.0)
    return law.sample(count, np.random.default_rng(count))


def step(fake, real=None, condition=None):
    tensors = condition and {k: paddle.to_tensor(v) for k, v in condition.items()}
    return LossInputs(
        fake=paddle.to_tensor(fake),
        real=None if real is None else paddle.to_tensor(real),
        score_fake=None,
        extra_fake=None,
        condition=tensors,
    )


def same(x):
    return x


def test_joint_angles_of_known_bones():
    x, y = [1.0, 0.0, 0.0], [0.0, 2.0, 0.0]
    minus = [-3.0, 0.0, 0.0]
    vectors = paddle.to_tensor([[[x, y, minus, x]]])
    pairs = np.array([(0, 1), (0, 2), (0, 3)])
    found = motion_terms.joint_angles(vectors, pairs).numpy().ravel()
    np.testing.assert_allclose(found, [0.5, 1.0, 0.0], atol=1e-3)


def test_angles_have_finite_slopes_where_bones_are_in_line():
    vectors = paddle.to_tensor([[[[1.0, 0, 0], [1.0, 0, 0], [0.0, 0, 0]]]])
    vectors.stop_gradient = False
    motion_terms.joint_angles(vectors, np.array([(0, 1), (1, 2)])).sum().backward()
    assert np.isfinite(vectors.grad.numpy()).all()


def test_real_motion_is_within_its_limits_and_stretched_joints_are_not():
    motion, _ = clips(64)
    angles = motion_terms.measure_angles(BODY, motion)
    assert len(angles.pairs) == BODY.num_bones - 1
    term = motion_terms.limits_term(angles, same, 1.0)
    assert float(term.function(step(motion))) < 1e-10
    folded = motion.copy()
    forearm, upper = 6, BODY.bone_parents[6]
    folded[:, :, forearm] = -folded[:, :, upper]
    excess = 1.0 - angles.highest[[p[0] for p in angles.pairs].index(forearm)]
    cost = float(term.function(step(folded)))
    # fingers keep their directions, so that their angles to the forearm change as well
    assert cost >= 0.9 * excess**2 / len(angles.pairs) > 0


def test_likelihood_of_the_motion_that_it_was_measured_on():
    """E[(theta - mean)^2 / (2 std^2)] = 1/2."""
    motion, _ = clips(64)
    angles = motion_terms.measure_angles(BODY, motion)
    term = motion_terms.likelihood_term(angles, same, 1.0)
    assert float(term.function(step(motion))) == pytest.approx(0.5, rel=1e-2)


@pytest.mark.parametrize("factor", [1.0, 1.5, 0.8])
def test_bone_lengths_of_scaled_positions(factor):
    motion, _ = clips()
    positions = Representation("position", BODY)
    term = motion_terms.bone_length_term(positions.vectors, 1.0)
    cost = float(term.function(step(factor * positions.samples(motion))))
    assert cost == pytest.approx(abs(factor - 1.0), abs=1e-5)


def test_continuity_is_of_the_windows_with_seed_frames():
    motion, condition = clips()
    term = motion_terms.continuity_term(1.0)
    assert float(term.function(step(motion, condition=condition))) == 0.0
    condition["seed_frames"][1:] = 0.0
    moved = motion.copy()
    moved[1:] += 0.1  # windows without
    moved[:, 3:] += 0.1  # frames after
    assert float(term.function(step(moved, condition=condition))) == 0.0
    moved[0, :3] += 0.1
    cost = float(term.function(step(moved, condition=condition)))
    assert cost == pytest.approx(0.5 * 0.1**2, rel=1e-4)
    condition["seed_frames"][:] = 0.0
    assert float(term.function(step(moved, condition=condition))) == 0.0


def test_regression_is_huber():
    motion, _ = clips()
    term = motion_terms.regression_term(1.0)
    assert term.needs_data
    for apart, cost in ((0.2, 0.5 * 0.2**2), (3.0, 2.5)):
        found = float(term.function(step(motion + np.float32(apart), motion)))
        assert found == pytest.approx(cost, rel=1e-4)


def test_positions_there_and_back():
    motion, condition = clips()
    positions = Representation("position", BODY)
    samples = positions.samples(motion)
    joints = BODY.positions(motion)
    ends = [child for _, child in BODY.bones]
    np.testing.assert_allclose(samples, joints[:, :, ends], atol=1e-6)
    np.testing.assert_allclose(positions.vectors(samples), motion, atol=1e-5)
    tensor = positions.vectors(paddle.to_tensor(samples)).numpy()
    np.testing.assert_allclose(tensor, motion, atol=1e-5)
    window, given = positions.window(motion, condition)
    np.testing.assert_allclose(given["seed_frames"], window[:, :3], atol=1e-6)
    directions = Representation("direction", BODY)
    assert directions.samples(motion) is motion
