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

"""Figure 1: its numbers against closed forms, and the whole of it at small size."""

from __future__ import annotations

import json
import os

import numpy as np
import paddle
import pytest
from paddle import nn
from scipy.spatial.distance import cdist
from wgan_gp.models import WGAN_GP
from wgan_gp.models.networks import MLPCritic
from wgan_gp.models.networks import MLPGenerator

from ppsci_ext.metric import exact_wasserstein
from ppsci_ext.solver import AdversarialSolver
from ppsci_ext.utils import UserError
from tools.figure1 import __main__ as figure1
from tools.figure1 import analysis

# value surfaces


def test_the_optimal_critic_reaches_w1_with_slopes_of_one():
    rng = np.random.default_rng(0)
    real = rng.standard_normal((60, 2))
    fake = 2 * rng.standard_normal((60, 2)) + 1
    critic, distance = analysis.optimal_critic(real, fake)
    assert distance == pytest.approx(exact_wasserstein(real, fake)[0], abs=1e-12)
    gap = critic(real).mean() - critic(fake).mean()
    assert gap == pytest.approx(distance, abs=1e-9)
    points = 3 * rng.standard_normal((200, 2))
    apart = cdist(points, points) + np.eye(200)
    values = critic(points)
    assert (np.abs(values[:, None] - values) / apart).max() <= 1 + 1e-12


def test_the_optimal_critic_of_one_mode_is_a_cone():
    fake = np.random.default_rng(0).standard_normal((30, 2))
    critic, distance = analysis.optimal_critic(np.ones((30, 2)), fake)
    points = np.array([[1.0, 1.0], [4.0, 5.0]])
    assert np.ptp(critic(points)) == pytest.approx(5)
    assert distance == pytest.approx(np.linalg.norm(fake - 1, axis=1).mean())


def test_peaks_and_the_modes_on_them():
    centers = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    points = analysis.plane(2.0, 81)
    cones = -cdist(points, centers).min(axis=1).reshape(81, 81)
    found = points[analysis.peaks(cones).ravel()]
    np.testing.assert_allclose(sorted(map(tuple, found)), sorted(map(tuple, centers)))
    assert analysis.modes_on_peaks(found, centers) == 3
    assert analysis.modes_on_peaks(found[:1], centers) == 1
    assert analysis.modes_on_peaks(found[:0], centers) == 0
    smooth = -np.square(points).sum(axis=1).reshape(81, 81)
    assert np.argwhere(analysis.peaks(smooth)).tolist() == [[40, 40]]


def test_the_plane_runs_along_x_first():
    points = analysis.plane(1.0, 3)
    np.testing.assert_array_equal(points[:4], [[-1, -1], [0, -1], [1, -1], [-1, 0]])


def test_values_and_slopes_of_a_linear_critic():
    critic = nn.Linear(2, 1)
    critic.weight.set_value(paddle.to_tensor([[3.0], [4.0]]))
    gan = WGAN_GP(None, critic)
    values, slopes = analysis.values_and_slopes(gan, np.array([[1.0, 1.0], [2.0, 0.0]]))
    np.testing.assert_allclose(values, [7.0, 6.0])
    np.testing.assert_allclose(slopes, [5.0, 5.0])


# layers


def linear_chain(factor: float, layers: int) -> nn.Sequential:
    """ReLU layers of width 2 that are never cut off, each multiplying by a factor."""
    modules = []
    for _ in range(layers):
        linear = nn.Linear(2, 2)
        linear.weight.set_value(factor * paddle.eye(2))
        linear.bias.set_value(paddle.full([2], 1e4))
        modules += [linear, nn.ReLU()]
    last = nn.Linear(2, 1)
    last.weight.set_value(paddle.to_tensor([[3.0], [4.0]]))
    return nn.Sequential(*modules, last)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_activation_gradients_of_a_chain_of_factors(factor):
    gan = WGAN_GP(None, linear_chain(factor, 4))
    norms = analysis.activation_gradients(gan, paddle.randn([8, 2]))
    assert list(norms) == ["layer_01", "layer_02", "layer_03", "layer_04"]
    # d loss / d activation is -+w / 8 for each of 16 samples, times a factor per layer
    last = 5 / 8 * np.sqrt(16)
    expected = [last * factor**k for k in (3, 2, 1, 0)]
    np.testing.assert_allclose(list(norms.values()), expected, rtol=1e-5)
    found = analysis.factor_per_layer(np.array(list(norms.values())))
    assert found == pytest.approx(factor, rel=1e-5)


