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

"""Gestures to speech: audio and a speaker in, a moving skeleton out."""

from __future__ import annotations

from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import Literal
from typing import Optional
from typing import Tuple
from typing import Union

if __name__ == "__main__":
    import bootstrap  # noqa: F401  paths, the CPU's environment, signals

import functools

import hydra
import numpy as np
from omegaconf import DictConfig
from omegaconf import OmegaConf
from paddle import nn
from pydantic import AfterValidator
from pydantic import Field
from pydantic import model_validator
from typing_extensions import Annotated
from wgan_gp.models import BaseGAN
from wgan_gp.models.build import choose_convolution
from wgan_gp.models.networks.motion import STYLE
from wgan_gp.models.networks.motion import MotionCritic
from wgan_gp.models.networks.motion import MotionGenerator
from wgan_gp.utils import motion_pictures
from wgan_gp.utils import motion_terms
from wgan_gp.utils.config import launch
from wgan_gp.utils.experiment import Experiment
from wgan_gp.utils.experiment import Metrics
from wgan_gp.utils.experiment import run
from wgan_gp.utils.motion_data import MOTION_DATA
from wgan_gp.utils.motion_data import MotionData
from wgan_gp.utils.motion_data import real_sets
from wgan_gp.utils.motion_inference import infer_from_speech
from wgan_gp.utils.motion_representation import REPRESENTATIONS
from wgan_gp.utils.motion_representation import Representation
from wgan_gp.utils.schema import CaseConfig
from wgan_gp.utils.schema import EvalConfig
from wgan_gp.utils.schema import GANConfig
from wgan_gp.utils.schema import Group
from wgan_gp.utils.schema import InferConfig
from wgan_gp.utils.schema import TrainConfig
from wgan_gp.utils.terms import LossTerm

from ppsci_ext.data.motion import SKELETON_NAMES
from ppsci_ext.metric.motion import MotionSet
from ppsci_ext.metric.motion import motion_scores
from ppsci_ext.metric.motion.autoencoder import MotionFeatures
from ppsci_ext.metric.motion.autoencoder import train_features
from ppsci_ext.utils import UserError
from ppsci_ext.utils.schedule import Schedule
from ppsci_ext.utils.values import INT32_MAX
from ppsci_ext.utils.values import Count
from ppsci_ext.utils.values import NotNegative
from ppsci_ext.utils.values import Positive
from ppsci_ext.utils.values import Text

MEASURED = 1024  # real windows whose joint angles are what the terms compare with


# what the configuration may hold


def _multiple_of_four(dim: int) -> int:
    if dim % 4:
        raise ValueError("it should be a multiple of 4")
    return dim


Dim = Annotated[int, Field(ge=4, le=2**12), AfterValidator(_multiple_of_four)]
Frames = Annotated[int, Field(ge=8, le=2**12)]
Ramp = Annotated[List[NotNegative], Field(min_length=2, max_length=2)]


class DataConfig(Group):
    name: Literal[tuple(MOTION_DATA)]
    root: Text
    frames: Frames
    fps: Annotated[float, Field(ge=10, le=120)]
    seed_frames: Annotated[int, Field(ge=0, le=2**12)]
    skeleton: Literal[SKELETON_NAMES]
    num_speakers: Annotated[int, Field(ge=1, le=2**10)]
    stride: Count
    held_out: Annotated[float, Field(ge=0, lt=1)]
    metres_per_unit: Positive
    motion_rate: Positive
    audio_rate: Positive
    speaker_column: Text
    y_down: bool


class ModelConfig(Group):
    representation: Literal[REPRESENTATIONS]
    dim: Dim
    critic_dim: Dim
    latent_dim: Annotated[int, Field(gt=STYLE, le=2**12)]
    cross_attention: bool
    critic_audio: bool
    critic_norm: Literal["none", "layer", "batch"]
    convolution: Literal["auto", "onednn", "paddle"]


class CurriculumConfig(Group):
    start: Annotated[int, Field(ge=0, le=INT32_MAX)]
    end: Count
    adversarial: Ramp
    regression: Ramp


class MotionGANConfig(GANConfig):
    curriculum: CurriculumConfig
    continuity: NotNegative
    joint_limits: NotNegative
    joint_likelihood: NotNegative
    bone_length: NotNegative


