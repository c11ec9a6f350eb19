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

"""The solver of two networks: the order of its steps, and going on with a run."""

from __future__ import annotations

import json
from typing import Any
from typing import Dict

import numpy as np
import paddle
import pytest
from paddle import nn

from ppsci_ext.data import BatchStream
from ppsci_ext.optimizer import Adam
from ppsci_ext.solver import AdversarialSolver
from ppsci_ext.solver import Diverged
from ppsci_ext.solver import RunFolder


class Pair:
    """Points of the plane, and losses without a penalty.

    Attributes:
        steps (str): "c" for each loss of the critic, "g" for each of the generator.
    """

    generator_needs_data = False

    def __init__(self):
        paddle.seed(1)
        self.generator = nn.Linear(2, 2)
        self.critic = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
        self.steps = ""
        self.scale = 1.0

    def critic_loss(self, real: paddle.Tensor, condition: Any) -> Dict[str, Any]:
        self.steps += "c"
        fake = self.generator(paddle.randn([real.shape[0], 2])).detach()
        loss = (self.critic(fake).mean() - self.critic(real).mean()) * self.scale
        return {"critic_loss": loss, "wasserstein": -loss}

    def generator_loss(self, batch_size: int) -> Dict[str, Any]:
        self.steps += "g"
        fake = self.generator(paddle.randn([batch_size, 2]))
        return {"generator_loss": -self.critic(fake).mean()}

    def begin_iteration(self, iteration: int) -> None:
        pass

    def constrain_critic(self) -> None:
        pass

    def check(self, real: paddle.Tensor, condition: Any) -> None:
        pass

    def state_dict(self) -> Dict[str, Any]:
        return {}

    def set_state_dict(self, state: Dict[str, Any]) -> None:
        pass


def train(folder: Any, epochs: int, pair: Pair, n_critic: Any = 2, **options) -> Pair:
    points = np.random.default_rng(0).standard_normal((20, 2)).astype("float32")
    AdversarialSolver(
        pair,
        BatchStream(points, 4, seed=0),
        Adam(1e-2, 0.5, 0.9)(pair.generator),
        Adam(1e-2, 0.5, 0.9)(pair.critic),
        n_critic=n_critic,
        folder=RunFolder(str(folder), **options),
        epochs=epochs,
        save_freq=1,
        iters_per_epoch=3,
        log_freq=1,
    ).train()
    return pair


@pytest.mark.parametrize(
    "n_critic, steps", [(2, "ccgccgcc"), ({0: 3, 1: 1}, "cccgcgc")]
)
def test_the_order_of_the_steps(tmp_path, n_critic, steps):
    pair = train(tmp_path, 1, Pair(), n_critic)
    assert pair.steps == steps
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["iteration"] for line in lines] == [1, 2, 3]


def test_a_run_goes_on_as_if_it_had_never_stopped(tmp_path):
    whole = train(tmp_path / "whole", 4, Pair())
    train(tmp_path / "parts", 2, Pair())
    paddle.seed(5)  # neither of these is to matter
    np.random.seed(5)
    rest = train(tmp_path / "parts", 4, Pair(), resume=True)
    for name in ("generator", "critic"):
        before, after = getattr(whole, name), getattr(rest, name)
        for key, value in before.state_dict().items():
            np.testing.assert_array_equal(
                value.numpy(), after.state_dict()[key].numpy()
            )


def test_a_folder_with_a_run_is_left_alone(tmp_path):
    train(tmp_path, 1, Pair())
    with pytest.raises(ValueError, match="already holds a run"):
        train(tmp_path, 1, Pair())


def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path):
    train(tmp_path, 2, Pair())
    newest = max((tmp_path / "checkpoints").glob("iter_*"))
    damaged = max(newest.glob("state.*"), key=lambda path: path.stat().st_size)
    damaged.write_bytes(damaged.read_bytes()[:-5])
    pair = train(tmp_path, 3, Pair(), resume=True)
    assert pair.steps == "gcc" * 6  # from the third iteration on


def test_a_loss_that_is_not_finite_ends_the_training(tmp_path):
    pair = Pair()
    pair.scale = float("nan")
    with pytest.raises(Diverged, match="critic_loss"):
        train(tmp_path, 1, pair)


if __name__ == "__main__":
    pytest.main()
