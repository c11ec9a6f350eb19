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

import contextlib
import json
import pickle
import re
import types
from os import path as osp

import numpy as np
import paddle
import pytest
from omegaconf import OmegaConf
from paddle import nn
from paddle import optimizer as optim
from paddle.framework import core
from wgan_gp.models import WGAN_GP
from wgan_gp.utils.terms import drift_term

from ppsci.utils import ema
from ppsci_ext.data import BatchStream
from ppsci_ext.optimizer import Adam
from ppsci_ext.solver import AdversarialSolver
from ppsci_ext.solver import RunFolder
from ppsci_ext.solver import frozen
from ppsci_ext.solver import parallel
from ppsci_ext.solver import refusals
from ppsci_ext.solver import reporting
from ppsci_ext.solver.critic_steps import critic_rule
from ppsci_ext.solver.record import MetricsLog
from ppsci_ext.solver.record import TermMeans
from ppsci_ext.utils import UserError
from tests.helpers.hostile import Hostile

BATCH, N_CRITIC = 5, 3


class LinearGAN:
    """Smallest pair that trains: a shift of noise against a linear score."""

    def __init__(self):
        self.generator = nn.Linear(2, 2)
        self.critic = nn.Linear(2, 1)
        self.calls = []
        self.real = []

    generator_needs_data = False

    def begin_iteration(self, iteration):
        pass

    def check(self, real, labels):
        self.calls.append("check")

    def critic_loss(self, real, labels):
        self.calls.append("critic")
        self.real.append(real.numpy())
        with paddle.no_grad():
            fake = self.generator(paddle.randn([real.shape[0], 2]))
        wasserstein = self.critic(real).mean() - self.critic(fake).mean()
        penalty = self.critic.weight.square().sum()
        return {
            "critic_loss": penalty - wasserstein,
            "wasserstein": wasserstein.detach(),
        }

    def generator_loss(self, batch_size):
        self.calls.append("generator")
        self.generator_batch = batch_size
        with frozen(self.critic):
            fake = self.generator(paddle.randn([batch_size, 2]))
            return {"generator_loss": -self.critic(fake).mean()}

    def constrain_critic(self):
        self.calls.append("constrain")

    def state_dict(self):
        return {}

    def set_state_dict(self, state):
        assert state == {}


def data(n=31):
    return np.random.default_rng(0).standard_normal((n, 2)).astype("float32") + 3


def build(output_dir=None, epochs=2, resume_from=None, **kwargs):
    paddle.seed(1)
    gan = kwargs.pop("gan", None) or LinearGAN()
    solver = AdversarialSolver(
        gan,
        BatchStream(data(), BATCH, seed=3),
        Adam(1e-2, 0.5, 0.9)(gan.generator),
        Adam(1e-2, 0.5, 0.9)(gan.critic),
        n_critic=kwargs.pop("n_critic", N_CRITIC),
        folder=RunFolder(
            None if output_dir is None else str(output_dir), resume_from=resume_from
        ),
        epochs=epochs,
        iters_per_epoch=4,
        log_freq=3,
        save_freq=1,
        **kwargs,
    )
    return solver, gan


def weights(gan):
    return np.concatenate(
        [p.numpy().ravel() for n in (gan.generator, gan.critic) for p in n.parameters()]
    )


def test_order_of_the_loop():
    solver, gan = build(epochs=1)
    solver.train()
    critic = ["critic", "constrain"] * N_CRITIC
    assert gan.calls == ["check", *critic] + ["generator", *critic] * 3


