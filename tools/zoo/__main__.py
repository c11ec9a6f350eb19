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

"""The zoo of trained generators: add entries, evaluate them again, draw from them.

    python -m tools.zoo add RUN_DIR NAME [KEY=VALUE ...]
    python -m tools.zoo check [NAME ...] [KEY=VALUE ...]
    python -m tools.zoo samples [NAME ...] [KEY=VALUE ...]

RUN_DIR is the folder of a finished run, after mode=eval. The entry gets the weights that were
evaluated, as float16 where that leaves the scores what they are, else as float32, and the scores of
the file that is stored. `check` is mode=eval of the entries: it fails if a score is not that of
zoo.json to the last digit, and names it. KEY=VALUE are keys that are not part of the entry, such as
DATA.root; of several entries each takes those that its case has.
"""

from __future__ import annotations

import argparse
import os
import sys
from os import path as osp
from typing import Dict
from typing import List

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import paddle
from wgan_gp.utils import zoo
from wgan_gp.utils.run_weights import load_generator

from ppsci.utils import logger
from ppsci_ext.data.names import unknown_name
from ppsci_ext.utils import UserError
from tools.zoo.adding import add
from tools.zoo.cases import case_of
from tools.zoo.cases import configured
from tools.zoo.cases import evaluate
from tools.zoo.cases import keys_of
from tools.zoo.scores import differences
from tools.zoo.scores import scores_of


def check(entry: zoo.Entry, given: List[str]) -> bool:
    """Evaluate an entry again; True if its scores are those of zoo.json."""
    source = f"EVAL.pretrained_model_path={zoo.PREFIX}{entry.name}"
    found = scores_of(evaluate(case_of(entry.case), [source, *given]))
    changed = list(differences(found, entry.scores))
    print(f"{entry.name}: {'; '.join(changed) or 'the same scores'}")
    return not changed


@paddle.no_grad()
def draw(entry: zoo.Entry, given: List[str]) -> str:
    """Draw samples of an entry; returns the path of the picture."""
    case = case_of(entry.case)
    source = f"INFER.pretrained_model_path={zoo.PREFIX}{entry.name}"
    cfg = configured(case, [source, *given, "mode=infer"])
    experiment = case(cfg)
    gan = experiment.build_gan()
    load_generator(cfg, gan.generator)
    path = osp.join(cfg.output_dir, "samples.png")
    os.makedirs(cfg.output_dir, exist_ok=True)
    noise, condition = experiment.fixed_inputs(gan)
    samples = gan.generator(noise, *([] if condition is None else [condition]))
    experiment.draw_samples(samples.numpy(), path)
    return path


def shared_out(entries: List[zoo.Entry], given: List[str]) -> Dict[str, List[str]]:
    """Of the arguments, those whose keys each entry's case has; by the entry's name.

    Raises:
        UserError: If none of the cases has a key.
    """
    keys = {entry.name: keys_of(case_of(entry.case)) for entry in entries}
    for argument in given:
        key = argument.partition("=")[0]
        if not any(key in present for present in keys.values()):
            raise unknown_name("key", key, tuple(sorted(set().union(*keys.values()))))
    return {
        name: [each for each in given if each.partition("=")[0] in present]
        for name, present in keys.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tools.zoo",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=["add", "check", "samples"])
    parser.add_argument("rest", nargs="*", metavar="...")
    args = parser.parse_args()
    given = [argument for argument in args.rest if "=" in argument]
    names = [argument for argument in args.rest if "=" not in argument]
    logger.init_logger("ppsci", None, "info")
    try:
        if args.action == "add":
            if len(names) != 2:
                parser.error("add takes the folder of a run and a name")
            add(*names, given)
            return
        entries = [zoo.find_entry(f"{zoo.PREFIX}{name}") for name in names]
        entries = entries or list(zoo.read_registry().values())
        parts = shared_out(entries, given)
        if args.action == "samples":
            for entry in entries:
                print(draw(entry, parts[entry.name]))
        elif not all([check(entry, parts[entry.name]) for entry in entries]):
            sys.exit(1)
    except UserError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
