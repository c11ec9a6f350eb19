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

"""Training of the fields and the motion case by two processes (Gloo)."""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
import pytest

from tests.helpers.forks import Forks

RANKS = 2
ITERATIONS = 2
COMMON = [
    "GAN.n_critic=2",
    "TRAIN.epochs=1",
    f"TRAIN.iters_per_epoch={ITERATIONS}",
    "TRAIN.log_freq=1",
    "TRAIN.ema.use_ema=true",
    "MODEL.convolution=paddle",
    "MODEL.dim=4",
]
FIELDS = ["DATA.size=[8,12]", "MODEL.stages=2"]
# a term that is a mean over some of the samples is another one in each process
MOTION = [
    "DATA.frames=9",
    "MODEL.critic_dim=4",
    "MODEL.latent_dim=6",
    "GAN.curriculum.end=2",
    "GAN.continuity=0",
    "TRAIN.validation_size=4",
]
CASES = {
    # four critic steps on common batches of 8 are one pass
    "fields": ("wgan_gp_fields", [*FIELDS, "DATA.num_samples=32"], []),
    "of_a_length": (
        "wgan_gp_fields",
        [*FIELDS, "DATA.vary.length=[1.0,3.0]"],
        ["condition"],
    ),
    "at_points": ("wgan_gp_fields", [*FIELDS, "DATA.points=[3,3]"], ["mask", "values"]),
    "motion": ("wgan_gp_motion", MOTION, ["audio", "speaker", "seed_frames"]),
}


class Runs(NamedTuple):
    """Folder, condition's names, and what two processes and one alone have seen."""

    folder: object
    condition: list
    seen: list
    alone: dict


@pytest.fixture(scope="module")
def forks(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("printed"))
    forks = Forks(folder, "tests.helpers.parallel_cases")
    yield forks
    forks.close()


@pytest.fixture(scope="module", params=CASES)
def runs(forks, tmp_path_factory, request):
    case, overrides, condition = CASES[request.param]
    overrides = [*COMMON, *overrides]
    folder = tmp_path_factory.mktemp(request.param)
    statuses, printed = forks.together(RANKS, "trained", str(folder), case, overrides)
    assert statuses == [0] * RANKS, printed
    path = str(folder / "one.npz")
    assert forks.run("one_alone", path, case, overrides) == 0
    seen = [dict(np.load(folder / f"seen_{rank}.npz")) for rank in range(RANKS)]
    return Runs(folder, condition, seen, dict(np.load(path)))


def test_gradients_are_those_of_one_process_with_the_common_batch(runs):
    for name in ("critic", "generator"):
        scale = np.abs(runs.alone[name]).max()
        assert scale > 1e-4
        for each in runs.seen:
            np.testing.assert_allclose(
                each[name] / scale, runs.alone[name] / scale, rtol=0, atol=1e-5
            )


def test_both_processes_hold_the_same_networks_to_the_last_bit(runs):
    """Though they began with other weights, and saw other noise and other data."""
    first, second = runs.seen
    for name in ("generator_weights", "critic_weights", "average"):
        assert first[name].tobytes() == second[name].tobytes(), name
    assert not np.isclose(first["noise"], second["noise"]).all(axis=-1).any()


def test_each_process_trains_on_its_own_share(runs):
    """Samples and what they were made for, of the batch that one process alone would get."""
    for name in ("real", *runs.condition):
        both = np.concatenate([each[name][0] for each in runs.seen])
        np.testing.assert_array_equal(both, runs.alone[name])
    samples = np.concatenate([each["real"] for each in runs.seen])
    samples = samples.reshape(samples.shape[0] * samples.shape[1], -1)
    assert len(np.unique(samples, axis=0)) == len(samples) == 32


def test_only_the_first_process_writes(runs):
    assert not (runs.folder / "of_process_1").exists()
    folder = runs.folder / "run"
    for name in ("generator_ema.pdparams", f"samples/iter_{ITERATIONS:08d}.png"):
        assert (folder / name).stat().st_size > 0
    records = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    assert [each["iteration"] for each in records] == [1, 2]
