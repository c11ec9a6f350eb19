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

"""Poses as the networks see them: directions of the bones, or positions of the joints."""

from __future__ import annotations

from typing import Any
from typing import Dict
from typing import Optional
from typing import Tuple

import numpy as np
import paddle
from paddle import io

from ppsci_ext.data.motion import Skeleton

Arrays = Tuple[np.ndarray, Dict[str, np.ndarray]]
REPRESENTATIONS = ("direction", "position")


class Representation:
    """Bones' directions as samples, and back.

    A position is that of a bone's far end, in metres from the root, so that samples are
    [..., N, 3] in both forms.

    Args:
        name (str): "direction" or "position".
        skeleton (Skeleton): Bones and their lengths.
    """

    def __init__(self, name: str, skeleton: Skeleton):
        self.unit = name == "direction"
        self._to_vectors: Optional[np.ndarray] = None
        self._to_samples: Optional[np.ndarray] = None
        if not self.unit:
            step = np.eye(skeleton.num_bones)  # ends of the bones to the bones
            for bone, before in enumerate(skeleton.bone_parents):
                if before >= 0:
                    step[bone, before] = -1.0
            self._to_vectors = np.float32(step / skeleton.lengths[:, None])
            self._to_samples = np.float32(np.linalg.inv(step) * skeleton.lengths)

    def samples(self, directions: Any) -> Any:
        """Directions [..., N, 3], an array or a tensor, as samples."""
        return _product(self._to_samples, directions)

    def vectors(self, samples: Any) -> Any:
        """Vectors along the bones, in units of their lengths, of samples [..., N, 3]."""
        return _product(self._to_vectors, samples)

    def source(self, source: Any) -> Any:
        """A source of windows of directions as one of samples."""
        if self.unit:
            return source
        return (_Drawn if hasattr(source, "sample") else _Fetched)(source, self)

    def window(self, directions: np.ndarray, condition: Dict[str, Any]) -> Arrays:
        """Windows and their seed frames as samples."""
        condition = dict(condition)
        if "seed_frames" in condition:
            condition["seed_frames"] = self.samples(condition["seed_frames"])
        return self.samples(directions), condition


class _Drawn:
    """Windows of a law."""

    def __init__(self, law: Any, representation: Representation):
        self._law, self._representation = law, representation

    def sample(self, n: int, rng: np.random.Generator) -> Arrays:
        return self._representation.window(*self._law.sample(n, rng))


class _Fetched(io.Dataset):
    """Windows of recordings."""

    def __init__(self, windows: Any, representation: Representation):
        super().__init__()
        self._windows, self._representation = windows, representation

    def __len__(self) -> int:
        return len(self._windows)

    def __getitem__(self, index: int) -> Arrays:
        return self._representation.window(*self._windows[index])

    def fetch(self, indices: np.ndarray) -> Arrays:
        return self._representation.window(*self._windows.fetch(indices))


def _product(matrix: Optional[np.ndarray], x: Any) -> Any:
    if matrix is None:
        return x
    if isinstance(x, paddle.Tensor):
        return paddle.matmul(paddle.to_tensor(matrix), x)
    return matrix @ np.asarray(x, np.float32)
