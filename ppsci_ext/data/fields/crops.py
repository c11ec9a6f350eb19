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

"""Random crops of own images and volumes: a source of fields without end."""

from __future__ import annotations

import itertools
import os
from typing import Iterator
from typing import List
from typing import Optional
from typing import Sequence
from typing import Tuple

import numpy as np

from ppsci_ext.data.fields.files import read_fields
from ppsci_ext.data.fields.transform import FieldTransform
from ppsci_ext.utils.errors import UserError

_MOST_FACIES = 16
_BLOCK = 1 << 22  # values looked at together


class FieldCrops:
    """Windows of images or volumes at random places, turned and mirrored at random.

    Facies, a few values that stand for rock types or phases, become 0 and 1 where there
    are two of them (1 for the higher value) and one-hot channels where there are more.

    Args:
        fields (np.ndarray): [N, C, *shape]; may lie on the disk.
        crop (Sequence[int]): Shape of a window.
        facies (Optional[Sequence[float]]): The values that there are, at least two.
            Defaults to None, a continuous field.
        periodic (Sequence[int]): Axes, from 0, over whose ends a window may reach.
        isotropic (Sequence[int]): Axes, from 0, along which the medium looks the same:
            windows are mirrored along them, and those of equal length exchanged.
        name (str): What error messages call the data.

    Attributes:
        name (str): As given.
        shape (Tuple[int, ...]): Of a window.
        channels (int): Of a window.
        transform (FieldTransform): Fitted to all of the fields.

    Raises:
        UserError: A window larger than the fields, NaN, a constant channel, a single
            facies, or a value that is none of them.
    """

    def __init__(
        self,
        fields: np.ndarray,
        crop: Sequence[int],
        facies: Optional[Sequence[float]] = None,
        periodic: Sequence[int] = (),
        isotropic: Sequence[int] = (),
        name: str = "fields",
    ):
        self.name, self.shape = name, tuple(int(size) for size in crop)
        dimension = len(self.shape)
        if fields.ndim != dimension + 2:
            raise UserError(
                f"{name}: a crop of {list(crop)} does not fit data of shape "
                f"{list(fields.shape)}, which have {fields.ndim - 2} dimensions; give it "
                "one size for each"
            )
        for size, window in zip(fields.shape[2:], self.shape):
            if not 1 <= window <= size:
                raise UserError(
                    f"{name}: a crop of {list(crop)} does not fit into fields of "
                    f"{list(fields.shape[2:])}; make it smaller"
                )
        for axis in (*periodic, *isotropic):
            if axis not in range(dimension):
                raise UserError(
                    f"{name}: there is no axis {axis} in {dimension} dimensions; count "
                    f"from 0 to {dimension - 1}"
                )
        self._fields, self._periodic = fields, frozenset(periodic)
        self._facies = None if facies is None else _checked_facies(facies, name)
        self._symmetries = _symmetries(self.shape, isotropic)
        if self._facies is not None and fields.shape[1] != 1:
            raise UserError(
                f"{name}: facies must be one channel, not {fields.shape[1]}"
            )
        self.transform = self._fit()
        several = self._facies is not None and len(self._facies) > 2
        self.channels = len(self._facies) if several else fields.shape[1]

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draws windows, each at its own place and turned in its own way.

        Args:
            n (int): How many.
            rng (np.random.Generator): The only source of randomness.

        Returns:
            np.ndarray: float32 [n, C, *crop], in physical units, or 0 and 1.
        """
        crops = np.empty((n, self.channels, *self.shape), np.float32)
        numbers = rng.integers(len(self._fields), size=n)
        starts = rng.integers(0, self._places(), size=(n, len(self.shape)))
        turns = rng.integers(len(self._symmetries), size=n)
        for index in range(n):
            window = self._values(self._window(numbers[index], starts[index]))
            axes, flips = self._symmetries[turns[index]]
            crops[index] = np.flip(window.transpose(axes), flips)
        return crops

    def grid(self) -> np.ndarray:
        """All windows side by side that don't overlap, float32 [M, C, *crop]."""
        counts = [
            size // window for size, window in zip(self._fields.shape[2:], self.shape)
        ]
        places = itertools.product(
            range(len(self._fields)), *(range(count) for count in counts)
        )
        return np.stack(
            [
                self._values(self._window(number, np.multiply(place, self.shape)))
                for number, *place in places
            ]
        )

    def _places(self) -> List[int]:
        """Number of starts along each axis."""
        return [
            size if axis in self._periodic else size - window + 1
            for axis, (size, window) in enumerate(
                zip(self._fields.shape[2:], self.shape)
            )
        ]

    def _window(self, number: int, start: Sequence[int]) -> np.ndarray:
        """[C, *crop], of the data's type."""
        window = self._fields[number]
        for axis, (first, length) in enumerate(zip(start, self.shape), start=1):
            size, end = window.shape[axis], int(first) + length
            before = (slice(None),) * axis
            part = window[(*before, slice(int(first), end))]
            if end > size:
                rest = window[(*before, slice(0, end - size))]
                part = np.concatenate([part, rest], axis=axis)
            window = part
        return window

    def _values(self, window: np.ndarray) -> np.ndarray:
        """Numbers as they are, facies as 0 and 1."""
        if self._facies is None:
            return window.astype(np.float32)
        if len(self._facies) == 2:
            return (window == self._facies[1]).astype(np.float32)
        shape = (-1, *[1] * len(self.shape))
        return (window == self._facies.reshape(shape)).astype(np.float32)

    def _fit(self) -> FieldTransform:
        """The transform, after a look at every value."""
        if self._facies is not None:
            seen = np.zeros(len(self._facies), bool)
            for _, block in _blocks(self._fields):
                known = block[..., np.newaxis] == self._facies
                if not known.any(axis=-1).all():
                    other = block[~known.any(axis=-1)].ravel()[0]
                    raise UserError(
                        f"{self.name} holds {other}, which is none of the facies "
                        f"{self._facies.tolist()}; name all of them"
                    )
                seen |= known.reshape(-1, len(seen)).any(axis=0)
            if not seen.all():
                raise UserError(
                    f"{self.name} has no pixel of facies "
                    f"{self._facies[~seen].tolist()}; give a larger part of the "
                    "data, or name the facies that there are, at least two"
                )
            return FieldTransform("binary" if len(seen) == 2 else "facies")
        count = np.zeros(self._fields.shape[1])
        mean, square = np.zeros_like(count), np.zeros_like(count)
        for channel, block in _blocks(self._fields):
            values = block.astype(np.float64).ravel()
            if not (np.abs(values) <= np.finfo(np.float32).max).all():
                raise UserError(
                    f"{self.name} holds NaN or infinite values; fill or cut them out"
                )
            # Chan, Golub and LeVeque 1983: the moments of two parts make those of both
            delta = values.mean() - mean[channel]
            total = count[channel] + len(values)
            square[channel] += np.square(values - values.mean()).sum()
            square[channel] += delta**2 * count[channel] * len(values) / total
            mean[channel] += delta * len(values) / total
            count[channel] = total
        deviation = np.sqrt(square / count)
        constant = np.flatnonzero(deviation <= 1e-7 * np.abs(mean))
        if len(constant):
            raise UserError(
                f"{self.name} is constant, {mean[constant[0]]:g}, in channel "
                f"{constant[0]}; give data that vary"
            )
        return FieldTransform(
            "continuous", tuple(mean.tolist()), tuple(deviation.tolist())
        )


