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

"""The layers of docs/layers.md, each with a call of it."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import Sequence

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np
import paddle
from paddle import nn
from paddle.nn.utils import spectral_norm
from paddle.nn.utils import weight_norm


@dataclass
class Case:
    """A layer, built by `build` from Paddle's module (nn) or ours (arch), and its call."""

    build: Callable[[Any], nn.Layer]
    shape: Sequence[int]
    more_shapes: List[Sequence[int]] = field(default_factory=list)
    options: Callable[[], Dict[str, Any]] = dict
    # of values and first derivatives in float64
    tolerance: float = 1e-10


class _RMSNormFormula(nn.Layer):
    """Written from the norm, as Paddle has no kernel of its function for CPUs."""

    def __init__(self, size: int):
        super().__init__()
        self.weight = self.create_parameter([size])

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        mean_square = x.norm(axis=-1, keepdim=True) ** 2 / x.shape[-1]
        return self.weight * x / (mean_square + 1e-5) ** 0.5


class _NormOfFrames(nn.LayerNorm):
    """Paddle's layer norm of the channels of [B, C, T]."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return super().forward(x.transpose([0, 2, 1])).transpose([0, 2, 1])


MIXING = np.array([[1.0, 0.0, 0.5, 0.0], [0.0, 1.0, -1.0, 0.0], [2.0, 0.0, 0.0, 1.0]])


class _ConvOfMixed(nn.Conv1D):
    """Paddle's convolution of combinations of the channels."""

    def __init__(self):
        super().__init__(3, 2, 3)
        self.register_buffer("mixing", paddle.to_tensor(np.float32(MIXING.T)))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return super().forward(paddle.matmul(self.mixing.T.astype(x.dtype), x))


