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

"""FID's Inception-v3 beside torch-fidelity's and pytorch-fid's, same random weights."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

from ppsci_ext.arch.inception import FIDInceptionV3
from ppsci_ext.arch.inception import resize_bilinear_tf1
from tests.helpers.torch_env import import_torch_fidelity
from tests.recorded.record_inception import OUTPUTS
from tests.recorded.record_inception import random_images
from tests.recorded.record_inception import random_weights

torch = pytest.importorskip("torch")
import_torch_fidelity()
fidelity_inception = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
fidelity_resize = pytest.importorskip(
    "torch_fidelity.interpolate_compat_tensorflow"
).interpolate_bilinear_2d_like_tensorflow1x
pytorch_fid_inception = pytest.importorskip("pytorch_fid.inception")

SIZES = [(32, 32), (64, 64), (299, 299), (320, 320), (40, 72)]


@pytest.fixture(scope="module")
def state():
    return {name: torch.from_numpy(w) for name, w in random_weights().items()}


@pytest.fixture(scope="module")
def fidelity(state, tmp_path_factory):
    path = tmp_path_factory.mktemp("fidelity") / "weights.pth"
    torch.save(state, path)
    network = fidelity_inception.FeatureExtractorInceptionV3(
        "inception", list(OUTPUTS), feature_extractor_weights_path=str(path)
    )
    path.unlink()
    return network


@pytest.fixture(scope="module")
def pytorch_fid(state):
    """Its network of all layers; the state is loaded in place of a download."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            pytorch_fid_inception,
            "load_state_dict_from_url",
            lambda url, progress: dict(state),
        )
        return pytorch_fid_inception.fid_inception_v3().eval()


@pytest.fixture(scope="module")
def pytorch_fid_features(pytorch_fid):
    """Its feature extractor, without its resizing (another one) and normalisation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytorch_fid_inception, "fid_inception_v3", lambda: pytorch_fid)
        return pytorch_fid_inception.InceptionV3(
            output_blocks=[0, 1, 2, 3], resize_input=False, normalize_input=False
        ).eval()


@pytest.fixture(scope="module")
def network(fidelity, tmp_path_factory):
    path = tmp_path_factory.mktemp("ours") / "weights.pth"
    torch.save(fidelity.state_dict(), path)
    network = FIDInceptionV3.from_pretrained(path)
    path.unlink()
    return network


@pytest.fixture(scope="module", params=SIZES)
def images(request):
    return random_images(*request.param, 2)


@pytest.fixture(scope="module")
def outputs(network, images):
    with paddle.no_grad():
        return network(paddle.to_tensor(images))


def assert_same_outputs(outputs, expected):
    assert sorted(outputs) == sorted(expected)
    for name, value in expected.items():
        value = value.numpy()
        scale = np.abs(value).max()
        assert np.abs(outputs[name].numpy() - value).max() < 1e-5 * scale, name
        # The weights are such that images differ by far more than the tolerance.
        assert np.abs(value[0] - value[1]).max() > 1e-2 * scale, name


def test_outputs_of_torch_fidelity(outputs, images, fidelity):
    with torch.no_grad():
        expected = fidelity(torch.from_numpy(images))
    assert_same_outputs(outputs, dict(zip(OUTPUTS, expected)))


def test_outputs_of_pytorch_fid(outputs, images, pytorch_fid, pytorch_fid_features):
    x = torch.from_numpy(images).float()
    x = (fidelity_resize(x, size=(299, 299), align_corners=False) - 128) / 128
    with torch.no_grad():
        maps = pytorch_fid_features(x)
        logits = pytorch_fid(x)
    expected = {str(m.shape[1]): m.mean((2, 3)) for m in maps}
    expected["logits"] = logits
    expected["logits_unbiased"] = logits - pytorch_fid.fc.bias.detach()
    assert_same_outputs(outputs, expected)


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("package", ["fidelity", "pytorch_fid"])
def test_files_of_both_packages(request, tmp_path, package, is_zip):
    expected = request.getfixturevalue(package).state_dict()
    assert any(name.endswith("num_batches_tracked") for name in expected)
    path = tmp_path / "weights.pth"
    torch.save(expected, path, _use_new_zipfile_serialization=is_zip)
    own = FIDInceptionV3.from_pretrained(path).state_dict()
    path.unlink()
    for name, value in own.items():
        name = name.replace("._mean", ".running_mean")
        name = name.replace("._variance", ".running_var")
        value = value.numpy().T if name == "fc.weight" else value.numpy()
        np.testing.assert_array_equal(value, expected[name].numpy())


@pytest.mark.parametrize("size", [*SIZES, (7, 500)])
def test_resize_of_torch_fidelity(size):
    images = random_images(*size, 2).astype("f4")
    found = resize_bilinear_tf1(paddle.to_tensor(images), 299).numpy()
    expected = fidelity_resize(
        torch.from_numpy(images), size=(299, 299), align_corners=False
    )
    np.testing.assert_allclose(found, expected.numpy(), rtol=0, atol=2e-4)
