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

"""Running a trained network over many images as fast as the device allows."""

from __future__ import annotations

import os
import tempfile
from os import path as osp
from typing import Callable
from typing import Dict
from typing import List
from typing import Sequence
from typing import Tuple

import numpy as np
import paddle
from paddle import inference
from paddle import nn

from ppsci_ext.utils.static_graph import save_static

Engine = Callable[[np.ndarray], List[np.ndarray]]


def build_engine(
    network: nn.Layer, image_shape: Tuple[int, int, int], outputs: Sequence[str]
) -> Engine:
    """Make a function of NumPy arrays out of a network.

    On a CPU a network in float32 becomes a static graph that paddle.inference runs with
    oneDNN, convolutions, batch norms and activations fused; one in float64, and on other
    devices any, is called as it is.

    Args:
        network (nn.Layer): Maps uint8 [B, C, H, W] to a dict of [B, d]; it is put into
            evaluation mode.
        image_shape (Tuple[int, int, int]): C, H, W.
        outputs (Sequence[str]): Keys of the dict.

    Returns:
        Engine: Maps uint8 [B, C, H, W] to the arrays of these keys, [B, d].
    """
    network.eval()
    in_float32 = all(p.dtype == paddle.float32 for p in network.parameters())
    if in_float32 and paddle.device.get_device() == "cpu":
        return _inference_engine(_Outputs(network, outputs), image_shape)
    return _eager_engine(_Outputs(network, outputs))


class _Outputs(nn.Layer):
    """Some outputs of a network, in order."""

    def __init__(self, network: nn.Layer, outputs: Sequence[str]):
        super().__init__()
        self.network = network
        self.outputs = outputs

    def forward(self, images: paddle.Tensor) -> Tuple[paddle.Tensor, ...]:
        found: Dict[str, paddle.Tensor] = self.network(images)
        return tuple(found[name] for name in self.outputs)


def _eager_engine(network: nn.Layer) -> Engine:
    @paddle.no_grad()
    def run(images: np.ndarray) -> List[np.ndarray]:
        return [output.numpy() for output in network(paddle.to_tensor(images))]

    return run


def _inference_engine(network: nn.Layer, image_shape: Tuple[int, int, int]) -> Engine:
    spec = paddle.static.InputSpec([None, *image_shape], "uint8", "images")
    with tempfile.TemporaryDirectory() as folder:
        path = osp.join(folder, "network")
        save_static(network, [spec], path)
        config = inference.Config(f"{path}.json", f"{path}.pdiparams")
        config.disable_gpu()
        config.enable_mkldnn()
        config.set_cpu_math_library_num_threads(
            int(os.environ.get("MKL_NUM_THREADS", "1"))
        )
        config.disable_glog_info()
        predictor = inference.create_predictor(config)
    source = predictor.get_input_handle("images")
    sinks = [predictor.get_output_handle(n) for n in predictor.get_output_names()]

    def run(images: np.ndarray) -> List[np.ndarray]:
        source.copy_from_cpu(images)
        predictor.run()
        return [sink.copy_to_cpu() for sink in sinks]

    return run
