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

"""What a user may ask `generate` for."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from paddle import nn
from wgan_gp.models import WGAN_GP

from ppsci_ext.utils import UserError


class Echo(nn.Layer):
    """Samples that tell what they were made for."""

    latent_dim = 1

    def __init__(self, width=1):
        super().__init__()
        self.weight = self.create_parameter([width])

    def forward(self, z, condition=None):
        if condition is None:
            return z
        if isinstance(condition, dict):
            return condition["a"] + condition["b"].astype("float32")
        return condition.astype("float32").reshape([len(z), -1])


def gan(**options):
    return WGAN_GP(Echo(), nn.Linear(1, 1), **options)


WIDTHS = "int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("count", [1, 4, 5, 9])  # below, at, above batch_size
def test_labels_of_any_width_at_any_count(dtype, count):
    labels = (np.arange(count) % 3).astype(dtype)
    for given_ in (labels, labels.tolist(), labels[:, None]):
        samples = gan(num_classes=3).generate(count, given_, batch_size=4)
        assert samples[:, 0].tolist() == labels.tolist()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=20), st.integers(1, 25))
def test_each_sample_is_of_its_class_whatever_the_batches(labels, batch_size):
    samples = gan(num_classes=7).generate(len(labels), labels, batch_size)
    assert samples[:, 0].tolist() == labels


def test_labels_as_a_tensor():
    samples = gan(num_classes=3).generate(2, paddle.to_tensor([2, 0]))
    assert samples[:, 0].tolist() == [2, 0]


def test_without_labels_classes_are_drawn():
    samples = gan(num_classes=3).generate(3000)
    assert np.bincount(samples[:, 0].astype(int)).min() > 850


@pytest.mark.parametrize(
    "labels, says",
    [
        ([0, 1], "There are 2 labels for 4 samples"),
        ([0] * 5, "There are 5 labels for 4 samples"),
        ([], "There are 0 labels for 4 samples"),
        ([0, 1, 2, 3], "There is no class 3: the 3 classes are 0 to 2"),
        ([0, 1, -1, 2], "There is no class -1: the 3"),
        (np.array([0, 0, 0, 255], "uint8"), "There is no class 255"),
        (np.array([0, 0, 0, 2**63], "uint64"), f"There is no class {2**63}"),
        ([0.0, 1.0, 2.0, 0.0], "integers, one for each sample, not float32"),
        (np.ones(4, "float16"), "integers, one for each sample, not float16"),
        (np.ones(4, bool), "one for each sample, not bool"),
        (np.zeros((4, 3), int), r"not int64 of shape \[4, 3\]"),
        (np.zeros((2, 2), int), r"not int64 of shape \[2, 2\]"),
        (["a", "b", "c", "d"], "has the type <U1: give integers"),
        ([None] * 4, "has the type object"),
        ([[0], [1, 2], [0], [0]], "is no array"),
        (2, "is a single number: give one for each sample"),
        ({"labels": [0, 1, 2, 0]}, "not arrays by name"),
    ],
)
@pytest.mark.parametrize("batch_size", [2, 4, 100])
def test_labels_that_do_not_fit(labels, says, batch_size):
    with pytest.raises(UserError, match=says) as refused:
        gan(num_classes=3).generate(4, labels, batch_size)
    assert str(refused.value)[0].isupper() and str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "options, asked, says",
    [
        ({}, {"labels": [0, 1]}, "is unconditional, so that it takes no labels"),
        ({}, {"condition": [0.5, 1]}, "is unconditional, so that it takes no labels"),
        ({"num_classes": 2}, {"labels": [0, 1], "condition": [0, 1]}, "not both"),
        ({"num_classes": 2}, {"condition": [0.5, 1]}, "integers, one for each"),
        ({"conditional": True}, {}, r"give one for each sample .condition=...."),
        ({"conditional": True}, {"labels": [0, 1]}, "not for classes: give condition="),
        ({"conditional": True}, {"condition": [0.5]}, "for 1 samples, but there are 2"),
        ({"conditional": True}, {"condition": 0.5}, "is a single number"),
        ({"conditional": True}, {"condition": {}}, "has no arrays"),
        ({"conditional": True}, {"condition": [0, np.nan]}, "NaN"),
        ({"conditional": True}, {"condition": {"a": [1, 2], "b": [1]}}, "'b' is for 1"),
        ({"conditional": True}, {"condition": {"a": [1, 2]}}, "Echo. fails on noise"),
    ],
)
def test_what_does_not_fit_the_gan(options, asked, says):
    with pytest.raises(UserError, match=says):
        gan(**options).generate(2, **asked)


@pytest.mark.parametrize("count", [1, 3, 7])
def test_conditions_of_other_kinds(count):
    conditional = gan(conditional=True)
    numbers = np.random.default_rng(0).random((count, 2))
    samples = conditional.generate(count, condition=numbers, batch_size=3)
    np.testing.assert_allclose(samples, numbers, rtol=1e-6)
    arrays = {"a": numbers, "b": np.ones((count, 1), bool)}
    samples = conditional.generate(count, condition=arrays, batch_size=3)
    np.testing.assert_allclose(samples, numbers + 1, rtol=1e-6)


@pytest.mark.parametrize("name", ["num_samples", "batch_size"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "3", None, True, 10**12])
def test_numbers_out_of_range(name, value):
    with pytest.raises(UserError, match=f"^{name}=.* is refused: "):
        gan().generate(**{"num_samples": 3, name: value})


def test_a_fixed_generator_makes_no_samples():
    with pytest.raises(UserError, match="fixed generator, which makes no samples"):
        WGAN_GP(None, nn.Linear(1, 1)).generate(3)
