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
from scipy.spatial.transform import Rotation
from wgan_gp.models import WGAN_GP
from wgan_gp.models.networks.motion import STYLE
from wgan_gp.models.networks.motion import MotionCritic
from wgan_gp.models.networks.motion import MotionGenerator
from wgan_gp.models.networks.motion_attention import BodyHandAttention
from wgan_gp.models.networks.motion_attention import body_and_hands
from wgan_gp.models.networks.motion_attention import neighbourhood
from wgan_gp.models.networks.motion_layers import MotionLayout
from wgan_gp.models.networks.motion_layers import views_of_poses
from wgan_gp.models.networks.motion_vectors import turned
from wgan_gp.utils import losses
from wgan_gp.utils.motion_terms import continuity_term
from wgan_gp.utils.terms import LossInputs

from ppsci_ext.arch import check_critic
from ppsci_ext.arch.second_derivative import default_dtype
from ppsci_ext.data.motion import SyntheticSpeech
from ppsci_ext.data.motion import skeleton
from ppsci_ext.utils import UserError

BODY = skeleton("upper_body")
LATENT = STYLE + 3


def law(frames, seed_frames=4):
    return SyntheticSpeech(BODY, frames, num_speakers=3, seed_frames=seed_frames)


def layout(frames=12, seed_frames=4, bands=27):
    context = law(frames, seed_frames).context
    mean, std = np.full(bands, -3.0), np.full(bands, 0.7)
    return MotionLayout(
        frames,
        BODY.num_bones,
        3,
        seed_frames,
        context,
        mean,
        std,
        pose_mean=BODY.rest,
        pose_std=np.full((BODY.num_bones, 1), 0.2),
        bends=BODY.bends(),
        bend_std=np.full((len(BODY.bends()), 1), 0.1),
    )


def batch(count, frames=12, seed_frames=4, dtype="float32"):
    motion, condition = law(frames, seed_frames).sample(
        count, np.random.default_rng(count)
    )
    if "seed_frames" in condition:  # given in every other window
        condition["seed_frames"] = motion[:, :seed_frames].copy()
        condition["seed_frames"][1::2] = 0.0
    tensors = {key: paddle.to_tensor(value) for key, value in condition.items()}
    for key in set(tensors) - {"speaker"}:
        tensors[key] = tensors[key].astype(dtype)
    return paddle.to_tensor(motion).astype(dtype), tensors


def generator(**options):
    return MotionGenerator(
        layout(), BODY, BODY.rest, dim=8, latent_dim=LATENT, **options
    )


@pytest.mark.parametrize("frames", [8, 9, 12, 13, 31])
def test_any_length(frames):
    motion, condition = batch(2, frames)
    made = generator()(paddle.randn([2, frames, LATENT]), condition)
    assert made.shape == motion.shape == [2, frames, BODY.num_bones, 3]
    for norm in ("layer", "none", "batch"):
        scores = MotionCritic(layout(), 4, norm)(motion, condition)
        assert scores.shape == [2] and np.isfinite(scores.numpy()).all()


def test_directions_have_length_one_and_positions_need_not():
    _, condition = batch(3)
    z = paddle.randn([3, 12, LATENT])
    lengths = generator()(z, condition).norm(axis=-1).numpy()
    np.testing.assert_allclose(lengths, 1.0, atol=3e-7)
    free = generator(unit=False)(z, condition).norm(axis=-1).numpy()
    assert np.abs(free - 1.0).max() > 1e-2


def test_a_bone_turns_what_hangs_on_it():
    """About one axis, angles from bone to bone add up; the first turn is the whole arm's."""
    network, forearm = generator(), law(12).arms[1]
    turns = np.zeros((BODY.num_bones, 3), np.float32)
    turns[sum(body_and_hands(BODY), []).index(forearm)] = 0.3, -0.5, 0.2
    total = network.spread.numpy() @ turns
    hangs_on = {forearm, *BODY.hand("left")}
    assert {bone for bone in range(BODY.num_bones) if total[bone].any()} == hangs_on
    found = turned(paddle.to_tensor(np.float32(BODY.rest)), paddle.to_tensor(total))
    expected = Rotation.from_rotvec(total).apply(BODY.rest)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)


