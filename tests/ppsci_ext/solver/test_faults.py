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

"""No run is ever lost: kills, signals, damaged checkpoints, full disks, NaN."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import time

import numpy as np
import paddle
import pytest
from paddle import amp

from ppsci_ext.solver import Diverged
from ppsci_ext.solver.divergence import FiniteWatch
from ppsci_ext.solver.divergence import NotFinite
from ppsci_ext.solver.state import capture
from ppsci_ext.solver.state import restore
from ppsci_ext.utils import UserError
from ppsci_ext.utils import checkpoint
from tests.helpers import small_runs
from tests.helpers.forks import Forks
from tests.helpers.records import untimed_lines

KILLS = 20


@pytest.fixture(scope="module")
def forks(tmp_path_factory):
    forks = Forks(str(tmp_path_factory.mktemp("printed")), "tests.helpers.small_runs")
    yield forks
    forks.close()


@pytest.fixture(scope="module")
def whole(forks, tmp_path_factory):
    """Folder of a run that nothing interrupts."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert forks.run("toy", str(folder)) == 0
    return folder


def assert_same_run(folder, whole):
    assert untimed_lines(folder) == untimed_lines(whole)
    last = small_runs.EPOCHS * small_runs.ITERATIONS
    for name in (
        "generator.pdparams",
        "critic.pdparams",
        "generator_ema.pdparams",
        f"samples/iter_{last:08d}.png",
        f"checkpoints/iter_{last:08d}/state.safetensors",
        "checkpoints/latest",
    ):
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name


def test_kills_at_random_moments(forks, whole, tmp_path):
    counted = tmp_path / "events"
    assert forks.run("toy_counting", str(tmp_path / "count"), str(counted)) == 0
    events = int(counted.read_text())
    moments = random.Random(5)
    for number in range(KILLS):
        folder = tmp_path / f"run{number}"
        event = moments.randrange(1, events)
        assert forks.run("toy_killed", str(folder), event) == -signal.SIGKILL
        # killed before the first checkpoint, it begins anew in the same folder
        assert forks.run("toy", str(folder), "auto" if number % 2 else True) == 0
        assert not list(folder.rglob("*.tmp"))
        assert_same_run(folder, whole)


def test_kills_between_any_two_file_operations_of_a_save(forks, whole, tmp_path):
    save = 3  # the first that has others to remove
    for operation in range(1, 1000):
        folder = tmp_path / f"run{operation}"
        status = forks.run("toy_killed_in_save", str(folder), save, operation)
        if status == 0:
            break
        assert status == -signal.SIGKILL
        assert forks.run("toy", str(folder), True) == 0
        assert_same_run(folder, whole)
        assert not list(folder.glob("checkpoints/*.tmp"))
    assert operation > 20


def test_layers_made_before_change_nothing(forks, whole, tmp_path):
    """Paddle names its parameters in the order of their making."""
    assert forks.run("toy_killed_in_save", str(tmp_path / "run"), 2, 1) < 0
    assert forks.run("toy", str(tmp_path / "run"), True, 3) == 0
    assert_same_run(tmp_path / "run", whole)


SMALL = [
    "DATA.name=npz",
    "MODEL.image_shape=[3,16,16]",
    "MODEL.dim=4",
    "TRAIN.epochs=2",
    "TRAIN.iters_per_epoch=2",
    "TRAIN.log_freq=1",
    "TRAIN.batch_size=6",
]


@pytest.mark.parametrize(
    "case, more",
    [
        ("wgan_gp_mnist", ["GAN.name=wgan"]),
        (
            "wgan_gp_cifar",
            [
                "MODEL.num_classes=2",
                "MODEL.conditioning=projection",
                "MODEL.critic_norm=layer",
                "TRAIN.ema.use_ema=true",
                "TRAIN.update_freq=2",
            ],
        ),
    ],
)
def test_a_killed_case_goes_on(forks, tmp_path, case, more):
    rng = np.random.default_rng(0)
    for split, count in (("train", 32), ("test", 6)):
        np.savez(
            tmp_path / f"{split}.npz",
            images=rng.integers(0, 256, (count, 16, 16, 3), dtype=np.uint8),
            labels=np.arange(count) % 2,
        )
    common = [*SMALL, *more, f"DATA.root={tmp_path}"]
    for name, kill_at in (("whole", 0), ("parts", 3)):
        arguments = [*common, f"output_dir={tmp_path / name}"]
        status = forks.run("case", case, arguments, kill_at, 0)
        assert status == (-signal.SIGKILL if kill_at else 0)
    assert forks.run("case", case, [*arguments, "TRAIN.resume=true"], 0, 2) == 0
    assert untimed_lines(tmp_path / "parts") == untimed_lines(tmp_path / "whole")
    for path in ("generator.pdparams", "critic.pdparams", "samples/iter_00000004.png"):
        found = (tmp_path / "parts" / path).read_bytes()
        assert found == (tmp_path / "whole" / path).read_bytes(), path


