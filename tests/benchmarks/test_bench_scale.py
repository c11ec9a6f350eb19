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

"""The fit of exponents, and a small run of the program from end to end."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from PIL import Image
from scipy import stats

from benchmarks import bench_scale
from benchmarks import power_law
from benchmarks import scale_data
from benchmarks import workers
from ppsci_ext.data import decoded
from ppsci_ext.utils.cache import VARIABLE


@given(
    st.floats(-3, 3),
    st.floats(1e-3, 1e3),
    st.lists(st.integers(1, 2000), min_size=2, max_size=8, unique=True),
)
@settings(deadline=None)
def test_exact_power_laws_are_found(exponent, factor, sizes):
    law = power_law.fit_power_law(sizes, [factor * size**exponent for size in sizes])
    assert law.exponent == pytest.approx(exponent, abs=1e-6)
    assert law.factor == pytest.approx(factor, rel=1e-4)
    if len(sizes) == 2:
        assert law.standard_error is None
    else:
        assert law.standard_error == pytest.approx(0, abs=1e-6)


def test_the_standard_error_is_how_far_off_the_exponent_is():
    rng = np.random.default_rng(0)
    sizes = np.array([8, 16, 32, 64, 128, 256])
    deviations, errors = [], []
    for _ in range(2000):
        noise = np.exp(0.1 * rng.standard_normal(len(sizes)))
        law = power_law.fit_power_law(sizes, 5 * sizes**0.8 * noise)
        deviations.append(law.exponent - 0.8)
        errors.append(law.standard_error)
    assert abs(np.mean(deviations)) < 0.002
    rms_error = np.sqrt(np.mean(np.square(errors)))
    assert rms_error == pytest.approx(np.std(deviations), rel=0.05)


def test_noisy_times_are_fitted_as_by_scipy():
    rng = np.random.default_rng(1)
    sizes = np.array([16, 24, 32, 48, 64])
    times = sizes**1.7 * np.exp(0.2 * rng.standard_normal(len(sizes)))
    law = power_law.fit_power_law(sizes, times)
    expected = stats.linregress(np.log(sizes), np.log(times))
    assert law.exponent == pytest.approx(expected.slope)
    assert law.standard_error == pytest.approx(expected.stderr)
    assert np.log(law.factor) == pytest.approx(expected.intercept)


def test_one_size_has_no_exponent():
    with pytest.raises(ValueError, match="two different sizes"):
        power_law.fit_power_law([4, 4], [1.0, 1.1])


def test_two_processes_beside_one(monkeypatch, tmp_path, capsys):
    lines_path, plot = tmp_path / "scale.jsonl", tmp_path / "scale.png"
    arguments = "--quantity processes --iterations 2 --warmup 1 --batch-size 4 --dim 2"
    sizes = ["--resolution", "8", "--json", str(lines_path), "--plot", str(plot)]
    monkeypatch.setattr(workers, "PAUSE", 0)
    monkeypatch.setattr(sys, "argv", ["bench_scale.py", *arguments.split(), *sizes])
    bench_scale.main()
    printed = capsys.readouterr().out
    assert printed == lines_path.read_text()
    one, two, fit = map(json.loads, printed.splitlines())
    assert (one["processes"], two["processes"]) == (1, 2)
    assert one["threads"] == two["threads"]
    for line in (one, two):
        low, high = line["quartiles"]
        assert 0 < low <= line["milliseconds"] <= high
        assert (line["dim"], line["batch_size"], line["resolution"]) == (2, 4, 8)
    ratio = two["milliseconds"] / one["milliseconds"]
    assert fit["exponent"] == pytest.approx(np.log2(ratio), abs=1e-3)
    assert fit["standard_error"] is None
    with Image.open(plot) as picture:
        assert picture.format == "PNG"
        assert np.ptp(np.asarray(picture)[..., :3]) > 0


@pytest.mark.parametrize("quantity", bench_scale.DATA_SIZES)
def test_tasks_on_data(quantity, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "set by the task, too")
    monkeypatch.setattr(decoded, "LARGE", decoded.LARGE)
    task = scale_data.TASKS[quantity](2000)
    assert task() == task()


def test_sizes_of_data(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(workers, "PAUSE", 0)
    options = [
        "--clock",
        "cpu",
        "--data-rounds",
        "1",
        "--plot",
        str(tmp_path / "a.png"),
    ]
    arguments = ["--quantity", "features", "--sizes", "1000", "2000", *options]
    monkeypatch.setattr(sys, "argv", ["bench_scale.py", *arguments])
    bench_scale.main()
    few, many, fit = map(json.loads, capsys.readouterr().out.splitlines())
    assert (few["features"], many["features"]) == (1000, 2000)
    assert few["clock"] == "cpu" and 0 < few["milliseconds"] < many["milliseconds"]
    ratio = many["milliseconds"] / few["milliseconds"]
    assert fit["exponent"] == pytest.approx(np.log2(ratio), abs=1e-2)
    assert (tmp_path / "a.png").stat().st_size > 0
