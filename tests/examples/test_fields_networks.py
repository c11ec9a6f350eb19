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
import paddle
import pytest
from scipy import stats
from wgan_gp.models.networks import FieldCritic
from wgan_gp.models.networks import FieldGenerator
from wgan_gp.models.networks import TransposedGenerator
from wgan_gp.models.networks.field_layers import doubled
from wgan_gp.models.networks.field_layers import moved
from wgan_gp.models.networks.field_layers import unfolded
from wgan_gp.models.networks.log_spectrum import LogSpectrum
from wgan_gp.utils import losses

from ppsci_ext.data.fields import FieldTransform
from ppsci_ext.utils import UserError

PLAIN = FieldTransform("continuous")


@pytest.fixture
def float64():
    paddle.set_default_dtype("float64")
    yield
    paddle.set_default_dtype("float32")


def field_condition(kind, count, shape, dtype="float32"):
    if kind == "parameters":
        return paddle.randn([count, 2], dtype)
    if kind == "points":
        mask = (paddle.rand([count, 1, *shape]) > 0.8).astype(dtype)
        return {"mask": mask, "values": mask * paddle.randn(mask.shape, dtype)}
    return None


def keywords(kind):
    return {"parameters": {"parameters": 2}, "points": {"points": True}}.get(kind, {})


@pytest.mark.parametrize("padding", ["circular", "zeros"])
@pytest.mark.parametrize(
    "shape, kind, spectrum",
    [
        ([8, 8], None, False),
        ([8, 8], "points", True),
        ([8, 4], "parameters", True),
        ([4, 8, 8], None, False),
        ([4, 4, 8], "points", False),
        ([8, 8, 8], "parameters", True),
        ([16], None, True),
        ([16], "parameters", False),
    ],
)
def test_the_penaltys_gradient_is_that_of_central_differences(
    float64, shape, kind, spectrum, padding
):
    critic = FieldCritic(shape, 1, 2, 2, padding, spectrum=spectrum, **keywords(kind))
    x = paddle.randn([3, 1, *shape], "float64")
    condition = field_condition(kind, 3, shape, "float64")
    inputs = () if condition is None else (condition,)

    def penalty():
        points = x.detach()
        points.stop_gradient = False
        slopes = losses.gradient_norm(lambda y: critic(y, *inputs), points)
        return (slopes - 1).square().mean()

    penalty().backward()
    for name, weight in critic.named_parameters():
        direction = paddle.randn(weight.shape, "float64")
        expected = 0.0  # of biases, which move no slope but at a kink
        if weight.grad is not None:
            expected = float((weight.grad * direction).sum())
        assert name.endswith("bias") or expected != 0
        ends = []
        for step in (1e-6, -1e-6):
            kept = weight.clone().detach()
            weight.set_value(kept + step * direction)
            ends.append(float(penalty()))
            weight.set_value(kept)
        found = (ends[0] - ends[1]) / 2e-6
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-6), name


@pytest.mark.parametrize("shape", [[16], [8, 16], [8, 8, 8], [7], [6, 9]])
def test_log_spectrum_is_that_of_the_fast_fourier_transform(shape):
    layer = LogSpectrum(shape)
    x = np.random.default_rng(0).standard_normal((3, 2, *shape)).astype("float32")
    axes = tuple(range(2, x.ndim))
    power = (np.abs(np.fft.fftn(x, axes=axes)) ** 2 / np.prod(shape)).reshape(3, 2, -1)
    waves = np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij")
    k = np.rint(max(shape) * np.sqrt(sum(w**2 for w in waves))).ravel()
    last = max(shape) // 2
    shells = [k == b for b in range(1, last)] + [k >= last]
    expected = np.log([power[..., shell].mean(axis=-1) + 1e-6 for shell in shells])
    found = layer(paddle.to_tensor(x)).numpy().reshape(3, 2, layer.bins)
    assert layer.bins == last
    np.testing.assert_allclose(found, np.moveaxis(expected, 0, 2), atol=2e-4)


