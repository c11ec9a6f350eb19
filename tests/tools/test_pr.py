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

"""`make pr` on a small tree, and on PaddleScience's own where there is one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from os import path as osp

import pytest

from ppsci_ext.utils import UserError
from tests.helpers import upstream
from tools.pr import __main__ as pr
from tools.pr import checks
from tools.pr import pages
from tools.pr import picking
from tools.pr import registers
from tools.pr.checkout import Checkout

TREE = "WGAN_GP_TEST_PADDLESCIENCE"  # variable that names a checkout


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The tree with all parts, and what was checked by running, which takes minutes."""
    folder = tmp_path_factory.mktemp("upstream")
    root, programs = str(folder / "tree"), str(folder / "programs")
    upstream.write_tree(root)
    upstream.write_programs(programs)
    ran = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "tests", lambda tree, files: ran.append(files))
        patch.setattr(checks, "example", lambda tree, folder: ran.append(folder))
        patch.setattr(checks, "imports", lambda tree, files: ran.append(files))
        patch.setattr(Checkout, "require_clean", lambda checkout: None)
        options = [root, "--draft", "--programs", programs]
        status = pr.main([*options, "--texts", str(folder / "texts")])
    assert status == 0
    return root, folder, ran


def read(*parts: str) -> str:
    with open(osp.join(*map(str, parts)), encoding="utf-8") as file:
        return file.read()


def test_each_part_is_a_commit(tree):
    root, folder, ran = tree
    titles = upstream.git(root, "log", "--format=%s", "develop..wgan-gp").splitlines()
    assert [title[: len("WGAN-GP, part 1")] for title in titles] == [
        f"WGAN-GP, part {number}" for number in (4, 3, 2, 1)
    ]
    assert upstream.git(root, "status", "--porcelain") == ""
    # the tests of each part, in PaddleScience's tree of tests
    moved = [name for names in ran for name in names if name.startswith("test/")]
    assert len(moved) >= 4 and all(osp.isfile(osp.join(root, name)) for name in moved)
    assert "examples/wgan_gp" in ran


def test_the_modules_can_be_imported_and_the_example_trains(tree, tmp_path):
    root, _, _ = tree
    written = upstream.git(root, "diff", "--name-only", "develop", "wgan-gp").split()
    names = [n for n in written if n.startswith("ppsci/") and n.endswith(".py")]
    code = "; ".join(
        f"import {re.sub('(/__init__)?.py$', '', n).replace('/', '.')}" for n in names
    )
    code += "; from ppsci.solver import AdversarialSolver"
    environment = {**os.environ, "PYTHONPATH": root}
    folder = osp.join(root, "examples", "wgan_gp")
    small = [
        "MODEL.dim=8",
        "TRAIN.epochs=1",
        "TRAIN.iters_per_epoch=2",
        "TRAIN.batch_size=8",
    ]
    train = ["wgan_gp_toy.py", "mode=train", f"output_dir={tmp_path}/run", *small]
    for command in (["-c", code], train):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "generator.pdparams").is_file()


def test_nothing_of_this_repository_is_named(tree):
    root, _, _ = tree
    written = upstream.git(
        root, "diff", "--name-only", "--diff-filter=d", "develop", "wgan-gp"
    )
    for name in written.split():
        text = read(root, name)
        assert "ppsci_ext" not in text and "sys.path[" not in text, name
        assert "bootstrap" not in text, name


def test_rows_are_added_once_and_the_merged_example_goes(tree):
    root, _, _ = tree
    assert not osp.exists(osp.join(root, "examples", "wgangp"))
    for name, address in (
        ("mkdocs.yml", "zh/examples/wgan_gp.md"),
        ("README.md", "./zh/examples/wgan_gp.md"),
        ("docs/index.md", "./zh/examples/wgan_gp.md"),
    ):
        rows = [line for line in read(root, name).splitlines() if "wgan_gp.md" in line]
        assert len(rows) == 1 and address in rows[0], name
        before = read(root, name).split(rows[0])[0]
        assert before.rstrip().splitlines()[-1].count("velocity_gan.md") == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_code_of_the_page_is_whole(tree, language):
    root, _, _ = tree
    page = read(root, "docs", language, "examples", "wgan_gp.md")
    found = re.findall(r"--8<--\n *([\w/.]+):(\d+):(\d+)\n", page)
    assert len(found) > 8 and '"@"' not in page and ":@" not in page
    for path, first, last in found:
        lines = read(root, path).splitlines()[int(first) - 1 : int(last)]
        assert lines[0].strip() and lines[-1].strip()
        assert path.endswith(".yaml") or re.match(r" *(@|def |class )", lines[0]), path
    assert "wgan_gp_motion" not in page and "](../../" not in page


