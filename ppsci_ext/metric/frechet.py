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

"""Frechet distance of Gaussians fitted to features: the FID of Heusel et al. 2017."""

from __future__ import annotations

from typing import Tuple

import numpy as np
from scipy import linalg
from scipy.linalg import blas
from scipy.linalg import lapack

from ppsci_ext.utils.errors import UserError

_BLOCK_ROWS = 512  # large enough for BLAS to run at full speed
_INDEFINITE = 1e-4  # of the largest variance; far beyond float32's round-off
_ASYMMETRIC = 1e-5  # of the largest entry; beyond float32's round-off
_LARGEST = 1e140  # products of covariances and squares of means stay finite up to here
_TOLERANCE = 1e-8  # of the distance, by which the faster of two ways may change it


class FeatureStatistics:
    """Mean and covariance of features that arrive in batches, without keeping them.

    Rows are collected to blocks of 512, and blocks merged with the update of Chan,
    Golub and LeVeque (1979), which sums products of centred values, so that a large
    mean doesn't cancel the digits of a small covariance. Everything is float64. How the
    rows are cut into batches changes no digit, unless results are read in between.
    Memory is that of one [d, d] matrix and one block: 42 MB for d = 2048.

    Args:
        num_features (int): Number of features d.

    Attributes:
        count (int): Number of samples so far.

    Examples:
        >>> import numpy as np
        >>> from ppsci_ext.metric import FeatureStatistics
        >>> statistics = FeatureStatistics(2)
        >>> statistics.update(np.array([[0.0, 1.0], [2.0, 1.0]]))
        >>> statistics.update(np.array([[4.0, 4.0]]))
        >>> print(statistics.count, statistics.mean)
        3 [2. 2.]
        >>> print(statistics.cov)
        [[4. 3.]
         [3. 3.]]
    """

    def __init__(self, num_features: int):
        self.count = 0
        self._mean = np.zeros(num_features)
        # Sum of products of centred rows, lower triangle only. BLAS adds to it in place
        # if its columns are contiguous.
        self._scatter = np.zeros((num_features, num_features), order="F")
        # One more row, for the shift between the means of the block and of the rest.
        self._block = np.empty((_BLOCK_ROWS + 1, num_features))
        self._num_pending = 0

    def update(self, features: np.ndarray) -> None:
        """Add a batch.

        Args:
            features (np.ndarray): [B, d], any B >= 0.

        Raises:
            ValueError: If the batch has another shape or values that are not finite.
        """
        features = np.asarray(features)
        if features.ndim != 2 or features.shape[1] != len(self._mean):
            raise ValueError(
                f"features must be [B, {len(self._mean)}], not {list(features.shape)}"
            )
        if not np.isfinite(features).all():
            raise ValueError("features must be finite")
        start = 0
        while start < len(features):
            rows = features[start : start + _BLOCK_ROWS - self._num_pending]
            end = self._num_pending + len(rows)
            self._block[self._num_pending : end] = rows
            self._num_pending = end
            self.count += len(rows)
            start += len(rows)
            if self._num_pending == _BLOCK_ROWS:
                self._merge_pending()

    def _merge_pending(self) -> None:
        """Merge the rows of the block that are not in the moments yet."""
        num_new = self._num_pending
        if num_new == 0:
            return
        num_old = self.count - num_new
        rows, extended = self._block[:num_new], self._block[: num_new + 1]
        block_mean = rows.mean(axis=0)
        shift = block_mean - self._mean
        rows -= block_mean
        extended[num_new] = shift * np.sqrt(num_old * num_new / self.count)
        self._scatter = blas.dsyrk(
            1.0, extended.T, beta=1.0, c=self._scatter, lower=1, overwrite_c=1
        )
        self._mean += shift * (num_new / self.count)
        self._num_pending = 0

    @property
    def mean(self) -> np.ndarray:
        """Mean of the features, [d].

        Raises:
            UserError: If there are no samples.
        """
        if self.count < 1:
            raise UserError(
                "The mean of features needs at least 1 sample, not 0: give more."
            )
        self._merge_pending()
        return self._mean.copy()

    @property
    def cov(self) -> np.ndarray:
        """Unbiased covariance of the features, [d, d], as np.cov(features.T).

        Raises:
            UserError: If there are fewer than two samples.
        """
        if self.count < 2:
            raise UserError(
                "The covariance of features needs at least 2 samples, not "
                f"{self.count}: give more."
            )
        self._merge_pending()
        cov = self._scatter / (self.count - 1)
        # Row by row: the upper triangle needs no second matrix.
        for i in range(1, len(cov)):
            cov[:i, i] = cov[i, :i]
        return cov


