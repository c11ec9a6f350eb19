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

"""Statistics of real images: cached, checked, or given by the user."""

from __future__ import annotations

import json
import os
import pickle
import zipfile

import numpy as np
import paddle
import pytest

from ppsci.utils import logger
from ppsci_ext.metric import FeatureExtractor
from ppsci_ext.metric import frechet_distance
from ppsci_ext.metric import read_statistics
from ppsci_ext.metric import reference_features
from ppsci_ext.metric.reference import is_statistics
from ppsci_ext.utils.errors import UserError
from tests.helpers.hostile import Hostile


class Sums(paddle.nn.Layer):
    """Features are the sums of the three channels."""

    num_features = 3

    def forward(self, images):
        sums = images.astype("float32").sum([2, 3])
        return {"features": sums, "logits": 2 * sums}


def extractor(name="sums", sha256="00", **options):
    return FeatureExtractor(name, sha256, Sums(), **options)


def random_images(seed=0, count=20):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, 3, 4, 4), dtype=np.uint8)


def entries(cache):
    return sorted(os.listdir(cache / "features"))


def test_the_second_time_they_come_from_the_cache(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(logger, "info", lines.append)
    images = random_images()
    first, was_cached = reference_features(images, extractor(), "train", tmp_path)
    assert not was_cached and "computed" in lines[0]
    second, was_cached = reference_features(images, extractor(), "train", tmp_path)
    assert was_cached and "cached" in lines[1] and len(lines) == 2
    sums = images.sum((2, 3), dtype="float64")
    for found in (first, second):
        assert found.count == 20
        np.testing.assert_array_equal(found.features, sums)
        np.testing.assert_allclose(found.mean, sums.mean(0), rtol=1e-12)
        np.testing.assert_allclose(found.cov, np.cov(sums.T), rtol=1e-12)
    np.testing.assert_array_equal(first.cov, second.cov)


def test_an_entry_belongs_to_all_that_it_depends_on(tmp_path):
    images = random_images()
    reference_features(images, extractor(), "train", tmp_path)
    changed = images.copy()
    changed[-1, -1, -1, -1] ^= 1
    for arguments in (
        (changed, extractor(), "train"),
        (images[:-1], extractor(), "train"),
        (images.reshape(20, 3, 2, 8), extractor(), "train"),
        (images, extractor(), "test"),
        (images, extractor(name="other"), "train"),
        (images, extractor(sha256="01"), "train"),
        (images, extractor(size=32), "train"),
    ):
        assert not reference_features(*arguments, tmp_path)[1]
        assert reference_features(*arguments, tmp_path)[1]
    assert len(entries(tmp_path)) == 2 * 8


def damage_truncate(npz, entry):
    npz.write_bytes(npz.read_bytes()[:-20])


def damage_flip(npz, entry):
    content = bytearray(npz.read_bytes())
    content[len(content) // 2] ^= 1
    npz.write_bytes(content)


def damage_swap(npz, entry):
    """Whole, but of other images; its checksum is right."""
    np.savez(npz, mu=np.zeros(3), sigma=np.eye(3), features=np.zeros((20, 3)))


def damage_json(npz, entry):
    entry.write_text("{")


def damage_description(npz, entry):
    entry.write_text(json.dumps({**json.loads(entry.read_text()), "split": "test"}))


def damage_missing(npz, entry):
    npz.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        damage_truncate,
        damage_flip,
        damage_swap,
        damage_json,
        damage_description,
        damage_missing,
    ],
)
def test_a_damaged_entry_is_computed_anew(damage, tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(logger, "warning", lines.append)
    images = random_images()
    expected, _ = reference_features(images, extractor(), "train", tmp_path)
    json_name, npz_name = entries(tmp_path)
    damage(tmp_path / "features" / npz_name, tmp_path / "features" / json_name)
    found, was_cached = reference_features(images, extractor(), "train", tmp_path)
    assert not was_cached and len(lines) == 1
    np.testing.assert_array_equal(found.features, expected.features)
    assert reference_features(images, extractor(), "train", tmp_path)[1]


def test_a_cache_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="PPSCI_EXT_CACHE"):
        reference_features(random_images(), extractor(), "train", tmp_path / "file")


# statistics of pytorch-fid


def test_statistics_of_pytorch_fid(tmp_path):
    path = tmp_path / "statistics.npz"
    sigma = np.array([[2.0, 1, 0], [1, 2, 0], [0, 0, 1]])
    np.savez(path, mu=np.arange(3.0), sigma=sigma)
    found = read_statistics(str(path), extractor())
    np.testing.assert_array_equal(found.mean, [0, 1, 2])
    np.testing.assert_array_equal(found.cov, sigma)
    assert found.features is None and found.count is None
    assert is_statistics(path)
    np.savez(tmp_path / "images.npz", images=np.zeros(3))
    (tmp_path / "text").write_text("no archive")
    for other in ("images.npz", "text", "missing", "."):
        assert not is_statistics(tmp_path / other)


