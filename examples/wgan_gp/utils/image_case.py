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

"""What the image cases share: data, pictures, evaluation. Only their networks differ."""

from __future__ import annotations

from os import path as osp
from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import Optional

import numpy as np
import paddle
import paddle.distributed as dist
from omegaconf import DictConfig

from ppsci_ext.data import BatchStream
from ppsci_ext.data import ImageDataset
from ppsci_ext.data import SequentialBatches
from ppsci_ext.data import ToFloat
from ppsci_ext.data import load_images
from ppsci_ext.data import to_uint8
from ppsci_ext.metric import FeatureExtractor
from ppsci_ext.metric import FeatureSet
from ppsci_ext.metric import build_extractor
from ppsci_ext.metric import read_statistics
from ppsci_ext.metric import reference_features
from ppsci_ext.solver import parallel
from ppsci_ext.utils import UserError
from wgan_gp.utils import experiment
from wgan_gp.utils import visualization
from wgan_gp.utils.metrics import image_metrics


def load_split(cfg: DictConfig, split: str) -> Optional[ImageDataset]:
    """Images of one split, checked against MODEL.image_shape and MODEL.num_classes.

    Args:
        cfg (DictConfig): Configuration of a case.
        split (str): "train" or "test".

    Returns:
        Optional[ImageDataset]: None for the test split of own data without one.

    Raises:
        UserError: If the data are missing, damaged or don't fit the networks.
    """
    source = (cfg.DATA.name, cfg.DATA.root, split, cfg.DATA.download)
    if cfg.DATA.download and dist.get_world_size() > 1:  # into one file
        parallel.on_first(lambda: bool(load_images(*source)))
    data = load_images(*source)
    if data is None:
        return None
    found, expected = (
        str(list(shape)).replace(" ", "")
        for shape in (data.image_shape, cfg.MODEL.image_shape)
    )
    if found != expected:
        raise UserError(
            f"The images of {cfg.DATA.root} are {found} (channels, height, width), but "
            f"MODEL.image_shape is {expected}: set MODEL.image_shape={found}."
        )
    if cfg.MODEL.conditional and data.num_classes != cfg.MODEL.num_classes:
        raise UserError(
            f"The images of {cfg.DATA.root} have {data.num_classes} classes, but "
            f"MODEL.num_classes is {cfg.MODEL.num_classes}: set it to that number, or "
            "MODEL.conditional=false."
        )
    return data


def build_transform(cfg: DictConfig) -> ToFloat:
    """Pixels to the floats that the networks see."""
    low, high = cfg.DATA.range
    return ToFloat(low, high, cfg.DATA.levels, cfg.DATA.dequantize)


def build_stream(cfg: DictConfig, data: ImageDataset) -> BatchStream:
    """The one endless source of real batches."""
    return BatchStream(data, cfg.TRAIN.batch_size, cfg.seed, build_transform(cfg))


def build_validation(cfg: DictConfig) -> Optional[SequentialBatches]:
    """Held-out batches, None where there is no test split."""
    held_out = load_split(cfg, "test")
    if held_out is None:
        return None
    return SequentialBatches(
        held_out,
        cfg.TRAIN.batch_size,
        build_transform(cfg),
        cfg.TRAIN.validation_size,
    )


def pixels(cfg: DictConfig, images: np.ndarray) -> np.ndarray:
    """Images in uint8, whether they come from a generator, a float or a uint8 data set."""
    if images.dtype == np.uint8:
        return images
    return to_uint8(images, *cfg.DATA.range)


def hooks(cfg: DictConfig, gan: Any, data: ImageDataset) -> Dict[str, Any]:
    """What the solver does beside training: held-out loss, scores, pictures.

    Args:
        cfg (DictConfig): Configuration of a case.
        gan (Any): Networks that are trained.
        data (ImageDataset): Training images.
    """
    evaluator = None
    if cfg.TRAIN.eval_during_train:
        scale: List[Any] = []  # only where it is evaluated: in the first process

        def prepare() -> None:
            extractor = _build_extractor(cfg)
            scale.extend([_reference(cfg, extractor, data), extractor])

        parallel.on_first(prepare)
        evaluator = lambda: _score(cfg, gan, *scale)  # noqa: E731
    return {
        "validation": build_validation(cfg),
        "evaluator": evaluator,
        "reporter": experiment.reporter(
            _fixed_sampler(cfg, gan), lambda path: _draw_real(cfg, data, path)
        ),
    }


