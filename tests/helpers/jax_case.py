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

"""What JAX makes of a case, for a test in another environment: `python -m ... IN.npz OUT.npz`.

IN holds "settings" (JSON), weights as generator/NAME and critic/NAME, and the inputs; OUT the losses
and gradients/NETWORK/NAME, and what an iteration has done.
"""

from __future__ import annotations

import json
import sys
from typing import Dict

import jax
import numpy as np

from benchmarks.jax_worker import build_trainer
from benchmarks.plain_jax import Adam


def compute(given: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
    """The content of OUT.

    Args:
        given (Dict[str, np.ndarray]): That of IN.
    """
    trainer = build_trainer(json.loads(str(given["settings"])))
    params = {}
    for name, own in trainer.params.items():
        params[name] = {key: given[f"{name}/{key}"] for key in own}
        assert {k: x.shape for k, x in params[name].items()} == {
            k: x.shape for k, x in own.items()
        }
    labels, many = given.get("labels"), given.get("many_labels")
    critic_loss = jax.jit(jax.value_and_grad(trainer.critic_loss, has_aux=True))
    (loss, penalty), critic = critic_loss(
        params["critic"],
        params["generator"],
        *(given["real"], labels, given["noise"], given["alpha"]),
    )
    generator_loss = jax.jit(jax.value_and_grad(trainer.generator_loss))
    of_generator, generator = generator_loss(
        params["generator"], params["critic"], given["many_noise"], many
    )
    found = {
        "critic_loss": loss,
        "gradient_penalty": penalty,
        "generator_loss": of_generator,
        **{f"gradients/critic/{key}": x for key, x in critic.items()},
        **{f"gradients/generator/{key}": x for key, x in generator.items()},
    }

    adam, weights = Adam.start({"w": given["w"]}), {"w": given["w"]}
    for gradient in given["w_gradients"]:
        weights, adam = adam.step(weights, {"w": gradient}, 0.1, 0.5, 0.9)
    found["w"] = weights["w"]

    before = {name: jax.tree.map(np.array, x) for name, x in trainer.params.items()}
    trainer.iteration()
    for name, x in trainer.params.items():
        found[f"steps/{name}"] = trainer.adam[name].count
        moved = [np.abs(x[key] - before[name][key]).max() for key in x]
        found[f"moved/{name}"] = np.max(moved)
    found["batch"] = next(trainer.batches)[0]
    return found


if __name__ == "__main__":
    with np.load(sys.argv[1]) as arrays:
        found = compute(dict(arrays))
    np.savez(sys.argv[2], **found)
