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

"""What every GAN here has: two networks, a prior, losses (by default Wasserstein's), sampling."""

from __future__ import annotations

from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import Mapping
from typing import Optional
from typing import Sequence
from typing import Tuple
from typing import Union

import numpy as np
import paddle
from paddle import io
from paddle import nn
from paddle import optimizer as optim
from wgan_gp.models import conditions
from wgan_gp.models.network_checks import check_networks
from wgan_gp.models.network_checks import check_trainable
from wgan_gp.models.network_checks import run_network
from wgan_gp.models.networks.normalization import BatchNorm
from wgan_gp.utils import losses
from wgan_gp.utils.terms import LossInputs
from wgan_gp.utils.terms import LossTerm
from wgan_gp.utils.terms import add_terms
from wgan_gp.utils.terms import check_names
from wgan_gp.utils.terms import weight_at

from ppsci_ext.data import BatchStream
from ppsci_ext.data import Condition
from ppsci_ext.data import LoaderStream
from ppsci_ext.data import map_condition
from ppsci_ext.solver import AdversarialSolver
from ppsci_ext.solver import NCritic
from ppsci_ext.solver import RunFolder
from ppsci_ext.solver import critic_rule
from ppsci_ext.solver import frozen
from ppsci_ext.utils import UserError
from ppsci_ext.utils.schedule import Schedule
from ppsci_ext.utils.schedule import is_constant
from ppsci_ext.utils.values import BatchSize
from ppsci_ext.utils.values import Classes
from ppsci_ext.utils.values import Count
from ppsci_ext.utils.values import Positive
from ppsci_ext.utils.values import Samples
from ppsci_ext.utils.values import Seed
from ppsci_ext.utils.values import check_value

BATCH_NORMS = (
    BatchNorm,
    nn.BatchNorm1D,
    nn.BatchNorm2D,
    nn.BatchNorm3D,
    nn.SyncBatchNorm,
)

Terms = Dict[str, paddle.Tensor]