@pytest.mark.parametrize("upsampling", ["nearest", "linear"])
@pytest.mark.parametrize("shape", [[16], [8, 16], [8, 8, 8]])
def test_the_generator_has_no_place_of_its_own_on_the_torus(shape, upsampling):
    generator, with_border = (
        FieldGenerator(shape, PLAIN, 1, 4, 8, 2, padding, upsampling=upsampling)
        for padding in ("circular", "zeros")
    )
    z = paddle.randn([2, *generator.latent_shape])
    for axis in range(2, z.ndim):
        for network, same in ((generator, True), (with_border, False)):
            noise = z[:, : network.latent_shape[0]]
            changed = network(noise.roll(1, axis)).numpy()
            expected = np.roll(network(noise).numpy(), 4, axis)
            assert np.allclose(changed, expected, atol=1e-4) == same


@pytest.mark.parametrize("shape", [[8], [4, 8], [8, 4, 4]])
def test_each_field_is_moved_by_a_number_of_pixels_of_its_own(shape):
    x = paddle.randn([64, 2, *shape])
    x.stop_gradient = False
    noise = paddle.randn([64, len(shape), 3, 1])
    found = moved(x, noise, 2)
    normal = noise.numpy().sum(axis=(2, 3)) / np.sqrt(3)
    pixels = np.floor(4 * stats.norm.cdf(normal)).astype(int)
    assert all(set(column) == {0, 1, 2, 3} for column in pixels.T)
    axes = tuple(range(1, len(shape) + 1))
    for before, after, by in zip(x.numpy(), found.numpy(), pixels):
        np.testing.assert_array_equal(after, np.roll(before, by, axes))
    weights = paddle.randn(x.shape)
    (gradient,) = paddle.grad((found * weights).sum(), x)
    for before, after, by in zip(weights.numpy(), gradient.numpy(), pixels):
        np.testing.assert_array_equal(after, np.roll(before, -by, axes))


def test_no_pixel_of_a_block_differs_from_the_others():
    """Each of the 16 has the same variance, whatever the network has made of its place."""
    paddle.seed(0)
    generator = FieldGenerator([8, 8], PLAIN, dim=4, stages=2)
    with paddle.no_grad():
        fields = generator(paddle.randn([4000, *generator.latent_shape])).numpy()
        generator.moves = False
        fixed = generator(paddle.randn([4000, *generator.latent_shape])).numpy()

    def spread(fields):  # of the pixels' variances, in standard errors
        variance = fields.var(axis=0).reshape(2, 4, 2, 4).mean(axis=(0, 2))
        return variance.std() / (variance.mean() * np.sqrt(2 / (4 * len(fields))))

    assert spread(fields) < 3 < spread(fixed)


@pytest.mark.parametrize("shape", [[3], [2, 5], [3, 2, 4]])
@pytest.mark.parametrize("padding", ["circular", "zeros"])
def test_doubled_pixels(shape, padding):
    x = paddle.randn([2, 3, *shape])
    nearest = linear = x.numpy()
    for axis in range(2, x.ndim):
        nearest = nearest.repeat(2, axis)
        n = linear.shape[axis]
        clip = (
            (lambda i: i % n) if padding == "circular" else (lambda i: i.clip(0, n - 1))
        )
        before, after = (linear.take(clip(np.arange(n) + s), axis) for s in (-1, 1))
        pair = [0.75 * linear + 0.25 * beside for beside in (before, after)]
        size = [*linear.shape[:axis], 2 * n, *linear.shape[axis + 1 :]]
        linear = np.stack(pair, axis + 1).reshape(size)
    np.testing.assert_array_equal(doubled(x, "nearest", padding).numpy(), nearest)
    np.testing.assert_allclose(doubled(x, "linear", padding).numpy(), linear, atol=1e-5)


