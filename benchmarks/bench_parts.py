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

"""What each measure for speed brings, on its own.

    python -m benchmarks.bench_parts [--rounds N] [--json FILE]

For each part: milliseconds as Paddle does it ("plain"), as this project does it ("fast"), and the ratio
fast / plain, medians of rounds in which the two take turns. One JSON object a line.
"""

from __future__ import annotations

import argparse
import ctypes
import sys
import time
from typing import Any
from typing import Callable
from typing import Dict
from typing import Iterator
from typing import Tuple
from typing import Type

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np
import paddle
from paddle import nn
from wgan_gp.models.networks import DCGANGenerator
from wgan_gp.models.networks import MLPCritic
from wgan_gp.models.networks import MLPGenerator
from wgan_gp.models.networks.dcgan import LEAKY_SLOPE
from wgan_gp.models.networks.dcgan import leaky_relu
from wgan_gp.models.networks.field_layers import doubled

from benchmarks.report import report
from ppsci_ext import arch
from ppsci_ext.arch import onednn
from ppsci_ext.arch.batch_norm import BatchMomentsNorm
from ppsci_ext.optimizer import Adam
from ppsci_ext.utils import UserError
from ppsci_ext.utils import runtime
from ppsci_ext.utils import views

Part = Tuple[str, Callable[[], Any], Callable[[], Any]]
_GLIBC_THRESHOLD = 128 * 1024  # what its allocator starts with


def forward_and_backward(
    layer: Callable[[paddle.Tensor], paddle.Tensor], x: paddle.Tensor
) -> Callable[[], None]:
    """A function that runs a layer and differentiates it."""
    cotangent = paddle.ones(layer(x).shape)

    def run() -> None:
        layer(x).backward(cotangent)

    return run


def images(*shape: int) -> paddle.Tensor:
    x = paddle.randn(shape)
    x.stop_gradient = False
    return x


def memory() -> Part:
    x = paddle.randn([32, 128, 32, 32])

    def plain() -> None:
        nn.functional.relu(x)

    return "relu of 16 MiB: memory given back, memory kept", plain, plain


def bias() -> Part:
    plain, fast = nn.Linear(512, 512), arch.Linear(512, 512)
    x = images(512, 512)
    return (
        "linear layer, 512 x 512, batch 512: bias broadcast, bias as a product",
        forward_and_backward(plain, x),
        forward_and_backward(fast, x),
    )


def adam() -> Part:
    steps = []
    for make in (
        lambda critic: paddle.optimizer.Adam(1e-4, parameters=critic.parameters()),
        Adam(1e-4),
    ):
        critic = MLPCritic()
        critic(paddle.randn([8, 2])).sum().backward()
        steps.append(make(critic).step)
    return "Adam, toy critic: parameter by parameter, all at once", *steps


def leaky() -> Part:
    x = images(50, 64, 14, 14)
    return (
        "leaky ReLU, 50 x 64 x 14 x 14: where(x > 0, x, 0.2 x), shifted by 1e-30",
        forward_and_backward(lambda x: paddle.where(x > 0, x, LEAKY_SLOPE * x), x),
        forward_and_backward(leaky_relu, x),
    )


def attention() -> Part:
    layer = nn.MultiHeadAttention(32, 2)
    run = forward_and_backward(lambda x: layer(x, x, x), images(32, 34, 32))

    def way(flag: bool) -> Callable[[], None]:
        def run_so() -> None:
            paddle.set_flags({views.FLAG: flag})
            run()

        return run_so

    name = "attention, 32 x 34 x 32, two heads: transposes as views, as copies"
    return name, way(True), way(False)


def pooled() -> Part:
    plain = nn.Sequential(nn.Conv2D(128, 128, 3, padding=1), nn.AvgPool2D(2))
    x = images(16, 128, 32, 32)
    return (
        "3x3 convolution and mean pooling, 16 x 128 x 32 x 32: apart, together",
        forward_and_backward(plain, x),
        forward_and_backward(arch.ConvMeanPool2D(128, 128, 3), x),
    )


def upsampled() -> Part:
    plain = nn.Sequential(
        nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2D(128, 128, 3, padding=1)
    )
    x = images(16, 128, 16, 16)
    return (
        "upsampling and 3x3 convolution, 16 x 128 x 16 x 16: apart, together",
        forward_and_backward(plain, x),
        forward_and_backward(arch.UpsampleConv2D(128, 128, 3), x),
    )


def normalized() -> Part:
    plain, fast = BatchMomentsNorm(128), BatchMomentsNorm(128)
    onednn.use_onednn(fast)
    scale, offset = images(128, 128), images(128, 128)
    x = images(128, 128, 32, 32)
    return (
        "batch norm by class, 128 x 128 x 32 x 32: Paddle, one operator",
        forward_and_backward(lambda x: plain(x, scale, offset), x),
        forward_and_backward(lambda x: fast(x, scale, offset), x),
    )


