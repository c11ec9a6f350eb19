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
import struct
import tracemalloc
import warnings
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from ppsci_ext.data import limits
from ppsci_ext.data import load_images
from ppsci_ext.data import read_images
from ppsci_ext.utils.errors import UserError

RNG = np.random.default_rng(0)


def save_image(path, size=(6, 4), mode="RGB", value=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], 3)
    pixels = RNG.integers(0, 256, shape) if value is None else np.full(shape, value)
    image = Image.fromarray(pixels.astype("uint8"))
    (image if image.mode == mode else image.convert(mode)).save(path)
    return pixels


@pytest.mark.parametrize(
    "shape, result",
    [
        ((5, 8, 6), (5, 1, 8, 6)),
        ((5, 8, 6, 3), (5, 3, 8, 6)),
        ((5, 8, 6, 1), (5, 1, 8, 6)),
        ((5, 3, 8, 6), (5, 3, 8, 6)),
        ((5, 1, 8, 6), (5, 1, 8, 6)),
        ((5, 4, 8, 6), (5, 4, 8, 6)),
        ((5, 8, 6, 4), (5, 4, 8, 6)),
        ((5, 8, 6, 2), (5, 2, 8, 6)),
        ((5, 20, 30, 12), (5, 12, 20, 30)),
        ((5, 12, 20, 30), (5, 12, 20, 30)),
        ((5, 8, 8, 8), (5, 8, 8, 8)),
        ((5, 64, 8, 8), (5, 64, 8, 8)),
        ((5, 3, 4, 2), (5, 3, 4, 2)),
    ],
)
def test_npz_layouts(tmp_path, shape, result):
    images = RNG.integers(0, 256, shape).astype("uint8")
    np.savez(tmp_path / "a.npz", images=images)
    dataset = load_images("npz", str(tmp_path / "a.npz"), "train")
    assert dataset.images.shape == result
    assert dataset.images.dtype == np.uint8
    if len(shape) == 4 and shape[1:] != result[1:]:
        images = images.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(dataset.images, images.reshape(result))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_npz_floats_keep_their_values(tmp_path, dtype):
    images = np.linspace(-3, 7, 32).reshape(2, 1, 4, 4).astype(dtype)
    np.savez_compressed(tmp_path / "a.npz", images=images)
    dataset = load_images("npz", str(tmp_path / "a.npz"), "train")
    assert dataset.images.dtype == np.float32
    np.testing.assert_allclose(dataset.images, images, rtol=1e-7)


def test_npz_splits_and_classes(tmp_path):
    for split, labels in (("train", [0, 2, 1]), ("test", [1, 1, 0])):
        images = np.zeros((3, 4, 4), "uint8")
        np.savez(tmp_path / f"{split}.npz", images=images, labels=np.uint8(labels))
    train = load_images("npz", str(tmp_path), "train")
    test = load_images("npz", str(tmp_path), "test")
    assert train.labels.tolist() == [0, 2, 1]
    assert test.labels.tolist() == [1, 1, 0]
    assert train.num_classes == test.num_classes == 3


def test_npz_single_file_has_no_test_split(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.zeros((2, 4, 4), "uint8"))
    assert load_images("npz", str(tmp_path / "a.npz"), "test") is None


IMAGES = np.zeros((3, 4, 4), "uint8")


@pytest.mark.parametrize(
    "arrays, message",
    [
        ({"pictures": IMAGES}, "no array 'images'"),
        ({"images": IMAGES[0]}, r"shape \[4, 4\]"),
        ({"images": IMAGES.astype("int32")}, "int32"),
        ({"images": IMAGES.astype("complex64")}, "complex64"),
        ({"images": IMAGES[:0]}, "at least one"),
        ({"images": np.full((1, 4, 4), 1e300)}, "infinite"),
        ({"images": np.full((1, 4, 4), np.nan)}, "NaN"),
        ({"images": np.full((1, 4, 4), -np.inf)}, "infinite"),
        ({"images": IMAGES[None, None]}, r"shape \[1, 1, 3, 4, 4\]"),
        ({"images": np.array("text")}, "of type <U4"),
        ({"images": np.zeros(3, "u1,f4")}, "no plain array|of type"),
        ({"images": np.array([IMAGES, None], dtype=object)}, "cannot read 'images'"),
        ({"images": IMAGES, "labels": np.zeros(2, int)}, "do not fit 3 images"),
        ({"images": IMAGES, "labels": np.zeros(3)}, "float64"),
        ({"images": IMAGES, "labels": np.zeros((3, 1), int)}, r"\[3, 1\]"),
        ({"images": IMAGES, "labels": np.array([0, -1, 2])}, "negative"),
    ],
)
def test_npz_wrong_arrays(tmp_path, arrays, message):
    np.savez(tmp_path / "mine.npz", **arrays)
    with pytest.raises(UserError, match=message) as caught:
        load_images("npz", str(tmp_path / "mine.npz"), "train")
    assert "mine.npz" in str(caught.value)


