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

"""Layers that the networks of the motion case share, and what the data look like to them."""

from __future__ import annotations

import math
from typing import Dict
from typing import NamedTuple

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F

from ppsci_ext.data.motion import AUDIO_PER_FRAME

SLOPE = 0.2  # of leaky ReLUs
KERNEL = 5  # frames

Condition = Dict[str, paddle.Tensor]


class MotionLayout(NamedTuple):
    """What the data look like.

    Attributes:
        frames (int): T of the windows to train on.
        num_bones (int): N.
        num_speakers (int): Speakers that there are.
        seed_frames (int): S, 0 where windows are made without.
        context (int): Frames of audio before and after the motion.
        audio_mean (np.ndarray): Mean of each band, [F]; empty for data without audio.
        audio_std (np.ndarray): Standard deviation of each band, [F].
        pose_mean (np.ndarray): Mean pose, [N, 3].
        pose_std (np.ndarray): How far each bone's vectors are from it, root mean square, [N, 1].
        bends (np.ndarray): [J, N], what a bone's vector is less that of the bone it hangs on:
            1 and -1 in the row of each bone that hangs on one.
        bend_std (np.ndarray): How far these differences are from their mean, [J, 1].
    """

    frames: int
    num_bones: int
    num_speakers: int
    seed_frames: int
    context: int
    audio_mean: np.ndarray
    audio_std: np.ndarray
    pose_mean: np.ndarray
    pose_std: np.ndarray
    bends: np.ndarray
    bend_std: np.ndarray


def weights(
    inputs: int, outputs: int, kernel: int, stride: int = 1
) -> nn.initializer.Initializer:
    """Initial weights of a convolution over time, of all its channels together."""
    return nn.initializer.XavierUniform(
        inputs * kernel, outputs * kernel / stride, gain=math.sqrt(2.0)
    )


def conv(
    inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1
) -> nn.Conv1D:
    """Convolution of [B, C, T] that leaves ceil(T / stride) frames, for an odd kernel."""
    return nn.Conv1D(
        inputs,
        outputs,
        kernel,
        stride,
        padding=dilation * (kernel - 1) // 2,
        dilation=dilation,
        weight_attr=weights(inputs, outputs, kernel, stride),
        bias_attr=nn.initializer.Constant(0.0),
    )


class AudioEncoder(nn.Layer):
    """Log energies [B, 2 (T + 2 context), F] to features [B, dim, T].

    The first convolution brings two frames of audio to one of motion; the context is cut off
    at the end, when all frames have seen it.
    """

    def __init__(self, layout: MotionLayout, dim: int):
        super().__init__()
        self.context = layout.context
        bands = len(layout.audio_mean)
        for name, values in (("mean", layout.audio_mean), ("std", layout.audio_std)):
            self.register_buffer(name, paddle.to_tensor(np.float32(values)))
        self.first = conv(bands, dim, KERNEL, stride=AUDIO_PER_FRAME)
        self.second = conv(dim, dim, KERNEL)
        self.third = conv(dim, dim, KERNEL)

    def forward(self, audio: paddle.Tensor) -> paddle.Tensor:
        x = ((audio - self.mean) / self.std).transpose([0, 2, 1])
        x = F.leaky_relu(self.first(x), SLOPE)
        x = F.leaky_relu(self.second(x), SLOPE)
        x = F.leaky_relu(self.third(x), SLOPE)
        return x[:, :, self.context : x.shape[2] - self.context]


class PoseScaling(nn.Layer):
    """Vectors of bones less their mean, and in units of how far they move.

    As vectors of length 1 they are mean pose for the most part, with a movement of a tenth or so.
    """

    def __init__(self, layout: MotionLayout):
        super().__init__()
        for name, values in (("mean", layout.pose_mean), ("std", layout.pose_std)):
            self.register_buffer(name, paddle.to_tensor(np.float32(values)))

    def centred(self, x: paddle.Tensor) -> paddle.Tensor:
        """Less their mean, as channels [B, 3 N, T]."""
        return (x - self.mean).reshape([*x.shape[:2], -1]).transpose([0, 2, 1])

    def where_given(self, x: paddle.Tensor) -> paddle.Tensor:
        """Scaled poses, some of which are not given: zeros, which they remain."""
        given = x.abs().sum(axis=[-2, -1], keepdim=True) > 0
        return (x - self.mean) / self.std * given.astype(x.dtype)


def views_of_poses(layout: MotionLayout) -> np.ndarray:
    """What the critic sees of centred poses, [3 N + 3 J, 3 N].

    Each bone's vector in units of how far it moves; and what this is less that of the bone it
    hangs on, in such units as well. Fingers go wherever the arm goes; what they do beside that
    is a small part of it.
    """
    views = [np.eye(layout.num_bones) / layout.pose_std, layout.bends / layout.bend_std]
    return np.kron(np.concatenate(views), np.eye(3))


def seeds_over_time(seeds: paddle.Tensor, frames: int) -> paddle.Tensor:
    """Seed frames [B, S, N, 3] as channels [B, T, 3 N], zero where none are given."""
    seeds = seeds.detach().flatten(2)
    return F.pad(seeds, [0, frames - seeds.shape[1]], data_format="NLC")
