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

"""The keys that all cases read: their types, ranges and choices.

A case adds its own by subclassing `CaseConfig` and its groups.
"""

from __future__ import annotations

import importlib.util
import os
from os import path as osp
from typing import Annotated
from typing import Any
from typing import ClassVar
from typing import Dict
from typing import List
from typing import Literal
from typing import Optional
from typing import Tuple

from pydantic import AfterValidator
from pydantic import BaseModel
from pydantic import ConfigDict
from pydantic import Field
from pydantic import model_validator
from wgan_gp.utils.losses import PENALTY_FORMS
from wgan_gp.utils.losses import PENALTY_OVER
from wgan_gp.utils.losses import PENALTY_POINTS

from ppsci_ext.solver.critic_steps import critic_rule
from ppsci_ext.solver.critic_steps import is_adaptive
from ppsci_ext.utils.values import INT32_MAX
from ppsci_ext.utils.values import BatchSize
from ppsci_ext.utils.values import Count
from ppsci_ext.utils.values import Momentum
from ppsci_ext.utils.values import NotNegative
from ppsci_ext.utils.values import Positive
from ppsci_ext.utils.values import Samples
from ppsci_ext.utils.values import Seed
from ppsci_ext.utils.values import Text

# values of the keys that have a meaning with GAN.name=wgan_gp alone
_WITHOUT_PENALTY = {
    "penalty": "two_sided",
    "penalty_at": "interpolates",
    "penalty_target": 1.0,
    "penalty_interval": 1,
    "penalty_over": "sample",
    "spectral_norm": False,
}


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


def _n_critic(steps: Any) -> Any:
    critic_rule(steps)  # refuses what is no rule
    return steps


def _resume(choice: Any) -> Any:
    if choice not in (True, False, "auto") or type(choice) is int:
        raise ValueError("it should be true, false or auto")
    return choice


