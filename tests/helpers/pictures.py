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

"""Image files of kinds that Pillow can't write."""

from __future__ import annotations

import struct
import zlib

import numpy as np

_PNG_COLOUR = {1: 0, 2: 4, 3: 2, 4: 6}  # by number of channels


def deep_png(pixels: np.ndarray) -> bytes:
    """A PNG file of 16 bits.

    Args:
        pixels (np.ndarray): uint16 [H, W, C], with 1 to 4 channels.
    """
    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    sizes = (width, height, 16, _PNG_COLOUR[channels], 0, 0, 0)
    chunks = [
        b"IHDR" + struct.pack(">2I5B", *sizes),
        b"IDAT" + zlib.compress(rows),
        b"IEND",
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in chunks
    )


def tiff(
    pixels: np.ndarray,
    order: str = "<",
    packed: bool = False,
    planar: bool = False,
    photometric: int = None,
    orientation: int = 1,
    kind: int = 1,
) -> bytes:
    """A TIFF file of one strip (and with planes, of one for each).

    Args:
        pixels (np.ndarray): [H, W, C] of any type.
        order (str): "<" or ">".
        packed (bool): Compressed by zlib, which Pillow hands to libtiff.
        planar (bool): One channel after the other.
        photometric (int): What 0 is: 1 black (grey), 2 RGB, 0 white.
        orientation (int): 1 to 8.
        kind (int): 1 unsigned, 2 signed, 3 floats.
    """
    height, width, channels = pixels.shape
    stored = pixels.astype(pixels.dtype.newbyteorder(order))
    planes = stored.transpose(2, 0, 1) if planar else [stored]
    strips = [np.ascontiguousarray(plane).tobytes() for plane in planes]
    if packed:
        strips = [zlib.compress(strip) for strip in strips]
    if photometric is None:
        photometric = 1 if channels < 3 else 2
    bits = 8 * pixels.itemsize
    tags = [
        (256, "I", [width]),
        (257, "I", [height]),
        (258, "H", [bits] * channels),
        (259, "H", [8 if packed else 1]),
        (262, "H", [photometric]),
        (273, "I", None),  # where the strips are
        (274, "H", [orientation]),
        (277, "H", [channels]),
        (278, "I", [height]),
        (279, "I", [len(strip) for strip in strips]),
        (284, "H", [2 if planar else 1]),
        (339, "H", [kind] * channels),
    ]
    if channels in (2, 4):
        tags.insert(-1, (338, "H", [2]))  # the last channel is alpha
    start = 8 + 2 + 12 * len(tags) + 4
    offsets, data = [], b""
    for strip in strips:
        offsets.append(start + len(data))
        data += strip + b"\0" * (len(strip) % 2)
    entries = b""
    for tag, code, values in tags:
        values = offsets if values is None else values
        content = struct.pack(f"{order}{len(values)}{code}", *values)
        if len(content) > 4:
            place = struct.pack(f"{order}I", start + len(data))
            data += content + b"\0" * (len(content) % 2)
            content = place
        number = {"H": 3, "I": 4}[code]
        entries += struct.pack(f"{order}HHI", tag, number, len(values))
        entries += content.ljust(4, b"\0")
    magic = b"II*\0" if order == "<" else b"MM\0*"
    header = magic + struct.pack(f"{order}IH", 8, len(tags))
    return header + entries + struct.pack(f"{order}I", 0) + data