# signals


@pytest.mark.parametrize(
    "number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_saves_in_the_middle_of_an_epoch(
    forks, whole, tmp_path, number, status
):
    process = forks.start("toy_signalled", str(tmp_path / "run"), [number])
    assert forks.wait(process) == status
    printed = forks.printed(process)
    assert (
        f"{number.name}: stopped after iteration 5, saved; resume=True goes on"
        in printed
    )
    assert "Traceback" not in printed
    latest = tmp_path / "run" / "checkpoints" / "latest"
    assert latest.read_text() == "iter_00000005\n"
    assert forks.run("toy", str(tmp_path / "run"), True) == 0
    assert_same_run(tmp_path / "run", whole)


def test_a_second_signal_quits_at_once(forks, tmp_path):
    two = [signal.SIGINT, signal.SIGINT]
    assert forks.run("toy_signalled", str(tmp_path / "run"), two) == -signal.SIGINT
    latest = tmp_path / "run" / "checkpoints" / "latest"
    assert latest.read_text() == "iter_00000004\n"


def test_handlers_are_those_of_before(tmp_path):
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    solver = small_runs.toy_solver(str(tmp_path / "run"))
    during = []
    solver.pictures = lambda *_: during.append(signal.getsignal(signal.SIGINT))
    solver.train()
    assert during[0] not in before
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


# the folder


def test_a_second_run_in_the_same_folder_is_refused(forks, tmp_path):
    folder = tmp_path / "run"
    process = forks.start("toy_waiting", str(folder))
    deadline = time.monotonic() + 30
    while not (folder / "waiting").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    with pytest.raises(UserError, match=rf"{folder} is in use .*process {process}.:"):
        small_runs.toy_solver(str(folder))
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before
    os.kill(process, signal.SIGKILL)
    assert forks.wait(process) == -signal.SIGKILL
    small_runs.toy_solver(str(folder))


@pytest.mark.parametrize("limit", [200, 3000])
def test_a_limit_of_file_sizes(forks, whole, tmp_path, limit):
    """metrics.jsonl reaches the first one, a checkpoint the second."""
    process = forks.start("toy_with_limited_files", str(tmp_path / "run"), limit)
    assert forks.wait(process) == 2
    printed = forks.printed(process)
    error = [line for line in printed.splitlines() if line.startswith("error: ")]
    assert len(error) == 1 and "can't be written (File too large)" in error[0]
    assert "Traceback" not in printed
    assert not list((tmp_path / "run").rglob("*.tmp"))


class FullDisk:
    """os.fsync fails from the n-th call on."""

    def __init__(self, monkeypatch, calls):
        self.calls = calls
        self.fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self)

    def __call__(self, descriptor):
        self.calls -= 1
        if self.calls < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.fsync(descriptor)


def test_a_disk_that_fills_up_at_any_moment(tmp_path, monkeypatch, whole):
    """At any fsync of a run: one sentence, and all that was saved before is sound."""
    told = set()
    for calls in range(0, 1000, 5):
        with monkeypatch.context() as patch:
            FullDisk(patch, calls)
            folder = tmp_path / str(calls)
            try:
                small_runs.toy_solver(str(folder)).train()
                break
            except UserError as error:
                assert "can't be written (No space left on device)" in str(error)
                told.add(str(error).split()[0].rsplit("/", 1)[1])
        for saved in folder.glob("checkpoints/iter_????????"):
            checkpoint.load_checkpoint(str(saved))
        assert not list(folder.rglob("*.tmp"))
    assert calls > 30
    assert "metrics.jsonl" in told and len(told) > 4, told


def test_a_folder_without_permission(tmp_path, monkeypatch):
    def refuse(path, *_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr(os, "makedirs", refuse)
    with pytest.raises(UserError, match="run can't be written .Permission denied"):
        small_runs.toy_solver(str(tmp_path / "run")).train()


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "run").write_text("mine")
    with pytest.raises(UserError, match="run can't be written .File exists"):
        small_runs.toy_solver(str(tmp_path / "run")).train()
    assert (tmp_path / "run").read_text() == "mine"


# damaged checkpoints


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-3])


