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

"""What a configuration may say: checked as a whole, before any work is done."""

from __future__ import annotations

import difflib
import sys
from os import path as osp
from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import Literal
from typing import Optional
from typing import Tuple
from typing import Union
from typing import get_args

from hydra import compose
from hydra import initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from ppsci.utils import config as ppsci_config
from pydantic import BaseModel
from pydantic import ConfigDict
from pydantic import Field
from pydantic import PositiveFloat
from pydantic import PositiveInt
from pydantic import ValidationError
from pydantic import model_validator

from ppsci_ext.utils import UserError

_STRICT = ConfigDict(extra="forbid")


class DataConfig(BaseModel):
    model_config = _STRICT
    name: Literal[
        "8gaussians", "25gaussians", "swissroll", "mnist", "cifar10", "npz", "folder"
    ]
    root: str = ""
    download: bool = False
    range: Tuple[float, float] = (0.0, 1.0)
    levels: Literal[255, 256] = 256
    dequantize: bool = False


class ModelConfig(BaseModel):
    model_config = _STRICT
    name: Literal["dcgan", "resnet", None] = None
    dim: PositiveInt
    latent_dim: PositiveInt
    image_shape: Optional[Tuple[PositiveInt, PositiveInt, PositiveInt]] = None
    conditional: bool = False
    num_classes: int = Field(0, ge=0)
    generator_batch_norm: bool = False
    critic_batch_norm: bool = False


class GANConfig(BaseModel):
    model_config = _STRICT
    name: Literal["wgan_gp", "wgan"]
    lambda_gp: float = Field(ge=0)
    penalty: Literal["two_sided", "one_sided"]
    clip_value: PositiveFloat
    n_critic: Union[PositiveInt, Dict[int, PositiveInt]]
    generator_batch_multiple: PositiveInt = 1
    fixed_generator: bool = False
    acgan_scale: float = Field(1.0, ge=0)
    acgan_scale_generator: float = Field(0.1, ge=0)

    @model_validator(mode="after")
    def schedule_starts_at_zero(self):
        if isinstance(self.n_critic, dict) and 0 not in self.n_critic:
            raise ValueError("a schedule of n_critic must begin at iteration 0")
        return self


class TrainConfig(ppsci_config.TrainConfig):
    model_config = _STRICT
    iters_per_epoch: PositiveInt
    batch_size: PositiveInt
    log_freq: PositiveInt
    optimizer: Literal["adam", "rmsprop"]
    beta1: float = Field(ge=0, lt=1)
    beta2: float = Field(ge=0, lt=1)
    generator_lr: PositiveFloat
    critic_lr: PositiveFloat
    lr_decay: bool = False
    validation_size: Optional[PositiveInt] = None
    keep_checkpoints: PositiveInt = 2
    resume: bool = False


class ExtractorConfig(BaseModel):
    model_config = _STRICT
    name: Optional[str] = None
    weights: Optional[str] = None


class EvalConfig(ppsci_config.EvalConfig):
    model_config = _STRICT
    num_samples: int = Field(ge=2)
    batch_size: PositiveInt
    extractor: ExtractorConfig = ExtractorConfig()


class InferConfig(ppsci_config.InferConfig):
    model_config = _STRICT
    num_samples: PositiveInt
    batch_size: PositiveInt


class CaseConfig(ppsci_config.SolverConfig):
    """Schema of a whole case; PAPER holds the values that the authors' scripts set."""

    model_config = _STRICT
    output_dir: str = Field(min_length=1)
    PAPER: Dict[str, Any] = {}
    DATA: DataConfig
    MODEL: ModelConfig
    GAN: GANConfig
    TRAIN: TrainConfig
    EVAL: EvalConfig
    INFER: InferConfig

    @model_validator(mode="after")
    def groups_fit_together(self):
        if self.GAN.name == "wgan_gp" and self.MODEL.critic_batch_norm:
            raise ValueError(
                "MODEL.critic_batch_norm=true mixes the samples of a batch, but the gradient "
                "penalty is per sample: leave it to GAN.name=wgan"
            )
        if self.GAN.fixed_generator and self.mode != "train":
            raise ValueError(
                f"GAN.fixed_generator=true leaves mode={self.mode} without a generator: it is "
                "for mode=train only"
            )
        if self.MODEL.conditional and self.MODEL.num_classes < 2:
            raise ValueError("MODEL.conditional=true needs MODEL.num_classes")
        if self.MODEL.conditional and self.MODEL.name == "dcgan":
            raise ValueError(
                "MODEL.conditional=true is for MODEL.name=resnet: dcgan takes no labels"
            )
        return self


