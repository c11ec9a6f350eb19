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

"""Damaged and hostile files: a valid data set or one sentence comes of them, and nothing else."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import tarfile
import tracemalloc
import zipfile
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from PIL import Image

from ppsci_ext.data import cifar10
from ppsci_ext.data import load_images
from ppsci_ext.utils.errors import UserError

RNG = np.random.default_rng(0)
N = 3  # images per file
MEMORY = 1 << 24  # bytes, hundreds of times what the files hold

# of pickles' old way to write text
pytestmark = pytest.mark.filterwarnings("ignore:invalid escape:DeprecationWarning")

FUZZ = settings(
    max_examples=30,
    deadline=None,
    # the folders of a test may be used by all of its examples
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(cifar10, "IMAGES_PER_FILE", N)


def listing(folder: Path) -> dict:
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def read(name: str, root: Path, split: str = "train") -> bool:
    """Whether a data set comes of it; checks the set, the sentence, the memory, the disk."""
    before = listing(root if root.is_dir() else root.parent)
    tracemalloc.start()
    try:
        data = load_images(name, str(root), split)
    except UserError as error:
        assert str(root) in str(error)
        data = None
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MEMORY
    assert listing(root if root.is_dir() else root.parent) == before
    if data is None:
        return False
    assert data.images.dtype in (np.uint8, np.float32) and data.images.ndim == 4
    assert data.images.size > 0 and np.isfinite(data.images).all()
    if data.labels is not None:
        assert data.labels.shape == (len(data),)
        assert 0 <= data.labels.min() and data.labels.max() < data.num_classes
    return True


@st.composite
def damaged(draw, content: bytes) -> bytes:
    """Some bytes changed, left out, put in, or repeated, or the end cut off."""
    content = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        # most of what is interesting stands near one of the ends
        near = draw(st.integers(0, min(len(content), 200)))
        anywhere = draw(st.integers(0, len(content)))
        start = draw(st.sampled_from([near, len(content) - near, anywhere]))
        end = min(start + draw(st.integers(0, 8)), len(content))
        kind = draw(st.sampled_from(["change", "drop", "insert", "repeat", "cut"]))
        if kind == "change":
            content[start:end] = draw(
                st.binary(min_size=end - start, max_size=end - start)
            )
        elif kind == "drop":
            del content[start:end]
        elif kind == "insert":
            content[start:start] = draw(st.binary(min_size=1, max_size=8))
        elif kind == "repeat":
            content[start:start] = content[start:end] * draw(st.integers(1, 50))
        else:
            del content[start:]
    return bytes(content)


# idx


def idx(array: np.ndarray) -> bytes:
    shape = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + shape + array.tobytes()


IDX = {
    "train-images-idx3-ubyte": idx(RNG.integers(0, 256, (2, 28, 28)).astype("uint8")),
    "train-labels-idx1-ubyte": idx(np.array([7, 2], "uint8")),
}


def write_idx(folder: Path, contents: dict) -> None:
    for name, content in {**IDX, **contents}.items():
        (folder / name).write_bytes(content)


@pytest.mark.parametrize("name", IDX)
@given(content=st.binary(max_size=64))
@FUZZ
def test_idx_of_arbitrary_bytes(tmp_path, name, content):
    write_idx(tmp_path, {name: content})
    assert not read("mnist", tmp_path)


@pytest.mark.parametrize("name", IDX)
@pytest.mark.parametrize("packed", [False, True])
@given(data=st.data())
@FUZZ
def test_damaged_idx(tmp_path, name, packed, data):
    content = gzip.compress(IDX[name], mtime=0) if packed else IDX[name]
    write_idx(tmp_path, {name: data.draw(damaged(content))})
    read("mnist", tmp_path)


@given(shape=st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=3))
@FUZZ
def test_idx_of_any_announced_shape(tmp_path, shape):
    header = b"\0\0\x08\x03" + struct.pack(">3I", *shape)
    write_idx(tmp_path, {"train-images-idx3-ubyte": gzip.compress(header + bytes(99))})
    assert not read("mnist", tmp_path)


# CIFAR-10

PIXELS = RNG.integers(0, 256, (N, 3072)).astype("uint8")
LABELS = [3, 0, 9]
BINARY = b"".join(bytes([k]) + row.tobytes() for k, row in zip(LABELS, PIXELS))
PICKLES = {
    p: pickle.dumps({"data": PIXELS, "labels": LABELS, "filenames": ["a.png"] * N}, p)
    for p in (2, 3, 4)
}


def write_batch(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)


@given(content=st.binary(max_size=64) | damaged(BINARY))
@FUZZ
def test_damaged_binary_batch(tmp_path, content):
    write_batch(tmp_path, "test_batch.bin", content)
    read("cifar10", tmp_path, "test")


@pytest.mark.parametrize("protocol", PICKLES)
@given(data=st.data())
@FUZZ
def test_damaged_pickled_batch(tmp_path, protocol, data):
    write_batch(tmp_path, "test_batch", data.draw(damaged(PICKLES[protocol])))
    read("cifar10", tmp_path, "test")


OPERATIONS = [
    b"\x80\x02", b"\x80\x04", b"(", b")", b"]", b"}", b"N", b"K\x01", b"J\xff\xff\xff\x7f",
    b"U\x04data", b"X\x06\0\0\0labels", b"C\x02u1", b"a", b"e", b"s", b"u", b"t", b"\x85",
    b"\x86", b"\x87", b"l", b"d", b"0", b"1", b"2", b"q\0", b"h\0", b"\x94", b"R", b"b", b"o",
    b"\x81", b"\x90", b"\x91", b"Q", b"r\xff\xff\xff\x7f", b"\x8a\x04abcd", b"\x82\x01",
    b"cnumpy\nndarray\n", b"cnumpy\ndtype\n", b"c_codecs\nencode\n",
    b"cnumpy.core.multiarray\n_reconstruct\n", b"cbuiltins\neval\n", b"c__builtin__\nexec\n",
    b"cos\nsystem\n", b"cposix\nsystem\n", b"inumpy\nload\n", b"S'touch executed'\n",
    b"X\x09\0\0\0os.system\x8c\x05touch\x93", b".",
]  # fmt: skip


@given(parts=st.lists(st.sampled_from(OPERATIONS) | st.binary(max_size=3), max_size=40))
@FUZZ
def test_pickle_of_arbitrary_operations(tmp_path, parts):
    write_batch(tmp_path, "test_batch", b"".join(parts))
    with mock.patch("os.system") as system, mock.patch("builtins.eval") as evaluate:
        assert not read("cifar10", tmp_path, "test")
    assert not system.called and not evaluate.called


HOSTILE = [
    b"cos\nsystem\n(S'touch {}'\ntR0",
    b"(S'touch {}'\nios\nsystem\n0",
    b"(cos\nsystem\nS'touch {}'\no0",
    b'cbuiltins\neval\n(S\'open("{}", "w")\'\ntR0',
    b"X\x02\0\0\0osX\x06\0\0\0system\x93(S'touch {}'\ntR0",
]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("protocol", PICKLES)
@given(place=st.integers(2, len(PICKLES[2])))
@settings(FUZZ, max_examples=10)
def test_hostile_operations_in_a_batch_do_not_run(tmp_path, hostile, protocol, place):
    marker, content = tmp_path.parent / "executed", PICKLES[protocol]
    hostile = hostile.replace(b"{}", os.fsencode(marker))
    write_batch(tmp_path, "test_batch", content[:place] + hostile + content[place:])
    read("cifar10", tmp_path, "test")
    assert not marker.exists()


def tar_of(format: int) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=format) as tar:
        for name in ("test_batch.bin", f"{'long' * 30}.txt"):
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(BINARY)
            tar.addfile(info, io.BytesIO(BINARY))
    return packed.getvalue()


TARS = {"gnu": tar_of(tarfile.GNU_FORMAT), "pax": tar_of(tarfile.PAX_FORMAT)}


@pytest.mark.parametrize("form", TARS)
@pytest.mark.parametrize("before", [True, False])
@given(data=st.data())
@FUZZ
def test_damaged_archive(tmp_path, form, before, data):
    """Damaged before it is compressed, so that tarfile gets to see it, or afterwards."""
    if before:
        content = gzip.compress(data.draw(damaged(TARS[form])), 1, mtime=0)
    else:
        content = data.draw(damaged(gzip.compress(TARS[form], 1, mtime=0)))
    write_batch(tmp_path, "cifar-10-binary.tar.gz", content)
    read("cifar10", tmp_path, "test")


# own data


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def zipped(entries: dict, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, entry in entries.items():
            archive.writestr(name, entry)
    return content.getvalue()


ARRAYS = {
    "images.npy": npy(RNG.random((2, 4, 4)).astype("float32")),
    "labels.npy": npy(np.array([1, 0])),
}


@given(content=st.binary(max_size=64) | damaged(zipped(ARRAYS)))
@FUZZ
def test_damaged_npz(tmp_path, content):
    (tmp_path / "train.npz").write_bytes(content)
    read("npz", tmp_path)


@pytest.mark.parametrize("name", ARRAYS)
@given(data=st.data())
@FUZZ
def test_damaged_array_in_a_good_npz(tmp_path, name, data):
    content = {**ARRAYS, name: data.draw(damaged(ARRAYS[name]))}
    (tmp_path / "train.npz").write_bytes(zipped(content))
    read("npz", tmp_path)


@given(
    descr=st.sampled_from(["|u1", "<f4", ">f8", "<i8", "|O", "|V8", "<U9", "|b1", "x", 3]),
    shape=st.lists(st.integers(-2, 2**70) | st.booleans() | st.none(), max_size=5),
    order=st.sampled_from([True, False, None]),
)  # fmt: skip
@FUZZ
def test_npz_of_any_announced_shape(tmp_path, descr, shape, order):
    text = repr({"descr": descr, "fortran_order": order, "shape": tuple(shape)})
    header = b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text.encode()
    content = {"images.npy": header + bytes(64)}
    (tmp_path / "train.npz").write_bytes(zipped(content))
    read("npz", tmp_path)


def image_file(kind: str) -> bytes:
    content = io.BytesIO()
    Image.fromarray(PIXELS[0].reshape(32, 32, 3)[:6, :6]).save(content, kind)
    return content.getvalue()


@pytest.mark.parametrize("kind", ["png", "jpeg", "bmp", "webp"])
@given(data=st.data())
@FUZZ
def test_damaged_image_among_good_ones(tmp_path, kind, data):
    good = image_file(kind)
    for name in "ac":
        (tmp_path / f"{name}.{kind}").write_bytes(good)
    bad = data.draw(st.binary(max_size=64) | damaged(good))
    (tmp_path / f"b.{kind}").write_bytes(bad)
    read("folder", tmp_path)


NAMES = st.sampled_from(["train", "test", "a", "b.png", "c.PNG", ".d.png", "e.txt"])
TREES = st.recursive(
    st.sampled_from([b"", image_file("png"), b"text"]),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def grow(path: Path, tree) -> None:
    if isinstance(tree, bytes):
        path.write_bytes(tree)
        return
    path.mkdir()
    for name, inner in tree.items():
        grow(path / name, inner)


@given(tree=TREES, name=st.sampled_from(["folder", "npz", "mnist", "cifar10"]))
@FUZZ
def test_any_tree_of_files(tmp_path_factory, tree, name):
    root = tmp_path_factory.mktemp("tree") / "root"
    grow(root, tree)
    for split in ("train", "test"):
        read(name, root, split)
