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

"""PI-GAN, a study of the fields case: processes that obey an equation, from a few sensors.

Yang, Zhang and Karniadakis 2018, arXiv 1811.02033, section 4.2.
"""

from __future__ import annotations

from functools import cached_property
from os import path as osp
from typing import Annotated
from typing import Any
from typing import Dict
from typing import List
from typing import Literal
from typing import Optional
from typing import Tuple

import numpy as np
import paddle
from omegaconf import DictConfig
from paddle import nn
from pydantic import Field
from pydantic import model_validator
from wgan_gp.models import BaseGAN
from wgan_gp.models.networks import PIGANGenerator
from wgan_gp.models.networks import SensorCritic
from wgan_gp.utils import exporting
from wgan_gp.utils import pigan_pictures
from wgan_gp.utils.experiment import Experiment
from wgan_gp.utils.experiment import Metrics
from wgan_gp.utils.schema import CaseConfig
from wgan_gp.utils.schema import EvalConfig
from wgan_gp.utils.schema import GANConfig
from wgan_gp.utils.schema import Group
from wgan_gp.utils.schema import InferConfig

from ppsci.utils import logger
from ppsci_ext.data.fields import EllipticProblem
from ppsci_ext.data.fields import EllipticSnapshots
from ppsci_ext.data.fields.elliptic import ENDS
from ppsci_ext.data.fields.elliptic import PROCESSES
from ppsci_ext.data.fields.elliptic import SCALE
from ppsci_ext.data.fields.elliptic import Moments
from ppsci_ext.data.fields.elliptic import even_places
from ppsci_ext.equation import Elliptic
from ppsci_ext.metric.fields import ProcessJudge
from ppsci_ext.metric.fields.verdict import FEWEST_SETS
from ppsci_ext.utils.files import writing
from ppsci_ext.utils.values import Samples
from ppsci_ext.utils.values import Seed
from ppsci_ext.utils.values import Width

Paths = Dict[str, np.ndarray]  # by process, or the places where they are read

DRAWN = np.linspace(*ENDS, 101)  # places of exported and inferred paths
# between the places of the sensors, and not at the ends, where u has no spread
JUDGED = np.linspace(*ENDS, 40, endpoint=False) + 1 / 40
_AT_DRAWN, _AT_JUDGED = (dict.fromkeys(PROCESSES, x) for x in (DRAWN, JUDGED))


# what the configuration may hold


class SensorsConfig(Group):
    u: Annotated[int, Field(ge=2, le=200)]  # the ends are among them
    k: Annotated[int, Field(ge=1, le=200)]
    f: Annotated[int, Field(ge=1, le=200)]


class PIGANDataConfig(Group):
    name: Literal["elliptic"]
    sensors: SensorsConfig
    num_samples: Optional[Samples]
    seed: Seed


class PIGANModelConfig(Group):
    dim: Width
    latent_dim: Width
    hidden_layers: Annotated[int, Field(ge=1, le=16)]


class PIGANLossConfig(GANConfig):
    misfit: None  # a key of the fields case, which has no meaning here


class PIGANEvalConfig(EvalConfig):
    num_samples: Annotated[int, Field(ge=2, le=10**5)]
    sets: Annotated[int, Field(ge=FEWEST_SETS, le=10**4)]


class PIGANInferConfig(InferConfig):
    size: None  # likewise


class PIGANConfig(CaseConfig):
    DATA: PIGANDataConfig
    MODEL: PIGANModelConfig
    GAN: PIGANLossConfig
    EVAL: PIGANEvalConfig
    INFER: PIGANInferConfig

    @model_validator(mode="after")
    def a_batch_can_be_had(self):
        count = self.DATA.num_samples
        if count is not None and count < self.TRAIN.batch_size:
            raise ValueError(
                f"DATA.num_samples={count} is refused: a batch has TRAIN.batch_size="
                f"{self.TRAIN.batch_size} snapshots, and there must be as many"
            )
        return self


# the experiment


