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

"""Random fields with conditions, and fields as a network sees them."""

from __future__ import annotations

import dataclasses
from typing import Any
from typing import Dict
from typing import Mapping
from typing import Optional
from typing import Tuple
from typing import Union

import numpy as np
from scipy.special import ndtri

from ppsci_ext.data.fields.random_fields import PorousField
from ppsci_ext.data.fields.random_fields import RandomField
from ppsci_ext.data.fields.random_fields import filtered_noise
from ppsci_ext.data.fields.spectrum import lattice_spectrum
from ppsci_ext.data.fields.transform import FieldTransform
from ppsci_ext.data.names import unknown_name
from ppsci_ext.utils.errors import UserError

PARAMETERS = ("length", "porosity")
Range = Tuple[float, float]


def with_parameters(field: RandomField, **values: float) -> RandomField:
    """The field with another correlation length or porosity.

    Raises:
        UserError: Another parameter than those two, or one that the field lacks.
    """
    for name in values:
        if name not in PARAMETERS:
            raise unknown_name("parameter of a field", name, PARAMETERS)
    if "porosity" in values and not isinstance(field, PorousField):
        raise UserError(f"a {field.name} field has no porosity; take a porous one")
    changes: Dict[str, Any] = dict(values)
    length = changes.pop("length", None)
    if length is not None:
        changes["spectrum"] = dataclasses.replace(field.spectrum, length=length)
    return dataclasses.replace(field, **changes)


class ConditionedField:
    """A random field with parameters that differ from map to map, its condition.

    Lengths are uniform in their logarithm, porosities in themselves. A condition is
    float32 [n, k], in [-1, 1] over the range of each parameter.

    Args:
        field (RandomField): What does not change.
        ranges (Mapping[str, Tuple[float, float]]): Lowest and highest "length" and
            "porosity", or one of them; k entries.
        held_out (Optional[Mapping[str, Tuple[float, float]]]): Parts of the ranges that
            are never drawn, to be asked for in a test. Defaults to None.

    Attributes:
        name (str): The field's.
        shape (Tuple[int, ...]): The field's.
        field (RandomField): As given.
        parameters (Tuple[str, ...]): Names of the k parameters.
        ranges (Dict[str, Tuple[float, float]]): As given.

    Raises:
        UserError: A parameter that the field lacks, an empty range, or a held-out part
            that leaves nothing.
    """

    def __init__(
        self,
        field: RandomField,
        ranges: Mapping[str, Range],
        held_out: Optional[Mapping[str, Range]] = None,
    ):
        self.name, self.shape, self.field = field.name, field.shape, field
        self.parameters = tuple(ranges)
        self.ranges: Dict[str, Range] = dict(ranges)
        self._held_out = dict(held_out or {})
        if not ranges:
            raise UserError("a conditioned field needs the range of a parameter")
        for name in self._held_out:
            if name not in ranges:
                raise unknown_name("held-out parameter", name, self.parameters)
        for name, (low, high) in ranges.items():
            upper = 1 if name == "porosity" else np.inf
            if not 0 < low < high < upper:
                raise UserError(
                    f"the range of {name} is {low} to {high}; give a lower and a higher "
                    f"value between 0 and {upper}"
                )
            with_parameters(field, **{name: low})
            hole = self._held_out.get(name)
            if hole and (not hole[0] < hole[1] or (hole[0] <= low and high <= hole[1])):
                raise UserError(
                    f"{hole[0]} to {hole[1]} of {name} is held out, of {low} to {high}; "
                    "hold out a part that leaves some of it"
                )

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draws fields alone, float32 [n, 1, *shape]."""
        return self.sample_with_condition(n, rng)[0]

    def sample_with_condition(
        self, n: int, rng: np.random.Generator
    ) -> Tuple[np.ndarray, np.ndarray]:
        """Draws fields and their conditions.

        Args:
            n (int): How many.
            rng (np.random.Generator): The only source of randomness.

        Returns:
            Tuple[np.ndarray, np.ndarray]: float32 [n, 1, *shape] and float32 [n, k].
        """
        values = np.stack([self._draw(name, n, rng) for name in self.parameters], 1)
        return self.draw(values, rng), self.encode(values)

    def draw(self, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draws one field for each row of parameters, [n, k]: float32 [n, 1, *shape]."""
        columns = dict(zip(self.parameters, np.asarray(values, np.float64).T))
        tail = (-1, *[1] * len(self.shape))
        spectrum = self.field.gaussian_spectrum
        if "length" in columns:
            spectra = dataclasses.replace(
                self.field.spectrum, length=columns["length"].reshape(tail)
            )
            spectrum = lattice_spectrum(spectra, self.shape, self.field.zero_mean)
        g = filtered_noise(len(values), self.shape, spectrum, rng)
        if "porosity" in columns:
            nu = -ndtri(columns["porosity"]).reshape(tail)
            return (g > nu).astype(np.float32)[:, np.newaxis]
        return self.field.from_gaussian(g)[:, np.newaxis]

    def at(self, values: np.ndarray) -> RandomField:
        """The field with one row of parameters, [k]."""
        return with_parameters(
            self.field, **dict(zip(self.parameters, map(float, values)))
        )

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Parameters [n, k] to a network's condition, float32 [n, k]."""
        columns = []
        for name, column in zip(self.parameters, np.transpose(values)):
            low, high = _uniform(name, self.ranges[name])
            columns.append(2 * (_uniform(name, column) - low) / (high - low) - 1)
        return np.stack(columns, axis=1).astype(np.float32)

    def decode(self, condition: np.ndarray) -> np.ndarray:
        """A network's condition [n, k] to parameters, float64 [n, k]."""
        columns = [
            self._decoded(name, column)
            for name, column in zip(self.parameters, np.transpose(condition))
        ]
        return np.stack(columns, axis=1)

    def _decoded(self, name: str, condition: np.ndarray) -> np.ndarray:
        low, high = _uniform(name, self.ranges[name])
        uniform = low + (np.asarray(condition, np.float64) + 1) / 2 * (high - low)
        return np.exp(uniform) if name == "length" else uniform

    def _draw(self, name: str, n: int, rng: np.random.Generator) -> np.ndarray:
        values = self._decoded(name, rng.uniform(-1, 1, n))
        low, high = self._held_out.get(name, (np.inf, -np.inf))
        while (held := (low <= values) & (values <= high)).any():
            values[held] = self._decoded(name, rng.uniform(-1, 1, int(held.sum())))
        return values


