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

"""Scores of generative models: functions of features, logits and samples, and their table."""

import sys

if sys.argv[0] == "-m":  # python -m ppsci_ext.metric...: these imports take seconds
    from ppsci_ext.utils.signals import end_in_one_sentence

    end_in_one_sentence(at_once=True)

# isort: split

from ppsci_ext.metric.class_accuracy import class_accuracy
from ppsci_ext.metric.extractor import EXTRACTORS
from ppsci_ext.metric.extractor import ExtractorRow
from ppsci_ext.metric.extractor import FeatureExtractor
from ppsci_ext.metric.extractor import build_extractor
from ppsci_ext.metric.extractor import extractor_names
from ppsci_ext.metric.features import FeatureSet
from ppsci_ext.metric.features import extract
from ppsci_ext.metric.frechet import FeatureStatistics
from ppsci_ext.metric.frechet import frechet_distance
from ppsci_ext.metric.inception_score import LogitStatistics
from ppsci_ext.metric.inception_score import inception_score
from ppsci_ext.metric.kernel import kernel_inception_distance
from ppsci_ext.metric.modes import mode_coverage
from ppsci_ext.metric.precision_recall import precision_recall
from ppsci_ext.metric.reference import read_statistics
from ppsci_ext.metric.reference import reference_features
from ppsci_ext.metric.scores import SCORES
from ppsci_ext.metric.scores import Option
from ppsci_ext.metric.scores import Score
from ppsci_ext.metric.scores import check_scores
from ppsci_ext.metric.scores import image_scores
from ppsci_ext.metric.scores import select_scores
from ppsci_ext.metric.validation import FrechetDistance
from ppsci_ext.metric.validation import ImageScores
from ppsci_ext.metric.validation import InceptionScore
from ppsci_ext.metric.validation import KernelDistance
from ppsci_ext.metric.validation import PrecisionRecall
from ppsci_ext.metric.wasserstein import exact_wasserstein

__all__ = [
    "EXTRACTORS",
    "ExtractorRow",
    "FeatureExtractor",
    "FeatureSet",
    "FeatureStatistics",
    "FrechetDistance",
    "ImageScores",
    "InceptionScore",
    "KernelDistance",
    "LogitStatistics",
    "Option",
    "PrecisionRecall",
    "SCORES",
    "Score",
    "build_extractor",
    "check_scores",
    "class_accuracy",
    "exact_wasserstein",
    "extract",
    "extractor_names",
    "frechet_distance",
    "image_scores",
    "inception_score",
    "kernel_inception_distance",
    "mode_coverage",
    "precision_recall",
    "read_statistics",
    "reference_features",
    "select_scores",
]
