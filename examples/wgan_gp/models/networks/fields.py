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

"""Networks for scientific fields in one, two or three dimensions.

The generator's noise is a coarse grid, and every layer treats all places alike: with circular
margins a field has no border, and more noise makes a larger field.
"""

from __future__ import annotations

from typing import Any
from typing import Dict
from typing import List
from typing import Optional
from typing import Sequence
from typing import Union

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F
from paddle.static import InputSpec
from wgan_gp.models.networks import initialization as init
from wgan_gp.models.networks.field_layers import coarse_shape
from wgan_gp.models.networks.field_layers import conv
from wgan_gp.models.networks.field_layers import deconv
from wgan_gp.models.networks.field_layers import doubled_and_convolved
from wgan_gp.models.networks.field_layers import moved
from wgan_gp.models.networks.field_layers import unfolded
from wgan_gp.models.networks.log_spectrum import LogSpectrum

from ppsci_ext.arch import concat
from ppsci_ext.data.fields import FieldTransform

Condition = Union[None, paddle.Tensor, Dict[str, paddle.Tensor]]

LEAKY_SLOPE = 0.2
_POOL = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


class _Generator(nn.Layer):
    """What generators of fields share: their transform, which goes with the weights.

    Attributes:
        latent_shape (List[int]): Of the noise of one field.
        field_channels (int): Channels of a field.
    """

    latent_shape: List[int]

    def __init__(self, transform: FieldTransform, channels: int, zero_mean: bool):
        super().__init__()
        self._zero_mean = zero_mean
        self._kind, self._output = transform.kind, transform.output
        self.field_channels = channels
        for name in ("shift", "scale"):
            values = np.array(getattr(transform, name), np.float32)
            self.register_buffer(name, paddle.to_tensor(values))

    @property
    def transform(self) -> FieldTransform:
        """Between physical fields and the generator's values, as of the data it learnt from."""
        return FieldTransform(
            self._kind, tuple(self.shift.tolist()), tuple(self.scale.tolist())
        )

    def _activated(self, y: paddle.Tensor) -> paddle.Tensor:
        if self._zero_mean:
            y = y - y.mean(axis=list(range(2, y.ndim)), keepdim=True)
        if self._output == "tanh":
            return paddle.tanh(y)
        return F.softmax(y, axis=1) if self._output == "softmax" else y


