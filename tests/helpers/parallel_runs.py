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

"""Short training runs of several processes; started by tests.helpers.forks, one process a rank."""

from __future__ import annotations

import functools
import os
import signal
import time
from typing import Any

import numpy as np
import paddle
from paddle import nn
from paddle import optimizer as optim
from wgan_gp.models import WGAN_GP
from wgan_gp.models import BaseGAN
from wgan_gp.models.networks.normalization import BatchNorm
from wgan_gp.models.networks.normalization import ConditionalBatchNorm

from ppsci.utils import logger
from ppsci.utils import misc
from ppsci_ext.data import BatchStream
from ppsci_ext.solver import AdversarialSolver
from ppsci_ext.solver import parallel
from tests.helpers import small_runs

BATCH = 8


def join(rank: int, ranks: int, port: int) -> None:
    """Set what paddle.distributed.launch sets."""
    os.environ.update(
        PADDLE_TRAINER_ID=str(rank),
        PADDLE_TRAINERS_NUM=str(ranks),
        PADDLE_TRAINER_ENDPOINTS=",".join(
            f"127.0.0.1:{port + each}" for each in range(ranks)
        ),
        PADDLE_CURRENT_ENDPOINT=f"127.0.0.1:{port + rank}",
        PADDLE_MASTER=f"127.0.0.1:{port}",
        PADDLE_DISTRI_BACKEND="gloo",
    )
    logger.init_logger("ppsci", None, "warning")
    parallel.start()


def weights(network: nn.Layer) -> np.ndarray:
    return np.concatenate([p.numpy().ravel() for p in network.parameters()])


