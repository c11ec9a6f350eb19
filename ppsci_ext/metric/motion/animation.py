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

"""Stick figures that move: real beside generated, over the speech."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tempfile
from typing import Dict
from typing import Iterator
from typing import List
from typing import Optional

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from PIL import Image

from ppsci_ext.data.motion.skeleton import SIDES
from ppsci_ext.data.motion.skeleton import Skeleton
from ppsci_ext.utils.checkpoint import write_atomically
from ppsci_ext.utils.errors import UserError

_BODY, _LEFT, _RIGHT, _GREY = "#3c3c3c", "#2b6ca3", "#d1602b", "#8a8a8a"
_WIDTH, _HAND_WIDTH = 3.2, 1.5  # points
_YAW, _PITCH = np.radians(-22.0), np.radians(8.0)  # of the view, so that depth shows
_DPI = 100
_PANEL = 3.0  # inches
_MARGIN = 0.08  # metres


def save_animation(
    clips: Dict[str, np.ndarray],
    skeleton: Skeleton,
    fps: float,
    path: str,
    envelope: Optional[np.ndarray] = None,
) -> None:
    """Draws clips side by side as a GIF, or as MP4 where ffmpeg is installed.

    The subject looks at the viewer and a little to the side: blue is its left, at the
    right of the picture, orange its right.

    Args:
        clips (Dict[str, np.ndarray]): By title, such as "real", directions [T, B, 3] of
            one number of frames.
        skeleton (Skeleton): Whose motion it is.
        fps (float): Frames a second.
        path (str): File to write, .gif or .mp4; its folder must exist, an old file is
            replaced.
        envelope (Optional[np.ndarray]): Of the speech, [K], from the first frame to the
            last. Defaults to None, motion alone.

    Raises:
        UserError: Another ending than these, or .mp4 without ffmpeg.
    """
    ending = os.path.splitext(path)[1].lower()
    if ending not in (".gif", ".mp4"):
        raise UserError(f"{path} is neither .gif nor .mp4; choose one of the two")
    if ending == ".mp4" and shutil.which("ffmpeg") is None:
        raise UserError(f"{path} needs ffmpeg, which is not installed; choose .gif")
    pictures = draw_frames(clips, skeleton, fps, envelope)
    if ending == ".gif":
        _write_gif(pictures, fps, path)
    else:
        _write_mp4(pictures, fps, path)


def draw_frames(
    clips: Dict[str, np.ndarray],
    skeleton: Skeleton,
    fps: float,
    envelope: Optional[np.ndarray] = None,
) -> Iterator[np.ndarray]:
    """The pictures of `save_animation` one by one, uint8 [H, W, 3] of even size."""
    flat = {name: _flat(skeleton.positions(clip)) for name, clip in clips.items()}
    frames = len(next(iter(flat.values())))
    everything = np.concatenate([part.reshape(-1, 2) for part in flat.values()])
    lowest, highest = everything.min(axis=0) - _MARGIN, everything.max(axis=0) + _MARGIN
    width, height = highest - lowest
    tall = _PANEL * height / width
    strip = 0.0 if envelope is None else 0.7
    figure = Figure(figsize=(_PANEL * len(flat), tall + strip + 0.3))
    canvas = FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        1 if envelope is None else 2,
        len(flat),
        height_ratios=[tall] if envelope is None else [tall, strip],
        left=0.02,
        right=0.98,
        top=1.0 - 0.3 / (tall + strip + 0.3),
        bottom=0.04,
        hspace=0.02,
        wspace=0.02,
    )
    parents, children = np.transpose(skeleton.bones)
    colors, widths = _style(skeleton)
    figures: List[LineCollection] = []
    for column, name in enumerate(flat):
        axes = figure.add_subplot(grid[0, column])
        axes.set(xlim=(lowest[0], highest[0]), ylim=(lowest[1], highest[1]))
        axes.set_aspect("equal")
        axes.set_axis_off()
        axes.set_title(name, fontsize=11, pad=4)
        lines = LineCollection([], colors=colors, linewidths=widths, capstyle="round")
        axes.add_collection(lines)
        figures.append(lines)
    cursor = None
    if envelope is not None:
        axes = figure.add_subplot(grid[1, :])
        seconds = np.linspace(0.0, (frames - 1) / fps, len(envelope))
        level = np.asarray(envelope) - np.min(envelope)
        axes.fill_between(seconds, level, -level, color=_GREY, alpha=0.5, lw=0)
        axes.set_xlim(0.0, seconds[-1])
        axes.set_axis_off()
        cursor = axes.axvline(0.0, color=_RIGHT, lw=1.5)
    for frame in range(frames):
        for lines, positions in zip(figures, flat.values()):
            ends = positions[frame, parents], positions[frame, children]
            lines.set_segments(np.stack(ends, axis=1))
        if cursor is not None:
            cursor.set_xdata([frame / fps] * 2)
        figure.set_dpi(_DPI)
        canvas.draw()
        picture = np.asarray(canvas.buffer_rgba())[:, :, :3]
        # video codecs want even sizes
        yield picture[: len(picture) // 2 * 2, : picture.shape[1] // 2 * 2].copy()


def _flat(positions: np.ndarray) -> np.ndarray:
    """Positions as seen by the viewer, [T, J, 2]."""
    x, y, z = np.moveaxis(np.asarray(positions, np.float64), -1, 0)
    across = np.cos(_YAW) * x + np.sin(_YAW) * z
    depth = np.cos(_YAW) * z - np.sin(_YAW) * x
    return np.stack([across, np.cos(_PITCH) * y - np.sin(_PITCH) * depth], axis=-1)


def _style(skeleton: Skeleton):
    """Colour and width of each bone; arms and hands in their side's, if it has wrists."""
    colors = [_BODY] * skeleton.num_bones
    widths = [_WIDTH] * skeleton.num_bones
    try:
        hands = {side: skeleton.hand(side) for side in SIDES}
    except UserError:  # no wrists: all in one colour
        return colors, widths
    for side, color in zip(SIDES, (_LEFT, _RIGHT)):
        wrist = skeleton.wrist(side)
        forearm = [child for _, child in skeleton.bones].index(wrist)
        for bone in (forearm, skeleton.bone_parents[forearm]):
            colors[bone] = color
        for bone in hands[side]:
            colors[bone], widths[bone] = color, _HAND_WIDTH
    return colors, widths