class _Beside(nn.Layer):
    """x with the embedding of labels as more channels."""

    def __init__(self, embedding: nn.Layer):
        super().__init__()
        self.embedding = embedding

    def forward(self, x: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
        return paddle.concat([x, self.embedding(labels)], axis=1)


class _Projected(_Beside):
    """x times the embedding of labels (Miyato & Koyama 2018)."""

    def forward(self, x: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
        return x * self.embedding(labels)


def _labels() -> Dict[str, Any]:
    return {"labels": paddle.to_tensor([3, 0, 3])}


def _places(*lengths: int) -> Callable[[], Dict[str, Any]]:
    """A mask of MaxPool for [2, 4, *lengths] windows of two elements per axis: of each window
    the last."""
    grid = np.indices(lengths) * 2 + 1
    flat = np.ravel_multi_index(tuple(grid), [2 * n for n in lengths])
    mask = np.broadcast_to(flat, [2, 4, *lengths]).astype("int32")
    return lambda: {"indices": paddle.to_tensor(mask)}


LINE, IMAGE, BOX = [2, 4, 6], [2, 4, 5, 6], [2, 4, 3, 4, 4]

# Paddle's kernel holds some constants (slope, scale, weights) in float32
FLOAT32_INSIDE = 1e-6

LACKING = {"RMSNorm", "ChannelNorm", "PremixedConv1D"}  # layers that Paddle has none of

CASES: Dict[str, Case] = {
    "LayerNorm": Case(lambda m: m.LayerNorm([3, 4]), [2, 3, 4]),
    "LayerNorm, last axis": Case(lambda m: m.LayerNorm(4), [2, 3, 4]),
    "LayerNorm, no bias": Case(lambda m: m.LayerNorm(4, bias=False), [3, 4]),
    "LayerNorm, no affine": Case(
        lambda m: m.LayerNorm(4, weight_attr=False, bias_attr=False), [3, 4]
    ),
    "RMSNorm": Case(
        lambda m: _RMSNormFormula(6) if m is nn else m.RMSNorm(6), [2, 3, 6]
    ),
    "ChannelNorm": Case(
        lambda m: _NormOfFrames(4) if m is nn else m.ChannelNorm(4), LINE
    ),
    "GroupNorm": Case(lambda m: m.GroupNorm(2, 4), IMAGE),
    "GroupNorm, one group (the authors' layer norm)": Case(
        lambda m: m.GroupNorm(1, 4), IMAGE
    ),
    "GroupNorm, NHWC": Case(lambda m: m.GroupNorm(2, 6, data_format="NHWC"), IMAGE),
    "GroupNorm, vectors": Case(lambda m: m.GroupNorm(2, 6), [3, 6]),
    "InstanceNorm1D": Case(lambda m: m.InstanceNorm1D(4), LINE),
    "InstanceNorm2D": Case(lambda m: m.InstanceNorm2D(4), IMAGE),
    "InstanceNorm2D, no affine": Case(
        lambda m: m.InstanceNorm2D(4, weight_attr=False, bias_attr=False), IMAGE
    ),
    "InstanceNorm3D": Case(lambda m: m.InstanceNorm3D(4), BOX),
    "BatchNorm1D, eval mode": Case(lambda m: m.BatchNorm1D(6).eval(), [3, 6]),
    "BatchNorm1D, eval mode, NLC": Case(
        lambda m: m.BatchNorm1D(6, data_format="NLC").eval(), LINE
    ),
    "BatchNorm2D, eval mode": Case(lambda m: m.BatchNorm2D(4).eval(), IMAGE),
    "BatchNorm2D, global statistics": Case(
        lambda m: m.BatchNorm2D(4, use_global_stats=True), IMAGE
    ),
    "BatchNorm2D, train mode": Case(lambda m: m.BatchNorm2D(4), IMAGE),
    "BatchNorm3D, eval mode": Case(lambda m: m.BatchNorm3D(4).eval(), BOX),
    "LocalResponseNorm": Case(lambda m: m.LocalResponseNorm(3, 0.5), IMAGE),
    "LocalResponseNorm, even, NHWC": Case(
        lambda m: m.LocalResponseNorm(4, 0.5, 1.5, 2.0, data_format="NHWC"), IMAGE
    ),
    "LocalResponseNorm, 3-D": Case(
        lambda m: m.LocalResponseNorm(3, 0.5, data_format="NCL"), LINE
    ),
    "LocalResponseNorm, 5-D": Case(
        lambda m: m.LocalResponseNorm(2, 0.5, data_format="NCDHW"), BOX
    ),
    "GELU": Case(lambda m: m.GELU(), [3, 5]),
    "GELU, tanh form": Case(lambda m: m.GELU(approximate=True), [3, 5]),
    "Swish": Case(lambda m: m.Swish(), [3, 5]),
    "Mish": Case(lambda m: m.Mish(), [3, 5]),
    "SELU": Case(lambda m: m.SELU(), [3, 5], tolerance=FLOAT32_INSIDE),
    "SELU, other constants": Case(lambda m: m.SELU(1.5, 2.0), [3, 5]),
    "PReLU": Case(lambda m: m.PReLU(), [3, 5]),
    "PReLU, per channel": Case(lambda m: m.PReLU(4), IMAGE),
    "PReLU, per channel, NHWC": Case(lambda m: m.PReLU(6, data_format="NHWC"), IMAGE),
    "ReLU6": Case(lambda m: m.ReLU6(), [3, 5]),
    "Hardtanh": Case(lambda m: m.Hardtanh(-0.5, 0.75), [3, 5]),
    "Hardsigmoid": Case(lambda m: m.Hardsigmoid(), [3, 5], tolerance=FLOAT32_INSIDE),
    "Hardswish": Case(lambda m: m.Hardswish(), [3, 5]),
    "LogSigmoid": Case(lambda m: m.LogSigmoid(), [3, 5]),
    "Softsign": Case(lambda m: m.Softsign(), [3, 5]),
    "Tanhshrink": Case(lambda m: m.Tanhshrink(), [3, 5]),
    "Hardshrink": Case(lambda m: m.Hardshrink(), [3, 5]),
    "Softshrink": Case(lambda m: m.Softshrink(0.25), [3, 5]),
    "ThresholdedReLU": Case(lambda m: m.ThresholdedReLU(0.25), [3, 5]),
    "ThresholdedReLU, value": Case(lambda m: m.ThresholdedReLU(0.25, -0.5), [3, 5]),
    "RReLU": Case(lambda m: m.RReLU(), [3, 5], tolerance=FLOAT32_INSIDE),
    "RReLU, eval mode": Case(
        lambda m: m.RReLU(0.1, 0.4).eval(), [3, 5], tolerance=FLOAT32_INSIDE
    ),
    "Maxout": Case(lambda m: m.Maxout(2), IMAGE),
    "Maxout, last axis": Case(lambda m: m.Maxout(3, axis=-1), IMAGE),
    "Softmax": Case(lambda m: m.Softmax(), [3, 5]),
    "Softmax, axis 1": Case(lambda m: m.Softmax(1), [2, 3, 2]),
    "Softmax2D": Case(lambda m: m.Softmax2D(), IMAGE),
    "LogSoftmax": Case(lambda m: m.LogSoftmax(), [3, 5]),
    "Dropout": Case(lambda m: m.Dropout(0.3), [4, 8]),
    "Dropout, axis": Case(lambda m: m.Dropout(0.3, axis=1), [4, 8]),
    "Dropout, downscale_in_infer": Case(
        lambda m: m.Dropout(0.3, mode="downscale_in_infer"), [4, 8]
    ),
    "Dropout, downscale_in_infer, eval mode": Case(
        lambda m: m.Dropout(0.3, mode="downscale_in_infer").eval(), [4, 8]
    ),
    "Flatten": Case(lambda m: m.Flatten(), [2, 3, 2]),
    "Flatten, some axes": Case(lambda m: m.Flatten(0, 1), [2, 3, 2]),
    "PixelShuffle": Case(lambda m: m.PixelShuffle(2), [2, 8, 2, 3]),
    "PixelShuffle, NHWC": Case(
        lambda m: m.PixelShuffle(2, data_format="NHWC"), [2, 2, 3, 8]
    ),
    "PixelUnshuffle": Case(lambda m: m.PixelUnshuffle(2), [2, 2, 4, 6]),
    "PixelUnshuffle, NHWC": Case(
        lambda m: m.PixelUnshuffle(2, data_format="NHWC"), [2, 4, 6, 2]
    ),
    "ChannelShuffle": Case(lambda m: m.ChannelShuffle(2), IMAGE),
    "ChannelShuffle, NHWC": Case(
        lambda m: m.ChannelShuffle(2, data_format="NHWC"), IMAGE
    ),
    "Unfold": Case(lambda m: m.Unfold(2), IMAGE),
    "Unfold, stride, padding, dilation": Case(
        lambda m: m.Unfold([2, 3], [2, 1], [1, 0, 0, 2], [1, 2]), IMAGE
    ),
    "Fold": Case(lambda m: m.Fold([3, 4], 2), [2, 8, 6]),
    "Fold, stride, padding, dilation": Case(
        lambda m: m.Fold([4, 5], [2, 3], [2, 1], [1, 2], [1, 2]), [2, 12, 16]
    ),
    "MaxPool1D": Case(lambda m: m.MaxPool1D(2), LINE),
    "MaxPool1D, overlapping, padded": Case(lambda m: m.MaxPool1D(3, 2, 1), LINE),
    "MaxPool2D": Case(lambda m: m.MaxPool2D(2), IMAGE),
    "MaxPool2D, overlapping, padded": Case(lambda m: m.MaxPool2D(3, 2, 1), IMAGE),
    "MaxPool2D, ceil_mode": Case(lambda m: m.MaxPool2D(2, ceil_mode=True), IMAGE),
    "MaxPool2D, SAME": Case(lambda m: m.MaxPool2D(3, 2, "SAME"), IMAGE),
    "MaxPool2D, asymmetric": Case(
        lambda m: m.MaxPool2D([3, 2], 1, [1, 0, 0, 1]), IMAGE
    ),
    "MaxPool2D, NHWC": Case(lambda m: m.MaxPool2D(3, 2, 1, data_format="NHWC"), IMAGE),
    "MaxPool3D": Case(lambda m: m.MaxPool3D(2), BOX),
    "MaxPool3D, NDHWC": Case(lambda m: m.MaxPool3D(2, 1, 1, data_format="NDHWC"), BOX),
    "AdaptiveMaxPool1D": Case(lambda m: m.AdaptiveMaxPool1D(4), LINE),
    "AdaptiveMaxPool2D": Case(lambda m: m.AdaptiveMaxPool2D([2, 3]), IMAGE),
    "AdaptiveMaxPool3D": Case(lambda m: m.AdaptiveMaxPool3D(2), BOX),
    "FractionalMaxPool2D": Case(lambda m: m.FractionalMaxPool2D(3), IMAGE),
    "FractionalMaxPool2D, kernel": Case(
        lambda m: m.FractionalMaxPool2D([2, 3], [2, 3], random_u=0.4), IMAGE
    ),
    "FractionalMaxPool3D": Case(lambda m: m.FractionalMaxPool3D(2), BOX),
    "MaxUnPool1D": Case(lambda m: m.MaxUnPool1D(2), [2, 4, 3], options=_places(3)),
    "MaxUnPool2D": Case(
        lambda m: m.MaxUnPool2D(2), [2, 4, 2, 3], options=_places(2, 3)
    ),
    "MaxUnPool3D": Case(
        lambda m: m.MaxUnPool3D(2), [2, 4, 2, 1, 2], options=_places(2, 1, 2)
    ),
    "LPPool1D": Case(lambda m: m.LPPool1D(2, 2), LINE, tolerance=FLOAT32_INSIDE),
    "LPPool1D, padded": Case(
        lambda m: m.LPPool1D(4, 3, 2, 1), LINE, tolerance=FLOAT32_INSIDE
    ),
    "LPPool2D": Case(lambda m: m.LPPool2D(2, 2), IMAGE, tolerance=FLOAT32_INSIDE),
    "LPPool2D, overlapping, padded, ceil_mode": Case(
        lambda m: m.LPPool2D(2, 3, 2, 1, ceil_mode=True),
        IMAGE,
        tolerance=FLOAT32_INSIDE,
    ),
    "LPPool2D, sums, NHWC": Case(
        lambda m: m.LPPool2D(1, [2, 3], data_format="NHWC"),
        IMAGE,
        tolerance=FLOAT32_INSIDE,
    ),
    "LPPool2D, maxima": Case(
        lambda m: m.LPPool2D(float("inf"), 2), IMAGE, tolerance=FLOAT32_INSIDE
    ),
    "AvgPool3D": Case(lambda m: m.AvgPool3D(2), BOX),
    "AvgPool3D, overlapping, padded": Case(lambda m: m.AvgPool3D(3, 2, 1), BOX),
    "AvgPool3D, padding counted, divisor": Case(
        lambda m: m.AvgPool3D(2, 2, 1, exclusive=False, divisor_override=5), BOX
    ),
    "AvgPool3D, NDHWC": Case(
        lambda m: m.AvgPool3D([2, 1, 3], 1, data_format="NDHWC"), BOX
    ),
    "AdaptiveAvgPool3D": Case(lambda m: m.AdaptiveAvgPool3D([2, None, 3]), BOX),
    "Upsample, nearest": Case(lambda m: m.Upsample(scale_factor=2), IMAGE),
    "Upsample, nearest, size": Case(lambda m: m.Upsample(size=[7, 4]), IMAGE),
    "Upsample, nearest, NHWC": Case(
        lambda m: m.Upsample(scale_factor=[2, 3], data_format="NHWC"), IMAGE
    ),
    "Upsample, nearest, 5-D": Case(lambda m: m.Upsample(scale_factor=2), BOX),
    "Upsample, linear": Case(lambda m: m.Upsample(scale_factor=2, mode="linear"), LINE),
    "Upsample, bilinear": Case(
        lambda m: m.Upsample(scale_factor=2, mode="bilinear"), IMAGE
    ),
    "Upsample, bilinear, align_mode 1": Case(
        lambda m: m.Upsample(scale_factor=2.5, mode="bilinear", align_mode=1), IMAGE
    ),
    "Upsample, bilinear, align_corners": Case(
        lambda m: m.Upsample(size=[9, 4], mode="bilinear", align_corners=True), IMAGE
    ),
    "Upsample, bicubic": Case(
        lambda m: m.Upsample(size=[9, 4], mode="bicubic"),
        IMAGE,
        tolerance=FLOAT32_INSIDE,
    ),
    "Upsample, trilinear": Case(
        lambda m: m.Upsample(scale_factor=2, mode="trilinear"), BOX
    ),
    "Upsample, area": Case(
        lambda m: m.Upsample(size=[2, 3], mode="area"),
        IMAGE,
        tolerance=FLOAT32_INSIDE,
    ),
    "UpsamplingNearest2D": Case(lambda m: m.UpsamplingNearest2D(size=8), IMAGE),
    "UpsamplingBilinear2D": Case(
        lambda m: m.UpsamplingBilinear2D(scale_factor=2), IMAGE
    ),
    "Conv2D, depthwise": Case(
        lambda m: m.Conv2D(4, 4, 3, padding=1, stride=2, groups=4), IMAGE
    ),
    "Conv2D, depthwise, two filters each": Case(
        lambda m: m.Conv2D(4, 8, 3, groups=4, bias_attr=False), IMAGE
    ),
    "Conv2D, depthwise, NHWC": Case(
        lambda m: m.Conv2D(6, 6, 3, groups=6, padding="SAME", data_format="NHWC"),
        IMAGE,
    ),
    "Conv2D, depthwise, circular": Case(
        lambda m: m.Conv2D(4, 4, 3, padding=1, groups=4, padding_mode="circular"),
        IMAGE,
    ),
    "Conv3D": Case(lambda m: m.Conv3D(4, 3, 2), BOX),
    "Conv3D, circular": Case(
        lambda m: m.Conv3D(4, 4, 3, padding=1, padding_mode="circular"), BOX
    ),
    "Conv3D, circular, stride 2": Case(
        lambda m: m.Conv3D(4, 2, 4, 2, 1, padding_mode="circular"), BOX
    ),
    "Conv3D, reflect": Case(
        lambda m: m.Conv3D(4, 2, 3, padding=1, padding_mode="reflect"), BOX
    ),
    "Conv3D, stride, dilation, groups": Case(
        lambda m: m.Conv3D(4, 6, [2, 1, 3], [1, 2, 1], 1, [2, 1, 1], groups=2), BOX
    ),
    "Conv3D, depthwise": Case(
        lambda m: m.Conv3D(4, 8, 2, groups=4, bias_attr=False), BOX
    ),
    "Conv3D, SAME": Case(lambda m: m.Conv3D(4, 3, [2, 3, 3], 2, "SAME"), BOX),
    "Conv3D, VALID": Case(lambda m: m.Conv3D(4, 3, 2, 2, "VALID"), BOX),
    "Conv3D, asymmetric": Case(
        lambda m: m.Conv3D(4, 3, 2, padding=[1, 0, 0, 1, 2, 0]), BOX
    ),
    "Conv3D, NDHWC": Case(
        lambda m: m.Conv3D(
            4, 3, 3, padding=1, padding_mode="circular", data_format="NDHWC"
        ),
        BOX,
    ),
    "PremixedConv1D": Case(
        lambda m: _ConvOfMixed() if m is nn else m.PremixedConv1D(MIXING, 2, 3), LINE
    ),
    "Conv1DTranspose": Case(
        lambda m: m.Conv1DTranspose(4, 3, 3, 2, 1, output_padding=1), LINE
    ),
    "Conv1DTranspose, depthwise": Case(
        lambda m: m.Conv1DTranspose(4, 4, 3, 2, groups=4), LINE
    ),
    "Conv1DTranspose, NLC, dilation": Case(
        lambda m: m.Conv1DTranspose(6, 3, 3, 2, dilation=2, data_format="NLC"), LINE
    ),
    "Conv2DTranspose": Case(lambda m: m.Conv2DTranspose(4, 3, 4, 2, 1), IMAGE),
    "Conv2DTranspose, SAME": Case(
        lambda m: m.Conv2DTranspose(4, 3, 5, 2, "SAME"), IMAGE
    ),
    "Conv2DTranspose, asymmetric, padding beyond the kernel": Case(
        lambda m: m.Conv2DTranspose(4, 3, [2, 3], [2, 1], [2, 1, 0, 1]), IMAGE
    ),
    "Conv2DTranspose, groups, dilation": Case(
        lambda m: m.Conv2DTranspose(4, 6, 3, [1, 2], groups=2, dilation=[2, 1]), IMAGE
    ),
    "Conv2DTranspose, depthwise": Case(
        lambda m: m.Conv2DTranspose(4, 4, 3, 2, groups=4, bias_attr=False), IMAGE
    ),
    "Conv2DTranspose, output_size": Case(
        lambda m: m.Conv2DTranspose(4, 3, 3, 3),
        IMAGE,
        options=lambda: {"output_size": [16, 18]},
    ),
    "Conv2DTranspose, NHWC": Case(
        lambda m: m.Conv2DTranspose(6, 3, 3, 2, data_format="NHWC"), IMAGE
    ),
    "Conv3DTranspose": Case(
        lambda m: m.Conv3DTranspose(4, 2, 3, 2, 1, output_padding=1), BOX
    ),
    "Conv3DTranspose, groups, dilation": Case(
        lambda m: m.Conv3DTranspose(4, 4, 2, [2, 1, 1], groups=2, dilation=[1, 2, 1]),
        BOX,
    ),
    "Conv3DTranspose, SAME, NDHWC": Case(
        lambda m: m.Conv3DTranspose(4, 2, 3, 2, "SAME", data_format="NDHWC"), BOX
    ),
    "Embedding, concatenated": Case(
        lambda m: _Beside(m.Embedding(5, 4)), [3, 4], options=_labels
    ),
    "Embedding, projection": Case(
        lambda m: _Projected(m.Embedding(5, 4)), [3, 4], options=_labels
    ),
    "Embedding, padding_idx": Case(
        lambda m: _Beside(m.Embedding(5, 4, padding_idx=3)), [3, 4], options=_labels
    ),
    "Bilinear": Case(lambda m: m.Bilinear(5, 4, 3), [3, 5], [[3, 4]]),
    "PairwiseDistance": Case(lambda m: m.PairwiseDistance(), [3, 5], [[3, 5]]),
    "PairwiseDistance, order 3, keepdim": Case(
        lambda m: m.PairwiseDistance(3.0, keepdim=True),
        [3, 5],
        [[3, 5]],
        tolerance=FLOAT32_INSIDE,
    ),
    "MultiHeadAttention": Case(lambda m: m.MultiHeadAttention(6, 2), [2, 3, 6]),
    "MultiHeadAttention, key and value, mask, weights": Case(
        lambda m: m.MultiHeadAttention(6, 2, kdim=5, vdim=4, need_weights=True),
        [2, 3, 6],
        [[2, 4, 5], [2, 4, 4]],
        lambda: {"attn_mask": paddle.to_tensor(np.tri(3, 4).astype(bool))},
    ),
    "MultiHeadAttention, dropout": Case(
        lambda m: m.MultiHeadAttention(6, 2, dropout=0.3), [2, 3, 6]
    ),
    "SimpleRNN": Case(lambda m: m.SimpleRNN(5, 3), [2, 4, 5]),
    "SimpleRNN, relu, time-major": Case(
        lambda m: m.SimpleRNN(5, 3, activation="relu", time_major=True), [4, 2, 5]
    ),
    "LSTM": Case(lambda m: m.LSTM(5, 3), [2, 4, 5]),
    "LSTM, two layers, both directions": Case(
        lambda m: m.LSTM(3, 2, num_layers=2, direction="bidirect"), [2, 3, 3]
    ),
    "GRU": Case(lambda m: m.GRU(5, 3), [2, 4, 5]),
    "GRU, two layers, both directions, lengths": Case(
        lambda m: m.GRU(3, 2, num_layers=2, direction="bidirect"),
        [2, 3, 3],
        options=lambda: {"sequence_length": paddle.to_tensor([3, 2])},
    ),
}

# what needs no replacement: compared with central differences only, in stacks
PADDLES: Dict[str, Case] = {
    "Linear": Case(lambda m: m.Linear(6, 5), [3, 6]),
    "Conv1D": Case(lambda m: m.Conv1D(4, 3, 3, 2, 1), LINE),
    "Conv1D, circular": Case(
        lambda m: m.Conv1D(4, 4, 3, padding=1, padding_mode="circular"), LINE
    ),
    "Conv1D, circular, NLC": Case(
        lambda m: m.Conv1D(
            6, 6, 3, padding=1, padding_mode="circular", data_format="NLC"
        ),
        LINE,
    ),
    "Conv1D, depthwise": Case(
        lambda m: m.Conv1D(4, 8, 3, 2, 1, dilation=2, groups=4), LINE
    ),
    "Conv1D, depthwise, circular": Case(
        lambda m: m.Conv1D(4, 4, 3, padding=1, groups=4, padding_mode="circular"), LINE
    ),
    "Conv1D, depthwise, SAME, NLC": Case(
        lambda m: m.Conv1D(6, 6, 2, 2, "SAME", groups=6, data_format="NLC"), LINE
    ),
    "Conv2D": Case(lambda m: m.Conv2D(4, 3, 3), IMAGE),
    "Conv2D, stride, dilation, groups": Case(
        lambda m: m.Conv2D(4, 6, [2, 3], [2, 1], 1, [1, 2], groups=2), IMAGE
    ),
    "Conv2D, SAME, NHWC": Case(
        lambda m: m.Conv2D(6, 3, 3, 2, "SAME", data_format="NHWC"), IMAGE
    ),
    "Conv2D, circular": Case(
        lambda m: m.Conv2D(4, 4, 3, padding=1, padding_mode="circular"), IMAGE
    ),
    "Conv2D, circular, stride 2": Case(
        lambda m: m.Conv2D(4, 3, 4, 2, 1, padding_mode="circular"), IMAGE
    ),
    "Conv2D, reflect": Case(
        lambda m: m.Conv2D(4, 4, 3, padding=1, padding_mode="reflect"), IMAGE
    ),
    "AvgPool1D": Case(lambda m: m.AvgPool1D(2), LINE),
    "AvgPool2D": Case(lambda m: m.AvgPool2D(3, 2, 1), IMAGE),
    "AdaptiveAvgPool1D": Case(lambda m: m.AdaptiveAvgPool1D(4), LINE),
    "AdaptiveAvgPool2D": Case(lambda m: m.AdaptiveAvgPool2D([2, 3]), IMAGE),
    "ReLU": Case(lambda m: m.ReLU(), [3, 5]),
    "LeakyReLU": Case(lambda m: m.LeakyReLU(), [3, 5]),
    "ELU": Case(lambda m: m.ELU(), [3, 5]),
    "CELU": Case(lambda m: m.CELU(), [3, 5]),
    "Silu": Case(lambda m: m.Silu(), [3, 5]),
    "Softplus": Case(lambda m: m.Softplus(), [3, 5]),
    "Sigmoid": Case(lambda m: m.Sigmoid(), [3, 5]),
    "Tanh": Case(lambda m: m.Tanh(), [3, 5]),
    "GLU": Case(lambda m: m.GLU(), [3, 6]),
    "Pad1D": Case(lambda m: m.Pad1D(1), LINE),
    "Pad1D, circular": Case(lambda m: m.Pad1D(1, mode="circular"), LINE),
    "Pad2D": Case(lambda m: m.Pad2D(1), IMAGE),
    "Pad2D, circular": Case(lambda m: m.Pad2D(1, mode="circular"), IMAGE),
    "Pad2D, reflect": Case(lambda m: m.Pad2D(1, mode="reflect"), IMAGE),
    "Pad2D, replicate": Case(lambda m: m.Pad2D(1, mode="replicate"), IMAGE),
    "Pad3D": Case(lambda m: m.Pad3D(1), BOX),
    "Pad3D, circular": Case(lambda m: m.Pad3D(1, mode="circular"), BOX),
    "ZeroPad2D": Case(lambda m: m.ZeroPad2D(1), IMAGE),
    "Dropout2D": Case(lambda m: m.Dropout2D(0.3), IMAGE),
    "Dropout3D": Case(lambda m: m.Dropout3D(0.3), BOX),
    "AlphaDropout": Case(lambda m: m.AlphaDropout(0.3), [4, 8]),
    "FeatureAlphaDropout": Case(lambda m: m.FeatureAlphaDropout(0.3), IMAGE),
    "Unflatten": Case(lambda m: m.Unflatten(1, [2, 2]), IMAGE),
    "CosineSimilarity": Case(lambda m: m.CosineSimilarity(), [3, 5], [[3, 5]]),
    "SimpleRNNCell": Case(lambda m: m.SimpleRNNCell(5, 3), [3, 5]),
    "LSTMCell": Case(lambda m: m.LSTMCell(5, 3), [3, 5]),
    "GRUCell": Case(lambda m: m.GRUCell(5, 3), [3, 5]),
    "spectral_norm": Case(lambda m: spectral_norm(m.Linear(6, 5)).eval(), [3, 6]),
    "weight_norm": Case(lambda m: weight_norm(m.Conv2D(4, 3, 3)), IMAGE),
}