def _uniform(name: str, values: np.ndarray) -> np.ndarray:
    """The scale on which a parameter is drawn uniformly."""
    values = np.asarray(values, np.float64)
    return np.log(values) if name == "length" else values


class PointMeasurements:
    """Fields with their values at random points as the condition.

    Args:
        source (RandomField): Anything with `sample`, `name` and `shape`.
        points (Union[int, Tuple[int, int]]): Number of points, or the fewest and the most.

    Raises:
        UserError: No point, or more than there are pixels.
    """

    def __init__(self, source: Any, points: Union[int, Tuple[int, int]]):
        self.name, self.shape, self._source = source.name, source.shape, source
        self._points = (points, points) if isinstance(points, int) else tuple(points)
        if not 1 <= self._points[0] <= self._points[1] <= np.prod(self.shape):
            raise UserError(
                f"there are to be {points} measurements in a field of "
                f"{list(self.shape)} pixels; give it at least 1, and at most its pixels"
            )

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draws fields alone, float32 [n, C, *shape]."""
        return self._source.sample(n, rng)

    def sample_with_condition(
        self, n: int, rng: np.random.Generator
    ) -> Tuple[np.ndarray, Dict[str, np.ndarray]]:
        """Draws fields and measures them.

        Args:
            n (int): How many.
            rng (np.random.Generator): The only source of randomness.

        Returns:
            Tuple[np.ndarray, Dict[str, np.ndarray]]: float32 [n, C, *shape], and "mask"
                [n, 1, *shape], 1 at the points, and "values" [n, C, *shape], 0 elsewhere.
        """
        fields = self._source.sample(n, rng)
        counts = rng.integers(self._points[0], self._points[1] + 1, size=(n, 1))
        ranks = (
            rng.random((n, int(np.prod(self.shape)))).argsort(axis=1).argsort(axis=1)
        )
        mask = (ranks < counts).astype(np.float32).reshape(n, 1, *self.shape)
        return fields, {"mask": mask, "values": fields * mask}


class NetworkFields:
    """A source of physical fields, turned into a network's values on the way.

    Args:
        source (Any): With `sample`, and `sample_with_condition` if it has conditions.
        transform (FieldTransform): Applied to fields and to measured values.
    """

    def __init__(self, source: Any, transform: FieldTransform):
        self.name, self.shape = source.name, source.shape
        self.source, self.transform = source, transform
        if hasattr(source, "sample_with_condition"):
            self.sample_with_condition = self._sample_with_condition

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draws fields, float32 [n, C, *shape], in network's values."""
        return self.transform.forward(self.source.sample(n, rng))

    def _sample_with_condition(self, n: int, rng: np.random.Generator) -> Tuple:
        fields, condition = self.source.sample_with_condition(n, rng)
        values = self.transform.forward(fields)
        if isinstance(condition, dict):
            condition = {**condition, "values": values * condition["mask"]}
        return values, condition
