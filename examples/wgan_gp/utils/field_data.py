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

"""The data of the fields case: its keys, and what they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from typing import Any
from typing import Dict
from typing import List
from typing import Literal
from typing import Mapping
from typing import Optional
from typing import Tuple
from typing import Union

import numpy as np
from omegaconf import DictConfig
from omegaconf import OmegaConf
from pydantic import Field
from pydantic import model_validator
from wgan_gp.utils.schema import CaseConfig
from wgan_gp.utils.schema import Group

from ppsci_ext.data.fields import FIELD_NAMES
from ppsci_ext.data.fields import SPECTRA
from ppsci_ext.data.fields import ConditionedField
from ppsci_ext.data.fields import FieldTransform
from ppsci_ext.data.fields import NetworkFields
from ppsci_ext.data.fields import PointMeasurements
from ppsci_ext.data.fields import RandomField
from ppsci_ext.data.fields import load_crops
from ppsci_ext.data.fields import random_field
from ppsci_ext.utils import UserError
from ppsci_ext.utils.values import Positive
from ppsci_ext.utils.values import Samples
from ppsci_ext.utils.values import Seed
from ppsci_ext.utils.values import Text

OWN = {"images": 2, "volumes": 3}  # own data and their dimension
_PIXELS_PER_LENGTH = 16  # of an axis, where no correlation length is given

Size = Annotated[int, Field(ge=4, le=2**12)]
Sizes = Annotated[List[Size], Field(min_length=1, max_length=3)]
Axes = Annotated[List[Annotated[int, Field(ge=0, le=2)]], Field(max_length=3)]
Share = Annotated[float, Field(gt=0, lt=1)]
Range = Optional[Annotated[List[Positive], Field(min_length=2, max_length=2)]]
Points = Annotated[int, Field(ge=1, le=2**20)]


class ParametersConfig(Group):
    length: Range
    porosity: Range


class FieldDataConfig(Group):
    name: Literal[(*FIELD_NAMES, *OWN)]
    size: Sizes
    spectrum: Literal[(*SPECTRA, None)]
    length: Optional[Positive]
    smoothness: Positive
    variance: Positive
    porosity: Share
    zero_mean: Optional[bool]
    num_samples: Optional[Samples]
    seed: Seed
    vary: ParametersConfig
    unseen: ParametersConfig
    points: Optional[Annotated[List[Points], Field(min_length=2, max_length=2)]]
    path: Optional[Text]
    facies: bool
    periodic: Axes
    isotropic: Axes
    held_out: Share


def is_conditional(data: Any) -> bool:
    """Whether fields are made for parameters or measurements.

    Args:
        data (Any): cfg.DATA, or its schema.
    """
    vary = data.vary
    return any(x is not None for x in (vary.length, vary.porosity, data.points))


class FieldCaseConfig(CaseConfig):
    DATA: FieldDataConfig

    @model_validator(mode="after")
    def own_data_have_a_file_and_no_formula(self):
        data = self.DATA
        if data.name not in OWN:
            if data.path is not None:
                raise ValueError(
                    f"DATA.path is given, but DATA.name={data.name} needs no file: set "
                    "DATA.name to images or volumes"
                )
            return self
        if data.path is None:
            raise ValueError(f"DATA.name={data.name} needs a file: set DATA.path")
        if len(data.size) != OWN[data.name]:
            raise ValueError(
                f"DATA.size={data.size} is refused: DATA.name={data.name} needs "
                f"{OWN[data.name]} sizes, those of a crop"
            )
        for key, given in (
            ("DATA.vary or DATA.points", is_conditional(data)),
            ("DATA.num_samples", data.num_samples is not None),
        ):
            if given:
                raise ValueError(
                    f"{key} is refused: it is for random fields, not for own data "
                    f"(DATA.name={data.name}); leave it out"
                )
        return self

    @model_validator(mode="after")
    def what_is_unseen_varies(self):
        for name in ("length", "porosity"):
            if getattr(self.DATA.unseen, name) and not getattr(self.DATA.vary, name):
                raise ValueError(
                    f"DATA.unseen.{name} is a part of DATA.vary.{name}, which is not given: set "
                    "both, or none"
                )
        return self

    @model_validator(mode="after")
    def one_condition_whose_truth_is_known(self):
        vary = self.DATA.vary
        if self.DATA.points is None:
            return self
        if vary.length is not None or vary.porosity is not None:
            raise ValueError(
                "DATA.points and DATA.vary are both given: leave one of them out"
            )
        if self.DATA.name == "porous":
            raise ValueError(
                "DATA.points is refused: what measurements say of a porous field is not known "
                "exactly; take another DATA.name"
            )
        return self


@dataclass
class FieldData:
    """Fields to learn from, and the truth about them.

    Attributes:
        train (Any): What BatchStream takes, in a network's values.
        test (Any): Held-out fields, likewise; None where training fields never repeat.
        channels (int): Channels of a field.
        transform (FieldTransform): Between physical fields and a network's values.
        truth (Union[RandomField, np.ndarray]): The distribution, or held-out real fields
            [N, C, *shape], physical.
        training (Optional[np.ndarray]): Training fields that a generator could learn by heart,
            physical [N, C, *shape].
        conditioned (Optional[ConditionedField]): Fields with varying parameters.
        measured (Optional[PointMeasurements]): Fields with measurements.
    """

    train: Any
    test: Any
    channels: int
    transform: FieldTransform
    truth: Union[RandomField, np.ndarray]
    training: Optional[np.ndarray] = None
    conditioned: Optional[ConditionedField] = None
    measured: Optional[PointMeasurements] = None

    @property
    def zero_mean(self) -> bool:
        """Whether every single field has exactly the mean 0, in a network's values."""
        truth = self.truth
        return isinstance(truth, RandomField) and truth.zero_mean and not truth.binary

    def encode(self, condition: Mapping[str, np.ndarray]) -> Any:
        """A condition in physical units as the networks take it.

        Args:
            condition (Mapping[str, np.ndarray]): Parameters by name, [n] each; or "mask" and
                "values" of measurements.

        Raises:
            UserError: If other arrays are given, or they don't fit each other.
        """
        if self.conditioned is not None:
            names: Tuple[str, ...] = self.conditioned.parameters
        else:
            names = ("mask", "values")
        arrays = {name: np.asarray(value) for name, value in condition.items()}
        if set(arrays) != set(names) or len({len(a) for a in arrays.values()}) != 1:
            given = ", ".join(f"'{n}' {list(a.shape)}" for n, a in arrays.items())
            raise UserError(
                f"INFER.condition holds {given or 'nothing'}: give an .npz file with the arrays "
                f"{' and '.join(names)}, of as many fields."
            )
        if self.conditioned is not None:
            columns = [arrays[name].reshape(len(arrays[name]), -1) for name in names]
            return self.conditioned.encode(np.concatenate(columns, axis=1))
        mask = (arrays["mask"] != 0).astype(np.float32)
        return {"mask": mask, "values": self.transform.forward(arrays["values"]) * mask}


