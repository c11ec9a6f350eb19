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

"""Scores of motion, alone and with the speech that it goes with, and pictures of it."""

from ppsci_ext.metric.motion.animation import save_animation
from ppsci_ext.metric.motion.kinematics import bone_length_error
from ppsci_ext.metric.motion.kinematics import hellinger
from ppsci_ext.metric.motion.kinematics import limit_violations
from ppsci_ext.metric.motion.kinematics import movements
from ppsci_ext.metric.motion.kinematics import wrist_speed
from ppsci_ext.metric.motion.plots import save_histograms
from ppsci_ext.metric.motion.plots import save_lagged_correlation
from ppsci_ext.metric.motion.scores import motion_scores
from ppsci_ext.metric.motion.seams import seam_test
from ppsci_ext.metric.motion.sets import MotionSet
from ppsci_ext.metric.motion.speech import beat_consistency
from ppsci_ext.metric.motion.speech import frame_envelope
from ppsci_ext.metric.motion.speech import lagged_correlation
from ppsci_ext.metric.motion.speech import permutation_band
from ppsci_ext.metric.motion.variety import diversity
from ppsci_ext.metric.motion.variety import multimodality

__all__ = [
    "MotionSet",
    "beat_consistency",
    "bone_length_error",
    "diversity",
    "frame_envelope",
    "hellinger",
    "lagged_correlation",
    "limit_violations",
    "motion_scores",
    "movements",
    "multimodality",
    "permutation_band",
    "save_animation",
    "save_histograms",
    "save_lagged_correlation",
    "seam_test",
    "wrist_speed",
]
