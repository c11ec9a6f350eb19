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

"""Own data that are large: they stay on the disk, and nothing else differs."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from PIL import Image

from ppsci_ext.data import BatchStream
from ppsci_ext.data import ImageReading
from ppsci_ext.data import arrays
from ppsci_ext.data import decoded
from ppsci_ext.data import load_images
from ppsci_ext.data.digest import array_digest
from ppsci_ext.data.digest import byte_blocks
from ppsci_ext.utils.errors import UserError

RNG = np.random.default_rng(0)


def save_images(folder, count=12, classes=("cat", "dog"), side=8):
    for index in range(count):
        path = folder / classes[index % len(classes)] / f"{index:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = RNG.integers(0, 256, (side, side, 3)).astype("uint8")
        Image.fromarray(pixels).save(path)
    return folder


@pytest.fixture
def keep_all(monkeypatch, tmp_path):
    """Everything counts as large; the folder of the cache's entries."""
    monkeypatch.setattr(decoded, "LARGE", 0)
    monkeypatch.setattr(arrays, "LARGE", 0)
    monkeypatch.setenv("PPSCI_EXT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "images"


@pytest.fixture
def reads(monkeypatch):
    """Paths of the images that have been decoded."""
    found = []
    opened = Image.open

    def spy(path, *arguments, **options):
        found.append(str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Image, "open", spy)
    return found


def load(root, **reading):
    return load_images("folder", str(root), "train", reading=ImageReading(**reading))


def in_memory(root, **reading):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoded, "LARGE", np.inf)
        return load(root, **reading)


def is_mapped(array):
    while array is not None and not isinstance(array, np.memmap):
        array = array.base
    return array is not None


def entry(keep_all):
    (path,) = keep_all.glob("*.npy")
    return path


def test_decoded_once_and_all_the_same(tmp_path, keep_all, reads):
    root = save_images(tmp_path / "photos")
    expected = in_memory(root)
    first = load(root)
    reads.clear()
    again = load(root)
    assert len(reads) == 1  # of the first image, for the shape
    for found in (first, again):
        assert is_mapped(found.images) and not found.images.flags.writeable
        np.testing.assert_array_equal(found.images, expected.images)
        np.testing.assert_array_equal(found.labels, expected.labels)
        assert found.class_names == expected.class_names
        assert found.digest == expected.digest
    assert not is_mapped(expected.images)


def test_batches_and_resuming_are_those_of_images_in_memory(tmp_path, keep_all):
    root = save_images(tmp_path / "photos")
    expected = BatchStream(in_memory(root), 5, seed=3)
    for _ in range(3):
        next(expected)
    found = BatchStream(load(root), 5, seed=4)
    found.set_state_dict(expected.state_dict())
    for _ in range(4):
        (x, labels), (y, others) = next(expected), next(found)
        assert (x.numpy() == y.numpy()).all()
        assert (labels.numpy() == others.numpy()).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_options_have_entries_of_their_own(tmp_path, keep_all, dtype):
    (tmp_path / "photos").mkdir()
    for index in range(3):
        pixels = RNG.integers(0, 256, (6, 6)).astype(dtype)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{index}.png")
    for reading in ({}, {"resize": [4, 5]}, {"channels": 3}):
        for _ in range(2):
            found = load(tmp_path / "photos", **reading).images
            assert is_mapped(found)
            expected = in_memory(tmp_path / "photos", **reading).images
            np.testing.assert_array_equal(found, expected)
            assert found.dtype == expected.dtype
    assert len(list(keep_all.glob("*.npy"))) == 3


