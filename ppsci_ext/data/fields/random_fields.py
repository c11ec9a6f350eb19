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

"""Random fields whose statistics are known exactly, periodic on their lattice.

A field is a function of a stationary Gaussian field g of mean 0 and variance 1, drawn by
FFT with the discrete spectrum: what is stated of the covariance, the spectrum and so on is
exact on the lattice, not an approximation of the continuum.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Optional
from typing import Sequence
from typing import Tuple

import numpy as np
from scipy import fft
from scipy.special import ndtr
from scipy.special import ndtri

from ppsci_ext.data.fields import orthant
from ppsci_ext.data.fields.spectrum import PowerLaw
from ppsci_ext.data.fields.spectrum import Spectrum
from ppsci_ext.data.fields.spectrum import lattice_spectrum
from ppsci_ext.data.fields.spectrum import make_spectrum
from ppsci_ext.data.names import unknown_name
from ppsci_ext.utils.errors import UserError

FIELD_NAMES = ("gaussian", "lognormal", "porous", "turbulence")
_SMALLEST = 4  # pixels along an axis


@dataclass(frozen=True)
class RandomField:
    """A distribution of fields that can be sampled without end.

    A fixed number of maps is `field.sample(count, np.random.default_rng(seed))`.

    Attributes:
        name (str): "gaussian", "lognormal", "porous" or "turbulence".
        shape (Tuple[int, ...]): Of one field, 1 to 3 axes, N pixels.
        spectrum (Spectrum): Of the Gaussian field g.
        zero_mean (bool): Whether the mean of every single g is 0, its spectrum S(0) = 0.
            Defaults to True.
        mean (float): Of the distribution.
        variance (float): Of the distribution, at a pixel.
        binary (bool): Whether the values are 0 and 1 only.
    """

    name: str
    shape: Tuple[int, ...]
    spectrum: Spectrum
    zero_mean: bool = True

    binary = False

    def __post_init__(self):
        _check_shape(self.shape)
        scale_free = (
            isinstance(self.spectrum, PowerLaw) and self.spectrum.length is None
        )
        if scale_free and not self.zero_mean:
            raise UserError(
                "a power law at all scales has no finite mean power; give it an outer "
                "scale (length), or keep the mean of every field at 0"
            )

    @property
    def num_pixels(self) -> int:
        return math.prod(self.shape)

    @cached_property
    def gaussian_spectrum(self) -> np.ndarray:
        """S(k) of g, float64 [*shape], in numpy.fft's order; its mean is 1."""
        return lattice_spectrum(self.spectrum, self.shape, self.zero_mean)

    @cached_property
    def correlation(self) -> np.ndarray:
        """rho(r) of g at every lag r of the torus, float64 [*shape]."""
        return fft.ifftn(self.gaussian_spectrum).real

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draws independent fields.

        Args:
            n (int): How many.
            rng (np.random.Generator): The only source of randomness.

        Returns:
            np.ndarray: float32 [n, 1, *shape], in physical units.
        """
        return self.from_gaussian(self.sample_gaussian(n, rng))[:, np.newaxis]

    def sample_gaussian(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draws g, float32 [n, *shape]."""
        return filtered_noise(n, self.shape, self.gaussian_spectrum, rng)

    def from_gaussian(self, g: np.ndarray) -> np.ndarray:
        """The field whose Gaussian field is g, of the same shape and type."""
        raise NotImplementedError

    def level(self, threshold: np.ndarray) -> np.ndarray:
        """The nu for which the field exceeds the threshold where g > nu."""
        raise NotImplementedError

    @cached_property
    def covariance_map(self) -> np.ndarray:
        """Covariance at every lag of the torus, float64 [*shape]."""
        raise NotImplementedError

    def covariance(self, lags: np.ndarray) -> np.ndarray:
        """Covariance of two pixels.

        Args:
            lags (np.ndarray): Their distances, integers [..., d], any sign.

        Returns:
            np.ndarray: float64 [...].
        """
        return self.covariance_map[self._wrapped(lags)]

    def power_spectrum(self) -> np.ndarray:
        """E|F_k|^2 / N of the field less its mean, float64 [*shape], in FFT's order."""
        return fft.fftn(self.covariance_map).real

    def cdf(self, values: np.ndarray) -> np.ndarray:
        """P(x <= value), of the shape of the values."""
        return ndtr(self.level(values))

    def quantile(self, probability: np.ndarray) -> np.ndarray:
        """The value with that probability below it."""
        return self.from_gaussian(ndtri(np.asarray(probability, float)))

    def two_point(self, threshold: float, lags: np.ndarray) -> np.ndarray:
        """S2(r): the probability that two pixels both exceed a threshold.

        Args:
            threshold (float): In physical units.
            lags (np.ndarray): Integers [..., d].

        Returns:
            np.ndarray: float64 [...].
        """
        rho = self.correlation[self._wrapped(lags)]
        return orthant.pair_probability(rho, self.level(threshold))

    def block_probability(
        self, thresholds: np.ndarray, axes: Sequence[int]
    ) -> np.ndarray:
        """The probability that a block, two pixels long in `axes`, is above a threshold.

        Args:
            thresholds (np.ndarray): [T], in physical units.
            axes (Sequence[int]): Of the d axes; none of them for a single pixel.

        Returns:
            np.ndarray: float64 [T].
        """
        corners = np.zeros((2 ** len(axes), len(self.shape)), int)
        corners[:, list(axes)] = list(itertools.product((0, 1), repeat=len(axes)))
        lags = corners[:, np.newaxis] - corners
        rho = self.correlation[self._wrapped(lags)]
        return orthant.block_probability(rho, self.level(thresholds))

    def _wrapped(self, lags: np.ndarray) -> Tuple[np.ndarray, ...]:
        lags = np.asarray(lags)
        return tuple(lags[..., a] % size for a, size in enumerate(self.shape))


