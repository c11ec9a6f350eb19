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

"""Where the benchmarks put what they have measured."""

from __future__ import annotations

import json
from typing import Any
from typing import Dict
from typing import Iterable
from typing import Optional


def report(results: Iterable[Dict[str, Any]], path: Optional[str]) -> None:
    """Print one JSON object a line, each as soon as it is there, and write them all.

    Args:
        results (Iterable[Dict[str, Any]]): Results.
        path (Optional[str]): File to write; None for none.
    """
    lines = []
    for result in results:
        lines.append(json.dumps(result))
        print(lines[-1], flush=True)
    if path is not None:
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
