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

"""The page of a report: what was checked, what came of it, and what was not checked."""

from __future__ import annotations

from typing import Any
from typing import Dict
from typing import List
from typing import Mapping

from tools.gpu_check.checks import CHECKS

STAND_IN = (
    "**The CPU stood in for a GPU, at small sizes: this page says that the checks run, and nothing "
    "about GPUs.**"
)
NOT_CHECKED = (
    "Data were random: no score of a trained generator is on this page, and no training went on "
    "for longer than a few iterations. Agreement, mixed precision and resuming were tried at small "
    "sizes, whose arithmetic is that of the default ones."
)


def markdown(report: Mapping[str, Any]) -> str:
    """The page.

    Args:
        report (Mapping[str, Any]): Content of gpu_check.json.
    """
    parts = ["# GPU check\n"]
    if report["device"] == "cpu":
        parts.append(f"{STAND_IN}\n")
    parts.append(_table([{"": k, "value": v} for k, v in report["about"].items()]))
    overview = [
        {
            "check": CHECKS[name].title,
            "": found["status"],
            "why": found["reason"] or "–",
            "seconds": found["seconds"],
        }
        for name, found in report["checks"].items()
    ]
    parts.append(_table(overview))
    for name, found in report["checks"].items():
        parts.append(f"## {CHECKS[name].title}: {found['status']}\n")
        parts.append(f"{CHECKS[name].says}\n")
        parts.append(_table(found["rows"]) if found["rows"] else f"{found['reason']}\n")
    parts.append(f"## What was not checked\n\n{_left_out(report)}{NOT_CHECKED}\n")
    return "\n".join(parts)


def _left_out(report: Mapping[str, Any]) -> str:
    names = [name for name in CHECKS if name not in report["checks"]]
    lines = [f"- {CHECKS[name].title}: not asked for.\n" for name in names]
    for name, found in report["checks"].items():
        if found["status"] == "skipped":
            lines.append(f"- {CHECKS[name].title}: {found['reason']}.\n")
    return "".join(lines) + ("\n" if lines else "")


def _table(rows: List[Dict[str, Any]]) -> str:
    """Rows as a table; its columns are the keys of all of them."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [columns, ["---"] * len(columns)]
    lines += [[_cell(row.get(column, "–")) for column in columns] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|")
