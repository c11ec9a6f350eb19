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

"""Random geometries of the layers that move a window or change the size of an image."""

from __future__ import annotations

import numpy as np
import paddle
from hypothesis import assume
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from paddle import nn

from ppsci_ext import arch


def padding(draw, kernel):
    """A padding in one of the spellings that Paddle takes."""
    least = min(k // 2 for k in kernel)
    kind = draw(st.sampled_from(["number", "axes", "sides", "pairs", "SAME", "VALID"]))
    sides = [draw(st.integers(0, least)) for _ in range(4)]
    return {
        "number": sides[0],
        "axes": sides[:2],
        "sides": sides,
        "pairs": [[0, 0], [0, 0], sides[:2], sides[2:]],
    }.get(kind, kind)


@st.composite
def poolings(draw):
    kernel = [draw(st.integers(1, 4)) for _ in range(2)]
    lengths = [draw(st.integers(4, 7)) for _ in range(2)]
    options = {
        "kernel_size": kernel,
        "stride": [draw(st.integers(1, 3)) for _ in range(2)],
        "padding": padding(draw, kernel),
    }
    if options["padding"] != "VALID":
        options["ceil_mode"] = draw(st.booleans())
    return lengths, options


@st.composite
def transposed_convolutions(draw):
    kernel = [draw(st.integers(1, 4)) for _ in range(2)]
    lengths = [draw(st.integers(2, 5)) for _ in range(2)]
    groups = draw(st.sampled_from([1, 2]))
    stride = [draw(st.integers(1, 3)) for _ in range(2)]
    options = {
        "in_channels": 2 * groups,
        "out_channels": draw(st.integers(1, 2)) * groups,
        "kernel_size": kernel,
        "stride": stride,
        "padding": padding(draw, kernel),
        "dilation": draw(st.integers(1, 2)),
        "groups": groups,
        "output_padding": draw(st.integers(0, min(stride) - 1)),
    }
    return [2 * groups, *lengths], options


@settings(max_examples=60, deadline=None, derandomize=True)
@given(poolings())
def test_maxima_over_any_windows(case):
    lengths, options = case
    x = paddle.randn([2, 2, *lengths])
    expected = nn.MaxPool2D(**options)(x).numpy()
    # Paddle returns the least number for a window of nothing but padding
    assume((expected > -1e30).all())
    np.testing.assert_array_equal(arch.MaxPool2D(**options)(x).numpy(), expected)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(transposed_convolutions())
def test_transposed_convolutions_of_any_geometry(case):
    shape, options = case
    theirs = nn.Conv2DTranspose(**options)
    x = paddle.randn([2, *shape])
    try:
        expected = theirs(x)
    except (ValueError, RuntimeError):
        assume(False)  # nothing is left of the image
    ours = arch.Conv2DTranspose(**options)
    ours.set_state_dict(theirs.state_dict())
    np.testing.assert_allclose(ours(x).numpy(), expected.numpy(), atol=2e-6)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    lengths=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    factor=st.none() | st.floats(0.5, 3.0) | st.integers(1, 3),
    mode=st.sampled_from(["nearest", "bilinear", "bicubic"]),
    corners=st.booleans(),
    align_mode=st.sampled_from([0, 1]),
)
def test_interpolation_to_any_size(lengths, size, factor, mode, corners, align_mode):
    target = {"size": list(size)} if factor is None else {"scale_factor": factor}
    options = {"mode": mode, "align_mode": align_mode, **target}
    if mode != "nearest":
        options["align_corners"] = corners
    if factor is not None:
        assume(all(int(n * factor) >= 1 for n in lengths))
    x = paddle.randn([2, 2, *lengths])
    expected = nn.Upsample(**options)(x).numpy()
    got = arch.Upsample(**options)(x).numpy()
    np.testing.assert_allclose(got, expected, atol=2e-5)
