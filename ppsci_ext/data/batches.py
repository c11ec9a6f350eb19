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

from __future__ import annotations

from typing import Any
from typing import Iterator
from typing import Optional

import numpy as np

from ppsci_ext.data.sources import Batch
from ppsci_ext.data.sources import Transform
from ppsci_ext.data.sources import as_batch
from ppsci_ext.data.sources import as_source
from ppsci_ext.data.sources import fetch


class SequentialBatches:
    """One pass over a data set in its own order, as often as it is iterated over.

    Args:
        source (Any): Data set, as for `BatchStream`, but not one without end.
        batch_size (int): Samples per batch; the last batch may be smaller.
        transform (Optional[Transform]): Applied to every batch of samples. Defaults to None.
        size (Optional[int]): Number of samples, from the first. Defaults to all.
    """

    def __init__(
        self,
        source: Any,
        batch_size: int,
        transform: Optional[Transform] = None,
        size: Optional[int] = None,
    ):
        self.source = as_source(source)
        self.batch_size = batch_size
        self.transform = transform
        self.size = min(size or len(self.source), len(self.source))

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, self.size, self.batch_size):
            indices = np.arange(start, min(start + self.batch_size, self.size))
            yield as_batch(*fetch(self.source, indices), self.transform)
