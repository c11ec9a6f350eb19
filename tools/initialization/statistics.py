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

"""Means, standard errors and rank tests of the runs, as tables."""

from __future__ import annotations

from typing import Dict
from typing import List
from typing import Mapping
from typing import Sequence

import numpy as np
from scipy.stats import mannwhitneyu

SCORES = ("modes_covered", "high_quality", "near", "W2")
# the question that each pair of arms answers, the most important ones first
PAIRS = {
    "project against port, the paper's weights": (
        "project_paper_paper",
        "port_paper_paper",
    ),
    "project against port, PyTorch's weights": (
        "project_framework_paper",
        "port_framework_paper",
    ),
    "PyTorch's weights against the paper's": (
        "project_framework_paper",
        "project_paper_paper",
    ),
    "the same, in the port": ("port_framework_paper", "port_paper_paper"),
    "PyTorch's weights against the paper's, short preset": (
        "project_framework_preset",
        "project_paper_preset",
    ),
    "Paddle's weights against the paper's": (
        "project_paddle_paper",
        "project_paper_paper",
    ),
}

Runs = Mapping[str, Mapping[str, Mapping[str, float]]]  # arm -> seed -> scores


def values(runs: Runs, arm: str, score: str) -> np.ndarray:
    """A score of each run of an arm."""
    return np.array([run[score] for run in runs.get(arm, {}).values()])


def summary(runs: Runs) -> Dict[str, Dict[str, Dict[str, float]]]:
    """Mean and standard error of each score of each arm that has run twice or more.

    Args:
        runs (Runs): Scores by arm and seed.
    """
    found: Dict[str, Dict[str, Dict[str, float]]] = {}
    for arm in (name for name in runs if len(runs[name]) > 1):
        found[arm] = {"runs": len(runs[arm])}
        for score in SCORES:
            x = values(runs, arm, score)
            error = x.std(ddof=1) / np.sqrt(len(x))
            found[arm][score] = {
                "mean": float(x.mean()),
                "standard_error": float(error),
            }
    return found


def rank_tests(runs: Runs) -> Dict[str, Dict[str, float]]:
    """Two-sided p-values of Mann and Whitney's test for each pair of which both have run.

    Args:
        runs (Runs): Scores by arm and seed.
    """
    return {
        question: {
            score: float(
                mannwhitneyu(*(values(runs, arm, score) for arm in pair)).pvalue
            )
            for score in SCORES
        }
        for question, pair in PAIRS.items()
        if all(runs.get(arm) for arm in pair)
    }


def tables(runs: Runs) -> str:
    """Both as tables in Markdown."""
    found = summary(runs)
    rows = [["arm", "runs", *SCORES]]
    for arm, scores in found.items():
        cells = [_figure(scores[score]) for score in SCORES]
        rows.append([arm, str(scores["runs"]), *cells])
    tests = [["p-value of", *SCORES]]
    for question, p in rank_tests(runs).items():
        tests.append([question, *(f"{p[score]:.4f}" for score in SCORES)])
    return f"{_table(rows)}\n{_table(tests)}"


def _figure(score: Mapping[str, float]) -> str:
    return f"{score['mean']:.3f} ± {score['standard_error']:.3f}"


def _table(rows: Sequence[List[str]]) -> str:
    lines = [f"| {' | '.join(row)} |\n" for row in rows]
    return "".join([lines[0], "|---" * len(rows[0]) + "|\n", *lines[1:]])
