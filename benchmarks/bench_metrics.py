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

"""Speed and memory of the scores, beside what people use today, in one run.

    python -m benchmarks.bench_metrics [--only NAME] [--output FILE]

features: images per second of FIDInceptionV3 and of torch-fidelity's network, the same random
    weights, alternating (needs what `make test-torch` installs)
frechet: time of frechet_distance and of the same by scipy.linalg.sqrtm, 2048 features
moments: peak memory of the mean and covariance of 50,000 x 2048 features, above the baseline
precision_recall: both of twice 50,000 x 2048 features (--samples), and of the same ones by
    torch-fidelity: seconds on the clock and on all processors, memory beyond the features

Each prints one JSON object a line.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import statistics
import subprocess
import sys
import tempfile
import time
from os import path as osp
from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import Sequence
from typing import Tuple

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np
import scipy.linalg

from benchmarks import workers
from benchmarks.report import report
from ppsci_ext.metric import FeatureStatistics
from ppsci_ext.metric import build_extractor
from ppsci_ext.metric import frechet_distance
from ppsci_ext.metric import precision_recall

NUM_FEATURES = 2048
BENCHES = ("features", "frechet", "moments", "precision_recall")


def alternating(
    functions: Sequence[Callable[[], Any]], repeats: int
) -> List[List[float]]:
    """Seconds of each call; the functions take turns, after one call of each unmeasured."""
    for function in functions:
        function()
    seconds: List[List[float]] = [[] for _ in functions]
    for _ in range(repeats):
        for function, found in zip(functions, seconds):
            start = time.perf_counter()
            function()
            found.append(time.perf_counter() - start)
    return seconds


def bench_features(batch_size: int, repeats: int) -> Dict[str, Any]:
    """Images per second of 32x32 images, resized by each side itself."""
    from tests.helpers.torch_env import import_torch_fidelity

    import_torch_fidelity()
    import torch
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    from tests.recorded.record_inception import random_weights

    torch.set_num_threads(int(os.environ["MKL_NUM_THREADS"]))
    with tempfile.TemporaryDirectory() as folder:
        path = osp.join(folder, "random.pth")
        state = {name: torch.from_numpy(w) for name, w in random_weights().items()}
        torch.save(state, path)
        extractor = build_extractor("inception_v3", path)
        theirs = FeatureExtractorInceptionV3(
            "inception",
            ["2048", "logits_unbiased"],
            feature_extractor_weights_path=path,
        )
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (batch_size, 3, 32, 32), dtype=np.uint8)
    with torch.no_grad():
        ours_seconds, theirs_seconds = alternating(
            [lambda: extractor(images), lambda: theirs(torch.from_numpy(images))],
            repeats,
        )
        expected = theirs(torch.from_numpy(images))[0].numpy()
    error = np.abs(extractor(images)[0] - expected).max() / np.abs(expected).max()
    ours, fidelity = map(statistics.median, (ours_seconds, theirs_seconds))
    return {
        "bench": "features",
        "batch_size": batch_size,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "images_per_second": round(batch_size / ours, 3),
        "torch_fidelity_images_per_second": round(batch_size / fidelity, 3),
        "ratio": round(fidelity / ours, 3),
        "relative_error": float(error),
    }


def bench_frechet(num_samples: int, repeats: int) -> Dict[str, Any]:
    """Distance of two Gaussians of NUM_FEATURES dimensions, fitted to num_samples each."""
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((NUM_FEATURES, NUM_FEATURES)) / NUM_FEATURES**0.5
    moments = []
    for shift in (0.0, 0.1):
        x = rng.standard_normal((num_samples, NUM_FEATURES)) @ mixing + shift
        moments += [x.mean(axis=0), np.cov(x.T)]
    mu1, cov1, mu2, cov2 = moments

    def by_sqrtm() -> float:
        root = scipy.linalg.sqrtm(cov1 @ cov2)
        return float(
            np.sum((mu1 - mu2) ** 2) + np.trace(cov1 + cov2 - 2.0 * np.real(root))
        )

    ours_seconds, theirs_seconds = alternating(
        [lambda: frechet_distance(*moments), by_sqrtm], repeats
    )
    ours, sqrtm = map(statistics.median, (ours_seconds, theirs_seconds))
    distance = frechet_distance(*moments)
    return {
        "bench": "frechet",
        "num_samples": num_samples,
        "num_features": NUM_FEATURES,
        "seconds": round(ours, 3),
        "sqrtm_seconds": round(sqrtm, 3),
        "ratio": round(sqrtm / ours, 2),
        "relative_difference": abs(by_sqrtm() - distance) / distance,
    }


_MOMENTS = """
import sys
import numpy as np
from ppsci_ext.metric import FeatureStatistics

