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

import os

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from PIL import Image

from ppsci_ext.data import ImageReading
from ppsci_ext.data import image_folders
from ppsci_ext.data import images
from ppsci_ext.data import load_images
from ppsci_ext.data import read_images
from ppsci_ext.utils.errors import UserError

QUICK = settings(max_examples=30, deadline=None)


def grow(root, *paths):
    """Images at these places, the first one of value 0, the second of value 1, ..."""
    for value, path in enumerate(paths):
        os.makedirs((root / path).parent, exist_ok=True)
        Image.new("L", (3, 2), value).save(root / path)
    return str(root)


def values(data):
    return data.images[:, 0, 0, 0].tolist()


def load(root, split="train", **reading):
    return load_images("folder", str(root), split, reading=ImageReading(**reading))


def in_any_case(*names):
    """One of the names, its letters large or small."""
    return st.sampled_from(names).flatmap(
        lambda name: st.lists(
            st.booleans(), min_size=len(name), max_size=len(name)
        ).map(
            lambda large: "".join(c.upper() if up else c for c, up in zip(name, large))
        )
    )


JUNK = st.lists(
    st.sampled_from(
        [
            "__MACOSX/cat/._a.png",
            "__MACOSX/x.png",
            "@eaDir/thumbnail.png",
            "@eaDir/x/y/z.jpg",
            ".thumbnails/a.png",
            ".hidden.png",
        ]
    ),
    unique=True,
)
TRAINING = in_any_case("train", "training")
HELD_OUT = in_any_case("test", "testing", "val", "valid", "validation")


@given(
    training=TRAINING,
    held_out=st.none() | HELD_OUT,
    classes=st.sets(st.sampled_from(["cat", "Dog", "a-b", "train"]), min_size=2),
    is_labelled=st.booleans(),
    junk=JUNK,
    data=st.data(),
)
@QUICK
def test_splits_of_any_spelling_among_any_junk(
    tmp_path_factory, training, held_out, classes, is_labelled, junk, data
):
    root = tmp_path_factory.mktemp("images")
    classes = sorted(classes) if is_labelled else ["."]
    in_test = [data.draw(st.sampled_from(classes))] if held_out else []
    paths = [f"{training}/{name}/1.png" for name in classes]
    paths += [f"{held_out}/{name}/1.png" for name in in_test]
    places = data.draw(st.sampled_from(["", f"{training}/", f"{paths[0][:-5]}"]))
    grow(root, *paths, *(f"{places}{name}" for name in junk))
    (root / "empty" / "emptier").mkdir(parents=True)
    (root / "notes.txt").write_text("no image")
    train, test = load(root), load(root, "test")
    assert values(train) == list(range(len(classes)))
    assert (test is None) == (held_out is None)
    if is_labelled:
        assert train.class_names == tuple(classes)
        assert train.labels.tolist() == list(range(len(classes)))
    else:
        assert train.labels is None and train.class_names is None
    if test is not None:
        assert values(test) == [len(classes)]
        assert test.class_names == train.class_names
        if is_labelled:
            assert test.labels.tolist() == [classes.index(in_test[0])]


@given(junk=JUNK, split=HELD_OUT, other=st.sampled_from(["cat/1.png", "1.png"]))
@QUICK
def test_a_split_beside_anything_else_is_refused(tmp_path_factory, junk, split, other):
    root = tmp_path_factory.mktemp("images")
    paths = [f"{split}/1.png", other]
    grow(root, *paths, "train/1.png", *junk)
    for wanted in ("train", "test"):
        with pytest.raises(UserError, match=f"named like a split .*{other[:3]}"):
            load(root, wanted)


@pytest.mark.parametrize(
    "paths, message",
    [
        (["cat/1.png", "dog/1.png", "Test/1.png"], "holds Test, named like a split .* cat"),
        (["train/1.png", "Train/1.png"], "both Train and train"),
        (["train/1.png", "val/1.png", "Valid/1.png"], "both Valid and val"),
        (["train/1.png", "test/1.png", "TEST/1.png"], "both TEST and test"),
        (["val/1.png"], "holds val but no folder named train"),
        (["cat/more/1.png", "dog/1.png"], "cat/more/1.png lies deeper"),
        (["cat/1.png", "cat/more/1.png"], "cat/more/1.png lies deeper"),
        (["cat/1.png", "cat/a/b/c/d/1.png"], "cat/a/b/c/d/1.png lies deeper"),
        (["photos/cat/1.png"], "photos/cat/1.png lies deeper .*path of the folder"),
        (["train/cat/more/1.png"], "train/cat/more/1.png lies deeper"),
        (["train/cat/1.png", "train/1.png"], "both images .*1.png.* and folders .*cat"),
        (["train/train/1.png", "train/test/1.png"], "train is itself divided into test, train"),
        (["train/train/cat/1.png"], "train/train/cat/1.png lies deeper"),
        (["train/1.png", "test/cat/1.png"], "test/cat is no class"),
        (["train/Cat/1.png", "test/cat/1.png"], "test/cat is no class.*Cat"),
        (["train/cat/1.png", "test/1.png"], "test has no folders of classes, but .*cat"),
        (["@eaDir/1.png"], "holds no image file"),
    ],
)  # fmt: skip
def test_images_at_unclear_places_are_named(tmp_path, paths, message):
    grow(tmp_path, *paths)
    with pytest.raises(UserError, match=message) as caught:
        load(tmp_path)
        load(tmp_path, "test")
    assert str(tmp_path) in str(caught.value)