class FieldGenerator(_Generator):
    """Noise [B, L, *coarse] to fields [B, C, *shape].

    A coarse grid is doubled and convolved, `stages` times. Part of the noise belongs to the finer
    grids, where it brings what a coarse one can't hold (as in StyleGAN, Karras et al. 2019,
    arXiv 1812.04948, section 2): there its channels are laid out as pixels.

    Args:
        shape (Sequence[int]): Of the fields to train on, 1 to 3 axes.
        transform (FieldTransform): Of the data; its kind decides on the last activation.
        channels (int, optional): C. Defaults to 1.
        dim (int, optional): Channels of the finest stage, doubled with every coarser one but
            the first. Defaults to 16.
        latent_channels (int, optional): Noise at a place of the coarse grid. Defaults to 8.
        stages (int, optional): How often the grid is doubled. Defaults to 3.
        padding (str, optional): Margins: "circular" for periodic fields, "zeros" for others.
            Defaults to "circular".
        parameters (int, optional): Numbers in a float condition [B, k], by which every stage is
            scaled and shifted. Defaults to 0, none.
        points (bool, optional): Whether the condition is measurements at points, "mask"
            [B, 1, *shape] and "values" [B, C, *shape]. Defaults to False.
        zero_mean (bool, optional): Whether each field's own mean is taken off before the last
            activation, where all of the data have exactly that. Defaults to False.
        upsampling (str, optional): "nearest" or "linear", see `doubled`. Defaults to "nearest".
        fine_noise (int, optional): Noise at a place of every finer grid. Defaults to 1.

    Raises:
        UserError: If the shape can't be had by doubling.
    """

    def __init__(
        self,
        shape: Sequence[int],
        transform: FieldTransform,
        channels: int = 1,
        dim: int = 16,
        latent_channels: int = 8,
        stages: int = 3,
        padding: str = "circular",
        parameters: int = 0,
        points: bool = False,
        zero_mean: bool = False,
        upsampling: str = "nearest",
        fine_noise: int = 1,
    ):
        super().__init__(transform, channels, zero_mean)
        self.upsampling, self.padding = upsampling, padding
        dimension = len(shape)
        self.fine_noise = fine_noise
        self.noise_channels = [
            latent_channels
        ]  # of each stage's grid, on the coarse one
        if fine_noise:
            for stage in range(1, stages + 1):
                self.noise_channels.append(fine_noise * 2 ** (dimension * stage))
        # the pixels made of one place of a coarser grid differ, unless fields are moved;
        # measurements stay where they are
        self.moves = padding == "circular" and not points
        if self.moves:
            self.noise_channels.append(dimension)
        self.latent_shape = [sum(self.noise_channels), *coarse_shape(shape, stages)]
        self.stages, self.parameter_count, self.points = stages, parameters, points
        measured = channels + 1 if points else 0
        widths = [dim * 2 ** max(stages - 1 - i, 0) for i in range(stages + 1)]
        before = [latent_channels, *(width + fine_noise for width in widths[:-1])]
        self.convs = nn.LayerList(
            [
                conv(dimension, inputs + measured, width, 3, padding)
                for inputs, width in zip(before, widths)
            ]
        )
        if parameters:
            self.modulations = nn.LayerList(
                [init.linear(parameters, 2 * width) for width in widths]
            )
        self.output = conv(dimension, dim, channels, 3, padding, he=False)

    def input_spec(self) -> List[Any]:
        """Noise whose grid may have any size, and the condition."""
        open_axes = [None] * (len(self.latent_shape) - 1)
        noise = InputSpec([None, self.latent_shape[0], *open_axes], "float32", "z")
        if self.parameter_count:
            shape = [None, self.parameter_count]
            return [noise, InputSpec(shape, "float32", "condition")]
        if not self.points:
            return [noise]
        measured = {
            name: InputSpec([None, count, *open_axes], "float32", name)
            for name, count in (("mask", 1), ("values", self.field_channels))
        }
        return [noise, measured]

    def forward(self, z: paddle.Tensor, condition: Condition = None) -> paddle.Tensor:
        measured = self._measured(condition) if self.points else None
        noise = paddle.split(z, self.noise_channels, axis=1)
        x = noise[0]
        for stage, layer in enumerate(self.convs):
            beside = [] if measured is None else [measured[self.stages - stage]]
            if stage:
                if self.fine_noise:
                    beside.insert(0, unfolded(noise[stage], 2**stage))
                x = doubled_and_convolved(
                    layer, x, beside, self.upsampling, self.padding
                )
            else:
                x = layer(paddle.concat([x, *beside], axis=1) if beside else x)
            if self.parameter_count:
                x = _modulated(x, self.modulations[stage](condition))
            x = F.relu(x)
        x = self._activated(self.output(x))
        return moved(x, noise[-1], self.stages) if self.moves else x

    def _measured(self, condition: Dict[str, paddle.Tensor]) -> List[paddle.Tensor]:
        """Mask and mean of the measured values in ever larger blocks, finest first."""
        pool = _POOL[len(self.latent_shape) - 1]
        count, total = condition["mask"], condition["values"]
        levels = []
        for _ in range(self.stages + 1):
            # both are means over a block, whose ratio is the mean over its measurements
            seen = (count > 0).astype(count.dtype)
            mean = total / paddle.where(count > 0, count, paddle.ones_like(count))
            levels.append(paddle.concat([seen, mean], axis=1))
            count, total = pool(count, 2, 2), pool(total, 2, 2)
        return levels


class TransposedGenerator(_Generator):
    """Noise [B, latent_dim] to fields [B, C, *shape] by transposed convolutions.

    For comparison: its margins of zeros and overlapping kernels leave a border and a
    checkerboard in the fields (Odena, Dumoulin and Olah 2016, Distill), and a field has one size.

    Args: those of FieldGenerator; latent_dim (int, optional): Dimensions of the noise. Defaults
        to 128.
    """

    def __init__(
        self,
        shape: Sequence[int],
        transform: FieldTransform,
        channels: int = 1,
        dim: int = 16,
        latent_dim: int = 128,
        stages: int = 3,
        zero_mean: bool = False,
    ):
        super().__init__(transform, channels, zero_mean)
        self.latent_shape = [latent_dim]
        coarse = coarse_shape(shape, stages)
        widths = [dim * 2 ** (stages - 1 - i) for i in range(stages)]
        self.start_shape = [widths[0], *coarse]
        self.input = init.linear(latent_dim, int(np.prod(self.start_shape)))
        self.deconvs = nn.LayerList(
            [
                deconv(len(shape), inputs, outputs)
                for inputs, outputs in zip(widths, [*widths[1:], channels])
            ]
        )

    def forward(self, z: paddle.Tensor) -> paddle.Tensor:
        x = self.input(z).reshape([-1, *self.start_shape])
        for layer in self.deconvs:
            x = layer(F.relu(x))
        return self._activated(x)