def load_crops(
    path: str,
    crop: Sequence[int],
    facies: bool = False,
    periodic: Sequence[int] = (),
    isotropic: Sequence[int] = (),
    held_out: float = 0.2,
) -> Tuple[FieldCrops, FieldCrops]:
    """Opens images or volumes as two sources that share no pixel.

    Several fields are divided by number, a single one across its longest axis, the last
    part being held out; an axis that was cut is not periodic any more.

    Args:
        path (str): A file as for `read_fields`.
        crop (Sequence[int]): Shape of a window, one size a dimension.
        facies (bool): Whether values are the names of rock types or phases.
        periodic (Sequence[int]): Axes over whose ends a window may reach.
        isotropic (Sequence[int]): Axes along which the medium looks the same.
        held_out (float): Share of the data that is held out. Defaults to 0.2.

    Returns:
        Tuple[FieldCrops, FieldCrops]: For training, and held out, with the transform of
            the first.

    Raises:
        UserError: As for `read_fields` and `FieldCrops`, or a part too small for a crop.
    """
    fields = read_fields(path, len(crop))
    if not 0 < held_out < 1:
        raise UserError(f"the held-out share is {held_out}; make it between 0 and 1")
    values = _facies_of(fields, path) if facies else None
    name = os.path.basename(path)
    for size, window in zip(fields.shape[2:], crop):
        if window > size:  # before the cut, whose sizes nobody gave
            raise UserError(
                f"{name}: a crop of {list(crop)} does not fit into fields of "
                f"{list(fields.shape[2:])}; make it smaller"
            )
    axis = 0 if len(fields) > 1 else 2 + int(np.argmax(fields.shape[2:]))
    size = fields.shape[axis]
    least = 1 if axis == 0 else int(crop[axis - 2])
    cut = size - max(1, round(held_out * size))
    if min(cut, size - cut) < least:
        raise UserError(
            f"{name}: of {size} pixels {cut} are for training and {size - cut} held out, "
            f"too few for a crop of {list(crop)}; change the held-out share or the crop"
        )
    before = (slice(None),) * axis
    wraps = [p for p in periodic if p != axis - 2]
    train, test = (
        FieldCrops(fields[(*before, part)], crop, values, wraps, isotropic, label)
        for part, label in (
            (slice(0, cut), name),
            (slice(cut, size), f"{name} (held out)"),
        )
    )
    test.transform = train.transform
    return train, test