def _write_gif(pictures: Iterator[np.ndarray], fps: float, path: str) -> None:
    images = [Image.fromarray(picture).quantize(64) for picture in pictures]
    # GIF counts in hundredths of a second: spread what is lost over the frames
    ends = np.round(np.arange(1, len(images) + 1) * 100.0 / fps)
    durations = [int(10 * step) for step in np.diff(ends, prepend=0.0)]
    content = io.BytesIO()
    images[0].save(
        content,
        format="GIF",
        save_all=True,
        append_images=images[1:],
        duration=durations,
        loop=0,
    )
    write_atomically(path, content.getvalue())


def _write_mp4(pictures: Iterator[np.ndarray], fps: float, path: str) -> None:
    first = next(pictures)
    with tempfile.TemporaryDirectory() as folder:
        target = f"{folder}/motion.mp4"
        command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo"]
        command += ["-pix_fmt", "rgb24", "-s", f"{first.shape[1]}x{first.shape[0]}"]
        command += ["-r", f"{fps:g}", "-i", "-", "-pix_fmt", "yuv420p", target]
        frames = b"".join(
            [first.tobytes(), *(picture.tobytes() for picture in pictures)]
        )
        done = subprocess.run(command, input=frames, capture_output=True)
        if done.returncode:
            reason = done.stderr.decode(errors="replace").strip().splitlines()
            raise UserError(
                f"ffmpeg cannot write {path} ({reason[-1] if reason else 'no reason'}); "
                "choose .gif"
            )
        with open(target, "rb") as file:
            write_atomically(path, file.read())