class MotionTrainConfig(TrainConfig):
    validation_size: Count


class MotionEvalConfig(EvalConfig):
    num_samples: Annotated[int, Field(ge=4, le=10**5)]
    autoencoder_iterations: Count


class MotionInferConfig(InferConfig):
    audio: Optional[Text]
    speaker: Union[int, str]


class MotionConfig(CaseConfig):
    DATA: DataConfig
    MODEL: ModelConfig
    GAN: MotionGANConfig
    TRAIN: MotionTrainConfig
    EVAL: MotionEvalConfig
    INFER: MotionInferConfig

    beside_the_course = (
        *CaseConfig.beside_the_course,
        "DATA.root",  # the data themselves are compared
        "TRAIN.validation_size",
    )

    @model_validator(mode="after")
    def seeds_are_fewer_than_frames(self):
        if self.DATA.seed_frames >= self.DATA.frames:
            raise ValueError(
                f"DATA.seed_frames={self.DATA.seed_frames} leaves nothing to make of "
                f"DATA.frames={self.DATA.frames}: take fewer"
            )
        return self

    @model_validator(mode="after")
    def curriculum_ends_after_it_begins(self):
        curriculum = self.GAN.curriculum
        if curriculum.start >= curriculum.end:
            raise ValueError(
                f"GAN.curriculum.end={curriculum.end} is refused: it should be above "
                f"GAN.curriculum.start={curriculum.start}"
            )
        return self


# the experiment


