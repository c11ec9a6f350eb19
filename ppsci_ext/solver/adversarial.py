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
import signal
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

import numpy as np
import paddle
import ppsci
from omegaconf import DictConfig
from omegaconf import OmegaConf
from paddle import amp
from paddle import nn
from paddle import optimizer as optim
from paddle.framework import core
from paddle.jit.dy2static.program_translator import StaticFunction
from ppsci.utils import logger
from tqdm import tqdm

from ppsci_ext.solver import parallel
from ppsci_ext.solver import state
from ppsci_ext.solver.critic_steps import Adaptive
from ppsci_ext.solver.critic_steps import NCritic
from ppsci_ext.solver.critic_steps import critic_rule
from ppsci_ext.solver.divergence import FiniteWatch
from ppsci_ext.solver.divergence import NotFinite
from ppsci_ext.solver.divergence import check_arrays
from ppsci_ext.solver.divergence import recover
from ppsci_ext.solver.modes import at_rest
from ppsci_ext.solver.modes import frozen
from ppsci_ext.solver.record import MetricsLog
from ppsci_ext.solver.record import TermMeans
from ppsci_ext.solver.signals import Interrupted
from ppsci_ext.solver.signals import StopSignals
from ppsci_ext.solver.train import train_adversarial_epoch_func
from ppsci_ext.utils import UserError
from ppsci_ext.utils import checkpoint
from ppsci_ext.utils.lock import locked
from ppsci_ext.utils.rng import preserve_rng_state
from ppsci_ext.utils.rng import reseed
from ppsci_ext.utils.weights import load_paddle_weights
from ppsci_ext.utils.weights import save_paddle_weights

_WRONG_UNDER_PRIM = (  # these very classes; ppsci_ext.arch's subclasses are right
    nn.LayerNorm,
    nn.GroupNorm,
    nn.InstanceNorm1D,
    nn.InstanceNorm2D,
    nn.InstanceNorm3D,
)


