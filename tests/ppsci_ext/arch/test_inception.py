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

"""FID's Inception-v3: recorded outputs, resizing, pooling, refused weight files."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

from ppsci_ext.arch.inception import FIDInceptionV3
from ppsci_ext.arch.inception import resize_bilinear_tf1
from ppsci_ext.utils.errors import UserError
from tests.helpers.hostile import Hostile
from tests.helpers.torch_files import Storage
from tests.helpers.torch_files import Tensor
from tests.helpers.torch_files import legacy_bytes
from tests.helpers.torch_files import tensor
from tests.helpers.torch_files import written
from tests.helpers.torch_files import zip_bytes
from tests.recorded.record_inception import IMAGE_SIZES
from tests.recorded.record_inception import NUM_VALUES
from tests.recorded.record_inception import OUTPUTS
from tests.recorded.record_inception import RECORD
from tests.recorded.record_inception import random_images
from tests.recorded.record_inception import random_weights


@pytest.fixture(scope="module")
def weights():
    return random_weights()


@pytest.fixture(scope="module")
def network(weights, tmp_path_factory):
    """Read from a file of PyTorch's format with entries that must be ignored."""
    extra = {
        "Mixed_5b.branch1x1.bn.num_batches_tracked": np.array(7),
        "AuxLogits.fc.bias": np.zeros(1008, "f4"),
    }
    content = {k: tensor(v, k) for k, v in {**weights, **extra}.items()}
    folder = tmp_path_factory.mktemp("inception")
    path = written(folder / "weights.pth", legacy_bytes(content))
    network = FIDInceptionV3.from_pretrained(path)
    path.unlink()  # 95 MB
    return network


def outputs_of(network, images):
    with paddle.no_grad():
        outputs = network(paddle.to_tensor(images))
    return {name: value.numpy() for name, value in outputs.items()}


@pytest.mark.parametrize("size, count", IMAGE_SIZES)
def test_outputs_recorded_from_torch_fidelity(network, size, count):
    outputs = outputs_of(network, random_images(size, size, count))
    assert sorted(outputs) == sorted(OUTPUTS)
    with np.load(RECORD) as record:
        for name, found in outputs.items():
            expected = record[f"{size}/{name}"]
            assert found.dtype == np.float32 and len(found) == len(expected)
            scale = np.abs(expected).max()
            np.testing.assert_allclose(
                found[:, :NUM_VALUES], expected, rtol=0, atol=1e-5 * scale, err_msg=name
            )


def test_evaluation_mode_after_loading(network):
    assert not any(layer.training for layer in network.sublayers(include_self=True))


def test_number_of_parameters(network):
    # Paddle counts the statistics of batch norm among the parameters.
    assert sum(p.size for p in network.parameters() if p.trainable) == 23_850_960


def test_shapes_and_independence_of_images(network):
    images = random_images(24, 40, 3)
    together = outputs_of(network, images)
    alone = outputs_of(network, images[1:2])
    for name, values in together.items():
        assert values.shape == (3, int(name) if name.isdigit() else 1008)
        scale = np.abs(values).max()
        np.testing.assert_allclose(alone[name][0], values[1], rtol=0, atol=1e-5 * scale)
        assert np.abs(values[0] - values[1]).max() > 1e-2 * scale


def test_unbiased_logits_lack_the_bias(network, weights):
    outputs = outputs_of(network, random_images(32, 32, 1))
    bias = outputs["logits"] - outputs["logits_unbiased"]
    np.testing.assert_allclose(bias[0], weights["fc.bias"], atol=1e-4)


def test_normalisation_is_inside(network):
    seen = []
    hook = network.Conv2d_1a_3x3.register_forward_pre_hook(
        lambda layer, inputs: seen.append(inputs[0].numpy())
    )
    images = np.zeros((1, 3, 2, 2), np.uint8)
    images[0, 1], images[0, 2] = 128, 255
    outputs_of(network, images)
    hook.remove()
    (x,) = seen
    assert x.shape == (1, 3, 299, 299)
    for channel, value in enumerate([-1.0, 0.0, 127 / 128]):
        np.testing.assert_allclose(x[0, channel], value, atol=1e-6)


def test_tensorflow_1_resize_of_two_pixels():
    x = paddle.to_tensor([[0.0, 80.0], [40.0, 120.0]]).reshape([1, 1, 2, 2])
    row = np.array([0.0, 40.0, 80.0, 80.0])
    expected = row + np.array([0.0, 20.0, 40.0, 40.0])[:, None]
    np.testing.assert_allclose(resize_bilinear_tf1(x, 4).numpy()[0, 0], expected)