def test_npz_damaged_at_any_place(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez_compressed(path, images=RNG.integers(0, 256, (3, 4, 4)).astype("uint8"))
    content = path.read_bytes()
    damaged = [content[:end] for end in range(len(content))]
    damaged += [b"not a zip file", b"\x93NUMPY" + content]
    for data in damaged:
        path.write_bytes(data)
        with pytest.raises(UserError, match="mine.npz"):
            load_images("npz", str(path), "train")


def test_npy_file_is_no_npz_file(tmp_path):
    np.save(tmp_path / "mine.npy", IMAGES)
    with pytest.raises(UserError, match="numpy.savez"):
        load_images("npz", str(tmp_path / "mine.npy"), "train")


def test_npz_missing(tmp_path):
    with pytest.raises(UserError, match="train.npz"):
        load_images("npz", str(tmp_path / "nowhere"), "train")


def test_npz_labels_in_one_split_only(tmp_path):
    np.savez(tmp_path / "train.npz", images=IMAGES, labels=np.arange(3))
    np.savez(tmp_path / "test.npz", images=IMAGES)
    with pytest.raises(UserError, match="in both or in neither"):
        load_images("npz", str(tmp_path), "train")


def npy(array, **changes):
    """An .npy file whose header says something else than is true."""
    header = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape}
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {**header, **changes})
    return file.getvalue() + array.tobytes()


