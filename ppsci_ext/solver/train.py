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


from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ppsci_ext import solver as solver_module


def train_adversarial_epoch_func(
    solver: solver_module.AdversarialSolver, epoch_id: int, log_freq: int
) -> None:
    """Train both networks until the end of one epoch (Gulrajani et al. 2017, algorithm 1).

    Each iteration is one step of the generator, then n_critic steps of the critic, each
    on a fresh real batch (or update_freq of them); the very first iteration leaves the
    generator's step out.

    Args:
        solver (solver_module.AdversarialSolver): Solver.
        epoch_id (int): Epoch, from 1.
        log_freq (int): Iterations between two log lines, see `log_iteration`.
    """
    while solver.iteration < epoch_id * solver.iters_per_epoch:
        solver.gan.begin_iteration(solver.iteration)
        terms = solver.generator_step() if solver.iteration > 0 else {}
        steps = 0
        while solver.critic_rule.goes_on(solver.iteration, steps):
            terms.update(solver.critic_step())  # not all steps have all terms
            steps += 1
        solver.finish_iteration(terms, steps)
        solver.log_iteration(log_freq)
        solver.heed_signals()
