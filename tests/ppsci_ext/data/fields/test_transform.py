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

import json

import numpy as np
import pytest

from ppsci_ext.data.fields import FIELD_NAMES
from ppsci_ext.data.fields import FieldTransform
from ppsci_ext.data.fields import random_field
from ppsci_ext.utils.errors import UserError


@pytest.mark.parametrize("name", FIELD_NAMES)
def test_random_fields_there_and_back(name):
    field = random_field(name, (16, 16), length=1.5, variance=3.0)
    transform = FieldTransform.of(field)
    fields = field.sample(500, np.random.default_rng(0))
    values = transform.forward(fields)
    assert values.dtype == np.float32
    np.testing.assert_allclose(transform.inverse(values), fields, rtol=2e-5, atol=1e-5)
    if field.binary:
        assert transform.output == "tanh"
        assert set(np.unique(values)) == {-1, 1}
    else:
        assert transform.output == "linear"
        assert abs(values.mean()) < 0.02 and abs(values.std() - 1) < 0.02


def test_state_is_json():
    transform = FieldTransform("continuous", (1.5, -2.0), (0.5, 4.0))
    again = FieldTransform.from_state(json.loads(json.dumps(transform.state())))
    assert again == transform
    values = np.array([[[2.0], [6.0]]], np.float32)
    np.testing.assert_array_equal(again.forward(values), [[[1.0], [2.0]]])


def test_facies_are_told_apart():
    transform = FieldTransform("facies")
    grey = np.random.default_rng(0).random((2, 3, 5, 5)).astype(np.float32)
    fields = transform.inverse(grey)
    np.testing.assert_array_equal(fields.sum(axis=1), 1)
    np.testing.assert_array_equal(fields.argmax(axis=1), grey.argmax(axis=1))
    np.testing.assert_array_equal(transform.forward(fields), fields)
    assert transform.output == "softmax"


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: FieldTransform("binari"), "did you mean 'binary'"),
        (lambda: FieldTransform("continuous", (0.0,), (0.0,)), "constant field"),
        (
            lambda: FieldTransform("continuous", (0.0,), (1.0, 1.0)),
            "one value a channel",
        ),
        (lambda: FieldTransform.from_state({"kind": "binary"}), "cannot be used"),
        (
            lambda: FieldTransform.from_state(
                {"kind": "continuous", "shift": "x", "scale": [1]}
            ),
            "cannot",
        ),
        (lambda: FieldTransform("positive").forward(np.zeros((1, 1, 4))), "above 0"),
        (
            lambda: FieldTransform("continuous").forward(np.zeros((1, 2, 4))),
            "2 channels",
        ),
    ],
)
def test_bad_values(make, words):
    with pytest.raises(UserError, match=words):
        make()