def test_every_critic_step_gets_fresh_data_and_the_generator_none():
    solver, gan = build(epochs=1)
    solver.train()
    assert len(gan.real) == 4 * N_CRITIC
    first_pass = np.concatenate(gan.real[: 31 // BATCH])
    assert len(np.unique(first_pass, axis=0)) == len(first_pass)  # no repetition
    known = {tuple(row) for row in data()}
    assert all(tuple(row) in known for batch in gan.real for row in batch)


def test_steps_touch_their_own_network_only():
    solver, gan = build()
    generator = [p.numpy() for p in gan.generator.parameters()]
    solver.critic_step()
    assert all(
        np.array_equal(p.numpy(), old)
        for p, old in zip(gan.generator.parameters(), generator)
    )
    assert all(p.grad is None for p in gan.generator.parameters())
    critic = [p.numpy() for p in gan.critic.parameters()]
    assert all(
        p.grad is None for p in gan.critic.parameters()
    )  # cleared after the step
    solver.generator_step()
    assert all(
        np.array_equal(p.numpy(), old)
        for p, old in zip(gan.critic.parameters(), critic)
    )
    assert all(p.grad is None for p in gan.critic.parameters())
    assert all(not p.stop_gradient for p in gan.critic.parameters())
    assert not np.array_equal(gan.generator.weight.numpy(), generator[0])


@pytest.mark.parametrize(
    "schedule, steps", [(2, [2, 2, 2, 2]), ({0: 4, 1: 2, 3: 1}, [4, 2, 2, 1])]
)
def test_schedule_of_critic_steps(schedule, steps):
    solver, gan = build(epochs=1, n_critic=schedule)
    solver.train()
    between = " ".join(gan.calls[1:]).split("generator")
    assert [part.split().count("critic") for part in between] == steps


class ScriptedGAN(LinearGAN):
    """Its losses are told beforehand; what the rule makes of them is known."""

    def __init__(self, wasserstein, generator_losses):
        super().__init__()
        self.wasserstein = iter(wasserstein)
        self.generator_losses = iter(generator_losses)

    def critic_loss(self, real, labels):
        terms = super().critic_loss(real, labels)
        return {**terms, "wasserstein": paddle.to_tensor(next(self.wasserstein))}

    def generator_loss(self, batch_size):
        self.calls.append("generator")
        loss = super().generator_loss(batch_size)["generator_loss"]
        self.calls.pop()
        told = next(self.generator_losses) - loss.detach()
        return {"generator_loss": loss + told}


def test_adaptive_steps_of_the_critic(tmp_path):
    """Changes of the critic's loss by more than twice the generator's ask for another step."""
    gan = ScriptedGAN(
        [
            *(1.0, 1.0, 1.0, 1.0),  # iteration 0, nothing known: the most
            *(1.0, 1.0, 1.0, 1.0),  # 1, one loss of the generator: the same
            *(2.0, 3.0, 4.0, 5.0),  # 2: changes of 1, 1/2, 1/3, each above 2 * 0.1
            *(5.5, 5.5),  # 3: the fewest, after which 0 is not above 2 * 0.5
            *(
                5.5,
                9.0,
                9.0,
            ),  # 4: the fewest, the last of which changed by 0.6; then by 0
        ],
        [10.0, 11.0, 5.5, 5.0],  # of iterations 1, 2, ...: changes of 0.1, 0.5, 0.09
    )
    rule = {"adaptive": {"min": 2, "max": 4, "ratio": 2.0}}
    solver, _ = build(tmp_path / "run", epochs=2, n_critic=rule, gan=gan)
    solver.iters_per_epoch, solver.epochs, solver.log_freq = 5, 1, 1
    solver.train()
    between = " ".join(gan.calls[1:]).split("generator")
    steps = [part.split().count("critic") for part in between]
    assert steps == [4, 4, 4, 2, 3]
    lines = open(tmp_path / "run" / "metrics.jsonl")
    assert [json.loads(line)["n_critic"] for line in lines] == steps


def test_state_of_the_adaptive_rule():
    rule = {"adaptive": {"min": 1, "max": 9}}
    first, second = critic_rule(rule), critic_rule(rule)
    for value in (1.0, 1.5):
        first.note_generator({"generator_loss": paddle.to_tensor(value)})
    for value in (1.0, 1.4):
        first.note_critic({"wasserstein": paddle.to_tensor(value)})
    assert not first.goes_on(3, 1)
    assert second.goes_on(3, 1)
    second.set_state_dict(json.loads(json.dumps(first.state_dict())))
    for each in (first, second):
        assert not each.goes_on(3, 1)
        each.note_critic({"wasserstein": paddle.to_tensor(2.5)})
        assert each.goes_on(3, 1)


@pytest.mark.parametrize("kind", ["critic", "generator"])
def test_accumulated_batches_step_like_one(kind):
    """Three batches of four, or one of twelve: the same gradient."""
    rng = np.random.default_rng(5)
    real, noise = (rng.standard_normal((12, 2)).astype("float32") for _ in range(2))
    alpha, start = rng.random((12, 1)).astype("float32"), LinearGAN()
    found = []
    for parts in (1, 3):
        critic = nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 1))
        paddle.seed(3)
        for parameter in critic.parameters():
            parameter.set_value(paddle.randn(parameter.shape))
        gan = WGAN_GP(start.generator, critic, lambda_gp=10.0, terms=[drift_term(0.1)])
        before = start.generator.weight.numpy(), start.generator.bias.numpy()
        slices = iter(np.split(np.arange(12), parts))

        def loss(batch, *labels, gan=gan, slices=slices):
            part = next(slices)
            given = {"noise": paddle.to_tensor(noise[part])}
            if kind == "generator":
                return type(gan).generator_loss(gan, batch, **given)
            given["alpha"] = paddle.to_tensor(alpha[part])
            return type(gan).critic_loss(
                gan, paddle.to_tensor(real[part]), None, **given
            )

        setattr(gan, f"{kind}_loss", loss)
        solver = AdversarialSolver(
            gan,
            BatchStream(real, 12 // parts, seed=0),
            optim.SGD(1.0, gan.generator.parameters()),
            optim.SGD(1.0, critic.parameters()),
            update_freq=parts,
        )
        network = solver.networks[kind]
        old = np.concatenate([p.numpy().ravel() for p in network.parameters()])
        terms = getattr(solver, f"{kind}_step")()
        new = np.concatenate([p.numpy().ravel() for p in network.parameters()])
        found.append((old - new, {name: float(value) for name, value in terms.items()}))
        assert next(slices, None) is None
        start.generator.weight.set_value(before[0])
        start.generator.bias.set_value(before[1])
    (whole, terms), (accumulated, mean_terms) = found
    assert np.abs(whole).max() > 1e-2
    np.testing.assert_allclose(accumulated, whole, rtol=1e-4, atol=1e-6)
    assert mean_terms == pytest.approx(terms, rel=1e-4)


def test_accumulated_batches_are_fresh_and_counted(tmp_path, monkeypatch):
    solver, gan = build(tmp_path / "run", epochs=1, n_critic=2, update_freq=3)
    monkeypatch.setattr(solver.pace, "elapsed", lambda: float(solver.iteration))
    solver.log_freq = 2
    solver.train()
    constrained = gan.calls.count("constrain")
    assert gan.calls.count("critic") == 3 * constrained == 3 * 2 * 4
    assert gan.calls.count("generator") == 3 * 3
    first_pass = np.concatenate(gan.real[: 31 // BATCH])
    assert len(np.unique(first_pass, axis=0)) == len(first_pass)
    lines = [json.loads(line) for line in open(tmp_path / "run" / "metrics.jsonl")]
    assert [line["images_per_second"] for line in lines] == [2 * 3 * BATCH] * 2


def test_terms_that_not_all_steps_have(tmp_path):
    """Means are over the steps with a penalty, and null where there was none."""
    gan = WGAN_GP(nn.Linear(2, 2), nn.Linear(2, 1), penalty_interval=6)
    slopes = []
    loss = gan.critic_loss

    def critic_loss(real, labels):
        terms = loss(real, labels)
        if "slope" in terms:
            slopes.append(float(terms["slope"]))
        return terms

    gan.critic_loss = critic_loss
    solver, _ = build(tmp_path / "run", epochs=2, n_critic=2, gan=gan)
    solver.log_freq = 2
    solver.train()
    lines = [json.loads(line) for line in open(tmp_path / "run" / "metrics.jsonl")]
    # steps 0, 6 and 12 of 16, in the iterations 0, 3 and 6
    expected = [slopes[0], slopes[1], None, slopes[2]]
    assert [line["slope"] for line in lines] == pytest.approx(expected)
    assert [line["gradient_penalty"] is None for line in lines] == [
        each is None for each in expected
    ]


def test_two_learning_rates():
    """TTUR: each network has its own (Heusel et al. 2017)."""
    solver, gan = build()
    old = gan.critic.weight.numpy(), gan.generator.weight.numpy()
    solver.critic_optimizer = optim.SGD(0.3, gan.critic.parameters())
    solver.generator_optimizer = optim.SGD(0.1, gan.generator.parameters())
    gradients = {}
    average = parallel.average_gradients
    try:
        parallel.average_gradients = lambda network: gradients.update(
            {id(network): network.weight.grad.numpy()}
        )
        solver.critic_step()
        solver.generator_step()
    finally:
        parallel.average_gradients = average
    for network, before, rate in (
        (gan.critic, old[0], 0.3),
        (gan.generator, old[1], 0.1),
    ):
        step = before - network.weight.numpy()
        np.testing.assert_allclose(step, rate * gradients[id(network)], rtol=1e-4)


def test_batch_of_the_generator():
    solver, gan = build(epochs=1, generator_batch_size=11)
    solver.train()
    assert gan.generator_batch == 11


# mixed precision; there is none on a CPU, so that what Paddle would do is told or forced


def test_mixed_precision_on_a_cpu_is_refused():
    """Paddle's autocast has no effect there, and its kernels no half precision."""
    with pytest.raises(UserError, match="set use_amp=false"):
        build(use_amp=True)


@pytest.fixture
def on_a_gpu(monkeypatch):
    monkeypatch.setattr(refusals, "_on_cpu", lambda: False)


def test_half_precision_weights_are_refused(on_a_gpu):
    with pytest.raises(UserError, match="set amp_level=O1"):
        build(use_amp=True, amp_level="O2")


def test_the_penalty_is_outside_of_autocast(on_a_gpu, monkeypatch):
    """Scores are computed inside, points of the penalty outside, in float32."""
    states = [None]
    seen = []

    @contextlib.contextmanager
    def auto_cast(enable=True, level=None, dtype="float16"):
        states.append((level, dtype) if enable else None)
        yield
        states.pop()

    gan = WGAN_GP(nn.Linear(2, 2), nn.Linear(2, 1))
    gan.critic.register_forward_pre_hook(
        lambda _, inputs: seen.append((states[-1], inputs[0].dtype))
    )
    solver, _ = build(use_amp=True, gan=gan)
    monkeypatch.setattr(paddle.amp, "auto_cast", auto_cast)
    inside = ("O1", "float16")
    solver.critic_step()
    assert seen == [(inside, paddle.float32), (None, paddle.float32)]
    seen.clear()
    solver.generator_step()
    assert [state for state, _ in seen] == [inside]


@pytest.fixture
def scaled(on_a_gpu, monkeypatch):
    """A solver whose losses are scaled, which Paddle refuses to do on a CPU."""
    place = types.SimpleNamespace(is_gpu_place=lambda: True)
    tracer = types.SimpleNamespace(_expected_place=place)
    monkeypatch.setattr(paddle.amp.grad_scaler, "_dygraph_tracer", lambda: tracer)
    solver, gan = build(use_amp=True)
    assert set(solver.scalers) == {"critic", "generator"}
    assert all(each.is_enable() for each in solver.scalers.values())
    solver.critic_optimizer = optim.SGD(1.0, gan.critic.parameters())
    solver.generator_optimizer = optim.SGD(1.0, gan.generator.parameters())
    return solver, gan


def test_scaled_losses_make_the_same_step(scaled):
    solver, gan = scaled
    plain, other = build()
    plain.critic_optimizer = optim.SGD(1.0, other.critic.parameters())
    plain.generator_optimizer = optim.SGD(1.0, other.generator.parameters())
    for each in (solver, plain):
        paddle.seed(8)
        each.critic_step()
        each.generator_step()
    np.testing.assert_allclose(weights(gan), weights(other), rtol=1e-5)


def test_a_step_that_overflows_is_left_out(scaled):
    """And the scale of this network alone is halved."""
    solver, gan = scaled
    loss = gan.critic_loss
    gan.critic_loss = lambda *batch: {
        name: value * float("inf") for name, value in loss(*batch).items()
    }
    before = weights(gan)
    critic, generator = (solver.scalers[name] for name in ("critic", "generator"))
    critic._decr_every_n_nan_or_inf = 1
    scale = float(critic._scale)
    solver.critic_step()
    assert np.array_equal(weights(gan), before)
    assert float(critic._scale) == scale / 2
    assert float(generator._scale) == scale


def test_files_of_a_run(tmp_path):
    drawn = []
    solver, gan = build(
        tmp_path / "run", pictures=lambda iteration, _: drawn.append(iteration)
    )
    solver.train()
    run = tmp_path / "run"
    records = [json.loads(line) for line in (run / "metrics.jsonl").open()]
    assert [r["iteration"] for r in records] == [3, 6]
    for record in records:
        for key in (
            "critic_loss",
            "wasserstein",
            "generator_loss",
            "critic_lr",
            "generator_lr",
            "seconds",
        ):
            assert isinstance(record[key], float)
        assert record["slope"] is None and record["gradient_penalty"] is None
    assert drawn == [4, 8]
    assert (run / "checkpoints" / "latest").read_text() == "iter_00000008\n"
    assert sorted(p.name for p in (run / "checkpoints").iterdir()) == [
        "iter_00000004",
        "iter_00000008",
        "latest",
    ]
    for name, network in (("generator", gan.generator), ("critic", gan.critic)):
        loaded = paddle.load(str(run / f"{name}.pdparams"))
        assert np.array_equal(loaded["weight"].numpy(), network.weight.numpy())


def test_resumed_run_equals_the_uninterrupted_one(tmp_path):
    whole, gan = build(tmp_path / "whole", epochs=3)
    whole.train()
    first, _ = build(tmp_path / "parts", epochs=1)
    first.train()
    nn.Linear(5, 5)  # shifts Paddle's automatic parameter names
    paddle.seed(999)
    earlier = str(tmp_path / "parts" / "checkpoints" / "iter_00000004")
    second, resumed = build(tmp_path / "parts", epochs=3, resume_from=earlier)
    paddle.seed(12345)
    second.train()
    assert np.array_equal(weights(gan), weights(resumed))
    lines = [
        [
            {
                k: v
                for k, v in json.loads(line).items()
                if k not in ("seconds", "images_per_second")
            }
            for line in open(tmp_path / run / "metrics.jsonl")
        ]
        for run in ("whole", "parts")
    ]
    assert lines[0] == lines[1]


def test_a_run_that_has_begun_or_gone_on_is_not_silent_for_long(tmp_path, monkeypatch):
    """Early lines are in the log alone; metrics.jsonl holds the means since its last line."""
    said = []
    monkeypatch.setattr(reporting.logger, "info", said.append)

    def logged():
        found = [re.match(r"\[Train\]\[iteration (\d+)/", line) for line in said]
        said.clear()
        return [int(each.group(1)) for each in found if each]

    def train(**options):
        solver, _ = build(tmp_path / "run", **options)
        solver.log_freq = 7
        solver.train()
        return logged()

    assert train(epochs=4) == [1, 2, 5, 7, 14]
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["iteration"] for line in lines] == [7, 14]
    earlier = str(tmp_path / "run" / "checkpoints" / "iter_00000012")
    assert train(epochs=4, resume_from=earlier) == [13, 14]
    # all seven iterations from 8 to 14, whatever the log said in between
    again = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    for key in ("critic_loss", "generator_loss"):
        assert [json.loads(x)[key] for x in again] == [
            json.loads(x)[key] for x in lines
        ]


def test_lines_beyond_the_checkpoint_are_cut(tmp_path):
    solver, _ = build(tmp_path / "run", epochs=2)
    solver.train()
    earlier = str(tmp_path / "run" / "checkpoints" / "iter_00000004")
    again, _ = build(tmp_path / "run", epochs=2, resume_from=earlier)
    again.train()
    iterations = [
        json.loads(line)["iteration"]
        for line in open(tmp_path / "run" / "metrics.jsonl")
    ]
    assert iterations == [3, 6]


def test_an_existing_run_is_not_overwritten(tmp_path):
    solver, _ = build(tmp_path / "run", epochs=1)
    solver.train()
    before = (tmp_path / "run" / "metrics.jsonl").read_bytes()
    again, _ = build(tmp_path / "run", epochs=1)
    with pytest.raises(UserError, match="already holds a run.*resume=True"):
        again.train()
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == before


def test_watching_does_not_change_the_training(tmp_path):
    """Validation, evaluation and pictures draw random numbers, training doesn't notice."""

    def noisy(*_):
        paddle.randn([7])
        np.random.rand()
        return {"metric": 1.0}

    plain, gan = build(epochs=2)
    plain.train()
    held_out = [(paddle.to_tensor(data(4)), None), (paddle.to_tensor(data(2)), None)]
    watched, other = build(
        tmp_path / "run",
        epochs=2,
        validation=held_out,
        evaluator=noisy,
        pictures=noisy,
        eval_during_train=True,
    )
    watched.train()
    assert np.array_equal(weights(gan), weights(other))
    records = [json.loads(line) for line in open(tmp_path / "run" / "metrics.jsonl")]
    assert [r for r in records if "eval" in r] == [
        {"iteration": 4, "eval": {"metric": 1.0}},
        {"iteration": 8, "eval": {"metric": 1.0}},
    ]
    assert all("validation_critic_loss" in r for r in records if "eval" not in r)


def test_looking_at_a_spectrally_normalised_critic_changes_nothing(tmp_path):
    """Each look in training mode would move the singular vectors."""
    found = []
    for watched in (False, True):
        paddle.seed(6)
        gan = WGAN_GP(nn.Linear(2, 2), nn.Linear(2, 1), spectral_norm=True)

        def look(*_, gan=gan):
            assert not gan.critic.training
            return {"score": float(gan.critic_score(paddle.to_tensor(data(4))).mean())}

        hooks = {}
        if watched:
            hooks = {
                "validation": [(paddle.to_tensor(data(4)), None)],
                "evaluator": look,
            }
            hooks.update(pictures=look, eval_during_train=True)
        solver, _ = build(tmp_path / str(watched), gan=gan, **hooks)
        solver.train()
        assert gan.critic.training
        found.append({k: v.numpy() for k, v in gan.critic.state_dict().items()})
    assert set(found[0]) == {"weight_orig", "weight_u", "weight_v", "bias"}
    for name, value in found[0].items():
        assert np.array_equal(value, found[1][name]), name


def test_validation_loss_is_the_mean_over_samples():
    class Fixed(LinearGAN):
        def critic_loss(self, real, labels):
            return {"critic_loss": real.mean()}

    solver, _ = build()
    solver.gan = Fixed()
    solver.validation = [
        (paddle.full([3, 2], 1.0), None),
        (paddle.full([1, 2], 5.0), None),
    ]
    assert solver.validation_loss() == pytest.approx(2.0)


def test_moving_average_per_iteration(tmp_path):
    solver, gan = build(tmp_path / "run", epochs=1)
    solver.ema_model = ema.ExponentialMovingAverage(gan.generator, 0.5)
    solver.avg_freq = 1
    expected = gan.generator.weight.numpy()
    states = []
    finish = solver.finish_iteration

    def spy(*arguments):
        states.append(gan.generator.weight.numpy())
        finish(*arguments)

    solver.finish_iteration = spy
    solver.train()
    for state in states:
        expected = 0.5 * expected + 0.5 * state
    averaged = paddle.load(str(tmp_path / "run" / "generator_ema.pdparams"))["weight"]
    np.testing.assert_allclose(averaged.numpy(), expected, rtol=1e-5)
    plain = paddle.load(str(tmp_path / "run" / "generator.pdparams"))["weight"]
    assert np.array_equal(plain.numpy(), states[-1])


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    solver, _ = build(tmp_path / "run", epochs=1)
    solver.train()
    earlier = str(tmp_path / "run" / "checkpoints" / "iter_00000004")
    other, gan = build(tmp_path / "run", epochs=2, resume_from=earlier)
    gan.critic = nn.Linear(2, 2)
    with pytest.raises(UserError, match="'weight' has the shape"):
        other.train()


def test_a_static_critic_is_refused():
    gan = LinearGAN()
    gan.critic = paddle.jit.to_static(gan.critic)
    with pytest.raises(UserError, match="to_static.*loses the gradient"):
        AdversarialSolver(gan, None, None, None)


def test_to_static_in_the_configuration_is_refused():
    gan = LinearGAN()
    with pytest.raises(UserError, match="to_static=false"):
        AdversarialSolver(
            gan, None, None, None, cfg=OmegaConf.create({"to_static": True})
        )


def test_prim_with_a_normalised_critic_is_refused():
    gan = LinearGAN()
    gan.critic = nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4), nn.Linear(4, 1))
    core.set_prim_eager_enabled(True)
    try:
        with pytest.raises(UserError, match=r"prim=true.*'1' \(LayerNorm\)"):
            AdversarialSolver(gan, None, None, None)
    finally:
        core.set_prim_eager_enabled(False)


