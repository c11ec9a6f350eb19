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

"""Training that has left the finite numbers: noticed, named, described."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING
from typing import Any
from typing import Dict
from typing import List
from typing import Mapping
from typing import Tuple
from typing import Union

import numpy as np
import paddle

from ppsci.utils import logger
from ppsci_ext.solver import parallel
from ppsci_ext.utils import UserError
from ppsci_ext.utils.checkpoint import Checkpoint
from ppsci_ext.utils.checkpoint import latest_checkpoint
from ppsci_ext.utils.checkpoint import load_newest
from ppsci_ext.utils.optimizer_state import optimizer_state
from ppsci_ext.utils.rng import reseed

if TYPE_CHECKING:
    from ppsci_ext.solver import AdversarialSolver

_MAX_ROLLBACKS = 3  # in one run
_ADVICE = "lower the learning rates, or set another seed"


class Diverged(UserError):
    """Training stopped at a number that is not finite; the exit status is 3."""

    status = 3


class NotFinite(Exception):
    """First quantity that was NaN or infinite.

    Args:
        iteration (int): Iteration.
        quantity (str): Name.
        terms (Mapping[str, float]): All terms of the losses at that iteration, as far as known.
    """

    def __init__(self, iteration: int, quantity: str, terms: Mapping[str, float]):
        super().__init__(f"{quantity} is not finite at iteration {iteration}")
        self.iteration = iteration
        self.quantity = quantity
        self.terms = dict(terms)

    def __reduce__(self) -> Tuple:  # for the other processes
        return NotFinite, (self.iteration, self.quantity, self.terms)


class FiniteWatch:
    """Scalar tensors of past iterations, left on the device until `look`."""

    CAPACITY = 1000  # iterations; beyond that it is time to look

    def __init__(self):
        self._rows: List[Tuple[int, Dict[str, paddle.Tensor]]] = []

    def note(self, iteration: int, terms: Mapping[str, paddle.Tensor]) -> None:
        """Keep the terms of one iteration; doesn't wait for the device.

        Args:
            iteration (int): Iteration.
            terms (Mapping[str, paddle.Tensor]): Scalars by name, in the order of computation.
        """
        self._rows.append((iteration, {k: v.detach() for k, v in terms.items()}))

    @property
    def full(self) -> bool:
        return len(self._rows) >= self.CAPACITY

    def look(self) -> None:
        """Wait for the device, check what was noted and forget it.

        Raises:
            NotFinite: Naming the first quantity of the first iteration.
        """
        rows, self._rows = self._rows, []
        columns: Dict[str, List[paddle.Tensor]] = {}
        for _, terms in rows:
            for name, value in terms.items():
                columns.setdefault(name, []).append(value)
        values = {
            # one copy to the host for each quantity
            name: iter(paddle.stack(column).astype("float32").numpy().ravel().tolist())
            for name, column in columns.items()
        }
        for iteration, terms in rows:
            numbers = {name: next(values[name]) for name in terms}
            for name, number in numbers.items():
                if not math.isfinite(number):
                    raise NotFinite(iteration, name, numbers)

    def forget(self) -> None:
        """Drop what was noted, unchecked."""
        self._rows.clear()


def check_arrays(iteration: int, arrays: Mapping[str, np.ndarray]) -> None:
    """Check what is to be saved.

    Args:
        iteration (int): Iteration.
        arrays (Mapping[str, np.ndarray]): Arrays by name.

    Raises:
        NotFinite: Naming the first array with a number that is not finite.
    """
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise NotFinite(iteration, name, {})


def recover(solver: AdversarialSolver, found: NotFinite) -> None:
    """Write diagnostics.json, then go back to the newest checkpoint, or stop.

    Args:
        solver (AdversarialSolver): Solver that has diverged.
        found (NotFinite): What was found.

    Raises:
        Diverged: If training is to stop here.
    """
    solver.watch.forget()
    saved = parallel.on_first(lambda: _checkpoint_to_go_back_to(solver, found))
    # the checkpoint may be from before the last one
    rollbacks = solver.progress.rollbacks + 1
    solver.go_back(saved)
    solver.progress.rollbacks = rollbacks
    reseed([solver.iteration, rollbacks, solver.rank])
    about = {"number": rollbacks, "from": found.iteration, "quantity": found.quantity}
    solver.folder.append({"iteration": solver.iteration, "rollback": about})


def _checkpoint_to_go_back_to(
    solver: AdversarialSolver, found: NotFinite
) -> Checkpoint:
    what = (
        f"Training has diverged: {found.quantity} is NaN or infinite at iteration "
        f"{found.iteration}"
    )
    folder, rollbacks = solver.folder, solver.progress.rollbacks
    if folder.path is None:
        raise Diverged(f"{what}; {_ADVICE}.")
    path = folder.file("diagnostics.json")
    text = json.dumps(_describe(solver, found), indent=2)
    folder.write("diagnostics.json", f"{text}\n")
    saved = None
    if solver.on_nan == "rollback" and rollbacks < _MAX_ROLLBACKS:
        saved = load_newest(folder.checkpoint_root)
    if saved is None:
        again = f" again, after {rollbacks} rollbacks" if rollbacks else ""
        newest = latest_checkpoint(folder.checkpoint_root) or "not there yet"
        raise Diverged(
            f"{what}{again} (see {path}); the last good checkpoint is {newest}: {_ADVICE}."
        )
    logger.warning(f"{what} ({path} says more): going back.")
    return saved


def _describe(solver: AdversarialSolver, found: NotFinite) -> Dict[str, Any]:
    """What a user wants to know of a divergence, as JSON can hold it."""
    networks = {}
    for name, network in solver.networks.items():
        weights = np.concatenate(
            [p.numpy().astype("float32").ravel() for p in network.parameters()]
        )
        finite = np.isfinite(weights)
        # gradients are gone by now; the optimizer holds means of them
        moments, _ = optimizer_state(solver.optimizers[name])
        networks[name] = {
            "weights_finite": bool(finite.all()),
            "gradient_means_finite": all(
                bool(np.isfinite(array).all()) for array in moments.values()
            ),
            "largest_weight": float(np.abs(weights[finite]).max(initial=0.0)),
        }
    return {
        "iteration": found.iteration,
        "quantity": found.quantity,
        "noticed_at": solver.iteration,
        "terms": {name: _json_number(value) for name, value in found.terms.items()},
        "learning_rates": solver.learning_rates,
        "networks": networks,
        "rollbacks": solver.progress.rollbacks,
    }


def _json_number(value: float) -> Union[float, str]:
    """JSON has no NaN and no infinity."""
    return value if math.isfinite(value) else str(value)