@dataclass(frozen=True)
class GaussianField(RandomField):
    """mean + sqrt(variance) g.

    With a power law for a spectrum it has turbulence's distribution of energy over the
    scales, but not its intermittency: the increments of a Gaussian field are Gaussian.
    """

    mean: float = 0.0
    variance: float = 1.0

    def from_gaussian(self, g: np.ndarray) -> np.ndarray:
        return g * g.dtype.type(math.sqrt(self.variance)) + g.dtype.type(self.mean)

    def level(self, threshold: np.ndarray) -> np.ndarray:
        return (np.asarray(threshold, float) - self.mean) / math.sqrt(self.variance)

    @cached_property
    def covariance_map(self) -> np.ndarray:
        return self.variance * self.correlation


@dataclass(frozen=True)
class LognormalField(RandomField):
    """exp(sigma g - sigma^2 / 2), of mean 1, with sigma^2 = log_variance."""

    log_variance: float = 1.0

    mean = 1.0

    @property
    def variance(self) -> float:
        return math.expm1(self.log_variance)

    def from_gaussian(self, g: np.ndarray) -> np.ndarray:
        sigma = g.dtype.type(math.sqrt(self.log_variance))
        return np.exp(sigma * g - sigma * sigma / 2)

    def level(self, threshold: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):  # nothing lies below 0
            log = np.log(np.maximum(np.asarray(threshold, float), 0))
        return (log + self.log_variance / 2) / math.sqrt(self.log_variance)

    @cached_property
    def covariance_map(self) -> np.ndarray:
        return np.expm1(self.log_variance * self.correlation)


