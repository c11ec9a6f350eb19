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

import numpy as np
import pytest

from ppsci_ext.data.fields import ConditionedField
from ppsci_ext.data.fields import FieldTransform
from ppsci_ext.data.fields import Kriging
from ppsci_ext.data.fields import NetworkFields
from ppsci_ext.data.fields import PointMeasurements
from ppsci_ext.data.fields import random_field
from ppsci_ext.data.fields import with_parameters
from ppsci_ext.utils.errors import UserError

GAUSSIAN = random_field("gaussian", (16, 16), length=2.0)
POROUS = random_field("porous", (16, 16), length=2.0)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_each_map_has_its_own_length():
    source = ConditionedField(GAUSSIAN, {"length": (1.0, 4.0)})
    lengths = np.repeat([1.0, 2.0, 4.0], 1500)
    maps = source.draw(lengths[:, None], rng())[:, 0]
    product = (maps * np.roll(maps, 1, axis=1)).mean(axis=(1, 2))
    for length in (1.0, 2.0, 4.0):
        one = product[lengths == length]
        truth = source.at([length]).covariance(np.array([1, 0]))
        assert abs(one.mean() - truth) < 4.5 * one.std() / np.sqrt(len(one))


def test_each_map_has_its_own_porosity():
    source = ConditionedField(POROUS, {"porosity": (0.1, 0.5), "length": (1.0, 2.0)})
    maps, condition = source.sample_with_condition(3000, rng())
    assert condition.shape == (3000, 2) and condition.dtype == np.float32
    error = maps.mean(axis=(1, 2, 3)) - source.decode(condition)[:, 0]
    assert abs(error.mean()) < 4.5 * error.std() / np.sqrt(len(error))
    slope = np.polyfit(source.decode(condition)[:, 0], maps.mean(axis=(1, 2, 3)), 1)[0]
    assert abs(slope - 1) < 0.1


def test_conditions_fill_their_range_and_leave_out_what_is_held_out():
    source = ConditionedField(GAUSSIAN, {"length": (1.0, 4.0)}, {"length": (1.5, 2.0)})
    _, condition = source.sample_with_condition(4000, rng())
    lengths = source.decode(condition)[:, 0]
    assert 1 <= lengths.min() < 1.01 and 3.96 < lengths.max() <= 4.0001
    assert not ((lengths > 1.5) & (lengths < 2.0)).any()
    # uniform in the logarithm outside: log 1.5 of log 1.5 + log 2
    share = (lengths < 1.5).mean()
    expected = np.log(1.5) / (np.log(1.5) + np.log(2))
    assert abs(share - expected) < 4.5 * np.sqrt(expected * (1 - expected) / 4000)
    np.testing.assert_allclose(
        source.encode(source.decode(condition)), condition, atol=1e-6
    )
    np.testing.assert_allclose(
        source.encode([[1.0], [2.0], [4.0]]), [[-1], [0], [1]], atol=1e-6
    )


def test_point_measurements():
    source = PointMeasurements(GAUSSIAN, (3, 7))
    fields, condition = source.sample_with_condition(400, rng())
    mask, values = condition["mask"], condition["values"]
    assert mask.shape == values.shape == fields.shape == (400, 1, 16, 16)
    assert set(mask.sum(axis=(1, 2, 3))) == {3, 4, 5, 6, 7}
    np.testing.assert_array_equal(values, np.where(mask == 1, fields, 0))
    expected = 400 * 5 / 256
    assert abs(mask.sum(axis=0) - expected).max() < 6 * np.sqrt(expected)


def test_network_sees_measured_values_in_its_own_units():
    field = random_field("lognormal", (8, 8), length=2.0, variance=0.5)
    transform = FieldTransform.of(field)
    source = NetworkFields(PointMeasurements(field, 5), transform)
    fields, condition = source.sample_with_condition(3, rng())
    np.testing.assert_array_equal(condition["values"], fields * condition["mask"])
    np.testing.assert_array_equal(
        source.sample(3, rng(1)), transform.forward(field.sample(3, rng(1)))
    )
    assert not hasattr(NetworkFields(field, transform), "sample_with_condition")
    one = NetworkFields(ConditionedField(field, {"length": (1.0, 2.0)}), transform)
    assert one.sample_with_condition(3, rng())[1].shape == (3, 1)