def tf1_resize_of_rows(images, size):
    """[..., H, W] -> [..., size, W]; TensorFlow computes positions in float32."""
    height = images.shape[-2]
    position = np.arange(size, dtype="f4") * np.float32(height / size)
    above = np.floor(position).astype(int)
    below = np.minimum(above + 1, height - 1)
    fraction = (position - above).astype("f8")[:, None]
    return images[..., above, :] * (1 - fraction) + images[..., below, :] * fraction


@pytest.mark.parametrize(
    "shape", [(1, 1), (3, 32), (32, 32), (299, 299), (300, 57), (64, 640)]
)
def test_tensorflow_1_resize(shape):
    images = np.random.default_rng(5).integers(0, 256, (2, 3, *shape)).astype("f4")
    found = resize_bilinear_tf1(paddle.to_tensor(images), 299).numpy()
    expected = tf1_resize_of_rows(images, 299).swapaxes(-1, -2)
    expected = tf1_resize_of_rows(expected, 299).swapaxes(-1, -2)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-4)
    if shape == (299, 299):
        np.testing.assert_array_equal(found, images)


@pytest.mark.parametrize(
    "name, in_channels, pool_channels",
    [("Mixed_5b", 192, 32), ("Mixed_6b", 768, 192), ("Mixed_7b", 1280, 192)],
)
def test_average_pooling_leaves_the_padding_out(
    network, name, in_channels, pool_channels
):
    block = getattr(network, name)
    y = block(paddle.ones([1, in_channels, 4, 4])).numpy()[0]
    pooled, convolved = y[-pool_channels:], y[:-pool_channels]
    np.testing.assert_allclose(pooled, pooled[:, :1, :1] * np.ones((4, 4)), atol=1e-5)
    assert np.ptp(convolved, axis=(1, 2)).max() > 0.1


def test_maximum_pooling_in_the_last_block(network):
    x = np.zeros((1, 2048, 4, 4), "f4")
    x[0, :, 1, 1] = 1.0
    pooled = network.Mixed_7c(paddle.to_tensor(x)).numpy()[0, -192:]
    np.testing.assert_allclose(pooled[:, :3, :3] - pooled[:, :1, :1], 0.0, atol=1e-5)
    assert np.abs(pooled[:, 3] - pooled[:, 2]).max() > 0.1


@pytest.mark.parametrize(
    "shape, dtype",
    [
        ([1, 3, 32, 32], "float32"),
        ([1, 1, 32, 32], "uint8"),
        ([1, 32, 32, 3], "uint8"),
        ([3, 32, 32], "uint8"),
    ],
)
def test_images_of_another_kind(network, shape, dtype):
    with pytest.raises(ValueError, match=r"uint8 \[B, 3, H, W\], not .*32"):
        network(paddle.zeros(shape).astype(dtype))


# A whole file of a few kilobytes: every tensor repeats the one element of a storage.


def constant(shape):
    return Tensor(Storage(np.zeros(1, "f4"), "0"), 0, shape, (0,) * len(shape))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"Mixed_6e.branch_pool.bn.running_var": None}, r"lacks Mixed_6e.*running_var"),
        ({"Mixed_7d.conv.weight": (1,)}, r"has Mixed_7d\.conv\.weight, which is not"),
        (
            {"fc.weight": (2048, 1008)},
            r"fc\.weight in the shape \[2048, 1008\] instead of \[1008, 2048\]",
        ),
    ],
)
def test_weights_of_another_network(tmp_path, weights, change, message):
    shapes = {name: value.shape for name, value in weights.items()}
    shapes.update(change)
    content = {k: constant(shape) for k, shape in shapes.items() if shape is not None}
    path = written(tmp_path / "x.pth", zip_bytes(content))
    with pytest.raises(UserError, match=rf"x\.pth .*{message}.*give the file weights-"):
        FIDInceptionV3.from_pretrained(path)


@pytest.mark.parametrize("to_bytes", [legacy_bytes, zip_bytes])
def test_hostile_file(tmp_path, to_bytes):
    mark = tmp_path / "executed"
    content = {"fc.bias": constant((1008,)), "fc.weight": Hostile(str(mark))}
    path = written(tmp_path / "x.pth", to_bytes(content))
    with pytest.raises(UserError, match=r"x\.pth is refused"):
        FIDInceptionV3.from_pretrained(path)
    assert not mark.exists()


@pytest.mark.parametrize("to_bytes", [legacy_bytes, zip_bytes])
def test_truncated_file(tmp_path, to_bytes):
    data = to_bytes({"fc.bias": tensor(np.zeros(1008, "f4"), "0")})
    path = written(tmp_path / "x.pth", data[: len(data) // 2])
    with pytest.raises(UserError, match=r"x\.pth is truncated"):
        FIDInceptionV3.from_pretrained(path)
