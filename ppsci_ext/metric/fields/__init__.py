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

"""Scores of random fields, each beside its exact truth and the floor of real fields."""

from ppsci_ext.metric.fields.conditions import LengthLikelihood
from ppsci_ext.metric.fields.conditions import Recovery
from ppsci_ext.metric.fields.conditions import kriging_scores
from ppsci_ext.metric.fields.conditions import parameter_scores
from ppsci_ext.metric.fields.grid import Grid
from ppsci_ext.metric.fields.grid import make_grid
from ppsci_ext.metric.fields.minkowski import minkowski
from ppsci_ext.metric.fields.processes import ProcessJudge
from ppsci_ext.metric.fields.scores import FieldJudge
from ppsci_ext.metric.fields.scores import field_scores
from ppsci_ext.metric.fields.summary import exact_summary
from ppsci_ext.metric.fields.summary import measure
from ppsci_ext.metric.fields.summary import summarise
from ppsci_ext.metric.fields.table import NEIGHBOUR_SCORES
from ppsci_ext.metric.fields.table import SCORES

__all__ = [
    "NEIGHBOUR_SCORES",
    "SCORES",
    "FieldJudge",
    "Grid",
    "LengthLikelihood",
    "ProcessJudge",
    "Recovery",
    "exact_summary",
    "field_scores",
    "kriging_scores",
    "make_grid",
    "measure",
    "minkowski",
    "parameter_scores",
    "summarise",
]
