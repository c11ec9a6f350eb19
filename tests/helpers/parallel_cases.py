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

"""Short training runs of cases by several processes; started by tests.helpers.forks."""

from __future__ import annotations

from typing import Any
from typing import Dict
from typing import List
from typing import Type

from tests.helpers.small_runs import CONFIGURATIONS

# isort: split

import numpy as np
import paddle
from hydra import initialize_config_dir
from wgan_gp.cases.wgan_gp_fields import Fields
from wgan_gp.cases.wgan_gp_motion import Motion
from wgan_gp.utils.config import compose_case
from wgan_gp.utils.experiment import Experiment

from ppsci.utils import logger
from ppsci.utils import misc
from ppsci_ext.solver import AdversarialSolver
from tests.helpers.parallel_runs import BATCH
from tests.helpers.parallel_runs import averaged_gradients
from tests.helpers.parallel_runs import join
from tests.helpers.parallel_runs import weights

CASES: Dict[str, Type[Experiment]] = {case.name: case for case in (Fields, Motion)}


def experiment_of(case: str, ranks: int, seed: int, overrides: List[str]) -> Experiment:
    """A case for batches of BATCH samples in all processes together."""
    batch = f"TRAIN.batch_size={BATCH // ranks}"
    with initialize_config_dir(CONFIGURATIONS, version_base=None):
        cfg = compose_case(CASES[case], [*overrides, batch])
    misc.set_random_seed(seed)
    return CASES[case](cfg)


def gradients(rank: int, ranks: int, case: str, overrides: List[str]) -> dict:
    """In the middle of a curriculum of two iterations, where there is one."""
    experiment = experiment_of(case, ranks, 5, overrides)
    gan = experiment.build_gan()
    gan.begin_iteration(1)
    stream = experiment.build_stream(experiment.load_data("train"))
    return averaged_gradients(gan, stream, rank, ranks)


def one_alone(path: str, case: str, overrides: List[str]) -> None:
    """Gradients, and the first batch of a training."""
    logger.init_logger("ppsci", None, "warning")
    found = gradients(0, 1, case, overrides)
    experiment = experiment_of(case, 1, 5, overrides)
    first = next(experiment.build_stream(experiment.load_data("train")))
    np.savez(path, **found, **named(*first))


def named(real: paddle.Tensor, condition: Any) -> Dict[str, np.ndarray]:
    """Arrays of a batch by name."""
    arrays = {"real": real, "condition": condition}
    if isinstance(condition, dict):
        arrays = {"real": real, **condition}
    return {name: x.numpy() for name, x in arrays.items() if x is not None}


class Seen:
    """What a training's critic steps have seen.

    Args:
        solver (AdversarialSolver): Before its training.
    """

    def __init__(self, solver: AdversarialSolver):
        self.solver, self.batches, self.noise = solver, [], []
        self._in_step = False
        step, loss = solver.critic_step, solver.gan.critic_loss
        sample_noise = solver.gan.sample_noise

        def critic_step() -> Any:
            self._in_step = True
            terms = step()
            self._in_step = False
            return terms

        def critic_loss(real: paddle.Tensor, condition: Any) -> Any:
            if self._in_step:
                self.batches.append(named(real, condition))
            return loss(real, condition)

        def noting(count: int) -> paddle.Tensor:
            noise = sample_noise(count)
            if self._in_step:
                self.noise.append(noise.numpy())
            return noise

        solver.critic_step, solver.gan.critic_loss = critic_step, critic_loss
        solver.gan.sample_noise = noting


def trained(
    rank: int, ranks: int, port: int, folder: str, case: str, overrides: List[str]
) -> None:
    """Gradients as of `one_alone`, then a run as by the case's script, with other initial
    weights in each process; and what each has seen."""
    join(rank, ranks, port)
    found = gradients(rank, ranks, case, overrides)
    name = "run" if rank == 0 else f"of_process_{rank}"
    overrides = [*overrides, f"output_dir={folder}/{name}"]
    experiment = experiment_of(case, ranks, 5 + rank, overrides)
    build_solver, seen = experiment.build_solver, []

    def watched(*arguments: Any, **hooks: Any) -> AdversarialSolver:
        seen.append(Seen(build_solver(*arguments, **hooks)))
        return seen[0].solver

    experiment.build_solver = watched
    experiment.train()
    (training,) = seen
    solver = training.solver
    average = solver.ema_model.params_shadow.values()
    np.savez(
        f"{folder}/seen_{rank}.npz",
        **found,
        **{
            key: np.stack([batch[key] for batch in training.batches])
            for key in training.batches[0]
        },
        noise=np.stack(training.noise),
        generator_weights=weights(solver.gan.generator),
        critic_weights=weights(solver.gan.critic),
        average=np.concatenate([p.numpy().ravel() for p in average]),
    )
