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

"""Lines of text, character by character: the language model of the authors' gan_language.py."""

from __future__ import annotations

import functools
from os import path as osp
from typing import Annotated
from typing import Callable
from typing import Literal
from typing import Optional
from typing import Tuple

if __name__ == "__main__":
    import bootstrap  # noqa: F401  paths, the CPU's environment, signals

import hydra
import numpy as np
import paddle
from omegaconf import DictConfig
from paddle import nn
from paddle.nn import functional as F
from pydantic import Field
from pydantic import model_validator
from wgan_gp.models import BaseGAN
from wgan_gp.models.build import choose_convolution
from wgan_gp.models.networks.text import TextCritic
from wgan_gp.models.networks.text import TextGenerator
from wgan_gp.utils import exporting
from wgan_gp.utils import text_pictures
from wgan_gp.utils.config import launch
from wgan_gp.utils.experiment import Experiment
from wgan_gp.utils.experiment import Metrics
from wgan_gp.utils.experiment import run
from wgan_gp.utils.schema import CaseConfig
from wgan_gp.utils.schema import Group
from wgan_gp.utils.schema import TrainConfig

from ppsci.utils import logger
from ppsci_ext.data.text import TextLines
from ppsci_ext.data.text import read_text
from ppsci_ext.data.text import to_lines
from ppsci_ext.metric.ngrams import ngram_divergence
from ppsci_ext.utils import UserError
from ppsci_ext.utils.values import Count
from ppsci_ext.utils.values import Text
from ppsci_ext.utils.values import Width

TEXTS = {  # that come with the project
    "paradise_lost": osp.join(osp.dirname(__file__), "../data/paradise_lost.txt")
}
NGRAMS = (1, 2, 3, 4)


# what the configuration may hold


class DataConfig(Group):
    name: Literal[("text", *TEXTS)]
    root: Optional[Text]
    length: Annotated[int, Field(ge=max(NGRAMS), le=2**12)]
    held_out: Count
    max_lines: Optional[Count]
    max_characters: Annotated[int, Field(ge=2, le=2**15)]


class ModelConfig(Group):
    dim: Width
    blocks: Annotated[int, Field(ge=0, le=2**10)]
    latent_dim: Width
    convolution: Literal["auto", "onednn", "paddle"]


class TextTrainConfig(TrainConfig):
    validation_size: Optional[Count]


class TextConfig(CaseConfig):
    DATA: DataConfig
    MODEL: ModelConfig
    TRAIN: TextTrainConfig

    beside_the_course = (
        *CaseConfig.beside_the_course,
        "DATA.root",  # the data themselves are compared
        "TRAIN.validation_size",
    )

    @model_validator(mode="after")
    def own_text_has_a_file(self):
        if self.DATA.name == "text" and self.DATA.root is None:
            raise ValueError(
                "DATA.name=text needs a text file: give its path by DATA.root"
            )
        return self


# the experiment


class Language(Experiment):
    """Convolutions learn lines of characters, which the critic sees one-hot."""

    name = "wgan_gp_text"
    schema = TextConfig
    picture = "txt"
    drawn_scores = tuple(f"JS-{n}" for n in NGRAMS)

    @functools.cached_property
    def data(self) -> TextLines:
        """The text that DATA names.

        Raises:
            UserError: If it can't be read, or is too short to be scored with.
        """
        data, wanted = self.cfg.DATA, self.cfg.EVAL.num_samples
        path = TEXTS.get(data.name, data.root)
        text = read_text(
            path, data.length, data.held_out, data.max_lines, data.max_characters
        )
        if len(text.train) < wanted:
            raise UserError(
                f"EVAL.num_samples={wanted} is more than the {len(text.train)} lines of {path} "
                "to train on, of which as many are scored beside the samples: set it lower."
            )
        return text

    def load_data(self, split: str) -> np.ndarray:
        return self.data.train if split == "train" else self.data.test

    def transform(self) -> Callable[[paddle.Tensor], paddle.Tensor]:
        """Numbers [B, T] to one-hot [B, T, V]."""
        characters = len(self.data.characters)
        return lambda numbers: F.one_hot(numbers.astype("int64"), characters)

    def build_networks(self) -> Tuple[nn.Layer, nn.Layer]:
        model = self.cfg.MODEL
        shape = self.cfg.DATA.length, len(self.data.characters)
        generator = TextGenerator(*shape, model.dim, model.latent_dim, model.blocks)
        critic = TextCritic(*shape, model.dim, model.blocks)
        choose_convolution(model.convolution, generator, critic)
        return generator, critic

    def score(self, gan: BaseGAN) -> Metrics:
        """JS-1 to JS-4 between held-out lines and samples, beside as many real lines."""
        evaluation = self.cfg.EVAL
        count = evaluation.num_samples
        samples = gan.generate(count, batch_size=evaluation.batch_size)
        rng = np.random.default_rng(self.cfg.seed)
        real = rng.choice(self.data.train, count, replace=False)
        return {
            f"{prefix}JS-{n}": ngram_divergence(lines, self.data.test, n)
            for prefix, lines in (("", most_likely(samples)), ("real_", real))
            for n in NGRAMS
        }

    # samples as text

    def draw_samples(self, samples: np.ndarray, path: str) -> None:
        """A line of the file for each: numbers [n, T], or probabilities [n, T, V]."""
        numbers = samples if samples.ndim == 2 else most_likely(samples)
        text_pictures.write_lines(to_lines(numbers, self.data.characters), path)

    def infer(self) -> None:
        """samples.npz (numbers, and the character of each) and samples.txt."""
        probabilities = exporting.sample_exported(self.cfg)["samples"]
        characters = self.data.characters
        expected = (self.cfg.DATA.length, len(characters))
        if probabilities.shape[1:] != expected:
            raise UserError(
                f"The exported generator makes lines of {list(probabilities.shape[1:])} "
                f"(characters, vocabulary), but those of the text are {list(expected)}: give "
                "the keys of DATA that it was trained with."
            )
        numbers = most_likely(probabilities)
        arrays = {"samples": numbers, "characters": np.array(characters)}
        exporting.write_samples(self.cfg, arrays)
        path = osp.join(self.cfg.output_dir, "samples.txt")
        self.draw_samples(numbers, path)
        logger.message(f"Text: {path}")


def most_likely(probabilities: np.ndarray) -> np.ndarray:
    """Numbers of the most likely characters, uint16 [n, T] of [n, T, V]."""
    return probabilities.argmax(axis=2).astype(np.uint16)


@hydra.main(
    version_base=None, config_path="../conf", config_name=f"{Language.name}.yaml"
)
def main(cfg: DictConfig) -> None:
    run(Language, cfg)


if __name__ == "__main__":
    launch(Language, main, osp.join(osp.dirname(__file__), "../conf"))
