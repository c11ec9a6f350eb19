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

"""Whether generated fields have what was asked for: parameters, and values at points."""

from __future__ import annotations

import dataclasses
from typing import Any
from typing import Callable
from typing import Dict

import numpy as np
from scipy import fft

from ppsci_ext.data.fields.conditions import ConditionedField
from ppsci_ext.data.fields.conditions import with_parameters
from ppsci_ext.data.fields.kriging import Kriging
from ppsci_ext.data.fields.random_fields import LognormalField
from ppsci_ext.data.fields.random_fields import PorousField
from ppsci_ext.data.fields.random_fields import RandomField
from ppsci_ext.data.fields.spectrum import lattice_spectrum
from ppsci_ext.metric.fields.arrays import as_fields
from ppsci_ext.metric.fields.grid import half_weights
from ppsci_ext.metric.fields.verdict import DISTANCE
from ppsci_ext.metric.fields.verdict import ESTIMATE
from ppsci_ext.metric.fields.verdict import Evidence
from ppsci_ext.metric.fields.verdict import check_rates
from ppsci_ext.metric.fields.verdict import judge
from ppsci_ext.metric.fields.verdict import real_sets_rng
from ppsci_ext.utils.errors import UserError

LARGE_SCALE = "large_scale_length"  # a parameter recovered otherwise
_RESOLUTION = 1e-6
_LENGTHS = 100  # in the search for the most likely one
_SLACK = 3.0  # beyond the range that was asked for
_SEEN = 1e-3  # of the spectrum's maximum, see `parameter_scores`
_TOLD = 0.01  # of the variance: below it, a pixel is as good as measured


