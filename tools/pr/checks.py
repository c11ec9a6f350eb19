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

"""What has to hold of PaddleScience's tree before a part is handed over."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
import tempfile
import time
from os import path as osp
from typing import Iterable
from typing import List
from typing import Mapping
from typing import Optional
from typing import Sequence

import numpy as np

from ppsci_ext.utils.errors import UserError

SECONDS_OF_A_TEST = 10
_OWN_NAME = re.compile(r"ppsci_ext|PPSCI_EXT|\bwgan_gp\.(?:cases|models|utils)\b")
_PATH = re.compile(
    r"(?<![\w/.:-])(?:\./)?(?:ppsci|examples|docs|test|tests|tools|benchmarks)/[\w./-]+"
    r"\.(?:py|md|yaml|txt|cc|npz|png)\b"
)
# of mkdocstrings, in trees of before 2025; today's ends at them
_OLD_OPTIONS = re.compile(r"^( +)(?:setup_commands|selection):\n(?:\1 +.*\n)+", re.M)
_SMALL = (
    "MODEL.dim=8 TRAIN.batch_size=16 EVAL.num_samples=50 EVAL.batch_size=50".split()
)
_SHORT = ["TRAIN.iters_per_epoch=3", "TRAIN.epochs=1"]


def _run(
    command: Sequence[str], folder: str, tree: Optional[str] = None
) -> subprocess.CompletedProcess:
    """Run a command; with a tree, its ppsci is the one that is imported."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    if tree is not None:
        environment["PYTHONPATH"] = tree
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True
    )


def _require(done: subprocess.CompletedProcess, what: str) -> None:
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        lines = "\n".join(said[-25:])
        raise UserError(f"{what} failed in PaddleScience's tree:\n{lines}")


def dead_names(tree: str, files: Iterable[str]) -> List[str]:
    """Names of this repository and paths of files that are not there.

    Args:
        tree (str): Root of PaddleScience.
        files (Iterable[str]): Files to look through.
    """
    found = []
    for name in files:
        with open(osp.join(tree, name), encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                for match in _OWN_NAME.finditer(line):
                    found.append(f"{name}:{number} says {match[0]}")
                for match in _PATH.finditer(line):
                    if not osp.exists(osp.join(tree, match[0])):
                        found.append(
                            f"{name}:{number} names {match[0]}, which is not there"
                        )
    return found


def imports(tree: str, files: Iterable[str]) -> None:
    """Import every module of ppsci among the files.

    Raises:
        UserError: With what Python says.
    """
    modules = [
        re.sub(r"(/__init__)?\.py$", "", name).replace("/", ".")
        for name in files
        if name.startswith("ppsci/") and name.endswith(".py")
    ]
    code = "\n".join(f"import {module}" for module in modules)
    _require(_run([sys.executable, "-c", code], tree, tree), "Importing the modules")


def tests(tree: str, files: Sequence[str]) -> None:
    """Run tests.

    Raises:
        UserError: If one fails, or takes too long.
    """
    if not files:
        return
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--durations=3",
        "-p",
        "no:cacheprovider",
    ]
    start, before = time.perf_counter(), _processor_seconds()
    done = _run([*command, *files], tree, tree)
    _require(done, f"pytest {' '.join(files)}")
    # on a busy machine a test mostly waits
    share = (_processor_seconds() - before) / (time.perf_counter() - start)
    for seconds, name in re.findall(r"([\d.]+)s call +(\S+)", done.stdout):
        if float(seconds) * min(1.0, share) > SECONDS_OF_A_TEST:
            raise UserError(f"{name} takes {seconds} s, more than {SECONDS_OF_A_TEST}.")


def _processor_seconds() -> float:
    """Of all processes that this one has waited for."""
    used = os.times()
    return used.children_user + used.children_system


