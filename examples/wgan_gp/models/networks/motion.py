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

"""Networks of the motion case: speech and a speaker in, a moving skeleton out.

Poses are vectors of the bones, [B, T, N, 3]; a condition is a dict of "speaker" [B], and where
the data have them "audio" [B, 2 (T + 2 context), F] and "seed_frames" [B, S, N, 3], see
ppsci_ext.data.motion. All layers slide over time, so that T may be any number of frames.
"""

from __future__ import annotations

import math
from typing import Any
from typing import List
from typing import Sequence

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F
from paddle.static import InputSpec
from wgan_gp.models.networks import initialization as init
from wgan_gp.models.networks.motion_attention import BodyHandAttention
from wgan_gp.models.networks.motion_attention import body_and_hands
from wgan_gp.models.networks.motion_layers import KERNEL
from wgan_gp.models.networks.motion_layers import SLOPE
from wgan_gp.models.networks.motion_layers import AudioEncoder
from wgan_gp.models.networks.motion_layers import Condition
from wgan_gp.models.networks.motion_layers import MotionLayout
from wgan_gp.models.networks.motion_layers import PoseScaling
from wgan_gp.models.networks.motion_layers import conv
from wgan_gp.models.networks.motion_layers import seeds_over_time
from wgan_gp.models.networks.motion_layers import views_of_poses
from wgan_gp.models.networks.motion_layers import weights
from wgan_gp.models.networks.motion_vectors import turned
from wgan_gp.models.networks.motion_vectors import unit_vectors
from wgan_gp.models.networks.normalization import BatchNorm

from ppsci_ext.arch import ChannelNorm
from ppsci_ext.arch import Embedding
from ppsci_ext.arch import PremixedConv1D
from ppsci_ext.data.motion import AUDIO_PER_FRAME
from ppsci_ext.data.motion import Skeleton

STYLE = 4  # channels of the noise whose sum over time is the style of a whole window
_SPEAKER = 16  # dimensions of a speaker's vector


class MotionCritic(nn.Layer):
    """Convolutions over time of poses, audio and seed frames; a real number for each motion.

    Of a pose it sees the bones' vectors and what these are less those of the bones they hang on.
    Each hidden layer but the first is normalised per frame over the channels, so that no sample
    depends on another and T is free. The score is w h + e(speaker) h for the mean h of the
    last layer over time, a projection as of Miyato and Koyama 2018 (arXiv 1802.05637).
    Twice differentiable with respect to the poses.

    Args:
        layout (MotionLayout): What the data look like.
        dim (int): Channels of the first layer; the last two have four times as many.
        norm (str): "layer", "none", or "batch", which mixes the samples of a batch.
        hears (bool): Whether the critic gets the audio.
    """

    def __init__(
        self,
        layout: MotionLayout,
        dim: int = 64,
        norm: str = "layer",
        hears: bool = True,
    ):
        super().__init__()
        self.scaling = PoseScaling(layout)
        self.audio = None
        beside = 3 * layout.num_bones if layout.seed_frames else 0
        if hears and len(layout.audio_mean):
            self.audio = AudioEncoder(layout, dim)
            beside += dim
        self.seed_frames = layout.seed_frames
        views = views_of_poses(layout)
        first = weights(len(views) + beside, dim, KERNEL)
        self.of_poses = PremixedConv1D(
            views, dim, KERNEL, padding=KERNEL // 2, weight_attr=first
        )
        self.of_condition = None
        if beside:
            self.of_condition = nn.Conv1D(
                beside,
                dim,
                KERNEL,
                padding=KERNEL // 2,
                weight_attr=first,
                bias_attr=False,
            )
        widths = [dim, 2 * dim, 4 * dim, 4 * dim]
        self.convs, self.norms = nn.LayerList(), nn.LayerList()
        for before, after, stride in zip(widths, widths[1:], (2, 2, 1)):
            self.convs.append(conv(before, after, KERNEL, stride))
            self.norms.append(_norm(norm, after))
        self.score = init.linear(widths[-1], 1)
        self.speaker = Embedding(
            layout.num_speakers,
            widths[-1],
            weight_attr=nn.initializer.Normal(std=0.02),
        )

    def encode(self, condition: Condition, shape: Sequence[int]) -> Condition:
        """What the first convolution adds for the condition, which is the same for all poses.

        Args:
            condition (Condition): As for `forward`.
            shape (Sequence[int]): That of a motion, [T, N, 3].

        Returns:
            Condition: "speaker", and "beside" [B, dim, T] of audio and seed frames, where the
                critic gets any; `forward` takes it, too.
        """
        parts = []
        if self.audio is not None:
            parts.append(self.audio(condition["audio"].astype(self.scaling.mean.dtype)))
        if self.seed_frames:
            seeds = condition["seed_frames"].astype(self.scaling.mean.dtype)
            seeds = seeds_over_time(self.scaling.where_given(seeds), shape[0])
            parts.append(seeds.transpose([0, 2, 1]))
        encoded = {"speaker": condition["speaker"]}
        if parts:
            encoded["beside"] = self.of_condition(paddle.concat(parts, axis=1))
        return encoded

    def forward(self, x: paddle.Tensor, condition: Condition) -> paddle.Tensor:
        if "beside" not in condition:
            condition = self.encode(condition, x.shape[1:])
        h = self.of_poses(self.scaling.centred(x))
        if "beside" in condition:
            h = h + condition["beside"]
        h = F.leaky_relu(h, SLOPE)
        for convolution, norm in zip(self.convs, self.norms):
            h = F.leaky_relu(norm(convolution(h)), SLOPE)
        h = h.mean(axis=2)
        speaker = self.speaker(condition["speaker"])
        return self.score(h).reshape([-1]) + (speaker * h).sum(axis=1)


