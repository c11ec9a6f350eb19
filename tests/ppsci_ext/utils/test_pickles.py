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

"""The machine for pickles: what data come back as, and what it refuses."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from ppsci_ext.utils.pickled_arrays import ARRAY_NAMES
from ppsci_ext.utils.pickled_arrays import PickledArray
from ppsci_ext.utils.pickles import ForbiddenName
from ppsci_ext.utils.pickles import Function
from ppsci_ext.utils.pickles import PickleError
from ppsci_ext.utils.pickles import load_pickle
from ppsci_ext.utils.pickles import ordered_dict

PROTOCOLS = range(6)
NAMES = {("collections", "OrderedDict"): Function(ordered_dict), **ARRAY_NAMES}

KEYS = (
    st.text(max_size=20) | st.binary(max_size=20) | st.integers(-(2**63), 2**63 - 1)
)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.binary() | st.just("long" * 200) | st.just(b"long" * 200),
    lambda inner: st.lists(inner) | st.tuples(inner, inner, inner, inner) | st.tuples(inner)
    | st.tuples(inner, inner) | st.dictionaries(KEYS, inner),
    max_leaves=20,
)  # fmt: skip


def load(content: bytes, **changes):
    arguments = {"names": NAMES, "max_operations": 10**5, **changes}
    return load_pickle(io.BytesIO(content), **arguments)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(data=DATA)
@settings(max_examples=30, deadline=None)
def test_data_come_back(protocol, data):
    # twice in the pickle, so that it refers to its parts
    content = pickle.dumps([data, data], protocol)
    assert load(content) == [data, data]


@pytest.mark.parametrize("protocol", range(5))
@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "<i8", ">i4", "<f2", ">f4", "f8"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (1, 2, 0, 4)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_come_back(protocol, dtype, shape, order):
    array = np.array(np.arange(np.prod(shape)).reshape(shape), dtype, order=order)
    found = load(pickle.dumps({"x": array}, protocol))["x"]
    assert isinstance(found, PickledArray) and found.array.dtype == array.dtype
    np.testing.assert_array_equal(found.array, array)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_ordered_dictionaries_keep_their_order(protocol):
    data = OrderedDict((str(number), [number]) for number in (3, 1, 2))
    found = load(pickle.dumps(data, protocol))
    assert type(found) is dict and list(found.items()) == list(data.items())


def test_what_python_2_wrote():
    """Its ordered dictionaries are lists of pairs, its text is bytes without an encoding."""
    pairs = b"(lp0\n(lp1\nU\x02b\xe9aI1\naa(lp2\nS'a'\naI01\naa"
    found = load(b"ccollections\nOrderedDict\n" + pairs + b"\x85R.")
    assert list(found.items()) == [("b\xe9", 1), ("a", True)]


def test_one_pickle_after_the_other():
    file = io.BytesIO(b"".join(pickle.dumps(n, 2) for n in range(3)) + b"rest")
    assert [load_pickle(file, {}, 10) for _ in range(3)] == [0, 1, 2]
    assert file.read() == b"rest"


@pytest.mark.parametrize(
    "key", [(), (1,), None, 1.5, 2**63, -(2**63) - 1, "a" * 5000, b"a" * 5000]
)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_keys_are_short_names_and_small_numbers(protocol, key):
    with pytest.raises(PickleError, match="neither a name nor a small number"):
        load(pickle.dumps({"a": 1, key: 2}, protocol))


@pytest.mark.parametrize(
    "data", [{1}, frozenset({1}), bytearray(b"a"), 1j, range(3), len]
)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_no_data_of_ours_is_refused(protocol, data):
    with pytest.raises(PickleError):
        load(pickle.dumps([data], protocol))


@pytest.mark.parametrize(
    "content, module",
    [(b"cos\nsystem\n.", "os.system"), (b"\x8c\x02os\x8c\x06system\x93.", "os.system"),
     (b"\x8c\x02o\n\x8c\x09sy\x1b[1mem\x07\x93.", "o .sy?[1mem?")],
)  # fmt: skip
def test_a_name_that_is_not_known_is_told_in_one_line(content, module):
    with pytest.raises(ForbiddenName) as caught:
        load(content)
    assert caught.value.name == module


def test_more_operations_than_allowed():
    content = pickle.dumps(list(range(50)), 2)
    assert load(content, max_operations=60) == list(range(50))
    with pytest.raises(PickleError, match="more than 50 operations"):
        load(content, max_operations=50)


def test_functions_get_no_more_than_the_file_holds():
    copied = []
    names = {("a", "b"): Function(lambda text: copied.append(len(text)))}
    once = b"X\xd0\x07\0\0" + b"a" * 2000 + b"q\0" + b"0" + b"]"
    call = b"ca\nb\nh\0\x85Ra"
    load(once + call + b".", names=names)
    copied.clear()
    with pytest.raises(PickleError, match="more to functions than it holds"):
        load(once + call * 500 + b".", names=names)
    assert sum(copied) < 2 * (len(once) + len(call) * 500)


@pytest.mark.parametrize("where", ["call", "build", "identity"])
def test_only_what_was_handed_in_is_called(where):
    """Neither types nor values of the pickle, whatever they can be called with."""
    names = {("a", "type"): dict, ("a", "make"): Function(lambda: object())}
    content = {
        "call": b"ca\ntype\n)R.",
        "build": b"ca\nmake\n)R}X\1\0\0\0aK\1sb.",
        "identity": b"K\1\x85Q.",
    }[where]
    with pytest.raises(PickleError):
        load(content, names=names)
