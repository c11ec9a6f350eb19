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


"""What a case is, and the four modes, written once for all of them."""

from __future__ import annotations

import logging
from os import path as osp
from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import Mapping
from typing import Optional
from typing import Tuple
from typing import Type

import numpy as np
import paddle
import paddle.distributed as dist
from omegaconf import DictConfig
from paddle import nn
from wgan_gp.models.base_gan import BaseGAN
from wgan_gp.models.build import build_gan
from wgan_gp.models.build import build_solver
from wgan_gp.utils import curves
from wgan_gp.utils import exporting
from wgan_gp.utils import losses
from wgan_gp.utils.config import check_config
from wgan_gp.utils.config import compose_job
from wgan_gp.utils.config import end_job
from wgan_gp.utils.evaluation import BESIDE
from wgan_gp.utils.evaluation import write_eval
from wgan_gp.utils.run_weights import load_generator
from wgan_gp.utils.run_weights import named_entry
from wgan_gp.utils.run_weights import require_weights
from wgan_gp.utils.run_weights import starting_weights
from wgan_gp.utils.schema import CaseConfig
from wgan_gp.utils.terms import LossTerm
from wgan_gp.utils.terms import drift_term

from ppsci.utils import logger
from ppsci_ext.data import BatchStream
from ppsci_ext.data import SequentialBatches
from ppsci_ext.data.sources import as_source
from ppsci_ext.data.sources import fetch
from ppsci_ext.metric import FeatureExtractor
from ppsci_ext.solver import AdversarialSolver
from ppsci_ext.solver import parallel
from ppsci_ext.utils import UserError
from ppsci_ext.utils.schedule import Schedule

Metrics = Dict[str, Any]


