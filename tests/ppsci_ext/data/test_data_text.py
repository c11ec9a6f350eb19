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

import collections
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from ppsci_ext.data.text import PADDING
from ppsci_ext.data.text import UNKNOWN
from ppsci_ext.data.text import number_characters
from ppsci_ext.data.text import read_text
from ppsci_ext.data.text import to_lines
from ppsci_ext.utils import UserError

# what can't be told from a line's end or from padding is left out
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\r\n`\ufeff")


def write(path, text):
    path.write_bytes(text.encode())
    return str(path)


def test_lines_are_cut_and_padded_and_blank_ones_left_out(tmp_path):
    path = write(tmp_path / "text", "\ufeffAbcdef\r\n\n  \t\nab\nx y")
    text = read_text(path, length=4, held_out=1)
    lines = to_lines(np.concatenate([text.train, text.test]), text.characters)
    assert sorted(lines) == ["Abcd", "ab", "x y"]
    assert text.test.shape == (1, 4) and text.train.shape == (2, 4)
    assert text.characters[0] == UNKNOWN and PADDING in text.characters


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(CHARACTERS, min_size=1), min_size=2, max_size=9), st.data())
def test_every_line_comes_once_as_it_is(tmp_path_factory, lines, data):
    lines = [line for line in lines if line.strip()]
    if len(lines) < 2:
        return
    length = data.draw(st.integers(1, 12))
    held_out = data.draw(st.integers(1, len(lines) - 1))
    path = write(tmp_path_factory.mktemp("text") / "text", "\n".join(lines))
    text = read_text(path, length, held_out)
    assert text.test.shape == (held_out, length)
    both = np.concatenate([text.train, text.test])
    assert sorted(to_lines(both, text.characters)) == sorted(l[:length] for l in lines)


def test_the_most_frequent_characters_have_the_smallest_numbers():
    characters, numbers = number_characters(["aabc", "aabd"], max_characters=4)
    assert characters == (UNKNOWN, "a", "b", "c")  # c and d are equally frequent
    np.testing.assert_array_equal(numbers, [[1, 1, 2, 3], [1, 1, 2, 0]])
    counts = collections.Counter("aabcaabd")
    everything, _ = number_characters(["aabc", "aabd"], max_characters=99)
    assert sorted(everything[1:]) == sorted(counts)


def test_the_same_lines_are_held_out_again(tmp_path):
    path = write(tmp_path / "text", "\n".join(map(str, range(100, 200))))
    first, again = (read_text(path, 3, 10) for _ in range(2))
    np.testing.assert_array_equal(first.test, again.test)
    held_out = to_lines(first.test, first.characters)
    assert held_out != [str(n) for n in range(100, 110)]
    assert not set(held_out) & set(to_lines(first.train, first.characters))


def test_no_more_lines_are_read_than_asked_for(tmp_path):
    path = write(tmp_path / "text", "aa\n\nbb\ncc\ndd")
    text = read_text(path, 2, held_out=1, max_lines=3)
    lines = to_lines(np.concatenate([text.train, text.test]), text.characters)
    assert sorted(lines) == ["aa", "bb", "cc"]


@pytest.mark.parametrize(
    "content, says",
    [
        (b"\xff\xfe\n", "no UTF-8 text"),
        (b"", "0 lines with text"),
        (b"\n \n\t\n", "0 lines with text"),
        (b"one\ntwo\n", "2 lines with text, of which 2 are held out"),
    ],
)
def test_texts_that_cannot_be_used(tmp_path, content, says):
    path = tmp_path / "text"
    path.write_bytes(content)
    with pytest.raises(UserError, match=says) as error:
        read_text(str(path), 8, held_out=2)
    assert str(path) in str(error.value)


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none", tmp_path, tmp_path / "pipe"):
        with pytest.raises(UserError, match="can't be read"):
            read_text(str(path), 8, held_out=1)
