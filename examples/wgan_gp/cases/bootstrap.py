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

"""What has to come before the imports of a case that is run as a script."""

from __future__ import annotations

import importlib
import sys
from os import path as osp

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__)))))
sys.path[:0] = [ROOT, osp.join(ROOT, "examples")]

# ppsci_ext sets the CPU's environment, which has to be there before paddle
signals = importlib.import_module("ppsci_ext.utils.signals")
signals.end_in_one_sentence(at_once=True)  # the imports to come take seconds
