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

"""Re-make Figure 1 of the paper: what weight clipping does to a critic, and the penalty doesn't.

    python -m tools.figure1 docs/results/figure1 --runs outputs_figure1

trains ten critics (see `runs`) and writes surfaces.png (figure 1a), layers.png (figure 1b) and
figure1.json. Started again after a kill, it goes on where it was; finished runs are not repeated.
"""

from __future__ import annotations

import argparse
import json
import os
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import Optional
from typing import Tuple

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np
import paddle

from ppsci.utils import logger
from ppsci_ext.data import TOY_NAMES
from ppsci_ext.data import toy_distribution
from ppsci_ext.utils.files import write_atomically
from tools.figure1 import analysis
from tools.figure1 import drawing
from tools.figure1 import runs

LIMIT = 2.3  # the Swiss roll reaches to 2
GRID = 160  # points along a side
COMPARED_POINTS = 2000  # real and generated ones each, for distances
PICTURED_POINTS = 512
SURFACE_CLIPPING = 0.01  # gan_toy.py's
DEEP_CLIPPING = (0.1, 0.01, 0.001)
TITLES = {
    "8gaussians": "8 Gaussians",
    "25gaussians": "25 Gaussians",
    "swissroll": "Swiss roll",
}


def parse(arguments: Optional[List[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", help="folder for the pictures and figure1.json")
    parser.add_argument("--runs", default="outputs_figure1", help="folder for the runs")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--surface-dim", type=int, default=256, help="width, part a")
    parser.add_argument(
        "--surface-iterations", type=int, default=1000, help="of 5 critic steps"
    )
    parser.add_argument("--deep-dim", type=int, default=512, help="width, part b")
    parser.add_argument(
        "--deep-iterations", type=int, default=80, help="of 5 critic steps"
    )
    return parser.parse_args(arguments)


def described(run: runs.Run, trained: runs.Trained) -> Dict[str, Any]:
    """What was trained and how its weights lie, for figure1.json."""
    cfg = trained.cfg
    weights = analysis.weights_of(trained.gan.critic)
    shares = None
    if run.limit is not None:
        shares = {
            "initially, clipped once": analysis.share_at_limit(
                trained.initial_weights, run.limit
            ),
            "trained": analysis.share_at_limit(weights, run.limit),
        }
    return {
        "distribution": run.distribution,
        "constraint": "gradient penalty" if run.limit is None else "weight clipping",
        "limit": run.limit,
        "lambda": cfg.GAN.lambda_gp if run.limit is None else None,
        "hidden_layers": run.hidden_layers,
        "width": cfg.MODEL.dim,
        "batch_size": cfg.TRAIN.batch_size,
        "iterations": cfg.TRAIN.epochs * cfg.TRAIN.iters_per_epoch,
        "critic_steps_per_iteration": cfg.GAN.n_critic,
        "optimizer": cfg.TRAIN.optimizer,
        "learning_rate": cfg.TRAIN.critic_lr,
        "learning_rate_decays": cfg.TRAIN.lr_decay,
        "seed": cfg.seed,
        "seconds": [r["seconds"] for r in trained.records if "seconds" in r][-1],
        "largest_weight": float(np.abs(weights).max()),
        "share_of_weights_at_limit": shares,
    }


# part a: value surfaces


class Comparison:
    """Real points, the same with noise, and the optimal critic between them.

    Args:
        name (str): Toy distribution.
        seed (int): Seed of the points.
    """

    def __init__(self, name: str, seed: int):
        rng = np.random.default_rng(seed)
        self.name = name
        self.distribution = toy_distribution(name)
        sample = lambda: self.distribution.sample(COMPARED_POINTS, rng)
        noisy = lambda: sample() + rng.standard_normal((COMPARED_POINTS, 2))
        self.optimum, self.distance = analysis.optimal_critic(sample(), noisy())
        self.real, self.fake = sample(), noisy().astype("float32")
        self.pictured = self.real[:PICTURED_POINTS]
        self.plane = analysis.plane(LIMIT, GRID)

    def optimal_panel(self) -> drawing.Surface:
        """Surface of the optimal critic."""
        values = self.optimum(self.plane).reshape(GRID, GRID)
        return drawing.Surface(f"$W_1$ = {self.distance:.2f}", values, self.pictured)

    def judge(self, gan: Any) -> Tuple[Dict[str, Any], drawing.Surface]:
        """Figures and surface of a trained critic.

        Its slope divided out, a critic's E[D(real)] - E[D(fake)] is a lower bound of W1; the
        share of W1 that it reaches tells how good the critic is, whatever its scale.
        """
        values, slopes = analysis.values_and_slopes(gan, self.plane)
        real, _ = analysis.values_and_slopes(gan, self.real)
        fake, _ = analysis.values_and_slopes(gan, self.fake)
        wasserstein = real.mean() - fake.mean()
        optimal = self.optimum(np.concatenate([self.real, self.fake]))
        correlation = np.corrcoef(np.concatenate([real, fake]), optimal)[0, 1]
        surface = values.reshape(GRID, GRID)
        found = self.plane[analysis.peaks(surface).ravel()]
        figures: Dict[str, Any] = {
            "W1": self.distance,
            "wasserstein": wasserstein,
            "largest_slope": slopes.max(),
            "mean_slope": slopes.mean(),
            "share_of_W1": wasserstein / slopes.max() / self.distance,
            "correlation_with_optimum": correlation,
            "peaks": len(found),
        }
        title = f"{100 * figures['share_of_W1']:.0f} % of $W_1$"
        centers = self.distribution.centers
        if centers is not None:
            figures["modes"] = len(centers)
            figures["modes_on_peaks"] = analysis.modes_on_peaks(found, centers)
            title += f", {figures['modes_on_peaks']} of {len(centers)} modes are peaks"
        return figures, drawing.Surface(title, surface, self.pictured)


def surfaces(
    args: argparse.Namespace,
) -> Tuple[List[Dict[str, Any]], Dict[str, np.ndarray]]:
    """Train and draw part a; its results, and the weights of the Swiss roll's critics."""
    rows: Dict[str, List[drawing.Surface]] = {
        f"Weight clipping, c = {SURFACE_CLIPPING:g}": [],
        "Gradient penalty": [],
        "Optimal critic": [],
    }
    results, weights = [], {}
    for name in TOY_NAMES:
        comparison = Comparison(name, args.seed)
        for label, limit in zip(rows, (SURFACE_CLIPPING, None)):
            run = runs.surface_run(
                name, limit, args.surface_dim, args.surface_iterations
            )
            trained = runs.train(run, args.runs, args.seed)
            figures, panel = comparison.judge(trained.gan)
            results.append({**described(run, trained), **figures})
            rows[label].append(panel)
            if name == "swissroll":
                weights[label] = analysis.weights_of(trained.gan.critic)
        rows["Optimal critic"].append(comparison.optimal_panel())
    for panels in rows.values():
        panels[:] = [
            panel._replace(title=f"{TITLES[name]}\n{panel.title}")
            for name, panel in zip(TOY_NAMES, panels)
        ]
    drawing.save_surfaces(rows, LIMIT, osp.join(args.output, "surfaces.png"))
    return results, weights


# part b: layers


def layers(
    args: argparse.Namespace, weights: Dict[str, np.ndarray]
) -> List[Dict[str, Any]]:
    """Train and draw part b, with histograms of the given weights; its results."""
    results, norms = [], {}
    for limit in (*DEEP_CLIPPING, None):
        run = runs.deep_run(limit, args.deep_dim, args.deep_iterations)
        trained = runs.train(run, args.runs, args.seed)
        mean, iterations = late_norms(trained.records)
        label = "gradient penalty" if limit is None else f"clipping, c = {limit:g}"
        norms[label] = mean
        results.append(
            {
                **described(run, trained),
                "averaged_iterations": iterations,
                "gradient_norms": mean.tolist(),
                "first_over_last": mean[0] / mean[-1],
                "factor_per_layer": analysis.factor_per_layer(mean),
            }
        )
    path = osp.join(args.output, "layers.png")
    drawing.save_layers(norms, weights, path)
    return results


def late_norms(records: List[Dict[str, Any]]) -> Tuple[np.ndarray, List[int]]:
    """Geometric mean of the gradient norms over the second half of the training.

    Args:
        records (List[Dict[str, Any]]): Lines of metrics.jsonl.

    Returns:
        Tuple[np.ndarray, List[int]]: Norm of each layer, first to last, and the first and last
            iteration of the mean.
    """
    looks = [record for record in records if "eval" in record]
    looks = looks[len(looks) // 2 :]
    norms = np.array([list(look["eval"].values()) for look in looks])
    with np.errstate(divide="ignore"):  # a gradient below the smallest float32 is zero
        mean = np.exp(np.log(norms).mean(axis=0))
    return mean, [looks[0]["iteration"], looks[-1]["iteration"]]


def main(arguments: Optional[List[str]] = None) -> None:
    args = parse(arguments)
    logger.init_logger("ppsci", None, "info")
    os.makedirs(args.output, exist_ok=True)
    surface_results, weights = surfaces(args)
    results = {
        "paddle": paddle.__version__,
        "surfaces": surface_results,
        "layers": layers(args, weights),
    }
    path = osp.join(args.output, "figure1.json")
    write_atomically(path, f"{json.dumps(results, indent=2)}\n".encode())
    logger.message(f"Written: {path}, surfaces.png and layers.png beside it")


if __name__ == "__main__":
    main()
