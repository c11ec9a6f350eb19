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

import contextlib
import datetime
import os
import time
from os import path as osp
from typing import Any
from typing import Callable
from typing import Dict
from typing import Iterable
from typing import Iterator
from typing import Mapping
from typing import Optional
from typing import Tuple
from typing import Union

import numpy as np
import paddle
import paddle.distributed as dist
import ppsci
from omegaconf import DictConfig
from omegaconf import OmegaConf
from paddle import nn
from paddle import optimizer as optim
from paddle.distributed.fleet.utils import hybrid_parallel_util as hpu
from paddle.framework import core
from paddle.jit.dy2static.program_translator import StaticFunction
from ppsci.utils import logger
from tqdm import tqdm

from ppsci_ext.solver.record import MetricsLog
from ppsci_ext.solver.record import TermMeans
from ppsci_ext.solver.train import train_adversarial_epoch_func
from ppsci_ext.utils import UserError
from ppsci_ext.utils import checkpoint
from ppsci_ext.utils.optimizer_state import optimizer_state
from ppsci_ext.utils.optimizer_state import set_optimizer_state
from ppsci_ext.utils.rng import get_rng_state
from ppsci_ext.utils.rng import preserve_rng_state
from ppsci_ext.utils.rng import set_rng_state
from ppsci_ext.utils.weights import load_paddle_weights
from ppsci_ext.utils.weights import set_weights

_WRONG_UNDER_PRIM = (  # these very classes; ppsci_ext.arch's subclasses are right
    nn.LayerNorm,
    nn.GroupNorm,
    nn.InstanceNorm1D,
    nn.InstanceNorm2D,
    nn.InstanceNorm3D,
)


@contextlib.contextmanager
def frozen(layer: nn.Layer) -> Iterator[None]:
    """No gradients for the layer's parameters inside; its inputs still get theirs.

    Args:
        layer (nn.Layer): Layer, e.g. the critic during the generator's step.
    """
    trainable = [p for p in layer.parameters() if not p.stop_gradient]
    for parameter in trainable:
        parameter.stop_gradient = True
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.stop_gradient = False


