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

"""Time and memory of the training step, per case and width.

    python -m benchmarks.bench_step [--case CASE ...] [--dim N ...] [--compare PEER ...] [--json FILE]

Measured are a critic step, a generator step and an iteration (n_critic critic steps and one
generator step, with data, optimizer and record, by AdversarialSolver). The variants are the cases
with oneDNN's convolutions ("onednn"), the same where there is no compiler ("no_compiler"), with
Paddle's own convolutions ("paddle"), and the peers asked for, with the same networks: "torch", written plainly in PyTorch; "torch_tuned", compiled and with channels last;
"jax", compiled by XLA. The latter two have the paper's cases. --peers PATH is the interpreter of an
environment that has these packages, where this one has not. Each variant is a process of its own;
they take turns, step by step. By default the networks are those of the YAML files, in full size;
"motion" has those of preset=cpu, "fields3d" small ones.

One JSON object a line for each case, width and variant: milliseconds (median and quartiles), images
per second, the largest resident memory in MiB, in all and above that after the imports, and
relative_to: the variant with which it is compared (the fastest of the peers), by the ratio of the
medians and by the median of the ratios within each turn (below 1: faster). bound_milliseconds is the arithmetic of the
step, counted from the networks, at the highest rate of a matrix product of 1024 x 1024 that a variant
reached in the same run; "motion" has none. A summary goes to the standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
from os import path as osp
from typing import Any
from typing import Dict
from typing import Iterator
from typing import List
from typing import Mapping
from typing import NamedTuple
from typing import Optional
from typing import Sequence
from typing import Tuple

import numpy as np

from benchmarks import workers
from benchmarks.report import report

CASES = {
    "toy": ("wgan_gp_toy", []),
    "mnist": ("wgan_gp_mnist", []),
    "cifar_resnet": ("wgan_gp_cifar", ["MODEL.name=resnet"]),
    "cifar_dcgan": ("wgan_gp_cifar", ["MODEL.name=dcgan"]),
    "fields": ("wgan_gp_fields", []),
    "fields3d": (
        "wgan_gp_fields",
        ["DATA.size=[32,32,32]", "MODEL.dim=8", "TRAIN.batch_size=8"],
    ),
    "motion": ("wgan_gp_motion", ["preset=cpu"]),
}
PAPERS_CASES = ("toy", "mnist", "cifar_resnet", "cifar_dcgan")


class Peer(NamedTuple):
    """What the cases are compared with.

    Attributes:
        package (str): What must be installed.
        module (str): The worker.
        options (Dict[str, Any]): What else to tell it.
        cases (Sequence[str]): Those that it has.
    """

    package: str
    module: str
    options: Dict[str, Any]
    cases: Sequence[str]


PEERS = {
    "torch": Peer("torch", "benchmarks.torch_worker", {"tuned": False}, list(CASES)),
    "torch_tuned": Peer(
        "torch", "benchmarks.torch_worker", {"tuned": True}, PAPERS_CASES
    ),
    "jax": Peer("jax", "benchmarks.jax_worker", {}, PAPERS_CASES),
}
STEPS = ("critic", "generator", "iteration")
PRODUCT_ROUNDS = 5


class Variant(NamedTuple):
    """A way in which the cases compute."""

    overrides: Tuple[str, ...]
    environment: Mapping[str, str] = {}


_PLAIN = Variant(())  # of toy, which has no choice
_NO_COMPILER = {"CXX": "/does/not/exist", "PPSCI_EXT_CACHE": "nothing_compiled_before"}
VARIANTS = {
    "onednn": Variant(("MODEL.convolution=onednn",)),
    "no_compiler": Variant(("MODEL.convolution=onednn",), _NO_COMPILER),
    "paddle": Variant(("MODEL.convolution=paddle",)),
}


def variants_of(case: str) -> Dict[str, Variant]:
    """What the case has to choose from, by name; "paddle" where it has no convolutions.

    Args:
        case (str): Name in CASES.
    """
    return {"paddle": _PLAIN} if case == "toy" else VARIANTS


def paddle_specs(
    case: str, dim: Optional[int], batch_size: Optional[int]
) -> Dict[str, Dict[str, Any]]:
    """What to tell the workers that run the case, by variant.

    Args:
        case (str): Name in CASES.
        dim (Optional[int]): Width; the case's own by default.
        batch_size (Optional[int]): Real samples per critic step; the case's own by default.
    """
    script, overrides = CASES[case]
    overrides = list(overrides)
    if dim is not None:
        overrides.append(f"MODEL.dim={dim}")
    if batch_size is not None:
        overrides.append(f"TRAIN.batch_size={batch_size}")
    return {
        name: {"case": script, "overrides": [*overrides, *variant.overrides]}
        for name, variant in variants_of(case).items()
    }


def summary(seconds: List[float], reference: List[float], name: str) -> Dict[str, Any]:
    """Median and quartiles in milliseconds, and the ratios to what it is compared with.

    Args:
        seconds (List[float]): One number a turn.
        reference (List[float]): Those of the reference, in the same turns.
        name (str): Prefix of the keys.
    """
    low, median, high = np.percentile(seconds, [25, 50, 75])
    return {
        f"{name}_milliseconds": round(1000 * median, 3),
        f"{name}_quartiles": [round(1000 * low, 3), round(1000 * high, 3)],
        f"{name}_ratio_of_medians": round(median / np.median(reference), 4),
        f"{name}_median_ratio": round(
            float(np.median(np.divide(seconds, reference))), 4
        ),
    }


class Measured(NamedTuple):
    """What the workers of one case and width have said, by variant.

    Attributes:
        about (Dict[str, Dict]): Version, threads; of Paddle's also settings, facts and
            operations.
        seconds (Dict[str, Dict[str, List[float]]]): Of each turn, by step and variant.
        memory (Dict[str, Dict[str, float]]): "peak" and "above_imports", in MiB, and of Paddle
            what "tensors" took.
        gflop_per_second (Dict[str, float]): Rate of a matrix product.
    """

    about: Dict[str, Dict[str, Any]]
    seconds: Dict[str, Dict[str, List[float]]]
    memory: Dict[str, Dict[str, float]]
    gflop_per_second: Dict[str, float]


def peers_of(case: str, asked: Sequence[str]) -> List[str]:
    """Those of the peers asked for that have the case.

    Args:
        case (str): Name in CASES.
        asked (Sequence[str]): Names in PEERS.
    """
    return [name for name in asked if case in PEERS[name].cases]


def start_peer(peer: Peer, ours: Dict[str, Any], python: str) -> workers.Worker:
    """Start the worker of a peer.

    Args:
        peer (Peer): Peer.
        ours (Dict[str, Any]): What Paddle's worker has said of itself.
        python (str): Interpreter.
    """
    spec = {name: ours[name] for name in ("settings", "facts", "threads")}
    threads = {"NPROC": str(ours["threads"])}  # XLA reads this
    return workers.Worker(peer.module, {**spec, **peer.options}, threads, python)


def fastest(seconds: Dict[str, List[float]], peers: Sequence[str]) -> str:
    """The peer whose iterations take the least time; Paddle's convolutions where there is none.

    Args:
        seconds (Dict[str, List[float]]): Of each iteration, by variant.
        peers (Sequence[str]): Variants.
    """
    return min(peers, key=lambda name: np.median(seconds[name]), default="paddle")


def measure(case: str, dim: Optional[int], args: argparse.Namespace) -> Measured:
    """Start a worker for each variant and let them take turns.

    Args:
        case (str): Name in CASES.
        dim (Optional[int]): Width; the case's own by default.
        args (argparse.Namespace): The other arguments of the command line.

    Raises:
        WorkerFailed: If one of them ends, as where the case refuses the width.
    """
    with contextlib.ExitStack() as stack:
        running = {}
        for variant, spec in paddle_specs(case, dim, args.batch_size).items():
            environment = variants_of(case)[variant].environment
            worker = workers.Worker("benchmarks.paddle_worker", spec, environment)
            running[variant] = stack.enter_context(worker)
        about = {name: worker.wait_until_ready() for name, worker in running.items()}
        for name in peers_of(case, args.compare):
            worker = start_peer(PEERS[name], about["paddle"], args.peers)
            running[name] = stack.enter_context(worker)
            about[name] = worker.wait_until_ready()

        groups = {variant: [worker] for variant, worker in running.items()}
        workers.take_turns(groups, "iteration", args.warmup)
        seconds = {s: workers.take_turns(groups, s, args.iterations) for s in STEPS}
        memory = {name: worker.run("memory").result for name, worker in running.items()}
        products = workers.take_turns(groups, "products", PRODUCT_ROUNDS)
    rates = {
        name: workers.product_gflop() / float(np.median(found))
        for name, found in products.items()
    }
    return Measured(about, seconds, memory, rates)


def count_gflop(about: Dict[str, Any]) -> Dict[str, float]:
    """Billions of floating-point operations of each step; none where they aren't known.

    Args:
        about (Dict[str, Any]): What Paddle's worker has said of itself.
    """
    if about["flop"] is None:
        return {}
    gan, batch_size = about["settings"]["GAN"], about["settings"]["TRAIN"]["batch_size"]
    generated = batch_size * gan["generator_batch_multiple"]
    critic = about["flop"]["critic"] * batch_size / 1e9
    generator = about["flop"]["generator"] * generated / 1e9
    iteration = gan["n_critic"] * critic + generator
    return {"critic": critic, "generator": generator, "iteration": iteration}


def bench(
    case: str, dim: Optional[int], args: argparse.Namespace
) -> Iterator[Dict[str, Any]]:
    """One result for each variant.

    Args:
        case (str): Name in CASES.
        dim (Optional[int]): Width; the case's own by default.
        args (argparse.Namespace): The other arguments of the command line.
    """
    found = measure(case, dim, args)
    settings = found.about["paddle"]["settings"]
    batch_size, n_critic = settings["TRAIN"]["batch_size"], settings["GAN"]["n_critic"]
    gflop = count_gflop(found.about["paddle"])
    iterations = found.seconds["iteration"]
    reference = fastest(iterations, peers_of(case, args.compare))
    highest_rate = max(found.gflop_per_second.values())
    for variant, rate in found.gflop_per_second.items():
        result = {
            "bench": "step",
            "case": case,
            "dim": settings["MODEL"]["dim"],
            "batch_size": batch_size,
            "n_critic": n_critic,
            "variant": variant,
            "version": found.about[variant]["version"],
            "threads": found.about[variant]["threads"],
            "iterations": args.iterations,
            "relative_to": reference,
        }
        for step in STEPS:
            turns = found.seconds[step]
            result.update(summary(turns[variant], turns[reference], step))
        iteration = float(np.median(iterations[variant]))
        memory = found.memory[variant]
        result["images_per_second"] = round(n_critic * batch_size / iteration, 2)
        result["peak_megabytes"] = round(memory["peak"], 1)
        result["peak_above_imports_megabytes"] = round(memory["above_imports"], 1)
        if "tensors" in memory:
            result["peak_of_tensors_megabytes"] = round(memory["tensors"], 1)
        result["product_gflop_per_second"] = round(rate, 2)
        for step, count in gflop.items():
            result[f"{step}_gflop"] = round(count, 6)
            bound = 1000 * count / highest_rate
            result[f"{step}_bound_milliseconds"] = round(bound, 3)
        describe(result)
        yield result


def describe(result: Dict[str, Any]) -> None:
    """The line that people read."""
    comparison = ""
    if result["variant"] != result["relative_to"]:
        comparison = "{iteration_median_ratio:.2f} of {relative_to}, "
    bound = ""
    if "iteration_bound_milliseconds" in result:
        bound = ", bound {iteration_bound_milliseconds:.3g}"
    text = (
        "{case}, dim {dim}, {variant}: {iteration_milliseconds:.4g} ms an iteration "
        "(critic {critic_milliseconds:.4g}, generator {generator_milliseconds:.4g}"
        f"{bound}), {comparison}"
        "{images_per_second:.4g} images/s, {peak_megabytes:.0f} MiB "
        "({peak_above_imports_megabytes:.0f} above the imports)"
    )
    print(text.format(**result), file=sys.stderr)


def has_package(python: str, name: str) -> bool:
    """Whether an interpreter can import a package.

    Args:
        python (str): Path of the interpreter.
        name (str): Name of the package.
    """
    code = (
        f"import importlib.util, sys; sys.exit(not importlib.util.find_spec('{name}'))"
    )
    return subprocess.run([python, "-c", code]).returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    count = {"type": workers.positive, "metavar": "N"}
    parser.add_argument("--case", choices=CASES, nargs="+", default=list(CASES))
    parser.add_argument(
        "--dim", nargs="+", default=[None], help="widths, not the case's own", **count
    )
    parser.add_argument("--batch-size", help="not the case's own", **count)
    parser.add_argument("--iterations", default=10, help="turns of a variant", **count)
    parser.add_argument(
        "--warmup",
        default=2,
        help="iterations before them; the first has no generator step",
        **count,
    )
    parser.add_argument("--compare", choices=PEERS, nargs="+", default=[])
    parser.add_argument(
        "--peers", metavar="PATH", default=sys.executable, help="their interpreter"
    )
    parser.add_argument("--json", metavar="FILE", help="file for the lines, too")
    args = parser.parse_args()
    # a worker has another working folder; a link of a virtual environment is not to be followed
    args.peers = osp.abspath(args.peers)
    for name in args.compare:
        if not has_package(args.peers, PEERS[name].package):
            sys.exit(
                f"error: --compare {name} needs the package {PEERS[name].package}, which is "
                "not installed: run `make bench-peers`, which has an environment for it."
            )
    chosen = [(case, dim) for case in args.case for dim in args.dim]
    try:
        report((line for pair in chosen for line in bench(*pair, args)), args.json)
    except workers.WorkerFailed as failure:
        sys.exit(f"error: {failure}")


if __name__ == "__main__":
    main()
