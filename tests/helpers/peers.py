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

"""The environment of `make bench-peers`: JAX wants another NumPy than Paddle does."""

from __future__ import annotations

from os import path as osp

from benchmarks.bench_step import has_package
from benchmarks.workers import ROOT

PYTHON = osp.join(ROOT, ".venv-peers", "bin", "python")
HAVE_JAX = osp.exists(PYTHON) and has_package(PYTHON, "jax")
NO_JAX = "JAX is not installed in .venv-peers, see make bench-peers"

# sides 20, 10, 5, 3 and 23, 12, 6, 3 have both kinds of padding and of cropping
SMALL = {
    "toy": ["MODEL.dim=16"],
    "mnist": ["MODEL.dim=4"],
    "cifar_resnet": ["MODEL.dim=6"],
    "cifar_dcgan": ["MODEL.dim=4", "MODEL.image_shape=[3,20,23]"],
}