@dataclass(frozen=True)
class PorousField(RandomField):
    """1 (pore) where g > nu and 0 (solid) elsewhere, with porosity = P(g > nu)."""

    porosity: float = 0.3

    binary = True

    @property
    def mean(self) -> float:
        return self.porosity

    @property
    def variance(self) -> float:
        return self.porosity * (1 - self.porosity)

    def from_gaussian(self, g: np.ndarray) -> np.ndarray:
        return (g > -ndtri(self.porosity)).astype(g.dtype)

    def level(self, threshold: np.ndarray) -> np.ndarray:
        threshold = np.asarray(threshold, float)
        level = np.where(threshold < 0, -np.inf, -ndtri(self.porosity))
        return np.where(threshold >= 1, np.inf, level)

    @cached_property
    def covariance_map(self) -> np.ndarray:
        nu = -ndtri(self.porosity)
        return orthant.pair_probability(self.correlation, nu) - self.porosity**2


def filtered_noise(
    n: int, shape: Sequence[int], spectrum: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draws Gaussian fields of unit variance with given spectra.

    Args:
        n (int): How many.
        shape (Sequence[int]): Of one field.
        spectrum (np.ndarray): S(k) of all, [*shape], or of each, [n, *shape].
        rng (np.random.Generator): The only source of randomness.

    Returns:
        np.ndarray: float32 [n, *shape].
    """
    axes = tuple(range(1, len(shape) + 1))
    noise = rng.standard_normal((n, *shape), dtype=np.float32)
    modes = fft.rfftn(noise, axes=axes)
    root = np.sqrt(spectrum[..., : shape[-1] // 2 + 1])
    modes *= root.astype(np.float32)
    return fft.irfftn(modes, s=tuple(shape), axes=axes)


def random_field(
    name: str,
    shape: Sequence[int],
    spectrum: Optional[str] = None,
    length: Optional[float] = None,
    smoothness: float = 1.5,
    variance: float = 1.0,
    porosity: float = 0.3,
    zero_mean: bool = True,
) -> RandomField:
    """Makes a random field by name.

    Args:
        name (str): "gaussian"; "lognormal", the exponential of one; "porous", one above a
            threshold; or "turbulence", a Gaussian field with Kolmogorov's spectrum.
        shape (Sequence[int]): Pixels along each of 1 to 3 axes.
        spectrum (Optional[str]): "matern" or "power_law". Defaults to None, the power law
            for turbulence and Matern for the others.
        length (Optional[float]): Correlation length, or outer scale of the power law, in
            pixels. Defaults to None, no outer scale.
        smoothness (float): Matern's nu. Defaults to 1.5.
        variance (float): Of the Gaussian field; of a lognormal field's logarithm.
        porosity (float): Fraction of ones of a porous field.
        zero_mean (bool): Whether the mean of every single Gaussian field is 0.

    Returns:
        RandomField: The distribution.

    Raises:
        UserError: Unknown name, or a value out of range.

    Examples:
        >>> import numpy as np
        >>> from ppsci_ext.data.fields import random_field
        >>> field = random_field("porous", [32, 32], length=3.0, porosity=0.25)
        >>> field.sample(2, np.random.default_rng(0)).shape
        (2, 1, 32, 32)
    """
    if name not in FIELD_NAMES:
        raise unknown_name("random field", name, FIELD_NAMES)
    _check_shape(shape)
    if not 0 < variance < np.inf:
        raise UserError(f"the variance is {variance}; make it positive")
    if not 0 < porosity < 1:
        raise UserError(f"the porosity is {porosity}; make it more than 0, less than 1")
    default = "power_law" if name == "turbulence" else "matern"
    made = make_spectrum(spectrum or default, len(shape), length, smoothness)
    common = (name, tuple(int(size) for size in shape), made, zero_mean)
    if name == "lognormal":
        return LognormalField(*common, log_variance=variance)
    if name == "porous":
        return PorousField(*common, porosity=porosity)
    return GaussianField(*common, variance=variance)


def _check_shape(shape: Sequence[int]) -> None:
    if not 1 <= len(shape) <= 3 or min(shape) < _SMALLEST:
        raise UserError(
            f"the shape of a field is {list(shape)}; give it 1 to 3 axes of at least "
            f"{_SMALLEST} pixels each"
        )
