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

"""Short trainings of the cases on random data, and what two of them have to have in common."""

from __future__ import annotations

import contextlib
import tempfile
from os import path as osp
from typing import Any
from typing import Dict
from typing import Iterator
from typing import List
from typing import NamedTuple
from typing import Optional
from unittest import mock

import numpy as np
import paddle
from wgan_gp.models import BaseGAN

from benchmarks.paddle_worker import build_solver
from ppsci.utils import misc
from ppsci_ext.solver import AdversarialSolver
from tools.gpu_check.target import CASES
from tools.gpu_check.target import Row
from tools.gpu_check.target import Target
from tools.gpu_check.target import each
from tools.zoo.cases import case_of
from tools.zoo.cases import configured

SEED = 42
ITERATIONS = 20
FIRST_TOLERANCE = (
    1e-4  # of the largest loss; the same arithmetic, summed in another order
)
TOLERANCE = 1e-2  # after 20 iterations, over which training lets rounding grow
AMP_TOLERANCE = 0.1  # float16 has 11 bits
RESUMED = ("toy", "mnist", "cifar_resnet")


class Trained(NamedTuple):
    """What a training leaves.

    Attributes:
        losses (Dict[str, np.ndarray]): "critic_loss" and "generator_loss" of each iteration.
        weights (Dict[str, np.ndarray]): Final weights of both networks.
    """

    losses: Dict[str, np.ndarray]
    weights: Dict[str, np.ndarray]


def solver_of(name: str, device: str, overrides: List[str]) -> AdversarialSolver:
    """The solver of a case on random data.

    Args:
        name (str): Row of CASES.
        device (str): "cpu" or "gpu".
        overrides (List[str]): KEY=VALUE; they say where the run may write.
    """
    case = case_of(CASES[name].script)
    given = [f"device={device}", f"seed={SEED}", *overrides]
    cfg = configured(case, given)
    if "convolution" in cfg.MODEL:
        cfg = configured(case, [*given, "MODEL.convolution=paddle"])
    paddle.set_device(device)
    misc.set_random_seed(SEED)
    return build_solver(case(cfg))


def train(
    name: str,
    device: str,
    *overrides: str,
    initial: Optional[Dict[str, np.ndarray]] = None,
) -> Trained:
    """Train a case at its small size.

    Args:
        name (str): Row of CASES.
        device (str): "cpu" or "gpu".
        *overrides (str): Further KEY=VALUE.
        initial (Optional[Dict[str, np.ndarray]]): Weights to begin with. Defaults to its own.
    """
    with tempfile.TemporaryDirectory() as folder:
        small = [
            *(*CASES[name].chosen, *CASES[name].small),
            f"output_dir={osp.join(folder, 'run')}",
            "TRAIN.epochs=1",
            f"TRAIN.iters_per_epoch={ITERATIONS}",
            "TRAIN.log_freq=1",
            *overrides,
        ]
        solver = solver_of(name, device, small)
        if initial is not None:
            set_weights(solver.gan, initial)
        solver.train()
        records = [r for r in solver.folder.metrics.records if "critic_loss" in r]
    losses = {
        key: np.array([np.nan if r[key] is None else r[key] for r in records])
        for key in ("critic_loss", "generator_loss")
    }
    return Trained(losses, weights_of(solver.gan))


def weights_of(gan: BaseGAN) -> Dict[str, np.ndarray]:
    """Parameters and buffers of both networks."""
    return {
        f"{network}.{name}": tensor.numpy()
        for network in ("generator", "critic")
        for name, tensor in getattr(gan, network).state_dict().items()
    }


def set_weights(gan: BaseGAN, weights: Dict[str, np.ndarray]) -> None:
    """Take up what `weights_of` returned."""
    for network in ("generator", "critic"):
        for name, tensor in getattr(gan, network).state_dict().items():
            tensor.set_value(weights[f"{network}.{name}"])


@contextlib.contextmanager
def the_same_draws() -> Iterator[None]:
    """Paddle's random numbers come from NumPy inside: each device has a generator of its own."""
    rng = np.random.default_rng(SEED)

    def randn(shape: Any, dtype: str = "float32") -> paddle.Tensor:
        return paddle.to_tensor(rng.standard_normal(tuple(shape)), dtype)

    def rand(shape: Any, dtype: str = "float32") -> paddle.Tensor:
        return paddle.to_tensor(rng.random(tuple(shape)), dtype)

    def randint(low: int, high: int, shape: Any) -> paddle.Tensor:
        return paddle.to_tensor(rng.integers(low, high, tuple(shape)))

    with mock.patch.multiple(paddle, randn=randn, rand=rand, randint=randint):
        yield