class AdversarialSolver(ppsci.solver.Solver):
    """Solver that trains two networks against each other.

    Of ppsci.solver.Solver it keeps the configuration, logging, VisualDL / TensorBoard / W&B
    scalars, gradient accumulation, AMP (level O1, with a loss scaling for each network), the
    moving average, `export`; it replaces the epoch function and the checkpoints. There is one
    stream of data, two optimizers and one checkpoint for everything, from which training goes
    on bit for bit.

    Under paddle.distributed.launch every process trains on its share of the data, with batches
    of the stream's size each; the gradients of both networks are averaged, and the first
    process alone writes, evaluates and draws.

    Args:
        gan (Any): Object with the networks `generator` (None for a fixed one) and `critic`, and
            the methods `critic_loss(real, labels)` and `generator_loss(batch_size)`, which
            return dicts of scalars with the keys "critic_loss" (for an adaptive n_critic also
            "wasserstein") and "generator_loss",
            `constrain_critic()`, called after each step of the critic, `check(real, labels)`,
            called once before training, and `state_dict()` and `set_state_dict()` for what
            else is to survive a checkpoint.
        stream (Iterator): Endless source of (real, labels) with `batch_size`,
            `sample_shape`, `state_dict()` and `set_state_dict()`, and with several processes
            `share(rank, ranks)`.
        generator_optimizer (Optional[optim.Optimizer]): None with a fixed generator.
        critic_optimizer (optim.Optimizer): Optimizer of the critic.
        n_critic (NCritic, optional): Critic steps per iteration; or a schedule {iteration from
            which it holds: steps}; or {"adaptive": {"min": 1, "max": 20, "ratio": 1.0}}, see
            ppsci_ext.solver.critic_steps. Defaults to 5.
        generator_batch_size (Optional[int]): Samples of a generator step, before any
            accumulation. Defaults to the stream's batch size.
        validation (Optional[Iterable]): Batches (real, labels) of held-out data; the mean
            critic loss on them is recorded at every log line.
        evaluator (Optional[Callable[[], Dict[str, float]]]): Metrics of the generator as it is,
            for `eval` and for eval_during_train.
        reporter (Optional[Callable[[AdversarialSolver], None]]): Draws pictures, after each epoch.
        keep_checkpoints (int, optional): Number of newest checkpoints to keep. Defaults to 2.
        keep_every (Optional[int]): Keep checkpoints of its multiples (iterations), too.
        on_nan (str, optional): What to do when a loss is NaN or infinite: "stop", or "rollback"
            to the newest checkpoint and go on with other random numbers, up to three times in
            a run. Defaults to "stop".
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
        n_critic: NCritic = 5,
        generator_batch_size: Optional[int] = None,
        validation: Optional[Iterable] = None,
        evaluator: Optional[Callable[[], Dict[str, float]]] = None,
        reporter: Optional[Callable[[AdversarialSolver], None]] = None,
        keep_checkpoints: int = 2,
        keep_every: Optional[int] = None,
        on_nan: str = "stop",
        output_dir: Optional[str] = None,
        cfg: Optional[DictConfig] = None,
        **kwargs,
    ):
        self.resume_from: Optional[str] = None
        self.resume = False
        _refuse_silent_errors(gan.critic, bool(cfg and cfg.to_static))
        writers = kwargs if cfg is None else cfg
        parallel.refuse_writers(writers.get("use_vdl"), writers.get("use_tbd"))
        model = gan.critic if gan.generator is None else gan.generator
        folder = cfg.output_dir if cfg else output_dir
        parallel.start()
        if folder is not None:
            parallel.on_first(lambda: _refuse_folder_in_use(folder))
        pretrained = kwargs.pop("pretrained_model_path", None)
        if cfg is not None:
            pretrained = cfg.TRAIN.pretrained_model_path
        if pretrained is not None:  # before Solver's moving average begins with them
            load_paddle_weights(model, pretrained)
        super().__init__(
            model,
            output_dir=output_dir,
            optimizer=generator_optimizer or critic_optimizer,
            cfg=cfg,
            **kwargs,
        )
        self.train_epoch_func = train_adversarial_epoch_func
        self.gan = gan
        self.stream = stream
        self.generator_optimizer = generator_optimizer
        self.critic_optimizer = critic_optimizer
        self.critic_rule = critic_rule(n_critic)
        self.scaler = None  # Solver's, for one optimizer
        self.scalers: Dict[str, amp.GradScaler] = {}
        if self.use_amp:
            _refuse_precision(self.amp_level)
            self.scalers = {name: amp.GradScaler() for name in self.optimizers}
        self.generator_batch_size = generator_batch_size or stream.batch_size
        self.validation = validation
        self.evaluator = evaluator
        self.reporter = reporter
        self.keep_checkpoints = keep_checkpoints
        self.keep_every = keep_every
        self.on_nan = on_nan
        self.iteration = 0
        self.critic_steps_taken = 0  # by this process, for its speed
        self.rollbacks = 0
        self.seconds = 0.0
        self.signals = StopSignals()
        self.watch = FiniteWatch()
        self.term_means = TermMeans()
        self.metrics_log = MetricsLog()
        self.seed: int = cfg.seed if cfg else kwargs.get("seed", 42)
        if self.world_size > 1:
            self._join_others()

    def _join_others(self) -> None:
        """The same weights as all other processes; noise and a share of the data of its own.

        `self.model` is now a DataParallel around the first network, which nobody calls: its
        reducer would not reduce the other network, and must not reduce this one twice.
        """
        for network in self.networks.values():
            parallel.make_equal([*network.parameters(), *network.buffers()])
        if self.ema_model is not None:
            parallel.make_equal(self.ema_model.params_shadow.values())
        reseed([self.seed, self.rank])
        self.stream.share(self.rank, self.world_size)

    def _parse_params_from_cfg(self, cfg: DictConfig) -> None:
        super()._parse_params_from_cfg(cfg)
        self.log_freq = cfg.TRAIN.log_freq
        # Solver would read these by paddle.load, which executes what they hold
        self.resume_from, self.checkpoint_path = self.checkpoint_path, None
        self.pretrained_model_path = None  # loaded already
        self.resume = cfg.TRAIN.resume

    # one step of each network

    def critic_steps(self) -> Dict[str, paddle.Tensor]:
        """The critic's steps of an iteration; returns the latest value of each term."""
        terms: Dict[str, paddle.Tensor] = {}
        taken = 0
        while self.critic_rule.goes_on(self.iteration, taken):
            terms.update(self.critic_step())  # not all steps have all terms
            taken += 1
        if isinstance(self.critic_rule, Adaptive):
            terms["n_critic"] = paddle.to_tensor(float(taken))
        return terms

    def critic_step(self) -> Dict[str, paddle.Tensor]:
        """One step of the critic on fresh real batches; returns the terms of its loss."""

        def loss() -> Dict[str, paddle.Tensor]:
            real, labels = next(self.stream)
            with self.autocast_context_manager(self.use_amp, self.amp_level):
                return self.gan.critic_loss(real, labels)

        terms = self._step("critic", loss)
        self.gan.constrain_critic()
        self.critic_rule.note_critic(terms)
        self.critic_steps_taken += 1
        return terms

    def generator_step(self) -> Dict[str, paddle.Tensor]:
        """One step of the generator; returns the terms of its loss."""
        if self.gan.generator is None:
            return {}

        def loss() -> Dict[str, paddle.Tensor]:
            with self.autocast_context_manager(self.use_amp, self.amp_level):
                return self.gan.generator_loss(self.generator_batch_size)

        terms = self._step("generator", loss)
        self.critic_rule.note_generator(terms)
        return terms

    def _step(
        self, name: str, loss: Callable[[], Dict[str, paddle.Tensor]]
    ) -> Dict[str, paddle.Tensor]:
        """One step of a network by the mean gradient of update_freq batches; mean terms."""
        optimizer, scaler = self.optimizers[name], self.scalers.get(name)
        batches = []
        for _ in range(self.update_freq):
            terms = loss()
            share = terms[f"{name}_loss"]
            if self.update_freq > 1:
                share = share / self.update_freq
            (share if scaler is None else scaler.scale(share)).backward()
            batches.append({key: value.detach() for key, value in terms.items()})
        parallel.average_gradients(self.networks[name])
        if scaler is None:
            optimizer.step()
        else:
            scaler.step(optimizer)
            scaler.update()
        optimizer.clear_grad(set_to_zero=False)
        if self.update_freq == 1:
            return batches[0]
        return {key: sum(each[key] for each in batches) / len(batches) for key in terms}

    @property
    def networks(self) -> Dict[str, nn.Layer]:
        """Those that there are: "generator", "critic"."""
        pair = {"generator": self.gan.generator, "critic": self.gan.critic}
        return {name: network for name, network in pair.items() if network is not None}

    @property
    def optimizers(self) -> Dict[str, optim.Optimizer]:
        """Those that there are, by the name of their network."""
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
        self.watch.note(self.iteration, terms)
        if self.watch.full:
            self._look()
        self.learning_rates = {
            f"{name}_lr": float(opt.get_lr()) for name, opt in self.optimizers.items()
        }
        if self.ema_model and self.iteration % self.avg_freq == 0:
            self.ema_model.update()
        for opt in self.optimizers.values():
            if isinstance(opt._learning_rate, optim.lr.LRScheduler):
                opt._learning_rate.step()
        self._bar.update()

    # training

    def train(self) -> None:
        """Train for epochs x iters_per_epoch iterations, or the rest of them.

        SIGINT and SIGTERM end it after the iteration, with a checkpoint from which
        TRAIN.resume=true goes on as if nothing had been; a second signal quits at once.

        Raises:
            UserError: If the output folder is in use, already holds a run that is not to be
                resumed, or can't be written; if the checkpoint can't be used, or the networks
                can't be trained this way.
            Diverged: If a loss or a weight is NaN or infinite.
            Interrupted: After a signal; it is a SystemExit.
        """
        with contextlib.ExitStack() as stack:
            if self.output_dir is not None:
                parallel.on_first(lambda: stack.enter_context(locked(self.output_dir)))
            self._open_run()
            with preserve_rng_state():
                self.gan.check(
                    paddle.randn([2, *self.stream.sample_shape]),
                    paddle.zeros([2], dtype="int64"),
                )
            self._bar = tqdm(
                total=self._total_iterations,
                unit="it",
                disable=None if self.rank == 0 else True,  # None: only on a terminal
                dynamic_ncols=True,
            )
            stack.enter_context(self._bar)
            self.signals = stack.enter_context(StopSignals())
            while True:
                try:
                    self._train_from_here()
                    break
                except NotFinite as found:
                    recover(self, found)
            if self.output_dir is not None:
                parallel.on_first(self._save_weights)

    @property
    def _total_iterations(self) -> int:
        return self.epochs * self.iters_per_epoch

    def _open_run(self) -> None:
        """Take up the checkpoint to resume from, or begin in a folder without a run."""
        saved = parallel.on_first(self._open_files)
        if saved is not None:
            self.go_back(saved)
        if self.output_dir is not None and self.cfg:
            parallel.on_first(self._write_configuration)

    def _open_files(self) -> Optional[checkpoint.Checkpoint]:
        """Open metrics.jsonl and read the checkpoint to resume from, None for a new run."""
        if self.output_dir is not None:
            metrics_path = osp.join(self.output_dir, "metrics.jsonl")
            if not (self.resume or self.resume_from):
                self._refuse_another_run(metrics_path)
            self.metrics_log = MetricsLog(metrics_path)
        if self.resume_from is not None:
            return checkpoint.load_checkpoint(self.resume_from)
        if not self.resume:
            return None
        newest = checkpoint.load_newest(self.checkpoint_root)
        if newest is None:
            raise UserError(
                f"TRAIN.resume=true, but {self.checkpoint_root} holds no checkpoint: "
                "give the output_dir of the run to go on with, or train anew."
            )
        return newest

    def _write_configuration(self) -> None:
        path = osp.join(self.output_dir, "config.yaml")
        with checkpoint.writing(path):
            checkpoint.write_atomically(
                path, OmegaConf.to_yaml(self.cfg, resolve=True).encode()
            )

    def _refuse_another_run(self, metrics_path: str) -> None:
        what = None
        if checkpoint.list_checkpoints(self.checkpoint_root):
            what = "go on with it by TRAIN.resume=true"
        elif osp.exists(metrics_path):
            what = "it has no checkpoint yet to go on from, so remove the folder"
        if what is not None:
            raise UserError(
                f"{self.output_dir} already holds a run: {what}, or choose another folder "
                "by output_dir=..."
            )

    def go_back(self, saved: checkpoint.Checkpoint) -> None:
        """Take up a checkpoint, here and in the files of the run.

        Args:
            saved (checkpoint.Checkpoint): Checkpoint of this run, or of one like it.

        Raises:
            UserError: If the networks, data or configuration are others.
        """
        state.check_configuration(saved, self.cfg)
        if saved.state["iteration"] > self._total_iterations:
            raise UserError(
                f"The checkpoint {saved.folder} is beyond TRAIN.epochs={self.epochs}, "
                f"iteration {self._total_iterations}: raise TRAIN.epochs."
            )
        state.restore(self, saved)
        if self.output_dir is not None:
            parallel.on_first(lambda: self._files_go_back(saved))
        logger.message(f"Going on from {saved.folder} (iteration {self.iteration}).")

    def _files_go_back(self, saved: checkpoint.Checkpoint) -> None:
        checkpoint.remove_leftovers(self.checkpoint_root)
        checkpoint.make_latest(saved.folder, self.checkpoint_root)
        self.metrics_log.truncate(saved.state["records"], self.iteration)

    def _train_from_here(self) -> None:
        """From the iteration that the state is at to the last one."""
        self._clock = time.perf_counter() - self.seconds
        self._logged = (self.iteration, self.critic_steps_taken, self.elapsed())
        self._bar.n = self.iteration
        finished, begun = divmod(self.iteration, self.iters_per_epoch)
        if finished and not begun:  # an epoch's checkpoint precedes what follows it
            self._show(finished)
        for epoch_id in range(finished + 1, self.epochs + 1):
            self.train_epoch_func(self, epoch_id, self.log_freq)
            before = self.elapsed()
            self._look()
            last = epoch_id == self.epochs
            if last or (self.save_freq > 0 and epoch_id % self.save_freq == 0):
                self._save_checkpoint()
            self._show(epoch_id)
            # checkpoints, evaluation and pictures don't count as slow training
            iteration, steps, seconds = self._logged
            self._logged = (iteration, steps, seconds + self.elapsed() - before)

    def _show(self, epoch_id: int) -> None:
        """Evaluation and pictures after an epoch; they don't change the training."""
        self._bar.clear()  # what follows writes to the log
        with preserve_rng_state():
            if (
                self.eval_during_train
                and epoch_id >= self.start_eval_epoch
                and epoch_id % self.eval_freq == 0
            ):
                metrics = self.eval(epoch_id)[1]
                self.write_record({"iteration": self.iteration, "eval": metrics})
            if self.output_dir is not None and self.reporter:
                parallel.on_first(self._draw)
        self._bar.refresh()

    def _draw(self) -> None:
        with self.averaged_weights(), at_rest(self.gan.critic):
            self.reporter(self)

    def _look(self) -> None:
        """Check the terms noted so far, in all processes.

        Raises:
            NotFinite: In all of them, if one has found something.
        """
        found = None
        try:
            self.watch.look()
        except NotFinite as error:
            found = error
        first = min(
            filter(None, parallel.gather(found)),
            key=lambda error: error.iteration,
            default=None,
        )
        if first is not None:
            raise first

    def heed_signals(self) -> None:
        """Save and leave, if a signal has asked for it.

        Raises:
            Interrupted: After saving.
        """
        received = parallel.largest(self.signals.received or 0)
        if not received:
            return
        self._look()
        name = signal.Signals(received).name
        what = "nothing is written without an output_dir"
        if self.output_dir is not None:
            self._save_checkpoint()
            what = "saved; TRAIN.resume=true goes on from here"
        logger.warning(f"{name}: stopped after iteration {self.iteration}, {what}.")
        raise Interrupted(received)

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
        metrics = parallel.on_first(self._evaluate)
        logger.info(f"[Eval][iteration {self.iteration}] {_format(metrics)}")
        return next(iter(metrics.values())), metrics

    def _evaluate(self) -> Dict[str, float]:
        with preserve_rng_state(), self.averaged_weights(), at_rest(self.gan.critic):
            return self.evaluator()

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
        self._look()
        means = parallel.mean(self.term_means.means())
        self.term_means.reset()
        parallel.on_first(lambda: self._write_line(means))

    def _write_line(self, means: Mapping[str, float]) -> None:
        record = {
            "iteration": self.iteration,
            "critic_loss": None,
            "wasserstein": None,
            "gradient_penalty": None,
            "slope": None,
            "generator_loss": None,
            **means,
            **self.learning_rates,
        }
        if self.validation is not None:
            record["validation_critic_loss"] = self._validation_loss()
        seconds = self.elapsed()
        iterations_before, steps_before, seconds_before = self._logged
        passed = seconds - seconds_before
        speed = (self.iteration - iterations_before) / passed
        steps = (self.critic_steps_taken - steps_before) / passed
        self._logged = (self.iteration, self.critic_steps_taken, seconds)
        batch = self.stream.batch_size * self.update_freq * self.world_size
        record["images_per_second"] = round(steps * batch, 2)
        record["seconds"] = round(seconds, 3)
        self.metrics_log.append(record)

        total = self._total_iterations
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

    def elapsed(self) -> float:
        """Seconds of training, those before an interruption included."""
        return time.perf_counter() - self._clock

    def write_record(self, record: Dict[str, Any]) -> None:
        """Append a line to metrics.jsonl."""
        parallel.on_first(lambda: self.metrics_log.append(record))

    def _validation_loss(self) -> float:
        """Mean critic loss on the held-out data (paper, section 5.4: overfitting)."""
        total, count = 0.0, 0
        critic = self.gan.critic
        with preserve_rng_state(), frozen(critic), at_rest(critic):
            for real, labels in self.validation:
                loss = self.gan.critic_loss(real, labels)["critic_loss"]
                total += float(loss) * real.shape[0]
                count += real.shape[0]
        return total / count

    # files

    @property
    def checkpoint_root(self) -> str:
        """Folder of the checkpoints."""
        return osp.join(self.output_dir, "checkpoints")

    def _save_weights(self) -> None:
        """Final weights of both networks, for paddle.load."""
        for name, network in self.networks.items():
            save_paddle_weights(network, osp.join(self.output_dir, name))
        if self.ema_model is not None:
            with self.averaged_weights():
                path = osp.join(self.output_dir, "generator_ema")
                save_paddle_weights(self.gan.generator, path)

    def _save_checkpoint(self) -> None:
        if self.output_dir is not None:
            arrays, rest = state.capture(self)
            check_arrays(self.iteration, arrays)
            parallel.on_first(lambda: self._write_checkpoint(arrays, rest))

    def _write_checkpoint(
        self, arrays: Dict[str, np.ndarray], rest: Dict[str, Any]
    ) -> None:
        folder = checkpoint.save_checkpoint(
            self.checkpoint_root,
            self.iteration,
            arrays,
            rest,
            self.keep_checkpoints,
            self.keep_every,
        )
        self._bar.clear()
        logger.info(f"Checkpoint written: {folder}")
        self._bar.refresh()


def _refuse_folder_in_use(folder: str) -> None:
    """Before anything is logged into it."""
    if osp.isdir(folder):
        with locked(folder):
            pass


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


def _on_cpu() -> bool:
    return paddle.device.get_device() == "cpu"


def _refuse_precision(amp_level: str) -> None:
    """Refuse mixed precision where it has no effect, or takes the penalty along."""
    if _on_cpu():
        raise UserError(
            "Paddle computes in float32 on a CPU, whatever use_amp says: set use_amp=false, or "
            "train on a GPU."
        )
    if amp_level != "O1":
        raise UserError(
            f"amp_level={amp_level} keeps the critic's weights in half precision, but the "
            "gradient penalty is computed in float32: set amp_level=O1."
        )


def _format(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name}: {value:.4g}" if isinstance(value, float) else f"{name}: {value}"
        for name, value in values.items()
    )
