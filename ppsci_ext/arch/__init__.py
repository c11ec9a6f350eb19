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

from paddle.nn import Conv1D  # complete in Paddle; here beside the other two

from ppsci_ext.arch.activation import GELU
from ppsci_ext.arch.activation import SELU
from ppsci_ext.arch.activation import Hardsigmoid
from ppsci_ext.arch.activation import Hardswish
from ppsci_ext.arch.activation import Hardtanh
from ppsci_ext.arch.activation import LogSigmoid
from ppsci_ext.arch.activation import LogSoftmax
from ppsci_ext.arch.activation import Mish
from ppsci_ext.arch.activation import PReLU
from ppsci_ext.arch.activation import ReLU6
from ppsci_ext.arch.activation import Softmax
from ppsci_ext.arch.activation import Softmax2D
from ppsci_ext.arch.activation import Softsign
from ppsci_ext.arch.activation import Swish
from ppsci_ext.arch.activation import Tanhshrink
from ppsci_ext.arch.attention import MultiHeadAttention
from ppsci_ext.arch.cifar10_classifier import CIFAR10Classifier
from ppsci_ext.arch.convolution import Conv1DTranspose
from ppsci_ext.arch.convolution import Conv2D
from ppsci_ext.arch.convolution import Conv2DTranspose
from ppsci_ext.arch.convolution import Conv3D
from ppsci_ext.arch.convolution import Conv3DTranspose
from ppsci_ext.arch.convolution import conv3d
from ppsci_ext.arch.critic_report import CriticReport
from ppsci_ext.arch.critic_report import LayerCheck
from ppsci_ext.arch.differentiability import check_critic
from ppsci_ext.arch.dropout import Dropout
from ppsci_ext.arch.embedding import Embedding
from ppsci_ext.arch.inception import FIDInceptionV3
from ppsci_ext.arch.linear import Linear
from ppsci_ext.arch.mnist_classifier import MNISTClassifier
from ppsci_ext.arch.normalization import BatchNorm1D
from ppsci_ext.arch.normalization import BatchNorm2D
from ppsci_ext.arch.normalization import BatchNorm3D
from ppsci_ext.arch.normalization import ChannelNorm
from ppsci_ext.arch.normalization import GroupNorm
from ppsci_ext.arch.normalization import InstanceNorm1D
from ppsci_ext.arch.normalization import InstanceNorm2D
from ppsci_ext.arch.normalization import InstanceNorm3D
from ppsci_ext.arch.normalization import LayerNorm
from ppsci_ext.arch.normalization import LocalResponseNorm
from ppsci_ext.arch.normalization import RMSNorm
from ppsci_ext.arch.pairs import Bilinear
from ppsci_ext.arch.pairs import PairwiseDistance
from ppsci_ext.arch.piecewise import Hardshrink
from ppsci_ext.arch.piecewise import Maxout
from ppsci_ext.arch.piecewise import RReLU
from ppsci_ext.arch.piecewise import Softshrink
from ppsci_ext.arch.piecewise import ThresholdedReLU
from ppsci_ext.arch.pooling import AdaptiveAvgPool3D
from ppsci_ext.arch.pooling import AdaptiveMaxPool1D
from ppsci_ext.arch.pooling import AdaptiveMaxPool2D
from ppsci_ext.arch.pooling import AdaptiveMaxPool3D
from ppsci_ext.arch.pooling import AvgPool3D
from ppsci_ext.arch.pooling import FractionalMaxPool2D
from ppsci_ext.arch.pooling import FractionalMaxPool3D
from ppsci_ext.arch.pooling import MaxPool1D
from ppsci_ext.arch.pooling import MaxPool2D
from ppsci_ext.arch.pooling import MaxPool3D
from ppsci_ext.arch.power_pooling import LPPool1D
from ppsci_ext.arch.power_pooling import LPPool2D
from ppsci_ext.arch.premixed_convolution import PremixedConv1D
from ppsci_ext.arch.rearrangement import ChannelShuffle
from ppsci_ext.arch.rearrangement import Flatten
from ppsci_ext.arch.rearrangement import PixelShuffle
from ppsci_ext.arch.rearrangement import PixelUnshuffle
from ppsci_ext.arch.rearrangement import concat
from ppsci_ext.arch.rearrangement import stack
from ppsci_ext.arch.recurrent import GRU
from ppsci_ext.arch.recurrent import LSTM
from ppsci_ext.arch.recurrent import SimpleRNN
from ppsci_ext.arch.replacement import REPLACEMENTS
from ppsci_ext.arch.replacement import twice_differentiable
from ppsci_ext.arch.resampled_convolution import ConvMeanPool2D
from ppsci_ext.arch.resampled_convolution import UpsampleConv2D
from ppsci_ext.arch.resampling import Upsample
from ppsci_ext.arch.resampling import UpsamplingBilinear2D
from ppsci_ext.arch.resampling import UpsamplingNearest2D
from ppsci_ext.arch.resnet_cifar import CIFARResNet
from ppsci_ext.arch.unfolding import Fold
from ppsci_ext.arch.unfolding import Unfold
from ppsci_ext.arch.unpooling import MaxUnPool1D
from ppsci_ext.arch.unpooling import MaxUnPool2D
from ppsci_ext.arch.unpooling import MaxUnPool3D

__all__ = [
    "AdaptiveAvgPool3D",
    "AdaptiveMaxPool1D",
    "AdaptiveMaxPool2D",
    "AdaptiveMaxPool3D",
    "AvgPool3D",
    "BatchNorm1D",
    "BatchNorm2D",
    "BatchNorm3D",
    "Bilinear",
    "CIFAR10Classifier",
    "CIFARResNet",
    "ChannelNorm",
    "ChannelShuffle",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvMeanPool2D",
    "CriticReport",
    "Dropout",
    "Embedding",
    "FIDInceptionV3",
    "Flatten",
    "Fold",
    "FractionalMaxPool2D",
    "FractionalMaxPool3D",
    "GELU",
    "GRU",
    "GroupNorm",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "InstanceNorm1D",
    "InstanceNorm2D",
    "InstanceNorm3D",
    "LPPool1D",
    "LPPool2D",
    "LSTM",
    "LayerCheck",
    "LayerNorm",
    "Linear",
    "LocalResponseNorm",
    "LogSigmoid",
    "LogSoftmax",
    "MNISTClassifier",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxUnPool1D",
    "MaxUnPool2D",
    "MaxUnPool3D",
    "Maxout",
    "Mish",
    "MultiHeadAttention",
    "PReLU",
    "PairwiseDistance",
    "PixelShuffle",
    "PixelUnshuffle",
    "PremixedConv1D",
    "REPLACEMENTS",
    "RMSNorm",
    "RReLU",
    "ReLU6",
    "SELU",
    "SimpleRNN",
    "Softmax",
    "Softmax2D",
    "Softshrink",
    "Softsign",
    "Swish",
    "Tanhshrink",
    "ThresholdedReLU",
    "Unfold",
    "Upsample",
    "UpsampleConv2D",
    "UpsamplingBilinear2D",
    "UpsamplingNearest2D",
    "check_critic",
    "concat",
    "conv3d",
    "stack",
    "twice_differentiable",
]
