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

"""Spectra of stationary random fields on a periodic lattice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional
from typing import Sequence
from typing import Union

import numpy as np

from ppsci_ext.data.names import unknown_name
from ppsci_ext.utils.errors import UserError

SPECTRA = ("matern", "power_law")


@dataclass(frozen=True)
class Matern:
    r"""Matern's spectrum, S(k) ~ (1 + (k l)^2)^-(nu + d/2).

    In the continuum its covariance is (r/l)^nu K_nu(r/l), up to a factor (Stein 1999,
    Interpolation of Spatial Data, section 2.7, equation 32).

    Attributes:
        length (Union[float, np.ndarray]): Correlation length l, in pixels; an array that
            broadcasts against the wave numbers gives one spectrum for each.
        smoothness (float): nu; realisations are differentiable ceil(nu) - 1 times.
    """

    length: Union[float, np.ndarray]
    smoothness: float = 1.5

    def density(self, k: np.ndarray, dimension: int) -> np.ndarray:
        """S at wave numbers k, radians per pixel, up to a factor."""
        return (1 + (k * self.length) ** 2) ** -(self.smoothness + dimension / 2)


@dataclass(frozen=True)
class PowerLaw:
    r"""A power law, S(k) ~ (1/l^2 + k^2)^(-exponent / 2), as of von Karman.

    Attributes:
        exponent (float): Of the density: 11/3 in 3 dimensions, 8/3 in 2 and 5/3 in 1 for
            Kolmogorov's inertial range, whose energy in shells falls as k^-5/3.
        length (Optional[Union[float, np.ndarray]]): Outer scale l, in pixels, above which
            the spectrum is flat. Defaults to None, the power law at all scales.
    """

    exponent: float
    length: Optional[Union[float, np.ndarray]] = None

    def density(self, k: np.ndarray, dimension: int) -> np.ndarray:
        """S at wave numbers k, radians per pixel, up to a factor; infinite at 0 without l."""
        low = 0.0 if self.length is None else np.square(1.0 / self.length)
        with np.errstate(divide="ignore"):
            return (low + k**2) ** (-self.exponent / 2)


Spectrum = Union[Matern, PowerLaw]


def kolmogorov(dimension: int, length: Optional[float] = None) -> PowerLaw:
    """The spectrum of a scalar in the inertial range of turbulence.

    Args:
        dimension (int): 1 to 3.
        length (Optional[float]): Outer scale in pixels. Defaults to None.
    """
    return PowerLaw(5 / 3 + dimension - 1, length)


def make_spectrum(
    name: str, dimension: int, length: Optional[float], smoothness: float
) -> Spectrum:
    """Makes a spectrum by name, having checked its parameters.

    Args:
        name (str): "matern" or "power_law" (Kolmogorov's).
        dimension (int): 1 to 3.
        length (Optional[float]): Correlation length or outer scale, in pixels.
        smoothness (float): Of Matern.

    Raises:
        UserError: Unknown name, or a parameter out of range.
    """
    if name not in SPECTRA:
        raise unknown_name("spectrum", name, SPECTRA)
    if length is not None and not 0 < length < np.inf:
        raise UserError(f"the correlation length is {length}; make it positive")
    if name == "power_law":
        return kolmogorov(dimension, length)
    if length is None:
        raise UserError("the Matern spectrum needs a correlation length, in pixels")
    if not 0 < smoothness < np.inf:
        raise UserError(f"the smoothness is {smoothness}; make it positive")
    return Matern(length, smoothness)


def wave_numbers(shape: Sequence[int]) -> np.ndarray:
    """|k| of every discrete Fourier mode, radians per pixel, float64 [*shape]."""
    axes = [2 * np.pi * np.fft.fftfreq(size) for size in shape]
    return np.sqrt(sum(np.square(k) for k in np.meshgrid(*axes, indexing="ij")))


def lattice_spectrum(
    spectrum: Spectrum, shape: Sequence[int], zero_mean: bool
) -> np.ndarray:
    """S(k) = E|F_k|^2 / N of a field of unit variance, so that its mean over k is 1.

    Args:
        spectrum (Spectrum): With a length [n, 1, ...], n spectra.
        shape (Sequence[int]): Of the lattice, N points.
        zero_mean (bool): Whether S(0) = 0, so that each field's own mean is 0.

    Returns:
        np.ndarray: float64 [*shape] or [n, *shape].
    """
    density = spectrum.density(wave_numbers(shape), len(shape))
    axes = tuple(range(-len(shape), 0))
    if zero_mean:
        density[(..., *[0] * len(shape))] = 0
    return density / density.mean(axis=axes, keepdims=True)
