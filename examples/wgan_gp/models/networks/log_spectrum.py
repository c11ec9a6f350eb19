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

"""A field's power spectrum as a layer that can be differentiated twice."""

from __future__ import annotations

from typing import Sequence

import numpy as np
import paddle
from paddle import nn

from ppsci_ext.data.fields.spectrum import wave_numbers

_LEAST_POWER = 1e-6  # of fields of unit variance; its logarithm stays finite


class LogSpectrum(nn.Layer):
    """Logarithm of a field's power, averaged over shells of wave numbers.

    The discrete Fourier transform is a product with a matrix along each axis, so that it can be
    differentiated twice.

    Args:
        shape (Sequence[int]): Of a field.

    Attributes:
        bins (int): Number of shells, all wave numbers up to that of two pixels along the
            longest axis and, in the last one, those beyond; k = 0 is left out.
    """

    def __init__(self, shape: Sequence[int]):
        super().__init__()
        self._angles = [
            2 * np.pi / n * (np.outer(np.arange(n), np.arange(n)) % n) for n in shape
        ]
        longest = max(shape)
        shell = np.rint(wave_numbers(shape).ravel() * longest / (2 * np.pi)).astype(int)
        self.bins = longest // 2
        member = np.minimum(shell, self.bins)[:, np.newaxis] == np.arange(
            1, self.bins + 1
        )
        self._shells = member / member.sum(axis=0)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Fields [B, C, *shape] to [B, C bins]."""
        pixels = len(self._shells)
        real, imaginary = x, paddle.zeros_like(x)
        to_front = [0, 1, x.ndim - 1, *range(2, x.ndim - 1)]
        for angles in reversed(self._angles):
            cosine, sine = (
                paddle.to_tensor(f(angles), dtype=x.dtype) for f in (np.cos, np.sin)
            )
            real, imaginary = (
                (real @ cosine + imaginary @ sine).transpose(to_front),
                (imaginary @ cosine - real @ sine).transpose(to_front),
            )
        power = (real * real + imaginary * imaginary).reshape([-1, pixels]) / pixels
        means = power @ paddle.to_tensor(self._shells, dtype=x.dtype)
        return paddle.log(means + _LEAST_POWER).reshape([x.shape[0], -1])