def _facies_of(fields: np.ndarray, name: str) -> np.ndarray:
    values = np.empty(0, fields.dtype)
    for _, block in _blocks(fields):
        if block.dtype.kind == "f" and not np.isfinite(block).all():
            raise UserError(
                f"{name} holds NaN or infinite values; fill or cut them out"
            )
        values = np.union1d(values, block)
        if len(values) > _MOST_FACIES:
            raise UserError(
                f"{name} holds more than {_MOST_FACIES} values, too many for facies; "
                "treat it as continuous, or segment it first"
            )
    return values


def _checked_facies(facies: Sequence[float], name: str) -> np.ndarray:
    values = np.unique(np.asarray(facies))
    if not 2 <= len(values) <= _MOST_FACIES:
        raise UserError(
            f"{name} has {len(values)} facies, {values.tolist()}; there must be 2 to "
            f"{_MOST_FACIES} of them"
        )
    return values


def _blocks(fields: np.ndarray) -> Iterator[Tuple[int, np.ndarray]]:
    """Every channel of every field, a few slices at a time."""
    for field in fields:
        for channel, values in enumerate(field):
            rows = max(1, _BLOCK // max(1, values[0].size))
            for start in range(0, len(values), rows):
                yield channel, values[start : start + rows]


def _symmetries(
    shape: Sequence[int], isotropic: Sequence[int]
) -> List[Tuple[Tuple[int, ...], Tuple[int, ...]]]:
    """Orders of the axes [C, *crop] and the axes to mirror after it, all equally likely."""
    axes = sorted(set(isotropic))
    orders = []
    for order in itertools.permutations(axes):
        if all(shape[a] == shape[b] for a, b in zip(axes, order)):
            full = list(range(len(shape)))
            for a, b in zip(axes, order):
                full[a] = b
            orders.append((0, *(a + 1 for a in full)))
    flips = itertools.chain.from_iterable(
        itertools.combinations([a + 1 for a in axes], count)
        for count in range(len(axes) + 1)
    )
    return list(itertools.product(orders, flips))
