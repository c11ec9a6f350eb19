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

import math
from typing import Optional
from typing import Tuple
from typing import Union

import numpy as np
import paddle

from ppsci.utils import logger
from ppsci_ext.utils.errors import UserError

# float32 holds a pixel that was scaled to a range to about as many units in its last place
_ROUNDING = 8 * float(np.finfo(np.float32).eps)
_USUAL_RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (0.0, 65535.0))


class ToFloat:
    r"""Integer pixels to floats: low + (high - low) * (x / levels).

    With dequantisation, the same and uniform noise as wide as the step from one integer
    to the next, (high - low) / levels, drawn anew from Paddle's generator at every call,
    so that no two passes over the data show the critic the same numbers.

    The published WGAN-GP code uses, for pixels x in 0..255: x/256 in gan_mnist.py, which
    is `ToFloat(0, 1)`; 2*(x/255 - .5) in gan_cifar.py, which is
    `ToFloat(-1, 1, levels=255)`; and 2*(x/256 - .5) + U[0, 1/128) in gan_cifar_resnet.py,
    which is `ToFloat(-1, 1, dequantize=True)`.

    Args:
        low (float): What 0 becomes.
        high (float): What `levels` would become.
        levels (int): Number by which pixels are divided. Defaults to 256.
        dequantize (bool): Whether to add noise. Defaults to False.

    Examples:
        >>> import numpy as np
        >>> from ppsci_ext.data import ToFloat
        >>> ToFloat(0, 1)(np.array([0, 128], "uint8")).numpy()
        array([0. , 0.5], dtype=float32)
    """

    def __init__(
        self, low: float, high: float, levels: int = 256, dequantize: bool = False
    ):
        self.low = low
        self.high = high
        self.levels = levels
        self.dequantize = dequantize

    def __call__(
        self,
        images: Union[np.ndarray, paddle.Tensor],
        noise: Optional[paddle.Tensor] = None,
    ) -> paddle.Tensor:
        """Converts a batch; float images are taken to be converted already.

        Args:
            images (Union[np.ndarray, paddle.Tensor]): uint8 of any shape; floats come
                back with the same values.
            noise (Optional[paddle.Tensor]): Noise to add in place of the drawn one, in
                units of the result, same shape. Defaults to None.

        Returns:
            paddle.Tensor: float32, same shape.

        Raises:
            UserError: Images neither uint8 nor float.
        """
        if isinstance(images, np.ndarray):
            images = paddle.to_tensor(images)
        if images.is_floating_point():
            return images.astype("float32")
        if images.dtype != paddle.uint8:
            raise UserError(
                f"images must be uint8 or float, not {images.dtype}; convert them first"
            )
        span = self.high - self.low
        # by a tensor: Paddle turns division by a number into a product, rounded twice
        fraction = images.astype("float32") / paddle.full([], self.levels, "float32")
        result = self.low + span * fraction
        if noise is None and self.dequantize:
            noise = (span / self.levels) * paddle.rand(images.shape, "float32")
        return result if noise is None else result + noise


def to_uint8(
    images: Union[np.ndarray, paddle.Tensor], low: float, high: float
) -> np.ndarray:
    """Floats in [low, high] to pixels: floor((x - low) / (high - low) * 255.99).

    For [-1, 1] this is the published code's `((x+1)*(255.99/2)).astype('int32')`. Values
    beyond the range become 0 or 255.

    Args:
        images (Union[np.ndarray, paddle.Tensor]): Floats of any shape.
        low (float): What becomes 0.
        high (float): What becomes 255.

    Returns:
        np.ndarray: uint8, same shape.

    Raises:
        UserError: A value is NaN, as from a model that has diverged.
    """
    if isinstance(images, paddle.Tensor):
        images = images.astype("float32").numpy()
    images = np.asarray(images, np.float32)
    if np.isnan(images).any():
        raise UserError(
            "images hold NaN: the model that made them has diverged; use an earlier "
            "checkpoint or train with a lower learning rate"
        )
    scaled = (images - np.float32(low)) * np.float32(255.99 / (high - low))
    return np.clip(scaled, 0, 255).astype(np.uint8)


def check_range(
    images: Union[np.ndarray, Tuple[float, float]],
    low: float,
    high: float,
    what: str = "the images",
) -> None:
    """Refuses floats that lie outside of the range that they are said to have.

    Warns where they use no more than half of it, as images in [0, 1] do in [-1, 1]: then
    the range is most probably another one.

    Args:
        images (Union[np.ndarray, Tuple[float, float]]): Pixels of any shape, or their
            minimum and maximum. Those that are uint8 fit any range.
        low (float): Value of black.
        high (float): Value of white.
        what (str): What messages call the images.

    Raises:
        UserError: Values outside by more than what float32 rounds, or NaN; or a range that
            is none.
    """
    check_ends(low, high)
    if isinstance(images, np.ndarray):
        if images.dtype == np.uint8 or not images.size:
            return
        images = float(images.min()), float(images.max())
    smallest, largest = images
    slack = _ROUNDING * max(abs(low), abs(high))
    # with "not", since all comparisons with NaN are false
    if not (low - slack <= smallest and largest <= high + slack):
        fitting = _fitting_range(smallest, largest)
        raise UserError(
            f"{what}: values from {smallest:.7g} to {largest:.7g} lie outside of the range "
            f"[{low:.7g}, {high:.7g}]; {fitting}"
        )
    if largest - smallest <= (high - low) / 2 + slack:
        logger.warning(
            f"{what}: values from {smallest:.7g} to {largest:.7g} use no more than half of "
            f"the range [{low:.7g}, {high:.7g}]; is that the range of black and white?"
        )


def check_ends(low: float, high: float) -> None:
    """Refuses a range of values in which there is nothing.

    Args:
        low (float): Value of black.
        high (float): Value of white.

    Raises:
        UserError: They are in the wrong order, equal, or not finite.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UserError(
            f"the range [{low:g}, {high:g}] is empty or has no end; give the value of black "
            "and then that of white, such as 0 and 1"
        )


def _fitting_range(smallest: float, largest: float) -> str:
    """What to do with values that lie outside of their range."""
    if not (math.isfinite(smallest) and math.isfinite(largest)):
        return "remove what is NaN or infinite"
    for low, high in _USUAL_RANGES:
        is_used = largest - smallest > (high - low) / 2
        if is_used and low <= smallest and largest <= high:
            return f"scale them to it, or make it [{low:g}, {high:g}], which fits"
    if smallest == largest:
        return "scale them to it"
    return f"scale them to it, or make it [{smallest:.7g}, {largest:.7g}], which fits"
