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

"""What the cases share: modes, weights, files of a run, export and inference."""

from __future__ import annotations

import json
import logging
import os
from os import path as osp
from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import Mapping
from typing import Optional
from typing import Union

import numpy as np
import paddle
import paddle.distributed as dist
from omegaconf import DictConfig
from paddle import inference
from paddle import nn
from ppsci.utils import logger
from rich.console import Console
from rich.table import Table

from ppsci_ext.metric import FeatureExtractor
from ppsci_ext.solver import AdversarialSolver
from ppsci_ext.solver import parallel
from ppsci_ext.utils import UserError
from ppsci_ext.utils.checkpoint import latest_checkpoint
from ppsci_ext.utils.files import open_atomically
from ppsci_ext.utils.files import write_atomically
from ppsci_ext.utils.files import writing
from ppsci_ext.utils.weights import load_paddle_weights
from wgan_gp.utils import visualization
from wgan_gp.utils.config import check_config
from wgan_gp.utils.config import fail


def run(cfg: DictConfig, modes: Mapping[str, Callable[[DictConfig], None]]) -> None:
    """Run the mode that the configuration names; a user's mistake ends in one sentence.

    The exit status is 0 when all is done, 2 after a user's mistake or a fault of the disk, 3
    after a training that diverged, 130 and 143 after SIGINT and SIGTERM.

    Args:
        cfg (DictConfig): Configuration of a case.
        modes (Mapping[str, Callable[[DictConfig], None]]): Function of each mode.
    """
    if cfg.mode not in modes:
        raise ValueError(f"cfg.mode should be in {list(modes)}, but got '{cfg.mode}'")
    # a log on a full disk must not bury the sentence that says so under tracebacks
    logging.raiseExceptions = False
    try:
        check_config(cfg)  # again: Hydra's flags (-m) make configurations of their own
        _meet_others(cfg)
        modes[cfg.mode](cfg)
    except UserError as error:
        fail(error)


def _meet_others(cfg: DictConfig) -> None:
    processes = dist.get_world_size()
    if processes > 1 and cfg.mode != "train":
        raise UserError(
            f"mode={cfg.mode} is the work of one process, not of {processes}: run it without "
            "paddle.distributed.launch."
        )
    parallel.start()


def reporter(
    draw_samples: Callable[[str], None], draw_real: Callable[[str], None]
) -> Callable[[AdversarialSolver], None]:
    """After each epoch: samples/iter_<iteration>.png and curves.png; samples/real.png once.

    Args:
        draw_samples (Callable[[str], None]): Draws samples of the generator as it is into a file.
        draw_real (Callable[[str], None]): Draws real samples into a file.
    """

    def report(solver: AdversarialSolver) -> None:
        folder = osp.join(solver.output_dir, "samples")
        samples = osp.join(folder, f"iter_{solver.iteration:08d}.png")
        real = osp.join(folder, "real.png")
        curves = osp.join(solver.output_dir, "curves.png")
        if not osp.exists(real):
            with writing(real):
                draw_real(real)
        with writing(samples):
            draw_samples(samples)
        penalty = solver.cfg.GAN
        target = penalty.penalty_target if penalty.penalty != "zero_centred" else 0.0
        with writing(curves):
            visualization.save_curves(solver.metrics_log.records, curves, target)
        logger.info(f"Pictures: {samples}, {curves}")

    return report


# weights


def load_generator(cfg: DictConfig, generator: nn.Layer) -> str:
    """Load the weights that the user gave, else those of the run in output_dir.

    The user gives EVAL.pretrained_model_path (in mode eval) or INFER.pretrained_model_path: a
    .pdparams file, with or without its ending, or its address.

    Args:
        cfg (DictConfig): Configuration of a case.
        generator (nn.Layer): Generator.

    Returns:
        str: Path of the weights.

    Raises:
        UserError: If there is no such file, or it doesn't fit.
    """
    path = _generator_weights(cfg)
    if not path.startswith(("http://", "https://")) and not osp.isfile(path):
        raise UserError(
            f"There are no weights at {path}: train first (mode=train), or give the file by "
            f"{_group(cfg)}.pretrained_model_path or the run's folder by output_dir."
        )
    return load_paddle_weights(generator, path)


def _group(cfg: DictConfig) -> str:
    return "EVAL" if cfg.mode == "eval" else "INFER"


def _generator_weights(cfg: DictConfig) -> str:
    """Path or address of the weights that the configuration means."""
    path = cfg[_group(cfg)].pretrained_model_path
    path = path or osp.join(cfg.output_dir, "generator.pdparams")
    return path if path.endswith(".pdparams") else f"{path}.pdparams"


def _iteration_of(weights: str) -> Optional[int]:
    """Iteration at which the run that wrote the weights ended, None if unknown."""
    folder = latest_checkpoint(osp.join(osp.dirname(weights), "checkpoints"))
    return None if folder is None else int(folder.rsplit("_", 1)[1])


# evaluation


