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

"""Scientific fields: random ones whose truth is known exactly, and own images and volumes."""

from __future__ import annotations

import json
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import Literal
from typing import Optional
from typing import Tuple
from typing import Type

if __name__ == "__main__":
    import bootstrap  # noqa: F401  paths, the CPU's environment, signals

import hydra
import numpy as np
import paddle
from omegaconf import DictConfig
from omegaconf import OmegaConf
from paddle import nn
from pydantic import Field
from pydantic import model_validator
from typing_extensions import Annotated
from wgan_gp.models import BaseGAN
from wgan_gp.models.build import choose_convolution
from wgan_gp.models.networks import FieldCritic
from wgan_gp.models.networks import FieldGenerator
from wgan_gp.models.networks import TransposedGenerator
from wgan_gp.models.networks.field_layers import coarse_shape
from wgan_gp.utils import exporting
from wgan_gp.utils import field_pictures
from wgan_gp.utils.config import launch
from wgan_gp.utils.experiment import Experiment
from wgan_gp.utils.experiment import Metrics
from wgan_gp.utils.experiment import run
from wgan_gp.utils.field_data import OWN
from wgan_gp.utils.field_data import FieldCaseConfig
from wgan_gp.utils.field_data import FieldData
from wgan_gp.utils.field_data import Sizes
from wgan_gp.utils.field_data import field_data
from wgan_gp.utils.field_data import is_conditional
from wgan_gp.utils.field_scores import FieldScores
from wgan_gp.utils.pigan_experiment import PIGAN
from wgan_gp.utils.schema import EvalConfig
from wgan_gp.utils.schema import GANConfig
from wgan_gp.utils.schema import Group
from wgan_gp.utils.schema import InferConfig
from wgan_gp.utils.terms import LossInputs
from wgan_gp.utils.terms import LossTerm

from ppsci.utils import logger
from ppsci_ext.data.arrays import npz_arrays
from ppsci_ext.data.fields import FieldTransform
from ppsci_ext.metric.fields.plots import save_field_page
from ppsci_ext.metric.fields.verdict import FEWEST_SETS
from ppsci_ext.utils import UserError
from ppsci_ext.utils.files import write_atomically
from ppsci_ext.utils.files import writing
from ppsci_ext.utils.values import Classes
from ppsci_ext.utils.values import NotNegative
from ppsci_ext.utils.values import Width

_TRANSFORM = ".transform.json"  # of an exported generator

# what the configuration may hold


class ModelConfig(Group):
    name: Literal["spatial", "transposed"]
    dim: Width
    stages: Annotated[int, Field(ge=1, le=8)]
    latent_channels: Width
    fine_noise: Classes
    latent_dim: Width
    padding: Literal["auto", "circular", "zeros"]
    upsampling: Literal["nearest", "linear"]
    critic_spectrum: bool
    critic_head: Literal["mean", "places"]
    convolution: Literal["auto", "onednn", "paddle"]


class FieldsGANConfig(GANConfig):
    misfit: NotNegative


class FieldsEvalConfig(EvalConfig):
    num_samples: Annotated[int, Field(ge=2, le=10**5)]
    sets: Annotated[int, Field(ge=FEWEST_SETS, le=10**4)]


class FieldsInferConfig(InferConfig):
    size: Optional[Sizes]


