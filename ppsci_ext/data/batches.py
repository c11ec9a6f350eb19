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

from typing import Callable
from typing import Iterator
from typing import Optional
from typing import Tuple

import paddle

from ppsci_ext.data.image_dataset import ImageDataset


class SequentialBatches:
    """One pass over a data set in its own order, as often as it is iterated over.

    Args:
        dataset (ImageDataset): Images.
        batch_size (int): Images per batch; the last batch may be smaller.
        transform (Callable[[paddle.Tensor], paddle.Tensor]): Pixels to floats.
        size (Optional[int]): Number of images, from the first. Defaults to all.
    """

    def __init__(
        self,
        dataset: ImageDataset,
        batch_size: int,
        transform: Callable[[paddle.Tensor], paddle.Tensor],
        size: Optional[int] = None,
    ):
        self.dataset = dataset
        self.batch_size = batch_size
        self.transform = transform
        self.size = min(size or len(dataset), len(dataset))

    def __iter__(self) -> Iterator[Tuple[paddle.Tensor, Optional[paddle.Tensor]]]:
        for start in range(0, self.size, self.batch_size):
            part = slice(start, min(start + self.batch_size, self.size))
            images = self.transform(paddle.to_tensor(self.dataset.images[part]))
            labels = self.dataset.labels
            yield images, None if labels is None else paddle.to_tensor(labels[part])