def field_data(data: DictConfig) -> FieldData:
    """The data that cfg.DATA describes.

    Raises:
        UserError: If a file is missing or damaged, or a value out of range.
    """
    keys = OmegaConf.to_container(data, resolve=True)
    return _own_data(keys) if keys["name"] in OWN else _random_data(keys)


def _own_data(keys: Dict[str, Any]) -> FieldData:
    train, test = load_crops(
        keys["path"],
        keys["size"],
        keys["facies"],
        keys["periodic"],
        keys["isotropic"],
        keys["held_out"],
    )
    held_out = test.grid()
    return FieldData(
        NetworkFields(train, train.transform),
        train.transform.forward(held_out),
        train.channels,
        train.transform,
        held_out,
        train.grid(),
    )


class _Endless(NetworkFields):
    """Fields in a network's values, with their condition where they have one."""

    def sample(self, n: int, rng: np.random.Generator) -> Any:
        if hasattr(self.source, "sample_with_condition"):
            return self.sample_with_condition(n, rng)
        return super().sample(n, rng)


def _random_data(keys: Dict[str, Any]) -> FieldData:
    default = "power_law" if keys["name"] == "turbulence" else "matern"
    spectrum, length = keys["spectrum"] or default, keys["length"]
    if length is None and spectrum == "matern":
        length = min(keys["size"]) / _PIXELS_PER_LENGTH
    zero_mean = keys["zero_mean"]
    if zero_mean is None:
        zero_mean = length is None  # then the spectrum is infinite at 0
    field = random_field(
        keys["name"],
        keys["size"],
        spectrum,
        length,
        keys["smoothness"],
        keys["variance"],
        keys["porosity"],
        zero_mean,
    )
    vary, unseen = (
        {name: tuple(value) for name, value in keys[key].items() if value is not None}
        for key in ("vary", "unseen")
    )
    conditioned = measured = None
    if vary:
        conditioned = ConditionedField(field, vary, unseen)
    if keys["points"] is not None:
        measured = PointMeasurements(field, tuple(keys["points"]))
    transform = FieldTransform.of(field)
    endless = _Endless(conditioned or measured or field, transform)
    data = FieldData(endless, None, 1, transform, field, None, conditioned, measured)
    if keys["num_samples"] is not None:
        rng = np.random.default_rng(keys["seed"])
        held_out = max(2, round(keys["held_out"] * keys["num_samples"]))
        data.train = endless.sample(keys["num_samples"], rng)
        data.test = endless.sample(held_out, rng)
        fields = data.train[0] if isinstance(data.train, tuple) else data.train
        data.training = transform.inverse(fields)
    return data
