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

"""Images brought to a size and a number of channels."""

from __future__ import annotations

import math
from typing import Tuple

import numpy as np
from PIL import Image

from ppsci_ext.data.limits import check_fits_memory
from ppsci_ext.data.reading import ImageReading
from ppsci_ext.utils.errors import UserError

_WHITE_16 = 65535
# of R, G and B in luminance, ITU-R BT.601, in Pillow's fixed-point form
_LUMINANCE = np.array([19595, 38470, 7471]) / 65536


def fit_images(images: np.ndarray, reading: ImageReading, what: str) -> np.ndarray:
    """Brings a batch of images to the size and channels that are wanted.

    Args:
        images (np.ndarray): uint8 or float32 [N, C, H, W].
        reading (ImageReading): What is wanted.
        what (str): What messages call the images.

    Returns:
        np.ndarray: As `fit_image` makes each of them; the array itself where there is
            nothing to do.

    Raises:
        UserError: As for `fit_image`, or the result would not fit into memory.
    """
    shape = (reading.channels or images.shape[1], *(reading.resize or images.shape[2:]))
    if images.shape[1:] == shape:
        return images
    check_fits_memory(len(images) * math.prod(shape) * images.itemsize, what)
    fitted = np.empty((len(images), *shape), images.dtype)
    for source, target in zip(images, fitted):
        target[...] = fit_image(source, reading, what)
    return fitted


def fit_image(image: np.ndarray, reading: ImageReading, what: str) -> np.ndarray:
    """Crops, resizes and converts one image, in this order.

    Args:
        image (np.ndarray): uint8 or float32 [C, H, W]. Black and white are 0 and 255, or
            in floats the ends of `reading.range` (0 and 1 where there is none).
        reading (ImageReading): What is wanted.
        what (str): What messages call the image.

    Returns:
        np.ndarray: Same type, [C, H, W], with values no larger and no smaller than those
            that the image and the background have.

    Raises:
        UserError: Channels that can't be converted, or transparent pixels without a
            background.
    """
    channels = reading.channels
    if reading.crop == "center":
        image = _centre(image, reading.resize)
    if len(image) == 4 and channels in (1, 3):
        image = _composited(image, reading, what)
    if reading.resize is not None and image.shape[1:] != reading.resize:
        resized = _resized_with_alpha if channels == len(image) == 4 else _resized
        image = resized(image, reading)
    if channels is not None and len(image) != channels:
        image = _with_channels(image, reading, what)
    return image


def from_16_bits(pixels: np.ndarray, reading: ImageReading) -> np.ndarray:
    """Pixels of 16 bits as floats, black and white being the ends of `reading.range`.

    As 65535 = 257 * 255, a pixel v of 8 bits and its equivalent 257 * v become the same
    where those of 8 bits are divided by 255.

    Args:
        pixels (np.ndarray): uint16 of any shape.
        reading (ImageReading): Names the range.

    Returns:
        np.ndarray: float32, same shape, from which the pixels can be had back exactly.
    """
    low, high = reading.range or (0.0, 1.0)
    scaled = pixels.astype(np.float32)
    scaled /= _WHITE_16
    scaled *= high - low
    scaled += low
    return scaled


def _centre(image: np.ndarray, shape: Tuple[int, int]) -> np.ndarray:
    """The largest part, in whole pixels, with the aspect ratio of `shape`."""
    (height, width), (target_height, target_width) = image.shape[1:], shape
    scale = min(height / target_height, width / target_width)
    kept_height = min(max(round(target_height * scale), 1), height)
    kept_width = min(max(round(target_width * scale), 1), width)
    top, left = (height - kept_height) // 2, (width - kept_width) // 2
    return image[:, top : top + kept_height, left : left + kept_width]


def _composited(image: np.ndarray, reading: ImageReading, what: str) -> np.ndarray:
    """RGBA over the background, [3, H, W]."""
    black, white = _black_and_white(image, reading)
    if (image[3] == white).all():
        return image[:3]
    if reading.background is None:
        raise UserError(
            f"{what} has transparent pixels; set background= to what is to show through "
            "them, such as 255 for white, or channels=4 to keep them"
        )
    behind = np.array(reading.background, np.float32).reshape(-1, 1, 1) / 255
    unit = _unit(image, reading)
    alpha = unit[3]
    mixed = alpha * unit[:3] + (1 - alpha) * behind
    return _as_type(black + (white - black) * mixed, image.dtype)


def _with_channels(image: np.ndarray, reading: ImageReading, what: str) -> np.ndarray:
    """Grey, RGB or RGBA of what is grey or RGB."""
    have, want = len(image), reading.channels
    if have not in (1, 3) or want not in (1, 3, 4):
        raise UserError(
            f"{what} has {have} channels, but channels={want} is asked for; only 1 (grey), "
            "3 (RGB) and 4 (RGBA) can be made of each other"
        )
    if want == 1:
        luminance = np.tensordot(_LUMINANCE, image, 1)[np.newaxis]
        return _as_type(luminance, image.dtype)
    if have == 1:
        image = np.repeat(image, 3, axis=0)
    if want == 4:
        opaque = np.full_like(image[:1], _black_and_white(image, reading)[1])
        image = np.concatenate([image, opaque])
    return image


def _resized(image: np.ndarray, reading: ImageReading) -> np.ndarray:
    return np.stack([_resized_channel(channel, reading.resize) for channel in image])


def _resized_with_alpha(image: np.ndarray, reading: ImageReading) -> np.ndarray:
    """Resizes RGBA so that the colours of transparent pixels don't bleed into others."""
    black, white = _black_and_white(image, reading)
    unit = _unit(image, reading)
    unit[:3] *= unit[3]
    unit = _resized(unit, reading)
    alpha = unit[3]
    np.divide(unit[:3], alpha, out=unit[:3], where=alpha > 0)
    return _as_type(black + (white - black) * unit.clip(0, 1), image.dtype)


def _resized_channel(channel: np.ndarray, shape: Tuple[int, int]) -> np.ndarray:
    picture = Image.fromarray(np.ascontiguousarray(channel))
    resized = np.asarray(picture.resize(shape[::-1], Image.Resampling.BICUBIC))
    if channel.dtype == np.uint8:
        return resized
    # the filter overshoots at edges; with 8 bits, Pillow cuts that off by itself
    return resized.clip(channel.min(), channel.max())


def _black_and_white(image: np.ndarray, reading: ImageReading) -> Tuple[float, float]:
    return (0, 255) if image.dtype == np.uint8 else reading.range or (0.0, 1.0)


def _unit(image: np.ndarray, reading: ImageReading) -> np.ndarray:
    """float32, black and white being 0 and 1."""
    black, white = _black_and_white(image, reading)
    return (image.astype(np.float32) - black) / (white - black)


def _as_type(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Back to uint8, to the nearest and upwards from the middle, or to float32."""
    return (
        np.floor(values + 0.5).astype(dtype)
        if dtype == np.uint8
        else values.astype(dtype)
    )