class FieldsConfig(FieldCaseConfig):
    MODEL: ModelConfig
    GAN: FieldsGANConfig
    EVAL: FieldsEvalConfig
    INFER: FieldsInferConfig

    beside_the_course = (
        *FieldCaseConfig.beside_the_course,
        "DATA.path",  # the data themselves are compared
    )

    @model_validator(mode="after")
    def sizes_fit_the_stages(self):
        factor = 2**self.MODEL.stages
        for key, sizes in (("DATA", self.DATA.size), ("INFER", self.INFER.size)):
            if sizes is not None and any(size % factor for size in sizes):
                raise ValueError(
                    f"{key}.size={sizes} is refused: with MODEL.stages={self.MODEL.stages} every "
                    f"size must be a multiple of {factor}"
                )
        return self

    @model_validator(mode="after")
    def size_to_infer_can_be_had(self):
        size = self.INFER.size
        if size is None or size == self.DATA.size:
            return self
        if len(size) != len(self.DATA.size):
            raise ValueError(
                f"INFER.size={size} is refused: it needs {len(self.DATA.size)} sizes, as many as "
                "DATA.size"
            )
        if self.MODEL.name == "transposed":
            raise ValueError(
                f"INFER.size={size} is refused: MODEL.name=transposed makes fields of DATA.size "
                "only; use MODEL.name=spatial"
            )
        return self

    @model_validator(mode="after")
    def conditions_reach_the_networks(self):
        if is_conditional(self.DATA) and self.MODEL.name == "transposed":
            raise ValueError(
                "DATA.vary and DATA.points need MODEL.name=spatial: transposed takes no condition"
            )
        return self


# the experiment


