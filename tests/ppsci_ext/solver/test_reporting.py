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

"""What a training says of itself."""

from __future__ import annotations

import pytest

from ppsci_ext.solver import reporting
from ppsci_ext.solver.reporting import Pace
from ppsci_ext.solver.reporting import Reporting
from ppsci_ext.solver.reporting import empty_record
from ppsci_ext.solver.reporting import is_early
from ppsci_ext.solver.reporting import shown_values


@pytest.fixture
def clock(monkeypatch):
    """Time that passes by hand."""
    now = [100.0]
    monkeypatch.setattr(reporting.time, "perf_counter", lambda: now[0])
    return now


def test_the_pace_counts_what_was_before_and_leaves_out_pauses(clock):
    pace = Pace()
    pace.start(50.0, 10, 1000)  # resumed after 50 seconds
    assert pace.elapsed() == 50.0
    clock[0] += 4
    for _ in range(2):  # asking changes nothing
        assert pace.rates(18, 1400) == pytest.approx((2.0, 100.0))
    pace.mark(18, 1400)
    clock[0] += 3
    pace.leave_out(2)  # of which a picture took two
    assert pace.rates(20, 1500) == pytest.approx((2.0, 100.0))
    assert pace.elapsed() == 57.0


def test_a_line_of_the_log(monkeypatch):
    said, scalars = [], []
    monkeypatch.setattr(reporting.logger, "info", said.append)
    note = lambda values, step, **writers: scalars.append((values, step, writers))
    monkeypatch.setattr(reporting.logger, "scalar", note)
    terms = {"critic_loss": 0.123456, "drift": 2.0}
    record = {**empty_record(30), **terms}
    with Reporting(100, False, {"vdl_writer": None}) as report:
        report.tell(30, terms, (7.0, 99.6))
        report.write_scalars(record)
    (line,) = said
    assert line.startswith(
        "[Train][iteration 30/100] critic_loss: 0.1235, 100 images/s"
    )
    assert line.endswith("time left: 0:00:10") and "wasserstein" not in line
    ((values, step, writers),) = scalars
    assert values == {"train/critic_loss": 0.123456, "train/drift": 2.0}
    assert step == 30 and writers == {"vdl_writer": None}


def test_early_lines_become_rarer():
    early = [number for number in range(501) if is_early(number)]
    assert early == [1, 2, 5, 10, 20, 50, 100, 200, 500]


def test_values_of_any_kind_are_shown():
    values = {"a": 1.23456789, "b": 7, "c": [1, 2], "d": float("nan")}
    assert shown_values(values) == "a: 1.235, b: 7, c: [1, 2], d: nan"
