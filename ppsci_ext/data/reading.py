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

import dataclasses
from typing import NamedTuple
from typing import Optional
from typing import Sequence
from typing import Tuple
from typing import Union

import numpy as np

from ppsci_ext.data.names import unknown_name
from ppsci_ext.data.transform import check_ends
from ppsci_ext.utils.errors import UserError

CROPS = ("none", "center")


class ImageArrays(NamedTuple):
    """What a reader of images returns.

    Args:
        images (np.ndarray): uint8 or float32 [N, C, H, W].
        labels (Optional[np.ndarray]): int64 [N]. Defaults to None.
        class_names (Optional[Tuple[str, ...]]): What the classes 0, 1, ... are called, the
            same in both splits. Defaults to None, where they have no other name.
    """

    images: np.ndarray
    labels: Optional[np.ndarray] = None
    class_names: Optional[Tuple[str, ...]] = None


@dataclasses.dataclass(frozen=True)
class ImageReading:
    """How images are brought to the form that is wanted. By default, they stay as they are.

    Lists are taken as well as tuples, and become tuples.

    Args:
        resize (Optional[Tuple[int, int]]): Height and width that all images get, by
            Pillow's bicubic filter, which averages over what a smaller image can't show.
        crop (str): "none" stretches an image to the shape of `resize`, "center" first
            cuts off what is beyond that shape, on two opposite sides. Defaults to "none".
        channels (Optional[int]): Number of channels that all images get: 1 is luminance
            (ITU-R BT.601, as Pillow computes it), 3 is RGB (grey is repeated), 4 is RGBA
            (opaque where there was no alpha). Any other number is one that they must have.
        background (Union[None, float, Sequence[float]]): What shows through transparent
            pixels where `channels` is 1 or 3: grey, or R, G and B, in 0..255. Defaults to
            None, which refuses them.
        relabel (bool): Whether labels that are not 0, 1, ..., K - 1 are numbered anew so,
            in their order. Defaults to False, which refuses them.
        range (Optional[Tuple[float, float]]): What black and white are in images of
            floats. They must lie in it, and pixels of 16 bits, which are read into floats,
            are scaled to it: 0 becomes the first and 65535 the second. Defaults to None:
            floats are not checked, and pixels of 16 bits are scaled to [0, 1].

    Raises:
        UserError: A value that has no meaning, or none without another one.
    """

    resize: Optional[Tuple[int, int]] = None
    crop: str = "none"
    channels: Optional[int] = None
    background: Union[None, float, Sequence[float]] = None
    relabel: bool = False
    range: Optional[Tuple[float, float]] = None

    def __post_init__(self):
        self._check_resize()
        if self.crop not in CROPS:
            raise unknown_name("crop", self.crop, CROPS)
        if self.crop != "none" and self.resize is None:
            raise UserError(
                f"crop={self.crop} cuts images to the shape of resize=[H, W], which is not "
                "given; set it, or crop=none"
            )
        if self.channels is not None and not _is_count(self.channels):
            raise UserError(f"channels is {self.channels!r}; make it 1, 3 or 4")
        self._check_background()
        if self.range is not None:
            check_ends(*self._numbers("range", self.range, (2,)))

    def _check_resize(self) -> None:
        if self.resize is None:
            return
        size = self._numbers("resize", self.resize, (2,))
        if not all(map(_is_count, size)):
            raise UserError(
                f"resize is {list(size)}; give the height and the width, whole numbers from "
                "1 on"
            )

    def _check_background(self) -> None:
        if self.background is None:
            return
        given = self.background
        values = (given,) if isinstance(given, (int, float)) else given
        values = self._numbers("background", values, (1, 3))
        if not all(0 <= value <= 255 for value in values):
            raise UserError(
                f"background is {given}; give grey, or red, green and blue, in 0..255"
            )
        if self.channels not in (1, 3):
            raise UserError(
                "background is what shows through where transparency is taken out of the "
                "images; set channels=3 or channels=1 too"
            )

    def _numbers(
        self, name: str, values: Sequence[float], counts: Tuple[int, ...]
    ) -> Tuple[float, ...]:
        """The option as a tuple of that many numbers, which it is from then on."""
        is_list = not isinstance(values, (str, bytes)) and hasattr(values, "__iter__")
        numbers = tuple(values) if is_list else (values,)
        if len(numbers) not in counts or not all(map(_is_number, numbers)):
            wanted = " or ".join(map(str, counts))
            raise UserError(f"{name} is {values!r}; give {wanted} numbers")
        object.__setattr__(self, name, numbers)
        return numbers


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