class Fields(Experiment):
    """Convolutional networks learn fields in one, two or three dimensions."""

    name = "wgan_gp_fields"
    schema = FieldsConfig
    pictured = 16
    drawn_scores = (
        "spectrum_error",
        "two_point_error",
        "specific_surface_error",
        "euler_error",
    )

    def __init__(self, cfg: DictConfig):
        super().__init__(cfg)
        self._data: Optional[FieldData] = None
        self._scores: Optional[FieldScores] = None

    @classmethod
    def chosen_by(cls, cfg: DictConfig) -> Type[Experiment]:
        """PI-GAN, where +experiment=pigan has put its sensors."""
        return cls if OmegaConf.select(cfg, "DATA.sensors") is None else PIGAN

    @property
    def data(self) -> FieldData:
        """Fields and their truth, read or made when they are needed."""
        if self._data is None:
            self._data = field_data(self.cfg.DATA)
        return self._data

    def load_data(self, split: str) -> Any:
        return self.data.train if split == "train" else self.data.test

    @property
    def padding(self) -> str:
        """Random fields are periodic; own ones only if the user says so."""
        choice = self.cfg.MODEL.padding
        if choice == "auto":
            return "zeros" if self.cfg.DATA.name in OWN else "circular"
        return choice

    @property
    def conditional(self) -> bool:
        return is_conditional(self.cfg.DATA)

    def build_networks(self) -> Tuple[nn.Layer, nn.Layer]:
        model, data = self.cfg.MODEL, self.data
        shape, stages = list(self.cfg.DATA.size), model.stages
        source = data.conditioned
        condition = {
            "parameters": 0 if source is None else len(source.parameters),
            "points": data.measured is not None,
        }
        if model.name == "transposed":
            generator = TransposedGenerator(
                shape,
                data.transform,
                data.channels,
                model.dim,
                model.latent_dim,
                stages,
                data.zero_mean,
            )
        else:
            generator = FieldGenerator(
                shape,
                data.transform,
                data.channels,
                model.dim,
                model.latent_channels,
                stages,
                self.padding,
                zero_mean=data.zero_mean,
                upsampling=model.upsampling,
                fine_noise=model.fine_noise,
                **condition,
            )
        critic = FieldCritic(
            shape,
            data.channels,
            model.dim,
            stages,
            self.padding,
            spectrum=model.critic_spectrum,
            head=model.critic_head,
            **condition,
        )
        choose_convolution(model.convolution, generator, critic)
        return generator, critic

    def loss_terms(self) -> List[LossTerm]:
        terms = super().loss_terms()
        if self.data.measured is not None and self.cfg.GAN.misfit:
            terms.append(LossTerm("misfit", "generator", misfit, self.cfg.GAN.misfit))
        return terms

    # scores

    def score(self, gan: BaseGAN) -> Metrics:
        """All of ppsci_ext.metric.fields; in mode=eval with a page of pictures."""
        cfg = self.cfg
        if self._scores is None:
            unseen = {
                name: tuple(part)
                for name, part in cfg.DATA.unseen.items()
                if part is not None
            }
            periodic = cfg.DATA.name not in OWN or self.padding == "circular"
            self._scores = FieldScores(
                self.data,
                unseen,
                cfg.EVAL.num_samples,
                cfg.EVAL.sets,
                periodic,
                cfg.seed,
            )

        def generate(count: int, condition: Any) -> np.ndarray:
            values = gan.generate(
                count, batch_size=cfg.EVAL.batch_size, condition=condition
            )
            return gan.generator.transform.inverse(values)

        metrics, result, fields = self._scores.scores(generate)
        if cfg.mode == "eval":
            page = osp.join(cfg.output_dir, "fields.png")
            with writing(page):
                save_field_page(
                    page, result, fields, self._scores.real(), len(cfg.DATA.size)
                )
            logger.message(f"Page: {page}")
        return metrics

    # pictures

    def draw_training(self, gan: BaseGAN, path: str) -> None:
        """Real fields on the left, generated ones (for the same conditions) on the right."""
        noise, condition = self.fixed_inputs(gan)
        with paddle.no_grad():
            samples = gan.generator(noise, *([] if condition is None else [condition]))
        real, _ = self.build_stream(self.load_data("train")).example(self.pictured)
        field_pictures.save_beside(real.numpy(), samples.numpy(), path)

    def draw_samples(self, samples: np.ndarray, path: str) -> None:
        field_pictures.save_fields(samples[: self.pictured], path)

    # export and inference: the transform goes with the exported graph

    def export(self) -> None:
        gan = self.build_gan()
        exporting.export_generator(self.cfg, gan)
        path = f"{self.cfg.INFER.export_path}{_TRANSFORM}"
        state = json.dumps(gan.generator.transform.state())
        write_atomically(path, state.encode())

    def infer(self) -> None:
        """samples.npz holds physical fields, and what they were asked for."""
        cfg = self.cfg
        given = encoded = None
        if cfg.INFER.condition is not None:
            given = encoded = npz_arrays(cfg.INFER.condition)
            if self.conditional:
                encoded = self.data.encode(given)
        arrays = exporting.sample_exported(cfg, self._noise_axes(encoded), encoded)
        values = arrays["samples"]
        samples = self._exported_transform().inverse(values)
        exporting.write_samples(cfg, {"samples": samples, **(given or {})})
        self.draw_samples(values, osp.join(cfg.output_dir, "samples.png"))

    def _noise_axes(self, condition: Any) -> Dict[int, int]:
        """Sizes of the axes of the noise, by those of the fields that are asked for."""
        model, size = self.cfg.MODEL, list(self.cfg.INFER.size or self.cfg.DATA.size)
        if model.name == "transposed":
            return {}
        if isinstance(condition, dict) and list(condition["mask"].shape[2:]) != size:
            raise UserError(
                f"The mask of INFER.condition is {list(condition['mask'].shape)}, but fields of "
                f"{size} are asked for: set INFER.size to its sizes, [n, 1, *sizes]."
            )
        return dict(enumerate(coarse_shape(size, model.stages), start=2))

    def _exported_transform(self) -> FieldTransform:
        path = self.cfg.INFER.pdmodel_path.rsplit(".json", 1)[0] + _TRANSFORM
        try:
            with open(path, encoding="utf-8") as file:
                return FieldTransform.from_state(json.load(file))
        except (OSError, ValueError) as error:
            raise UserError(
                f"{path}, without which the fields' units are unknown, can't be read: export "
                "anew (mode=export)."
            ) from error


def misfit(step: LossInputs) -> paddle.Tensor:
    """Mean square difference of generated from measured values, in a network's values."""
    mask, values = step.condition["mask"], step.condition["values"]
    difference = (step.fake * mask - values).square()
    return difference.sum() / (mask.sum() * step.fake.shape[1])


@hydra.main(version_base=None, config_path="../conf", config_name=f"{Fields.name}.yaml")
def main(cfg: DictConfig) -> None:
    run(Fields, cfg)


if __name__ == "__main__":
    launch(Fields, main, osp.join(osp.dirname(__file__), "../conf"))