ONE = "checkpoints/iter_00000012"
DAMAGES = {
    f"{name}, {how.__name__}": lambda run, name=name, how=how: how(run / ONE / name)
    for name in ("state.safetensors", "state.json", "SHA256SUMS")
    for how in (flip, cut, os.remove)
}
DAMAGES["an empty folder"] = lambda run: [p.unlink() for p in (run / ONE).iterdir()]
DAMAGES["latest, missing"] = lambda run: (run / "checkpoints/latest").unlink()
DAMAGES["latest, empty"] = lambda run: (run / "checkpoints/latest").write_text("")
DAMAGES["latest, binary"] = lambda run: (run / "checkpoints/latest").write_bytes(
    b"\xff"
)
DAMAGES["latest, naming nothing"] = lambda run: (run / "checkpoints/latest").write_text(
    "iter_00000099\n"
)


@pytest.fixture
def warnings(monkeypatch):
    said = []
    monkeypatch.setattr(checkpoint.logger, "warning", said.append)
    return said


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_reported_and_passed_over(
    damage, whole, tmp_path, warnings
):
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    DAMAGES[damage](run)
    loaded = checkpoint.load_newest(str(run / "checkpoints"))
    of_the_pointer = damage.startswith("latest")
    assert loaded.state["iteration"] == (12 if of_the_pointer else 8)
    (said,) = warnings
    assert str(run / "checkpoints/latest" if of_the_pointer else run / ONE) in said
    with pytest.raises(UserError, match="iter_000000.. can't be used|no such"):
        for name in ("iter_00000012", "iter_00000099"):
            checkpoint.load_checkpoint(str(run / "checkpoints" / name))


def test_a_run_goes_on_from_the_checkpoint_before(whole, tmp_path, warnings):
    shutil.copytree(whole, tmp_path / "run")
    flip(tmp_path / "run" / ONE / "state.safetensors")
    with open(tmp_path / "run" / "metrics.jsonl", "a", encoding="utf-8") as file:
        file.write('{"iteration": 15, "critic_loss": 1.0}\n{"iterat')
    small_runs.toy_solver(str(tmp_path / "run"), resume=True).train()
    assert len(warnings) == 1
    assert_same_run(tmp_path / "run", whole)


def test_without_a_sound_checkpoint(whole, tmp_path, warnings):
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    for name in ("iter_00000008", "iter_00000012"):
        cut(run / "checkpoints" / name / "state.json")
    before = (run / "metrics.jsonl").read_bytes()
    with pytest.raises(UserError, match="All 2 checkpoints in .* are damaged"):
        small_runs.toy_solver(str(run), resume=True).train()
    assert (run / "metrics.jsonl").read_bytes() == before