@pytest.mark.parametrize("shape", [[3], [2, 3], [2, 3, 2]])
@pytest.mark.parametrize("factor", [2, 4])
def test_channels_laid_out_as_pixels(shape, factor):
    axes = len(shape)
    x = np.random.default_rng(0).normal(size=(2, 5 * factor**axes, *shape))
    fine = unfolded(paddle.to_tensor(x), factor).numpy()
    assert fine.shape == (2, 5, *(factor * size for size in shape))
    for place in np.ndindex(*shape):  # all channels of a place make one block of pixels
        block = tuple(slice(factor * i, factor * (i + 1)) for i in place)
        expected = x[(slice(None), slice(None), *place)].reshape(2, 5, -1)
        found = fine[(slice(None), slice(None), *block)].reshape(2, 5, -1)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shape", [[32], [32, 32], [16, 16, 16]])
def test_noise_of_the_finest_grid_moves_its_neighbourhood_only(shape):
    generator = FieldGenerator(shape, PLAIN, dim=4, latent_channels=3, stages=2)
    axes, coarse = len(shape), 3 + 2 ** len(shape)
    assert generator.latent_shape[0] == coarse + 4**axes + axes
    z = paddle.randn([1, *generator.latent_shape])
    z[:, -axes:] = -9.0  # moves nothing
    changed = z.clone()
    changed[(0, coarse) + (1,) * axes] += 3.0  # that of pixel (4, 4, ...)
    differ = np.argwhere(np.abs((generator(changed) - generator(z)).numpy()[0, 0]) > 0)
    assert len(differ) and differ.min() >= 2 and differ.max() <= 6


def test_without_noise_of_finer_grids():
    generator = FieldGenerator([8, 8], PLAIN, dim=4, stages=2, fine_noise=0)
    assert generator.latent_shape == [8 + 2, 2, 2]
    assert generator(paddle.randn([3, 10, 2, 2])).shape == [3, 1, 8, 8]


@pytest.mark.parametrize("head, same", [("mean", True), ("places", False)])
@pytest.mark.parametrize("shape", [[16], [8, 16], [8, 8, 8]])
def test_the_critics_score_of_a_moved_field(shape, head, same):
    critic = FieldCritic(shape, dim=4, stages=2, head=head)
    x = paddle.randn([4, 1, *shape])
    for axis in range(2, x.ndim):  # by what the critic's strides make one place
        moved = critic(x.roll(4, axis)).numpy()
        assert np.allclose(moved, critic(x).numpy(), atol=1e-5) == same


@pytest.mark.parametrize("shape", [[16], [8, 16], [8, 8, 8]])
def test_more_noise_makes_a_larger_field(shape):
    generator = FieldGenerator(shape, PLAIN, channels=2, dim=4, stages=2)
    z = paddle.randn([1, *generator.latent_shape])
    z[:, -len(shape) :] = -9.0  # moves nothing
    field = generator(z).numpy()
    assert field.shape == (1, 2, *shape)
    twice = z.tile([1, 1, 2, *[1] * (len(shape) - 1)])
    expected = np.tile(field, (1, 1, 2, *[1] * (len(shape) - 1)))
    np.testing.assert_allclose(generator(twice).numpy(), expected, atol=1e-4)
    longer = generator(paddle.randn([1, *z.shape[1:-1], z.shape[-1] + 3]))
    assert longer.shape[-1] == shape[-1] + 12


@pytest.mark.parametrize("shape", [[16], [8, 16], [8, 8, 8]])
@pytest.mark.parametrize("kind", ["parameters", "points"])
def test_both_networks_listen_to_each_samples_own_condition(shape, kind):
    generator = FieldGenerator(shape, PLAIN, dim=4, stages=2, **keywords(kind))
    critic = FieldCritic(shape, dim=4, stages=2, **keywords(kind))
    condition = field_condition(kind, 2, shape)
    changed = {k: v.clone() for k, v in condition.items()} if kind == "points" else None
    if kind == "points":
        changed["mask"][1], changed["values"][1] = 1.0, 2.0
    else:
        changed = condition.clone()
        changed[1] = changed[1] + 1
    z = paddle.randn([2, *generator.latent_shape])
    x = paddle.randn([2, 1, *shape])
    for network, given in ((generator, z), (critic, x)):
        before, after = (network(given, c).numpy() for c in (condition, changed))
        np.testing.assert_array_equal(before[0], after[0])
        assert np.abs(before[1] - after[1]).max() > 1e-3