class Group(BaseModel):
    """Keys that are all there, of exactly the types named.

    The case reads the configuration itself, not what pydantic could make of it, so that the
    text "5" is no number, and 1.0 is no integer.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


# losses


class GANConfig(Group):
    name: Literal["wgan_gp", "wgan", "gan"]
    lambda_gp: NotNegative
    penalty: Literal[tuple(PENALTY_FORMS)]
    penalty_at: Literal[tuple(PENALTY_POINTS)]
    penalty_target: NotNegative
    penalty_interval: Count
    penalty_over: Literal[tuple(PENALTY_OVER)]
    drift: NotNegative
    spectral_norm: bool
    clip_value: Positive
    n_critic: Annotated[Any, AfterValidator(_n_critic)]
    generator_batch_multiple: Annotated[int, Field(ge=1, le=2**10)]


# training


class EMAConfig(Group):
    use_ema: bool
    decay: Annotated[float, Field(gt=0, lt=1)]
    avg_freq: Count


class SWAConfig(Group):
    use_swa: Annotated[
        bool, _only(False, "no such average is taken here; use TRAIN.ema.use_ema")
    ]
    avg_freq: Count
    avg_range: Annotated[Any, _only(None, "no such average is taken here")]


class TrainConfig(Group):
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
    save_freq: Annotated[int, Field(ge=0, le=INT32_MAX)]  # 0: at the end only
    keep_checkpoints: Count
    keep_every: Optional[Count]
    on_nan: Literal["stop", "rollback"]
    resume: Annotated[Any, AfterValidator(_resume)]
    may_differ: List[Text]
    allow_other_data: bool
    checkpoint_path: Optional[Text]
    pretrained_model_path: Optional[Text]
    eval_during_train: bool
    start_eval_epoch: Count
    eval_freq: Count
    ema: EMAConfig
    swa: SWAConfig


# evaluation and inference


class EvalConfig(Group):
    pretrained_model_path: Optional[Text]
    eval_with_no_grad: bool
    compute_metric_by_batch: bool
    batch_size: BatchSize
    num_samples: Samples


class InferConfig(Group):
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
    gpu_id: Annotated[int, Field(ge=0, le=INT32_MAX)]
    max_batch_size: Count
    num_cpu_threads: Annotated[int, Field(ge=0, le=INT32_MAX)]
    num_samples: Samples
    batch_size: BatchSize
    condition: Optional[Text]
    labels: Optional[Annotated[List[int], Field(min_length=1)]]


# whole cases


class CaseConfig(Group):
    """What all cases have. A case's own schema replaces groups by its own, and may add some."""

    mode: Literal["train", "eval", "export", "infer"]
    output_dir: Annotated[Text, AfterValidator(_folder)]
    seed: Seed
    log_freq: Count
    log_level: Literal["debug", "info", "warning", "error"]
    device: Literal["cpu", "gpu", "xpu", "sdaa", None]
    use_vdl: Annotated[bool, _needs("visualdl")]
    use_tbd: Annotated[bool, _needs("tensorboardX")]
    use_wandb: Annotated[bool, _needs("wandb")]
    wandb_config: Optional[Dict[str, Any]]
    use_amp: bool
    amp_level: Annotated[
        Literal["O1", "O2"], _only("O1", "the penalty needs the weights in float32")
    ]
    to_static: Annotated[
        bool, _only(False, "a compiled critic loses the gradient of the penalty")
    ]
    prim: bool
    GAN: GANConfig
    TRAIN: TrainConfig
    EVAL: EvalConfig
    INFER: InferConfig

    # keys and groups that leave the course of the training as it is
    beside_the_course: ClassVar[Tuple[str, ...]] = (
        "mode",
        "output_dir",
        "device",
        "log_freq",
        "log_level",
        "use_vdl",
        "use_tbd",
        "use_wandb",
        "wandb_config",
        "TRAIN.epochs",  # unless the learning rates go by them
        "TRAIN.log_freq",
        "TRAIN.save_freq",
        "TRAIN.keep_checkpoints",
        "TRAIN.keep_every",
        "TRAIN.on_nan",
        "TRAIN.resume",
        "TRAIN.may_differ",
        "TRAIN.allow_other_data",
        "TRAIN.checkpoint_path",
        "TRAIN.pretrained_model_path",
        "TRAIN.eval_during_train",
        "TRAIN.start_eval_epoch",
        "TRAIN.eval_freq",
        "EVAL",
        "INFER",
    )

    @model_validator(mode="after")
    def penalty_has_a_meaning(self):
        for key, default in _WITHOUT_PENALTY.items():
            value = getattr(self.GAN, key)
            if self.GAN.name != "wgan_gp" and value != default:
                raise ValueError(
                    f"GAN.{key}={value} is refused: GAN.name={self.GAN.name} has no penalty; "
                    f"leave it at {default}, or set GAN.name=wgan_gp"
                )
        own = PENALTY_FORMS[self.GAN.penalty].own_target
        if own is not None and self.GAN.penalty_target != 1.0:
            raise ValueError(
                f"GAN.penalty_target={self.GAN.penalty_target} is refused: the target of "
                f"GAN.penalty={self.GAN.penalty} is {own:g}; leave the key at 1.0, or set "
                "GAN.penalty=two_sided"
            )
        return self

    @model_validator(mode="after")
    def steps_go_by_what_there_is(self):
        if self.GAN.name not in ("wgan_gp", "wgan") and is_adaptive(self.GAN.n_critic):
            raise ValueError(
                "an adaptive GAN.n_critic goes by the Wasserstein estimate, which "
                f"GAN.name={self.GAN.name} has none of: give a number or a schedule"
            )
        return self

    @model_validator(mode="after")
    def critic_fits_the_penalty(self):
        norm = getattr(getattr(self, "MODEL", None), "critic_norm", None)
        if self.GAN.name == "wgan_gp" and norm == "batch":
            raise ValueError(
                "MODEL.critic_norm=batch mixes the samples of a batch, but the gradient penalty "
                "is per sample: set it to layer, or leave it to GAN.name=wgan or gan"
            )
        return self

    @model_validator(mode="after")
    def generates_for_one_thing(self):
        if self.INFER.condition is not None and self.INFER.labels is not None:
            raise ValueError(
                "INFER.condition and INFER.labels are both given: leave one of them out"
            )
        return self
