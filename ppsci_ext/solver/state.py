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

"""What a checkpoint of AdversarialSolver holds, and under which configuration it may be used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from typing import Any
from typing import Dict
from typing import Mapping
from typing import Optional
from typing import Tuple

import numpy as np
import paddle
from omegaconf import DictConfig
from omegaconf import OmegaConf
from paddle import amp
from ppsci.utils import logger

from ppsci_ext.solver import parallel
from ppsci_ext.utils import UserError
from ppsci_ext.utils.checkpoint import Checkpoint
from ppsci_ext.utils.optimizer_state import optimizer_state
from ppsci_ext.utils.optimizer_state import set_optimizer_state
from ppsci_ext.utils.rng import get_rng_state
from ppsci_ext.utils.rng import reseed
from ppsci_ext.utils.rng import set_rng_state
from ppsci_ext.utils.weights import set_weights

if TYPE_CHECKING:
    from ppsci_ext.solver import AdversarialSolver

# Keys and groups that leave the course of the training as it is.
_MAY_DIFFER = (
    "mode",
    "output_dir",
    "device",
    "log_freq",
    "log_level",
    "use_vdl",
    "use_tbd",
    "use_wandb",
    "wandb_config",
    "PAPER",  # where other keys take their values from
    "DATA.root",
    "DATA.download",
    "TRAIN.epochs",
    "TRAIN.log_freq",
    "TRAIN.validation_size",
    "TRAIN.save_freq",
    "TRAIN.keep_checkpoints",
    "TRAIN.keep_every",
    "TRAIN.on_nan",
    "TRAIN.resume",
    "TRAIN.checkpoint_path",
    "TRAIN.pretrained_model_path",
    "TRAIN.eval_during_train",
    "TRAIN.start_eval_epoch",
    "TRAIN.eval_freq",
    "EVAL",
    "INFER",
)


def capture(
    solver: AdversarialSolver,
) -> Tuple[Dict[str, np.ndarray], Dict[str, Any]]:
    """Everything from which the training goes on bit for bit.

    All processes have to call it. What differs between them (random generators, sums of the
    terms) it holds for each; the networks, the optimizers and the place in the data don't.

    Args:
        solver (AdversarialSolver): Solver between two iterations.

    Returns:
        Tuple[Dict[str, np.ndarray], Dict[str, Any]]: Arrays, and what JSON can hold.
    """
    arrays: Dict[str, np.ndarray] = {}
    schedulers = {}
    for name, network in solver.networks.items():
        for key, value in network.state_dict().items():
            arrays[f"{name}/{key}"] = value.numpy()
    for name, opt in solver.optimizers.items():
        accumulators, schedulers[name] = optimizer_state(opt)
        for key, value in accumulators.items():
            arrays[f"{name}_optimizer/{key}"] = value
    if solver.ema_model is not None:
        for key, value in solver.ema_model.state_dict().items():
            arrays[f"ema/{key}"] = value.numpy()
    own = {"rng": get_rng_state(), "term_sums": solver.term_means.arrays()}
    first, *others = parallel.gather(own)
    for key, value in first["term_sums"].items():
        arrays[f"term_sums/{key}"] = value
    for rank, other in enumerate(others, 1):
        for key, value in other["term_sums"].items():
            arrays[f"process_{rank}_term_sums/{key}"] = value
    return arrays, {
        "iteration": solver.iteration,  # n_critic's schedule goes by it
        "seconds": solver.elapsed(),
        "rollbacks": solver.rollbacks,
        "records": len(solver.metrics_log.records),
        "stream": solver.stream.state_dict(),
        "rng": first["rng"],
        "other_rngs": [other["rng"] for other in others],
        "schedulers": schedulers,
        "scalers": {k: _scaler_state(s) for k, s in solver.scalers.items()},
        "gan": solver.gan.state_dict(),
        "critic_rule": solver.critic_rule.state_dict(),
        "term_counts": solver.term_means.counts,
        "config": _plain(solver.cfg),
    }


def restore(solver: AdversarialSolver, checkpoint: Checkpoint) -> None:
    """Take up what :func:`capture` returned.

    Args:
        solver (AdversarialSolver): Solver of the same networks, optimizers and data.
        checkpoint (Checkpoint): From :func:`ppsci_ext.utils.checkpoint.load_checkpoint`.

    Raises:
        UserError: If it is of other networks, optimizers or data.
    """
    folder, arrays, state = checkpoint

    def part(prefix: str) -> Dict[str, np.ndarray]:
        start = f"{prefix}/"
        return {k[len(start) :]: v for k, v in arrays.items() if k.startswith(start)}

    for name, network in solver.networks.items():
        set_weights(network, part(name), f"{folder} ({name})")
    for name, opt in solver.optimizers.items():
        set_optimizer_state(opt, part(f"{name}_optimizer"), state["schedulers"][name])
    if solver.ema_model is not None:
        averaged = {k: paddle.to_tensor(v) for k, v in part("ema").items()}
        solver.ema_model.set_state_dict(averaged)
    for name, scaler in solver.scalers.items():
        if name in state["scalers"]:  # else of a device without loss scaling
            _set_scaler_state(scaler, state["scalers"][name])
    solver.gan.set_state_dict(state["gan"])
    solver.critic_rule.set_state_dict(state["critic_rule"])
    solver.stream.set_state_dict(state["stream"])
    solver.iteration = solver.global_step = state["iteration"]
    solver.seconds = state["seconds"]
    solver.rollbacks = state["rollbacks"]
    rngs = [state["rng"], *state.get("other_rngs", [])]
    sums = [part("term_sums")]
    sums += [part(f"process_{rank}_term_sums") for rank in range(1, len(rngs))]
    if len(rngs) == solver.world_size:
        set_rng_state(rngs[solver.rank])
        own_sums = sums[solver.rank]
    else:
        logger.warning(
            f"{folder} is of a training by {_processes(len(rngs))}, and this one is by "
            f"{_processes(solver.world_size)}: the batch of all together is another, the "
            "random numbers are drawn anew, and the run is no longer reproduced bit for bit."
        )
        reseed([solver.seed, solver.rank, solver.iteration])
        own_sums = {key: sum(each[key] for each in sums) / len(sums) for key in sums[0]}
    solver.term_means.restore(own_sums, state["term_counts"])


def _processes(number: int) -> str:
    return "1 process" if number == 1 else f"{number} processes"


def _scaler_state(scaler: amp.GradScaler) -> Dict[str, Any]:
    return {
        key: value.tolist() if hasattr(value, "tolist") else value
        for key, value in scaler.state_dict().items()
    }


def _set_scaler_state(scaler: amp.GradScaler, state: Dict[str, Any]) -> None:
    scaler.load_state_dict(
        {
            key: np.asarray(value, "float32") if isinstance(value, list) else value
            for key, value in state.items()
        }
    )


# configuration


def check_configuration(checkpoint: Checkpoint, cfg: Optional[DictConfig]) -> None:
    """Refuse to go on under a configuration by which the training would take another course.

    Args:
        checkpoint (Checkpoint): Checkpoint to go on from.
        cfg (Optional[DictConfig]): Configuration of this run; None is not checked.

    Raises:
        UserError: Listing the keys that differ, with both values.
    """
    if cfg is None or checkpoint.state["config"] is None:
        return
    before, now = _flat(checkpoint.state["config"]), _flat(_plain(cfg))
    differing = [
        key
        for key in sorted({*before, *now})
        if before.get(key) != now.get(key) and not _may_differ(key)
    ]
    told = [
        f"{key} was {_shown(before, key)} and is {_shown(now, key)}"
        for key in differing
    ]
    epochs = "TRAIN.epochs"
    if now.get("TRAIN.lr_decay") and before.get(epochs) != now.get(epochs):
        told.append(
            f"{epochs} was {_shown(before, epochs)} and is {_shown(now, epochs)}, by which "
            "TRAIN.lr_decay=true would change the learning rates"
        )
    if told:
        raise UserError(
            f"The checkpoint {checkpoint.folder} was made under another configuration "
            f"({'; '.join(told)}): go on with the values it was made with, or train anew in "
            "another output_dir."
        )


def _plain(cfg: Optional[DictConfig]) -> Optional[Dict[str, Any]]:
    """The resolved configuration as JSON gives it back (a schedule's keys become text)."""
    if cfg is None:
        return None
    return json.loads(json.dumps(OmegaConf.to_container(cfg, resolve=True)))


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Dict[str, Any]:
    flat: Dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _may_differ(key: str) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in _MAY_DIFFER)


def _shown(values: Mapping[str, Any], key: str) -> str:
    return json.dumps(values[key]) if key in values else "not set"