def write_npz(path, content, method=zipfile.ZIP_DEFLATED, times=1):
    with zipfile.ZipFile(path, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that is there already
        for _ in range(times):
            archive.writestr("images.npy", content)


HUGE = 1 << 24  # bytes


@pytest.mark.parametrize(
    "content, message",
    [
        (npy(IMAGES, shape=(10**12, 4, 4)), "announces 16000000000000 bytes, but 48"),
        (npy(IMAGES, shape=(2**40, 2**40, 2**40)), "announces"),
        (npy(IMAGES, shape=(-3, -4, 4)), "announces"),
        (npy(IMAGES, shape=(3, 4, 3)), "announces 36 bytes, but 48"),
        (npy(IMAGES, descr="<f8"), "announces 384 bytes"),
        (npy(IMAGES, descr="|O"), "of type object"),
        (npy(IMAGES, descr="|V48", shape=()), "of type"),
        (b"\x93NUMPY\x02\0\xff\xff\xff\x7f" + bytes(99), "no plain array"),
        (b"\x93NUMPY\x01\0\xff\xff" + bytes(99), "cannot read 'images'"),
        (npy(IMAGES)[:9], "cannot read 'images'"),
        (b"", "cannot read 'images'"),
    ],
)
def test_npz_whose_header_lies(tmp_path, content, message):
    write_npz(tmp_path / "mine.npz", content)
    tracemalloc.start()
    with pytest.raises(UserError, match=f"mine.npz.*{message}"):
        load_images("npz", str(tmp_path / "mine.npz"), "train")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < HUGE / 4


def test_npz_that_unpacks_to_absurd_sizes(tmp_path, monkeypatch):
    monkeypatch.setattr("ppsci_ext.utils.zips._SMALL", 1 << 20)
    content = npy(np.zeros(0, "u1"), shape=(1, HUGE // 64, 64)) + bytes(HUGE)
    write_npz(tmp_path / "mine.npz", content)
    tracemalloc.start()
    with pytest.raises(UserError, match="mine.npz.*decompression bomb"):
        load_images("npz", str(tmp_path / "mine.npz"), "train")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < HUGE / 4


def test_npz_of_a_blank_field_is_no_bomb(tmp_path):
    np.savez_compressed(tmp_path / "mine.npz", images=np.zeros((2, 1000, 1000), "u1"))
    assert len(load_images("npz", str(tmp_path / "mine.npz"), "train")) == 2


@pytest.mark.parametrize("kind", ["npz", "folder"])
def test_more_data_than_memory_are_refused_unread(tmp_path, monkeypatch, kind):
    np.savez(tmp_path / "train.npz", images=IMAGES)
    save_image(tmp_path / "a.png")
    monkeypatch.setattr(limits, "_physical_memory", lambda: 40)
    with pytest.raises(UserError, match="GiB of memory; give it fewer"):
        load_images(kind, str(tmp_path), "train")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_npz_compressed_otherwise(tmp_path, method):
    write_npz(tmp_path / "mine.npz", npy(IMAGES), method)
    with pytest.raises(UserError, match="a way that NumPy does not use"):
        load_images("npz", str(tmp_path / "mine.npz"), "train")


def test_npz_with_an_array_given_twice(tmp_path):
    write_npz(tmp_path / "mine.npz", npy(IMAGES), times=2)
    with pytest.raises(UserError, match="'images' twice"):
        load_images("npz", str(tmp_path / "mine.npz"), "train")


def test_npz_pickles_are_never_loaded(tmp_path):
    marker = tmp_path / "executed"

    class Hostile:
        def __reduce__(self):
            return os.system, (f"touch {marker}",)

    np.savez(tmp_path / "mine.npz", images=np.array([Hostile()], dtype=object))
    with pytest.raises(UserError, match="of type object"):
        load_images("npz", str(tmp_path / "mine.npz"), "train")
    assert not marker.exists()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [">f4", "<f8", "u1"])
def test_npz_of_any_memory_layout(tmp_path, order, dtype):
    images = np.asarray(np.arange(96).reshape(2, 3, 4, 4), dtype, order=order)
    np.savez(tmp_path / "mine.npz", images=images)
    dataset = load_images("npz", str(tmp_path / "mine.npz"), "train")
    np.testing.assert_array_equal(dataset.images, images)


def test_unreadable_npz_is_named(tmp_path, monkeypatch):
    np.savez(tmp_path / "mine.npz", images=IMAGES)

    def refuse(path, *_):
        raise PermissionError(13, "Permission denied", path)

    # this user may be root, who may read everything
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(UserError, match="mine.npz.*Permission denied"):
        load_images("npz", str(tmp_path / "mine.npz"), "train")


def test_images_alone_from_an_npy_file(tmp_path):
    np.save(tmp_path / "mine.npy", IMAGES)
    np.testing.assert_array_equal(
        read_images(str(tmp_path / "mine.npy")), IMAGES[:, None]
    )
    (tmp_path / "mine.npy").write_bytes(npy(IMAGES, shape=(10**12, 4, 4)))
    with pytest.raises(UserError, match="mine.npy.*announces"):
        read_images(str(tmp_path / "mine.npy"))


def test_folder_without_classes(tmp_path):
    second = save_image(tmp_path / "b.PNG")
    first = save_image(tmp_path / "a.bmp")
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / ".hidden.png").write_text("not an image")
    dataset = load_images("folder", str(tmp_path), "train")
    assert dataset.labels is None
    expected = np.stack([first, second]).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(dataset.images, expected)
    assert load_images("folder", str(tmp_path), "test") is None


def test_folder_of_grey_images_has_one_channel(tmp_path):
    pixels = save_image(tmp_path / "a.png", mode="L")
    dataset = load_images("folder", str(tmp_path), "train")
    np.testing.assert_array_equal(dataset.images, pixels[None, None])


@pytest.mark.parametrize("mode, channels", [("1", 1), ("LA", 1), ("P", 3), ("RGBA", 3)])
def test_folder_other_modes(tmp_path, mode, channels):
    save_image(tmp_path / "a.png", mode=mode)
    dataset = load_images("folder", str(tmp_path), "train")
    assert dataset.image_shape == [channels, 4, 6]


@pytest.mark.parametrize("extension", ["jpg", "jpeg", "webp"])
def test_folder_lossy_formats(tmp_path, extension):
    save_image(tmp_path / f"a.{extension}", value=100)
    dataset = load_images("folder", str(tmp_path), "train")
    assert abs(dataset.images.astype(int) - 100).max() < 5


def test_folder_with_classes(tmp_path):
    for value, name in enumerate(["zebra/1.png", "ant/1.png", "ant/2.png"]):
        save_image(tmp_path / name, value=value)
    (tmp_path / "empty").mkdir()
    (tmp_path / ".git").mkdir()
    dataset = load_images("folder", str(tmp_path), "train")
    assert dataset.images[:, 0, 0, 0].tolist() == [1, 2, 0]
    assert dataset.labels.tolist() == [0, 0, 1]
    assert dataset.num_classes == 2


def test_folder_with_splits(tmp_path):
    for name in ("train/a/1.png", "train/b/1.png", "train/c/1.png", "test/c/1.png"):
        save_image(tmp_path / name)
    train = load_images("folder", str(tmp_path), "train")
    test = load_images("folder", str(tmp_path), "test")
    assert (train.labels.tolist(), train.num_classes) == ([0, 1, 2], 3)
    assert (test.labels.tolist(), test.num_classes) == ([2], 3)


def test_folder_test_class_unknown_in_training(tmp_path):
    for name in ("train/a/1.png", "test/b/1.png"):
        save_image(tmp_path / name)
    with pytest.raises(UserError, match="test/b is no class"):
        load_images("folder", str(tmp_path), "test")


@pytest.mark.parametrize(
    "other, message",
    [
        ({"size": (6, 5)}, "b.png is 6x5 .* but .*a.png is 6x4"),
        ({"mode": "L"}, "b.png is .* mode L but .*a.png is .* mode RGB"),
    ],
)
def test_folder_images_must_agree(tmp_path, other, message):
    save_image(tmp_path / "a.png")
    save_image(tmp_path / "b.png", **other)
    with pytest.raises(UserError, match=message):
        load_images("folder", str(tmp_path), "train")


@pytest.mark.parametrize("extension", ["png", "jpg", "bmp", "webp"])
def test_folder_corrupt_file_is_named(tmp_path, extension):
    path = tmp_path / f"bad.{extension}"
    save_image(path, size=(40, 40))
    content = path.read_bytes()
    for end in range(0, len(content) * 9 // 10, max(1, len(content) // 20)):
        path.write_bytes(content[:end])
        with pytest.raises(UserError, match=f"bad.{extension} cannot be read"):
            load_images("folder", str(tmp_path), "train")


@pytest.mark.parametrize("content", [b"", b"text", b"\x89PNG\r\n\x1a\n"])
def test_folder_corrupt_file_among_good_ones_is_named(tmp_path, content):
    for name in "abc":
        save_image(tmp_path / f"{name}.png")
    (tmp_path / "b.png").write_bytes(content)
    with pytest.raises(UserError, match="b.png cannot be read as an image"):
        load_images("folder", str(tmp_path), "train")


def png(width, height):
    """The beginning of a PNG file, which announces a size."""
    header = b"IHDR" + struct.pack(">2I", width, height) + b"\x08\x02\0\0\0"
    data = b"IDAT" + zlib.compress(b"\0")
    chunks = [
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c))
        for c in (header, data)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("size", [(4097, 1), (10000, 10000), (60000, 60000)])
def test_folder_image_of_absurd_size(tmp_path, size, recwarn):
    (tmp_path / "a.png").write_bytes(png(*size))
    with pytest.raises(UserError, match="a.png .*(at most 4096x4096|cannot be read)"):
        load_images("folder", str(tmp_path), "train")
    assert not recwarn.list


def test_folder_size_is_compared_before_pixels_are_unpacked(tmp_path):
    save_image(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(png(4000, 4000))
    with pytest.raises(UserError, match="b.png is 4000x4000 pixels of mode RGB but"):
        load_images("folder", str(tmp_path), "train")


def test_folder_file_in_a_format_that_starts_programs(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr("subprocess.Popen", lambda *a, **k: started.append(a))
    (tmp_path / "a.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\nshowpage\n"
    )
    with pytest.raises(UserError, match="a.png cannot be read as an image"):
        load_images("folder", str(tmp_path), "train")
    assert not started


def test_folder_names_that_are_not_utf8(tmp_path):
    name = os.fsdecode(b"caf\xe9.png")
    save_image(tmp_path / name)
    assert len(load_images("folder", str(tmp_path), "train")) == 1
    (tmp_path / name).write_bytes(b"text")
    with pytest.raises(UserError, match="cannot be read as an image") as caught:
        load_images("folder", str(tmp_path), "train")
    assert name in str(caught.value)


@pytest.mark.parametrize("target", ["nowhere", "b.png"])
def test_folder_link_that_leads_nowhere_is_named(tmp_path, target):
    save_image(tmp_path / "a.png")
    (tmp_path / "b.png").symlink_to(tmp_path / target)
    with pytest.raises(UserError, match="b.png"):
        load_images("folder", str(tmp_path), "train")


def test_folder_pipes_are_passed_over(tmp_path):
    save_image(tmp_path / "a.png")
    os.mkfifo(tmp_path / "b.png")  # to read it would take for ever
    assert len(load_images("folder", str(tmp_path), "train")) == 1


def test_folder_that_may_not_be_searched(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    # this user may be root, who may read everything
    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(UserError, match="cannot be searched.*Permission denied"):
        load_images("folder", str(tmp_path), "train")


def test_folder_is_a_file(tmp_path):
    save_image(tmp_path / "a.png")
    with pytest.raises(UserError, match="there is no folder"):
        load_images("folder", str(tmp_path / "a.png"), "train")


def test_folder_without_images(tmp_path):
    with pytest.raises(UserError, match="holds no image file"):
        load_images("folder", str(tmp_path), "train")


def test_folder_missing(tmp_path):
    with pytest.raises(UserError, match="there is no folder"):
        load_images("folder", os.path.join(tmp_path, "nowhere"), "train")


def test_folder_with_images_and_classes(tmp_path):
    save_image(tmp_path / "a.png")
    save_image(tmp_path / "cats" / "b.png")
    with pytest.raises(UserError, match=r"a\.png.*cats"):
        load_images("folder", str(tmp_path), "train")
