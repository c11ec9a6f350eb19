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

"""Generated lines as a text file."""

from __future__ import annotations

import os
from os import path as osp
from typing import Sequence

from ppsci_ext.utils.files import write_atomically
from ppsci_ext.utils.files import writing


def write_lines(lines: Sequence[str], path: str) -> None:
    """Write a text file, a line for each sample.

    Args:
        lines (Sequence[str]): Samples.
        path (str): UTF-8 file; its folder is created, an existing file replaced.

    Raises:
        UserError: If it can't be written.
    """
    with writing(path):
        os.makedirs(osp.dirname(path) or ".", exist_ok=True)
        write_atomically(path, "".join(f"{line}\n" for line in lines).encode())
