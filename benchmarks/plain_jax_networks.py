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

"""The networks of the paper's cases, written plainly in JAX: pure functions of parameters by name.

Sizes, padding, normalisation and the names of the parameters are those of `wgan_gp.models.networks`.
Images have their channels last, as XLA likes them on a CPU, and convolutions weights [height, width,
in, out]. Batch norm keeps no running statistics, which a training step does not need.
"""

from __future__ import annotations

import math
from typing import Any
from typing import Callable
from typing import Dict
from typing import NamedTuple
from typing import Optional
from typing import Sequence
from typing import Tuple

import jax
import jax.numpy as jnp
from jax import lax

Params = Dict[str, jax.Array]
Shapes = Dict[str, Tuple[int, ...]]
IMAGES = ("NHWC", "HWIO", "NHWC")


class Network(NamedTuple):
    """A network.

    Attributes:
        shapes (Shapes): Shape of each parameter.
        apply (Callable): Function of the parameters and of the network's inputs.
    """

    shapes: Shapes
    apply: Callable[..., Any]

    def init(self, key: jax.Array) -> Params:
        """Weights uniform by the number of inputs, scales of one, the rest zero."""
        keys = jax.random.split(key, len(self.shapes))
        return {
            name: _initial(each, name, shape)
            for each, (name, shape) in zip(keys, self.shapes.items())
        }


def _initial(key: jax.Array, name: str, shape: Tuple[int, ...]) -> jax.Array:
    if "norm" in name:
        scales = name.endswith((".weight", ".scale.weight")) and "offset" not in name
        return jnp.ones(shape) if scales else jnp.zeros(shape)
    if len(shape) == 1:
        return jnp.zeros(shape)
    bound = 1 / math.sqrt(math.prod(shape[:-1]))
    return jax.random.uniform(key, shape, minval=-bound, maxval=bound)


# layers


def linear_shapes(name: str, in_features: int, out_features: int) -> Shapes:
    return {
        f"{name}.weight": (in_features, out_features),
        f"{name}.bias": (out_features,),
    }


def linear(params: Params, name: str, x: jax.Array) -> jax.Array:
    return x @ params[f"{name}.weight"] + params[f"{name}.bias"]


def conv_shapes(name: str, in_channels: int, out_channels: int, size: int) -> Shapes:
    return {
        f"{name}.weight": (size, size, in_channels, out_channels),
        f"{name}.bias": (out_channels,),
    }


def conv(params: Params, name: str, x: jax.Array, stride: int = 1) -> jax.Array:
    y = lax.conv_general_dilated(
        x, params[f"{name}.weight"], (stride, stride), "SAME", dimension_numbers=IMAGES
    )
    return y + params[f"{name}.bias"]


def deconv(params: Params, name: str, x: jax.Array) -> jax.Array:
    """Transposed convolution that doubles height and width."""
    weight = params[f"{name}.weight"]
    y = lax.conv_transpose(x, weight, (2, 2), "SAME", dimension_numbers=IMAGES)
    return y + params[f"{name}.bias"]


def normalise(x: jax.Array) -> jax.Array:
    """Batch norm over all axes but the last, without scale and offset."""
    axes = tuple(range(x.ndim - 1))
    centred = x - x.mean(axes)
    return centred * lax.rsqrt(jnp.square(centred).mean(axes) + 1e-5)


def norm_shapes(name: str, features: int, num_classes: int = 0) -> Shapes:
    if num_classes:
        parts, shape = ("scale.weight", "offset.weight"), (num_classes, features)
    else:
        parts, shape = ("weight", "bias"), (features,)
    return {f"{name}.{part}": shape for part in parts}


def batch_norm(
    params: Params, name: str, x: jax.Array, labels: Optional[jax.Array] = None
) -> jax.Array:
    """Batch norm, with a scale and an offset per class where there are labels."""
    if labels is None:
        return normalise(x) * params[f"{name}.weight"] + params[f"{name}.bias"]
    scale = params[f"{name}.scale.weight"][labels][:, None, None]
    return normalise(x) * scale + params[f"{name}.offset.weight"][labels][:, None, None]


def upsample(x: jax.Array) -> jax.Array:
    return x.repeat(2, axis=1).repeat(2, axis=2)


