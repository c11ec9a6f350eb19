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

"""Every reader and every way in which a file asks for more than it holds: one sentence, soon.

Each file is read by a process with little memory and little time (tests/helpers/limited_reads.py). Nothing
is measured here: a process that takes more is killed, or says something else than the sentence.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import pickle
import struct
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from safetensors.numpy import save as safetensors

from tests.helpers.forks import Forks
from tests.helpers.torch_files import WRITERS
from tests.helpers.torch_files import Storage
from tests.helpers.torch_files import Tensor
from tests.helpers.torch_files import legacy_bytes
from tests.helpers.torch_files import tensor
from tests.helpers.torch_files import zip_bytes

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="limits and /proc are Linux's"
)

# what the file of each reader is called
NAMES = {
    "torch": "net.pth",
    "paddle": "net.pdparams",
    "safetensors": "net.safetensors",
    "cifar10": "test_batch",
    "npz": "images.npz",
    "npy": "images.npy",
    "idx": "t10k-images-idx3-ubyte",
    "checkpoint": "iter_00000001",
}


@pytest.fixture(scope="module")
def forks(tmp_path_factory):
    forks = Forks(
        str(tmp_path_factory.mktemp("printed")), "tests.helpers.limited_reads"
    )
    yield forks
    forks.close()


def place(folder, reader, content) -> str:
    """Path of a file for a reader, with what belongs beside it."""
    folder.mkdir(exist_ok=True, parents=True)
    path = folder / NAMES[reader]
    path.write_bytes(content)
    if reader == "idx":
        labels = b"\0\0\x08\x01" + struct.pack(">I", 2) + b"\7\2"
        (folder / "t10k-labels-idx1-ubyte").write_bytes(labels)
    return str(path)


def said(forks, *readers_and_paths):
    """What comes of each file: "read", or "refused: " and the sentence."""
    process = forks.start("read", *readers_and_paths)
    status, printed = forks.wait(process), forks.printed(process)
    assert status == 0, (status, printed[-2000:])
    lines = [line for line in printed.splitlines() if " ppsci " not in line]  # the log
    assert len(lines) == len(readers_and_paths) // 2, printed[-2000:]
    return lines


def check_refusal(line, path):
    assert line.startswith("refused: ") and os.path.basename(path) in line, line
    assert len(line) < len(path) + 600, line[:2000]
    # refused for what is in the file, not since the memory came to its end
    assert "memory" not in line.lower() and "allocate" not in line, line


# pickles


def text(content: bytes) -> bytes:
    return b"X" + struct.pack("<I", len(content)) + content


def put(number: int) -> bytes:
    return b"r" + struct.pack("<I", number)


def get(number: int) -> bytes:
    return b"j" + struct.pack("<I", number)


# forty pairs, each of the one before and itself, of which the last is put as part 40
PAIRS = b")" + put(0) + b"".join(get(i) * 2 + b"\x86" + put(i + 1) for i in range(40))
TWICE = get(40)
DEEP = b")" + b"\x85" * 3000  # enough for Python's stack
DEEPER = b")" + b"\x85" * 10**5  # and for that of C
LONG = text(b"a" * 10**6) + put(50) + b"0"
ORDERED = b"ccollections\nOrderedDict\n"
ENCODE = b"c_codecs\nencode\n"
RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85C\1btR"
DTYPE = b"cnumpy\ndtype\n"
BYTES = DTYPE + b"(" + text(b"u1") + b"K\0K\1tR"
REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
FLOATS = b"ctorch\nFloatStorage\n"
SMALL = b"(" + text(b"storage") + FLOATS + text(b"0") + text(b"cpu") + b"K\1tQ"
USES = {
    "key": b"}%sK\1s",
    "key among others": b"}(K\1K\2%sK\1u",
    "key of a dictionary at once": b"(%sK\1d",
    "member of a set": b"\x8f(%s\x90",
    "member of a frozen set": b"(%s\x91",
    "key of an ordered dictionary": ORDERED + b"](%sK\1ea\x85R",
    "key of an ordered dictionary, set": ORDERED + b")R%sK\1s",
    "key of attributes": ORDERED + b")R}%sK\1sb",
    "persistent id": b"%sQ",
    "key of a storage": b"(" + text(b"storage") + FLOATS + b"%s" + text(b"c") + b"K\1tQ",
    "tag of a storage": b"(%s" + FLOATS + text(b"0") + text(b"cpu") + b"K\1tQ",
    "size of a storage": b"(" + text(b"storage") + FLOATS + text(b"0") + b"K\1%stQ",
    "view of a storage": SMALL[:-2] + b"%stQ",
    "module": b"%s" + text(b"system") + b"\x93",
    "name": text(b"os") + b"%s\x93",
    "function": b"%s)R",
    "arguments": ORDERED + b"%sR",
    "shape of a tensor": REBUILD + b"(" + SMALL + b"K\0%sK\1\x85tR",
    "strides of a tensor": REBUILD + b"(" + SMALL + b"K\0K\1\x85%stR",
    "number in a shape": REBUILD + b"(" + SMALL + b"K\0%s\x85K\1\x85tR",
    "storage of a tensor": REBUILD + b"(%sK\0K\1\x85K\1\x85tR",
    "type of an array": DTYPE + b"(%sK\0K\1tR",
    "byte order": BYTES + b"(K\3%stb",
    "shape of an array": RECONSTRUCT + b"(K\1%s" + BYTES + b"\x89C\1atb",
    "number in an array's shape": RECONSTRUCT + b"(K\1%s\x85" + BYTES + b"\x89C\1atb",
    "content of an array": RECONSTRUCT + b"(K\1K\1\x85" + BYTES + b"\x89%stb",
    "text to encode": ENCODE + b"(%s" + text(b"latin1") + b"tR",
    "encoding": ENCODE + b"(" + text(b"a") + b"%stR",
    "tuple": b"cbuiltins\ntuple\n%s\x85R",
    "state of a number": b"K\1%sb",
    "list to append to": b"%sK\1a",
    "dictionary to put into": b"%sK\1K\1s",
    "nothing": b"%s",
}  # fmt: skip
PICKLES = {
    "nested lists": b"]" * 10**5 + b"a" * (10**5 - 1),
    "nested dictionaries": b"}" + b"K\1}" * 10**4 + b"s" * 10**4,
    "dictionaries without end": b"}" * 2 * 10**6,
    "marks without end": b"(" * 2 * 10**6,
    "a part of a large number": b"}r\xff\xff\xff\xff",
    "a part of a large number, as text": b"}p99999999999999999999\n",
    "bytes announced": b"\x8e" + struct.pack("<Q", 1 << 40),
    "bytes announced, shorter": b"B" + struct.pack("<I", 2**32 - 1),
    "bytes that may change": b"\x96" + struct.pack("<Q", 1 << 40),
    "text announced": b"\x8d" + struct.pack("<Q", 1 << 62),
    "digits announced": b"\x8b" + struct.pack("<i", 2**31 - 1),
    "a frame announced": b"\x95" + struct.pack("<Q", 1 << 62) + b"}",
    "a number without end as the key": b"}\x8b" + struct.pack("<i", 10**6)
    + b"\1" * 10**6 + b"K\1s",
    "a name without end": b"c" + b"o" * 10**6 + b"\nsystem\n",
    "a name of two lines": text(b"os\n\x1b[31m") + text(b"system\r\n") + b"\x93",
    "a long text encoded again and again": LONG + b"]"
    + (ENCODE + get(50) + text(b"latin1") + b"\x86Ra") * 2500,
    "a long list copied again and again": b"](" + b"K\1" * 50000 + b"e" + put(50) + b"]"
    + (b"cbuiltins\ntuple\n" + get(50) + b"\x85Ra") * 20000,
    "a long dictionary copied again and again": b"]("
    + b"".join(text(b"%d" % i) + b"K\1\x86" for i in range(9000)) + b"e" + put(50) + b"]"
    + (ORDERED + get(50) + b"\x85Ra") * 20000,
    "an array filled again and again": LONG + RECONSTRUCT + b"(K\1J\x40\x42\x0f\0\x85"
    + BYTES + b"\x89" + get(50) + b"t" + put(51) + b"0" + (get(51) + b"b") * 20000,
    "a long shape looked at again and again": b"(" + b"K\1" * 50000 + b"t" + put(50) + b"]"
    + (REBUILD + b"(" + SMALL + b"K\0" + get(50) * 2 + b"tRa") * 4000,
    "a long key compared again and again": b"}" + text(b"a" * 10**6) + b"K\1s"
    + text(b"a" * 10**6) + put(50) + b"0" + (get(50) + b"K\1s") * 30000,
    "a list as often as a number says": RECONSTRUCT + b"(K\1(](K\0K\0eJ\xff\xff\xff\x7ft"
    + BYTES + b"\x89C\1atb",
    "more dimensions than arrays have": b"}" + text(b"weight") + RECONSTRUCT + b"(K\1("
    + b"K\1" * 100 + b"t" + BYTES + b"\x89C\1atbs",
    "an array of no number": b"}" + text(b"weight") + RECONSTRUCT
    + b"(K\1K\0\x8a\x08" + b"\xff" * 7 + b"\x7f\x86" + BYTES + b"\x89C\0tbs",
    "an array that refers to itself": RECONSTRUCT + put(50) + b"(K\1K\1\x85" + get(50)
    + b"\x89C\1atb",
    "a list within itself": b"]" + put(50) + get(50) + b"a}" + text(b"a") + get(50) + b"s",
    **{f"pairs as {use}": PAIRS + b"0" + code.replace(b"%s", TWICE)
       for use, code in USES.items()},
    **{f"nested tuples as {use}": code.replace(b"%s", DEEP) for use, code in USES.items()},
    **{f"a hundred thousand tuples as {use}": USES[use].replace(b"%s", DEEPER)
       for use in ("key", "key of an ordered dictionary", "type of an array")},
}  # fmt: skip


def legacy_of(content: bytes) -> bytes:
    """A PyTorch file with a pickle in the place of its content."""
    start = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    return (
        b"".join(pickle.dumps(part, 2) for part in start)
        + content
        + pickle.dumps([], 2)
    )


def zip_of(content: bytes, **entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", content)
        for name, entry in entries.items():
            archive.writestr(f"archive/data/{name.strip('_')}", entry)
    return out.getvalue()


def everywhere(folder, content: bytes):
    """Readers and paths of one pickle in all the files that are pickles."""
    files = {
        ("torch", "legacy"): legacy_of(content),
        ("torch", "first"): content,
        ("torch", "zip"): zip_of(content, _0=bytes(4)),
        ("paddle", "whole"): content,
        ("cifar10", "whole"): content,
    }
    arguments = []
    for (reader, form), file in files.items():
        arguments += [reader, place(folder / form, reader, file)]
    return arguments


@pytest.mark.parametrize("what", PICKLES)
def test_hostile_pickles(forks, tmp_path, what):
    arguments = everywhere(tmp_path, b"\x80\x02" + PICKLES[what] + b".")
    for line, path in zip(said(forks, *arguments), arguments[1::2]):
        check_refusal(line, path)


REPORTED = {
    "hang": b"\x80\x02)q\x00"
    + b"".join(b"h%ch%c\x86q%c" % (i, i, i + 1) for i in range(40))
    + b"0}h\x28K\x01s.",
    "crash": b"\x80\x02})" + b"\x85" * 10**6 + b"K\x01s.",
}  # fmt: skip


@pytest.mark.parametrize("what", REPORTED)
def test_pickles_as_they_were_reported(forks, tmp_path, what):
    path = place(tmp_path, "paddle", REPORTED[what])
    (line,) = said(forks, "paddle", path)
    check_refusal(line, path)


PARTS = st.sampled_from(
    [PAIRS, DEEP, TWICE, LONG, ORDERED, ENCODE, RECONSTRUCT, DTYPE, BYTES, REBUILD, FLOATS,
     SMALL, get(50), text(b"latin1"), text(b"storage"), b"h\0", b"q\0", b"\x94", b"0", b"2",
     b"(", b"1", b"t", b"l", b"d", b"e", b"a", b"u", b"s", b")", b"]", b"}", b"\x85", b"\x86",
     b"\x87", b"R", b"b", b"Q", b"\x8f", b"\x90", b"\x91", b"\x93", b"\x81", b"o", b"N", b"K\1",
     b"\x88", b"J\xff\xff\xff\x7f", b"\x8a\x09" + b"\xff" * 8 + b"\0", b"C\1a", b"U\1a"]
)  # fmt: skip


@st.composite
def hostile_pickle(draw) -> bytes:
    """Nested or long values, used in some of the ways above, among any operations."""
    value = draw(st.sampled_from([TWICE, DEEP, get(50), b")", b"]" * 50 + b"a" * 49]))
    uses = draw(st.lists(st.sampled_from(list(USES.values())), min_size=1, max_size=4))
    code = b"".join(use.replace(b"%s", value) for use in uses)
    noise = draw(st.lists(PARTS, max_size=8))
    at = draw(st.integers(0, len(noise)))
    # as often as the operations allow
    body = b"".join([*noise[:at], code, *noise[at:]]) * draw(st.sampled_from([1, 1, 9]))
    return b"\x80\x02" + LONG + PAIRS + b"0" + body + draw(st.sampled_from([b".", b""]))


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(content=hostile_pickle())
def test_pickles_of_hostile_parts(forks, tmp_path, content):
    arguments = everywhere(tmp_path, content)
    for line, path in zip(said(forks, *arguments), arguments[1::2]):
        check_refusal(line, path)


# other contents


LINEAR = {"weight": np.zeros((2, 3), "f4"), "bias": np.zeros(3, "f4")}


def torch_of(to_bytes, shape=(3, 2), strides=(2, 1), **others) -> bytes:
    """The layer that the readers put weights into, with the view given as its weight."""
    weight = Tensor(Storage(LINEAR["weight"], "0"), 0, shape, strides)
    return to_bytes({"weight": weight, "bias": tensor(LINEAR["bias"], "1"), **others})


def header_of(tensors: object, data: bytes = b"", length: int = None) -> bytes:
    """A .safetensors file, of which the announced length may be another."""
    text = tensors if isinstance(tensors, bytes) else json.dumps(tensors).encode()
    length = len(text) if length is None else length
    return struct.pack("<Q", length) + text + data


def one(dtype: str, shape: list, size: int) -> bytes:
    entry = {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}
    return header_of({"weight": entry}, bytes(size))


def npy(header: object, data: bytes = bytes(64)) -> bytes:
    text = header if isinstance(header, bytes) else repr(header).encode()
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text + data


def described(**changes) -> dict:
    return {"descr": "|u1", "fortran_order": False, "shape": (1, 1, 8, 8), **changes}


def npz(content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("images.npy", content)
    return out.getvalue()


def claiming(content: bytes, name: bytes, size: int) -> bytes:
    """A zip archive of which the directory says that an entry has another size, packed too."""
    at = content.rindex(b"PK\1\2", 0, content.rindex(name))
    sizes = struct.pack("<II", size, size)
    return content[: at + 20] + sizes + content[at + 28 :]


def described_storage(key: bytes, numel: int) -> bytes:
    """A tensor of one element of a storage, in a pickle."""
    size = b"J" + struct.pack("<i", numel)
    identity = (
        b"(" + text(b"storage") + FLOATS + text(key) + text(b"cpu") + size + b"tQ"
    )
    return REBUILD + b"(" + identity + b"K\0K\1\x85K\1\x85tR"


def torch_of_zeros(count: int, size: int) -> bytes:
    """A PyTorch file of so many storages, packed, of so many bytes."""
    keys = [b"%d" % number for number in range(count)]
    tensors = b"".join(text(key) + described_storage(key, size // 4) for key in keys)
    content = b"\x80\x02}(" + tensors + b"u."
    return zip_of(content, **{f"_{key.decode()}": bytes(size) for key in keys})


ZEROS = 400 << 20  # more than the memory that a reader gets
IDX = b"\0\0\x08\x03" + struct.pack(">3I", 2, 28, 28) + bytes(2 * 28 * 28)
GOOD = {
    "zip": ("torch", torch_of(zip_bytes)),
    "legacy": ("torch", torch_of(legacy_bytes)),
    "pdparams": ("paddle", pickle.dumps(LINEAR, 4)),
    "safetensors": ("safetensors", safetensors(LINEAR)),
    "npz": ("npz", npz(npy(described()))),
    "npy": ("npy", npy(described())),
    "idx": ("idx", IDX),
    "cifar10": ("cifar10", pickle.dumps(
        {"data": np.zeros((10000, 3072), "u1"), "labels": [0] * 10000}, 2)),
}  # fmt: skip


@pytest.mark.parametrize("what", GOOD)
def test_honest_files_are_read_within_these_limits(forks, tmp_path, what):
    reader, content = GOOD[what]
    assert said(forks, reader, place(tmp_path, reader, content)) == ["read"]


FILES = {
    **{f"{name}, {form}": ("torch", torch_of(to_bytes, **changes))
       for form, to_bytes in WRITERS.items()
       for name, changes in {
           "a view that repeats": {"shape": (2**34, 2), "strides": (0, 1)},
           "a view beyond memory": {"shape": (2**62,), "strides": (0,)},
           "a view of no size": {"shape": (2**62, 2**62), "strides": (0, 0)},
           "an empty view": {"shape": (0, 2**62), "strides": (1, 1)},
           "a stride beyond memory": {"shape": (1, 1), "strides": (2**62, 2**62)},
           "more dimensions than arrays have": {"shape": (1,) * 100, "strides": (1,) * 100},
           "a view that is no part of the network": {
               "more": Tensor(Storage(np.zeros(1, "f4"), "2"), 0, (2**40,), (0,))},
           "a name without end": {"n" * 4000: tensor([1.0], "2")},
       }.items()},
    "a storage of zeros, packed": ("torch", lambda: torch_of_zeros(1, ZEROS)),
    "storages of zeros, none large": ("torch", lambda: torch_of_zeros(10, 1 << 26)),
    "a storage that claims a size": ("torch", claiming(
        torch_of(zip_bytes), b"archive/data/0", 2**32 - 2)),
    "a pickle of zeros, packed": ("torch", lambda: zip_of(bytes(ZEROS))),
    "two pickles": ("torch", zip_of(b"N.") + zip_of(b"N.")),
    "BF16": ("safetensors", one("BF16", [3], 6)),
    "F8": ("safetensors", one("F8_E4M3", [3], 3)),
    "F8, the other": ("safetensors", one("F8_E5M2", [3], 3)),
    "an unknown type": ("safetensors", one("F99", [3], 3)),
    "no size, but a shape": ("safetensors", one("F32", [0, 2**63 - 1], 0)),
    "a size beyond integers": ("safetensors", one("F32", [2**40, 2**40], 4)),
    "a hundred dimensions": ("safetensors", one("F32", [1] * 100, 4)),
    "a header without end": ("safetensors", header_of(b"{}", length=2**63 - 1)),
    "a large header": ("safetensors", header_of(b"{}", length=90 << 20)),
    "a deep header": ("safetensors", header_of(b'{"w":' * 10**5)),
    "no dictionary": ("safetensors", header_of([])),
    "another's bytes": ("safetensors", header_of({
        name: {"dtype": "U8", "shape": [9], "data_offsets": [0, 9]} for name in "ab"}, bytes(9))),
    **{f"{what}, {reader}": (reader, npz(content) if reader == "npz" else content)
       for reader in ("npz", "npy")
       for what, content in {
           "a boolean in the shape": npy(described(shape=(True, 1, 8, 64)), bytes(512)),
           "a boolean alone": npy(described(shape=(True,)), b"1"),
           "a negative shape": npy(described(shape=(-8, -8))),
           "a shape beyond integers": npy(described(shape=(2**70,))),
           "a hundred axes": npy(described(shape=(1,) * 100), b"1"),
           "no type": npy(described(descr=())),
           "a type of nothing": npy(described(descr=[()])),
           "a type in a type": npy(described(descr=[("a", [("b", "<f4")])])),
           "a type of arrays": npy(described(descr="(9,9)u1")),
           "a wrong type": npy(described(descr="<f4,")),
           "objects": npy(described(descr="|O")),
           "keys of all kinds": npy({1: 2, "a": 3, None: 4}),
           "no such keys": npy({}),
           "signs without end": npy(b"-" * 9000 + b"1"),
           "brackets without end": npy(b"[" * 9000),
           "brackets, closed": npy(b"(" * 4000 + b")" * 4000),
           "a sum without end": npy(b"1+" * 4000 + b"1"),
           "attributes without end": npy(b"a" + b".a" * 4000),
           "a set": npy(b"{" + b"(" * 90 + b"1," + b")" * 90 + b"}"),
           "no text": npy(b"\xff" * 99),
           "a large number": npy(described(shape=(10**3000,))),
       }.items()},
    "zeros, packed": ("npz", lambda: npz(npy(described(shape=(ZEROS,)), bytes(ZEROS)))),
    "an array that claims a size": ("npz", claiming(
        npz(npy(described(shape=(2**32 - 2,)))), b"images.npy", 2**32 - 2)),
    "packed otherwise": ("npz", npz(npy(described()), zipfile.ZIP_LZMA)),
    "images announced": ("idx", IDX[:4] + struct.pack(">3I", 1 << 31, 28, 28)),
    "images announced, packed": ("idx", gzip.compress(
        IDX[:4] + struct.pack(">3I", 1 << 31, 28, 28) + bytes(99))),
    "images of zeros, packed": ("idx", lambda: gzip.compress(IDX + bytes(ZEROS), 1)),
    "no image, but a shape": ("idx", IDX[:4] + struct.pack(">3I", 0, 2**32 - 1, 2**32 - 1)),
}  # fmt: skip


@pytest.mark.parametrize("what", FILES)
def test_files_that_announce_more_than_they_hold(forks, tmp_path, what):
    reader, content = FILES[what]
    path = place(tmp_path, reader, content if isinstance(content, bytes) else content())
    (line,) = said(forks, reader, path)
    check_refusal(line, path)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "nothing"])
def test_what_is_no_file(forks, tmp_path, kind):
    arguments = []
    for reader, name in NAMES.items():
        path = tmp_path / reader / name
        path.parent.mkdir()
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "device":
            os.symlink("/dev/zero", path)
        elif kind == "folder":
            path.mkdir()
        arguments += [reader, str(path)]
    for line in said(forks, *arguments):
        assert line.startswith("refused: ") and str(tmp_path) in line, line


@pytest.mark.parametrize("name", ["state.json", "SHA256SUMS"])
@pytest.mark.parametrize("kind", ["pipe", "device", "deep", "many"])
def test_checkpoints(forks, tmp_path, name, kind):
    contents = {"state.json": b"{}", "state.safetensors": safetensors({})}
    if kind == "deep":
        contents["state.json"] = b"[" * 10**7
    elif kind == "many":
        contents["state.json"] = b"[" + b"[]," * 10**7 + b"[]]"
    folder = tmp_path / NAMES["checkpoint"]
    folder.mkdir()
    for file, content in contents.items():
        (folder / file).write_bytes(content)
    digests = [f"{hashlib.sha256(c).hexdigest()}  {f}\n" for f, c in contents.items()]
    (folder / "SHA256SUMS").write_text("".join(digests))
    if kind in ("pipe", "device"):
        (folder / name).unlink()
    if kind == "pipe":
        os.mkfifo(folder / name)
    elif kind == "device":
        os.symlink("/dev/zero", folder / name)
    (line,) = said(forks, "checkpoint", str(folder))
    check_refusal(line, str(folder))