def test_statistics_with_a_hostile_pickle(tmp_path):
    trace = str(tmp_path / "executed")
    path = tmp_path / "statistics.npz"
    objects = np.empty(1, object)
    objects[0] = Hostile(trace)
    np.savez(path, mu=objects, sigma=np.eye(1))
    with pytest.raises(UserError, match="of type object"):
        read_statistics(str(path), extractor())
    with zipfile.ZipFile(path, "w") as archive:  # not even in numpy's format
        archive.writestr("mu.npy", pickle.dumps(Hostile(trace)))
        archive.writestr("sigma.npy", b"")
    with pytest.raises(UserError, match="cannot read 'mu'"):
        read_statistics(str(path), extractor())
    assert not os.path.exists(trace)


@pytest.mark.parametrize(
    "arrays, expected",
    [
        ({"mu": np.zeros(3)}, "lacks the arrays"),
        ({"mu": np.zeros(3), "sigma": np.eye(4)}, "should be finite floats"),
        ({"mu": np.zeros((3, 3)), "sigma": np.eye(3)}, "should be finite floats"),
        ({"mu": np.zeros(3, int), "sigma": np.eye(3)}, "should be finite floats"),
        ({"mu": np.full(3, np.nan), "sigma": np.eye(3)}, "should be finite floats"),
        ({"mu": np.zeros(4), "sigma": np.eye(4)}, "4 features, but sums has 3"),
        ({"mu": np.zeros(3), "sigma": np.tri(3)}, "symmetric, .* differ by up to 1"),
        ({"mu": np.zeros(3), "sigma": np.eye(3) + 1e-4 * np.tri(3)}, "symmetric"),
        ({"mu": np.zeros(3), "sigma": np.diag([1.0, 1, -1])}, "negative eigenvalues"),
        ({"mu": np.zeros(3), "sigma": -np.eye(3)}, "negative eigenvalues"),
        ({"mu": np.zeros(3), "sigma": np.ones((3, 3)) - np.eye(3)}, "negative eigen"),
        ({"mu": np.full(3, 1e300), "sigma": np.eye(3)}, "1e.300 give no finite"),
        ({"mu": np.zeros(3), "sigma": 1e300 * np.eye(3)}, "1e.300 give no finite"),
        ({"mu": np.zeros(3), "sigma": np.full((3, 3), 1e200)}, "1e.200 give no finite"),
    ],
)
def test_statistics_that_do_not_fit(arrays, expected, tmp_path):
    np.savez(tmp_path / "statistics.npz", **arrays)
    with pytest.raises(UserError, match=expected):
        read_statistics(str(tmp_path / "statistics.npz"), extractor())


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e6])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_round_off_of_float32_is_let_pass(scale, rank, tmp_path):
    rng = np.random.default_rng(rank)
    factor = rng.normal(size=(3, rank))
    sigma = (scale * factor @ factor.T).astype("float32")
    sigma[0, 1] = np.nextafter(sigma[0, 1], np.float32(np.inf))  # of another summation
    np.savez(tmp_path / "statistics.npz", mu=np.zeros(3, "float32"), sigma=sigma)
    found = read_statistics(str(tmp_path / "statistics.npz"), extractor())
    np.testing.assert_array_equal(found.cov, sigma)
    assert abs(frechet_distance(found.mean, found.cov, found.mean, found.cov)) <= (
        1e-3 * scale
    )


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 truncated"])
def test_a_file_that_is_no_archive(content, tmp_path):
    path = tmp_path / "statistics.npz"
    path.write_bytes(content)
    with pytest.raises(UserError, match="cannot read 'mu'"):
        read_statistics(str(path), extractor())


def test_of_more_samples_a_part_of_the_features_is_cached(tmp_path, monkeypatch):
    images = random_images()
    with monkeypatch.context() as patch:
        for module in ("features", "reference"):
            patch.setattr(f"ppsci_ext.metric.{module}.MAX_FEATURES", 8)
        first, _ = reference_features(images, extractor(), "train", tmp_path)
        second, was_cached = reference_features(images, extractor(), "train", tmp_path)
        assert was_cached
        for found in (first, second):
            assert found.count == 20 and found.features.shape == (8, 3)
        np.testing.assert_array_equal(first.features, second.features)
    found, was_cached = reference_features(images, extractor(), "train", tmp_path)
    assert not was_cached and len(found.features) == 20