def test_a_block_shows_the_mean_of_its_measurements():
    generator = FieldGenerator([8, 8], PLAIN, dim=4, stages=2, points=True)
    mask, values = paddle.zeros([1, 1, 8, 8]), paddle.zeros([1, 1, 8, 8])
    for row, column, value in ((0, 0, 3.0), (0, 1, 5.0), (3, 3, 1.0), (7, 2, -2.0)):
        mask[0, 0, row, column], values[0, 0, row, column] = 1.0, value
    levels = generator._measured({"mask": mask, "values": values})
    assert [level.shape[2:] for level in levels] == [[8, 8], [4, 4], [2, 2]]
    np.testing.assert_allclose(
        levels[2][0].numpy(), [[[1, 0], [1, 0]], [[3, 0], [-2, 0]]]
    )
    assert float(levels[1][0, 1, 0, 0]) == 4


@pytest.mark.parametrize("build", [FieldGenerator, TransposedGenerator])
@pytest.mark.parametrize("shape", [[16], [8, 16], [8, 8, 8]])
@pytest.mark.parametrize("kind", ["continuous", "positive", "binary", "facies"])
def test_outputs_are_of_the_datas_kind(build, shape, kind):
    channels = 3 if kind == "facies" else 1
    generator = build(shape, FieldTransform(kind), channels, dim=4, stages=2)
    fields = 50 * paddle.randn([4, *generator.latent_shape])
    fields = generator(fields).numpy()
    assert fields.shape == (4, channels, *shape)
    if kind == "facies":
        np.testing.assert_allclose(fields.sum(axis=1), 1, atol=1e-5)
    assert (np.abs(fields).max() <= 1) == (kind in ("binary", "facies"))


def test_the_transform_goes_with_the_weights():
    known = FieldTransform("positive", (-0.5, 2.0), (1.5, 0.25))
    generator = FieldGenerator([8, 8], known, channels=2, dim=4, stages=2)
    other = FieldTransform("positive", (0.0, 0.0), (1.0, 1.0))
    loaded = FieldGenerator([8, 8], other, channels=2, dim=4, stages=2)
    loaded.set_state_dict(generator.state_dict())
    assert loaded.transform == known


@pytest.mark.parametrize("spatial", [1, 2, 3])
def test_weights_have_the_spread_of_the_other_networks(spatial):
    """Glorot's with the stride counted, times sqrt(2) but for the last layer."""
    shape = [16] * spatial
    generator = FieldGenerator(shape, PLAIN, dim=32, stages=2)
    critic = FieldCritic(shape, dim=32, stages=2)
    volume = 3**spatial
    for conv, gain, fans in (
        (generator.convs[1], 2, (64 + 32) * volume),
        (generator.output, 1, (32 + 1) * volume),
        (critic.convs[1], 2, 32 * 4**spatial + 64 * 2**spatial),
    ):
        weight = conv.weight.numpy()
        spread = np.sqrt(2 * gain / fans)
        assert weight.std() == pytest.approx(spread, rel=3 / np.sqrt(weight.size))
        assert np.abs(weight).max() <= np.sqrt(3) * spread * (1 + 1e-6)
        assert not conv.bias.numpy().any()


@pytest.mark.parametrize("build", [FieldGenerator, TransposedGenerator])
def test_a_shape_that_can_not_be_halved_is_refused(build):
    with pytest.raises(UserError, match=r"\[16, 12\].*multiple of 8"):
        build([16, 12], PLAIN, stages=3)
    with pytest.raises(UserError, match=r"\[16, 4\].*multiple of 8"):
        FieldCritic([16, 4], stages=3)