def gradients(rank: int, ranks: int) -> dict:
    """`averaged_gradients` of small networks."""
    misc.set_random_seed(5)
    gan = WGAN_GP(
        nn.Sequential(nn.Linear(2, 6), nn.ReLU(), nn.Linear(6, 2)),
        nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 1)),
        lambda_gp=10.0,
    )
    points = np.random.default_rng(1).standard_normal((20, 2)).astype("float32")
    stream = BatchStream(points, BATCH // ranks, seed=3)
    return averaged_gradients(gan, stream, rank, ranks)


def averaged_gradients(
    gan: BaseGAN, stream: BatchStream, rank: int, ranks: int
) -> dict:
    """Gradients of a step of each network on BATCH samples of all processes together.

    Noise and interpolation weights of a sample are the same for any number of processes.
    """
    rng = np.random.default_rng(2)
    noise = rng.standard_normal((BATCH, *gan.latent_shape)).astype("float32")
    alpha = rng.random((BATCH, 1)).astype("float32")
    size = BATCH // ranks
    own = slice(rank * size, (rank + 1) * size)
    given = {"noise": paddle.to_tensor(noise[own])}
    gan.generator_loss = functools.partial(gan.generator_loss, **given)
    given["alpha"] = paddle.to_tensor(alpha[own])
    gan.critic_loss = functools.partial(gan.critic_loss, **given)
    optimizers = [
        optim.SGD(1.0, network.parameters()) for network in (gan.generator, gan.critic)
    ]
    solver = AdversarialSolver(gan, stream, *optimizers)
    found = {}
    for name, step in (
        ("critic", solver.critic_step),
        ("generator", solver.generator_step),
    ):
        network = solver.networks[name]

        def note() -> None:  # in place of a step
            parameters = network.parameters()
            found[name] = np.concatenate([p.grad.numpy().ravel() for p in parameters])

        solver.optimizers[name].step = note
        step()
    return found


def normalised(rank: int, ranks: int) -> dict:
    """Outputs of batch norm, and gradients of the mean loss over all processes."""
    rng = np.random.default_rng(2)
    images = 3 + 2 * rng.standard_normal((BATCH, 3, 4, 4)).astype("float32")
    weighting = rng.standard_normal((BATCH, 3, 4, 4)).astype("float32")
    size = BATCH // ranks
    own = slice(rank * size, (rank + 1) * size)
    labels = paddle.arange(BATCH)[own] % 2
    found = {}
    for name, layer, inputs in (
        ("plain", BatchNorm(3), []),
        ("conditional", ConditionalBatchNorm(3, 2), [labels]),
    ):
        x = paddle.to_tensor(images[own], stop_gradient=False)
        output = layer(x, *inputs)
        (paddle.to_tensor(weighting[own]) * output.square()).mean().backward()
        parallel.average_gradients(layer)
        found[f"{name}_output"] = output.numpy()
        found[f"{name}_input"] = x.grad.numpy() / ranks
        for key, parameter in layer.named_parameters():
            found[f"{name}_{key}"] = parameter.grad.numpy()
    return found


def one_alone(path: str) -> None:
    logger.init_logger("ppsci", None, "warning")
    np.savez(path, **gradients(0, 1), **normalised(0, 1))


def solver_of(rank: int, folder: str, resume: bool, **kwargs: Any) -> AdversarialSolver:
    """The solver of `small_runs`, with other initial weights in each process."""
    seed = misc.set_random_seed
    misc.set_random_seed = lambda number: seed(number + rank)
    name = f"{folder}/run" if rank == 0 else f"{folder}/of_process_{rank}"
    solver = small_runs.toy_solver(name, resume, **kwargs)
    misc.set_random_seed = seed
    return solver


def whole(rank: int, ranks: int, port: int, folder: str) -> None:
    """A run that nothing interrupts, and what each process has seen in it."""
    join(rank, ranks, port)
    found = gradients(rank, ranks)
    own_statistics = parallel.shares_batch_statistics
    parallel.shares_batch_statistics = lambda: True  # as on GPUs
    shared = normalised(rank, ranks)
    parallel.shares_batch_statistics = own_statistics
    solver = solver_of(rank, folder, False)
    real, noise = [], []
    loss, sample_noise = solver.gan.critic_loss, solver.gan.sample_noise

    def critic_loss(samples: paddle.Tensor, labels: Any) -> Any:
        if samples.shape[0] == solver.stream.batch_size:  # else of the validation
            real.append(samples.numpy())
        return loss(samples, labels)

    def noting(count: int) -> paddle.Tensor:
        drawn = sample_noise(count)
        if count == solver.stream.batch_size:  # else of the check before training
            noise.append(drawn)
        return drawn

    solver.gan.critic_loss, solver.gan.sample_noise = critic_loss, noting
    solver.train()
    np.savez(
        f"{folder}/seen_{rank}.npz",
        real=np.stack(real),
        noise=noise[0].numpy(),
        generator_weights=weights(solver.gan.generator),
        critic_weights=weights(solver.gan.critic),
        average=np.concatenate(
            [p.numpy().ravel() for p in solver.ema_model.params_shadow.values()]
        ),
        critic=found["critic"],
        generator=found["generator"],
        **shared,
    )


def train(rank: int, ranks: int, port: int, folder: str, resume: bool) -> None:
    join(rank, ranks, port)
    solver = solver_of(rank, folder, resume)
    small_runs.as_a_case(solver.train)


def signalled(rank: int, ranks: int, port: int, folder: str) -> None:
    """The last process alone gets SIGTERM in the fifth iteration, as often as the launcher
    sends it."""
    join(rank, ranks, port)
    solver = solver_of(rank, folder, False)
    loss = solver.gan.generator_loss

    def signalling(batch_size: int) -> Any:
        if solver.iteration == 4 and rank == ranks - 1:
            for _ in range(3):
                os.kill(os.getpid(), signal.SIGTERM)
        return loss(batch_size)

    solver.gan.generator_loss = signalling
    small_runs.as_a_case(solver.train)


def poisoned(rank: int, ranks: int, port: int, folder: str, times: int) -> None:
    """A loss of the last process alone is NaN in the sixth iteration."""
    join(rank, ranks, port)
    solver = solver_of(rank, folder, False, on_nan="rollback")
    solver.validation = None
    loss, left = solver.gan.critic_loss, [times]

    def critic_loss(*arguments: Any) -> Any:
        terms = loss(*arguments)
        if solver.iteration == 5 and rank == ranks - 1 and left[0] > 0:
            left[0] -= 1
            terms["critic_loss"] = terms["critic_loss"] * float("nan")
        return terms

    solver.gan.critic_loss = critic_loss
    small_runs.as_a_case(solver.train)


def waiting(rank: int, ranks: int, port: int, seconds: float) -> None:
    """The first process is busy for longer than Gloo waits."""
    join(rank, ranks, port)
    assert parallel.on_first(lambda: time.sleep(seconds) or rank) == 0
