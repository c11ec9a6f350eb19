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

"""The Inception-v3 whose features define the Fréchet Inception distance."""

from __future__ import annotations

import os
from typing import Dict
from typing import List
from typing import NamedTuple
from typing import Optional
from typing import Tuple
from typing import Union

import paddle
import paddle.nn.functional as F
from paddle import nn

from ppsci_ext.utils.weights import read_torch_weights
from ppsci_ext.utils.weights import set_torch_weights

_IMAGE_SIZE = 299


class _Conv(NamedTuple):
    """One convolution of an Inception block, under torchvision's name of it."""

    name: str
    source: str  # another convolution, or "input" of the block
    channels: int
    kernel_size: Tuple[int, int]


_35X35 = [
    _Conv("branch1x1", "input", 64, (1, 1)),
    _Conv("branch5x5_1", "input", 48, (1, 1)),
    _Conv("branch5x5_2", "branch5x5_1", 64, (5, 5)),
    _Conv("branch3x3dbl_1", "input", 64, (1, 1)),
    _Conv("branch3x3dbl_2", "branch3x3dbl_1", 96, (3, 3)),
    _Conv("branch3x3dbl_3", "branch3x3dbl_2", 96, (3, 3)),
]
_35X35_TO_17X17 = [
    _Conv("branch3x3", "input", 384, (3, 3)),
    _Conv("branch3x3dbl_1", "input", 64, (1, 1)),
    _Conv("branch3x3dbl_2", "branch3x3dbl_1", 96, (3, 3)),
    _Conv("branch3x3dbl_3", "branch3x3dbl_2", 96, (3, 3)),
]
_17X17_TO_8X8 = [
    _Conv("branch3x3_1", "input", 192, (1, 1)),
    _Conv("branch3x3_2", "branch3x3_1", 320, (3, 3)),
    _Conv("branch7x7x3_1", "input", 192, (1, 1)),
    _Conv("branch7x7x3_2", "branch7x7x3_1", 192, (1, 7)),
    _Conv("branch7x7x3_3", "branch7x7x3_2", 192, (7, 1)),
    _Conv("branch7x7x3_4", "branch7x7x3_3", 192, (3, 3)),
]
_8X8 = [
    _Conv("branch1x1", "input", 320, (1, 1)),
    _Conv("branch3x3_1", "input", 384, (1, 1)),
    _Conv("branch3x3_2a", "branch3x3_1", 384, (1, 3)),
    _Conv("branch3x3_2b", "branch3x3_1", 384, (3, 1)),
    _Conv("branch3x3dbl_1", "input", 448, (1, 1)),
    _Conv("branch3x3dbl_2", "branch3x3dbl_1", 384, (3, 3)),
    _Conv("branch3x3dbl_3a", "branch3x3dbl_2", 384, (1, 3)),
    _Conv("branch3x3dbl_3b", "branch3x3dbl_2", 384, (3, 1)),
]


def _17x17(channels: int) -> List[_Conv]:
    return [
        _Conv("branch1x1", "input", 192, (1, 1)),
        _Conv("branch7x7_1", "input", channels, (1, 1)),
        _Conv("branch7x7_2", "branch7x7_1", channels, (1, 7)),
        _Conv("branch7x7_3", "branch7x7_2", 192, (7, 1)),
        _Conv("branch7x7dbl_1", "input", channels, (1, 1)),
        _Conv("branch7x7dbl_2", "branch7x7dbl_1", channels, (7, 1)),
        _Conv("branch7x7dbl_3", "branch7x7dbl_2", channels, (1, 7)),
        _Conv("branch7x7dbl_4", "branch7x7dbl_3", channels, (7, 1)),
        _Conv("branch7x7dbl_5", "branch7x7dbl_4", 192, (1, 7)),
    ]


class ConvBNReLU(nn.Layer):
    """Convolution without bias, batch norm and ReLU.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        kernel_size (Tuple[int, int]): Height and width of the kernel, odd.
        stride (int): Stride along both axes.
        is_padded (bool): Whether zeros around the input keep its size at stride 1.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Tuple[int, int],
        stride: int = 1,
        is_padded: bool = False,
    ):
        super().__init__()
        self.conv = nn.Conv2D(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=[size // 2 if is_padded else 0 for size in kernel_size],
            bias_attr=False,
        )
        self.bn = nn.BatchNorm2D(out_channels, epsilon=1e-3)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Map [B, in_channels, H, W] to [B, out_channels, H', W']."""
        return F.relu(self.bn(self.conv(x)))