class PIGAN(Experiment):
    """u and k are networks of place and noise, f follows; the critic sees sensors only."""

    name = "wgan_gp_fields"
    schema = PIGANConfig
    pictured = 12

    def __init__(self, cfg: DictConfig):
        super().__init__(cfg)
        self.sensors = {name: even_places(cfg.DATA.sensors[name]) for name in PROCESSES}
        self._problem = EllipticProblem()

    def load_data(self, split: str) -> Any:
        """Snapshots: a fixed number of them (and as many that are held out), or without end."""
        data = self.cfg.DATA
        source = EllipticSnapshots(self._problem, self.sensors)
        if data.num_samples is None:
            return source if split == "train" else None
        stream = int(split == "test")
        return source.sample(
            data.num_samples, np.random.default_rng([data.seed, stream])
        )

    def build_networks(self) -> Tuple[nn.Layer, nn.Layer]:
        model = self.cfg.MODEL
        generator = PIGANGenerator(
            Elliptic(SCALE),
            self.sensors,
            model.dim,
            model.latent_dim,
            model.hidden_layers,
        )
        readings = sum(map(len, self.sensors.values()))
        return generator, SensorCritic(readings, model.dim, model.hidden_layers)

    # scores

    @cached_property
    def _truth(self) -> Dict[str, Moments]:
        return self._problem.moments(JUDGED)

    @cached_property
    def _judge(self) -> ProcessJudge:
        return ProcessJudge(
            self._truth,
            JUDGED,
            lambda n, rng: self._problem.sample(n, rng, _AT_JUDGED),
            self.cfg.EVAL.num_samples,
            self.cfg.EVAL.sets,
            seed=self.cfg.seed,
        )

    def score(self, gan: BaseGAN) -> Metrics:
        """Moments beside the truth; in mode=eval with a page of pictures."""
        paths = self._paths(gan, {**_AT_JUDGED, "u": np.append(JUDGED, ENDS)})
        paths["u"], ends = np.split(paths["u"], [len(JUDGED)], axis=1)
        result = self._judge.scores(paths)
        if self.cfg.mode == "eval":
            self._draw_page(paths)
        return {
            "sets": self._judge.sets,
            "false_alarm": self._judge.false_alarm,
            "u_at_the_ends": float(np.sqrt(np.square(ends).mean())),
            "together": result["together"],
            **result["scores"],
        }

    def _draw_page(self, generated: Paths) -> None:
        page = osp.join(self.cfg.output_dir, "processes.png")
        rng = np.random.default_rng(self.cfg.seed)
        real = self._problem.sample(self.pictured, rng, _AT_JUDGED)
        with writing(page):
            pigan_pictures.save_process_page(
                JUDGED, self._truth, real, generated, self.sensors, page
            )
        logger.message(f"Page: {page}")

    @paddle.no_grad()
    def _paths(self, gan: BaseGAN, places: Paths) -> Paths:
        """EVAL.num_samples generated paths at other places than those of the sensors."""
        generator = gan.generator.at(places)
        count, size = self.cfg.EVAL.num_samples, self.cfg.EVAL.batch_size
        batches: List[np.ndarray] = []
        for start in range(0, count, size):
            noise = gan.sample_noise(min(size, count - start))
            batches.append(generator(noise).numpy())
        return split_readings(np.concatenate(batches), places)

    # pictures

    def draw_training(self, gan: BaseGAN, path: str) -> None:
        """Whole paths, not what sensors read of them, beside real ones."""
        noise, _ = self.fixed_inputs(gan)
        with paddle.no_grad():
            samples = gan.generator.at(_AT_DRAWN)(noise).numpy()
        self._draw_paths(split_readings(samples, _AT_DRAWN), path)

    def draw_real(self, path: str) -> None:
        self._draw_paths(None, path)

    def _draw_paths(self, generated: Optional[Paths], path: str) -> None:
        rng = np.random.default_rng(self.cfg.seed)
        real = self._problem.sample(self.pictured, rng, _AT_DRAWN)
        pigan_pictures.save_paths(DRAWN, real, generated, path)

    # export and inference: of whole paths, not of what sensors read

    def export(self) -> None:
        gan = self.build_gan()
        gan.generator = gan.generator.at(_AT_DRAWN)
        exporting.export_generator(self.cfg, gan)

    def infer(self) -> None:
        """samples.npz holds paths "u", "k" and "f" [n, 101] at the places "x" [101]."""
        cfg = self.cfg
        samples = exporting.sample_exported(cfg)["samples"]
        paths = split_readings(samples, _AT_DRAWN)
        exporting.write_samples(cfg, {"x": DRAWN, **paths})
        picture = osp.join(cfg.output_dir, "samples.png")
        self._draw_paths(paths, picture)
        logger.message(f"Picture: {picture}")


def split_readings(readings: np.ndarray, places: Paths) -> Paths:
    """Rows [n, all places] by process."""
    ends = np.cumsum([len(places[name]) for name in PROCESSES])
    return dict(zip(PROCESSES, np.split(readings, ends[:-1], axis=1)))
