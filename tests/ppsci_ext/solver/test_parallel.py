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

"""Training by two processes (Gloo): the same networks in both, from twice the data."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from os import path as osp

import numpy as np
import paddle
import pytest
from omegaconf import OmegaConf
from paddle import io
from wgan_gp.utils import experiment

from ppsci_ext.data import BatchStream
from ppsci_ext.data import LoaderStream
from ppsci_ext.data import toy_distribution
from ppsci_ext.solver import parallel
from ppsci_ext.solver import state
from ppsci_ext.utils import UserError
from tests.helpers import small_runs
from tests.helpers.forks import ROOT
from tests.helpers.forks import Forks

LAST = small_runs.EPOCHS * small_runs.ITERATIONS
RANKS = 2


@pytest.fixture(scope="module")
def forks(tmp_path_factory):
    forks = Forks(
        str(tmp_path_factory.mktemp("printed")), "tests.helpers.parallel_runs"
    )
    yield forks
    forks.close()


@pytest.fixture(scope="module")
def whole(forks, tmp_path_factory):
    """Folder of a run by two processes that nothing interrupts."""
    folder = tmp_path_factory.mktemp("whole")
    statuses, printed = forks.together(RANKS, "whole", str(folder))
    assert statuses == [0, 0], printed
    return folder


@pytest.fixture(scope="module")
def seen(whole):
    return [dict(np.load(whole / f"seen_{rank}.npz")) for rank in range(RANKS)]


def lines(folder):
    records = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    timed = ("seconds", "images_per_second")
    return [{k: v for k, v in r.items() if k not in timed} for r in records]


def assert_same_run(folder, whole):
    assert lines(folder) == lines(whole)
    for name in (
        "generator.pdparams",
        "critic.pdparams",
        "generator_ema.pdparams",
        f"samples/iter_{LAST:08d}.png",
        f"checkpoints/iter_{LAST:08d}/state.safetensors",
    ):
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name


# one run


@pytest.fixture(scope="module")
def alone(forks, tmp_path_factory):
    """What `seen` holds of single steps, of one process with the common batch."""
    path = str(tmp_path_factory.mktemp("alone") / "one.npz")
    assert forks.run("one_alone", path) == 0
    return dict(np.load(path))


def test_gradients_are_those_of_one_process_with_the_common_batch(seen, alone):
    for name in ("critic", "generator"):
        scale = np.abs(alone[name]).max()
        assert scale > 1e-2
        for each in seen:
            np.testing.assert_allclose(
                each[name] / scale, alone[name] / scale, rtol=0, atol=1e-6
            )


@pytest.mark.parametrize("kind", ["plain", "conditional"])
def test_shared_batch_statistics_are_those_of_one_process(seen, alone, kind):
    """As on GPUs; outputs, and first derivatives by inputs and parameters."""
    names = [name for name in alone if name.startswith(f"{kind}_")]
    assert len(names) == 4
    for name in names:
        found = [each[name] for each in seen]
        if name.endswith(("_output", "_input")):  # of each process's own samples
            found = [np.concatenate(found)]
        for each in found:
            np.testing.assert_allclose(each, alone[name], rtol=1e-4, atol=1e-5)


def test_both_processes_hold_the_same_networks_to_the_last_bit(seen):
    """Though they began with other weights, and saw other noise and other data."""
    first, second = seen
    for name in ("generator_weights", "critic_weights", "average"):
        assert first[name].tobytes() == second[name].tobytes(), name
    assert not np.isclose(first["noise"], second["noise"]).any()


def test_each_process_trains_on_its_own_share(seen):
    steps = 3  # a pass: 31 points, two batches of 5 at a time
    points = [each["real"][:steps].reshape(-1, 2) for each in seen]
    assert len(np.unique(np.concatenate(points), axis=0)) == 30


def test_only_the_first_process_writes(whole):
    assert not (whole / "of_process_1").exists()
    assert (whole / "run" / "generator_ema.pdparams").exists()
    records = lines(whole / "run")
    logged = [r["iteration"] for r in records if "eval" not in r]
    assert logged == list(range(3, LAST + 1, small_runs.LOG_FREQ))


# interruptions


@pytest.fixture(scope="module")
def stopped(forks, tmp_path_factory):
    """Folder of a run of which one process got SIGTERM."""
    folder = tmp_path_factory.mktemp("stopped")
    statuses, printed = forks.together(RANKS, "signalled", str(folder))
    assert statuses == [128 + signal.SIGTERM] * 2, printed
    assert "stopped after iteration 5, saved" in printed[0]
    assert (folder / "run/checkpoints/latest").read_text() == "iter_00000005\n"
    return folder


def test_a_run_stopped_by_a_signal_to_one_process_goes_on(
    forks, whole, stopped, tmp_path
):
    shutil.copytree(stopped / "run", tmp_path / "run")
    statuses, printed = forks.together(RANKS, "train", str(tmp_path), True)
    assert statuses == [0, 0], printed
    assert "and this one is by" not in printed[0]
    assert_same_run(tmp_path / "run", whole / "run")


def test_one_process_goes_on_where_two_stopped_and_two_again(
    forks, stopped, tmp_path, monkeypatch
):
    shutil.copytree(stopped / "run", tmp_path / "run")
    said = []
    monkeypatch.setattr(state.logger, "warning", said.append)
    solver = small_runs.toy_solver(str(tmp_path / "run"), resume=True)
    solver.train()
    (warning,) = said
    assert "by 2 processes, and this one is by 1 process" in warning
    assert lines(tmp_path / "run")[-1]["iteration"] == LAST

    shutil.rmtree(tmp_path / f"run/checkpoints/iter_{LAST:08d}")
    (tmp_path / "run/checkpoints/latest").write_text("iter_00000008\n")
    statuses, printed = forks.together(RANKS, "train", str(tmp_path), True)
    assert statuses == [0, 0], printed
    assert "by 1 process, and this one is by 2 processes" in printed[0]
    assert lines(tmp_path / "run")[-1]["iteration"] == LAST


@pytest.mark.parametrize("times, status", [(1, 0), (100, 3)])
def test_a_nan_in_one_process_is_one_of_all(forks, tmp_path, times, status):
    """All of them go back together, or stop together."""
    statuses, printed = forks.together(RANKS, "poisoned", str(tmp_path), times)
    assert statuses == [status, status], printed
    (last,) = [r["rollback"] for r in lines(tmp_path / "run") if "rollback" in r]
    assert (last["from"], last["number"]) == (6, 1 if status == 0 else 3)


def test_a_fault_of_the_first_process_is_told_by_all(forks, whole):
    """Here: a folder with a run in it."""
    before = {p: p.stat().st_mtime_ns for p in (whole / "run").iterdir()}
    statuses, printed = forks.together(RANKS, "train", str(whole), False)
    assert statuses == [2, 2]
    for text in printed:
        assert "already holds a run" in text and "Traceback" not in text
    del before[whole / "run" / ".lock"]
    assert all(p.stat().st_mtime_ns == t for p, t in before.items())


@pytest.mark.heavy
def test_the_others_wait_longer_than_gloo_does(forks):
    statuses, printed = forks.together(RANKS, "waiting", 40)
    assert statuses == [0, 0], printed


# shares of the data


@pytest.mark.parametrize("ranks", [2, 4])
def test_shares_are_disjoint_and_complete(ranks):
    points = np.arange(40, dtype="float32")[:, None]
    common = BatchStream(points, 5 * ranks, seed=7)
    shares = [BatchStream(points, 5, seed=7) for _ in range(ranks)]
    for rank, share in enumerate(shares):
        share.share(rank, ranks)
    for _ in range(2):  # passes
        taken = []
        for _ in range(40 // (5 * ranks)):
            batch = np.concatenate([next(share)[0].numpy() for share in shares])
            np.testing.assert_array_equal(batch, next(common)[0].numpy())
            taken += batch.ravel().tolist()
        assert sorted(taken) == points.ravel().tolist()
    assert all(share.state_dict() == common.state_dict() for share in shares)


def test_shares_of_a_distribution():
    shares = [BatchStream(toy_distribution("8gaussians"), 6, seed=7) for _ in range(3)]
    common, first, second = shares
    common.batch_size = 12
    first.share(0, 2)
    second.share(1, 2)
    both = np.concatenate([next(first)[0].numpy(), next(second)[0].numpy()])
    np.testing.assert_array_equal(both, next(common)[0].numpy())


def test_too_little_data_for_all_processes():
    stream = BatchStream(np.zeros((9, 2), "float32"), 5, seed=0)
    with pytest.raises(UserError, match="2 processes with a batch_size of 5 need more"):
        stream.share(0, 2)


def test_a_loader_that_does_not_share_is_refused():
    points = io.TensorDataset([paddle.zeros([12, 2])])
    with pytest.raises(UserError, match="give it a paddle.io.DistributedBatchSampler"):
        LoaderStream(io.DataLoader(points, batch_size=3)).share(0, 2)
    sampler = io.DistributedBatchSampler(points, 3, num_replicas=2, rank=0)
    LoaderStream(io.DataLoader(points, batch_sampler=sampler)).share(0, 2)


def test_writers_that_fail_in_ppsci_are_refused(monkeypatch):
    parallel.refuse_writers(True, True)
    monkeypatch.setattr(parallel.dist, "get_world_size", lambda: 2)
    parallel.refuse_writers(False, None)
    with pytest.raises(UserError, match="set use_vdl=false"):
        parallel.refuse_writers(True, False)


def test_other_modes_are_the_work_of_one_process(monkeypatch):
    monkeypatch.setattr(experiment.dist, "get_world_size", lambda: 2)
    with pytest.raises(UserError, match="mode=eval is the work of one process"):
        experiment._meet_others(OmegaConf.create({"mode": "eval"}))


# the command line


def test_the_launcher_and_its_signal(tmp_path):
    """SIGTERM to the launcher reaches all processes, several times."""
    run, logs = tmp_path / "run", tmp_path / "logs"
    arguments = [
        *("-m", "paddle.distributed.launch", "--nproc_per_node", "2"),
        *("--log_dir", str(logs)),
        osp.join(ROOT, "examples/wgan_gp/cases/wgan_gp_toy.py"),
        *("MODEL.dim=4", "TRAIN.batch_size=8", "TRAIN.epochs=1", f"output_dir={run}"),
        *(
            "TRAIN.iters_per_epoch=1000000",
            "TRAIN.log_freq=1",
            "TRAIN.ema.use_ema=true",
        ),
    ]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
    )
    try:
        deadline = time.monotonic() + 60
        while not (run / "metrics.jsonl").exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=40)
    finally:
        if process.poll() is None:
            process.kill()
    printed = [(logs / f"workerlog.{rank}").read_text() for rank in range(RANKS)]
    assert not any("Traceback" in text for text in printed), printed
    assert "SIGTERM: stopped after iteration" in printed[0]
    assert "stopped after" not in printed[1]  # the first process speaks for all
    name = (run / "checkpoints" / "latest").read_text().strip()
    saved = json.loads((run / "checkpoints" / name / "state.json").read_text())
    assert len(saved["processes"]) == 2
    first, second = (each["random"] for each in saved["processes"])
    assert first != second
