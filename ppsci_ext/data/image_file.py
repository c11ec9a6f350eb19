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

"""One image file as an array, nothing of it lost, nothing of it believed."""

from __future__ import annotations

import contextlib
import re
import sys
import warnings
from typing import Iterator
from typing import Optional
from typing import Tuple

import numpy as np
from PIL import ExifTags
from PIL import Image
from PIL import ImageFile

from ppsci_ext.utils.errors import UserError

EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
MAX_SIDE = 4096
MAX_PIXELS = 1 << 26  # where images are resized: more than the largest phone camera's

_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF")
_GREY_MODES = ("1", "L", "LA")
_COLOUR_MODES = ("RGB", "RGBA", "P", "CMYK", "YCbCr")
_TAG_BITS, _TAG_PHOTOMETRIC, _TAG_PLANES = 258, 262, 284  # of TIFF
# Pillow's names for how pixels of more than 8 bits are stored
_DEEP = re.compile(r"I;|.*;(12|16[BLNS])")
_DEEP_COLOUR = re.compile(r"RGBA?;16[BLN]")


@contextlib.contextmanager
def open_image(path: str) -> Iterator[Image.Image]:
    """Opens an image file, its pixels still packed.

    Args:
        path (str): The file.

    Raises:
        UserError: Not an image, or damaged, also if that turns out while it is open; or
            with more than one picture in it.
    """
    try:
        with warnings.catch_warnings():
            # Pillow's, about damage that is found anyway and sizes that are limited here
            warnings.simplefilter("ignore")
            # of other formats that a file of any name can be in, some start programs
            with Image.open(path, formats=_FORMATS) as image:
                # the second picture of a photo of two (MPO) is a preview of the first
                if image.format != "MPO" and getattr(image, "is_animated", False):
                    raise UserError(
                        f"{path} holds {image.n_frames} pictures; save each of them as a "
                        "file of its own"
                    )
                yield image
    except UserError:
        raise
    except Exception as error:  # damaged files raise nearly every type there is
        raise UserError(
            f"{path} cannot be read as an image ({error or type(error).__name__}); repair "
            "or remove it"
        ) from error


def check_size(image: Image.Image, is_resized: bool) -> None:
    """Refuses what would take absurd memory, before it is unpacked.

    Raises:
        UserError: A side above `MAX_SIDE`, or more than `MAX_PIXELS` in an image that
            is to be resized.
    """
    if is_resized and image.width * image.height > MAX_PIXELS:
        raise UserError(
            f"{image.filename} is {describe(image)}; scale it to at most {MAX_PIXELS} pixels"
        )
    if not is_resized and max(image.size) > MAX_SIDE:
        raise UserError(
            f"{image.filename} is {describe(image)}; scale it to at most {MAX_SIDE}x"
            f"{MAX_SIDE}, or set resize=[H, W]"
        )


def describe(image: Image.Image) -> str:
    """Size and mode, for messages."""
    return f"{image.width}x{image.height} pixels of mode {image.mode}"


def decode(
    image: Image.Image,
    keep_alpha: bool = False,
    upright: bool = True,
    shape: Optional[Tuple[int, int]] = None,
) -> np.ndarray:
    """Unpacks the pixels of an open image.

    Args:
        image (Image.Image): Of `open_image`.
        keep_alpha (bool): Whether an image with transparency gets four channels.
            Defaults to False: grey images get one channel and all others three (R, G, B).
        upright (bool): Whether the image is turned as its EXIF orientation says. Pillow
            itself turns TIFF files in any case. Defaults to True.
        shape (Optional[Tuple[int, int]]): Height and width that it is to be resized to:
            of a JPEG file, details beyond four times those may be left out.

    Returns:
        np.ndarray: [C, H, W]; uint8, or uint16 from 16 bits, or float32 from floats.

    Raises:
        UserError: Pixels of another type.
    """
    stored = _stored_mode(image)
    _check_tags(image, stored)
    if image.mode == "F":
        pixels = np.asarray(image)
        if not np.isfinite(pixels).all():
            raise UserError(
                f"{image.filename} holds NaN or infinite values; remove them"
            )
    elif image.mode.startswith("I;16") and stored.startswith("I;16"):
        pixels = np.asarray(image).astype(np.uint16)
    elif _DEEP_COLOUR.fullmatch(stored) and stored.split(";")[0] == image.mode:
        pixels = _deep_colour(image)
        pixels = pixels if keep_alpha else pixels[..., :3]
    elif _DEEP.match(stored) or image.mode not in (*_GREY_MODES, *_COLOUR_MODES):
        raise _not_supported(image, stored)
    else:
        if shape is not None:
            image.draft(None, (4 * max(shape), 4 * max(shape)))
        pixels = np.asarray(image.convert(_plain_mode(image, keep_alpha)))
    pixels = np.atleast_3d(pixels).transpose(2, 0, 1)
    # after the pixels, since a TIFF file that Pillow has turned no longer needs to be
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1) if upright else 1
    return _turned(pixels, orientation)


