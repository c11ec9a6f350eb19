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

"""Gaussian fields given measurements at points: simple kriging, and exact draws."""

from __future__ import annotations

from typing import Tuple

import numpy as np
from scipy import fft
from scipy import linalg

from ppsci_ext.data.fields.random_fields import GaussianField
from ppsci_ext.data.fields.random_fields import LognormalField
from ppsci_ext.data.fields.random_fields import RandomField
from ppsci_ext.utils.errors import UserError

_LEAST = 1e-5  # standard deviation that the other measurements leave to one


class Kriging:
    """A random field's distribution given exact values at points, in closed form.

    Simple kriging (Chiles and Delfiner 2012, Geostatistics, section 3.3) is the exact
    conditional mean and variance of a Gaussian field; a lognormal field's follow from
    those of its logarithm.

    Args:
        field (RandomField): Gaussian or lognormal.
        mask (np.ndarray): [*shape], 1 where there is a measurement and 0 elsewhere.
        values (np.ndarray): [*shape], physical; of use only where the mask is 1.

    Attributes:
        mean (np.ndarray): Conditional mean, float64 [*shape].
        variance (np.ndarray): Conditional variance, float64 [*shape].
        points (Tuple[np.ndarray, ...]): Where the m measurements are, as an index.
        values (np.ndarray): What they are, float64 [m].

    Raises:
        UserError: A porous field, no point, another shape, or points at which so smooth a
            field has nearly the same value.
    """

    def __init__(self, field: RandomField, mask: np.ndarray, values: np.ndarray):
        if not isinstance(field, (GaussianField, LognormalField)):
            raise UserError(
                f"kriging is not exact for a {field.name} field; use a gaussian one"
            )
        if mask.shape != field.shape or values.shape != field.shape or not mask.any():
            raise UserError(
                f"measurements must be a mask with at least one 1 and values, both "
                f"{list(field.shape)}, not {list(mask.shape)} and {list(values.shape)}"
            )
        self._field = field
        self.points = np.nonzero(mask)
        positions = np.stack(self.points, axis=1)
        lags = positions[:, np.newaxis] - positions
        covariance = field.correlation[tuple(np.moveaxis(lags % field.shape, -1, 0))]
        self._factor = _factor(covariance)
        self.values = values[self.points].astype(np.float64)
        self._g = field.level(self.values)
        self._spectrum = field.gaussian_spectrum
        g_mean = self._spread(self._g[np.newaxis])[0]
        g_variance = 1 - self._explained_variance(positions)
        self.mean, self.variance = self._physical(g_mean, g_variance)

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draws fields that have the measured values, float32 [n, 1, *shape].

        A free draw X becomes X + W (z - X at the points), W being kriging's weights.
        """
        free = self._field.sample_gaussian(n, rng)
        at_points = free[(slice(None), *self.points)].astype(np.float64)
        g = free + self._spread(self._g - at_points).astype(np.float32)
        return self._field.from_gaussian(g)[:, np.newaxis]

    def _spread(self, values: np.ndarray) -> np.ndarray:
        """C(., points) C(points, points)^-1 values, for [n, m] values: [n, *shape]."""
        weights = linalg.cho_solve(self._factor, values.T).T
        impulses = np.zeros((len(values), *self._field.shape))
        impulses[(slice(None), *self.points)] = weights
        axes = tuple(range(1, impulses.ndim))
        half = self._spectrum[..., : self._spectrum.shape[-1] // 2 + 1]
        modes = fft.rfftn(impulses, axes=axes) * half
        return fft.irfftn(modes, s=self._field.shape, axes=axes)

    def _explained_variance(self, positions: np.ndarray) -> np.ndarray:
        root = linalg.solve_triangular(
            self._factor[0], np.eye(len(positions)), lower=self._factor[1]
        )
        # columns of C(., points) L^-T, whose squares add up to the variance explained
        total = np.zeros(self._field.shape)
        for column in root.T:
            impulses = np.zeros(self._field.shape)
            impulses[self.points] = column
            total += fft.ifftn(fft.fftn(impulses) * self._spectrum).real ** 2
        return np.minimum(total, 1)

    def _physical(
        self, g_mean: np.ndarray, g_variance: np.ndarray
    ) -> Tuple[np.ndarray, np.ndarray]:
        field = self._field
        if isinstance(field, GaussianField):
            return (
                field.mean + np.sqrt(field.variance) * g_mean,
                field.variance * g_variance,
            )
        log_mean = np.sqrt(field.log_variance) * g_mean - field.log_variance / 2
        log_variance = field.log_variance * g_variance
        mean = np.exp(log_mean + log_variance / 2)
        return mean, mean**2 * np.expm1(log_variance)


def _factor(covariance: np.ndarray) -> Tuple[np.ndarray, bool]:
    """Cholesky's factor, of measurements that each say something of their own."""
    try:
        factor = linalg.cho_factor(covariance)
        least = np.diag(factor[0]).min()  # root of what the others leave open
    except linalg.LinAlgError:
        least = 0.0
    if least < _LEAST:
        raise UserError(
            f"{len(covariance)} measurements say the same twice in so smooth a field; take "
            "fewer of them, farther apart"
        )
    return factor