def write_eval(
    cfg: DictConfig,
    case: str,
    weights: str,
    metrics: Dict[str, Any],
    extractor: Optional[FeatureExtractor] = None,
) -> None:
    """Write eval.json and print its metrics as a table.

    Args:
        cfg (DictConfig): Configuration of a case.
        case (str): Name of the case.
        weights (str): Weights file that was evaluated.
        metrics (Dict[str, Any]): Metrics by name: numbers, or lists of them.
        extractor (Optional[FeatureExtractor]): Network in whose space of features they are.
    """
    described = None
    if extractor is not None:
        described = {"name": extractor.name, "sha256": extractor.sha256}
    result = {
        "case": case,
        "iteration": _iteration_of(weights),
        "samples": cfg.EVAL.num_samples,
        "seed": cfg.seed,
        "weights": weights,
        "extractor": described,
        "metrics": metrics,
    }
    path = osp.join(cfg.output_dir, "eval.json")
    with writing(path):
        os.makedirs(cfg.output_dir, exist_ok=True)
        write_atomically(path, f"{json.dumps(result, indent=2)}\n".encode())

    title = f"{case}, iteration {result['iteration']}, {cfg.EVAL.num_samples} samples"
    if extractor is not None:
        title += f", {extractor.scores}"
    table = Table()
    twins = any(name.startswith("real_") for name in metrics)
    table.add_column("metric")
    table.add_column("generated", justify="right")
    if twins:
        table.add_column("real against real", justify="right")
    for name, value in metrics.items():
        if not name.startswith("real_"):
            row = [name, _shown(value)]
            if twins:
                twin = metrics.get(f"real_{name}")
                row.append("" if twin is None else _shown(twin))
            table.add_row(*row)
    console = Console()
    console.print(title, highlight=False)
    console.print(table)
    logger.info(f"Metrics written: {path}")


def _shown(value: Union[int, float, List[int]]) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value) if isinstance(value, int) else f"{value:.5g}"


# export and inference


def export_generator(cfg: DictConfig, generator: nn.Layer) -> None:
    """Write the trained generator as a static graph, for paddle.inference.

    Args:
        cfg (DictConfig): Configuration of a case.
        generator (nn.Layer): Generator; has latent_dim, and num_classes if it takes labels.
    """
    load_generator(cfg, generator)
    spec = [paddle.static.InputSpec([None, generator.latent_dim], "float32", "z")]
    if getattr(generator, "num_classes", 0):
        spec.append(paddle.static.InputSpec([None], "int64", "labels"))
    generator.eval()
    os.makedirs(osp.dirname(cfg.INFER.export_path) or ".", exist_ok=True)
    paddle.jit.enable_to_static(True)  # a Solver in this process has switched it off
    static = paddle.jit.to_static(generator, input_spec=spec, full_graph=True)
    paddle.jit.save(static, cfg.INFER.export_path)
    paddle.jit.enable_to_static(False)
    logger.message(f"Exported: {cfg.INFER.export_path}.json, .pdiparams")


def load_exported(cfg: DictConfig) -> inference.Predictor:
    """The exported generator, run by paddle.inference.

    Args:
        cfg (DictConfig): Configuration of a case.

    Raises:
        UserError: If nothing has been exported, or the weights have changed since.
    """
    for path in (cfg.INFER.pdmodel_path, cfg.INFER.pdiparams_path):
        if not osp.isfile(path):
            raise UserError(
                f"There is no exported generator at {path}: export it first (mode=export)."
            )
    weights = _generator_weights(cfg)
    exported = cfg.INFER.pdiparams_path
    if osp.isfile(weights) and osp.getmtime(weights) > osp.getmtime(exported):
        raise UserError(
            f"{exported} is older than {weights}: export anew (mode=export)."
        )
    config = inference.Config(cfg.INFER.pdmodel_path, cfg.INFER.pdiparams_path)
    if cfg.INFER.device == "gpu":
        config.enable_use_gpu(cfg.INFER.gpu_mem, cfg.INFER.gpu_id)
    else:
        config.disable_gpu()
        config.disable_mkldnn()  # it can't run the nearest-neighbour upsampling
        config.set_cpu_math_library_num_threads(
            int(os.environ.get("MKL_NUM_THREADS", "1"))
        )
    config.switch_ir_optim(cfg.INFER.ir_optim)
    config.disable_glog_info()
    return inference.create_predictor(config)


def sample_exported(cfg: DictConfig, num_classes: int = 0) -> Dict[str, np.ndarray]:
    """Draw INFER.num_samples samples from the exported generator.

    Args:
        cfg (DictConfig): Configuration of a case.
        num_classes (int, optional): Number of classes; 0 without labels. Defaults to 0.

    Returns:
        Dict[str, np.ndarray]: "samples" [n, ...] and, with classes, "labels" [n] (each class in
            turn).
    """
    predictor = load_exported(cfg)
    rng = np.random.default_rng(cfg.seed)
    shape = (cfg.INFER.num_samples, cfg.MODEL.latent_dim)
    inputs = {"z": rng.standard_normal(shape, dtype=np.float32)}
    if num_classes:
        inputs["labels"] = np.arange(cfg.INFER.num_samples) % num_classes
    batches = []
    for start in range(0, cfg.INFER.num_samples, cfg.INFER.batch_size):
        for name in predictor.get_input_names():
            batch = inputs[name][start : start + cfg.INFER.batch_size]
            predictor.get_input_handle(name).copy_from_cpu(batch)
        predictor.run()
        (output,) = predictor.get_output_names()
        batches.append(predictor.get_output_handle(output).copy_to_cpu())
    arrays: Dict[str, Any] = {"samples": np.concatenate(batches)}
    if num_classes:
        arrays["labels"] = inputs["labels"]
    return arrays


def write_samples(cfg: DictConfig, arrays: Dict[str, np.ndarray]) -> None:
    """Write samples.npz into output_dir.

    Args:
        cfg (DictConfig): Configuration of a case.
        arrays (Dict[str, np.ndarray]): What `sample_exported` returned.
    """
    path = osp.join(cfg.output_dir, "samples.npz")
    with writing(path):
        os.makedirs(cfg.output_dir, exist_ok=True)
        with open_atomically(path) as file:
            np.savez_compressed(file, **arrays)
    picture = osp.join(cfg.output_dir, "samples.png")
    logger.message(f"Samples written: {path}, {picture}")
