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

"""The checks, in the order of the page."""

from __future__ import annotations

import glob
import time
from os import path as osp
from typing import Callable
from typing import Dict
from typing import Iterator
from typing import NamedTuple

import numpy as np
import paddle

from ppsci_ext.arch.inception import FIDInceptionV3
from tests import golden
from tools.gpu_check import ranks
from tools.gpu_check import speed
from tools.gpu_check import training
from tools.gpu_check.target import Row
from tools.gpu_check.target import Skipped
from tools.gpu_check.target import Target
from tools.gpu_check.target import each

TRACES = osp.join(osp.dirname(osp.abspath(golden.__file__)), "golden")
FEATURE_TOLERANCE = 1e-3  # of the largest feature
COMPARED = 4  # images


class Check(NamedTuple):
    """One section of the page.

    Attributes:
        title (str): Heading.
        says (str): What is done, and what counts as passed.
        look (Callable): Target -> rows; raises Skipped where it can't be done.
    """

    title: str
    says: str
    look: Callable[[Target], Iterator[Row]]


def traces(target: Target) -> Iterator[Row]:
    """The authors' code number by number; the errors that come nearest to their tolerances."""

    def look(name: str) -> Row:
        errors = golden.replay(osp.join(TRACES, f"{name}.npz"))
        shares = {key: x / golden.tolerance(name, key) for key, x in errors.items()}
        worst = max(shares, key=shares.get)
        row: Row = {
            "quantities": len(errors),
            "nearest": worst,
            "error": errors[worst],
            "tolerance": golden.tolerance(name, worst),
        }
        if not shares[worst] < 1:
            row["problem"] = f"the error of {worst} is too large"
        return row

    paths = sorted(glob.glob(osp.join(TRACES, "*.npz")))
    return each([osp.basename(path)[: -len(".npz")] for path in paths], look)


def mixed_precision(target: Target) -> Iterator[Row]:
    if target.device == "cpu":
        raise Skipped(
            "use_amp=true is refused on a CPU, where Paddle has no float16 kernels"
        )
    return training.mixed_precision(target)


@paddle.no_grad()
def inception(target: Target) -> Iterator[Row]:
    """Features on the CPU and on the device, and images a second."""
    batch = 64 if target.full else COMPARED
    images = np.random.default_rng(0).integers(0, 256, (batch, 3, 32, 32), np.uint8)
    features = {}
    paddle.set_device("cpu")
    network = FIDInceptionV3()
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    for place in ("cpu", target.device):
        paddle.set_device(place)
        network = FIDInceptionV3()
        network.set_state_dict(weights)
        network.eval()
        few = paddle.to_tensor(images[:COMPARED])
        features[len(features)] = network(few)["2048"].numpy()
    error = np.abs(features[1] - features[0]).max() / np.abs(features[0]).max()
    whole, rounds = paddle.to_tensor(images), 5 if target.full else 1
    float(network(whole)["2048"].sum())  # the first call is slower
    start = time.perf_counter()
    for _ in range(rounds):
        float(network(whole)["2048"].sum())
    row: Row = {
        "what": "FID Inception",
        "batch": batch,
        "images a second": rounds * batch / (time.perf_counter() - start),
        "deviation of features": float(error),
    }
    if not error < FEATURE_TOLERANCE:
        row["problem"] = "the features deviate"
    yield row


CHECKS: Dict[str, Check] = {
    "golden": Check(
        "The authors' code, number by number",
        "Replays of tests/golden on the device; tolerances of tests/golden/README.md, which were "
        "set on a CPU.",
        traces,
    ),
    "agreement": Check(
        "Device and CPU agree",
        f"The first {training.ITERATIONS} iterations of each case at a small size, from the same "
        "weights, data and random numbers. Deviations of the losses relative to the largest: "
        f"passed below {training.FIRST_TOLERANCE:g} in the first two iterations and "
        f"{training.TOLERANCE:g} in all.",
        training.agreement,
    ),
    "amp": Check(
        "Mixed precision beside float32",
        f"The same with use_amp=true, on the device: passed with finite weights and below "
        f"{training.AMP_TOLERANCE:g}.",
        mixed_precision,
    ),
    "resume": Check(
        "Resuming bit for bit",
        "Four iterations at once, and two resumed for two more, with cuDNN's deterministic "
        "algorithms (FLAGS_cudnn_deterministic=1): passed with equal weights.",
        training.resume,
    ),
    "processes": Check(
        "Two processes",
        "Five iterations of the toy case by two processes, NCCL on GPUs: passed if both end with "
        "the same weights, which have moved.",
        ranks.two_processes,
    ),
    "inception": Check(
        "Inception",
        f"Random weights, not the published ones: passed if features agree with the CPU's to "
        f"{FEATURE_TOLERANCE:g} of the largest.",
        inception,
    ),
    "speed": Check(
        "Time and memory",
        "Iterations (critic steps and a generator step) of each network on random data, by "
        "AdversarialSolver; median. Passed if they run. Peak memory is what Paddle allocated on "
        "the GPU.",
        speed.speed,
    ),
}
