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


"""What the cases of images share: data, pictures, scores. Only their networks differ."""

from __future__ import annotations

import dataclasses
from typing import Annotated
from typing import Callable
from typing import List
from typing import Literal
from typing import Optional
from typing import Union

import numpy as np
import paddle.distributed as dist
from omegaconf import DictConfig
from omegaconf import OmegaConf
from pydantic import AfterValidator
from pydantic import Field
from pydantic import model_validator
from wgan_gp.models.base_gan import BaseGAN
from wgan_gp.models.build import choose_convolution
from wgan_gp.utils import visualization
from wgan_gp.utils.experiment import Experiment
from wgan_gp.utils.experiment import Metrics
from wgan_gp.utils.metrics import Batch
from wgan_gp.utils.metrics import image_metrics
from wgan_gp.utils.schema import CaseConfig
from wgan_gp.utils.schema import EvalConfig
from wgan_gp.utils.schema import Group
from wgan_gp.utils.schema import TrainConfig

from ppsci.utils import logger
from ppsci_ext.data import IMAGE_DATA
from ppsci_ext.data import ImageDataset
from ppsci_ext.data import ImageReading
from ppsci_ext.data import ToFloat
from ppsci_ext.data import load_images
from ppsci_ext.data import to_uint8
from ppsci_ext.metric import FeatureExtractor
from ppsci_ext.metric import FeatureSet
from ppsci_ext.metric import build_extractor
from ppsci_ext.metric import extractor_names
from ppsci_ext.metric import read_statistics
from ppsci_ext.metric import reference_features
from ppsci_ext.solver import parallel
from ppsci_ext.utils import UserError
from ppsci_ext.utils.values import Count
from ppsci_ext.utils.values import Text
from ppsci_ext.utils.values import Width

# what the configuration may hold

Side = Annotated[int, Field(ge=1, le=2**12)]
Grey = Annotated[float, Field(ge=0, le=255)]


def _low_below_high(limits: List[float]) -> List[float]:
    low, high = np.float32(limits)
    if not low < high:
        raise ValueError("the first number should be below the second")
    return limits


class ImageDataConfig(Group):
    name: Literal[tuple(IMAGE_DATA)]
    root: Text
    download: bool
    num_samples: Optional[Count]
    range: Annotated[
        List[Annotated[float, Field(ge=-1e6, le=1e6)]],
        Field(min_length=2, max_length=2),
        AfterValidator(_low_below_high),
    ]
    levels: Annotated[int, Field(ge=255, le=256)]
    dequantize: bool
    resize: Optional[Annotated[List[Side], Field(min_length=2, max_length=2)]]
    crop: Literal["none", "center"]
    channels: Optional[Annotated[int, Field(ge=1, le=2**10)]]
    background: Union[
        None, Grey, Annotated[List[Grey], Field(min_length=3, max_length=3)]
    ]
    relabel: bool


class ImageModelConfig(Group):
    image_shape: Annotated[List[Side], Field(min_length=3, max_length=3)]
    dim: Width
    latent_dim: Width
    generator_batch_norm: bool
    critic_norm: Literal["none", "layer", "batch"]
    convolution: Literal["auto", "onednn", "paddle"]


class ImageTrainConfig(TrainConfig):
    validation_size: Optional[Count]


class ExtractorConfig(Group):
    name: Literal[extractor_names()]
    weights: Optional[Text]


class ImageEvalConfig(EvalConfig):
    # ten splits of the Inception score
    num_samples: Annotated[int, Field(ge=10, le=10**6)]
    precision: Literal["fp32", "fp64"]
    extractor: ExtractorConfig
    reference: Optional[Text]
    cache_dir: Optional[Text]


class ImageConfig(CaseConfig):
    DATA: ImageDataConfig
    MODEL: ImageModelConfig
    TRAIN: ImageTrainConfig
    EVAL: ImageEvalConfig

    beside_the_course = (
        *CaseConfig.beside_the_course,
        "DATA.root",  # the data themselves are compared
        "DATA.download",
        "TRAIN.validation_size",
    )

    @model_validator(mode="after")
    def own_data_are_not_downloaded(self):
        if self.DATA.download and not IMAGE_DATA[self.DATA.name].downloadable:
            raise ValueError(
                f"DATA.download=true is refused: DATA.name={self.DATA.name} stands for your own "
                "data; put them at DATA.root"
            )
        return self


# the experiment