class AdversarialSolver(ppsci.solver.Solver):
    """Solver that trains two networks against each other.

    Of ppsci.solver.Solver it keeps the configuration, logging, VisualDL / TensorBoard / W&B
    scalars, AMP, the moving average, `export`; it replaces the epoch function and the
    checkpoints. There is one stream of data, two optimizers and one checkpoint for
    everything, from which training goes on bit for bit.

    Args:
        gan (Any): Object with the networks `generator` (None for a fixed one) and `critic`, and
            the methods `critic_loss(real, labels)` and `generator_loss(batch_size)`, which
            return dicts of scalars with the keys "critic_loss" and "generator_loss",
            `constrain_critic()`, called after each step of the critic, and
            `check(real, labels)`, called once before training.
        stream (Iterator): Endless source of (real, labels) with `batch_size`,
            `sample_shape`, `state_dict()` and `set_state_dict()`.
        generator_optimizer (Optional[optim.Optimizer]): None with a fixed generator.
        critic_optimizer (optim.Optimizer): Optimizer of the critic.
        n_critic (Union[int, Mapping[int, int]], optional): Critic steps per iteration, or a
            schedule {iteration from which it holds: steps}. Defaults to 5.
        generator_batch_size (Optional[int]): Samples of a generator step. Defaults to
            the stream's batch size.
        validation (Optional[Iterable]): Batches (real, labels) of held-out data; the mean
            critic loss on them is recorded at every log line.
        evaluator (Optional[Callable[[], Dict[str, float]]]): Metrics of the generator as it is,
            for `eval` and for eval_during_train.
        reporter (Optional[Callable[[AdversarialSolver], None]]): Draws pictures, after each epoch.
        keep_checkpoints (int, optional): Number of newest checkpoints to keep. Defaults to 2.
        output_dir (Optional[str]): Folder for all that a run writes; None to write nothing.
        cfg (Optional[DictConfig]): Running configuration of PaddleScience.
        **kwargs: Other arguments of ppsci.solver.Solver.

    Raises:
        UserError: If the configuration asks for what Paddle gets silently wrong.
    """

    def __init__(
        self,
        gan: Any,
        stream: Iterator,
        generator_optimizer: Optional[optim.Optimizer],
        critic_optimizer: optim.Optimizer,
        *,
        n_critic: Union[int, Mapping[int, int]] = 5,
        generator_batch_size: Optional[int] = None,
        validation: Optional[Iterable] = None,
        evaluator: Optional[Callable[[], Dict[str, float]]] = None,
        reporter: Optional[Callable[[AdversarialSolver], None]] = None,
        keep_checkpoints: int = 2,
        output_dir: Optional[str] = None,
        cfg: Optional[DictConfig] = None,
        **kwargs,
    ):
        self.resume_from: Optional[str] = None
        self._pretrained: Optional[str] = None
        _refuse_silent_errors(gan.critic, bool(cfg and cfg.to_static))
        model = gan.critic if gan.generator is None else gan.generator
        super().__init__(
            model,
            output_dir=output_dir,
            optimizer=generator_optimizer or critic_optimizer,
            cfg=cfg,
            **kwargs,
        )
        if self._pretrained is not None:
            load_paddle_weights(model, self._pretrained)
        self.train_epoch_func = train_adversarial_epoch_func
        self.gan = gan
        self.stream = stream
        self.generator_optimizer = generator_optimizer
        self.critic_optimizer = critic_optimizer
        self.n_critic = n_critic if isinstance(n_critic, Mapping) else {0: n_critic}
        self.generator_batch_size = generator_batch_size or stream.batch_size
        self.validation = validation
        self.evaluator = evaluator
        self.reporter = reporter
        self.keep_checkpoints = keep_checkpoints
        self.iteration = 0
        self.seconds = 0.0
        self.term_means = TermMeans()
        self.metrics_log = MetricsLog()
        if self.world_size > 1:
            for parameter in gan.critic.parameters():
                dist.broadcast(parameter, src=0)

    def _parse_params_from_cfg(self, cfg: DictConfig) -> None:
        super()._parse_params_from_cfg(cfg)
        self.log_freq = cfg.TRAIN.log_freq
        # Solver would read these by paddle.load, which executes what they hold
        self.resume_from, self.checkpoint_path = self.checkpoint_path, None
        self._pretrained, self.pretrained_model_path = self.pretrained_model_path, None
        if cfg.TRAIN.resume and self.resume_from is None:
            self.resume_from = checkpoint.latest_checkpoint(self._checkpoint_root)
            if self.resume_from is None:
                raise UserError(
                    f"TRAIN.resume=true, but {self._checkpoint_root} holds no checkpoint: "
                    "give the output_dir of the run to go on with, or train anew."
                )

    # one step of each network

    def critic_steps(self) -> int:
        """Steps of the critic in the current iteration."""
        reached = [start for start in self.n_critic if start <= self.iteration]
        return self.n_critic[max(reached)]

    def critic_step(self) -> Dict[str, paddle.Tensor]:
        """One step of the critic on a fresh real batch; returns the terms of its loss."""
        real, labels = next(self.stream)
        with self.autocast_context_manager(self.use_amp, self.amp_level):
            terms = self.gan.critic_loss(real, labels)
        self._step(self.gan.critic, self.critic_optimizer, terms["critic_loss"])
        self.gan.constrain_critic()
        return terms

    def generator_step(self) -> Dict[str, paddle.Tensor]:
        """One step of the generator; returns the terms of its loss."""
        if self.gan.generator is None:
            return {}
        with self.autocast_context_manager(self.use_amp, self.amp_level):
            terms = self.gan.generator_loss(self.generator_batch_size)
        self._step(
            self.gan.generator, self.generator_optimizer, terms["generator_loss"]
        )
        return terms

    def _step(
        self, network: nn.Layer, optimizer: optim.Optimizer, loss: paddle.Tensor
    ) -> None:
        if self.scaler is not None:
            self.scaler.scale(loss).backward()
        else:
            loss.backward()
        if self.world_size > 1:
            # plain backward passes and one fused mean: DataParallel's reducer does not
            # expect several forward passes and second derivatives
            hpu.fused_allreduce_gradients(list(network.parameters()), None)
        if self.scaler is not None:
            self.scaler.step(optimizer)
            self.scaler.update()
        else:
            optimizer.step()
        optimizer.clear_grad(set_to_zero=False)

    @property
    def _optimizers(self) -> Dict[str, optim.Optimizer]:
        pair = {
            "critic": self.critic_optimizer,
            "generator": self.generator_optimizer,
        }
        return {name: opt for name, opt in pair.items() if opt is not None}

    def finish_iteration(self, terms: Dict[str, paddle.Tensor]) -> None:
        """Count the iteration: means of the terms, moving average, learning rates.

        Args:
            terms (Dict[str, paddle.Tensor]): Scalars of this iteration.
        """
        self.iteration += 1
        self.global_step = self.iteration
        self.term_means.update(terms)
        self.learning_rates = {
            f"{name}_lr": float(opt.get_lr()) for name, opt in self._optimizers.items()
        }
        if self.ema_model and self.iteration % self.avg_freq == 0:
            self.ema_model.update()
        for opt in self._optimizers.values():
            if isinstance(opt._learning_rate, optim.lr.LRScheduler):
                opt._learning_rate.step()
        self._bar.update()

    # training

    def train(self) -> None:
        """Train for epochs x iters_per_epoch iterations, or the rest of them.

        Raises:
            UserError: If the output folder already holds a run that is not to be resumed, the
                checkpoint can't be used, or the networks can't be trained this way.
        """
        self._open_run()
        with preserve_rng_state():
            self.gan.check(
                paddle.randn([2, *self.stream.sample_shape]),
                paddle.zeros([2], dtype="int64"),
            )
        total = self.epochs * self.iters_per_epoch
        self._clock = time.perf_counter() - self.seconds
        self._logged = (self.iteration, self._elapsed())
        self._bar = tqdm(
            total=total,
            initial=self.iteration,
            unit="it",
            disable=None if self.rank == 0 else True,  # None: only on a terminal
            dynamic_ncols=True,
        )
        with self._bar:
            first_epoch = self.iteration // self.iters_per_epoch + 1
            for epoch_id in range(first_epoch, self.epochs + 1):
                self.train_epoch_func(self, epoch_id, self.log_freq)
                before = self._elapsed()
                self._bar.clear()  # what follows writes to the log
                self._finish_epoch(epoch_id)
                self._bar.refresh()
                # pictures and checkpoints don't count as slow training
                iteration, seconds = self._logged
                self._logged = (iteration, seconds + self._elapsed() - before)
        self._save_weights()

    def _open_run(self) -> None:
        """Take up the checkpoint to resume from, or begin in a folder without a run."""
        if self.output_dir is not None:
            metrics_path = osp.join(self.output_dir, "metrics.jsonl")
            if self.resume_from is None and (
                osp.exists(metrics_path)
                or checkpoint.list_checkpoints(self._checkpoint_root)
            ):
                raise UserError(
                    f"{self.output_dir} already holds a run: go on with it by "
                    "TRAIN.resume=true, or choose another folder by output_dir=..."
                )
            os.makedirs(self.output_dir, exist_ok=True)
            self.metrics_log = MetricsLog(metrics_path)
        if self.resume_from is not None:
            self._load_checkpoint(self.resume_from)
            self.metrics_log.truncate(self.iteration)
            logger.message(
                f"Going on from {self.resume_from} (iteration {self.iteration})."
            )
        if self.output_dir is not None and self.cfg and self.rank == 0:
            checkpoint.write_atomically(
                osp.join(self.output_dir, "config.yaml"),
                OmegaConf.to_yaml(self.cfg, resolve=True).encode(),
            )

    def _finish_epoch(self, epoch_id: int) -> None:
        """Evaluation, pictures and checkpoint; none of it changes the training."""
        if (
            self.eval_during_train
            and epoch_id >= self.start_eval_epoch
            and epoch_id % self.eval_freq == 0
        ):
            self._log({"iteration": self.iteration, "eval": self.eval(epoch_id)[1]})
        if self.rank != 0 or self.output_dir is None:
            return
        if self.reporter is not None:
            with preserve_rng_state(), self.averaged_weights():
                self.reporter(self)
        last = epoch_id == self.epochs
        if last or (self.save_freq > 0 and epoch_id % self.save_freq == 0):
            self._save_checkpoint()

    def eval(self, epoch_id: Optional[int] = None) -> Tuple[float, Dict[str, Any]]:
        """Metrics of the generator by the evaluator, else by Solver's validators.

        The moving average of the weights is evaluated where there is one; random
        generators are left as they were.

        Args:
            epoch_id (Optional[int]): Epoch. Defaults to None.

        Returns:
            Tuple[float, Dict[str, Any]]: First metric, all metrics.
        """
        if self.evaluator is None:
            return super().eval(epoch_id)
        with preserve_rng_state(), self.averaged_weights():
            metrics = self.evaluator()
        logger.info(f"[Eval][iteration {self.iteration}] {_format(metrics)}")
        return next(iter(metrics.values())), metrics

    @contextlib.contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """The generator carries its moving average inside, where there is one."""
        if self.ema_model is None:
            yield
            return
        self.ema_model.apply_shadow()
        try:
            yield
        finally:
            self.ema_model.restore()

    # records

    def log_iteration(self) -> None:
        """One line of metrics.jsonl, of the log and of the progress bar."""
        record = {
            "iteration": self.iteration,
            "critic_loss": None,
            "wasserstein": None,
            "gradient_penalty": None,
            "slope": None,
            "generator_loss": None,
            **self.term_means.means(),
            **self.learning_rates,
        }
        self.term_means.reset()
        if self.validation is not None:
            record["validation_critic_loss"] = self._validation_loss()
        seconds = self._elapsed()
        iterations_before, seconds_before = self._logged
        speed = (self.iteration - iterations_before) / (seconds - seconds_before)
        self._logged = (self.iteration, seconds)
        record["images_per_second"] = round(
            speed * self.critic_steps() * self.stream.batch_size * self.world_size, 2
        )
        record["seconds"] = round(seconds, 3)
        self._log(record)

        total = self.epochs * self.iters_per_epoch
        left = datetime.timedelta(seconds=int((total - self.iteration) / speed))
        shown = ("critic_loss", "wasserstein", "slope", "generator_loss")
        message = _format({k: record[k] for k in shown if record[k] is not None})
        message = f"{message}, {record['images_per_second']:.0f} images/s"
        self._bar.set_postfix_str(message)
        self._bar.clear()
        logger.info(
            f"[Train][iteration {self.iteration}/{total}] {message}, time left: {left}"
        )
        self._bar.refresh()
        logger.scalar(
            {f"train/{k}": v for k, v in record.items() if isinstance(v, float)},
            self.iteration,
            self.vdl_writer,
            self.wandb_writer,
            self.tbd_writer,
        )

    def _log(self, record: Dict[str, Any]) -> None:
        if self.rank == 0:
            self.metrics_log.append(record)

    def _validation_loss(self) -> float:
        """Mean critic loss on the held-out data (paper, section 5.4: overfitting)."""
        total, count = 0.0, 0
        with preserve_rng_state(), frozen(self.gan.critic):
            for real, labels in self.validation:
                loss = self.gan.critic_loss(real, labels)["critic_loss"]
                total += float(loss) * real.shape[0]
                count += real.shape[0]
        return total / count

    def _elapsed(self) -> float:
        return time.perf_counter() - self._clock

    # files

    @property
    def _checkpoint_root(self) -> str:
        return osp.join(self.output_dir, "checkpoints")

    def _networks(self) -> Dict[str, nn.Layer]:
        pair = {"generator": self.gan.generator, "critic": self.gan.critic}
        return {name: network for name, network in pair.items() if network is not None}

    def _save_weights(self) -> None:
        """Final weights of both networks, for paddle.load."""
        if self.output_dir is None or self.rank != 0:
            return
        weights = {name: net.state_dict() for name, net in self._networks().items()}
        if self.ema_model is not None:
            with self.averaged_weights():
                weights["generator_ema"] = {
                    key: value.clone()
                    for key, value in self.gan.generator.state_dict().items()
                }
        for name, state_dict in weights.items():
            path = osp.join(self.output_dir, f"{name}.pdparams")
            paddle.save(state_dict, f"{path}.tmp")
            os.replace(f"{path}.tmp", path)

    def _save_checkpoint(self) -> None:
        arrays: Dict[str, np.ndarray] = {}
        schedulers = {}
        for name, network in self._networks().items():
            for key, value in network.state_dict().items():
                arrays[f"{name}/{key}"] = value.numpy()
        for name, opt in self._optimizers.items():
            accumulators, schedulers[name] = optimizer_state(opt)
            for key, value in accumulators.items():
                arrays[f"{name}_optimizer/{key}"] = value
        if self.ema_model is not None:
            for key, value in self.ema_model.state_dict().items():
                arrays[f"ema/{key}"] = value.numpy()
        for key, value in self.term_means.arrays().items():
            arrays[f"term_sums/{key}"] = value
        state = {
            "iteration": self.iteration,
            "seconds": self._elapsed(),
            "stream": self.stream.state_dict(),
            "rng": get_rng_state(),
            "schedulers": schedulers,
            "scaler": self._scaler_state(),
            "term_counts": self.term_means.counts,
        }
        folder = checkpoint.save_checkpoint(
            self._checkpoint_root, self.iteration, arrays, state, self.keep_checkpoints
        )
        logger.info(f"Checkpoint written: {folder}")

    def _scaler_state(self) -> Optional[Dict[str, Any]]:
        if self.scaler is None:
            return None
        return {
            key: value.tolist() if hasattr(value, "tolist") else value
            for key, value in self.scaler.state_dict().items()
        }

    def _load_checkpoint(self, folder: str) -> None:
        arrays, state = checkpoint.load_checkpoint(folder)

        def part(prefix: str) -> Dict[str, np.ndarray]:
            start = f"{prefix}/"
            return {
                k[len(start) :]: v for k, v in arrays.items() if k.startswith(start)
            }

        for name, network in self._networks().items():
            set_weights(network, part(name), f"{folder} ({name})")
        for name, opt in self._optimizers.items():
            set_optimizer_state(
                opt, part(f"{name}_optimizer"), state["schedulers"][name]
            )
        if self.ema_model is not None:
            averaged = {k: paddle.to_tensor(v) for k, v in part("ema").items()}
            self.ema_model.set_state_dict(averaged)
        if self.scaler is not None and state["scaler"] is not None:
            self.scaler.load_state_dict(
                {
                    key: np.asarray(value, "float32")
                    if isinstance(value, list)
                    else value
                    for key, value in state["scaler"].items()
                }
            )
        self.term_means.restore(part("term_sums"), state["term_counts"])
        self.stream.set_state_dict(state["stream"])
        self.iteration = self.global_step = state["iteration"]
        self.seconds = state["seconds"]
        set_rng_state(state["rng"])


def _refuse_silent_errors(critic: nn.Layer, to_static: bool) -> None:
    """Refuse what Paddle gets wrong in second derivatives without saying so."""
    static_critic = isinstance(critic.forward, StaticFunction)
    if to_static or static_critic:
        raise UserError(
            "A critic compiled by paddle.jit.to_static silently loses the gradient of the "
            "penalty: set to_static=false and leave the critic undecorated."
        )
    if core._is_eager_prim_enabled():
        wrong = [
            f"'{name}' ({type(layer).__name__})"
            for name, layer in critic.named_sublayers()
            if type(layer) in _WRONG_UNDER_PRIM
        ]
        if wrong:
            raise UserError(
                "With prim=true the second derivatives of the critic's layers "
                f"{', '.join(wrong)} are wrong without notice: set prim=false and use the "
                "layers of ppsci_ext.arch."
            )


def _format(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name}: {value:.4g}" if isinstance(value, float) else f"{name}: {value}"
        for name, value in values.items()
    )