def test_a_named_checkpoint_that_is_damaged_is_refused(whole, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    flip(run / ONE / "state.json")
    solver = small_runs.toy_solver(str(run), resume_from=str(run / ONE))
    with pytest.raises(UserError, match=f"{ONE} can't be used .state.json is not"):
        solver.train()


def test_going_back_to_an_earlier_checkpoint(whole, tmp_path):
    """Its own branch is the one to be resumed from then on."""
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    earlier = str(run / "checkpoints" / "iter_00000008")
    solver = small_runs.toy_solver(str(run), resume_from=earlier)
    solver.train_epoch_func = lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        solver.train()
    assert checkpoint.latest_checkpoint(str(run / "checkpoints")).endswith("08")
    small_runs.toy_solver(str(run), resume=True).train()
    assert_same_run(run, whole)


def test_more_epochs_are_needed_than_are_done(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "run")
    solver = small_runs.toy_solver(str(tmp_path / "run"), resume=True)
    solver.epochs = 2
    with pytest.raises(
        UserError, match="iter_00000012 is beyond iteration 8.*raise epochs"
    ):
        solver.train()


# NaN


def poison(solver, times, iteration=6, value=float("nan")):
    """The critic's loss is not finite in one iteration, the first `times` times."""
    loss = solver.gan.critic_loss

    def critic_loss(real, labels=None):
        terms = loss(real, labels)
        if solver.iteration == iteration - 1 and solver.progress.rollbacks < times:
            terms = {**terms, "critic_loss": terms["critic_loss"] * value}
        return terms

    solver.gan.critic_loss = critic_loss
    solver.validation = None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_the_training(tmp_path, value):
    run = tmp_path / "run"
    solver = small_runs.toy_solver(str(run))
    poison(solver, 100, value=value)
    with pytest.raises(Diverged, match="critic_loss is NaN or infinite at iteration 6"):
        solver.train()
    assert Diverged.status == 3
    assert (run / "checkpoints" / "latest").read_text() == "iter_00000004\n"
    checkpoint.load_checkpoint(str(run / "checkpoints" / "iter_00000004"))
    assert "NaN" not in (run / "metrics.jsonl").read_text()
    found = json.loads((run / "diagnostics.json").read_text())
    assert found["iteration"] == 6 and found["quantity"] == "critic_loss"
    assert found["terms"]["critic_loss"] in ("nan", "inf", "-inf")
    assert isinstance(found["terms"]["generator_loss"], float)
    assert set(found["learning_rates"]) == {"critic_lr", "generator_lr"}
    critic = found["networks"]["critic"]
    assert not critic["weights_finite"] and not critic["gradient_means_finite"]
    assert not (run / "generator.pdparams").exists()


def test_weights_that_are_not_finite_are_never_saved(tmp_path):
    solver = small_runs.toy_solver(str(tmp_path / "run"))
    finish = solver.finish_iteration

    def spoil(*arguments):
        finish(*arguments)
        if solver.iteration == 8:
            bias = solver.gan.generator.parameters()[1]
            bias.set_value(np.full(bias.shape, np.inf, "float32"))

    solver.finish_iteration = spoil
    with pytest.raises(Diverged, match="generator/.*bias is NaN.*at iteration 8"):
        solver.train()
    names = os.listdir(tmp_path / "run" / "checkpoints")
    assert sorted(names) == ["iter_00000004", "latest"]


def test_rollback_goes_on_with_other_random_numbers(tmp_path, whole):
    run = tmp_path / "run"
    solver = small_runs.toy_solver(str(run), on_nan="rollback")
    poison(solver, 2)  # once more after the first rollback
    solver.train()
    records = [json.loads(line) for line in (run / "metrics.jsonl").open()]
    (event,) = [r for r in records if "rollback" in r]
    assert event["iteration"] == 4
    assert event["rollback"] == {"number": 2, "from": 6, "quantity": "critic_loss"}
    losses = {r["iteration"]: r["critic_loss"] for r in records if "critic_loss" in r}
    assert list(losses) == [3, 6, 9, 12] and all(map(np.isfinite, losses.values()))
    undisturbed = [json.loads(line) for line in (whole / "metrics.jsonl").open()]
    before = {r["iteration"]: r.get("critic_loss") for r in undisturbed}
    assert losses[3] == before[3] and losses[9] != before[9]
    evaluated = [r["iteration"] for r in records if "eval" in r]
    assert evaluated == [4, 8, 12]
    saved = checkpoint.load_newest(str(run / "checkpoints"))
    assert saved.state["parts"]["progress"]["rollbacks"] == 2


@pytest.mark.parametrize(
    "iteration, says",
    [
        (6, "again, after 3 rollbacks .*is .*iter_00000004:"),
        (2, "checkpoint is not there yet:"),
    ],
)
def test_rollbacks_end(tmp_path, iteration, says):
    """After three, or where there is no checkpoint to go back to."""
    solver = small_runs.toy_solver(str(tmp_path / "run"), on_nan="rollback")
    poison(solver, 100, iteration)
    with pytest.raises(Diverged, match=f"at iteration {iteration}.*{says}"):
        solver.train()


def test_a_watch_names_the_first_quantity_of_the_first_iteration():
    watch = FiniteWatch()
    for iteration in range(1, 5):
        terms = {"a": paddle.to_tensor(1.0)}
        if iteration > 1:  # terms may come later
            terms["b"] = paddle.to_tensor(float("inf") if iteration == 3 else 2.0)
        terms["c"] = paddle.to_tensor([float("nan") if iteration == 4 else 0.0])
        watch.note(iteration, terms)
    with pytest.raises(NotFinite) as found:
        watch.look()
    assert (found.value.iteration, found.value.quantity) == (3, "b")
    assert found.value.terms == {"a": 1.0, "b": float("inf"), "c": 0.0}
    watch.look()  # forgotten


def test_state_of_the_loss_scaling(tmp_path):
    """AMP scales nothing on a CPU, so that the scaler is switched on by hand."""

    def build(scale, count):
        solver = small_runs.toy_solver(str(tmp_path / str(count)))
        for name in solver.optimizers:
            scaler = amp.GradScaler(False)
            scaler._enable = True
            scaler._scale = paddle.to_tensor([scale])
            scaler._incr_count = count + len(name)
            for key, value in (
                ("incr_ratio", 2.0),
                ("decr_ratio", 0.5),
                ("incr_every_n_steps", 1000),
                ("decr_every_n_nan_or_inf", 2),
                ("decr_count", 0),
                ("use_dynamic_loss_scaling", True),
            ):
                setattr(scaler, f"_{key}", value)
            solver.scalers[name] = scaler
        return solver

    first, second = build(1024.0, 7), build(1.0, 0)
    arrays, rest = capture(*first._parts())
    saved = checkpoint.Checkpoint("x", arrays, json.loads(json.dumps(rest)))
    restore(*second._parts(), saved)
    for name, scaler in second.scalers.items():
        assert scaler.state_dict() == first.scalers[name].state_dict()
        assert scaler._incr_count == 7 + len(name)
