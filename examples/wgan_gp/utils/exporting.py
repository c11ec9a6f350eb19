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


"""The generator as a static graph, and samples that paddle.inference draws from it."""

from __future__ import annotations

import json
import os
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import Mapping
from typing import Tuple

import numpy as np
import paddle
from omegaconf import DictConfig
from paddle import inference
from paddle.static import InputSpec
from wgan_gp.models.base_gan import BaseGAN
from wgan_gp.models.conditions import check_labels
from wgan_gp.utils.run_weights import load_generator
from wgan_gp.utils.run_weights import weights_path

from ppsci.utils import logger
from ppsci_ext.data import as_arrays
from ppsci_ext.data.arrays import npz_arrays
from ppsci_ext.utils import UserError
from ppsci_ext.utils.files import open_atomically
from ppsci_ext.utils.files import write_atomically
from ppsci_ext.utils.files import writing
from ppsci_ext.utils.static_graph import save_static

_INPUTS = ".inputs.json"  # of an exported generator: what it takes


def input_spec(gan: BaseGAN) -> List[Any]:
    """What a generator takes: noise, and what to generate for.

    Args:
        gan (BaseGAN): GAN whose generator has a method `input_spec()` that says so, or takes
            classes, or noise alone.

    Returns:
        List[Any]: InputSpec "z"; for a conditional generator a second one, or a dict of them.
    """
    if hasattr(gan.generator, "input_spec"):
        return gan.generator.input_spec()
    spec = [InputSpec([None, *gan.latent_shape], "float32", "z")]
    if gan.num_classes:
        spec.append(InputSpec([None], "int64", "labels"))
    elif gan.conditional:
        raise UserError(
            f"The generator ({type(gan.generator).__name__}) is conditional, and doesn't say "
            "what it takes: give it a method input_spec() that returns the paddle.static."
            "InputSpec of its noise and its condition."
        )
    return spec


def export_generator(cfg: DictConfig, gan: BaseGAN) -> None:
    """Write the trained generator as a static graph, for paddle.inference.

    Args:
        cfg (DictConfig): Configuration of a case.
        gan (BaseGAN): GAN, see `input_spec`.

    Raises:
        UserError: If there are no weights, or the generator doesn't say what it takes.
    """
    spec = input_spec(gan)
    load_generator(cfg, gan.generator)
    prefix = cfg.INFER.export_path
    inputs = {
        each.name: [
            [None if size < 0 else size for size in each.shape],
            str(each.dtype).split(".")[-1],
        ]
        for each in paddle.utils.flatten(spec)
    }
    description = json.dumps({"inputs": inputs, "num_classes": gan.num_classes})
    with writing(prefix):  # first: Paddle's own error would be a traceback
        os.makedirs(osp.dirname(prefix) or ".", exist_ok=True)
        write_atomically(f"{prefix}{_INPUTS}", description.encode())
    save_static(gan.generator, spec, prefix)
    logger.message(f"Exported: {prefix}.json, .pdiparams, {_INPUTS}")


def load_exported(cfg: DictConfig) -> Tuple[inference.Predictor, Dict[str, Any]]:
    """The exported generator, run by paddle.inference, and the description of its inputs.

    Args:
        cfg (DictConfig): Configuration of a case.

    Raises:
        UserError: If nothing has been exported, or the weights have changed since.
    """
    prefix = cfg.INFER.pdmodel_path.rsplit(".json", 1)[0]
    description = f"{prefix}{_INPUTS}"
    for path in (cfg.INFER.pdmodel_path, cfg.INFER.pdiparams_path, description):
        if not osp.isfile(path):
            raise UserError(
                f"There is no exported generator at {path}: export it first (mode=export)."
            )
    weights = weights_path(cfg)
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
    with open(description, encoding="utf-8") as file:
        return inference.create_predictor(config), json.load(file)


def given_condition(cfg: DictConfig) -> Any:
    """What INFER.condition or INFER.labels asks for, None where neither does.

    Raises:
        UserError: If both are given, or the file is no .npz file of numbers.
    """
    if cfg.INFER.condition is not None and cfg.INFER.labels is not None:
        raise UserError("INFER.condition and INFER.labels are given: give one of them.")
    if cfg.INFER.labels is not None:
        return np.asarray(list(cfg.INFER.labels), np.int64)
    if cfg.INFER.condition is None:
        return None
    arrays = npz_arrays(cfg.INFER.condition)
    return arrays["condition"] if set(arrays) == {"condition"} else arrays


