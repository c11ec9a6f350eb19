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

"""The motion case's networks, written plainly in PyTorch.

Sizes, normalisation and the names of the parameters are those of `wgan_gp.models.networks.motion`,
but for the attention's, which is PyTorch's; initial weights are PyTorch's own. Poses are unit
vectors, [B, T, N, 3].
"""

from __future__ import annotations

import math
from typing import Any
from typing import Dict
from typing import Mapping

import torch
import torch.nn.functional as F
from torch import nn

STYLE = 4
SPEAKER = 16
KERNEL = 5
REACH = 3
HEADS = 2

Condition = Dict[str, torch.Tensor]
Facts = Mapping[str, Any]


# layers


def conv(
    inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1
) -> nn.Conv1d:
    padding = dilation * (kernel - 1) // 2
    return nn.Conv1d(inputs, outputs, kernel, stride, padding, dilation)


class FrameNorm(nn.LayerNorm):
    """Layer norm over the channels of each frame of [B, C, T]."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class AudioEncoder(nn.Module):
    """Log energies [B, 2 (T + 2 context), F] to features [B, dim, T]."""

    def __init__(self, facts: Facts, dim: int):
        super().__init__()
        self.context = facts["context"]
        self.register_buffer("mean", torch.tensor(facts["audio_mean"]))
        self.register_buffer("std", torch.tensor(facts["audio_std"]))
        self.first = conv(len(self.mean), dim, KERNEL, stride=2)
        self.second = conv(dim, dim, KERNEL)
        self.third = conv(dim, dim, KERNEL)

    def forward(self, audio: torch.Tensor) -> torch.Tensor:
        x = ((audio - self.mean) / self.std).transpose(1, 2)
        for layer in (self.first, self.second, self.third):
            x = F.leaky_relu(layer(x), 0.2)
        return x[:, :, self.context : -self.context]


class TemporalBlock(nn.Module):
    """A residual dilated convolution of [B, C, T]."""

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.norm = FrameNorm(channels)
        self.conv = conv(channels, channels, KERNEL, dilation=dilation)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv(F.leaky_relu(self.norm(x), 0.2))


class GraphBlock(nn.Module):
    """Graph convolution, then one over time of each bone; [B, T, N, C] to the same."""

    def __init__(self, facts: Facts, channels: int):
        super().__init__()
        self.register_buffer("adjacency", torch.tensor(facts["adjacency"]))
        self.graph = nn.Linear(channels, channels)
        self.time = conv(channels, channels, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.graph(self.adjacency @ F.leaky_relu(x, 0.2))
        batch, frames, bones, channels = x.shape
        each = F.leaky_relu(x, 0.2).permute(0, 2, 3, 1).flatten(0, 1)
        each = self.time(each).view(batch, bones, channels, frames)
        return x + each.permute(0, 3, 1, 2)


class BodyHandAttention(nn.Module):
    """Body and hands attend to each other within a few frames; [B, T, N, C] to the same."""

    def __init__(self, facts: Facts, channels: int, dim: int):
        super().__init__()
        self.sizes = facts["part_sizes"]
        widths = [size * channels for size in self.sizes]
        self.tokens = nn.ModuleList(nn.Linear(width, dim) for width in widths)
        self.changes = nn.ModuleList(nn.Linear(dim, width) for width in widths)
        self.of_body = nn.MultiheadAttention(dim, HEADS, batch_first=True)
        self.of_hands = nn.MultiheadAttention(dim, HEADS, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = x.split(self.sizes, dim=2)
        body, *hands = [
            token(part.flatten(2)) for token, part in zip(self.tokens, parts)
        ]
        at = torch.arange(x.shape[1])
        far = (at[:, None] - at).abs() > REACH
        both = torch.cat(hands, dim=1)
        masks = far.tile(1, len(hands)), far
        seen = [attended(self.of_body, body, both, masks[0])]
        seen += [attended(self.of_hands, hand, body, masks[1]) for hand in hands]
        changed = [
            part + change(token).view_as(part)
            for part, change, token in zip(parts, self.changes, seen)
        ]
        return torch.cat(changed, dim=2)


def attended(
    attention: nn.MultiheadAttention,
    query: torch.Tensor,
    others: torch.Tensor,
    hidden: torch.Tensor,
) -> torch.Tensor:
    return attention(query, others, others, attn_mask=hidden, need_weights=False)[0]


def seeds_over_time(seeds: torch.Tensor, frames: int) -> torch.Tensor:
    """Seed frames as channels [B, T, 3 N], zero after them."""
    seeds = seeds.flatten(2)
    return F.pad(seeds, (0, 0, 0, frames - seeds.shape[1]))


# networks


class MotionCritic(nn.Module):
    """Poses [B, T, N, 3] and their condition to scores [B]."""

    def __init__(self, settings: Mapping[str, Any], facts: Facts):
        super().__init__()
        dim = settings["MODEL"]["critic_dim"]
        channels = 6 * len(facts["rest"]) + 3 * len(facts["bends"]) + dim
        self.audio = AudioEncoder(facts, dim)
        self.register_buffer("mean", torch.tensor(facts["pose_mean"]))
        self.register_buffer("std", torch.tensor(facts["pose_std"]))
        self.register_buffer("bends", torch.tensor(facts["bends"]))
        self.register_buffer("bend_std", torch.tensor(facts["bend_std"]))
        self.of_all = conv(channels, dim, KERNEL)
        widths = [dim, 2 * dim, 4 * dim, 4 * dim]
        self.convs = nn.ModuleList(
            conv(before, after, KERNEL, stride)
            for before, after, stride in zip(widths, widths[1:], (2, 2, 1))
        )
        self.norms = nn.ModuleList(FrameNorm(width) for width in widths[1:])
        self.score = nn.Linear(widths[-1], 1)
        self.speaker = nn.Embedding(settings["DATA"]["num_speakers"], widths[-1])

    def forward(self, x: torch.Tensor, condition: Condition) -> torch.Tensor:
        moved = x - self.mean
        poses = (moved / self.std).flatten(2).transpose(1, 2)
        bends = (self.bends @ moved / self.bend_std).flatten(2).transpose(1, 2)
        seeds = condition["seed_frames"]
        given = (seeds.abs().sum(dim=(2, 3), keepdim=True) > 0).float()
        seeds = (seeds - self.mean) / self.std * given
        seeds = seeds_over_time(seeds, x.shape[1]).transpose(1, 2)
        h = torch.cat([poses, bends, self.audio(condition["audio"]), seeds], dim=1)
        h = F.leaky_relu(self.of_all(h), 0.2)
        for convolution, norm in zip(self.convs, self.norms):
            h = F.leaky_relu(norm(convolution(h)), 0.2)
        h = h.mean(dim=2)
        speaker = self.speaker(condition["speaker"])
        return self.score(h).flatten() + (speaker * h).sum(dim=1)


class MotionGenerator(nn.Module):
    """Noise [B, T, latent_dim] and a condition to poses [B, T, N, 3]."""

    def __init__(self, settings: Mapping[str, Any], facts: Facts):
        super().__init__()
        model, data = settings["MODEL"], settings["DATA"]
        dim, latent_dim = model["dim"], model["latent_dim"]
        bones, per_bone = len(facts["rest"]), dim // 4
        self.latent_shape = [data["frames"], latent_dim]
        self.audio = AudioEncoder(facts, dim)
        self.seeds = nn.Linear(data["seed_frames"] * 3 * bones, dim)
        self.speaker = nn.Embedding(data["num_speakers"], SPEAKER)
        self.first = nn.Linear(latent_dim + SPEAKER + 2 * dim + 3 * bones, dim)
        self.blocks = nn.Sequential(*(TemporalBlock(dim, d) for d in (1, 2, 4)))
        self.bones = nn.Linear(dim, bones * per_bone)
        self.which = nn.Parameter(0.5 * torch.randn(bones, per_bone))
        self.before = GraphBlock(facts, per_bone)
        self.attention = BodyHandAttention(facts, per_bone, dim)
        self.after = GraphBlock(facts, per_bone)
        self.change = nn.Linear(per_bone, 3)
        self.rest = nn.Parameter(torch.tensor(facts["rest"]))
        self.register_buffer("spread", torch.tensor(facts["spread"]))

    def forward(self, z: torch.Tensor, condition: Condition) -> torch.Tensor:
        frames = z.shape[1]
        whole = [
            z[:, :, :STYLE].sum(dim=1) / math.sqrt(frames),
            self.speaker(condition["speaker"]),
            self.seeds(condition["seed_frames"].flatten(1)),
        ]
        parts = [
            z[:, :, STYLE:],
            self.audio(condition["audio"]).transpose(1, 2),
            seeds_over_time(condition["seed_frames"], frames),
            torch.cat(whole, dim=1)[:, None].expand(-1, frames, -1),
        ]
        h = self.first(torch.cat(parts, dim=2)).transpose(1, 2)
        h = F.leaky_relu(self.blocks(h), 0.2).transpose(1, 2)
        x = self.bones(h).unflatten(2, self.which.shape) + self.which
        x = self.after(self.attention(self.before(x)))
        return turned(self.rest, self.spread @ self.change(F.leaky_relu(x, 0.2)))


def turned(rest: torch.Tensor, turns: torch.Tensor) -> torch.Tensor:
    """Directions of the rest pose turned about axes, by their lengths in radians."""
    rest = rest / (rest.square().sum(dim=-1, keepdim=True) + 1e-12).sqrt()
    angle = (turns.square().sum(dim=-1, keepdim=True) + 1e-12).sqrt()
    axis = turns / angle
    along = (axis * rest).sum(dim=-1, keepdim=True) * axis
    across = torch.linalg.cross(axis, rest.expand_as(turns))
    return along + angle.cos() * (rest - along) + angle.sin() * across
