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
import io
import os
import pickle
import struct
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

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
        "download=true",
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


@pytest.mark.parametrize("protocol, text", [(2, str.encode), (4, str)])
def test_batch_of_the_published_size(protocol, text, monkeypatch):
    """With all that is in a published file, and names in bytes as Python 3 writes them."""
    monkeypatch.setattr(cifar10, "IMAGES_PER_FILE", 10000)
    pixels = np.random.default_rng(1).integers(0, 256, (10000, 3072)).astype("u1")
    batch = {
        text("data"): pixels,
        text("labels"): [i % 10 for i in range(10000)],
        text("batch_label"): text("training batch 1 of 5"),
        text("filenames"): [
            text(f"a_rather_long_name_s_{i:06}.png") for i in range(10000)
        ],
    }
    content = pickle.dumps(batch, protocol)
    assert len(content) <= cifar10._max_batch_size()
    images, labels = cifar10._decode_python(content, "f")
    np.testing.assert_array_equal(images, pixels)
    assert labels.tolist() == batch[text("labels")]


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


def member(name, kind=tarfile.REGTYPE, content=b"", **fields):
    """A member of an archive, and its content."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def write_hostile_tar(folder: Path, *members) -> None:
    """A valid archive, and after its files the members given."""
    path = folder / "cifar-10-binary.tar.gz"
    good = [
        member(f"cifar-10-batches-bin/{name}", content=content)
        for name, content in files("binary").items()
    ]
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT) as tar:
        for info, content in (*good, *members):
            tar.addfile(info, io.BytesIO(content))


BATCH = "cifar-10-batches-bin/test_batch.bin"


@pytest.mark.parametrize(
    "hostile, problem",
    [
        (member("../../escaped", content=b"x"), "lies outside"),
        (member("cifar-10-batches-bin/../../escaped"), "lies outside"),
        (member("a/../" + BATCH), "lies outside"),
        (member("/tmp/escaped", content=b"x"), "lies outside"),
        (member("link", tarfile.SYMTYPE, linkname="/etc/passwd"), "is a link"),
        (member("link", tarfile.LNKTYPE, linkname=BATCH), "is a link"),
        (member("tty", tarfile.CHRTYPE), "is a link, a device"),
        (member("disk", tarfile.BLKTYPE), "is a link, a device"),
        (member("pipe", tarfile.FIFOTYPE), "is a link, a device"),
        (member("holes", tarfile.GNUTYPE_SPARSE), "holes"),
        (member(BATCH, content=b"x"), "is there twice"),
        (member("./" + BATCH, content=b"x"), "is there twice"),
        (member("caf\udce9/../../x"), "lies outside"),
    ],
)
def test_hostile_members_are_refused_and_nothing_is_written(tmp_path, hostile, problem):
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    write_hostile_tar(folder, hostile)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match=f"binary.tar.gz is refused.*{problem}"):
        cifar10.read_cifar10(str(folder), "train")
    assert sorted(tmp_path.rglob("*")) == before
    assert not os.path.lexists("/tmp/escaped")


def test_link_in_place_of_a_batch_is_not_followed(tmp_path):
    with tarfile.open(tmp_path / "cifar-10-binary.tar.gz", "w:gz") as tar:
        tar.addfile(member(BATCH, tarfile.SYMTYPE, linkname="/etc/passwd")[0])
    with pytest.raises(UserError, match="is a link"):
        cifar10.read_cifar10(str(tmp_path), "test")


def test_archive_of_countless_members_is_refused(tmp_path):
    write_hostile_tar(tmp_path, *(member(f"{i}") for i in range(200)))
    with pytest.raises(UserError, match="one of more than 100"):
        cifar10.read_cifar10(str(tmp_path), "train")


HUGE = 1 << 24  # bytes, which gzip packs into some sixteen thousand


def peak_of(read) -> int:
    """Bytes that Python and NumPy held at once while `read` was refused."""
    tracemalloc.start()
    try:
        with pytest.raises(UserError):
            read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "name, kind",
    [
        (BATCH.replace("test", "other"), tarfile.REGTYPE),
        (BATCH, tarfile.REGTYPE),
        ("long name", tarfile.GNUTYPE_LONGNAME),
        ("extended header", tarfile.XHDTYPE),
    ],
)
def test_archive_that_unpacks_to_absurd_sizes(tmp_path, name, kind):
    with tarfile.open(tmp_path / "cifar-10-binary.tar.gz", "w:gz") as tar:
        info, content = member(name, kind, bytes(HUGE))
        tar.addfile(info, io.BytesIO(content))
        del content
    assert peak_of(lambda: cifar10.read_cifar10(str(tmp_path), "test")) < HUGE / 4


def test_member_that_announces_more_than_there_is(tmp_path):
    header = member(BATCH, content=b"")[0]
    header.size = 1 << 40
    content = header.tobuf() + binary(5)
    path = tmp_path / "cifar-10-binary.tar.gz"
    path.write_bytes(gzip.compress(content))
    assert peak_of(lambda: cifar10.read_cifar10(str(tmp_path), "test")) < HUGE / 4


@pytest.mark.parametrize("form", ["binary", "python 2"])
def test_absurdly_long_batch_is_not_read_whole(tmp_path, form):
    folder, suffix, make = MAKERS[form]
    write(tmp_path / folder, {f"test_batch{suffix}": make(5) + bytes(HUGE)})
    assert peak_of(lambda: cifar10.read_cifar10(str(tmp_path), "test")) < HUGE / 4


def array_of(dtype: bytes, shape: bytes) -> bytes:
    """Pickle of an array that says its type and shape and holds next to nothing."""
    return (
        b"\x80\x02}U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"
        + shape + b"\x85U" + bytes([len(dtype)]) + dtype + b"\x87Rs."
    )  # fmt: skip


FILLING = {
    "table of parts": b"\x80\x02}r\xff\xff\xff\x03.",  # made as long as the number says
    "table of parts, as text": b"\x80\x02p67108863\n.",
    "dictionaries": b"\x80\x02" + b"}" * 10**6 + b".",
    "tuples": b"\x80\x02(" + b"t" * 10**6 + b".",
    # to be hashed one within the other
    "tuples in tuples": b"\x80\x02}K\x00" + b"\x85" * 10**6 + b"K\x00s.",
    "objects": array_of(b"O", b"J\xff\xff\xff\x07"),
    "pixels": array_of(b"u1", b"J\xff\xff\xff\x7f"),
    "bytes": b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b".",
    "digits": b"\x80\x02\x8b" + struct.pack("<i", 1 << 30) + b".",
}


@pytest.mark.parametrize("what", FILLING)
def test_pickle_that_would_fill_the_memory(tmp_path, monkeypatch, what):
    monkeypatch.setattr(cifar10, "_max_batch_size", lambda: HUGE)
    root = write(tmp_path, {"test_batch": FILLING[what]})
    assert peak_of(lambda: cifar10.read_cifar10(root, "test")) < HUGE / 2


@pytest.mark.parametrize("name", ["data_batch_1.bin", "cifar-10-binary.tar.gz"])
def test_folder_where_a_file_should_be(tmp_path, name):
    write(tmp_path / "cifar-10-batches-bin", files("binary"))
    (tmp_path / "cifar-10-batches-bin" / "data_batch_1.bin").unlink()
    (tmp_path / "cifar-10-batches-bin" / name).mkdir()
    (tmp_path / "cifar-10-binary.tar.gz").mkdir()
    with pytest.raises(UserError, match="lacks data_batch_1.bin"):
        cifar10.read_cifar10(str(tmp_path), "train")


@pytest.mark.parametrize("archive", [True, False])
def test_unreadable_file_is_named(tmp_path, monkeypatch, archive):
    if archive:
        write_tar(tmp_path / "cifar-10-binary.tar.gz", files("binary"), "x")
    else:
        write(tmp_path, files("binary"))

    def refuse(path, *_):
        raise PermissionError(13, "Permission denied", path)

    # this user may be root, who may read everything
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(UserError, match="Permission denied"):
        cifar10.read_cifar10(str(tmp_path), "train")


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
