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


"""A synthetic speech envelope whose second moments are known exactly."""

from __future__ import annotations

import dataclasses
from typing import Callable
from typing import Tuple

import numpy as np
from scipy import integrate
from scipy import special

_HIGHEST = 24.0  # Hz; beyond, the spectrum of a syllable of 0.06 s is below 1e-35
_FREQUENCIES = 6000
_REACH = 6.0  # widths after which a syllable has died away


@dataclasses.dataclass(frozen=True)
class Syllables:
    """Gaussian bumps of random height at the times of a stationary renewal process.

    Args:
        rate (float): Syllables a second.
        shape (float): Of the gamma distribution of the intervals: 1 makes a Poisson
            process; the larger, the more regular.
        width (float): Standard deviation of a bump, seconds.
        lowest (float): Smallest height; heights are uniform between it and 2 - lowest, so
            that their mean is 1.
    """

    rate: float = 2.0
    shape: float = 4.0
    width: float = 0.06
    lowest: float = 0.4

    def draw(
        self, n: int, start: float, stop: float, rng: np.random.Generator
    ) -> Tuple[np.ndarray, np.ndarray]:
        """Syllables of n independent stretches of speech.

        Args:
            n (int): How many stretches.
            start (float): Where they begin, seconds.
            stop (float): Where they end.
            rng (np.random.Generator): The only source of randomness.

        Returns:
            Tuple[np.ndarray, np.ndarray]: Times in seconds and heights, [n, M]. All that
                reach into the stretch are there, and a few more.
        """
        start, stop = start - _REACH * self.width, stop + _REACH * self.width
        expected = (stop - start) * self.rate
        scale = 1.0 / (self.rate * self.shape)
        times = self._first(n, scale, rng)[:, None]
        while times[:, -1].min() < stop - start:
            more = rng.gamma(self.shape, scale, (n, int(expected / 4) + 4))
            times = np.concatenate(
                [times, times[:, -1:] + np.cumsum(more, axis=1)], axis=1
            )
        heights = rng.uniform(self.lowest, 2.0 - self.lowest, times.shape)
        return start + times, heights

    def _first(self, n: int, scale: float, rng: np.random.Generator) -> np.ndarray:
        # the interval around a fixed moment is longer than others, in proportion to its length
        return rng.uniform(size=n) * rng.gamma(self.shape + 1.0, scale, n)

    def envelope(
        self, times: np.ndarray, heights: np.ndarray, at: np.ndarray
    ) -> np.ndarray:
        """The envelope [n, K] at K moments in seconds, of syllables [n, M]."""
        values = np.zeros((len(times), len(at)))
        for time, height in zip(times.T, heights.T):  # a few dozen
            distance = (at - time[:, None]) / self.width
            values += height[:, None] * np.exp(-0.5 * distance**2)
        return values

    @property
    def mean(self) -> float:
        """Mean of the envelope."""
        return self.rate * self.width * np.sqrt(2.0 * np.pi)

    def autocovariance(
        self, lags: np.ndarray, response: Callable[[np.ndarray], np.ndarray]
    ) -> np.ndarray:
        r"""Covariance of the filtered envelope with itself some time later.

        The integral of the Bartlett spectrum of marked renewal points (Daley and
        Vere-Jones 2003, An introduction to the theory of point processes I, 8.2),
        $\lambda(\mathrm{E}[A]^2\,\mathrm{Re}\frac{1+\phi}{1-\phi} + \mathrm{Var}\,A)$, phi
        being the characteristic function of an interval, times what a bump and the filter
        let through.

        Args:
            lags (np.ndarray): Seconds, [L].
            response (Callable): Real frequency response of the filter, of Hz.

        Returns:
            np.ndarray: [L].
        """
        # midpoints: at 0 the quotient is 0 / 0, but smooth
        step = _HIGHEST / _FREQUENCIES
        frequency = (np.arange(_FREQUENCIES) + 0.5) * step
        angular = 2.0 * np.pi * frequency
        phi = (1.0 - 1j * angular / (self.rate * self.shape)) ** -self.shape
        variance = (1.0 - self.lowest) ** 2 / 3.0
        points = self.rate * (((1.0 + phi) / (1.0 - phi)).real + variance)
        bump = (
            self.width * np.sqrt(2 * np.pi) * np.exp(-0.5 * (angular * self.width) ** 2)
        )
        density = points * (bump * response(frequency)) ** 2
        return 2.0 * step * np.cos(np.multiply.outer(lags, angular)) @ density


def renewal_proximity(rate: float, shape: float, sigma: float) -> float:
    r"""E exp(-d^2 / (2 sigma^2)) for the distance d to the nearest point of a renewal process.

    The level of beat consistency that is reached by chance: the one set of beats is a
    renewal process with gamma intervals, the other independent of it. A moment falls into
    an interval with a probability in proportion to its length, so with density f of
    intervals $P(d > r) = \lambda \int_{2r}^\infty (z - 2r) f(z)\,dz$. Shape 1 is the
    Poisson process; with shape to infinity the points become regular.

    Args:
        rate (float): Points a second.
        shape (float): Of the gamma distribution, 1 / CV^2 for the coefficient of
            variation CV of the intervals.
        sigma (float): Seconds.

    Returns:
        float: From 0 to 1.
    """
    scale = 1.0 / (rate * shape)

    def farther(r: float) -> float:
        x = 2.0 * r / scale
        return special.gammaincc(shape + 1.0, x) - 2.0 * r * rate * special.gammaincc(
            shape, x
        )

    def integrand(r: float) -> float:
        return r / sigma**2 * np.exp(-0.5 * (r / sigma) ** 2) * farther(r)

    end = 9.0 * sigma
    edge = min(0.5 / rate, end)  # where the regular process ends
    inner = integrate.quad(integrand, 0.0, edge, limit=200)[0]
    outer = integrate.quad(integrand, edge, end, limit=200)[0] if edge < end else 0.0
    return 1.0 - inner - outer
