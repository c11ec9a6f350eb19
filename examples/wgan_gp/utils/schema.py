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

"""Every key that a case reads: its type, its range, its choices."""

from __future__ import annotations

import importlib.util
import os
from os import path as osp
from typing import Annotated
from typing import Any
from typing import Dict
from typing import List
from typing import Literal
from typing import Optional

import numpy as np
from pydantic import AfterValidator
from pydantic import BaseModel
from pydantic import ConfigDict
from pydantic import Field
from pydantic import model_validator

from ppsci_ext.metric.extractor import CLASSIFIERS

_INT32_MAX = 2**31 - 1

# values of the keys that GAN.name=wgan leaves without a meaning
_WITHOUT_PENALTY = {
    "penalty": "two_sided",
    "penalty_at": "interpolates",
    "penalty_target": 1.0,
    "penalty_interval": 1,
    "spectral_norm": False,
}

# The upper limits are far beyond what has ever been trained. They turn a slip of the pen into
# a sentence, not into a machine that has run out of memory.
Count = Annotated[int, Field(ge=1, le=_INT32_MAX)]
BatchSize = Annotated[int, Field(ge=1, le=2**20)]
Samples = Annotated[int, Field(ge=1, le=10**6)]
Width = Annotated[int, Field(ge=1, le=2**14)]
Side = Annotated[int, Field(ge=1, le=2**12)]
Positive = Annotated[float, Field(gt=0, le=1e6)]
NotNegative = Annotated[float, Field(ge=0, le=1e6)]
Momentum = Annotated[float, Field(ge=0, lt=1)]
Text = Annotated[str, Field(min_length=1)]


def _only(value: Any, reason: str) -> AfterValidator:
    """For a key of PaddleScience's of which one value alone is right here."""

    def check(given: Any) -> Any:
        if given != value:
            raise ValueError(reason)
        return given

    return AfterValidator(check)


def _needs(package: str) -> AfterValidator:
    """For a switch that an optional package stands behind."""

    def check(wanted: bool) -> bool:
        if wanted and importlib.util.find_spec(package) is None:
            raise ValueError(f"{package} is not installed; run pip install {package}")
        return wanted

    return AfterValidator(check)


def _folder(path: str) -> str:
    existing = osp.abspath(path)
    while not osp.lexists(existing):
        existing = osp.dirname(existing)
    if not osp.isdir(existing) or not os.access(existing, os.W_OK | os.X_OK):
        raise ValueError(f"{existing} is no folder that can be written to")
    return path


def _file_prefix(path: str) -> str:
    if not osp.basename(path):
        raise ValueError("it should end in a name for the files, not in a slash")
    _folder(osp.dirname(path) or ".")
    return path


def _low_below_high(limits: List[float]) -> List[float]:
    low, high = np.float32(limits)
    if not low < high:
        raise ValueError("the first number should be below the second")
    return limits


def _grey_or_colour(shape: List[int]) -> List[int]:
    if shape[0] not in (1, 3):
        raise ValueError("images have 1 or 3 channels, which come first")
    return shape


def _n_critic(steps: Any) -> Any:
    if _is_adaptive(steps):
        return _adaptive(steps)
    by_start = steps if isinstance(steps, dict) else {0: steps}
    numbers = (*by_start, *by_start.values())
    if not all(type(n) is int and 0 <= n <= _INT32_MAX for n in numbers) or (
        0 in by_start.values()
    ):
        raise ValueError(
            "it should be a positive integer, a schedule such as {0: 100, 25: 5}, or "
            "{adaptive: {min: 1, max: 20, ratio: 1.0}}"
        )
    if 0 not in by_start:
        raise ValueError("a schedule of n_critic must begin at iteration 0")
    return steps


def _is_adaptive(steps: Any) -> bool:
    return isinstance(steps, dict) and "adaptive" in steps


def _adaptive(steps: Dict[str, Any]) -> Any:
    rule = steps["adaptive"]
    known = {"min": 1, "max": 20, "ratio": 1.0}
    if len(steps) > 1 or not isinstance(rule, dict) or not {*rule} <= {*known}:
        raise ValueError(f"it may hold no more than {{adaptive: {known}}}")
    rule = {**known, **rule}
    counts = (rule["min"], rule["max"])
    if not all(type(n) is int for n in counts) or not (
        1 <= rule["min"] <= rule["max"] <= _INT32_MAX
    ):
        raise ValueError("min and max should be integers with 1 <= min <= max")
    if type(rule["ratio"]) not in (int, float) or not 0 < rule["ratio"] <= 1e6:
        raise ValueError("ratio should be a positive number")
    return steps