class BaseGAN:
    """A generator and a critic with the losses of the Wasserstein GAN.

    Subclasses say how the critic is kept (nearly) 1-Lipschitz: by a term of the loss
    (`penalty`) or by constraining its weights after a step (`constrain_critic`). Or they have
    other losses (`critic_objective`, `generator_objective`), which need no such thing.

    A condition is what a sample is made for: classes [B], an array [B, ...] or a dict of such
    arrays, see ppsci_ext.data.condition. It comes with the data, and both networks get it as
    their second argument.

    Args:
        generator (Optional[nn.Layer]): Noise [B, ...] (and the condition) -> samples
            [B, ...]. None for a generator fixed at the real data plus unit Gaussian noise, as
            in the value surfaces of the paper (Figure 1a).
        critic (nn.Layer): Samples (and the condition) -> scores [B] or [B, 1], or maps of
            scores [B, 1, ...], of which each sample's mean is taken; or a pair of that and
            something else, for terms of the loss. Where it has `encode(condition, shape)`, that
            is called once a step, and the result is what it gets as the condition.
        critic_iters (NCritic, optional): Critic steps per generator step: a number, a schedule
            or an adaptive rule, see AdversarialSolver. Defaults to 5.
        latent_dim (Optional[Union[int, Sequence[int]]]): Dimensions of the noise, or its shape;
            by default the generator's attribute `latent_shape` or `latent_dim`, else the inputs
            of its first nn.Linear.
        num_classes (int, optional): Number of classes, if the condition is a class; the
            generator's step then draws classes uniformly. Defaults to 0.
        conditional (Optional[bool]): Whether the networks get the condition. Defaults to
            whether there are classes.
        terms (Sequence[LossTerm], optional): Further terms of either loss. Defaults to none.
        adversarial_weight (Schedule, optional): Weight of -E[D(fake)], or what a subclass has for
            it, in the generator's loss: a number, steps or a ramp over the iterations. Defaults to
            1.0.

    Raises:
        UserError: If one of the numbers is out of its range, the dimensions of the noise can't be
            found out, or two terms have the same name.
    """

    def __init__(
        self,
        generator: Optional[nn.Layer],
        critic: nn.Layer,
        critic_iters: NCritic = 5,
        latent_dim: Optional[Union[int, Sequence[int]]] = None,
        num_classes: int = 0,
        conditional: Optional[bool] = None,
        terms: Sequence[LossTerm] = (),
        adversarial_weight: Schedule = 1.0,
    ):
        for name, network in (("critic", critic), ("generator", generator)):
            if not isinstance(network, nn.Layer) and (network or name == "critic"):
                raise UserError(
                    f"The {name} is of the type {type(network).__name__}: give a paddle.nn.Layer."
                )
        if isinstance(critic_iters, np.integer):
            critic_iters = int(critic_iters)
        try:
            critic_rule(critic_iters)
        except ValueError as error:
            raise UserError(
                f"critic_iters={critic_iters} is refused: {error}."
            ) from error
        weight_at("adversarial_weight", adversarial_weight, 0)
        self.generator = generator
        self.critic = critic
        self.critic_iters = critic_iters
        self.num_classes = check_value("num_classes", num_classes, Classes)
        self.conditional = num_classes > 0 if conditional is None else conditional
        self.terms = check_names(terms)
        self.adversarial_weight = adversarial_weight
        self.iteration = 0
        if generator is not None:
            self.latent_shape = _latent_shape_of(generator, latent_dim)
        self._critic_mixes_samples = any(
            isinstance(layer, BATCH_NORMS) for layer in critic.sublayers()
        )

    # losses

    def begin_iteration(self, iteration: int) -> None:
        """Called before each iteration, by which the weights of the terms go."""
        self.iteration = iteration

    def critic_loss(
        self,
        real: paddle.Tensor,
        condition: Condition = None,
        *,
        noise: Optional[paddle.Tensor] = None,
        alpha: Optional[paddle.Tensor] = None,
    ) -> Terms:
        """Loss of the critic on a batch, with the terms it is made of.

        Args:
            real (paddle.Tensor): Real samples, [B, ...].
            condition (Condition): Their condition; the generated ones of this step get the
                same.
            noise (Optional[paddle.Tensor]): Noise of the generator, [B, ...];
                drawn by default.
            alpha (Optional[paddle.Tensor]): Interpolation weights, [B, 1]; drawn by
                default.

        Returns:
            Terms: Scalars "critic_loss" (to be minimised), what `critic_objective` records, the
                further terms and what the subclass adds.
        """
        condition = condition if self.conditional else None
        with paddle.no_grad():
            fake = self.fake_beside(real, condition, noise)
            if fake.dtype != real.dtype:  # under autocast
                fake = fake.astype(real.dtype)
        seen = self._encoded(condition, real.shape[1:])
        (score_real, extra_real), (score_fake, extra_fake) = self._score_both(
            real, fake, seen
        )
        loss, judged = self.critic_objective(score_real, score_fake)
        inputs = LossInputs(
            real=real,
            fake=fake,
            noise=noise,
            condition=condition,
            score_real=score_real,
            score_fake=score_fake,
            extra_real=extra_real,
            extra_fake=extra_fake,
        )
        loss, record = self._add_terms("critic", loss, inputs)
        penalty, penalty_terms = self.penalty(real, fake, seen, alpha)
        if penalty is not None:
            loss = loss + penalty
        return {
            "critic_loss": loss,
            **judged,
            **record,
            **penalty_terms,
        }

    @property
    def generator_needs_data(self) -> bool:
        """Whether a step of the generator gets real samples and their condition."""
        return (self.conditional and not self.num_classes) or any(
            term.needs_data for term in self.terms if term.network == "generator"
        )

    def generator_loss(
        self,
        batch_size: int,
        real: Optional[paddle.Tensor] = None,
        condition: Condition = None,
        *,
        noise: Optional[paddle.Tensor] = None,
    ) -> Terms:
        """Loss of the generator: `generator_objective` and further terms.

        Args:
            batch_size (int): Number of samples.
            real (Optional[paddle.Tensor]): Real samples, [batch_size, ...], for terms that look
                at them.
            condition (Condition): What to generate for; classes are drawn uniformly by default.
            noise (Optional[paddle.Tensor]): [batch_size, ...]; drawn by default.

        Returns:
            Terms: Scalar "generator_loss", and the terms that it is made of where there is
                more than one.
        """
        if noise is None:
            noise = self.sample_noise(batch_size)
        if condition is None:
            condition = self.sample_labels(batch_size)
        condition = condition if self.conditional else None
        fake = self._generate(noise, condition)
        with frozen(self.critic):
            score, extra = self._judge(fake, condition)
        adversarial = self.generator_objective(score)
        weight = weight_at(
            "adversarial_weight", self.adversarial_weight, self.iteration
        )
        record: Terms = {}
        loss = adversarial
        if not is_constant(self.adversarial_weight) or weight != 1:
            loss = weight * adversarial
            record["adversarial"] = adversarial.detach()
            record["adversarial_weight"] = paddle.to_tensor(weight)
        inputs = LossInputs(
            real=real,
            fake=fake,
            noise=noise,
            condition=condition,
            score_fake=score,
            extra_fake=extra,
        )
        loss, terms = self._add_terms("generator", loss, inputs)
        return {"generator_loss": loss, **record, **terms}

    def _add_terms(
        self, network: str, loss: paddle.Tensor, inputs: LossInputs
    ) -> Tuple[paddle.Tensor, Terms]:
        own = [term for term in self.terms if term.network == network]
        return add_terms(loss, own, inputs, self.iteration)

    def critic_objective(
        self, score_real: paddle.Tensor, score_fake: paddle.Tensor
    ) -> Tuple[paddle.Tensor, Terms]:
        """What the critic's scores cost it, a scalar, and what to record of them.

        Args:
            score_real (paddle.Tensor): Scores of real samples, [B].
            score_fake (paddle.Tensor): Scores of generated samples, [B].
        """
        wasserstein = losses.wasserstein_estimate(score_real, score_fake)
        return -wasserstein, {"wasserstein": wasserstein.detach()}

    def generator_objective(self, score_fake: paddle.Tensor) -> paddle.Tensor:
        """What the critic's scores of its samples, [B], cost the generator, a scalar."""
        return -score_fake.mean()

    def penalty(
        self,
        real: paddle.Tensor,
        fake: paddle.Tensor,
        condition: Condition,
        alpha: Optional[paddle.Tensor],
    ) -> Tuple[Optional[paddle.Tensor], Terms]:
        """Term of the critic's loss that keeps it Lipschitz, and what to record of it."""
        return None, {}

    def constrain_critic(self) -> None:
        """Called after every step of the critic."""

    def check(self, real: paddle.Tensor, condition: Condition) -> None:
        """Called once before training with a few real samples: refuse what can't work.

        Args:
            real (paddle.Tensor): Two or more samples, [B, ...].
            condition (Condition): Their condition.

        Raises:
            UserError: If the networks don't fit the data or each other.
        """
        check_networks(self, real, condition)

    def settings(self) -> Dict[str, Any]:
        """The choices by which a training would take another course, as JSON can hold them."""
        return {
            "critic_iters": self.critic_iters,
            "num_classes": self.num_classes,
            "conditional": self.conditional,
            "adversarial_weight": self.adversarial_weight,
            **{f"terms.{term.name}": term.weight for term in self.terms},
        }

    def state_dict(self) -> Dict[str, int]:
        """What a checkpoint has to hold besides the networks, as JSON can hold it."""
        return {}

    def set_state_dict(self, state: Dict[str, int]) -> None:
        """Take up what `state_dict` returned."""

    # scores and samples

    def critic_score(
        self, samples: paddle.Tensor, condition: Condition = None
    ) -> paddle.Tensor:
        """Critic's scores [B] of samples [B, ...]."""
        return self._judge(samples, condition)[0]

    def fake_beside(
        self,
        real: paddle.Tensor,
        condition: Condition = None,
        noise: Optional[paddle.Tensor] = None,
    ) -> paddle.Tensor:
        """As many generated samples as there are real ones, [B, ...]."""
        if self.generator is None:
            return real + (paddle.randn(real.shape) if noise is None else noise)
        if noise is None:
            noise = self.sample_noise(real.shape[0])
        return self._generate(noise, condition)

    def sample_noise(self, num_samples: int) -> paddle.Tensor:
        """Standard normal noise, [num_samples, *latent_shape]."""
        return paddle.randn([num_samples, *self.latent_shape])

    def sample_labels(self, num_samples: int) -> Optional[paddle.Tensor]:
        """Classes drawn uniformly, [num_samples]; None where there are none."""
        if not self.num_classes:
            return None
        return paddle.randint(0, self.num_classes, [num_samples])

    @paddle.no_grad()
    def generate(
        self,
        num_samples: int,
        labels: Optional[np.ndarray] = None,
        batch_size: int = 100,
        *,
        condition: Union[None, np.ndarray, Mapping[str, np.ndarray]] = None,
    ) -> np.ndarray:
        """Draw samples from the generator.

        Args:
            num_samples (int): Number of samples.
            labels (Optional[np.ndarray]): Their classes, integers [num_samples]; drawn
                uniformly by default.
            batch_size (int, optional): Samples per call of the generator, whose batch norm
                uses the statistics of that batch. Defaults to 100.
            condition (Union[None, np.ndarray, Mapping[str, np.ndarray]]): What to generate for,
                where it is not a class: an array [num_samples, ...] or several by name.

        Returns:
            np.ndarray: Samples [num_samples, ...], of the generator's floats.

        Raises:
            UserError: If a number is out of its range, or the labels or the condition don't
                fit the GAN or the number of samples.
        """
        check_value("num_samples", num_samples, Samples)
        check_value("batch_size", batch_size, BatchSize)
        if self.generator is None:
            raise UserError("This GAN has a fixed generator, which makes no samples.")
        given = conditions.for_samples(self, labels, condition, num_samples)
        dtype = next((p.dtype for p in self.generator.parameters()), "float32")
        batches = []
        for start in range(0, num_samples, batch_size):
            size = min(batch_size, num_samples - start)
            part = map_condition(lambda x: x[start : start + size], given)
            if part is None:
                part = self.sample_labels(size)
            # a last batch of a few would have other batch statistics than the rest
            part = map_condition(lambda x: x[paddle.arange(batch_size) % size], part)
            noise = self.sample_noise(batch_size).astype(dtype)
            samples = run_network("generator", self.generator, noise, part)
            batches.append(samples[:size].numpy())
        return np.concatenate(batches)

    # training on the user's own data

    def train(
        self,
        train_data: Union[
            np.ndarray, Tuple[np.ndarray, Any], io.Dataset, io.DataLoader
        ],
        batch_size: int = 64,
        iterations: int = 100000,
        g_learning_rate: float = 1e-4,
        d_learning_rate: float = 1e-4,
        *,
        output_dir: Optional[str] = None,
        resume: Union[bool, str] = False,
        may_differ: Sequence[str] = (),
        allow_other_data: bool = False,
        seed: int = 42,
    ) -> BaseGAN:
        """Train both networks.

        Args:
            train_data (Union[np.ndarray, Tuple[np.ndarray, Any], io.Dataset, io.DataLoader]):
                Real samples: an array [N, ...], a pair (array, condition), a data set of
                samples or (sample, condition) pairs, or a loader of batches (whose own batch
                size holds).
            batch_size (int, optional): Real samples per critic step. Defaults to 64.
            iterations (int, optional): Generator iterations. Defaults to 100000.
            g_learning_rate (float, optional): Of the generator. Defaults to 1e-4.
            d_learning_rate (float, optional): Of the critic. Defaults to 1e-4.
            output_dir (Optional[str]): Where to write checkpoints (at least every 1000
                iterations where that divides their number, at a signal and at the end),
                metrics.jsonl and weights; by default nothing is written.
            resume (Union[bool, str], optional): Go on with the run in output_dir; "auto" begins
                it where there is none. Defaults to False.
            may_differ (Sequence[str], optional): Settings that may be others than those of the
                run to go on with, such as ["batch_size"]; the change is recorded. Defaults to
                none.
            allow_other_data (bool, optional): Go on with other data. Defaults to False.
            seed (int, optional): Seed of the order of the data. Defaults to 42.

        Returns:
            BaseGAN: This object, so that `.generate(...)` can follow.

        Raises:
            UserError: If a number is out of its range, the networks don't fit the data, the
                critic can't be differentiated twice, or the folder can't be used.
        """
        iterations = check_value("iterations", iterations, Count)
        rates = {"g_learning_rate": g_learning_rate, "d_learning_rate": d_learning_rate}
        rates = {
            name: check_value(name, rate, Positive) for name, rate in rates.items()
        }
        seed = check_value("seed", seed, Seed)
        if resume and output_dir is None:
            raise UserError("resume needs the output_dir of the run to go on with.")
        check_trainable(self)
        if isinstance(train_data, io.DataLoader):
            stream = LoaderStream(train_data, num_classes=self.num_classes)
        else:
            stream = BatchStream(
                train_data, batch_size, seed, num_classes=self.num_classes
            )
        generator_optimizer = None
        if self.generator is not None:
            generator_optimizer = self.make_optimizer(rates["g_learning_rate"])(
                self.generator
            )
        epoch = _iterations_between_saves(iterations)
        AdversarialSolver(
            self,
            stream,
            generator_optimizer,
            self.make_optimizer(rates["d_learning_rate"])(self.critic),
            n_critic=self.critic_iters,
            epochs=iterations // epoch,
            iters_per_epoch=epoch,
            save_freq=1,
            log_freq=min(100, iterations),
            folder=RunFolder(
                output_dir,
                resume=resume,
                course={
                    "batch_size": stream.batch_size,
                    "seed": seed,
                    **rates,
                    **self.settings(),
                },
                may_differ=may_differ,
                allow_other_data=allow_other_data,
                names={"epochs": "iterations"},
            ),
            seed=seed,
        ).train()
        return self

    @staticmethod
    def make_optimizer(
        learning_rate: float,
    ) -> Callable[[nn.Layer], optim.Optimizer]:
        """Optimizer that the paper pairs with this GAN."""
        raise NotImplementedError

    # helpers

    def _generate(self, noise: paddle.Tensor, condition: Condition) -> paddle.Tensor:
        if condition is None:
            return self.generator(noise)
        return self.generator(noise, condition)

    def _encoded(self, condition: Condition, shape: Sequence[int]) -> Condition:
        """Once for all that a critic judges in a step, where it has an `encode` for it."""
        if condition is None or not hasattr(self.critic, "encode"):
            return condition
        return self.critic.encode(condition, shape)

    def _judge(
        self, samples: paddle.Tensor, condition: Condition
    ) -> Tuple[paddle.Tensor, Any]:
        """Scores [B], and what else the critic returns."""
        output = (
            self.critic(samples)
            if condition is None
            else self.critic(samples, condition)
        )
        score, extra = output if isinstance(output, (tuple, list)) else (output, None)
        count = samples.shape[0]
        if score.size == count:
            return score.reshape([count]), extra
        return score.reshape([count, -1]).mean(axis=1), extra  # of a map

    def _score_both(
        self, real: paddle.Tensor, fake: paddle.Tensor, condition: Condition
    ) -> Tuple[Tuple[paddle.Tensor, Any], Tuple[paddle.Tensor, Any]]:
        """Scores of real and generated samples, each with what else the critic returns."""
        if self._critic_mixes_samples:  # then each half has batch statistics of its own
            return self._judge(real, condition), self._judge(fake, condition)
        # one batch r0, f0, r1, f1, ...: each sum over it adds a real and a generated sample
        # in turn, so that the output bias gets the gradient zero, without rounding
        both = map_condition(_interleave, condition, condition)
        scores, extra = self._judge(_interleave(real, fake), both)
        pairs = scores.reshape([-1, 2])
        return (pairs[:, 0], _half(extra, 0)), (pairs[:, 1], _half(extra, 1))


