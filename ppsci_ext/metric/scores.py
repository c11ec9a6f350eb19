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

"""The scores of generated samples: one table, which everything else reads."""

from __future__ import annotations

import math
from typing import Callable
from typing import Dict
from typing import Iterable
from typing import Mapping
from typing import NamedTuple
from typing import Optional
from typing import Sequence
from typing import Tuple

from ppsci.utils import logger
from ppsci_ext.data.names import unknown_name
from ppsci_ext.metric.class_accuracy import class_accuracy
from ppsci_ext.metric.features import FeatureSet
from ppsci_ext.metric.frechet import frechet_distance
from ppsci_ext.metric.kernel import kernel_inception_distance
from ppsci_ext.metric.precision_recall import precision_recall
from ppsci_ext.utils.errors import UserError

_SUBSET_SIZE = 1000  # of the kernel distance


class Option(NamedTuple):
    """A number that can be chosen for a score."""

    default: Optional[int]
    minimum: int
    description: str


class Score(NamedTuple):
    """A row of the table of scores.

    Attributes:
        compute (Callable): Maps the generated FeatureSet, the one to compare with (or
            None), the seed and the options by their names to the values of the metrics,
            in order; None stands for a value that there isn't.
        needs (str): What it needs of the generated samples: "moments", "features",
            "logits" or "labels".
        compares (Optional[str]): What it needs of the reference: None (nothing),
            "moments" or "features".
        less_is_better (bool): Its direction.
        metrics (Tuple[str, ...]): Names of the values, the one to watch first.
        description (str): One line.
        options (Mapping[str, Option]): By names that begin with the score's. Defaults to
            none.
    """

    compute: Callable[..., Sequence[Optional[float]]]
    needs: str
    compares: Optional[str]
    less_is_better: bool
    metrics: Tuple[str, ...]
    description: str
    options: Mapping[str, Option] = {}


def _kernel_distance(
    generated: FeatureSet,
    reference: FeatureSet,
    seed: int,
    kid_subset_size: Optional[int],
    kid_subsets: int,
) -> Tuple[float, Optional[float]]:
    x, y = generated.features, reference.features
    if kid_subset_size is None:
        fewest = min(len(x), len(y))
        kid_subset_size = min(_SUBSET_SIZE, fewest)
        if fewest < _SUBSET_SIZE:
            logger.info(
                f"KID is of subsets of {fewest} samples, not {_SUBSET_SIZE}: the smaller set "
                "has no more, so that its deviation tells of the larger one alone."
            )
    return kernel_inception_distance(x, y, kid_subsets, kid_subset_size, seed)


SCORES: Dict[str, Score] = {
    "isc": Score(
        lambda generated, reference, seed: generated.logits.score(),
        needs="logits",
        compares=None,
        less_is_better=False,
        metrics=("IS_mean", "IS_std"),
        description="Inception score: samples clearly of one class, and of many classes",
    ),
    "fid": Score(
        lambda generated, reference, seed: [
            frechet_distance(
                generated.mean, generated.cov, reference.mean, reference.cov
            )
        ],
        needs="moments",
        compares="moments",
        less_is_better=True,
        metrics=("FID",),
        description="Frechet distance of Gaussians fitted to the features",
    ),
    "kid": Score(
        _kernel_distance,
        needs="features",
        compares="features",
        less_is_better=True,
        metrics=("KID_mean", "KID_std"),
        description="kernel distance of the features, unbiased for any number of samples",
        options={
            "kid_subset_size": Option(
                None,
                2,
                f"samples in each of KID's subsets ({_SUBSET_SIZE}, or all of fewer)",
            ),
            "kid_subsets": Option(100, 1, "number of KID's subsets"),
        },
    ),
    "prc": Score(
        lambda generated, reference, seed: precision_recall(
            reference.features, generated.features
        ),
        needs="features",
        compares="features",
        less_is_better=False,
        metrics=("precision", "recall"),
        description="precision and recall: samples like real ones, real ones like samples",
    ),
    "class_accuracy": Score(
        lambda generated, reference, seed: [
            class_accuracy(generated.predicted, generated.labels)
        ],
        needs="labels",
        compares=None,
        less_is_better=False,
        metrics=("class_accuracy",),
        description="share of samples that the classifier puts into the class asked for",
    ),
}


def check_scores(scores: Iterable[str]) -> Tuple[str, ...]:
    """Return the names of scores, having made sure that there are such scores.

    Raises:
        UserError: If one is unknown.
    """
    scores = tuple(scores)
    for name in scores:
        if name not in SCORES:
            raise unknown_name("score", name, tuple(SCORES))
    return scores