def megabytes(name):
    with open("/proc/self/status") as file:
        return int(dict(line.split(":", 1) for line in file)[name].split()[0]) / 1024

num_samples, num_features, batch_size = map(int, sys.argv[1:])
batch = np.random.default_rng(0).standard_normal((batch_size, num_features), "float32")
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # forgets the peak of what came before
before = megabytes("VmRSS")
statistics = FeatureStatistics(num_features)
for start in range(0, num_samples, batch_size):
    statistics.update(batch[: num_samples - start])
statistics.mean, statistics.cov
print(megabytes("VmHWM") - before)
"""


def bench_moments(num_samples: int, batch_size: int) -> Dict[str, Any]:
    """Peak memory in a process of its own, and the time in this one."""
    sizes = [num_samples, NUM_FEATURES, batch_size]
    environment = {**os.environ, "PYTHONPATH": workers.ROOT}
    done = subprocess.run(
        [sys.executable, "-c", _MOMENTS, *map(str, sizes)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    batch = np.random.default_rng(0).standard_normal(
        (batch_size, NUM_FEATURES), "float32"
    )
    found = FeatureStatistics(NUM_FEATURES)
    start = time.perf_counter()
    for first in range(0, num_samples, batch_size):
        found.update(batch[: num_samples - first])
    found.cov
    return {
        "bench": "moments",
        "num_samples": num_samples,
        "num_features": NUM_FEATURES,
        "batch_size": batch_size,
        "peak_megabytes": round(float(done.stdout.split()[-1]), 1),
        "seconds": round(time.perf_counter() - start, 2),
    }


def feature_sets(num_samples: int) -> List[np.ndarray]:
    """Real and generated ones, not negative and of fewer dimensions than numbers."""
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((64, NUM_FEATURES), "float32")
    sets = []
    for shift in (0.0, 0.1):
        x = rng.standard_normal((num_samples, NUM_FEATURES), "float32")
        x += rng.standard_normal((num_samples, 64), "float32") @ mixing
        x += np.float32(shift)
        sets.append(np.maximum(x, 0, out=x))
    return sets


def bench_precision_recall(num_samples: int) -> Dict[str, Any]:
    """Both implementations on the same features, once each."""
    from tests.helpers.torch_env import import_torch_fidelity

    import_torch_fidelity()
    import torch
    from torch_fidelity import metric_prc

    torch.set_num_threads(int(os.environ["MKL_NUM_THREADS"]))
    real, generated = feature_sets(num_samples)

    def by_fidelity() -> Tuple[float, float]:
        found = metric_prc.prc_features_to_metric(
            torch.from_numpy(generated),
            torch.from_numpy(real),
            save_cpu_ram=True,
            verbose=False,
        )
        return found["precision"], found["recall"]

    ours = measured(lambda: precision_recall(real, generated))
    theirs = measured(by_fidelity)
    return {
        "bench": "precision_recall",
        "num_samples": num_samples,
        "num_features": NUM_FEATURES,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        **ours,
        **{f"torch_fidelity_{name}": value for name, value in theirs.items()},
        "cpu_ratio": round(theirs["cpu_seconds"] / ours["cpu_seconds"], 2),
    }


def measured(function: Callable[[], Any]) -> Dict[str, Any]:
    """Its result, its time, and its peak of memory above what was in use before."""
    ctypes.CDLL(None).malloc_trim(
        0
    )  # gives back what was freed, which would be used again
    with open("/proc/self/clear_refs", "w", encoding="utf-8") as file:
        file.write("5")  # forgets the peak of what came before
    before = workers.megabytes("VmRSS")
    start, cpu_start = time.perf_counter(), time.process_time()
    result = function()
    return {
        "result": result,
        "seconds": round(time.perf_counter() - start, 2),
        "cpu_seconds": round(time.process_time() - cpu_start, 2),
        "peak_megabytes": round(workers.megabytes("VmHWM") - before, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=BENCHES)
    parser.add_argument(
        "--samples", type=int, default=50000, help="of precision_recall"
    )
    parser.add_argument("--batch-size", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--output", help="file to write the lines into, too")
    args = parser.parse_args()
    benches = {
        "features": [
            lambda size=size: bench_features(size, args.repeats)
            for size in args.batch_size
        ],
        "frechet": [
            lambda count=count: bench_frechet(count, 3) for count in (10000, 1000)
        ],
        "moments": [lambda size=size: bench_moments(50000, size) for size in (50, 500)],
        "precision_recall": [lambda: bench_precision_recall(args.samples)],
    }
    chosen = [name for name in benches if args.only in (None, name)]
    report((call() for name in chosen for call in benches[name]), args.output)


if __name__ == "__main__":
    main()