def _norm(kind: str, channels: int) -> nn.Layer:
    kinds = {
        "none": lambda: nn.Identity(),
        "layer": lambda: ChannelNorm(channels),
        "batch": lambda: BatchNorm(channels),
    }
    return kinds[kind]()


class _TemporalBlock(nn.Layer):
    """A residual dilated convolution of [B, C, T]."""

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.conv = conv(channels, channels, KERNEL, dilation=dilation)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return x + self.conv(F.leaky_relu(self.norm(x), SLOPE))


class _GraphBlock(nn.Layer):
    """x + s(A s(x) W), then a convolution over time of each bone; [B, T, N, C] to the same.

    A is the normalised adjacency (Kipf and Welling 2017, arXiv 1609.02907, equation 2).
    """

    def __init__(self, adjacency: np.ndarray, channels: int):
        super().__init__()
        adjacency = paddle.to_tensor(np.float32(adjacency))
        self.register_buffer("adjacency", adjacency, persistable=False)
        self.graph = init.linear(channels, channels, he=True)
        self.time = conv(channels, channels, 3)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        mixed = paddle.matmul(self.adjacency, F.leaky_relu(x, SLOPE))
        x = x + self.graph(mixed)
        _, frames, bones, channels = x.shape
        each = F.leaky_relu(x, SLOPE).transpose([0, 2, 3, 1])
        each = self.time(each.reshape([-1, channels, frames]))
        return x + each.reshape([-1, bones, channels, frames]).transpose([0, 3, 1, 2])


