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

"""The worker that handles data of one size: the tasks are the rows of a table."""

from __future__ import annotations

import json
import os
import sys
from os import path as osp
from typing import Any
from typing import Callable
from typing import Dict

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np
from PIL import Image

from benchmarks import workers
from ppsci.utils import logger
from ppsci_ext.data import decoded
from ppsci_ext.data import load_images
from ppsci_ext.metric import extract
from ppsci_ext.metric import image_scores
from ppsci_ext.metric import precision_recall
from ppsci_ext.utils.cache import VARIABLE

BATCH_SIZE = 1000
NUM_FEATURES, NUM_CLASSES = 64, 10  # as the classifiers of the image cases have
WIDE = 256  # features of precision and recall, so that products count
SIDE = 16  # pixels


def eval_samples(count: int) -> Callable[[], Any]:
    """Scores of so many samples, through an extractor that costs next to nothing."""
    shape = (2 * BATCH_SIZE, NUM_FEATURES)
    noise = np.random.default_rng(0).standard_normal(shape, "float32")

    def score() -> Dict[str, Any]:
        starts = np.arange(count // BATCH_SIZE) % BATCH_SIZE
        batches = (noise[start : start + BATCH_SIZE] for start in starts)
        generated = extract(batches, _classify, count, "generated")
        # the usual 100 subsets would be most of the time here, whatever the number of samples
        names = ["isc", "fid", "kid"]
        return image_scores(generated, reference, names, kid_subsets=1)

    reference = extract([noise], _classify, len(noise), "real")
    return score


def _classify(samples: np.ndarray) -> Any:
    return samples, samples[:, :NUM_CLASSES]


def folder_first(count: int) -> Callable[[], Any]:
    """Reading a folder of so many images that has never been read."""
    read = _reader(count)
    cache = osp.join(os.environ[VARIABLE], "images")

    def read_anew() -> str:
        for name in os.listdir(cache) if osp.isdir(cache) else ():
            os.remove(osp.join(cache, name))
        return read()

    return read_anew


def folder_again(count: int) -> Callable[[], Any]:
    """Reading a folder of so many images that has been read before."""
    read = _reader(count)
    read()
    return read


def _reader(count: int) -> Callable[[], str]:
    """Reads the folder that is made here, whatever its size, by way of the cache."""
    decoded.LARGE = 0
    os.environ[VARIABLE] = osp.abspath("cache")
    os.makedirs("images")
    rng = np.random.default_rng(0)
    for index in range(count):
        pixels = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(f"images/{index:07}.png")
    return lambda: load_images("folder", "images", "train").digest


def features(count: int) -> Callable[[], Any]:
    """Precision and recall of two sets of so many features."""
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((NUM_FEATURES, WIDE), "float32")
    real, generated = (
        rng.standard_normal((count, NUM_FEATURES), "float32") @ mixing for _ in range(2)
    )
    return lambda: precision_recall(real, generated)


TASKS = {
    task.__name__: task for task in (eval_samples, folder_first, folder_again, features)
}


def run(spec: Dict[str, Any]) -> None:
    """Do what `spec` says whenever it is asked for.

    Args:
        spec (Dict[str, Any]): "quantity", a name in TASKS, and "size".
    """
    logger.init_logger("ppsci", None, "warning")
    server = workers.Server()
    task = TASKS[spec["quantity"]](spec["size"])
    threads = int(os.environ["MKL_NUM_THREADS"])
    server.serve({spec["quantity"]: task}, threads=threads)


if __name__ == "__main__":
    run(json.loads(sys.argv[1]))