def deviation(found: np.ndarray, expected: np.ndarray, until: int) -> float:
    """Largest difference of losses up to an iteration, relative to the largest loss.

    Args:
        found (np.ndarray): Losses of one training; NaN where there is none.
        expected (np.ndarray): Those of the other.
        until (int): Number of iterations.
    """
    missing = np.isnan(expected[:until])
    if (np.isnan(found[:until]) != missing).any():
        return float("inf")
    a, b = (np.where(missing, 0.0, each[:until]) for each in (found, expected))
    return float(np.abs(a - b).max() / (np.abs(b).max() or 1.0))


# the checks


def agreement(target: Target) -> Iterator[Row]:
    """Losses on the CPU and on the device, from equal weights, data and random numbers."""

    def look(name: str) -> Row:
        initial = initial_weights(name)
        trainings = []
        for device in ("cpu", target.device):
            with the_same_draws():
                trainings.append(train(name, device, initial=initial))
        return compare_losses(trainings[1], trainings[0])

    return each(list(CASES), look)


def initial_weights(name: str) -> Dict[str, np.ndarray]:
    """Those that a case draws on the CPU."""
    with tempfile.TemporaryDirectory() as folder:
        overrides = [*CASES[name].chosen, *CASES[name].small, f"output_dir={folder}"]
        return weights_of(solver_of(name, "cpu", overrides).gan)


def compare_losses(found: Trained, expected: Trained) -> Row:
    """How far the losses of two trainings are apart, and whether that is too far."""
    row: Row = {}
    problems = []
    for key in ("critic_loss", "generator_loss"):
        # the generator has no step in the first iteration
        first = deviation(found.losses[key], expected.losses[key], 2)
        last = deviation(found.losses[key], expected.losses[key], ITERATIONS)
        row.update({f"{key}, first two": first, f"{key}, all": last})
        if not (first < FIRST_TOLERANCE and last < TOLERANCE):
            problems.append(f"the {key} deviates")
    return _with(row, problems)


def mixed_precision(target: Target) -> Iterator[Row]:
    """use_amp=true beside float32, from equal weights, data and random numbers."""

    def look(name: str) -> Row:
        initial = initial_weights(name)
        trainings = []
        for precision in ("use_amp=false", "use_amp=true"):
            with the_same_draws():
                trainings.append(train(name, target.device, precision, initial=initial))
        return compare_precision(trainings[1], trainings[0])

    return each(list(CASES), look)


def compare_precision(half: Trained, single: Trained) -> Row:
    """Whether a training in mixed precision is finite and near that in float32."""
    problems = []
    if not all(np.isfinite(array).all() for array in half.weights.values()):
        problems.append("a weight is not finite")
    last = deviation(
        half.losses["critic_loss"], single.losses["critic_loss"], ITERATIONS
    )
    if not last < AMP_TOLERANCE:
        problems.append("the critic_loss deviates")
    return _with({"critic_loss, all": last}, problems)


def resume(target: Target) -> Iterator[Row]:
    """Four iterations at once, and two and then two: the same weights to the last bit."""

    def look(name: str) -> Row:
        # a learning rate that falls to zero by the last epoch would be another in each
        four = ("TRAIN.epochs=2", "TRAIN.iters_per_epoch=2", "TRAIN.lr_decay=false")
        whole = train(name, target.device, *four)
        with tempfile.TemporaryDirectory() as folder:
            here = (f"output_dir={osp.join(folder, 'parts')}", "TRAIN.resume=auto")
            train(name, target.device, *four, "TRAIN.epochs=1", *here)
            parts = train(name, target.device, *four, *here)
        return compare_bits(parts, whole)

    return each(list(RESUMED), look)


def compare_bits(found: Trained, expected: Trained) -> Row:
    """How many weights of two trainings differ at all."""
    differing = sum(
        int((found.weights[name] != array).sum())
        for name, array in expected.weights.items()
    )
    total = sum(array.size for array in expected.weights.values())
    problems = ["weights differ"] if differing else []
    return _with({"weights": total, "differing": differing}, problems)


def _with(row: Row, problems: List[str]) -> Row:
    return {**row, "problem": "; ".join(problems)} if problems else row