class FieldCritic(nn.Layer):
    """Fields [B, C, *shape] to scores [B].

    Convolutions of kernel 4 halve the field `stages` times; a linear layer makes the score, after
    a hidden one where it sees means over all places: those vary from field to field.
    Conditions are further channels, and the linear layer's weights depend on parameters (the
    projection of Miyato and Koyama 2018, arXiv 1802.05637, section 3).

    Args:
        shape (Sequence[int]): Of a field, 1 to 3 axes.
        channels (int, optional): C. Defaults to 1.
        dim (int, optional): Channels of the first stage, doubled with every other one. Defaults
            to 16.
        stages (int, optional): How often the field is halved. Defaults to 3.
        padding (str, optional): As for FieldGenerator. Defaults to "circular".
        parameters (int, optional): As for FieldGenerator. Defaults to 0.
        points (bool, optional): As for FieldGenerator. Defaults to False.
        spectrum (bool, optional): Whether it sees the logarithm of each field's power spectrum
            beside the field itself. Defaults to False.
        head (str, optional): What the linear layer sees: "mean", the last features' mean over
            all places, as the law of a stationary field is the same everywhere; or "places",
            the features of each place. Defaults to "mean".

    Raises:
        UserError: If the shape can't be halved so often.
    """

    def __init__(
        self,
        shape: Sequence[int],
        channels: int = 1,
        dim: int = 16,
        stages: int = 3,
        padding: str = "circular",
        parameters: int = 0,
        points: bool = False,
        spectrum: bool = False,
        head: str = "mean",
    ):
        super().__init__()
        self.head = head
        coarse = coarse_shape(shape, stages)
        inputs = channels + parameters + (channels + 1 if points else 0)
        widths = [dim * 2**i for i in range(stages)]
        self.convs = nn.LayerList(
            [
                conv(len(shape), before, width, 4, padding, stride=2)
                for before, width in zip([inputs, *widths[:-1]], widths)
            ]
        )
        features = widths[-1] * (1 if head == "mean" else int(np.prod(coarse)))
        self.hidden: Optional[nn.Layer] = None
        if head == "mean":
            self.hidden = init.linear(features, features, he=True)
        self.spectrum: Optional[LogSpectrum] = None
        if spectrum:
            self.spectrum = LogSpectrum(shape)
            bins = channels * self.spectrum.bins
            self.spectrum_layer = init.linear(bins, 2 * dim, he=True)
            features += 2 * dim
        self.output = init.linear(features, 1)
        self.projection: Optional[nn.Layer] = None
        if parameters:
            self.projection = nn.Sequential(
                init.linear(parameters, 4 * dim, he=True),
                nn.ReLU(),
                init.linear(4 * dim, features),
            )

    def forward(self, x: paddle.Tensor, condition: Condition = None) -> paddle.Tensor:
        h = _with_channels(x, condition)
        for layer in self.convs:
            h = F.leaky_relu(layer(h), LEAKY_SLOPE)
        if self.head == "mean":
            h = h.mean(axis=list(range(2, h.ndim)), keepdim=True)
        h = h.reshape([h.shape[0], -1])
        if self.hidden is not None:
            h = F.leaky_relu(self.hidden(h), LEAKY_SLOPE)
        if self.spectrum is not None:
            power = self.spectrum_layer(self.spectrum(x))
            h = concat([h, F.leaky_relu(power, LEAKY_SLOPE)], axis=1)
        score = self.output(h).reshape([-1])
        if self.projection is not None:
            score = score + (h * self.projection(condition)).sum(axis=1)
        return score


def _modulated(x: paddle.Tensor, numbers: paddle.Tensor) -> paddle.Tensor:
    """x [B, C, ...] scaled and shifted by numbers [B, 2 C]."""
    scale, shift = (
        part.reshape([-1, x.shape[1], *[1] * (x.ndim - 2)])
        for part in paddle.split(numbers, 2, axis=1)
    )
    return x * (1 + scale) + shift


def _with_channels(x: paddle.Tensor, condition: Condition) -> paddle.Tensor:
    """Fields with their condition as further channels."""
    if condition is None:
        return x
    if isinstance(condition, dict):
        return concat([x, condition["mask"], condition["values"]], axis=1)
    constant = condition.reshape([*condition.shape, *[1] * (x.ndim - 2)])
    constant = constant.expand([*condition.shape, *x.shape[2:]])
    return concat([x, constant], axis=1)