def mean_pool(x: jax.Array) -> jax.Array:
    batch, height, width, channels = x.shape
    return x.reshape(batch, height // 2, 2, width // 2, 2, channels).mean((2, 4))


# gan_toy.py


def mlp(in_features: int, dim: int, out_features: int) -> Network:
    """Three hidden ReLU layers."""
    widths = (in_features, dim, dim, dim, out_features)
    names = [f"net.{2 * i}" for i in range(4)]
    shapes: Shapes = {}
    for name, *sizes in zip(names, widths, widths[1:]):
        shapes.update(linear_shapes(name, *sizes))

    def apply(params: Params, x: jax.Array) -> jax.Array:
        for name in names[:-1]:
            x = jax.nn.relu(linear(params, name, x))
        return linear(params, names[-1], x)

    return Network(shapes, apply)


# gan_mnist.py, gan_cifar.py


def dcgan_generator(
    image_shape: Sequence[int],
    dim: int,
    latent_dim: int,
    with_norm: bool,
    output: Callable[[jax.Array], jax.Array],
) -> Network:
    """Noise [B, latent_dim] to images [B, H, W, C]."""
    channels, *size = image_shape
    sizes = [[math.ceil(side / 2**times) for side in size] for times in (3, 2, 1, 0)]
    features = math.prod(sizes[0]) * 4 * dim
    shapes = {
        **linear_shapes("input", latent_dim, features),
        **conv_shapes("deconv2", 4 * dim, 2 * dim, 5),
        **conv_shapes("deconv3", 2 * dim, dim, 5),
        **conv_shapes("deconv5", dim, channels, 5),
    }
    if with_norm:
        for name, width in (("1", features), ("2", 2 * dim), ("3", dim)):
            shapes.update(norm_shapes(f"norm{name}", width))

    def activate(params: Params, name: str, x: jax.Array) -> jax.Array:
        return jax.nn.relu(batch_norm(params, name, x) if with_norm else x)

    def apply(params: Params, z: jax.Array) -> jax.Array:
        x = activate(params, "norm1", linear(params, "input", z))
        x = x.reshape(-1, *sizes[0], 4 * dim)
        x = crop(activate(params, "norm2", deconv(params, "deconv2", x)), sizes[1])
        x = crop(activate(params, "norm3", deconv(params, "deconv3", x)), sizes[2])
        return output(crop(deconv(params, "deconv5", x), sizes[3]))

    return Network(shapes, apply)


def crop(x: jax.Array, size: Sequence[int]) -> jax.Array:
    return x[:, : size[0], : size[1]]


def dcgan_critic(image_shape: Sequence[int], dim: int) -> Network:
    """Images [B, H, W, C] to scores [B, 1]."""
    channels, *size = image_shape
    pixels = math.prod(math.ceil(side / 8) for side in size)
    shapes = {
        **conv_shapes("conv1", channels, dim, 5),
        **conv_shapes("conv2", dim, 2 * dim, 5),
        **conv_shapes("conv3", 2 * dim, 4 * dim, 5),
        **linear_shapes("output", 4 * dim * pixels, 1),
    }

    def apply(params: Params, x: jax.Array) -> jax.Array:
        for name in ("conv1", "conv2", "conv3"):
            x = jax.nn.leaky_relu(conv(params, name, x, stride=2), 0.2)
        return linear(params, "output", x.reshape(len(x), -1))

    return Network(shapes, apply)


# gan_cifar_resnet.py


def resnet_generator(
    image_shape: Sequence[int], dim: int, latent_dim: int, num_classes: int
) -> Network:
    """Noise [B, latent_dim] and labels [B] to images [B, H, W, C]."""
    channels, height, width = image_shape
    start = (height // 8, width // 8, dim)
    blocks = [f"blocks.{i}" for i in range(3)]
    shapes = linear_shapes("input", latent_dim, math.prod(start))
    for block in blocks:
        for i in (1, 2):
            shapes.update(norm_shapes(f"{block}.norm{i}", dim, num_classes))
            shapes.update(conv_shapes(f"{block}.conv{i}", dim, dim, 3))
        shapes.update(conv_shapes(f"{block}.shortcut", dim, dim, 1))
    shapes.update(norm_shapes("output_norm", dim))
    shapes.update(conv_shapes("output", dim, channels, 3))

    def apply(
        params: Params, z: jax.Array, labels: Optional[jax.Array] = None
    ) -> jax.Array:
        x = linear(params, "input", z).reshape(-1, *start)
        for block in blocks:
            h = jax.nn.relu(batch_norm(params, f"{block}.norm1", x, labels))
            h = conv(params, f"{block}.conv1", upsample(h))
            h = jax.nn.relu(batch_norm(params, f"{block}.norm2", h, labels))
            h = conv(params, f"{block}.conv2", h)
            x = conv(params, f"{block}.shortcut", upsample(x)) + h
        x = jax.nn.relu(batch_norm(params, "output_norm", x))
        return jnp.tanh(conv(params, "output", x))

    return Network(shapes, apply)


def resnet_critic(channels: int, dim: int, num_classes: int) -> Network:
    """Images [B, H, W, C] to scores [B, 1], with classes also to logits [B, K]."""
    shapes: Shapes = {}
    for i, in_channels in enumerate((channels, dim, dim, dim)):
        shapes.update(conv_shapes(f"blocks.{i}.conv1", in_channels, dim, 3))
        shapes.update(conv_shapes(f"blocks.{i}.conv2", dim, dim, 3))
        if i < 2:  # those that halve height and width
            shapes.update(conv_shapes(f"blocks.{i}.shortcut", in_channels, dim, 1))
    shapes.update(linear_shapes("output", dim, 1))
    if num_classes:
        shapes.update(linear_shapes("classifier", dim, num_classes))

    def convolve_twice(params: Params, block: str, x: jax.Array) -> jax.Array:
        h = jax.nn.relu(conv(params, f"{block}.conv1", x))
        return conv(params, f"{block}.conv2", h)

    def apply(params: Params, x: jax.Array) -> Any:
        shortcut = conv(params, "blocks.0.shortcut", mean_pool(x))
        x = shortcut + mean_pool(convolve_twice(params, "blocks.0", x))
        shortcut = mean_pool(conv(params, "blocks.1.shortcut", x))
        x = shortcut + mean_pool(convolve_twice(params, "blocks.1", jax.nn.relu(x)))
        for block in ("blocks.2", "blocks.3"):
            x = x + convolve_twice(params, block, jax.nn.relu(x))
        features = jax.nn.relu(x).mean((1, 2))
        scores = linear(params, "output", features)
        if not num_classes:
            return scores
        return scores, linear(params, "classifier", features)

    return Network(shapes, apply)