class ImageExperiment(Experiment):
    """Images of one size, of classes or not, scored through a classifier."""

    drawn_scores = ("IS_mean", "FID", "precision", "recall", "class_accuracy")

    def __init__(self, cfg: DictConfig):
        super().__init__(cfg)
        self._train_data: Optional[ImageDataset] = None
        self._extractor: Optional[FeatureExtractor] = None
        self._reference: Optional[FeatureSet] = None

    def build_gan(self) -> BaseGAN:
        """The same, with the convolutions that MODEL.convolution names, in EVAL.precision."""
        gan = super().build_gan()
        choose_convolution(self.cfg.MODEL.convolution, gan.generator, gan.critic)
        if self.cfg.mode == "eval" and self.cfg.EVAL.precision == "fp64":
            gan.generator.to(dtype="float64")
            if isinstance(self.extractor, FeatureExtractor):  # not one of your own
                self.extractor.to_float64()
        return gan

    def load_data(self, split: str) -> Optional[ImageDataset]:
        """Images of one split, checked against MODEL.image_shape and the number of classes.

        Args:
            split (str): "train" or "test".

        Returns:
            Optional[ImageDataset]: None for the test split of own data without one.

        Raises:
            UserError: If the data are missing, damaged or don't fit the networks.
        """
        if split == "train" and self._train_data is not None:
            return self._train_data
        data, few = self._read(split), self.cfg.DATA.num_samples
        if data is not None:
            self._check(data)
            data = data if few is None or split == "test" else data.some(few)
        if split == "train":
            self._train_data = data
            if data.class_names is not None:  # into the run's log, too
                names = enumerate(data.class_names)
                told = ", ".join(f"{number} is {name}" for number, name in names)
                logger.info(f"Classes of {self.cfg.DATA.root}: {told}.")
        return data

    def _read(self, split: str) -> Optional[ImageDataset]:
        keys = OmegaConf.to_container(self.cfg.DATA, resolve=True)
        options = [field.name for field in dataclasses.fields(ImageReading)]
        reading = ImageReading(**{name: keys[name] for name in options})
        source = (keys["name"], keys["root"], split, keys["download"], reading)
        if keys["download"] and dist.get_world_size() > 1:  # into one file
            parallel.on_first(lambda: bool(load_images(*source)))
        return load_images(*source)

    def _check(self, data: ImageDataset) -> None:
        root = self.cfg.DATA.root
        found, expected = (
            str(list(shape)).replace(" ", "")
            for shape in (data.image_shape, self.cfg.MODEL.image_shape)
        )
        if found != expected:
            raise UserError(
                f"The images of {root} are {found} (channels, height, width), but "
                f"MODEL.image_shape is {expected}: set MODEL.image_shape={found}, or have them "
                "scaled by DATA.resize and DATA.channels."
            )
        if self.num_classes and data.num_classes != self.num_classes:
            raise UserError(
                f"The images of {root} have {data.num_classes} classes, but MODEL.num_classes "
                f"is {self.num_classes}: set it to that number, or MODEL.conditional=false."
            )

    def transform(self) -> ToFloat:
        """Pixels to the floats that the networks see."""
        data = self.cfg.DATA
        return ToFloat(*data.range, data.levels, data.dequantize)

    # scores

    @property
    def extractor(self) -> FeatureExtractor:
        """Network in whose space of features images are scored, made when it is needed."""
        if self._extractor is None:
            chosen = self.cfg.EVAL.extractor
            self._extractor = build_extractor(
                chosen.name, chosen.weights, self.cfg.EVAL.cache_dir
            )
        return self._extractor

    def score(self, gan: BaseGAN) -> Metrics:
        """Inception score, FID, KID, precision and recall; of classes, their accuracy."""
        evaluation = self.cfg.EVAL
        return image_metrics(
            self._generate(gan),
            evaluation.num_samples,
            evaluation.batch_size,
            self.reference(),
            self.extractor,
            self.cfg.seed,
        )

    def _generate(self, gan: BaseGAN) -> Callable[[int], Batch]:
        """Images; with their classes, where the extractor was trained on the same ones."""
        batch_size = self.cfg.EVAL.batch_size
        knows_classes = self.extractor.data_set == self.cfg.DATA.name

        def generate(count: int) -> Batch:
            if not (self.num_classes and knows_classes):
                return self.pixels(gan.generate(count, batch_size=batch_size))
            labels = gan.sample_labels(count).numpy()
            return self.pixels(gan.generate(count, labels, batch_size)), labels

        return generate

    def reference(self) -> FeatureSet:
        """Statistics that the user gave, else of the training images."""
        given, cache = self.cfg.EVAL.reference, self.cfg.EVAL.cache_dir
        if self._reference is None and given is not None:
            self._reference = read_statistics(given, self.extractor)
        if self._reference is None:
            images = self.pixels(self.load_data("train").images)
            self._reference, _ = reference_features(
                images, self.extractor, "train", cache
            )
        return self._reference

    def pixels(self, images: np.ndarray) -> np.ndarray:
        """Images in uint8, whether they come from a generator, a float or a uint8 data set."""
        if images.dtype == np.uint8:
            return images
        return to_uint8(images, *self.cfg.DATA.range)

    # pictures

    @property
    def pictured(self) -> int:
        """128 images as in gan_mnist.py, or ten rows with a column for each class."""
        return 10 * self.num_classes if self.num_classes else 128

    def draw_samples(self, samples: np.ndarray, path: str) -> None:
        """A grid; of classes, each column shows one."""
        shown = self.pixels(samples[: self.pictured])
        columns = self.num_classes if 0 < self.num_classes <= len(shown) else None
        visualization.save_image_grid(shown, path, columns)

    def draw_real(self, path: str) -> None:
        """The first images; of classes, the first of each in a column of its own."""
        data = self.load_data("train")
        chosen = np.arange(min(self.pictured, len(data)))
        if self.num_classes:
            rows = min(10, np.bincount(data.labels).min())
            columns = [
                np.flatnonzero(data.labels == each)[:rows]
                for each in range(self.num_classes)
            ]
            chosen = np.stack(columns, axis=1).ravel()
        self.draw_samples(data.images[chosen], path)
