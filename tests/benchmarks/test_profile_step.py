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

"""Where the profile puts the time of a step."""

from __future__ import annotations

import pytest

from benchmarks import profile_step
from ppsci_ext.arch.onednn import build
from ppsci_ext.arch.onednn import kernels
from tests.helpers import onednn_env


def test_convolutions_and_norms_are_told_from_the_rest():
    onednn_env.load_or_skip()
    before = kernels.forward, build.run
    found = profile_step.profile("motion", 1)
    groups = found["groups"]
    assert groups["convolutions"] > 0 and groups["norms"] > 0
    assert groups["between the operators"] < found["milliseconds"] / 2
    assert sum(groups.values()) == pytest.approx(found["milliseconds"], abs=0.1)
    assert (kernels.forward, build.run) == before