class _Group(BaseModel):
    """Keys that are all there, of exactly the types named.

    The case reads the configuration itself, not what pydantic could make of it, so that the
    text "5" is no number, and 1.0 is no integer.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


# data


class ToyDataConfig(_Group):
    name: Literal["8gaussians", "25gaussians", "swissroll"]


class ImageDataConfig(_Group):
    name: Literal["mnist", "cifar10", "npz", "folder"]
    root: Text
    download: bool
    range: Annotated[
        List[Annotated[float, Field(ge=-1e6, le=1e6)]],
        Field(min_length=2, max_length=2),
        AfterValidator(_low_below_high),
    ]
    levels: Annotated[int, Field(ge=255, le=256)]
    dequantize: bool


# networks


class ToyModelConfig(_Group):
    dim: Width
    latent_dim: Width


class ImageModelConfig(_Group):
    name: Literal["dcgan", "resnet"] = "dcgan"  # wgan_gp_mnist has no other
    image_shape: Annotated[
        List[Side], Field(min_length=3, max_length=3), AfterValidator(_grey_or_colour)
    ]
    dim: Width
    latent_dim: Width
    conditional: bool
    conditioning: Literal["acgan", "projection"] = "acgan"  # wgan_gp_mnist has none
    num_classes: Annotated[int, Field(ge=0, le=2**14)] = 0
    generator_batch_norm: bool
    critic_norm: Literal["none", "layer", "batch"]
    convolution: Literal["auto", "onednn", "paddle"]


# losses


class GANConfig(_Group):
    name: Literal["wgan_gp", "wgan"]
    lambda_gp: NotNegative
    penalty: Literal["two_sided", "one_sided", "zero_centred"]
    penalty_at: Literal["interpolates", "real", "fake", "around_real", "both"]
    penalty_target: NotNegative
    penalty_interval: Count
    drift: NotNegative
    spectral_norm: bool
    clip_value: Positive
    n_critic: Annotated[Any, AfterValidator(_n_critic)]
    generator_batch_multiple: Annotated[int, Field(ge=1, le=2**10)]


class ToyGANConfig(GANConfig):
    fixed_generator: bool


class ImageGANConfig(GANConfig):
    acgan_scale: NotNegative = 1.0  # wgan_gp_mnist has neither
    acgan_scale_generator: NotNegative = 0.1


# training


class EMAConfig(_Group):
    use_ema: bool
    decay: Annotated[float, Field(gt=0, lt=1)]
    avg_freq: Count


class SWAConfig(_Group):
    use_swa: Annotated[
        bool, _only(False, "no such average is taken here; use TRAIN.ema.use_ema")
    ]
    avg_freq: Count
    avg_range: Annotated[Any, _only(None, "no such average is taken here")]


class TrainConfig(_Group):
    epochs: Count
    iters_per_epoch: Count
    batch_size: BatchSize
    update_freq: Annotated[int, Field(ge=1, le=2**16)]
    optimizer: Literal["adam", "rmsprop"]
    beta1: Momentum
    beta2: Momentum
    generator_lr: Positive
    critic_lr: Positive
    lr_decay: bool
    log_freq: Count
    save_freq: Annotated[int, Field(ge=0, le=_INT32_MAX)]  # 0: at the end only
    keep_checkpoints: Count
    keep_every: Optional[Count]
    on_nan: Literal["stop", "rollback"]
    resume: bool
    checkpoint_path: Optional[Text]
    pretrained_model_path: Optional[Text]
    eval_during_train: bool
    start_eval_epoch: Count
    eval_freq: Count
    ema: EMAConfig
    swa: SWAConfig


class ImageTrainConfig(TrainConfig):
    validation_size: Optional[Count]


# evaluation and inference


class EvalConfig(_Group):
    pretrained_model_path: Optional[Text]
    eval_with_no_grad: bool
    compute_metric_by_batch: bool
    batch_size: BatchSize


class ToyEvalConfig(EvalConfig):
    # the exact Wasserstein distance keeps a matrix of num_samples x num_samples
    num_samples: Annotated[int, Field(ge=2, le=20000)]


class ExtractorConfig(_Group):
    name: Literal[tuple(CLASSIFIERS)]
    weights: Optional[Text]


class ImageEvalConfig(EvalConfig):
    # ten splits of the Inception score
    num_samples: Annotated[int, Field(ge=10, le=10**6)]
    extractor: ExtractorConfig
    reference: Optional[Text]
    cache_dir: Optional[Text]


class InferConfig(_Group):
    pretrained_model_path: Optional[Text]
    export_path: Annotated[Text, AfterValidator(_file_prefix)]
    pdmodel_path: Text
    pdiparams_path: Text
    onnx_path: Annotated[Optional[str], _only(None, "there is no export to ONNX")]
    device: Literal["cpu", "gpu"]
    engine: Annotated[str, _only("native", "there is no engine but native")]
    precision: Annotated[str, _only("fp32", "there is no precision but fp32")]
    ir_optim: bool
    min_subgraph_size: Count
    gpu_mem: Count
    gpu_id: Annotated[int, Field(ge=0, le=_INT32_MAX)]
    max_batch_size: Count
    num_cpu_threads: Annotated[int, Field(ge=0, le=_INT32_MAX)]
    num_samples: Samples
    batch_size: BatchSize


# whole cases


class CaseConfig(_Group):
    """What all cases have; PAPER holds the values that the authors' scripts set."""

    mode: Literal["train", "eval", "export", "infer"]
    output_dir: Annotated[Text, AfterValidator(_folder)]
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    log_freq: Count
    log_level: Literal["debug", "info", "warning", "error"]
    device: Literal["cpu", "gpu", "xpu", "sdaa", None]
    use_vdl: Annotated[bool, _needs("visualdl")]
    use_tbd: Annotated[bool, _needs("tensorboardX")]
    use_wandb: Annotated[bool, _needs("wandb")]
    wandb_config: Dict[str, Any]
    use_amp: bool
    amp_level: Annotated[
        Literal["O1", "O2"], _only("O1", "the penalty needs the weights in float32")
    ]
    to_static: Annotated[
        bool, _only(False, "a compiled critic loses the gradient of the penalty")
    ]
    prim: bool
    PAPER: Dict[str, Any]
    GAN: GANConfig
    TRAIN: TrainConfig
    EVAL: EvalConfig
    INFER: InferConfig

    @model_validator(mode="after")
    def penalty_has_a_meaning(self):
        for key, default in _WITHOUT_PENALTY.items():
            value = getattr(self.GAN, key)
            if self.GAN.name == "wgan" and value != default:
                raise ValueError(
                    f"GAN.{key}={value} is refused: GAN.name=wgan clips the weights in place of "
                    f"all that; leave it at {default}, or set GAN.name=wgan_gp"
                )
        if self.GAN.penalty == "zero_centred" and self.GAN.penalty_target != 1.0:
            raise ValueError(
                f"GAN.penalty_target={self.GAN.penalty_target} is refused: the target of "
                "GAN.penalty=zero_centred is 0; leave the key at 1.0, or set "
                "GAN.penalty=two_sided"
            )
        return self


