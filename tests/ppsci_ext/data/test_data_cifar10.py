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

import io
import os
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppsci_ext.data import cifar10
from ppsci_ext.data import load_images
from ppsci_ext.utils.errors import UserError

DATA = os.environ.get("WGAN_GP_TEST_DATA")
N = 3  # images per file in these tests
RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (6, N, 3072)).astype("uint8")
LABELS = RNG.integers(0, 10, (6, N)).astype("uint8")


@pytest.fixture(autouse=True)
def small_files(request, monkeypatch):
    if "real" not in request.node.name:
        monkeypatch.setattr(cifar10, "IMAGES_PER_FILE", N)


def binary(i: int) -> bytes:
    return np.concatenate([LABELS[i][:, None], PIXELS[i]], axis=1).tobytes()


def python2_pickle(i: int) -> bytes:
    """What Python 2 wrote: byte strings, `numpy.core`, protocol 2."""
    raw = PIXELS[i].tobytes()
    labels = b"".join(b"K" + bytes([label]) for label in LABELS[i])
    shape = b"K" + bytes([N]) + b"M" + struct.pack("<H", 3072) + b"\x86"
    return (
        b"\x80\x02}(U\x06labels](" + labels + b"eU\x04data"
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01" + shape + b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNN"
        b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
        + struct.pack("<i", len(raw))
        + raw
        + b"tbu."
    )


def python3_pickle(i: int, protocol: int = 2) -> bytes:
    """What Python 3 writes, with the module names of the NumPy installed."""
    batch = {"data": PIXELS[i], "labels": LABELS[i].tolist()}
    return pickle.dumps(batch, protocol)


def numpy2_pickle(i: int) -> bytes:
    return python3_pickle(i).replace(
        b"numpy.core.multiarray", b"numpy._core.multiarray"
    )


MAKERS = {
    "binary": ("cifar-10-batches-bin", ".bin", binary),
    "python 2": ("cifar-10-batches-py", "", python2_pickle),
    "python 3": ("cifar-10-batches-py", "", python3_pickle),
    "protocol 4": ("cifar-10-batches-py", "", lambda i: python3_pickle(i, 4)),
    "numpy 2": ("cifar-10-batches-py", "", numpy2_pickle),
}


def files(form: str) -> dict[str, bytes]:
    _, suffix, make = MAKERS[form]
    names = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    return {name + suffix: make(i) for i, name in enumerate(names)}