def replace_content(root):
    """The same size and the same time of last change, as a careless copy has."""
    path = root / "cat" / "000.png"
    before = path.stat()
    content = bytearray(path.read_bytes())
    other = (root / "dog" / "001.png").read_bytes()
    content[:] = other + bytes(len(content))  # what follows the image is passed over
    path.write_bytes(bytes(content)[: max(before.st_size, len(other))])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES = {
    "another file": lambda root: save_images(root, 14),
    "one file less": lambda root: (root / "dog" / "003.png").unlink(),
    "a new name": lambda root: (root / "dog" / "003.png").rename(
        root / "dog" / "0.png"
    ),
    "another class": lambda root: (root / "dog").rename(root / "ant"),
    "other content": replace_content,
    "all swapped": lambda root: [
        shutil.move(root / old, root / new)
        for old, new in (("cat", "x"), ("dog", "cat"), ("x", "dog"))
    ],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changed_files_are_decoded_anew(tmp_path, keep_all, change):
    root = save_images(tmp_path / "photos")
    before = load(root)
    kept = before.images.copy()
    change(root)
    after, expected = load(root), in_memory(root)
    assert after.digest == expected.digest != before.digest
    np.testing.assert_array_equal(before.images, kept)  # of a run that goes on
    assert len(list(keep_all.glob("*.npy"))) == 1


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "a bit of a pixel": lambda path: flip(path, -5),
    "a bit of the header": lambda path: flip(path, 70),
    "an end that is missing": lambda path: os.truncate(path, 200),
    "nothing": lambda path: os.truncate(path, 0),
    "no file": lambda path: path.unlink(),
    "a folder": lambda path: (path.unlink(), path.mkdir(), path.rmdir()),
    "no description": lambda path: path.with_suffix(".json").write_text("{"),
    "a description of another kind": lambda path: path.with_suffix(".json").write_text(
        "[1]"
    ),
    "a description without a sum": lambda path: path.with_suffix(".json").write_text(
        json.dumps(
            {
                key: value
                for key, value in json.loads(
                    path.with_suffix(".json").read_text()
                ).items()
                if key != "sha256"
            }
        )
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_is_made_anew(tmp_path, keep_all, reads, damage):
    root = save_images(tmp_path / "photos")
    expected = load(root).digest
    damage(entry(keep_all))
    reads.clear()
    assert load(root).digest == expected
    assert len(reads) > 1
    reads.clear()
    assert load(root).digest == expected
    assert len(reads) == 1


def test_a_damaged_image_is_named_and_leaves_nothing(tmp_path, keep_all):
    root = save_images(tmp_path / "photos")
    (root / "dog" / "005.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    with pytest.raises(UserError, match="005.png cannot be read as an image"):
        load(root)
    assert [path.suffix for path in keep_all.iterdir()] == [".lock"]


def test_what_a_killed_process_left_is_removed(tmp_path, keep_all):
    root = save_images(tmp_path / "photos")
    keep_all.mkdir(parents=True)
    left = (
        keep_all / f".x.npy.{2**22 + 1}.tmp"
    )  # beyond the largest number of a process
    left.write_bytes(b"half")
    load(root)
    assert not left.exists()


def test_without_a_place_for_it_images_are_in_memory(tmp_path, keep_all, monkeypatch):
    root = save_images(tmp_path / "photos")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PPSCI_EXT_CACHE", str(tmp_path / "file" / "cache"))
    found = load(root)
    assert found.digest == in_memory(root).digest
    assert not is_mapped(found.images)


def test_a_small_folder_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("PPSCI_EXT_CACHE", str(tmp_path / "cache"))
    assert not is_mapped(load(save_images(tmp_path / "photos")).images)
    assert not (tmp_path / "cache").exists()


def load_in_process(root, queue):
    reads = []
    opened = Image.open
    Image.open = lambda path, *a, **o: (reads.append(path), opened(path, *a, **o))[1]
    queue.put((load(root).digest, len(reads)))


def test_two_processes_decode_once(tmp_path, keep_all):
    root = save_images(tmp_path / "photos", 200)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    processes = [
        context.Process(target=load_in_process, args=(root, queue)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    found = [queue.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    assert {digest for digest, _ in found} == {in_memory(root).digest}
    assert sorted(count for _, count in found)[:2] == [1, 1]


def test_memory_does_not_grow_with_the_folder(tmp_path, keep_all):
    root = save_images(tmp_path / "photos", 120, side=128)
    load(root)
    shutil.rmtree(keep_all)
    tracemalloc.start()
    try:
        load(root)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60 * 128 * 128 * 3  # half of the images


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(5, 8, 6, 3), (5, 3, 8, 6), (5, 8, 6)])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "uint16", "float64"])
def test_mapped_arrays_are_those_in_memory(tmp_path, keep_all, order, shape, dtype):
    images = np.asarray(RNG.integers(0, 256, shape), dtype, order=order)
    np.savez(tmp_path / "stored.npz", labels=np.arange(5) % 2, images=images)
    np.savez_compressed(tmp_path / "packed.npz", labels=np.arange(5) % 2, images=images)
    stored, packed = (
        load_images("npz", str(tmp_path / f"{name}.npz"), "train")
        for name in ("stored", "packed")
    )
    assert is_mapped(stored.images) == (dtype in ("uint8", "float32"))
    assert not is_mapped(packed.images)
    np.testing.assert_array_equal(stored.images, packed.images)
    assert stored.digest == packed.digest
    streams = BatchStream(stored, 2, seed=0), BatchStream(packed, 2, seed=0)
    for _ in range(3):
        x, y = (next(stream)[0].numpy() for stream in streams)
        assert (x == y).all() and x.dtype == y.dtype
    np.save(tmp_path / "mine.npy", images)
    mapped = arrays.npy_array(str(tmp_path / "mine.npy"), mapped=True)
    assert is_mapped(mapped)
    np.testing.assert_array_equal(mapped, images)


def test_an_archive_behind_other_bytes_is_mapped_at_its_place(tmp_path, keep_all):
    images = RNG.integers(0, 256, (5, 8, 6)).astype("uint8")
    path = tmp_path / "mine.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", b"x" * 1001)
        information = zipfile.ZipInfo("images.npy")
        information.extra = b"\xff\xff\x05\x00hello"
        np.save(tmp_path / "images.npy", images)
        archive.writestr(information, (tmp_path / "images.npy").read_bytes())
    found = arrays.npz_array(str(path), "images", mapped=True)
    assert is_mapped(found)
    np.testing.assert_array_equal(found, images)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damaged_mapped_arrays_are_refused_or_right(tmp_path_factory, data):
    folder = Path(tmp_path_factory.getbasetemp())
    images = np.arange(240).reshape(5, 8, 6).astype("uint8")
    path = folder / "damaged.npz"
    np.savez(path, images=images)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content[: data.draw(st.sampled_from([len(content), place]))])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "LARGE", 0)
        try:
            found = arrays.npz_array(str(path), "images", mapped=True)
        except UserError as error:
            assert "damaged.npz" in str(error)
        else:
            assert found is None or (found == images).all()


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=4),
    st.permutations(range(4)),
    st.booleans(),
    st.sampled_from([1, 7, 64, 1 << 24]),
)
def test_a_digest_does_not_see_how_an_array_lies(shape, axes, backwards, block):
    array = np.arange(np.prod(shape)).reshape(shape).astype("int16")
    array = array.transpose([axis for axis in axes if axis < len(shape)])
    array = array[::-1] if backwards else array
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ppsci_ext.data.digest._BLOCK", block)
        assert b"".join(map(bytes, byte_blocks(array))) == array.tobytes()
        assert array_digest(array) == array_digest(array.copy())