def test_activation_gradients_are_those_of_the_loss_that_is_trained():
    """A bias added after a ReLU moves the loss at the rate of the gradient there."""
    critic = MLPCritic(8, hidden_layers=2)
    gan = WGAN_GP(None, critic)
    real = paddle.randn([6, 2])
    paddle.seed(1)
    norms = analysis.activation_gradients(gan, real)
    paddle.seed(1)
    fake = gan.fake_beside(real)
    hidden = paddle.concat([real, fake])
    for layer in list(critic.net)[:-1]:
        hidden = layer(hidden)
    weight = critic.net[-1].weight.numpy()[:, 0]
    assert norms["layer_02"] == pytest.approx(np.linalg.norm(weight) / np.sqrt(3))
    scores = (hidden @ critic.net[-1].weight)[:, 0]
    loss = gan.critic_loss(real, noise=fake - real)
    assert float(scores[:6].mean() - scores[6:].mean()) == pytest.approx(
        float(loss["wasserstein"]), abs=1e-6
    )


def test_no_hook_is_left_and_nothing_is_trained():
    critic = MLPCritic(4, hidden_layers=2)
    gan = WGAN_GP(MLPGenerator(4), critic)
    analysis.activation_gradients(gan, paddle.randn([3, 2]))
    assert not any(layer._forward_post_hooks for layer in critic.sublayers())
    parameters = critic.parameters() + gan.generator.parameters()
    assert all(p.grad is None for p in parameters)


def test_layers_whose_gradient_has_become_zero_are_left_out_of_the_factor():
    norms = np.array([0.0, 0.0, 1e-4, 1e-2, 1.0])
    assert analysis.factor_per_layer(norms) == pytest.approx(0.01)


def test_share_at_limit():
    weights = np.array([0.1, -0.1, 0.0995, 0.0985, 0.0])
    assert analysis.share_at_limit(weights, 0.1) == pytest.approx(0.6)


def test_weights_without_biases():
    assert analysis.weights_of(MLPCritic(4)).size == 2 * 4 + 4 * 4 + 4 * 4 + 4


def test_late_norms_are_geometric_means_of_the_second_half():
    records = [{"iteration": 1, "critic_loss": 0.0}]
    for i, norm in enumerate((5.0, 7.0, 1.0, 100.0), 1):
        records.append({"iteration": 2 * i, "eval": {"layer_01": norm, "layer_02": 2}})
    mean, iterations = figure1.late_norms(records)
    np.testing.assert_allclose(mean, [10.0, 2.0])
    assert iterations == [6, 8]


@pytest.mark.parametrize("network", [MLPCritic, MLPGenerator])
def test_depth_of_the_perceptrons(network):
    keys = list(network(4).state_dict())
    assert keys == [
        f"net.{i}.{kind}" for i in (0, 2, 4, 6) for kind in ("weight", "bias")
    ]
    deep = network(4, hidden_layers=12)
    assert sum(isinstance(layer, nn.ReLU) for layer in deep.sublayers()) == 12
    assert [list(p.shape) for p in deep.parameters() if p.ndim == 2][1:-1] == 11 * [
        [4, 4]
    ]


# all of it

SMALL = ["--surface-dim=8", "--surface-iterations=10", "--deep-dim=8"]


