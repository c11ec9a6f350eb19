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

"""Normalisation of activations and of weights.

Batch normalisation is that of the authors' code: always by the statistics of the batch at hand,
also when sampling; there are no running averages. Where several processes train on GPUs, it is
the batch of all of them.
"""

from __future__ import annotations

import paddle
from paddle import nn

from ppsci_ext.arch import GroupNorm
from ppsci_ext.arch.batch_norm import BatchMomentsNorm
from ppsci_ext.solver import parallel

_EPSILON = 1e-5
_WITH_MATRICES = (
    nn.Linear,
    nn.Embedding,
    nn.Conv1D,
    nn.Conv2D,
    nn.Conv3D,
    nn.Conv1DTranspose,
    nn.Conv2DTranspose,
    nn.Conv3DTranspose,
)


def _normalize(
    norm: BatchMomentsNorm, x: paddle.Tensor, scale, offset
) -> paddle.Tensor:
    if parallel.shares_batch_statistics():
        return _normalize_together(x, scale, offset)
    return norm(x, scale, offset)


def _normalize_together(x: paddle.Tensor, scale, offset) -> paddle.Tensor:
    """By the moments of the batches of all processes together, which are of one size."""
    axes = [0, *range(2, x.ndim)]
    per_channel = [-1, x.shape[1], *[1] * (x.ndim - 2)]
    mean = parallel.differentiable_mean(x.mean(axes, keepdim=True))
    centred = x - mean
    variance = parallel.differentiable_mean(centred.square().mean(axes, keepdim=True))
    normalized = centred * paddle.rsqrt(variance + _EPSILON)
    return normalized * scale.reshape(per_channel) + offset.reshape(per_channel)


class BatchNorm(nn.Layer):
    """Batch norm over all axes but the second; [B, C] or [B, C, H, W] to the same.

    Args:
        num_features (int): C.
    """

    def __init__(self, num_features: int):
        super().__init__()
        ones = nn.initializer.Constant(1.0)
        self.weight = self.create_parameter([num_features], default_initializer=ones)
        self.bias = self.create_parameter([num_features], is_bias=True)
        self.norm = BatchMomentsNorm(num_features, _EPSILON)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return _normalize(self.norm, x, self.weight, self.bias)


class ConditionalBatchNorm(nn.Layer):
    """Batch norm with a scale and an offset per class (de Vries et al. 2017).

    The moments are over the samples of all classes.

    Args:
        num_features (int): Number of channels.
        num_classes (int): Number of classes.
    """

    def __init__(self, num_features: int, num_classes: int):
        super().__init__()
        shape = (num_classes, num_features)
        self.scale = nn.Embedding(*shape, weight_attr=nn.initializer.Constant(1.0))
        self.offset = nn.Embedding(*shape, weight_attr=nn.initializer.Constant(0.0))
        self.norm = BatchMomentsNorm(num_features, _EPSILON)

    def forward(self, x: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
        return _normalize(self.norm, x, self.scale(labels), self.offset(labels))


def critic_norm(kind: str, num_features: int) -> nn.Layer:
    """The normalisation of a critic's hidden activations [B, C, H, W].

    Args:
        kind (str): "none"; "layer", the authors' layer norm: moments over C, H, W of each
            sample, a scale and an offset per channel; or "batch", which mixes samples, so that
            it goes with weight clipping only.
        num_features (int): C.
    """
    kinds = {"none": nn.Identity, "layer": _layer_norm, "batch": BatchNorm}
    return kinds[kind](num_features)


def _layer_norm(num_features: int) -> nn.Layer:
    return GroupNorm(1, num_features, epsilon=_EPSILON)


def normalize_spectrally(network: nn.Layer) -> None:
    """Spectral normalisation (Miyato et al. 2018) of all weight matrices of a network, in place.

    Each linear layer, convolution and embedding divides its weight by an estimate of its largest
    singular value: one step of power iteration at each call while training, none in eval mode.
    Layers that are normalised already are left alone.

    Args:
        network (nn.Layer): Network; "weight" becomes "weight_orig" in its state, and the
            singular vectors "weight_u" and "weight_v" are added.
    """
    for layer in network.sublayers(include_self=True):
        if isinstance(layer, _WITH_MATRICES) and "weight" in layer._parameters:
            nn.utils.spectral_norm(layer)