def write(folder: Path, contents: dict[str, bytes]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return str(folder)


def write_tar(path: Path, contents: dict[str, bytes], prefix: str) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name in reversed(
            list(contents)
        ):  # the published order is not sorted either
            member = tarfile.TarInfo(f"{prefix}/{name}")
            member.size = len(contents[name])
            tar.addfile(member, io.BytesIO(contents[name]))


def check(root: str) -> None:
    train = load_images("cifar10", root, "train")
    test = load_images("cifar10", root, "test")
    np.testing.assert_array_equal(train.images, PIXELS[:5].reshape(-1, 3, 32, 32))
    np.testing.assert_array_equal(train.labels, LABELS[:5].reshape(-1))
    np.testing.assert_array_equal(test.images, PIXELS[5].reshape(-1, 3, 32, 32))
    np.testing.assert_array_equal(test.labels, LABELS[5])
    assert (train.num_classes, train.labels.dtype) == (10, np.int64)


@pytest.mark.parametrize("form", MAKERS)
def test_folder_in_root(tmp_path, form):
    write(tmp_path / MAKERS[form][0], files(form))
    check(str(tmp_path))


@pytest.mark.parametrize("form", ["binary", "python 2"])
def test_root_is_the_folder(tmp_path, form):
    check(write(tmp_path, files(form)))


@pytest.mark.parametrize("prefix", ["", "./"])
@pytest.mark.parametrize(
    "form, archive",
    [("binary", "cifar-10-binary.tar.gz"), ("python 2", "cifar-10-python.tar.gz")],
)
def test_archive_is_read_in_place(tmp_path, form, archive, prefix):
    write_tar(tmp_path / archive, files(form), prefix + MAKERS[form][0])
    check(str(tmp_path))
    assert os.listdir(tmp_path) == [archive]


def test_published_archive_is_downloaded_once(tmp_path, monkeypatch):
    fetched = []

    def fetch(url, path, md5):
        fetched.append((url, md5))
        write_tar(Path(path), files("binary"), "cifar-10-batches-bin")

    monkeypatch.setattr(cifar10, "fetch", fetch)
    load_images("cifar10", str(tmp_path), "train", download=True)
    load_images("cifar10", str(tmp_path), "test", download=True)
    assert fetched == [
        (cifar10.URL + "cifar-10-binary.tar.gz", "md5:c32a1d4ab5d03f1284b67883e8d87530")
    ]


def test_says_that_contents_are_unverified(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(cifar10.logger, "info", lines.append)
    cifar10.read_cifar10(write(tmp_path, files("binary")), "train")
    assert len(lines) == 1 and "unverified" in lines[0]


def test_missing_files_name_what_where_and_how(tmp_path):
    contents = files("binary")
    del contents["data_batch_3.bin"]
    write(tmp_path / "cifar-10-batches-bin", contents)
    with pytest.raises(UserError) as caught:
        load_images("cifar10", str(tmp_path), "train")
    for part in (
        "data_batch_1 .. data_batch_5",
        "cifar-10-python.tar.gz",
        "cifar-10-batches-bin lacks data_batch_3.bin",
        "DATA.download=true",
        cifar10.URL,
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "content, message",
    [
        (binary(0)[:-1], "damaged"),
        (binary(0) + b"x", "damaged"),
        (binary(0)[: 3073 * (N - 1)], "damaged"),
        (b"", "damaged"),
        (b"\x0a" + binary(0)[1:], r"labels outside 0\.\.9"),
    ],
)
def test_damaged_binary_file(tmp_path, content, message):
    root = write(tmp_path, {**files("binary"), "data_batch_2.bin": content})
    with pytest.raises(UserError, match=f"data_batch_2.bin.*{message}"):
        cifar10.read_cifar10(root, "train")


@pytest.mark.parametrize(
    "batch",
    [
        [],
        {},
        {"data": PIXELS[0]},
        {"data": PIXELS[0], "labels": [0] * (N - 1)},
        {"data": PIXELS[0], "labels": [0] * (N - 1) + [10]},
        {"data": PIXELS[0], "labels": [0] * (N - 1) + ["a"]},
        {"data": PIXELS[0][:-1], "labels": [0] * N},
        {"data": PIXELS[0].astype("int16"), "labels": [0] * N},
    ],
)
def test_pickle_of_something_else(tmp_path, batch):
    root = write(tmp_path, {"test_batch": pickle.dumps(batch, 2)})
    with pytest.raises(UserError, match="test_batch is not a CIFAR-10 batch"):
        cifar10.read_cifar10(root, "test")


class Hostile:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_hostile_pickle_is_refused_before_it_runs(tmp_path, protocol):
    proof = tmp_path / "executed"
    batch = {
        "data": PIXELS[0],
        "labels": [0] * N,
        "more": Hostile(os.system, f"touch {proof}"),
    }
    root = write(tmp_path, {"test_batch": pickle.dumps(batch, protocol)})
    with pytest.raises(UserError, match="test_batch is refused: it asks to load"):
        cifar10.read_cifar10(root, "test")
    assert not proof.exists()


@pytest.mark.parametrize("function", [eval, getattr, np.load, pickle.loads])
def test_other_globals_are_refused(tmp_path, function):
    root = write(tmp_path, {"test_batch": pickle.dumps(Hostile(function, "1"), 2)})
    with pytest.raises(UserError, match="is refused"):
        cifar10.read_cifar10(root, "test")


def test_hostile_member_names_are_never_written(tmp_path):
    contents = {**files("binary"), "../../escaped": b"x"}
    write_tar(tmp_path / "cifar-10-binary.tar.gz", contents, "cifar-10-batches-bin")
    check(str(tmp_path))
    assert not (tmp_path.parent / "escaped").exists()


def test_link_in_archive_is_not_followed(tmp_path):
    with tarfile.open(tmp_path / "cifar-10-binary.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo("cifar-10-batches-bin/test_batch.bin")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)
    with pytest.raises(UserError, match="lacks cifar-10-batches-bin/test_batch.bin"):
        cifar10.read_cifar10(str(tmp_path), "test")


def test_truncated_archive(tmp_path):
    path = tmp_path / "cifar-10-binary.tar.gz"
    write_tar(path, files("binary"), "cifar-10-batches-bin")
    content = path.read_bytes()
    for end in [*range(0, len(content), len(content) // 40), len(content) - 1]:
        path.write_bytes(content[:end])
        with pytest.raises(UserError, match="cifar-10-binary.tar.gz"):
            cifar10.read_cifar10(str(tmp_path), "train")


def test_archive_with_a_wrong_byte_is_noticed_by_its_checksum(tmp_path):
    path = tmp_path / "cifar-10-binary.tar.gz"
    write_tar(path, files("binary"), "cifar-10-batches-bin")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="cifar-10-binary.tar.gz is damaged"):
        cifar10.read_cifar10(str(tmp_path), "train")


@given(st.binary(max_size=100))
def test_any_bytes_give_a_user_error(data):
    # no "r": that opcode makes the interpreter reserve memory for a number that follows
    for decode in (cifar10._decode_binary, cifar10._decode_python):
        with pytest.raises(UserError):
            decode(data.replace(b"r", b""), "f")


@pytest.mark.parametrize("make", [python2_pickle, python3_pickle, numpy2_pickle])
@given(data=st.data())
def test_any_truncated_pickle_gives_a_user_error(make, data):
    content = make(0)
    end = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(UserError):
        cifar10._decode_python(content[:end], "f")


@pytest.mark.skipif(
    not DATA, reason="WGAN_GP_TEST_DATA names no folder with cifar-10-batches-bin/"
)
def test_real_data():
    train = load_images("cifar10", DATA, "train")
    test = load_images("cifar10", DATA, "test")
    assert train.images.shape == (50000, 3, 32, 32)
    assert test.images.shape == (10000, 3, 32, 32)
    assert np.bincount(train.labels).tolist() == [5000] * 10
    assert np.bincount(test.labels).tolist() == [1000] * 10
    assert train.labels[:5].tolist() == [6, 9, 9, 4, 1]
    # published means of R, G, B over the training set
    means = train.images.mean(axis=(0, 2, 3)) / 255
    np.testing.assert_allclose(means, [0.4914, 0.4822, 0.4465], atol=2e-4)