def evaluate(cfg: DictConfig, case: str, gan: Any) -> None:
    """Score the generator's weights against the training images and write eval.json.

    Args:
        cfg (DictConfig): Configuration of a case.
        case (str): Name of the case.
        gan (Any): Networks of the configuration.
    """
    extractor = _build_extractor(cfg)
    weights = experiment.load_generator(cfg, gan.generator)
    reference = _reference(cfg, extractor)
    metrics = _score(cfg, gan, reference, extractor)
    experiment.write_eval(cfg, case, weights, metrics, extractor)


def infer(cfg: DictConfig) -> None:
    """Draw samples from the exported generator into samples.npz and samples.png."""
    num_classes = cfg.MODEL.num_classes if cfg.MODEL.conditional else 0
    arrays = experiment.sample_exported(cfg, num_classes)
    shown = pixels(cfg, arrays["samples"][: _grid_size(cfg)])
    visualization.save_image_grid(
        shown, osp.join(cfg.output_dir, "samples.png"), _columns(num_classes, shown)
    )
    experiment.write_samples(cfg, arrays)


def _build_extractor(cfg: DictConfig) -> FeatureExtractor:
    chosen = cfg.EVAL.extractor
    return build_extractor(chosen.name, chosen.weights, cfg.EVAL.cache_dir)


def _reference(
    cfg: DictConfig, extractor: FeatureExtractor, data: Optional[ImageDataset] = None
) -> FeatureSet:
    """Statistics that the user gave, else of the training images.

    Args:
        cfg (DictConfig): Configuration of a case.
        extractor (FeatureExtractor): Network whose features they are.
        data (Optional[ImageDataset]): Training images, where they are at hand already.
    """
    if cfg.EVAL.reference is not None:
        return read_statistics(cfg.EVAL.reference, extractor)
    data = data or load_split(cfg, "train")
    images = pixels(cfg, data.images)
    return reference_features(images, extractor, "train", cfg.EVAL.cache_dir)[0]


def _score(
    cfg: DictConfig, gan: Any, reference: FeatureSet, extractor: FeatureExtractor
) -> Dict[str, Any]:
    return image_metrics(
        lambda n: pixels(cfg, gan.generate(n, batch_size=cfg.EVAL.batch_size)),
        cfg.EVAL.num_samples,
        cfg.EVAL.batch_size,
        reference,
        extractor,
        cfg.seed,
    )


def _draw_real(cfg: DictConfig, data: ImageDataset, path: str) -> None:
    """The first images of the data set, as many as a grid of samples has."""
    shown = data.images[: _grid_size(cfg)]
    visualization.save_image_grid(pixels(cfg, shown), path)


def _fixed_sampler(cfg: DictConfig, gan: Any) -> Callable[[str], None]:
    """Draws the samples of noise that stays the same for the whole run.

    With classes, each column of the grid shows one (up to ten of them).

    Args:
        cfg (DictConfig): Configuration of a case.
        gan (Any): Generator and prior.
    """
    rng = np.random.default_rng(cfg.seed)
    shape = (_grid_size(cfg), gan.latent_dim)
    noise = paddle.to_tensor(rng.standard_normal(shape, dtype=np.float32))
    inputs = [noise]
    if gan.num_classes:
        inputs.append(paddle.arange(shape[0]) % gan.num_classes)

    @paddle.no_grad()
    def draw(path: str) -> None:
        images = gan.generator(*inputs).numpy()
        visualization.save_image_grid(
            pixels(cfg, images), path, _columns(gan.num_classes, images)
        )

    return draw


def _grid_size(cfg: DictConfig) -> int:
    """128 images as in gan_mnist.py, or ten rows with a column for each class."""
    return 10 * cfg.MODEL.num_classes if cfg.MODEL.conditional else 128


def _columns(num_classes: int, images: np.ndarray) -> Optional[int]:
    """A column for each class, where the images are that many or more."""
    return num_classes if 0 < num_classes <= len(images) else None