class Experiment:
    """A case: its data, networks, terms of the loss, scores and pictures.

    A case is a subclass in a script of its own, which overrides what is below "the description",
    and hands itself to `wgan_gp.utils.config.launch`.

    Args:
        cfg (DictConfig): Configuration, of the form that `schema` describes.

    Attributes:
        name (str): Name of the script and of its file in conf/.
        schema (Type[CaseConfig]): The keys of its configuration.
        paper (Optional[str]): Which file of conf/paper holds its default values, such as
            "{MODEL.name}_{GAN.name}"; None for a case that the paper doesn't have.
    """

    name: str
    schema: Type[CaseConfig] = CaseConfig
    paper: Optional[str] = None

    def __init__(self, cfg: DictConfig):
        self.cfg = cfg

    @classmethod
    def chosen_by(cls, cfg: DictConfig) -> Type[Experiment]:
        """The case itself, or that of one of its studies that has keys of its own.

        Args:
            cfg (DictConfig): Configuration, of which nothing is known to be right.
        """
        return cls

    # the description

    def load_data(self, split: str) -> Any:
        """Samples to train on ("train") or to hold out ("test").

        Args:
            split (str): "train" or "test".

        Returns:
            Any: What ppsci_ext.data.BatchStream takes; None where nothing is held out.
        """
        raise NotImplementedError

    def transform(self) -> Optional[Callable[[paddle.Tensor], paddle.Tensor]]:
        """What happens to each batch of samples before the networks see it."""
        return None

    def build_networks(self) -> Tuple[Optional[nn.Layer], nn.Layer]:
        """Generator (None for a fixed one) and critic."""
        raise NotImplementedError

    num_classes: int = 0  # where the condition is a class
    conditional: bool = False  # whether the networks get the data's condition

    def loss_terms(self) -> List[LossTerm]:
        """Terms of the loss beside the Wasserstein estimate and the penalty."""
        return [drift_term(self.cfg.GAN.drift)] if self.cfg.GAN.drift else []

    @property
    def adversarial_weight(self) -> Schedule:
        """Weight of -E[D(fake)] in the generator's loss."""
        return 1.0

    def score(self, gan: BaseGAN) -> Metrics:
        """Metrics of the generator as it is; those of real samples as "real_..."."""
        raise NotImplementedError

    extractor: Optional[FeatureExtractor] = None  # network whose features are scored

    columns: Mapping[str, str] = BESIDE  # of mode=eval's table, see write_eval

    def draw_training(self, gan: BaseGAN, path: str) -> None:
        """Draw samples of noise that stays the same for the whole run."""
        noise, condition = self.fixed_inputs(gan)
        with paddle.no_grad():
            samples = gan.generator(noise, *([] if condition is None else [condition]))
        self.draw_samples(samples.numpy(), path)

    def draw_real(self, path: str) -> None:
        """Draw real samples."""
        source = as_source(self.load_data("train"))
        count = self.pictured
        if hasattr(source, "sample"):
            drawn = source.sample(count, np.random.default_rng(self.cfg.seed))
            samples = drawn[0] if isinstance(drawn, tuple) else drawn
        else:
            samples = fetch(source, np.arange(min(count, len(source))))[0]
        self.draw_samples(np.asarray(samples), path)

    def draw_samples(self, samples: np.ndarray, path: str) -> None:
        """Draw samples [n, ...], real or generated, into a file."""

    def draw_course(self, records: List[Dict], path: str) -> None:
        """Draw the curves of a training from the records of its metrics.jsonl, and its scores."""
        gan = self.cfg.GAN
        target = losses.penalty_target(gan.penalty, gan.penalty_target)
        curves.save_curves(records, path, target)
        scores = osp.join(osp.dirname(path), "scores.png")
        curves.save_scores(records, self.drawn_scores, scores)

    drawn_scores: Tuple[str, ...] = ()  # by evaluations of a training, in scores.png
    pictured: int = 64  # samples in a picture
    picture: str = "png"  # how its file's name ends

    # what follows from it

    def build_gan(self) -> BaseGAN:
        """Networks, losses and the penalty that the configuration names."""
        generator, critic = self.build_networks()
        return build_gan(
            self.cfg,
            generator,
            critic,
            num_classes=self.num_classes,
            conditional=self.conditional or self.num_classes > 0,
            terms=self.loss_terms(),
            adversarial_weight=self.adversarial_weight,
        )

    def build_stream(self, data: Any) -> BatchStream:
        """The one endless source of real batches."""
        cfg = self.cfg
        return BatchStream(
            data, cfg.TRAIN.batch_size, cfg.seed, self.transform(), self.num_classes
        )

    def build_solver(self, gan: BaseGAN, data: Any, **hooks: Any) -> AdversarialSolver:
        """The solver that trains the networks on the data.

        Args:
            gan (BaseGAN): Networks and losses.
            data (Any): What `load_data` returned.
            **hooks (Any): validation, evaluator and pictures of AdversarialSolver.
        """
        stream = self.build_stream(data)
        beside = self.schema.beside_the_course
        begin = starting_weights(self.cfg)
        return build_solver(
            self.cfg, gan, stream, beside, pretrained_model_path=begin, **hooks
        )

    def build_validation(self) -> Optional[SequentialBatches]:
        """Held-out batches, None where there are none."""
        held_out = self.load_data("test")
        if held_out is None:
            return None
        train = self.cfg.TRAIN
        return SequentialBatches(
            held_out,
            train.batch_size,
            self.transform(),
            train.get("validation_size"),
        )

    def fixed_inputs(self, gan: BaseGAN) -> Tuple[paddle.Tensor, Any]:
        """Noise and condition of the pictures, the same for the whole run."""
        rng = np.random.default_rng(self.cfg.seed)
        shape = (self.pictured, *gan.latent_shape)
        noise = paddle.to_tensor(rng.standard_normal(shape, dtype=np.float32))
        if gan.num_classes:
            return noise, paddle.arange(self.pictured) % gan.num_classes
        if not gan.conditional:
            return noise, None
        _, condition = self.build_stream(self.load_data("train")).example(self.pictured)
        return noise, condition

    # modes

    def train(self) -> None:
        """mode=train"""
        data = self.load_data("train")
        gan = self.build_gan()
        self.build_solver(
            gan,
            data,
            validation=self.build_validation(),
            evaluator=lambda: self.score(gan),
            pictures=lambda iteration, records: self._draw(gan, iteration, records),
        ).train()

    def evaluate(self) -> None:
        """mode=eval"""
        require_weights(self.cfg)  # before anything is fetched or computed
        gan = self.build_gan()
        weights = load_generator(self.cfg, gan.generator)
        metrics = self.score(gan)
        write_eval(self.cfg, self.name, weights, metrics, self.extractor, self.columns)

    def export(self) -> None:
        """mode=export"""
        exporting.export_generator(self.cfg, self.build_gan())

    def infer(self) -> None:
        """mode=infer"""
        arrays = exporting.sample_exported(self.cfg)
        exporting.write_samples(self.cfg, arrays)
        picture = osp.join(self.cfg.output_dir, f"samples.{self.picture}")
        self.draw_samples(arrays["samples"], picture)
        if osp.exists(picture):
            logger.message(f"Picture: {picture}")

    def _draw(self, gan: BaseGAN, iteration: int, records: List[Dict]) -> None:
        """A picture in samples/ and curves.png; samples/real once."""
        folder = self.cfg.output_dir
        samples = osp.join(folder, "samples", f"iter_{iteration:08d}.{self.picture}")
        real = osp.join(folder, "samples", f"real.{self.picture}")
        course = osp.join(folder, "curves.png")
        if not osp.exists(real):
            self.draw_real(real)
        self.draw_training(gan, samples)
        self.draw_course(records, course)
        logger.info(f"Pictures: {samples}, {course}")


def run(experiment: Type[Experiment], cfg: DictConfig) -> None:
    """Run the mode that the configuration names; a user's mistake ends in one sentence.

    The exit status is 0 when all is done, 2 after a user's mistake or a fault of the disk, 3
    after a training that diverged (of several jobs, after all of them), 130 and 143 after SIGINT
    and SIGTERM.

    Args:
        experiment (Type[Experiment]): Case.
        cfg (DictConfig): Its configuration.
    """
    # a log on a full disk must not bury the sentence that says so under tracebacks
    logging.raiseExceptions = False
    try:
        cfg = compose_job(experiment, cfg)
        experiment = experiment.chosen_by(cfg)
        check_config(
            cfg, experiment.schema
        )  # again: -m makes configurations of its own
        _meet_others(cfg)
        modes = {
            "train": experiment.train,
            "eval": experiment.evaluate,
            "export": experiment.export,
            "infer": _infer,
        }
        modes[cfg.mode](experiment(cfg))
    except UserError as error:
        end_job(error)


def _infer(experiment: Experiment) -> None:
    if named_entry(experiment.cfg) is not None:  # whose weights come without a graph
        experiment.export()
    experiment.infer()


def _meet_others(cfg: DictConfig) -> None:
    processes = dist.get_world_size()
    if processes > 1 and cfg.mode != "train":
        raise UserError(
            f"mode={cfg.mode} is the work of one process, not of {processes}: run it without "
            "paddle.distributed.launch."
        )
    parallel.start()
