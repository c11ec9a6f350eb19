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
import signal
from dataclasses import asdict
from dataclasses import dataclass
from typing import Any
from typing import Callable
from typing import Dict
from typing import Iterable
from typing import Iterator
from typing import List
from typing import Mapping
from typing import Optional
from typing import Tuple

import paddle
from omegaconf import DictConfig
from omegaconf import OmegaConf
from paddle import amp
from paddle import nn
from paddle import optimizer as optim

from ppsci.solver.solver import Solver
from ppsci.utils import logger
from ppsci_ext.data.condition import map_condition
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
from ppsci_ext.solver.record import TermMeans
from ppsci_ext.solver.refusals import refuse_precision
from ppsci_ext.solver.refusals import refuse_silent_errors
from ppsci_ext.solver.reporting import Pace
from ppsci_ext.solver.reporting import Reporting
from ppsci_ext.solver.reporting import empty_record
from ppsci_ext.solver.reporting import is_early
from ppsci_ext.solver.reporting import shown_values
from ppsci_ext.solver.run_folder import RunFolder
from ppsci_ext.solver.signals import Interrupted
from ppsci_ext.solver.signals import StopSignals
from ppsci_ext.solver.train import train_adversarial_epoch_func
from ppsci_ext.utils import UserError
from ppsci_ext.utils.checkpoint import Checkpoint
from ppsci_ext.utils.files import writing
from ppsci_ext.utils.rng import preserve_rng_state
from ppsci_ext.utils.rng import reseed
from ppsci_ext.utils.weights import load_weights

Terms = Dict[str, paddle.Tensor]
Pictures = Callable[[int, List[Dict[str, Any]]], None]


@dataclass
class Progress:
    """How far a training has come."""

    iteration: int = 0
    seconds: float = 0.0
    rollbacks: int = 0

    def state_dict(self) -> Dict[str, Any]:
        return asdict(self)

    def set_state_dict(self, state: Mapping[str, Any]) -> None:
        self.__init__(**state)