class LengthLikelihood:
    """Finds the most likely correlation length of each map, all else being known.

    The likelihood of a Gaussian field on the torus is exactly Whittle's (1953, Ark. Mat. 2,
    423), -1/2 sum over k of log S_l(k) + |F_k|^2 / (N S_l(k)). Its maximum is looked for on
    a logarithmic grid and refined by a parabola.

    Args:
        field (RandomField): Gaussian or lognormal; its own length is of no effect but on
            `share`.
        low (float): Shortest length to look at, pixels.
        high (float): Longest.
        share (float, optional): Wave numbers where the field's spectrum is below this share of
            its maximum are left out. Defaults to 0.

    Raises:
        UserError: A porous field, of which the Gaussian field is not to be seen.
    """

    def __init__(self, field: RandomField, low: float, high: float, share: float = 0.0):
        if isinstance(field, PorousField):
            raise UserError(
                "the correlation length of a porous field has no exact likelihood; ask for "
                "its porosity"
            )
        self._field = field
        self._lengths = np.geomspace(low, high, _LENGTHS)
        own = self._density(field.spectrum.length)
        self._modes = own >= share * own.max()
        if field.zero_mean:
            self._modes[0] = False  # k = 0, where S is 0 whatever the length
        weights = half_weights(field.shape).ravel()[self._modes]
        inverse, self._logarithm = [], np.empty(_LENGTHS)
        for index, length in enumerate(self._lengths):
            density = self._density(length)[self._modes]
            inverse.append(weights / density)
            self._logarithm[index] = weights @ np.log(density)
        self._inverse = np.array(inverse)

    def _density(self, length: float) -> np.ndarray:
        """S of the modes that a real transform has."""
        field = self._field
        spectrum = dataclasses.replace(field.spectrum, length=length)
        density = lattice_spectrum(spectrum, field.shape, field.zero_mean)
        return density[..., : field.shape[-1] // 2 + 1].ravel()

    def lengths(self, fields: np.ndarray) -> np.ndarray:
        """The most likely lengths, in pixels.

        Args:
            fields (np.ndarray): [n, *shape], physical.

        Returns:
            np.ndarray: float64 [n].
        """
        if isinstance(
            self._field, LognormalField
        ):  # generated ones need not be positive
            fields = np.maximum(fields, np.finfo(np.float32).tiny)
        g = self._field.level(fields)
        power = np.abs(fft.rfftn(g, axes=tuple(range(1, g.ndim)))) ** 2
        power = power.reshape(len(g), -1)[:, self._modes] / self._field.num_pixels
        likelihood = -(power @ self._inverse.T + self._logarithm) / 2
        best = likelihood.argmax(axis=1).clip(1, _LENGTHS - 2)
        before, at, after = (
            likelihood[np.arange(len(g)), best + step] for step in (-1, 0, 1)
        )
        curvature = np.minimum(before - 2 * at + after, -1e-300)
        shift = ((before - after) / (2 * curvature)).clip(-1, 1)
        ratio = self._lengths[1] / self._lengths[0]
        return self._lengths[best] * ratio**shift


def parameter_scores(
    generated: np.ndarray,
    asked: np.ndarray,
    source: ConditionedField,
    sets: int = 99,
    level: float = 0.05,
    seed: int = 0,
) -> Dict[str, Any]:
    """Judge parameters that generated fields have by those that they were asked to have.

    Lengths are recovered by Whittle's likelihood and compared in their logarithm,
    porosities are counted. Real sets are drawn with the same parameters.

    Args:
        generated (np.ndarray): [n, 1, *shape], physical.
        asked (np.ndarray): [n, k], parameters in the source's order, as of its `decode`.
        source (ConditionedField): The distribution of the training data.
        sets (int): Number of real sets, at least 60.
        level (float): Rate of false alarms.
        seed (int): Of the real sets.

    Returns:
        Dict[str, Any]: For JSON, as of `FieldJudge.scores`. For each parameter
            "<name>_error", the root mean square of recovered less asked (truth 0);
            "<name>_bias", its mean; "<name>_slope" of recovered on asked, 0 where the
            condition is not listened to (if different values are asked for). The truth of
            the last two is that of perfect recovery, or of real fields where that differs.
            "large_scale_length_..." are the same from those wave numbers alone where fields of
            the greatest length have a thousandth of their largest power: the exact likelihood
            weighs all wave numbers alike, and a trace of noise makes a smooth field a short one.

    Raises:
        UserError: Shapes that don't fit each other, or too few sets.
    """
    check_rates(sets, level)
    fields = as_fields(generated, "the generated fields", len(source.shape))[:, 0]
    asked = np.asarray(asked, np.float64)
    if asked.shape != (len(fields), len(source.parameters)):
        raise UserError(
            f"{len(fields)} fields were asked for {len(source.parameters)} parameters "
            f"each; give them as such a table, not {list(asked.shape)}"
        )
    _check_shape(fields, source.shape)
    rng = real_sets_rng(seed)
    recovery = Recovery(source)
    own = recovery.errors(fields, asked)
    reals = [recovery.errors(source.draw(asked, rng)[:, 0], asked) for _ in range(sets)]
    evidence = {}
    for name, value in own.items():
        real = np.array([[one[name]] for one in reals])
        if name.endswith("_error"):
            kind, truth = DISTANCE, np.zeros(1)
        else:  # the estimator's own bias, if any, is not the generator's
            kind, truth = ESTIMATE, real.mean(axis=0)
        evidence[name] = Evidence(kind, np.array([value]), truth, real, _RESOLUTION)
    return {"fields": len(fields), "real_sets": sets, **judge(evidence, level)}


class Recovery:
    """Finds the parameters of fields of one conditioned distribution.

    Args:
        source (ConditionedField): The distribution. Lengths are looked for in three times
            its range on either side.
    """

    def __init__(self, source: ConditionedField):
        self._source = source
        self._found_by: Dict[str, Callable[[np.ndarray], np.ndarray]] = {}
        if "porosity" in source.parameters:
            self._found_by["porosity"] = _porosities
        if "length" in source.parameters:
            low, high = source.ranges["length"]
            longest = with_parameters(source.field, length=high)
            for name, share in (("length", 0.0), (LARGE_SCALE, _SEEN)):
                self._found_by[name] = LengthLikelihood(
                    longest, low / _SLACK, high * _SLACK, share
                ).lengths

    def parameters(self, fields: np.ndarray) -> Dict[str, np.ndarray]:
        """Of fields [n, *shape], float64 [n] under each parameter's name."""
        return {name: find(fields) for name, find in self._found_by.items()}

    def errors(self, fields: np.ndarray, asked: np.ndarray) -> Dict[str, float]:
        """The scores' values, see `parameter_scores`."""
        result = {}
        for name, values in self.parameters(fields).items():
            parameter = "length" if name == LARGE_SCALE else name
            wanted = asked[:, self._source.parameters.index(parameter)]
            if parameter == "length":
                values, wanted = np.log(values), np.log(wanted)
            error = values - wanted
            result[f"{name}_error"] = float(np.sqrt(np.mean(error**2)))
            result[f"{name}_bias"] = float(error.mean())
            centred = wanted - wanted.mean()
            if np.ptp(wanted) > 0:
                result[f"{name}_slope"] = float(centred @ values / (centred @ centred))
        return result


def _porosities(fields: np.ndarray) -> np.ndarray:
    return fields.mean(axis=tuple(range(1, fields.ndim)), dtype=np.float64)


def kriging_scores(
    generated: np.ndarray,
    kriging: Kriging,
    sets: int = 99,
    level: float = 0.05,
    seed: int = 0,
) -> Dict[str, Any]:
    """Judge fields generated for one set of measurements by the exact distribution.

    Args:
        generated (np.ndarray): [n, 1, *shape], physical, all for the same measurements.
        kriging (Kriging): Of these measurements.
        sets (int): Number of real sets, exact conditional draws; at least 60.
        level (float): Rate of false alarms.
        seed (int): Of the real sets.

    Returns:
        Dict[str, Any]: For JSON, as of `FieldJudge.scores`: "misfit", root mean square
            difference from the measured values; "kriging_mean", of the mean map from
            kriging's, in kriging's standard deviations; "kriging_variance", of the
            variance map from kriging's, relative; both over the pixels with more than a
            hundredth of the variance left.

    Raises:
        UserError: Fields of another shape or too few of them or of sets.
    """
    check_rates(sets, level)
    fields = as_fields(generated, "the generated fields", kriging.mean.ndim)[:, 0]
    _check_shape(fields, kriging.mean.shape)
    if len(fields) < 2:
        raise UserError("one field has no variance; generate more for each measurement")
    rng = real_sets_rng(seed)
    own = _kriging_distances(fields, kriging)
    reals = [
        _kriging_distances(kriging.sample(len(fields), rng)[:, 0], kriging)
        for _ in range(sets)
    ]
    evidence = {
        name: Evidence(
            DISTANCE,
            np.array([value]),
            np.zeros(1),
            np.array([[one[name]] for one in reals]),
            _RESOLUTION,
        )
        for name, value in own.items()
    }
    return {"fields": len(fields), "real_sets": sets, **judge(evidence, level)}


def _kriging_distances(fields: np.ndarray, kriging: Kriging) -> Dict[str, float]:
    mean = fields.mean(axis=0, dtype=np.float64)
    variance = fields.var(axis=0, ddof=1, dtype=np.float64)
    open_ = kriging.variance > _TOLD * kriging.variance.max()
    known = kriging.variance[open_]
    shift = (mean[open_] - kriging.mean[open_]) / np.sqrt(known)
    ratio = variance[open_] / known - 1
    misfit = fields[(slice(None), *kriging.points)] - kriging.values
    result = {"misfit": misfit, "kriging_mean": shift, "kriging_variance": ratio}
    return {
        name: float(np.sqrt(np.mean(np.square(value, dtype=np.float64))))
        for name, value in result.items()
    }


def _check_shape(fields: np.ndarray, shape: tuple) -> None:
    if fields.shape[1:] != tuple(shape):
        raise UserError(
            f"the generated fields are {list(fields.shape[1:])}, but the truth is "
            f"{list(shape)}; generate fields of its shape"
        )
