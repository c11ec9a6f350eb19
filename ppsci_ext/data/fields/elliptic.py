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

"""The stochastic elliptic problem of PI-GAN, with its paths and its moments.

-(1/10) d/dx(k du/dx) = f on [-1, 1], u(-1) = u(1) = 0, with a random coefficient k and a
random force f (Yang, Zhang and Karniadakis 2018, arXiv 1811.02033, section 4.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Dict
from typing import Mapping

import numpy as np
from numpy.polynomial import legendre
from scipy.special import ndtri
from scipy.stats import qmc

from ppsci_ext.utils.errors import UserError

PROCESSES = ("u", "k", "f")
SCALE = 0.1  # of the equation
ENDS = (-1.0, 1.0)

_LOG_K_VARIANCE, _LOG_K_SHARPNESS = 4 / 25, 1.0
_F_MEAN, _F_VARIANCE, _F_SHARPNESS = 1 / 2, 9 / 400, 25.0
_NODES = 96  # polynomials of that degree follow all paths to about 1e-10
_LEAST_MODE = 1e-12  # share of the largest eigenvalue that is still drawn
_LEAST_INTEGRATED = 1e-9  # and integrated over, by a rule of so many points
_POINTS, _POINTS_SEED = 2**14, 1


@dataclass(frozen=True)
class Moments:
    """Mean [P] and covariance [P, P] of a process at P places, float64."""

    mean: np.ndarray
    covariance: np.ndarray

    @property
    def sd(self) -> np.ndarray:
        """Standard deviation, [P]."""
        return np.sqrt(np.diag(self.covariance))


class EllipticProblem:
    """Draws u, k and f, and knows their means and covariances.

    k = exp(sin(3/2 pi (x + 1)) / 5 + k^) with k^ ~ GP(0, (4/25) exp(-(x - y)^2)), and f ~
    GP(1/2, (9/400) exp(-25 (x - y)^2)). Paths are polynomials through Gauss-Legendre nodes,
    and the solution is that of the integrated equation, k u' = C - 10 int f.
    """

    def __init__(self):
        self._nodes, self._weights = legendre.leggauss(_NODES)
        degree = np.arange(_NODES)[:, np.newaxis]
        values = legendre.legvander(self._nodes, _NODES - 1).T
        self._coefficients = (degree + 0.5) * values * self._weights
        self._primitive = legendre.legint(self._coefficients, lbnd=-1)
        self._integral = self._integral_to(self._nodes)
        self._log_k_modes = self._modes(_LOG_K_VARIANCE, _LOG_K_SHARPNESS)
        self._f_modes = self._modes(_F_VARIANCE, _F_SHARPNESS)

    # paths

    def sample(
        self, n: int, rng: np.random.Generator, places: Mapping[str, np.ndarray]
    ) -> Dict[str, np.ndarray]:
        """Draws independent triples of paths.

        Args:
            n (int): How many.
            rng (np.random.Generator): The only source of randomness.
            places (Mapping[str, np.ndarray]): For each process that is asked for ("u", "k",
                "f") the places in [-1, 1], [P].

        Returns:
            Dict[str, np.ndarray]: float64 [n, P] each.
        """
        k = self._k(_normal(n, self._log_k_modes, rng))
        f = _F_MEAN + _normal(n, self._f_modes, rng)
        paths = {"k": k, "f": f}
        if "u" in places:
            paths["u"] = self.solve(k, f)
        return {name: paths[name] @ self._at(x).T for name, x in places.items()}

    @property
    def nodes(self) -> np.ndarray:
        """Where `solve` wants its functions, [96]."""
        return self._nodes

    def solve(self, k: np.ndarray, f: np.ndarray) -> np.ndarray:
        """The solution u for a coefficient and a force.

        Args:
            k (np.ndarray): Positive, [n, 96], at the nodes.
            f (np.ndarray): [n, 96], at the nodes.

        Returns:
            np.ndarray: u at the nodes, [n, 96].
        """
        force = f @ self._integral.T
        parts = (1 / k, force / k / SCALE)
        resistance, lift = (part @ self._integral.T for part in parts)
        totals = (part @ self._weights for part in parts)
        total_resistance, total_lift = totals
        return (total_lift / total_resistance)[:, np.newaxis] * resistance - lift

    # moments

    def moments(self, places: np.ndarray) -> Dict[str, Moments]:
        """Mean and covariance of u, k and f.

        Those of k and f are closed forms. u is linear in f, whose part is integrated exactly;
        the integral over k is a quasi-Monte Carlo rule, always the same, to about 2e-4.

        Args:
            places (np.ndarray): Places in [-1, 1], [P].

        Returns:
            Dict[str, Moments]: By process.
        """
        covariance = _covariance(places, _LOG_K_VARIANCE, _LOG_K_SHARPNESS)
        mean = np.exp(_log_k_mean(places) + _LOG_K_VARIANCE / 2)
        return {
            "u": self._u_moments(places),
            "k": Moments(mean, np.outer(mean, mean) * np.expm1(covariance)),
            "f": Moments(
                np.full(len(places), _F_MEAN),
                _covariance(places, _F_VARIANCE, _F_SHARPNESS),
            ),
        }

    def _u_moments(self, places: np.ndarray) -> Moments:
        at_places = self._integral_to(places)
        columns = np.full((_NODES, 1), _F_MEAN)  # the mean of f, and its modes
        columns = np.concatenate([columns, self._f_modes], axis=1) / SCALE
        forces = self._integral @ columns  # [96, m]
        resistances = 1 / self._rule_k  # [S, 96]
        total = (resistances * self._weights) @ forces  # [S, m]
        total /= (resistances @ self._weights)[:, np.newaxis]
        mean, square = np.zeros(len(places)), np.zeros((len(places),) * 2)
        for part, constant in zip(resistances, total):
            columns_of_u = (at_places * part) @ (constant - forces)  # [P, m]
            mean += columns_of_u[:, 0]
            square += columns_of_u @ columns_of_u.T
        mean /= len(resistances)
        return Moments(mean, square / len(resistances) - np.outer(mean, mean))

    @cached_property
    def _rule_k(self) -> np.ndarray:
        """Coefficients k over which u's moments are averaged, [S, 96]."""
        power = np.square(self._log_k_modes).sum(axis=0)
        modes = self._log_k_modes[:, power > _LEAST_INTEGRATED * power.max()]
        sobol = qmc.Sobol(modes.shape[1], scramble=True, seed=_POINTS_SEED)
        return self._k(ndtri(sobol.random(_POINTS)) @ modes.T)

    # functions on [-1, 1]

    def _k(self, log_deviation: np.ndarray) -> np.ndarray:
        return np.exp(_log_k_mean(self._nodes) + log_deviation)

    def _at(self, places: np.ndarray) -> np.ndarray:
        """Values at places from values at the nodes, [P, 96]."""
        return legendre.legvander(_checked(places), _NODES - 1) @ self._coefficients

    def _integral_to(self, places: np.ndarray) -> np.ndarray:
        """Integrals from -1 to places from values at the nodes, [P, 96]."""
        return legendre.legvander(_checked(places), _NODES) @ self._primitive

    def _modes(self, variance: float, sharpness: float) -> np.ndarray:
        """Karhunen-Loeve modes at the nodes, each times its standard deviation, [96, m]."""
        root = np.sqrt(self._weights)
        covariance = _covariance(self._nodes, variance, sharpness)
        values, vectors = np.linalg.eigh(covariance * np.outer(root, root))
        kept = values > _LEAST_MODE * values.max()
        modes = vectors[:, kept] * np.sqrt(values[kept]) / root[:, np.newaxis]
        return modes[:, ::-1]