class AdversarialSolver(Solver):
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
            the methods `critic_loss(real, condition)` and `generator_loss(batch_size)`, which
            return dicts of scalars with the keys "critic_loss" (for an adaptive n_critic also
            "wasserstein") and "generator_loss"; where its attribute `generator_needs_data` is
            true, the latter is called as `generator_loss(batch_size, real, condition)`. Further
            `begin_iteration(iteration)`, `constrain_critic()`, called after each step of the
            critic, `check(real, condition)`, called once before training, and `state_dict()` and
            `set_state_dict()` for what else is to survive a checkpoint.
        stream (Iterator): Endless source of (real, condition) with `batch_size`, `example()`,
            `state_dict()`, `set_state_dict()` and `other_data(state)`, and with several
            processes `share(rank, ranks)`; see ppsci_ext.data.BatchStream.
        generator_optimizer (Optional[optim.Optimizer]): None with a fixed generator.
        critic_optimizer (optim.Optimizer): Optimizer of the critic.
        n_critic (NCritic, optional): Critic steps per iteration; or a schedule {iteration from
            which it holds: steps}; or {"adaptive": {"min": 1, "max": 20, "ratio": 1.0}}, see
            ppsci_ext.solver.critic_steps. Defaults to 5.
        generator_batch_size (Optional[int]): Samples of a generator step, before any
            accumulation. Defaults to the stream's batch size.
        validation (Optional[Iterable]): Batches (real, condition) of held-out data; the mean
            critic loss on them is recorded at every log line.
        evaluator (Optional[Callable[[], Dict[str, float]]]): Metrics of the generator as it is,
            for `eval` and for eval_during_train.
        pictures (Optional[Pictures]): Draws, after each epoch; is called with the iteration and
            the records so far.
        on_nan (str, optional): What to do when a loss is NaN or infinite: "stop", or "rollback"
            to the newest checkpoint and go on with other random numbers, up to three times in
            a run. Defaults to "stop".
        folder (Optional[RunFolder]): What keeps the run's files; by default nothing is written.
        cfg (Optional[DictConfig]): Running configuration of PaddleScience.
        **kwargs: Other arguments of ppsci.solver.Solver. pretrained_model_path, which comes
            before that of `cfg`, may also be a dict of the paths for "generator" and "critic".

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
        pictures: Optional[Pictures] = None,
        on_nan: str = "stop",
        folder: Optional[RunFolder] = None,
        cfg: Optional[DictConfig] = None,
        **kwargs: Any,
    ):
        refuse_silent_errors(gan.critic, bool(cfg and cfg.to_static))
        writers = kwargs if cfg is None else cfg
        parallel.refuse_writers(writers.get("use_vdl"), writers.get("use_tbd"))
        model = gan.critic if gan.generator is None else gan.generator
        self.folder = folder or RunFolder()
        parallel.start()
        self.folder.refuse_if_in_use()
        pretrained = kwargs.pop("pretrained_model_path", None)
        if pretrained is None and cfg is not None:
            pretrained = cfg.TRAIN.pretrained_model_path
        if isinstance(pretrained, Mapping):
            networks = {
                getattr(gan, name): path
                for name, path in pretrained.items()
                if getattr(gan, name) is not None
            }
        else:
            networks = {} if pretrained is None else {model: pretrained}
        for network, path in networks.items():  # before the moving average begins
            load_weights(network, path)
            logger.info(f"Weights to begin with read from {path}")
        super().__init__(
            model,
            output_dir=self.folder.path,
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
            refuse_precision(self.amp_level)
            self.scalers = {name: amp.GradScaler() for name in self.optimizers}
        self.generator_batch_size = generator_batch_size or stream.batch_size
        self.validation = validation
        self.evaluator = evaluator
        self.pictures = pictures
        self.on_nan = on_nan
        self.progress = Progress()
        self.began_at = 0  # iterations before this process, or before a rollback
        self.samples_taken = 0  # by all processes since this one began
        self.signals = StopSignals()
        self.watch = FiniteWatch()
        self.term_means = TermMeans()
        self.pace = Pace()
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
        self.checkpoint_path = None  # the run's folder knows it
        self.pretrained_model_path = None  # loaded already

    @property
    def iteration(self) -> int:
        """Finished iterations; n_critic's schedule goes by it."""
        return self.progress.iteration

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

    # one step of each network

    def critic_step(self) -> Terms:
        """One step of the critic on fresh real batches; returns the terms of its loss."""

        def loss() -> Terms:
            real, condition = next(self.stream)
            with self.autocast_context_manager(self.use_amp, self.amp_level):
                return self.gan.critic_loss(real, condition)

        terms = self._step("critic", loss)
        self.gan.constrain_critic()
        self.critic_rule.note_critic(terms)
        self.samples_taken += (
            self.stream.batch_size * self.update_freq * self.world_size
        )
        return terms

    def generator_step(self) -> Terms:
        """One step of the generator; returns the terms of its loss."""
        if self.gan.generator is None:
            return {}

        def loss() -> Terms:
            batch = self._generator_batch() if self.gan.generator_needs_data else ()
            with self.autocast_context_manager(self.use_amp, self.amp_level):
                return self.gan.generator_loss(self.generator_batch_size, *batch)

        terms = self._step("generator", loss)
        self.critic_rule.note_generator(terms)
        return terms

    def _generator_batch(self) -> Tuple:
        """Real samples and their condition for a step of the generator."""
        batches, rest = divmod(self.generator_batch_size, self.stream.batch_size)
        if rest:
            raise UserError(
                f"The generator's batch of {self.generator_batch_size} samples needs data, "
                f"which come in batches of {self.stream.batch_size}: make it a multiple."
            )
        parts = [next(self.stream) for _ in range(batches)]
        if len(parts) == 1:
            return parts[0]
        real, conditions = zip(*parts)
        return paddle.concat(real), map_condition(
            lambda *each: paddle.concat(each), *conditions
        )

    def _step(self, name: str, loss: Callable[[], Terms]) -> Terms:
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

    def finish_iteration(self, terms: Terms, critic_steps: int) -> None:
        """Count the iteration: means of the terms, moving average, learning rates.

        Args:
            terms (Terms): Scalars of this iteration.
            critic_steps (int): Steps that the critic took in it.
        """
        if isinstance(self.critic_rule, Adaptive):
            terms = {**terms, "n_critic": paddle.to_tensor(float(critic_steps))}
        self.progress.iteration += 1
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
        self.reporting.step()

    # training

    def train(self) -> None:
        """Train for epochs x iters_per_epoch iterations, or the rest of them.

        SIGINT and SIGTERM end it after the iteration, with a checkpoint from which a resumed
        run goes on as if nothing had been; a second signal quits at once.

        Raises:
            UserError: If the output folder is in use, already holds a run that is not to be
                resumed, or can't be written; if the checkpoint can't be used, or the networks
                can't be trained this way.
            Diverged: If a loss or a weight is NaN or infinite.
            Interrupted: After a signal; it is a SystemExit.
        """
        with contextlib.ExitStack() as stack:
            self.folder.lock(stack)
            saved = self.folder.open()
            if saved is not None:
                self.go_back(saved)
            if self.cfg:
                resolved = OmegaConf.to_yaml(self.cfg, resolve=True)
                self.folder.write("config.yaml", resolved)
            with preserve_rng_state():
                self.gan.check(*self.stream.example())
            self.reporting = stack.enter_context(
                Reporting(
                    self.epochs * self.iters_per_epoch,
                    self.rank == 0,
                    {
                        name: getattr(self, name)
                        for name in ("vdl_writer", "wandb_writer", "tbd_writer")
                    },
                )
            )
            self.signals = stack.enter_context(StopSignals())
            while True:
                try:
                    self._train_from_here()
                    break
                except NotFinite as found:
                    recover(self, found)
            self._save_weights()

    def _train_from_here(self) -> None:
        """From the iteration that the state is at to the last one."""
        self.began_at = self.iteration
        self.pace.start(self.progress.seconds, self.iteration, self.samples_taken)
        self.reporting.go_to(self.iteration)
        finished, begun = divmod(self.iteration, self.iters_per_epoch)
        if finished and not begun:  # an epoch's checkpoint precedes what follows it
            self._show(finished)
        for epoch_id in range(finished + 1, self.epochs + 1):
            self.train_epoch_func(self, epoch_id, self.log_freq)
            before = self.pace.elapsed()
            self._look()
            last = epoch_id == self.epochs
            if last or (self.save_freq > 0 and epoch_id % self.save_freq == 0):
                self.save_checkpoint()
            self._show(epoch_id)
            self.pace.leave_out(self.pace.elapsed() - before)

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
        what = "nothing is written without an output_dir"
        if self.folder.path is not None:
            self.save_checkpoint()
            what = f"saved; {self.folder.setting('resume', True)} goes on from here"
        name = signal.Signals(received).name
        logger.warning(f"{name}: stopped after iteration {self.iteration}, {what}.")
        raise Interrupted(received)

    # looking at the training without changing it

    def _show(self, epoch_id: int) -> None:
        """Evaluation and pictures after an epoch."""
        self.reporting.hide()  # what follows writes to the log
        with preserve_rng_state():
            if (
                self.eval_during_train
                and epoch_id >= self.start_eval_epoch
                and epoch_id % self.eval_freq == 0
            ):
                metrics = self.eval(epoch_id)[1]
                self.folder.append({"iteration": self.iteration, "eval": metrics})
            if self.pictures is not None:
                parallel.on_first(self._draw)
        self.reporting.show()

    def _draw(self) -> None:
        self.folder.require_in_place()
        with contextlib.ExitStack() as stack:
            stack.enter_context(writing(self.folder.path or "."))
            stack.enter_context(self.averaged_weights())
            stack.enter_context(at_rest(self.gan.critic))
            self.pictures(self.iteration, self.folder.metrics.records)

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
        logger.info(f"[Eval][iteration {self.iteration}] {shown_values(metrics)}")
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

    def validation_loss(self) -> float:
        """Mean critic loss on the held-out data: above the training one, the critic overfits."""
        total, count = 0.0, 0
        critic = self.gan.critic
        with preserve_rng_state(), frozen(critic), at_rest(critic):
            for real, condition in self.validation:
                loss = self.gan.critic_loss(real, condition)["critic_loss"]
                total += float(loss) * real.shape[0]
                count += real.shape[0]
        return total / count

    def log_iteration(self, log_freq: int) -> None:
        """A line of metrics.jsonl, of the log and of the progress bar, if it is time for one.

        Before the first there are others, so that a training that has just begun, or gone on,
        isn't silent for long. These are in the log alone: what metrics.jsonl holds depends on
        nothing but the iteration.

        Args:
            log_freq (int): Iterations between two lines of metrics.jsonl.
        """
        due = self.iteration % log_freq == 0
        if not due:
            after_first = self.iteration // log_freq > self.began_at // log_freq
            if after_first or not is_early(self.iteration - self.began_at):
                return
        self._look()
        means = parallel.mean(self.term_means.means())
        rates = self.pace.rates(self.iteration, self.samples_taken)
        if due:
            self.term_means.reset()
            self.pace.mark(self.iteration, self.samples_taken)
            parallel.on_first(lambda: self._write_line(means, rates))
        self.reporting.tell(self.iteration, means, rates)

    def _write_line(
        self, means: Mapping[str, float], rates: Tuple[float, float]
    ) -> None:
        record = {**empty_record(self.iteration), **means, **self.learning_rates}
        if self.validation is not None:
            record["validation_critic_loss"] = self.validation_loss()
        record["images_per_second"] = round(rates[1], 2)
        record["seconds"] = round(self.pace.elapsed(), 3)
        self.folder.append(record)
        self.reporting.write_scalars(record)

    # checkpoints

    def _parts(self) -> Tuple[Dict[str, state.Part], Dict[str, state.OwnPart]]:
        """All that a checkpoint holds: what is the same in all processes, and what is not."""
        parts: Dict[str, state.Part] = {
            "progress": state.PlainPart(self.progress),
            # other data than the folder allows have been refused by then
            "stream": state.PlainPart(self.stream, allow_other_data=True),
            "gan": state.PlainPart(self.gan),
            "critic_rule": state.PlainPart(self.critic_rule),
        }
        for name, network in self.networks.items():
            parts[name] = state.NetworkPart(network, name)
        for name, opt in self.optimizers.items():
            parts[f"{name}_optimizer"] = state.OptimizerPart(opt)
        for name, scaler in self.scalers.items():
            parts[f"{name}_scaler"] = state.ScalerPart(scaler)
        if self.ema_model is not None:
            parts["ema"] = state.AveragePart(self.ema_model)
        return parts, {
            "random": state.RandomPart(lambda: [self.seed, self.rank, self.iteration]),
            "term_sums": state.TermSumsPart(self.term_means),
        }

    def save_checkpoint(self) -> None:
        """Write everything from which the training goes on bit for bit.

        Raises:
            NotFinite: If a number of it is not finite.
        """
        if self.folder.path is None:
            return
        self.progress.seconds = self.pace.elapsed()
        arrays, rest = state.capture(*self._parts())
        check_arrays(self.iteration, arrays)
        folder = self.folder.save_checkpoint(self.iteration, arrays, rest)
        self.reporting.say(f"Checkpoint written: {folder}")

    def go_back(self, saved: Checkpoint) -> None:
        """Take up a checkpoint, here and in the files of the run.

        Args:
            saved (Checkpoint): Checkpoint of this run, or of one like it.

        Raises:
            UserError: If the networks, data or configuration are others.
        """
        changed = self.folder.changes_since(
            saved, self.stream.other_data(saved.state["parts"]["stream"])
        )
        last = self.epochs * self.iters_per_epoch
        if saved.state["iteration"] > last:
            raise UserError(
                f"The checkpoint {saved.folder} is beyond iteration {last}, at which this "
                f"training ends: raise {self.folder.name_of('epochs')}."
            )
        state.restore(*self._parts(), saved)
        self.global_step = self.iteration
        self.folder.go_back(saved)
        if changed:
            self.folder.append({"iteration": self.iteration, "changed": changed})
        logger.message(f"Going on from {saved.folder} (iteration {self.iteration}).")

    def _save_weights(self) -> None:
        """Final weights of both networks, for paddle.load."""
        for name, network in self.networks.items():
            self.folder.save_weights(name, network)
        if self.ema_model is not None:
            with self.averaged_weights():
                self.folder.save_weights("generator_ema", self.gan.generator)
