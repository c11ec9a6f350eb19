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

"""The states of all random generators that a training run draws from."""

from __future__ import annotations

import contextlib
import random
from typing import Any
from typing import Dict
from typing import Iterator
from typing import List
from typing import Sequence

import numpy as np
import paddle
from paddle.framework import core

from ppsci.utils import logger


def _devices() -> List[str]:
    """Kinds of devices with a generator of Paddle's: the host and the one that computes."""
    device = paddle.device.get_device().split(":")[0]
    return ["cpu"] if device == "cpu" else ["cpu", device]


def get_rng_state() -> Dict[str, Any]:
    """States of Paddle's (host and device), NumPy's and Python's generators, as JSON can
    hold them."""
    kind, keys, *rest = np.random.get_state()
    version, internal, gauss = random.getstate()
    return {
        "paddle": {
            device: [
                [place, seed, offset, bytes(engine).decode()]
                for place, seed, offset, engine in (
                    state.__getstate__() for state in paddle.get_rng_state(device)
                )
            ]
            for device in _devices()
        },
        "numpy": [kind, keys.tolist(), *rest],
        "python": [version, list(internal), gauss],
    }


def set_rng_state(state: Dict[str, Any]) -> None:
    """Restore what :func:`get_rng_state` returned.

    Args:
        state (Dict[str, Any]): States of the generators. A device that it has no state for
            keeps its own, with a warning.
    """
    for device in _devices():
        states = state["paddle"].get(device, [])
        if len(states) != len(paddle.get_rng_state(device)):
            logger.warning(
                f"The random numbers of this {device} are others than those of the "
                "devices that the state was taken from."
            )
            continue
        restored = []
        for place, seed, offset, engine in states:
            generator = core.GeneratorState.__new__(core.GeneratorState)
            generator.__setstate__((place, seed, offset, list(engine.encode())))
            restored.append(generator)
        paddle.set_rng_state(restored, device)
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), *rest))
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))


def reseed(entropy: Sequence[int]) -> None:
    """Seed all of the generators anew.

    Args:
        entropy (Sequence[int]): Numbers that the seeds follow from.
    """
    seeds = np.random.SeedSequence(list(entropy)).generate_state(3).tolist()
    paddle.seed(seeds[0])
    np.random.seed(seeds[1])
    random.seed(seeds[2])


@contextlib.contextmanager
def preserve_rng_state() -> Iterator[None]:
    """Whatever is drawn inside leaves the generators as they were."""
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)