def _plain_mode(image: Image.Image, keep_alpha: bool) -> str:
    if keep_alpha and image.has_transparency_data:
        return "RGBA"
    return "L" if image.mode in _GREY_MODES else "RGB"


def _stored_mode(image: Image.Image) -> str:
    """How the pixels lie in the file, in Pillow's words; WebP tells nothing."""
    if not image.tile:
        return ""
    arguments = image.tile[0].args
    return arguments if isinstance(arguments, str) else str(arguments[0])


def _check_tags(image: Image.Image, stored: str) -> None:
    """Refuses the kinds of TIFF file that Pillow reads wrongly."""
    if image.format != "TIFF":
        return
    tags = image.tag_v2
    bits = tags.get(_TAG_BITS, (1,))
    is_negative = tags.get(_TAG_PHOTOMETRIC) == 0  # 0 is white
    has_planes = tags.get(_TAG_PLANES, 1) != 1 and len(bits) > 1
    if max(bits) > 8 and (is_negative or has_planes):
        raise _not_supported(image, stored)


def _deep_colour(image: Image.Image) -> np.ndarray:
    """uint16 [H, W, 3 or 4]: Pillow keeps one byte of the two, so that it is asked twice."""
    high = np.asarray(image)
    with Image.open(image.filename, formats=_FORMATS) as again:
        again.tile = [_with_other_byte(tile) for tile in again.tile]
        low = np.asarray(again)
    return high.astype(np.uint16) << 8 | low


def _with_other_byte(tile: ImageFile._Tile) -> ImageFile._Tile:
    """A part of a file that gives the low bytes where it gave the high ones."""
    native, foreign = ("L", "B") if sys.byteorder == "little" else ("B", "L")
    swapped = {"B": "L", "L": "B", "N": foreign}
    if isinstance(tile.args, str):
        return tile._replace(args=tile.args[:-1] + swapped[tile.args[-1]])
    stored, *rest = tile.args
    return tile._replace(args=(stored[:-1] + swapped[stored[-1]], *rest))


def _turned(pixels: np.ndarray, orientation: object) -> np.ndarray:
    """[C, H, W] as an EXIF orientation (1 to 8) wants it shown.

    The orientation says on which sides of the picture the first stored row and column lie.
    Source: EXIF 2.3 (CIPA DC-008), tag 274.
    """
    if orientation in (5, 6, 7, 8):  # the first row is a column of the picture
        pixels = pixels.swapaxes(1, 2)
    if orientation in (2, 3, 6, 7):  # right
        pixels = pixels[:, :, ::-1]
    if orientation in (3, 4, 7, 8):  # bottom
        pixels = pixels[:, ::-1]
    return pixels


def _not_supported(image: Image.Image, stored: str) -> UserError:
    return UserError(
        f"{image.filename} has pixels of mode {image.mode} (stored as {stored or 'unknown'}), "
        "which can't be read without loss; save it with 8 bits, as grey or RGB with 16 bits, "
        "or store the images as floats in an .npz file"
    )