@pytest.mark.parametrize("name", ["gaussian", "lognormal"])
@pytest.mark.parametrize("shape", [(12, 12), (6, 6, 6)])
def test_kriging_is_the_distribution_given_the_points(name, shape):
    field = random_field(name, shape, length=2.0, variance=0.4)
    mask = np.zeros(shape)
    mask[(1, 2, 8 % shape[0]), (3, 5, 4)] = 1
    values = field.sample(1, rng(5))[0, 0]
    kriging = Kriging(field, mask, values)
    at = mask == 1
    np.testing.assert_allclose(kriging.mean[at], values[at], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(kriging.variance[at], 0, atol=1e-9)
    # by the textbook's matrices
    if name == "gaussian":
        places = np.argwhere(np.ones(shape))
        points = np.argwhere(mask)
        among = field.covariance(points[:, None] - points)
        across = field.covariance(places[:, None] - points)
        weights = np.linalg.solve(among, across.T).T
        np.testing.assert_allclose(
            kriging.mean.ravel(), weights @ values[at], atol=1e-6
        )
        variance = field.variance - (weights * across).sum(axis=1)
        np.testing.assert_allclose(kriging.variance.ravel(), variance, atol=1e-9)
    draws = kriging.sample(4000, rng(7))[:, 0].astype(np.float64)
    np.testing.assert_allclose(
        draws[:, at], np.tile(values[at], (4000, 1)), rtol=1e-3, atol=1e-4
    )
    free = kriging.variance > 0.01 * kriging.variance.max()
    z = (draws.mean(axis=0) - kriging.mean)[free] / np.sqrt(
        kriging.variance[free] / 4000
    )
    assert np.abs(z).max() < 4.5
    squares = np.square(draws - kriging.mean)[:, free]
    z = (squares.mean(axis=0) - kriging.variance[free]) / (
        squares.std(axis=0) / np.sqrt(4000)
    )
    assert np.abs(z).max() < 5


def test_other_parameters_of_the_same_field():
    other = with_parameters(POROUS, length=3.0, porosity=0.2)
    assert (other.spectrum.length, other.porosity, other.shape) == (3.0, 0.2, (16, 16))
    assert POROUS.porosity == 0.3


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: ConditionedField(GAUSSIAN, {}), "needs the range"),
        (
            lambda: ConditionedField(GAUSSIAN, {"lenght": (1, 2)}),
            "did you mean 'length'",
        ),
        (lambda: ConditionedField(GAUSSIAN, {"porosity": (0.1, 0.2)}), "no porosity"),
        (lambda: ConditionedField(GAUSSIAN, {"length": (2, 1)}), "2 to 1"),
        (lambda: ConditionedField(POROUS, {"porosity": (0.1, 1.0)}), "between 0 and 1"),
        (
            lambda: ConditionedField(
                GAUSSIAN, {"length": (1, 2)}, {"length": (0.5, 3)}
            ),
            "held out",
        ),
        (
            lambda: ConditionedField(
                GAUSSIAN, {"length": (1, 2)}, {"porosity": (0.5, 3)}
            ),
            "held-out",
        ),
        (lambda: PointMeasurements(GAUSSIAN, 0), "0 measurements"),
        (lambda: PointMeasurements(GAUSSIAN, 257), "257 measurements"),
        (lambda: Kriging(POROUS, np.ones((16, 16)), np.ones((16, 16))), "not exact"),
        (
            lambda: Kriging(GAUSSIAN, np.zeros((16, 16)), np.ones((16, 16))),
            "at least one 1",
        ),
        (lambda: Kriging(GAUSSIAN, np.ones((4, 4)), np.ones((4, 4))), "16, 16"),
        (
            lambda: Kriging(GAUSSIAN, np.ones((16, 16)), np.ones((16, 16))),
            "say the same twice",
        ),
    ],
)
def test_bad_values(make, words):
    with pytest.raises(UserError, match=words):
        make()
