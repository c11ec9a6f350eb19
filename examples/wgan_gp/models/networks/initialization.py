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

"""Layers with the initial distribution of the authors' code (tflib/ops).

All weights are uniform around zero, all biases zero. The standard deviation is Glorot's,
sqrt(2 / (fan_in + fan_out)), where the fans of a convolution count its stride; what the
authors' code calls "he" is Glorot's times sqrt(2) for convolutions.

Perceptrons can also begin as PyTorch's linear layers do, see `INITIALIZATIONS`.
"""

from __future__ import annotations

import math
from typing import Dict

from paddle import nn
from paddle.nn import initializer

from ppsci_ext.arch import ConvMeanPool2D
from ppsci_ext.arch import Linear
from ppsci_ext.arch import UpsampleConv2D


def linear(in_features: int, out_features: int, he: bool = False) -> nn.Linear:
    """Linear layer; std sqrt(2 / (in + out)), with `he` sqrt(2 / in).

    Args:
        in_features (int): Number of inputs.
        out_features (int): Number of outputs.
        he (bool, optional): Initialise for ReLU by the number of inputs alone. Defaults to False.
    """
    if he:
        weight = initializer.KaimingUniform(fan_in=in_features, nonlinearity="relu")
    else:
        weight = initializer.XavierUniform(fan_in=in_features, fan_out=out_features)
    return Linear(in_features, out_features, weight, initializer.Constant(0.0))


def framework_linear(
    in_features: int, out_features: int, he: bool = False
) -> nn.Linear:
    """Linear layer as PyTorch makes it: weights and biases uniform within 1 / sqrt(in).

    Args:
        in_features (int): Number of inputs.
        out_features (int): Number of outputs.
        he (bool, optional): Without effect: PyTorch has one distribution. Defaults to False.
    """
    bound = 1 / math.sqrt(in_features)
    uniform = initializer.Uniform(-bound, bound)
    return Linear(in_features, out_features, uniform, uniform)


def conv(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int = 1,
    he: bool = True,
) -> nn.Conv2D:
    """Convolution with padding 'SAME' (asymmetric for 5x5 with stride 2).

    Args:
        in_channels (int): Number of input channels.
        out_channels (int): Number of output channels.
        kernel_size (int): Side of the square kernel.
        stride (int, optional): Stride. Defaults to 1.
        he (bool, optional): Multiply Glorot's standard deviation by sqrt(2). Defaults to True.
    """
    return nn.Conv2D(
        in_channels,
        out_channels,
        kernel_size,
        stride,
        padding="SAME",
        **conv_attributes(in_channels, out_channels, kernel_size, stride, he),
    )


def conv_mean_pool(dim: int, kernel_size: int) -> ConvMeanPool2D:
    """Convolution, then the mean of each 2x2 pixels; initialised as the convolution.

    Args:
        dim (int): Number of input and of output channels.
        kernel_size (int): Side of the square kernel.
    """
    return ConvMeanPool2D(
        dim, dim, kernel_size, **conv_attributes(dim, dim, kernel_size)
    )


def upsample_conv(dim: int, kernel_size: int, he: bool = True) -> UpsampleConv2D:
    """Pixels doubled, then a convolution; initialised as the convolution.

    Args:
        dim (int): Number of input and of output channels.
        kernel_size (int): Side of the square kernel.
        he (bool, optional): As in `conv`. Defaults to True.
    """
    return UpsampleConv2D(
        dim, dim, kernel_size, **conv_attributes(dim, dim, kernel_size, he=he)
    )


def conv_attributes(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int = 1,
    he: bool = True,
    dimension: int = 2,
) -> Dict[str, initializer.Initializer]:
    """Initial weight and bias of a convolution, as its keyword arguments.

    Args:
        in_channels (int): Number of input channels; of a transposed one, of output channels.
        out_channels (int): The other number.
        kernel_size (int): Side of the kernel.
        stride (int, optional): Stride. Defaults to 1.
        he (bool, optional): Multiply Glorot's standard deviation by sqrt(2). Defaults to True.
        dimension (int, optional): Axes of the kernel. Defaults to 2.
    """
    weight = initializer.XavierUniform(
        fan_in=in_channels * kernel_size**dimension,
        fan_out=out_channels * (kernel_size / stride) ** dimension,
        gain=math.sqrt(2.0) if he else 1.0,
    )
    return {"weight_attr": weight, "bias_attr": initializer.Constant(0.0)}


def deconv(in_channels: int, out_channels: int, kernel_size: int) -> nn.Conv2DTranspose:
    """Transposed convolution that doubles height and width, the transpose of `conv`
    with stride 2.

    Args:
        in_channels (int): Number of input channels.
        out_channels (int): Number of output channels.
        kernel_size (int): Side of the square kernel.
    """
    before = (kernel_size - 2) // 2
    after = kernel_size - 2 - before
    weight = initializer.XavierUniform(
        fan_in=in_channels * kernel_size**2 / 4,
        fan_out=out_channels * kernel_size**2,
        gain=math.sqrt(2.0),
    )
    return nn.Conv2DTranspose(
        in_channels,
        out_channels,
        kernel_size,
        stride=2,
        # "SAME" would be right for even sizes only
        padding=[before, after, before, after],
        weight_attr=weight,
        bias_attr=initializer.Constant(0.0),
    )


def embedding(num_classes: int, features: int) -> nn.Embedding:
    """One vector per class, as a linear layer of one-hot labels would have it.

    Args:
        num_classes (int): Number of classes.
        features (int): Dimensions of a vector.
    """
    weight = initializer.XavierUniform(fan_in=num_classes, fan_out=features)
    return nn.Embedding(num_classes, features, weight_attr=weight)


def redraw(network: nn.Layer, std: float) -> None:
    """Draw the weights of all linear layers and convolutions anew, uniform around zero.

    It is set_weights_stdev of the authors' code, which the DCGANs of gan_64x64.py use.

    Args:
        network (nn.Layer): Network, changed in place.
        std (float): Standard deviation of each of them.
    """
    bound = math.sqrt(3.0) * std
    draw = initializer.Uniform(-bound, bound)
    for parameter in network.parameters():
        if parameter.ndim > 1:
            draw(parameter)


# Linear layers by the name of their initial distribution.
INITIALIZATIONS = {"paper": linear, "framework": framework_linear}
