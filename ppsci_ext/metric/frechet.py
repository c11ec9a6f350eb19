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

import numpy as np

from ppsci_ext.utils.errors import UserError


class FeatureStatistics:
    """Mean and covariance of features that arrive in batches, without keeping them.

    Batches are merged with the update of Chan, Golub and LeVeque (1979), which sums
    products of centred values, so that a large mean doesn't cancel the digits of a
    small covariance. Everything is float64.

    Args:
        num_features (int): Number of features d.

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
        self._scatter = np.zeros((num_features, num_features))

    def update(self, features: np.ndarray) -> None:
        """Add a batch.

        Args:
            features (np.ndarray): [B, d], any B >= 0.

        Raises:
            ValueError: If the batch has another shape or values that are not finite.
        """
        features = np.asarray(features, dtype=np.float64)
        if features.ndim != 2 or features.shape[1] != len(self._mean):
            raise ValueError(
                f"features must be [B, {len(self._mean)}], not {list(features.shape)}"
            )
        if not np.isfinite(features).all():
            raise ValueError("features must be finite")
        batch_size = len(features)
        if batch_size == 0:
            return
        batch_mean = features.mean(axis=0)
        centred = features - batch_mean
        shift = batch_mean - self._mean
        total = self.count + batch_size
        self._scatter += centred.T @ centred
        self._scatter += np.outer(shift, shift) * (self.count * batch_size / total)
        self._mean += shift * (batch_size / total)
        self.count = total

    @property
    def mean(self) -> np.ndarray:
        """Mean of the features, [d].

        Raises:
            UserError: If there are no samples.
        """
        if self.count < 1:
            raise UserError(
                "The mean of features needs at least 1 sample: raise EVAL.num_samples."
            )
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
                f"{self.count}: raise EVAL.num_samples."
            )
        return self._scatter / (self.count - 1)


def frechet_distance(
    mu1: np.ndarray, cov1: np.ndarray, mu2: np.ndarray, cov2: np.ndarray
) -> float:
    r"""Squared Frechet distance between two Gaussians.

    $$
    d^2 = \|\mu_1 - \mu_2\|_2^2
        + \mathrm{Tr}\left(\Sigma_1 + \Sigma_2 - 2 (\Sigma_1 \Sigma_2)^{1/2}\right)
    $$

    Heusel et al. 2017 (arXiv 1706.08500), equation 6. The trace of the last term equals
    that of (S1^1/2 S2 S1^1/2)^1/2, which is the sum of the singular values of
    S1^1/2 S2^1/2. Both roots come from symmetric eigenvalue problems, so the result is
    real and exact also for singular covariances, where scipy.linalg.sqrtm of the
    unsymmetric product fails.

    Args:
        mu1 (np.ndarray): [d], mean of the first Gaussian.
        cov1 (np.ndarray): [d, d], its covariance.
        mu2 (np.ndarray): [d], mean of the second Gaussian.
        cov2 (np.ndarray): [d, d], its covariance.

    Returns:
        float: d^2 >= 0; this is the number called FID where the features are those of a
            classifier.

    Raises:
        ValueError: If the shapes don't fit each other.
    """
    mu1, mu2 = np.asarray(mu1, np.float64), np.asarray(mu2, np.float64)
    cov1, cov2 = np.asarray(cov1, np.float64), np.asarray(cov2, np.float64)
    d = mu1.size
    if mu1.shape != (d,) or mu2.shape != (d,):
        raise ValueError("means must be two vectors of the same length")
    if cov1.shape != (d, d) or cov2.shape != (d, d):
        raise ValueError(f"covariances must be [{d}, {d}]")
    # Singular values of the product of the roots, not square roots of the eigenvalues
    # of S1^1/2 S2 S1^1/2: a root would turn a round-off of 1e-16 into 1e-8.
    roots = _symmetric_sqrt(cov1) @ _symmetric_sqrt(cov2)
    trace_of_root = np.linalg.svd(roots, compute_uv=False).sum()
    distance = (
        np.sum((mu1 - mu2) ** 2) + np.trace(cov1) + np.trace(cov2) - 2.0 * trace_of_root
    )
    return max(float(distance), 0.0)  # round-off of equal Gaussians


def _symmetric_sqrt(cov: np.ndarray) -> np.ndarray:
    """Square root of a symmetric positive semi-definite matrix."""
    values, vectors = np.linalg.eigh((cov + cov.T) / 2.0)
    # Zero eigenvalues come out as small negative numbers.
    return (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
