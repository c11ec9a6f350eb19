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

"""A tree with what `make pr` edits and runs in PaddleScience's, and no more."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from os import path as osp

import ppsci

HOOKS = """\
repos:
  - repo: https://github.com/PyCQA/isort
    rev: 5.11.5
    hooks:
      - id: isort
        args: ["--multi-line=7", "--sl", "--profile", "black", "--filter-files"]
  - repo: https://github.com/psf/black
    rev: 22.3.0
    hooks:
      - id: black
  - repo: https://github.com/charliermarsh/ruff-pre-commit
    rev: "v0.0.272"
    hooks:
      - id: ruff
  - repo: https://github.com/Lucas-C/pre-commit-hooks
    rev: v1.0.1
    hooks:
      - id: forbid-tabs
        files: \\.md$
"""

RUFF = '[tool.ruff]\nignore = ["E501", "E741", "E731"]\n\n[tool.isort]\nprofile = "black"\n'

NAV = """\
site_name: PaddleScience Docs
nav:
  - 经典案例:
      - VelocityGAN: zh/examples/velocity_gan.md
      - TGCN: zh/examples/tgcn.md
"""

ROWS = """\
| 问题类型 | 案例名称 |
|-----|-----|
| 反演 | [VelocityGAN](./zh/examples/velocity_gan.md) |
| 预测 | [TGCN](./zh/examples/tgcn.md) |
"""

API = """\
# 模块

::: ppsci.{package}
    handler: python
    options:
      members:
        - {first}
        - {last}
      show_root_heading: true
"""

MEMBERS = {
    "arch": ("AFNONet", "VelocityGenerator"),
    "metric": ("FunctionalMetric", "RMSE"),
    "solver": ("Solver", "Zolver"),
}

# pages with their code, as plain text in place of HTML
MKDOCS = """\
#!{python}
import html, os, re, sys
site = sys.argv[sys.argv.index("-d") + 1]
def included(match):
    path, *numbers = match[1].split(":")
    first, last = map(int, numbers or [1, 10**9])
    with open(path, encoding="utf-8") as file:
        return html.escape("".join(file.readlines()[first - 1 : last]))
for folder, _, names in os.walk("docs"):
    for name in names:
        if name.endswith(".md"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text = file.read()
            text = re.sub(r" *--8<--\\n *(\\S+)\\n *--8<--", included, text)
            built = os.path.join(site, os.path.relpath(folder, "docs"), name[:-3])
            os.makedirs(built)
            with open(os.path.join(built, "index.html"), "w", encoding="utf-8") as file:
                file.write(text)
"""


def write_tree(folder: str) -> None:
    """Write the tree, with a copy of the ppsci that is installed, as a git repository.

    Args:
        folder (str): Folder, made here.
    """
    skipped = shutil.ignore_patterns("__pycache__", "_version.py")
    installed = osp.dirname(ppsci.__file__)
    shutil.copytree(installed, osp.join(folder, "ppsci"), ignore=skipped)
    texts = {
        ".gitignore": "__pycache__/\n",
        ".pre-commit-config.yaml": HOOKS,
        "pyproject.toml": RUFF,
        "mkdocs.yml": NAV,
        "README.md": ROWS,
        "docs/index.md": ROWS,
        "docs/zh/examples/velocity_gan.md": "# VelocityGAN\n",
        "docs/en/examples/velocity_gan.md": "# VelocityGAN\n",
        "examples/wgangp/wgangp_toy.py": "print()\n",
    }
    for package, (first, last) in MEMBERS.items():
        text = API.format(package=package, first=first, last=last)
        texts[f"docs/zh/api/{package}.md"] = text
    for name, text in texts.items():
        path = osp.join(folder, name)
        os.makedirs(osp.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    git(folder, "init", "-q", "-b", "develop")
    git(folder, "config", "user.email", "nobody@example.org")
    git(folder, "config", "user.name", "Nobody")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "A tree")


def write_programs(folder: str) -> None:
    """Put this environment's formatters into a folder, and a mkdocs that only copies.

    Args:
        folder (str): Folder, made here.
    """
    os.makedirs(folder)
    for name in ("isort", "black", "ruff"):
        os.symlink(osp.join(osp.dirname(sys.executable), name), osp.join(folder, name))
    path = osp.join(folder, "mkdocs")
    with open(path, "w", encoding="utf-8") as file:
        file.write(MKDOCS.format(python=sys.executable))
    os.chmod(path, 0o755)


def git(folder: str, *arguments: str) -> str:
    """What a git command prints."""
    done = subprocess.run(
        ["git", "-C", folder, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout
