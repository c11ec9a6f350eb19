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

"""The pull request's text, in PaddleScience's form."""

from __future__ import annotations

from typing import List
from typing import Sequence

from tools.pr.placing import Part


def description(
    part: Part, number: int, parts: int, diffstat: str, missing: Sequence[str]
) -> str:
    """Text of one pull request.

    Args:
        part (Part): What it adds.
        number (int): Its number, from 1.
        parts (int): How many there are.
        diffstat (str): Of its commit.
        missing (Sequence[str]): What is not hosted yet.
    """
    lines = [
        "### PR types",
        "New features",
        "",
        "### PR changes",
        "Others" if part.page else "APIs",
        "",
        "### Describe",
        f"{part.title} (part {number} of {parts} of WGAN-GP; each builds on those before).",
        "",
        *(f"- {line}" for line in part.says),
    ]
    if part.shown:
        lines += ["", "Check list of the RFC:", ""]
        lines += [f"- [x] {point}: {test}" for point, test in part.shown.items()]
    if missing:
        lines += [
            "",
            "**Draft**: these files have to be hosted before it is merged:",
            "",
        ]
        lines += [f"- [ ] {each}" for each in missing]
    lines += ["", "```", *_without_trailing(diffstat), "```", ""]
    return "\n".join(lines)


def _without_trailing(text: str) -> List[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]