def _half(extra: Any, half: int) -> Any:
    """Of what a critic returned for an interleaved batch, the part of one kind of samples."""
    if extra is None:
        return None
    return paddle.utils.map_structure(
        lambda x: x.reshape([-1, 2, *x.shape[1:]])[:, half], extra
    )


def _interleave(first: paddle.Tensor, second: paddle.Tensor) -> paddle.Tensor:
    return paddle.stack([first, second], axis=1).reshape([-1, *first.shape[1:]])


def _iterations_between_saves(iterations: int) -> int:
    """The largest divisor from 100 to 1000, else all of them."""
    divisors = (n for n in range(min(1000, iterations), 99, -1) if iterations % n == 0)
    return next(divisors, iterations)


def _latent_shape_of(
    generator: nn.Layer, given: Optional[Union[int, Sequence[int]]]
) -> List[int]:
    if given is not None:
        for size in [given] if np.ndim(given) == 0 else given:
            check_value("latent_dim", size, Count)
    if given is None:
        given = getattr(generator, "latent_shape", None)
    if given is None:
        given = getattr(generator, "latent_dim", None)
    if given is not None:
        return [int(given)] if np.ndim(given) == 0 else list(given)
    for layer in generator.sublayers(include_self=True):
        if isinstance(layer, nn.Linear):
            return [layer.weight.shape[0]]
    raise UserError(
        "The dimensions of the generator's noise are unknown: give latent_dim=, or the "
        "generator an attribute latent_dim."
    )
