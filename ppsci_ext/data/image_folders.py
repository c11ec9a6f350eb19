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

"""Which images of a folder belong to which split and class."""

from __future__ import annotations

import os
from os import path as osp
from typing import Callable
from typing import Dict
from typing import List
from typing import NamedTuple
from typing import Optional

from ppsci.utils import logger
from ppsci_ext.data.image_file import EXTENSIONS
from ppsci_ext.utils.errors import UserError

# names of folders, in lower case
_TRAINING = ("train", "training")
_HELD_OUT = ("test", "testing", "val", "valid", "validation")
# what archivers and file servers leave behind, with previews in it
_NOT_DATA = ("__macosx", "@eadir")
_UNREADABLE = (
    ".avif",
    ".gif",
    ".heic",
    ".heif",
    ".jp2",
    ".jxl",
    ".pgm",
    ".ppm",
    ".tga",
)


class Layout(NamedTuple):
    """Where the images of a split lie.

    Args:
        folder (str): Folder of the split.
        files (Dict[str, List[str]]): Paths of the images by class, both sorted; without
            classes, all under the name "".
        class_names (List[str]): Classes of the training split, sorted; empty without.
    """

    folder: str
    files: Dict[str, List[str]]
    class_names: List[str]


def find_images(root: str, split: str) -> Optional[Layout]:
    """Finds the images of one split of a folder.

    Args:
        root (str): The folder.
        split (str): "train" or "test".

    Returns:
        Optional[Layout]: None where the test split is asked for and there is none.

    Raises:
        UserError: No such folder, no image in it, or images at places where it is not
            clear to which split or class they belong.
    """
    if not osp.isdir(root):
        raise UserError(
            f"there is no folder {root}; give the path of the folder of your images"
        )
    folders = split_folders(root)
    if split not in folders:
        return None
    classes = _classes(folders[split])
    names = _classes(folders["train"])
    # a class may be called so in there: there are photos of trains
    if names and all(_is_split(name) for name in names):
        raise UserError(
            f"{folders['train']} is itself divided into {', '.join(names)}; give its path "
            f"instead of {root}, or move the images up"
        )
    unknown = sorted(set(classes) - set(names))
    if unknown:
        raise UserError(
            f"{folders[split]}/{unknown[0]} is no class of the training images, whose "
            f"folders are {', '.join(names) or 'none'}; give both splits the same classes"
        )
    if names and not classes:
        raise UserError(
            f"{folders[split]} has no folders of classes, but {folders['train']} has "
            f"{', '.join(names)}; give both splits the same classes"
        )
    folder = folders[split]
    files = {name: _images(f"{folder}/{name}") for name in classes} or {
        "": _images(folder)
    }
    if not any(files.values()):
        raise UserError(
            f"{folder} holds no image file ({', '.join(EXTENSIONS)}); give the path of the "
            "folder of your images"
        )
    _warn_of_unreadable([f"{folder}/{name}" for name in files])
    return Layout(folder, files, names)


def split_folders(root: str) -> Dict[str, str]:
    """Folder of each split that there is: `root` itself where it has no splits.

    Args:
        root (str): A folder.

    Raises:
        UserError: Folders of splits beside other images or folders of images, or two for
            the same split.
    """
    names = _folders_with_images(root)
    splits = [name for name in names if _is_split(name)]
    if not splits:
        return {"train": root}
    others = [*_images(root)[:1], *(name for name in names if name not in splits)]
    if others:
        raise UserError(
            f"{root} holds {splits[0]}, named like a split of the data, beside "
            f"{osp.basename(others[0])}; rename {splits[0]} if it is a class, or move all "
            f"that is to be trained on into {root}/train"
        )
    training, held_out = (
        [name for name in splits if name.lower() in spellings]
        for spellings in (_TRAINING, _HELD_OUT)
    )
    tests = [name for name in held_out if name.lower().startswith("test")]
    held_out = [name for name in held_out if name not in tests]
    for same in (training, tests, held_out):
        if len(same) > 1:
            raise UserError(
                f"{root} holds both {same[0]} and {same[1]}, which are the same split; keep "
                "one of them"
            )
    if not training:
        raise UserError(
            f"{root} holds {splits[0]} but no folder named train; rename the folder of the "
            "training images, or give its path"
        )
    if tests and held_out:
        logger.info(f"{root}/{held_out[0]} is not used, since there is {tests[0]}.")
    found = {"train": f"{root}/{training[0]}"}
    if tests or held_out:
        found["test"] = f"{root}/{(tests or held_out)[0]}"
    return found


def _is_split(name: str) -> bool:
    return name.lower() in (*_TRAINING, *_HELD_OUT)


def _classes(folder: str) -> List[str]:
    """Sorted names of the folders of classes in the folder of a split."""
    names = _folders_with_images(folder)
    direct = _images(folder)
    if direct and names:
        raise UserError(
            f"{folder} holds both images (such as {osp.basename(direct[0])}) and folders of "
            f"images (such as {names[0]}); keep one of the two"
        )
    for name in names:
        for inner in _folders_with_images(f"{folder}/{name}"):
            deep = _first_image(f"{folder}/{name}/{inner}")
            raise UserError(
                f"{deep} lies deeper than {folder}/CLASS/IMAGE; move such images up into "
                "the folder of their class, or give the path of the folder that holds the "
                "classes"
            )
    return names


def _folders_with_images(folder: str) -> List[str]:
    """Sorted names of the folders in it that hold an image at any depth."""
    return [name for name in _folders(folder) if _first_image(f"{folder}/{name}")]


def _first_image(folder: str) -> Optional[str]:
    seen, waiting = set(), [folder]
    while waiting:
        folder = waiting.pop()
        found = os.stat(folder)
        if (found.st_dev, found.st_ino) in seen:  # links may lead round in a circle
            continue
        seen.add((found.st_dev, found.st_ino))
        files = _images(folder)
        if files:
            return files[0]
        waiting += [f"{folder}/{name}" for name in reversed(_folders(folder))]
    return None


def _folders(folder: str) -> List[str]:
    names = _entries(folder, os.DirEntry.is_dir)
    return [name for name in names if name.lower() not in _NOT_DATA]


def _images(folder: str) -> List[str]:
    return _files(folder, EXTENSIONS)


def _files(folder: str, extensions: tuple) -> List[str]:
    # links that lead nowhere too, so that reading them says so
    names = _entries(folder, lambda e: e.is_file() or not osp.exists(e.path))
    return [f"{folder}/{name}" for name in names if name.lower().endswith(extensions)]


def _entries(folder: str, wanted: Callable[[os.DirEntry], bool]) -> List[str]:
    """Sorted names of what a folder holds, without hidden ones."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if wanted(entry)]
    except OSError as error:
        raise UserError(
            f"{folder} cannot be searched ({error}); make it readable or remove it"
        ) from error
    return sorted(name for name in names if not name.startswith("."))


def _warn_of_unreadable(folders: List[str]) -> None:
    passed = [path for folder in folders for path in _files(folder, _UNREADABLE)]
    if passed:
        logger.warning(
            f"{len(passed)} files such as {passed[0]} are passed over, since images of that "
            f"kind are not read; convert them to one of {', '.join(EXTENSIONS)}."
        )
