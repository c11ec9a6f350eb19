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

"""Records the parameters of the networks of the authors' gan_64x64.py in architectures.json.

    python -m tests.recorded.record_architectures PATH/TO/gan_64x64.py

runs the script's own functions on stand-ins of TensorFlow and tflib, which compute nothing: an
array is its shape, a layer notes the shapes of its parameters and the standard deviations from
which tflib would draw them (0 of a constant). Nothing of the script is kept.
"""

from __future__ import annotations

import functools
import json
import math
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from typing import Dict
from typing import List
from typing import Optional
from typing import Sequence
from typing import Tuple

RECORD = Path(__file__).with_name("architectures.json")
DIM = 64
BEGIN, END = "def LeakyReLU", "Generator, Discriminator = "


class Shape:
    """An array of which nothing is known but its shape."""

    def __init__(self, shape: Sequence[int]):
        self.shape = list(shape)

    def __getitem__(self, index: Tuple[slice, ...]) -> Shape:
        steps = [each.step or 1 for each in index]
        steps += [1] * (len(self.shape) - len(steps))
        return Shape([size // step for size, step in zip(self.shape, steps)])

    def __add__(self, other: Any) -> Shape:
        return Shape(self.shape)

    __radd__ = __mul__ = __rmul__ = __truediv__ = __add__


def same(x: Shape, *_: Any) -> Shape:
    return Shape(x.shape)


def reshape(x: Shape, shape: Sequence[int]) -> Shape:
    known = math.prod(size for size in shape if size != -1)
    return Shape([math.prod(x.shape) // known if n == -1 else n for n in shape])


def concat(parts: Sequence[Shape], axis: int) -> Shape:
    shape = list(parts[0].shape)
    shape[axis] = sum(part.shape[axis] for part in parts)
    return Shape(shape)


def depth_to_space(x: Shape, block: int) -> Shape:
    count, height, width, channels = x.shape
    return Shape([count, height * block, width * block, channels // block**2])


class Notes:
    """The layers of tflib/ops; what they would create is noted."""

    def __init__(self):
        self.tensors: List[Tuple[Tuple[int, ...], float]] = []
        self.fixed_std: Optional[float] = None

    def note(self, shape: Sequence[int], std: float) -> None:
        is_weight = len(shape) > 1
        self.tensors.append(
            (tuple(shape), (self.fixed_std or std) if is_weight else 0.0)
        )

    def linear(self, name, inputs, outputs, x, initialization=None) -> Shape:
        fans = inputs if initialization == "he" else inputs + outputs
        self.note((inputs, outputs), math.sqrt(2 / fans))
        self.note((outputs,), 0.0)
        return Shape([*x.shape[:-1], outputs])

    def conv(
        self,
        name,
        input_dim,
        output_dim,
        filter_size,
        inputs,
        he_init=True,
        stride=1,
        biases=True,
    ) -> Shape:
        fan_in = input_dim * filter_size**2
        fan_out = output_dim * filter_size**2 / stride**2
        std = math.sqrt((4 if he_init else 2) / (fan_in + fan_out))
        self.note((filter_size, filter_size, input_dim, output_dim), std)
        if biases:
            self.note((output_dim,), 0.0)
        count, _, height, width = inputs.shape
        return Shape([count, output_dim, height // stride, width // stride])

    def deconv(
        self, name, input_dim, output_dim, filter_size, inputs, he_init=True
    ) -> Shape:
        fan_in = input_dim * filter_size**2 / 4
        fan_out = output_dim * filter_size**2
        std = math.sqrt((4 if he_init else 2) / (fan_in + fan_out))
        self.note((filter_size, filter_size, output_dim, input_dim), std)
        self.note((output_dim,), 0.0)
        count, _, height, width = inputs.shape
        return Shape([count, output_dim, 2 * height, 2 * width])

    def norm(self, name, axes, x, **_) -> Shape:
        for _ in ("offset", "scale"):
            self.note((x.shape[1],), 0.0)
        return Shape(x.shape)

    def set_std(self, std: float) -> None:
        self.fixed_std = std

    def unset_std(self) -> None:
        self.fixed_std = None


def functions_of(source: str, notes: Notes) -> Dict[str, Any]:
    """The script's functions, which note what they create."""
    std = {
        "set_weights_stdev": notes.set_std,
        "unset_weights_stdev": notes.unset_std,
    }
    ops = SimpleNamespace(
        linear=SimpleNamespace(Linear=notes.linear, **std),
        conv2d=SimpleNamespace(Conv2D=notes.conv, **std),
        deconv2d=SimpleNamespace(Deconv2D=notes.deconv, **std),
        layernorm=SimpleNamespace(Layernorm=notes.norm),
        batchnorm=SimpleNamespace(Batchnorm=notes.norm),
    )
    tf = SimpleNamespace(
        nn=SimpleNamespace(relu=same),
        maximum=lambda a, b: same(b),
        sigmoid=same,
        tanh=same,
        add_n=lambda parts: same(parts[0]),
        concat=concat,
        depth_to_space=depth_to_space,
        random_normal=Shape,
        reshape=reshape,
        transpose=lambda x, order: Shape([x.shape[axis] for axis in order]),
    )
    names = {
        "tf": tf,
        "lib": SimpleNamespace(ops=ops),
        "functools": functools,
        "MODE": "wgan-gp",
        "DIM": DIM,
        "OUTPUT_DIM": 3 * 64 * 64,
        "xrange": range,
    }
    body = source[source.index(BEGIN) : source.index(END)]
    exec(body.replace("/2", "//2"), names)  # Python 2 divides integers so
    return names


def pairs(names: Dict[str, Any]) -> Dict[str, Tuple[Any, Any]]:
    """Generator and critic of each row of figure 2, as the script's comments choose them."""
    generator, critic = names["DCGANGenerator"], names["DCGANDiscriminator"]
    plain = {"bn": False}
    tanh = {"bn": True, "nonlinearity": names["tf"].tanh}
    both = lambda options: tuple(
        functools.partial(network, **options) for network in (generator, critic)
    )
    return {
        "dcgan": (generator, critic),
        "constant_width": (names["WGANPaper_CrippledDCGANGenerator"], critic),
        "mlp": (names["FCGenerator"], critic),
        "no_norm": both(plain),
        "gated": (
            names["MultiplicativeDCGANGenerator"],
            names["MultiplicativeDCGANDiscriminator"],
        ),
        "tanh": both(tanh),
        "resnet101": (names["ResnetGenerator"], names["ResnetDiscriminator"]),
    }


def main(path: str) -> None:
    notes = Notes()
    names = functions_of(Path(path).read_text(encoding="utf-8"), notes)
    record: Dict[str, Any] = {}
    for name, (generator, critic) in pairs(names).items():
        record[name] = {}
        for network, arguments in ((generator, 2), (critic, Shape([2, 3 * 64 * 64]))):
            notes.tensors.clear()
            network(arguments)
            kinds = Counter(
                (tuple(sorted(shape)), float(f"{std:.6g}"))
                for shape, std in notes.tensors
            )
            key = "generator" if network is generator else "critic"
            record[name][key] = {
                "parameters": sum(math.prod(shape) for shape, _ in notes.tensors),
                # [sorted shape, standard deviation, how many]
                "tensors": [
                    [list(shape), std, n] for (shape, std), n in sorted(kinds.items())
                ],
            }
    RECORD.write_text(f"{json.dumps(record)}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
