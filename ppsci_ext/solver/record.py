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

"""What a run leaves behind of its losses: means between two log lines, one JSON object a line."""

from __future__ import annotations

import json
import os
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import Mapping
from typing import Optional

import numpy as np
import paddle

from ppsci_ext.utils import UserError
from ppsci_ext.utils.files import write_atomically
from ppsci_ext.utils.files import writing


class TermMeans:
    """Means of scalar tensors since the last reset, summed on the device without waiting for it."""

    def __init__(self):
        self.sums: Dict[str, paddle.Tensor] = {}
        self.counts: Dict[str, int] = {}

    def update(self, terms: Mapping[str, paddle.Tensor]) -> None:
        """Add one value of each term.

        Args:
            terms (Mapping[str, paddle.Tensor]): Scalars by name.
        """
        for name, value in terms.items():
            value = value.detach()
            self.sums[name] = self.sums[name] + value if name in self.sums else value
            self.counts[name] = self.counts.get(name, 0) + 1

    def means(self) -> Dict[str, float]:
        """Mean of each term; waits for the device."""
        return {
            name: float(total) / self.counts[name] for name, total in self.sums.items()
        }

    def reset(self) -> None:
        self.sums.clear()
        self.counts.clear()

    def arrays(self) -> Dict[str, np.ndarray]:
        """Sums by name, for a checkpoint."""
        return {name: total.numpy() for name, total in self.sums.items()}

    def restore(
        self, arrays: Mapping[str, np.ndarray], counts: Mapping[str, int]
    ) -> None:
        """Take up what `arrays` and `counts` held.

        Args:
            arrays (Mapping[str, np.ndarray]): Sums by name.
            counts (Mapping[str, int]): Number of values by name.
        """
        self.sums = {name: paddle.to_tensor(total) for name, total in arrays.items()}
        self.counts = dict(counts)


class MetricsLog:
    """The file metrics.jsonl, one object a line, or only memory where no path is given.

    Args:
        path (Optional[str]): File to append to.
    """

    def __init__(self, path: Optional[str] = None):
        self.path = path
        self.records: List[Dict[str, Any]] = []
        if path is not None and osp.exists(path):
            with open(path, encoding="utf-8") as file:
                self.records = [
                    self._parse(number, line)
                    for number, line in enumerate(file, 1)
                    if line.endswith("\n")  # else cut short by a kill
                ]

    def _parse(self, number: int, line: str) -> Dict[str, Any]:
        try:
            return json.loads(line)
        except ValueError as error:
            raise UserError(
                f"Line {number} of {self.path} is no JSON ({error}): remove or mend it."
            ) from error

    def truncate(self, count: int, iteration: int) -> None:
        """Cut the lines after a checkpoint, which the resumed run will write anew.

        Args:
            count (int): Number of lines when the checkpoint was made.
            iteration (int): Its iteration; lines beyond it, if the file is of another run, go
                as well.
        """
        self.records = [r for r in self.records[:count] if r["iteration"] <= iteration]
        if self.path is not None:
            lines = "".join(f"{json.dumps(record)}\n" for record in self.records)
            with writing(self.path):
                write_atomically(self.path, lines.encode())

    def append(self, record: Dict[str, Any]) -> None:
        """Add one line and hand it to the system at once.

        Args:
            record (Dict[str, Any]): Line with a key "iteration".
        """
        self.records.append(record)
        if self.path is not None:
            with writing(self.path), open(self.path, "a", encoding="utf-8") as file:
                file.write(f"{json.dumps(record)}\n")
                file.flush()
                os.fsync(file.fileno())
