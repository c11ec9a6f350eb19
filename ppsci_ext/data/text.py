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

"""A text file as lines of one length, each character a number."""

from __future__ import annotations

import io
import itertools
from typing import List
from typing import NamedTuple
from typing import Optional
from typing import Sequence
from typing import Tuple

import numpy as np

from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.files import open_plain

PADDING = "`"  # of lines that are too short, as in the authors' language_helpers.py
UNKNOWN = "\ufffd"  # stands for all characters that the vocabulary leaves out; number 0
_SPLIT_SEED = 0  # the same lines are held out in every run and mode


class TextLines(NamedTuple):
    """Lines to train on and others, and what their numbers mean.

    Attributes:
        train (np.ndarray): uint16 [n, T], in random order.
        test (np.ndarray): uint16 [m, T], held out.
        characters (Tuple[str, ...]): Character of each number, the most frequent first after
            `UNKNOWN`.
    """

    train: np.ndarray
    test: np.ndarray
    characters: Tuple[str, ...]


def read_text(
    path: str,
    length: int,
    held_out: int,
    max_lines: Optional[int] = None,
    max_characters: int = 2048,
) -> TextLines:
    """Reads a text as the authors' gan_language.py does, but holds lines out.

    Upper and lower case stay as they are. A line is cut to the length or filled up with
    `PADDING`; a backquote of the text itself can't be told from it. The vocabulary is that of
    all lines. Unlike the authors' code, lines without text are left out.

    Args:
        path (str): UTF-8 file.
        length (int): T, characters of a line.
        held_out (int): m, lines that are not to be trained on.
        max_lines (Optional[int]): Lines to read, None for all.
        max_characters (int, optional): Largest vocabulary, `UNKNOWN` and `PADDING` included.
            Defaults to 2048.

    Raises:
        UserError: If the file can't be read, is no UTF-8, or has too few lines.
    """
    lines = _read_lines(path, length, max_lines)
    if len(lines) <= held_out:
        raise UserError(
            f"{path} has {len(lines)} lines with text, of which {held_out} are held out and "
            "none is left to train on; give a longer text or hold out fewer"
        )
    characters, numbers = number_characters(lines, max_characters)
    numbers = np.random.default_rng(_SPLIT_SEED).permutation(numbers)
    return TextLines(numbers[held_out:], numbers[:held_out], characters)


def _read_lines(path: str, length: int, max_lines: Optional[int]) -> List[str]:
    """Lines with text, each of exactly `length` characters."""
    try:
        with io.TextIOWrapper(open_plain(path), encoding="utf-8-sig") as file:
            cut = (line.rstrip("\n")[:length] for line in file if line.strip())
            padded = (line.ljust(length, PADDING) for line in cut)
            return list(itertools.islice(padded, max_lines))
    except OSError as error:
        raise UserError(
            f"the text {path} can't be read ({error.strerror}); give the path of a text file"
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is no UTF-8 text ({error.reason}); convert it to UTF-8"
        ) from error


def number_characters(
    lines: Sequence[str], max_characters: int
) -> Tuple[Tuple[str, ...], np.ndarray]:
    """Numbers the characters of lines by their frequency, equally frequent ones by their code.

    Args:
        lines (Sequence[str]): n lines of T characters each.
        max_characters (int): Largest vocabulary; rarer characters become `UNKNOWN`.

    Returns:
        Tuple[Tuple[str, ...], np.ndarray]: Vocabulary, and the lines as uint16 [n, T].
    """
    length = len(lines[0])
    codes = np.array(lines, dtype=f"<U{length}").view("<u4").reshape(-1, length)
    kinds, places, counts = np.unique(codes, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")[: max_characters - 1]
    numbers = np.zeros(len(kinds), np.uint16)
    numbers[order] = np.arange(1, len(order) + 1)
    characters = (UNKNOWN, *map(chr, kinds[order]))
    return characters, numbers[places].reshape(codes.shape)


def to_lines(numbers: np.ndarray, characters: Sequence[str]) -> List[str]:
    """Text of numbered lines; padding at their end is left out.

    Args:
        numbers (np.ndarray): Integers [n, T].
        characters (Sequence[str]): Vocabulary.
    """
    return [
        "".join(characters[number] for number in line).rstrip(PADDING)
        for line in numbers
    ]