def test_what_is_exported_is_documented(tree):
    root, _, _ = tree
    assert '"AdversarialSolver",' in read(root, "ppsci/solver/__init__.py")
    assert "- AdversarialSolver\n" in read(root, "docs/zh/api/solver.md")


def test_the_texts_say_what_is_missing(tree):
    _, folder, _ = tree
    text = read(folder, "texts", "part_4.md")
    assert text.startswith("### PR types\n") and "### PR changes\n" in text
    assert "toy_8gaussians_samples.png" in text and ".pdparams" in text
    assert "- [x] " in text and "test_" in text


@pytest.fixture
def empty(tmp_path):
    upstream.git(str(tmp_path), "init", "-q", "-b", "develop")
    return tmp_path


def test_without_draft_missing_files_are_refused(empty, monkeypatch, capsys):
    monkeypatch.setattr(Checkout, "require_clean", lambda checkout: None)
    assert pr.main([str(empty)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "not hosted yet" in line and "DRAFT=1" in line


def test_a_dirty_tree_is_refused(empty):
    checkout = Checkout(str(empty))
    checkout.require_clean()
    (empty / "new.py").write_text("")
    with pytest.raises(UserError, match="not committed, such as .* new.py"):
        checkout.require_clean()


def test_what_is_no_checkout_is_refused(tmp_path):
    with pytest.raises(UserError, match="no git checkout"):
        Checkout(str(tmp_path))


MODULE = """\
import json
import os
from a import b

LIMIT = 3


# about f
@b
def f():
    return g() + LIMIT


def g():
    return json


class C:
    x = 1

    def m(self):
        return os


TABLE = {
    "one": 1,  # first
    # the second
    b.two: (
        2
    ),
}
"""


def test_only_what_is_named_and_what_it_needs_is_kept():
    text = picking.only(MODULE, ["f"], "module.py")
    assert picking.defined(text) == {"f", "g", "LIMIT"}
    assert "import json" in text and "from a import b" in text and "os" not in text
    assert "# about f\n@b" in text


def test_what_stays_here_goes_with_its_imports():
    names = ["f", "C.m", "TABLE[b.two]"]
    text = picking.without(MODULE, names, "module.py")
    assert picking.defined(text) == {"LIMIT", "g", "C", "TABLE"}
    assert "import os" not in text and "from a" not in text and "about f" not in text
    names = {}
    exec(compile(text, "module.py", "exec"), names)
    assert names["TABLE"] == {"one": 1} and not hasattr(names["C"], "m")


@pytest.mark.parametrize("how", [picking.only, picking.without])
def test_a_name_that_is_gone_is_an_error(how):
    with pytest.raises(UserError, match="no definition of 'h'"):
        how(MODULE, ["h"], "module.py")


def test_a_row_replaces_those_that_there_are():
    text = "a\n  | x | (y/wgan_gp.md) |\n  | old | (z/wgan_gp.md) |\nb\n"
    assert registers.row(text, "wgan_gp", "other", "| new | {address} |") == (
        "a\n  | new | y/wgan_gp.md |\nb\n"
    )
    text = "| v | [V](https://a.b/zh/velocity_gan) |\n"
    assert registers.row(text, "wgan_gp", "velocity_gan", "| [W]({address}) |") == (
        f"{text}| [W](https://a.b/zh/wgan_gp) |\n"
    )
    with pytest.raises(UserError, match="no row of wgan_gp,"):
        registers.row("a\n", "wgan_gp", "other", "new")


def test_members_are_listed_in_order_and_once():
    page = upstream.API.format(package="solver", first="Beta", last="Delta")
    page = registers.members(page, "ppsci.solver", ["Gamma", "Beta"])
    assert re.findall(r"- (\w+)", page) == ["Beta", "Delta", "Gamma"]
    page = registers.members(page, "ppsci.solver", ["Alpha"])
    assert re.findall(r"- (\w+)", page)[0] == "Alpha"


def test_a_page_without_its_sections():
    page = (
        "## 1. A\n\ntext\n\n### 1.1 B\n\nb\n\n<!-- section: s -->\n### 1.2 C\n"
        "<!-- end: s -->\n\n## 2. D\nold line\n"
    )
    plan = {"sections": ["s"], "headings": ["1.1"], "lines": ["old"]}
    assert pages.kept(page, plan) == "## 1. A\n\ntext\n\n## 2. D\n"
    with pytest.raises(UserError, match="no 'gone'"):
        pages.kept(page, {**plan, "lines": ["gone"]})


@pytest.mark.heavy
def test_paddlesciences_own_tree(tmp_path):
    named = os.environ.get(TREE)
    if not named:
        pytest.skip(f"{TREE} names no checkout of PaddleScience")
    root = str(tmp_path / "tree")
    subprocess.run(["git", "clone", "-q", named, root], check=True)
    assert pr.main([root, "--draft", "--texts", str(tmp_path / "texts")]) == 0