def test_critic_can_be_differentiated_twice_and_mixes_no_samples():
    motion, condition = batch(3)
    critic = MotionCritic(layout(), 4)

    class Conditioned(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.critic = critic

        def forward(self, x):
            return self.critic(x, {k: v[: len(x)] for k, v in condition.items()})

    report = check_critic(Conditioned(), motion)
    assert report.twice_differentiable and not report.mixes_samples


def test_the_critic_sees_poses_in_units_of_their_own_movement():
    """Whatever the unit, the score is the same; frames that aren't given stay zero."""
    motion, condition = batch(4)
    critic = MotionCritic(layout(), 4)
    scores = critic(motion, condition).numpy()
    mean, factor, first = BODY.rest, 1.7, layout()
    std, bend_std = factor * first.pose_std, factor * first.bend_std
    changes = {"pose_mean": 5 * mean, "pose_std": std, "bend_std": bend_std}
    other = MotionCritic(first._replace(**changes), 4)
    other.set_state_dict(dict(critic.named_parameters()))
    seeds = condition["seed_frames"].numpy()
    given = np.abs(seeds).sum(axis=(2, 3), keepdims=True) > 0
    assert 0 < given.sum() < given.size

    def moved(x):
        return np.float32(factor * (x - mean) + 5 * mean)

    condition["seed_frames"] = paddle.to_tensor(
        np.where(given, moved(seeds), 0 * seeds)
    )
    same = other(paddle.to_tensor(moved(motion.numpy())), condition).numpy()
    np.testing.assert_allclose(same, scores, atol=2e-5)


def test_the_critic_sees_what_fingers_do_beside_the_arm():
    poses, _ = batch(3)
    chosen = layout()._replace(bend_std=np.linspace(1, 2, len(BODY.bends()))[:, None])
    moved = poses.numpy() - BODY.rest
    found = moved.reshape([*moved.shape[:2], -1]) @ views_of_poses(chosen).T
    vectors, bends = np.split(found, [3 * BODY.num_bones], axis=2)
    scaled = (moved / chosen.pose_std).reshape(vectors.shape)
    np.testing.assert_allclose(vectors, scaled, atol=1e-6)
    parents = np.array(BODY.bone_parents)
    hanging = np.flatnonzero(parents >= 0)
    expected = (moved[:, :, hanging] - moved[:, :, parents[hanging]]) / chosen.bend_std
    np.testing.assert_allclose(bends, expected.reshape(bends.shape), atol=1e-6)


@pytest.mark.parametrize("over", ["sample", "frame"])
def test_gradient_of_the_penalty_against_central_differences(over):
    """In float64, along every kind of parameter: of poses, audio and speakers."""
    with default_dtype("float64"):
        motion, condition = batch(2, dtype="float64")
        critic = MotionCritic(layout(), 4)
        critic.to(dtype="float64")
    fake = motion + 0.3 * paddle.randn(motion.shape).astype("float64")
    for x in condition.values():
        x.stop_gradient = not x.is_floating_point()

    def penalty():
        points = 0.5 * (motion + fake)
        points.stop_gradient = False
        squared = losses.squared_gradient_norm(
            lambda x: critic(x, condition), points, over
        )
        return losses.two_sided_penalty(losses.root(squared), 0.1)

    penalty().backward()
    parameters = dict(critic.named_parameters())
    moved = 0
    for name, parameter in parameters.items():
        if parameter.grad is None:
            continue
        exact = parameter.grad.numpy()
        index = np.unravel_index(np.abs(exact).argmax(), exact.shape)
        values = []
        before = parameter.numpy()
        for sign in (1, -1):
            after = before.copy()
            after[index] += sign * 1e-6
            parameter.set_value(after)
            values.append(float(penalty()))
        parameter.set_value(before)
        numeric = (values[0] - values[1]) / 2e-6
        assert exact[index] == pytest.approx(numeric, rel=2e-3, abs=1e-9), name
        moved += abs(numeric) > 1e-8
    assert moved > 10
    assert parameters["audio.first.weight"].grad.abs().max() > 0
    assert parameters["speaker.weight"].grad.abs().max() > 0


@pytest.mark.parametrize("frames", [1, 4, 25])
def test_penalty_over_frames_is_smaller_by_the_root_of_their_number(frames):
    """Of a mean over time: the gradient of each frame is w / T, of all of them w / sqrt(T)."""
    w = np.array([3.0, 4.0], np.float32)

    def critic(x):
        return (x * paddle.to_tensor(w)).sum(axis=2).mean(axis=1)

    slopes = {}
    for over in losses.PENALTY_OVER:
        points = paddle.randn([6, frames, 2])
        _, found = losses.gradient_penalty(critic, points, points, over=over)
        slopes[over] = found.numpy()
    assert slopes["sample"].shape == (6,) and slopes["frame"].shape == (6 * frames,)
    np.testing.assert_allclose(slopes["frame"], 5.0 / frames, rtol=1e-5)
    np.testing.assert_allclose(slopes["sample"], 5.0 / np.sqrt(frames), rtol=1e-5)


def test_gan_refuses_frames_where_there_are_none():
    gan = WGAN_GP(paddle.nn.Linear(2, 2), paddle.nn.Linear(2, 1), penalty_over="frame")
    with pytest.raises(UserError, match="penalty_over=frame needs sequences"):
        gan.check(paddle.randn([4, 2]), None)


def test_critic_hears_speech_and_knows_speaker_and_seeds():
    motion, condition = batch(4)
    critic = MotionCritic(layout(), 4)
    deaf = MotionCritic(layout(), 4, hears=False)
    other = {k: v.roll(1, axis=0) for k, v in condition.items()}
    other["speaker"] = (condition["speaker"] + 1) % 3
    for key in condition:
        changed = {**condition, key: other[key]}
        apart = critic(motion, changed) - critic(motion, condition)
        assert apart.abs().max() > 1e-5, key
    changed = {**condition, "audio": other["audio"]}
    same = deaf(motion, changed).numpy() == deaf(motion, condition).numpy()
    assert same.all()


def test_generator_follows_all_that_it_is_given():
    _, condition = batch(2)
    network = generator()
    z = paddle.randn([2, 12, LATENT])
    before = network(z, condition)
    style, noise = z.clone(), z.clone()
    style[:, :, :STYLE] += 1.0
    noise[:, 5, STYLE:] += 1.0
    changes = [(style, condition), (noise, condition)]
    speaker = (condition["speaker"] + 1) % 3
    changes.append((z, {**condition, "speaker": speaker}))
    changes.append((z, {**condition, "audio": condition["audio"] + 0.5}))
    changes.append((z, {**condition, "seed_frames": -condition["seed_frames"]}))
    for changed in changes:
        assert (network(*changed) - before).abs().max() > 1e-4


def test_style_counts_by_its_sum_over_time():
    """What permutes the style over time leaves the motion as it is."""
    _, condition = batch(2)
    network = generator()
    z = paddle.randn([2, 12, LATENT])
    turned = z.clone()
    turned[:, :, :STYLE] = z[:, :, :STYLE].flip([1])
    apart = network(turned, condition) - network(z, condition)
    assert apart.abs().max() < 1e-5


def test_generator_learns_to_go_on_from_seed_frames():
    """Also from those that it has not seen, and more so than where none are given."""
    network = MotionGenerator(layout(), BODY, BODY.rest, dim=16, latent_dim=LATENT)
    term = continuity_term(1.0)
    optimizer = paddle.optimizer.Adam(3e-3, parameters=network.parameters())

    def apart(count):
        motion, condition = batch(count)
        fake = network(paddle.randn([count, 12, LATENT]), condition)
        step = LossInputs(fake, None, None, condition, real=motion)
        first = (fake[:, :4] - motion[:, :4]).abs().mean(axis=[1, 2, 3]).numpy()
        return term.function(step), first[::2].mean(), first[1::2].mean()

    untrained = apart(33)[1]
    for _ in range(80):
        apart(32)[0].backward()
        optimizer.step()
        optimizer.clear_grad()
    _, given, without = apart(33)
    assert given < 0.5 * untrained and given < 0.8 * without


def test_last_speaker_is_the_mean_of_all():
    network = generator()
    vectors = network._speaker(paddle.to_tensor([0, 1, 2, 3])).numpy()
    np.testing.assert_allclose(vectors[3], vectors[:3].mean(axis=0), atol=1e-6)
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-3


def test_mask_lets_frames_see_their_neighbours_only():
    mask = neighbourhood(6, 1).numpy()
    expected = np.abs(np.subtract.outer(np.arange(6), np.arange(6))) <= 1
    np.testing.assert_array_equal(mask, expected)


@pytest.mark.parametrize("reach", [0, 2])
def test_attention_reaches_from_body_to_hands_and_no_farther_in_time(reach):
    sizes = [len(part) for part in body_and_hands(BODY)]
    attention = BodyHandAttention(sizes, channels=3, dim=8, reach=reach)
    body, left, right = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    x = paddle.randn([1, 11, sum(sizes), 3])
    for source, others in ((body[1], [*left, *right]), (left[0], body)):
        moved = x.clone()
        moved[0, 5, source] += 1.0
        changed = (attention(moved) - attention(x)).abs().sum(axis=-1)[0].numpy()
        near = np.abs(np.arange(11) - 5) <= reach
        assert (changed[near][:, others].max(axis=1) > 1e-6).all()
        assert changed[~near].max() < 1e-6
        if source in left:  # hands see the body, not each other
            assert changed[:, right].max() < 1e-6


def test_attention_without_hands_changes_nothing():
    x = paddle.randn([1, 5, 4, 3])
    assert paddle.equal_all(BodyHandAttention([4], channels=3, dim=8)(x), x)


@pytest.mark.parametrize("seed_frames", [0, 4])
@pytest.mark.parametrize("hears", [True, False])
def test_condition_may_be_encoded_before(seed_frames, hears):
    """Once for several motions; the penalty's gradient is the same to rounding."""
    motion, condition = batch(3, seed_frames=seed_frames)
    critic = MotionCritic(layout(seed_frames=seed_frames), 4, hears=hears)
    gradients = []
    for given in (condition, critic.encode(condition, motion.shape[1:])):
        critic.clear_gradients()
        points = motion.detach()
        points.stop_gradient = False
        squared = losses.squared_gradient_norm(lambda x: critic(x, given), points)
        (critic(motion, given).sum() + squared.sum()).backward()
        gradients.append({n: p.grad.numpy() for n, p in critic.named_parameters()})
    for name, expected in gradients[0].items():
        np.testing.assert_allclose(
            gradients[1][name], expected, atol=1e-5, err_msg=name
        )


def test_bones_learn_of_each_other_within_the_skeleton():
    """Without attention, two graph convolutions reach two joints far."""
    _, condition = batch(1)
    network = generator(cross_attention=False)
    z = paddle.randn([1, 12, LATENT])
    before = network(z, condition)
    bone = BODY.hand("left")[0]
    which = network.which.numpy()
    which[sum(body_and_hands(BODY), []).index(bone)] += 1.0
    network.which.set_value(which)
    changed = (network(z, condition) - before).abs().sum(axis=[0, 1, 3]).numpy()
    hops = np.linalg.matrix_power((BODY.adjacency() > 0).astype(int), 2)[bone] > 0
    assert (changed[hops] > 1e-6).all() and changed[~hops].max() < 1e-6
