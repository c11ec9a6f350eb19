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

"""Statistics of real samples: computed once and kept, or given by the user."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from os import path as osp
from typing import Any
from typing import Dict
from typing import Iterator
from typing import Optional
from typing import Tuple

import numpy as np

from ppsci.utils import logger
from ppsci_ext.data.arrays import npz_array
from ppsci_ext.data.digest import byte_blocks
from ppsci_ext.metric.extractor import FeatureExtractor
from ppsci_ext.metric.features import MAX_FEATURES
from ppsci_ext.metric.features import FeatureSet
from ppsci_ext.metric.features import extract
from ppsci_ext.metric.frechet import check_definite
from ppsci_ext.metric.frechet import check_moments
from ppsci_ext.utils.cache import VARIABLE
from ppsci_ext.utils.cache import cache_folder
from ppsci_ext.utils.digest import file_digest
from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.files import open_atomically
from ppsci_ext.utils.files import write_atomically

_VERSION = 1  # to be raised when the same images would give other features
_BATCH_SIZE = 500


def reference_features(
    images: np.ndarray,
    extractor: FeatureExtractor,
    split: str,
    cache: Optional[str] = None,
) -> Tuple[FeatureSet, bool]:
    """Features of real samples and their moments, from the cache where they are there.

    An entry belongs to the samples' content, their split, the extractor's weights and
    what the extractor does to the samples before the network sees them. It consists of
    `<key>.npz`, which pytorch-fid can read too (mu, sigma), and `<key>.json`, which says
    what it belongs to and holds the SHA-256 against which it is checked.

    Args:
        images (np.ndarray): Samples as the extractor takes them, N >= 2 first; of images
            uint8 [N, C, H, W].
        extractor (FeatureExtractor): Whose features they are.
        split (str): Which part of the data set they are, e.g. "train".
        cache (Optional[str]): Cache folder. Defaults to None, see
            `ppsci_ext.utils.cache.cache_folder`.

    Returns:
        Tuple[FeatureSet, bool]: Of the samples, without logits, and whether it came from
            the cache.

    Raises:
        UserError: If there are fewer than two samples, the extractor doesn't take them,
            or the cache can't be written.
    """
    description = {
        "version": _VERSION,
        "images": _digest(images),
        "shape": list(images.shape),
        "split": split,
        "extractor": extractor.name,
        "weights": extractor.sha256,
        "preprocessing": extractor.preprocessing,
    }
    if len(images) > MAX_FEATURES:
        description["features"] = MAX_FEATURES
    key = hashlib.sha256(json.dumps(description).encode()).hexdigest()[:32]
    path = osp.join(cache_folder(cache), "features", key)
    found = _load(path, description)
    if found is not None:
        logger.info(f"Features of the {len(images)} real samples: cached, {path}.npz")
        return found, True
    computed = extract(_batches(images), extractor, len(images), "real samples")
    _save(path, description, computed)
    logger.info(
        f"Features of the {len(images)} real samples: computed, kept in {path}.npz"
    )
    return (
        FeatureSet(computed.count, computed.mean, computed.cov, computed.features),
        False,
    )


def is_statistics(path: str) -> bool:
    """Whether a file is an .npz archive with the array `mu`."""
    if not osp.isfile(path) or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return "mu.npy" in archive.namelist()


def read_statistics(path: str, extractor: FeatureExtractor) -> FeatureSet:
    """Read mean and covariance from a statistics file of pytorch-fid.

    Args:
        path (str): .npz file with `mu` [d] and `sigma` [d, d].
        extractor (FeatureExtractor): Whose features they should be.

    Returns:
        FeatureSet: Without number of images, features and logits.

    Raises:
        UserError: If the file can't be read, holds Python objects, lacks one of the
            arrays, they don't fit each other or the extractor, or are no mean and
            covariance of anything: not finite or too large for a finite distance, not
            symmetric, with a negative eigenvalue. Round-off of float32 is let pass.
    """
    mean, cov = (npz_array(path, key) for key in ("mu", "sigma"))
    if mean is None or cov is None:
        raise UserError(
            f"{path} lacks the arrays 'mu' and 'sigma': give a statistics file as "
            "pytorch-fid writes it (--save-stats)."
        )
    if (
        not all(array.dtype.kind == "f" for array in (mean, cov))
        or mean.ndim != 1
        or cov.shape != 2 * mean.shape
        or not (np.isfinite(mean).all() and np.isfinite(cov).all())
    ):
        raise UserError(
            f"{path} holds 'mu' {mean.dtype} {list(mean.shape)} and 'sigma' {cov.dtype} "
            f"{list(cov.shape)}, which should be finite floats [d] and [d, d]: write it "
            "anew."
        )
    if len(mean) != extractor.num_features:
        raise UserError(
            f"{path} holds statistics of {len(mean)} features, but {extractor.name} has "
            f"{extractor.num_features}: give statistics made with the same network."
        )
    mean, cov = mean.astype(np.float64), cov.astype(np.float64)
    try:
        check_moments(mean, cov)
        check_definite(cov)
    except ValueError as error:
        raise UserError(
            f"{path} holds no mean and covariance of features ({error}): write it anew."
        ) from error
    return FeatureSet(None, mean, cov)


def _batches(images: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(images), _BATCH_SIZE):
        # a copy, since images may lie on the disk, read-only, in any order
        yield np.array(images[start : start + _BATCH_SIZE], order="C")


def _digest(images: np.ndarray) -> str:
    digest = hashlib.sha256()
    for block in byte_blocks(images):
        digest.update(block)
    return digest.hexdigest()


def _load(path: str, description: Dict[str, Any]) -> Optional[FeatureSet]:
    """An entry of the cache, None where there is no sound one."""
    if not osp.isfile(f"{path}.json"):
        return None
    try:
        with open(f"{path}.json", encoding="utf-8") as file:
            stored = json.load(file)
        if stored != {**description, "sha256": file_digest(f"{path}.npz")}:
            raise UserError(f"{path}.npz is not what {path}.json says.")
        mean, cov, features = (
            npz_array(f"{path}.npz", key) for key in ("mu", "sigma", "features")
        )
        return FeatureSet(description["shape"][0], mean, cov, features)
    except (OSError, ValueError, UserError) as error:
        logger.warning(f"A damaged cache entry is computed anew: {error}")
        return None


def _save(path: str, description: Dict[str, Any], features: FeatureSet) -> None:
    arrays = {"mu": features.mean, "sigma": features.cov, "features": features.features}
    try:
        os.makedirs(osp.dirname(path), exist_ok=True)
        with open_atomically(f"{path}.npz") as file:
            np.savez(file, **arrays)
        entry = {**description, "sha256": file_digest(f"{path}.npz")}
        write_atomically(f"{path}.json", f"{json.dumps(entry, indent=2)}\n".encode())
    except OSError as error:
        raise UserError(
            f"The cache {osp.dirname(path)} can't be written ({error.strerror}): choose "
            f"another folder, for example by the environment variable {VARIABLE}."
        ) from error