class EllipticSnapshots:
    """What sensors read of u, k and f at the same time, in one row: a source without end.

    Args:
        problem (EllipticProblem): Where the paths come from.
        sensors (Mapping[str, np.ndarray]): Places of the sensors of "u", "k" and "f".
    """

    def __init__(self, problem: EllipticProblem, sensors: Mapping[str, np.ndarray]):
        self._problem, self._sensors = problem, dict(sensors)

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draws snapshots, float32 [n, sensors of u, of k, of f]."""
        paths = self._problem.sample(n, rng, self._sensors)
        columns = [paths[name] for name in PROCESSES]
        return np.concatenate(columns, axis=1).astype(np.float32)


def even_places(count: int) -> np.ndarray:
    """Places of sensors, evenly from one end to the other; a single one is at -1, [count]."""
    return np.linspace(*ENDS, count)


def _log_k_mean(x: np.ndarray) -> np.ndarray:
    return np.sin(1.5 * np.pi * (x + 1)) / 5


def _covariance(x: np.ndarray, variance: float, sharpness: float) -> np.ndarray:
    return variance * np.exp(-sharpness * np.square(x[:, np.newaxis] - x))


def _normal(n: int, modes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((n, modes.shape[1])) @ modes.T


def _checked(places: np.ndarray) -> np.ndarray:
    places = np.asarray(places, float)
    if places.ndim != 1 or not np.all(np.abs(places) <= 1):
        raise UserError(
            "places of sensors are to be numbers from -1 to 1 in one row; the problem is "
            "posed on [-1, 1]"
        )
    return places
