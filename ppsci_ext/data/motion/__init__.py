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


"""Motion and speech: skeletons, a synthetic set, one's own recordings, BVH."""

from ppsci_ext.data.motion.audio import AUDIO_PER_FRAME
from ppsci_ext.data.motion.audio import at_rate
from ppsci_ext.data.motion.audio import log_mel
from ppsci_ext.data.motion.audio import read_wav
from ppsci_ext.data.motion.bvh import BvhMotion
from ppsci_ext.data.motion.bvh import read_bvh
from ppsci_ext.data.motion.bvh_writing import write_bvh
from ppsci_ext.data.motion.clips import Clip
from ppsci_ext.data.motion.clips import MotionClips
from ppsci_ext.data.motion.clips import split_clips
from ppsci_ext.data.motion.human import SKELETON_NAMES
from ppsci_ext.data.motion.human import skeleton
from ppsci_ext.data.motion.own import read_bvh_folder
from ppsci_ext.data.motion.own import read_npz_folder
from ppsci_ext.data.motion.skeleton import Skeleton
from ppsci_ext.data.motion.synthetic_speech import SyntheticSpeech
from ppsci_ext.data.motion.windows import MotionWindows
from ppsci_ext.data.motion.windows import join_windows
from ppsci_ext.data.motion.windows import long_motion

__all__ = [
    "AUDIO_PER_FRAME",
    "SKELETON_NAMES",
    "BvhMotion",
    "Clip",
    "MotionClips",
    "MotionWindows",
    "Skeleton",
    "SyntheticSpeech",
    "at_rate",
    "join_windows",
    "log_mel",
    "long_motion",
    "read_bvh",
    "read_bvh_folder",
    "read_npz_folder",
    "read_wav",
    "skeleton",
    "split_clips",
    "write_bvh",
]
