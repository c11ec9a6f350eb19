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

"""A page's code is found by name, wherever its lines are."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppsci_ext.utils import UserError
from tools.pr.anchors import Include
from tools.pr.anchors import includes
from tools.pr.anchors import lines_of
from tools.pr.anchors import resolve

CODE = '''\
LIMIT = 3


def twice(f):
    return lambda: f() + f()


class Net:
    width: int = 4

    @property
    @twice
    def depth(self):
        """Layers."""
        return [
            1,
        ]

    def forward(self):
        return 0


def later():
    pass


def later():
    pass
'''

YAML = """\
a: 1 # first
b:
  c:
    - 2
    - 3

  # of d
  d: {e: 4}

# of f
f: null
"""


def page(what: str, header: str = 'py linenums="@"') -> str:
    return f"Text.\n\n``` {header}\n--8<--\n{what}\n--8<--\n```\n\nMore text.\n"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "net.py").write_text(CODE)
    (tmp_path / "net.yaml").write_text(YAML)
    (tmp_path / "empty.py").write_text("\n\n")
    return str(tmp_path)


@pytest.mark.parametrize(
    "what, code",
    [
        ("net.py:@LIMIT", "LIMIT = 3"),
        ("net.py:@twice", "def twice(f):\n    return lambda: f() + f()"),
        ("net.py:@Net.width", "width: int = 4"),
        (
            "net.py:@Net.depth",
            '@property\n@twice\ndef depth(self):\n    """Layers."""\n    return [\n        1,\n    ]',
        ),
        ("net.py:@Net.forward", "def forward(self):\n    return 0"),
        ("net.yaml:@a", "a: 1 # first"),
        ("net.yaml:@b.c", "c:\n  - 2\n  - 3"),
        ("net.yaml:@b", "b:\n  c:\n    - 2\n    - 3\n\n  # of d\n  d: {e: 4}"),
        ("net.yaml:@b.d..f", "  d: {e: 4}\n\n# of f\nf: null"),
        ("net.yaml:@f", "f: null"),
    ],
)
def test_a_name_is_the_whole_definition(root, what, code):
    (include,) = includes(page(what))
    first, last = lines_of(include, root)
    lines = (CODE if what.startswith("net.py") else YAML).splitlines()
    assert textwrap.dedent("\n".join(lines[first - 1 : last])) == textwrap.dedent(code)
    resolved = resolve(page(what), root)
    path = what.split(":")[0]
    expected = page(f"{path}:{first}:{last}", f'py linenums="{first}"')
    assert resolved == expected


@given(blank=st.integers(0, 40))
def test_names_follow_their_code(tmp_path_factory, blank):
    root = tmp_path_factory.mktemp("moved")
    (root / "net.py").write_text("\n" * blank + CODE)
    assert lines_of(Include("net.py", "Net.forward", None), str(root)) == (
        19 + blank,
        20 + blank,
    )


def test_two_names_span_what_is_between(root):
    span = Include("net.py", "Net.depth..Net.forward", None)
    assert lines_of(span, root) == (11, 20)


def test_a_file_that_moved_takes_its_title_along(root):
    source = page("src/a/net.py:@twice", 'py linenums="@" title="src/a/net.py"')
    resolved = resolve(source, root, lambda path: path.replace("src/a/", ""))
    assert resolved == page("net.py:4:5", 'py linenums="4" title="net.py"')


def test_inside_a_tab_the_indent_stays(root):
    source = textwrap.indent(page("net.py:@LIMIT"), "    ")
    assert resolve(source, root) == textwrap.indent(
        page("net.py:1:1", 'py linenums="1"'), "    "
    )


def test_a_whole_file_needs_no_name(root):
    assert "net.yaml\n" in resolve(page("net.yaml"), root)


@pytest.mark.parametrize(
    "what, message",
    [
        ("net.py:@Net.backward", "no definition of 'Net.backward'"),
        ("net.py:@later", "2 definitions of 'later'"),
        ("net.py:@Net..nothing", "no definition of 'nothing'"),
        ("net.yaml:@b.e", "no definition of 'b.e'"),
        ("gone.py:@a", "gone.py is included by a page, but there is no such file"),
        ("gone.py", "gone.py is included by a page, but there is no such file"),
        ("empty.py", "is empty"),
        ("net.py:2:3", "is empty"),
        ("net.py:@Net.forward..LIMIT", "is empty"),
        ("net.py:later", "none of path"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(root, what, message):
    with pytest.raises(UserError, match=message):
        resolve(page(what), root)
