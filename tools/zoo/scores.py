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

"""Scores as the zoo keeps them, their comparison, and their table."""

from __future__ import annotations

from typing import Any
from typing import Dict
from typing import Iterator

from wgan_gp.utils import zoo

from tools.zoo.cases import case_of

COLUMNS = 8  # of an entry's scores, in the page
DIGITS = 5  # of a score, as mode=eval prints it


def printed(value: Any) -> Any:
    """Scores with as many digits as mode=eval prints; of curves, the verdict only."""
    if isinstance(value, dict):
        lists = {k for k, v in value.items() if isinstance(v, list) and "p" in value}
        return {k: printed(v) for k, v in value.items() if k not in lists}
    if isinstance(value, list):
        return [printed(each) for each in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def scores_of(result: Dict[str, Any]) -> Dict[str, Any]:
    """The part of an eval.json that is kept in the zoo."""
    kept = {key: result[key] for key in ("samples", "seed", "extractor")}
    return {**kept, "metrics": printed(result["metrics"])}


def differences(
    found: Any,
    expected: Any,
    share: float = 0.0,
    name: str = "scores",
    scale: float = 0.1,
) -> Iterator[str]:
    """What differs, by more than a share.

    Args:
        found (Any): Scores: numbers, or dicts and lists of them.
        expected (Any): Others.
        share (float): Of the larger number; of lists, of the largest one in them. Defaults to 0,
            all digits.
        name (str): What to call them.
        scale (float): What the share is of, where the numbers are smaller. Defaults to 0.1.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in {**expected, **found}:
            pair = found.get(key), expected.get(key)
            yield from differences(*pair, share, f"{name}.{key}", scale)
    elif isinstance(expected, list) and isinstance(found, list):
        if len(found) != len(expected):
            yield f"{name}: {len(found)} numbers instead of {len(expected)}"
        scale = max([scale, *(abs(x) for x in expected if _is_number(x))])
        for i, pair in enumerate(zip(found, expected)):
            yield from differences(*pair, share, f"{name}[{i}]", scale)
    elif _is_number(expected) and _is_number(found):
        if not abs(found - expected) <= share * max(abs(found), abs(expected), scale):
            yield f"{name}: {found} instead of {expected}"
    elif found != expected:
        yield f"{name}: {found} instead of {expected}"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def table(entries: Dict[str, zoo.Entry]) -> str:
    """The first scores of each entry, in Markdown."""
    lines = [
        "| entry | iterations | samples | scores |",
        "|---|---|---|---|",
    ]
    for name, entry in sorted(entries.items()):
        beside = tuple(case_of(entry.case).columns)
        metrics = [
            f"{key} {value}"
            for key, value in entry.scores["metrics"].items()
            if _is_number(value) and not key.startswith(beside)
        ]
        extractor = entry.scores["extractor"]
        by = f" ({extractor['name']})" if extractor else ""
        lines.append(
            f"| `{zoo.PREFIX}{name}` | {entry.iterations} | {entry.scores['samples']} | "
            f"{', '.join(metrics[:COLUMNS])}{by} |"
        )
    return "\n".join(lines) + "\n"