def doubled_fields() -> Part:
    plain, fast = (
        arch.Conv3D(8, 8, 3, padding=1, padding_mode="circular") for _ in range(2)
    )
    onednn.use_onednn(fast)
    x = images(8, 8, 16, 16, 16)
    return (
        "fields doubled and convolved, 8 x 8 x 16 x 16 x 16: Paddle, oneDNN's package",
        forward_and_backward(lambda x: plain(doubled(x)), x),
        forward_and_backward(lambda x: onednn.convolution_of_doubled(fast, x, []), x),
    )


def generated(name: str, generator: nn.Layer, batch_size: int) -> Part:
    """What the critic steps of an iteration need; one pass for all is not how it's done here."""
    noise = paddle.randn([5, batch_size, generator.latent_dim])
    at_once = noise.reshape([-1, generator.latent_dim])

    @paddle.no_grad()
    def one_by_one() -> None:
        for batch in noise:
            generator(batch)

    @paddle.no_grad()
    def together() -> None:
        generator(at_once)

    return (
        f"five batches of the {name} generator: one by one, in one",
        one_by_one,
        together,
    )


def convolution(
    name: str, layer: Type[nn.Layer], x: paddle.Tensor, *args: Any, **kwargs: Any
) -> Part:
    plain, fast = layer(*args, **kwargs), layer(*args, **kwargs)
    onednn.use_onednn(fast)
    return (
        f"{name}: Paddle, oneDNN",
        forward_and_backward(plain, x),
        forward_and_backward(fast, x),
    )


def parts() -> Iterator[Part]:
    """Name, plain, fast."""
    yield memory()
    yield bias()
    yield adam()
    yield leaky()
    yield attention()
    yield pooled()
    yield upsampled()
    yield generated("toy", MLPGenerator(), 256)
    try:
        onednn.load()
    except UserError as error:
        print(f"Without compiled operators: {error}", file=sys.stderr)
        return
    yield normalized()
    generator = DCGANGenerator()
    onednn.use_onednn(generator)
    yield generated("MNIST", generator, 50)
    x = images(50, 64, 14, 14)
    yield convolution(
        "convolution, MNIST critic, second", nn.Conv2D, x, 64, 128, 5, 2, "SAME"
    )
    x = images(50, 128, 7, 7)
    yield convolution(
        "convolution, MNIST critic, third", nn.Conv2D, x, 128, 256, 5, 2, "SAME"
    )
    x = images(50, 128, 7, 7)
    yield convolution(
        "transposed convolution, MNIST generator, second",
        nn.Conv2DTranspose,
        x,
        128,
        64,
        5,
        2,
        [1, 2, 1, 2],
    )
    x = images(64, 128, 16, 16)
    yield convolution(
        "convolution, CIFAR ResNet, 16 x 16", nn.Conv2D, x, 128, 128, 3, 1, 1
    )
    circular = {"padding_mode": "circular"}
    x = images(32, 16, 32, 32)
    yield convolution(
        "convolution, critic of fields, second",
        *(nn.Conv2D, x, 16, 32, 4, 2, 1),
        **circular,
    )
    x = images(8, 8, 32, 32, 32)
    yield convolution(
        "convolution, generator of fields in 3-D, last",
        *(arch.Conv3D, x, 8, 1, 3, 1, 1),
        **circular,
    )
    yield doubled_fields()


def keep_memory(keep: bool) -> None:
    """As ppsci_ext sets it, or as the C library starts."""
    if keep:
        runtime.keep_freed_memory(large_too=True)
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(runtime.M_MMAP_THRESHOLD, _GLIBC_THRESHOLD)
    libc.mallopt(runtime.M_TRIM_THRESHOLD, _GLIBC_THRESHOLD)


def compare(part: Part, rounds: int) -> Dict[str, Any]:
    name, *ways = part
    of_memory = ways[0] is ways[1]
    seconds = []
    for number in range(rounds + 2):
        turn = []
        for way, run in enumerate(ways):
            keep_memory(way == 1 or not of_memory)
            run()  # finds the caches and the memory as it leaves them
            start = time.perf_counter()
            run()
            turn.append(time.perf_counter() - start)
        if number >= 2:
            seconds.append(turn)
    keep_memory(True)
    plain, fast = 1000 * np.median(seconds, axis=0)
    return {
        "bench": "parts",
        "part": name,
        "plain_milliseconds": round(plain, 3),
        "fast_milliseconds": round(fast, 3),
        "ratio": round(fast / plain, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15, metavar="N")
    parser.add_argument("--json", metavar="FILE", help="file for the lines, too")
    args = parser.parse_args()
    report((compare(part, args.rounds) for part in parts()), args.json)


if __name__ == "__main__":
    main()