def select_scores(
    scores: Optional[Iterable[str]],
    generated: Sequence[str],
    reference: Sequence[str] = (),
) -> Tuple[str, ...]:
    """Choose the scores to compute from those that were asked for.

    Args:
        scores (Optional[Iterable[str]]): Names that were asked for; None: all that can be
            computed.
        generated (Sequence[str]): What is known of the generated samples, see
            `FeatureSet.parts`.
        reference (Sequence[str]): The same of the reference. Defaults to nothing.

    Returns:
        Tuple[str, ...]: Names, in the order of the table.

    Raises:
        UserError: If a score is unknown, one that was asked for can't be computed, or
            none can.
    """
    lacking = _lacking(generated, reference)
    if scores is None:
        if len(lacking) == len(SCORES):
            raise UserError(f"No score can be computed: {_reasons(lacking)}.")
        return tuple(name for name in SCORES if name not in lacking)
    wanted = check_scores(scores)
    for name in wanted:
        if name in lacking:
            raise UserError(
                f"The score {name} can't be computed: it needs {lacking[name]}."
            )
    return tuple(name for name in SCORES if name in wanted)


def _lacking(generated: Sequence[str], reference: Sequence[str]) -> Dict[str, str]:
    """The scores that can't be computed, and what each needs that isn't there."""
    there_is = "but there is none"
    if reference:
        there_is = f"of which there are only {', '.join(reference)}"
    lacking = {}
    for name, score in SCORES.items():
        if score.compares is not None and score.compares not in reference:
            lacking[name] = f"{score.compares} of a reference, {there_is}"
        elif score.needs not in generated:
            lacking[name] = f"{score.needs} of the samples"
    return lacking


def _reasons(lacking: Mapping[str, str]) -> str:
    return "; ".join(f"{name} needs {what}" for name, what in lacking.items())


def keeps_features(scores: Iterable[str]) -> bool:
    """Whether one of these scores needs the features themselves."""
    return any("features" in (SCORES[n].needs, SCORES[n].compares) for n in scores)


def image_scores(
    generated: FeatureSet,
    reference: Optional[FeatureSet],
    scores: Optional[Iterable[str]] = None,
    seed: int = 2020,
    **options: Optional[int],
) -> Dict[str, Optional[float]]:
    """Compute scores, of images or of whatever else has been sent through an extractor.

    Args:
        generated (FeatureSet): Generated samples.
        reference (Optional[FeatureSet]): Real samples to compare with, if any.
        scores (Optional[Iterable[str]]): Names from the table `SCORES`. Defaults to None,
            all for which enough is known; the log names the others.
        seed (int): Seed of KID's subsets. Defaults to 2020, torch-fidelity's.
        **options (Optional[int]): Of the scores, see the table: kid_subset_size,
            kid_subsets.

    Returns:
        Dict[str, Optional[float]]: Metrics by the names in the table and in its order.
            KID_std is None where there is but one estimate, see
            `kernel_inception_distance`.

    Raises:
        UserError: If a score or an option is unknown, a score that was asked for by name
            can't be computed, there are too few samples for one, the sets have different
            numbers of features, or a result is not finite.
    """
    known = generated.parts, reference.parts if reference else ()
    chosen = select_scores(scores, *known)
    check_options(options)
    if reference is not None and len(reference.mean) != len(generated.mean):
        raise UserError(
            f"The reference has {len(reference.mean)} features, but the extractor "
            f"gives {len(generated.mean)}: use a reference of the same extractor."
        )
    result: Dict[str, Optional[float]] = {}
    for name in chosen:
        score = SCORES[name]
        own = {key: options.get(key, o.default) for key, o in score.options.items()}
        values = score.compute(generated, reference, seed, **own)
        for metric, value in zip(score.metrics, values):
            if value is not None and not math.isfinite(value):
                raise UserError(
                    f"{metric} is {value}, no finite number: the features of the samples or "
                    "of the reference are too large."
                )
            result[metric] = value
    if scores is None and _lacking(*known):
        logger.info(f"Not computed: {_reasons(_lacking(*known))}.")
    return result


def check_options(options: Mapping[str, Optional[int]]) -> None:
    """Make sure that options of scores exist and are large enough.

    Args:
        options (Mapping[str, Optional[int]]): By name; None stands for the default.

    Raises:
        UserError: If one doesn't exist or is too small.
    """
    known = {key: o for score in SCORES.values() for key, o in score.options.items()}
    for key, value in options.items():
        if key not in known:
            raise unknown_name("option of a score", key, tuple(known))
        if value is not None and value < known[key].minimum:
            raise UserError(
                f"{key} must be at least {known[key].minimum}, not {value}."
            )