def results_in(folder) -> dict:
    return json.loads((folder / "out" / "figure1.json").read_text())


@pytest.fixture(scope="module", autouse=True)
def small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figure1, "COMPARED_POINTS", 200)
        patch.setattr(figure1, "GRID", 40)
        patch.setattr(figure1, "TOY_NAMES", ("8gaussians", "swissroll"))
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figure1")
    arguments = [
        str(folder / "out"),
        f"--runs={folder / 'runs'}",
        "--deep-iterations=4",
    ]
    figure1.main(arguments + SMALL)
    return folder


def test_everything_at_small_size(whole):
    results = results_in(whole)
    assert [r["distribution"] for r in results["surfaces"][::2]] == [
        "8gaussians",
        "swissroll",
    ]
    for result in results["surfaces"]:
        assert 0 < result["W1"] < 1.5 and result["share_of_W1"] < 1.05
        assert result["iterations"] == 10 and result["width"] == 8
    clipped, *_, penalised = results["layers"]
    assert clipped["limit"] == 0.1 and penalised["limit"] is None
    assert penalised["averaged_iterations"] == [4, 4]
    for result in results["layers"]:
        assert len(result["gradient_norms"]) == 12
    # 8 weights of at most 0.001 each can't keep a gradient alive, whatever they are
    assert results["layers"][2]["factor_per_layer"] <= 0.008
    assert clipped["largest_weight"] < 0.1001 < penalised["largest_weight"]
    shares = clipped["share_of_weights_at_limit"]
    assert 0 < shares["trained"] <= 1 and 0 < shares["initially, clipped once"] <= 1
    assert penalised["share_of_weights_at_limit"] is None
    for name in ("surfaces.png", "layers.png"):
        assert (whole / "out" / name).read_bytes()[:4] == b"\x89PNG"


def test_killed_and_started_again_it_ends_the_same(whole, tmp_path, monkeypatch):
    finish = AdversarialSolver.finish_iteration
    # iterations, all runs together, after which the first and the second attempt is killed: in
    # the first critic of part a, and in the first one of part b
    count, stop = [0], [7, 45]

    class Killed(BaseException):
        pass

    def finish_iteration(solver, *arguments):
        finish(solver, *arguments)
        count[0] += 1
        if count[0] in stop:
            raise Killed

    monkeypatch.setattr(AdversarialSolver, "finish_iteration", finish_iteration)
    arguments = [str(tmp_path / "out"), f"--runs={tmp_path / 'runs'}", *SMALL]
    arguments.append("--deep-iterations=4")
    for _ in stop:
        with pytest.raises(Killed):
            figure1.main(arguments)
    figure1.main(arguments)
    for part in ("surfaces", "layers"):
        for result, before in zip(results_in(tmp_path)[part], results_in(whole)[part]):
            assert {**result, "seconds": 0} == {**before, "seconds": 0}
    for name in ("surfaces.png", "layers.png"):
        again = (tmp_path / "out" / name).read_bytes()
        assert again == (whole / "out" / name).read_bytes()


def test_finished_runs_are_not_repeated(whole, monkeypatch):
    def fail(_):
        raise AssertionError("a critic was trained")

    files = [whole / "out" / name for name in os.listdir(whole / "out")]
    before = [file.read_bytes() for file in files]
    monkeypatch.setattr(AdversarialSolver, "critic_step", fail)
    arguments = [str(whole / "out"), f"--runs={whole / 'runs'}", *SMALL]
    figure1.main([*arguments, "--deep-iterations=4"])
    assert [file.read_bytes() for file in files] == before


def test_runs_of_another_size_are_refused(whole, tmp_path):
    arguments = [str(tmp_path / "out"), f"--runs={whole / 'runs'}", "--surface-dim=4"]
    with pytest.raises(UserError, match="MODEL.dim was 8 and is 4"):
        figure1.main([*arguments, "--surface-iterations=10"])
