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

"""What a set of fields is, in the numbers that are compared; of random fields, exactly."""

from __future__ import annotations

from typing import Dict

import numpy as np

from ppsci_ext.data.fields.random_fields import RandomField
from ppsci_ext.metric.fields import measures
from ppsci_ext.metric.fields.grid import Grid
from ppsci_ext.metric.fields.minkowski import functionals

Measured = Dict[str, np.ndarray]
Summary = Dict[str, np.ndarray]

_TINY = 1e-12


def measure(fields: np.ndarray, grid: Grid) -> Measured:
    """One row a field of everything that a set's summary is made of.

    Args:
        fields (np.ndarray): float32 [n, *shape].
        grid (Grid): Where to measure.

    Returns:
        Measured: Arrays [n, ...].
    """
    centred = fields - np.float32(grid.mean)
    phase = (fields > grid.middle).astype(np.float32)
    fractions = measures.block_fractions(fields, grid.thresholds, grid.periodic)
    means, squares = measures.parity_moments(centred)
    return {
        "fields": fields,
        "spectrum": measures.power_spectrum(fields, grid),
        "covariance": measures.pair_products(centred, grid.lags, grid.periodic),
        "two_point": measures.pair_products(phase, grid.lags, grid.periodic),
        "below": measures.below_fractions(fields, grid.edges),
        "mean": centred.mean(axis=tuple(range(1, fields.ndim)), dtype=np.float64),
        "parity_means": means,
        "parity_squares": squares,
        "corners": measures.corner_power(fields)
        if _has_corners(grid)
        else means[:, :0],
        **functionals(fractions, len(grid.shape)),
    }


def summarise(measured: Measured, grid: Grid) -> Summary:
    """A set's summary from the measurements of its fields.

    Args:
        measured (Measured): Of `measure`, or some of its rows.
        grid (Grid): The same.

    Returns:
        Summary: Vectors [K], by score.
    """
    pixels = measured["fields"][0].size
    fields = measured["fields"].reshape(len(measured["fields"]), -1)
    mean = measured["mean"]
    averaged = ("spectrum", "covariance", "two_point", "volume_fraction")
    averaged += ("specific_surface", "mean_breadth", "euler")
    summary = {
        name: measured[name].mean(axis=0) for name in averaged if name in measured
    }
    variance_map = fields.var(axis=0, dtype=np.float64)
    mean_map = fields.mean(axis=0, dtype=np.float64)
    summary["variance"] = summary["covariance"][:1]
    summary["mean"] = mean.mean(keepdims=True) + grid.mean
    summary["mean_power"] = pixels * np.square(mean).mean(keepdims=True)
    summary["mean_variance"] = mean.var(ddof=min(1, len(mean) - 1), keepdims=True)
    summary["distribution"] = measured["below"].mean(axis=0)
    # in units of the set's own, so that a wrong variance is not mistaken for a pattern
    level = summary["variance"][0] - mean.mean() ** 2
    level = max(level, _TINY * grid.variance)
    summary["mean_map"] = (mean_map - mean_map.mean()) / np.sqrt(level)
    summary["variance_map"] = variance_map / level
    summary["parity"] = _parity(measured, level)
    return summary


def exact_summary(field: RandomField, grid: Grid) -> Summary:
    """The expectation of the summary of a random field's samples, in closed form.

    Args:
        field (RandomField): The distribution.
        grid (Grid): The same as for the samples.

    Returns:
        Summary: As of `summarise`.
    """
    power = field.power_spectrum()
    half = power[..., : grid.shape[-1] // 2 + 1].ravel()
    lags = np.zeros((len(grid.shape), len(grid.lags), len(grid.shape)), int)
    for axis in range(len(grid.shape)):
        lags[axis, :, axis] = grid.lags
    blocks = {
        axes: field.block_probability(grid.thresholds, axes)
        for axes in measures.subsets(len(grid.shape))
    }
    covariance = field.covariance(lags).mean(axis=0)
    classes = 2 ** len(grid.shape)
    pixels = field.num_pixels
    parity = [np.zeros(classes), np.ones(classes)]
    if _has_corners(grid):
        corner, beside = measures.corners_of(power[np.newaxis], grid.shape)[0]
        parity.append(corner / beside)
    return {
        "spectrum": grid.shells @ half,
        "covariance": covariance,
        "two_point": field.two_point(grid.middle, lags).mean(axis=0),
        **functionals(blocks, len(grid.shape)),
        "variance": covariance[:1],
        "mean": np.array([field.mean]),
        "mean_power": np.array([power.flat[0]]),
        "mean_variance": np.array([power.flat[0] / pixels]),
        "distribution": field.cdf(grid.edges),
        "mean_map": np.zeros(pixels),
        "variance_map": np.ones(pixels),
        "parity": np.concatenate(parity),
    }


def _parity(measured: Measured, level: float) -> np.ndarray:
    """Means and variances by parity, and the power at the lattice's corners.

    A fixed checkerboard shows in the first two, one of random sign in the power, which is
    compared with that of the modes beside it, so that a wrong slope is not mistaken for it.

    Args:
        measured (Measured): Of the set.
        level (float): The set's variance over all pixels, the unit of its means.
    """
    means, squares = measured["parity_means"], measured["parity_squares"]
    mean = means.mean(axis=0)
    # about the set's own mean, so that an offset is not mistaken for a checkerboard
    variance = squares.mean(axis=0) - 2 * mean.mean() * mean + mean.mean() ** 2
    parts = [
        (mean - mean.mean()) / np.sqrt(level),
        variance / max(variance.mean(), _TINY * level),
    ]
    if measured["corners"].size:
        corner, beside = measured["corners"].mean(axis=0)
        parts.append(corner / np.maximum(beside, _TINY * level))
    return np.concatenate(parts)


def _has_corners(grid: Grid) -> bool:
    return grid.periodic and all(size % 2 == 0 for size in grid.shape)