class Motion(Experiment):
    """A graph network learns to gesture as several speakers do."""

    name = "wgan_gp_motion"
    schema = MotionConfig
    conditional = True
    pictured = 4
    drawn_scores = (
        "frechet",
        "audio_correlation",
        "angle_correlation",
        "mode_share",
    )

    # what is learned, and by what

    @functools.cached_property
    def data(self) -> MotionData:
        """The data set that DATA describes."""
        keys = OmegaConf.to_container(self.cfg.DATA, resolve=True)
        return MOTION_DATA[keys["name"]](keys)

    @functools.cached_property
    def representation(self) -> Representation:
        return Representation(self.cfg.MODEL.representation, self.data.skeleton)

    def load_data(self, split: str) -> Any:
        if split == "train":
            return self.representation.source(self.data.train)
        if self.data.law is not None:
            size = self.cfg.TRAIN.validation_size
            windows = self.data.some(size, self.cfg.seed, held_out=True)
            return self.representation.window(*windows)
        held_out = self.data.test
        return None if held_out is None else self.representation.source(held_out)

    def build_networks(self) -> Tuple[nn.Layer, nn.Layer]:
        model, layout = self.cfg.MODEL, self.data.layout(self.representation)
        skeleton = self.data.skeleton
        generator = MotionGenerator(
            layout,
            skeleton,
            self.representation.samples(skeleton.rest),
            self.representation.unit,
            model.dim,
            model.latent_dim,
            model.cross_attention,
        )
        critic = MotionCritic(
            layout, model.critic_dim, model.critic_norm, model.critic_audio
        )
        choose_convolution(model.convolution, generator, critic)
        return generator, critic

    def loss_terms(self) -> List[LossTerm]:
        gan, vectors = self.cfg.GAN, self.representation.vectors
        terms = super().loss_terms()
        if any(gan.curriculum.regression):
            terms.append(motion_terms.regression_term(self._ramp("regression")))
        if gan.continuity and self.cfg.DATA.seed_frames:
            terms.append(motion_terms.continuity_term(gan.continuity))
        if gan.joint_limits or gan.joint_likelihood:
            real, _ = self.data.some(MEASURED, 0)
            angles = motion_terms.measure_angles(self.data.skeleton, real)
            if gan.joint_limits:
                weight = gan.joint_limits
                terms.append(motion_terms.limits_term(angles, vectors, weight))
            if gan.joint_likelihood:
                weight = gan.joint_likelihood
                terms.append(motion_terms.likelihood_term(angles, vectors, weight))
        if gan.bone_length and not self.representation.unit:
            terms.append(motion_terms.bone_length_term(vectors, gan.bone_length))
        return terms

    @property
    def adversarial_weight(self) -> Schedule:
        return self._ramp("adversarial")

    def _ramp(self, name: str) -> Schedule:
        curriculum = self.cfg.GAN.curriculum
        first, last = curriculum[name]
        if first == last:
            return first
        ends = {"start": curriculum.start, "end": curriculum.end}
        return {"ramp": {"from": first, "to": last, **ends}}

    # scores

    columns = {  # what stands beside a score
        "real_": "real against real",
        "se_": "standard error",
        "truth_": "truth",
        "shuffled_audio_": "shuffled audio",
        "shuffled_speaker_": "shuffled speaker",
        "static_pose_": "static pose",
    }

    @functools.cached_property
    def real_sets(self) -> List[MotionSet]:
        return real_sets(self.data, self.cfg.EVAL.num_samples, self.cfg.seed)

    @functools.cached_property
    def extractor(self) -> MotionFeatures:
        """The autoencoder whose codes are compared, trained on the reference when needed."""
        iterations = self.cfg.EVAL.autoencoder_iterations
        return train_features(self.real_sets[0].motion, iterations)

    def generate_beside(self, gan: BaseGAN, real: MotionSet) -> MotionSet:
        """Motion for the speech and the speakers of real motion, twice."""
        condition = {"speaker": real.speaker}
        if real.audio is not None:
            condition["audio"] = real.audio
        count, seeds = len(real.motion), self.cfg.DATA.seed_frames
        if seeds:  # from the beginning
            shape = (count, seeds, *real.motion.shape[2:])
            condition["seed_frames"] = np.zeros(shape, np.float32)
        motion, again = (
            self.representation.vectors(
                gan.generate(
                    count, batch_size=self.cfg.EVAL.batch_size, condition=condition
                )
            )
            for _ in range(2)
        )
        return MotionSet(motion, real.audio, real.speaker, again)

    def score(self, gan: BaseGAN) -> Metrics:
        """Scores of ppsci_ext.metric.motion, with what stands beside each."""
        reference, other = self.real_sets
        fake = self.generate_beside(gan, other)
        scores = motion_scores(
            fake,
            reference,
            other,
            self.data.skeleton,
            self.data.fps,
            np.random.default_rng(self.cfg.seed),
            self.extractor,
            self.data.law,
        )
        if self.cfg.mode == "eval":
            motion_pictures.draw_scored(self.cfg.output_dir, self.data, fake, other)
        return flattened(scores)

    # pictures

    def draw_samples(self, samples: np.ndarray, path: str) -> None:
        vectors = self.representation.vectors(samples[: self.pictured])
        motion_pictures.save_poses(vectors, self.data.skeleton, path)

    # inference

    def infer(self) -> None:
        """Motion for a WAV file; for windows of INFER.condition as other cases do."""
        if self.cfg.INFER.audio is not None:
            infer_from_speech(self.cfg, self.data, self.representation)
        elif self.cfg.INFER.condition is not None:
            super().infer()
        else:
            raise UserError(
                "There is nothing to gesture to: give a WAV file by INFER.audio, or windows by "
                "INFER.condition."
            )


def flattened(scores: Dict[str, Dict[str, Any]]) -> Metrics:
    """Scores as one level of numbers: each by its name, what belongs to it by a name before.

    Args:
        scores (Dict[str, Dict[str, Any]]): From motion_scores.
    """
    metrics: Metrics = {}
    for name, score in scores.items():
        metrics[name] = score["value"]
        beside = {key: score[key] for key in ("real", "se", "truth")}
        for key, value in {**beside, **score["controls"]}.items():
            if value is not None:
                metrics[f"{key}_{name}"] = value
        if "p_value" in score:
            metrics[f"{name}_p_value"] = score["p_value"]
            metrics[f"{name}_band_low"], metrics[f"{name}_band_high"] = score["band"]
    return metrics


@hydra.main(version_base=None, config_path="../conf", config_name=f"{Motion.name}.yaml")
def main(cfg: DictConfig) -> None:
    run(Motion, cfg)


if __name__ == "__main__":
    launch(Motion, main, osp.join(osp.dirname(__file__), "../conf"))