def example(tree: str, folder: str) -> None:
    """Train, evaluate, export, infer, resume and a multirun, tiny, as its readers start them.

    Args:
        tree (str): Root of PaddleScience.
        folder (str): The example's.

    Raises:
        UserError: If a run fails, or leaves nothing.
    """
    start = osp.join(tree, folder)
    with tempfile.TemporaryDirectory() as output:

        def run(case: str, *arguments: str, leaves: str) -> None:
            script = f"wgan_gp_{case}.py"
            done = _run([sys.executable, script, *arguments], start, tree)
            _require(done, f"python {script} {' '.join(arguments)}")
            if not osp.exists(osp.join(output, leaves)):
                raise UserError(
                    f"python {script} {' '.join(arguments)} has left no {leaves}."
                )

        toy = [f"output_dir={output}/toy", *_SMALL]
        run("toy", "mode=train", *toy, *_SHORT, leaves="toy/generator.pdparams")
        run("toy", "mode=eval", *toy, leaves="toy/eval.json")
        run("toy", "mode=export", *toy, leaves="toy/inference/generator.pdiparams")
        run("toy", "mode=infer", *toy, "INFER.num_samples=10", leaves="toy/samples.npz")
        longer = [*_SHORT[:1], "TRAIN.epochs=2", "TRAIN.resume=true"]
        run("toy", "mode=train", *toy, *longer, leaves="toy/checkpoints/iter_00000006")
        several = [f"output_dir={output}/several", *_SMALL, *_SHORT, "seed=1,2"]
        run(
            "toy",
            "-m",
            "mode=train",
            *several,
            leaves="several/seed-2/generator.pdparams",
        )
        _write_cifar10(osp.join(output, "cifar-10-batches-bin"))
        cifar = [f"output_dir={output}/cifar", f"DATA.root={output}", "MODEL.dim=4"]
        cifar += ["TRAIN.batch_size=4", *_SHORT]
        run("cifar", "mode=train", *cifar, leaves="cifar/generator.pdparams")


def _write_cifar10(folder: str) -> None:
    """A few random records in the form of CIFAR-10's binary version."""
    os.makedirs(folder)
    rng = np.random.default_rng(0)
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        records = rng.integers(0, 256, (10, 3073), "uint8")
        records[:, 0] = np.arange(10)
        records.tofile(osp.join(folder, f"{name}.bin"))


def documentation(
    tree: str,
    programs: str,
    pages: Mapping[str, Sequence[str]],
    files: Iterable[str],
) -> None:
    """Build the documentation, and look for our pages in what it says.

    Args:
        tree (str): Root of PaddleScience.
        programs (str): Folder with mkdocs.
        pages (Mapping[str, Sequence[str]]): Pages from the root of the documentation, each
            with texts that have to stand on it, such as first lines of included code.
        files (Iterable[str]): Modules that API pages may show.

    Raises:
        UserError: If it can't be built, warns of a page or a module, or a page lacks a text.
    """
    with tempfile.TemporaryDirectory() as folder:
        site, settings = osp.join(folder, "site"), osp.join(folder, "mkdocs.yml")
        with open(osp.join(tree, "mkdocs.yml"), encoding="utf-8") as file:
            given = _OLD_OPTIONS.sub("", file.read())
        with open(settings, "w", encoding="utf-8") as file:
            file.write(f"{given}\ndocs_dir: {osp.join(tree, 'docs')}\n")
        mkdocs = osp.join(programs, "mkdocs")
        done = _run([mkdocs, "build", "-f", settings, "-d", site], tree, tree)
        _require(done, "mkdocs build")
        ours = [*pages, *files]
        for line in done.stderr.splitlines():
            if "WARNING" in line and any(name in line for name in ours):
                raise UserError(f"mkdocs warns: {line.strip()}")
        for page, texts in pages.items():
            with open(_built(site, page), encoding="utf-8") as file:
                shown = html.unescape(re.sub(r"<[^>]+>", "", file.read()))
            for text in texts:
                if text not in shown:
                    raise UserError(f"The built page {page} does not show '{text}'.")


def _built(site: str, page: str) -> str:
    """Where a page has been built; the first language of several lies at the site's root."""
    stem = page[: -len(".md")]
    for folder in (stem, stem.partition("/")[2]):
        path = osp.join(site, folder, "index.html")
        if osp.isfile(path):
            return path
    raise UserError(f"mkdocs has not built {page}.")
