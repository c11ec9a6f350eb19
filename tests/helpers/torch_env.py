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

"""PyTorch's implementations of FID, for tests that compare with them."""

from __future__ import annotations

from types import ModuleType

import pytest


def import_torch_fidelity() -> ModuleType:
    """Import torch_fidelity, or skip the calling test module where it is missing.

    Afterwards torchvision and pytorch_fid can be imported too, even if torchvision is
    built for CUDA and PyTorch is not: the two operators are declared that torchvision
    then lacks and describes on import. Nothing that FID needs calls them.
    """
    torch = pytest.importorskip("torch")
    try:
        pytest.importorskip("torchvision")
    except RuntimeError:  # "operator torchvision::nms does not exist"
        signature = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        for name in ("nms", "qnms"):
            torch.library.define(f"torchvision::{name}", signature)
    return pytest.importorskip("torch_fidelity")
