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

"""A pull request to PaddleScience, in a checkout of it: python -m tools.pr PATH.

Each part of the map becomes a commit on a new branch, formatted by PaddleScience's own hooks and
checked in its tree. Nothing is pushed.
"""

from __future__ import annotations

import argparse
import os
import sys
from os import path as osp
from typing import List
from typing import Optional

from ppsci_ext.utils.errors import UserError
from tools.pr import checks
from tools.pr.checkout import Checkout
from tools.pr.description import description
from tools.pr.hooks import Hooks
from tools.pr.placing import ROOT
from tools.pr.placing import Part
from tools.pr.placing import read_map
from tools.pr.tree import Tree
from tools.pr.tree import missing


def parse(arguments: Optional[List[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.pr",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("upstream", help="checkout of PaddleScience")
    parser.add_argument(
        "--base", default="develop", help="branch or commit to begin at"
    )
    parser.add_argument("--part", default="all", help="last part to carry, or all")
    parser.add_argument(
        "--draft", action="store_true", help="though files are not hosted"
    )
    parser.add_argument("--map", default=osp.join(ROOT, "tools", "pr", "map.yaml"))
    parser.add_argument("--programs", default=osp.join(ROOT, ".venv-pr", "bin"))
    parser.add_argument("--texts", default=osp.join(ROOT, "outputs_pr"))
    return parser.parse_args(arguments)


def prepare(options: argparse.Namespace) -> None:
    """Write, check and commit the parts.

    Args:
        options (argparse.Namespace): As `parse` returns them.

    Raises:
        UserError: If something is missing, or a check fails; the branch is left as it is then.
    """
    plan = read_map(options.map)
    count = _last_part(options.part, len(plan.parts))
    own, upstream = Checkout(ROOT), Checkout(options.upstream)
    own.require_clean()
    upstream.require_clean()
    not_hosted = missing(plan) if plan.parts[count - 1].page else []
    if not_hosted and not options.draft:
        raise UserError(
            "These files are not hosted yet: "
            f"{', '.join(not_hosted)}; have them hosted and listed in the map, or set DRAFT=1."
        )
    branch = "wgan-gp" if count == len(plan.parts) else f"wgan-gp-part-{count}"
    upstream.begin(branch, options.base)
    tree = Tree(upstream.folder, plan, Hooks(upstream.folder, options.programs))
    for number in range(1, count + 1):
        part = plan.parts[number - 1]
        print(f"Part {number}: {part.title}", flush=True)
        tree.write(number)
        upstream.commit(f"WGAN-GP, part {number}: {part.title}")
        changed = upstream.changed()
        _check(upstream.folder, tree, part, changed)
        stat = upstream.diffstat()
        print(stat, flush=True)
        text = description(
            part, number, len(plan.parts), stat, not_hosted if part.page else []
        )
        _write_text(options.texts, number, text)
    modules = [name for name in tree.written if name.startswith("ppsci/")]
    checks.documentation(upstream.folder, options.programs, tree.pages, modules)
    _passed("the documentation, built")
    print(
        f"The branch {branch} of {upstream.folder} is ready; the texts are in {options.texts}."
    )


def _last_part(given: str, count: int) -> int:
    if given == "all":
        return count
    if given not in map(str, range(1, count + 1)):
        raise UserError(
            f"PART={given} is refused: give a number from 1 to {count}, or all."
        )
    return int(given)


def _check(folder: str, tree: Tree, part: Part, changed: List[str]) -> None:
    """What holds of a part by itself.

    Raises:
        UserError: Naming what doesn't.
    """
    problems = tree.hooks.problems(changed)
    own = [name for name in changed if name in tree.written]
    problems += checks.dead_names(folder, own)
    if problems:
        raise UserError("\n".join(["The part is not clean:", *problems]))
    _passed("hooks, names, paths")
    checks.imports(folder, own)
    _passed("every module can be imported")
    checks.tests(folder, list(part.tests.values()))
    _passed("tests")
    if part.page:
        checks.example(folder, tree.example)
        _passed(
            "train, eval, export, infer, resume, multirun, and a training on images"
        )


def _passed(what: str) -> None:
    print(f"  passed: {what}", flush=True)


def _write_text(folder: str, number: int, text: str) -> None:
    os.makedirs(folder, exist_ok=True)
    path = osp.join(folder, f"part_{number}.md")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main(arguments: Optional[List[str]] = None) -> int:
    """Exit status."""
    try:
        prepare(parse(arguments))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
