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

"""Convolutions by oneDNN and compiled operators, for tests that need them."""

from __future__ import annotations

import pytest

from ppsci_ext.arch import onednn
from ppsci_ext.arch.onednn import primitives
from ppsci_ext.utils import UserError


def onednn_or_skip() -> None:
    """Skip the calling test where there is no oneDNN."""
    try:
        primitives.library()
    except UserError as error:
        pytest.skip(str(error))


def load_or_skip() -> None:
    """Load the operators, compiled first where need be, or skip the calling test."""
    try:
        onednn.load()
    except UserError as error:
        pytest.skip(str(error))
