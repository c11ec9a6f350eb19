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

"""What the code imports is asked for by name, not only brought along by something else."""

from __future__ import annotations

import ast
import re
import sys
from glob import glob
from os import path as osp

import pytest

from tests.helpers.documents import ROOT
from tests.helpers.documents import read

# packages that are imported by another name
PACKAGES = {
    "PIL": "pillow",
    "hydra": "hydra-core",
    "paddle": "paddlepaddle",
    "ppsci": "paddlesci",
    "sklearn": "scikit-learn",
    "typing_extensions": "typing-extensions",
    "yaml": "pyyaml",
}
OWN = {"bootstrap", "ppsci_ext", "wgan_gp"}


def imported(*folders: str) -> set:
    """Packages that the modules of these folders import, without Python's own."""
    found = set()
    for folder in folders:
        for path in glob(osp.join(ROOT, folder, "**", "*.py"), recursive=True):
            for node in ast.walk(ast.parse(read(path))):
                if isinstance(node, ast.Import):
                    found.update(alias.name.split(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - OWN


def declared(name: str) -> set:
    names = re.findall(r"^([\w.-]+)==", read(name), re.M)
    return {name.lower().replace("_", "-") for name in names}


@pytest.mark.skipif(sys.version_info < (3, 10), reason="sys.stdlib_module_names is new")
@pytest.mark.parametrize(
    "name, paddle",
    [
        ("requirements.txt", "paddlepaddle"),
        ("requirements-gpu.txt", "paddlepaddle-gpu"),
    ],
)
def test_what_is_imported_is_required(name, paddle):
    needed = {PACKAGES.get(each, each) for each in imported("ppsci_ext", "examples")}
    needed = {paddle if each == "paddlepaddle" else each for each in needed}
    assert {"safetensors", "rich", "numpy"} < needed
    assert needed <= declared(name)
