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

from __future__ import annotations

import gzip
import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppsci_ext.data import ImageReading
from ppsci_ext.data import load_images
from ppsci_ext.data import mnist
from ppsci_ext.utils.errors import UserError

DIGITS = np.random.default_rng(0).integers(0, 256, (6, 28, 28)).astype("uint8")
LABELS = np.array([3, 1, 4, 1, 5, 9], "uint8")
DATA = os.environ.get("WGAN_GP_TEST_DATA")


def idx(array: np.ndarray) -> bytes:
    shape = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + shape + array.tobytes()


def write(
    folder: Path,
    images: bytes = idx(DIGITS),
    labels: bytes = idx(LABELS),
    names: tuple[str, str] = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in zip(names, (images, labels)):
        content = gzip.compress(content) if name.endswith(".gz") else content
        (folder / name).write_bytes(content)
    return str(folder)


@pytest.mark.parametrize("folder", ["", "mnist", "MNIST", "MNIST/raw"])
@pytest.mark.parametrize("dot", ["-", "."])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_reads_every_published_form(tmp_path, folder, dot, suffix):
    names = [
        f"t10k-{x}ubyte{suffix}" for x in (f"images{dot}idx3-", f"labels{dot}idx1-")
    ]
    write(tmp_path / folder, names=names)
    dataset = load_images("mnist", str(tmp_path), "test")
    np.testing.assert_array_equal(dataset.images, DIGITS[:, None])
    np.testing.assert_array_equal(dataset.labels, LABELS)
    assert (dataset.num_classes, dataset.labels.dtype) == (10, np.int64)


def test_unpacked_file_with_gz_name(tmp_path):
    root = write(tmp_path)
    for name in os.listdir(root):
        os.rename(f"{root}/{name}", f"{root}/{name}.gz")
    assert len(mnist.read_mnist(root, "train")[0]) == 6


def test_says_that_other_contents_are_unverified(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(mnist.logger, "info", lines.append)
    mnist.read_mnist(write(tmp_path), "train")
    assert len(lines) == 1 and "unverified" in lines[0]


def test_missing_files_name_what_where_and_how(tmp_path):
    with pytest.raises(UserError) as caught:
        load_images("mnist", str(tmp_path), "train")
    for part in (
        "train-images-idx3-ubyte",
        "MNIST/raw",
        "download=true",
        mnist.URL,
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "images, labels, message",
    [
        (idx(DIGITS)[:-1], idx(LABELS), "damaged"),
        (idx(DIGITS) + b"x", idx(LABELS), "damaged"),
        (idx(DIGITS)[:7], idx(LABELS), "not an idx file"),
        (b"<html>" + idx(DIGITS), idx(LABELS), "not an idx file"),
        (b"\0\0\x0d" + idx(DIGITS)[3:], idx(LABELS), "idx type 0x0d"),
        (idx(LABELS) + bytes(9), idx(LABELS), "with 1 axes"),
        (idx(DIGITS[:0]), idx(LABELS), "holds nothing"),
        (idx(DIGITS[:, :14]), idx(LABELS), "14x28"),
        (idx(DIGITS), idx(LABELS[:5]), "6 images but .* 5 labels"),
        (idx(DIGITS), idx(LABELS + 5), "label 14"),
        (idx(DIGITS), idx(LABELS)[:-1], "damaged"),
        (idx(DIGITS), idx(LABELS[:, None]), "with 2 axes"),
        (b"", idx(LABELS), "not an idx file"),
        (idx(DIGITS), b"", "not an idx file"),
        (gzip.compress(idx(DIGITS))[:-9], idx(LABELS), "cannot be read"),
        (b"\x1f\x8b", idx(LABELS), "cannot be read"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_damaged_files_are_refused(tmp_path, images, labels, message):
    with pytest.raises(UserError, match=message) as caught:
        mnist.read_mnist(write(tmp_path, images, labels), "train")
    assert str(tmp_path) in str(caught.value)


HUGE = 1 << 24  # bytes, which gzip packs into some sixteen thousand


def peak_of_refusal(root: str) -> int:
    """Bytes that were held at once until the files in `root` were refused."""
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match="train-images-idx3-ubyte"):
            mnist.read_mnist(root, "train")
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def announced(*shape: int) -> bytes:
    return b"\0\0\x08\x03" + struct.pack(">3I", *shape)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    "header, rest",
    [
        (idx(DIGITS), HUGE),
        (b"", HUGE),
        (announced(2**32 - 1, 28, 28), 0),
        (announced(10**6, 28, 28), 0),
        (announced(2**32 - 1, 2**32 - 1, 2**32 - 1), HUGE),
    ],
    ids=["long", "blank", "huge header", "large header", "absurd header"],
)
def test_no_more_is_read_than_there_should_be(tmp_path, pack, header, rest):
    root = write(tmp_path, pack(header + bytes(rest)))
    assert peak_of_refusal(root) < HUGE / 4


def test_folder_where_a_file_should_be(tmp_path):
    write(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    (tmp_path / "train-labels-idx1-ubyte").mkdir()
    with pytest.raises(UserError, match="missing.*train-labels-idx1-ubyte"):
        mnist.read_mnist(str(tmp_path), "train")


def test_file_where_the_folder_should_be(tmp_path):
    root = f"{write(tmp_path)}/train-labels-idx1-ubyte"
    with pytest.raises(UserError, match="missing"):
        mnist.read_mnist(root, "train")


def test_unreadable_file_is_named(tmp_path, monkeypatch):
    root = write(tmp_path)

    def refuse(path, *_):
        raise PermissionError(13, "Permission denied", path)

    # this user may be root, who may read everything
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(UserError, match="train-images.*Permission denied"):
        mnist.read_mnist(root, "train")


@given(st.data())
def test_any_truncation_is_noticed(data):
    content = idx(DIGITS)
    end = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(UserError):
        mnist.parse_idx(content[:end], 3, "f")


@given(st.integers(0, 4000))
def test_any_truncation_of_a_gzipped_file_is_noticed(tmp_path_factory, end):
    content = gzip.compress(idx(DIGITS))[:end]
    root = write(tmp_path_factory.mktemp("cut"), content)
    with pytest.raises(UserError):
        mnist.read_mnist(root, "train")


def test_download_fetches_only_what_the_split_needs(tmp_path, monkeypatch):
    fetched = []

    def fetch(url, path, md5):
        fetched.append((url, md5))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        array = DIGITS if "images" in path else LABELS
        Path(path).write_bytes(gzip.compress(idx(array)))

    monkeypatch.setattr(mnist, "fetch", fetch)
    for _ in range(2):  # the second time, the files are there
        load_images("mnist", str(tmp_path), "test", download=True)
    assert fetched == [
        (
            mnist.URL + "t10k-images-idx3-ubyte.gz",
            "md5:9fb629c4189551a2d022fa330f9573f3",
        ),
        (
            mnist.URL + "t10k-labels-idx1-ubyte.gz",
            "md5:ec29112dd5afa0611ce80d1b7f02629c",
        ),
    ]


def test_is_brought_to_another_size_and_to_colour(tmp_path):
    write(tmp_path)
    reading = ImageReading(resize=[32, 16], channels=3)
    data = load_images("mnist", str(tmp_path), "train", reading=reading)
    assert (data.images.shape, data.num_classes) == ((6, 3, 32, 16), 10)
    np.testing.assert_array_equal(data.images[:, 0], data.images[:, 2])


@pytest.mark.skipif(not DATA, reason="WGAN_GP_TEST_DATA names no folder with mnist/")
def test_real_data(monkeypatch):
    lines = []
    monkeypatch.setattr(mnist.logger, "info", lines.append)
    train = load_images("mnist", DATA, "train")
    test = load_images("mnist", DATA, "test")
    assert train.images.shape == (60000, 1, 28, 28)
    assert test.images.shape == (10000, 1, 28, 28)
    assert train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert not lines  # its md5 is the published one