class InceptionBlock(nn.Layer):
    """Branches of convolutions and one of pooling, concatenated along the channels.

    The output consists of those convolutions that no other one reads, in their order,
    and of the pooling, which comes last.

    Args:
        in_channels (int): Channels of the input.
        convs (List[_Conv]): The convolutions, each after the one that it reads.
        pool (nn.Layer): Pooling that keeps height and width, or halves them where
            pool_channels is None.
        pool_channels (Optional[int]): Channels of the 1x1 convolution after the
            pooling. None stands for a block that halves height and width: no such
            convolution, and the last one of each branch has stride 2 and no padding.
    """

    def __init__(
        self,
        in_channels: int,
        convs: List[_Conv],
        pool: nn.Layer,
        pool_channels: Optional[int] = None,
    ):
        super().__init__()
        self._convs = convs
        inner = {conv.source for conv in convs}
        self._last = [conv.name for conv in convs if conv.name not in inner]
        channels = {"input": in_channels}
        for name, source, out_channels, kernel_size in convs:
            is_halving = pool_channels is None and name in self._last
            conv = ConvBNReLU(
                channels[source],
                out_channels,
                kernel_size,
                stride=2 if is_halving else 1,
                is_padded=not is_halving,
            )
            self.add_sublayer(name, conv)
            channels[name] = out_channels
        self.pool = pool
        self.branch_pool = (
            nn.Identity()
            if pool_channels is None
            else ConvBNReLU(in_channels, pool_channels, (1, 1))
        )

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Map [B, in_channels, H, W] to [B, out_channels, H', W']."""
        outputs = {"input": x}
        for conv in self._convs:
            outputs[conv.name] = getattr(self, conv.name)(outputs[conv.source])
        branches = [outputs[name] for name in self._last]
        return paddle.concat([*branches, self.branch_pool(self.pool(x))], axis=1)


class FIDInceptionV3(nn.Layer):
    """Inception-v3 as in Google's graph of 2015-12-05, on which FID is defined.

    Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision"
    (section 6), in the variant that Salimans et al. 2016 (Inception score) and Heusel
    et al. 2017 (FID) evaluate: 1008 classes, average pooling that leaves the padding
    out, and, most likely by mistake, maximum pooling in the last block. It has
    23,850,960 parameters, named as in pytorch-fid and torch-fidelity.

    Examples:
        >>> import paddle
        >>> from ppsci_ext.arch.inception import FIDInceptionV3
        >>> network = FIDInceptionV3()
        >>> network.eval()
        >>> output = network(paddle.zeros([2, 3, 32, 32], dtype="uint8"))
        >>> print(output["2048"].shape, output["logits"].shape)
        [2, 2048] [2, 1008]
    """

    num_features = 2048
    num_classes = 1008

    def __init__(self):
        super().__init__()
        average = nn.AvgPool2D(3, stride=1, padding=1, exclusive=True)
        maximum = nn.MaxPool2D(3, stride=1, padding=1)
        self.halve = nn.MaxPool2D(3, stride=2)

        self.Conv2d_1a_3x3 = ConvBNReLU(3, 32, (3, 3), stride=2)
        self.Conv2d_2a_3x3 = ConvBNReLU(32, 32, (3, 3))
        self.Conv2d_2b_3x3 = ConvBNReLU(32, 64, (3, 3), is_padded=True)
        self.Conv2d_3b_1x1 = ConvBNReLU(64, 80, (1, 1))
        self.Conv2d_4a_3x3 = ConvBNReLU(80, 192, (3, 3))
        self.Mixed_5b = InceptionBlock(192, _35X35, average, 32)
        self.Mixed_5c = InceptionBlock(256, _35X35, average, 64)
        self.Mixed_5d = InceptionBlock(288, _35X35, average, 64)
        self.Mixed_6a = InceptionBlock(288, _35X35_TO_17X17, self.halve)
        self.Mixed_6b = InceptionBlock(768, _17x17(128), average, 192)
        self.Mixed_6c = InceptionBlock(768, _17x17(160), average, 192)
        self.Mixed_6d = InceptionBlock(768, _17x17(160), average, 192)
        self.Mixed_6e = InceptionBlock(768, _17x17(192), average, 192)
        self.Mixed_7a = InceptionBlock(768, _17X17_TO_8X8, self.halve)
        self.Mixed_7b = InceptionBlock(1280, _8X8, average, 192)
        self.Mixed_7c = InceptionBlock(2048, _8X8, maximum, 192)
        self.fc = nn.Linear(2048, self.num_classes)

    def forward(self, images: paddle.Tensor) -> Dict[str, paddle.Tensor]:
        """Compute features of four depths and class scores.

        Args:
            images (paddle.Tensor): [B, 3, H, W], RGB from 0 to 255, uint8, any size.
                They are resized and normalised here, so that no caller can do it
                differently.

        Returns:
            Dict[str, paddle.Tensor]: "64", "192", "768" and "2048", [B, d],
                means over all pixels after the first and the second pooling, before
                the second halving block and after the last one; "logits", [B, 1008],
                before the softmax, and "logits_unbiased", the same without the bias of
                the linear layer, from which the Inception score is computed.

        Raises:
            ValueError: If images is not uint8 [B, 3, H, W].
        """
        if (
            images.dtype != paddle.uint8
            or len(images.shape) != 4
            or images.shape[1] != 3
        ):
            raise ValueError(
                f"images must be uint8 [B, 3, H, W], not {images.dtype} "
                f"{list(images.shape)}"
            )
        x = resize_bilinear_tf1(images.astype(self.fc.weight.dtype), _IMAGE_SIZE)
        x = (x - 128.0) / 128.0
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        pool1 = self.halve(x)
        pool2 = self.halve(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(pool1)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(pool2)))
        x = self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))
        mixed6 = self.Mixed_6e(self.Mixed_6d(x))
        mixed7 = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(mixed6)))
        features = _spatial_mean(mixed7)
        logits_unbiased = F.linear(features, self.fc.weight)
        return {
            "64": _spatial_mean(pool1),
            "192": _spatial_mean(pool2),
            "768": _spatial_mean(mixed6),
            "2048": features,
            "logits": logits_unbiased + self.fc.bias,
            "logits_unbiased": logits_unbiased,
        }

    @classmethod
    def from_pretrained(cls, path: Union[str, "os.PathLike[str]"]) -> FIDInceptionV3:
        """Build the network with the weights that FID is defined with.

        Args:
            path (Union[str, os.PathLike[str]]):
                pt_inception-2015-12-05-6726825d.pth of github.com/mseitzer/pytorch-fid
                or weights-inception-2015-12-05-6726825d.pth of
                github.com/toshas/torch-fidelity (both Apache-2.0), PyTorch files;
                PyTorch is not needed.

        Returns:
            FIDInceptionV3: The network in evaluation mode.

        Raises:
            UserError: If the file can't be read, or if a tensor is missing, is not one
                of this network or has another shape.
        """
        weights = {
            name: value
            for name, value in read_torch_weights(path).items()
            # torchvision's network has a second classifier, needed for training only.
            if not name.startswith("AuxLogits.")
        }
        network = cls()
        set_torch_weights(
            network,
            weights,
            path,
            architecture="FID Inception-v3",
            file_name="weights-inception-2015-12-05-6726825d.pth",
        )
        network.eval()
        return network


def _spatial_mean(x: paddle.Tensor) -> paddle.Tensor:
    # Not x.mean([2, 3]): with oneDNN that one loses a digit and prints debug messages.
    return F.adaptive_avg_pool2d(x, 1).flatten(1)


def resize_bilinear_tf1(images: paddle.Tensor, size: int) -> paddle.Tensor:
    """Resize as TensorFlow 1's `resize_bilinear` does by default.

    Output pixel i lies at i * H / size of the input: the images' corners are aligned,
    not the centres of the pixels, and nothing is smoothed before scaling down. Beyond
    the last input pixel its value is repeated. FID depends on this choice (Parmar et
    al. 2022, "On Aliased Resizing and Surprising Subtleties in GAN Evaluation").

    Args:
        images (paddle.Tensor): floats [B, C, H, W].
        size (int): Height and width of the output, pixels.

    Returns:
        paddle.Tensor: Of the same type, [B, C, size, size].
    """
    # F.interpolate(align_corners=False, align_mode=1) gives the same numbers, but
    # paddle.inference can't run it with oneDNN (Paddle 3.3).
    rows, columns = (
        _interpolation_matrix(length, size).astype(images.dtype)
        for length in images.shape[2:]
    )
    return paddle.matmul(rows, paddle.matmul(images, columns, transpose_y=True))


def _interpolation_matrix(in_size: int, out_size: int) -> paddle.Tensor:
    """Weights [out_size, in_size] of linear interpolation; each row sums to 1."""
    position = paddle.arange(out_size, dtype="float32") * (in_size / out_size)
    position = paddle.clip(position, max=in_size - 1).unsqueeze(1)
    distance = paddle.abs(position - paddle.arange(in_size, dtype="float32"))
    return F.relu(1.0 - distance)