def test_term_means():
    means = TermMeans()
    for i in range(4):
        means.update({"a": paddle.to_tensor(float(i))})
    means.update({"b": paddle.to_tensor(7.0)})
    assert means.means() == {"a": 1.5, "b": 7.0}
    other = TermMeans()
    other.restore(means.arrays(), means.counts)
    assert other.means() == means.means()
    means.reset()
    assert means.means() == {}


def test_metrics_log_ignores_a_line_cut_short(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"iteration": 1}\n{"iteration": 2}\n{"itera')
    log = MetricsLog(str(path))
    log.truncate(2, 1)
    log.append({"iteration": 3})
    assert path.read_text() == '{"iteration": 1}\n{"iteration": 3}\n'


def test_nothing_is_written_without_an_output_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    solver, _ = build(epochs=1)
    solver.train()
    assert list(tmp_path.iterdir()) == []
    assert not osp.exists("checkpoints")


def test_pretrained_weights_begin_the_run(tmp_path):
    path = str(tmp_path / "generator.pdparams")
    weights = {"weight": np.full((2, 2), 7, "float32"), "bias": np.zeros(2, "float32")}
    paddle.save({k: paddle.to_tensor(v) for k, v in weights.items()}, path)
    _, gan = build(pretrained_model_path=path)
    np.testing.assert_array_equal(gan.generator.weight.numpy(), weights["weight"])


def test_pretrained_weights_of_both_networks(tmp_path):
    paths = {}
    for name, outputs in (("generator", 2), ("critic", 1)):
        paths[name] = str(tmp_path / f"{name}.pdparams")
        weights = {
            "weight": paddle.full([2, outputs], 7),
            "bias": paddle.ones([outputs]),
        }
        paddle.save({k: v.astype("float32") for k, v in weights.items()}, paths[name])
    _, gan = build(pretrained_model_path=paths)
    assert (gan.generator.weight.numpy() == 7).all()
    assert (gan.critic.weight.numpy() == 7).all()
    _, gan = build(pretrained_model_path={"critic": paths["critic"]})
    assert (gan.generator.weight.numpy() != 7).all()
    assert (gan.critic.weight.numpy() == 7).all()


def test_pretrained_weights_run_nothing(tmp_path):
    path, trace = tmp_path / "generator.pdparams", str(tmp_path / "executed")
    path.write_bytes(pickle.dumps({"weight": Hostile(trace)}))
    with pytest.raises(UserError, match="would call"):
        build(pretrained_model_path=str(path))
    assert not osp.exists(trace)