def sample_exported(
    cfg: DictConfig,
    noise_axes: Mapping[int, int] | None = None,
    condition: Any = None,
) -> Dict[str, np.ndarray]:
    """Draw samples from the exported generator.

    As many as INFER.condition or INFER.labels are for; else INFER.num_samples, of each class
    in turn.

    Args:
        cfg (DictConfig): Configuration of a case.
        noise_axes (Mapping[int, int] | None): Sizes of axes of the noise that the generator
            leaves open.
        condition (Any): What to generate for, as the generator takes it, where that isn't what
            INFER.condition holds.

    Returns:
        Dict[str, np.ndarray]: "samples" [n, ...], with classes "labels" [n], else the arrays of
            the condition.

    Raises:
        UserError: If the condition doesn't fit the generator.
    """
    predictor, description = load_exported(cfg)
    inputs, num_classes = dict(description["inputs"]), description["num_classes"]
    shape = inputs.pop("z")[0]
    if condition is None:
        condition = given_condition(cfg)
    condition = _named(condition, inputs)
    count = cfg.INFER.num_samples
    if condition:
        count = len(next(iter(condition.values())))
    elif num_classes:
        condition = {"labels": np.arange(count) % num_classes}
    if num_classes:
        condition = {"labels": check_labels(condition["labels"], count, num_classes)}
    _check_condition(condition, inputs, count)
    sizes = [(noise_axes or {}).get(i, n) for i, n in enumerate(shape)]
    rng = np.random.default_rng(cfg.seed)
    noise = rng.standard_normal((count, *sizes[1:]), dtype=np.float32)
    samples = run_in_batches(predictor, {"z": noise, **condition}, cfg.INFER.batch_size)
    return {"samples": samples, **condition}


def run_in_batches(
    predictor: inference.Predictor, inputs: Mapping[str, np.ndarray], batch_size: int
) -> np.ndarray:
    """The outputs of a predictor for any number of samples.

    Args:
        predictor (inference.Predictor): Predictor with one output.
        inputs (Mapping[str, np.ndarray]): Its inputs by name, [n, ...].
        batch_size (int): Samples per call.
    """
    batches = []
    for start in range(0, len(inputs["z"]), batch_size):
        for name in predictor.get_input_names():
            batch = np.ascontiguousarray(inputs[name][start : start + batch_size])
            predictor.get_input_handle(name).copy_from_cpu(batch)
        predictor.run()
        (output,) = predictor.get_output_names()
        batches.append(predictor.get_output_handle(output).copy_to_cpu())
    return np.concatenate(batches)


def _named(condition: Any, inputs: Mapping[str, Any]) -> Dict[str, np.ndarray]:
    """A condition by the names of the generator's inputs."""
    arrays = as_arrays(condition)
    if arrays is None:
        return {}
    if not inputs:
        raise UserError(
            "This generator is unconditional: leave out INFER.condition and INFER.labels."
        )
    if isinstance(arrays, dict):
        return arrays
    return {next(iter(inputs)): arrays}


def _check_condition(
    condition: Mapping[str, np.ndarray], inputs: Mapping[str, Any], count: int
) -> None:
    needed = ", ".join(f"'{name}' {shape}" for name, (shape, _) in inputs.items())
    if set(condition) != set(inputs):
        given = ", ".join(map(repr, condition)) or "nothing"
        raise UserError(
            f"This generator generates for {needed}, but {given} is given: give an .npz file "
            "with these arrays by INFER.condition."
        )
    for name, (shape, dtype) in inputs.items():
        array = condition[name]
        fits = array.ndim == len(shape) and all(
            wanted in (None, size) for wanted, size in zip(shape, array.shape)
        )
        if not fits or str(array.dtype) != dtype:
            raise UserError(
                f"The condition '{name}' is {array.dtype} of shape {list(array.shape)}, but "
                f"the generator takes {dtype} of shape {shape}."
            )


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
    logger.message(f"Samples written: {path}")