class MotionGenerator(nn.Layer):
    """Noise [B, T, latent_dim] and a condition to poses [B, T, N, 3].

    Audio, noise, style, speaker and seed frames meet in dilated convolutions over time; then
    each bone has features of its own, mixed with those of its neighbours in the skeleton, and
    body and hands attend to each other within a few frames. The first `STYLE` channels of the
    noise count by their sum over time, divided by sqrt(T): standard normal for any T, they
    are what stays the same in a window. Speaker `num_speakers` is the mean of all.

    Args:
        layout (MotionLayout): What the data look like.
        skeleton (Skeleton): Its bones.
        rest (np.ndarray): Pose that the output is a change of, [N, 3].
        unit (bool): Whether the vectors are directions, of length 1.
        dim (int): Channels over time, a multiple of 4; each bone has a quarter of them.
        latent_dim (int): Channels of the noise, more than `STYLE`.
        cross_attention (bool): Whether body and hands attend to each other.
    """

    def __init__(
        self,
        layout: MotionLayout,
        skeleton: Skeleton,
        rest: np.ndarray,
        unit: bool = True,
        dim: int = 64,
        latent_dim: int = 16,
        cross_attention: bool = True,
    ):
        super().__init__()
        self.latent_shape = [layout.frames, latent_dim]
        self.layout = layout
        self.unit = unit
        bones, per_bone = layout.num_bones, dim // 4
        inputs = latent_dim + _SPEAKER
        self.audio = None
        if len(layout.audio_mean):
            self.audio = AudioEncoder(layout, dim)
            inputs += dim
        if layout.seed_frames:  # over time, and all of them at every frame
            self.seeds = init.linear(layout.seed_frames * 3 * bones, dim)
            inputs += 3 * bones + dim
        self.speaker = nn.Embedding(layout.num_speakers, _SPEAKER)
        self.first = init.linear(inputs, dim)
        self.blocks = nn.Sequential(*(_TemporalBlock(dim, d) for d in (1, 2, 4)))
        self.bones = init.linear(dim, bones * per_bone)
        self.which = self.create_parameter(
            [bones, per_bone], default_initializer=nn.initializer.Normal(std=0.5)
        )
        # within, bones are in the order of the parts, so that these lie side by side
        parts = body_and_hands(skeleton)
        order = sum(parts, [])
        adjacency = skeleton.adjacency()[np.ix_(order, order)]
        self.before = _GraphBlock(adjacency, per_bone)
        self.attention = nn.Identity()
        if cross_attention:
            self.attention = BodyHandAttention(map(len, parts), per_bone, dim)
        self.after = _GraphBlock(adjacency, per_bone)
        # the first poses are near the one at rest
        small = nn.initializer.Normal(std=0.05)
        self.change = nn.Linear(per_bone, 3, weight_attr=small)
        # what turns a bone turns all that hang on it
        spread = skeleton.above() if unit else np.eye(bones)
        spread = paddle.to_tensor(np.float32(spread[:, order]))
        self.register_buffer("spread", spread, persistable=False)
        self.rest = self.create_parameter(
            [bones, 3], default_initializer=nn.initializer.Assign(np.float32(rest))
        )

    def input_spec(self) -> List[Any]:
        """What the exported generator takes."""
        frames, bones, _, seeds, context = self.layout[:5]
        condition = {"speaker": InputSpec([None], "int64", "speaker")}
        if self.audio is not None:
            length = AUDIO_PER_FRAME * (frames + 2 * context)
            shape = [None, length, len(self.layout.audio_mean)]
            condition["audio"] = InputSpec(shape, "float32", "audio")
        if seeds:
            shape = [None, seeds, bones, 3]
            condition["seed_frames"] = InputSpec(shape, "float32", "seed_frames")
        return [InputSpec([None, *self.latent_shape], "float32", "z"), condition]

    def forward(self, z: paddle.Tensor, condition: Condition) -> paddle.Tensor:
        frames = z.shape[1]
        whole = [z[:, :, :STYLE].sum(axis=1) / math.sqrt(frames)]
        whole.append(self._speaker(condition["speaker"]))
        parts = [z[:, :, STYLE:]]
        if self.audio is not None:
            parts.append(self.audio(condition["audio"]).transpose([0, 2, 1]))
        if self.layout.seed_frames:
            parts.append(seeds_over_time(condition["seed_frames"], frames))
            whole.append(self.seeds(condition["seed_frames"].flatten(1)))
        whole = paddle.concat(whole, axis=1).unsqueeze(1)
        parts.append(whole.tile([1, frames, 1]))
        h = self.first(paddle.concat(parts, axis=2)).transpose([0, 2, 1])
        h = F.leaky_relu(self.blocks(h), SLOPE).transpose([0, 2, 1])
        x = self.bones(h).reshape([-1, frames, *self.which.shape]) + self.which
        x = self.after(self.attention(self.before(x)))
        change = paddle.matmul(self.spread, self.change(F.leaky_relu(x, SLOPE)))
        if not self.unit:
            return self.rest + change
        return turned(unit_vectors(self.rest), change)

    def _speaker(self, index: paddle.Tensor) -> paddle.Tensor:
        vectors = self.speaker.weight
        mean = vectors.mean(axis=0, keepdim=True)
        return paddle.gather(paddle.concat([vectors, mean]), index)