def check_config(cfg: DictConfig) -> None:
    """Check types, ranges and choices of a whole configuration.

    Args:
        cfg (DictConfig): Composed configuration.

    Raises:
        UserError: Naming the first key that is wrong, its value and what it may be.
    """
    # these two select among PAPER's values, so they come before anything else
    for group, schema in (("GAN", GANConfig), ("MODEL", ModelConfig)):
        choices = get_args(schema.model_fields["name"].annotation)
        if cfg[group].get("name") not in choices:
            raise UserError(
                f"{group}.name={cfg[group].name} is refused: it should be one of "
                f"{', '.join(filter(None, choices))}."
            )
    try:
        values = OmegaConf.to_container(cfg, resolve=True)
        CaseConfig(**values)
    except OmegaConfBaseException as error:
        raise UserError(_first_line(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        message = first["msg"].replace("Value error, ", "")
        if first["type"] == "value_error":  # of several keys; the message names them
            raise UserError(f"{message}.") from error
        raise UserError(
            f"{key}={first['input']} is refused: {message[0].lower()}{message[1:]}."
        ) from error


def check_overrides(known: DictConfig, overrides: List[str]) -> None:
    """Check that every key=value names a key that there is.

    Args:
        known (DictConfig): Configuration without overrides.
        overrides (List[str]): Arguments of the command line.

    Raises:
        UserError: Naming the unknown key and the nearest known one.
    """
    keys = _flat_keys(OmegaConf.to_container(known, resolve=False))
    for override in overrides:
        key = override.split("=", 1)[0].lstrip("+~")
        if key.split(".", 1)[0] in ("hydra", "hydra/launcher", "hydra/sweeper"):
            continue
        if key in keys:
            continue
        values = [k for k in keys if not any(o.startswith(f"{k}.") for o in keys)]
        near = difflib.get_close_matches(key, values, n=1, cutoff=0.0)
        raise UserError(f"There is no key '{key}'; the nearest one is '{near[0]}'.")


def _flat_keys(tree: Dict[str, Any], prefix: str = "") -> List[str]:
    keys = []
    for name, value in tree.items():
        keys.append(f"{prefix}{name}")
        if isinstance(value, dict):
            keys += _flat_keys(value, f"{prefix}{name}.")
    return keys


def _first_line(error: BaseException) -> str:
    while not str(error) and error.__cause__ is not None:
        error = error.__cause__
    return f"{str(error).splitlines()[0].rstrip('.')}."


def launch(main: Callable[[], None], config_dir: str, config_name: str) -> None:
    """Check the command line and the configuration, then hand over to Hydra.

    Args:
        main (Callable[[], None]): Function under @hydra.main.
        config_dir (str): Folder of the YAML files.
        config_name (str): YAML file of the case.
    """
    overrides = sys.argv[1:]
    if not any(
        argument.startswith("-") for argument in overrides
    ):  # no flags of Hydra's
        try:
            with initialize_config_dir(osp.abspath(config_dir), version_base=None):
                check_overrides(compose(config_name), overrides)
                check_config(compose(config_name, overrides=overrides))
        except HydraException as error:
            fail(UserError(_first_line(error)))
        except UserError as error:
            fail(error)
    main()


def fail(error: UserError) -> None:
    """Say in one sentence what the user has to mend, and exit with status 2."""
    print(f"error: {error}", file=sys.stderr)
    sys.exit(2)
