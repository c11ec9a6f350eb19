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

"""Metrics for generative models: pure functions of features, logits and samples."""

from ppsci_ext.metric.extractor import FeatureExtractor
from ppsci_ext.metric.extractor import build_extractor
from ppsci_ext.metric.frechet import FeatureStatistics
from ppsci_ext.metric.frechet import frechet_distance
from ppsci_ext.metric.inception_score import inception_score
from ppsci_ext.metric.modes import mode_coverage
from ppsci_ext.metric.wasserstein import exact_wasserstein

__all__ = [
    "FeatureExtractor",
    "FeatureStatistics",
    "build_extractor",
    "exact_wasserstein",
    "frechet_distance",
    "inception_score",
    "mode_coverage",
]
