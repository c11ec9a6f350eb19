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

import numpy as np
import paddle
from paddle.framework import core


def get_rng_state() -> Dict[str, Any]:
    """States of Paddle's (every device's), NumPy's and Python's generators, as JSON can
    hold them."""
    kind, keys, *rest = np.random.get_state()
    version, internal, gauss = random.getstate()
    return {
        "paddle": [
            [device, seed, offset, bytes(engine).decode()]
            for device, seed, offset, engine in (
                state.__getstate__() for state in paddle.get_rng_state()
            )
        ],
        "numpy": [kind, keys.tolist(), *rest],
        "python": [version, list(internal), gauss],
    }


def set_rng_state(state: Dict[str, Any]) -> None:
    """Restore what :func:`get_rng_state` returned.

    Args:
        state (Dict[str, Any]): States of the generators.
    """
    restored = []
    for device, seed, offset, engine in state["paddle"]:
        generator = core.GeneratorState.__new__(core.GeneratorState)
        generator.__setstate__((device, seed, offset, list(engine.encode())))
        restored.append(generator)
    paddle.set_rng_state(restored)
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), *rest))
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))


@contextlib.contextmanager
def preserve_rng_state() -> Iterator[None]:
    """Whatever is drawn inside leaves the generators as they were."""
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)