class ToyCaseConfig(CaseConfig):
    DATA: ToyDataConfig
    MODEL: ToyModelConfig
    GAN: ToyGANConfig
    EVAL: ToyEvalConfig

    @model_validator(mode="after")
    def fixed_generator_is_only_trained_against(self):
        if not self.GAN.fixed_generator:
            return self
        for key, given in (
            (f"mode={self.mode}", self.mode != "train"),
            ("TRAIN.eval_during_train=true", self.TRAIN.eval_during_train),
            ("TRAIN.ema.use_ema=true", self.TRAIN.ema.use_ema),
            ("an adaptive GAN.n_critic", _is_adaptive(self.GAN.n_critic)),
        ):
            if given:
                raise ValueError(
                    f"GAN.fixed_generator=true leaves {key} without a generator: do "
                    "without one of the two"
                )
        return self


class ImageCaseConfig(CaseConfig):
    DATA: ImageDataConfig
    MODEL: ImageModelConfig
    GAN: ImageGANConfig
    TRAIN: ImageTrainConfig
    EVAL: ImageEvalConfig

    @model_validator(mode="after")
    def networks_fit_the_loss(self):
        if self.GAN.name == "wgan_gp" and self.MODEL.critic_norm == "batch":
            raise ValueError(
                "MODEL.critic_norm=batch mixes the samples of a batch, but the gradient penalty "
                "is per sample: set it to layer, or leave it to GAN.name=wgan"
            )
        if self.MODEL.conditioning == "projection" and not self.MODEL.conditional:
            raise ValueError(
                "MODEL.conditioning=projection needs MODEL.conditional=true, without which the "
                "critic gets no labels"
            )
        if self.MODEL.conditional and self.MODEL.name == "dcgan":
            raise ValueError(
                "MODEL.conditional=true is for the networks of MODEL.name=resnet: dcgan takes "
                "no labels"
            )
        if self.MODEL.conditional and self.MODEL.num_classes < 2:
            raise ValueError(
                "MODEL.conditional=true needs MODEL.num_classes, which should be 2 or more"
            )
        return self

    @model_validator(mode="after")
    def images_fit_the_networks(self):
        _, height, width = self.MODEL.image_shape
        if self.MODEL.name == "resnet" and (height % 8 or width % 8):
            raise ValueError(
                f"MODEL.image_shape={self.MODEL.image_shape} is refused: MODEL.name=resnet needs "
                "a height and a width that are multiples of 8; use MODEL.name=dcgan or resize "
                "the images"
            )
        if self.DATA.download and self.DATA.name in ("npz", "folder"):
            raise ValueError(
                f"DATA.download=true is refused: DATA.name={self.DATA.name} stands for your own "
                "data; put them at DATA.root"
            )
        return self