def test_a_class_of_photos_of_trains(tmp_path):
    grow(tmp_path, "train/bus/1.png", "train/train/1.png", "val/train/1.png")
    assert load(tmp_path).class_names == ("bus", "train")
    assert load(tmp_path, "test").labels.tolist() == [1]


def test_validation_beside_test_is_not_used_and_that_is_said(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(image_folders.logger, "info", lines.append)
    grow(tmp_path, "train/1.png", "val/1.png", "test/1.png")
    assert values(load(tmp_path, "test")) == [2]
    assert values(load(tmp_path)) == [0]
    assert all("val is not used" in line for line in lines) and lines


def test_links_that_lead_round_in_a_circle(tmp_path):
    grow(tmp_path, "cat/1.png", "dog/1.png")
    (tmp_path / "cat" / "again").symlink_to(tmp_path)
    with pytest.raises(UserError, match="cat/again/.*1.png lies deeper"):
        load(tmp_path)
    (tmp_path / "cat" / "again").unlink()
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "loop").symlink_to(tmp_path / "empty")
    (tmp_path / "empty" / "loop2").symlink_to(tmp_path / "empty")
    assert load(tmp_path).class_names == ("cat", "dog")


def test_photos_that_are_not_read_are_counted(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(image_folders.logger, "warning", lines.append)
    grow(tmp_path, "cat/1.png", "dog/1.png")
    for name in ("cat/a.heic", "cat/b.HEIC", "dog/c.gif", "dog/notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert len(load(tmp_path)) == 2
    assert len(lines) == 1 and "3 files such as" in lines[0] and "a.heic" in lines[0]


def test_scoring_says_which_split_it_takes(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(images.logger, "warning", lines.append)
    grow(tmp_path, "Train/1.png", "val/1.png", "val/2.png")
    assert len(read_images(str(tmp_path))) == 1
    assert len(lines) == 1 and f"{tmp_path}/Train" in lines[0]
    assert len(read_images(f"{tmp_path}/val")) == 2
    assert len(lines) == 1


MIXED = {
    "a.png": ("RGB", (8, 6)),
    "b.jpg": ("L", (5, 9)),
    "c.png": ("RGBA", (7, 7)),
    "d.webp": ("RGB", (30, 20)),
    "e.png": ("LA", (4, 4)),
    "f.png": ("P", (3, 12)),
    "g.bmp": ("1", (9, 9)),
    "h.jpg": ("CMYK", (11, 5)),
    "i.tif": ("RGB", (6, 8)),
}


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("crop", ["none", "center"])
def test_images_of_any_size_and_mode_become_one_array(tmp_path, channels, crop):
    for name, (mode, size) in MIXED.items():
        Image.new(mode, size, 0).save(tmp_path / name)
    background = 255 if channels < 4 else None
    data = load(
        tmp_path, resize=[6, 5], crop=crop, channels=channels, background=background
    )
    assert data.images.shape == (len(MIXED), channels, 6, 5)
    clear = [name for name, (mode, _) in MIXED.items() if mode.endswith("A")]
    for name, image in zip(MIXED, data.images):
        if channels == 4:
            assert (image[3] == (0 if name in clear else 255)).all()
        else:  # black, but for what shows through; CMYK's 0 is white
            white = name in clear or name == "h.jpg"
            assert abs(image.astype(int) - 255 * white).max() <= 2


@pytest.mark.parametrize(
    "reading, message",
    [
        ({}, r"b.jpg is 5x9 .* mode L but .*set resize=\[H, W\] and channels=1 or"),
        ({"resize": [4, 4]}, "b.jpg is .* mode L but .*set channels=1 or channels=3"),
        ({"channels": 3}, r"b.jpg is 5x9 .* but .*set resize=\[H, W\]"),
    ],
)
def test_what_differs_is_refused_unless_it_was_asked_for(tmp_path, reading, message):
    for name in ("a.png", "b.jpg"):
        mode, size = MIXED[name]
        Image.new(mode, size, 0).save(tmp_path / name)
    with pytest.raises(UserError, match=message):
        load(tmp_path, **reading)


def test_colours_of_a_palette_with_transparency(tmp_path):
    picture = Image.new("P", (2, 1))
    picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.putdata([0, 1])
    picture.save(tmp_path / "a.png", transparency=0)
    data = load(tmp_path, channels=3, background=[0, 0, 255])
    assert data.images[0, :, 0].T.tolist() == [[0, 0, 255], [0, 255, 0]]