def frechet_distance(
    mu1: np.ndarray, cov1: np.ndarray, mu2: np.ndarray, cov2: np.ndarray
) -> float:
    r"""Squared Frechet distance between two Gaussians.

    $$
    d^2 = \|\mu_1 - \mu_2\|_2^2
        + \mathrm{Tr}\left(\Sigma_1 + \Sigma_2 - 2 (\Sigma_1 \Sigma_2)^{1/2}\right)
    $$

    Heusel et al. 2017 (arXiv 1706.08500), equation 6. With any factors S1 = A A^T and
    S2 = B B^T the eigenvalues of S1 S2 are the squares of the singular values of A^T B,
    so that the trace of the root is the sum of the latter. That is real for singular
    covariances too, a tenth of the work of scipy.linalg.sqrtm of the unsymmetric
    product, and keeps the digits that square roots of small eigenvalues would lose: a
    round-off of 1e-16 would become 1e-8, once for each feature.

    Args:
        mu1 (np.ndarray): [d], mean of the first Gaussian.
        cov1 (np.ndarray): [d, d], its covariance, symmetric.
        mu2 (np.ndarray): [d], mean of the second Gaussian.
        cov2 (np.ndarray): [d, d], its covariance, symmetric.

    Returns:
        float: d^2 >= 0; this is the number called FID where the features are those of a
            classifier.

    Raises:
        ValueError: If the shapes don't fit each other, a number is not finite or too
            large for a finite distance, or a covariance is not symmetric or has a
            negative eigenvalue beyond round-off.
    """
    mu1, mu2 = np.asarray(mu1, np.float64), np.asarray(mu2, np.float64)
    cov1, cov2 = np.asarray(cov1, np.float64), np.asarray(cov2, np.float64)
    d = mu1.size
    if mu1.shape != (d,) or mu2.shape != (d,):
        raise ValueError("means must be two vectors of the same length")
    if cov1.shape != (d, d) or cov2.shape != (d, d):
        raise ValueError(f"covariances must be [{d}, {d}]")
    check_moments(mu1, cov1)
    check_moments(mu2, cov2)
    product = _product_of_factors(_factor(cov1), _factor(cov2))
    rest = np.sum((mu1 - mu2) ** 2) + np.trace(cov1) + np.trace(cov2)
    trace_of_root, round_off = _sum_of_roots(product)
    if round_off > _TOLERANCE * (rest - 2.0 * trace_of_root):
        trace_of_root = np.linalg.svd(product, compute_uv=False).sum()
    return max(float(rest - 2.0 * trace_of_root), 0.0)  # round-off of equal Gaussians


def check_moments(mu: np.ndarray, cov: np.ndarray) -> None:
    """Make sure that a Gaussian has a mean and a covariance of which distances are finite.

    Whether the covariance has negative eigenvalues is left to `check_definite`, which
    takes longer.

    Args:
        mu (np.ndarray): [d], mean.
        cov (np.ndarray): [d, d], covariance.

    Raises:
        ValueError: If a number is not finite or too large, or the covariance is not
            symmetric; float32's round-off is none of that.
    """
    if not (np.isfinite(mu).all() and np.isfinite(cov).all()):
        raise ValueError("means and covariances must be finite")
    spread = np.abs(cov).max(initial=0.0)
    largest = max(np.abs(mu).max(initial=0.0), spread)
    if largest > _LARGEST:
        raise ValueError(
            f"means and covariances as large as {largest:.3g} give no finite distance"
        )
    difference = np.abs(cov - cov.T).max(initial=0.0)
    if difference > _ASYMMETRIC * spread:
        raise ValueError(
            "a covariance must be symmetric, but entries that should be equal differ by "
            f"up to {difference:.3g}"
        )


def check_definite(cov: np.ndarray) -> None:
    """Make sure that a symmetric matrix has no negative eigenvalues beyond round-off.

    Args:
        cov (np.ndarray): [d, d], symmetric.

    Raises:
        ValueError: If it has.
    """
    _factor(cov)


def _product_of_factors(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return A^T B, at half the work where A is a triangle."""
    if a.shape[0] == a.shape[1] and not np.triu(a, 1).any():
        return blas.dtrmm(1.0, a, b, lower=1, trans_a=1)
    return a.T @ b


def _sum_of_roots(product: np.ndarray) -> Tuple[float, float]:
    """Return the sum of the singular values of P, from eigenvalues of P^T P, and its error.

    A third of the work of the singular values themselves, but where an eigenvalue is
    small its round-off r grows in the root: to sqrt(r) at most, as of 1e-16 to 1e-8.
    """
    if product.shape[0] < product.shape[1]:
        product = product.T
    squares = linalg.eigvalsh(
        blas.dsyrk(1.0, product, trans=1, lower=1),
        overwrite_a=True,
        check_finite=False,
        driver="evd",
    )
    roots = np.sqrt(np.clip(squares, 0.0, None))
    largest = np.max(squares, initial=0.0)
    round_off = np.sqrt(len(squares)) * np.finfo(np.float64).eps * largest
    errors = round_off / np.maximum(2.0 * roots, np.sqrt(round_off) or 1.0)
    return float(roots.sum()), 2.0 * float(errors.sum())


def _factor(cov: np.ndarray) -> np.ndarray:
    """Return A [d, r] with A A^T = cov [d, d], r being its numerical rank or d."""
    try:
        return linalg.cholesky(cov, lower=True, check_finite=False)
    except linalg.LinAlgError:
        # Singular, as of fewer samples than features: with pivots, the decomposition
        # ends where nothing but round-off is left.
        packed, order, rank, _ = lapack.dpstrf(cov, lower=1)
    factor = np.empty((len(cov), rank))
    factor[order - 1] = np.tril(packed)[:, :rank]
    left = np.abs(cov - factor @ factor.T).max(initial=0.0)
    if left > _INDEFINITE * np.abs(cov).max(initial=0.0):
        raise ValueError(
            f"a covariance must have no negative eigenvalues, but {left:.3g} is left of it"
        )
    return factor
